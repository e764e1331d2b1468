"""The rule by which numbers are rounded, as pages use it: see `display.numbers`."""

from __future__ import annotations

from rmresearch.display.numbers import (
    HIDDEN,
    MINUS,
    NOTHING,
    confidence,
    count,
    decimals_for,
    interval,
    number,
    p_value,
    percent,
    span,
)

__all__ = [
    "HIDDEN",
    "MINUS",
    "NOTHING",
    "confidence",
    "count",
    "decimals_for",
    "interval",
    "number",
    "p_value",
    "percent",
    "span",
]
