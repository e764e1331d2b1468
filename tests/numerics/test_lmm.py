"""Mixed models: published fits of R, and naive dense REML as the oracle."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import linalg, optimize

from rmresearch.numerics.lmm import Term, fit

Array = NDArray[np.float64]

#: outcome, fixed part (products of factors or numbers), random part (groups joined, slope)
MODELS: dict[str, tuple[str, list[str], list[tuple[list[str], str | None]]]] = {
    "pairs20": (
        "score",
        ["wave", "arm", "wave:arm"],
        [(["person", "pair"], None), (["pair"], None)],
    ),
    "pairs10_roles": (
        "score",
        ["wave", "arm", "role", "wave:arm", "wave:role", "arm:role", "wave:arm:role"],
        [(["person", "pair"], None), (["pair"], None)],
    ),
    "pairs60_slope": (
        "score",
        ["t", "arm", "t:arm"],
        [(["pair", "person"], "t"), (["pair"], None)],
    ),
    "pairs14_boundary": (
        "score",
        ["wave", "arm", "wave:arm"],
        [(["person", "pair"], None), (["pair"], None)],
    ),
    "sleepstudy_slope": ("Reaction", ["Days"], [(["Subject"], "Days")]),
    "sleepstudy_ri": ("Reaction", ["Days"], [(["Subject"], None)]),
    "dyestuff": ("Yield", [], [(["Batch"], None)]),
    "dyestuff2": ("Yield", [], [(["Batch"], None)]),
    "pastes": ("strength", ["cask"], [(["batch"], None)]),
    "pastes_nested": ("strength", [], [(["cask", "batch"], None), (["batch"], None)]),
    "penicillin_crossed": ("diameter", [], [(["plate"], None), (["sample"], None)]),
}


def treatment(name: str, rows: list[dict[str, str]], levels: dict[str, list[str]]) -> list[Array]:
    """A variable's columns: the number itself, or one indicator a level after the first."""
    values = [row[name] for row in rows]
    if name not in levels:
        return [np.array(values, dtype=float)]
    return [np.array([v == level for v in values], dtype=float) for level in levels[name][1:]]


def reference_model(
    folder: Path, name: str, want: dict[str, Any]
) -> tuple[Array, Array, list[Term]]:
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    outcome, fixed, random = MODELS[name]
    columns = [np.ones(len(rows))]
    for part in fixed:
        found = [np.ones(len(rows))]
        for variable in part.split(":"):
            # R lets the first factor of a product run fastest.
            found = [a * b for b in treatment(variable, rows, want["levels"]) for a in found]
        columns += found
    terms = []
    for groups, slope in random:
        z = [np.ones(len(rows))]
        if slope:
            z.append(np.array([row[slope] for row in rows], dtype=float))
        keys = [" ".join(row[g] for g in groups) for row in rows]
        terms.append(Term(np.unique(keys, return_inverse=True)[1], np.column_stack(z)))
    return np.array([row[outcome] for row in rows], dtype=float), np.column_stack(columns), terms


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", MODELS)
def test_agrees_with_lme4_and_lmertest(name: str, shared: Path) -> None:
    """Tolerances: trust.md section 3; variances 1e-4, as lme4 stops its own search there."""
    folder = shared / "reference" / "lmm"
    want = json.loads((folder / "fits.json").read_text("utf-8"))[name]
    y, x, terms = reference_model(folder, name, want)
    assert len(y) == want["n"]
    found = fit(y, x, terms)
    assert found.converged
    assert bool(found.singular) is want["singular"]
    se = np.array(as_list(want["se"]))
    estimate = np.array(as_list(want["estimate"]))
    # An estimate much smaller than its SE is judged in units of the SE.
    assert (np.abs(found.coef - estimate) <= 1e-6 * np.maximum(np.abs(estimate), se)).all()
    np.testing.assert_allclose(found.se, se, rtol=1e-6)
    assert found.criterion == pytest.approx(want["remlcrit"], abs=1e-6)
    df = np.array(as_list(want["satterthwaite_df"]))
    np.testing.assert_allclose(found.df, df, rtol=1e-3)
    adjusted = [found.kenward_roger(row) for row in np.eye(x.shape[1])]
    np.testing.assert_allclose([one.se for one in adjusted], as_list(want["kr_se"]), rtol=1e-6)
    np.testing.assert_allclose([one.df for one in adjusted], as_list(want["kr_df"]), rtol=1e-4)
    ours = []
    for covariance in found.covariances:
        q = covariance.shape[0]
        ours += [covariance[i, i] for i in range(q)]
        ours += [covariance[i, j] for i in range(q) for j in range(i + 1, q)]
    ours.append(found.sigma2)
    np.testing.assert_allclose(ours, want["vc"]["vcov"], rtol=1e-4, atol=1e-9)


