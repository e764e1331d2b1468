"""A chart laid along its axis: every place a share of the width, so that any page can draw it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rmresearch.display.numbers import decimals_for, number, percent
from rmresearch.report.figures.intervals import Interval
from rmresearch.report.leadership.content import Chart
from rmresearch.report.leadership.verdicts import alt
from rmresearch.report.words.phrases import fill

__all__ = ["Drawn", "Mark", "drawn"]

Span = tuple[float, float]
#: more labels along an axis would run into each other on the narrowest of the drawings
TICKS = 7
#: shares of the width that the axis leaves free at either end
SPARE = 0.06


@dataclass(frozen=True, slots=True)
class Mark:
    """A row: ``at`` is the estimate's place and ``line`` its range's, 0 left to 1 right.

    ``band`` is where a difference is too small to matter, ``count`` how many people are behind it,
    ``name`` the label, with its group where the drawn rows have several. ``main`` rows are drawn
    bold.
    """

    label: str
    group: str
    name: str
    value: str
    ends: str
    count: str
    at: float | None
    line: Span | None
    band: Span | None
    main: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart ready to be drawn; ``zero`` is the place of the line it is read against.

    ``ticks`` are places with their numbers, ``band`` names the shaded range ("" where none is).
    """

    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    zero: float | None
    unit: str
    sides: tuple[str, str]
    band: str
    caption: str
    alt: str


def drawn(chart: Chart, rows: Sequence[Interval] | None = None) -> Drawn:
    """The chart, or only these ``rows`` of it, on the chart's own axis.

    >>> one = Interval(label="Skill", value=0.5, low=0.0, high=1.0, smallest=0.25)
    >>> chart = Chart("c", "Skill: a gain", (one,), ("",), "points", "", -1.0, 1.0, 0.5)
    >>> drawn(chart).zero, drawn(chart).marks[0].at, drawn(chart).marks[0].band
    (0.5, 0.72, (0.39, 0.61))
    """
    kept = chart.rows if rows is None else tuple(rows)
    place = _placing(chart)
    sizes = sorted({row.smallest for row in kept if row.smallest})
    banded = bool(sizes) and chart.reference is not None
    by = 100.0 if chart.share else 1.0
    size = f"{by * sizes[0]:,.4g}" if len(sizes) == 1 else ""
    key = "band" if size else "band_several"
    whole = kept == chart.rows
    several = len({row.group for row in kept}) > 1
    return Drawn(
        marks=tuple(_mark(chart, row, place, several) for row in kept),
        ticks=_ticks(chart, place),
        zero=None if chart.reference is None else place(chart.reference),
        unit=chart.unit,
        sides=chart.sides,
        band=fill("brief_sheet", key, size=size) if banded else "",
        caption=chart.caption,
        alt=chart.alt if whole else alt(kept, chart.title, chart.unit, share=chart.share),
    )


def _placing(chart: Chart) -> Callable[[float], float]:
    """Values as shares of the width; the chart's axis leaves room for half a label at its ends."""
    wide = (chart.high - chart.low) / (1.0 - 2.0 * SPARE)
    return lambda value: min(1.0, max(0.0, round(SPARE + (value - chart.low) / wide, 5)))


def _mark(chart: Chart, row: Interval, place: Callable[[float], float], several: bool) -> Mark:
    said, band = _saying(chart), None
    if row.smallest and chart.reference is not None:
        band = place(chart.reference - row.smallest), place(chart.reference + row.smallest)
    line, ends = None, ""
    if row.low is not None and row.high is not None:
        line = place(row.low), place(row.high)
        ends = fill("brief_head", "ends", low=said(row.low, False), high=said(row.high, False))
    return Mark(
        label=row.label,
        group=row.group,
        name=f"{row.group}: {row.label}" if several else row.label,
        value="" if row.value is None else said(row.value, chart.reference is not None),
        ends=ends,
        count=fill("brief_sheet", "count", count=row.detail) if row.detail else "",
        at=None if row.value is None else place(row.value),
        line=line,
        band=band,
        main=row.main,
    )


def _saying(chart: Chart) -> Callable[[float, bool], str]:
    """How a value of the chart reads, with its sign or without: a difference of shares is told in
    percentage points, a share as it is."""
    if chart.share and chart.reference is None:
        return lambda value, signed: percent(value)
    ends = [end for row in chart.rows for end in (row.value, row.low, row.high)]
    by, places = (100.0, 0) if chart.share else (1.0, min(chart.decimals, decimals_for(ends)))
    return lambda value, signed: number(by * value, decimals=places, signed=signed)


def _ticks(chart: Chart, place: Callable[[float], float]) -> tuple[tuple[float, str], ...]:
    """Places and numbers along the axis; where all would be too many, every so many from zero."""
    count = round((chart.high - chart.low) / chart.step)
    values = [chart.low + k * chart.step for k in range(count + 1)]
    nearest = min(range(count + 1), key=lambda k: abs(values[k] - (chart.reference or 0.0)))
    skip = -(-len(values) // TICKS)
    kept = [value for k, value in enumerate(values) if (k - nearest) % skip == 0]
    if chart.share and chart.reference is None:
        return tuple((place(value), percent(value)) for value in kept)
    by = 100.0 if chart.share else 1.0
    places = len(f"{by * chart.step:.4g}".partition(".")[2])
    return tuple((place(value), number(by * value, decimals=places)) for value in kept)
