"""How large the type of the page may be on paper, so that its two halves take a sheet each.

A browser cannot be asked, so heights are reckoned in rem from the lengths of texts, with the sizes
that brief.css has for print. The PDF needs none of this: typst measures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rmresearch.report.figures.style import text_width
from rmresearch.report.leadership.brief.drawn import Drawn
from rmresearch.report.leadership.brief.kept import Box, Brief
from rmresearch.report.leadership.content import Grid, Said

__all__ = ["SIZES", "size_class"]

#: the type sizes of brief-page.css in points, and the sheet between its margins in points
SIZES = (8.0, 7.7, 7.4, 7.1, 6.8, 6.5, 6.2)
ACROSS, ALONG = 516.0, 768.0
#: browsers' fonts are narrower than the one that is measured, and a sheet is not filled to its edge
NARROWER, FILLED = 0.9, 0.98
LINE, AFTER, BETWEEN, GUTTER = 1.37, 0.45, 0.9, 2.0
#: shares of the width that the columns of texts have in the table of results
COLUMNS = (0.17, 0.12, 0.0, 0.0, 0.13, 0.1)


def size_class(brief: Brief) -> int:
    """Which of the sizes both halves fit in, counted from 1; the smallest where none does."""
    for index, size in enumerate(SIZES, 1):
        wide, high = ACROSS / size, FILLED * ALONG / size
        if _first(brief, wide) <= high and _second(brief, wide) <= high:
            return index
    return len(SIZES)


def _first(brief: Brief, wide: float) -> float:
    half = (wide - GUTTER) / 2
    answer, done = brief.answer, brief.done
    inside = wide - 3.2
    column = inside if answer.drawn is None else (inside - 2.5) / 2
    meaning = _paragraphs(answer.said[1:], column)
    drawing = _strip(answer.drawn, column, caption=True)
    head = 8.2 + 3.0 * _lines(brief.title, wide, 2.5)
    asked = 1.4 * _lines(answer.asks, inside) + 1.96 * _lines(answer.said[0].text, inside, 1.5)
    told = 4.9 + asked + _badges(answer, inside) + max(meaning, drawing)
    left = (wide - GUTTER) / 2.15
    texts = _items(done.said, left)
    table = _table(done.grid, 1.15 * left) if done.grid else 0.0
    table += _paragraphs(done.points, 1.15 * left)
    tiles = [_tile(tile, half) for tile in brief.tiles]
    rows = [max(tiles[k : k + 2]) for k in range(0, len(tiles), 2)]
    levels = _title(brief.levels, wide) + sum(rows) + BETWEEN * (len(rows) - 1)
    return head + told + _title(done, wide) + max(texts, table) + levels


def _second(brief: Brief, wide: float) -> float:
    half = (wide - GUTTER) / 2
    both, claims, ahead = brief.both, brief.claims, brief.next
    table = _results(both.grid, wide) if both.grid else 0.0
    beside = max(
        _title(box, half) + _paragraphs(box.said, half) + _items(box.points, half)
        for box in (brief.match, brief.lost)
    )
    lists = max(_items(several, half - 1.3) + 2.0 for several in (brief.can, brief.cannot))
    steps = _paragraphs(ahead.said, wide) + _items(ahead.points, wide)
    foot = 2.5 + _lines(" ".join(one.text for one in brief.hidden), wide, 0.875) * 1.3
    titles = sum(_title(box, wide) for box in (both, claims, ahead))
    return (
        titles + _paragraphs((*both.said, *claims.said), wide) + table + beside + lists + steps
        + foot
    )  # fmt: skip


def _lines(text: str, wide: float, size: float = 1.0) -> int:
    return max(1, math.ceil(NARROWER * text_width(text, size) / wide))


def _paragraphs(several: Iterable[Said], wide: float) -> float:
    return sum(LINE * _lines(one.text, wide) + AFTER for one in several)


def _items(several: Sequence[Said], wide: float) -> float:
    return sum(LINE * _lines(one.text, wide - 1.3) + 0.18 for one in several) + AFTER


def _title(box: Box, wide: float) -> float:
    """What a place has before its texts, and the room after them."""
    return 1.6 * _lines(box.asks, wide, 0.875) + 1.8 * _lines(box.title, wide, 1.5) + 2.0


def _badges(box: Box, wide: float) -> float:
    if not box.badges:
        return 0.0
    said = sum(text_width(f"{one.about} {one.label}", 0.8125) + 2.4 for one in box.badges)
    return 1.95 * math.ceil(NARROWER * said / wide) + 0.5


def _strip(one: Drawn | None, wide: float, *, caption: bool = False) -> float:
    if one is None:
        return 0.0
    rows = (
        1.31 * _lines(f"{mark.name} {mark.value} {mark.ends} · {mark.count}", wide) + 1.85
        for mark in one.marks
    )
    key = 1.14 * _lines(f"{one.unit}     {one.band}", wide, 0.8125)
    below = 0.2 + 1.2 * _lines(one.caption, wide, 0.8125) if caption else 0.0
    return sum(rows) + key + 3.4 + below


def _tile(box: Box, wide: float) -> float:
    title = 2.5 * _lines(box.asks, wide, 0.875) + 1.35 * _lines(box.title, wide, 1.125) + 0.4
    return title + _strip(box.drawn, wide) + _badges(box, wide) + _paragraphs(box.said, wide)


def _table(grid: Grid, wide: float) -> float:
    """A table of counts: the first column takes what the numbers leave."""
    first = max(6.5, wide - 4.7 * (len(grid.heads) - 1))
    rows = (1.14 * _lines(row[0].text, first, 0.8125) + 0.65 for row in grid.rows)
    return 6.5 + sum(rows) + 1.25 * _lines(grid.note, wide, 0.875)


def _results(grid: Grid, wide: float) -> float:
    rows = (
        max(
            1.9,
            *(
                1.31 * _lines(cell.text, share * wide, 0.9375) + 0.65
                for cell, share in zip(row, COLUMNS, strict=False)
                if share
            ),
        )
        for row in grid.rows
    )
    return 8.5 + sum(rows)
