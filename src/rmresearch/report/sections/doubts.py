"""What could be wrong: other answers to the same question, the scales, what was checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from rmresearch.display.numbers import confidence, count, decimals_for, number, p_value, percent
from rmresearch.report import words
from rmresearch.report.blocks import (
    Block,
    Bullets,
    Callout,
    Column,
    Details,
    Paragraph,
    Section,
    Subsection,
    TableBlock,
)
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.findings import Findings, Verdict
from rmresearch.report.sections.common import checked, stacked, telling, unanswered, without_repeats
from rmresearch.report.sections.units import span_of, unit_of
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import catalogue, fill
from rmresearch.result import Estimate, Result, Table

__all__ = ["reaction", "reliability", "sensitivity"]

_text = partial(fill, "page_sensitivity")
_received = partial(fill, "page_reaction")
_scales = partial(fill, "page_reliability")

#: what stands beside the record in the outcome's own units, in the order of the figure
WAYS = (
    "kenward-roger", "ancova", "classical", "lin-adjusted", "post-only", "change-score",
    "difference-in-differences", "reliability-corrected", "overlap-weighted", "complier",
    "completers", "paired-t",
)  # fmt: skip
#: so many answers are drawn; the headline's comes first
MOST = 8
#: more shares than this are no picture: the last measurement is drawn, the rest is in the table
MOST_ROWS = 24
CHANCE = ("rerandomisation", "rerandomisation-smallest")
WILD = "wild-bootstrap"
#: by whose answers they are, what names a row of the figure on how it was received
WHOSE = {f"{who} who answered": who for who in ("starters", "finishers", "assigned", "anonymous")}


def sensitivity(found: Findings) -> Section:
    """Would another reasonable analysis have said something else?"""
    several = len({(v.estimate.outcome, v.estimate.contrast) for v in found.verdicts}) > len(
        {v.estimate.outcome for v in found.verdicts}
    )
    asked: list[Verdict] = []
    seen: set[tuple[str, str]] = set()
    for verdict in found.verdicts:
        one = verdict.estimate
        key = (one.outcome, one.contrast if verdict.between else one.group)
        if key not in seen and _others(verdict):
            seen.add(key)
            asked.append(verdict)
    drawn = [verdict for verdict in asked if not _agree(verdict)][:MOST]
    figures = [_alternatives(found, verdict, several) for verdict in drawn]
    blocks: list[Block] = figures[:1]
    if figures[1:]:
        others = _text("others", count=count(len(figures) - 1))
        blocks.append(Details(others, tuple(figures[1:])))
    if not asked:
        blocks = [Callout("missing", words.missing("baseline", "follow_up"))]
    if len(drawn) < len(asked):
        blocks.append(Paragraph(_not_drawn(len(asked), asked, drawn), "small"))
    chance = [verdict for verdict in asked if _told(verdict, CHANCE[0])]
    if chance:
        blocks.append(_rerandomised(found, chance))
    few = [verdict for verdict in found.verdicts if _told(verdict, WILD)]
    if few:
        blocks.append(Details(_text("few"), (_resampled(found, few),)))
    return Section("sensitivity", _text("title"), (Paragraph(_text("intro")), *blocks))


def _others(verdict: Verdict) -> list[tuple[str, Estimate]]:
    """What stands beside the record in the outcome's units, with what it is called."""
    labels = dict(catalogue()["page_sensitivity_way"])
    if verdict.together:
        # the mixed model is the record's own, and the rest is of one wave
        labels |= catalogue()["page_sensitivity_way_together"]
    found = [(labels[term], verdict.beside(term)) for term in WAYS]
    return [(label, one) for label, one in found if one is not None and one.value is not None]


def _agree(verdict: Verdict) -> bool:
    """Whether all other answers look the same as the answer, as rounded: then nothing is drawn."""
    one = verdict.estimate
    ends = (one.value, one.low, one.high)
    places = decimals_for(ends)
    shown = [number(end, decimals=places) for end in ends]
    return all(
        [number(end, decimals=places) for end in (o.value, o.low, o.high)] == shown
        for _, o in _others(verdict)
    )


