"""Results as tables to read: cells formatted by kind, intervals in one column, plain heads.

The one rounding rule of `display.numbers` applies to each column. Both ends of an interval stand in
one cell ("0.12 to 0.45"), a share shows its numerator where no other column of the row does, and
what a release hides looks the same whatever was there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from rmresearch.display.numbers import (
    HIDDEN,
    NOTHING,
    count,
    decimals_for,
    number,
    p_value,
    percent,
)
from rmresearch.report.blocks import Column, TableBlock
from rmresearch.report.words.phrases import catalogue, fill, spoken
from rmresearch.result import Check, Dropped

__all__ = ["checks_table", "dropped_table", "interval_ends", "table_block"]

_said = partial(fill, "page_tables")
COUNTS = frozenset({"administrative", "count"})
SHARE = "proportion"


class CellLike(Protocol):
    """A result's cell or a released one."""

    @property
    def value(self) -> float | int | str | None:
        """What stands in it."""

    @property
    def kind(self) -> str:
        """What it is: see `result.Cell`."""


class TableLike(Protocol):
    """A result's table or a released one."""

    @property
    def title(self) -> str:
        """Its caption."""

    @property
    def note(self) -> str:
        """What stands under it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the cells of each row."""

    @property
    def rows(self) -> Sequence[Sequence[Any]]:
        """Rows of cells (`CellLike`)."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column as shown: one source column, or the two ends of an interval.

    ``decimals`` is None where each row is rounded by its own size.
    """

    name: str
    sources: tuple[int, ...]
    beside: tuple[int, ...]
    kind: str
    decimals: int | None


def table_block(
    table: TableLike,
    *,
    columns: Sequence[str] | None = None,
    heads: Mapping[str, str | Column] | None = None,
    labels: Mapping[str, str] | None = None,
    group: str | None = None,
    caption: str = "",
    mixed: bool = False,
) -> TableBlock:
    """A result's table as a table to read.

    ``columns`` choose and order (the ends of an interval come along with their value; default: all
    that hold anything); ``heads`` replace column names (a ``Column`` brings a unit); ``labels``
    replace the names in label cells (arms, waves, outcomes); ``group`` turns a label column into
    headings between the rows. The first column names the rows. ``mixed``: rows differ in unit, so
    each is rounded by its own size. Raises ``ValueError`` for an unknown column.
    """
    asked = [*(columns or ()), *([group] if group else [])]
    unknown = [name for name in asked if name not in table.columns]
    if unknown:
        raise ValueError(f"table {table.title!r} has no column {', '.join(map(repr, unknown))}")
    shown = [one for one in _shown(table, columns, mixed) if one.name != group]
    return TableBlock(
        caption=caption or table.title,
        columns=tuple(_head(one, (heads or {}).get(one.name)) for one in shown),
        rows=tuple(tuple(_text(one, row, labels or {}) for one in shown) for row in table.rows),
        note=table.note,
        groups=_groups(table, group, labels or {}),
    )


def _shown(table: TableLike, columns: Sequence[str] | None, mixed: bool) -> list[_Shown]:
    places = {name: index for index, name in enumerate(table.columns)}
    ends = interval_ends(table.columns)
    spoken_for = {end for pair in ends.values() for end in pair}
    shown = []
    for name in columns if columns is not None else table.columns:
        if columns is None and (name in spoken_for or not _holds(table, places[name])):
            continue
        low_high = tuple(places[end] for end in ends.get(name, ()))
        shown.append(_column(table, name, (places[name],), low_high, mixed))
        if any(_holds(table, place) for place in low_high):
            shown.append(_column(table, name, low_high, (places[name],), mixed))
    return shown


