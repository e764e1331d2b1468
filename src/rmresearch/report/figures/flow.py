"""Who came in, who was left at each stage, and why: a flow diagram by arm (after CONSORT)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rmresearch.display.numbers import count
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.canvas import WIDTH, px, rule, svg, write
from rmresearch.report.figures.style import (
    ACCENT,
    AXIS,
    BAND,
    MUTED,
    PAPER,
    SMALL,
    TEXT,
    wrap,
)
from rmresearch.report.words.phrases import fill

__all__ = ["Arm", "Stage", "flow_diagram"]

GAP = 16.0
PAD = 7.0
LINE = 18.0
TRUNK = 420.0
_text = partial(fill, "figure_flow")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that people or pairs reach, and those lost on the way to it with the reasons."""

    label: str
    n: int | None
    lost: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Arm:
    """One column of the diagram: its name and its stages, first to last."""

    label: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.left + self.width / 2

    @property
    def bottom(self) -> float:
        return self.top + self.height


def flow_diagram(
    start: Sequence[Stage],
    arms: Sequence[Arm],
    *,
    title: str,
    unit: str = "",
    caption: str = "",
) -> FigureBlock:
    """How many entered, how many reached each stage in each arm, and why others did not?

    ``start`` are the stages before arms part (may be empty); stages of the same name stand side by
    side, and an arm without one passes it by. ``unit`` is what is counted (default:
    people).
    """
    if not arms or not any(arm.stages for arm in arms):
        raise ValueError("a flow diagram needs an arm with a stage")
    unit = unit or _text("people")
    width = min((WIDTH - GAP * (len(arms) - 1)) / len(arms), TRUNK)
    total = width * len(arms) + GAP * (len(arms) - 1)
    lefts = [(WIDTH - total) / 2 + index * (width + GAP) for index in range(len(arms))]
    columns = _aligned(arms)
    heights = [_row_height(row, width) for row in zip(*columns, strict=True)]
    trunk = [_height(stage, TRUNK) + _notes(stage, TRUNK) for stage in start]
    top = sum(trunk) + GAP * len(trunk)
    names = [wrap(arm.label, width - 20.0, TEXT, True, 2) for arm in arms]
    header = 18.0 + 17.0 * max(1 + name.count("\n") for name in names) if any(names) else 0.0
    height = top + header + sum(heights) + GAP * len(heights)

    def paint(figure: Any) -> None:
        middle = WIDTH / 2
        y = _column(figure, start, middle - TRUNK / 2, TRUNK, 0.0, trunk, False)
        if start:
            _fork(figure, middle, y - GAP, [x + width / 2 for x in lefts])
        for stages, name, x in zip(columns, names, lefts, strict=True):
            at = {"ha": "center", "weight": "bold", "color": ACCENT}
            write(figure, x + width / 2, top + header / 2 - 2.0, name, **at)
            _column(figure, stages, x, width, top + header, heights, True)

    return FigureBlock(
        svg=svg(height + 2.0 - GAP, paint),
        alt=_alt(start, arms, title, unit),
        caption=caption or _text("caption", unit=unit),
        title=title,
        kind="flow",
    )


def _label(stage: Stage, width: float) -> str:
    return wrap(stage.label, width - 2 * PAD - 54.0, TEXT, lines=3)


def _height(stage: Stage, width: float) -> float:
    return 2 * PAD + LINE * (1 + _label(stage, width).count("\n"))


def _lost(stage: Stage, width: float) -> list[str]:
    return [wrap(f"−{count(n)}  {why}", width - 30.0, SMALL, lines=2) for why, n in stage.lost if n]


def _notes(stage: Stage, width: float) -> float:
    lines = sum(1 + text.count("\n") for text in _lost(stage, width))
    return lines * 16.0 + (8.0 if lines else 0.0)


