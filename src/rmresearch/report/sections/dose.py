"""Do those who meet more learn more? Gains held against meetings, as an association."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from rmresearch.display.numbers import count
from rmresearch.report import words
from rmresearch.report.blocks import Block, Callout, Details, Paragraph, Subsection
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import checked, left_out, stacked, without_repeats
from rmresearch.report.sections.units import differs_in
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import capital, fill, lower_first
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome

__all__ = ["dose"]

_text = partial(fill, "page_dose")

#: what is drawn, under a heading each
COMPARED = ("within", "between")
#: so many outcomes are drawn, one of them is told; all stand in the tables
MOST = 6

Answers = Sequence[tuple[Outcome, Result]]


def dose(found: Findings) -> Iterator[Block]:
    """The second question about meetings; nothing where it was not asked."""
    answers = list(found.of("engagement"))
    if not answers:
        asked = [outcome.name for outcome in found.study.design.outcomes]
        reasons = [reason for name in asked for reason in found.why_not("engagement", name)]
        if reasons:
            yield Subsection(_text("title"), (Callout("missing", reasons[0]),), "dose")
        return
    told = [pair for outcome, result in answers for pair in _told(outcome, result)][:MOST]
    head = found.headline.estimate.outcome if found.headline else ""
    _, one, other = next((t for t in told if t[0].name == head), told[0])
    said = Paragraph(words.dose(one, other, found.study.design))
    blocks = (_figure(found, told), said, Callout("note", words.association()))
    yield Subsection(_text("title"), (*blocks, _more(found, answers)), "dose")


Told = tuple[Outcome, Estimate | None, Estimate | None]


def _told(outcome: Outcome, result: Result) -> Iterator[Told]:
    """Within and between of each role, of everybody whose pair started."""
    first = result.estimates[0].estimand
    for role in dict.fromkeys(one.role for one in result.estimates):
        mine = {e.term: e for e in result.estimates if (e.role, e.estimand) == (role, first)}
        if not mine.keys().isdisjoint(COMPARED):
            yield outcome, mine.get("within"), mine.get("between")


def _figure(found: Findings, told: Sequence[Told]) -> Block:
    rows = [
        Interval.of(one, _label(found, outcome, one), group=_text(heading))
        for place, heading in enumerate(COMPARED)
        for outcome, *both in told
        if (one := both[place]) is not None
    ]
    clear = sum(row.low is not None and row.high is not None and row.low * row.high > 0
                for row in rows)  # fmt: skip
    title = _text("clear" if clear else "none", clear=count(clear), all=count(len(rows)))
    return interval_plot(
        rows,
        title=title,
        unit=differs_in(_text("unit"), [outcome for outcome, *_ in told]),
        sides=(_text("left"), _text("right")),
        caption=_text("caption"),
    )


def _label(found: Findings, outcome: Outcome, one: Estimate) -> str:
    who = found.labels.get(one.role, "")
    both = outcome.role == "all" and who
    return _text("row", label=outcome.label, who=lower_first(who)) if both else outcome.label


def _more(found: Findings, answers: Answers) -> Details:
    """All outcomes and both denominators, the intervals between measurements, and the checks."""
    inside: list[Block] = []
    for name in ("dose", "intervals"):
        table = stacked(answers, name, _text(name))
        if table is None:
            continue
        columns = [one for one in without_repeats(table, "role", "among") if one != "outcome"]
        labels = {str(cell.value): capital(str(cell.value)) for row in table.rows for cell in row
                  if cell.kind == "label" and cell.value}  # fmt: skip
        inside.append(
            table_block(
                table,
                columns=columns,
                labels={**labels, **found.labels},
                group="outcome",
                mixed=True,
            )
        )
    failed = tuple(
        check
        for _, result in answers
        for check in result.checks
        if not check.passed and check.name != "more than an association"  # the note says it
    )
    inside += [checked(found, failed, fill("page_tables", "failing"))] if failed else []
    gone = tuple(dict.fromkeys(d for _, result in answers for d in result.dropped))
    inside += [left_out(found, gone)] if gone else []
    return Details(fill("page_tables", "numbers"), tuple(inside))
