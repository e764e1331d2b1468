"""The slide of the four levels: a tile each, with what stands first there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rmresearch.report.leadership.content import Chart, Story, Tile
from rmresearch.report.leadership.deck.forest import small
from rmresearch.report.leadership.deck.measure import Box, Para, alike, fitted, height_of
from rmresearch.report.leadership.deck.parts import NOTE, SMALL, asked, notes, paras, rest
from rmresearch.report.leadership.deck.planned import Frame, Placed, Slide, Text
from rmresearch.report.words.phrases import capital, fill

__all__ = ["tiled"]

HEAD, PAD, GAP = 40.0, 8.0, 10.0
#: a tile's chart, and the room for its two badges
CHART, MARKS = 76.0, 48.0
#: the room for its title, in a high tile and in a low one
TITLE, LOW, HIGH = 52.0, 30.0, 300.0
#: what has no value of its own to draw
SILENT = {"hidden", "no answer", "too early", "not measured"}
#: narrower tiles stand two by two
NARROW = 170.0


@dataclass(frozen=True, slots=True)
class Spots:
    """Where the parts of a tile stand; ``chart`` None: there is none."""

    title: Box
    chart: Box | None
    text: Box


def tiled(story: Story, frame: Frame) -> Iterator[Slide]:
    """One tile a level; what has no room on its tile stands in the notes."""
    part = story.levels
    boxes = _quarters(rest(frame))
    spots = [_spots(box, tile) for tile, box in zip(story.tiles, boxes, strict=True)]
    titles = [[Para(tile.title, 14.0, bold=True)] for tile in story.tiles]
    heads = alike(titles, [spot.title for spot in spots], floor=9.0)
    told = alike([_said(tile) for tile in story.tiles], [spot.text for spot in spots])
    placed: list[Placed] = [asked(part.asks, frame), *_cards(story.tiles, boxes)]
    over: list[str] = []
    for n, (tile, spot) in enumerate(zip(story.tiles, spots, strict=True)):
        name, drawn = _name(tile), _drawn(tile)
        placed.append(Text(spot.title, heads[n][0], fill("deck", "finding", name=name)))
        if drawn and spot.chart:
            placed += small(drawn, tile.title, spot.chart)
        shown, more = told[n]
        fits = height_of(shown, spot.text.width) <= spot.text.height
        if fits and shown:
            placed.append(Text(spot.text, shown, fill("deck", "told", name=name)))
        over += _unsaid(tile, name, [para.text for para in (more if fits else _said(tile))])
    about = (part.asks, *(one.text for one in part.said), *over, *notes(part)[1:])
    yield Slide(part.title, tuple(placed), about)


def _name(tile: Tile) -> str:
    return fill("deck", "level", number=str(tile.level), name=tile.name)


def _drawn(tile: Tile) -> Chart | None:
    """A tile's chart, if what its title names is drawn there first: hidden values are not."""
    if tile.chart is None or tile.state in SILENT:
        return None
    first = tile.chart.rows[0]
    name = (first.group or first.label).strip().rstrip(".:;")
    return tile.chart if name in tile.title else None


def _quarters(box: Box) -> tuple[Box, ...]:
    """Four side by side; two by two where that would be narrow."""
    columns = box.columns(1, 1, 1, 1, gap=GAP)
    if columns[0].width >= NARROW:
        return columns
    high = (box.height - GAP) / 2
    upper, lower = box.upper(high), box.below(high + GAP)
    return (*upper.columns(1, 1, gap=GAP), *lower.columns(1, 1, gap=GAP))


def _spots(box: Box, tile: Tile) -> Spots:
    """Title, chart and sentences from above; in a low tile the chart stands beside them."""
    marks, drawn = MARKS + 8.0 if tile.marks else 0.0, _drawn(tile)
    room = Box(
        box.left + PAD, box.top + HEAD + 8.0, box.width - 2 * PAD,
        box.height - HEAD - 16.0 - marks,
    )  # fmt: skip
    if box.height >= HIGH:
        below = room.below(TITLE + 6.0)
        chart = below.upper(CHART) if drawn else None
        text = below.below(CHART + 8.0) if drawn else below
        return Spots(room.upper(TITLE), chart, text)
    if drawn is None:
        return Spots(room.upper(LOW), None, room.below(LOW + 4.0))
    left, right = room.columns(54, 46, gap=8.0)
    beside = right.upper(min(CHART, right.height))
    return Spots(left.upper(LOW), beside, left.below(LOW + 4.0))


def _said(tile: Tile) -> list[Para]:
    """A tile's sentences; with badges the first, as they say the rest."""
    return [
        replace(para, after=4.0) for para in paras(tile.said[:1] if tile.marks else tile.said, 13.0)
    ]


def _unsaid(tile: Tile, name: str, over: list[str]) -> list[str]:
    """What the notes say of a level, as its tile does not."""
    more = [one.text for one in tile.said[1:]] if tile.marks else []
    more += [tile.more.text] if tile.more else []
    return [f"{name}:", *over, *more] if over or more else []


def _cards(tiles: Sequence[Tile], boxes: Sequence[Box]) -> list[Placed]:
    """The tiles' frames, heads and badges."""
    placed: list[Placed] = []
    marks = alike(
        [[Para(text, NOTE, bold=True, after=2.0) for text in _marks(tile)] for tile in tiles],
        [Box(0.0, 0.0, box.width - 2 * PAD - 10.0, MARKS - 8.0) for box in boxes],
        floor=8.0,
    )
    for tile, box, (told, _) in zip(tiles, boxes, marks, strict=True):
        name, head = _name(tile), box.upper(HEAD)
        words = [Para(name, SMALL, bold=True, tone="paper", after=1.0),
                 Para(tile.asks, NOTE, tone="paper")]  # fmt: skip
        shown = fitted(words, head.inside(5.0), floor=8.0)[0]
        placed += [
            Text(box, (), fill("deck", "card", name=name), fill="card"),
            Text(head, shown, name, fill="accent", pad=5.0, middle=True),
        ]
        if told:
            low = Box(box.left + PAD, box.bottom - MARKS - 8.0, box.width - 2 * PAD, MARKS)
            said = fill("deck", "marks", name=tile.name)
            placed.append(Text(low, told, said, fill="tint", pad=4.0, middle=True))
    return placed


def _marks(tile: Tile) -> list[str]:
    """Certainty and precision of what stands first, one under the other."""
    texts = [f"{mark.about}: {mark.label}" if mark.about else mark.label for mark in tile.marks]
    return [capital(text) for text in texts[:2]]
