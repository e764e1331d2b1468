"""Closed form of balanced designs, against the search, the isotonic regression and chi-squares."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, stats

from rmresearch.errors import FitError
from rmresearch.numerics.lmm import Design, Term, design, fit_many
from rmresearch.numerics.lmm.balanced import draw_balanced, fit_balanced, strata

Array = NDArray[np.float64]


def programme(pairs: int, waves: int = 3, seed: int = 1) -> tuple[Design, NDArray[np.intp]]:
    """Pairs of two people over waves, arms by pair, rows in any order."""
    pair, person, wave = (
        a.ravel() for a in np.meshgrid(np.arange(pairs), [0, 1], np.arange(waves), indexing="ij")
    )
    order = np.random.default_rng(seed).permutation(pair.size)
    pair, person, wave = pair[order], 2 * pair[order] + person[order], wave[order]
    arm, later = pair % 2, [wave == w for w in range(1, waves)]
    x = np.column_stack([np.ones(pair.size), arm, *later, *(arm * one for one in later)])
    one = np.ones(pair.size)
    return design(x.astype(float), [Term(person, one), Term(pair, one)]), pair


def outcomes(made: Design, pair: NDArray[np.intp], replicates: int, size: float) -> Array:
    rng = np.random.default_rng(5)
    y = rng.normal(size=(replicates, made.n))
    y += size * rng.normal(size=(replicates, pair.max() + 1))[:, pair]
    return y + size * rng.normal(size=(replicates, 2 * pair.max() + 2))[:, made.terms[0].codes]


@pytest.mark.parametrize("size", [0.0, 0.4, 2.0])
def test_agrees_with_the_search(size: float) -> None:
    made, pair = programme(8)
    even = strata(made)
    assert even is not None
    y = 3.0 + outcomes(made, pair, 60, size)
    found, searched = fit_balanced(y, even), fit_many(y, made)
    np.testing.assert_allclose(found.coef, searched.coef, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found.spread[:, -1], searched.sigma2, rtol=1e-8)
    for k, covariance in enumerate(searched.covariances):
        np.testing.assert_allclose(found.variances[:, k], covariance[:, 0, 0], atol=1e-7)
    np.testing.assert_array_equal(found.singular, searched.singular)
    for weights in (np.eye(6)[1], np.eye(6)[4], np.arange(1.0, 7.0)):
        ours, theirs = found.contrast(weights), searched.contrast(weights)
        np.testing.assert_allclose(ours.se, theirs.se, rtol=1e-8)
        np.testing.assert_allclose(ours.df, theirs.df, rtol=1e-6)
        np.testing.assert_allclose(ours.p, theirs.p, rtol=1e-6, atol=1e-12)


def test_mean_squares_are_pooled_as_isotonic_regression_pools_them() -> None:
    """scipy's pool-adjacent-violators on the strata's mean squares by hand."""
    made, pair = programme(6)
    even = strata(made)
    assert even is not None
    y = outcomes(made, pair, 40, 0.0)
    found = fit_balanced(y, even)
    person = made.terms[0].codes
    sums = [np.eye(codes.max() + 1)[codes] for codes in (pair, person)]
    spans = [np.ones((made.n, 1)), *sums, np.eye(made.n)]
    hats = [span @ np.linalg.pinv(span) for span in spans]
    x = made.basis.q
    parts = [hats[1], hats[2] - hats[1], hats[3] - hats[2]]
    for row, spread in zip(y, found.spread, strict=True):
        squares, df = [], []
        for part in parts:
            axes, size, _ = np.linalg.svd(part @ x)
            inside = axes[:, : np.count_nonzero(size > 1e-8)]
            left = part @ row - inside @ (inside.T @ row)
            squares.append(left @ left)
            df.append(np.trace(part) - inside.shape[1])
        mean = np.array(squares) / np.array(df)
        want = optimize.isotonic_regression(mean, weights=df, increasing=False).x
        np.testing.assert_allclose(spread, want, rtol=1e-9)


def test_offset_unit_and_constant_outcomes() -> None:
    made, pair = programme(8)
    even = strata(made)
    assert even is not None
    y = outcomes(made, pair, 5, 0.5)
    plain, moved = fit_balanced(y, even), fit_balanced(1e3 * y + 1e6, even)
    np.testing.assert_allclose(moved.spread, 1e6 * plain.spread, rtol=1e-8)
    np.testing.assert_allclose(moved.coef[:, 1:], 1e3 * plain.coef[:, 1:], rtol=1e-6, atol=1e-7)
    x = made.basis.q @ np.linalg.inv(made.basis.back)
    steep = fit_balanced(1e-6 * y + x @ np.arange(1.0, 7.0), even)
    np.testing.assert_allclose(steep.spread, 1e-12 * plain.spread, rtol=1e-6)
    assert not steep.exact.any()
    flat = fit_balanced(np.full(made.n, 4.0), even)
    assert flat.exact
    assert flat.coef[0] == pytest.approx(4.0)
    assert np.isnan(flat.contrast(np.eye(6)[1]).p)


def test_what_is_not_balanced_has_no_strata() -> None:
    pair, one = np.repeat(np.arange(5), [2, 2, 2, 2, 3]), np.ones(11)
    assert strata(design(np.ones((11, 1)), [Term(pair, one)])) is None
    group, t = np.repeat(np.arange(6), 4), np.tile(np.arange(4.0), 6)
    assert (
        strata(design(np.ones((24, 1)), [Term(group, np.column_stack([np.ones(24), t]))])) is None
    )
    crossed = [Term(group, np.ones(24)), Term(t.astype(int), np.ones(24))]
    assert strata(design(np.ones((24, 1)), crossed)) is None
    # A slope whose values differ between groups lies in two strata.
    both = np.column_stack([np.ones(24), t + group])
    assert strata(design(both, [Term(group, np.ones(24))])) is None


def test_sufficient_draws_have_the_distribution_of_fits_to_drawn_outcomes() -> None:
    """Kolmogorov and Smirnov on 4,000 each: a shift of a tenth of an SD would give p below 1e-4."""
    made, pair = programme(12)
    even = strata(made)
    assert even is not None
    replicates, rng = 4000, np.random.default_rng(7)
    beta = np.array([3.0, 0.2, 0.1, 0.0, -0.1, 0.3])
    person = made.terms[0].codes
    x = made.basis.q @ np.linalg.inv(made.basis.back)
    y = x @ beta + rng.normal(size=(replicates, made.n))
    y += 0.6 * rng.normal(size=(replicates, 12))[:, pair]
    y += 0.4 * rng.normal(size=(replicates, 24))[:, person]
    raw = fit_balanced(y, even)
    drawn = draw_balanced(even, beta, [0.16, 0.36], 1.0, replicates, np.random.default_rng(8))
    for weights in (np.eye(6)[1], np.eye(6)[5], np.arange(6.0)):
        ours, theirs = drawn.contrast(weights), raw.contrast(weights)
        for name in ("estimate", "se", "t"):
            both = getattr(ours, name), getattr(theirs, name)
            assert stats.ks_2samp(*both).pvalue > 1e-3, name
    for k in range(2):
        assert stats.ks_2samp(drawn.variances[:, k], raw.variances[:, k]).pvalue > 1e-3
    assert drawn.singular.mean() == pytest.approx(raw.singular.mean(), abs=0.04)


def test_a_null_contrast_of_sufficient_draws_is_uniform() -> None:
    made, _ = programme(10)
    even = strata(made)
    assert even is not None
    drawn = draw_balanced(even, np.zeros(6), [0.1, 0.5], 1.0, 5000, np.random.default_rng(9))
    assert stats.kstest(drawn.contrast(np.eye(6)[1]).p, "uniform").pvalue > 1e-3


def test_refusals() -> None:
    made, _ = programme(4)
    even = strata(made)
    assert even is not None
    with pytest.raises(ValueError, match="must end in the 24 rows"):
        fit_balanced(np.zeros(23), even)
    with pytest.raises(FitError, match="finite"):
        fit_balanced(np.full(24, np.nan), even)
    for variances, sigma2 in (([0.1], 1.0), ([np.nan, 0.1], 1.0), ([0.1, 0.1], np.inf)):
        with pytest.raises(ValueError, match="variances must be 2 finite numbers"):
            draw_balanced(even, np.zeros(6), variances, sigma2, 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="6 entries"):
        fit_balanced(np.arange(24.0), even).contrast([1.0])
