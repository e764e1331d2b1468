"""Results: who stayed, rose, used what was learned, and whether it was worth what it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from rmresearch.analysis.base.events import EVENTS, codebook, counted
from rmresearch.display.numbers import number, percent
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
from rmresearch.report.figures.tornado import Pull, tornado
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import checked, left_out, stacked, without_repeats
from rmresearch.report.tables import table_block
from rmresearch.report.words import results as say
from rmresearch.report.words.phrases import catalogue, fill, from_to, lower_first
from rmresearch.result import Cell, Estimate, Result, Table
from rmresearch.study import Outcome

__all__ = ["results"]

Answers = Sequence[tuple[Outcome, Result]]
_text = partial(fill, "page_results")
#: groups of the analysis of worth, by the names that it gives them
WORST, BEST = "all inputs at their worst", "all inputs at their best"


def results(found: Findings) -> Section:
    """Did people stay, rise and use what they learned, and was it worth it?"""
    asked = _answers(found, "workforce_outcomes")
    reasons = found.why_not("workforce_outcomes")
    blocks: list[Block] = [Callout("missing", reason) for reason in reasons]
    if not asked and not reasons:
        blocks.append(Callout("missing", words.missing("records")))
    if asked and not _planned(found):
        blocks.append(Paragraph(fill("plan", "exploratory"), "small"))
    events = [(o, r) for o, r in asked if not counted(o)]
    blocks += _events(found, events)
    for outcome, result in asked:
        if counted(outcome):
            blocks.append(Subsection(outcome.label, tuple(_counts(found, outcome, result))))
    if asked:
        blocks.append(Details(_text("more"), tuple(_more(found, asked))))
    blocks += _worth(found)
    return Section("results", _text("title"), tuple(blocks))


def _planned(found: Findings) -> bool:
    """Whether a question of the frozen plan is about what happens to people."""
    asked = {question.analysis for question in found.status.questions}
    return found.status.frozen and "workforce_outcomes" in asked


def _answers(found: Findings, function: str) -> Answers:
    """Each answer of an analysis with its outcome; records need no declared one, and come last."""
    declared = {outcome.name: outcome for outcome in found.study.design.outcomes}
    answers = []
    for name in dict.fromkeys((*declared, *EVENTS)):
        one = found.result(function, name)
        if one is not None:
            answers.append((declared.get(name) or _undeclared(found, name), one))
    return answers


def _undeclared(found: Findings, name: str) -> Outcome:
    return replace(codebook(found.study, name), label=fill("page_event", name))


def _labels(found: Findings) -> dict[str, str]:
    """The report's names, and those of events that nobody declared."""
    return {name: fill("page_event", name) for name in EVENTS} | dict(found.labels)


def _last(found: Findings, result: Result) -> list[Estimate]:
    """The estimates of record at the last wave that has any."""
    waves = [wave.name for wave in found.study.design.waves]
    records = [one for one in result.estimates if one.term == "" and one.value is not None]
    last = max((waves.index(one.wave) for one in records), default=-1)
    return [one for one in records if waves.index(one.wave) == last]


def _events(found: Findings, asked: Answers) -> Iterator[Block]:
    """Figure, sentences and folded table of what happened to people by the last wave."""
    told = [(outcome, result, one) for outcome, result in asked for one in _last(found, result)]
    if told:
        yield _figure(found, [(outcome, one) for outcome, _, one in told])
    if told:
        yield Bullets(tuple(_sentences(found, told)))
    read = say.events_read([one for *_, one in told])
    if read:
        yield Paragraph(read)
    if told and not found.study.design.randomised:
        yield Callout("caution", say.sentence("observational"))
    yield from _alone(found, asked)
    waves = {one.wave for *_, one in told} or {found.study.design.waves[-1].name}
    table = stacked([(o, _at(r, waves)) for o, r in asked], "events", _text("happened"))
    if table is not None:
        yield Details(_text("happened"), (_shown(found, table),))


def _sentences(found: Findings, told: Sequence[tuple[Outcome, Result, Estimate]]) -> Iterator[str]:
    for outcome, result, one in told:
        text = say.event(one, _sides(result, one), outcome, found.study.design)
        for other in result.estimates:
            if other.term == "number-needed" and other.key[:5] == one.key[:5]:
                text = f"{text} {say.needed(other)}"
        yield text


