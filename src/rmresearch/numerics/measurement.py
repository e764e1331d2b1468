"""Measurement error: a scale's alpha, and analysis of covariance on an unreliable baseline.

Least squares on a baseline that is measured with error adjusts too little for it. Where arms were
not randomised, that leaves part of their baseline difference in the contrast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Corrected", "alpha_within", "reliability_corrected"]

Array = NDArray[np.float64]

#: what rounding may leave where nothing is left of a baseline's reliability
NOTHING = 1e-8


def alpha_within(items: ArrayLike, design: ArrayLike | None = None) -> float:
    """Cronbach's alpha within arms, of ``items`` (n, k) turned the same way; NaN where undefined.

    k/(k-1) x (1 - sum of the item variances / variance of their sum), over the rows without a
    missing item. With ``design`` (n, p), whose first column is the intercept, variances are those
    within its cells, so that differences between arms do not count as reliability.

    >>> round(alpha_within([[1.0, 2], [2, 2], [3, 4], [4, 4]]), 4)
    0.9412
    """
    answers = np.asarray(items, float)
    cells = np.ones((len(answers), 1)) if design is None else np.asarray(design, float)
    return float(_alpha(_moments(_answered(cells, answers)), cells.shape[1]))


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """Arm coefficients (k,) with cluster-jackknife standard errors, and what they rest on.

    ``reliability`` is the baseline's within arms; ``share`` what is left of it after the other
    covariates. Both coefficients and standard errors are NaN where ``share`` is not positive,
    standard errors also where a jackknife replicate's is not: noise alone could then explain
    everything that the baseline knows beyond the covariates.
    """

    estimate: Array
    se: Array
    reliability: float
    share: float


def reliability_corrected(
    y: ArrayLike,
    x: ArrayLike,
    design: ArrayLike,
    arms: Sequence[int],
    cluster: NDArray[np.int64],
    *,
    items: ArrayLike | None = None,
    reliability: float | None = None,
) -> Corrected:
    """Arm contrasts of ``y`` (n,) adjusted for the true score behind the baseline ``x`` (n,).

    ``design`` (n, p) holds intercept (first), arm dummies (columns ``arms``) and covariates. The
    baseline's reliability within arms is ``reliability`` (0..1), or else the alpha of ``items``
    (n, k). Regression calibration: x is replaced by its expectation given the design and the
    observed x, so that arm coefficients become g_y - (b / s) g_x with b the slope within the
    design, g the coefficients of y and x on the design, and s = 1 - error variance / variance of
    x left by the design (Carroll, Ruppert, Stefanski and Crainiceanu 2006, Measurement Error in
    Nonlinear Models, chapter 4; without covariates it is Porter's true-score ANCOVA: Huitema
    2011, The Analysis of Covariance and Alternatives). Standard errors are the delete-one-cluster
    jackknife of the whole recipe, alpha included: sqrt((G-1)/G sum (e_g - mean e)^2).
    """
    columns = np.asarray(design, float)
    p = columns.shape[1]
    recipe = _Recipe(p, tuple(arms), reliability)
    cells = columns[:, [0, *arms]]
    scaled = _scaled(columns, [0, *arms])
    main = np.column_stack([scaled, _centred(np.asarray(x, float)), _centred(np.asarray(y, float))])
    answers = np.empty((len(main), 0)) if items is None else np.asarray(items, float)
    side = _answered(cells, answers)
    whole, theta, share = recipe(_moments(main), _moments(side))
    codes = np.unique(cluster, return_inverse=True)[1]
    parts = [_by_cluster(block, codes) for block in (main, side)]
    left = [part.sum(axis=0) - part for part in parts]
    _, leave_one_out, shares = recipe(*left)
    count = len(parts[0])
    se = np.full_like(theta, np.nan)
    if not share > NOTHING:
        theta = np.full_like(theta, np.nan)
    elif (shares > NOTHING).all():
        spread = leave_one_out - leave_one_out.mean(axis=0)
        se = np.sqrt((count - 1) / count * (spread**2).sum(axis=0))
    return Corrected(theta, se, float(whole), float(share))


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Arm coefficients from cross-products of (design, x, y) and (arm cells, items)."""

    p: int
    arms: tuple[int, ...]
    reliability: float | None

    def __call__(self, main: Array, side: Array) -> tuple[Array, Array, Array]:
        p, n = self.p, main[..., 0, 0]
        cells = [0, *self.arms]
        known = side[..., 0, 0]
        given = self.reliability
        reliability = np.full_like(known, given) if given is not None else _alpha(side, len(cells))
        gamma = _inverse(main[..., :p, :p]) @ main[..., :p, p:]
        sxx = main[..., p, p] - (main[..., p, :p] * gamma[..., 0]).sum(axis=-1)
        sxy = main[..., p, p + 1] - (main[..., p, :p] * gamma[..., 1]).sum(axis=-1)
        # too few people, or a baseline that the design determines: no number, and NaN says so
        with np.errstate(divide="ignore", invalid="ignore"):
            within = _left(main, cells, p) / (n - len(cells))
            share = 1.0 - (1.0 - reliability) * within * (n - p) / sxx
            slope = sxy / sxx / share
            delta = gamma[..., 1] - slope[..., None] * gamma[..., 0]
        return reliability, delta[..., list(self.arms)], share


