"""Firth's logit against R (brglm2, and its profile by a general optimiser) and by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize, special, stats

from rmresearch.errors import FitError
from rmresearch.numerics.firth import firth


@pytest.fixture(scope="module")
def given(by_r: Callable[[str], tuple[Any, Any]]) -> Any:
    return by_r("workforce")[0]


@pytest.fixture(scope="module")
def expected(by_r: Callable[[str], tuple[Any, Any]]) -> Any:
    return by_r("workforce")[1]


def designs(given: Any) -> dict[str, tuple[Any, Any]]:
    rows = given["endometrial"]
    column = {name: np.array([row[name] for row in rows], float) for name in rows[0]}
    n = np.ones(len(rows))
    trial = {name: np.array(values, float) for name, values in given["separated"].items()}
    return {
        "endometrial": (
            column["HG"],
            np.column_stack([n, column["NV"], column["PI"] / 10, column["EH"]]),
        ),
        "separated": (
            trial["event"],
            np.column_stack([np.ones(40), trial["arm"], trial["stratum"]]),
        ),
    }


@pytest.mark.parametrize("name", ["endometrial", "separated"])
def test_agrees_with_r(name: str, given: Any, expected: Any) -> None:
    # coefficients: brglm2's own 1e-12 criterion; ends and p: R's BFGS stops within 1e-6 of the top
    event, x = designs(given)[name]
    found, wanted = firth(event, x), expected[name]
    assert found.separated
    for field, tolerance in (("coef", 1e-6), ("se", 1e-6), ("low", 2e-5), ("high", 2e-5)):
        got = getattr(found, field)
        assert got == pytest.approx(wanted[field], abs=tolerance, rel=tolerance), field
    assert found.p == pytest.approx(wanted["p"], abs=1e-6)


def test_published_endometrial_estimates(given: Any) -> None:
    # Heinze and Schemper 2002, table III, as printed: NV 2.929, PI -.035, EH -2.604
    event, x = designs(given)["endometrial"]
    found = firth(event, x)
    assert found.coef[1] == pytest.approx(2.929, abs=5e-4)
    assert found.coef[2] / 10 == pytest.approx(-0.035, abs=5e-4)
    assert found.coef[3] == pytest.approx(-2.604, abs=5e-4)


@pytest.mark.parametrize(("a", "b"), [(0, 5), (3, 7), (10, 10), (10, 0), (0, 0)])
def test_two_groups_have_half_a_person_more_a_cell(a: int, b: int) -> None:
    """With one two-valued column the penalty adds one half to each of the four cells."""
    n = 10
    event = np.array([1] * a + [0] * (n - a) + [1] * b + [0] * (n - b))
    arm = np.repeat([1, 0], n)
    found = firth(event, np.column_stack([np.ones(2 * n), arm]))
    by_hand = np.log((a + 0.5) * (n - b + 0.5) / ((n - a + 0.5) * (b + 0.5)))
    assert found.coef[1] == pytest.approx(by_hand, abs=1e-8)
    assert np.isfinite([found.low, found.high]).all()
    assert found.low[1] < found.coef[1] < found.high[1]
    assert found.separated == (0 in {a, b} or n in {a, b})


def test_units_and_order_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(60), rng.normal(size=60), rng.integers(0, 2, 60)])
    event = (rng.random(60) < 0.3).astype(int)
    found = firth(event, x)
    unit = np.array([1.0, 1000.0, 1.0])
    again = firth(event, x * unit)
    assert again.coef * unit == pytest.approx(found.coef, abs=1e-7)
    assert again.high * unit == pytest.approx(found.high, abs=1e-6)
    order = rng.permutation(60)
    assert firth(event[order], x[order]).low == pytest.approx(found.low, abs=1e-7)


def test_interval_and_p_agree() -> None:
    """p is below .05 exactly where the interval leaves 0 out."""
    rng = np.random.default_rng(7)
    for _ in range(8):
        arm = np.repeat([1, 0], 15)
        event = (rng.random(30) < np.where(arm, 0.55, 0.15)).astype(int)
        found = firth(event, np.column_stack([np.ones(30), arm]))
        assert (found.p[1] < 0.05) == (not found.low[1] < 0 < found.high[1])


def test_few_events_in_small_strata_have_their_ends() -> None:
    """Newton's steps swing for ever at such ends; the naive likelihood finds them all the same."""
    rows = [[0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 1, 0], [1, 1, 0], [0, 0, 1],
            [1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [1, 0, 0], [1, 0, 1], [0, 0, 0],
            [1, 0, 0]]  # fmt: skip
    x = np.column_stack([np.ones(17), rows])
    y = np.zeros(17)
    y[[2, 4]] = 1.0

    def naive(beta: Any) -> float:
        p = special.expit(x @ beta)
        weight = np.linalg.slogdet(x.T @ (x * (p * (1 - p))[:, None]))[1] / 2
        return -float(y @ np.log(p) + (1 - y) @ np.log1p(-p) + weight)

    found = firth(y, x)
    top = naive(found.coef)
    for end in (found.low[1], found.high[1]):
        held = optimize.minimize(
            lambda b, at=end: naive(np.array([b[0], at, b[1], b[2]])), found.coef[[0, 2, 3]],
            method="Powell", options={"xtol": 1e-9, "ftol": 1e-14},
        )  # fmt: skip
        # where the profile has fallen by half of chi-squared's quantile; Powell's own precision
        assert held.fun - top == pytest.approx(stats.chi2.ppf(0.95, 1) / 2, abs=1e-5)


def test_columns_that_repeat_one_another_are_refused() -> None:
    x = np.column_stack([np.ones(8), np.arange(8) % 2, 1 - np.arange(8) % 2])
    with pytest.raises(FitError, match="cannot tell"):
        firth([0, 1] * 4, x, names=("all", "a", "b"))


@pytest.mark.parametrize(
    ("event", "x", "says"),
    [
        ([0, 2], np.ones((2, 1)), "0 and 1"),
        ([0, 1], np.ones((3, 1)), "needed"),
        ([0, 1], np.array([[1.0], [np.nan]]), "finite"),
    ],
)
def test_wrong_arguments(event: list[int], x: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        firth(event, x)
    with pytest.raises(ValueError, match="names"):
        firth([0, 1], np.ones((2, 1)), names=("a", "b"))