def nested(seed: int, pairs: int = 9, lost: float = 0.15) -> tuple[Array, Array, list[Term]]:
    """Pairs of two people over three waves, some rows lost at random."""
    rng = np.random.default_rng(seed)
    pair, person, wave = (
        a.ravel() for a in np.meshgrid(np.arange(pairs), [0, 1], [0, 1, 2], indexing="ij")
    )
    keep = rng.random(pair.size) > lost
    pair, person, wave = pair[keep], (2 * pair + person)[keep], wave[keep].astype(float)
    n = pair.size
    y = 0.7 * rng.normal(size=pairs)[pair] + 0.6 * rng.normal(size=2 * pairs)[person]
    y += 0.4 * rng.normal(size=2 * pairs)[person] * wave + rng.normal(size=n)
    x = np.column_stack([np.ones(n), wave, pair % 2, wave * (pair % 2)])
    one = np.ones((n, 1))
    return y, x, [Term(pair, one), Term(person, one)]


def slopes(seed: int, correlated: bool = True) -> tuple[Array, Array, list[Term]]:
    y, x, (pair, person) = nested(seed, pairs=14, lost=0.1)
    return y, x, [pair, Term(person.group, x[:, :2], correlated)]


def crossed(seed: int) -> tuple[Array, Array, list[Term]]:
    rng = np.random.default_rng(seed)
    n = 60
    a, b = rng.integers(0, 8, n), rng.integers(0, 5, n)
    y = rng.normal(size=8)[a] + 0.5 * rng.normal(size=5)[b] + rng.normal(size=n)
    one = np.ones((n, 1))
    return y, np.column_stack([np.ones(n), rng.normal(size=n)]), [Term(a, one), Term(b, one)]


CASES = {
    "nested": nested(3),
    "slope": slopes(4),
    "uncorrelated": slopes(5, correlated=False),
    "crossed": crossed(6),
    "one": (nested(7)[0], nested(7)[1], nested(7)[2][1:]),
}


def dense_v(theta: Array, terms: list[Term]) -> Array:
    """I + Z D Z', n x n, from the definition: D = L L' in the given units of z."""
    n = np.size(terms[0].group)
    v, k = np.eye(n), 0
    for term in terms:
        z = np.asarray(term.z)
        q = z.shape[1]
        factor = np.zeros((q, q))
        where = np.tril_indices(q) if term.correlated else (np.arange(q), np.arange(q))
        factor[where] = theta[k : k + where[0].size]
        k += where[0].size
        same = np.asarray(term.group)[:, None] == np.asarray(term.group)[None]
        v += same * (z @ factor @ factor.T @ z.T)
    return v


def dense(theta: Array, y: Array, x: Array, terms: list[Term], reml: bool = True) -> Any:
    """Deviance, coefficients, their variance and s2 at theta, by n x n matrices."""
    n, p = x.shape
    v = dense_v(theta, terms)
    a = linalg.solve(v, np.column_stack([x, y]), assume_a="pos")
    a_xx = x.T @ a[:, :p]
    coef = np.linalg.solve(a_xx, x.T @ a[:, p])
    resid = y - x @ coef
    df = n - p if reml else n
    s2 = resid @ np.linalg.solve(v, resid) / df
    value = np.linalg.slogdet(v)[1] + df * (1 + np.log(2 * np.pi * s2))
    value += np.linalg.slogdet(a_xx)[1] if reml else 0.0
    return value, coef, s2 * np.linalg.inv(a_xx), s2


