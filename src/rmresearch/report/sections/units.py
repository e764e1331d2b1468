"""In which unit an outcome's differences are told, and how far those of a figure reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from rmresearch.display.numbers import decimals_for, number
from rmresearch.report.figures.intervals import Interval
from rmresearch.report.words.phrases import catalogue, fill, is_share
from rmresearch.study import Outcome

__all__ = ["differs_in", "span_of", "unit_of"]

_text = partial(fill, "page_units")


def unit_of(outcome: Outcome) -> str:
    """The unit of differences in an outcome's score."""
    return catalogue()["unit"]["share"] if is_share(outcome) else outcome.unit


def differs_in(what: str, outcomes: Iterable[Outcome]) -> str:
    """What an axis counts on which several outcomes stand."""
    units = {unit_of(outcome) for outcome in outcomes}
    return _text("one", what=what, unit=units.pop()) if len(units) == 1 else _text("own", what=what)


def span_of(rows: Sequence[Interval], outcome: Outcome) -> str:
    """From where to where the values and bounds of a figure reach: what its title states."""
    times = 100.0 if is_share(outcome) else 1.0
    drawn = [(row.value,) if row.span is None else row.span for row in rows]
    known = [times * value for pair in drawn for value in pair if value is not None]
    places = 0 if is_share(outcome) else decimals_for(known)
    low, high = (number(end, decimals=places, signed=True) for end in (min(known), max(known)))
    key = "value" if low == high else "span"
    return _text(key, low=low, high=high, unit=unit_of(outcome))
