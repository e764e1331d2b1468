"""Who was there: assigned, started, answered, analysed; and how alike the arms were before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from rmresearch.display.numbers import count, number
from rmresearch.evidence import TOO_FAR
from rmresearch.report.blocks import Block, Callout, Column, Details, Paragraph, Section, TableBlock
from rmresearch.report.figures.balance import Difference, balance_plot
from rmresearch.report.figures.flow import Arm, Stage, flow_diagram
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import independence, without_repeats
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import called, capital, catalogue, fill, plural
from rmresearch.result import Cell, Estimate, Result, Table
from rmresearch.study import Outcome

__all__ = ["baseline", "flow", "one_a_role"]

_text = partial(fill, "page_flow")
_before = partial(fill, "page_baseline")

EVERYONE = "everyone assigned"
#: more waves than this between the first and the last stand in the table alone
MOST_BETWEEN = 3
#: by whose standard a standardised difference is too large to be adjusted for
STANDARD = "What Works Clearinghouse"


def flow(found: Findings) -> Section:
    """How many were assigned, started, answered and are analysed, arm by arm?"""
    design = found.study.design
    blocks: list[Block] = [Paragraph(independence(found.study))]
    tables: list[Block] = []
    for outcome, result in one_a_role(found):
        blocks += _diagram(found, outcome, result)
        table = table_block(
            _begun(found, result.table("flow")),
            columns=["stage", "wave", "people", "clusters", "share of assigned"],
            heads={"share of assigned": _text("of_assigned")},
            labels={**catalogue()["page_flow_stage"], **found.labels},
            group="arm" if len(design.arms) > 1 else None,
            caption=_text(
                "caption",
                people=plural(called(design, _role(result))),
                outcome=outcome.label,
            ),
        )
        tables.append(table)
    if tables:
        blocks.append(Details(_text("numbers"), tuple(tables)))
    else:
        reason = " ".join(found.why_not("attrition"))
        text = _text("refused", reason=reason) if reason else _text("no_ids")
        blocks.append(Callout("missing", text))
    return Section("flow", _text("title"), (*blocks, *_left_out(found)))


def _left_out(found: Findings) -> Iterator[Block]:
    """What did not enter on import, and why."""
    names = catalogue()["page_flow_reason"]
    told = [
        _text("reason", reason=names.get(reason, reason), count=count(n))
        for reason, n in found.study.excluded
        if n
    ]
    if told:
        reasons = fill("phrase", "semicolon").join(told)
        yield Paragraph(_text("left_out", reasons=reasons), "small")


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
    people = plural(called(found.study.design, role))
    arms, names = [], catalogue()["page_flow_stage"]
    for arm, rows in frame.groupby("arm", sort=False):
        listed: list[dict[Any, Any]] = rows.to_dict("records")
        whens = [found.labels.get(row["wave"], row["wave"]) for row in listed]
        stages = [
            Stage(_staged(names[row["stage"]], when), row["people"])
            for row, when in zip(listed, whens, strict=True)
            if row["stage"] != "analysed"
        ]
        if listed[-1]["stage"] == "analysed":
            stages.append(Stage(_staged(names["analysed"], whens[-1]), listed[-1]["people"]))
        name = found.labels.get(str(arm), str(arm)) or capital(people)
        arms.append(Arm(name, tuple(stages)))
    assigned = int(frame.loc[frame["stage"] == "assigned", "people"].sum())
    analysed = frame[frame["stage"] == "analysed"].groupby("arm", sort=False)["people"].last().sum()
    yield flow_diagram(
        [Stage(_text("begin", people=people), assigned)] if len(arms) > 1 else [],
        arms,
        title=_text("figure", analysed=count(analysed), assigned=count(assigned), people=people),
        caption=_text(
            "figure_caption_between" if many else "figure_caption", outcome=outcome.label
        ),
        unit=people,
    )


def _staged(stage: str, wave: str) -> str:
    """A stage's name with its wave, where it has one."""
    return _text("stage_at", stage=stage, wave=wave) if wave else stage


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
    title = _before("title")
    table = Table("baseline", title, first.columns, tuple(rows.values()), first.note)
    known = [abs(one.value) for one in differences if one.value is not None]
    figure = balance_plot(
        differences, title=_finding(known), caption=_before("caption", standard=STANDARD)
    )
    return Section("baseline", title, (figure, _compared(found, table)))


def _finding(sizes: Sequence[float]) -> str:
    """How many differences are too large to adjust for."""
    wide = sum(size > TOO_FAR for size in sizes)
    if not sizes:
        return _before("unknown")
    if not wide:
        return _before("within", largest=number(max(sizes)))
    key = "beyond_one" if len(sizes) == 1 else "beyond"
    return _before(key, wide=count(wide), all=count(len(sizes)))


def _of(found: Findings, outcome: Outcome, one: Estimate) -> str:
    """Whose difference a row shows, where both roles were asked."""
    if outcome.role != "all":
        return outcome.label
    return _before("of_role", outcome=outcome.label, role=found.labels[one.role])


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
    heads = [_before(what, arm=arm) for arm in arms for what in ("people", "mean", "sd")]
    wide = ("role", "measure", *heads, "difference in SD")
    made = Table(table.name, table.title, wide, tuple(rows), table.note)
    columns = [name for name in wide if name != "role"]
    heading = {"difference in SD": Column(_before("difference"))}
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
        table = Table("baseline", _before("scores", wave=start.label), columns, rows)
        told = without_repeats(table, "role", "arm")
        heads = {"outcome": _before("outcome")}
        blocks.append(
            table_block(table, columns=told, heads=heads, labels=found.labels, mixed=True)
        )
    return Section("baseline", _before("title"), tuple(blocks))


def _no_comparison(found: Findings) -> str:
    reasons = found.why_not("compare_arms")
    if reasons:
        return " ".join(reasons)
    if found.study.design.comparison is not None:
        return _before("later")
    return _before("no_comparison")
