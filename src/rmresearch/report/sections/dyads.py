"""Junior and senior of a pair: what later scores go with, and whether both gain together."""

from __future__ import annotations

from collections.abc import Sequence

from rmresearch.display.numbers import interval, number, p_value
from rmresearch.report import words
from rmresearch.report.blocks import Block, Bullets, Details, Paragraph, Section
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import checked, left_out, unanswered
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import capital, fill, lower_first, people
from rmresearch.result import Estimate, Result

__all__ = ["dyads"]

TITLE = "Junior and senior together"
INTRO = (
    "Each member's later score is held against the own score and the partner's score before, both "
    "roles in one model. An association, observational: who is paired with whom, and what a pair "
    "shares, moves both members, so no part of it says that one changed the other."
)
PARTS = {"actor": "own score before", "partner": "partner's score before"}
RATIO = (
    "Ratio of the partner's part to the own part, only where the own part is more than two "
    "standard errors from 0"
)


def dyads(found: Findings) -> Section:
    """Do junior and senior move together?"""
    results = found.every("dyadic")
    if not results:
        return unanswered(found, "dyads", TITLE, "dyadic", words.missing("pairs", "follow_up"))
    blocks: list[Block] = [Paragraph(INTRO)]
    if not any(found.planned(result, one) for result in results for one in result.estimates):
        blocks.append(Paragraph(fill("plan", "exploratory"), "small"))
    for result in results:
        blocks += _one(found, result)
    blocks.append(_more(found, results))
    return Section("dyads", TITLE, tuple(blocks))


def _records(found: Findings, result: Result, *terms: str) -> list[Estimate]:
    """Estimates of programme arms (everybody, where no arms are declared)."""
    arms = {arm.name for arm in found.study.design.programme_arms} or {""}
    return [
        one
        for one in result.estimates
        if one.term in terms and one.group in arms and not one.contrast and one.value is not None
    ]


def _one(found: Findings, result: Result) -> list[Block]:
    """Figure and sentences of one pair of outcomes."""
    design = found.study.design
    slopes = _records(found, result, *PARTS)
    other = dict(result.call.arguments)
    names = {"senior": other["junior_outcome"], "junior": other["outcome"]}
    partners = [one for one in slopes if one.term == "partner"]
    said = [words.partner(one, names[one.role], design) for one in partners]
    gains = _records(found, result, "reciprocity")
    return [_figure(found, slopes), Bullets((*said, *map(words.gains, gains)))]


def _figure(found: Findings, slopes: Sequence[Estimate]) -> Block:
    design = found.study.design
    several = len({one.group for one in slopes}) > 1
    rows = [
        Interval.of(
            one,
            PARTS[one.term] + (f", {found.labels.get(one.group, one.group)}" if several else ""),
            group=f"{capital(people(design, one.role))}: {design.outcome(one.outcome).label}",
        )
        for one in slopes
    ]
    seen = [one for one in slopes if one.term == "partner" and _apart(one)]
    title = "Whether later scores go with the partner's start cannot be told"
    if seen:
        whose = " and ".join(lower_first(people(design, one.role)) for one in seen)
        title = f"Later scores of {whose} go with their partner's start"
    return interval_plot(
        rows,
        title=title,
        unit="Points later for each point before, the other start held equal",
        caption="Programme pairs. Points are estimates, lines their 95% intervals; 1 would mean "
        "that scores keep their distances.",
    )


def _apart(one: Estimate) -> bool:
    return one.low is not None and one.high is not None and (one.low > 0 or one.high < 0)


def _more(found: Findings, results: Sequence[Result]) -> Details:
    """The numbers, the ratio, the pairs that wait, what was checked, who is not in it."""
    inside: list[Block] = []
    for result in results:
        for table in result.tables:
            if table.rows:
                labels = {**found.labels, "all pairs": "All pairs"}
                inside.append(table_block(table, labels=labels, group=_group(table.name)))
        inside += [Paragraph(text, "small") for text in _ratios(found, result)]
        inside.append(checked(found, result.checks))
        inside += [left_out(found, result.dropped)] if result.dropped else []
    return Details("The numbers, matched pairs that wait, and what was checked", tuple(inside))


def _group(name: str) -> str | None:
    return "arm" if name == "parts" else None


def _ratios(found: Findings, result: Result) -> list[str]:
    """One line on the ratios that were given, and on the test of likeness where it was asked."""
    ratios = [one for one in result.estimates if one.term == "ratio" and one.value is not None]
    lines = []
    if ratios:
        told = [
            f"{found.labels.get(one.role, one.role)}"
            f"{', ' + found.labels.get(one.group, one.group) if one.group else ''}: "
            f"{number(one.value, decimals=2)} ({interval(one.low, one.high, decimals=2)})"
            for one in ratios
        ]
        lines.append(f"{RATIO}: {'; '.join(told)}.")
    for one in result.estimates:
        if one.term == "likeness" and one.value is not None:
            chance = f", {p_value(one.p)}" if one.p is not None else ""
            lines.append(
                f"Can the roles be told apart at all ({found.labels.get(one.group, 'all pairs')})? "
                f"Likelihood ratio {number(one.value, decimals=1)} on 4 df{chance}."
            )
    return lines
