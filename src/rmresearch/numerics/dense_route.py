"""The second route to a headline: the same estimates in plain, dense matrices.

Shares no arithmetic with ``robust.fit`` and ``lmm.robust``: the singular value decomposition in
place of QR, n x n projection matrices in place of p x p moments, n_g x n_g square roots, and the
errors' variances written out pair by pair. Slow on purpose; a report computes its headlines by
both routes and stops if they disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array
from rmresearch.numerics.contrast import Contrast, judged

__all__ = ["Dense", "dense", "dense_allowance", "dense_mixed"]

LARGEST = 4_000
#: eigenvalues of I - H_gg below this are zero
SINGULAR = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """``coef`` (p,), ``vcov`` (p, p); ``contrast`` as ``robust.Fit`` has it.

    Kept: scores (G, p), the pseudo-inverse of the (whitened) design (p, n), what takes a vector
    to the (whitened) residuals' products (n, n), and per cluster its rows and A_g W_g x_g M.
    """

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


def dense_mixed(y: ArrayLike, x: ArrayLike, v: ArrayLike, cluster: ArrayLike) -> Dense:
    """Generalised least squares with covariance ``v`` (n, n), and its CR2 by ``cluster`` (n,).

    As ``lmm.robust`` with v the fitted covariance of the rows; n up to 4,000. A v that is not
    positive definite or joins clusters, and what leaves no fit, raise ``FitError``.

    With equal variances it is ordinary least squares, clusters or not:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    >>> found = dense_mixed([1.0, 2, 3, 4, 6, 8], x, np.eye(6), np.arange(6))
    >>> round(float(found.contrast([0, 1]).se), 3)
    1.291
    """
    outcome, design, given = (np.asarray(one, dtype=float) for one in (y, x, v))
    n, p = design.shape
    if n > LARGEST:
        raise ValueError(f"{n} rows: the dense route is meant for {LARGEST} at most")
    codes = np.unique(cluster, return_inverse=True)[1]
    members = [np.flatnonzero(codes == g) for g in range(int(codes.max()) + 1)]
    lower = _lower(given, codes)
    covariance = lower @ lower.T
    white = linalg.solve_triangular(lower, design, lower=True)
    length = np.linalg.norm(white, axis=0)
    white = white / np.where(length > 0, length, 1.0)
    rank = int(np.linalg.matrix_rank(white, tol=1e-12))
    if rank < p or n <= p or len(members) < 2:
        raise FitError(f"{n} rows, {len(members)} clusters, {p} columns of rank {rank}: no fit.")
    inverse = np.asarray(np.linalg.pinv(white), dtype=float)
    annihilator = np.eye(n) - white @ inverse
    one = linalg.solve_triangular(lower, np.ones(n), lower=True)
    centred = bool(np.linalg.norm(annihilator @ one) < 1e-9 * np.linalg.norm(one))
    centre = float(outcome.mean()) if centred else 0.0
    left = linalg.solve_triangular(lower, outcome - centre, lower=True)
    coef = (inverse @ left + centre * (inverse @ one)) / length
    resid = lower @ (annihilator @ left)
    inverse = inverse / length[:, None]
    weighted = linalg.solve_triangular(lower, inverse.T, lower=True, trans="T")
    halves = []
    for m in members:
        values, axes = np.linalg.eigh(covariance[np.ix_(m, m)])
        half = (axes * np.sqrt(values)) @ axes.T
        free = covariance[np.ix_(m, m)] - design[m] @ (inverse @ inverse.T) @ design[m].T
        halves.append((m, half @ _root(free, half) @ half @ weighted[m]))
    scores = np.array([resid[m] @ half for m, half in halves])
    exact = bool(np.linalg.norm(resid) <= 1e-11 * np.linalg.norm(outcome - centre))
    return Dense(
        coef, scores.T @ scores, None, exact, scores, inverse, annihilator @ lower.T, tuple(halves)
    )


def dense_allowance(
    x: ArrayLike, v: ArrayLike, parts: Sequence[ArrayLike], cluster: ArrayLike, weights: ArrayLike
) -> float:
    """What estimating ``v`` multiplies a contrast's variance with (Kenward and Roger 1997).

    ``v`` (n, n) is linear in its parameters with derivatives ``parts``, each (n, n); clusters are
    independent, and are summed one by one. Never below 1.

    The residual's variance alone changes no weight:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    >>> round(dense_allowance(x, np.eye(6), [np.eye(6)], np.arange(6), [0, 1]), 9)
    1.0
    """
    design, weight = np.asarray(x, dtype=float), np.asarray(weights, dtype=float)
    length = np.linalg.norm(design, axis=0)
    design, weight = design / length, weight / length
    k, p = len(parts), design.shape[1]
    gram, first = np.zeros((p, p)), np.zeros((k, p, p))
    second, trace = np.zeros((k, k, p, p)), np.zeros((k, k))
    codes = np.unique(cluster, return_inverse=True)[1]
    for g in range(int(codes.max()) + 1):
        rows = np.flatnonzero(codes == g)
        own = np.ix_(rows, rows)
        inverse = np.linalg.inv(np.asarray(v)[own])
        half = inverse @ design[rows]
        moved = [inverse @ np.asarray(part)[own] for part in parts]
        gram += design[rows].T @ half
        for i in range(k):
            first[i] -= half.T @ np.asarray(parts[i])[own] @ half
            for j in range(k):
                second[i, j] += design[rows].T @ moved[i] @ moved[j] @ half
                trace[i, j] += float(np.trace(moved[i] @ moved[j]))
    phi = np.linalg.inv(gram)
    crossed = np.array([[first[i] @ phi @ first[j] for j in range(k)] for i in range(k)])
    lost = np.array(
        [[np.trace(phi @ (2 * second[i, j] - crossed[i, j])) for j in range(k)] for i in range(k)]
    )
    spread = 2.0 * np.linalg.inv(trace - lost)
    excess = np.tensordot(spread, second - crossed, axes=2)
    lever = phi @ weight
    return max(1.0, 1.0 + 2.0 * float(lever @ excess @ lever) / float(lever @ weight))


def _lower(covariance: Array, codes: NDArray[np.intp]) -> Array:
    """The Cholesky factor of the rows' correlations, but for one common factor."""
    joined = (codes[:, None] != codes) & (covariance != 0)
    if joined.any():
        first, second = np.argwhere(joined)[0]
        raise FitError(
            f"rows {first} and {second} lie in two clusters and are correlated: cluster by "
            "something coarser"
        )
    size = float(np.mean(np.diag(covariance)))
    try:
        if size > 0:
            return np.asarray(np.linalg.cholesky(covariance / size), dtype=float)
    except np.linalg.LinAlgError:
        pass
    raise FitError("the rows' covariance is not positive definite: no fit.")


def _root(block: Array, half: Array | None = None) -> Array:
    """Symmetric (pseudo-)inverse square root of ``block`` or, with ``half``, half block half.

    By the singular values of a factor, so that small directions keep their digits beside large.
    """
    values, vectors = np.linalg.eigh(block)
    usable = values > (SINGULAR if half is None else 1e-12 * values[-1])
    factor = np.sqrt(values[usable])[:, None] * vectors[:, usable].T
    if half is not None:
        factor = factor @ half
    _, sizes, last = np.linalg.svd(factor, full_matrices=False)
    root: Array = (last.T / sizes) @ last
    return root
