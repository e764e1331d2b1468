"""NIST's certified results (Statistical Reference Datasets): how many digits are right.

Norris, Longley and NoInt1 stand here whole (public domain), so that a checkout proves itself; the
others are read from ../shared and skipped without it. SmLs is generated as NIST describes it.
Digits: 9 for lower and average difficulty, 7 for Longley, 5 for Wampler, Filip refused; F and
variances of SmLs 7, and 3 at the offset 1e12.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import rmresearch as rm
from rmresearch.errors import FitError
from rmresearch.numerics import robust

Array = NDArray[np.float64]

NORRIS = """0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3
449.1 448.6 778.9 777.0 559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0 448.9 447.5
10.8 11.6 557.7 556.0 228.3 228.1 998.0 995.8 888.8 887.6 119.6 120.2 0.3 0.3 0.6 0.3 557.6 556.8
339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0 10.2 11.1 117.6 118.3 228.9 229.2 668.4 669.1
449.2 448.9 0.2 0.5"""
LONGLEY = """60323 83.0 234289 2356 1590 107608 1947 61122 88.5 259426 2325 1456 108632 1948
60171 88.2 258054 3682 1616 109773 1949 61187 89.5 284599 3351 1650 110929 1950
63221 96.2 328975 2099 3099 112075 1951 63639 98.1 346999 1932 3594 113270 1952
64989 99.0 365385 1870 3547 115094 1953 63761 100.0 363112 3578 3350 116219 1954
66019 101.2 397469 2904 3048 117388 1955 67857 104.6 419180 2822 2857 118734 1956
68169 108.4 442769 2936 2798 120445 1957 66513 110.8 444546 4681 2637 121950 1958
68655 112.6 482704 3813 2552 123366 1959 69564 114.2 502601 3931 2514 125368 1960
69331 115.7 518173 4806 2572 127852 1961 70551 116.9 554894 4007 2827 130081 1962"""
#: coefficients, their standard deviations, residual standard deviation: as certified
CERTIFIED = {
    "Norris": (
        [-0.262323073774029, 1.00211681802045],
        [0.232818234301152, 0.429796848199937e-03],
        0.884796396144373,
    ),
    "Longley": (
        [
            -3482258.63459582,
            15.0618722713733,
            -0.358191792925910e-01,
            -2.02022980381683,
            -1.03322686717359,
            -0.511041056535807e-01,
            1829.15146461355,
        ],
        [
            890420.383607373,
            84.9149257747669,
            0.334910077722432e-01,
            0.488399681651699,
            0.214274163161675,
            0.226073200069370,
            455.478499142212,
        ],
        304.854073561965,
    ),
    "NoInt1": ([2.07438016528926], [0.165289256198347e-01], 3.56753034006338),
}
#: trust.md section 3: 9 digits, but 7 for Longley and 5 for Wampler
DIGITS = {"Longley": 7, **{f"Wampler{k}": 5 for k in range(1, 6)}}


def digits(found: float, certified: float) -> float:
    """Correct significant digits, 15 at most (what NIST prints)."""
    if found == certified:
        return 15.0
    gap = abs(found - certified) / (abs(certified) or 1.0)
    return float(min(15.0, -np.log10(gap)))


def embedded(name: str) -> tuple[Array, Array]:
    if name == "NoInt1":
        x = np.arange(60.0, 71.0)
        return np.arange(130.0, 141.0), x[:, None]
    width = {"Norris": 2, "Longley": 7}[name]
    text = {"Norris": NORRIS, "Longley": LONGLEY}[name]
    rows = np.array(text.split(), dtype=float).reshape(-1, width)
    return rows[:, 0], np.column_stack([np.ones(len(rows)), rows[:, 1:]])


@pytest.mark.parametrize("name", CERTIFIED)
def test_embedded(name: str) -> None:
    y, x = embedded(name)
    fit = robust.fit(y, x, vcov="classical")
    coef, sd, resid_sd = CERTIFIED[name]
    need = DIGITS.get(name, 9)
    pairs = [*zip(fit.coef, coef, strict=True), *zip(fit.se, sd, strict=True)]
    pairs.append((np.sqrt(fit.sigma2), resid_sd))
    assert min(digits(a, b) for a, b in pairs) >= need


@pytest.fixture(scope="module")
def nist(shared: Path) -> Path:
    folder = shared / "reference" / "nist"
    if not folder.is_dir():
        pytest.skip("no NIST data in the shared folder")
    return folder


def read(path: Path) -> dict[str, Array]:
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def certified(nist: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((nist / "certified.json").read_text("utf-8"))[name]
    return found


def linear(nist: Path, name: str) -> tuple[Array, Array]:
    data = read(nist / "lls" / f"{name}.csv")
    y = data.pop("y")
    if name.startswith("NoInt"):
        return y, data["x"][:, None]
    if name == "Longley":
        return y, np.column_stack([np.ones(y.size), *data.values()])
    degree = {"Norris": 1, "Pontius": 2, "Filip": 10}.get(name, 5)
    return y, data["x"][:, None] ** np.arange(degree + 1.0)


LINEAR = ["Norris", "Pontius", "NoInt1", "NoInt2", "Longley", *(f"Wampler{k}" for k in range(1, 6))]


@pytest.mark.parametrize("name", LINEAR)
def test_linear(nist: Path, name: str) -> None:
    y, x = linear(nist, name)
    truth = certified(nist, name)
    fit = robust.fit(y, x, vcov="classical")
    need = DIGITS.get(name, 9)
    for found, se, param in zip(fit.coef, fit.se, truth["params"], strict=True):
        assert digits(found, param["est"]) >= need
        assert digits(se, param["sd"]) >= need
    assert digits(np.sqrt(fit.sigma2), truth["resid_sd"]) >= need
    if truth["resid_sd"] == 0:  # Wampler 1 and 2 are exact: there is no F
        assert bool(fit.exact)
    else:  # without an intercept NIST's F is against 0: t squared
        rows = np.eye(x.shape[1])[0 if name.startswith("NoInt") else 1 :]
        assert digits(fit.wald(rows).f, truth["anova_reg"]["F"]) >= min(need, 7)


@pytest.mark.parametrize("name", LINEAR)
def test_sums_of_squares(nist: Path, name: str) -> None:
    y, x = linear(nist, name)
    truth = certified(nist, name)
    fit = robust.fit(y, x, vcov="classical")
    residual = float((fit.resid**2).sum())
    # NIST's total is about 0 where there is no intercept
    total = float(((y - (0.0 if name.startswith("NoInt") else y.mean())) ** 2).sum())
    assert y.size - x.shape[1] == truth["anova_res"]["df"]
    assert digits(residual, truth["anova_res"]["ss"]) >= DIGITS.get(name, 9)
    assert digits(1.0 - residual / total, truth["r2"]) >= 9


@pytest.mark.parametrize("name", ["Norris", "Pontius", "Longley", "Wampler3", "Wampler5"])
def test_linear_by_formula(nist: Path, name: str) -> None:
    """The public route: a formula and a data frame, where users write polynomials as R does."""
    data = read(nist / "lls" / f"{name}.csv")
    frame = pd.DataFrame(data)
    powers = {"Norris": 1, "Pontius": 2}.get(name, 5)
    right = " + ".join(f"I(x^{k})" for k in range(1, powers + 1))
    if name == "Longley":
        right = " + ".join(column for column in frame if column != "y")
    found = rm.ols(f"y ~ {right}", frame, vcov="classical").to_frame()
    rows = zip(found["estimate"], found["se"], certified(nist, name)["params"], strict=True)
    need = DIGITS.get(name, 9)
    for estimate, se, param in rows:
        assert digits(estimate, param["est"]) >= need
        assert digits(se, param["sd"]) >= need


def test_many_outcomes_at_once_lose_no_digit() -> None:
    """Longley's outcome among replicates: each has the digits that it has alone."""
    y, x = embedded("Longley")
    fit = robust.fit(np.stack([y, y + 1e3, 2 * y]), x, vcov="classical")
    coef, sd, _ = CERTIFIED["Longley"]
    assert min(map(digits, fit.coef[0], coef)) >= 7
    assert min(map(digits, fit.se[0], sd)) >= 7
    assert min(map(digits, fit.coef[2], 2 * np.array(coef))) >= 7
    assert min(map(digits, fit.coef[1, 1:], coef[1:])) >= 7


