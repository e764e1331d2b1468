"""Control charts: rounds over time, each against the limits that earlier rounds set it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rmresearch.display.numbers import number, percent
from rmresearch.privacy.rules import HIGH, LOW
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
    AXIS,
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
from rmresearch.report.words.phrases import catalogue, fill, spoken

__all__ = ["Panel", "Round", "control_chart"]

#: room above, of the axes, below, left and right of a panel, and between two beside one another
TOP, HEIGHT, BELOW, LEFT, RIGHT, GAP = 52.0, 170.0, 46.0, 46.0, 18.0, 10.0
MOST_BESIDE = 2
#: more rounds than this say their value only where it matters
MOST_SAID = 7
FLAG = SERIES[1].colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: its value (None: hidden or without answers) and its limits.

    ``said`` is how the value is written ("90% or more"), ``limits`` the two warning limits and the
    two action limits, ``below`` how many of the lower ones it crossed.
    """

    label: str
    value: float | None
    said: str
    limits: tuple[float, float, float, float] | None = None
    below: int = 0


@dataclass(frozen=True, slots=True)
class Panel:
    """The rounds of one group, in order of time."""

    name: str
    rounds: tuple[Round, ...]


def control_chart(
    panels: Sequence[Panel],
    *,
    title: str,
    unit: str,
    caption: str,
    share: bool = False,
    plan: float | None = None,
) -> FigureBlock:
    """Does a round lie beyond what those before it let expect?

    The band lies between the warning limits, thin lines are the action limits, and a square is a
    round beyond one of them; ``plan`` is a dashed line. ``share``: values are 0..1. Two panels
    stand in a row.
    """
    if not panels or not all(panel.rounds for panel in panels):
        raise ValueError("a control chart needs a round in every panel")
    top = 1.0 if share else _top(panels, plan)
    beside = min(len(panels), MOST_BESIDE)
    width = (WIDTH - beside * (LEFT + RIGHT) - (beside - 1) * GAP) / beside
    each = TOP + HEIGHT + BELOW
    rows = -(-len(panels) // MOST_BESIDE)

    def paint(figure: Any) -> None:
        write(figure, 0.0, 8.0, wrap(unit, WIDTH, SMALL, lines=1), size=SMALL, color=MUTED)
        for index, panel in enumerate(panels):
            row, column = divmod(index, MOST_BESIDE)
            left = LEFT + column * (width + RIGHT + GAP + LEFT)
            _panel(figure, panel, left, row * each + TOP, width, (top, plan, share))

    return FigureBlock(
        svg=svg(rows * each + 4.0, paint), alt=_alt(panels, title, unit, share, plan),
        caption=caption, title=title, kind="control",
    )  # fmt: skip


def _top(panels: Sequence[Panel], plan: float | None) -> float:
    ends = [plan or 0.0]
    for panel in panels:
        for one in panel.rounds:
            ends += [one.value or 0.0, one.limits[3] if one.limits else 0.0]
    return 1.08 * max(ends) or 1.0


def _panel(
    figure: Any,
    panel: Panel,
    left: float,
    top: float,
    width: float,
    scale: tuple[float, float | None, bool],
) -> None:
    highest, plan, share = scale
    name = wrap(panel.name, width, TEXT, True, lines=1)
    write(figure, left, top - 16.0, name, weight="bold")
    axes = place(figure, left, top, width, HEIGHT)
    count = len(panel.rounds)
    axes.set(xlim=(-0.5, count - 0.5), ylim=(0.0, highest))
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0] if share else round_ticks(0.0, highest, 5)
    plain_ticks(axes.yaxis, ticks, percent if share else None)
    axes.grid(axis="y", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0.0)
    _limits(axes, panel.rounds)
    if plan is not None:
        axes.axhline(plan, color=INK, lw=1.2, linestyle=(0, (4, 3)), zorder=3)
        axes.annotate(catalogue()["control"]["planned"], (count - 0.5, plan), xytext=(-2, 4),
                      textcoords="offset points", ha="right", size=SMALL, color=INK)  # fmt: skip
    _values(axes, panel.rounds, highest, plan)
    _labels(figure, axes, panel.rounds, left, top, width)


