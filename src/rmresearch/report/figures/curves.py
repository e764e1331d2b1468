"""Curves over something that was varied, each in the band of its Monte Carlo error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rmresearch.display.numbers import decimals_for, number, percent
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.canvas import (
    WIDTH,
    apart,
    place,
    plain_ticks,
    round_ticks,
    share_ticks,
    svg,
    write,
    write_near,
)
from rmresearch.report.figures.style import (
    GRID,
    INK,
    MUTED,
    PAPER,
    SERIES,
    SMALL,
    TEXT,
    Tone,
    text_width,
    tones,
    wrap,
)
from rmresearch.report.words.phrases import fill, from_to

__all__ = ["MOST", "Line", "Spot", "curves_plot"]

#: lines that can be told apart
MOST = len(SERIES)
HEIGHT, TOP, BELOW, LEFT, LABELS = 270.0, 30.0, 50.0, 56.0, 170.0
_text = partial(fill, "figure_curves")


@dataclass(frozen=True, slots=True)
class Spot:
    """One value with the band around it."""

    x: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: its name and its spots, from left to right."""

    label: str
    spots: tuple[Spot, ...]


def curves_plot(
    lines: Sequence[Line],
    *,
    title: str,
    unit: str,
    along: str,
    caption: str,
    reference: float | None = None,
    share: bool = False,
) -> FigureBlock:
    """How does a figure change along what was varied?

    ``unit`` says what the height counts, ``along`` what the axis does; ``reference`` is a height
    drawn across; ``share`` shows heights in 0..1 as percentages, from none to all. At most ``MOST``
    lines, each with a name at its end where there are several.
    """
    if not lines or not all(line.spots for line in lines):
        raise ValueError("curves need a spot for every line")
    if len(lines) > MOST:
        raise ValueError(f"curves have at most {MOST} lines, not {len(lines)}")
    look = tones(tuple(line.label for line in lines))
    names = [wrap(line.label, LABELS, TEXT, True) for line in lines]
    right = max(text_width(name, TEXT, True) for name in names) + 14.0 if len(lines) > 1 else 0.0
    width = WIDTH - LEFT - right - 12.0
    low, high = _heights(lines, reference, share)

    def paint(figure: Any) -> None:
        axes = place(figure, LEFT, TOP, width, HEIGHT)
        axes.set(xlim=_across(lines), ylim=(low, high))
        axes.grid(axis="y", color=GRID, lw=0.8)
        axes.set_axisbelow(True)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0.0)
        ticks = share_ticks if share else round_ticks
        plain_ticks(axes.yaxis, ticks(low, high, 6), percent if share else None)
        plain_ticks(axes.xaxis, _ticks(lines, width))
        if reference is not None:
            axes.axhline(reference, color=INK, lw=1.0, zorder=2)
        for line in lines:
            _draw(axes, line, look[line.label])
        _name(figure, lines, names, look, (low, high))
        write(figure, 0.0, 10.0, wrap(unit, WIDTH, SMALL, lines=1), size=SMALL, color=MUTED)
        write_near(figure, LEFT + width / 2, TOP + HEIGHT + 38.0, along)

    return FigureBlock(
        svg=svg(TOP + HEIGHT + BELOW, paint),
        alt=_alt(lines, title, unit, along, share),
        caption=caption,
        title=title,
        kind="curves",
    )


def _heights(lines: Sequence[Line], reference: float | None, share: bool) -> tuple[float, float]:
    ends = [end for line in lines for spot in line.spots for end in (spot.low, spot.high)]
    ends += [] if reference is None else [reference]
    if share:  # from none to all, unless all lie in the upper or the lower half, or quarter
        low = 0.74 if min(ends) >= 0.75 else 0.49 if min(ends) >= 0.5 else -0.02
        return low, 0.51 if max(ends) <= 0.5 else 1.02
    pad = 0.06 * (max(ends) - min(ends)) or 0.5
    # a height from 0 on is read as a size
    low = 0.0 if 0.0 <= min(ends) < 0.5 * max(ends) else min(ends) - pad
    return low, max(ends) + pad


def _places(lines: Sequence[Line]) -> list[float]:
    return sorted({spot.x for line in lines for spot in line.spots})


def _across(lines: Sequence[Line]) -> tuple[float, float]:
    at = _places(lines)
    pad = 0.03 * (at[-1] - at[0]) or 0.5
    return at[0] - pad, at[-1] + pad


def _ticks(lines: Sequence[Line], width: float) -> list[float]:
    """The values that were tried, but for those whose numbers would run into a larger one's."""
    at = _places(lines)
    low, high = _across(lines)
    wide = max(text_width(number(x, decimals=_places_of(at)), SMALL) for x in at) + 8.0
    kept: list[float] = []
    for x in reversed(at):
        if not kept or (kept[-1] - x) / (high - low) * width >= wide:
            kept.append(x)
    return kept[::-1]


def _places_of(at: Sequence[float]) -> int:
    return 0 if all(x == int(x) for x in at) else 2


def _draw(axes: Any, line: Line, tone: Tone) -> None:
    x = [spot.x for spot in line.spots]
    low, high = [spot.low for spot in line.spots], [spot.high for spot in line.spots]
    axes.fill_between(x, low, high, color=tone.colour, alpha=0.18, lw=0, zorder=3)
    values = [spot.value for spot in line.spots]
    axes.plot(x, values, color=tone.colour, lw=1.8, linestyle=tone.line, zorder=4)
    axes.vlines(x, low, high, color=tone.colour, lw=1.4, zorder=4)
    axes.plot(x, values, tone.marker, mfc=tone.colour, mec=PAPER, ms=7.0, mew=0.8, zorder=5)


def _name(
    figure: Any,
    lines: Sequence[Line],
    names: Sequence[str],
    look: dict[str, Tone],
    limits: tuple[float, float],
) -> None:
    """Each line's name at its end, moved apart where ends are close; one needs none."""
    if len(lines) == 1:
        return
    low, high = limits
    order = sorted(range(len(lines)), key=lambda index: -lines[index].spots[-1].value)
    ends = [lines[index].spots[-1].value for index in order]
    wanted = [TOP + HEIGHT * (high - end) / (high - low) for end in ends]
    heights = [17.0 * (1 + names[index].count("\n")) for index in order]
    right = max(text_width(name, TEXT, True) for name in names)
    for index, y in zip(order, apart(wanted, heights, TOP + HEIGHT + 8.0), strict=True):
        style = {"color": look[lines[index].label].colour, "weight": "bold"}
        write(figure, WIDTH - right - 4.0, y, names[index], **style)


def _alt(lines: Sequence[Line], title: str, unit: str, along: str, share: bool) -> str:
    places = decimals_for(spot.value for line in lines for spot in line.spots)
    across = _places_of(_places(lines))
    said = []
    for line in lines:
        each = [
            _text(
                "spot",
                at=number(spot.x, decimals=across),
                value=_told(spot.value, share, places),
                interval=from_to(spot.low, spot.high, decimals=places, share=share),
            )
            for spot in line.spots
        ]
        told = fill("figure", "comma").join(each)
        said.append(fill("figure", "named", name=line.label, told=told))
    rows = fill("figure", "semicolon").join(said)
    return _text("alt", title=title.rstrip("."), unit=unit, along=along, rows=rows)


def _told(value: float, share: bool, places: int) -> str:
    return percent(value) if share else number(value, decimals=places)
