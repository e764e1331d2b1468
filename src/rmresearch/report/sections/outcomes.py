"""Each outcome in Kirkpatrick's order: figure first, sentence second, table third."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from rmresearch.display.numbers import decimals_for, number
from rmresearch.evidence import Certainty, Precision, at_level
from rmresearch.report import words
from rmresearch.report.blocks import (
    Badge,
    Badges,
    Block,
    Callout,
    Details,
    Paragraph,
    Section,
    Subsection,
    TableBlock,
)
from rmresearch.report.blocks.texts import BadgeKind
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.figures.waves import Point, wave_lines
from rmresearch.report.findings import Findings, Verdict
from rmresearch.report.sections.common import checked, left_out, stacked, telling, without_repeats
from rmresearch.report.sections.units import differs_in, unit_of
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import between, catalogue, fill, is_share, matters, people
from rmresearch.report.words.results import wins as wins_told
from rmresearch.result import Estimate, Result, Table
from rmresearch.study import Outcome

__all__ = ["badges", "outcomes", "precision"]

LEVELS = {2: "learning", 3: "behaviour", 4: "results"}
#: columns of the tables under the figures that the catalogue names
HEADS = ("people", "comparison people", "mean", "comparison mean", "standardised")
_text = partial(fill, "page_outcomes")
_badge = partial(fill, "page_badge")
_head = partial(fill, "page_outcomes_head")
_mean = partial(fill, "page_means")
#: so many outcomes of one level are shown each by itself; more are shown side by side
BY_THEMSELVES = 6
CERTAINTY: dict[Certainty, BadgeKind] = {
    Certainty.STRONG: "good",
    Certainty.MODERATE: "neutral",
    Certainty.WEAK: "weak",
}


def outcomes(found: Findings) -> Section:
    """What changed, and how much more than in the comparison group?"""
    asked = [
        outcome
        for level in LEVELS
        for outcome in found.study.design.outcomes
        if outcome.kirkpatrick == level and outcome.timing == "repeated"
    ]
    blocks: list[Block] = []
    for level, group in groupby(asked, key=lambda outcome: outcome.kirkpatrick):
        listed = list(group)
        if len(listed) > BY_THEMSELVES:
            blocks += _side_by_side(found, LEVELS[level], listed)
        else:
            blocks += [_one(found, LEVELS[level], outcome) for outcome in listed]
    others = [o for o in found.study.design.outcomes if o.timing != "repeated"]
    if others:
        names = catalogue()["phrase"]["comma"].join(outcome.label for outcome in others)
        blocks.append(Callout("note", _text("not_compared", outcomes=names)))
    if not blocks:
        blocks.append(Callout("missing", words.missing("baseline", "follow_up")))
    return Section("outcomes", _text("title"), tuple(blocks))


def badges(verdict: Verdict) -> tuple[Badge, ...]:
    """Certainty and precision, always together, and whether the plan asked."""
    evidence = verdict.evidence
    single = evidence.facts.single_group
    clear = evidence.precision in {Precision.CLEAR_GAIN, Precision.NO_DIFFERENCE}
    return (
        Badge(
            fill("certainty", evidence.certainty.word),
            CERTAINTY[evidence.certainty],
            _badge("certainty"),
        ),
        Badge(precision(verdict), "good" if clear and not single else "neutral", _badge("result")),
        *([Badge(_badge("exploratory"), "caution")] if evidence.exploratory else []),
    )


def precision(verdict: Verdict) -> str:
    """What the interval says, in a few words."""
    return words.reading(verdict.evidence)


def _verdicts(found: Findings, outcome: Outcome) -> list[Verdict]:
    """All verdicts on an outcome, in the order of waves."""
    waves = [wave.name for wave in found.study.design.waves]
    mine = [one for one in found.verdicts if one.estimate.outcome == outcome.name]
    return sorted(mine, key=lambda one: (one.estimate.role, waves.index(one.estimate.wave)))


def _one(found: Findings, level: str, outcome: Outcome) -> Block:
    verdicts = _verdicts(found, outcome)
    blocks: list[Block] = [Paragraph(_about(found, level, outcome), "small")]
    blocks += [Callout("missing", refusal) for refusal in _refusals(found, outcome)]
    if verdicts:
        blocks += _finding(found, outcome, verdicts)
    means = found.result("wave_means", outcome.name)
    if means is not None and means.estimates:
        blocks.append(_lines(found, outcome, means))
    blocks += [_folded(found, outcome, verdicts)] if verdicts else []
    return Subsection(outcome.label, tuple(blocks), f"outcome-{outcome.name.replace('_', '-')}")


def _about(found: Findings, level: str, outcome: Outcome) -> str:
    low, high = outcome.low, outcome.high
    scaled = low is not None and high is not None
    measured = [
        *([_text("items", items=len(outcome.items))] if len(outcome.items) > 1 else []),
        *([_text("scale", low=f"{low:g}", high=f"{high:g}")] if scaled else []),
        _text("unit", unit=outcome.unit),
    ]
    return _text(
        "about_smallest" if matters(outcome) else "about",
        level=fill("page_level", level),
        who=people(found.study.design, outcome.role),
        how=fill("page_source", outcome.source),
        measured=catalogue()["phrase"]["comma"].join(measured),
        # in percentage points where differences are: .1 of a yes/no outcome is 10 of them
        matters=matters(outcome),
    )


def _refusals(found: Findings, outcome: Outcome) -> list[str]:
    asked = ("compare_arms", "pre_post")
    return list(dict.fromkeys(t for one in asked for t in found.why_not(one, outcome.name)))


def _finding(found: Findings, outcome: Outcome, verdicts: Sequence[Verdict]) -> Iterator[Block]:
    design = found.study.design
    last = [one for one in verdicts if one.estimate.wave == verdicts[-1].estimate.wave]
    asked = [one for one in verdicts if one.evidence.facts.planned or one is found.primary]
    told = [one for one in verdicts if one in asked or one in last]
    main = _main(found, verdicts)
    yield _figure(found, outcome, verdicts, main)
    decided: set[str] = set()
    for one in sorted(told, key=lambda one: one is not main):
        expected = one.beside("expected-regression")
        yield Paragraph(words.headline(one.shown, one.evidence, design, expected=expected))
        yield Badges(badges(one))
        certainty = words.certainty(one.evidence)
        if certainty not in decided:
            decided.add(certainty)
            yield Paragraph(certainty, "small")
    for one in last:
        course = words.course(found.until(one), design) if one.between else ""
        if course:
            yield Paragraph(course)
        wins = one.beside("win-probability")
        if wins is not None and wins.value is not None:
            yield Paragraph(wins_told(wins, design), "small")
    yield from _power(found, main)


def _main(found: Findings, verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict told first: the primary one, what the plan asks, or one at the last wave."""
    last = [one for one in verdicts if one.estimate.wave == verdicts[-1].estimate.wave]
    asked = [one for one in verdicts if one.evidence.facts.planned or one is found.primary]
    first = next((one for one in verdicts if one is found.primary), None)
    return first or next(iter(asked), last[0])


