"""What slides are made of before they are a file: texts, charts and tables at their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rmresearch.colours import BAND, contrast, nearest, tinted
from rmresearch.report.figures.palette import palette
from rmresearch.report.figures.style import GRID, MUTED, PAPER
from rmresearch.report.leadership.content import Chart
from rmresearch.report.leadership.deck.measure import Box, Para
from rmresearch.study import Brand

__all__ = ["AA", "Frame", "Look", "Picture", "Placed", "Slide", "Table", "Text"]

AA = 4.5
#: how much of the accent a tinted box has
TINT = 0.07


@dataclass(frozen=True, slots=True)
class Look:
    """Colours by what they are for, ``#rrggbb``."""

    paper: str
    ink: str
    muted: str
    accent: str
    tint: str
    edge: str
    band: str
    grid: str

    @classmethod
    def house(cls, brand: Brand) -> Look:
        """Those of reports, in the brand's colours."""
        ours = palette(brand)
        return cls(PAPER, ours.ink, MUTED, ours.accent, ours.tint, ours.edge, BAND, GRID)

    @classmethod
    def on(cls, paper: str, ink: str, accent: str) -> Look:
        """Those of a template with these three, on a dark surface too.

        An accent that cannot be read there, or on its own tint, gives way to the nearest that can,
        else to the ink.
        """

        def reads(one: str) -> bool:
            under = (paper, tinted(paper, one, TINT))
            return all(contrast(one, surface) >= AA for surface in under)

        read = nearest(accent, reads) or ink
        muted = next(
            mixed for share in (0.7, 0.8, 0.9, 1.0)
            if contrast(mixed := tinted(paper, ink, share), paper) >= AA or share == 1.0
        )  # fmt: skip
        return cls(
            paper, ink, muted, read,
            tint=tinted(paper, read, TINT), edge=tinted(paper, read, 0.3),
            band=tinted(paper, ink, 0.1), grid=tinted(paper, ink, 0.12),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """The room that a template leaves: the slide, its title, and what lies under the title."""

    slide: Box
    title: Box
    area: Box
    title_size: float
    look: Look


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs in a box. ``holds``: in a placeholder of the layout; ``fill`` paints the box."""

    box: Box
    paras: tuple[Para, ...]
    name: str
    holds: bool = False
    fill: Literal["", "tint", "accent", "card"] = ""
    pad: float = 0.0
    middle: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A native chart; ``slots`` are its rows from above, None for a heading between them.

    ``plot`` is the part of ``box`` inside the axes; ``small`` charts have no title on their axis,
    those that are ``sided`` say there what lies on either side of the line.
    """

    box: Box
    plot: Box
    chart: Chart
    slots: tuple[int | None, ...]
    holds: bool = False
    small: bool = False
    sided: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table of ready cells with the widths of its columns and the heights of its rows."""

    box: Box
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    widths: tuple[float, ...]
    heights: tuple[float, ...]
    size: float
    alt: str
    holds: bool = False
    bold: bool = False


Placed = Text | Picture | Table


@dataclass(frozen=True, slots=True)
class Slide:
    """A slide: its title is the finding; ``notes`` are for the speaker.

    ``reference``: it stands behind the story, to look things up.
    """

    title: str
    placed: tuple[Placed, ...]
    notes: tuple[str, ...] = ()
    reference: bool = False
