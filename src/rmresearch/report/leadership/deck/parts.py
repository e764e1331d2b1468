"""What slides have in common: the question under the title, sentences, tables over pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rmresearch.report.figures.style import wrap
from rmresearch.report.leadership.content import Grid, Part, Said
from rmresearch.report.leadership.deck.measure import LEADING, Box, Para, fitted
from rmresearch.report.leadership.deck.planned import Frame, Placed, Table, Text
from rmresearch.report.leadership.deck.tables import broken, laid_out
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["BODY", "GAP", "LEAD", "NOTE", "SMALL", "asked", "fits", "led", "moved", "notes",
           "paras", "rest", "tabled"]  # fmt: skip

LEAD, BODY, SMALL, NOTE = 20.0, 16.0, 13.0, 11.0
#: between columns
GAP = 30.0
QUESTION, UNDER = 14.0, 30.0
CAPTION = 20.0
#: the smallest question under a title
LEAST = 9.0


def rest(frame: Frame) -> Box:
    """What is left under the question."""
    return frame.area.below(UNDER)


def asked(asks: str, frame: Frame) -> Text:
    """The question that a slide answers, under its title."""
    box = frame.area.upper(UNDER - 6.0)
    (shown,), _ = fitted([Para(asks, QUESTION, bold=True, tone="accent")], box, floor=LEAST)
    if shown.height(box.width) > box.height:  # whole in the notes
        most = int(box.height / (shown.size * LEADING))
        shown = replace(shown, text=wrap(asks, box.width, shown.size, bold=True, lines=most))
    return Text(box, (shown,), catalogue()["deck"]["question"])


def paras(said: Iterable[Said], size: float = BODY, *, bullet: bool = False) -> list[Para]:
    """Sentences as paragraphs."""
    return [Para(one.text, size, bullet=bullet, after=size / 2) for one in said]


def moved(text: Text, down: float) -> Text:
    """A text further down."""
    return replace(text, box=replace(text.box, top=text.box.top + down))


def led(said: Sequence[Said]) -> list[Para]:
    """Sentences, the first of which carries the slide."""
    first = [replace(para, size=LEAD, after=12.0) for para in paras(said[:1])]
    return first + paras(said[1:])


def notes(part: Part) -> tuple[str, ...]:
    """What a speaker should know: the question, the method, the caveats."""
    texts = tuple(one.text for one in part.notes)
    return (part.asks, *((catalogue()["deck"]["method"], *texts) if texts else ()))


def fits(grid: Grid, box: Box) -> bool:
    """Whether a table stands in a box without a broken word, beside its caption and note."""
    inner = _inner(grid, box, captioned=True)
    heads, rows = grid.heads, _texts(grid)
    return (
        not broken(heads, rows, inner.width)
        and len(laid_out(heads, rows, grid.numeric, [inner], alt="")) == 1
    )


def tabled(
    grid: Grid, *boxes: Box, captioned: bool = True, holds: bool = False
) -> list[tuple[Placed, ...]]:
    """A table on as many pages as it needs, the last box for all that follow; its note on each."""
    words = catalogue()["deck"]
    alt = fill("deck", "table", caption=grid.caption, heads="; ".join(grid.heads))
    inner = [_inner(grid, box, captioned=captioned) for box in boxes]
    pages = laid_out(grid.heads, _texts(grid), grid.numeric, inner, alt=alt)
    made: list[tuple[Placed, ...]] = []
    for place, table in enumerate(pages):
        box = boxes[min(place, len(boxes) - 1)]
        placed: list[Placed] = []
        if captioned:
            head = Para(grid.caption, SMALL, bold=True)
            placed.append(Text(box.upper(CAPTION), (head,), words["caption"]))
        shown: Table = replace(table, holds=holds)
        placed.append(shown)
        if grid.note:
            under = Box(box.left, table.box.bottom + 4.0, box.width, _noted(grid, box))
            placed.append(Text(under, (Para(grid.note, NOTE, tone="muted"),), words["note"]))
        made.append(tuple(placed))
    return made


def _texts(grid: Grid) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(cell.text for cell in row) for row in grid.rows)


def _noted(grid: Grid, box: Box) -> float:
    return Para(grid.note, NOTE).height(box.width) if grid.note else 0.0


def _inner(grid: Grid, box: Box, *, captioned: bool) -> Box:
    """A box without the room for a caption and a note."""
    under = box.below(CAPTION) if captioned else box
    note = _noted(grid, box)
    return under.upper(under.height - note - 4.0) if note else under
