"""Declared groups of people, and differences that may be too small to matter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rmresearch.analysis.equivalence import FINDINGS
from rmresearch.display.numbers import count
from rmresearch.report import words
from rmresearch.report.blocks import Block, Bullets, Details, Paragraph, Section
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import (
    checked,
    left_out,
    stacked,
    unanswered,
    without_repeats,
)
from rmresearch.report.sections.units import differs_in, unit_of
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import fill
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome

__all__ = ["equivalence", "subgroups"]

_text = partial(fill, "page_subgroups")
_small = partial(fill, "page_equivalence")

#: the findings of `analysis.equivalence` that show a difference to be too small to matter, and
#: the one that this study could not have
SHOWN = (FINDINGS["no meaningful difference"], FINDINGS["a difference too small to matter"])
WIDE = FINDINGS["could not have shown it"]


def subgroups(found: Findings) -> Section:
    """Does it differ for declared groups?"""
    answers = list(found.of("subgroups"))
    if not answers:
        needs = _text("needs", needed=words.missing("moderators"))
        return unanswered(found, "subgroups", _text("title"), "subgroups", needs)
    blocks: list[Block] = []
    for outcome, result in answers:
        blocks += _groups(found, outcome, result)
    blocks.append(_numbers(found, answers))
    return Section("subgroups", _text("title"), tuple(blocks))


def _groups(found: Findings, outcome: Outcome, result: Result) -> list[Block]:
    """One outcome's figure, and a sentence for each moderator."""
    drawn = [one for one in result.estimates if one.term == "subgroup" and one.value is not None]
    pooled = {one.key[:6]: one for one in result.estimates if one.term == "subgroup-pooled"}
    rows = []
    for one in drawn:
        by, _, name = one.group.partition(" = ")
        contrast = found.labels.get(one.contrast, one.contrast)
        heading = _text("group", moderator=by.replace("_", " "), contrast=contrast)
        smallest = outcome.smallest_effect
        rows.append(Interval.of(one, name, group=heading, smallest=smallest, main=True))
        other = pooled.get(one.key[:6])
        if other is not None:
            rows.append(
                Interval.of(other, _text("pooled"), group=heading,
                            smallest=outcome.smallest_effect)
            )  # fmt: skip
    tests = [one for one in result.estimates if one.term == "interaction-test"]
    said = Bullets(tuple(words.differs(one, one.group, found.study.design) for one in tests))
    if not rows:
        return [said]
    wave = found.labels.get(drawn[0].wave, drawn[0].wave)
    differ = any(one.p is not None and one.p < 0.05 for one in tests)
    figure = interval_plot(
        rows,
        title=_text("differ" if differ else "alike", label=outcome.label, wave=wave),
        unit=_text("unit", unit=unit_of(outcome)),
        caption=_text("caption") if pooled else "",
        share=outcome.kind == "binary",
    )
    return [figure, said]


def _numbers(found: Findings, answers: Sequence[tuple[Outcome, Result]]) -> Details:
    inside: list[Block] = []
    for name, title in (("subgroups", "each"), ("tests", "tests")):
        table = stacked(answers, name, _text(title))
        if table is not None:
            columns = [n for n in without_repeats(table, "who", "contrast") if n != "outcome"]
            inside.append(
                table_block(
                    table, columns=columns, labels=found.labels, group="outcome", mixed=True
                )
            )
    inside += _beside(found, answers)
    return Details(fill("page_tables", "numbers"), tuple(inside))


def _beside(found: Findings, answers: Sequence[tuple[Outcome, Result]]) -> list[Block]:
    """What does not hold, and who is left out, each once."""
    failed = tuple(c for _, result in answers for c in result.checks if not c.passed)
    gone = tuple(dict.fromkeys(d for _, result in answers for d in result.dropped))
    failing = fill("page_tables", "failing")
    blocks: list[Block] = [checked(found, failed, failing)] if failed else []
    return blocks + ([left_out(found, gone)] if gone else [])


def equivalence(found: Findings) -> Section:
    """Is there evidence of no meaningful effect?"""
    answers = list(found.of("equivalence"))
    if not answers:
        needs = words.missing("smallest_effect")
        return unanswered(found, "equivalence", _small("title"), "equivalence", needs)
    rows: list[Interval] = []
    told: list[tuple[Outcome, Estimate, Estimate, str]] = []
    for outcome, result in answers:
        for test, record, finding in _last(found, result):
            rows.append(
                Interval.of(test, _label(found, outcome, test), smallest=outcome.smallest_effect)
            )
            told.append((outcome, test, record, finding))
    inside = sum(finding in SHOWN for *_, finding in told)
    said = _said(found, told)
    figure = interval_plot(
        rows,
        title=_small("shown", shown=count(inside), all=count(len(rows))),
        unit=differs_in(_small("unit"), [outcome for outcome, *_ in told]),
        level=_level([test for _, test, *_ in told]),
        caption=_small("caption"),
    )
    table = stacked(answers, "equivalence", _small("tests"))
    more: list[Block] = []
    if table is not None:
        columns = [
            "wave",
            "smallest effect",
            "difference",
            "tests from",
            "tests to",
            "p",
            "finding",
        ]
        if len({row[1].value for row in table.rows}) > 1:
            columns.insert(0, "who")
        more.append(
            table_block(table, columns=columns, labels=found.labels, group="outcome", mixed=True)
        )
    details = Details(_small("every"), tuple(more))
    blocks = (Paragraph(_small("intro")), figure, Bullets(tuple(said)), details)
    return Section("equivalence", _small("title"), blocks)


def _said(found: Findings, told: Sequence[tuple[Outcome, Estimate, Estimate, str]]) -> list[str]:
    """A sentence a difference; those that the study could not have shown share one."""
    wide = [outcome.label for outcome, *_, finding in told if finding == WIDE]
    several = len(wide) > 1
    said = [
        words.equivalent(test, record, finding, found.study.design)
        for _, test, record, finding in told
        if not (several and finding == WIDE)
    ]
    return [*said, words.too_wide(wide)] if several else said


def _level(tests: Sequence[Estimate]) -> float | None:
    """The level of the tests' intervals, where they have one."""
    levels = {round(one.level, 6) for one in tests}
    return levels.pop() if len(levels) == 1 else None


def _last(found: Findings, result: Result) -> list[tuple[Estimate, Estimate, str]]:
    """Each contrast's tests at the last wave, with the record and the finding."""
    order = [wave.name for wave in found.study.design.waves]
    tests = [one for one in result.estimates if one.term == "equivalence"]
    records = [one for one in result.estimates if one.term == "record"]
    findings = [str(row[-1].value) for row in result.table("equivalence").rows]
    told = list(zip(tests, records, findings, strict=True))
    told.sort(key=lambda part: order.index(part[0].wave))
    # a change's contrast names its wave, so there the arm alone tells contrasts apart
    between = dict(result.call.arguments)["of"] == "compare_arms"
    last = {
        (test.role, test.group, test.contrast if between else ""): (test, record, finding)
        for test, record, finding in told
    }
    return list(last.values())


def _label(found: Findings, outcome: Outcome, one: Estimate) -> str:
    """The outcome, its wave, and the arm where several are told."""
    wave = found.labels.get(one.wave, one.wave)
    arms = len(found.study.design.programme_arms) > 1 or bool(one.group)
    arm = found.labels.get(one.group or one.contrast, one.contrast) if arms else ""
    return _small("row_arm" if arm else "row", label=outcome.label, wave=wave, arm=arm)
