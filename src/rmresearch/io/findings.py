"""What reading finds: held as arrays, turned into lines only when somebody wants to read them.

A file of a million wrong rows is counted whole, but only the lines that are shown are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import Problem, did_you_mean

__all__ = [
    "BAD",
    "NAMED",
    "PLACE",
    "ROW",
    "Findings",
    "is_code",
    "numbered",
    "some",
    "suggesting",
]

#: columns of a mapped table that say where each row came from
PLACE, ROW = "_place", "_row"
#: column of a mapped table that marks rows with a cell that could not be read
BAD = "_bad"
#: unknown codes of one kind that are named; a code longer than SHOWN may be somebody's own words
NAMED, SHOWN = 20, 40

Ints = NDArray[np.int64]
Line = Callable[[int], Problem]


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Lines of one rule: where each stands, and how line ``i`` reads."""

    rule: str
    severity: str
    place: Ints
    row: Ints
    line: Line


class Findings:
    """The problems and notes of one reading, in the order in which they were found."""

    def __init__(self) -> None:
        self.places: list[tuple[str | None, str | None]] = []
        self._parts: list[tuple[str | None, str | None, str]] = []
        self._headers: dict[tuple[int, str], str] = {}
        self.notes: list[str] = []
        self._blocks: list[_Block] = []

    def place(self, file: str | None, sheet: str | None, part: str = "") -> int:
        """The number under which rows of a file's sheet are kept, apart for each ``part``."""
        if (file, sheet, part) not in self._parts:
            self._parts.append((file, sheet, part))
            self.places.append((file, sheet))
        return self._parts.index((file, sheet, part))

    def header(self, place: int, ours: str, theirs: str) -> None:
        """Remember what a file calls one of our columns: problems name the file's."""
        self._headers[place, ours] = theirs

    def note(self, text: str) -> None:
        """Say something that is not a problem; the same words are said once."""
        if text not in self.notes:
            self.notes.append(text)

    def add(self, problem: Problem) -> None:
        """One problem that already knows its place."""
        place = np.array([self.place(problem.file, problem.sheet)])
        row = np.array([-1 if problem.row is None else problem.row])
        self._blocks.append(_Block(problem.rule, problem.severity, place, row, lambda _: problem))

    def each(
        self,
        frame: pd.DataFrame,
        where: NDArray[np.bool_] | Ints,
        problem: Problem,
        *,
        value: str | None = None,
        column: str | None = None,
        more: Callable[[int], str] | None = None,
    ) -> None:
        """One line a row of ``frame`` where ``where`` holds (a mask or positions).

        ``value`` names the column whose value is shown, ``column`` the one that holds the file's
        column by row; ``more(i)`` adds words to what was found at the i-th of these rows.
        """
        at = np.flatnonzero(where) if where.dtype == bool else where
        if not len(at):
            return
        place, row = frame[PLACE].to_numpy()[at], frame[ROW].to_numpy()[at]
        shown = None if value is None else frame[value].to_numpy(object)[at]
        headers = None if column is None else frame[column].to_numpy(object)[at]

        def line(i: int) -> Problem:
            cell = None if shown is None or pd.isna(shown[i]) else _plain(shown[i])
            words = problem.found + (more(i) if more else "")
            header = problem.column if headers is None else str(headers[i])
            return replace(problem, found=words, value=cell, column=header)

        self._blocks.append(_Block(problem.rule, problem.severity, place, row, line))

    def grouped(
        self,
        frame: pd.DataFrame,
        where: NDArray[np.bool_],
        by: str,
        problem: Problem,
        *,
        hint: Callable[[str], str] = lambda _: "",
        show: Callable[[str], bool] = lambda _: True,
        most: int | None = None,
    ) -> None:
        """One line a distinct value of ``by``, at its first row, with the other rows named.

        ``hint(value)`` adds to the fix, as the nearest known value; a value that ``show`` refuses
        is not printed. More than ``most`` values are one line without any of them: such a column
        holds something else than codes, perhaps names.
        """
        at = np.flatnonzero(where)
        if not len(at):
            return
        codes, values = pd.factorize(frame[by].to_numpy(object)[at])
        if most is not None and len(values) > most:
            rows = numbered(frame[ROW].to_numpy()[at])
            found = f"{problem.found}: {len(values):,} different values in {rows}"
            fix = f"Check that the right column is mapped. {problem.fix}"
            self.each(frame, at[:1], replace(problem, found=found, fix=fix))
            return
        order = np.argsort(codes, kind="stable")
        starts = np.searchsorted(codes[order], np.arange(len(values)))
        ends = np.append(starts[1:], len(order))
        place, row = frame[PLACE].to_numpy()[at], frame[ROW].to_numpy()[at]

        def line(i: int) -> Problem:
            mine = order[starts[i] : ends[i]]
            # a survey's row may hold the value in many items
            apart = row.max() + 2
            rows = np.unique(place[mine] * apart + row[mine]) % apart
            value = str(values[i])
            allowed = show(value)
            words = problem.found + (f" ({numbered(rows)})" if len(rows) > 1 else "")
            fix = problem.fix + (hint(value) if allowed else "")
            return replace(problem, found=words, fix=fix, value=value if allowed else None)

        first = order[starts]
        block = _Block(problem.rule, problem.severity, place[first], row[first], line)
        self._blocks.append(block)

    def count(self, severity: str = "error") -> int:
        """How many lines there are."""
        return sum(len(b.row) for b in self._blocks if b.severity == severity)

    def rules(self, severity: str = "error") -> tuple[tuple[str, int], ...]:
        """How many lines each rule has, most first."""
        counts: Counter[str] = Counter()
        for block in self._blocks:
            if block.severity == severity:
                counts[block.rule] += len(block.row)
        return tuple(counts.most_common())

    def lines(self, severity: str = "error", limit: int = 10_000) -> tuple[Problem, ...]:
        """The first ``limit`` lines by file, sheet and row."""
        blocks = [b for b in self._blocks if b.severity == severity]
        if not blocks:
            return ()
        names = [(file or "", sheet or "") for file, sheet in self.places]
        rank = np.array([sorted(set(names)).index(name) for name in names])
        sizes = [len(b.row) for b in blocks]
        which = np.repeat(np.arange(len(blocks)), sizes)
        inside = np.concatenate([np.arange(size) for size in sizes])
        place = np.concatenate([b.place for b in blocks])
        row = np.concatenate([b.row for b in blocks])
        order = np.lexsort((inside, which, row, rank[place]))[:limit]
        return tuple(
            self._at(blocks[b].line(i), p, r)
            for b, i, p, r in zip(
                which[order], inside[order], place[order], row[order], strict=True
            )
        )

    def _at(self, problem: Problem, place: int, row: int) -> Problem:
        file, sheet = self.places[place]
        column = self._headers.get((place, problem.column or ""), problem.column)
        number = None if row < 0 else int(row)
        return replace(problem, file=file, sheet=sheet, row=number, column=column)


def _plain(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def is_code(text: str) -> bool:
    """Whether a text is short enough to be a code rather than somebody's own words."""
    return len(text) <= SHOWN


def suggesting(known: Iterable[str]) -> Callable[[str], str]:
    """``did_you_mean`` for always the same known values."""
    candidates = tuple(known)
    return lambda value: did_you_mean(value, candidates)


def numbered(rows: Sequence[int] | Ints, limit: int = 10) -> str:
    """``3 rows: 17, 203, 204``; beyond ``limit`` the number left out is said."""
    shown = ", ".join(str(int(r)) for r in rows[:limit])
    rest = f" and {len(rows) - limit:,} more" if len(rows) > limit else ""
    return f"{len(rows):,} rows: {shown}{rest}"


def some(names: Iterable[str], limit: int = 12) -> str:
    """A short list of names, each cut at 40 characters, for a message."""
    names = [name if len(name) <= 40 else name[:37] + "..." for name in names]
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + rest