def _limits(axes: Any, rounds: Sequence[Round]) -> None:
    """The band of each round, as wide as its place."""
    for x, one in enumerate(rounds):
        if one.limits is None:
            continue
        low, high, least, most = one.limits
        sides = (x - 0.5, x + 0.5)
        axes.fill_between(sides, (low, low), (high, high), color=BAND, lw=0, zorder=1)
        for end in (least, most):
            axes.plot(sides, (end, end), color=AXIS, lw=1.0, zorder=2)


def _values(axes: Any, rounds: Sequence[Round], highest: float, plan: float | None) -> None:
    """The line, interrupted where a round is hidden, and its dots with their values."""
    heights = [math.nan if one.value is None else one.value for one in rounds]
    axes.plot(range(len(rounds)), heights, color=ACCENT, lw=1.6, zorder=4)
    known = [x for x, one in enumerate(rounds) if one.value is not None]
    for x in known:
        one, height = rounds[x], heights[x]
        flagged = one.below > 0
        colour, marker, size = (FLAG, "s", 9.0) if flagged else (ACCENT, "o", 6.5)
        dot = {"color": colour, "mec": PAPER, "mew": 1.0, "ms": size, "linestyle": "none"}
        axes.plot([x], [height], marker, zorder=5, **dot)
        if len(rounds) <= MOST_SAID or flagged or x == known[-1]:
            # over the dot, unless that leaves the axes or meets the line of the plan
            room = 0.09 * highest
            crosses = plan is not None and height < plan < height + 2 * room
            _said(axes, x, height, one, above=height + room < highest and not crosses)


def _said(axes: Any, x: int, height: float, one: Round, *, above: bool) -> None:
    """A dot's value, over or under it; on paper where a line may run behind."""
    style: dict[str, Any] = {"color": INK}
    if one.below:
        paper = {"boxstyle": "square,pad=0.08", "fc": PAPER, "ec": "none", "alpha": 0.8}
        style = {"color": FLAG, "weight": "bold", "bbox": paper}
    axes.annotate(
        _short(one.said),
        (x, height),
        xytext=(0, 9 if above else -9),
        textcoords="offset points",
        ha="center",
        va="bottom" if above else "top",
        size=SMALL,
        zorder=6,
        **style,
    )


def _short(said: str) -> str:
    """A phrase of the release rules as it fits beside a dot."""
    phrases = {spoken(HIGH): "90%+", spoken(LOW): "≤10%"}
    return phrases.get(said, said)


def _labels(
    figure: Any, axes: Any, rounds: Sequence[Round], left: float, top: float, width: float
) -> None:
    """Each round's name, in two lines where it is long; every second or third if that fails."""
    step = width / len(rounds)
    words = (word for one in rounds for word in one.label.split())
    widest = max((text_width(word, SMALL) for word in words), default=0.0) + 6.0
    every = max(1, math.ceil(widest / step))
    axes.set_xticks(range(len(rounds)), [""] * len(rounds))
    axes.tick_params(axis="x", length=3.0)
    for x, one in enumerate(rounds):
        if (len(rounds) - 1 - x) % every:
            continue
        text = wrap(one.label, max(step * every - 4.0, 40.0), SMALL, lines=2)
        for line, part in enumerate(text.split("\n")):
            y = top + HEIGHT + 15.0 + 15.0 * line
            write_near(figure, left + step * (x + 0.5), y, part)


def _alt(panels: Sequence[Panel], title: str, unit: str, share: bool, plan: float | None) -> str:
    show: Callable[[float], str] = percent if share else number
    said = []
    for panel in panels:
        each = []
        for one in panel.rounds:
            text = f"{one.label} {one.said}"
            if one.limits is not None:
                low, high = map(show, one.limits[:2])
                key = ("within", "below_warning", "below_action")[one.below]
                text += f" ({fill('control', key, low=low, high=high)})"
            each.append(text)
        said.append(f"{panel.name}: {', '.join(each)}")
    planned = "" if plan is None else f" {fill('control', 'plan', plan=show(plan))}"
    told = fill("control", "alt", title=title.rstrip("."), unit=unit, rounds="; ".join(said))
    return f"{told}{planned}"
