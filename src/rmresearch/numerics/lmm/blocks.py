"""Independent blocks of a mixed model: connected components of its grouping factors.

Blocks with as many levels of every term form a family, handled as one stack of small matrices;
within a family, blocks with equal Z'Z form a class, of which only summed products are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from rmresearch.numerics.basis import LONG, Array
from rmresearch.numerics.lanes import upper
from rmresearch.numerics.lmm.terms import Codes, Ready

__all__ = ["Family", "alike", "families", "numbered"]

#: places in a table of all numbers that there could be
TABLE = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Blocks of one shape, m random effects each, in C classes.

    ``g`` (C, m, m) = Z'Z of each class, ``counts`` (C,) its blocks, ``order``: the blocks sorted
    by class, ``spots``: (sizes, classes) runs of classes with one size, ``gather`` (blocks * m, n)
    sums rows, or the sums of their units, into Z'data. The E entries of a block's Cholesky factor
    of D stand at (``rows``, ``columns``) and are ``parameter`` (E,), those of parameter k from
    ``starts[k]`` on; ``along`` (m,): the parameters of a factor that is diagonal, else None.
    """

    g: Array
    counts: Codes
    order: Codes
    spots: tuple[tuple[int, int], ...]
    gather: Any
    rows: Codes
    columns: Codes
    parameter: Codes
    starts: Codes
    along: Codes | None

    @property
    def basis(self) -> Array:
        """(K, m, m): ones where a parameter stands, so that the factor is theta @ basis."""
        m = self.g.shape[-1]
        basis = np.zeros((self.starts.size, m, m))
        basis[self.parameter, self.rows, self.columns] = 1.0
        return basis


def families(terms: Sequence[Ready], count: Array | None = None) -> tuple[Family, ...]:
    """The families of the model; columns within a block run by term, level, effect.

    ``count`` (n,): how many rows each row of the terms stands for, None: one.
    """
    block_of_row, block_of_level = _components(terms)
    places, counts = _places(terms, block_of_row, block_of_level, count)
    first, kind, _ = alike(counts.astype(float))
    found = []
    for number, shape in enumerate(counts[first]):
        inside = np.flatnonzero(kind == number)
        index = np.full(kind.size, -1, dtype=np.intp)
        index[inside] = np.arange(inside.size)
        of_row = index[block_of_row]
        rows = np.flatnonzero(of_row >= 0)
        found.append(_family(terms, shape, rows, of_row[rows], places, inside.size, count))
    return tuple(found)


def _components(terms: Sequence[Ready]) -> tuple[Codes, list[Codes]]:
    """The block of every row, and of every level of every term."""
    nested = _nested(terms)
    if nested is not None:
        return nested
    starts = np.cumsum([0] + [term.levels for term in terms])
    first = terms[0].codes
    sources = np.concatenate([first for _ in terms])
    targets = np.concatenate([t.codes + s for t, s in zip(terms, starts, strict=False)])
    size = int(starts[-1])
    edges = sparse.coo_array((np.ones(sources.size), (sources, targets)), shape=(size, size))
    _, label = csgraph.connected_components(edges, directed=False)
    label = label.astype(np.intp)
    return label[first], [label[s : s + t.levels] for t, s in zip(terms, starts, strict=False)]


def _nested(terms: Sequence[Ready]) -> tuple[Codes, list[Codes]] | None:
    """The same, where every level of every term lies within one level of the coarsest."""
    coarse = min(terms, key=lambda term: term.levels).codes
    holders = []
    for term in terms:
        holder = np.empty(term.levels, dtype=np.intp)
        holder[term.codes] = coarse
        if (holder[term.codes] != coarse).any():
            return None
        holders.append(holder)
    return coarse, holders


def _places(
    terms: Sequence[Ready], rows: Codes, levels: Sequence[Codes], count: Array | None
) -> tuple[list[Codes], Codes]:
    """Each row's place among its block's levels, per term; levels per block and term (B, T).

    Levels with more rows, then larger z'z, stand later: blocks that differ by the order of their
    people only then fall into one class.
    """
    blocks = int(rows.max()) + 1
    places, counts = [], np.empty((blocks, len(terms)), dtype=np.intp)
    for number, (term, block) in enumerate(zip(terms, levels, strict=True)):
        counts[:, number] = np.bincount(block, minlength=blocks)
        if counts[:, number].max() == 1:
            places.append(np.zeros(term.codes.size, dtype=np.intp))
            continue
        order = _order(term, block, count)
        start = np.concatenate([[0], np.cumsum(counts[:, number])[:-1]])
        place = np.empty(term.levels, dtype=np.intp)
        place[order] = np.arange(term.levels) - start[block[order]]
        places.append(place[term.codes])
    return places, counts


def _order(term: Ready, block: Codes, count: Array | None) -> Codes:
    """The levels of ``term`` by block, then by rows, then by z'z."""
    rows = np.bincount(term.codes, count, term.levels)
    if np.ptp(term.z) > 0:
        columns = (term.z[:, 0], *(term.z * term.z).T)
        sums = (np.bincount(term.codes, column, term.levels) for column in columns)
        return np.lexsort([*(np.round(one, 9) for one in sums), rows, block])
    most = int(rows.max()) + 1
    if (int(block.max()) + 1) * most * term.levels >= 2**62:
        return np.lexsort([rows, block])
    # One number tells all of a level, and sorts more quickly than several.
    key = (block * most + rows.astype(np.intp)) * term.levels + np.arange(term.levels)
    return np.sort(key) % term.levels