def _answered(cells: Array, answers: Array) -> Array:
    """(cells, centred items), with rows that miss an item set to nothing."""
    whole = np.asarray(np.isfinite(answers).all(axis=1))[:, None]
    known = np.where(whole, answers, 0.0)
    middle = known.sum(axis=0) / max(int(whole.sum()), 1)
    return np.column_stack([np.where(whole, cells, 0.0), np.where(whole, known - middle, 0.0)])


def _centred(values: Array) -> Array:
    centred: Array = values - values.mean()
    return centred


def _scaled(columns: Array, plain: Sequence[int]) -> Array:
    """Covariates centred and of one size, so that their units cannot spoil the inverse."""
    centred: Array = columns - columns.mean(axis=0)
    size = np.sqrt((centred**2).mean(axis=0))
    scaled: Array = centred / np.where(size > 0, size, 1.0)
    scaled[:, list(plain)] = columns[:, list(plain)]
    return scaled


def _inverse(moments: Array) -> Array:
    # A column may vanish when its only cluster is left out: the others' coefficients stand.
    return np.asarray(np.linalg.pinv(moments, rcond=1e-10, hermitian=True), float)


def _moments(rows: Array) -> Array:
    return rows.T @ rows


def _by_cluster(rows: Array, codes: NDArray[np.intp]) -> Array:
    """Cross-products (G, q, q) of each cluster's rows."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ordered = rows[order]
    columns = [
        np.add.reduceat(ordered * ordered[:, [j]], starts, axis=0) for j in range(rows.shape[1])
    ]
    return np.stack(columns, axis=-1)


def _left(moments: Array, cells: Sequence[int], column: int) -> Array:
    """Sum of squares that the ``cells`` columns leave of a column."""
    index = list(cells)
    inner = _inverse(moments[..., index, :][..., :, index])
    with_column = moments[..., index, column]
    explained = (with_column[..., None, :] @ inner @ with_column[..., None])[..., 0, 0]
    left: Array = moments[..., column, column] - explained
    return left


def _alpha(moments: Array, cells: int) -> Array:
    """Alpha from cross-products of (cell columns, items): variances within the cells."""
    k = moments.shape[-1] - cells
    inner = _inverse(moments[..., :cells, :cells])
    cross = moments[..., :cells, cells:]
    spread = moments[..., cells:, cells:] - np.swapaxes(cross, -1, -2) @ inner @ cross
    total = spread.sum(axis=(-2, -1))
    own = np.trace(spread, axis1=-2, axis2=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = np.where(
            (total > 0) & (k > 1), k / np.maximum(k - 1, 1) * (1.0 - own / total), np.nan
        )
    return found
