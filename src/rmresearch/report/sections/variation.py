"""How scores vary: how much of the differences lasts, and whether people change at one speed."""

from __future__ import annotations

from collections.abc import Sequence

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
from rmresearch.report.words.phrases import lower_first
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome

__all__ = ["variation"]

Answers = Sequence[tuple[Outcome, Result]]
#: the levels that last, as the figure's headings name them
LASTING = {
    "person": "Between people",
    "pair": "Between pairs",
    "partner": "Between partners",
    "set": "Between sets of linked pairs",
}
INTRO = (
    "Scores differ between people, between pairs and from one measurement to the next. What lasts "
    "says how well one answer tells a person from others; the rest is change and chance. The arms "
    "are held apart, so that no difference between them counts."
)


def variation(found: Findings) -> Section:
    """How do scores vary across pairs and over time?"""
    answers = list(found.of("mixed_model"))
    shares = [(o, e) for o, result in answers for e in _shares(result)]
    if not shares:
        needs = words.unvaried() if answers else words.missing("follow_up", "person_ids")
        return unanswered(found, "variation", "How scores vary", "mixed_model", needs)
    blocks: list[Block] = [
        Paragraph(INTRO),
        _figure(found, shares),
        Bullets(tuple(words.lasting(one, found.study.design) for one in _told(shares))),
    ]
    speeds = _speeds(found, answers)
    blocks += [speeds] if speeds else []
    blocks += _more(found, answers)
    return Section("variation", "How scores vary", tuple(blocks))


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
        Interval.of(one, _label(found, outcome, one), group=LASTING[one.group])
        for outcome, one in sorted(shares, key=lambda pair: list(LASTING).index(pair[1].group))
    ]
    values = sorted(one.value for _, one in shares if one.value is not None)
    low, high = percent(values[0]), percent(values[-1])
    return interval_plot(
        rows,
        title=f"{low if low == high else f'{low} to {high}'} of how scores differ lasts",
        unit="Share of the variance of scores that lasts over the measurements",
        share=True,
        reference=None,
        caption="From a mixed model of each outcome, with 95% profile-likelihood intervals; each "
        "arm has its own mean at each measurement.",
    )


def _label(found: Findings, outcome: Outcome, one: Estimate) -> str:
    """The outcome; and of whom, where both roles answered it."""
    who = found.labels.get(one.role, "")
    return (
        f"{outcome.label}, {lower_first(who)}" if outcome.role == "all" and who else outcome.label
    )


def _speeds(found: Findings, answers: Answers) -> TableBlock | None:
    """How far people differ in their course over time, and the test against none."""
    rows = []
    for outcome, result in answers:
        tests = {(e.role, e.group): e for e in result.estimates if e.term == "slope-test"}
        for one in result.estimates:
            if one.term == "slope-sd":
                unit = f"{outcome.unit} a month"
                rows.append(
                    (
                        outcome.label,
                        found.labels.get(one.role, one.role),
                        LASTING[one.group],
                        number(one.value, decimals=2, unit=unit),
                        p_value(tests[one.role, one.group].p),
                    )
                )
    if not rows:
        return None
    heads = ("Outcome", "Who", "Differences")
    return TableBlock(
        caption="Does everybody change at the same speed?",
        columns=(
            *(Column(head, numeric=False) for head in heads),
            Column("SD of the speeds"),
            Column("Test of one speed for all", "p"),
        ),
        rows=tuple(rows),
        note="Likelihood-ratio test; that an SD cannot be below 0 is allowed for. Exploratory.",
    )


def _more(found: Findings, answers: Answers) -> list[Block]:
    """Where the differences lie, the models' means, and who is not in them."""
    titles = {
        "variances": "Where the differences lie",
        "means": "Mean of each arm at each wave, from the model",
    }
    inside: list[Block] = []
    for name, title in titles.items():
        table = stacked(answers, name, title)
        if table is not None:
            columns = [one for one in without_repeats(table, "role", "arm") if one != "outcome"]
            inside.append(
                table_block(
                    table, columns=columns, labels=found.labels, group="outcome", mixed=True
                )
            )
    failed = tuple(c for _, result in answers for c in result.checks if not c.passed)
    inside += [checked(found, failed, "What does not hold")] if failed else []
    gone = tuple(dict.fromkeys(d for _, result in answers for d in result.dropped))
    inside += [left_out(found, gone)] if gone else []
    return [Details("The numbers, and who is not in them", tuple(inside))] if inside else []