def interval_ends(columns: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Value column -> its ends: "x low" belongs to "x", a bare "low" to the column before it."""
    found: dict[str, tuple[str, str]] = {}
    for before, low, high in zip(columns, columns[1:], columns[2:], strict=False):
        if (low, high) == ("low", "high"):
            found[before] = (low, high)
    for name in columns:
        if f"{name} low" in columns and f"{name} high" in columns:
            found[name] = (f"{name} low", f"{name} high")
    return found


def _holds(table: TableLike, place: int) -> bool:
    return any(row[place].value not in (None, "") or _hidden(row[place]) for row in table.rows)


def _hidden(cell: CellLike) -> bool:
    return bool(getattr(cell, "hidden", False))


def _column(
    table: TableLike, name: str, sources: tuple[int, ...], beside: tuple[int, ...], mixed: bool
) -> _Shown:
    cells = [row[place] for row in table.rows for place in (*sources, *beside)]
    kinds = [row[sources[0]].kind for row in table.rows]
    return _Shown(
        name=name,
        sources=sources,
        beside=beside,
        kind="ends" if len(sources) == 2 else next(iter(kinds), "label"),
        decimals=None if mixed else _decimals(cells),
    )


def _decimals(cells: Sequence[CellLike]) -> int:
    return decimals_for(c.value for c in cells if isinstance(c.value, (int, float)))


def _text(one: _Shown, row: Sequence[Any], labels: Mapping[str, str]) -> str:
    cells = [row[place] for place in one.sources]
    if any(_hidden(cell) for cell in cells):
        return spoken(HIDDEN)
    decimals = one.decimals
    if decimals is None:
        decimals = _decimals([*cells, *(row[place] for place in one.beside)])
    of_share = any(row[place].kind == SHARE for place in (*one.sources, *one.beside))
    if one.kind == "ends":
        ends = [cell.value for cell in cells]
        if any(isinstance(end, str) for end in ends):  # a release says "90% or more"
            low, high = (spoken(end) if isinstance(end, str) else percent(end) for end in ends)
            return fill("phrase", "to", low=low, high=high)
        low, high = (percent(e) if of_share else number(e, decimals=decimals) for e in ends)
        return NOTHING if None in ends else fill("phrase", "to", low=low, high=high)
    value = cells[0].value
    if value is None:
        return NOTHING
    if isinstance(value, str) or (cells[0].kind == "label" and not isinstance(value, float)):
        return labels.get(str(value), spoken(str(value)))
    if cells[0].kind in COUNTS:
        return count(value)
    if cells[0].kind == SHARE:
        return _share(cells[0], row)
    if one.name == "p" or one.name.endswith(" p"):
        return p_value(value)
    return number(value, decimals=decimals)


def _share(cell: Any, row: Sequence[Any]) -> str:
    numerator = getattr(cell, "numerator", None)
    beside = {other.value for other in row if other.kind in COUNTS}
    text = percent(cell.value)
    return text if numerator is None or numerator in beside else f"{text} ({count(numerator)})"


def _head(one: _Shown, head: str | Column | None) -> Column:
    if one.kind == "ends":
        return Column(catalogue()["phrase"]["interval_head"])
    if isinstance(head, Column):
        return head
    return Column(head if head is not None else _sentence(one.name), numeric=one.kind != "label")


def _sentence(name: str) -> str:
    """A column's name as a head: a capital first, except for p and n."""
    return name if len(name) == 1 else name[:1].upper() + name[1:]


def _groups(
    table: TableLike, group: str | None, labels: Mapping[str, str]
) -> tuple[tuple[int, str], ...]:
    if group is None:
        return ()
    place = table.columns.index(group)
    names = [str(row[place].value or "") for row in table.rows]
    return _runs([labels.get(name, name) for name in names])


def _runs(names: Sequence[str]) -> tuple[tuple[int, str], ...]:
    return tuple(
        (index, name)
        for index, name in enumerate(names)
        if name and (not index or names[index - 1] != name)
    )


def checks_table(checks: Sequence[Check], *, caption: str = "") -> TableBlock:
    """Assumptions and limits: what was looked at, whether it holds, and what was seen."""
    heads, held = ("check", "holds", "seen"), {True: _said("yes"), False: _said("no")}
    return TableBlock(
        caption=caption or _said("checks"),
        columns=tuple(Column(_said(head), numeric=False) for head in heads),
        rows=tuple((one.name, held[one.passed], one.detail) for one in checks),
    )


def dropped_table(dropped: Sequence[Dropped], *, caption: str = "") -> TableBlock:
    """Who or what was left out of an analysis, and why."""
    rows = any(one.rows for one in dropped)
    columns = (
        Column(_said("reason"), numeric=False),
        Column(_said("people")),
        *([Column(_said("rows"))] if rows else []),
    )
    return TableBlock(
        caption=caption or _said("dropped"),
        columns=columns,
        rows=tuple(
            (one.reason, count(one.people), *([count(one.rows)] if rows else [])) for one in dropped
        ),
    )
