"""The calibration receipt: whether the arithmetic holds in studies of this one's shape."""

from __future__ import annotations

from functools import partial

from rmresearch.display.numbers import number, percent
from rmresearch.report import words
from rmresearch.report.blocks import Block, Callout, Column, Paragraph, Subsection, TableBlock
from rmresearch.report.findings import Findings
from rmresearch.report.words.phrases import catalogue, fill
from rmresearch.result import Cell, Result

__all__ = ["receipt"]

_text = partial(fill, "page_receipt")


def receipt(found: Findings) -> Subsection:
    """Does the interval of the first verdict do what it says, in studies like this one?"""
    first = found.headline
    outcome = first.estimate.outcome if first else ""
    result = found.result("receipt", outcome)
    if first is None or result is None:
        reasons = found.why_not("receipt", outcome) or (_text("nothing"),)
        return Subsection(
            _text("title"), (Callout("note", words.no_receipt(reasons[0])),), "receipt"
        )
    design = found.study.design
    said = words.receipt(result, first.estimate, design, change=not first.between)
    blocks: list[Block] = [Paragraph(said)]
    failed = [check for check in result.checks if not check.passed]
    blocks += [Callout("caution", words.uncalibrated(check)) for check in failed]
    return Subsection(
        _text("title"), (*blocks, _shown(result, design.outcome(outcome).unit)), "receipt"
    )


def _shown(result: Result, unit: str) -> TableBlock:
    table = result.table("receipt")
    places = {name: place for place, name in enumerate(table.columns)}
    known = all(row[places["detectable"]].value is not None for row in table.rows)
    heads = (
        Column(_text("together"), numeric=False),
        Column(_text("correlation")),
        Column(_text("held")),
        Column(_text("claimed")),
        *([Column(_text("detectable"), unit=unit)] if known else []),
    )
    rows = tuple(_row(row, places, known=known) for row in table.rows)
    return TableBlock(table.title, heads, rows, _text("note"))


def _row(row: tuple[Cell, ...], places: dict[str, int], *, known: bool) -> tuple[str, ...]:
    def told(name: str) -> float | None:
        value = row[places[name]].value
        return value if isinstance(value, (int, float)) else None

    shares = []
    for name in ("coverage", "false positives"):
        share, error = told(name), told(f"{name} error")
        known_error = None if error is None else 100 * error
        parts = {"share": percent(share, decimals=1), "error": number(known_error, decimals=1)}
        shares.append(_text("share", **parts))
    size = [number(told("detectable"), decimals=2)] if known else []
    name = catalogue()["page_receipt_row"][str(row[0].value)]
    return name, number(told("value"), decimals=2), *shares, *size