def _aligned(arms: Sequence[Arm]) -> list[list[Stage | None]]:
    """Each arm's stages with gaps, so that a stage's name is on one row in every arm.

    Arms that name their stages in contrary orders, or one twice, are only counted down.
    """
    rows: list[str] = []
    for arm in arms:
        at = 0
        for stage in arm.stages:
            if stage.label not in rows[at:]:
                rows.insert(at, stage.label)
            at = rows.index(stage.label, at) + 1
    if len(set(rows)) < len(rows):
        longest = max(len(arm.stages) for arm in arms)
        return [[*arm.stages, *[None] * (longest - len(arm.stages))] for arm in arms]
    found = [{stage.label: stage for stage in arm.stages} for arm in arms]
    return [[mine.get(label) for label in rows] for mine in found]


def _row_height(row: Sequence[Stage | None], width: float) -> float:
    stages = [stage for stage in row if stage is not None]
    return max(_height(s, width) for s in stages) + max(_notes(s, width) for s in stages)


def _column(
    figure: Any,
    stages: Sequence[Stage | None],
    left: float,
    width: float,
    top: float,
    heights: Sequence[float],
    leaf: bool,
) -> float:
    """Draw stages under each other; returns where the next one would begin."""
    y = top
    last = None
    for stage, height in zip(stages, heights, strict=True):
        if stage is None:
            y += height + GAP
            continue
        # boxes of one row stand on one line, whatever was lost above them
        tall = _height(stage, width)
        box = _Box(left, y + height - tall, width, tall)
        above = box.top - _notes(stage, width) if last is None else last
        if last is not None:
            _arrow(figure, box.left + 16.0, last, box.top)
        last = box.bottom
        line = (above + box.top - _notes(stage, width) + 8.0) / 2
        for text in _lost(stage, width):
            rows = 1 + text.count("\n")
            at = {"size": SMALL, "color": MUTED}
            write(figure, left + 30.0, line + 8.0 * rows, text, **at)
            line += 16.0 * rows
        _draw(figure, box, stage, leaf)
        y += height + GAP
    return y


def _draw(figure: Any, box: _Box, stage: Stage, leaf: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = FancyBboxPatch(
        (box.left + 1.0, box.top + 1.0),
        box.width - 2.0,
        box.height - 2.0,
        boxstyle="round,pad=0,rounding_size=4",
        fc=PAPER if leaf else BAND,
        ec=AXIS,
        lw=1.0,
        transform=px(figure),
    )
    figure.add_artist(shape)
    middle = box.top + box.height / 2
    write(figure, box.left + PAD, middle, _label(stage, box.width))
    known = count(stage.n) if stage.n is not None else "?"
    write(figure, box.left + box.width - PAD, middle, known, ha="right", weight="bold", size=15.0)


def _arrow(figure: Any, x: float, top: float, bottom: float) -> None:
    rule(figure, (x, x), (top, bottom - 1.0), color=MUTED, lw=1.0)
    tip = (bottom - 6.0, bottom - 1.0, bottom - 6.0)
    rule(figure, (x - 4.0, x, x + 4.0), tip, color=MUTED, lw=1.0)


def _fork(figure: Any, middle: float, top: float, ends: Sequence[float]) -> None:
    half = top + GAP / 2
    rule(figure, (middle, middle), (top, half), color=MUTED, lw=1.0)
    rule(figure, (min(*ends, middle), max(*ends, middle)), (half, half), color=MUTED, lw=1.0)
    for x in ends:
        rule(figure, (x, x), (half, top + GAP + 2.0), color=MUTED, lw=1.0)


def _alt(start: Sequence[Stage], arms: Sequence[Arm], title: str, unit: str) -> str:
    def said(stages: Sequence[Stage]) -> str:
        return fill("figure", "comma").join(map(_said, stages))

    parts = [said(start)] if start else []
    parts += [fill("figure", "named", name=arm.label, told=said(arm.stages)) for arm in arms]
    rows = fill("figure", "semicolon").join(parts)
    return _text("alt", title=title.rstrip("."), unit=unit, rows=rows)


def _said(stage: Stage) -> str:
    left = [_text("lost", number=count(n), why=why) for why, n in stage.lost if n]
    known = count(stage.n) if stage.n is not None else _text("unknown")
    if not left:
        return _text("stage", stage=stage.label, number=known)
    lost = fill("figure", "comma").join(left)
    return _text("stage_lost", stage=stage.label, number=known, lost=lost)
