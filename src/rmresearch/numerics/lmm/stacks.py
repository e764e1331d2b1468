"""Clusters of rows as stacks of equal size, and what makes the covariance of their rows.

Clusters with the same rows of x and z, grouped in the same way, form a class: whatever follows
from the model alone is computed once a class. Within a class everything is turned into a basis of
the span of its z and x, outside of which rows are independent, no coefficient reaches, and
nothing needs adjusting: a department of 2,000 rows costs what its people and coefficients cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.blocks import numbered
from rmresearch.numerics.lmm.terms import Codes, Ready

__all__ = ["Alike", "Stack", "stacks"]

#: a column of which the others leave less than this share of the largest adds nothing to a span
FLAT = 1e-10
#: rows of a cluster up to which those that are there make a number
MOST_BITS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """G clusters of s rows in C classes, in r coordinates.

    ``rows`` (G, s), ``kind`` (G,) the class of each cluster, ``turn`` (C, s, r) orthonormal,
    ``x`` (C, r, p), ``kernels`` (K, C, r, r): V0 = I + sum over k of d_k kernels[k], d the free
    entries of the relative covariances.
    """

    rows: Codes
    kind: Codes
    turn: Array
    x: Array
    kernels: Array

    def alike(self, replicates: int, there: NDArray[np.bool_] | None) -> Alike:
        """Which clusters are alike in each replicate, ``there`` (R, n) its rows (None: all)."""
        classes, first = self.x.shape[0], np.arange(replicates)[:, None]
        if there is None:
            count = np.bincount(self.kind, minlength=classes)
            return Alike(
                replicate=np.repeat(first.ravel(), classes),
                kind=np.tile(np.arange(classes), replicates),
                count=np.tile(count, replicates),
                there=None,
                of=first * classes + self.kind,
            )
        seen, bits = there[:, self.rows], self.rows.shape[1]
        code = first * classes + self.kind
        if bits <= MOST_BITS:
            code = (code << bits) + seen @ (1 << np.arange(bits))
        else:
            code = np.arange(code.size).reshape(code.shape)
        found, of = numbered(code)
        some = np.empty(found.size, dtype=np.intp)
        some[of.ravel()] = np.arange(code.size)
        return Alike(
            replicate=some // code.shape[1],
            kind=self.kind[some % code.shape[1]],
            count=np.bincount(of.ravel()),
            there=seen.reshape(-1, bits)[some],
            of=of,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Clusters that are alike in a replicate, T in all of them, replicate after replicate.

    ``replicate``, ``kind`` (the class) and ``count`` of clusters (T,); ``there`` (T, s) their rows
    (None: all); ``of`` (R, G) where each cluster stands among them.
    """

    replicate: Codes
    kind: Codes
    count: Codes
    there: NDArray[np.bool_] | None
    of: Codes


def stacks(
    q: Array, cluster: Codes, terms: Sequence[Ready], *, whole: bool = True
) -> tuple[Stack, ...]:
    """The stacks of ``cluster`` (n,), ``q`` (n, p) a basis of x; each size once.

    Not ``whole``: rows may be absent, so each cluster stays in its own rows.
    """
    codes, sizes = np.unique(cluster, return_inverse=True, return_counts=True)[1:]
    # Rounded, so that rows that differ by rounding alone keep one order in every cluster.
    alike = np.round(np.column_stack([q * np.sqrt(len(q)), *(t.z for t in terms)]), 11) + 0.0
    order = np.lexsort((*(t.codes for t in terms), *alike.T, codes))
    starts = np.cumsum(sizes) - sizes
    found = []
    for size in np.unique(sizes):
        rows = order[starts[sizes == size][:, None] + np.arange(size)]
        same = [_first(term.codes[rows]) for term in terms]
        parts = [np.round(q[rows] * np.sqrt(len(q)), 12), *(np.round(t.z[rows], 12) for t in terms)]
        key = np.concatenate([p.reshape(len(rows), -1) for p in (*parts, *same)], axis=1) + 0.0
        kind = _same_rows(key)
        chosen = np.unique(kind, return_index=True)[1]
        inside, codes_inside = rows[chosen], [one[chosen] for one in same]
        found.append(_stack(rows, kind, inside, codes_inside, q, terms, whole))
    return tuple(found)


def _same_rows(key: Array) -> Codes:
    """A number for each row (G,) that rows of one content share, as they come."""
    numbers: dict[bytes, int] = {}
    each = (numbers.setdefault(row.tobytes(), len(numbers)) for row in key)
    return np.fromiter(each, np.intp, len(key))


def _first(codes: Codes) -> Codes:
    """Levels numbered by the first row of their cluster, (G, s), that has them."""
    order = np.argsort(codes, axis=1, kind="stable")
    ranked = np.take_along_axis(codes, order, axis=1)
    fresh = np.ones_like(ranked, dtype=bool)
    fresh[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    start = np.maximum.accumulate(np.where(fresh, np.arange(codes.shape[1]), 0), axis=1)
    found = np.empty_like(order)
    np.put_along_axis(found, order, np.take_along_axis(order, start, axis=1), axis=1)
    return found


def _stack(
    rows: Codes,
    kind: Codes,
    inside: Codes,
    codes: Sequence[Codes],
    q: Array,
    terms: Sequence[Ready],
    whole: bool,
) -> Stack:
    c, s = inside.shape
    x = q[inside]
    spread = [_columns(one, term.z[inside]) for one, term in zip(codes, terms, strict=True)]
    turn = np.broadcast_to(np.eye(s), (c, s, s))
    if whole and q.shape[1] + sum(z.shape[2] * z.shape[3] for z in spread) < s:
        flat = [z.reshape(c, s, -1) for z in spread]
        turn = _span(np.concatenate([x * np.sqrt(len(q)), *flat], axis=2))
    back = turn.swapaxes(1, 2)
    kernels = []
    for z, term in zip(spread, terms, strict=True):
        turned = back[:, None] @ z.transpose(0, 2, 1, 3)
        for i, j in zip(term.rows, term.columns, strict=True):
            kernel = turned[:, i] @ turned[:, j].swapaxes(1, 2)
            kernels.append(kernel if i == j else kernel + kernel.swapaxes(1, 2))
    return Stack(rows, kind, turn, back @ x, np.stack(kernels))


def _columns(codes: Codes, z: Array) -> Array:
    """Z of one term in each class: (C, s, q, levels); ``codes`` (C, s) as ``_first`` has them."""
    c, s = codes.shape
    fresh = np.cumsum(codes == np.arange(s), axis=1) - 1
    named = np.take_along_axis(fresh, codes, axis=1)
    found = np.zeros((c, s, z.shape[2], int(named.max()) + 1))
    found[np.arange(c)[:, None], np.arange(s), :, named] = z
    return found


def _span(columns: Array) -> Array:
    """An orthonormal basis (C, s, r) of each class's columns; r is the largest rank."""
    found, rank = [], 0
    for one in columns:
        axes, r, _ = linalg.qr(one, mode="economic", pivoting=True, check_finite=False)
        left = np.abs(np.diagonal(r))
        rank = max(rank, int((left > FLAT * left[0]).sum()))
        found.append(axes)
    return np.stack([axes[:, :rank] for axes in found])
