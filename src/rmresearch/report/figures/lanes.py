"""Several sizes of one thing in one row: a lane each, with intervals and what was predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rmresearch.display.numbers import decimals_for, number
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.canvas import (
    WIDTH,
    place,
    plain_ticks,
    px,
    round_ticks,
    rule,
    svg,
    write,
    write_near,
)
from rmresearch.report.figures.style import (
    BAND,
    GRID,
    INK,
    MUTED,
    PAPER,
    SERIES,
    SMALL,
    TEXT,
    text_width,
    wrap,
)
from rmresearch.report.words.phrases import fill

__all__ = ["Dot", "Lanes", "lanes_plot"]

LABELS, LANE, GAP, HEAD, TOP, BELOW = 230.0, 8.0, 9.0, 27.0, 40.0, 44.0
_text = partial(fill, "figure_lanes")


@dataclass(frozen=True, slots=True)
class Dot:
    """One value with its interval, and what was predicted (None: nothing was)."""

    value: float
    low: float
    high: float
    predicted: float | None = None


@dataclass(frozen=True, slots=True)
class Lanes:
    """One row: a dot for each of the series, None where there is none; ``group`` is a heading."""

    label: str
    dots: tuple[Dot | None, ...]
    group: str = ""


def lanes_plot(
    rows: Sequence[Lanes],
    series: Sequence[str],
    *,
    title: str,
    unit: str,
    caption: str,
    band: tuple[float, float] | None = None,
    reference: float = 0.0,
) -> FigureBlock:
    """Where do the values lie, at each size, against the band that they should lie in?

    ``series`` (at most four) name the dots of every row in their order; ``band`` is shaded behind
    all rows, or, where a dot has something predicted, a tick marks that.
    """
    if not rows or not any(dot for row in rows for dot in row.dots):
        raise ValueError("lanes need at least one row with a value")
    if len(series) > len(SERIES):
        raise ValueError(f"lanes have at most {len(SERIES)} series, not {len(series)}")
    tall = LANE * (len(series) - 1) + 2 * GAP
    tops, body = _stack(rows, tall)
    labels = [wrap(row.label, LABELS, TEXT, lines=2) for row in rows]
    left = max(text_width(label) for label in labels) + 16.0
    ends = [end for row in rows for dot in row.dots if dot for end in _ends(dot)]
    low, high = min(*ends, reference, *(band or ())), max(*ends, reference, *(band or ()))
    pad = 0.04 * (high - low) or 1.0

    def paint(figure: Any) -> None:
        axes = place(figure, left, TOP, WIDTH - left - 16.0, body)
        axes.set(xlim=(low - pad, high + pad), ylim=(body, 0.0))
        axes.spines["left"].set_visible(False)
        axes.set_yticks([])
        axes.grid(axis="x", color=GRID, lw=0.8)
        axes.set_axisbelow(True)
        plain_ticks(axes.xaxis, round_ticks(low - pad, high + pad, 6))
        if band:
            axes.axvspan(*band, color=BAND, zorder=0)
        axes.axvline(reference, color=INK, lw=1.0, zorder=2)
        for row, top, label in zip(rows, tops, labels, strict=True):
            if row.group:
                write(figure, 0.0, TOP + top - HEAD / 2 + 4.0, row.group, weight="bold")
            write(figure, 0.0, TOP + top + tall / 2, label)
            rule(figure, (0.0, WIDTH - 16.0), (TOP + top + tall,) * 2, color=GRID, lw=0.6)
            for lane, dot in enumerate(row.dots):
                if dot is not None:
                    _mark(axes, top + GAP + LANE * lane, dot, lane)
        _legend(figure, left, series)
        write_near(figure, left + (WIDTH - left) / 2, TOP + body + 34.0, unit)

    return FigureBlock(
        svg=svg(TOP + body + BELOW, paint),
        alt=_alt(rows, series, title, unit),
        caption=caption,
        title=title,
        kind="lanes",
    )


def _stack(rows: Sequence[Lanes], tall: float) -> tuple[list[float], float]:
    tops, y = [], 0.0
    for row in rows:
        y += HEAD if row.group else 0.0
        tops.append(y)
        y += tall
    return tops, y


def _ends(dot: Dot) -> tuple[float, ...]:
    return (dot.low, dot.high) if dot.predicted is None else (dot.low, dot.high, dot.predicted)


def _mark(axes: Any, y: float, dot: Dot, lane: int) -> None:
    tone = SERIES[lane]
    axes.plot([dot.low, dot.high], [y, y], color=tone.colour, lw=1.2, zorder=3)
    axes.plot([dot.value], [y], tone.marker, mfc=tone.colour, mec=PAPER, ms=6.0, mew=0.7, zorder=5)
    if dot.predicted is not None:
        axes.plot([dot.predicted] * 2, [y - LANE / 2, y + LANE / 2], color=INK, lw=2.0, zorder=4)


def _legend(figure: Any, left: float, series: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    x = left
    for lane, name in enumerate(series):
        tone = SERIES[lane]
        figure.add_artist(
            Line2D([x + 4.0], [16.0], marker=tone.marker, mfc=tone.colour, mec=PAPER, ms=7.0,
                   ls="", transform=px(figure))
        )  # fmt: skip
        write(figure, x + 14.0, 16.0, name, size=SMALL, color=MUTED)
        x += 14.0 + text_width(name, SMALL) + 18.0


def _alt(rows: Sequence[Lanes], series: Sequence[str], title: str, unit: str) -> str:
    values = [dot.value for row in rows for dot in row.dots if dot]
    places = decimals_for(values)
    said, group = [], ""
    for row in rows:
        group = row.group or group
        each = [_told(name, dot, places) for name, dot in zip(series, row.dots, strict=True) if dot]
        told = fill("figure", "comma").join(each)
        named = fill("figure", "named", name=row.label, told=told)
        said.append(_text("row", group=group, name=row.label, told=told) if group else named)
    rows_told = fill("figure", "semicolon").join(said)
    return _text("alt", title=title.rstrip("."), unit=unit, rows=rows_told)


def _told(series: str, dot: Dot, places: int) -> str:
    value, predicted = (number(one, decimals=places) for one in (dot.value, dot.predicted))
    key = "dot" if dot.predicted is None else "dot_predicted"
    return _text(key, series=series, value=value, predicted=predicted)
