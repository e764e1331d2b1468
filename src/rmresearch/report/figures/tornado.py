"""Levers ranked by how far each moves an outcome between its ends: a tornado."""

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
    ACCENT,
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

__all__ = ["Pull", "tornado"]

ROW, TOP, BELOW = 25.0, 34.0, 46.0
LABELS = 200.0
DOWN = SERIES[1].colour
_text = partial(fill, "figure_tornado")


@dataclass(frozen=True, slots=True)
class Pull:
    """A lever: what it is, where it stands, and each other end with what moving there changes.

    ``within`` are intervals of the changes, in the order of the ends, where they have any.
    """

    label: str
    now: str
    ends: tuple[tuple[str, float], ...]
    within: tuple[tuple[float, float], ...] = ()

    @property
    def reach(self) -> float:
        """The larger of its changes, whichever way."""
        return max((abs(change) for _, change in self.ends), default=0.0)


def tornado(pulls: Sequence[Pull], *, title: str, unit: str, caption: str) -> FigureBlock:
    """Which lever moves the outcome most? The widest stand on top; zero is where they stand now.

    Right of the bars: what the ends bring that hurt and help most, where it is more than nothing.
    """
    if not pulls or not any(pull.ends for pull in pulls):
        raise ValueError("a tornado needs at least one lever with an end to move to")
    rows = sorted(pulls, key=lambda pull: -pull.reach)
    changes = [change for pull in rows for _, change in pull.ends]
    places = decimals_for(changes)
    labels = [wrap(_name(pull), LABELS, TEXT, lines=1) for pull in rows]
    texts = [_texts(pull, places) for pull in rows]
    left = max(text_width(label) for label in labels) + 14.0
    columns = [max(text_width(text[side], SMALL) for text in texts) + 16.0 for side in (0, 1)]
    width = WIDTH - left - sum(columns)
    reached = [*changes, *(end for pull in rows for both in pull.within for end in both)]
    low, high = min(0.0, *reached), max(0.0, *reached)
    pad = 0.05 * (high - low) or 1.0
    body = ROW * len(rows)

    def paint(figure: Any) -> None:
        axes = place(figure, left, TOP, width, body)
        axes.set(xlim=(low - pad, high + pad), ylim=(body, 0.0))
        axes.spines["left"].set_visible(False)
        axes.set_yticks([])
        axes.grid(axis="x", color=GRID, lw=0.8)
        axes.set_axisbelow(True)
        plain_ticks(axes.xaxis, round_ticks(low - pad, high + pad, 6))
        axes.axvline(0.0, color=INK, lw=1.0, zorder=4)
        for index, pull in enumerate(rows):
            _bar(axes, (index + 0.5) * ROW, pull)
        x = (left + width + 16.0, left + width + columns[0] + 16.0)
        for side, (head, colour) in enumerate((("least", DOWN), ("most", ACCENT))):
            write(figure, x[side], TOP - 14.0, _text(head), size=SMALL, color=MUTED)
            for index, text in enumerate(texts):
                y = TOP + (index + 0.5) * ROW
                write(figure, x[side], y, text[side], size=SMALL, color=colour)
        for index, label in enumerate(labels):
            write(figure, 0.0, TOP + (index + 0.5) * ROW, label)
        write(figure, 0.0, TOP - 14.0, _text("lever"), size=SMALL, color=MUTED)
        write_near(figure, left + width / 2, TOP + body + 36.0, unit)

    return FigureBlock(
        svg=svg(TOP + body + BELOW, paint),
        alt=_alt(rows, texts, title, unit),
        caption=caption,
        title=title,
        kind="tornado",
    )


def _name(pull: Pull) -> str:
    return _text("row", name=pull.label, now=pull.now)


def _bar(axes: Any, y: float, pull: Pull) -> None:
    """Bars to the furthest ends; a ring where an end lies within them, so that none is hidden."""
    changes = [change for _, change in pull.ends]
    for reach, colour, hatch in (
        (min(changes, default=0.0), DOWN, "////"), (max(changes, default=0.0), ACCENT, "")
    ):  # fmt: skip
        if (colour == DOWN) == (reach < 0) and reach:
            fill = PAPER if hatch else colour
            axes.barh(y, reach, ROW * 0.52, color=fill, ec=colour, hatch=hatch, lw=1.0, zorder=3)
    for change, ends in zip(changes if pull.within else [], pull.within, strict=True):
        if change in (min(changes), max(changes)):  # of a ring there would be no telling whose
            for colour, wide in ((PAPER, 3.4), (INK, 1.4)):  # seen on the bar and beside it
                axes.plot(ends, (y, y), color=colour, lw=wide, zorder=5, solid_capstyle="butt")
    inner = [change for change in changes if min(changes) < change < max(changes)]
    ring = {"mfc": PAPER, "mec": INK, "ms": 5.0, "mew": 1.0, "zorder": 5}
    axes.plot(inner, [y] * len(inner), "o", **ring)


def _texts(pull: Pull, places: int) -> tuple[str, str]:
    """The worst and the best end as texts; empty where none shows on that side."""
    ends = sorted(pull.ends, key=lambda end: end[1])
    least = 0.5 * 10**-places  # what rounds to more than nothing
    sides = (
        [end for end in ends[:1] if end[1] <= -least],
        [end for end in ends[-1:] if end[1] >= least],
    )
    down, up = (
        "".join(
            _text("end", change=number(change, decimals=places, signed=True), end=name)
            for name, change in side
        )
        for side in sides
    )
    return down, up


def _alt(rows: Sequence[Pull], texts: Sequence[tuple[str, str]], title: str, unit: str) -> str:
    said = []
    for pull, text in zip(rows, texts, strict=True):
        told = fill("figure", "comma").join(filter(None, text)) or _text("nothing")
        said.append(fill("figure", "named", name=_name(pull), told=told))
    rows_told = fill("figure", "semicolon").join(said)
    return _text("alt", title=title.rstrip("."), unit=unit, rows=rows_told)
