"""The second route to a headline: the same least squares in plain, dense matrices.

Shares no arithmetic with ``robust.fit``: the singular value decomposition in place of QR, n x n
projection matrices in place of p x p moments, n_g x n_g square roots, and the errors' variances
written out pair by pair. Slow on purpose; a report computes its headlines by both routes and
stops if they disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array
from rmresearch.numerics.contrast import Contrast, judged

__all__ = ["Dense", "dense"]

LARGEST = 4_000


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """``coef`` (p,), ``vcov`` (p, p); ``contrast`` as ``robust.Fit`` has it."""

    coef: Array
    vcov: Array
    df: float | None
    exact: bool
    _scores: Array
    _inverse: Array
    _annihilator: Array
    _halves: tuple[tuple[NDArray[np.intp], Array], ...]

    def contrast(self, weights: ArrayLike) -> Contrast:
        """The weighted sum of coefficients, ``weights`` (p,)."""
        weight = np.asarray(weights, dtype=float)
        variance = float(((self._scores @ weight) ** 2).sum())
        df = self.df if self.df is not None else self._satterthwaite(weight)
        return judged(self.coef @ weight, variance, df, self.exact)

    def _satterthwaite(self, weight: Array) -> float:
        """(trace P)^2 / sum of P's squares, P the G x G products of p_g = (I - H)_g A_g x_g M c."""
        parts = np.zeros((len(self._annihilator), len(self._halves)))
        for g, (rows, half) in enumerate(self._halves):
            parts[rows, g] = half @ weight
        vectors = self._annihilator @ parts
        products = vectors.T @ vectors
        trace = float(np.trace(products))
        known = trace > 1e-10 * float(((weight @ self._inverse) ** 2).sum())
        return trace**2 / float((products**2).sum()) if known else 0.0


def dense(y: ArrayLike, x: ArrayLike, cluster: ArrayLike | None = None, vcov: str = "CR2") -> Dense:
    """Least squares of ``y`` (n,) on ``x`` (n, p), n up to 4,000: arguments as ``robust.fit``.

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    >>> round(float(dense([1.0, 2, 3, 4, 6, 8], x).contrast([0, 1]).se), 3)
    1.291
    """
    outcome, design = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    n, p = design.shape
    if n > LARGEST:
        raise ValueError(f"{n} rows: the dense route is meant for {LARGEST} at most")
    codes = np.arange(n) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    groups = int(codes.max()) + 1
    length = np.linalg.norm(design, axis=0)
    scaled = design / np.where(length > 0, length, 1.0)
    rank = int(np.linalg.matrix_rank(scaled, tol=1e-12))
    if rank < p or n <= p or (groups < 2 and vcov != "classical"):
        raise FitError(f"{n} rows, {groups} clusters, {p} columns of rank {rank}: no dense fit.")
    inverse: Array = np.asarray(np.linalg.pinv(scaled), dtype=float)  # (p, n)
    annihilator = np.eye(n) - scaled @ inverse
    coef, resid, exact = _least_squares(outcome, inverse, annihilator)
    inverse = inverse / length[:, None]
    df: float | None = float(n - p)
    halves: tuple[tuple[NDArray[np.intp], Array], ...] = ()
    members = [np.flatnonzero(codes == g) for g in range(groups)]
    if vcov == "classical":
        scores = np.sqrt(resid @ resid / (n - p)) * inverse.T
    elif vcov == "CR1":
        factor = groups / (groups - 1) * (n - 1) / (n - p)
        scores = np.sqrt(factor) * np.array([inverse[:, m] @ resid[m] for m in members])
        df = df if cluster is None else float(groups - 1)
    else:
        halves = tuple((m, _root(annihilator[np.ix_(m, m)]) @ inverse[:, m].T) for m in members)
        scores, df = np.array([resid[m] @ half for m, half in halves]), None
    vcov_matrix = scores.T @ scores
    return Dense(coef / length, vcov_matrix, df, exact, scores, inverse, annihilator, halves)


def _least_squares(y: Array, inverse: Array, annihilator: Array) -> tuple[Array, Array, bool]:
    """Coefficients, residuals, and whether the fit is exact; y centred where a constant fits."""
    one = np.ones(len(y))
    centre = float(y.mean()) if np.abs(annihilator @ one).max() < 1e-9 else 0.0
    left = y - centre
    coef = inverse @ left + centre * (inverse @ one)
    resid = annihilator @ left
    exact = bool(np.linalg.norm(resid) <= 1e-11 * np.linalg.norm(left) + 1e-14 * np.abs(y).max())
    return coef, np.zeros_like(resid) if exact else resid, exact


def _root(block: Array) -> Array:
    """Symmetric (pseudo-)inverse square root of ``block`` = I - H_gg."""
    values, vectors = np.linalg.eigh(block)
    usable = values > 1e-10
    root: Array = (vectors[:, usable] / np.sqrt(values[usable])) @ vectors[:, usable].T
    return root