def _folded(found: Findings, outcome: Outcome, verdicts: Sequence[Verdict]) -> Details:
    """The numbers, the change in each arm, what does not hold and who did not enter."""
    main = _main(found, verdicts)
    result = main.result
    name = "waves" if main.between else "change"
    shown = [table for table in result.tables if table.name == name]
    failed = tuple(check for check in result.checks if not check.passed)
    inside: list[Block] = [_numbers(found, table, main) for table in shown]
    inside += _changes(found, outcome, shown)
    inside += [checked(found, failed, fill("page_tables", "failing"))] if failed else []
    inside += [left_out(found, result.dropped)] if result.dropped else []
    return Details(_text("folded"), tuple(inside))


def _figure(found: Findings, outcome: Outcome, verdicts: Sequence[Verdict], main: Verdict) -> Block:
    """Every wave's estimate, all at the interval level of the main one, which the head names."""
    level = main.shown.level
    rows = [
        Interval.of(
            at_level(one.estimate, level),
            found.labels.get(one.estimate.wave, one.estimate.wave),
            smallest=outcome.smallest_effect,
            group=_group(found, verdicts, one.estimate),
            main=one is main,
        )
        for one in sorted(verdicts, key=lambda one: _group(found, verdicts, one.estimate))
    ]
    sides = (_text("worse"), _text("better"))
    return interval_plot(
        rows,
        title=words.title(main.shown, main.evidence, found.study.design),
        unit=_text("difference_in" if main.between else "change_in", unit=unit_of(outcome)),
        sides=sides if outcome.direction == 1 else sides[::-1],
        share=is_share(outcome),
        level=level,
        caption=_caption(main, rows),
    )


