"""Native charts with error bars, drawn from cells of the workbook."""

from __future__ import annotations

from typing import Any

from xlsxwriter.utility import quote_sheetname, xl_range_abs

from rmresearch.report.figures.palette import Palette
from rmresearch.report.figures.style import AXIS, COMPARISON, GRID, MUTED
from rmresearch.report.words.phrases import catalogue
from rmresearch.report.workbook.charts import ABOVE, ASIDE, BAND, BELOW, NAME, VALUE, Plot, Series

__all__ = ["BESIDE", "PLACES", "draw", "height"]

WIDTH = 600
SMALLEST, EACH = 340, 26  # pixels
#: where the points of means stand, so that legend and axis leave them room (shares of the chart)
PLOT = {"x": 0.09, "y": 0.14, "width": 0.87, "height": 0.56}
#: the column that a chart begins in; what only draws it stands beyond, and is not printed
BESIDE = 7
PLACES = (0, 1, 2, 3, 4, 5, 6, 18, 19, 20, 21)
LONGEST_ALT = 1_000
#: half a point's length as a share of its axis; how much of a band's colour lets through (percent)
POINT, VEIL = 0.008, 85
MARKERS = ("circle", "square", "diamond", "triangle")
DASHES = ("solid", "dash", "round_dot", "dash_dot")


def height(plot: Plot) -> int:
    """How many pixels tall a chart is: differences need a line each."""
    return max(SMALLEST, 130 + EACH * len(plot.rows)) if plot.kind == "differences" else SMALLEST


def draw(book: Any, sheet: Any, name: str, plot: Plot, top: int, palette: Palette) -> None:
    """A chart of the rows from ``top`` on of sheet ``name``, beside them."""
    kind = {"type": "bar"} if plot.kind == "differences" else {
        "type": "scatter", "subtype": "straight_with_markers"
    }  # fmt: skip
    chart = book.add_chart(kind)
    for place, series in enumerate(plot.series):
        if plot.kind == "differences":
            for under in _bands(plot, series, name, top):
                chart.add_series(under)
        chart.add_series(_series(plot, series, place, name, top, palette))
        if plot.kind == "differences":
            chart.add_series(_points(plot, series, name, top, palette))
    font = {"size": 10, "color": MUTED}
    title = {"name": plot.title, "overlay": False}
    chart.set_title({**title, "name_font": {"size": 12, "bold": True, "color": palette.ink}})
    values: dict[str, Any] = {
        "num_format": plot.form,
        "num_font": font,
        "name": plot.unit,
        "name_font": {"size": 10, "bold": False, "color": MUTED},
        "line": {"color": AXIS},
        "major_gridlines": {"visible": True, "line": {"color": GRID}},
        "label_position": "low",
    }
    bounds = {"min": plot.low, "max": plot.high, "major_unit": plot.step}
    values |= {key: at for key, at in bounds.items() if at is not None}
    if plot.kind == "differences":  # of a bar chart, the y axis is the one with the names
        chart.set_y_axis({"reverse": True, "label_position": "low", "num_font": font,
                          "line": {"color": palette.ink}, "major_tick_mark": "none",
                          "major_gridlines": {"visible": False}})  # fmt: skip
        chart.set_x_axis({**values, "label_position": "high"})
        chart.set_legend({"none": True})
    else:
        chart.set_y_axis(values)
        chart.set_x_axis({
            "name": catalogue()["workbook_chart"]["months"], "num_font": font, "num_format": "0",
            "name_font": values["name_font"], "line": {"color": AXIS}, "label_position": "low",
            "major_gridlines": {"visible": False},
        })  # fmt: skip
        chart.set_legend({"position": "bottom", "font": font})
        chart.set_plotarea({"layout": PLOT})
    chart.set_size({"width": WIDTH, "height": height(plot)})
    chart.set_chartarea({"border": {"color": GRID}})
    alt = {"description": plot.alt[:LONGEST_ALT], "object_position": 2}
    sheet.insert_chart(top - 1, BESIDE, chart, alt)


def _bands(plot: Plot, series: Series, name: str, top: int) -> list[dict[str, Any]]:
    """What is too small to matter, on either side of zero: the only bars that are painted."""
    rows = plot.rows[series.first : series.last + 1]
    if not any(isinstance(row[BAND[0]].value, (int, float)) for row in rows):
        return []
    first, last = top + series.first, top + series.last
    return [
        {
            "values": _cells(name, first, last, end),
            "categories": _cells(name, first, last, NAME),
            "fill": {"color": MUTED, "transparency": VEIL},
            "border": {"none": True},
            "gap": 0,
            "overlap": 100,
        }
        for end in BAND
    ]


def _points(plot: Plot, series: Series, name: str, top: int, palette: Palette) -> dict[str, Any]:
    """The estimates: short thick error bars around bars that are not painted."""
    first, last = top + series.first, top + series.last
    wide = (plot.high or 0.0) - (plot.low or 0.0)
    return {
        "values": _cells(name, first, last, VALUE),
        "categories": _cells(name, first, last, NAME),
        "fill": {"none": True},
        "border": {"none": True},
        "y_error_bars": {"type": "fixed", "value": POINT * wide, "end_style": 0,
                         "line": {"color": palette.accent, "width": 7}},
    }  # fmt: skip


def _series(
    plot: Plot, series: Series, place: int, name: str, top: int, palette: Palette
) -> dict[str, Any]:
    first, last = top + series.first, top + series.last
    made: dict[str, Any] = {"values": _cells(name, first, last, VALUE)}
    tone = COMPARISON if series.compared else palette.series[place % len(palette.series)]
    if plot.kind == "differences":
        made |= {
            "categories": _cells(name, first, last, NAME),
            "fill": {"none": True},
            "border": {"none": True},
        }
    else:
        look = place % len(MARKERS)
        made |= {
            "categories": _cells(name, first, last, ASIDE),
            "name": [name, first, NAME],
            "line": {"color": tone.colour, "width": 1.5,
                     "dash_type": "square_dot" if series.compared else DASHES[look]},
            "marker": {"type": MARKERS[look], "size": 7, "border": {"color": tone.colour},
                       "fill": {"color": tone.colour if tone.filled else "#ffffff"}},
        }  # fmt: skip
    if any(
        isinstance(row[BELOW].value, float) for row in plot.rows[series.first : series.last + 1]
    ):
        made["y_error_bars"] = {
            "type": "custom",
            "plus_values": _range(name, first, last, ABOVE),
            "minus_values": _range(name, first, last, BELOW),
            "line": {"color": palette.accent if plot.kind == "differences" else tone.colour,
                     "width": 1.75},
        }  # fmt: skip
    return made


def _cells(name: str, first: int, last: int, place: int) -> list[Any]:
    return [name, first, PLACES[place], last, PLACES[place]]


def _range(name: str, first: int, last: int, place: int) -> str:
    cells = xl_range_abs(first, PLACES[place], last, PLACES[place])
    return f"={quote_sheetname(name)}!{cells}"
