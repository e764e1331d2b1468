"""An interval chart as PowerPoint's own: points, error bars, zero line and band, all editable.

A chart of lying bars whose values stand in the embedded workbook. No bar is painted but the band
of what is too small to matter; intervals are error bars with custom values, points are the round
ends of error bars without length, and the axis of rows is the line that values are read against.
(Scatter charts, the other way to draw this, lose their error bars in LibreOffice.) Elements come in
the order of the schema (ECMA-376, dml-chart.xsd, CT_BarSer): ``errBars`` behind ``dLbls`` and
before ``cat``.
"""

from __future__ import annotations

import datetime as dt
import io
import math
from xml.sax.saxutils import escape

import xlsxwriter
from pptx.oxml.ns import nsdecls

from rmresearch.report.figures.style import text_width
from rmresearch.report.leadership.content import Chart
from rmresearch.report.leadership.deck.markup import LANGUAGE, line, solid
from rmresearch.report.leadership.deck.measure import clean
from rmresearch.report.leadership.deck.planned import Look, Picture
from rmresearch.report.words.phrases import catalogue

__all__ = ["QUOTE", "SHEET", "TOLD", "chart_xml", "ends_width", "names", "sided", "workbook"]


DAY = dt.datetime(2000, 1, 1)  # fixed, so that the same story is the same bytes
SHEET = "Chart"
#: the embedded sheet's columns, by what they hold
COLUMNS = ("name", "value", "low", "high", "below", "above", "smallest", "minus")
#: an axis's step is the chart's own times one of these, and times powers of ten
TIMES = (1, 2, 4, 5)
#: rows up to which the ends of intervals have their numbers too
TOLD = 6
#: how much of a band's colour covers what is behind it, in thousandths of a percent
VEIL = 15_000
#: a common font's width as a share of that which text is measured in, and a number's space beside
DRAWN, BESIDE = 0.88, 4.0
#: what stands for a quotation mark inside one of XML's values
QUOTE = {'"': "&quot;"}
Value = float | None


def workbook(picture: Picture) -> bytes:
    """The sheet behind a chart: one row a drawn row, typed numbers, texts that are no formulas."""
    words = catalogue()["deck_sheet"]
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"created": DAY})
    sheet = book.add_worksheet(SHEET)
    bold = book.add_format({"bold": True})
    for place, name in enumerate(COLUMNS):
        sheet.write_string(0, place, words[name], bold)
    for place, name in enumerate(names(picture), 1):
        sheet.write_string(place, 0, name)
    columns = _columns(picture)
    for column, name in enumerate(COLUMNS[1:], 1):
        for place, value in enumerate(columns[name], 1):
            if value is not None:
                sheet.write_number(place, column, value)
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, len(COLUMNS) - 1, 16)
    sheet.freeze_panes(1, 1)
    book.close()
    return held.getvalue()


def names(picture: Picture) -> list[str]:
    """What the rows are called, from above; a heading is a row of its own."""
    rows = picture.chart.rows
    following = zip(picture.slots, (*picture.slots[1:], None), strict=True)
    return [
        clean(_heading(picture, then) if place is None else rows[place].label)
        for place, then in following
    ]


def _heading(picture: Picture, then: int | None) -> str:
    """What stands over the row that follows; a tile's chart has room but no text for that."""
    return "" if picture.small else picture.chart.rows[then or 0].group


def _columns(picture: Picture) -> dict[str, list[Value]]:
    """The numbers of the chart by column; a heading has none."""
    chart = picture.chart
    found: dict[str, list[Value]] = {name: [] for name in COLUMNS[1:]}
    for place in picture.slots:
        row = None if place is None else chart.rows[place]
        banded = row is not None and row.smallest is not None and chart.reference is not None
        value, low, high = (row.value, row.low, row.high) if row else (None, None, None)
        small = row.smallest if row and banded else None
        found["value"].append(value)
        found["low"].append(low)
        found["high"].append(high)
        found["below"].append(_apart(value, low))
        found["above"].append(_apart(high, value))
        found["smallest"].append(small)
        found["minus"].append(None if small is None else -small)
    return found


def _apart(more: Value, less: Value) -> Value:
    return None if more is None or less is None else round(more - less, 9)


