"""How much room text takes on a slide: boxes and paragraphs in points (72 to the inch).

Widths are those of DejaVu Sans (see `report.figures.style`), which is wider than Arial, Calibri
and most fonts of companies: what fits here fits there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from rmresearch.report.figures.style import text_width
from rmresearch.report.scripts import steady

__all__ = [
    "LEADING",
    "Box",
    "Para",
    "Tone",
    "alike",
    "clean",
    "fitted",
    "height_of",
    "lines",
    "right_to_left",
    "told",
]

#: line to line, in sizes of the text: what programs give the common fonts
LEADING = 1.2
#: a list entry's text stands in by this
INDENT = 14.0
#: text shrinks by these until it fits, never below the floor
STEPS = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7)
FLOOR = 11.0

Tone = Literal["ink", "muted", "accent", "paper"]
Side = Literal["left", "right", "centre"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the slide, in points from its upper left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height

    def columns(self, *shares: float, gap: float) -> tuple[Box, ...]:
        """Side by side, as wide as these shares of what the gaps leave.

        >>> [box.width for box in Box(0, 0, 110, 9).columns(1, 3, gap=10)]
        [25.0, 75.0]
        """
        room = self.width - gap * (len(shares) - 1)
        widths = [room * share / sum(shares) for share in shares]
        lefts = [self.left + sum(widths[:n]) + gap * n for n in range(len(widths))]
        return tuple(
            Box(left, self.top, width, self.height)
            for left, width in zip(lefts, widths, strict=True)
        )

    def upper(self, height: float) -> Box:
        """Its upper part."""
        return replace(self, height=height)

    def below(self, height: float) -> Box:
        """What is left under an upper part of that height."""
        return replace(self, top=self.top + height, height=self.height - height)

    def inside(self, pad: float) -> Box:
        """Without a border of that width."""
        return Box(self.left + pad, self.top + pad, self.width - 2 * pad, self.height - 2 * pad)


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph: ``after`` is the space under it, ``bullet`` makes it a list entry."""

    text: str
    size: float = 16.0
    bold: bool = False
    tone: Tone = "ink"
    bullet: bool = False
    after: float = 6.0
    side: Side = "left"

    def height(self, width: float) -> float:
        """How tall it is in a box of that width, without the space under it."""
        room = width - (INDENT if self.bullet else 0.0)
        return lines(self.text, room, self.size, self.bold) * self.size * LEADING

    def scaled(self, factor: float, floor: float = FLOOR) -> Para:
        """Smaller, but not below the floor (what is below it already stays)."""
        size = max(self.size * factor, min(floor, self.size))
        return replace(self, size=round(2 * size) / 2, after=self.after * factor)


def lines(text: str, width: float, size: float, bold: bool = False) -> int:
    """How many lines a text takes; a word wider than the box is broken inside.

    >>> lines("one two", 1000, 12), lines("one two", 30, 12)
    (1, 2)
    """
    count, space = 0, text_width(" ", size, bold)
    for part in text.split("\n"):
        used, rows = 0.0, 1
        for word in part.split(" "):
            wide = text_width(word, size, bold)
            if used and used + space + wide > width:
                rows, used = rows + 1, 0.0
            used += wide + (space if used else 0.0)
            while used > width:  # a line breaks before the letter that does not fit whole
                rows, used = rows + 1, used - max(width - size, size)
        count += rows
    return count


def height_of(paras: Sequence[Para], width: float) -> float:
    """How tall paragraphs are together, the last one's space aside."""
    between = sum(above.after for above, _ in pairwise(paras))
    return sum(para.height(width) for para in paras) + between


def fitted(
    paras: Sequence[Para], box: Box, floor: float = FLOOR
) -> tuple[tuple[Para, ...], tuple[Para, ...]]:
    """The paragraphs as large as fits into the box, and those for which there is no room.

    Sizes shrink together; at the smallest, whole paragraphs are left over (the first never is).
    """
    shrunk: list[Para] = list(paras)
    for step in STEPS:
        shrunk = [para.scaled(step, floor) for para in paras]
        if height_of(shrunk, box.width) <= box.height:
            return tuple(shrunk), ()
    kept = 1
    while kept < len(shrunk) and height_of(shrunk[: kept + 1], box.width) <= box.height:
        kept += 1
    return tuple(shrunk[:kept]), tuple(paras[kept:])


def alike(
    several: Sequence[Sequence[Para]], boxes: Sequence[Box], floor: float = FLOOR
) -> tuple[tuple[tuple[Para, ...], tuple[Para, ...]], ...]:
    """``fitted`` for boxes side by side, whose texts shrink together so that they look alike."""
    for step in STEPS:
        shrunk = [[para.scaled(step, floor) for para in paras] for paras in several]
        pairs = zip(shrunk, boxes, strict=True)
        if all(height_of(paras, box.width) <= box.height for paras, box in pairs):
            return tuple((tuple(paras), ()) for paras in shrunk)
    least = [[para.scaled(STEPS[-1], floor) for para in paras] for paras in several]
    return tuple(fitted(paras, box, floor) for paras, box in zip(least, boxes, strict=True))


def clean(text: str) -> str:
    """A text that XML can hold: what controls terminals and printers becomes a space."""
    return "".join(
        " " if unicodedata.category(sign) in {"Cc", "Cs"} and sign != "\n" else sign
        for sign in text
        if sign not in "\ufffe\uffff"
    )


def told(text: str) -> str:
    """A sentence as XML can hold it, with its numbers in their place behind names from right to
    left."""
    return clean(text) if right_to_left(text) else steady(clean(text))


def right_to_left(text: str) -> bool:
    """Whether a text is a name that reads from right to left; our sentences about one do not.

    >>> right_to_left("שלום 2"), right_to_left("שלום: a gain is seen")
    (True, False)
    """
    directions = {unicodedata.bidirectional(sign) for sign in text}
    return bool(directions & {"R", "AL"}) and "L" not in directions
