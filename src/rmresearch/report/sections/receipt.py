"""The calibration receipt: whether the arithmetic holds in studies of this one's shape."""

from __future__ import annotations

from rmresearch.display.numbers import number, percent
from rmresearch.report import words
from rmresearch.report.blocks import Block, Callout, Column, Paragraph, Subsection, TableBlock
from rmresearch.report.findings import Findings
from rmresearch.result import Cell, Result

__all__ = ["receipt"]

TITLE = "Calibration receipt"
ROWS = {
    "lower limit": "at its lower 80% limit",
    "estimate": "as estimated",
    "upper limit": "at its upper 80% limit",
}
NOTE = (
    "Behind ±: one Monte Carlo standard error. A sound 95% interval holds the truth in 94% to "
    "96.5% of studies and claims something where nothing is in 3.5% to 5.5%."
)
DETECTABLE = "Found by 8 of 10 studies"


def receipt(found: Findings) -> Subsection:
    """Does the interval of the first verdict do what it says, in studies like this one?"""
    first = found.headline
    outcome = first.estimate.outcome if first else ""
    result = found.result("receipt", outcome)
    if first is None or result is None:
        reasons = found.why_not("receipt", outcome) or ("Nothing was estimated.",)
        return Subsection(TITLE, (Callout("note", words.no_receipt(reasons[0])),), "receipt")
    design = found.study.design
    said = words.receipt(result, first.estimate, design, change=not first.between)
    blocks: list[Block] = [Paragraph(said)]
    failed = [check for check in result.checks if not check.passed]
    blocks += [Callout("caution", words.uncalibrated(check)) for check in failed]
    return Subsection(TITLE, (*blocks, _shown(result, design.outcome(outcome).unit)), "receipt")


def _shown(result: Result, unit: str) -> TableBlock:
    table = result.table("receipt")
    places = {name: place for place, name in enumerate(table.columns)}
    known = all(row[places["detectable"]].value is not None for row in table.rows)
    heads = (
        Column("Scores that belong together correlate", numeric=False),
        Column("Correlation"),
        Column("Intervals that hold the truth"),
        Column("Intervals that claim what is not there"),
        *([Column(DETECTABLE, unit=unit)] if known else []),
    )
    rows = tuple(_row(row, places, known=known) for row in table.rows)
    return TableBlock(table.title, heads, rows, NOTE)


def _row(row: tuple[Cell, ...], places: dict[str, int], *, known: bool) -> tuple[str, ...]:
    def told(name: str) -> float | None:
        value = row[places[name]].value
        return value if isinstance(value, (int, float)) else None

    shares = []
    for name in ("coverage", "false positives"):
        share, error = told(name), told(f"{name} error")
        known_error = None if error is None else 100 * error
        shares.append(f"{percent(share, decimals=1)} ± {number(known_error, decimals=1)}")
    size = [number(told("detectable"), decimals=2)] if known else []
    return ROWS[str(row[0].value)], number(told("value"), decimals=2), *shares, *size
