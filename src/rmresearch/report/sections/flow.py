"""Who was there: assigned, started, answered, analysed; and how alike the arms were before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rmresearch.display.numbers import count, number
from rmresearch.errors import number_of
from rmresearch.report.blocks import Block, Callout, Column, Details, Paragraph, Section, TableBlock
from rmresearch.report.figures.balance import Difference, balance_plot
from rmresearch.report.figures.flow import Arm, Stage, flow_diagram
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import without_repeats
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import capital, plural
from rmresearch.result import Cell, Estimate, Result, Table
from rmresearch.study import Outcome

__all__ = ["baseline", "flow", "one_a_role"]

EVERYONE = "everyone assigned"
#: more waves than this between the first and the last stand in the table alone
MOST_BETWEEN = 3
STAGES = {one: one.capitalize() for one in ("assigned", "started", "answered", "analysed")}


def flow(found: Findings) -> Section:
    """How many were assigned, started, answered and are analysed, arm by arm?"""
    design = found.study.design
    blocks: list[Block] = [Paragraph(found.study.describe_cluster())]
    tables: list[Block] = []
    for outcome, result in one_a_role(found):
        blocks += _diagram(found, outcome, result)
        table = table_block(
            _begun(found, result.table("flow")),
            columns=["stage", "wave", "people", "clusters", "share of assigned"],
            heads={"share of assigned": "Of assigned"},
            labels={**STAGES, **found.labels},
            group="arm" if len(design.arms) > 1 else None,
            caption=f"Flow of {plural(design.role_label(_role(result)))}: {outcome.label}",
        )
        tables.append(table)
    if tables:
        blocks.append(Details("The numbers, in people and clusters", tuple(tables)))
    else:
        reason = " ".join(found.why_not("attrition")) or "The surveys carry no person ids."
        blocks.append(Callout("missing", f"{reason} A flow needs ids that stay the same."))
    excluded = [f"{reason}: {number(n)}" for reason, n in found.study.excluded if n]
    if excluded:
        blocks.append(Paragraph(f"Left out on import: {'; '.join(excluded)}.", "small"))
    return Section("flow", "People flow", tuple(blocks))


def one_a_role(found: Findings) -> Iterator[tuple[Outcome, Result]]:
    """The attrition of one outcome a role: the headline's own, otherwise the first."""
    first = found.headline.estimate.outcome if found.headline else ""
    seen: set[str] = set()
    ordered = sorted(found.of("attrition"), key=lambda pair: pair[0].name != first)
    for outcome, result in ordered:
        role = _role(result)
        if role not in seen:
            seen.add(role)
            yield outcome, result


def _role(result: Result) -> str:
    rows = result.table("flow").rows
    return str(rows[0][0].value) if rows else "all"


def _begun(found: Findings, table: Table) -> Table:
    """The flow without "started" in arms that get no programme: its zero looks like a failure."""
    waiting = {one.name for one in found.study.design.arms if not one.programme}
    rows = [
        row for row in table.rows if not (row[1].value in waiting and row[2].value == "started")
    ]
    return replace(table, rows=tuple(rows))


def _diagram(found: Findings, outcome: Outcome, result: Result) -> Iterator[Block]:
    frame = _begun(found, result.table("flow")).to_frame()
    if frame.empty:
        return
    role = _role(result)
    frame = frame[frame["role"] == role]
    between = list(dict.fromkeys(frame.loc[frame["stage"] == "answered", "wave"]))[1:-1]
    many = len(between) > MOST_BETWEEN
    if many:
        frame = frame[~frame["wave"].isin(between)]
    people = plural(found.study.design.role_label(role))
    arms = []
    for arm, rows in frame.groupby("arm", sort=False):
        listed: list[dict[Any, Any]] = rows.to_dict("records")
        whens = [found.labels.get(row["wave"], row["wave"]) for row in listed]
        stages = [
            Stage(f"{row['stage'].capitalize()}{f': {when}' if when else ''}", row["people"])
            for row, when in zip(listed, whens, strict=True)
            if row["stage"] != "analysed"
        ]
        if listed[-1]["stage"] == "analysed":
            stages.append(Stage(f"Analysed: {whens[-1]}", listed[-1]["people"]))
        name = found.labels.get(str(arm), str(arm)) or capital(people)
        arms.append(Arm(name, tuple(stages)))
    assigned = int(frame.loc[frame["stage"] == "assigned", "people"].sum())
    analysed = frame[frame["stage"] == "analysed"].groupby("arm", sort=False)["people"].last().sum()
    yield flow_diagram(
        [Stage(f"{capital(people)} in the study", assigned)] if len(arms) > 1 else [],
        arms,
        title=f"Analysed at the last wave: {count(analysed)} of {count(assigned)} {people}",
        caption=f"Answers count for {outcome.label}. Analysed: answered before and at the wave "
        "(a model of all waves also uses those who answered at only some)."
        f"{' The waves between are in the table.' if many else ''}",
        unit=people,
    )


