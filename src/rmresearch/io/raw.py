"""What every reader of files hands on: a raw table, and what was found on the way to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from rmresearch.errors import Problem
from rmresearch.io.findings import some

__all__ = ["FileLog", "RawTable", "UnreadableError", "column_letters", "name_columns"]

#: problems listed a file; the rest is counted
LISTED = 200
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """One table as it lies in a file: nothing mapped, filtered or trimmed, but for the headers.

    ``frame`` has the stripped header texts as columns, unique, and the row numbers of the
    spreadsheet as index (header row 1, first data row 2; the physical line where a record starts
    in text files; the case number + 1 in SPSS, Stata and Parquet files). Rows without any value are
    left out, and so are rows and columns whose structure is broken; the numbering is kept.
    ``typed`` is False for text files: every cell is a str (pandas' ``str`` dtype), and only an
    empty cell is missing. Where it is True, columns are float64, datetime64, bool or str; a
    column of mixed kinds has dtype object with float, str, bool and datetime cells.
    ``labels`` are SPSS and Stata value labels by column, in the file's order; codes stay in the
    frame, and labels of codes that the file declares missing are left out. ``problems`` are all
    errors: with any, the frame serves further checks only.
    """

    file: str
    sheet: str | None
    frame: pd.DataFrame
    typed: bool
    labels: dict[str, dict[float | str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class UnreadableError(Exception):
    """Reading stops here; ``read_raw`` turns it into a problem, so callers never see it."""

    def __init__(self, rule: str, found: str, fix: str, row: int | None = None) -> None:
        super().__init__(found)
        self.rule, self.found, self.fix, self.row = rule, found, fix, row


class FileLog:
    """Problems and notes of one file, collected while it is read.

    At most 200 problems are listed, and no rule is favoured: a thousand broken rows do not hide
    one merged cell.
    """

    def __init__(self, file: str, sheet: str | None = None) -> None:
        self.file, self.sheet = file, sheet
        self._notes: list[str] = []
        self._seen: Counter[str] = Counter()
        self._kept: list[tuple[int, Problem]] = []

    def error(
        self, rule: str, found: str, fix: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        """Add an error; ``found`` carries no values of cells."""
        if self._seen[rule] < LISTED:
            problem = Problem(rule, found, fix, self.file, self.sheet, row, column)
            self._kept.append((self._seen[rule], problem))
        self._seen[rule] += 1

    def stop(self, reason: UnreadableError) -> None:
        """Add the error that ended the reading."""
        self.error(reason.rule, reason.found, reason.fix, row=reason.row)

    def note(self, text: str) -> None:
        """Add something that was detected and is to be said."""
        place = f"{self.file}, sheet {self.sheet}" if self.sheet else self.file
        self._notes.append(f"{place}: {text}.")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The first problems of each rule, 200 in all, and the total where there are more."""
        total = self._seen.total()
        by_rank = sorted(range(len(self._kept)), key=lambda i: self._kept[i][0])
        listed = tuple(self._kept[i][1] for i in sorted(by_rank[:LISTED]))
        if total <= LISTED:
            return listed
        found = f"{total:,} problems lie in how this file is built; {LISTED} of them are listed"
        more = Problem("more", found, "Repair these and check again.", self.file, self.sheet)
        return (*listed, more)

    def table(
        self,
        frame: pd.DataFrame | None = None,
        *,
        typed: bool = False,
        labels: Mapping[str, Mapping[float | str, str]] | None = None,
    ) -> RawTable:
        """The raw table with everything found so far."""
        return RawTable(
            self.file,
            self.sheet,
            pd.DataFrame() if frame is None else frame,
            typed,
            {column: dict(codes) for column, codes in (labels or {}).items()},
            tuple(self._notes),
            self.problems,
        )


def name_columns(
    header: Sequence[str], filled: Sequence[bool], row: int, log: FileLog
) -> dict[int, str]:
    """Which columns have a usable header: position -> stripped text, in order.

    ``filled`` says which columns hold any value below the header. Headers that are missing over
    values, doubled or numbers throughout are errors; columns without header and values vanish.
    """
    names: dict[int, str] = {}
    places: dict[str, list[int]] = {}
    for position, text in enumerate(header):
        if name := text.strip():
            names[position] = name
            places.setdefault(name, []).append(position)
        elif filled[position]:
            found = f"column {column_letters(position)} holds values but has no header"
            log.error("empty-header", found, "Name the column or empty it.", row=row)
    for name, positions in places.items():
        if len(positions) > 1:
            found = f"columns {some(map(column_letters, positions))} have the same header"
            fix = "Give each column a name of its own."
            log.error("duplicate-header", found, fix, row=row, column=name)
            for position in positions[1:]:
                del names[position]
    trimmed = [name for position, name in names.items() if header[position] != name]
    if trimmed:
        log.note(f"spaces around column names were dropped ({some(trimmed)})")
    if names and all(_NUMBER.fullmatch(name) for name in names.values()):
        found = "the first row holds numbers only, so it looks like data, not like column names"
        log.error("no-header", found, "Put a row of column names above it.", row=row)
    return names


def column_letters(position: int) -> str:
    """The spreadsheet's letters of a column counted from 0: ``column_letters(26)`` is ``"AA"``."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
