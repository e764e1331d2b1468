"""What a workbook is made of before it is a file: sheets of typed cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from rmresearch.display.numbers import HIDDEN, NOTHING
from rmresearch.report.words.phrases import named, spoken

__all__ = ["Cell", "Column", "Sheet", "filled", "form_of", "hidden", "number", "text"]

#: what a cell of an XLSX file can hold
LONGEST = 32_000
#: numbers below this keep one digit of their own (S7)
SMALL = 0.01
Form = str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: a number with its number format, or a text ("text" words, "phrase" for a number)."""

    value: float | int | str
    form: Form = "text"

    def shown(self) -> str:
        """About what a reader sees, to fit the column to it."""
        if isinstance(self.value, str):
            return self.value
        if self.form.endswith("%"):
            return f"{self.value:.0%}"
        return f"{self.value:,.{len(self.form.partition('.')[2])}f}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head, whether numbers stand under it, and how many characters wide it may be."""

    head: str
    numeric: bool = False
    widest: int = 52


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table, with a sheet of its own."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def text(value: object, form: Form = "text") -> Cell:
    """A text as it may be read by anybody: names with the gate's words stand in quotes."""
    return Cell(_told(str(value)[:LONGEST]), form)


@cache
def _told(words: str) -> str:
    return named(words)


def hidden() -> Cell:
    """The one marker of a hidden cell (S9)."""
    return Cell(spoken(HIDDEN), "hidden")


def number(value: float | int | str | None, form: Form) -> Cell:
    """A number in its format, the phrase that stands for one, or the sign for none."""
    if value is None or value == "":
        return Cell(NOTHING, "phrase")
    if isinstance(value, str):
        return text(spoken(value), "phrase")
    # what its column would round to zero has a format of its own
    return Cell(value, form_of((value,)) if 0 < abs(value) < SMALL and form != "0%" else form)


def form_of(values: Iterable[object], *, share: bool = False) -> Form:
    """The number format that shows released numbers whole: they are rounded already (S7).

    The very small do not decide for the others.

    >>> form_of([3.1, 2.85, 0.004]), form_of([12, None]), form_of([0.5], share=True)
    ('#,##0.00', '#,##0', '0%')
    """
    if share:
        return "0%"
    numbers = [one for one in values if isinstance(one, float) and one != 0]
    large = [one for one in numbers if abs(one) >= SMALL] or numbers
    places = max(map(_places, large), default=0)
    return f"#,##0.{'0' * places}" if places else "#,##0"


def _places(value: float) -> int:
    return len(f"{value:.6f}".rstrip("0").partition(".")[2])


def filled(columns: Sequence[Column], rows: Sequence[tuple[Cell, ...]]) -> list[int]:
    """The columns that hold anything."""
    return [
        place
        for place in range(len(columns))
        if any(row[place].value not in ("", NOTHING) for row in rows)
    ]