def _numbers(found: Findings, table: Table, main: Verdict | None = None) -> TableBlock:
    """The numbers under the figure; columns that say the same in every row are left out."""
    columns = without_repeats(table, "role", "group", "contrast", "wave")
    heads = {name: _head(name.replace(" ", "_")) for name in HEADS}
    if main is not None and main.between and "contrast" not in columns:
        first, second = between(found.study.design, main.estimate)
        for name in ("people", "mean"):
            heads[name] = _head(f"{name}_of", arm=first)
            heads[f"comparison {name}"] = _head(f"{name}_of", arm=second)
    block = table_block(table, columns=columns, heads=heads, labels=found.labels)
    if main is None or main.shown.level == main.estimate.level:
        return block
    allowed = _text("intervals", level=f"{100 * main.shown.level:.3g}%")
    return replace(block, note=f"{block.note} {allowed}".strip())


def _caption(verdict: Verdict, rows: Sequence[Interval]) -> str:
    """What the figure shows, less what it has none of: intervals, or a band."""
    level = f"{100 * verdict.shown.level:.3g}%"
    known = any(row.low is not None for row in rows)
    banded = any(row.smallest is not None for row in rows)
    band = _text("band_difference" if verdict.between else "band_change")
    how = "caption_change"
    if verdict.between:
        how = "caption_together" if verdict.together else "caption_by_wave"
    drawn = _text("drawn", level=level) if known else ""
    return _text(how, drawn=drawn, band=band if banded else "")


def _group(found: Findings, verdicts: Sequence[Verdict], one: Estimate) -> str:
    """What tells the rows of one wave apart: the contrast, or the arm; nothing where one."""
    keys = {(v.estimate.contrast, v.estimate.group, v.estimate.role) for v in verdicts if
            v.estimate.wave == one.wave}  # fmt: skip
    if len(keys) < 2:
        return ""
    return found.labels.get(one.group or one.contrast, one.group or one.contrast)


def _power(found: Findings, verdict: Verdict) -> Iterator[Block]:
    """The smallest detectable difference, and how far a striking result would exaggerate."""
    detectable = verdict.beside("smallest-detectable")
    exaggeration = verdict.beside("exaggeration")
    said = []
    if detectable is not None and detectable.value is not None:
        said.append(words.detectable(detectable, found.study.design))
    if exaggeration is not None and exaggeration.value is not None and exaggeration.value >= 1.5:
        said.append(words.exaggeration(exaggeration, found.study.design))
    if said:
        yield Paragraph(" ".join(said), "small")


def _lines(found: Findings, outcome: Outcome, means: Result) -> Block:
    design = found.study.design
    waves = {wave.name: wave for wave in design.waves}
    several = len({one.role for one in means.estimates}) > 1
    comparison = design.comparison
    points = [
        Point(
            series=found.labels.get(one.group, one.group) or found.labels[one.role]
            if not several
            else _mean(
                "series", role=found.labels[one.role], arm=found.labels.get(one.group, one.group)
            ).strip(),
            wave=waves[one.wave].label,
            months=waves[one.wave].months,
            value=one.value,
            low=one.low,
            high=one.high,
            n=one.n_people,
        )
        for one in means.estimates
    ]
    drawn = any(one.low is not None for one in points)
    return wave_lines(
        points,
        title=_means_title(found, outcome, points),
        unit=_mean("unit", outcome=outcome.label, unit=outcome.unit),
        caption=_mean("caption_drawn" if drawn else "caption"),
        comparison=comparison.label if comparison and not several else None,
    )


