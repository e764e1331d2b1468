"""Do those who meet more learn more? Gains held against meetings, as an association."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rmresearch.report import words
from rmresearch.report.blocks import Block, Callout, Details, Paragraph, Subsection
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import checked, left_out, stacked, without_repeats
from rmresearch.report.sections.units import differs_in
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import capital, lower_first
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome

__all__ = ["dose"]

TITLE = "Do those who meet more learn more?"
#: what is drawn, and how the figure's headings name it
COMPARED = {
    "within": "The same person, with one meeting more than usual",
    "between": "People who meet once more than others",
}
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
            yield Subsection(TITLE, (Callout("missing", reasons[0]),), "dose")
        return
    told = [pair for outcome, result in answers for pair in _told(outcome, result)][:MOST]
    head = found.headline.estimate.outcome if found.headline else ""
    _, one, other = next((t for t in told if t[0].name == head), told[0])
    said = Paragraph(words.dose(one, other, found.study.design))
    blocks = (_figure(found, told), said, Callout("note", words.association()))
    yield Subsection(TITLE, (*blocks, _more(found, answers)), "dose")


Told = tuple[Outcome, Estimate | None, Estimate | None]


def _told(outcome: Outcome, result: Result) -> Iterator[Told]:
    """Within and between of each role, of everybody whose pair started."""
    first = result.estimates[0].estimand
    for role in dict.fromkeys(one.role for one in result.estimates):
        mine = {e.term: e for e in result.estimates if (e.role, e.estimand) == (role, first)}
        if COMPARED.keys() & mine.keys():
            yield outcome, mine.get("within"), mine.get("between")


def _figure(found: Findings, told: Sequence[Told]) -> Block:
    rows = [
        Interval.of(one, _label(found, outcome, one), group=heading)
        for place, heading in enumerate(COMPARED.values())
        for outcome, *both in told
        if (one := both[place]) is not None
    ]
    clear = sum(row.low is not None and row.high is not None and row.low * row.high > 0
                for row in rows)  # fmt: skip
    title = f"{clear} of {len(rows)} associations of meetings with gains stand clear of zero"
    return interval_plot(
        rows,
        title=title if clear else "No clear association of meetings with gains",
        unit=differs_in("Further gain with each meeting", [outcome for outcome, *_ in told]),
        sides=("more meetings, less gain", "more meetings, more gain"),
        caption="Programme only. Gains from one measurement to the next, adjusted for the score "
        "before the start; 95% intervals. Exploratory.",
    )


def _label(found: Findings, outcome: Outcome, one: Estimate) -> str:
    who = found.labels.get(one.role, "")
    both = outcome.role == "all" and who
    return f"{outcome.label}, {lower_first(who)}" if both else outcome.label


def _more(found: Findings, answers: Answers) -> Details:
    """All outcomes and both denominators, the intervals between measurements, and the checks."""
    inside: list[Block] = []
    for name, title in (("dose", "Gain and meetings"), ("intervals", "What it rests on")):
        table = stacked(answers, name, title)
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
    inside += [checked(found, failed, "What does not hold")] if failed else []
    gone = tuple(dict.fromkeys(d for _, result in answers for d in result.dropped))
    inside += [left_out(found, gone)] if gone else []
    return Details("The numbers, and who is not in them", tuple(inside))