def test_filip_is_refused(nist: Path) -> None:
    """A polynomial of degree 10: R's lm drops a column without a word, others return noise."""
    y, x = linear(nist, "Filip")
    with pytest.raises(FitError, match=r"column 'x\^10' is determined by 'x\^0', .* and 4 more"):
        robust.fit(y, x, names=[f"x^{k}" for k in range(11)])


def one_way(group: Array, y: Array) -> float:
    """F of a one-way analysis of variance through the kernel: dummies and a joint test."""
    levels = np.unique(group)
    x = np.column_stack([np.ones(y.size), *(group == g for g in levels[1:])])
    return robust.fit(y, x, vcov="classical").wald(np.eye(len(levels))[1:]).f


def variances(group: Array, y: Array) -> tuple[float, float]:
    """Between groups and within, by the mixed model: random intercepts, REML."""
    frame = pd.DataFrame({"y": y, "g": [f"g{int(one)}" for one in group]})
    table = rm.lmm("y ~ 1 + (1 | g)", frame).variances
    return float(table["variance"].iloc[0]), float(table["variance"].iloc[1])


@pytest.mark.parametrize("name", ["SiRstv", "AtmWtAg"])
def test_analysis_of_variance(nist: Path, name: str) -> None:
    data = read(nist / "anova" / f"{name}.csv")
    truth = certified(nist, name)
    assert digits(one_way(data["g"], data["y"]), truth["between"]["F"]) >= 7
    # balanced: REML has the mean squares' own variances (Searle, Casella, McCulloch 1992, 3.9)
    groups, residual = variances(data["g"], data["y"])
    each = data["y"].size / (truth["between"]["df"] + 1)
    between = (truth["between"]["ms"] - truth["within"]["ms"]) / each
    assert digits(groups, between) >= 7
    assert digits(residual, truth["within"]["ms"]) >= 7


