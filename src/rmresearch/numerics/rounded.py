"""Normal numbers that were rounded to answers: their mean, spread and correlation from the answers.

An answer is 0, 1, ..., K: how many of K known cut points the number behind it exceeds. With known
cut points its mean and standard deviation are identified by the mean and the variance of the
answers, and a correlation by the covariance of two answers: the polychoric correlation of Olsson
(1979), Psychometrika 44, 443-460, with thresholds given instead of estimated. The covariance of
two rounded normals with correlation r is the series sum_n r^n a_n b_n, a_n the n-th Hermite
coefficient of one rounding and b_n of the other (Mehler's formula; for one cut point Pearson's
tetrachoric series, Kendall and Stuart, The Advanced Theory of Statistics, volume 2, 26.27).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["center", "center_and_spread", "correlation", "hermite", "mean_and_variance"]

Array = NDArray[np.float64]

#: correlations are looked for within these bounds; terms of the series that can matter there
WIDEST, TERMS = 0.95, 48
STEPS, CLOSE = 60, 1e-11
DENSITY = 1.0 / np.sqrt(2.0 * np.pi)


def mean_and_variance(center: Array, spread: Array, cuts: Array) -> tuple[Array, Array]:
    """The mean and variance of answers whose numbers have this mean and SD.

    ``center`` and ``spread`` broadcast together; ``cuts`` (K,) in rising order.

    >>> mean, variance = mean_and_variance(np.array(0.5), np.array(0.001), np.array([0.0, 1.0]))
    >>> float(mean), float(variance)
    (1.0, 0.0)
    """
    above = ndtr((center[..., None] - cuts) / np.asarray(spread)[..., None])
    mean = above.sum(axis=-1)
    # k answers in squares: 1, 3, 5, ... more at each cut
    square = above @ (2.0 * np.arange(len(cuts)) + 1.0)
    return mean, square - mean * mean


def center_and_spread(mean: Array, variance: Array, cuts: Array) -> tuple[Array, Array]:
    """Means (..., item) and the common SD (...,) of the numbers behind items' answers.

    ``mean`` (..., item) of each item's answers, ``variance`` (...,) averaged over the items. NaN
    where no numbers have these moments: an item that everybody answers alike at one end, answers
    that do not vary, or that vary more than those of any rounded normal.

    >>> center, spread = center_and_spread(np.array([1.0]), np.array(0.5), np.array([0.5, 1.5]))
    >>> float(center[0]), round(float(spread), 3)
    (1.0, 0.741)
    """
    middle = mean + (cuts[0] + cuts[-1] - len(cuts)) / 2.0
    log = 0.5 * np.log(np.maximum(variance, 0.05))
    inside = ((mean > 0) & (mean < len(cuts))).all(axis=-1) & (variance > 0)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            step, log_step = _newton(mean, variance, middle, np.exp(log), cuts)
            middle, log = middle + step, log + log_step
            far = np.maximum(np.abs(step).max(axis=-1), np.abs(log_step))
            if not (far[inside] > CLOSE).any():
                break
    found = inside & (far <= CLOSE)
    return np.where(found[..., None], middle, np.nan), np.where(found, np.exp(log), np.nan)


def center(mean: Array, spread: Array, cuts: Array) -> Array:
    """Means (...,) of the numbers behind answers of this mean, their SD known; NaN at an end."""
    found = mean + (cuts[0] + cuts[-1] - len(cuts)) / 2.0
    inside = (mean > 0) & (mean < len(cuts)) & np.isfinite(spread)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            z = (found[..., None] - cuts) / spread[..., None]
            slope = DENSITY * np.exp(-0.5 * z * z).sum(axis=-1) / spread
            step = np.clip((mean - ndtr(z).sum(axis=-1)) / slope, -1.0, 1.0)
            found = found + step
            if not (np.abs(step[inside]) > CLOSE).any():
                break
    return np.where(inside & (np.abs(step) <= CLOSE), found, np.nan)


def _newton(
    mean: Array, variance: Array, center: Array, spread: Array, cuts: Array
) -> tuple[Array, Array]:
    """One step in the means and the log SD: each mean answer depends on its own mean and the SD.

    Steps are capped, so that a start far off comes closer first.
    """
    wide = spread[..., None]
    z = (center[..., None] - cuts) / wide[..., None]
    above, density = ndtr(z), DENSITY * np.exp(-0.5 * z * z)
    odd = 2.0 * np.arange(len(cuts)) + 1.0
    now = above.sum(axis=-1)
    by_center, by_log = density.sum(axis=-1) / wide, -(z * density).sum(axis=-1)
    square_by_center, square_by_log = (density @ odd) / wide, -(z * density) @ odd
    by_center_of_variance = square_by_center - 2.0 * now * by_center
    by_log_of_variance = square_by_log - 2.0 * now * by_log
    missing = mean - now
    # the means follow the SD; what that leaves of the mean variance settles the SD
    pull = by_center_of_variance / by_center
    gap = variance - (above @ odd - now * now + pull * missing).mean(axis=-1)
    log_step = np.clip(gap / (by_log_of_variance - pull * by_log).mean(axis=-1), -0.5, 0.5)
    step = (missing - by_log * log_step[..., None]) / by_center
    return np.clip(step, -1.0, 1.0), log_step


def hermite(center: Array, spread: Array, cuts: Array) -> Array:
    """Hermite coefficients (..., TERMS) of the answers to numbers with this mean and SD.

    Scaled so that the covariance of two answers is ``sum_n r**n a_n b_n``, n from 1 on.
    """
    z = (cuts - center[..., None]) / np.asarray(spread)[..., None]
    before, now = np.zeros_like(z), DENSITY * np.exp(-0.5 * z * z)
    found = np.empty((*z.shape[:-1], TERMS))
    for n in range(1, TERMS + 1):
        found[..., n - 1] = now.sum(axis=-1) / np.sqrt(n)
        before, now = now, (z * now - np.sqrt(n - 1.0) * before) / np.sqrt(n)
    return found


def correlation(covariance: Array, products: Array) -> Array:
    """The correlation (...,) of the numbers from the covariance (...,) of their answers.

    ``products`` (..., TERMS) are the products a_n b_n of ``hermite``, averaged like the covariance
    where that is a mean over several pairs of answers. The covariance rises with the correlation
    (Plackett 1954), so there is one; beyond 0.95 either way it is held there.

    >>> a = hermite(np.array(0.0), np.array(1.0), np.array([0.0]))
    >>> round(float(correlation(np.array(1 / 12), a * a)), 6)  # arcsin(r) / 2 pi
    0.5
    """
    slopes = products * np.arange(1.0, TERMS + 1.0)
    r = np.zeros(covariance.shape)
    for _ in range(STEPS):
        value, slope = np.zeros_like(r), np.zeros_like(r)
        for n in range(TERMS - 1, -1, -1):  # Horner
            value = (value + products[..., n]) * r
            slope = slope * r + slopes[..., n]
        gap = covariance - value
        after = np.clip(r + gap / slope, -WIDEST, WIDEST)
        step, r = np.abs(after - r), after
        if not (step > CLOSE).any():
            break
    return np.where(np.isfinite(covariance), r, np.nan)