def chart_xml(picture: Picture, look: Look) -> bytes:
    """The chart's part of the file."""
    chart, columns = picture.chart, _columns(picture)
    text = 10.0 if picture.small else 11.0
    told = picture.small and len(chart.rows) > 1  # beside their names
    made: list[str] = []
    for name in ("smallest", "minus"):
        if any(value is not None for value in columns[name]):
            made.append(_series(len(made), picture, name, columns[name], fill=look.muted))
    bars = _bars(columns, look.accent, 2.0)
    made.append(_series(len(made), picture, "value", columns["value"], bars=bars))
    labels = "" if told else _labels(picture, columns, "value", text + 1, look.ink)
    made.append(_series(len(made), picture, "value", columns["value"], labels, _dot(picture, look)))
    if len(chart.rows) <= TOLD and not picture.small:
        for name in ("low", "high"):
            if any(value is not None for value in columns[name]):
                labels = _labels(picture, columns, name, text, look.muted)
                made.append(_series(len(made), picture, name, columns[name], labels))
    form = _form(chart, signed=False)
    made_of = (
        f'<c:chartSpace {nsdecls("c", "a", "r")}><c:date1904 val="0"/><c:roundedCorners val="0"/>'
        f'<c:chart><c:autoTitleDeleted val="1"/><c:plotArea>{_layout(picture)}<c:barChart>'
        f'<c:barDir val="bar"/><c:grouping val="clustered"/><c:varyColors val="0"/>{"".join(made)}'
        '<c:gapWidth val="0"/><c:overlap val="100"/><c:axId val="1"/><c:axId val="2"/>'
        f"</c:barChart>{_down(picture, look)}{_across(picture, look, form, text)}</c:plotArea>"
        '<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart>'
        "<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>"
        f'<c:txPr><a:bodyPr/><a:p><a:pPr><a:defRPr sz="{round(100 * text)}"/></a:pPr>'
        f'<a:endParaRPr lang="{LANGUAGE}"/></a:p></c:txPr></c:chartSpace>'
    )
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{made_of}'.encode()


def _form(chart: Chart, *, signed: bool = True) -> str:
    """The number format: with a sign where values are differences, a share in percent.

    Numbers of the axis have no plus (not ``signed``): a zero that programs miss by a little in
    adding up steps would have one.
    """
    digits = "0%" if chart.share else f"0.{'0' * chart.decimals}" if chart.decimals else "0"
    if chart.reference is None:
        return digits
    return f'{"+" if signed else ""}{digits};"−"{digits};{digits}'


def _series(
    place: int,
    picture: Picture,
    name: str,
    values: list[Value],
    labels: str = "",
    bars: str = "",
    fill: str = "",
) -> str:
    letter, rows = _letter(name), names(picture)
    painted = _veil(fill) if fill else "<a:noFill/>"
    told = "".join(
        f'<c:pt idx="{at}"><c:v>{escape(text)}</c:v></c:pt>' for at, text in enumerate(rows)
    )
    return (
        f'<c:ser><c:idx val="{place}"/><c:order val="{place}"/><c:tx><c:strRef>'
        f'<c:f>{SHEET}!${letter}$1</c:f><c:strCache><c:ptCount val="1"/><c:pt idx="0">'
        f"<c:v>{escape(catalogue()['deck_sheet'][name])}</c:v></c:pt></c:strCache></c:strRef></c:tx>"
        f'<c:spPr>{painted}<a:ln><a:noFill/></a:ln></c:spPr><c:invertIfNegative val="0"/>'
        f"{labels}{bars}<c:cat><c:strRef><c:f>{SHEET}!$A$2:$A${len(rows) + 1}</c:f><c:strCache>"
        f'<c:ptCount val="{len(rows)}"/>{told}</c:strCache></c:strRef></c:cat>'
        f"<c:val>{_numbers(values, name)}</c:val></c:ser>"
    )


def _letter(name: str) -> str:
    return chr(ord("A") + COLUMNS.index(name))


def _numbers(values: list[Value], name: str) -> str:
    letter = _letter(name)
    points = "".join(
        f'<c:pt idx="{place}"><c:v>{value!r}</c:v></c:pt>'
        for place, value in enumerate(values)
        if value is not None
    )
    return (
        f"<c:numRef><c:f>{SHEET}!${letter}$2:${letter}${len(values) + 1}</c:f><c:numCache>"
        f'<c:formatCode>General</c:formatCode><c:ptCount val="{len(values)}"/>{points}'
        "</c:numCache></c:numRef>"
    )


def _bars(columns: dict[str, list[Value]], colour: str, thick: float) -> str:
    """Intervals: their lengths on either side stand in the sheet."""
    if all(value is None for value in (*columns["above"], *columns["below"])):
        return ""
    return (
        '<c:errBars><c:errBarType val="both"/><c:errValType val="cust"/><c:noEndCap val="0"/>'
        f"<c:plus>{_numbers(columns['above'], 'above')}</c:plus>"
        f"<c:minus>{_numbers(columns['below'], 'below')}</c:minus>"
        f"<c:spPr>{line(colour, thick)}</c:spPr></c:errBars>"
    )


