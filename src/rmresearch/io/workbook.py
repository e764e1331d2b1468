"""Excel workbooks: the values of one sheet, and everything that makes them doubtful."""

from __future__ import annotations

import datetime as dt
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import pandas as pd

from rmresearch.errors import did_you_mean
from rmresearch.io.findings import numbered, some
from rmresearch.io.ooxml import Contents, Part, Sheet, book_of, package, parse, unescaped
from rmresearch.io.raw import FileLog, RawTable, UnreadableError, column_letters, name_columns

__all__ = ["read_workbook"]

Cell = float | str | bool | dt.datetime
ERRORS = {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"}
#: what zipfile, the XML parser and the conversions here raise on parts that are not what they say
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError),
    *(ParseError, LookupError, ValueError),
)
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
#: 000 or "P"000: an id that is shown with its leading zeros
_ZEROS = re.compile(r'(?:"([^"]*)"|\\(.))?(0{2,})')
_SAVE = "Open it in a spreadsheet program and save it again as .xlsx."


def read_workbook(data: bytes, log: FileLog, *, sheet: str | None = None) -> RawTable:
    """The table in one sheet of a workbook, cells typed as the workbook types them."""
    try:
        archive = package(data)
        contents = book_of(archive)
        chosen = _chosen(contents.sheets, sheet, log)
        cells = _Cells(contents, log)
        parse(archive, chosen.part, cells)
    except DAMAGE as error:
        found = f"the workbook is damaged ({type(error).__name__})"
        raise UnreadableError("damaged", found, _SAVE) from None
    _say_shape(cells, contents, log)
    return _table(cells, log)


def _chosen(sheets: tuple[Sheet, ...], wanted: str | None, log: FileLog) -> Sheet:
    """The declared sheet, or the only one; a choice between several is left to people."""
    names = [sheet.name for sheet in sheets]
    listing = some(f"{s.name} (hidden)" if s.hidden else s.name for s in sheets)
    if not sheets:
        raise UnreadableError("empty-sheet", "the workbook has no sheet of cells", _SAVE)
    if wanted is not None and wanted not in names:
        found = f"there is no sheet {wanted!r}; the workbook has {listing}"
        fix = f"Correct sheet in study.toml.{did_you_mean(wanted, names)}"
        raise UnreadableError("unknown-sheet", found, fix)
    if wanted is None and len(sheets) > 1:
        found = f"the workbook has {len(sheets)} sheets: {listing}"
        fix = f'Declare which one is meant, as sheet = "{names[0]}", in study.toml.'
        raise UnreadableError("several-sheets", found, fix)
    chosen = sheets[0] if wanted is None else sheets[names.index(wanted)]
    if chosen.hidden:
        log.note(f"sheet {chosen.name} is hidden; it was read")
    return chosen