def _figure(found: Findings, told: Sequence[tuple[Outcome, Estimate]]) -> Block:
    labels, design = _labels(found), found.study.design
    several = len(design.programme_arms) > 1
    rows = []
    for outcome, one in told:
        who, contrast = labels[one.role], labels.get(one.contrast, one.contrast)
        label = _text("row", role=who, contrast=contrast) if several else who
        rows.append(Interval.of(one, label, group=outcome.label))
    known = [one for _, one in told if one.low is not None and one.high is not None]
    apart = [one for one in known if not (one.low or 0.0) <= 0.0 <= (one.high or 0.0)]
    key = "title_some" if apart else "title_none" if known else "title_no_interval"
    wave = labels.get(told[0][1].wave, told[0][1].wave)
    names = labels.get(told[0][1].contrast, told[0][1].contrast)
    return interval_plot(
        rows,
        title=say.sentence(key, apart=len(apart), all=len(known)),
        unit=_text("unit", wave=wave),
        share=True,
        caption=_text("caption_several") if several else _text("caption", contrast=names),
    )


def _sides(result: Result, one: Estimate) -> tuple[tuple[int, int], tuple[int, int]]:
    """(events, people) of the two arms of a contrast, from the table of events."""
    rows = {tuple(cell.value for cell in row[:3]): row[3:5] for row in result.table("events").rows}
    first, other = (rows[(one.role, arm, one.wave)] for arm in one.contrast.split(" - "))
    return (_whole(first[1]), _whole(first[0])), (_whole(other[1]), _whole(other[0]))


def _whole(cell: Cell) -> int:
    return cell.value if isinstance(cell.value, int) else 0


def _alone(found: Findings, asked: Answers) -> Iterator[Block]:
    """Shares of a single group, which nothing is compared with."""
    if found.study.design.comparison is not None:
        return
    said = []
    for outcome, result in asked:
        rows = result.table("events").to_frame()
        for one in result.estimates:
            if one.term == "share" and one.wave == result.estimates[-1].wave:
                row = rows[(rows["role"] == one.role) & (rows["wave"] == one.wave)].iloc[0]
                counts = (row["events"], row["people"])
                said.append(say.alone(one, counts, outcome, found.study.design))
    if said:
        yield Bullets(tuple(said))
        yield Paragraph(say.sentence("alone_read"))


def _at(result: Result, waves: set[str]) -> Result:
    """The result with the rows of its tables at these waves only."""
    tables = []
    for table in result.tables:
        place = table.columns.index("wave")
        rows = tuple(row for row in table.rows if row[place].value in waves)
        tables.append(replace(table, rows=rows))
    return replace(result, tables=tuple(tables))


def _shown(found: Findings, table: Table) -> Block:
    columns = [name for name in without_repeats(table, "role", "wave") if name != "outcome"]
    return table_block(table, columns=columns, labels=_labels(found), group="outcome", mixed=True)


def _counts(found: Findings, outcome: Outcome, result: Result) -> Iterator[Block]:
    labels = _labels(found)
    records = [one for one in result.estimates if one.term == "" and one.value is not None]
    if records:
        yield interval_plot(
            [
                Interval.of(
                    one,
                    _text("row_wave", role=labels[one.role], wave=labels.get(one.wave, one.wave)),
                    smallest=outcome.smallest_effect,
                )
                for one in records
            ],
            title=say.sentence("title_counted", label=outcome.label),
            unit=_text("counted_unit", outcome=lower_first(outcome.label)),
            caption=_text(
                "counted_caption", contrast=labels.get(records[0].contrast, records[0].contrast)
            ),
        )
    means = {(e.role, e.group, e.wave): e.value for e in result.estimates if e.term == "mean"}
    for one in _last(found, result):
        first, other = (means[(one.role, arm, one.wave)] for arm in one.contrast.split(" - "))
        both = (first or 0.0, other or 0.0)
        yield Paragraph(say.counted(one, both, outcome, found.study.design))
    if records and not found.study.design.randomised:
        yield Callout("caution", say.sentence("observational"))
    table = table_block(
        result.table("counts"), labels=labels, heads={"sd": _text("sd")}, mixed=True
    )
    yield Details(_text("counted_numbers"), (table,))


