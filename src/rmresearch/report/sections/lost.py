"""What those who were lost could change: other answers for them, bounds, tipping points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

from rmresearch.analysis.leavers import tipping
from rmresearch.display.numbers import confidence, decimals_for, number
from rmresearch.report import words
from rmresearch.report.blocks import (
    Block,
    Bullets,
    Callout,
    Column,
    Details,
    Paragraph,
    Section,
    TableBlock,
)
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.findings import Findings, in_words
from rmresearch.report.sections.common import checked, has, stacked, without_repeats
from rmresearch.report.sections.units import span_of, unit_of
from rmresearch.report.tables import table_block
from rmresearch.report.words.lost import Tips
from rmresearch.report.words.phrases import fill, from_to
from rmresearch.result import Estimate, Result, Table
from rmresearch.study import Outcome

__all__ = ["lost"]

_text = partial(fill, "page_lost")
_row = partial(fill, "page_lost_row")

#: what stands in the figure, in the order of fewer and fewer assumptions: estimates, then bounds
ONE = ("answered", "weighted", "imputed")
TWO = ("lee", "worst")
ANSWERS = {"answered": "answered", "weighted": "weighted", "worst case": "worst_case"}
READINGS: Mapping[str, Tips] = {
    tipping.THERE: "there",
    tipping.AT_ONCE: "at_once",
    tipping.NONE: "none",
    tipping.OPEN: "open",
    tipping.UNKNOWN: "unknown",
}
CHECKS = frozenset(
    {
        "answers to impute from",
        "answers to weigh by",
        "imputed answers can be analysed",
        "model can be fitted",
        "people who answered",
        "scale with two ends",
        "weights not extreme",
    }
)
Answers = Sequence[tuple[Outcome, Result]]
#: of all intervals here but the answer's own
LEVEL = 0.95


def lost(found: Findings) -> Section:
    """Could those who did not answer change the answer?"""
    answers = [(o, r) for o, r in found.of("attrition") if has(r, "otherwise")]
    if not answers:
        return Section("lost", _text("title"), (_nothing(found),))
    first = _first(found, answers)
    blocks: list[Block] = [Paragraph(_text("intro")), *_figure(found, *first)]
    blocks.append(Bullets(tuple(_told(found, answers, first[1]))))
    blocks.append(Details(_text("numbers"), tuple(_tables(found, answers))))
    return Section("lost", _text("title"), tuple(blocks))


def _nothing(found: Findings) -> Block:
    """Why nothing is shown: nobody is missing, or it cannot be said."""
    whole = [
        check
        for _, result in found.of("attrition")
        for check in result.checks
        if check.name == "somebody is missing"
    ]
    if whole:
        return Paragraph(_text("nobody"))
    unfit = {"people in both arms", "people who answered", "model can be fitted"}
    seen = [check.detail for _, result in found.of("attrition") for check in result.checks
            if check.name in unfit and not check.passed]  # fmt: skip
    told = [in_words(detail, found.labels) for detail in seen]
    asked = (*told, *found.why_not("pre_post"), *found.why_not("attrition"))
    reasons = " ".join(dict.fromkeys(asked))
    return Callout("missing", reasons or words.missing("follow_up", "person_ids"))


def _first(found: Findings, answers: Answers) -> tuple[Outcome, Estimate, Result]:
    """The headline's own question where somebody is missing; else its outcome, or the first one,
    at the last wave."""
    head = found.headline.estimate if found.headline else None
    name = head.outcome if head else ""
    outcome, result = next((pair for pair in answers if pair[0].name == name), answers[0])
    for one in result.estimates:
        if one.term == "answered" and head is not None and _same(one, head):
            return outcome, one, result
    return outcome, _last(found, result), result


def _same(one: Estimate, other: Estimate) -> bool:
    """Whether two estimates are about the same people, outcome, wave and contrast."""
    return (one.role, one.outcome, one.wave, one.contrast) == (
        other.role,
        other.outcome,
        other.wave,
        other.contrast,
    )


def _last(found: Findings, result: Result) -> Estimate:
    """The estimate of those who answered that stands first at the last wave."""
    waves = [wave.name for wave in found.study.design.waves]
    shown = [one for one in result.estimates if one.term == "answered"]
    return max(shown, key=lambda one: waves.index(one.wave))


def _beside(found: Findings, one: Estimate, result: Result) -> dict[str, Estimate]:
    """By term, what stands beside it for the same people, wave and contrast."""
    imputed = found.result("missingness")
    return {
        other.term: other
        for other in (*result.estimates, *(imputed.estimates if imputed else ()))
        if other.term and _same(one, other)
    }


def _figure(found: Findings, outcome: Outcome, one: Estimate, result: Result) -> Iterator[Block]:
    beside = _beside(found, one, result)
    record = _record(found, one)
    smallest = outcome.smallest_effect
    rows = []
    bounded = ""
    if record is not None and record.value != one.value:
        rows.append(Interval.of(record, _row("record"), smallest=smallest, main=True))
    for term in ONE:
        if term in beside and beside[term].value is not None:
            rows.append(Interval.of(beside[term], _row(term), smallest=smallest, main=not rows))
    for kind in TWO:
        low, high = beside.get(f"{kind}-lower"), beside.get(f"{kind}-upper")
        if low is None or high is None or low.value is None or high.value is None:
            continue
        bounded = kind
        rows.append(
            Interval(
                label=_row(kind),
                value=None,
                span=(low.value, high.value),
                low=low.low,
                high=high.high,
                smallest=smallest,
                detail=number(low.n_people),
            )
        )
    wave = found.labels.get(one.wave, one.wave)
    contrast = found.labels.get(one.contrast, one.contrast)
    level = confidence(LEVEL if record is None else record.level)
    yield interval_plot(
        rows,
        title=_text(
            "worst" if bounded == "worst" else "assumed",
            label=outcome.label,
            wave=wave,
            span=span_of(rows, outcome),
        ),
        unit=_text("unit", unit=unit_of(outcome)),
        caption=_text(
            "caption" if level == confidence(LEVEL) else "caption_level",
            contrast=contrast,
            level=level,
        ),
        share=outcome.kind == "binary",
    )


def _record(found: Findings, one: Estimate) -> Estimate | None:
    """The answer that the report gives about the same people, as it is told there."""
    return next((v.shown for v in found.verdicts if _same(one, v.estimate)), None)


def _told(found: Findings, answers: Answers, first: Estimate) -> Iterator[str]:
    """A sentence an outcome at its last wave, the headline's first with its bounds; the outcomes
    of which nothing could be overturned, or told, share one."""
    design = found.study.design
    quiet: dict[Literal["open", "unknown"], list[str]] = {"open": [], "unknown": []}
    for outcome, result in sorted(answers, key=lambda pair: pair[0].name != first.outcome):
        main = outcome.name == first.outcome
        one = first if main else _last(found, result)
        tip, reading = _tip(result, one)
        record = _record(found, one)
        if record is not None and reading != "unknown":
            told = record.excludes_zero  # only such a difference could be overturned
            reading = "open" if not told else "alone" if reading == "open" else reading
        if tip is not None and not main and (reading == "open" or reading == "unknown"):
            quiet[reading].append(outcome.label)
        elif tip is not None:
            yield words.tips(tip, design, reading)
        if main:
            yield from _between(found, one, result)
    for why, labels in quiet.items():
        if labels:
            yield words.nothing_to_overturn(labels, why)


def _tip(result: Result, one: Estimate) -> tuple[Estimate | None, Tips]:
    """The tipping point of the same people, wave and contrast, and what became of the decision."""
    key = (one.role, one.wave, one.contrast)
    rows = result.table("tipping").to_frame().to_dict("records") if has(result, "tipping") else []
    readings = {(row["role"], row["wave"], row["contrast"]): row["reading"] for row in rows}
    for tip in result.estimates:
        if tip.term == "tipping-point" and (tip.role, tip.wave, tip.contrast) == key:
            return tip, READINGS[readings[key]]
    return None, "unknown"


def _between(found: Findings, one: Estimate, result: Result) -> Iterator[str]:
    """Between what it lies; bounds that meet, as shown, say nothing that the answer does not."""
    beside = _beside(found, one, result)
    for kind in TWO:
        low, high = beside.get(f"{kind}-lower"), beside.get(f"{kind}-upper")
        if low is None or high is None or low.value is None or high.value is None:
            continue
        places = decimals_for((low.value, high.value))
        if number(low.value, decimals=places) != number(high.value, decimals=places):
            yield words.bounds(low, high, found.study.design)


def _tables(found: Findings, answers: Answers) -> Iterator[TableBlock]:
    tables = [
        stacked(answers, "otherwise", _text("otherwise")),
        stacked(answers, "tipping", _text("tipping")),
    ]
    imputed = found.result("missingness")
    if imputed is not None and has(imputed, "imputed"):
        tables.append(imputed.table("imputed"))
    for table in tables:
        if table is not None:
            yield _listed(found, table)
    grid = next((result for _, result in answers if has(result, "tipping-grid")), None)
    if grid is not None:
        yield _grid(found, grid)
    failed = [
        check
        for result in (*(r for _, r in answers), *([imputed] if imputed else []))
        for check in result.checks
        if check.name in CHECKS and not check.passed
    ]
    if failed:
        yield checked(found, failed, _text("undone"))


def _listed(found: Findings, table: Table) -> TableBlock:
    """A table under the outcomes' headings; the role only where an outcome has two."""
    places = [table.columns.index(name) for name in ("outcome", "role")]
    both = {tuple(row[at].value for at in places) for row in table.rows}
    single = len(both) == len({outcome for outcome, _ in both})
    columns = [
        name
        for name in without_repeats(table, "role", "contrast")
        if name != "outcome" and not (name == "role" and single)
    ]
    answers = {name: fill("page_lost_answer", key) for name, key in ANSWERS.items()}
    return table_block(
        table,
        columns=columns,
        heads={
            "effective n": _text("worth"),
            "up to": _text("up_to"),
            "reading": Column(_text("reading"), numeric=False),
        },
        labels={**found.labels, **answers},
        group="outcome",
        mixed=True,
    )


