"""Tables that fit: widths from what stands in the columns, pages from how tall the rows are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rmresearch.report.figures.style import text_width
from rmresearch.report.leadership.deck.measure import LEADING, Box, lines
from rmresearch.report.leadership.deck.planned import Table

__all__ = ["ACROSS", "DOWN", "broken", "laid_out"]

#: the space in a cell on its sides, and above and below its text
ACROSS, DOWN = 5.0, 3.5
SIZES = (13.0, 12.0, 11.0, 10.0)
#: the size of a table that goes over several pages in any case
SPREAD = 12.0


def laid_out(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: Sequence[bool],
    boxes: Sequence[Box],
    *,
    alt: str,
    sizes: Sequence[float] = SIZES,
    bold: bool = False,
) -> tuple[Table, ...]:
    """The table in boxes, the last of which serves for all pages to come; at least one row each.

    Text is as large as lets everything fit into the first box; what does not fit in small letters
    goes over several pages, evenly. Words are broken only where a column cannot hold them.
    """
    first = boxes[0]
    whole = next((one for one in sizes if _fits(heads, rows, first, one, bold)), None)
    if whole is not None:
        return tuple(_pages(heads, rows, numeric, boxes, whole, alt, bold))
    small = [one for one in sizes if one <= SPREAD] or [sizes[-1]]
    size = next((one for one in small if sum(_least(heads, rows, one)) <= first.width), small[-1])
    made = tuple(_pages(heads, rows, numeric, boxes, size, alt, bold))
    if len(boxes) > 1 or len(made) < 2:
        return made
    tall = sum(sum(table.heights[1:]) for table in made) / len(made)
    most = max(max(table.heights[1:]) for table in made)
    even = first.upper(min(first.height, made[0].heights[0] + tall + most))
    evened = tuple(_pages(heads, rows, numeric, [even], size, alt, bold))
    return evened if len(evened) == len(made) else made


def broken(heads: Sequence[str], rows: Sequence[Sequence[str]], width: float) -> bool:
    """Whether a word would be broken even in the smallest letters."""
    return sum(_least(heads, rows, SIZES[-1])) > width


def _fits(
    heads: Sequence[str], rows: Sequence[Sequence[str]], box: Box, size: float, bold: bool
) -> bool:
    least = sum(_least(heads, rows, size))
    widths = _widths(heads, rows, box.width, size)
    tall = sum(_height(row, widths, size, bold) for row in rows)
    return least <= box.width and tall + _height(heads, widths, size, True) <= box.height


def _pages(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: Sequence[bool],
    boxes: Sequence[Box],
    size: float,
    alt: str,
    bold: bool,
) -> Iterator[Table]:
    left = list(rows)
    page = 0
    while left:
        box = boxes[min(page, len(boxes) - 1)]
        widths = _widths(heads, rows, box.width, size)
        heights = [_height(heads, widths, size, True)]
        while left[len(heights) - 1 :]:
            more = _height(left[len(heights) - 1], widths, size, bold)
            if len(heights) > 1 and sum(heights) + more > box.height:
                break
            heights.append(more)
        taken, left = left[: len(heights) - 1], left[len(heights) - 1 :]
        heights = _evened(heights, box.height, size)
        yield Table(
            box=box.upper(sum(heights)),
            heads=tuple(heads),
            rows=tuple(map(tuple, taken)),
            numeric=tuple(numeric),
            widths=tuple(widths),
            heights=tuple(heights),
            size=size,
            alt=alt,
            bold=bold,
        )
        page += 1


def _evened(heights: list[float], room: float, size: float) -> list[float]:
    """Rows that differ by a line are alike tall, if there is room."""
    head, rows = heights[0], heights[1:]
    tall = max(rows)
    if tall - min(rows) <= size * LEADING + 0.1 and head + tall * len(rows) <= room:
        return [head, *(tall for _ in rows)]
    return heights


def _least(heads: Sequence[str], rows: Sequence[Sequence[str]], size: float) -> list[float]:
    """What each column needs so that no word is broken."""
    return [
        max(
            max(text_width(word, size, place == 0) for text in column for word in text.split(" "))
            for place, column in enumerate(((heads[c],), [row[c] for row in rows]))
            if column
        )
        + 2 * ACROSS
        + 1.0
        for c in range(len(heads))
    ]


def _widths(
    heads: Sequence[str], rows: Sequence[Sequence[str]], width: float, size: float
) -> list[float]:
    """Widths that add up: what no word is broken at, the rest as the texts are long."""
    least = _least(heads, rows, size)
    if sum(least) > width:
        return [width * one / sum(least) for one in least]
    wanted = [
        min(width, max(text_width(heads[c], size) / 2, *(text_width(row[c], size) for row in rows)))
        + 2 * ACROSS
        + 1.0
        for c in range(len(heads))
    ]
    more = [max(0.0, one - few) for one, few in zip(wanted, least, strict=True)]
    rest = width - sum(least)
    if sum(more) <= rest:
        even = (rest - sum(more)) / len(least)
        return [few + one + even for few, one in zip(least, more, strict=True)]
    return [few + rest * one / sum(more) for few, one in zip(least, more, strict=True)]


def _height(row: Sequence[str], widths: Sequence[float], size: float, bold: bool) -> float:
    """A row's height: its tallest cell's."""
    most = max(
        lines(text, width - 2 * ACROSS, size, bold) for text, width in zip(row, widths, strict=True)
    )
    return most * size * LEADING + 2 * DOWN