def _more(found: Findings, asked: Answers) -> Iterator[Block]:
    """All waves, what failed, and who does not count."""
    table = stacked([(o, r) for o, r in asked if not counted(o)], "events", _text("by_wave"))
    if table is not None:
        yield _shown(found, table)
    others = tuple(_others(found, asked))
    if others:
        heads = ("outcome", "role", "wave", "what")
        columns = [Column(_text(head), numeric=False) for head in heads]
        columns += [Column(_text("value")), Column(fill("phrase", "interval_head"))]
        yield TableBlock(_text("otherwise"), tuple(columns), others)
    failed = [check for _, result in asked for check in result.checks if not check.passed]
    if failed:
        yield checked(found, failed, fill("page_tables", "failing"))
    gone = [one for _, result in asked for one in result.dropped]
    if gone:
        yield left_out(found, gone)


def _others(found: Findings, asked: Answers) -> Iterator[tuple[str, ...]]:
    """What stands beside the records, a row each."""
    labels, beside = _labels(found), catalogue()["page_results_beside"]
    for outcome, result in asked:
        for one in result.estimates:
            if one.term in beside and one.value is not None:
                share = one.term == "linear"
                value = percent(one.value) if share else number(one.value)
                yield (
                    outcome.label,
                    labels[one.role],
                    labels.get(one.wave, one.wave),
                    beside[one.term],
                    value,
                    from_to(one.low, one.high, share=share),
                )


def _worth(found: Findings) -> Iterator[Block]:
    """What the gains are worth against what the programme took."""
    asked = _answers(found, "value")
    if not asked:
        reasons = found.why_not("value")
        said = " ".join(reasons) if reasons else say.sentence("no_costs")
        yield Paragraph(said, "small")
        return
    for place, (outcome, result) in enumerate(asked):
        title = fill("page_worth", "title", outcome=outcome.label)
        inside = tuple(_valued(found, outcome, result, drawn=place == 0))
        yield Subsection(title, inside, f"worth-{outcome.name.replace('_', '-')}")


def _valued(found: Findings, outcome: Outcome, result: Result, *, drawn: bool) -> Iterator[Block]:
    """One outcome's worth; figures after the first outcome's are folded away."""
    design, folded = found.study.design, []
    gains = [one for one in result.estimates if one.term == "gain"]
    for gain in gains:
        mine = [one for one in result.estimates if one.key[:4] == gain.key[:4]]
        by_term = {(one.term, one.group): one for one in mine}
        record = by_term.get(("net-benefit", ""))
        if record is not None:
            figures = list(_pulls(found, result, mine, record))
            folded += [] if drawn else figures
            yield from figures if drawn else ()
        cost, ratio = by_term[("cost", "")], by_term[("cost-per-point", "")]
        yield Paragraph(say.taken(gain, cost, outcome, design))
        yield Paragraph(say.per_point(ratio, gain, outcome, design))
        if record is None:
            yield Paragraph(say.sentence("no_worth"))
        else:
            ends = by_term.get(("net-benefit", WORST)), by_term.get(("net-benefit", BEST))
            yield Paragraph(say.benefit(record, *ends, design))
    if gains and not design.randomised:
        yield Callout("caution", say.sentence("observational"))
    failed = [check for check in result.checks if not check.passed]
    more = [checked(found, failed, fill("page_tables", "failing"))] if failed else []
    table = table_block(result.table("inputs"))
    yield Details(fill("page_worth", "inputs"), (*folded, table, *more))


def _pulls(
    found: Findings, result: Result, mine: Sequence[Estimate], record: Estimate
) -> Iterator[Block]:
    """How far each input that is only roughly known moves the net benefit."""
    moved = {one.group: one.value for one in mine if one.term == "net-benefit"}
    pulls = []
    for row in result.table("inputs").rows:
        name, low, now, high = (str(cell.value) for cell in row[:4])
        ends = [(low, moved.get(f"{name} low")), (high, moved.get(f"{name} high"))]
        changes = [
            (end, value - record.value)
            for end, value in ends
            if value is not None and record.value is not None
        ]
        if changes:
            pulls.append(Pull(name.capitalize(), now, tuple(changes)))
    if pulls:
        strongest = max(pulls, key=lambda pull: pull.reach).label.lower()
        currency = found.study.design.currency
        yield tornado(
            pulls,
            title=say.pulls(record, currency, strongest),
            unit=fill("page_worth", "unit" if currency else "unit_open", currency=currency),
            caption=fill("page_worth", "caption"),
        )