def _not_drawn(n: int, asked: Sequence[Verdict], drawn: Sequence[Verdict]) -> str:
    """How many answers no figure shows, and why."""
    same = [verdict for verdict in asked if _agree(verdict)]
    others = n - len(same)
    text = []
    if same:
        ways = dict.fromkeys(label for verdict in same for label, _ in _others(verdict))
        told = fill("phrase", "semicolon").join(ways)
        text.append(_text("same", same=count(len(same)), all=count(n), ways=told))
    if others > len(drawn):
        text.append(_text("drawn", drawn=count(len(drawn)), others=count(others)))
    return " ".join([*text, _text("stored")])


def _alternatives(found: Findings, verdict: Verdict, several: bool) -> Block:
    one = verdict.estimate
    outcome = found.study.design.outcome(one.outcome)
    smallest = outcome.smallest_effect
    rows = [Interval.of(one, _answer(verdict), smallest=smallest, main=True)]
    rows += [Interval.of(o, label, smallest=smallest) for label, o in _others(verdict)]
    wave = found.labels.get(one.wave, one.wave)
    contrast = found.labels.get(one.contrast, one.contrast)
    title = "asked_of" if several and verdict.between else "asked"
    level = confidence(verdict.shown.level)
    return interval_plot(
        rows,
        title=_text(
            title,
            label=outcome.label,
            wave=wave,
            contrast=contrast,
            span=span_of(rows, outcome),
            count=count(len(rows)),
        ),
        unit=_text("difference" if verdict.between else "change", unit=unit_of(outcome)),
        caption=_text(
            "caption" if level == "95%" else "caption_level", contrast=contrast, level=level
        ),
        share=outcome.kind == "binary",
    )


def _answer(verdict: Verdict) -> str:
    """What the estimate of record is called among the others."""
    if not verdict.between:
        return _text("answer_change")
    return _text("answer_together" if verdict.together else "answer_adjusted")


def _told(verdict: Verdict, term: str) -> bool:
    one = verdict.beside(term)
    return one is not None and one.value is not None


def _rerandomised(found: Findings, verdicts: Sequence[Verdict]) -> TableBlock:
    """How often another draw of the assignment would have given as large a difference."""
    rows = []
    for verdict in verdicts:
        share, smallest = (verdict.beside(term) for term in CHANCE)
        rows.append((share.value if share else None, smallest.value if smallest else None))
    return _shares(
        found,
        verdicts,
        rows,
        caption=_text("again"),
        heads=(_text("again_share"), _text("again_smallest")),
        note=_text("again_note"),
    )


def _resampled(found: Findings, verdicts: Sequence[Verdict]) -> TableBlock:
    """One model's p-value by CR2 and by the wild cluster bootstrap (of this wave by itself)."""
    rows = []
    for verdict in verdicts:
        own, again = verdict.beside("ancova") or verdict.estimate, verdict.beside(WILD)
        rows.append((own.p, again.p if again else None))
    resampled = verdicts[0].beside(WILD)
    return _shares(
        found,
        verdicts,
        rows,
        caption=_text("few"),
        heads=(_text("few_own"), _text("few_wild")),
        note=_text("few_note", method=resampled.method if resampled else ""),
    )


def _shares(
    found: Findings,
    verdicts: Sequence[Verdict],
    rows: Sequence[tuple[float | None, ...]],
    *,
    caption: str,
    heads: tuple[str, ...],
    note: str,
) -> TableBlock:
    """Probabilities beside each answer, named by outcome, contrast and wave.

    A contrast or wave that all rows share stands in the caption.
    """
    named = [
        tuple(found.labels.get(name, name) for name in (e.outcome, e.contrast, e.wave))
        for e in (verdict.estimate for verdict in verdicts)
    ]
    alike = [k for k in (1, 2) if len({name[k] for name in named}) == 1]
    kept = [k for k in range(3) if k not in alike]
    shared = fill("phrase", "comma").join(named[0][k] for k in alike)
    first = [
        Column(_text(("head_outcome", "head_contrast", "head_wave")[k]), numeric=False)
        for k in kept
    ]
    return TableBlock(
        caption=_text("about", title=caption, names=shared) if shared else caption,
        columns=(*first, *map(Column, heads)),
        rows=tuple(
            (*(name[k] for k in kept), *map(p_value, row))
            for name, row in zip(named, rows, strict=True)
        ),
        note=note,
    )


