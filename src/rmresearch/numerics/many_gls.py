"""Generalised least squares of many replicates whose columns are their own, and CR2 by cluster.

What `gls` finds for one data set, with the same sources. Clusters hold m rows or fewer: a row that
is absent is 0 in x and y and independent of all others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.contrast import Contrast, checked_weights, judged
from rmresearch.numerics.gls import LEFT
from rmresearch.numerics.sandwich import NOTHING, satterthwaite

__all__ = ["ManyGls", "many_gls"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ManyGls:
    """R fits: ``coef`` (R, p), their covariance by CR2 ``vcov`` (R, p, p).

    All is NaN, and nothing is tested, where a fit is not ``known`` (R,).
    """

    coef: Array
    vcov: Array
    known: Flags
    _back: Array = field(repr=False)
    _inner: Array = field(repr=False)
    _own: Array = field(repr=False)
    _cross: Array = field(repr=False)

    def contrast(self, weights: ArrayLike) -> Contrast:
        """The weighted sum of coefficients, ``weights`` (p,), by CR2 and Satterthwaite's df."""
        weight = checked_weights(weights, self.coef.shape[-1])
        w = (self._back.swapaxes(1, 2) @ weight)[..., None]
        size = np.linalg.norm(w, axis=1, keepdims=True)
        variance = (w.swapaxes(1, 2) @ self._inner @ w)[:, 0, 0]
        unit = (w / np.where(size > 0, size, 1.0))[:, None]
        df = satterthwaite(unit.swapaxes(-1, -2) @ self._own @ unit, self._cross @ unit)
        some = self.known & (variance > NOTHING * size[:, 0, 0] ** 2)
        return judged(self.coef @ weight, variance, np.where(some, df, 0.0), ~self.known)


def many_gls(y: ArrayLike, x: ArrayLike, lower: ArrayLike, known: ArrayLike) -> ManyGls:
    """Fit ``y`` (R, G, m) on ``x`` (R, G, m, p) with V of each cluster L L', L in ``lower``.

    ``lower`` (R, G, m, m). Where ``known`` (R,) the columns have full rank and the residuals are
    not all 0; the other replicates are left out.

    With equal variances it is ordinary least squares:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])[None, :, None]
    >>> y = np.array([1.0, 2, 3, 4, 6, 8])[None, :, None]
    >>> found = many_gls(y, x, np.ones((1, 6, 1, 1)), [True])
    >>> round(float(found.contrast([0, 1]).se[0]), 3)
    1.291
    """
    outcome, design, root = (np.asarray(one, dtype=float) for one in (y, x, lower))
    some = np.asarray(known, bool)
    replicates, p = len(outcome), design.shape[-1]
    inside = some[:, None, None]
    white, left = np.linalg.solve(root, design), np.linalg.solve(root, outcome[..., None])
    flat = white.reshape(replicates, -1, p)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    length = np.where(inside & (length > 0), length, 1.0)
    q, r = np.linalg.qr(flat / length)
    back = np.linalg.inv(np.where(inside, r, np.eye(p))) / length.swapaxes(1, 2)
    coef = (back @ (q.swapaxes(1, 2) @ left.reshape(replicates, -1, 1)))[..., 0]
    resid = outcome - (design @ coef[:, None, :, None])[..., 0]
    score, own, cross = _clusters(root, q.reshape(white.shape), resid)
    inner = score.swapaxes(1, 2) @ score
    nothing = np.where(some, 1.0, np.nan)
    return ManyGls(
        coef=coef * nothing[:, None],
        vcov=back @ inner @ back.swapaxes(1, 2) * nothing[:, None, None],
        known=some,
        _back=back,
        _inner=inner,
        _own=own,
        _cross=cross,
    )


def _clusters(lower: Array, h: Array, resid: Array) -> tuple[Array, Array, Array]:
    """Scores (R, G, p), h'h and h'S B^(-1/2) h (R, G, p, p); B = S (I - h h') S, S = L'L."""
    turned = h.swapaxes(-1, -2)
    s = lower.swapaxes(-1, -2) @ lower
    values, vectors = np.linalg.eigh(s @ (np.eye(s.shape[-1]) - h @ turned) @ s)
    free = values > LEFT * np.linalg.eigvalsh(s)[..., -1:] ** 2
    root = np.where(free, np.maximum(values, np.finfo(float).tiny) ** -0.5, 0.0)
    within = vectors.swapaxes(-1, -2) @ h
    own = within.swapaxes(-1, -2) @ (free[..., None] * within)
    half = turned @ (vectors * root[..., None, :]) @ vectors.swapaxes(-1, -2)
    errors = lower.swapaxes(-1, -2) @ resid[..., None]
    return (half @ errors)[..., 0], own, (half @ s @ h).swapaxes(-1, -2)
