"""docs/architecture.svg: the floors of the house and what imports what, drawn from the imports.

An arrow is an import that no chain of others implies: what a room imports through another is left
out, or a hundred arrows would hide the floors.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

from rmresearch.errors import ReportError
from rmresearch.files import write_text
from rmresearch.report.figures.layers import Layout, Line, layout
from rmresearch.report.figures.style import ACCENT, BAND, INK, MUTED, PAPER, text_width

__all__ = ["drawing", "drawn", "floors", "imports", "told", "write_drawing"]

SOURCE = Path(__file__).resolve().parents[1]
PAGE = "architecture.md"
ROOT = SOURCE.parents[1] / "docs"
DRAWING = "architecture.svg"
FONT = 13.0
#: a room's height, what lies between two floors, the room around a room and around a passing arrow
ROOM, PITCH, GAP, BEND = 26.0, 62.0, 20.0, 12.0
LEFT, EDGE = 34.0, 10.0
ALT = re.compile(r"!\[[^\]]*\]\(architecture\.svg\)")


def floors(page: str) -> dict[str, int]:
    """The floor of each room, as the table on the page has it."""
    found = re.findall(r"^\| (\d+) \| `([\w.]+)/?` \|", page, re.MULTILINE)
    return {room.removesuffix(".py"): int(floor) for floor, room in found}


def imports(rooms: Sequence[str], source: Path = SOURCE) -> set[Line]:
    """Which room imports which, read from every module of theirs."""
    found = set()
    for path in sorted(source.rglob("*.py")):
        room = path.relative_to(source).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                start = node.module or ""
                names = [start, *(f"{start}.{alias.name}" for alias in node.names)]
            parts = [name.split(".") for name in names]
            found |= {(room, one[1]) for one in parts if one[0] == "rmresearch" and len(one) > 1}
    return {(a, b) for a, b in found if a != b and a in rooms and b in rooms}


def drawn(lines: set[Line]) -> list[Line]:
    """The imports that no chain of others implies."""
    below: dict[str, set[str]] = {}

    def reached(room: str) -> set[str]:
        if room not in below:
            direct = {b for a, b in lines if a == room}
            below[room] = direct.union(*(reached(one) for one in direct))
        return below[room]

    implied = {(a, c) for a, b in lines for c in reached(b)}
    return sorted(lines - implied)


def told(floor: Mapping[str, int], lines: set[Line]) -> str:
    """The drawing in words."""
    rooms = sorted(floor, key=lambda room: (-floor[room], room))
    several = {room: [b for a, b in drawn(lines) if a == room] for room in rooms}
    parts = [f"{room} imports {', '.join(found)}" for room, found in several.items() if found]
    return f"The floors of the house. Imports point down: {'; '.join(parts)}."


def drawing(floor: Mapping[str, int], lines: set[Line]) -> str:
    """The floors as SVG: the highest on top, arrows from a room down to what it imports."""
    wrong = sorted((a, b) for a, b in lines if floor[a] <= floor[b])
    if wrong:
        raise ReportError(f"imports must point down the floors, and these do not: {wrong}.")
    top = max(floor.values())
    widths = {room: text_width(room, FONT, True) + 18.0 for room in floor}
    places = layout(
        drawn(lines),
        {room: width + GAP for room, width in widths.items()},
        BEND,
        layers={room: top - at for room, at in floor.items()},
    )
    width = max(places.y[room] + widths[room] / 2 for room in floor) + LEFT + 2 * EDGE
    height = (top + 1) * PITCH
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="sans-serif">',
        f"<title>{escape(told(floor, lines))}</title>",
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
    ]
    for at in range(top + 1):
        y = _middle(top - at)
        parts.append(
            f'<rect x="{LEFT - 6:.0f}" y="{y - ROOM / 2 - 6:.0f}" width="{width - LEFT:.0f}" '
            f'height="{ROOM + 12:.0f}" fill="{BAND}"/><text x="{LEFT - 14:.0f}" y="{y + 4:.0f}" '
            f'font-size="{FONT}" fill="{MUTED}" text-anchor="end">{at}</text>'
        )
    parts += [_arrow(places.ways[line], places) for line in drawn(lines)]
    parts += [_room(room, widths[room], places) for room in sorted(floor)]
    return "\n".join([*parts, "</svg>", ""])


def _middle(layer: int) -> float:
    return (layer + 0.5) * PITCH


def _x(name: str, places: Layout) -> float:
    return LEFT + EDGE + places.y[name]


def _room(room: str, width: float, places: Layout) -> str:
    x, y = _x(room, places), _middle(places.layer[room])
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - ROOM / 2:.1f}" width="{width:.1f}" '
        f'height="{ROOM:.0f}" rx="3" fill="{PAPER}" stroke="{ACCENT}" stroke-width="1.4"/>'
        f'<text x="{x:.1f}" y="{y + 4.5:.1f}" font-size="{FONT}" font-weight="bold" '
        f'fill="{INK}" text-anchor="middle">{escape(room)}</text>'
    )


def _arrow(way: Sequence[str], places: Layout) -> str:
    """Straight across the floors that it passes, curved between them."""
    path = ""
    for upper, lower in pairwise(way):
        x, there = _x(upper, places), _x(lower, places)
        start = _middle(places.layer[upper]) + ROOM / 2
        end = _middle(places.layer[lower]) - ROOM / 2
        last = lower == way[-1]
        end -= 5.0 if last else 0.0
        bend = (start + end) / 2
        path += f"M{x:.1f} {start:.1f}" if upper == way[0] else f"L{x:.1f} {start:.1f}"
        path += f"C{x:.1f} {bend:.1f} {there:.1f} {bend:.1f} {there:.1f} {end:.1f}"
    tip = (
        f"{there:.1f} {end + 5:.1f} {there - 3.5:.1f} {end - 2:.1f} {there + 3.5:.1f} {end - 2:.1f}"
    )
    return (
        f'<path d="{path}" fill="none" stroke="{MUTED}" stroke-width="1.2"/>'
        f'<polygon points="{tip}" fill="{MUTED}"/>'
    )


def write_drawing(folder: Path = ROOT) -> Path:
    """Write the drawing, and its words as the picture's alternative text on the page."""
    page = (folder / PAGE).read_text("utf-8")
    floor = floors(page)
    lines = imports(tuple(floor))
    write_text(folder / DRAWING, drawing(floor, lines))
    write_text(folder / PAGE, ALT.sub(f"![{told(floor, lines)}]({DRAWING})", page))
    return folder / DRAWING


if __name__ == "__main__":
    write_drawing()
