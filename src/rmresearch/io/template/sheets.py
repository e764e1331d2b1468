"""Which sheets a study's workbook has, and what each column takes: from study.toml alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rmresearch.errors import StudyError
from rmresearch.io.findings import some
from rmresearch.io.mapping.opening import EXAMPLES
from rmresearch.io.schema import BOUNDS, OutcomeEntry, StudyFile, TableSource
from rmresearch.io.template.layout import FILE
from rmresearch.io.template.words import catalogue
from rmresearch.study import RECORD_KINDS

__all__ = ["Column", "Row", "Sheet", "sheets"]

Kind = Literal[
    "unique", "person", "once", "junior", "senior", "pair",
    "choice", "department", "date", "number", "text",
]  # fmt: skip
Row = Mapping[str, str]

SENIOR, JUNIOR, PAIR, *OTHERS = EXAMPLES
#: what example rows say is set off by it, so that no column takes it
EXAMPLE = "e.g. "
KINDS: Mapping[str, Kind] = {
    "pairs.pair": "unique",
    "pairs.junior": "junior",
    "pairs.senior": "senior",
    "measures.person": "once",
    "participants.person": "unique",
    "participants.department": "department",
    "participants.level": "number",
    "records.person": "person",
    "meetings.pair": "pair",
    "meetings.minutes": "number",
}
#: columns without which a table cannot be
ESSENTIAL: Mapping[str, tuple[str, ...]] = {
    "participants": ("person", "role"),
    "pairs": ("pair", "junior", "senior"),
    "measures": ("person",),
    "meetings": ("pair", "date"),
    "records": ("person", "kind"),
}
DATES = {"start", "end", "date", "crossover_date"}
NEEDED = {"person", "role", "arm", "pair", "junior", "senior", "date", "held", "kind"}
LIMITS = {"level": (0, 100), "minutes": (0, 1440)}
#: names of sheets that the workbook has anyway
TAKEN = ("read me", "questions", "departments", "lists")
#: a day for example rows, where the programme's start is not fixed
DAY = dt.date(2027, 1, 15)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, what it takes, and what a chosen cell says.

    ``options`` are the entries of a list; ``low`` and ``high`` bound a number (None: any);
    ``role`` says who answers a question ("" where it is none), ``ours`` which of our columns it is.
    """

    header: str
    kind: Kind
    says: str
    options: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    needed: bool = False
    role: str = ""
    ours: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: the table it holds, its columns and its example rows."""

    name: str
    table: str
    columns: tuple[Column, ...]
    examples: tuple[Row, ...]


def sheets(file: StudyFile, wordings: Mapping[str, str]) -> tuple[Sheet, ...]:
    """The sheets of data.xlsx that study.toml names, in its tables' order.

    ``wordings`` are the questions by item. ``StudyError`` where it names none, one for answers that
    is not one wave's with a row a person, or what Excel takes for no sheet of its own.
    """
    found = [
        sheet
        for table in ("participants", "pairs", "measures", "meetings", "records")
        for source in getattr(file.tables, table)
        if source.file == FILE and source.sheet
        for sheet in [_sheet(table, source, file, wordings)]
    ]
    if not found:
        raise StudyError(
            f"study.toml names no sheet of {FILE}: there is no workbook to make. Its tables are "
            "read from the files that it names."
        )
    wrong = list(_unfit(found))
    if wrong:
        raise StudyError("no workbook was made:\n" + "\n".join(wrong))
    return tuple(found)


def _unfit(found: Sequence[Sheet]) -> Iterator[str]:
    """What Excel does not take for a sheet's name, or for one heading a column."""
    names = [sheet.name.casefold() for sheet in found]
    for sheet in found:
        name = sheet.name
        if len(name) > 31 or set(name) & set("[]:*?/\\'") or name.casefold() in TAKEN:
            yield (
                f"sheet {name!r}: Excel takes at most 31 characters and none of []:*?/\\'; "
                f"{', '.join(TAKEN)} are taken. Give it another name in study.toml."
            )
        if names.count(name.casefold()) > 1:
            yield f"sheet {name!r} is named for several tables: give each a sheet of its own."
        heads = [column.header for column in sheet.columns]
        twice = sorted({head for head in heads if heads.count(head) > 1})
        if twice:
            yield f"sheet {name!r} has two columns {some(twice)}: give each a name of its own."


