"""The sentences of the calibration receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rmresearch.display.numbers import count, number, percent
from rmresearch.report.words.gate import say
from rmresearch.report.words.phrases import capital, catalogue, fill, lower_first, matters, named
from rmresearch.result import Check, Estimate, Result
from rmresearch.study import Design

__all__ = ["no_receipt", "receipt", "uncalibrated"]


def receipt(result: Result, record: Estimate, design: Design, *, change: bool) -> str:
    """What was simulated and the worst of what came out; ``record`` is the estimate checked.

    ``change``: it is one group's change, not a difference between arms.
    """
    table = result.table("receipt")
    rows: list[dict[str, Any]] = [
        dict(zip(table.columns, (c.value for c in row), strict=True)) for row in table.rows
    ]
    outcome, what = design.outcome(record.outcome), "change" if change else "difference"
    amount = matters(outcome)
    added = f"smallest_{what}" if amount else f"luck_{what}"
    held, held_error = _furthest(rows, "coverage", 0.95)
    claimed, claimed_error = _furthest(rows, "false positives", 0.05)
    worst = fill("receipt", f"worst_{what}", held=held, held_error=held_error,
                 claimed=claimed, claimed_error=claimed_error)  # fmt: skip
    text = fill(
        "receipt",
        "shape" if rows[0]["share of people"] == 1 else "part",
        label=lower_first(outcome.label),
        wave=named(design.wave(record.wave).label),
        studies=count(rows[0]["studies"]),
        people=count(rows[0]["people"]),
        added=fill("receipt", added, amount=amount),
        worst=worst,
    )
    return say(text)


def _furthest(rows: Sequence[Mapping[str, Any]], name: str, sound: float) -> tuple[str, str]:
    """The share furthest from what it should be, and its Monte Carlo error."""
    told = [(row[name], row[f"{name} error"]) for row in rows if row[name] is not None]
    if not told:
        return catalogue()["receipt"]["unknown"], count(0)
    share, error = max(told, key=lambda one: abs(one[0] - sound))
    return percent(share, decimals=1), number(100 * error, decimals=1)


def no_receipt(reason: str) -> str:
    """Why nothing was simulated."""
    return say(fill("receipt", "none", reason=reason))


def uncalibrated(check: Check) -> str:
    """What to make of a check of the receipt that fails."""
    return say(fill("receipt", "failed", name=capital(check.name), detail=check.detail))
