"""One column of a file: its distinct cells once, and codes into them.

Everything a study.toml says about values (missing codes, recoding, dates, decimal commas) is done
on the distinct cells, so that a million rows cost little more than their few answers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["DATE_FAULTS", "Cell", "Column", "canonical", "constant", "joined"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Cell = Any

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
SERIAL = re.compile(r"\d{5}(\.\d+)?")
SLASHED = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})\b.*")
OFFSET = re.compile(r".*\d\d:\d\d.*?(Z|UTC|[+-]\d\d:?\d\d)")
YES, NO = {"true", "yes", "1"}, {"false", "no", "0"}

#: what can be wrong with a date: found, and what to do
DATE_FAULTS = {
    1: ("is not a date as declared", "Correct it, or declare date_format for this table."),
    2: (
        "is a spreadsheet's serial number, not a date",
        "Format the column as dates in the spreadsheet and save it again.",
    ),
    3: (
        "does not follow date_format; in this column day or month could come first",
        'Declare date_format = "%d/%m/%Y" or "%m/%d/%Y" (with the separators of the file), '
        "and correct rows that do not follow it.",
    ),
    4: (
        "has another time zone than the other rows",
        "Bring all times to one time zone before reading.",
    ),
    5: ("lies outside the years 1950-2100", "Correct the year."),
    6: (
        "stands as text beside real dates: the spreadsheet may have swapped day and month in those",
        "Enter the whole column as dates, or the whole column as text with date_format.",
    ),
}


def canonical(cell: Cell) -> str:
    """A cell as the text that study.toml compares with: trimmed, whole numbers without ``.0``."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, float | np.floating):
        number = float(cell)
        return str(int(number)) if number.is_integer() else repr(number)
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time() and cell.tzinfo is None
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    return str(cell).strip()


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Rows as codes into distinct cells; a code of -1 is a missing cell.

    ``cells`` are as the file typed them, ``text`` their canonical form (distinct), ``label`` the
    value label that SPSS or Stata keep beside a code. ``padded`` marks rows whose text had spaces
    around it, where there are any.
    """

    codes: Ints
    cells: tuple[Cell, ...]
    text: tuple[str, ...]
    label: tuple[str | None, ...]
    padded: Flags | None = None

    @classmethod
    def of(
        cls,
        series: pd.Series[Any],
        missing: Collection[str] = (),
        labels: Mapping[float | str, str] | None = None,
    ) -> Column:
        """A file's column; empty cells and declared missing codes (or their labels) are missing."""
        raw, uniques = pd.factorize(series)
        cells: list[Cell] = uniques.tolist()
        texts = [canonical(cell) for cell in cells]
        wording = _labels(labels or {})
        gone = {"", *(code.strip() for code in missing)}
        codes, padded = raw.astype(np.int64), _padded(raw, cells, texts)
        first = dict.fromkeys(texts)
        if len(first) < len(texts) or not gone.isdisjoint(first) or wording:
            codes, cells, texts = _merged(raw, cells, texts, wording, gone)
        trimmed = tuple(t if isinstance(c, str) else c for c, t in zip(cells, texts, strict=True))
        return cls(codes, trimmed, tuple(texts), tuple(map(wording.get, texts)), padded)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def missing(self) -> Flags:
        """Rows without a value."""
        return self.codes < 0

    def take(self, rows: Flags | Ints) -> Column:
        """The same column for some rows."""
        padded = None if self.padded is None else self.padded[rows]
        return Column(self.codes[rows], self.cells, self.text, self.label, padded)

    def holds(self, values: Collection[str]) -> Flags:
        """Rows whose text or label is one of ``values``."""
        wanted = {value.strip() for value in values}
        pairs = zip(self.text, self.label, strict=True)
        return self._spread([text in wanted or label in wanted for text, label in pairs], False)

    def recoded(self, values: Mapping[str, Cell]) -> Column:
        """Listed texts (or labels) replaced by what stands beside them; the others stay."""
        if not values:
            return self
        table = {text.strip(): value for text, value in values.items()}
        made = []
        for cell, text, label in zip(self.cells, self.text, self.label, strict=True):
            made.append(table.get(text, table.get(label, cell) if label is not None else cell))
        codes, texts, cells = _distinct([canonical(cell) for cell in made], made)
        # a recoded cell has lost its label; one that was left alone keeps it
        kept = {t: label for t, label in zip(self.text, self.label, strict=True) if t not in table}
        labels = tuple(kept.get(text) for text in texts)
        return Column(self._spread(codes, -1), cells, texts, labels, self.padded)

    def series(self) -> pd.Series[Any]:
        """The rows as text, missing = NaN."""
        values = np.array([*self.text, np.nan], dtype=object)
        return pd.Series(pd.array(values[self.codes], dtype="str"))

    def numbers(self, decimal: str = ".") -> tuple[NDArray[np.float64], Flags]:
        """The rows as numbers, and which of them hold something that is not one."""
        values = np.array([number(cell, decimal) for cell in self.cells], dtype=float)
        spread: NDArray[np.float64] = np.append(values, np.nan)[self.codes]
        return spread, np.isnan(spread) & ~self.missing

    def flags(self) -> tuple[NDArray[np.float64], Flags]:
        """The rows as 1 (true, yes), 0 (false, no) or NaN, and which hold anything else."""
        words = [text.casefold() for text in self.text]
        values = [1.0 if word in YES else 0.0 if word in NO else np.nan for word in words]
        spread = np.append(np.array(values, dtype=float), np.nan)[self.codes]
        return spread, np.isnan(spread) & ~self.missing

    def dates(self, pattern: str) -> tuple[pd.Series[Any], Ints]:
        """The rows as days, and a number of ``DATE_FAULTS`` (0 = none) for each."""
        days, faults = _dates(self.cells, self.text, pattern)
        values = np.append(days, np.datetime64("NaT", "us"))[self.codes]
        return pd.Series(values), self._spread(faults, 0)

    def _spread(self, values: Sequence[Any] | NDArray[Any], missing: Any) -> NDArray[Any]:
        return np.append(np.asarray(values), missing).astype(type(missing))[self.codes]


