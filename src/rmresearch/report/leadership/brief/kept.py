"""What two pages hold of a story: the same for screen and paper, by one rule.

Texts keep their order and are kept while their place has room (counted in characters); the first
of a place always stays. No sentence stands twice, and badges say what the sentence on certainty and
precision says. Of charts and tables the first rows stay, which the plan puts first. What goes
stands in the deck and the workbook.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rmresearch.report.blocks import Badge
from rmresearch.report.leadership.brief.drawn import Drawn, Mark, drawn
from rmresearch.report.leadership.content import Grid, Part, Said, Story, Tile
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["Box", "Brief", "kept"]

#: characters that a place has
ROOM = {
    "meaning": 420,
    "done": 620,
    "goals": 200,
    "tile": 400,
    "more": 200,
    "both": 420,
    "match": 460,
    "lost": 560,
    "can": 420,
    "cannot": 760,
    "next": 460,
    "points": 420,
    "hidden": 460,
}
#: rows of a table, and of a small chart
ROWS, FEW = 8, 3


@dataclass(frozen=True, slots=True)
class Box:
    """A place on the pages: what it asks, what is found, and what it rests on.

    ``marks`` beside the rows of ``grid`` draw each of them (None: nothing to draw) along the axis
    of ``drawn``. ``rest`` says what of it stands elsewhere.
    """

    name: str
    asks: str
    title: str
    said: tuple[Said, ...] = ()
    points: tuple[Said, ...] = ()
    badges: tuple[Badge, ...] = ()
    drawn: Drawn | None = None
    grid: Grid | None = None
    marks: tuple[Mark | None, ...] = ()
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """The two pages: ``answer`` to ``tiles`` on the first, the others on the second."""

    title: str
    organisation: str
    synthetic: bool
    answer: Box
    done: Box
    levels: Box
    tiles: tuple[Box, ...]
    both: Box
    match: Box
    lost: Box
    claims: Box
    can: tuple[Said, ...]
    cannot: tuple[Said, ...]
    next: Box
    hidden: tuple[Said, ...]

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Every place in the order in which it is read."""
        first = (self.answer, self.done, self.levels, *self.tiles)
        return (*first, self.both, self.match, self.lost, self.claims, self.next)


class _Once:
    """Keeps what was not said before, as long as there is room."""

    def __init__(self) -> None:
        self.told: set[str] = set()

    def __call__(self, place: str, several: Sequence[Said]) -> tuple[Said, ...]:
        found: list[Said] = []
        left = ROOM[place]
        for one in several:
            left -= len(one.text)
            if one.text in self.told:
                left += len(one.text)
            elif left >= 0 or not found:
                found.append(one)
                self.told.add(one.text)
        return tuple(found)


def kept(story: Story) -> Brief:
    """What the two pages show of this story."""
    once = _Once()
    answer = _answer(story, once)
    done = _part(story.done, once, "done", "goals")
    levels = Box("levels", story.levels.asks, story.levels.title)
    return Brief(
        title=story.title,
        organisation=story.organisation,
        synthetic=story.synthetic,
        answer=answer,
        done=replace(done, grid=_first(story.done.grid)),
        levels=levels,
        tiles=tuple(_tile(tile, once) for tile in story.tiles),
        both=_both(story.both, once),
        match=_part(story.match, once, "match", "points"),
        lost=_part(story.lost, once, "lost", "points"),
        claims=Box(
            "claims", "", catalogue()["brief_sheet"]["claims"], (story.claims.rating,),
        ),
        can=once("can", story.claims.can),
        cannot=once("cannot", story.claims.cannot),
        next=_part(story.next, once, "next", "points"),
        hidden=once("hidden", story.hidden),
    )  # fmt: skip


def _answer(story: Story, once: _Once) -> Box:
    """The sentence first; certainty and precision as badges, or in words where there are none."""
    answer = story.answer
    once.told |= {answer.sentence.text, answer.standing.text}
    standing = () if answer.marks else (answer.standing,)
    meaning = once("meaning", answer.meaning)
    return Box(
        "answer",
        answer.question,
        answer.sentence.text,
        (answer.sentence, *standing, *meaning, answer.planned),
        badges=answer.marks,
        drawn=_whole(story),
    )