def _means_title(found: Findings, outcome: Outcome, points: Sequence[Point]) -> str:
    """The means at the last wave; of one group, those of the first and the last."""
    known = [point for point in points if point.value is not None]
    names = list(dict.fromkeys(point.series for point in known))
    if not known or len(names) > 3:
        return _mean("title", outcome=outcome.label)
    places = decimals_for(point.value for point in known)

    def mean(point: Point) -> str:
        return number(point.value, decimals=places)

    if len(names) == 1:
        first, last = known[0], known[-1]
        return _mean(
            "moved" if first is not last else "one",
            outcome=outcome.label,
            before=mean(first),
            earlier=first.wave,
            value=mean(last),
            unit=outcome.unit,
            wave=last.wave,
        )
    wave = max(known, key=lambda point: point.months).wave
    told = [_mean("value", value=mean(p), arm=p.series) for p in known if p.wave == wave]
    values = catalogue()["phrase"]["comma"].join(told)
    return _mean("several", outcome=outcome.label, wave=wave, values=values, unit=outcome.unit)


def _changes(found: Findings, outcome: Outcome, shown: Sequence[Table]) -> tuple[Block, ...]:
    """The tables of change in each arm that are not shown: no answer, but asked for by readers."""
    result = found.result("pre_post", outcome.name)
    if result is None:
        return (Callout("missing", " ".join(_refusals(found, outcome))),)
    tables = [
        table_block(t, columns=telling(t, "role"), labels=found.labels, mixed=True)
        for t in result.tables
        if t.rows and t not in shown and not _empty(t, "expected change")
    ]
    return (Paragraph(_text("alone"), "small"), *tables)


def _empty(table: Table, name: str) -> bool:
    """Whether a table has such a column and nothing in it."""
    if name not in table.columns:
        return False
    place = table.columns.index(name)
    return all(row[place].value in (None, "") for row in table.rows)


def _side_by_side(found: Findings, level: str, listed: Sequence[Outcome]) -> Iterator[Block]:
    """Many outcomes of one level: one picture, one table, no sentence picked from the crowd."""
    rows, shown = [], []
    for outcome in listed:
        verdicts = _verdicts(found, outcome)
        last = [one for one in verdicts if one.estimate.wave == verdicts[-1].estimate.wave]
        for one in last:
            shown.append(one)
            rows.append(Interval.of(one.shown, outcome.label, smallest=outcome.smallest_effect))
    if not shown:
        reasons = [reason for outcome in listed for reason in _refusals(found, outcome)]
        yield Callout("missing", " ".join(dict.fromkeys(reasons)) or words.missing("follow_up"))
        return
    single = shown[0].evidence.facts.single_group
    what = "change" if single else "difference"
    named = fill("page_level", level)
    figure = interval_plot(
        rows,
        title=_text("side_by_side", outcomes=len(rows)),
        unit=differs_in(_text(what), listed),
        caption=_text(f"side_by_side_{what}"),
    )
    text = words.standing(shown[0].evidence) if len({v.evidence for v in shown}) == 1 else ""
    first = [Paragraph(text)] if text else []
    asked = [(outcome, _answer(found, outcome)) for outcome in listed]
    answered = [(outcome, result) for outcome, result in asked if result is not None]
    title = _text("side_by_side_table", level=named)
    table = stacked(answered, "change" if single else "waves", title)
    more = [Details(_text("numbers"), (_numbers(found, table),))] if table else []
    yield Subsection(
        _text("side_by_side_title", level=named, outcomes=len(shown)),
        (
            *first,
            figure,
            Badges(_shared_badges(shown)),
            *more,
        ),
        f"outcomes-{level}",
    )


def _shared_badges(verdicts: Sequence[Verdict]) -> tuple[Badge, ...]:
    """The badges of many results: the result's only where it is the same for all."""
    first = badges(verdicts[0])
    if len({one.evidence.precision for one in verdicts}) == 1:
        return first
    return (first[0], Badge(_badge("differs"), "neutral", _badge("result")), *first[2:])


def _answer(found: Findings, outcome: Outcome) -> Result | None:
    """The comparison of arms, or the change where there is none."""
    compared = found.result("compare_arms", outcome.name)
    return compared if compared is not None else found.result("pre_post", outcome.name)