def reaction(found: Findings) -> Section:
    """How was the programme received?"""
    asked = list(found.of("reaction"))
    if not asked:
        needs = words.missing("reaction")
        return unanswered(found, "reaction", _received("title"), "reaction", needs)
    said = tuple(text for _, result in asked for text in _sentences(found, result))
    blocks: list[Block] = [Bullets(said)] if said else []
    place = {wave.name: k for k, wave in enumerate(found.study.design.waves)}
    told = {
        one: _received("group", role=found.labels[one.role], label=outcome.label)
        for outcome, result in asked
        for one in result.estimates
        if one.term == "" and one.value is not None
    }
    last = max((place[one.wave] for one in told), default=0)
    many = len(told) > MOST_ROWS
    drawn = {one: group for one, group in told.items() if place[one.wave] == last or not many}
    shares = [Interval.of(one, _who(found, one), group=group) for one, group in drawn.items()]
    if shares:
        figure = interval_plot(
            shares,
            title=_range(shares),
            unit=_received("unit"),
            share=True,
            reference=None,
            caption=" ".join([_among(list(drawn)), *([_received("last_only")] if many else [])]),
        )
        blocks.insert(0, figure)
    table = stacked(asked, "reaction", _received("by_wave"))
    if table is not None:
        parts = tuple(_in_parts(found, table))
        blocks.append(Details(_received("numbers"), parts))
    note = Callout("note", _received("note"))
    return Section("reaction", _received("title"), (note, *blocks))


def _in_parts(found: Findings, table: Table) -> Iterator[TableBlock]:
    """Shares in one table, means and scores in another: side by side they are too wide."""
    columns = without_repeats(table, "role", "arm", "wave", "who")
    named = [name for name in ("role", "arm", "wave", "who") if name in columns]
    averages = [name for name in ("net recommend", "mean") if name in columns]
    shares = [name for name in columns if name not in {"outcome", "effective n", *averages}]
    of_scores = replace(table, title=_received("scores"), note="")
    for wanted, shown in ((shares, table), ([*named, *averages], of_scores)):
        yield table_block(shown, columns=wanted, labels=found.labels, group="outcome", mixed=True)


def _among(shown: Sequence[Estimate]) -> str:
    """What the rows of the figure are shares of."""
    both = any(WHOSE[one.estimand] == "finishers" for one in shown)
    return _received("among_both" if both else "among_all")


def _who(found: Findings, one: Estimate) -> str:
    return _received(WHOSE[one.estimand], wave=found.labels[one.wave])


def _range(rows: list[Interval]) -> str:
    """The title: from where to where the shares reach."""
    values = sorted(row.value for row in rows if row.value is not None)
    low, high = percent(values[0]), percent(values[-1])
    if low == high:
        return _received("favourable", share=low)
    return _received("favourable_span", low=low, high=high)


def _sentences(found: Findings, result: Result) -> Iterator[str]:
    """A sentence for shares, one for scores: everyone who began, at the last wave."""
    design = found.study.design
    waves = [wave.name for wave in design.waves]
    given = [e for e in result.estimates if e.term in {"", "net-recommend"} and e.value is not None]
    last = max((waves.index(one.wave) for one in given), default=-1)
    began = ("starters", "assigned", "anonymous")
    for term in dict.fromkeys(one.term for one in given):
        told = [one for one in given if one.term == term and waves.index(one.wave) == last
                and one.estimand.startswith(began)]  # fmt: skip
        if told:
            yield words.reaction(told, design)


def reliability(found: Findings) -> Section:
    """Can the scales be trusted?"""
    scales = list(found.of("reliability"))
    if not scales:
        needs = words.missing("items")
        return unanswered(found, "reliability", _scales("title"), "reliability", needs)
    blocks: list[Block] = []
    for outcome, result in scales:
        start = found.study.design.baseline.name
        alphas = [e for e in result.estimates if e.term == "alpha" and e.value is not None]
        first = next((e for e in alphas if e.wave == start), next(iter(alphas), None))
        said = [Paragraph(words.reliability(first, found.study.design))] if first else []
        tables = [
            table_block(t, columns=telling(t, "role"), labels=found.labels, mixed=True)
            for t in result.tables
            if t.rows
        ]
        failed = tuple(check for check in result.checks if not check.passed)
        more = [checked(found, failed, fill("page_tables", "failing"))] if failed else []
        blocks.append(
            Subsection(outcome.label, (*said, Details(_scales("items"), (*tables, *more))))
        )
    return Section("reliability", _scales("title"), tuple(blocks))
