"""Normals behind rounded answers, against plain probabilities and scipy's bivariate normal."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from rmresearch.numerics.rounded import (
    WIDEST,
    center,
    center_and_spread,
    correlation,
    hermite,
    mean_and_variance,
)

Array = NDArray[np.float64]

#: the cut points of answers 1 to 5, as numbers above their lowest code
CUTS = np.array([1.5, 2.5, 3.5, 4.5])


def cells(center_: float, spread: float) -> Array:
    """The probability of each answer."""
    edges = np.concatenate([[-np.inf], CUTS, [np.inf]])
    return np.diff(stats.norm.cdf(edges, center_, spread))


def covariance(r: float, one: tuple[float, float], other: tuple[float, float]) -> float:
    """Of two answers, from the probabilities of all pairs of answers (scipy's bivariate normal)."""
    edges = [
        np.clip((np.concatenate([[-np.inf], CUTS, [np.inf]]) - m) / s, -9.0, 9.0)
        for m, s in (one, other)
    ]
    normal = stats.multivariate_normal([0.0, 0.0], [[1.0, r], [r, 1.0]])
    below = np.array([[normal.cdf([a, b]) for b in edges[1]] for a in edges[0]])
    joint = np.diff(np.diff(below, axis=0), axis=1)
    codes = np.arange(5)
    return float(codes @ joint @ codes - (joint.sum(1) @ codes) * (joint.sum(0) @ codes))


@pytest.mark.parametrize(("m", "s"), [(3.2, 0.95), (1.1, 0.4), (4.9, 2.0), (3.0, 0.01)])
def test_moments_are_those_of_the_answers_probabilities(m: float, s: float) -> None:
    p, codes = cells(m, s), np.arange(5)
    mean, variance = mean_and_variance(np.array(m), np.array(s), CUTS)
    assert mean == pytest.approx(p @ codes, abs=1e-12)
    assert variance == pytest.approx(p @ codes**2 - (p @ codes) ** 2, abs=1e-12)


def test_means_and_spread_come_back_from_the_moments() -> None:
    rng = np.random.default_rng(0)
    m, s = rng.uniform(0.8, 5.2, (50, 6)), rng.uniform(0.25, 2.5, 50)
    mean, variance = mean_and_variance(m, s[:, None], CUTS)
    found, spread = center_and_spread(mean, variance.mean(axis=-1), CUTS)
    # Newton stops at steps of 1e-11; steep ends multiply the moments' own rounding.
    np.testing.assert_allclose(found, m, atol=1e-6)
    np.testing.assert_allclose(spread, s, rtol=1e-7)
    np.testing.assert_allclose(center(mean, s[:, None] + 0 * m, CUTS), m, atol=1e-6)


def test_moments_that_no_numbers_have_give_nothing() -> None:
    mean = np.array([[2.0, 2.0], [0.0, 2.0], [2.0, 4.0], [2.0, 2.0], [2.0, np.nan]])
    # fine; an item at its low end; one at its high end; no variation; nobody answered
    found, spread = center_and_spread(mean, np.array([1.0, 0.5, 0.5, 0.0, 1.0]), CUTS)
    np.testing.assert_array_equal(np.isfinite(spread), [True, False, False, False, False])
    np.testing.assert_array_equal(np.isfinite(found).all(axis=-1), np.isfinite(spread))
    # half of the answers at either end: no rounded normal varies so much
    assert np.isnan(center_and_spread(np.array([2.0]), np.array(4.0), CUTS)[1])
    assert np.isnan(center(np.array([0.0, 4.0, 2.0]), np.array([1.0, 1.0, np.nan]), CUTS)).all()


@pytest.mark.parametrize("r", [-0.8, -0.2, 0.1, 0.5, 0.9])
def test_covariances_are_those_of_the_bivariate_normal(r: float) -> None:
    one, other = (2.2, 0.8), (3.9, 1.3)
    a, b = (hermite(np.array(m), np.array(s), CUTS) for m, s in (one, other))
    powers = r ** np.arange(1, len(a) + 1)
    # The series is cut after 48 terms, of which .9^49 / 49^1.5 = 2e-5 is left; scipy's has 1e-6.
    assert powers @ (a * b) == pytest.approx(covariance(r, one, other), abs=3e-5)
    assert correlation(np.array(covariance(r, one, other)), a * b) == pytest.approx(r, abs=1e-4)


@pytest.mark.parametrize("r", [-0.9, 0.3, 0.7])
def test_two_halves_follow_the_arcsine_law(r: float) -> None:
    """P(both positive) - 1/4 = arcsin(r) / 2 pi (Sheppard 1899)."""
    a = hermite(np.array(0.0), np.array(1.0), np.zeros(1))
    found = correlation(np.array(np.arcsin(r) / (2 * np.pi)), a * a)
    # at r = .9 the 48 terms lack what the comment above says, a third of it in this covariance
    assert found == pytest.approx(r, abs=1e-4)


def test_correlations_are_looked_for_within_bounds() -> None:
    a = hermite(np.array(3.0), np.array(1.0), CUTS)
    found = correlation(np.array([9.0, -9.0, 0.0, np.nan]), a * a)
    np.testing.assert_allclose(found, [WIDEST, -WIDEST, 0.0, np.nan])


def test_averaged_products_give_the_common_correlation() -> None:
    """Several pairs of answers with one correlation behind: their mean covariance gives it."""
    items = [(2.9, 0.9), (3.2, 0.9), (3.6, 0.9)]
    pairs = [(0, 1), (0, 2), (1, 2)]
    mean = np.mean([covariance(0.45, items[i], items[j]) for i, j in pairs])
    a = [hermite(np.array(m), np.array(s), CUTS) for m, s in items]
    products = np.mean([a[i] * a[j] for i, j in pairs], axis=0)
    assert correlation(np.array(mean), products) == pytest.approx(0.45, abs=1e-5)
