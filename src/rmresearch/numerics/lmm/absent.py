"""Replicates whose rows differ: every one has cross-products of its own.

A row that is absent counts as zeros in x, z and y. The blocks stay those of the whole design.
Those that are alike in a replicate are summed (``patterns``); where few are, each stays by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lanes import inverse
from rmresearch.numerics.lmm.blocks import Family
from rmresearch.numerics.lmm.designs import Design
from rmresearch.numerics.lmm.moments import Data, Moments
from rmresearch.numerics.lmm.outcomes import Outcomes
from rmresearch.numerics.lmm.patterns import parted

__all__ = ["OWN_CHUNK", "own_data", "own_moments"]

#: replicates with rows of their own that are worked on at once
OWN_CHUNK = 512

#: least eigenvalue of the masked basis' cross-product at which its columns still stand apart
LOST = 1e-9


def own_data(
    y: Array, present: NDArray[np.bool_], design: Design, reml: bool
) -> tuple[Data, Outcomes]:
    """Moments of ``y`` (R, n) at the rows ``present`` (R, n).

    Coefficients are NaN where too few rows are left, or they cannot tell columns of x apart.
    """
    q, p = design.basis.q, design.p
    here = np.array(present.T, dtype=float, order="C")
    left = np.where(present, y, 0.0).T.copy()
    rows = here.sum(axis=0)
    a, b = np.triu_indices(p)
    packed = (q[:, a] * q[:, b]).T @ here
    base = np.empty((p, p, here.shape[1]))
    base[a, b] = base[b, a] = packed
    unfit = (rows <= p) | (np.linalg.eigvalsh(np.moveaxis(base, -1, 0))[:, 0] < LOST)
    base[..., unfit] = np.eye(p)[..., None]
    middle = np.zeros(rows.size)
    if design.basis.ones is not None:
        middle = left.sum(axis=0) / np.maximum(rows, 1.0)
        left -= middle
        left *= here
    spread = np.sqrt(np.einsum("nr,nr->r", left, left))
    inner = inverse(base)[0]
    gain = np.zeros((p, rows.size))
    for _ in range(2):
        step = np.einsum("abr,br->ar", inner, q.T @ left)
        left -= (q @ step) * here
        gain += step
    length = np.sqrt(np.einsum("nr,nr->r", left, left))
    exact = length <= np.maximum(1e-11 * spread, 1e-14 * np.sqrt(rows) * (np.abs(middle) + spread))
    exact |= unfit
    left[:, exact] = 0.0
    df = np.where(unfit, 1.0, rows - p if reml else rows)
    unit = np.where(exact, 1.0, length / np.sqrt(df))
    left /= unit
    coef = design.basis.back @ gain
    if design.basis.ones is not None:
        coef += design.basis.ones[:, None] * middle
    coef[:, unfit] = np.nan
    moments = tuple(_moments(family, design, left, here) for family in design.groups)
    # A replicate without residuals has no criterion; a stand-in keeps the arrays whole.
    data = Data(moments, np.where(exact, 1.0, df), df, base)
    return data, Outcomes(coef, unit, exact)


def own_moments(present: NDArray[np.bool_], design: Design) -> tuple[Moments, ...]:
    """The moments of x alone, those of y 0, at the rows ``present`` (R, n)."""
    here = np.array(present.T, dtype=float, order="C")
    nothing = np.zeros(here.shape)
    return tuple(_moments(family, design, nothing, here) for family in design.groups)


def _moments(family: Family, design: Design, left: Array, here: Array) -> Moments:
    m, p, replicates = family.g.shape[-1], design.p, left.shape[1]
    i, j = np.triu_indices(m)
    a, b = np.triu_indices(p)
    v = np.asarray(family.gather @ design.by_unit(left)).reshape(-1, m, replicates)
    parts = parted(family, design.basis.q, here > 0) if design.units is None else None
    if parts is not None:
        return parts.moments(family, v)
    masked = (design.by_unit(column[:, None] * here) for column in design.basis.q.T)
    u = np.stack([np.asarray(family.gather @ one) for one in masked])
    u = u.reshape(p, -1, m, replicates)
    xy = 0.5 * (u[:, :, i] * v[:, j] + u[:, :, j] * v[:, i]).swapaxes(1, 2)
    yy = (v[:, i] * v[:, j]).swapaxes(0, 1)
    xx = np.empty((a.size, i.size, *v.shape[::2]))
    for place, (first, second) in enumerate(zip(a, b, strict=True)):
        left_, right = u[first], u[second]
        both = left_[:, i] * right[:, j] + left_[:, j] * right[:, i]
        xx[place] = 0.5 * both.swapaxes(0, 1)
    # All rows of a unit have the same z.
    packed = np.asarray(_squares(family) @ design.by_unit(here)).reshape(i.size, -1, replicates)
    g = np.empty((m, m, *packed.shape[1:]))
    g[i, j] = g[j, i] = packed
    return Moments(family, g, np.ones((packed.shape[1], 1)), xx, xy, yy)


def _squares(family: Family) -> sparse.csr_array:
    """Sums rows, or their units, into the packed Z'Z of every block: (S * blocks, n)."""
    m = family.g.shape[-1]
    by_row = family.gather.T.tocsr()
    columns, values = by_row.indices, by_row.data
    sizes = np.diff(by_row.indptr)
    entries = int(sizes.max())
    used = np.flatnonzero(sizes)
    at = by_row.indptr[used]
    place = np.zeros((m, m), dtype=np.intp)
    i, j = np.triu_indices(m)
    place[i, j] = place[j, i] = np.arange(i.size)
    blocks = family.gather.shape[0] // m
    targets, weights = [], []
    for first in range(entries):
        for second in range(entries):
            left, right = columns[at + first], columns[at + second]
            upper = left % m <= right % m
            value = np.where(upper, values[at + first] * values[at + second], 0.0)
            targets.append(place[left % m, right % m] * blocks + left // m)
            weights.append(value)
    source = np.tile(used, len(targets))
    return sparse.csr_array(
        (np.concatenate(weights), (np.concatenate(targets), source)),
        shape=(i.size * blocks, by_row.shape[0]),
    )