@pytest.mark.parametrize("number", range(1, 10))
def test_simon_and_lesage(number: int) -> None:
    """Nine groups whose means are .1 apart beside an offset of 1, 1e6 or 1e12.

    By hand: within groups the mean square is .1^2; group means lie .1 above or below .4 (one at
    it), so that the mean square between is m x 8 x .01 / 8 and F = m, the number of replicates.
    """
    m = (21, 201, 2001)[(number - 1) % 3]
    offset = (1.0, 1e6, 1e12)[(number - 1) // 3]
    means = offset + np.array([0.4, *([0.3, 0.5] * 4)])
    steps = np.concatenate([[0.0], np.tile([-0.1, 0.1], (m - 1) // 2)])
    y = (means[:, None] + steps).ravel()
    group = np.repeat(np.arange(9), m)
    # At 1e12 a float holds three decimals: the data themselves are off by 1e-4.
    need = 7 if number <= 6 else 3
    assert digits(one_way(group, y), float(m)) >= need
    # the mixed model's variances: (m x .01 - .01) / m between, .01 within
    between, within = variances(group, y)
    assert digits(between, 0.01 * (m - 1) / m) >= need
    assert digits(within, 0.01) >= need


UNIVARIATE = ["Lew", "Lottery", "Mavro", "Michelso", *(f"NumAcc{k}" for k in range(1, 5))]


@pytest.mark.parametrize("name", UNIVARIATE)
def test_mean_and_standard_deviation(nist: Path, name: str) -> None:
    y = read(nist / "univ" / f"{name}.csv")["y"]
    truth = certified(nist, name)
    fit = robust.fit(y, np.ones((y.size, 1)), vcov="classical")
    assert digits(fit.coef[0], truth["mean"]) >= 9
    # NumAcc4's values (1e7 and a tenth) are themselves right to 8 digits of their spread.
    assert digits(np.sqrt(fit.sigma2), truth["sd"]) >= (8 if name == "NumAcc4" else 9)
