"""Small matrices in lanes: (m, n, ...) with the lanes (classes of blocks, replicates) last.

Arithmetic on a few rows and columns runs as whole-array operations along the lanes; where the
matrices are large or the lanes few, the library's own stacked routines are quicker.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array

__all__ = [
    "SMALL",
    "cholesky",
    "forward",
    "inverse",
    "inverse_root",
    "last",
    "product",
    "solve",
    "trace",
    "transposed",
    "upper",
]

#: matrices up to this size, in at least so many lanes, are worked on lane by lane
SMALL, LANES = 10, 24
#: steps that a root is given, the share by which the last but one moves, and how far from the
#: identity its square times the matrix may be
ROOT_STEPS, ROOT_NEAR, ROOT_GAP = 14, 1e-8, 1e-11


def last(a: Array, own: int) -> Array:
    """All axes but the ``own`` last ones, as one, behind these: (..., i, j) to (i, j, lanes)."""
    lead = a.ndim - own
    turned = a.transpose(*range(lead, a.ndim), *range(lead))
    return turned.reshape(*a.shape[lead:], -1)


def transposed(a: Array) -> Array:
    """Rows and columns swapped."""
    return a.swapaxes(0, 1)


@cache
def upper(m: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    """Places on and above the diagonal of (m, m): rows, columns, and how often each stands."""
    i, j = np.triu_indices(m)
    return i, j, np.where(i == j, 1.0, 2.0)


def trace(a: Array) -> Array:
    """The sum of the diagonal of (m, m, ...)."""
    size = np.arange(a.shape[0])
    total: Array = np.add.reduce(a[size, size])
    return total


def product(a: Array, b: Array) -> Array:
    """a b: (i, k, ...) and (k, j, ...) give (i, j, ...); lanes broadcast."""
    if a.shape[1] > SMALL or max(_lanes_of(a), _lanes_of(b)) < LANES:
        return _lanes(_stacked(a) @ _stacked(b))
    result: Array = a[:, 0, None] * b[None, 0]
    part = np.empty(result.shape)
    for k in range(1, a.shape[1]):
        np.multiply(a[:, k, None], b[None, k], out=part)
        result += part
    return result


def inverse(a: Array) -> tuple[Array, Array]:
    """The inverse of symmetric positive definite ``a`` (m, m, ...) and its log determinant (...).

    Gauss and Jordan's elimination without pivoting, which is stable for such matrices.
    """
    m = a.shape[0]
    if m > SMALL or _lanes_of(a) < LANES:
        stacked = _stacked(a)
        found: Array = _lanes(np.asarray(np.linalg.inv(stacked), dtype=float))
        return 0.5 * (found + transposed(found)), np.linalg.slogdet(stacked)[1]
    work = np.array(a)
    volume = np.ones(a.shape[2:])
    part = np.empty(a.shape)
    for k in range(m):
        pivot = work[k, k].copy()
        volume *= pivot
        np.divide(1.0, pivot, out=pivot)
        column = work[:, k].copy()
        row = column * pivot
        np.multiply(column[:, None], row[None], out=part)
        work -= part
        work[k] = row
        work[:, k] = row
        np.negative(pivot, out=work[k, k])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.negative(work, out=work), np.log(volume)


def cholesky(a: Array) -> Array:
    """The lower L (m, m, ...) with L L' = ``a``, symmetric positive definite."""
    m = a.shape[0]
    if m > SMALL or _lanes_of(a) < LANES:
        return _lanes(np.asarray(np.linalg.cholesky(_stacked(a)), dtype=float))
    lower = np.zeros(a.shape)
    for j in range(m):
        column = a[j:, j] - np.add.reduce(lower[j:, :j] * lower[j, :j], axis=1)
        lower[j:, j] = column / np.sqrt(column[0])
    return lower


def forward(lower: Array, b: Array) -> Array:
    """L^-1 b of ``lower`` (m, m, ...) and ``b`` (m, n, ...)."""
    m = lower.shape[0]
    if m > SMALL or _lanes_of(b) < LANES:
        return _lanes(np.asarray(np.linalg.solve(_stacked(lower), _stacked(b)), dtype=float))
    x = np.array(b)
    for i in range(m):
        for j in range(i):
            x[i] -= lower[i, j] * x[j]
        x[i] /= lower[i, i]
    return x


def inverse_root(a: Array) -> tuple[Array, NDArray[np.bool_]]:
    """a^(-1/2) of symmetric positive definite ``a`` (m, m, R), and where it is sound (R,).

    Denman and Beavers' iteration in the product's scaling (Higham 2008, Functions of Matrices,
    section 6.3); sound is where the root's square inverts ``a`` to rounding. None is where
    matrices are large or few: others take longer there than the library's own decompositions.
    """
    m, lanes = a.shape[0], _lanes_of(a)
    if m > SMALL or lanes < LANES:
        return np.zeros(a.shape), np.zeros(lanes, dtype=bool)
    x, z = a, np.broadcast_to(np.eye(m)[..., None], a.shape)
    with np.errstate(all="ignore"):
        for _ in range(ROOT_STEPS):
            (back, size), (other, less) = inverse(x), inverse(z)
            scale = np.exp(-(size + less) / (2.0 * m))
            closer = 0.5 * (scale * x + other / scale)
            z = 0.5 * (scale * z + back / scale)
            moved = np.abs(closer - x).max(axis=(0, 1)) / np.abs(closer).max(axis=(0, 1))
            x = closer
            if not (moved > ROOT_NEAR).any():  # the next step would only move rounding
                break
        gap = product(product(z, a), z)
        gap[np.arange(m), np.arange(m)] -= 1.0
        sound: NDArray[np.bool_] = np.abs(gap).max(axis=(0, 1)) < ROOT_GAP
    return z, sound


def solve(a: Array, b: Array, least: float) -> tuple[Array, NDArray[np.bool_]]:
    """a^-1 b of ``a`` (m, m, R) and ``b`` (m, R); and where a is soundly positive definite (R,).

    Elimination without pivoting, so that the answer holds only there: where every pivot is above
    ``least`` of the largest diagonal entry.
    """
    m = b.shape[0]
    work, x = a.copy(), b.copy()
    limit = least * np.abs(a[np.arange(m), np.arange(m)]).max(axis=0)
    sound = np.ones(b.shape[1], dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for i in range(m):
            sound &= work[i, i] > limit
            for j in range(i + 1, m):
                share = work[j, i] / work[i, i]
                work[j, i + 1 :] -= share * work[i, i + 1 :]
                x[j] -= share * x[i]
        for i in range(m - 1, -1, -1):
            for j in range(i + 1, m):
                x[i] -= work[i, j] * x[j]
            x[i] /= work[i, i]
    return x, sound


def _lanes_of(a: Array) -> int:
    return int(a.size) // int(a.shape[0] * a.shape[1])


def _stacked(a: Array) -> Array:
    """(m, n, ...) to (..., m, n)."""
    return a.transpose(*range(2, a.ndim), 0, 1)


def _lanes(a: Array) -> Array:
    """(..., m, n) to (m, n, ...)."""
    return a.transpose(a.ndim - 2, a.ndim - 1, *range(a.ndim - 2))
