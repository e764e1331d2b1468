"""What a programme adds month by month: lines about zero, with the programme's months shaded."""

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
    round_ticks,
    svg,
    write,
    write_near,
)
from rmresearch.report.figures.style import (
    BAND,
    GRID,
    INK,
    MUTED,
    SMALL,
    TEXT,
    Tone,
    text_width,
    tones,
    wrap,
)
from rmresearch.report.words.phrases import fill

__all__ = ["Monthly", "month_lines"]

HEIGHT, TOP, LEFT, BELOW = 270.0, 30.0, 52.0, 48.0
NAME = 190.0
#: every so many pixels a mark tells lines apart where colour does not
MARKS = 64.0
_text = partial(fill, "figure_courses")


@dataclass(frozen=True, slots=True)
class Monthly:
    """One line: a value for every month, and where it may lie; ``months`` in order."""

    series: str
    months: tuple[float, ...]
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


def month_lines(
    lines: Sequence[Monthly], *, title: str, unit: str, until: float, caption: str
) -> FigureBlock:
    """How does what a programme adds come, and go?

    ``until`` is the month in which the programme ends; ``unit`` names the outcome and its scale.
    """
    if not lines or any(len(line.months) != len(line.values) for line in lines):
        raise ValueError("month lines need a line, and a value for each of its months")
    names = [wrap(line.series, NAME, TEXT, True) for line in lines]
    room = max(text_width(name, TEXT, True) for name in names) + 14.0
    width = WIDTH - LEFT - room
    look = tones(tuple(line.series for line in lines))
    ends = [end for line in lines for end in (*line.values, *line.low, *line.high)]
    low, high = min(0.0, *ends), max(0.0, *ends)
    pad = 0.07 * (high - low) or 0.5

    def paint(figure: Any) -> None:
        axes = place(figure, LEFT, TOP, width, HEIGHT)
        last = max(line.months[-1] for line in lines)
        axes.set(xlim=(0.0, last), ylim=(low - pad, high + pad))
        axes.axvspan(0.0, until, color=BAND, lw=0, zorder=0)
        axes.axhline(0.0, color=INK, lw=1.0, zorder=2)
        axes.grid(axis="y", color=GRID, lw=0.8)
        axes.set_axisbelow(True)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0.0)
        plain_ticks(axes.yaxis, round_ticks(low - pad, high + pad, 6))
        plain_ticks(axes.xaxis, _months(last))
        for line in lines:
            _line(axes, line, look[line.series], width / last)
        write(figure, 0.0, 10.0, wrap(unit, WIDTH, SMALL, lines=1), size=SMALL, color=MUTED)
        write(figure, LEFT + 8.0, TOP + 10.0, _text("programme"), size=SMALL, color=MUTED)
        write_near(figure, LEFT + width / 2, TOP + HEIGHT + 36.0, fill("figure", "months"))
        _names(figure, lines, names, look, (low - pad, high + pad), LEFT + width + 10.0)

    return FigureBlock(
        svg=svg(TOP + HEIGHT + BELOW, paint),
        alt=_alt(lines, title, unit, until),
        caption=caption,
        title=title,
        kind="courses",
    )


def _months(last: float) -> list[float]:
    step = next(step for step in (1, 2, 3, 6, 12) if last / step <= 9)
    return [float(month) for month in range(0, int(last) + 1, step)]


def _line(axes: Any, line: Monthly, tone: Tone, scale: float) -> None:
    if line.low:
        band = {"color": tone.colour, "alpha": 0.13, "lw": 0, "zorder": 1}
        axes.fill_between(line.months, line.low, line.high, **band)
    every = max(1, round(MARKS / (scale * (line.months[-1] - line.months[0]) / len(line.months))))
    fill = tone.colour if tone.filled else "white"
    axes.plot(
        line.months, line.values, color=tone.colour, lw=2.0, linestyle=tone.line, zorder=4,
        marker=tone.marker, markevery=every, ms=6.0, mfc=fill, mec=tone.colour, clip_on=False,
    )  # fmt: skip


def _names(
    figure: Any,
    lines: Sequence[Monthly],
    names: Sequence[str],
    look: dict[str, Tone],
    limits: tuple[float, float],
    x: float,
) -> None:
    """Each line's name where it ends, from the top down with room between."""
    low, high = limits
    order = sorted(range(len(lines)), key=lambda index: -lines[index].values[-1])
    heights = [17.0 * (1 + names[index].count("\n")) for index in order]
    bottom = TOP + HEIGHT
    y = [TOP + HEIGHT * (high - lines[i].values[-1]) / (high - low) for i in order]
    for at in range(len(order) - 2, -1, -1):
        y[at] = min(y[at], y[at + 1] - (heights[at] + heights[at + 1]) / 2)
    shift = max(0.0, y[-1] + heights[-1] / 2 - bottom - 8.0)
    for at, index in enumerate(order):
        style = {"color": look[lines[index].series].colour, "weight": "bold"}
        write(figure, x, y[at] - shift, names[index], **style)


def _alt(lines: Sequence[Monthly], title: str, unit: str, until: float) -> str:
    places = decimals_for(value for line in lines for value in line.values)
    said = []
    for line in lines:
        peak = max(range(len(line.values)), key=lambda at: abs(line.values[at]))
        furthest, last = (
            number(value, decimals=places, signed=True)
            for value in (line.values[peak], line.values[-1])
        )
        month = f"{line.months[peak]:g}"
        said.append(_text("row", name=line.series, month=month, furthest=furthest, last=last))
    rows = fill("figure", "semicolon").join(said)
    return _text("alt", title=title.rstrip("."), unit=unit, until=f"{until:g}", rows=rows)
