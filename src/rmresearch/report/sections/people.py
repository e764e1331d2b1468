"""Meetings, pairs that ended, and people who left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Literal

from rmresearch.display.numbers import count, number, percent
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
from rmresearch.report.figures.people import Meeting, meetings_bars
from rmresearch.report.figures.waves import Curve, Step, survival_steps
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import (
    checked,
    has,
    stacked,
    unanswered,
    without_repeats,
)
from rmresearch.report.sections.dose import dose
from rmresearch.report.sections.flow import one_a_role
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import capital, fill
from rmresearch.result import Cell, Estimate, Result, Table

__all__ = ["attrition", "meetings"]

_met_text = partial(fill, "page_meetings")
_left_text = partial(fill, "page_attrition")

#: a longer table of losses shows the last wave, and folds the rest
MOST_LOST = 16
#: how the reader counts them (`io.read`)
REFUSED = "people who did not consent"
#: the measure of meetings that is a share of those planned
OF_PLANNED = "meetings held, of those planned"


def meetings(found: Findings) -> Section:
    """Did the pairs meet, how often, and until when?"""
    result = found.result("engagement")
    if result is None:
        reason = "".join(found.why_not("engagement", "")) or _met_text("no_ids")
        return Section("meetings", _met_text("title"), (Callout("missing", reason),))
    names = [table.name for table in result.tables]
    blocks: list[Block] = [*_met(found, result)] if "by-wave" in names else []
    blocks += [
        _by_arm(found, _once(table)) for table in result.tables if table.name == "engagement"
    ]
    rest = [_by_arm(found, _shares(table)) for table in result.tables if table.name != "engagement"]
    blocks.append(Details(_met_text("more"), (*rest, checked(found, result.checks))))
    return Section("meetings", _met_text("title"), (*blocks, *dose(found)))


def _once(table: Table) -> Table:
    """Meetings in all, without the rows that say of the pairs that reported what the rows before
    say of those that started; shares of planned meetings as percentages."""
    kept: dict[tuple[object, ...], tuple[Cell, ...]] = {}
    for row in table.rows:
        numbers = tuple(cell.value for cell in row[3:])
        kept.setdefault((row[0].value, row[1].value, *numbers), row)
    rows = [
        tuple(replace(c, kind="proportion") if i > 3 else c for i, c in enumerate(row))
        if row[1].value == OF_PLANNED
        else row
        for row in kept.values()
    ]
    return replace(table, rows=tuple(rows))


def _shares(table: Table) -> Table:
    """Ends of an interval named after their share, so that they stand beside it."""
    if table.name != "by-wave":
        return table
    names = {f"{one} {end}": f"share of {one} {end}" for one in ("reported", "started")
             for end in ("low", "high")}  # fmt: skip
    return replace(table, columns=tuple(names.get(name, name) for name in table.columns))


def _by_arm(found: Findings, table: Table, caption: str = "") -> TableBlock:
    """A table whose first column is the arm: headings where there are several."""
    several = len({row[0].value for row in table.rows}) > 1
    columns = None if several else list(table.columns[1:])
    kept = [
        c for c in columns or () if not c.endswith((" low", " high")) and c not in ("low", "high")
    ]
    words_of = {
        str(cell.value): capital(str(cell.value))
        for row in table.rows
        for cell in row
        if cell.kind == "label" and cell.value
    }
    return table_block(
        table,
        columns=kept or None,
        labels={**words_of, **found.labels},
        group="arm" if several else None,
        mixed=True,
        caption=caption,
    )


def _met(found: Findings, result: Result) -> Iterator[Block]:
    frame = result.table("by-wave").to_frame()
    for arm, rows in frame.groupby("arm", sort=False):
        periods = [
            Meeting(found.labels.get(wave, wave), int(met), int(started), int(reported))
            for wave, met, started, reported in zip(
                rows["wave"], rows["met"], rows["started"], rows["reported"], strict=True
            )
        ]
        last = periods[-1]
        heard = last.met / last.running if last.running else None
        title = _met_text(
            "figure_none" if heard is None else "figure", share=percent(heard), wave=last.period
        )
        name = found.labels.get(str(arm), str(arm))
        caption = _met_text("caption" if name else "caption_all", arm=name)
        yield meetings_bars(periods, title=title, caption=caption)


def attrition(found: Findings) -> Section:
    """Who left, when, and how different were they?"""
    results = list(found.of("attrition"))
    if not results:
        title, needs = _left_text("title"), _left_text("no_ids")
        return unanswered(found, "attrition", title, "attrition", needs)
    told = tuple(_lost(found))
    blocks: list[Block] = [Bullets(told)] if told else []
    lost = stacked(results, "attrition", _left_text("lost"))
    if lost is not None:
        wave = lost.columns.index("wave")
        told_at = [one.name for one in found.study.design.waves]
        last = max((row[wave].value for row in lost.rows), key=lambda w: told_at.index(str(w)))
        rows = tuple(row for row in lost.rows if row[wave].value == last)
        if len(lost.rows) > MOST_LOST:
            blocks.append(_losses(found, replace(lost, rows=rows)))
            blocks.append(Details(_left_text("every_wave"), (_losses(found, lost),)))
        else:
            blocks.append(_losses(found, lost))
        blocks += _refused(found)
    life = next((r for _, r in results if has(r, "pair-life")), None)
    blocks += [*_pair_life(found, life)] if life else _no_dates(found, results)
    leavers = stacked(results, "leavers", _left_text("leavers_before"))
    blocks += [_leavers(found, leavers)] if leavers is not None else []
    return Section("attrition", _left_text("title"), tuple(blocks))


def _leavers(found: Findings, leavers: Table) -> Block:
    """Those who left beside those who stayed."""
    some = tuple(row for row in leavers.rows if row[5].value)
    if not some:
        return Paragraph(_left_text("nobody"))
    listed = _by_wave(found, replace(leavers, rows=some))
    columns = [n for n in without_repeats(listed) if n not in {"outcome", "role", "wave"}]
    table = table_block(
        listed,
        columns=columns,
        heads={"standardised": _left_text("in_sd")},
        labels=found.labels,
        group="outcome",
        mixed=True,
    )
    return Details(_left_text("leavers"), (table,))


def _by_wave(found: Findings, table: Table) -> Table:
    """The table with its waves in the headings, where they take no room from its columns."""
    wave = table.columns.index("wave")
    rows = []
    for first, *rest in table.rows:
        when = str(rest[wave - 1].value)
        named = found.labels.get(when, when)
        heading = _left_text("leavers_at", outcome=str(first.value), wave=named)
        rows.append((replace(first, value=heading), *rest))
    return replace(table, rows=tuple(rows))


def _lost(found: Findings) -> Iterator[str]:
    """A sentence for each role (by its first outcome) and contrast, at the last wave."""
    design = found.study.design
    for outcome, result in one_a_role(found):
        table = result.table("attrition").to_frame() if has(result, "attrition") else None
        waves = [wave.name for wave in design.waves]
        shares = [one for one in result.estimates if one.term == "overall-attrition"]
        overall = {
            one.contrast: one
            for one in sorted(shares, key=lambda one: waves.index(one.wave))
            if one.value is not None
        }
        for contrast, one in overall.items():
            beside = _beside(result, one)
            if beside is None or table is None:
                continue
            mine = table[(table["contrast"] == contrast) & (table["wave"] == one.wave)]
            classes = set(mine["class"])
            verdict: Literal["low", "high"] | None = "high" if "high" in classes else None
            if classes == {"low"}:
                verdict = "low"
            said = words.attrition(one, beside, design, verdict)
            yield _left_text("about", outcome=outcome.label, said=said)


def _beside(result: Result, overall: Estimate) -> Estimate | None:
    """The differential attrition of the same people, wave and contrast."""
    same = (overall.role, overall.wave, overall.contrast)
    return next(
        (
            one
            for one in result.estimates
            if one.term == "differential-attrition"
            and (one.role, one.wave, one.contrast) == same
            and one.value is not None
        ),
        None,
    )


def _losses(found: Findings, lost: Table) -> TableBlock:
    """How many were lost; clusters only where they say something else than people."""
    counted, points = lost.columns.index("counted"), ("differential", "allowed")
    seen, rows = set(), []
    for row in lost.rows:
        said = tuple(cell.value for i, cell in enumerate(row) if i != counted)
        if said not in seen:
            seen.add(said)
            rows.append(tuple(map(_in_points, row, (name in points for name in lost.columns))))
    shown = replace(lost, rows=tuple(rows))
    columns = without_repeats(shown, "role", "contrast", "counted")
    listed = "wave" in without_repeats(shown, "wave")
    arms = (_left_text("lost_first"), _left_text("lost_other"))
    if "contrast" not in columns:
        first, _, second = str(lost.rows[0][lost.columns.index("contrast")].value).partition(" - ")
        names = (found.labels.get(first, first), found.labels.get(second, second))
        arms = (_left_text("lost_arm", arm=names[0]), _left_text("lost_arm", arm=names[1]))
    wave = found.labels.get(str(lost.rows[0][lost.columns.index("wave")].value), "")
    left = {"role", "outcome"} if listed else {"role", "wave"}
    return table_block(
        shown,
        columns=[n for n in columns if n not in left and "assigned" not in n],
        heads={
            "lost": arms[0],
            "lost comparison": arms[1],
            "overall": _left_text("overall"),
            "differential": Column(_left_text("difference"), _left_text("points")),
            "allowed": Column(_left_text("allowed"), _left_text("points")),
            "class": Column(_left_text("class"), numeric=False),
        },
        labels=found.labels,
        group="outcome" if listed else None,
        caption=lost.title if listed else _left_text("lost_by", wave=wave),
    )


def _in_points(cell: Cell, share: bool) -> Cell:
    """A share as percentage points with one decimal; other cells stay."""
    if not share or not isinstance(cell.value, float):
        return cell
    return Cell(number(100 * cell.value, decimals=1), "label")


def _refused(found: Findings) -> list[Block]:
    """Who did not consent is in none of the counts: said, because it may be attrition."""
    counts = [n for reason, n in found.study.excluded if reason == REFUSED and n]
    if not counts or not found.study.design.randomised:
        return []
    key = "refused_one" if counts[0] == 1 else "refused"
    return [Callout("caution", _left_text(key, count=count(counts[0])))]


def _no_dates(found: Findings, results: Sequence[tuple[object, Result]]) -> list[Block]:
    if found.study.pairs.empty:
        return [Callout("missing", _left_text("no_pairs", needed=words.missing("pairs")))]
    told = dict.fromkeys(
        check.detail
        for _, result in results
        for check in result.checks
        if check.name == "pair dates" and not check.passed
    )
    return [Callout("missing", text) for text in told]


def _pair_life(found: Findings, result: Result) -> Iterator[Block]:
    table = result.table("pair-life")
    curves = []
    for arm, rows in groupby(table.to_frame().to_dict("records"), key=lambda row: row["arm"]):
        listed = list(rows)
        steps = [Step(time=0.0, share=1.0, at_risk=int(listed[0]["at risk"]))]
        for row, after in zip(listed, [*listed[1:], None], strict=True):
            ends = (row["low"], row["high"])
            left = int(after["at risk"]) if after else None
            low, high = (None if end is None or end != end else float(end) for end in ends)
            share = float(row["share still paired"])
            steps.append(
                Step(time=float(row["month"]), share=share, low=low, high=high, at_risk=left)
            )
        curves.append(Curve(found.labels.get(arm, arm) or _left_text("pairs_all"), tuple(steps)))
    lasting = fill("phrase", "comma").join(
        _left_text("pairs_share", share=percent(one.steps[-1].share), arm=one.series)
        for one in curves
    )
    figure = survival_steps(
        curves,
        title=_left_text("pairs_figure", shares=lasting),
        unit=_left_text("pairs_unit"),
        caption=table.note,
    )
    monthly = _by_arm(found, table, _left_text("months"))
    numbers = Details(_left_text("months_folded"), (monthly,))
    reasons = [_by_arm(found, one) for one in result.tables if one.name == "reasons" and one.rows]
    risk = _risk(found, result)
    yield Subsection(_left_text("pairs"), (figure, numbers, *reasons, *risk), "pair-life")


def _risk(found: Findings, result: Result) -> Iterator[Block]:
    """What goes with ending early, or why nobody can say."""
    if has(result, "pair-risk"):
        yield table_block(result.table("pair-risk"), labels=found.labels, mixed=True)
    about = {"early ends enough for a model", "proportional hazards"}
    for check in result.checks:
        if check.name in about and not check.passed:
            yield Paragraph(check.detail, "small")