def _whole(story: Story) -> Drawn | None:
    """The answer's chart; where no result is the main one only if it holds all, and they are few.

    Some of several results would be picked out by being drawn first.
    """
    chart, grid = story.answer.chart, story.both.grid
    if chart is None:
        return None
    several = not story.answer.marks
    if several and (grid is None or len(chart.rows) < len(grid.rows) or len(chart.rows) > FEW):
        return None
    return drawn(chart)


def _part(part: Part, once: _Once, said: str, points: str) -> Box:
    return Box(
        part.name, part.asks, part.title, once(said, part.said), once(points, part.points)
    )  # fmt: skip


def _tile(tile: Tile, once: _Once) -> Box:
    """A level: the rows of the outcome that stands first there, and what else it has."""
    shown = _leading(tile)
    others = len(tile.chart.rows) - (len(shown.marks) if shown else 0) if tile.chart else 0
    said = once("tile", _beside_chart(tile))
    rest = ""
    more: tuple[Said, ...] = ()
    if tile.more is not None and len(tile.more.text) <= ROOM["more"]:
        more = once("more", (tile.more,))
    elif tile.more is not None and others:
        rest = fill("brief_sheet", "rest", count=others)
    return Box(
        f"level-{tile.level}", f"{tile.name}: {tile.asks}", tile.title, (*said, *more),
        badges=tile.marks, drawn=_unnamed(shown, tile.title), rest=rest,
    )  # fmt: skip


def _beside_chart(tile: Tile) -> tuple[Said, ...]:
    """What a tile says that badges do not, which stand for its last sentence, nor a chart of
    shares, whose rows hold the numbers of the sentences on them (but not what is no number)."""
    if tile.chart is not None and tile.chart.reference is None:
        return tuple(one for one in tile.said if not _counted(one))
    return tile.said[:-1] if tile.marks else tile.said


def _counted(one: Said) -> bool:
    """Whether a sentence has numbers, and nothing but numbers in their places."""
    return bool(one.numbers) and all(number.form != "phrase" for number in one.numbers)


def _leading(tile: Tile) -> Drawn | None:
    """The rows of a chart that are about what the title is about: where that is not shown, nothing
    else takes its place."""
    if tile.chart is None:
        return None
    first = tile.chart.rows[0]
    about = "group" if first.group else "label"
    if getattr(first, about).rstrip(".:;") not in tile.title:
        return None
    same = (row for row in tile.chart.rows if getattr(row, about) == getattr(first, about))
    return drawn(tile.chart, tuple(same)[:FEW])


def _unnamed(shown: Drawn | None, title: str) -> Drawn | None:
    """A drawing of one row below a title that names it does not name it again."""
    if shown is None or len(shown.marks) > 1 or shown.marks[0].label not in title:
        return shown
    return replace(shown, marks=(replace(shown.marks[0], name=""),))


def _both(part: Part, once: _Once) -> Box:
    """All results at the end in one table, each drawn beside its numbers."""
    said = once("both", part.said)
    grid = _first(part.grid)
    whole = None if part.chart is None else drawn(part.chart)
    marks = _beside(grid, whole)
    count = len(part.grid.rows) - len(grid.rows) if part.grid and grid else 0
    rest = fill("brief_sheet", "rest", count=count) if count else ""
    return Box(
        part.name, part.asks, part.title, said,
        drawn=whole, grid=grid, marks=marks, rest=rest,
    )  # fmt: skip


def _first(grid: Grid | None) -> Grid | None:
    return None if grid is None else replace(grid, rows=grid.rows[:ROWS])


def _beside(grid: Grid | None, whole: Drawn | None) -> tuple[Mark | None, ...]:
    """For each row of the table its mark: the chart has the table's rows, but for those that
    cannot be drawn, in the table's order."""
    if grid is None or whole is None:
        return ()
    left = list(whole.marks)
    found: list[Mark | None] = []
    for row in grid.rows:
        about = (row[0].text, row[1].text)
        same = bool(left) and (left[0].label, left[0].group) == about
        found.append(left.pop(0) if same else None)
    return tuple(found)
