"""The explorer's picture: every simulated study as a dot, the average study, what is true.

Made without matplotlib's canvas, which takes a tenth of a second; it has the same look.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.display.numbers import count, decimals_for, interval, number
from rmresearch.explorer.seen import Mean, Seen
from rmresearch.report.figures.canvas import FONTS, WIDTH, round_ticks
from rmresearch.report.figures.style import ACCENT, AXIS, BAND, INK, MUTED, PAPER, SMALL, TEXT
from rmresearch.report.words.phrases import fill

__all__ = ["picture"]

#: pixels: the plot's edges, the foot of the dots, how high they may be stacked, the two rows
LEFT, RIGHT, FOOT, HIGH, ROWS, HEIGHT = 150.0, 574.0, 190.0, 156.0, (216.0, 244.0), 310.0
AXIS_Y, UNIT_Y = 262.0, 300.0
#: widths of a dot, the largest that has room
DOTS = (9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.5, 1.0)
#: the axis shows at least this much, in points, and grows by half points, so that it seldom moves
LEAST, STEP = (-0.5, 1.0), 0.5


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where values stand between the plot's edges."""

    low: float
    high: float

    def __call__(self, value: float) -> float:
        return LEFT + (value - self.low) / (self.high - self.low) * (RIGHT - LEFT)


def picture(found: Seen, unit: str) -> str:
    """Inline SVG of what studies found; ``unit`` says what the axis counts."""
    scale = _Scale(*_limits(found))
    parts = [*_ground(found, scale), *_dots(found, scale), *_rows(found, scale)]
    parts += [*_axis(scale), _text((LEFT + RIGHT) / 2, UNIT_Y, unit, anchor="middle")]
    size = f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" height="{HEIGHT:g}"'
    return f'<svg {size} font-family="{FONTS}">{"".join(parts)}</svg>'


def _limits(found: Seen) -> tuple[float, float]:
    size = found.outcome.smallest_effect or 0.0
    ends = [*LEAST, -size, size, *found.estimates.tolist()]
    ends += [one.value for one in (found.low, found.high, found.true) if one is not None]
    return STEP * math.floor(min(ends) / STEP), STEP * math.ceil(max(ends) / STEP)


def _ground(found: Seen, scale: _Scale) -> Iterator[str]:
    """The band of what is too small to matter, named, and the line at zero."""
    size = found.outcome.smallest_effect
    if size:
        ends = scale(-size), scale(size)
        yield f'<path fill="{BAND}" d="M{ends[0]:.1f} 24H{ends[1]:.1f}V{AXIS_Y}H{ends[0]:.1f}Z"/>'
        yield _line(f"M{ends[0]:.1f} 24V20H{ends[1]:.1f}V24", AXIS, 1.0)
        said = fill("explorer", "too_small", size=number(size))
        yield _text(scale(0.0), 12.0, said, anchor="middle")
    yield _line(f"M{scale(0.0):.1f} 24V{AXIS_Y}", INK, 1.0)


def _dots(found: Seen, scale: _Scale) -> Iterator[str]:
    """Studies stacked where their estimates lie; those that find a difference below."""
    width, columns = _stacked(found, scale)
    order = np.lexsort((~found.found, columns))
    start = np.flatnonzero(np.diff(columns[order], prepend=-1))
    level = np.arange(len(order)) - np.repeat(start, np.diff([*start, len(order)]))
    x = LEFT + (columns[order] + 0.5) * width
    rise = min(width, HIGH / (level.max(initial=0) + 1.0))
    y = FOOT - (level + 0.5) * rise
    filled = found.found[order]
    dot = width - (1.0 if width >= 3.0 else 0.2)  # so that they stay apart where there is room
    for flags, colour in ((~filled, AXIS), (filled, ACCENT)):
        yield _round(_marks(x[flags], y[flags]), colour, dot)
    yield _line(f"M{LEFT} {FOOT}H{RIGHT}", AXIS, 1.0)
    yield from _legend(found)


