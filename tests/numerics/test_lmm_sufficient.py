"""Fits to drawn sufficient statistics against fits to outcomes drawn in full."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from tests.numerics.test_lmm import CASES

from rmresearch.numerics.lmm import MixedFit, Term, design, fit_drawn, fit_many

Array = NDArray[np.float64]
REPLICATES = 3000


def covariance(term: Term, size: float) -> Array:
    q = np.asarray(term.z).reshape(len(np.asarray(term.group)), -1).shape[1]
    if q == 1:
        return np.array([[size]])
    return size * np.array([[1.0, 0.2], [0.2, 0.5]]) if term.correlated else size * np.eye(2)


def raw_outcomes(x: Array, terms: list[Term], beta: Array, sizes: list[Array]) -> Array:
    rng = np.random.default_rng(3)
    y = x @ beta + 1.3 * rng.normal(size=(REPLICATES, x.shape[0]))
    for term, size in zip(terms, sizes, strict=True):
        codes = np.unique(term.group, return_inverse=True)[1]
        root = np.linalg.cholesky(size)
        effects = rng.normal(size=(REPLICATES, codes.max() + 1, len(size))) @ root.T
        y += (effects[:, codes] * np.asarray(term.z).reshape(x.shape[0], -1)).sum(axis=-1)
    return y


def agree(drawn: MixedFit, raw: MixedFit, p: int) -> None:
    """Kolmogorov and Smirnov at 1e-4: 3,000 against 3,000 see a shift of an eighth of an SD."""
    rows = [np.eye(p)[p - 1], np.linspace(-1.0, 2.0, p)]
    for weights in rows:
        ours, theirs = drawn.contrast(weights), raw.contrast(weights)
        for name in ("estimate", "se", "t"):
            both = getattr(ours, name), getattr(theirs, name)
            assert stats.ks_2samp(*both).pvalue > 1e-4, name
    assert stats.ks_2samp(drawn.sigma2, raw.sigma2).pvalue > 1e-4
    assert stats.ks_2samp(drawn.criterion, raw.criterion).pvalue > 1e-4
    for ours_, theirs_ in zip(drawn.covariances, raw.covariances, strict=True):
        assert stats.ks_2samp(ours_[:, -1, -1], theirs_[:, -1, -1]).pvalue > 1e-4
    assert drawn.singular.mean() == pytest.approx(raw.singular.mean(), abs=0.06)
    assert drawn.converged.mean() > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_same_distribution_as_outcomes_in_full(name: str) -> None:
    _, x, terms = CASES[name]
    made = design(x, terms)
    beta = np.linspace(1.0, 2.0, x.shape[1])
    sizes = [covariance(term, size) for term, size in zip(terms, (0.8, 0.4), strict=False)]
    raw = fit_many(raw_outcomes(x, terms, beta, sizes), made)
    drawn = fit_drawn(made, beta, sizes, 1.69, REPLICATES, np.random.default_rng(4))
    agree(drawn, raw, x.shape[1])


@pytest.mark.slow
def test_many_alike_blocks_are_drawn_as_wishart_matrices() -> None:
    """40 pairs of two people at three waves, arms by pair: two types of 20 blocks."""
    pair, person, wave = (
        a.ravel() for a in np.meshgrid(np.arange(40), [0, 1], [0.0, 1.0, 2.0], indexing="ij")
    )
    arm = pair % 2
    x = np.column_stack([np.ones(pair.size), wave, arm * wave])
    z = np.column_stack([np.ones(pair.size), wave])
    terms = [Term(pair, z), Term(2 * pair + person, np.ones(pair.size))]
    sizes = [np.array([[0.5, -0.1], [-0.1, 0.3]]), np.array([[0.4]])]
    made = design(x, terms)
    raw = fit_many(raw_outcomes(x, terms, np.ones(3), sizes), made)
    drawn = fit_drawn(made, np.ones(3), sizes, 1.69, REPLICATES, np.random.default_rng(4))
    agree(drawn, raw, 3)


def test_seeds_and_refusals() -> None:
    _, x, terms = CASES["slope"]
    made = design(x, terms)
    sizes = [covariance(term, 0.5) for term in terms]
    first, second = (
        fit_drawn(made, np.ones(4), sizes, 1.0, 20, np.random.default_rng(7)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.coef, second.coef)
    with pytest.raises(ValueError, match="expected 4 coefficients"):
        fit_drawn(made, np.ones(3), sizes, 1.0, 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="sigma2 above 0"):
        fit_drawn(made, np.ones(4), sizes, 0.0, 5, np.random.default_rng(0))
    wrong = [sizes[0], np.array([[1.0, 2.0], [2.0, 1.0]])]
    with pytest.raises(ValueError, match="term 1 is no covariance"):
        fit_drawn(made, np.ones(4), wrong, 1.0, 5, np.random.default_rng(0))
    for coef, sigma2 in (([1.0, np.nan, 1.0, 1.0], 1.0), (np.ones(4), np.inf)):
        with pytest.raises(ValueError, match="must be finite numbers"):
            fit_drawn(made, coef, sizes, sigma2, 5, np.random.default_rng(0))
