"""What could be wrong: other answers to the same question, the scales, what was checked."""

from __future__ import annotations

from collections.abc import Iterator

from rmresearch.report import words
from rmresearch.report.blocks import Block, Callout, Details, Paragraph, Section, Subsection
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.findings import Findings, Verdict
from rmresearch.report.sections.common import stacked, without_repeats
from rmresearch.report.sections.outcomes import unit_of
from rmresearch.report.tables import checks_table, estimates_table, table_block
from rmresearch.result import Estimate, Result

__all__ = ["reaction", "reliability", "sensitivity"]

#: what stands beside the record in the outcome's own units, and what each of them is
OTHER_ANSWERS = {
    "": "As planned: adjusted for the baseline",
    "classical": "The same, people taken as independent",
    "lin-adjusted": "Adjusted within each arm (Lin)",
    "post-only": "Follow-up scores only",
    "change-score": "Change scores",
    "difference-in-differences": "Difference in differences",
    "reliability-corrected": "Adjusted for an unreliable baseline",
    "completers": "Completers only (not comparable)",
    "paired-t": "Paired t, people taken as independent",
}
#: so many answers are drawn; the headline's comes first
MOST = 8
CHANCE = {
    "rerandomisation": "Share of possible assignments as extreme",
    "rerandomisation-smallest": "Smallest share this assignment can reach",
}


def sensitivity(found: Findings) -> Section:
    """Would another reasonable analysis have said something else?"""
    intro = (
        "The same question answered in other ways. If they agree, the answer does not hang on one "
        "way of asking; if they differ, the planned answer stands and the difference is a doubt."
    )
    blocks: list[Block] = []
    seen: set[tuple[str, str]] = set()
    for verdict in found.verdicts:
        one = verdict.estimate
        key = (one.outcome, one.contrast if verdict.between else one.group)
        others = [verdict.beside(term) for term in OTHER_ANSWERS if term]
        if key in seen or not any(o is not None and o.value is not None for o in others):
            continue
        seen.add(key)
        blocks.append(_alternatives(found, verdict))
    if not blocks:
        blocks = [Callout("missing", words.missing("baseline", "follow_up"))]
    elif len(blocks) > MOST:
        more = f"The first {MOST} of {len(blocks)} are drawn; all numbers stand in results.json."
        blocks = [*blocks[:MOST], Paragraph(more, "small")]
    return Section("sensitivity", "Other ways to ask", (Paragraph(intro), *blocks))


def _alternatives(found: Findings, verdict: Verdict) -> Block:
    design, one = found.study.design, verdict.estimate
    outcome = design.outcome(one.outcome)
    rows = [Interval.of(one, OTHER_ANSWERS[""], smallest=outcome.smallest_effect, main=True)]
    for term, label in OTHER_ANSWERS.items():
        other = verdict.beside(term) if term else None
        if other is not None and other.value is not None:
            rows.append(Interval.of(other, label, smallest=outcome.smallest_effect))
    wave = found.labels.get(one.wave, one.wave)
    contrast = found.labels.get(one.contrast, one.contrast)
    figure = interval_plot(
        rows,
        title=f"{outcome.label} at {wave}, asked in {len(rows)} ways",
        unit=f"{'Difference' if verdict.between else 'Change'} in {unit_of(outcome)}",
        caption=f"{contrast}. Each with its 95% interval.",
        share=outcome.kind == "binary",
    )
    chance = [e for e in map(verdict.beside, CHANCE) if e is not None and e.value is not None]
    tables = []
    if chance:
        tables = [
            estimates_table(
                chance,
                caption="Re-randomisation: the assignment drawn again",
                label=lambda e: CHANCE[e.term],
                head="Share",
                note="Of all ways in which the units could have been assigned, strata kept.",
            )
        ]
    return Subsection(outcome.label, (figure, *tables))


def reaction(found: Findings) -> Section:
    """How was the programme received?"""
    asked = list(found.of("reaction"))
    if not asked:
        reasons = " ".join(found.why_not("reaction")) or words.missing("reaction")
        return Section("reaction", "Reaction", (Callout("missing", reasons),))
    blocks: list[Block] = []
    for _, result in asked:
        blocks += _received(found, result)
    shares = [
        Interval.of(one, _who(found, one), group=f"{found.labels[one.role]}: {outcome.label}")
        for outcome, result in asked
        for one in result.estimates
        if one.term == "" and one.value is not None
    ]
    if shares:
        figure = interval_plot(
            shares,
            title=f"Favourable answers from {_range(shares)} of those who answered",
            unit="Share of favourable answers",
            share=True,
            reference=None,
            caption="Starters and finishers side by side: those who left early answer less often.",
        )
        blocks.insert(0, figure)
    table = stacked(asked, "reaction", "Reaction by wave, starters beside finishers")
    if table is not None:
        columns = without_repeats(table, "role", "arm", "wave", "who")
        columns = [name for name in columns if name not in {"outcome", "effective n"}]
        blocks.append(
            table_block(table, columns=columns, labels=found.labels, group="outcome", mixed=True)
        )
    note = "Liking a programme and gaining from it are two things: this says nothing about change."
    return Section("reaction", "Reaction", (Callout("note", note), *blocks))


def _who(found: Findings, one: Estimate) -> str:
    return f"{found.labels[one.wave]}, {one.estimand.removesuffix(' who answered')}"


def _range(rows: list[Interval]) -> str:
    values = sorted(row.value for row in rows if row.value is not None)
    low, high = f"{100 * values[0]:.0f}%", f"{100 * values[-1]:.0f}%"
    return low if low == high else f"{low} to {high}"


def _received(found: Findings, result: Result) -> Iterator[Block]:
    """A sentence for each population at its last wave."""
    design = found.study.design
    waves = [wave.name for wave in design.waves]
    given = [e for e in result.estimates if e.term in {"", "net-recommend"} and e.value is not None]
    last = max((waves.index(one.wave) for one in given), default=-1)
    for one in given:
        if waves.index(one.wave) == last and one.estimand.startswith("starters"):
            yield Paragraph(words.reaction(one, design))


def reliability(found: Findings) -> Section:
    """Can the scales be trusted?"""
    scales = list(found.of("reliability"))
    if not scales:
        reason = " ".join(found.why_not("reliability")) or words.missing("items")
        return Section("reliability", "Scales", (Callout("missing", reason),))
    blocks: list[Block] = []
    for outcome, result in scales:
        start = found.study.design.baseline.name
        alphas = [e for e in result.estimates if e.term == "alpha" and e.value is not None]
        first = next((e for e in alphas if e.wave == start), next(iter(alphas), None))
        said = [Paragraph(words.reliability(first, found.study.design))] if first else []
        tables = [table_block(t, labels=found.labels, mixed=True) for t in result.tables if t.rows]
        failed = tuple(check for check in result.checks if not check.passed)
        more = [checks_table(failed, caption="What does not hold")] if failed else []
        blocks.append(Subsection(outcome.label, (*said, Details("Items", (*tables, *more)))))
    return Section("reliability", "Scales", tuple(blocks))