def _family(
    terms: Sequence[Ready],
    shape: NDArray[Any],
    rows: Codes,
    block: Codes,
    places: Sequence[Codes],
    blocks: int,
    count: Array | None,
) -> Family:
    n, m = (
        terms[0].codes.size,
        sum(int(k) * t.z.shape[1] for t, k in zip(terms, shape, strict=True)),
    )
    width = np.int32 if max(blocks * m, n) < 2**31 else np.intp
    here = slice(None) if rows.size == n else rows
    inside, values, offset = [], [], 0
    for term, place, levels in zip(terms, places, shape, strict=True):
        q = term.z.shape[1]
        for effect in range(q):
            inside.append(place[here] * q + (offset + effect))
            values.append(term.z[here, effect])
        offset += int(levels) * q
    times = None if count is None else count[here]
    classes = _classes(_squares(block, inside, values, m, times), m)
    targets = np.concatenate([(block * m + one).astype(width) for one in inside])
    sources = np.tile(rows.astype(width), len(values))
    gather = sparse.csr_array((np.concatenate(values), (targets, sources)), shape=(blocks * m, n))
    return Family(gather=gather, **classes, **_entries(terms, shape))


def _classes(packed: Array, m: int) -> dict[str, Any]:
    """The classes of blocks with equal Z'Z, ``packed`` (blocks, S), as a family has them."""
    keys = packed / max(packed.max(), -packed.min())
    np.round(keys, 12, out=keys)
    keys += 0.0  # no negative zeros
    first, label, times = alike(keys)
    by_size = np.argsort(times, kind="stable")
    rank = np.empty_like(by_size)
    rank[by_size] = np.arange(by_size.size)
    sizes, runs = np.unique(times, return_counts=True)
    i, j, _ = upper(m)
    g = np.empty((by_size.size, m, m))
    g[:, i, j] = g[:, j, i] = packed[first[by_size]]
    return {
        "g": g,
        "counts": times[by_size].astype(np.intp),
        "order": np.argsort(rank[label.reshape(-1)], kind="stable").astype(np.intp),
        "spots": tuple((int(s), int(r)) for s, r in zip(sizes, runs, strict=True)),
    }


def _squares(
    block: Codes, inside: Sequence[Codes], values: Sequence[Array], m: int, count: Array | None
) -> Array:
    """Z'Z of every block, packed (blocks, S), from where ``inside`` it each row's z stands."""
    i, j, _ = upper(m)
    place = np.empty((m, m), dtype=np.intp)
    place[i, j] = place[j, i] = np.arange(i.size)
    size = (int(block.max()) + 1) * i.size
    first, found = block * i.size, np.zeros(size)
    for a, left in enumerate(values):
        for b, right in enumerate(values[a:], a):
            both = left * right if count is None else left * right * count
            spot = place.take(inside[a] * m + inside[b])
            found += np.bincount(first + spot, both, size)
    return found.reshape(-1, i.size)


def alike(keys: Array) -> tuple[Codes, Codes, Codes]:
    """Of equal rows of ``keys`` (B, w): a first one, the kind (B,) of each, and how many."""
    names = keys @ np.random.default_rng(0).uniform(1.0, 2.0, keys.shape[1])
    _, first, label, count = np.unique(
        names, return_index=True, return_inverse=True, return_counts=True
    )
    runs = (slice(start, start + LONG) for start in range(0, len(keys), LONG))
    if not all((keys[run] == keys.take(first[label[run]], axis=0)).all() for run in runs):
        # Two kinds share a name: compare them in full.
        _, first, label, count = np.unique(
            keys, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
    return first, label.reshape(-1), count


def numbered(code: Codes) -> tuple[Codes, Codes]:
    """The different numbers in ``code``, none below 0, in order; and which of them each is."""
    size = int(code.max()) + 1
    if size > TABLE:
        found, of = np.unique(code, return_inverse=True)
        return found, of.reshape(code.shape)
    seen = np.zeros(size, dtype=bool)
    seen[code.ravel()] = True
    found = np.flatnonzero(seen)
    table = np.empty(size, dtype=np.intp)
    table[found] = np.arange(found.size)
    return found, table[code]


def _entries(terms: Sequence[Ready], shape: NDArray[Any]) -> dict[str, Any]:
    """Where the parameters stand, parameter by parameter, level by level."""
    rows, columns, starts, offset = [], [], [0], 0
    for term, levels in zip(terms, shape, strict=True):
        q = term.z.shape[1]
        first = offset + q * np.arange(int(levels))
        for row, column in zip(term.rows, term.columns, strict=True):
            rows.append(first + row)
            columns.append(first + column)
            starts.append(starts[-1] + int(levels))
        offset += int(levels) * q
    row, column = np.concatenate(rows).astype(np.intp), np.concatenate(columns).astype(np.intp)
    parameter = np.repeat(np.arange(len(rows)), np.diff(starts))
    along = np.empty(offset, dtype=np.intp)
    along[row] = parameter
    return {
        "rows": row,
        "columns": column,
        "parameter": parameter,
        "starts": np.array(starts[:-1], dtype=np.intp),
        "along": along if (row == column).all() else None,
    }
