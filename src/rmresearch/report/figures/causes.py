"""The causal graph of the synthetic world, drawn from the code's own arrows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, cast

from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.canvas import WIDTH, px, svg, write
from rmresearch.report.figures.layers import Layout, Line, layout
from rmresearch.report.figures.style import (
    ACCENT,
    AXIS,
    BAND,
    INK,
    MUTED,
    PAPER,
    SERIES,
    text_width,
    wrap,
)
from rmresearch.report.words.phrases import fill
from rmresearch.world.fields import Edge
from rmresearch.world.graph import Kind, forward

__all__ = ["causal_graph"]

#: a box's width, and the least gap between layers
BOX, GAP = 112.0, 28.0
SIZE = 11.5
LINE = 14.0
#: room between the ends of arrows on one side of a box, and above and below a box
PORT, ROOM = 6.5, 11.0
EDGE, TOP, KEY = 8.0, 6.0, 30.0
LESS = SERIES[1].colour
_text = partial(fill, "figure_causes")


@dataclass(frozen=True, slots=True)
class _Look:
    """How a kind of node looks: fill, line, text."""

    fill: str
    edge: str
    width: float
    text: str
    weight: str = "normal"
    dash: Any = "-"
    round: float = 3.0
    slant: str = "normal"


LOOKS: dict[Kind, _Look] = {
    "lever": _Look(ACCENT, ACCENT, 1.0, PAPER, "bold", round=12.0),
    "given": _Look(PAPER, AXIS, 1.0, INK),
    "between": _Look(BAND, AXIS, 1.0, INK),
    "outcome": _Look(PAPER, ACCENT, 2.0, INK, "bold"),
    "seen": _Look(PAPER, INK, 1.1, INK, dash=(0, (3, 2))),
    "elsewhere": _Look(PAPER, PAPER, 0.0, MUTED, slant="italic"),
}
#: the key's words for each sign, and those of the alternative text
SIGNS = {"+": "makes_more", "-": "makes_less", "0": "makes_none"}
SAID = {"+": "more", "-": "less", "0": "none", "?": "open"}


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    middle: float
    height: float
    text: str


def causal_graph(
    arrows: Sequence[Edge], kinds: Mapping[str, Kind], *, title: str, caption: str
) -> FigureBlock:
    """What leads to what? Arrows from left to right; blunt and dashed where more makes less.

    ``kinds`` says what each node is. Arrows that close a circle point back to the left. Signs "0"
    and "?" are dotted: the arrow is there, and its strength is zero.
    """
    ahead = set(forward(arrows))
    lines: dict[Edge, Line] = {
        one: (one.cause, one.effect) if one in ahead else (one.effect, one.cause) for one in arrows
    }
    unique = list(dict.fromkeys(lines.values()))
    texts = {name: wrap(name, BOX - 8.0, SIZE, _bold(kinds[name]), 3) for name in kinds}
    heights = {name: _height(name, texts[name], lines.values()) + ROOM for name in kinds}
    places = layout(unique, heights)
    last = max(places.layer.values())
    pitch = max(BOX + GAP, (WIDTH - BOX - 2 * EDGE) / max(last, 1))
    boxes = {
        name: _Box(EDGE + places.layer[name] * pitch, TOP + places.y[name],
                   heights[name] - ROOM, texts[name])
        for name in kinds
    }  # fmt: skip
    width = last * pitch + BOX + 2 * EDGE
    bottom = max(places.y.values()) + TOP + 30.0
    bottom = max(bottom, *(box.middle + box.height / 2 + ROOM for box in boxes.values()))

    keys = _keys(kinds.values(), arrows, width)

    def paint(figure: Any) -> None:
        ports = _ports(lines, places, boxes)
        for arrow, line in lines.items():
            _draw(figure, arrow, _points(arrow, line, places, boxes, ports, pitch), arrow in ahead)
        for name, box in boxes.items():
            _node(figure, box, LOOKS[kinds[name]])
        for index, row in enumerate(keys):
            _key(figure, bottom + (index + 0.5) * KEY, row)

    return FigureBlock(
        svg=svg(bottom + KEY * len(keys), paint, width=width),
        alt=_alt(arrows, title),
        caption=caption,
        title=title,
        kind="causes",
    )


def _bold(kind: Kind) -> bool:
    return LOOKS[kind].weight == "bold"


def _height(name: str, text: str, lines: Iterable[Line]) -> float:
    those = list(lines)
    ends = max(sum(line[side] == name for line in those) for side in (0, 1))
    return max(10.0 + LINE * (1 + text.count("\n")), PORT * (ends + 1))


def _ports(
    lines: Mapping[Edge, Line], places: Layout, boxes: Mapping[str, _Box]
) -> dict[tuple[Edge, int], float]:
    """The height at which each arrow leaves its left box (0) and enters its right box (1)."""
    found: dict[tuple[Edge, int], float] = {}
    for side in (0, 1):
        for name, box in boxes.items():
            mine = [arrow for arrow, line in lines.items() if line[side] == name]
            mine.sort(key=lambda arrow: places.y[places.ways[lines[arrow]][1 if side == 0 else -2]])
            step = min(PORT * 1.6, box.height / (len(mine) + 1))
            for index, arrow in enumerate(mine):
                found[arrow, side] = box.middle + (index - (len(mine) - 1) / 2) * step
    return found


def _points(
    arrow: Edge,
    line: Line,
    places: Layout,
    boxes: Mapping[str, _Box],
    ports: Mapping[tuple[Edge, int], float],
    pitch: float,
) -> list[tuple[float, float]]:
    """Where an arrow passes, from left to right: two points for every layer it crosses."""
    left, right = (boxes[name] for name in line)
    found = [(left.left + BOX, ports[arrow, 0])]
    for name in places.ways[line][1:-1]:
        x, y = EDGE + places.layer[name] * pitch, TOP + places.y[name]
        found += [(x, y), (x + BOX, y)]
    return [*found, (right.left, ports[arrow, 1])]


def _draw(figure: Any, arrow: Edge, points: list[tuple[float, float]], ahead: bool) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    colour: str = ACCENT
    dash: Any = "-"
    zero = arrow.sign in "0?"
    if arrow.sign == "-":
        colour, dash = LESS, (0, (4.5, 2.0))
    if zero:
        colour, dash = AXIS, (0, (1.2, 2.2))
    (x, y), inside = points[-1 if ahead else 0], -1.0 if ahead else 1.0
    head = 7.0
    if arrow.sign == "-":
        mark = [(x + inside * 2.0, y - 4.0), (x + inside * 2.0, y + 4.0)]
        figure.add_artist(
            Polygon(mark, closed=False, fill=False, ec=colour, lw=2.4, transform=px(figure))
        )
        tip = x + inside * 2.0
    else:
        mark = [(x, y), (x + inside * head, y - 3.2), (x + inside * head, y + 3.2)]
        fill = PAPER if zero else colour
        figure.add_artist(Polygon(mark, fc=fill, ec=colour, lw=0.8, zorder=3, transform=px(figure)))
        tip = x + inside * head
    points[-1 if ahead else 0] = (tip, y)
    vertices, codes = [points[0]], [Path.MOVETO]
    for index, (a, b) in enumerate(pairwise(points)):
        if index % 2:  # straight past a layer
            vertices.append(b)
            codes.append(Path.LINETO)
            continue
        middle = (a[0] + b[0]) / 2
        vertices += [(middle, a[1]), (middle, b[1]), b]
        codes += [Path.CURVE4] * 3
    style = {"fc": "none", "ec": colour, "lw": 1.25, "linestyle": dash, "alpha": 0.9}
    figure.add_artist(PathPatch(Path(vertices, codes), transform=px(figure), zorder=1, **style))


def _node(figure: Any, box: _Box, look: _Look) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = FancyBboxPatch(
        (box.left, box.middle - box.height / 2), BOX, box.height,
        boxstyle=f"round,pad=0,rounding_size={min(look.round, box.height / 2)}",
        fc=look.fill, ec=look.edge, lw=look.width, linestyle=look.dash, zorder=2,
        transform=px(figure),
    )  # fmt: skip
    figure.add_artist(shape)
    style = {"size": SIZE, "color": look.text, "weight": look.weight, "style": look.slant}
    write(figure, box.left + BOX / 2, box.middle, box.text, ha="center", zorder=4, **style)


def _keys(
    kinds: Iterable[Kind], arrows: Sequence[Edge], width: float
) -> list[list[tuple[float, str]]]:
    """What stands in the key, row by row: its place from the left, and a kind or a sign."""
    there, signs = set(kinds), {edge.sign.replace("?", "0") for edge in arrows}
    sizes = {
        kind: text_width(_text(kind), SIZE, _bold(kind)) + 30.0 for kind in LOOKS if kind in there
    }
    shown = {
        sign: text_width(_text(key), SIZE) + 64.0 for sign, key in SIGNS.items() if sign in signs
    }
    rows: list[list[tuple[float, str]]] = [[]]
    x = EDGE
    for item, size in (*sizes.items(), *shown.items()):
        if rows[-1] and x + size > width:
            rows.append([])
            x = EDGE
        rows[-1].append((x, item))
        x += size
    return rows


def _key(figure: Any, y: float, row: Sequence[tuple[float, str]]) -> None:
    """One row of what boxes and arrows mean."""
    for x, item in row:
        if item in SIGNS:
            _draw(figure, Edge("", "", item), [(x + 8.0, y), (x + 44.0, y)], True)
            write(figure, x + 50.0, y, _text(SIGNS[item]), size=SIZE)
            continue
        kind = cast(Kind, item)
        width = text_width(_text(kind), SIZE, _bold(kind)) + 20.0
        _small_box(figure, x, y, width, _text(kind), LOOKS[kind])


def _small_box(figure: Any, x: float, y: float, width: float, text: str, look: _Look) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = FancyBboxPatch(
        (x, y - 10.0), width, 20.0,
        boxstyle=f"round,pad=0,rounding_size={min(look.round, 10.0)}",
        fc=look.fill, ec=look.edge, lw=look.width, linestyle=look.dash, transform=px(figure),
    )  # fmt: skip
    figure.add_artist(shape)
    style = {"size": SIZE, "color": look.text, "weight": look.weight, "style": look.slant}
    write(figure, x + width / 2, y, text, ha="center", **style)


def _alt(arrows: Sequence[Edge], title: str) -> str:
    said: dict[str, list[str]] = {}
    for one in arrows:
        said.setdefault(one.cause, []).append(_text(SAID[one.sign], node=one.effect))
    comma = fill("figure", "comma")
    parts = [fill("figure", "named", name=one, told=comma.join(to)) for one, to in said.items()]
    rows = fill("figure", "semicolon").join(parts)
    return _text("alt", title=title.rstrip("."), rows=rows)
