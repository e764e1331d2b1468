"""Where an interval chart stands on a slide: its names to the left, its numbers on the right."""

from __future__ import annotations

from dataclasses import replace

from rmresearch.display.numbers import number, percent
from rmresearch.report.figures.style import text_width, wrap
from rmresearch.report.leadership.content import Chart
from rmresearch.report.leadership.deck.charts import TOLD, ends_width, sided
from rmresearch.report.leadership.deck.measure import LEADING, Box, Para, fitted, lines
from rmresearch.report.leadership.deck.planned import Picture, Placed, Text
from rmresearch.report.leadership.verdicts import alt
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["forest", "small", "tallest"]

#: under the plot: numbers and unit; under a small chart: numbers; beside both: half a number
UNDER, NUMBERS, BESIDE = 42.0, 16.0, 16.0
#: the share of a chart's width that names take, and no less or more than these points
NAMES, LEAST, MOST = 0.36, 120.0, 250.0
GAP = 10.0
SLOT, TALL, TALLEST = 24.0, 54.0, 150.0
SIZES = (13.0, 12.0, 11.0, 10.0, 9.0)
CAPTION = 11.0


def forest(
    chart: Chart, box: Box, *, holds: bool = False, alone: bool = False
) -> tuple[Placed, ...]:
    """The chart, its rows' names and its caption; not taller than its rows need.

    ``alone``: it carries the slide, so that a single row may be tall.
    """
    slots, names = _slots(chart), _names(chart, box.width)
    before, behind = _sides(chart, box.width - names)
    left = box.left + names + before
    wide = box.right - behind - left
    sides = text_width(sided(chart), CAPTION) <= wide
    caption = Para(chart.caption if sides else _sided(chart), CAPTION, tone="muted")
    foot = caption.height(box.width) if caption.text else 0.0
    high = min(
        box.height - foot - 4.0,
        UNDER + max(TALL * len(slots), TALLEST if alone else 0.0) + 8.0,
    )
    whole = box.upper(high)
    plot = Box(left, whole.top + 8.0, wide, high - UNDER - 8.0)
    placed: list[Placed] = [Picture(whole, plot, chart, slots, holds, sided=sides)]
    if names:
        placed += _named(chart, slots, Box(whole.left, plot.top, names, plot.height))
    if caption.text:
        placed.append(
            Text(
                Box(box.left, whole.bottom + 4.0, box.width, foot),
                (caption,),
                catalogue()["deck"]["key"],
            )
        )
    return tuple(placed)


def _sided(chart: Chart) -> str:
    """How to read the chart, and what lies on either side, which has no room under the axis."""
    said = fill("deck", "sides", left=chart.sides[0], right=chart.sides[1])
    return f"{chart.caption} {said}".strip() if any(chart.sides) else chart.caption


def _sides(chart: Chart, width: float) -> tuple[float, float]:
    """The space beside the plot: half a number of the axis, or an end with its number."""
    least = ends_width(chart, CAPTION) / 2 + 2.0
    plot, number = width - 2 * least, 2 * least + 4.0
    wide = chart.high - chart.low
    low = min((row.low for row in chart.rows if row.low is not None), default=chart.high)
    high = max((row.high for row in chart.rows if row.high is not None), default=chart.low)
    before = number - plot * (low - chart.low) / wide
    behind = number - plot * (chart.high - high) / wide
    if len(chart.rows) > TOLD:  # the estimate's number stands behind the interval
        return least + GAP / 2, max(least, behind)
    return max(least, before) + GAP / 2, max(least, behind)


def small(chart: Chart, title: str, box: Box) -> tuple[Placed, ...]:
    """A chart of a tile: what stands first there; two groups of it have their names and numbers."""
    first = chart.rows[0]
    kept = [
        place
        for place, row in enumerate(chart.rows)
        if (row.group == first.group if first.group else row.label == first.label)
    ][:2]
    rows = tuple(chart.rows[place] for place in kept)
    told = alt(rows, title, chart.unit, share=chart.share)
    at = tuple(chart.at[place] for place in kept)
    few = replace(chart, title=title, rows=rows, at=at, alt=told)
    plot = Box(box.left + BESIDE, box.top + 4.0, box.width - 2 * BESIDE, box.height - NUMBERS - 4.0)
    if len(rows) == 1:
        return (Picture(box, plot, few, (0,), small=True),)
    high = plot.height / 4
    named: list[Placed] = []
    for place, row in enumerate(rows):
        read = percent(row.value) if chart.share else number(row.value, decimals=chart.decimals)
        said = fill("deck", "of", name=row.label, value=read)
        here = Box(box.left, plot.top + 2 * place * high, box.width, high)
        shown = fitted([Para(said, 10.0, bold=True)], here, floor=8.0)[0]
        named.append(Text(here, shown, fill("deck", "row", name=row.label)))
    return (Picture(box, plot, few, (None, 0, None, 1), small=True), *named)


def tallest(chart: Chart) -> float:
    """The least height at which a chart's names and numbers stand apart."""
    return UNDER + SLOT * len(_slots(chart)) + 8.0 + 2 * CAPTION * LEADING + 4.0


def _slots(chart: Chart) -> tuple[int | None, ...]:
    """Rows from above, a heading's slot before each group."""
    slots: list[int | None] = []
    for place, row in enumerate(chart.rows):
        if row.group and (place == 0 or chart.rows[place - 1].group != row.group):
            slots.append(None)
        slots.append(place)
    return tuple(slots)


def _names(chart: Chart, width: float) -> float:
    """How wide the names' column is; none where the title already names the only row."""
    if len(chart.rows) == 1 and not chart.rows[0].group and chart.rows[0].label in chart.title:
        return 0.0
    return min(max(NAMES * width, LEAST), MOST)


def _named(chart: Chart, slots: tuple[int | None, ...], box: Box) -> list[Placed]:
    """The names of rows and groups, each in its slot."""
    high = box.height / len(slots)
    texts = [row.label for row in chart.rows]
    size = next(
        (
            one
            for one in SIZES
            if all(lines(text, box.width, one) * one * LEADING <= high for text in texts)
        ),
        SIZES[-1],
    )
    most = max(1, int(high / (size * LEADING)))
    placed: list[Placed] = []
    for slot, place in enumerate(slots):
        here = Box(box.left, box.top + slot * high, box.width, high)
        if place is None:
            row = chart.rows[slots[slot + 1] or 0]
            text = wrap(row.group, box.width, size, bold=True, lines=most)
            para = Para(text, size, bold=True, tone="accent")
        else:
            row = chart.rows[place]
            fits = lines(row.label, box.width, size) <= most
            text = row.label if fits else wrap(row.label, box.width, size, lines=most)
            para = Para(text, size)
        said = fill("deck", "row", name=row.group if place is None else row.label)
        placed.append(Text(here, (para,), said, middle=True))
    return placed
