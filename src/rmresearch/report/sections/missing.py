"""Answers that are missing: how many, in which patterns, and of whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rmresearch.display.numbers import percent
from rmresearch.report.blocks import Block, Details, Section
from rmresearch.report.figures.people import Answered, missing_map
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import checked, has, telling, unanswered
from rmresearch.report.sections.people import IN_SD, MORE
from rmresearch.report.tables import table_block
from rmresearch.result import Result, Table

__all__ = ["missing"]


def missing(found: Findings) -> Section:
    """How much is missing, in which patterns?"""
    result = found.result("missingness")
    if result is None or not result.tables:
        needs = "No answers were found."
        return unanswered(found, "missing", "Missing answers", "missingness", needs)
    blocks: list[Block] = [*_map(found, result)] if has(result, "response") else []
    rest = [
        table_block(
            table,
            columns=[n for n in telling(table, "role", within="outcome") if n != "outcome"],
            heads=IN_SD,
            labels=_patterns(found, table),
            group="outcome",
            mixed=True,
        )
        for table in result.tables
        if table.rows and table.name != "imputed"  # what the missing could change has its section
    ]
    failed = tuple(check for check in result.checks if not check.passed)
    blocks.append(Details(MORE, (*rest, *([checked(found, failed)] if failed else []))))
    return Section("missing", "Missing answers", tuple(blocks))


def _patterns(found: Findings, table: Table) -> Mapping[str, str]:
    """Labels, also for cells that list several waves."""
    labels = dict(found.labels)
    for row in table.rows:
        for cell in row:
            parts = str(cell.value).split(", ")
            if cell.kind == "label" and len(parts) > 1 and all(one in labels for one in parts):
                labels[str(cell.value)] = ", ".join(labels[one] for one in parts)
    return labels


def _map(found: Findings, result: Result) -> Iterator[Block]:
    """One map: each outcome and arm a row (one outcome for each role where there are many)."""
    frame = result.table("response").to_frame()
    outcomes = list(dict.fromkeys(frame["outcome"]))
    many = len(outcomes) > 6
    if many:
        first = found.headline.estimate.outcome if found.headline else ""
        ordered = sorted(outcomes, key=lambda name: name != first)
        roles = {name: str(frame.loc[frame["outcome"] == name, "role"].iloc[0]) for name in ordered}
        outcomes = [name for i, name in enumerate(ordered) if roles[name] not in
                    [roles[one] for one in ordered[:i]]]  # fmt: skip
    shown = frame[frame["outcome"].isin(outcomes)]
    cells = [
        Answered(
            found.labels.get(row["role" if many else "outcome"], row["outcome"])
            + (f", {found.labels.get(row['arm'], row['arm'])}" if row["arm"] else ""),
            found.labels.get(row["wave"], row["wave"]),
            int(row["answered"]),
            int(row["assigned"]),
        )
        for row in shown.to_dict("records")
    ]
    last = shown[shown["wave"] == shown["wave"].iloc[-1]]
    share = last["answered"].sum() / last["assigned"].sum() if last["assigned"].sum() else 0.0
    title = f"At {cells[-1].wave}, {percent(share)} of those assigned answered"
    caption = "Of everyone assigned, arm by arm."
    if many:
        names = "; ".join(found.labels.get(name, name) for name in outcomes)
        caption += f" One outcome stands for each role ({names}); the others are in the tables."
    yield missing_map(cells, title=title, caption=caption)
