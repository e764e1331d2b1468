"""Match quality: whether pairs that fit better, by what was known before the start, gain more."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rmresearch.display.numbers import count
from rmresearch.report import words
from rmresearch.report.blocks import Block, Bullets, Callout, Details, Paragraph, Section
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import (
    checked,
    left_out,
    stacked,
    unanswered,
    without_repeats,
)
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import catalogue, lower_first
from rmresearch.result import Estimate, Result, Table
from rmresearch.study import Outcome

__all__ = ["match"]

Answers = Sequence[tuple[Outcome, Result]]
TITLE = "Match quality"
#: rows that the figure holds; with more, those of one outcome are drawn
ROWS = 16
NAMES = {
    "associations": "Match and gain",
    "features": "How well the pairs fit",
    "shape": "Gain along the fit, against the middle fit",
    "surface": "Where both answer alike, and where they differ",
}
HEADS = {
    "match": "Compared in",
    "step": "For",
    "predicted in new pairs": "Predicted in new pairs",
    "at": "People below",
}
#: what the figure calls a step of a feature
STEPS = {"+1 SD": "one SD more", "1 - 0": "yes − no"}


def match(found: Findings) -> Section:
    """Do pairs that match better gain more?"""
    answers = list(found.of("match_quality"))
    records = _of(answers, "")
    if not records:
        needs = words.missing("follow_up", "person_ids")
        return unanswered(found, "match", TITLE, "match_quality", needs)
    planned = [e for _, r in answers for e in r.estimates if not e.term and found.planned(r, e)]
    by_lot = found.study.design.matching.procedure == "random"
    drawn = records if len(records) <= ROWS else _of_one(found, records)
    blocks: list[Block] = [
        Paragraph(f"{catalogue()['match']['intro']} {words.asked_for(planned, records)}"),
        _figure(found, drawn, len(records), _title(planned, records)),
        Bullets(tuple(words.matched(planned or records, found.study.design))),
        Callout("note" if by_lot else "caution", words.matching(found.study.design)),
        *_numbers(found, answers),
    ]
    return Section("match", TITLE, tuple(blocks))


def _of(answers: Answers, term: str) -> list[Estimate]:
    return [e for _, result in answers for e in result.estimates if e.term == term]


def _of_one(found: Findings, records: Sequence[Estimate]) -> list[Estimate]:
    """The comparisons of the outcome that opens the report, or of the first that has any."""
    first = found.headline.estimate.outcome if found.headline is not None else ""
    name = first if any(e.outcome == first for e in records) else records[0].outcome
    return [e for e in records if e.outcome == name][:ROWS]


def _figure(found: Findings, records: Sequence[Estimate], whole: int, title: str) -> Block:
    design = found.study.design
    kinds = {e.group: STEPS[e.contrast] for e in records}
    ordered = sorted(records, key=lambda e: list(kinds).index(e.group))
    rows = []
    for feature, same in groupby(ordered, key=lambda e: e.group):
        for one in same:
            outcome = design.outcome(one.outcome)
            who = f", {lower_first(found.labels[one.role])}" if outcome.role == "all" else ""
            heading = f"{feature} ({kinds[feature]})"
            rows.append(Interval.of(one, f"{outcome.label}{who}", group=heading))
    units = {design.outcome(one.outcome).unit for one in records}
    drawn = "" if len(records) == whole else f" {count(whole)} comparisons stand in the numbers."
    return interval_plot(
        rows,
        title=title,
        unit="Difference at equal scores before, "
        f"{units.pop() if len(units) == 1 else 'each in its own unit'}",
        sides=("ended lower", "ended higher"),
        caption="Beside the score before the start, each comparison holds what the two people "
        f"bring by themselves; 95% intervals, cluster-robust.{drawn}",
    )


def _title(planned: Sequence[Estimate], records: Sequence[Estimate]) -> str:
    """How many comparisons stand out, allowing for all of them; of the planned, if there are any.

    Those that the plan asks for are a family of their own.
    """
    tested = [one for one in planned or records if one.p is not None]
    if not tested:
        return "Too few independent pairs to tell a difference from chance"
    apart = len(words.outstanding(tested))
    kind = "planned comparison" if planned else "comparison"
    if len(tested) == 1:
        return f"The {kind} {'stands' if apart else 'does not stand'} out from chance"
    stands = "stand" if apart > 1 else "stands"
    return f"{apart or 'None'} of {len(tested)} {kind}s {stands} out from chance"


def _each_role(answers: Answers) -> Answers:
    """One outcome for each role: how well pairs fit is hardly another thing for the next one."""
    found: dict[tuple[str, ...], tuple[Outcome, Result]] = {}
    for outcome, result in answers:
        roles = tuple(dict.fromkeys(e.role for e in result.estimates))
        found.setdefault(roles, (outcome, result))
    return list(found.values())


def _columns(table: Table) -> list[str]:
    """What says something: no repeats, no empty column, no role where the outcome tells it."""
    held = {
        c
        for i, c in enumerate(table.columns)
        if any(row[i].value is not None for row in table.rows)
    }
    roles: dict[object, set[object]] = {}
    for row in table.rows:
        roles.setdefault(row[0].value, set()).add(row[1].value)
    hidden = {"outcome"} if any(len(one) > 1 for one in roles.values()) else {"outcome", "role"}
    told = without_repeats(table, "step", "compared by")
    return [name for name in told if name in held - hidden]


def _numbers(found: Findings, answers: Answers) -> list[Block]:
    """All comparisons, how well the pairs fit, meetings, and what does not hold; then shapes."""
    inside = _tables(found, answers, ("associations", "features"))
    dose = [e for e in _of(answers, "dose") if e.value is not None]
    if dose:
        told = (catalogue()["match"]["exploratory"],)
        inside.append(Bullets((*told, *(words.met_more(e, found.study.design) for e in dose))))
    checks = tuple(c for _, result in answers for c in result.checks if not c.passed)
    inside += [checked(found, checks, "What does not hold")] if checks else []
    gone = tuple(dict.fromkeys(d for _, result in answers for d in result.dropped))
    inside += [left_out(found, gone)] if gone else []
    folded: list[Block] = [Details("The numbers, and what does not hold", tuple(inside))]
    shapes = _tables(found, answers, ("shape", "surface"))
    return [*folded, Details("The shape, a look", tuple(shapes))] if shapes else folded


def _tables(found: Findings, answers: Answers, names: Sequence[str]) -> list[Block]:
    blocks: list[Block] = []
    for name in names:
        table = stacked(_each_role(answers) if name == "features" else answers, name, NAMES[name])
        if table is not None:
            block = table_block(
                table, columns=_columns(table), heads=HEADS, labels=found.labels,
                group="outcome", mixed=True,
            )  # fmt: skip
            blocks.append(block)
    return blocks