class _Cells(Part):
    """The cells of a sheet as they stream by, by column, with what makes them doubtful."""

    def __init__(self, contents: Contents, log: FileLog) -> None:
        self.contents, self.log = contents, log
        self.columns: dict[int, tuple[list[int], list[Cell]]] = {}
        self.merged: list[str] = []
        self.hidden_rows: list[int] = []
        self.hidden_columns: list[tuple[int, int]] = []
        self.formulas: list[tuple[int, int]] = []
        self.zeros: set[int] = set()
        self.long_numbers: set[int] = set()
        self.row, self.column = 0, -1
        self._row_hidden = self._inside = self._formula = self._value = self._phonetic = False
        self._kind, self._format = "n", "General"
        self._pieces: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        element = tag.rpartition("}")[2]
        if element == "c":
            self._begin_cell(attributes)
        elif element == "v" or element == "t":
            self._inside, self._value = not self._phonetic, True
        elif element == "f":
            self._formula = True
        elif element == "row":
            row = int(attributes.get("r", self.row + 1))
            if not self.row < row <= MOST_ROWS:
                raise ValueError("rows out of order")
            self.row, self.column = row, -1
            self._row_hidden = _true(attributes.get("hidden"))
        elif element == "rPh":
            self._phonetic = True
        elif element == "mergeCell":
            self.merged.append(attributes.get("ref", ""))
        elif element == "col" and _true(attributes.get("hidden")):
            span = int(attributes.get("min", 0)) - 1, int(attributes.get("max", 0)) - 1
            self.hidden_columns.append(span)

    def data(self, text: str) -> None:
        if self._inside:
            self._pieces.append(text)

    def end(self, tag: str) -> None:
        self._inside = False
        element = tag.rpartition("}")[2]
        if element == "c":
            self._end_cell("".join(self._pieces))
            self._pieces.clear()
        elif element == "rPh":
            self._phonetic = False

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        reference = attributes.get("r")
        column = self.column + 1 if reference is None else _position(reference, self.row)
        if not self.column < column < MOST_COLUMNS:
            raise ValueError("cells out of order")
        self.column = column
        self._kind = attributes.get("t", "n")
        self._format = self.contents.formats.get(attributes.get("s", "0"), "General")
        self._formula = self._value = self._phonetic = False

    def _end_cell(self, raw: str) -> None:
        if self._formula:
            if not self._value or (not raw and self._kind != "str"):
                found = f"the formula in cell {self.place} has no stored result"
                self.log.error("formula", found, _SAVE, row=self.row)
                return
            self.formulas.append((self.row, self.column))
        value = self._decoded(raw)
        if value is None or value == "":
            return
        rows, values = self.columns.setdefault(self.column, ([], []))
        rows.append(self.row)
        values.append(value)
        if self._row_hidden and (not self.hidden_rows or self.hidden_rows[-1] != self.row):
            self.hidden_rows.append(self.row)

    def _decoded(self, raw: str) -> Cell | None:
        kind = self._kind
        if kind == "e":
            shown = raw if raw in ERRORS else "an error value"
            fix = "Correct the formula or empty the cell."
            self.log.error("cell-error", f"cell {self.place} holds {shown}", fix, row=self.row)
            return None
        if kind == "n":
            return self._number(float(raw)) if raw else None
        if kind == "b":
            return _true(raw)
        if kind == "d":
            return _iso(raw)
        text = self.contents.strings[_index(raw)] if kind == "s" else unescaped(raw)
        if "\0" in text:
            found = f"cell {self.place} holds a NUL character"
            self.log.error("nul-byte", found, "Type the cell again.", row=self.row)
            return None
        return text

    def _number(self, value: float) -> Cell | None:
        if not math.isfinite(value):
            raise ValueError("not a number")
        kind, zeros = _meaning(self._format)
        if kind == "number":
            if abs(value) >= 1e15:
                self.long_numbers.add(self.column)
            return value
        if kind == "zeros" and value >= 0 and value.is_integer():
            self.zeros.add(self.column)
            prefix, width = zeros
            return f"{prefix}{int(value):0{width}d}"
        if kind in {"date", "duration"}:
            return self._moment(value, kind == "duration")
        return value

    def _moment(self, value: float, duration: bool) -> Cell | None:
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

        epoch = MAC_EPOCH if self.contents.dates_from_1904 else WINDOWS_EPOCH
        try:
            moment = from_excel(value, epoch, timedelta=duration)
        except OverflowError:
            moment = None
        if moment is None or (value < 0 and not duration):
            found = f"cell {self.place} is formatted as a date, but its number is not one"
            self.log.error("cell-error", found, "Correct the cell or its format.", row=self.row)
            return None
        # times of day and durations have no type of their own here: their unit is for people
        return moment if isinstance(moment, dt.datetime) else str(moment)

    @property
    def place(self) -> str:
        """The cell being read, as spreadsheets name it."""
        return f"{column_letters(self.column)}{self.row}"


def _position(reference: str, row: int) -> int:
    match = _REFERENCE.fullmatch(reference)
    if match is None or int(match[2]) != row:
        raise ValueError("a cell stands in another row than it says")
    return _number_of(match[1])


@lru_cache(maxsize=4096)
def _number_of(letters: str) -> int:
    position = 0
    for letter in letters:
        position = 26 * position + ord(letter) - 64
    return position - 1


def _index(raw: str) -> int:
    if not raw.isdecimal():
        raise ValueError("not a position")
    return int(raw)


