"""A release's tables as sheets: the same table of all outcomes is one, to sort and to filter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rmresearch.display.numbers import MINUS
from rmresearch.privacy import Release
from rmresearch.privacy.release import ReleasedCell, ReleasedTable
from rmresearch.report.findings import labels_of
from rmresearch.report.tables import interval_ends
from rmresearch.report.words.phrases import called, capital, catalogue, plural
from rmresearch.report.workbook.cells import (
    Cell,
    Column,
    Sheet,
    filled,
    form_of,
    hidden,
    number,
    text,
)
from rmresearch.report.workbook.said import about, column, head, label, worded
from rmresearch.study import Design

__all__ = ["tables"]

#: tests of chance are not for leadership (words of significance never are)
TESTS = frozenset({"p", "F", "df", "denominator df"})
COUNTS = frozenset({"administrative", "count"})
#: kinds that are in an outcome's own units, percentages where it is yes or no
OWN = frozenset({"mean", "item-mean", "sd", "interval", "contrast"})
SHARE = "proportion"
OUTCOME = "outcome"
#: columns of what was declared: numbers that a table tells as text
DECLARED = frozenset({"smallest effect", "most likely", "low", "high"})
NUMERAL = re.compile(r"[−-]?\d[\d,]*(\.\d+)?%?")
#: where one of these names the rows, each row has a unit of its own
MIXED = frozenset({"measure", "characteristic"})


def tables(released: Release, design: Design) -> tuple[Sheet, ...]:
    """A sheet for each kind of table, in the order of the report."""
    kinds: dict[str, list[ReleasedTable]] = {}
    for table in released.tables:
        kinds.setdefault(f"{_function(table.result)}-{table.name}", []).append(table)
    known = list(catalogue()["workbook_sheet"])
    places = {name: place for place, name in enumerate(known)}
    ordered = sorted(kinds, key=lambda name: places.get(name, len(known)))
    return tuple(_sheet(name, kinds[name], design) for name in ordered)


def _function(result: str) -> str:
    return result.partition(":")[0]


def _sheet(name: str, same: Sequence[ReleasedTable], design: Design) -> Sheet:
    tab = worded("workbook_sheet", name)
    columns = list(dict.fromkeys(c for table in same for c in table.columns if not _test(c)))
    labels = {**_roles(design), **labels_of(design)}
    apart = OUTCOME not in columns and any(about(table.result, labels) for table in same)
    binary = {one.name for one in design.outcomes if one.kind == "binary"}
    rows = []
    for table in same:
        share = not binary.isdisjoint(table.result.split(":")[1:])
        first = (text(about(table.result, labels)),) if apart else ()
        rows += [(*first, *row) for row in _rows(table, columns, labels, share=share)]
    heads = [*([Column(column(OUTCOME))] if apart else []), *_heads(columns, same)]
    kept = filled(heads, rows) or list(range(len(heads)))
    notes = dict.fromkeys(table.note for table in same if table.note)
    title, note = (catalogue()[part].get(name, "") for part in ("workbook_title", "workbook_note"))
    return Sheet(
        name=tab,
        title=title or str(text(_title(same) or tab).value),
        columns=tuple(heads[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in rows),
        note=note or str(text(" ".join(notes)).value),
    )


def _roles(design: Design) -> dict[str, str]:
    """Roles as tables write one of its people, by what several of them are called."""
    said = {r: capital(plural(called(design, r))) for r in ("senior", "junior")}
    labels = {design.role_label(role): name for role, name in said.items()}
    return {form: name for label, name in labels.items() for form in (label, capital(label))}


def _test(name: str) -> bool:
    return name in TESTS or name.endswith(" p") or name.startswith("p (")


def _title(same: Sequence[ReleasedTable]) -> str:
    """What the tables' titles share, without the outcome's name in front."""
    endings = {table.title.rpartition(": ")[2] for table in same}
    return capital(endings.pop()) if len(endings) == 1 and len(same) > 1 else ""


def _heads(columns: Sequence[str], same: Sequence[ReleasedTable]) -> list[Column]:
    numeric = {
        name
        for table in same
        for row in table.rows
        for name, cell in zip(table.columns, row, strict=True)
        if cell.kind != "label"
    }
    both = {"role", "who"} <= set(columns)
    return [
        Column(
            head("who_among" if both and name == "who" else name),
            name in numeric or name in DECLARED,
        )
        for name in columns
    ]


def _rows(
    table: ReleasedTable, columns: Sequence[str], labels: Mapping[str, str], *, share: bool
) -> list[tuple[Cell, ...]]:
    """The rows of a table under the columns of its sheet."""
    made = []
    for row, forms in zip(table.rows, _forms(table, share=share), strict=True):
        cells = {
            name: _cell(cell, form, labels, name)
            for name, cell, form in zip(table.columns, row, forms, strict=True)
        }
        made.append(tuple(cells.get(name, number(None, "")) for name in columns))
    return made


def _cell(cell: ReleasedCell, form: str, labels: Mapping[str, str], name: str) -> Cell:
    if cell.hidden:
        return hidden()
    if cell.kind == "label" and isinstance(cell.value, str) and cell.value:
        if name in DECLARED and NUMERAL.fullmatch(cell.value):
            return _numeral(cell.value)
        return text(capital(label(cell.value, labels)))
    return number(cell.value, form)


def _numeral(told: str) -> Cell:
    """A number that a table tells as text, typed again."""
    plain = told.replace(",", "").replace(MINUS, "-").removesuffix("%")
    if told.endswith("%"):
        return number(float(plain) / 100, "0.0%" if "." in plain else "0%")
    return number(float(plain), form_of((float(plain),)))


def _forms(table: ReleasedTable, *, share: bool) -> list[list[str]]:
    """The number format of each cell; a value and its interval's ends have as many decimals.

    ``share``: the outcome is yes or no, so that its means and differences are percentages.
    """
    base = {end: of for of, pair in interval_ends(table.columns).items() for end in pair}
    owner = [table.columns.index(base.get(name, name)) for name in table.columns]
    kinds = [
        [_kind(cell, row[place], share=share) for cell, place in zip(row, owner, strict=True)]
        for row in table.rows
    ]
    apart = not MIXED.isdisjoint(table.columns)
    keys = [
        [(place, kind, at if apart else 0) for place, kind in zip(owner, own, strict=True)]
        for at, own in enumerate(kinds)
    ]
    values: dict[tuple[int, str, int], list[object]] = {}
    for row, own_keys in zip(table.rows, keys, strict=True):
        for cell, key in zip(row, own_keys, strict=True):
            values.setdefault(key, []).append(cell.value)
    forms = {key: form_of(found, share=key[1] == SHARE) for key, found in values.items()}
    return [[forms[key] for key in row] for row in keys]


def _kind(cell: ReleasedCell, of: ReleasedCell, *, share: bool) -> str:
    """Whether a cell counts, is a share (or the end of one's interval), or another number."""
    if cell.kind in COUNTS:
        return "count"
    return SHARE if SHARE in (cell.kind, of.kind) or (share and cell.kind in OWN) else "number"
