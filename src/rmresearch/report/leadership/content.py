"""What brief and deck say, as typed content: each number knows where it stands in released.json.

``story`` makes a ``Story``; pages and slides only lay it out, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from rmresearch.report.blocks import Badge, Column, FigureBlock, TableBlock
from rmresearch.report.figures.intervals import Interval, interval_plot

__all__ = [
    "Asked",
    "Chart",
    "Claims",
    "Form",
    "Grid",
    "Headline",
    "Part",
    "Said",
    "Shown",
    "State",
    "Story",
    "Tile",
]

#: how a released number reads: as it is, without its sign, with it, a share as a percentage, a
#: count, the very phrase that the rules let out, or what `ahead.needed` makes of its three places
Form = Literal["number", "size", "signed", "percent", "count", "phrase", "needed"]
#: what a tile shows: what was found (a change in one group is neither gain nor harm), or why there
#: is nothing
State = Literal[
    "gain",
    "harm",
    "changed",
    "none",
    "unclear",
    "seen",
    "hidden",
    "too early",
    "not measured",
    "no answer",
]


@dataclass(frozen=True, slots=True)
class Shown:
    """A number in a text. ``at`` are JSON pointers (RFC 6901) into released.json; of several
    places it is the sum. ``by`` is 100 where a share reads as so many of a hundred.
    """

    text: str
    at: tuple[str, ...]
    form: Form
    decimals: int = 0
    by: Literal[1, 100] = 1


@dataclass(frozen=True, slots=True)
class Said:
    """A text, and the numbers in it in the order in which they appear."""

    text: str
    numbers: tuple[Shown, ...] = ()

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of ready cells; ``numeric`` columns stand to the right, the first names the row."""

    caption: str
    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[Said, ...], ...]
    note: str = ""

    def block(self) -> TableBlock:
        """The table for a page."""
        heads = zip(self.heads, self.numeric, strict=True)
        return TableBlock(
            caption=self.caption,
            columns=tuple(Column(head, numeric=numeric) for head, numeric in heads),
            rows=tuple(tuple(cell.text for cell in row) for row in self.rows),
            note=self.note,
        )


@dataclass(frozen=True, slots=True)
class Chart:
    """Estimates with their intervals against a line, one a row.

    ``title`` is the finding. ``rows`` are values as released (a share in 0..1, shown in percent
    where ``share``), each with the smallest difference that matters, drawn as a band where there
    is one; ``at`` is the pointer to the estimate of each. ``reference`` is the line that the
    values are read against (None: none), ``sides`` what lies left and right of it; ``low``,
    ``high`` and ``step`` an axis that holds everything whole. ``level`` is that of all intervals
    (None: they have several). ``figure`` draws it; a native chart takes the same fields.
    """

    name: str
    title: str
    rows: tuple[Interval, ...]
    at: tuple[str, ...]
    unit: str
    alt: str
    low: float
    high: float
    step: float
    sides: tuple[str, str] = ("", "")
    reference: float | None = 0.0
    share: bool = False
    level: float | None = 0.95
    decimals: int = 2
    caption: str = ""

    def figure(self) -> FigureBlock:
        """The chart as a vector picture."""
        drawn = interval_plot(
            self.rows,
            title=self.title,
            unit=self.unit,
            caption=self.caption,
            sides=self.sides,
            level=self.level,
            reference=self.reference,
            share=self.share,
        )
        return replace(drawn, alt=self.alt)


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the brief and a slide of the deck.

    ``asks`` is the question it answers, ``title`` the finding as a heading; ``said`` are its
    sentences, the first of which carries it; ``points`` are list entries; ``notes`` are what a
    speaker should know: method and caveats.
    """

    name: str
    asks: str
    title: str
    said: tuple[Said, ...]
    points: tuple[Said, ...] = ()
    chart: Chart | None = None
    grid: Grid | None = None
    notes: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer: one sentence with its interval; certainty and precision always together.

    ``meaning`` says what a point and what the interval mean, ``standing`` the certainty of the
    design and the precision of the result in one sentence, ``marks`` the same as two badges (and
    a third where nobody planned the question).
    """

    question: str
    sentence: Said
    standing: Said
    meaning: tuple[Said, ...]
    planned: Said
    state: State
    marks: tuple[Badge, ...] = ()
    chart: Chart | None = None
    notes: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """One Kirkpatrick level: what stands first there, and how many more outcomes it has.

    What stands first is decided by the plan and the codebook, never by the result.
    """

    level: Literal[1, 2, 3, 4]
    name: str
    asks: str
    state: State
    title: str
    said: tuple[Said, ...]
    marks: tuple[Badge, ...] = ()
    chart: Chart | None = None
    more: Said | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """What this evaluation can and cannot claim, and the rating of its evidence in words."""

    rating: Said
    can: tuple[Said, ...]
    cannot: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that boards ask; ``known``: these results answer it (else: why they do not)."""

    question: str
    said: tuple[Said, ...]
    known: bool


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that brief and deck say, in their order.

    ``done`` what was done and with whom; ``levels`` the four tiles' heading and joint chart;
    ``both`` what each role gained; ``match`` matching and meeting; ``lost`` who left; ``next``
    what to do next; ``asked`` ten questions; ``numbers`` the appendix; ``hidden`` what the
    release rules keep back.
    """

    title: str
    organisation: str
    synthetic: bool
    answer: Headline
    done: Part
    levels: Part
    tiles: tuple[Tile, ...]
    both: Part
    match: Part
    lost: Part
    claims: Claims
    next: Part
    asked: tuple[Asked, ...]
    numbers: tuple[Grid, ...]
    hidden: tuple[Said, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts in their order; answer, tiles and claims stand between them."""
        return (self.done, self.levels, self.both, self.match, self.lost, self.next)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Every chart once, in the order of the story."""
        held = (self.answer.chart, self.levels.chart, *(tile.chart for tile in self.tiles))
        rest = (part.chart for part in self.parts if part is not self.levels)
        return tuple(chart for chart in (*held, *rest) if chart is not None)

    @property
    def grids(self) -> tuple[Grid, ...]:
        """Every table, the appendix last."""
        return (*(part.grid for part in self.parts if part.grid is not None), *self.numbers)

    def said(self) -> Iterator[Said]:
        """Every text with numbers in it."""
        answer = self.answer
        yield from (answer.sentence, answer.standing, *answer.meaning, answer.planned)
        yield from answer.notes
        for part in self.parts:
            yield from (*part.said, *part.points, *part.notes)
        for tile in self.tiles:
            yield from (*tile.said, *((tile.more,) if tile.more else ()))
        yield from (self.claims.rating, *self.claims.can, *self.claims.cannot)
        for asked in self.asked:
            yield from asked.said
        for grid in self.grids:
            for row in grid.rows:
                yield from row
        yield from self.hidden

    def texts(self) -> Iterator[str]:
        """Every text that is shown: sentences, headings, titles, captions, alternative texts."""
        yield self.title
        yield self.answer.question
        yield from (one.text for one in self.said())
        for part in self.parts:
            yield from (part.asks, part.title)
        for tile in self.tiles:
            yield from (tile.name, tile.asks, tile.title)
        for asked in self.asked:
            yield asked.question
        for grid in self.grids:
            yield from (grid.caption, *grid.heads, grid.note)
        for chart in self.charts:
            rows = (text for row in chart.rows for text in (row.label, row.detail, row.group))
            yield from (chart.title, chart.unit, chart.alt, chart.caption, *chart.sides, *rows)
        for mark in (*self.answer.marks, *(mark for tile in self.tiles for mark in tile.marks)):
            yield from (mark.label, mark.about)