def _iso(raw: str) -> Cell:
    """A date as strict workbooks write it; a time alone or with a zone stays text."""
    try:
        moment = dt.datetime.fromisoformat(raw)
    except ValueError:
        return raw
    return moment if moment.tzinfo is None else raw


def _true(text: str | None) -> bool:
    return text in {"1", "true"}


@lru_cache(maxsize=4096)
def _meaning(code: str) -> tuple[str, tuple[str, int]]:
    """What a number format makes of a number: number, date, duration, or zeros (prefix, width)."""
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format

    if zeros := _ZEROS.fullmatch(code.split(";")[0]):
        return "zeros", (zeros[1] or zeros[2] or "", len(zeros[3]))
    if is_timedelta_format(code):
        return "duration", ("", 0)
    return "date" if is_date_format(code) else "number", ("", 0)


def _say_shape(cells: _Cells, contents: Contents, log: FileLog) -> None:
    """Merged ranges and results that no program calculated are errors; the rest is said."""
    for reference in cells.merged:
        found, fix = f"cells {reference} are merged", "Unmerge them and fill every cell."
        first = _REFERENCE.match(reference)
        log.error("merged-cells", found, fix, row=int(first[2]) if first else None)
    if cells.formulas and contents.uncalculated:
        row, column = cells.formulas[0]
        first_cell = f"the first is {column_letters(column)}{row}"
        found = f"{len(cells.formulas):,} formulas have results no spreadsheet program calculated"
        log.error("formula", f"{found} ({first_cell})", _SAVE, row=row)
    elif cells.formulas:
        columns = some(map(column_letters, sorted({column for _, column in cells.formulas})))
        log.note(f"{len(cells.formulas):,} formulas (columns {columns}): stored results were read")
    if cells.hidden_rows:
        log.note(f"hidden rows were read ({numbered(cells.hidden_rows)})")
    hidden = [c for c in sorted(cells.columns) if any(a <= c <= b for a, b in cells.hidden_columns)]
    if hidden:
        log.note(f"hidden columns were read ({some(map(column_letters, hidden))})")
    if cells.zeros:
        columns = some(map(column_letters, sorted(cells.zeros)))
        log.note(f"numbers shown with leading zeros were read as shown (columns {columns})")
    if cells.long_numbers:
        columns = some(map(column_letters, sorted(cells.long_numbers)))
        log.note(f"numbers of 16 digits and more may have lost their last ones (columns {columns})")


def _table(cells: _Cells, log: FileLog) -> RawTable:
    columns = cells.columns
    if not columns:
        if log.problems:
            return log.table(typed=True)
        raise UnreadableError("empty-sheet", "the sheet is empty", "Name the sheet with the data.")
    header_row = min(rows[0] for rows, _ in columns.values())
    if header_row > 1:
        log.note(f"the column names stand in row {header_row}; the rows above are empty")
    header = [""] * (max(columns) + 1)
    filled = [False] * len(header)
    for position, (rows, values) in columns.items():
        if rows[0] == header_row:
            header[position] = _heading(values[0])
            del rows[0], values[0]
        filled[position] = bool(rows)
    names = name_columns(header, filled, header_row, log)
    numbers = np.unique(np.concatenate([np.array(r, dtype=np.int64) for r, _ in columns.values()]))
    if not len(numbers) and not log.problems:
        fix = "Fill it in, or export it with its rows."
        raise UnreadableError("no-rows", "the sheet has column names but no rows", fix)
    index = pd.Index(numbers)
    table = {name: _column(*columns[p], index) for p, name in names.items()}
    frame = pd.DataFrame(table, index=index)
    return log.table(frame[frame.notna().any(axis=1)], typed=True)


def _heading(value: Cell) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value)


def _column(rows: list[int], values: list[Cell], index: pd.Index[Any]) -> pd.Series[Any]:
    """One dtype where all cells are of one kind, object where kinds are mixed."""
    kinds = {type(value) for value in values}
    dtype = {float: "float64", str: "str", dt.datetime: "datetime64[us]"}
    if kinds == {bool} and len(rows) == len(index):
        return pd.Series(values, index=index, dtype="bool")
    kind = next(iter(kinds)) if len(kinds) == 1 else object
    series = pd.Series(values, index=rows, dtype=dtype.get(kind, "object"))
    return series.reindex(index)
