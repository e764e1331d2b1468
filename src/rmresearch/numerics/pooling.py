"""Partial pooling: estimates of several groups drawn towards their common mean.

The groups' true values are taken as drawn from one normal distribution, its variance estimated by
REML from the estimates and their covariance (empirical Bayes; R: ``metafor::rma.mv`` and
``metafor::blup``; Raudenbush and Bryk 2002, chapter 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array

__all__ = ["Pooled", "pooled"]

#: the variance is searched between these shares of the estimates' own spread, on so many points
SEARCH, POINTS = (1e-8, 1e4), 400


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """``tau2`` the variance between groups, ``mean`` with its ``se``, and each group's value drawn
    towards it, ``values`` (k,) with prediction errors ``errors`` (k,)."""

    tau2: float
    mean: float
    se: float
    values: Array
    errors: Array


def pooled(estimates: ArrayLike, covariance: ArrayLike) -> Pooled:
    """Pool ``estimates`` (k,) with their ``covariance`` (k, k), k from 3 on.

    Where the estimates differ no more than their errors explain, ``tau2`` is 0 and every group has
    the common mean.

    >>> found = pooled([1.0, 2.0, 3.0], [[4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]])
    >>> found.tau2, [round(float(one), 6) for one in found.values]
    (0.0, [2.0, 2.0, 2.0])
    """
    y, s = np.asarray(estimates, dtype=float), np.asarray(covariance, dtype=float)
    k = len(y)
    if k < 3:
        raise FitError(f"{k} groups: pooling needs 3 to tell how far groups lie apart.")
    if s.shape != (k, k) or np.linalg.eigvalsh(s)[0] <= 0:
        raise FitError("the estimates' covariance is not positive definite: nothing to pool.")
    tau2 = _between(y, s)
    v = s + tau2 * np.eye(k)
    inverse = np.linalg.inv(v)
    variance = 1.0 / float(inverse.sum())
    mean = variance * float(inverse.sum(axis=0) @ y)
    drawn = tau2 * inverse
    left = (np.eye(k) - drawn).sum(axis=1)
    errors = tau2 * (np.eye(k) - drawn) + variance * np.outer(left, left)
    return Pooled(
        tau2,
        mean,
        variance**0.5,
        mean + drawn @ (y - mean),
        np.sqrt(np.maximum(np.diag(errors), 0)),
    )


def _between(y: Array, s: Array) -> float:
    """REML: the differences among groups are independent along the axes of their covariance."""
    k = len(y)
    # orthonormal contrasts: all columns but the first of a basis that begins with the mean
    contrasts = np.linalg.qr(np.column_stack([np.ones(k), np.eye(k)[:, 1:]]))[0][:, 1:]
    d, axes = np.linalg.eigh(contrasts.T @ s @ contrasts)
    z2 = (axes.T @ (contrasts.T @ y)) ** 2

    def slope(tau2: float) -> float:
        return float((1.0 / (d + tau2) - z2 / (d + tau2) ** 2).sum())

    def criterion(tau2: float) -> float:
        return float((np.log(d + tau2) + z2 / (d + tau2)).sum())

    size = float(d.mean() + z2.mean())
    grid = np.concatenate([[0.0], size * np.geomspace(*SEARCH, POINTS)])
    slopes = [slope(one) for one in grid]
    turns = [
        optimize.brentq(slope, low, high, xtol=1e-14 * size)
        for low, high, a, b in zip(grid, grid[1:], slopes, slopes[1:], strict=False)
        if a < 0 <= b
    ]
    return min([0.0, *map(float, turns)], key=criterion)
