"""Match quality: whether pairs that fit better, by what was known before the start, gain more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
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
from rmresearch.report.words.phrases import catalogue, fill, lower_first
from rmresearch.result import Estimate, Result, Table
from rmresearch.study import Outcome

__all__ = ["match"]

Answers = Sequence[tuple[Outcome, Result]]
_text = partial(fill, "page_match")

#: rows that the figure holds; with more, those of one outcome are drawn
ROWS = 16
#: heads of columns, by the table's own
HEADS = {
    "match": "head_match",
    "step": "head_step",
    "predicted in new pairs": "head_predicted",
    "at": "head_at",
}
#: what the figure calls a step of a feature
STEPS = {"+1 SD": "step_sd", "1 - 0": "step_yes"}


def match(found: Findings) -> Section:
    """Do pairs that match better gain more?"""
    answers = list(found.of("match_quality"))
    records = _of(answers, "")
    if not records:
        needs = words.missing("follow_up", "person_ids")
        return unanswered(found, "match", _text("title"), "match_quality", needs)
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
    return Section("match", _text("title"), tuple(blocks))


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
            label = outcome.label
            if outcome.role == "all":
                label = _text("row", label=label, who=lower_first(found.labels[one.role]))
            heading = _text("group", feature=feature, step=_text(kinds[feature]))
            rows.append(Interval.of(one, label, group=heading))
    units = {design.outcome(one.outcome).unit for one in records}
    unit = "unit" if len(units) == 1 else "unit_own"
    caption = "caption" if len(records) == whole else "caption_some"
    return interval_plot(
        rows,
        title=title,
        unit=_text(unit, unit=units.pop()),
        sides=(_text("left"), _text("right")),
        caption=_text(caption, count=count(whole)),
    )


def _title(planned: Sequence[Estimate], records: Sequence[Estimate]) -> str:
    """How many comparisons stand out, allowing for all of them; of the planned, if there are any.

    Those that the plan asks for are a family of their own.
    """
    tested = [one for one in planned or records if one.p is not None]
    if not tested:
        return _text("untested")
    apart = len(words.outstanding(tested))
    if len(tested) == 1:
        key = "single_apart" if apart else "single_none"
    else:
        key = "several" if apart > 1 else "one" if apart else "none"
    parts = {"apart": count(apart), "all": count(len(tested))}
    return _text(f"planned_{key}" if planned else key, **parts)


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
    inside += [checked(found, checks, fill("page_tables", "failing"))] if checks else []
    gone = tuple(dict.fromkeys(d for _, result in answers for d in result.dropped))
    inside += [left_out(found, gone)] if gone else []
    folded: list[Block] = [Details(_text("numbers"), tuple(inside))]
    shapes = _tables(found, answers, ("shape", "surface"))
    return [*folded, Details(_text("shapes"), tuple(shapes))] if shapes else folded


def _tables(found: Findings, answers: Answers, names: Sequence[str]) -> list[Block]:
    blocks: list[Block] = []
    heads = {name: _text(key) for name, key in HEADS.items()}
    for name in names:
        title = fill("page_match_table", name)
        table = stacked(_each_role(answers) if name == "features" else answers, name, title)
        if table is not None:
            block = table_block(
                table, columns=_columns(table), heads=heads, labels=found.labels,
                group="outcome", mixed=True,
            )  # fmt: skip
            blocks.append(block)
    return blocks
