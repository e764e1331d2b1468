"""S3 for counts: a hidden bin is not the total less the others.

Bins are counts that stand beside each other in a row and share out its people. Where the row's
total is published, or another row holds the same people, what is hidden must be two bins at least
and 5 people at least: each of them can then be anything from nobody to all of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from rmresearch.privacy.rows import Row

__all__ = ["hidden_too", "veiled"]

SMALLEST = 5


def veiled(
    rows: Sequence[Row | None], margins: Set[frozenset[str]]
) -> Mapping[Row, frozenset[int]]:
    """The bins of a table's rows that are hidden so that no other is told.

    ``margins`` are the sets of people whose number is published. A bin that is hidden in one row
    is hidden in all that hold some of its people (an arm, and all arms).
    """
    found = {row: _hidden(row) for row in rows if row is not None and row.bins}
    people = {row: _people(row) for row in found}
    while True:
        before = dict(found)
        for row, hidden in before.items():
            others = [o for o in found if o is not row and people[o] & people[row]]
            more = hidden.union(*(found[o] & frozenset(row.bins) for o in others))
            if others or people[row] in margins:
                counts = {i: int(row.cells[i].value or 0) for i in row.bins}
                more |= hidden_too(counts, more)
            found[row] = more
        if found == before:
            return {row: hidden - _hidden(row) for row, hidden in found.items()}


def hidden_too(counts: Mapping[int, int], hidden: Set[int]) -> frozenset[int]:
    """Bins to hide beside the ``hidden`` ones, the smallest first, where the total is known.

    >>> sorted(hidden_too({0: 9, 1: 4, 2: 5}, {1}))
    [2]
    """
    more: set[int] = set()
    while hidden:
        all_hidden = hidden | more
        left = sorted((count, i) for i, count in counts.items() if i not in all_hidden)
        unknown = sum(counts[i] for i in all_hidden)
        enough = len(all_hidden) > 1 and unknown >= min(SMALLEST, sum(counts.values()))
        if enough or not left:
            break
        more.add(left[0][1])
    return frozenset(more)


def _hidden(row: Row) -> frozenset[int]:
    return frozenset(i for i in row.bins if row.found[i].rule is not None)


def _people(row: Row) -> frozenset[str]:
    return frozenset[str]().union(*(row.cells[i].members for i in row.bins))
