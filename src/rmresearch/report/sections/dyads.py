"""Junior and senior of a pair: what later scores go with, and whether both gain together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rmresearch.display.numbers import number, p_value
from rmresearch.report import words
from rmresearch.report.blocks import Block, Bullets, Details, Paragraph, Section
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import checked, left_out, unanswered
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import (
    capital,
    fill,
    from_to,
    listed,
    lower_first,
    people,
)
from rmresearch.result import Estimate, Result

__all__ = ["dyads"]

_text = partial(fill, "page_dyads")

#: what later scores are held against
PARTS = ("actor", "partner")


def dyads(found: Findings) -> Section:
    """Do junior and senior move together?"""
    results = found.every("dyadic")
    if not results:
        return unanswered(
            found, "dyads", _text("title"), "dyadic", words.missing("pairs", "follow_up")
        )
    blocks: list[Block] = [Paragraph(_text("intro"))]
    if not any(found.planned(result, one) for result in results for one in result.estimates):
        blocks.append(Paragraph(fill("plan", "exploratory"), "small"))
    for result in results:
        blocks += _one(found, result)
    blocks.append(_more(found, results))
    return Section("dyads", _text("title"), tuple(blocks))


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
            _text(f"{one.term}_arm" if several else one.term, arm=_arm(found, one)),
            group=_text(
                "group",
                who=capital(people(design, one.role)),
                label=design.outcome(one.outcome).label,
            ),
        )
        for one in slopes
    ]
    seen = [one for one in slopes if one.term == "partner" and one.excludes_zero]
    title = _text("unclear")
    if seen:
        whose = dict.fromkeys(lower_first(people(design, one.role)) for one in seen)
        title = _text("seen", who=listed(list(whose)))
    return interval_plot(rows, title=title, unit=_text("unit"), caption=_text("caption"))


def _arm(found: Findings, one: Estimate) -> str:
    return found.labels.get(one.group, one.group)


def _more(found: Findings, results: Sequence[Result]) -> Details:
    """The numbers, the ratio, the pairs that wait, what was checked, who is not in it."""
    inside: list[Block] = []
    for result in results:
        for table in result.tables:
            if table.rows:
                labels = {**found.labels, "all pairs": _text("all_pairs")}
                inside.append(table_block(table, labels=labels, group=_group(table.name)))
        inside += [Paragraph(text, "small") for text in _ratios(found, result)]
        inside.append(checked(found, result.checks))
        inside += [left_out(found, result.dropped)] if result.dropped else []
    return Details(_text("more"), tuple(inside))


def _group(name: str) -> str | None:
    return "arm" if name == "parts" else None


def _ratios(found: Findings, result: Result) -> list[str]:
    """One line on the ratios that were given, and on the test of likeness where it was asked."""
    ratios = [one for one in result.estimates if one.term == "ratio" and one.value is not None]
    lines = []
    if ratios:
        told = [
            _text(
                "ratio_arm" if one.group else "ratio",
                role=found.labels.get(one.role, one.role),
                arm=_arm(found, one),
                value=number(one.value, decimals=2),
                interval=from_to(one.low, one.high, decimals=2),
            )
            for one in ratios
        ]
        lines.append(_text("ratios", told=fill("phrase", "semicolon").join(told)))
    for one in result.estimates:
        if one.term == "likeness" and one.value is not None:
            key = "likeness" if one.p is None else "likeness_p"
            value = number(one.value, decimals=1)
            who = _arm(found, one) or _text("all")
            lines.append(_text(key, who=who, value=value, p=p_value(one.p)))
    return lines
