"""How numbers look: one rounding rule for tables, figures, alt text and sentences.

Full precision stays in results; what is shown is rounded here and nowhere else. The decimals of a
column (or of an estimate and its interval) follow its largest magnitude, so that about three
digits carry information: 100 and above none, 10 and above one, otherwise two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

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
    "significant",
    "span",
]

#: what a number that the data do not support looks like
NOTHING = "–"
#: what a number that the release rules keep back looks like, whatever it was
HIDDEN = "hidden"
#: the typographic minus, as wide as the plus
MINUS = "−"


def decimals_for(values: Iterable[float | int | None]) -> int:
    """How many decimals these numbers are shown with, decided by the largest of them.

    >>> decimals_for([0.123, -3.2]), decimals_for([12.5, 3.0]), decimals_for([266.06])
    (2, 1, 0)
    """
    finite = [abs(value) for value in values if value is not None and math.isfinite(value)]
    largest = max(finite, default=0.0)
    return 0 if largest >= 99.95 else 1 if largest >= 9.995 else 2


def number(
    value: float | int | None, *, decimals: int | None = None, unit: str = "", signed: bool = False
) -> str:
    """A number as text: typographic minus, thousands apart, no "-0.00", the unit behind.

    ``decimals`` defaults to the rule above for this value alone; whole numbers given as ``int``
    stay whole.

    >>> number(-0.004), number(1234.5), number(0.31, unit="points", signed=True)
    ('0.00', '1,234', '+0.31 points')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    places = decimals if decimals is not None else _places(value)
    text = f"{abs(value):,.{places}f}"
    zero = not text.strip("0.,")
    sign = "" if zero else MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{text}{' ' + unit if unit else ''}"


def _places(value: float | int) -> int:
    return 0 if isinstance(value, int) else decimals_for([value])


def count(value: float | None) -> str:
    """A whole number of people, pairs or meetings.

    >>> count(1234)
    '1,234'
    """
    return number(value, decimals=0)


def percent(share: float | None, *, decimals: int = 0) -> str:
    """A share in 0..1 as a percentage; what is not everyone or no one never looks like it.

    >>> percent(0.457), percent(0.9973), percent(0.002), percent(1.0)
    ('46%', '>99%', '<1%', '100%')
    """
    if share is None or not math.isfinite(share):
        return NOTHING
    step = 10.0**-decimals
    shown = round(100 * share, decimals) + 0.0  # no minus before a zero
    if share > 0 and shown < step:
        return f"<{step:.{decimals}f}%"
    if share < 1 and shown > 100 - step:
        return f">{100 - step:.{decimals}f}%"
    return f"{shown:.{decimals}f}%".replace("-", MINUS)


def significant(value: float | None, digits: int) -> str:
    """A number of whatever unit, as a model of anybody's data has it, to so many digits.

    >>> significant(-0.0123456, 4), significant(1234.56, 4)
    ('−0.01235', '1,235')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    whole = digits - 1 < math.log10(abs(value)) < 15 if value else False
    return f"{value:{',.0f' if whole else f'.{digits}g'}}".replace("-", MINUS)


def p_value(p: float | None) -> str:
    """A p-value to three decimals, never 0.

    >>> p_value(0.0312), p_value(0.00004)
    ('0.031', '<0.001')
    """
    if p is None or not math.isfinite(p):
        return NOTHING
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def confidence(level: float) -> str:
    """An interval's level as readers write it: digits only where it has them.

    >>> confidence(0.95), confidence(1 - 0.05 / 3)
    ('95%', '98.3%')
    """
    return f"{100 * level:.3g}%"


def interval(
    low: float | None, high: float | None, *, decimals: int | None = None, share: bool = False
) -> str:
    """An interval in words that survive a minus sign: "0.12 to 0.45".

    >>> interval(-0.12, 0.45), interval(0.31, 0.58, share=True)
    ('−0.12 to 0.45', '31% to 58%')
    """
    if low is None or high is None:
        return NOTHING
    if share:
        return f"{percent(low)} to {percent(high)}"
    places = decimals if decimals is not None else decimals_for([low, high])
    return f"{number(low, decimals=places)} to {number(high, decimals=places)}"


def span(values: Sequence[float | None], *also: float) -> tuple[float, float, float]:
    """An axis that holds all of these whole: its ends and its step.

    >>> span([0.32, -0.08, 0.72], 0.0)
    (-0.1, 0.8, 0.1)
    """
    found = [*also, *(value for value in values if value is not None)]
    low, high = min(found), max(found)
    wide = (high - low) or abs(high) or 1.0
    unit = 10.0 ** math.floor(math.log10(wide))
    step = next(unit * part for part in (0.1, 0.2, 0.5, 1.0, 2.0) if wide <= 8 * unit * part)
    below, above = math.floor(low / step) * step, math.ceil(high / step) * step
    return round(below, 9), round(max(above, below + step), 9), step
