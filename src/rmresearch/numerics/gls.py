"""Generalised least squares with a covariance that is given cluster by cluster, and its CR2.

The given covariance V is the working model: CR2 as clubSandwich has it for ``nlme::gls`` (A_g =
D' B^(-1/2) D with V_g = D'D, B = D (V_g - x_g M x_g') D', M = (X'V^-1X)^-1), Satterthwaite's df
for one contrast, approximate Hotelling T-squared for several. Source: Pustejovsky and Tipton 2018,
JBES 36, equations 8 to 11 and section 3.2. Clusters of one size are worked on together, and
nothing is larger than a cluster, so the cost grows with their number only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array
from rmresearch.numerics.contrast import (
    Contrast,
    Wald,
    checked_weights,
    independent,
    judged,
    judged_jointly,
)
from rmresearch.numerics.sandwich import NOTHING, hotelling, satterthwaite

__all__ = ["Covariance", "GlsFit", "gls"]

Rows = NDArray[np.intp]
#: the covariance (k, m, m) among the rows of k clusters of m rows each, from their numbers (k, m)
Covariance = Callable[[Rows], Array]
#: what is left of a direction beside the largest before a cluster counts as determining it alone
LEFT = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class GlsFit:
    """Coefficients (p,), their covariance by the given V and by CR2, both (p, p).

    ``exact``: the residuals are zero but for rounding, and nothing can be tested.
    """

    coef: Array
    model: Array
    vcov: Array
    n: int
    n_clusters: int
    exact: bool
    _back: Array = field(repr=False)
    _inner: Array = field(repr=False)
    _own: Array = field(repr=False)
    _cross: Array = field(repr=False)

    def contrast(self, weights: ArrayLike) -> Contrast:
        """The weighted sum of coefficients, ``weights`` (p,), by CR2 and Satterthwaite's df."""
        weight = checked_weights(weights, self.coef.size)
        w = (self._back.T @ weight)[:, None]
        size = float(np.linalg.norm(w)) or 1.0
        variance = float((w.T @ self._inner @ w)[0, 0])
        df = float(satterthwaite(*self._vectors(w / size)))
        known = variance > NOTHING * size**2 or self.exact
        return judged(self.coef @ weight, variance, df if known else 0.0, self.exact)

    def wald(self, weights: ArrayLike) -> Wald:
        """Whether q contrasts, ``weights`` (q, p), are all zero ("HTZ")."""
        rows = np.atleast_2d(np.asarray(weights, dtype=float))
        axes, turn = independent(rows, self._back)
        variance = axes.T @ self._inner @ axes
        sizes = np.linalg.eigvalsh(variance)
        if self.exact or sizes[0] <= 1e-14 * sizes[-1]:
            return judged_jointly(np.nan, len(rows), 0.0)
        gap = rows @ self.coef @ turn
        eta = float(hotelling(*self._vectors(axes)))
        df, q = eta - len(rows) + 1.0, len(rows)
        statistic = float(gap @ np.linalg.solve(variance, gap))
        return judged_jointly(statistic * df / (eta * q) if df > 0 else np.nan, q, df)

    def _vectors(self, w: Array) -> tuple[Array, Array]:
        return w.T @ self._own @ w, self._cross @ w