def _grid(found: Findings, result: Result) -> TableBlock:
    """Both arms' missing made worse: the intervals, at the last wave."""
    frame = result.table("tipping-grid").to_frame()
    last = frame[frame["wave"] == frame["wave"].iloc[-1]]
    last = last[last["contrast"] == last["contrast"].iloc[-1]]
    last = last[last["role"] == last["role"].iloc[-1]]
    steps = sorted(set(last["comparison worse by"]))
    cell = {
        (row["programme worse by"], row["comparison worse by"]): row
        for row in last.to_dict("records")
    }
    contrast = str(last["contrast"].iloc[0])
    first, _, second = contrast.partition(" - ")
    names = [found.labels.get(name, name) for name in (first, second)]
    rows = tuple(
        (
            number(a, decimals=2),
            *(from_to(cell[a, b]["low"], cell[a, b]["high"], decimals=2) for b in steps),
        )
        for a in sorted(set(last["programme worse by"]))
    )
    outcome = dict(result.call.arguments).get("outcome", "")
    return TableBlock(
        caption=_text("grid", label=found.labels.get(outcome, outcome)),
        columns=(
            Column(_text("grid_rows", arm=names[0]), numeric=False),
            *(
                Column(_text("grid_column", arm=names[1], amount=number(b, decimals=2)))
                for b in steps
            ),
        ),
        rows=rows,
        note=result.table("tipping-grid").note,
    )
