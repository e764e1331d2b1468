"""Meetings, pairs that ended, people who left, and answers that are missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from rmresearch.report.blocks import Block, Callout, Details, Paragraph, Section, Subsection
from rmresearch.report.figures.people import Answered, Meeting, meetings_bars, missing_map
from rmresearch.report.figures.waves import Curve, Step, survival_steps
from rmresearch.report.findings import Findings
from rmresearch.report.numbers import percent
from rmresearch.report.sections.common import has, stacked, without_repeats
from rmresearch.report.tables import checks_table, table_block
from rmresearch.result import Result, Table

__all__ = ["attrition", "meetings", "missing"]

MORE = "More tables and checks"


def meetings(found: Findings) -> Section:
    """Did the pairs meet, how often, and until when?"""
    result = found.result("engagement")
    if result is None:
        reason = " ".join(found.why_not("engagement")) or (
            "Without ids nobody can say which pairs met. To answer this, the study would need a "
            "meeting log with the pairs' ids."
        )
        return Section("meetings", "Meetings", (Callout("missing", reason),))
    names = [table.name for table in result.tables]
    blocks: list[Block] = [*_met(found, result)] if "by-wave" in names else []
    blocks += [_by_arm(found, table) for table in result.tables if table.name == "engagement"]
    rest = [_by_arm(found, table) for table in result.tables if table.name != "engagement"]
    blocks.append(Details(MORE, (*rest, checks_table(result.checks))))
    return Section("meetings", "Meetings", tuple(blocks))


def _by_arm(found: Findings, table: Table) -> Block:
    """A table whose first column is the arm: headings where there are several."""
    several = len({row[0].value for row in table.rows}) > 1
    columns = None if several else list(table.columns[1:])
    kept = [
        c for c in columns or () if not c.endswith((" low", " high")) and c not in ("low", "high")
    ]
    return table_block(
        table,
        columns=kept or None,
        labels=found.labels,
        group="arm" if several else None,
        mixed=True,
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
        heard = percent(last.met / last.running) if last.running else "none"
        title = f"{heard} of the pairs that reported had met in the time before {last.period}"
        caption = (
            f"{found.labels.get(str(arm), str(arm))}. Pairs with a meeting since the wave before: "
            "of all that started, and of those that reported."
        )
        yield meetings_bars(periods, title=title, caption=caption)


def attrition(found: Findings) -> Section:
    """Who left, when, and how different were they?"""
    results = list(found.of("attrition"))
    if not results:
        reason = " ".join(found.why_not("attrition")) or (
            "Without person ids nobody can say who left. To answer this, the study would need ids "
            "that stay the same over the waves."
        )
        return Section("attrition", "Who left", (Callout("missing", reason),))
    blocks: list[Block] = []
    lost = stacked(results, "attrition", "Attrition by contrast and wave")
    if lost is not None:
        columns = without_repeats(lost, "role", "contrast", "counted")
        columns = [name for name in columns if name not in {"outcome", "role"}]
        blocks.append(
            table_block(
                lost,
                columns=[name for name in columns if not name.startswith("assigned")],
                heads={"lost": "Lost, programme", "lost comparison": "Lost, comparison"},
                labels=found.labels,
                group="outcome",
            )
        )
    life = next((r for _, r in results if has(r, "pair-life")), None)
    blocks += [*_pair_life(found, life)] if life else _no_dates(results)
    leavers = stacked(results, "leavers", "Leavers against stayers, before the start")
    if leavers is not None:
        some = tuple(row for row in leavers.rows if row[5].value)
        listed = replace(leavers, rows=some)
        columns = [n for n in without_repeats(listed, "role") if n not in {"outcome", "role"}]
        table = table_block(
            listed, columns=columns, labels=found.labels, group="outcome", mixed=True
        )
        blocks.append(
            Details("Leavers against stayers", (table,)) if some else Paragraph("Nobody left.")
        )
    return Section("attrition", "Who left", tuple(blocks))


def _no_dates(results: Sequence[tuple[object, Result]]) -> list[Block]:
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
        curves.append(Curve(found.labels.get(arm, arm) or "All pairs", tuple(steps)))
    lasting = ", ".join(f"{percent(curve.steps[-1].share)} ({curve.series})" for curve in curves)
    figure = survival_steps(
        curves,
        title=f"Share of pairs still together at the end of the time seen: {lasting}",
        unit="months since the pair started",
        caption=table.note,
    )
    tables = [
        _by_arm(found, one)
        for one in result.tables
        if one.name in {"pair-life", "reasons"} and one.rows
    ]
    yield Subsection("How long pairs lasted", (figure, *tables), "pair-life")


def missing(found: Findings) -> Section:
    """How much is missing, in which patterns?"""
    result = found.result("missingness")
    if result is None or not result.tables:
        reason = " ".join(found.why_not("missingness")) or "No answers were found."
        return Section("missing", "Missing answers", (Callout("missing", reason),))
    blocks: list[Block] = [*_map(found, result)] if has(result, "response") else []
    rest = [
        table_block(table, labels=found.labels, group="outcome", mixed=True)
        for table in result.tables
        if table.rows
    ]
    failed = tuple(check for check in result.checks if not check.passed)
    blocks.append(Details(MORE, (*rest, *([checks_table(failed)] if failed else []))))
    return Section("missing", "Missing answers", tuple(blocks))


def _map(found: Findings, result: Result) -> Iterator[Block]:
    """One map: each outcome and arm a row (the first outcome of each role where there are many)."""
    table = result.table("response")
    frame = table.to_frame()
    outcomes = list(dict.fromkeys(frame["outcome"]))
    if len(outcomes) > 6:
        outcomes = list(
            frame.groupby(["role", "outcome"], sort=False)
            .head(1)
            .groupby("role")
            .head(1)["outcome"]
        )
    cells = [
        Answered(
            f"{found.labels.get(row['outcome'], row['outcome'])}"
            + (f", {found.labels.get(row['arm'], row['arm'])}" if row["arm"] else ""),
            found.labels.get(row["wave"], row["wave"]),
            int(row["answered"]),
            int(row["assigned"]),
        )
        for row in frame[frame["outcome"].isin(outcomes)].to_dict("records")
    ]
    last = frame[frame["wave"] == frame["wave"].iloc[-1]]
    share = last["answered"].sum() / last["assigned"].sum() if last["assigned"].sum() else 0.0
    title = f"At {cells[-1].wave}, {percent(share)} of those assigned answered"
    yield missing_map(cells, title=title, caption="Of everyone assigned, arm by arm.")
