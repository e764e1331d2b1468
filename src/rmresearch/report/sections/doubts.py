"""What could be wrong: other answers to the same question, the scales, what was checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rmresearch.display.numbers import decimals_for, number, p_value
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
from rmresearch.result import Estimate, Result, Table

__all__ = ["reaction", "reliability", "sensitivity"]

#: what stands beside the record in the outcome's own units, and what each of them is
OTHER_ANSWERS = {
    "kenward-roger": "By a mixed model's own errors (Kenward-Roger)",
    "ancova": "This wave by itself, adjusted for the baseline",
    "classical": "The same, people taken as independent",
    "lin-adjusted": "Adjusted within each arm (Lin)",
    "post-only": "Follow-up scores only",
    "change-score": "Change scores",
    "difference-in-differences": "Difference in differences",
    "reliability-corrected": "Adjusted for an unreliable baseline",
    "overlap-weighted": "Weighted to where the arms overlap",
    "complier": "Those who take part if assigned",
    "completers": "Completers only (not comparable)",
    "paired-t": "Paired t, people taken as independent",
}
#: where the record uses all waves, the mixed model is its own, and the rest is of one wave
ALONE = {
    "classical": "This wave by itself, people taken as independent",
    "kenward-roger": "The same model by its own errors (Kenward-Roger)",
}
#: so many answers are drawn; the headline's comes first
MOST = 8
#: more shares than this are no picture: the last measurement is drawn, the rest is in the table
MOST_ROWS = 24
LAST_ONLY = "Earlier measurements are in the table."
CHANCE = ("rerandomisation", "rerandomisation-smallest")
WILD = "wild-bootstrap"


def sensitivity(found: Findings) -> Section:
    """Would another reasonable analysis have said something else?"""
    intro = (
        "The same question answered in other ways. If they agree, the answer does not hang on one "
        "way of asking; if they differ, the answer above stands and the difference is a doubt."
    )
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
        title = f"The other answers asked in other ways ({len(figures) - 1})"
        blocks.append(Details(title, tuple(figures[1:])))
    if not asked:
        blocks = [Callout("missing", words.missing("baseline", "follow_up"))]
    if len(drawn) < len(asked):
        blocks.append(Paragraph(_not_drawn(len(asked), asked, drawn), "small"))
    chance = [verdict for verdict in asked if _told(verdict, CHANCE[0])]
    if chance:
        blocks.append(_rerandomised(found, chance))
    few = [verdict for verdict in found.verdicts if _told(verdict, WILD)]
    if few:
        blocks.append(Details("P-values where clusters are few", (_resampled(found, few),)))
    return Section("sensitivity", "Other ways to ask", (Paragraph(intro), *blocks))


def _others(verdict: Verdict) -> list[tuple[str, Estimate]]:
    """What stands beside the record in the outcome's units, with what it is called."""
    labels = OTHER_ANSWERS | (ALONE if verdict.together else {})
    found = [(label, verdict.beside(term)) for term, label in labels.items()]
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
    text = []
    if same:
        ways = dict.fromkeys(label for verdict in same for label, _ in _others(verdict))
        text.append(
            f"{len(same)} of {n} answers come out the same to the last digit shown when asked "
            f"otherwise ({'; '.join(ways)}), so they are not drawn."
        )
    if n - len(same) > len(drawn):
        text.append(f"The first {len(drawn)} of the {n - len(same)} others are drawn.")
    return " ".join([*text, "All numbers stand in results.json."])


def _alternatives(found: Findings, verdict: Verdict, several: bool) -> Block:
    one = verdict.estimate
    outcome = found.study.design.outcome(one.outcome)
    smallest = outcome.smallest_effect
    rows = [Interval.of(one, _answer(verdict), smallest=smallest, main=True)]
    rows += [Interval.of(o, label, smallest=smallest) for label, o in _others(verdict)]
    wave = found.labels.get(one.wave, one.wave)
    contrast = found.labels.get(one.contrast, one.contrast)
    about = f", {contrast}" if several and verdict.between else ""
    shown = f"{100 * verdict.shown.level:.3g}%"
    level = f" The answer above is told with its {shown} interval." if shown != "95%" else ""
    return interval_plot(
        rows,
        title=f"{outcome.label} at {wave}{about}: {span_of(rows, outcome)}, "
        f"asked in {len(rows)} ways",
        unit=f"{'Difference' if verdict.between else 'Change'} in {unit_of(outcome)}",
        caption=f"{contrast}. Here each has its 95% interval, so that like meets like.{level}",
        share=outcome.kind == "binary",
    )


