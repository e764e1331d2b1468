"""Predicted random effects: lme4's ranef, the mixed-model equations, dense formulas, limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import linalg

from rmresearch.numerics.lmm import MixedFit, Term, design, fit, fit_many
from rmresearch.numerics.lmm.predict import random_effects

from .mixed_references import EXPECTED, MODELS, RANDOM, Array, model


@pytest.mark.parametrize("name", MODELS)
def test_as_lme4(name: str) -> None:
    """lme4's theta is known to about 1e-9 (tests/reference/lmm/README.md)."""
    want = EXPECTED[name]
    y, x, terms, _ = model(name)
    found = random_effects(fit(y, x, terms), y, x)
    assert found.fitted == pytest.approx(want["fitted"], rel=1e-7, abs=1e-7)
    assert found.fitted + found.residuals == pytest.approx(y, rel=1e-14)
    for (group, _, correlated), values, variance in zip(
        RANDOM[name], found.values, found.conditional, strict=True
    ):
        theirs = want["random"][group]
        assert values == pytest.approx(np.array(theirs["values"]), rel=1e-6, abs=1e-7)
        parts = [np.array(part) for part in theirs["variances"]]
        if correlated:
            assert variance == pytest.approx(parts[0], rel=1e-6, abs=1e-7)
        else:
            # lme4 gives the effects of uncorrelated terms one by one.
            for j, part in enumerate(parts):
                assert variance[:, j, j] == pytest.approx(part[:, 0, 0], rel=1e-6, abs=1e-7)


def dense_z(terms: list[Term]) -> tuple[Array, list[tuple[int, int]]]:
    """Z (n, levels x effects of all terms) and each term's (levels, effects)."""
    columns, sizes = [], []
    for term in terms:
        z, code = np.asarray(term.z), np.unique(term.group, return_inverse=True)[1]
        sizes.append((int(code.max()) + 1, z.shape[1]))
        wide = np.zeros((len(z), sizes[-1][0], z.shape[1]))
        wide[np.arange(len(z)), code] = z
        columns.append(wide.reshape(len(z), -1))
    return np.hstack(columns), sizes


def dense_d(found: MixedFit, sizes: list[tuple[int, int]]) -> Array:
    blocks = [np.kron(np.eye(n), d) for (n, _), d in zip(sizes, found.covariances, strict=True)]
    return np.asarray(linalg.block_diag(*blocks))


def split(total: Array, sizes: list[tuple[int, int]]) -> list[Array]:
    """Per term the diagonal blocks (levels, q, q) of a matrix over all effects."""
    parts, start = [], 0
    for n, q in sizes:
        own = total[start : start + n * q, start : start + n * q].reshape(n, q, n, q)
        parts.append(np.array([own[i, :, i] for i in range(n)]))
        start += n * q
    return parts


@pytest.mark.parametrize("name", [name for name in MODELS if name != "boundary"])
def test_as_the_mixed_model_equations(name: str) -> None:
    """Henderson's equations: solution, and the inverse of their matrix as prediction variance."""
    y, x, terms, _ = model(name)
    found = fit(y, x, terms)
    z, sizes = dense_z(terms)
    both = np.column_stack([x, z])
    matrix = both.T @ both / found.sigma2
    p = x.shape[1]
    matrix[p:, p:] += np.linalg.inv(dense_d(found, sizes))
    inverse = np.linalg.inv(matrix)
    effects = (inverse @ both.T @ y / found.sigma2)[p:]
    got = random_effects(found, y, x)
    start = 0
    for (n, q), values, variance, sd, part in zip(
        sizes, got.values, got.variances, got.sd, split(inverse[p:, p:], sizes), strict=True
    ):
        # The equations' condition number, about 1e5, times rounding.
        assert values.ravel() == pytest.approx(effects[start : start + n * q], rel=1e-9, abs=1e-10)
        assert variance == pytest.approx(part, rel=1e-9, abs=1e-11)
        assert sd**2 == pytest.approx(np.einsum("iaa->ia", part), rel=1e-9)
        start += n * q