def _sheet(table: str, source: TableSource, file: StudyFile, wordings: Mapping[str, str]) -> Sheet:
    name, linked = str(source.sheet), file.study.linked
    named = {ours: theirs for ours, theirs in source.columns.items() if isinstance(theirs, str)}
    given = {*source.columns, *source.constants}
    needed = ESSENTIAL[table] if linked else ("role",)
    named |= {ours: ours for ours in needed if ours not in given}  # under our own name
    columns = [_column(table, ours, theirs, source, file) for ours, theirs in named.items()]
    columns += list(_further(source))
    if table != "measures":
        examples = _examples(table, named, source, file)
        return Sheet(name, table, tuple(columns), tuple(examples))
    wave = source.constants.get("wave")
    if source.layout != "by-wave" or not isinstance(wave, str):
        raise StudyError(
            f"sheet {name} of {FILE}: the workbook has a sheet a survey, with a row a person. Say "
            'layout = "by-wave" and constants.wave there, or name another file.'
        )
    answered = {  # two outcomes may share an item
        item: _item(item, outcome, source, wordings)
        for outcome in file.outcomes
        if outcome.source == "self" and wave in (outcome.waves or [wave])
        for item in outcome.items or [outcome.name]
        if not source.only or item in source.only
    }
    items = tuple(answered.values())
    rows = (_respondent(role, named, items) for role in ("senior", "junior"))
    return Sheet(name, table, (*columns, *items), tuple(rows))


def _respondent(role: str, named: Mapping[str, str], items: Sequence[Column]) -> Row:
    """An example of an answered survey: who it is, and an answer above the middle each."""
    person = {"person": SENIOR if role == "senior" else JUNIOR, "role": _set_off(role)}
    found = {named[ours]: text for ours, text in person.items() if ours in named}
    return found | {one.header: _answer(one) for one in items if one.role in {role, "all"}}


def _column(table: str, ours: str, theirs: str, source: TableSource, file: StudyFile) -> Column:
    says = catalogue("texts")["columns"].get(table, {}).get(ours, "")
    known = _known(ours, file)
    options = tuple(source.values.get(ours, {})) or known
    kind: Kind = "choice" if options else KINDS.get(f"{table}.{ours}", "text")
    if ours in DATES:
        kind = "date"
    needed = ours in NEEDED and f"{table}.{ours}" != "records.date"
    low, high = LIMITS.get(ours, (None, None))
    return Column(theirs, kind, says, options, low, high, needed, ours=ours)


def _known(ours: str, file: StudyFile) -> tuple[str, ...]:
    """What a column may say, where these are few."""
    recorded = [item for one in file.outcomes if one.source == "record"
                for item in one.items or [one.name]]  # fmt: skip
    return {
        "role": ("senior", "junior"),
        "arm": tuple(arm.name for arm in file.design.arms),
        "held": ("yes", "no"),
        "kind": (*RECORD_KINDS, *recorded),
    }.get(ours, ())


def _further(source: TableSource) -> Iterator[Column]:
    """Columns of consent, of features, and those that are joined to one of ours."""
    if source.consent is not None:
        yield Column(source.consent.column, "choice", "", (*source.consent.yes, "no"), needed=True)
    for name, kind in source.features.items():
        if name not in source.columns:
            yield Column(name, "number" if kind == "number" else "text", "")
    for parts in source.columns.values():
        if isinstance(parts, list):
            yield from (Column(part, "text", "") for part in parts)


def _item(
    item: str, outcome: OutcomeEntry, source: TableSource, wordings: Mapping[str, str]
) -> Column:
    labels = outcome.wave_labels.get(str(source.constants["wave"])) or outcome.labels
    options = tuple(sorted(labels, key=lambda text: labels[text]))
    low, high = outcome.range or BOUNDS.get(outcome.kind) or (None, None)
    kind: Kind = "choice" if options else "number"
    listed = source.items.get(item, item)
    header = listed if isinstance(listed, str) else item
    return Column(header, kind, wordings.get(item, ""), options, low, high, role=outcome.role)


def _answer(column: Column) -> str:
    """An answer above the middle, as an example."""
    if column.options:
        return _set_off(column.options[len(column.options) * 3 // 4])
    if column.low is None or column.high is None:
        return _set_off(3)
    return _set_off(int((column.low + 3 * column.high) // 4))


def _examples(
    table: str, named: Mapping[str, str], source: TableSource, file: StudyFile
) -> Iterator[Row]:
    """Example rows under the sheet's headings; what the sheet does not have is left out."""
    day = file.design.start or DAY
    roles = tuple(source.values.get("role", {})) or ("senior", "junior")
    arm = next(iter(source.values.get("arm", {})), None)
    arm = arm or next((one.name for one in file.design.arms if one.programme), "")
    first, second, topic = OTHERS
    rows: Mapping[str, list[Mapping[str, object]]] = {
        "participants": [
            {"person": SENIOR, "role": roles[0], "arm": arm, "department": first, "level": 5},
            {"person": JUNIOR, "role": roles[1], "arm": arm, "department": second, "level": 2},
        ],
        "pairs": [{"pair": PAIR, "junior": JUNIOR, "senior": SENIOR, "start": day, "topic": topic}],
        "meetings": [
            {"pair": PAIR, "date": day + dt.timedelta(days=14), "held": "yes", "minutes": 45}
        ],
        "records": [{"person": JUNIOR, "date": day + dt.timedelta(days=90), "kind": "promoted"}],
    }
    for row in rows[table]:
        yield {named[ours]: _set_off(value) for ours, value in row.items() if ours in named}


def _set_off(value: object) -> str:
    return str(value) if value in EXAMPLES else f"{EXAMPLE}{value}"
