"""Replicates that lack rows of their own: which blocks are alike in each of them.

Few rows make a block, so there are few ways to lack some. Blocks whose rows are alike in x and z
form a cell; what a block gives follows from its cell and from which of its rows are there. In each
replicate only the blocks of each such part are counted, and their outcomes summed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lanes import SMALL, upper
from rmresearch.numerics.lmm.blocks import Family, alike, numbered
from rmresearch.numerics.lmm.moments import Moments
from rmresearch.numerics.lmm.terms import Codes

__all__ = ["Parts", "parted"]

#: rows of a block up to which its patterns are told apart
MOST_ROWS = 16
#: classes, as a share of the blocks, above which counting gains nothing
WORTH = 0.7
#: numbers that the parts' products may hold
ROOM = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """J parts of cells with rows in some replicate, in C classes of equal Z'Z.

    ``g`` (C, m, m), ``kind`` (J,) the class of each part, ``sums`` (J, m, p) its Z'q, ``counts``
    (J, R) its blocks in each replicate, ``of`` (blocks, R) the part of each, J where no row is.
    """

    g: Array
    kind: Codes
    sums: Array
    counts: Array
    of: Codes

    def moments(self, family: Family, v: Array) -> Moments:
        """The moments with ``v`` (blocks, m, R), the outcomes' Z'y."""
        m, p = self.sums.shape[1:]
        (i, j, _), (a, b, _) = upper(m), upper(p)
        parts, replicates = self.counts.shape
        classes = len(self.g)
        place = (self.of * replicates + np.arange(replicates)).ravel()
        held = [_summed(one, place, parts, replicates) for one in v.swapaxes(0, 1)]
        squares = (v[:, one] * v[:, other] for one, other in zip(i, j, strict=True))
        u = self.sums
        both = u[:, i][:, :, a] * u[:, j][:, :, b] + u[:, j][:, :, a] * u[:, i][:, :, b]
        flat = 0.5 * both.transpose(2, 1, 0).reshape(a.size * i.size, parts)
        side = np.zeros((p, i.size, m, parts))
        for s, (one, other) in enumerate(zip(i, j, strict=True)):
            side[:, s, other] += 0.5 * u[:, one].T
            side[:, s, one] += 0.5 * u[:, other].T
        xx = np.empty((a.size * i.size, classes, replicates))
        xy = np.empty((p * i.size, classes, replicates))
        counts = np.empty((classes, replicates))
        for c in range(classes):
            mine = np.flatnonzero(self.kind == c)
            counts[c] = self.counts[mine].sum(axis=0)
            xx[:, c] = flat[:, mine] @ self.counts[mine]
            inside = np.concatenate([one[mine] for one in held])
            xy[:, c] = side[..., mine].reshape(p * i.size, -1) @ inside
        whole = np.append(self.kind, classes)[self.of]
        place = (whole * replicates + np.arange(replicates)).ravel()
        return Moments(
            family=family,
            g=np.ascontiguousarray(np.moveaxis(self.g, 0, -1))[..., None],
            counts=counts,
            xx=xx.reshape(a.size, i.size, classes, replicates),
            xy=xy.reshape(p, i.size, classes, replicates),
            yy=np.stack([_summed(one, place, classes, replicates) for one in squares]),
        )


def _summed(values: Array, place: Codes, parts: int, replicates: int) -> Array:
    """``values`` (blocks, R) summed by part: (parts, R); those without rows are left out."""
    found = np.bincount(place, values.ravel(), (parts + 1) * replicates).astype(float, copy=False)
    return found.reshape(parts + 1, replicates)[:parts]


def parted(family: Family, q: Array, here: NDArray[np.bool_]) -> Parts | None:
    """The parts of a family, ``q`` (n, p) a basis of x, ``here`` (n, R) which rows there are.

    None where the blocks are better taken one by one: they are large, few, or all different.
    """
    m, (rows, of_row, z) = family.g.shape[-1], _effects(family)
    sizes = np.bincount(of_row)
    most = int(sizes.max())
    if m > SMALL or most > MOST_ROWS:
        return None
    kinds = np.round(np.column_stack([z, q[rows] * np.sqrt(len(q))]), 11) + 0.0
    label = alike(kinds)[1]
    order = np.lexsort((label, of_row))
    column = np.arange(rows.size) - (np.cumsum(sizes) - sizes)[of_row[order]]
    place = np.full((len(sizes), most), -1, dtype=np.intp)
    place[of_row[order], column] = order
    chosen, cell, _ = alike(np.where(place < 0, -1, label[place]).astype(float))
    code = _codes(place, rows, here) + (cell << most)[:, None]
    numbers, of = _with_rows(code, most)
    there = ((numbers[:, None] >> np.arange(most)) & 1).astype(float)[..., None]
    example = place[chosen[numbers >> most]]
    return _parts(z[example] * there, q[rows[example]] * there, of)


def _effects(family: Family) -> tuple[Codes, Codes, Array]:
    """The rows of a family's blocks, the block of each, and its z in it (rows, m)."""
    m, by_row = family.g.shape[-1], family.gather.T.tocsr()
    entries = np.diff(by_row.indptr)
    rows = np.flatnonzero(entries)
    z = np.zeros((rows.size, m))
    z[np.repeat(np.arange(rows.size), entries[rows]), by_row.indices % m] = by_row.data
    return rows, by_row.indices[by_row.indptr[rows]].astype(np.intp) // m, z


def _codes(place: Codes, rows: Codes, here: NDArray[np.bool_]) -> Codes:
    """Which rows of each block are there, as the bits of a number: (blocks, R)."""
    code = np.zeros((len(place), here.shape[1]), dtype=np.intp)
    for bit, column in enumerate(place.T):
        known = column >= 0
        code[known] |= here[rows[column[known]]].astype(np.intp) << bit
    return code


def _with_rows(code: Codes, most: int) -> tuple[Codes, Codes]:
    """The different codes that have a row, and the number of each among them, or how many."""
    found, of = numbered(code)
    kept = (found & ((1 << most) - 1)) > 0
    return found[kept], np.where(kept, np.cumsum(kept) - 1, kept.sum())[of]


def _parts(z: Array, q: Array, of: Codes) -> Parts | None:
    """Parts from the rows of each, ``z`` (J, w, m) and ``q`` (J, w, p), absent ones 0."""
    parts, m, p, replicates = len(z), z.shape[2], q.shape[2], of.shape[1]
    i, j, _ = upper(m)
    g = z.swapaxes(1, 2) @ z
    packed = g[:, i, j]
    first, kind, _ = alike(np.round(packed / max(float(np.abs(packed).max()), 1e-300), 12) + 0.0)
    products = parts * i.size * p * (p + 1) // 2
    if len(first) > WORTH * len(of) or products > ROOM or parts * replicates > ROOM:
        return None
    place = (of * replicates + np.arange(replicates)).ravel()
    counts = np.bincount(place, minlength=(parts + 1) * replicates)
    return Parts(
        g=g[first],
        kind=kind,
        sums=z.swapaxes(1, 2) @ q,
        counts=counts.reshape(parts + 1, replicates)[:parts].astype(float),
        of=of,
    )