def gls(y: ArrayLike, x: ArrayLike, cluster: ArrayLike, covariance: Covariance) -> GlsFit:
    """Fit ``y`` (n,) on ``x`` (n, p) with V from ``covariance``; ``cluster`` (n,) integer codes.

    Rows of different clusters are independent. A column that others determine, fewer than two
    clusters, as many coefficients as rows and a V that is no covariance raise ``FitError``.

    With equal variances it is ordinary least squares:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    >>> alone = lambda rows: np.broadcast_to(np.eye(rows.shape[1]), (*rows.shape, rows.shape[1]))
    >>> found = gls([1.0, 2, 3, 4, 6, 8], x, np.arange(6), alone)
    >>> round(float(found.contrast([0, 1]).se), 3)
    1.291
    """
    outcome, design = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    n, p = design.shape
    groups = _by_size(np.asarray(cluster))
    count = sum(len(rows) for rows in groups)
    if n <= p or count < 2:
        raise FitError(f"{n} rows in {count} clusters and {p} coefficients: too few to judge by.")
    lower = [_factor(covariance(rows)) for rows in groups]
    white = [_solve(root, design[rows]) for root, rows in zip(lower, groups, strict=True)]
    answers = [
        _solve(root, outcome[rows][..., None])[..., 0]
        for root, rows in zip(lower, groups, strict=True)
    ]
    flat, left = (
        np.concatenate([w.reshape(-1, p) for w in white]),
        np.concatenate([a.reshape(-1) for a in answers]),
    )
    length = np.linalg.norm(flat, axis=0)
    q, r = np.linalg.qr(flat / np.where(length > 0, length, 1.0))
    if (length == 0).any() or np.abs(np.diagonal(r)).min() < 1e-10:
        raise FitError("a column of the model is determined by the others: drop it.")
    back = np.linalg.inv(r) / length[:, None]
    coef = back @ (q.T @ left)
    resid = outcome - design @ coef
    exact = bool(np.linalg.norm(left - q @ (q.T @ left)) <= 1e-11 * np.linalg.norm(left))
    parts = [
        _cluster(root, half @ back, resid[rows])
        for root, half, rows in zip(lower, white, groups, strict=True)
    ]
    score, own, cross = (np.concatenate(one) for one in zip(*parts, strict=True))
    inner = np.zeros((p, p)) if exact else score.T @ score
    return GlsFit(
        coef=coef,
        model=back @ back.T,
        vcov=back @ inner @ back.T,
        n=n,
        n_clusters=count,
        exact=exact,
        _back=back,
        _inner=inner,
        _own=own,
        _cross=cross,
    )


def _by_size(cluster: NDArray[np.int64]) -> list[Rows]:
    """The rows of the clusters, those of one size together: (k, m) each."""
    codes, sizes = np.unique(cluster, return_inverse=True, return_counts=True)[1:]
    order = np.argsort(codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return [
        order[starts[sizes == m][:, None] + np.arange(m)].astype(np.intp) for m in np.unique(sizes)
    ]


def _factor(v: Array) -> Array:
    try:
        return np.asarray(np.linalg.cholesky(v), dtype=float)
    except np.linalg.LinAlgError:
        raise FitError("the rows' covariance is not positive definite: no fit.") from None


def _solve(lower: Array, x: Array) -> Array:
    return np.asarray(np.linalg.solve(lower, x), dtype=float)


def _cluster(lower: Array, h: Array, resid: Array) -> tuple[Array, Array, Array]:
    """Scores (k, p), h'h and h'S B^(-1/2) h (k, p, p) of k clusters; B = S (I - h h') S, S = L'L.

    Directions that a cluster determines alone are left out.
    """
    turned = h.swapaxes(-1, -2)
    s = lower.swapaxes(-1, -2) @ lower
    values, vectors = np.linalg.eigh(s @ (np.eye(s.shape[-1]) - h @ turned) @ s)
    # Against S itself: what is small there is small for its units, not for the cluster.
    free = values > LEFT * np.linalg.eigvalsh(s)[:, -1:] ** 2
    root = np.where(free, np.maximum(values, np.finfo(float).tiny) ** -0.5, 0.0)
    seen = vectors.swapaxes(-1, -2) @ h
    own = seen.swapaxes(-1, -2) @ (free[..., None] * seen)
    half = turned @ (vectors * root[..., None, :]) @ vectors.swapaxes(-1, -2)
    errors = lower.swapaxes(-1, -2) @ resid[..., None]
    return (half @ errors)[..., 0], own, (half @ s @ h).swapaxes(-1, -2)
