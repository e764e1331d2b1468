"""Small matrices in lanes: (m, n, ...) with the lanes (classes of blocks, replicates) last.

Arithmetic on a few rows and columns runs as whole-array operations along the lanes; where the
matrices are large or the lanes few, the library's own stacked routines are quicker.
"""

from __future__ import annotations

import numpy as np

from rmresearch.numerics.basis import Array

__all__ = ["inverse", "product", "transposed"]

#: matrices up to this size, in at least so many lanes, are worked on lane by lane
SMALL, LANES = 10, 24


def transposed(a: Array) -> Array:
    """Rows and columns swapped."""
    return a.swapaxes(0, 1)


def product(a: Array, b: Array) -> Array:
    """a b: (i, k, ...) and (k, j, ...) give (i, j, ...); lanes broadcast."""
    lanes = np.broadcast_shapes(a.shape[2:], b.shape[2:])
    if a.shape[1] > SMALL or int(np.prod(lanes)) < LANES:
        stacked = np.moveaxis(a, (0, 1), (-2, -1)) @ np.moveaxis(b, (0, 1), (-2, -1))
        return np.moveaxis(stacked, (-2, -1), (0, 1))
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
    if m > SMALL or int(np.prod(a.shape[2:])) < LANES:
        stacked = np.moveaxis(a, (0, 1), (-2, -1))
        found = np.linalg.inv(stacked)
        found = 0.5 * (found + found.swapaxes(-1, -2))
        return np.moveaxis(found, (-2, -1), (0, 1)), np.linalg.slogdet(stacked)[1]
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
