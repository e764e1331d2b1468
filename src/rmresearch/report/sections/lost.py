"""What those who were lost could change: other answers for them, bounds, tipping points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from rmresearch.analysis.leavers import tipping
from rmresearch.display.numbers import decimals_for, number
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
from rmresearch.report.words.phrases import capital
from rmresearch.result import Estimate, Result, Table
from rmresearch.study import Outcome

__all__ = ["lost"]

TITLE = "What the missing could change"
INTRO = (
    "Nobody knows how those who did not answer would have answered. Here is how far the difference "
    "would move under other assumptions about them, from mild to none at all."
)
#: what each estimate is called, in the order of fewer and fewer assumptions
ONE: Mapping[str, str] = {
    "answered": "Those who answered, this wave by itself",
    "weighted": "Weighted to all who answered before",
    "imputed": "Missing answers imputed",
}
TWO: Mapping[str, str] = {
    "lee": "Bounds, if answering moves in one direction (Lee)",
    "worst": "Bounds, whatever the missing would say",
}
ANSWERS = ("answered", "weighted", "worst case")
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
        return Section("lost", TITLE, (_nothing(found),))
    first = _first(found, answers)
    blocks: list[Block] = [Paragraph(INTRO), *_figure(found, *first)]
    blocks.append(Bullets(tuple(_told(found, answers, first[1]))))
    blocks.append(Details("The numbers of every outcome and wave", tuple(_tables(found, answers))))
    return Section("lost", TITLE, tuple(blocks))


def _nothing(found: Findings) -> Block:
    """Why nothing is shown: nobody is missing, or it cannot be said."""
    whole = [
        check
        for _, result in found.of("attrition")
        for check in result.checks
        if check.name == "somebody is missing"
    ]
    if whole:
        return Paragraph("Everybody answered, so there is nothing that the missing could change.")
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
    if record is not None and record.value != one.value:
        rows.append(Interval.of(record, "The answer above", smallest=smallest, main=True))
    for term, label in ONE.items():
        if term in beside and beside[term].value is not None:
            rows.append(Interval.of(beside[term], label, smallest=smallest, main=not rows))
    for kind, label in TWO.items():
        low, high = beside.get(f"{kind}-lower"), beside.get(f"{kind}-upper")
        if low is None or high is None or low.value is None or high.value is None:
            continue
        rows.append(
            Interval(
                label=label,
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
    yield interval_plot(
        rows,
        title=f"{outcome.label} at {wave}: {span_of(rows, outcome)}, {_under(rows)}",
        unit=f"Difference in {unit_of(outcome)}",
        caption=f"{contrast}. Points are estimates, thick bars bounds, thin lines 95% intervals. "
        "An interval around bounds holds the difference wherever it lies between them."
        + ("" if record is None else _level(record)),
        share=outcome.kind == "binary",
    )


def _under(rows: Sequence[Interval]) -> str:
    """Under which assumptions the figure's values differ."""
    bound = any(row.label == TWO["worst"] for row in rows)
    return "whatever the missing would say" if bound else "by what is assumed of the missing"


def _record(found: Findings, one: Estimate) -> Estimate | None:
    """The answer that the report gives about the same people, as it is told there."""
    return next((v.shown for v in found.verdicts if _same(one, v.estimate)), None)


def _level(record: Estimate) -> str:
    """What level the answer above is told at, where it is another than the rest's."""
    if record.level == LEVEL:
        return ""
    return f" The answer above is told with its {100 * record.level:.3g}% interval."


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
            told = _apart(record)
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


def _apart(record: Estimate) -> bool:
    """Whether the answer tells the difference from zero; only that could be overturned."""
    return record.low is not None and record.high is not None and not record.low <= 0 <= record.high


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
        stacked(answers, "otherwise", "The difference under other assumptions about the missing"),
        stacked(answers, "tipping", "Where the decision would tip"),
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
        yield checked(found, failed, "What could not be done")


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
    return table_block(
        table,
        columns=columns,
        heads={
            "effective n": "Worth, in answers",
            "up to": "Up to",
            "reading": Column("Reading", numeric=False),
        },
        labels={**found.labels, **{name: capital(name) for name in ANSWERS}},
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
            *(
                f"{number(cell[a, b]['low'], decimals=2)} to "
                f"{number(cell[a, b]['high'], decimals=2)}"
                for b in steps
            ),
        )
        for a in sorted(set(last["programme worse by"]))
    )
    outcome = dict(result.call.arguments).get("outcome", "")
    return TableBlock(
        caption=f"{found.labels.get(outcome, outcome)}: intervals where both groups' missing did "
        "worse",
        columns=(
            Column(f"{names[0]} worse by", numeric=False),
            *(Column(f"{names[1]} worse by {number(b, decimals=2)}") for b in steps),
        ),
        rows=rows,
        note=result.table("tipping-grid").note,
    )
