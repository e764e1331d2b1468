"""What several sections do: one table over several outcomes, names instead of codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from rmresearch.display.numbers import count
from rmresearch.plan import PlanStatus
from rmresearch.report.blocks import Callout, Section, TableBlock
from rmresearch.report.findings import Findings, in_words
from rmresearch.report.tables import checks_table, dropped_table
from rmresearch.report.words.phrases import fill
from rmresearch.result import Cell, Check, Dropped, Result, Table
from rmresearch.study import Outcome, Study

__all__ = [
    "checked",
    "frozen",
    "has",
    "independence",
    "left_out",
    "stacked",
    "telling",
    "unanswered",
    "without_repeats",
]

_plan = partial(fill, "page_plan")


def checked(found: Findings, checks: Sequence[Check], caption: str = "") -> TableBlock:
    """What was looked at and whether it holds, in the study's own names."""
    told = [replace(one, detail=in_words(one.detail, found.labels)) for one in checks]
    return checks_table(tuple(dict.fromkeys(told)), caption=caption)


def frozen(status: PlanStatus) -> tuple[str, ...]:
    """When the plan was frozen, and whether anything changed since."""
    if not status.frozen:
        return (_plan("exploratory"), *status.deviations)
    when = _plan(
        "frozen_after" if status.follow_up_present else "frozen_before",
        date=status.date,
        version=status.version,
        hash=status.hash[:16],
    )
    changes = len(status.deviations)
    key = "unchanged" if not changes else "changed_once" if changes == 1 else "changed"
    return when, _plan(key, changes=changes)


def independence(study: Study) -> str:
    """How many people stand alone, and who counts as one."""
    clusters = study.clusters()
    people, apart = len(clusters), clusters.nunique()
    paired = int(clusters.duplicated(keep=False).sum())
    key = "alone" if apart == people else "one" if apart == 1 else "linked"
    unit = fill("page_unit", study.design.unit)
    return fill("page_independence", key, people=people, clusters=count(apart), paired=paired,
                unit=unit)  # fmt: skip


def left_out(found: Findings, dropped: Sequence[Dropped]) -> TableBlock:
    """Who or what did not enter, in the study's own names."""
    told = [replace(one, reason=in_words(one.reason, found.labels)) for one in dropped]
    if all(one.rows in (0, one.people) for one in told):
        told = [replace(one, rows=0) for one in told]
    return dropped_table(told)


def unanswered(found: Findings, name: str, title: str, function: str, otherwise: str) -> Section:
    """A section without an answer: why its analysis refused, ``otherwise`` what it would need."""
    reason = " ".join(found.why_not(function)) or otherwise
    return Section(name, title, (Callout("missing", reason),))


def has(result: Result, name: str) -> bool:
    """Whether a result has a table of that name with rows."""
    return any(table.name == name and table.rows for table in result.tables)


def stacked(answers: Iterable[tuple[Outcome, Result]], name: str, title: str) -> Table | None:
    """The tables of that name of several outcomes as one, the outcome's label first.

    None where no result has it. The outcome's label is a cell of the design, so the people behind
    every other cell stay with it.
    """
    found = [(o, r.table(name)) for o, r in answers if has(r, name)]
    if not found:
        return None
    rows = tuple((Cell(o.label, "label"), *row) for o, table in found for row in table.rows)
    first = found[0][1]
    return Table(name, title, ("outcome", *first.columns), rows, first.note)


def without_repeats(table: Table, *names: str, within: str = "") -> list[str]:
    """The columns of a table, less those of ``names`` that say the same in every row.

    With ``within`` (the column whose texts become headings) also those that say the same in every
    row under a heading, which is then enough. Ends of intervals are left out too: they come along
    with their value.
    """
    heading = table.columns.index(within) if within else None
    said = {
        name: {("" if heading is None else row[heading].value, row[i].value) for row in table.rows}
        for i, name in enumerate(table.columns)
    }
    most = len({heading for rows in said.values() for heading, _ in rows})
    return [
        name
        for name in table.columns
        if name.split()[-1] not in {"low", "high"}
        and not (name in names and len(said[name]) == most > 0)
    ]


def telling(table: Table, *names: str, within: str = "") -> list[str]:
    """The columns `without_repeats` that hold anything."""
    held = {
        name
        for i, name in enumerate(table.columns)
        if any(row[i].value not in (None, "") for row in table.rows)
    }
    return [name for name in without_repeats(table, *names, within=within) if name in held]
