"""The slide of the four levels: a tile each, with what stands first there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rmresearch.report.leadership.content import Story, Tile
from rmresearch.report.leadership.deck.forest import small
from rmresearch.report.leadership.deck.measure import Box, Para, alike, fitted, height_of
from rmresearch.report.leadership.deck.parts import NOTE, SMALL, asked, notes, paras, rest
from rmresearch.report.leadership.deck.planned import Frame, Placed, Slide, Text
from rmresearch.report.words.phrases import capital, fill

__all__ = ["tiled"]

HEAD, PAD, GAP = 40.0, 8.0, 10.0
#: a tile's chart, and the room for its two badges
CHART, MARKS = 76.0, 40.0
#: narrower tiles stand two by two
NARROW = 170.0


def tiled(story: Story, frame: Frame) -> Iterator[Slide]:
    """One tile a level; what has no room on its tile stands in the notes."""
    part = story.levels
    boxes = _quarters(rest(frame))
    rooms = [_room(box, tile) for tile, box in zip(story.tiles, boxes, strict=True)]
    titles = [[Para(tile.title, 14.0, bold=True)] for tile in story.tiles]
    heads = alike(titles, [room.upper(room.height / 3) for room in rooms])
    high = max(height_of(shown, room.width) for (shown, _), room in zip(heads, rooms, strict=True))
    drawn = rooms[0].height > 2.5 * CHART
    below = [room.below(high + 8.0) for room in rooms]
    texts = [
        box.below(CHART + 8.0) if drawn and tile.chart else box
        for tile, box in zip(story.tiles, below, strict=True)
    ]
    told = alike([_said(tile) for tile in story.tiles], texts)
    placed: list[Placed] = [asked(part.asks, frame)]
    over: list[str] = []
    for n, tile in enumerate(story.tiles):
        name = fill("deck", "level", number=str(tile.level), name=tile.name)
        placed += _card(tile, name, boxes[n])
        said = fill("deck", "finding", name=name)
        placed.append(Text(rooms[n].upper(high + 4.0), heads[n][0], said))
        if tile.chart and drawn:
            placed += small(tile.chart, below[n].upper(CHART))
        shown, more = told[n]
        fits = height_of(shown, texts[n].width) <= texts[n].height
        if fits and shown:
            placed.append(Text(texts[n], shown, fill("deck", "told", name=name)))
        over += _unsaid(tile, name, [para.text for para in (more if fits else _said(tile))])
    about = (part.asks, *(one.text for one in part.said), *over, *notes(part)[1:])
    yield Slide(part.title, tuple(placed), about)


def _quarters(box: Box) -> tuple[Box, ...]:
    columns = box.columns(1, 1, 1, 1, gap=GAP)
    if columns[0].width >= NARROW:
        return columns
    high = (box.height - GAP) / 2
    upper, lower = box.upper(high), box.below(high + GAP)
    return (*upper.columns(1, 1, gap=GAP), *lower.columns(1, 1, gap=GAP))


def _room(box: Box, tile: Tile) -> Box:
    """The inside of a tile, between its head and its badges."""
    marks = MARKS + 8.0 if tile.marks else 0.0
    return Box(
        box.left + PAD, box.top + HEAD + 8.0, box.width - 2 * PAD,
        box.height - HEAD - 16.0 - marks,
    )  # fmt: skip


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


def _card(tile: Tile, name: str, box: Box) -> list[Placed]:
    """A tile's frame, head and badges."""
    head = box.upper(HEAD)
    words = [Para(name, SMALL, bold=True, tone="paper", after=1.0),
             Para(tile.asks, NOTE, tone="paper")]  # fmt: skip
    shown = fitted(words, head.inside(5.0), floor=8.0)[0]
    placed: list[Placed] = [
        Text(box, (), fill("deck", "card", name=name), fill="card"),
        Text(head, shown, name, fill="accent", pad=5.0, middle=True),
    ]
    if tile.marks:
        top = box.bottom - MARKS - 8.0
        placed.append(_marks(tile, Box(box.left + PAD, top, box.width - 2 * PAD, MARKS)))
    return placed


def _marks(tile: Tile, box: Box) -> Text:
    """Certainty and precision of what stands first, one under the other."""
    texts = [f"{mark.about}: {mark.label}" if mark.about else mark.label for mark in tile.marks[:2]]
    told = [Para(capital(text), NOTE, bold=True, after=3.0) for text in texts]
    shown = fitted(told, box.inside(5.0), floor=8.0)[0]
    return Text(
        box, shown, fill("deck", "marks", name=tile.name), fill="tint", pad=5.0, middle=True
    )
