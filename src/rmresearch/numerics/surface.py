"""Shapes beside a straight line: a restricted cubic spline, a congruence surface, new clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array

__all__ = ["SURFACE", "curve", "left_out", "polynomial"]

#: weights of x, y, x^2, xy, y^2 in a1 to a4: slope and bend along x = y and along x = -y
SURFACE = {
    "a1": (1.0, 1.0, 0.0, 0.0, 0.0),
    "a2": (0.0, 0.0, 1.0, 1.0, 1.0),
    "a3": (1.0, -1.0, 0.0, 0.0, 0.0),
    "a4": (0.0, 0.0, 1.0, -1.0, 1.0),
}


def polynomial(x: ArrayLike, y: ArrayLike, middle: float) -> Array:
    """Two people's answers on one scale as the columns x, y, x^2, xy, y^2 about its ``middle``.

    ``x`` and ``y`` (n,). Edwards and Parry 1993, Academy of Management Journal 36: 1577-1613,
    equation 5; centred at the scale's midpoint as their page 1583 has it.

    >>> polynomial([4.0], [1.0], 3.0).tolist()
    [[1.0, -2.0, 1.0, -2.0, 4.0]]
    """
    one, other = np.asarray(x, float) - middle, np.asarray(y, float) - middle
    return np.column_stack([one, other, one**2, one * other, other**2])


def curve(x: ArrayLike, knots: ArrayLike) -> Array:
    """A restricted cubic spline through three ``knots``: columns x and its bend, (n, 2).

    The bend is 0 up to the first knot and straight from the last on. Harrell 2015, Regression
    Modeling Strategies, 2nd edition, equation 2.25, over the squared distance of the outer knots.

    >>> curve([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0])[:, 1].tolist()
    [0.0, 0.25, 1.5, 3.0]
    """
    values, (first, second, last) = np.asarray(x, float), np.asarray(knots, float)
    if not first < second < last:
        raise ValueError(f"three knots in rising order needed, not {[first, second, last]}")

    def above(knot: float) -> Array:
        return np.maximum(values - knot, 0.0) ** 3

    share = (last - first) / (last - second)
    bend = above(first) - share * above(second) + (share - 1.0) * above(last)
    return np.column_stack([values, bend / (last - first) ** 2])


def left_out(y: ArrayLike, x: ArrayLike, cluster: ArrayLike) -> Array:
    """What each row is missed by when its whole cluster is left out of the fit, (n,).

    ``y`` (n,), ``x`` (n, p) with its intercept, ``cluster`` (n,). Residuals e of all rows give
    them without fitting again: (I - H_gg)^-1 e_g. A cluster without which a coefficient is not
    determined raises ``FitError``.

    >>> left_out([1.0, 2.0, 6.0], [[1.0], [1.0], [1.0]], [0, 1, 2]).round(9).tolist()
    [-3.0, -1.5, 4.5]
    """
    outcome, design, codes = np.asarray(y, float), np.asarray(x, float), np.asarray(cluster)
    q = np.linalg.qr(design)[0]
    resid: NDArray[np.float64] = outcome - q @ (q.T @ outcome)
    made = np.empty_like(resid)
    groups = np.unique(codes, return_inverse=True)[1]
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    ends = np.cumsum(sizes)
    for size in np.unique(sizes):  # clusters of one size at once
        rows = order[(ends[sizes == size] - size)[:, None] + np.arange(size)]
        own = q[rows]
        without = np.eye(size) - own @ own.swapaxes(-1, -2)
        if np.linalg.eigvalsh(without).min() < 1e-9:
            raise FitError("without one of its clusters the model is not determined")
        made[rows] = np.linalg.solve(without, resid[rows][..., None])[..., 0]
    return made