def _dot(picture: Picture, look: Look) -> str:
    """A point: the round ends of a line with next to no length."""
    chart = picture.chart
    length = 1e-4 * (chart.high - chart.low)
    round_end = line(look.accent, 8.0 if picture.small else 9.0, cap="rnd")
    return (
        '<c:errBars><c:errBarType val="both"/><c:errValType val="fixedVal"/>'
        f'<c:noEndCap val="1"/><c:val val="{length:.9f}"/>'
        f"<c:spPr>{round_end}</c:spPr></c:errBars>"
    )


def _veil(colour: str) -> str:
    """A colour that lets the lines behind it through."""
    inside = f'<a:alpha val="{VEIL}"/>'
    return f'<a:solidFill><a:srgbClr val="{colour[1:].upper()}">{inside}</a:srgbClr></a:solidFill>'


def _labels(
    picture: Picture, columns: dict[str, list[Value]], name: str, size: float, colour: str
) -> str:
    """Numbers beside the points: the estimate above, the ends outside the interval.

    Programs put them at the outer end of a bar, right of what is above the line and left of what
    is below; where they should stand is told as a shift from there.
    """
    chart, form = picture.chart, escape(_form(picture.chart), QUOTE)
    look = f"<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>{_letters(size, colour, name)}"
    shows = (
        '<c:dLblPos val="outEnd"/><c:showLegendKey val="0"/><c:showVal val="1"/>'
        '<c:showCatName val="0"/><c:showSerName val="0"/><c:showPercent val="0"/>'
        '<c:showBubbleSize val="0"/>'
    )
    none = '<c:showLeaderLines val="0"/>'
    style = f'<c:numFmt formatCode="{form}" sourceLinked="0"/>{look}{shows}'
    each = []
    for place, value in enumerate(columns[name]):
        if value is None:
            continue
        right, down = _shift(chart, value, name, size)
        if name == "value" and len(chart.rows) > TOLD:
            right, down = _behind(picture, value, columns["high"][place], size), 0.0
        across, along = right / picture.box.width, down / picture.box.height
        each.append(
            f'<c:dLbl><c:idx val="{place}"/><c:layout><c:manualLayout><c:x val="{across:.6f}"/>'
            f'<c:y val="{along:.6f}"/></c:manualLayout></c:layout>{style}</c:dLbl>'
        )
    return f"<c:dLbls>{''.join(each)}{style}{none}</c:dLbls>"


def _read(chart: Chart, value: float) -> str:
    """A number about as it is drawn."""
    told = f"{100 * value:.0f}%" if chart.share else f"{value:.{chart.decimals}f}"
    return told if chart.reference is None or value < 0 else f"+{told}"


def ends_width(chart: Chart, size: float) -> float:
    """How wide the widest number of a chart's axis is."""
    return max(text_width(_read(chart, end), size) for end in (chart.low, chart.high))


def _shift(chart: Chart, value: float, name: str, size: float) -> tuple[float, float]:
    """How far a number stands from the outer end of its bar, in points."""
    wide = text_width(_read(chart, value), size, name == "value") * DRAWN
    outwards = 1.0 if value >= (chart.reference or 0.0) else -1.0
    if name == "value":
        return -outwards * (wide / 2 + BESIDE), -1.25 * size
    wanted = -1.0 if name == "low" else 1.0
    return (0.0, 0.0) if wanted == outwards else (wanted * (wide + 2 * BESIDE), 0.0)


def _behind(picture: Picture, value: float, high: Value, size: float) -> float:
    """How far an estimate's number stands from the outer end of its bar where rows are close: right
    of its interval, as above its point it would stand on the row before.
    """
    chart = picture.chart
    along = picture.plot.width / (chart.high - chart.low)
    end = BESIDE + (0.0 if high is None else (high - value) * along)
    over = value < (chart.reference or 0.0)
    return end + over * (text_width(_read(chart, value), size, True) * DRAWN + 2 * BESIDE)


def _letters(size: float, colour: str, name: str = "") -> str:
    bold = name == "value"
    return (
        f'<c:txPr><a:bodyPr rot="0" wrap="none"/><a:p><a:pPr>'
        f'<a:defRPr sz="{round(100 * size)}" b="{int(bold)}">'
        f"{solid(colour)}</a:defRPr></a:pPr>"
        f'<a:endParaRPr lang="{LANGUAGE}"/></a:p></c:txPr>'
    )


