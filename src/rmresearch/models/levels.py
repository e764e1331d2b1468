"""The levels of grouping columns, numbered in order of appearance: each row is read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Codes", "numbered"]

Codes = NDArray[np.intp]
Known = dict[tuple[str, ...], tuple[Codes, int]]

#: bytes of text that fit into one number, and what keeps the first 0, 1, ... of them
WORD = 8
KEPT = np.array([2 ** (8 * k) - 1 for k in range(WORD + 1)], dtype=np.uint64)
#: an odd number, so that no two products are equal; they spread over a hash table as ids do not
SPREAD = np.uint64(0x9E3779B97F4A7C15)


def numbered(combinations: Sequence[tuple[str, ...]], rows: pd.DataFrame) -> Known:
    """Codes (n,) and number of the levels of each combination of columns, and of its inner column.

    A combination runs from the inner column to the outer ones; its levels are those that occur.

    >>> rows = pd.DataFrame({"pair": list("bbaa"), "person": [1, 2, 1, 1]})
    >>> for columns, (codes, levels) in numbered([("person", "pair")], rows).items():
    ...     print(columns, codes.tolist(), levels)
    ('person',) [0, 1, 0, 0] 2
    ('pair',) [0, 0, 1, 1] 2
    ('person', 'pair') [0, 1, 2, 2] 3
    """
    names = {name for columns in combinations for name in columns}
    keys = {name: _keys(rows[name]) for name in names}
    known: Known = {}
    for columns in sorted(combinations, key=lambda columns: -len(columns)):
        _add(columns, keys, known)
    return known


def _add(columns: tuple[str, ...], keys: Mapping[str, NDArray[Any]], known: Known) -> None:
    """Number the levels of ``columns``, by ``keys`` (n,), and put them into ``known``."""
    if columns in known:
        return
    inner, outer = columns[:1], columns[1:]
    if not outer:
        known[columns] = _factorized(keys[inner[0]])
        return
    _add(inner, keys, known)
    codes, size = known[inner]
    first = np.empty(size, dtype=np.intp)
    first[codes[::-1]] = np.arange(codes.size - 1, -1, -1)
    if all((keys[name][first][codes] == keys[name]).all() for name in outer):
        # Every inner group lies within one outer: one row tells of it.
        few: Known = {}
        _add(outer, {name: keys[name][first] for name in outer}, few)
        for some, (level, count) in few.items():
            known.setdefault(some, (level[codes], count))
        known[columns] = codes, size
        return
    _add(outer, keys, known)
    within, count = known[outer]
    known[columns] = _factorized(codes * np.intp(count) + within)


def _factorized(keys: NDArray[Any]) -> tuple[Codes, int]:
    # Without a hint pandas makes a table for as many levels as rows, and most of it stays empty.
    codes, levels = pd.factorize(keys, size_hint=keys.size // 4)
    return codes.astype(np.intp, copy=False), len(levels)


def _keys(column: pd.Series[Any]) -> NDArray[Any]:
    """Numbers (n,) that are equal where the values are, of a column without missing ones."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy()
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return column.to_numpy()
    words = _words(column)
    return pd.factorize(column)[0] if words is None else words


def _words(column: pd.Series[Any]) -> NDArray[np.uint64] | None:
    """Text as the numbers that its bytes make, or None where it is no short text of Arrow's."""
    if not isinstance(column.array, pd.arrays.ArrowExtensionArray):
        return None
    import pyarrow

    arrow = pyarrow.array(column)
    parts = []
    for chunk in getattr(arrow, "chunks", [arrow]):
        part = _chunk(chunk)
        if part is None:
            return None
        parts.append(part)
    return np.concatenate(parts)


def _chunk(chunk: Any) -> NDArray[np.uint64] | None:
    """The same of one stretch of memory, as Arrow's format lays out text."""
    kind = {"string": "<i4", "large_string": "<i8"}.get(str(chunk.type))
    if kind is None:
        return None
    _, at, data = chunk.buffers()
    ends = np.frombuffer(at, kind)[chunk.offset : chunk.offset + len(chunk) + 1]
    text = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
    length = np.diff(ends)
    # A zero byte would count as the end of its text.
    if length.max(initial=0) > WORD or not text.all():
        return None
    text = np.concatenate([text, np.zeros(WORD, dtype=np.uint8)])
    words = np.ndarray(text.size - WORD + 1, "<u8", text, strides=(1,))
    found: NDArray[np.uint64] = (words[ends[:-1] - ends[0]] & KEPT[length]) * SPREAD
    return found