def baseline(found: Findings) -> Section:
    """How alike were the arms before the start?"""
    compared = list(found.of("compare_arms"))
    if not compared:
        return _single(found)
    differences = [
        Difference(
            _of(found, outcome, one), one.value, found.labels.get(one.contrast, one.contrast)
        )
        for outcome, result in compared
        for one in result.estimates
        if one.term == "baseline-difference" and one.wave == found.study.design.baseline.name
    ]
    # what is no outcome (strata, covariates) stands in every outcome's table: once is enough
    rows = {
        tuple(str(cell.value) for cell in row[:4]): row
        for _, result in compared
        for row in result.table("baseline").rows
        if row[1].value == EVERYONE
    }
    first = compared[0][1].table("baseline")
    table = Table("baseline", "Before the start", first.columns, tuple(rows.values()), first.note)
    known = [abs(one.value) for one in differences if one.value is not None]
    wide = sum(value > 0.25 for value in known)
    title = f"Beyond 0.25 SD: {wide} of {number_of(len(known), 'difference', 'differences')}"
    if not known:
        title = "How alike the groups were before the start cannot be said"
    elif not wide:
        title = f"No baseline difference lies beyond 0.25 SD (largest {number(max(known))})"
    caption = (
        "Standardised difference of each arm to the comparison arm, everyone assigned who answered "
        "before the start. Within 0.05 the arms count as alike, within 0.25 only with adjustment "
        "(What Works Clearinghouse)."
    )
    return Section(
        "baseline",
        "Before the start",
        (
            balance_plot(differences, title=title, caption=caption),
            _compared(found, table),
        ),
    )


def _of(found: Findings, outcome: Outcome, one: Estimate) -> str:
    """Whose difference a row shows, where both roles were asked."""
    return f"{outcome.label}, {found.labels[one.role]}" if outcome.role == "all" else outcome.label


def _compared(found: Findings, table: Table) -> TableBlock:
    """The arms before the start: side by side where there are two, otherwise under each other."""
    design = found.study.design
    labels = dict(found.labels)
    labels |= {design.role_label(r): found.labels[r] for r in ("senior", "junior")}
    strata = {str(row[2].value) for row in table.rows} - set(labels.values())
    labels |= {name: name[:1].upper() + name[1:].replace(" = ", ": ") for name in strata}
    names = list(dict.fromkeys(str(row[3].value) for row in table.rows))
    if len(names) != 2:
        columns = ["measure", "arm", "people", "mean", "SD", "standardised difference"]
        return table_block(table, columns=columns, labels=labels, group="role", mixed=True)
    arms = [labels.get(name, name) for name in names]
    by_measure: dict[tuple[str, ...], dict[str, tuple[Cell, ...]]] = {}
    for row in table.rows:
        key = tuple(str(cell.value) for cell in row[:3])
        by_measure.setdefault(key, {})[str(row[3].value)] = row
    nothing = tuple(Cell(None, "label") for _ in table.columns)
    rows = []
    for sides in by_measure.values():
        first, second = (sides.get(name, nothing) for name in names)
        known = first if first is not nothing else second
        ends = [_signed(second[7] if second[7].value is not None else first[7])]
        rows.append((known[0], known[2], *first[4:7], *second[4:7], *ends))
    heads = [f"{what}, {arm}" for arm in arms for what in ("People", "Mean", "SD")]
    wide = ("role", "measure", *heads, "difference in SD")
    made = Table(table.name, table.title, wide, tuple(rows), table.note)
    columns = [name for name in wide if name != "role"]
    heading = {"difference in SD": Column("Difference in SD")}
    return table_block(
        made, columns=columns, heads=heading, labels=labels, group="role", mixed=True
    )


def _signed(cell: Cell) -> Cell:
    """A difference with the sign that the figure above gives it."""
    if not isinstance(cell.value, float):
        return cell
    return Cell(number(cell.value, signed=True), "label")


def _single(found: Findings) -> Section:
    """One group: where it stood."""
    start = found.study.design.baseline
    means = [
        (outcome, row)
        for outcome, result in found.of("wave_means")
        for row in result.table("means").rows
        if row[2].value == start.name
    ]
    blocks: list[Block] = [Callout("missing", _no_comparison(found))]
    if means:
        columns = ("outcome", "role", "arm", "people", "mean", "SD", "low", "high")
        rows = tuple((Cell(o.label, "label"), *row[:2], *row[3:]) for o, row in means)
        table = Table("baseline", f"Scores at {start.label}", columns, rows)
        told = without_repeats(table, "role", "arm")
        blocks.append(table_block(table, columns=told, labels=found.labels, mixed=True))
    return Section("baseline", "Before the start", tuple(blocks))


def _no_comparison(found: Findings) -> str:
    reasons = found.why_not("compare_arms")
    if reasons:
        return " ".join(reasons)
    if found.study.design.comparison is not None:
        return (
            "How alike the groups were is told with their comparison, once the data reach the "
            "planned end of the programme."
        )
    return (
        "There is no comparison group, so nobody can say how the same people would have changed "
        "anyway. To say that, the study would need a comparison group, best drawn by lot."
    )