def parameters(terms: list[Term]) -> Array:
    start: list[float] = []
    for term in terms:
        q = np.shape(term.z)[1]
        start += list(np.eye(q)[np.tril_indices(q)]) if term.correlated else [1.0] * q
    return np.array(start)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_a_dense_search(name: str, reml: bool) -> None:
    """The optimiser's imprecision (1e-5 of theta) is squared in the criterion, not in the rest."""
    y, x, terms = CASES[name]
    best = min(
        (
            optimize.minimize(
                lambda t: dense(t, y, x, terms, reml)[0],
                scale * parameters(terms),
                method="BFGS",
                options={"gtol": 1e-7},
            )
            for scale in (1.0, 0.3)
        ),
        key=lambda r: r.fun,
    )
    found = fit(y, x, terms, reml=reml)
    value, coef, vcov, s2 = dense(best.x, y, x, terms, reml)
    assert found.converged
    assert found.criterion <= value + 1e-8
    assert found.criterion == pytest.approx(value, abs=1e-6)
    np.testing.assert_allclose(found.coef, coef, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.vcov, vcov, rtol=2e-3, atol=1e-5)
    assert found.sigma2 == pytest.approx(s2, rel=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_is_generalised_least_squares_at_its_own_variances(name: str) -> None:
    """Given the fitted covariances, n x n arithmetic: exact but for rounding."""
    y, x, terms = CASES[name]
    found = fit(y, x, terms)
    theta: list[float] = []
    for term, covariance in zip(terms, found.covariances, strict=True):
        if term.correlated:
            factor = np.linalg.cholesky(covariance / found.sigma2)
            theta += list(factor[np.tril_indices(covariance.shape[0])])
        else:
            theta += list(np.sqrt(np.diagonal(covariance) / found.sigma2))
    value, coef, vcov, s2 = dense(np.array(theta), y, x, terms)
    assert found.criterion == pytest.approx(value, abs=1e-9)
    np.testing.assert_allclose(found.coef, coef, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found.vcov, vcov, rtol=1e-9, atol=1e-10)
    assert found.sigma2 == pytest.approx(s2, rel=1e-10)


def test_satterthwaite_from_the_definition() -> None:
    """Hessian and gradient in (theta, s2) by central differences of n x n matrices.

    Step 1e-4: second differences of a criterion near 200 keep about 5 digits; so 1e-4.
    """
    y, x, terms = CASES["nested"]
    p = x.shape[1]
    found = fit(y, x, terms)
    at = np.array([*(np.sqrt(c[0, 0] / found.sigma2) for c in found.covariances), found.sigma2])

    def parts(point: Array) -> tuple[float, Array]:
        v = point[-1] * dense_v(point[:-1], terms)
        a = np.linalg.solve(v, np.column_stack([x, y]))
        a_xx = x.T @ a[:, :p]
        resid = y - x @ np.linalg.solve(a_xx, x.T @ a[:, p])
        value = np.linalg.slogdet(v)[1] + np.linalg.slogdet(a_xx)[1]
        return value + resid @ np.linalg.solve(v, resid), np.linalg.inv(a_xx)

    step = 1e-4 * np.eye(at.size)
    k = at.size
    hessian = np.array(
        [
            [
                sum(
                    s * t * parts(at + s * step[i] + t * step[j])[0]
                    for s in (1, -1)
                    for t in (1, -1)
                )
                / 4e-8
                for j in range(k)
            ]
            for i in range(k)
        ]
    )
    slope = [(parts(at + step[i])[1] - parts(at - step[i])[1]) / 2e-4 for i in range(k)]
    for weights in np.vstack([np.eye(p), [1.0, 2.0, 0.5, -1.0]]):
        g = np.array([weights @ s @ weights for s in slope])
        f = weights @ parts(at)[1] @ weights
        want = 2 * f**2 / (g @ (2 * np.linalg.inv(hessian)) @ g)
        judged = found.contrast(weights)
        assert judged.df == pytest.approx(want, rel=1e-4)
        assert judged.se == pytest.approx(np.sqrt(f), rel=1e-8)
        assert judged.estimate == pytest.approx(weights @ found.coef, rel=1e-12)


def naive_kenward_roger(found: Any, x: Array, terms: list[Term], weights: Array) -> Any:
    """Kenward and Roger (1997) by n x n matrices: standard error and df of one contrast."""
    n = x.shape[0]
    v, slopes = found.sigma2 * np.eye(n), [np.eye(n)]
    for term, covariance in zip(terms, found.covariances, strict=True):
        z, group = np.asarray(term.z), np.asarray(term.group)
        same = group[:, None] == group[None]
        v += same * (z @ covariance @ z.T)
        for i in range(z.shape[1]):
            for j in range(i + 1 if term.correlated else 0):
                unit = np.zeros(covariance.shape)
                unit[i, j] = unit[j, i] = 1.0
                slopes.append(same * (z @ unit @ z.T))
            if not term.correlated:
                slopes.append(same * np.outer(z[:, i], z[:, i]))
    inverse = np.linalg.inv(v)
    phi = np.linalg.inv(x.T @ inverse @ x)
    moved = [inverse @ s for s in slopes]
    first = [-x.T @ m @ inverse @ x for m in moved]
    k = len(slopes)
    second = [[x.T @ a @ b @ inverse @ x for b in moved] for a in moved]
    information = np.empty((k, k))
    for i in range(k):
        for j in range(k):
            lost = 2 * second[i][j] - first[i] @ phi @ first[j]
            information[i, j] = 0.5 * (np.trace(moved[i] @ moved[j]) - np.trace(phi @ lost))
    spread = np.linalg.inv(information)
    excess = sum(
        spread[i, j] * (second[i][j] - first[i] @ phi @ first[j])
        for i in range(k)
        for j in range(k)
    )
    adjusted = phi + 2 * phi @ excess @ phi
    f = weights @ phi @ weights
    part = np.array([weights @ phi @ one @ phi @ weights / f for one in first])
    return np.sqrt(weights @ adjusted @ weights), 2.0 / (part @ spread @ part)


@pytest.mark.parametrize("name", CASES)
def test_kenward_roger_from_the_definition(name: str) -> None:
    y, x, terms = CASES[name]
    found = fit(y, x, terms)
    many = fit(np.stack([y[::-1], y]), x, terms)
    for weights in (np.eye(x.shape[1])[1], np.linspace(-1.0, 2.0, x.shape[1])):
        se, df = naive_kenward_roger(found, x, terms, weights)
        ours = found.kenward_roger(weights)
        assert ours.se == pytest.approx(se, rel=1e-8)
        assert ours.df == pytest.approx(df, rel=1e-7)
        assert many.kenward_roger(weights).se[1] == pytest.approx(se, rel=1e-8)
        assert many.kenward_roger(weights).df[1] == pytest.approx(df, rel=1e-7)
    with pytest.raises(ValueError, match="REML"):
        fit(y, x, terms, reml=False).kenward_roger(np.eye(x.shape[1])[0])
    with pytest.raises(ValueError, match="entries"):
        found.kenward_roger([1.0])
