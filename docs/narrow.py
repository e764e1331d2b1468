"""The handbook's pictures, drawn a second time for phones: what stands beside a row stands above.

Shrunk to a phone, a picture made for a desk has letters of six pixels. Marks, limits and numbers
are those of the wide picture; only their places differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rmresearch.display.numbers import percent
from rmresearch.report.blocks import Block, FigureBlock
from rmresearch.report.figures import curves, intervals, waves
from rmresearch.report.figures.canvas import (
    place,
    plain_ticks,
    round_ticks,
    rule,
    share_ticks,
    svg,
    write,
)
from rmresearch.report.figures.curves import Line, Spot
from rmresearch.report.figures.intervals import Interval
from rmresearch.report.figures.style import (
    INK,
    MUTED,
    PAPER,
    SMALL,
    TEXT,
    Tone,
    text_width,
    tones,
    wrap,
)
from rmresearch.report.figures.waves import Point

__all__ = [
    "Interval",
    "Line",
    "Point",
    "Spot",
    "TwoWidths",
    "curves_plot",
    "interval_plot",
    "wave_lines",
]

#: pixels between the edges of a phone's page
WIDTH = 344.0
#: a line of text, the height of a row's marks, the height of curves, the room left of those
LINE, MARKS, HEIGHT, LEFT = 17.0, 24.0, 220.0, 40.0
QUIET = {"size": SMALL, "color": MUTED}


@dataclass(frozen=True, slots=True)
class TwoWidths(Block):
    """One picture as a desk and as a phone show it; the style sheet chooses."""

    wide: FigureBlock
    narrow: FigureBlock

    def html(self) -> str:
        """Both, each in a box that only its screens show."""
        both = (("wide", self.wide), ("narrow", self.narrow))
        return "".join(f'<div class="{name}">{one.html()}</div>' for name, one in both)

    def plain(self) -> str:
        """The alternative text."""
        return self.wide.plain()


def interval_plot(rows: Sequence[Interval], **drawn: Any) -> TwoWidths:
    """`figures.intervals.interval_plot`, and each row's label above its marks on a phone."""
    wide = intervals.interval_plot(rows, **drawn)
    reference, share = drawn.get("reference", 0.0), drawn.get("share", False)
    texts = intervals._texts(rows, share, drawn.get("decimals"), apart=reference == 0.0)
    limits = intervals._limits(rows, reference, share)
    counted = drawn.get("detail", "people")
    placed, heads = _stacked(rows, counted)
    body = placed[-1].middle + MARKS / 2
    ends = WIDTH - max(text_width(within, SMALL) for _, within in texts)
    across = ends - max(text_width(value, TEXT, True) for value, _ in texts) - 32.0
    below = _below(drawn["unit"], drawn.get("sides", ("", "")))

    def paint(figure: Any) -> None:
        axes = place(figure, 8.0, 4.0, across, body)
        axes.set(xlim=limits, ylim=(body, 0.0))
        axes.spines["left"].set_visible(False)
        axes.set_yticks([])
        for most, every in ((4, 1), (3, 1), (2, 1), (2, 2)):
            ticks = (share_ticks if share else round_ticks)(*limits, most)[::every]
            plain_ticks(axes.xaxis, ticks, intervals._as_text(share, reference))
            numbers = [text_width(one.get_text(), SMALL) for one in axes.get_xticklabels()]
            apart = min(np.diff(ticks), default=np.inf) * across / (limits[1] - limits[0])
            if apart >= max(numbers, default=0.0) + 6.0:  # else they run into each other
                break
        intervals._ground(axes, placed, reference)
        for item, (value, within) in zip(placed, texts, strict=True):
            intervals._mark(axes, item.middle, item.row, limits)
            y = 4.0 + item.middle
            write(figure, ends - 8.0, y, value, ha="right", weight="bold")
            write(figure, ends, y, within, **QUIET)
        for y, text, style in heads:
            write(figure, WIDTH if style.get("ha") else 0.0, 4.0 + y, text, **style)
        for index, text in enumerate(below):
            write(figure, 0.0, body + 42.0 + LINE * index, text, **QUIET)

    height = body + 36.0 + LINE * len(below)
    return TwoWidths(wide, replace(wide, svg=svg(height, paint, WIDTH)))


def _stacked(
    rows: Sequence[Interval], counted: str
) -> tuple[list[intervals._Row], list[tuple[float, str, dict[str, Any]]]]:
    """Where each row's marks stand, and the texts above them: group, label, whom it rests on."""
    placed, heads, y, group = list[intervals._Row](), [], 0.0, ""
    for row in rows:
        if row.group and row.group != group:
            y += 8.0 if placed else 0.0
            heads.append((y + LINE / 2, wrap(row.group, WIDTH, TEXT, True, 1), {"weight": "bold"}))
            y += LINE + 2.0
        group = row.group
        behind = f"{row.detail} {counted}".strip() if row.detail else ""
        label = wrap(row.label, WIDTH - text_width(behind, SMALL) - 12.0, TEXT, row.main, 3)
        lines = 1 + label.count("\n")
        weight = "bold" if row.main else "normal"
        heads.append((y + LINE * lines / 2, label, {"weight": weight}))
        heads.append((y + LINE / 2, behind, {"ha": "right", **QUIET}))
        y += LINE * lines
        placed.append(intervals._Row(y + MARKS / 2, MARKS, label, row))
        y += MARKS + 4.0
    return placed, heads