def _stacked(found: Seen, scale: _Scale) -> tuple[float, NDArray[np.int64]]:
    """The width of a dot, and the column of each study."""
    x = np.array([scale(value) for value in found.estimates.tolist()]) - LEFT
    for width in DOTS:
        columns = np.floor(x / width).astype(np.int64)
        if not len(columns) or np.bincount(columns).max() * width <= HIGH:
            break
    return width, columns


def _legend(found: Seen) -> Iterator[str]:
    hits = int(found.found.sum())
    rows = ((hits, "found_dots", ACCENT), (len(found.found) - hits, "missed_dots", AXIS))
    for index, (many, key, colour) in enumerate(rows):
        y = FOOT - 96.0 + 40.0 * index
        yield f'<circle cx="6" cy="{y - 4.5:.1f}" r="4.5" fill="{colour}"/>'
        yield _text(18.0, y, count(many), size=TEXT, colour=INK, bold=True)
        yield _text(18.0, y + 16.0, fill("explorer", key))


def _rows(found: Seen, scale: _Scale) -> Iterator[str]:
    """The average study with its interval, and the true difference."""
    places = decimals_for([one.value for one in (found.estimate, found.low, found.high) if one])
    if found.estimate is not None:
        yield from _labels(ROWS[0], "average", found.estimate, places)
        if found.low is not None and found.high is not None:
            ends = scale(found.low.value), scale(found.high.value)
            yield _line(f"M{ends[0]:.1f} {ROWS[0]}H{ends[1]:.1f}", ACCENT, 3.0)
            within = interval(found.low.value, found.high.value, decimals=places)
            yield _text(WIDTH, ROWS[0] + 4.5, within, anchor="end")
        at = scale(found.estimate.value)
        yield _round(f"M{at:.1f} {ROWS[0]}h.01", PAPER, 11.4)
        yield _round(f"M{at:.1f} {ROWS[0]}h.01", ACCENT, 9.0)
    if found.true is not None:
        yield from _labels(ROWS[1], "truth", found.true, places)
        at, y = scale(found.true.value), ROWS[1]
        yield f'<path fill="{INK}" d="M{at:.1f} {y - 6}l6 6-6 6-6-6z"/>'


def _labels(y: float, key: str, mean: Mean, places: int) -> Iterator[str]:
    yield _text(0.0, y + 4.5, fill("explorer", key), size=TEXT, colour=INK)
    said = number(mean.value, decimals=places)
    yield _text(RIGHT + 44.0, y + 4.5, said, size=TEXT, colour=INK, bold=True, anchor="end")


def _axis(scale: _Scale) -> Iterator[str]:
    yield _line(f"M{LEFT} {AXIS_Y}H{RIGHT}", AXIS, 1.0)
    ticks = round_ticks(scale.low, scale.high, 7)
    places = next(d for d in range(6) if all(abs(t - round(t, d)) < 1e-9 for t in ticks))
    for tick in ticks:
        yield _line(f"M{scale(tick):.1f} {AXIS_Y}v4", AXIS, 1.0)
        yield _text(scale(tick), AXIS_Y + 18.0, number(tick, decimals=places), anchor="middle")


def _marks(x: NDArray[Any], y: NDArray[Any]) -> str:
    """Points of no length, which round caps make dots: a tenth of the bytes of circles."""
    return "".join(f"M{a:.1f} {b:.1f}h.01" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _round(points: str, colour: str, width: float) -> str:
    return _line(points, colour, width, ' stroke-linecap="round"') if points else ""


def _line(points: str, colour: str, width: float, more: str = "") -> str:
    style = f'fill="none" stroke="{colour}" stroke-width="{width:g}"{more}'
    return f'<path {style} d="{points}"/>'


def _text(
    x: float, y: float, text: str, *, size: float = SMALL, colour: str = MUTED,
    bold: bool = False, anchor: str = "start",
) -> str:  # fmt: skip
    weight = ' font-weight="700"' if bold else ""
    style = f'font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"{weight}'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'
