"""People and pairs counted: who answered when, and which pairs met."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rmresearch.display.numbers import NOTHING, count, percent
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.canvas import WIDTH, place, plain_ticks, px, rule, svg, write
from rmresearch.report.figures.style import (
    ACCENT,
    GRID,
    INK,
    MUTED,
    PAPER,
    SHADES,
    SMALL,
    TEXT,
    ink_on,
    text_width,
    wrap,
)
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["Answered", "Meeting", "meetings_bars", "missing_map"]

LABELS = 230.0
#: the bars' place: left edge, top, height
LEFT, TOP, BARS = 52.0, 56.0, 180.0
#: a bar's share of its slot
THICK = 0.62
_answers = partial(fill, "figure_answers")
_met = partial(fill, "figure_meetings")


@dataclass(frozen=True, slots=True)
class Answered:
    """How many of a group answered at a wave; ``expected`` 0 means that none were asked."""

    group: str
    wave: str
    answered: int
    expected: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """Pairs that met in a period, with the two numbers that they can be a share of.

    ``assigned`` counts all pairs, ``running`` those that could be asked: still running, or that
    reported (``None``: the same).
    """

    period: str
    met: int
    assigned: int
    running: int | None = None


def missing_map(cells: Sequence[Answered], *, title: str, caption: str = "") -> FigureBlock:
    """Who answered at which wave? One row a group, one column a wave, dark where all answered."""
    if not cells:
        raise ValueError("a map of answers needs at least one cell")
    groups = list(dict.fromkeys(cell.group for cell in cells))
    waves = list(dict.fromkeys(cell.wave for cell in cells))
    narrow = LABELS if len(waves) <= 8 else 150.0
    labels = [wrap(group, narrow, TEXT, lines=2) for group in groups]
    left = max(text_width(label) for label in labels) + 16.0
    width = min((WIDTH - left) / len(waves), 130.0)
    heads = [wrap(wave, width - 8.0, SMALL, lines=2) for wave in waves]
    top, row = 22.0 + 15.0 * max(head.count("\n") for head in heads), 44.0
    found = {(cell.group, cell.wave): cell for cell in cells}
    between = _between([(cell.answered, cell.expected) for cell in cells], width - 8.0)

    def paint(figure: Any) -> None:
        for column, head in enumerate(heads):
            x = left + (column + 0.5) * width
            write(figure, x, top / 2 - 3.0, head, ha="center", size=SMALL, color=MUTED)
        for line, (group, label) in enumerate(zip(groups, labels, strict=True)):
            y = top + line * row
            write(figure, 0.0, y + row / 2, label)
            for column, wave in enumerate(waves):
                corner = (left + column * width, y)
                _tile(figure, corner, (width, row), found.get((group, wave)), between)

    return FigureBlock(
        svg=svg(top + row * len(groups) + 2.0, paint),
        alt=_alt_map(found, groups, waves, title),
        caption=caption or _answers("caption"),
        title=title,
        kind="answers",
    )


def _tile(
    figure: Any,
    corner: tuple[float, float],
    size: tuple[float, float],
    cell: Answered | None,
    between: str,
) -> None:
    from matplotlib.patches import Rectangle

    asked = cell is not None and cell.expected > 0
    share = cell.answered / cell.expected if cell is not None and asked else 0.0
    shade = SHADES[min(int(share * len(SHADES)), len(SHADES) - 1)] if asked else PAPER
    at = (corner[0] + 1.0, corner[1] + 1.0)
    edge = GRID if not asked else shade
    box = Rectangle(
        at, size[0] - 2.0, size[1] - 2.0, fc=shade, ec=edge, lw=1.0, transform=px(figure)
    )
    figure.add_artist(box)
    x, y = corner[0] + size[0] / 2, corner[1] + size[1] / 2
    middle = {"ha": "center"}
    if cell is None or not asked:
        text = wrap(_answers("not_asked"), size[0] - 4.0, SMALL, lines=2)
        write(figure, x, y, text, size=SMALL, color=MUTED, **middle)
        return
    ink = ink_on(shade)
    if text_width("100%", TEXT, True) < size[0]:
        high = y - 7.0 if between else y
        write(figure, x, high, percent(share), weight="bold", color=ink, **middle)
    if between:
        text = between.format(part=count(cell.answered), whole=count(cell.expected))
        write(figure, x, y + 10.0, text, size=SMALL - 1.0, color=ink, **middle)


def _between(pairs: Sequence[tuple[int, int]], room: float) -> str:
    """The form of two counts in which all such texts have room: "4 of 9", "4/9", or none has."""
    for form in ("of", "of_short"):
        texts = [fill("figure", form, part=count(a), whole=count(b)) for a, b in pairs]
        if max(text_width(text, SMALL) for text in texts) < room:
            return catalogue()["figure"][form]
    return ""


def _alt_map(
    found: dict[tuple[str, str], Answered],
    groups: Sequence[str],
    waves: Sequence[str],
    title: str,
) -> str:
    said = []
    for group in groups:
        each = []
        for wave in waves:
            cell = found.get((group, wave))
            if cell is not None and cell.expected > 0:
                each.append(
                    _answers("one", wave=wave, answered=cell.answered, expected=cell.expected)
                )
            else:
                each.append(_answers("one_not_asked", wave=wave))
        told = fill("figure", "comma").join(each)
        said.append(fill("figure", "named", name=group, told=told))
    rows = fill("figure", "semicolon").join(said)
    return _answers("alt", title=title.rstrip("."), rows=rows)


def meetings_bars(meetings: Sequence[Meeting], *, title: str, caption: str = "") -> FigureBlock:
    """What share of the pairs met in each period, of all and of those that could be asked?"""
    if not meetings:
        raise ValueError("meeting bars need at least one period")
    both = any(_asked(m) != m.assigned for m in meetings)
    widest = max(text_width(m.period, SMALL) for m in meetings)
    bars = max(len(meetings), 4)
    # the last text, which is centred under its bar, stays on the page
    slot = min((WIDTH - LEFT - 10.0) / bars, (WIDTH - LEFT - widest / 2.0) / (bars - 0.5))
    # where texts would run into each other, only every second or third bar has them
    every = math.ceil(max(widest, text_width("100%", TEXT, True), 44.0) / slot)
    between = _between([(m.met, m.assigned) for m in meetings], every * slot - 4.0)

    def paint(figure: Any) -> None:
        axes = place(figure, LEFT, TOP, slot * len(meetings), BARS)
        axes.set(xlim=(0.0, len(meetings)), ylim=(0.0, 1.0))
        plain_ticks(axes.yaxis, (0.0, 0.5, 1.0), percent)
        axes.grid(axis="y", color=GRID, lw=0.8)
        axes.set_axisbelow(True)
        axes.spines["left"].set_visible(False)
        axes.tick_params(length=0.0)
        axes.set_xticks([])
        small = {"ha": "center", "size": SMALL}
        for index, meeting in enumerate(meetings):
            x = LEFT + (index + 0.5) * slot
            written = index % every == 0
            _bar(figure, axes, index, meeting, (x, slot if written else 0.0))
            if not written:
                continue
            write(figure, x, TOP + BARS + 14.0, meeting.period, color=MUTED, **small)
            if between:
                said = between.format(part=count(meeting.met), whole=count(meeting.assigned))
                write(figure, x, TOP + BARS + 32.0, said, **small)
        _key(figure, both)

    return FigureBlock(
        svg=svg(TOP + BARS + 44.0, paint),
        alt=_alt_meetings(meetings, title, both),
        caption=caption or _met("caption"),
        title=title,
        kind="meetings",
    )


def _asked(meeting: Meeting) -> int:
    return meeting.assigned if meeting.running is None else meeting.running


def _bar(figure: Any, axes: Any, index: int, meeting: Meeting, place_: tuple[float, float]) -> None:
    """A bar with its share inside if it is large enough, else above it and the second share.

    ``place_`` is its middle and the width that its texts have (0: none are written).
    """
    x, slot = place_
    share = meeting.met / meeting.assigned if meeting.assigned else 0.0
    axes.bar(index + 0.5, share, width=THICK, color=ACCENT, lw=0)
    asked = _asked(meeting)
    second = meeting.met / asked if asked and asked != meeting.assigned and meeting.met else None
    if second is not None:
        axes.plot((index + 0.12, index + 0.88), (second, second), color=INK, lw=2.0, zorder=5)
    if not slot:
        return
    inside = share > 0.15 and slot * THICK > text_width("100%", TEXT, True)
    highest = max(share, second or 0.0)
    y = TOP + BARS * (1.0 - (share if inside else highest))
    text = percent(share) if meeting.assigned else NOTHING
    ink = PAPER if inside else INK
    write(figure, x, y + (13.0 if inside else -10.0), text, ha="center", weight="bold", color=ink)
    if second is not None:
        above = TOP + BARS * (1.0 - second) - (10.0 if inside else 25.0)
        write(figure, x, above, percent(second), ha="center", size=SMALL)


def _key(figure: Any, both: bool) -> None:
    small = {"size": SMALL, "color": MUTED}
    write(figure, 0.0, 10.0, _met("bar"), **small)
    if both:
        x = text_width(_met("bar"), SMALL) + 24.0
        rule(figure, (x, x + 20.0), (10.0, 10.0), color=INK, lw=2.0)
        write(figure, x + 27.0, 10.0, _met("line"), **small)


def _alt_meetings(meetings: Sequence[Meeting], title: str, both: bool) -> str:
    rows = fill("figure", "semicolon").join(map(_told, meetings))
    return _met("alt_both" if both else "alt", title=title.rstrip("."), rows=rows)


def _told(one: Meeting) -> str:
    asked = _asked(one)
    parts = {"period": one.period, "met": one.met, "started": one.assigned}
    if not one.assigned:
        return _met("one", **parts)
    share = percent(one.met / one.assigned)
    if not asked or asked == one.assigned:
        return _met("one_share", **parts, share=share)
    return _met("one_both", **parts, share=share, second=percent(one.met / asked), reported=asked)