def _layout(picture: Picture) -> str:
    """The inner plot at a place of its own, so that the names beside it meet their rows."""
    box, plot = picture.box, picture.plot
    parts = (
        ("x", (plot.left - box.left) / box.width), ("y", (plot.top - box.top) / box.height),
        ("w", plot.width / box.width), ("h", plot.height / box.height),
    )  # fmt: skip
    told = "".join(f'<c:{name} val="{share:.6f}"/>' for name, share in parts)
    return (
        '<c:layout><c:manualLayout><c:layoutTarget val="inner"/><c:xMode val="edge"/>'
        f'<c:yMode val="edge"/>{told}</c:manualLayout></c:layout>'
    )


def _across(picture: Picture, look: Look, form: str, text: float) -> str:
    """The axis of values under the rows, with its unit and what lies on either side of the line."""
    low, high, step = _axis(picture)
    return (
        '<c:valAx><c:axId val="2"/><c:scaling><c:orientation val="minMax"/>'
        f'<c:max val="{high!r}"/><c:min val="{low!r}"/></c:scaling>'
        '<c:delete val="0"/><c:axPos val="b"/>'
        f"<c:majorGridlines><c:spPr>{line(look.grid, 0.75)}</c:spPr></c:majorGridlines>"
        f"{'' if picture.small else _unit(picture, look, text)}"
        f'<c:numFmt formatCode="{escape(form, QUOTE)}" sourceLinked="0"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>'
        f"<c:spPr>{line(look.grid, 0.75)}</c:spPr>{_letters(text, look.muted)}"
        '<c:crossAx val="1"/><c:crosses val="max"/><c:crossBetween val="between"/>'
        f'<c:majorUnit val="{step!r}"/></c:valAx>'
    )


def _axis(picture: Picture) -> tuple[float, float, float]:
    """Ends and step of the axis: as many numbers as stand apart, eleven at most, zero among them.

    A wider step than the chart's own moves the ends outwards to the next of its numbers.
    """
    chart = picture.chart
    size = 10.0 if picture.small else 11.0
    room = min(10.0, max(2.0, picture.plot.width / (ends_width(chart, size) + size / 2)))
    for scale in range(9):
        for times in TIMES:
            step = chart.step * times * 10**scale
            if chart.reference is None:
                low, high = chart.low, chart.high
                whole = round((high - low) / step, 6) % 1 == 0
            else:
                low = step * math.floor(round(chart.low / step, 6))
                high = step * math.ceil(round(chart.high / step, 6))
                whole = True
            if whole and (high - low) / step <= room + 1e-6:
                return round(low, 9), round(high, 9), round(step, 9)
    return chart.low, chart.high, chart.high - chart.low


def sided(chart: Chart) -> str:
    """The axis's unit between what lies on either side of the line."""
    left, right = chart.sides
    parts = (f"← {left}" if left else "", chart.unit, f"{right} →" if right else "")
    return (4 * "\u00a0").join(part for part in parts if part)


def _unit(picture: Picture, look: Look, text: float) -> str:
    """The unit under the axis, with its sides where they have room."""
    said = sided(picture.chart) if picture.sided else picture.chart.unit
    return (
        "<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr><a:defRPr/></a:pPr><a:r>"
        f'<a:rPr lang="{LANGUAGE}" sz="{round(100 * text)}" b="0">{solid(look.muted)}</a:rPr>'
        f"<a:t>{escape(clean(said))}</a:t></a:r></a:p></c:rich></c:tx>"
        '<c:overlay val="0"/></c:title>'
    )


def _down(picture: Picture, look: Look) -> str:
    """The axis of rows, the first above: no more than the line at the reference."""
    at = picture.chart.reference
    shown = look.grid if at is None else look.ink
    place = _axis(picture)[0] if at is None else at
    return (
        '<c:catAx><c:axId val="1"/><c:scaling><c:orientation val="maxMin"/></c:scaling>'
        '<c:delete val="0"/><c:axPos val="l"/><c:numFmt formatCode="General" sourceLinked="0"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="none"/>'
        f"<c:spPr>{line(shown, 1.25)}</c:spPr>"
        f'<c:crossAx val="2"/><c:crossesAt val="{place!r}"/><c:auto val="0"/>'
        '<c:lblAlgn val="ctr"/><c:lblOffset val="100"/><c:noMultiLvlLbl val="1"/></c:catAx>'
    )