@pytest.mark.parametrize("kind", ["no pair variance", "correlation one"])
def test_singular_covariances(kind: str) -> None:
    """The formulas without the inverse of D: D - D Z'P Z D, in n x n matrices."""
    y, x, terms, _ = model("boundary" if kind == "no pair variance" else "slope")
    if kind == "correlation one":
        rng = np.random.default_rng(0)
        pair = np.asarray(terms[0].group)
        common = rng.standard_normal(pair.max() + 1)[pair]
        y = rng.standard_normal(len(y)) + 0.3 * common * (1 + x[:, 1])
        terms = terms[:1]
    found = fit(y, x, terms)
    assert found.singular
    z, sizes = dense_z(terms)
    d = dense_d(found, sizes)
    v = z @ d @ z.T + found.sigma2 * np.eye(len(y))
    w = np.linalg.inv(v)
    m = np.linalg.inv(x.T @ w @ x)
    p = w - w @ x @ m @ x.T @ w
    got = random_effects(found, y, x)
    assert np.concatenate([b.ravel() for b in got.values]) == pytest.approx(
        d @ z.T @ p @ y, rel=1e-8, abs=1e-10
    )
    for variance, part in zip(got.variances, split(d - d @ z.T @ p @ z @ d, sizes), strict=True):
        assert variance == pytest.approx(part, rel=1e-8, abs=1e-10)
    for variance, part in zip(got.conditional, split(d - d @ z.T @ w @ z @ d, sizes), strict=True):
        assert variance == pytest.approx(part, rel=1e-8, abs=1e-10)


def test_predicted_effects_vary_as_said() -> None:
    """Over 4,000 draws the true less the predicted effects have the stated variance."""
    rng = np.random.default_rng(4)
    pair, month = np.repeat(np.arange(30), 6), np.tile(np.arange(6.0), 30)
    x = np.column_stack([np.ones(180), month])
    effect = rng.standard_normal((4000, 30))
    y = effect[:, pair] + rng.standard_normal((4000, 180))
    fitted = fit(y, x, [Term(pair, np.ones((180, 1)))])
    found = random_effects(fitted, y, x)
    misses = ((found.values[0][..., 0] - effect) ** 2).mean()
    # Variances are estimated too: their share, 1 in 30 of the shrinkage's, is within the margin.
    assert found.variances[0].mean() == pytest.approx(misses, rel=0.02)


def test_batched_is_single() -> None:
    y, x, terms, _ = model("slope")
    many = y + np.random.default_rng(0).standard_normal((2, 2, len(y)))
    together = random_effects(fit(many, x, terms), many, x)
    for i in np.ndindex(2, 2):
        one = random_effects(fit(many[i], x, terms), many[i], x)
        # Two searches for one optimum.
        assert together.fitted[i] == pytest.approx(one.fitted, rel=1e-7)
        for a, b in zip(together.values, one.values, strict=True):
            assert a[i] == pytest.approx(b, rel=1e-6, abs=1e-7)
        for a, b in zip(together.variances, one.variances, strict=True):
            assert a[i] == pytest.approx(b, rel=1e-6, abs=1e-7)


def test_no_unit_or_origin_matters() -> None:
    y, x, terms, _ = model("slope")
    plain = random_effects(fit(y, x, terms), y, x)
    moved = x.copy()
    moved[:, 1], moved[:, 3] = 2024 + x[:, 1] / 12, (2024 + x[:, 1] / 12) * x[:, 2]
    years = Term(terms[0].group, np.column_stack([np.ones(len(y)), x[:, 1] / 12]))
    other = random_effects(fit(y * 10 + 1e6, moved, [years, terms[1]]), y * 10 + 1e6, moved)
    unit = np.array([10.0, 120.0])
    assert other.values[0] == pytest.approx(plain.values[0] * unit, rel=1e-7, abs=1e-7)
    assert other.sd[0] == pytest.approx(plain.sd[0] * unit, rel=1e-7)
    assert other.residuals == pytest.approx(plain.residuals * 10, rel=1e-7, abs=1e-7)


def test_without_a_fit_nothing_is_predicted() -> None:
    y, x, terms, _ = model("nested")
    many = np.stack([y, y, x @ np.arange(6.0)])
    found = fit(many, x, terms)
    found = replace(found, converged=found.converged & np.array([True, False, False]))
    got = random_effects(found, many, x)
    assert np.isfinite(got.values[0][0]).all()
    assert np.isnan(got.values[0][1]).all()
    assert np.isnan(got.sd[1][1]).all()
    assert np.isnan(got.fitted[1]).all()
    # An exact fit leaves nothing to the people.
    assert (got.values[0][2] == 0).all()
    assert (got.sd[0][2] == 0).all()
    assert got.fitted[2] == pytest.approx(many[2], rel=1e-12)


def test_what_is_refused() -> None:
    y, x, terms, _ = model("nested")
    with pytest.raises(ValueError, match="not those of the fit"):
        random_effects(fit(y, x, terms), y[:-1], x[:-1])
    there = np.arange(len(y)) > 3
    with pytest.raises(ValueError, match="left rows out"):
        random_effects(fit_many(y, design(x, terms), present=there), y, x)
