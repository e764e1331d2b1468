"""Typed sheets as the bytes of an XLSX file: the same sheets are the same bytes."""

from __future__ import annotations

import datetime as dt
import io
import textwrap
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import xlsxwriter

from rmresearch.privacy import Release
from rmresearch.report.figures.palette import Palette, palette
from rmresearch.report.figures.style import BAND, MUTED
from rmresearch.report.words.phrases import catalogue, fill, kept_back
from rmresearch.report.workbook.cells import Cell, Column, Sheet, text
from rmresearch.report.workbook.charts import BELOW, Plot
from rmresearch.report.workbook.drawing import PLACES, draw, height
from rmresearch.study import Design

__all__ = ["sheet_names", "written"]

DAY = dt.datetime(2000, 1, 1)  # fixed, so that the same release is the same bytes
#: a cell that begins so would be taken for a formula if it were typed again
FORMULA = ("=", "+", "-", "@", "\t", "\r")
FORBIDDEN = str.maketrans("[]:*?/\\", "       ")
LONGEST_NAME = 31
NARROWEST, ACROSS = 9, 110  # characters
LINE, ROW = 15, 18  # points: a line of text, and a row of one line
FILTERED = 12  # rows from which on a table has a filter
BETWEEN_CHARTS, A_PAGE = 18, 42  # rows from one chart to the next, and to a printed page
SCALE = 52  # percent, at which charts and their rows are as wide as a page


def written(
    released: Release, design: Design, plots: Sequence[Plot], sheets: Sequence[Sheet]
) -> bytes:
    """A first sheet that explains and lists the others, the charts, then each table."""
    held, words = io.BytesIO(), catalogue()
    book = xlsxwriter.Workbook(held, {"in_memory": True})
    mark = words["workbook"]["mark"]
    title = str(text(released.title).value)
    book.set_properties({"title": title, "subject": mark, "created": DAY})
    first, charts = words["workbook_sheet"]["readme"], words["workbook_sheet"]["charts"]
    names = sheet_names([first, charts, *(sheet.name for sheet in sheets)])
    pages = {name: _page(book, name, mark) for name in names}
    paint = _Paint(book, palette(design.brand))
    titles = [words["workbook_title"]["charts"], *(sheet.title for sheet in sheets)]
    _explain(pages[first], released, design, list(zip(names[1:], titles, strict=True)), paint)
    _charts(book, pages[charts], charts, plots, paint)
    for name, sheet in zip(names[2:], sheets, strict=True):
        _table(pages[name], sheet, first, paint)
    book.close()
    return held.getvalue()


def sheet_names(wanted: Iterable[str]) -> list[str]:
    """Names that a workbook may have: 31 characters at most, no sign of a path, each once.

    >>> sheet_names(["Who [left]?", "Costs", "costs"])
    ['Who left', 'Costs', 'costs 2']
    """
    found: list[str] = []
    for name in wanted:
        plain = " ".join(name.translate(FORBIDDEN).split()).strip("'")[:LONGEST_NAME].strip()
        plain = plain or catalogue()["workbook"]["sheet"]
        again, made = 1, plain
        while made.casefold() in {*map(str.casefold, found), "history"}:
            again += 1
            made = f"{plain[: LONGEST_NAME - len(str(again)) - 1]} {again}"
        found.append(made)
    return found


