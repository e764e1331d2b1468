"""Answers that are missing: how many, in which patterns, and of whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from rmresearch.display.numbers import percent
from rmresearch.report.blocks import Block, Details, Section
from rmresearch.report.figures.people import Answered, missing_map
from rmresearch.report.findings import Findings
from rmresearch.report.sections.common import checked, has, telling, unanswered
from rmresearch.report.tables import table_block
from rmresearch.report.words.phrases import fill
from rmresearch.result import Result, Table

__all__ = ["missing"]

_text = partial(fill, "page_missing")


def missing(found: Findings) -> Section:
    """How much is missing, in which patterns?"""
    result = found.result("missingness")
    if result is None or not result.tables:
        return unanswered(found, "missing", _text("title"), "missingness", _text("needs"))
    blocks: list[Block] = [*_map(found, result)] if has(result, "response") else []
    rest = [
        table_block(
            table,
            columns=[n for n in telling(table, "role", within="outcome") if n != "outcome"],
            heads={"standardised": fill("page_attrition", "in_sd")},
            labels=_patterns(found, table),
            group="outcome",
            mixed=True,
        )
        for table in result.tables
        if table.rows and table.name != "imputed"  # what the missing could change has its section
    ]
    failed = tuple(check for check in result.checks if not check.passed)
    more = fill("page_meetings", "more")
    blocks.append(Details(more, (*rest, *([checked(found, failed)] if failed else []))))
    return Section("missing", _text("title"), tuple(blocks))


def _patterns(found: Findings, table: Table) -> Mapping[str, str]:
    """Labels, also for cells that list several waves."""
    labels = dict(found.labels)
    for row in table.rows:
        for cell in row:
            parts = str(cell.value).split(", ")
            if cell.kind == "label" and len(parts) > 1 and all(one in labels for one in parts):
                named = fill("phrase", "comma").join(labels[one] for one in parts)
                labels[str(cell.value)] = named
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
            _named(found, row["role"] if many else row["outcome"], row["outcome"], row["arm"]),
            found.labels.get(row["wave"], row["wave"]),
            int(row["answered"]),
            int(row["assigned"]),
        )
        for row in shown.to_dict("records")
    ]
    last = shown[shown["wave"] == shown["wave"].iloc[-1]]
    share = last["answered"].sum() / last["assigned"].sum() if last["assigned"].sum() else 0.0
    names = fill("phrase", "semicolon").join(found.labels.get(name, name) for name in outcomes)
    yield missing_map(
        cells,
        title=_text("map", wave=cells[-1].wave, share=percent(share)),
        caption=_text("caption_roles" if many else "caption", names=names),
    )


def _named(found: Findings, code: str, otherwise: str, arm: str) -> str:
    """What a row is called, with its arm where arms are told apart."""
    name = found.labels.get(code, otherwise)
    return _text("arm", name=name, arm=found.labels.get(arm, arm)) if arm else name