def constant(value: Cell, rows: int) -> Column:
    """The same value in every row."""
    return Column(np.zeros(rows, dtype=np.int64), (value,), (canonical(value),), (None,))


def joined(columns: Sequence[Column]) -> Column:
    """Several columns as one, their texts joined by `` / ``; missing where any of them is."""
    frame = pd.DataFrame({str(i): column.series() for i, column in enumerate(columns)})
    whole = frame.notna().all(axis=1)
    text = frame["0"].where(whole)
    for name in frame.columns[1:]:
        text = text + " / " + frame[name]
    return Column.of(text)


def number(cell: Cell, decimal: str = ".") -> float:
    """A cell as a number, NaN if it is not one: no words, no thousands separators, no hex."""
    if isinstance(cell, str):
        # beside decimal commas a point groups thousands: 3.500 is not read as 3.5
        text = cell if decimal == "." else cell.replace(".", "?").replace(",", ".")
        value = float(text) if NUMBER.fullmatch(text) else np.nan
    elif isinstance(cell, int | float | np.number | np.bool_):
        value = float(cell)
    else:
        value = np.nan
    return value if np.isfinite(value) else np.nan


def _labels(labels: Mapping[float | str, str]) -> dict[str, str]:
    return {canonical(code): text.strip() for code, text in labels.items()}


def _padded(raw: Ints, cells: Sequence[Cell], texts: Sequence[str]) -> Flags | None:
    """Rows whose text had spaces around it and is not empty without them."""
    spaced = [isinstance(c, str) and c != t != "" for c, t in zip(cells, texts, strict=True)]
    return np.append(np.array(spaced, dtype=bool), False)[raw] if any(spaced) else None


def _merged(
    raw: Ints,
    cells: Sequence[Cell],
    texts: Sequence[str],
    wording: Mapping[str, str],
    gone: Collection[str],
) -> tuple[Ints, list[Cell], list[str]]:
    """Cells of one text as one, and those that mean no answer as missing."""
    first: dict[str, int] = {}
    kept: list[Cell] = []
    target = np.full(len(cells) + 1, -1, dtype=np.int64)  # the last one serves code -1
    for i, (cell, text) in enumerate(zip(cells, texts, strict=True)):
        if text in gone or wording.get(text) in gone:
            continue
        if text not in first:
            first[text] = len(kept)
            kept.append(cell)
        target[i] = first[text]
    return target[raw], kept, list(first)


def _distinct(
    texts: Sequence[str], cells: Sequence[Cell]
) -> tuple[list[int], tuple[str, ...], tuple[Cell, ...]]:
    first: dict[str, int] = {}
    codes = [first.setdefault(text, len(first)) if text else -1 for text in texts]
    kept: dict[str, Cell] = {}
    for text, cell in zip(texts, cells, strict=True):
        kept.setdefault(text, cell)
    return codes, tuple(first), tuple(kept[text] for text in first)


def _dates(
    cells: Sequence[Cell], texts: Sequence[str], pattern: str
) -> tuple[NDArray[np.datetime64], Ints]:
    faults = np.zeros(len(cells), dtype=np.int64)
    days = np.full(len(cells), np.datetime64("NaT", "us"))
    zones: list[str | None] = [None] * len(cells)
    for i, (cell, text) in enumerate(zip(cells, texts, strict=True)):
        if isinstance(cell, dt.datetime | dt.date):
            moment: dt.datetime | dt.date | None = cell
        else:
            moment = _parsed(text, pattern)
        if moment is None:
            faults[i] = _fault(cell, text)
            continue
        if isinstance(moment, dt.datetime) and moment.tzinfo is not None:
            zones[i] = str(moment.utcoffset())
        if not 1950 <= moment.year <= 2100:
            faults[i] = 5
            continue
        days[i] = np.datetime64(dt.date(moment.year, moment.month, moment.day), "us")
    if any(isinstance(cell, dt.date) for cell in cells):
        mixed = [isinstance(c, str) and bool(SLASHED.fullmatch(c)) for c in cells]
        faults[mixed] = 6
    known = Counter(zone for zone in zones if zone is not None)
    if known:
        usual = known.most_common(1)[0][0]
        odd = [faults[i] == 0 and zone != usual for i, zone in enumerate(zones)]
        faults[odd] = 4
    return days, faults


def _parsed(text: str, pattern: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, pattern)
    except ValueError:
        return None


def _fault(cell: Cell, text: str) -> int:
    if not isinstance(cell, str) or SERIAL.fullmatch(text):
        return 2
    if SLASHED.fullmatch(text):
        return 3
    return 4 if OFFSET.fullmatch(text) else 1