class _Paint:
    """The formats of a book, each made once."""

    def __init__(self, book: Any, colours: Palette) -> None:
        self._book = book
        self.colours = colours
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._cells: dict[tuple[str, bool, bool, bool], Any] = {}

    def __call__(self, **properties: Any) -> Any:
        whole = {
            "font_name": "Calibri",
            "font_size": 11,
            "valign": "vcenter",
            "font_color": self.colours.ink,
        }
        key = tuple(sorted((whole | properties).items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(dict(key))
        return self._made[key]

    def words(self, said: str, **properties: Any) -> Any:
        """How a text looks; one that begins like a formula is marked as text for whoever edits."""
        quoted = {"quote_prefix": True} if said.startswith(FORMULA) else {}
        return self(**properties, **quoted)

    def link(self) -> Any:
        """How a link to another sheet looks."""
        return self(font_color=self.colours.accent, underline=1)

    def cell(self, cell: Cell, *, numeric: bool) -> Any:
        """How a cell looks: numbers and what stands for one to the right, names to the left."""
        words = isinstance(cell.value, str)
        key = (cell.form, numeric, words, words and str(cell.value).startswith(FORMULA))
        if key not in self._cells:
            self._cells[key] = self._cell(cell, numeric=numeric)
        return self._cells[key]

    def _cell(self, cell: Cell, *, numeric: bool) -> Any:
        side: dict[str, Any] = {"align": "right" if numeric else "left", "indent": 1}
        if not numeric:
            side["text_wrap"] = True
        if not isinstance(cell.value, str):
            return self(**side, num_format=cell.form)
        grey = {"font_color": MUTED, "italic": True} if cell.form == "hidden" else {}
        return self.words(cell.value, **side, **grey)

    def head(self, column: Column) -> Any:
        """How a column's head looks."""
        side: dict[str, Any] = {"align": "right" if column.numeric else "left", "indent": 1}
        lines = {
            "bg_color": BAND,
            "bottom": 1,
            "bottom_color": self.colours.accent,
            "valign": "bottom",
        }
        side |= {"bold": True, "text_wrap": True}
        return self.words(column.head, **side, **lines)


def _page(book: Any, name: str, mark: str) -> Any:
    sheet = book.add_worksheet(name)
    sheet.set_default_row(ROW)
    sheet.hide_gridlines(2)
    sheet.set_paper(9)  # A4
    sheet.set_landscape()
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    told = fill("workbook", "page", page="&P", pages="&N")
    sheet.set_footer(f"&L{mark}&C&A&R{told}")
    return sheet


def _explain(
    sheet: Any,
    released: Release,
    design: Design,
    listed: Sequence[tuple[str, str]],
    paint: _Paint,
) -> None:
    """The first sheet: what this is, how to read it, and the other sheets."""
    words = catalogue()["workbook"]
    sheet.set_portrait()
    sheet.fit_to_pages(1, 1)
    sheet.set_row(0, 24)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 86)
    title = str(text(released.title).value)
    sheet.write_string(0, 0, title, paint.words(title, bold=True, font_size=16))
    who = dict.fromkeys((design.brand.name, design.organisation))
    under = words["stop"].join(part for part in (words["mark"], *who) if part)
    sheet.write_string(1, 0, str(text(under).value), paint(font_color=MUTED))
    paragraphs = [("", words["synthetic"])] if design.synthetic else []
    paragraphs += [("", words["what"]), ("", words["who"])]
    told = ("interval", "sure", "hidden", "rounding", "nothing", "tests")
    paragraphs += [(words[f"{key}_title"], words[key]) for key in told]
    if released.hidden:
        paragraphs.append((words["count_title"], "\n".join(map(kept_back, released.hidden))))
    row = 3
    for about, said in paragraphs:
        sheet.write_string(row, 0, about, paint(bold=True, text_wrap=True, valign="top"))
        sheet.write_string(row, 1, said, paint(text_wrap=True, valign="top"))
        sheet.set_row(row, (sum(_lines(part, 94) for part in said.split("\n")) + 0.4) * LINE)
        row += 1
    row += 1
    sheet.write_string(row, 0, words["contents"], paint.head(Column("")))
    sheet.write_blank(row, 1, None, paint.head(Column("")))
    link = paint.link()
    for name, over in listed:
        row += 1
        sheet.write_url(row, 0, _place(name), link, name)
        sheet.write_string(row, 1, "" if over == name else over, paint.words(over))


def _place(name: str) -> str:
    return "internal:'{}'!A1".format(name.replace("'", "''"))


def _table(sheet: Any, table: Sheet, first: str, paint: _Paint) -> None:
    """Title, note, and the table under heads that stay in sight, on screen and on paper."""
    sheet.fit_to_pages(1, 0)
    widths = _widths(table)
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    top = _title(sheet, table, widths, first, paint)
    _heads(sheet, top, table.columns, widths, paint)
    for place, row in enumerate(table.rows):
        _row(sheet, top + 1 + place, row, table.columns, widths, paint)
    sheet.freeze_panes(top + 1, 1)
    sheet.repeat_rows(top)
    if len(table.rows) >= FILTERED:
        sheet.autofilter(top, 0, top + len(table.rows), len(table.columns) - 1)


def _title(sheet: Any, table: Sheet, widths: Sequence[float], first: str, paint: _Paint) -> int:
    """What stands above a table; returns the row of its heads."""
    sheet.write_string(0, 0, table.title, paint.words(table.title, bold=True, font_size=14))
    sheet.set_row(0, 21)
    row = 1
    if table.note:
        across, last = widths[0], 0
        while last + 1 < len(widths) and across + widths[last + 1] <= ACROSS:
            last += 1
            across += widths[last]
        form = paint.words(table.note, text_wrap=True, font_color=MUTED)
        if last:
            sheet.merge_range(row, 0, row, last, "", form)
        sheet.write_string(row, 0, table.note, form)
        sheet.set_row(row, _lines(table.note, across) * LINE)
        row += 1
    sheet.write_url(row, 0, _place(first), paint.link(), first)
    return row + 1


def _widths(table: Sheet) -> list[float]:
    widths = []
    for place, column in enumerate(table.columns):
        shown = max((len(row[place].shown()) for row in table.rows), default=0)
        words = max((len(word) for word in column.head.split()), default=0)
        # a head may take three lines, and the filter's arrow stands beside its last
        head = max(words + 3, len(column.head) // 3 + 4)
        widths.append(float(min(max(NARROWEST, head, shown + 3), column.widest)))
    return widths


def _heads(
    sheet: Any,
    row: int,
    columns: Sequence[Column],
    widths: Sequence[float],
    paint: _Paint,
    places: Sequence[int] = range(100),
) -> None:
    lines = 1
    for place, column, width in zip(places, columns, widths, strict=False):
        sheet.write_string(row, place, column.head, paint.head(column))
        lines = max(lines, _lines(column.head, width - 4))
    sheet.set_row(row, (lines + 0.4) * LINE)


def _row(
    sheet: Any,
    row: int,
    cells: Sequence[Cell],
    columns: Sequence[Column],
    widths: Sequence[float],
    paint: _Paint,
    places: Sequence[int] = range(100),
) -> None:
    lines = 1
    for place, cell, column, width in zip(places, cells, columns, widths, strict=False):
        form = paint.cell(cell, numeric=column.numeric)
        if isinstance(cell.value, str):
            sheet.write_string(row, place, cell.value, form)
            if len(cell.value) > width - 2 and not column.numeric:
                lines = max(lines, _lines(cell.value, width))
        else:
            sheet.write_number(row, place, cell.value, form)
    if lines > 1:
        sheet.set_row(row, lines * LINE + ROW - LINE)


@cache
def _lines(words: str, width: float) -> int:
    """How many lines a text takes when wrapped: not every program fits rows to their text."""
    return max(1, len(textwrap.wrap(words, max(int(width), 1))))


def _charts(book: Any, sheet: Any, name: str, plots: Sequence[Plot], paint: _Paint) -> None:
    """Each chart beside the rows that it is drawn from."""
    words = catalogue()
    sheet.set_print_scale(SCALE)
    title = words["workbook_title"]["charts"]
    sheet.write_string(0, 0, title, paint(bold=True, font_size=14))
    sheet.set_row(0, 21)
    first = words["workbook_sheet"]["readme"]
    sheet.write_url(1, 0, _place(first), paint.link(), first)
    if not plots:
        sheet.write_string(3, 0, words["workbook_chart"]["nothing"], paint())
        return
    widths = [25.0, 17.0, 18.0, 25.0, *([11.0] * 7)]
    for place, width in zip(PLACES, widths, strict=True):
        sheet.set_column(place, place, width)
    row, breaks, used = 3, [], 0
    for plot in plots:
        tall = max(BETWEEN_CHARTS, len(plot.rows) + 4, height(plot) // 24 + 4)
        if used and used + tall > A_PAGE:
            breaks.append(row)
            used = 0
        sheet.write_string(row, 0, plot.title, paint.words(plot.title, bold=True, font_size=12))
        _heads(sheet, row + 1, plot.columns, widths, paint, PLACES)
        for place, cells in enumerate(plot.rows):
            _row(sheet, row + 2 + place, cells, plot.columns, widths, paint, PLACES)
        draw(book, sheet, name, plot, row + 2, paint.colours)
        row, used = row + tall, used + tall
    sheet.set_h_pagebreaks(breaks)
    sheet.print_area(0, 0, row, PLACES[BELOW] - 1)