def _answer(verdict: Verdict) -> str:
    """What the estimate of record is called among the others."""
    if not verdict.between:
        return "The answer above, mean change"
    how = "all waves in one model" if verdict.together else "adjusted for the baseline"
    return f"The answer above, {how}"


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
        caption="If the assignment were drawn again",
        heads=("Share of draws as extreme", "Smallest share possible"),
        note="Of the ways in which the units could have been assigned (strata kept), the share "
        "that gives a difference at least as large if nobody's scores depended on the arm.",
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
        caption="P-values where clusters are few",
        heads=("p by CR2", "p by wild bootstrap"),
        note=f"No difference, tested twice in one model: {resampled.method if resampled else ''}. "
        "Not corrected for the number of questions. With so few clusters, trust a p-value only "
        "where both say the same.",
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
    shared = ", ".join(named[0][k] for k in alike)
    first = [Column(("Outcome", "Contrast", "Wave")[k], numeric=False) for k in kept]
    return TableBlock(
        caption=f"{caption} ({shared})" if shared else caption,
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
        return unanswered(found, "reaction", "Reaction", "reaction", words.missing("reaction"))
    said = tuple(text for _, result in asked for text in _received(found, result))
    blocks: list[Block] = [Bullets(said)] if said else []
    place = {wave.name: k for k, wave in enumerate(found.study.design.waves)}
    told = {
        one: f"{found.labels[one.role]}: {outcome.label}"
        for outcome, result in asked
        for one in result.estimates
        if one.term == "" and one.value is not None
    }
    last = max((place[one.wave] for one in told), default=0)
    many = len(told) > MOST_ROWS
    shares = [
        Interval.of(one, _who(found, one), group=group)
        for one, group in told.items()
        if place[one.wave] == last or not many
    ]
    if shares:
        figure = interval_plot(
            shares,
            title=f"Favourable answers from {_range(shares)} of those who answered",
            unit="Share of favourable answers",
            share=True,
            reference=None,
            caption=_among(shares) + (f" {LAST_ONLY}" if many else ""),
        )
        blocks.insert(0, figure)
    table = stacked(asked, "reaction", "Reaction by wave")
    if table is not None:
        parts = tuple(_in_parts(found, table))
        blocks.append(Details("The numbers, with means and net recommend scores", parts))
    note = (
        "Liking a programme and gaining from it are two things: this says nothing about change, "
        "and those who did not answer may think otherwise."
    )
    return Section("reaction", "Reaction", (Callout("note", note), *blocks))


def _in_parts(found: Findings, table: Table) -> Iterator[TableBlock]:
    """Shares in one table, means and scores in another: side by side they are too wide."""
    columns = without_repeats(table, "role", "arm", "wave", "who")
    named = [name for name in ("role", "arm", "wave", "who") if name in columns]
    averages = [name for name in ("net recommend", "mean") if name in columns]
    shares = [name for name in columns if name not in {"outcome", "effective n", *averages}]
    of_scores = replace(table, title="Scores by wave", note="")
    for wanted, shown in ((shares, table), ([*named, *averages], of_scores)):
        yield table_block(shown, columns=wanted, labels=found.labels, group="outcome", mixed=True)


def _among(rows: Sequence[Interval]) -> str:
    """What the rows of the figure are shares of."""
    if any("finishers" in row.label for row in rows):
        return (
            "Of those who answered. Starters: everyone who began. Finishers: those whose pair "
            "did not end early. They stand apart because those who left answer less often."
        )
    return "Of those who answered, among everyone asked."


def _who(found: Findings, one: Estimate) -> str:
    return f"{found.labels[one.wave]}, {one.estimand.removesuffix(' who answered')}"


def _range(rows: list[Interval]) -> str:
    values = sorted(row.value for row in rows if row.value is not None)
    low, high = f"{100 * values[0]:.0f}%", f"{100 * values[-1]:.0f}%"
    return low if low == high else f"{low} to {high}"


def _received(found: Findings, result: Result) -> Iterator[str]:
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
        return unanswered(found, "reliability", "Scales", "reliability", words.missing("items"))
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
        more = [checked(found, failed, "What does not hold")] if failed else []
        blocks.append(Subsection(outcome.label, (*said, Details("Items", (*tables, *more)))))
    return Section("reliability", "Scales", tuple(blocks))