def _below(unit: str, sides: Sequence[str]) -> list[str]:
    """The axis in words: its unit, and what lies left and right."""
    arrows = [text for text in (f"← {sides[0]}" if sides[0] else "",
                                f"{sides[1]} →" if sides[1] else "") if text]  # fmt: skip
    beside = "\u2003\u2003".join(arrows)  # wide spaces, which do not collapse
    told = [beside] if text_width(beside, SMALL) <= WIDTH else arrows
    lines = wrap(unit, WIDTH, SMALL).split("\n")
    return lines + [wrap(text, WIDTH, SMALL, lines=1) for text in told if text]


def curves_plot(lines: Sequence[Line], **drawn: Any) -> TwoWidths:
    """`figures.curves.curves_plot`, and the lines' names above them on a phone."""
    wide = curves.curves_plot(lines, **drawn)
    reference, share = drawn.get("reference"), drawn.get("share", False)
    look = tones(tuple(line.label for line in lines))
    low, high = curves._heights(lines, reference, share)
    above, unit = _above(drawn["unit"], [line.label for line in lines])
    along = wrap(drawn["along"], WIDTH, SMALL).split("\n")
    across = WIDTH - LEFT - 8.0

    def paint(figure: Any) -> None:
        _named(figure, unit, look)
        axes = place(figure, LEFT, above, across, HEIGHT)
        axes.set(xlim=curves._across(lines), ylim=(low, high))
        waves._quiet_grid(axes)
        ticks = (share_ticks if share else round_ticks)(low, high, 6)
        plain_ticks(axes.yaxis, ticks, percent if share else None)
        plain_ticks(axes.xaxis, curves._ticks(lines, across))
        if reference is not None:
            axes.axhline(reference, color=INK, lw=1.0, zorder=2)
        for line in lines:
            curves._draw(axes, line, look[line.label])
        for index, text in enumerate(along):
            write(figure, LEFT, above + HEIGHT + 36.0 + LINE * index, text, **QUIET)

    height = above + HEIGHT + 30.0 + LINE * len(along)
    return TwoWidths(wide, replace(wide, svg=svg(height, paint, WIDTH)))


def _above(unit: str, names: Sequence[str]) -> tuple[float, list[str]]:
    """What the height counts, in lines, and the room that these and the names take."""
    lines = wrap(unit, WIDTH, SMALL).split("\n")
    named = len(names) if len(names) > 1 else 0
    return LINE * (len(lines) + named) + 14.0, lines


def _named(figure: Any, unit: Sequence[str], look: Mapping[str, Tone]) -> None:
    """The unit, and below it each line's name beside a piece of the line."""
    for index, text in enumerate(unit):
        write(figure, 0.0, 8.0 + LINE * index, text, **QUIET)
    if len(look) == 1:
        return
    for index, (name, tone) in enumerate(look.items(), start=len(unit)):
        y = 8.0 + LINE * index
        fill = tone.colour if tone.filled else PAPER
        rule(figure, (0.0, 26.0), (y, y), color=tone.colour, lw=1.8, linestyle=tone.line)
        rule(figure, (13.0,), (y,), color=tone.colour, marker=tone.marker, mfc=fill, ms=6.0)
        text = wrap(name, WIDTH - 34.0, TEXT, True, 1)
        write(figure, 34.0, y, text, color=tone.colour, weight="bold")


def wave_lines(points: Sequence[Point], **drawn: Any) -> TwoWidths:
    """`figures.waves.wave_lines`, and the groups' names above their lines on a phone."""
    wide = waves.wave_lines(points, **drawn)
    look = tones(tuple(dict.fromkeys(point.series for point in points)), drawn.get("comparison"))
    stops = sorted({(point.months, point.wave) for point in points})
    across = WIDTH - LEFT - 8.0
    at = dict(zip(stops, waves._spread([months for months, _ in stops], across), strict=True))
    above, unit = _above(drawn["unit"], list(look))
    answered = any(point.n is not None for point in points)

    def paint(figure: Any) -> None:
        _named(figure, unit, look)
        axes = place(figure, LEFT, above, across, HEIGHT)
        axes.set_xlim(0.0, across)
        for index, (name, tone) in enumerate(look.items()):
            shift = (index - (len(look) - 1) / 2) * waves.DODGE
            mine = {at[p.months, p.wave] + shift: p for p in points if p.series == name}
            waves._line(axes, mine, tone)
        waves._scale(axes, [end for p in points for end in (p.value, p.low, p.high)])
        axes.set_xticks(list(at.values()), [f"{months:g}" for months, _ in at])
        y = above + HEIGHT + 34.0
        write(figure, LEFT, y, "months since the start", **QUIET)
        if answered:
            write(figure, 0.0, y + LINE, "people who answered:", **QUIET)
        for index, (name, tone) in enumerate(look.items(), start=2):
            for point in (one for one in points if one.series == name and one.n is not None):
                x = LEFT + at[point.months, point.wave]
                write(figure, x, y + LINE * index, str(point.n), ha="center", size=SMALL,
                      color=tone.colour)  # fmt: skip

    height = above + HEIGHT + 46.0 + (LINE * (1 + len(look)) if answered else 0.0)
    return TwoWidths(wide, replace(wide, svg=svg(height, paint, WIDTH)))
