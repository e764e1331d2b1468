"""How scores vary: how much of the differences lasts, and whether people change at one speed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rmresearch.display.numbers import number, p_value, percent
from rmresearch.report import words
from rmresearch.report.blocks import (
    Block,
    Bullets,
    Column,
    Details,
    Paragraph,
    Section,
    TableBlock,
)
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
from rmresearch.report.words.phrases import fill, lower_first
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome

__all__ = ["variation"]

Answers = Sequence[tuple[Outcome, Result]]
#: the levels that last, in the order of the figure's headings
LASTING = ("person", "pair", "partner", "set")
_text = partial(fill, "page_variation")


def variation(found: Findings) -> Section:
    """How do scores vary across pairs and over time?"""
    answers = list(found.of("mixed_model"))
    shares = [(o, e) for o, result in answers for e in _shares(result)]
    if not shares:
        needs = words.unvaried() if answers else words.missing("follow_up", "person_ids")
        return unanswered(found, "variation", _text("title"), "mixed_model", needs)
    blocks: list[Block] = [
        Paragraph(_text("intro")),
        _figure(found, shares),
        Bullets(tuple(words.lasting(one, found.study.design) for one in _told(shares))),
    ]
    speeds = _speeds(found, answers)
    blocks += [speeds] if speeds else []
    blocks += _more(found, answers)
    return Section("variation", _text("title"), tuple(blocks))


def _shares(result: Result) -> list[Estimate]:
    """The shares of the levels that last, where there are any."""
    return [
        one
        for one in result.estimates
        if one.term == "variance-share" and one.group in LASTING and one.value is not None
    ]


def _told(shares: Sequence[tuple[Outcome, Estimate]]) -> list[Estimate]:
    """The smallest and the largest share are told; the others stand between them in the figure."""
    ordered = sorted((one for _, one in shares), key=lambda one: one.value or 0.0)
    return ordered if len(ordered) < 3 else [ordered[0], ordered[-1]]


def _figure(found: Findings, shares: Sequence[tuple[Outcome, Estimate]]) -> Block:
    rows = [
        Interval.of(one, _label(found, outcome, one), group=_lasting(one.group))
        for outcome, one in sorted(shares, key=lambda pair: LASTING.index(pair[1].group))
    ]
    values = sorted(one.value for _, one in shares if one.value is not None)
    low, high = percent(values[0]), percent(values[-1])
    return interval_plot(
        rows,
        title=_text("figure", share=low)
        if low == high
        else _text("figure_span", low=low, high=high),
        unit=_text("unit"),
        share=True,
        reference=None,
        caption=_text("caption"),
    )


def _label(found: Findings, outcome: Outcome, one: Estimate) -> str:
    """The outcome; and of whom, where both roles answered it."""
    who = found.labels.get(one.role, "")
    if outcome.role != "all" or not who:
        return outcome.label
    return _text("row", outcome=outcome.label, who=lower_first(who))


def _lasting(level: str) -> str:
    """A level that lasts, as the figure's headings name it."""
    return fill("page_lasting", level)


def _speeds(found: Findings, answers: Answers) -> TableBlock | None:
    """How far people differ in their course over time, and the test against none."""
    rows = []
    for outcome, result in answers:
        tests = {(e.role, e.group): e for e in result.estimates if e.term == "slope-test"}
        for one in result.estimates:
            if one.term == "slope-sd":
                unit = _text("speed", unit=outcome.unit)
                rows.append(
                    (
                        outcome.label,
                        found.labels.get(one.role, one.role),
                        _lasting(one.group),
                        number(one.value, decimals=2, unit=unit),
                        p_value(tests[one.role, one.group].p),
                    )
                )
    if not rows:
        return None
    return TableBlock(
        caption=_text("speeds"),
        columns=(
            *(Column(_text(head), numeric=False) for head in ("outcome", "who", "differences")),
            Column(_text("speed_sd")),
            Column(_text("speed_test"), "p"),
        ),
        rows=tuple(rows),
        note=_text("speed_note"),
    )


def _more(found: Findings, answers: Answers) -> list[Block]:
    """Where the differences lie, the models' means, and who is not in them."""
    inside: list[Block] = []
    for name in ("variances", "means"):
        table = stacked(answers, name, _text(name))
        if table is not None:
            columns = [one for one in without_repeats(table, "role", "arm") if one != "outcome"]
            inside.append(
                table_block(
                    table, columns=columns, labels=found.labels, group="outcome", mixed=True
                )
            )
    failed = tuple(c for _, result in answers for c in result.checks if not c.passed)
    inside += [checked(found, failed, fill("page_tables", "failing"))] if failed else []
    gone = tuple(dict.fromkeys(d for _, result in answers for d in result.dropped))
    inside += [left_out(found, gone)] if gone else []
    return [Details(_text("numbers"), tuple(inside))] if inside else []
