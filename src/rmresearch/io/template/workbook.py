"""The workbook that people fill in: lists, limits, examples, locked headings, and what to read."""

from __future__ import annotations

import datetime as dt
import io
import math
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from rmresearch.io.mapping.opening import EXAMPLES
from rmresearch.io.schema import StudyFile
from rmresearch.io.template.limits import DEPARTMENTS, IDS, ROWS, fits, rule
from rmresearch.io.template.looks import formats
from rmresearch.io.template.sheets import Column, Sheet, sheets
from rmresearch.io.template.wording import listed, wordings
from rmresearch.io.template.words import catalogue

__all__ = ["workbook"]

DAY = dt.datetime(2000, 1, 1)  # fixed, so that the same study.toml is the same bytes
READ_ME, QUESTIONS, LISTS = "Read me", "Questions", "Lists"
#: what may be done on a sheet whose headings are locked
ALLOWED = dict.fromkeys(
    ("format_cells", "format_columns", "format_rows", "insert_rows", "delete_rows", "sort"), True
)
LAST_COLUMN = 16_383
#: Excel's limits for what a chosen cell says: its title, its text
TITLE, MESSAGE = 32, 255
#: widths in characters: the columns of "Read me" and of "Questions"
FRONT, ASKED = (24, 70, 28), (26, 66, 22, 24, 54)
LINE = 16  # points
WIDEST = 12  # columns on a printed page


def workbook(file: StudyFile) -> bytes:
    """The workbook of a study as the bytes of an XLSX file; the same study is the same bytes.

    ``StudyError`` where study.toml has no sheet to make, see `sheets`.
    """
    held = io.BytesIO()
    book = xlsxwriter.Workbook(
        held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"title": file.study.title, "created": DAY})
    _Book(book, file).write()
    book.close()
    return held.getvalue()


class _Book:
    """One workbook while it is written."""

    def __init__(self, book: Any, file: StudyFile) -> None:
        self.book, self.file = book, file
        self.formats = formats(book)
        self.texts = catalogue("texts")
        self.sheets = sheets(file, wordings(file))
        self.lists: dict[tuple[str, ...], str] = {}
        self.departments = [column.header for sheet in self.sheets for column in sheet.columns
                            if column.kind == "department"]  # fmt: skip

    def write(self) -> None:
        """Every sheet, in the order in which they are read and filled in."""
        front, asked = self._page(READ_ME), self._page(QUESTIONS)
        pages = [self._page(sheet.name) for sheet in self.sheets]
        known = self._page(DEPARTMENTS) if self.departments else None
        hidden = self._page(LISTS)
        self._front(front)
        self._questions(asked)
        for page, sheet in zip(pages, self.sheets, strict=True):
            self._table(page, sheet)
        if known is not None:
            self._table(known, self._departments())
        for place, options in enumerate(self.lists):
            hidden.write_column(0, place, options)
        hidden.protect()
        hidden.hide()

    def _page(self, name: str) -> Any:
        page = self.book.add_worksheet(name)
        page.set_paper(9)
        page.set_landscape()
        page.set_footer("&L&A&RPage &P of &N")
        return page

    def _front(self, page: Any) -> None:
        said, line = self.texts["readme"], 2
        page.hide_gridlines(2)
        page.fit_to_pages(1, 0)
        for place, width in enumerate(FRONT):
            page.set_column(place, place, width)
        page.write_string(0, 0, said["title"], self.formats["title"])
        page.set_row(0, 30)
        words = {"title": self.file.study.title, "name": self.file.study.name}
        for topic, told in said["lines"]:
            text = told.format(**words)
            page.write_string(line, 0, topic, self.formats["topic"])
            page.merge_range(line, 1, line, 2, text, self.formats["line"])
            page.set_row(line, LINE * _lines(text, 124) + 6)
            line += 1
        for place, head in enumerate(said["sheets"]):
            page.write_string(line + 1, place, head, self.formats["optional"])
        page.set_row(line + 1, 22)
        entries = [(s.name, self.texts["sheets"][s.table], self.texts["needed"][s.table])
                   for s in self.sheets]  # fmt: skip
        if self.departments:
            entries.append((DEPARTMENTS, self.texts["sheets"]["departments"], ""))
        entries.append((QUESTIONS, self.texts["sheets"]["questions"], ""))
        for at, (name, what, when) in enumerate(entries, line + 2):
            page.write_url(at, 0, f"internal:'{name}'!A1", self.formats["link"], name)
            page.write_string(at, 1, what, self.formats["asked"])
            page.write_string(at, 2, when, self.formats["asked"])
            page.set_row(at, 20)
        page.protect()

    def _questions(self, page: Any) -> None:
        for place, head in enumerate(self.texts["questions"]["heads"]):
            page.set_column(place, place, ASKED[place])
            page.write_string(0, place, head, self.formats["needed"])
        for line, row in enumerate(listed(self.file), 1):
            for place, text in enumerate(row):
                page.write_string(line, place, text, self.formats["asked"])
            lines = max(_lines(text, width) for text, width in zip(row, ASKED, strict=True))
            page.set_row(line, LINE * lines + 4)
        page.set_row(0, 22)
        page.hide_gridlines(2)
        page.fit_to_pages(1, 0)
        page.freeze_panes(1, 1)
        page.repeat_rows(0)

    def _departments(self) -> Sheet:
        """The list of departments, with those of the example rows."""
        rows = tuple({DEPARTMENTS: row[header]} for sheet in self.sheets for row in sheet.examples
                     for header in self.departments if header in row)  # fmt: skip
        says = self.texts["columns"]["departments"]["department"]
        return Sheet(DEPARTMENTS, "", (Column(DEPARTMENTS, "text", says, needed=True),), rows)

    def _table(self, page: Any, sheet: Sheet) -> None:
        # all cells but the first row's are open, so that whole rows can be deleted
        page.set_column(0, LAST_COLUMN, None, self.formats["open text"])
        page.set_row(0, 34, self.formats["rest"])
        for place, column in enumerate(sheet.columns):
            kind = column.kind if column.kind in {"date", "number"} else "text"
            page.set_column(place, place, _width(column), self.formats[f"open {kind}"])
            look = column.role or ("needed" if column.needed else "optional")
            page.write_string(0, place, column.header, self.formats[look])
            self._limit(page, place, column)
            for line, row in enumerate(sheet.examples, 1):
                form = self.formats[f"example {kind}"]
                if column.header in row:
                    page.write_string(line, place, row[column.header], form)
                else:
                    page.write_blank(line, place, None, form)
        page.freeze_panes(1, 1)
        page.repeat_rows(0)
        page.repeat_columns(0)
        page.fit_to_pages(math.ceil(len(sheet.columns) / WIDEST), 0)
        page.protect("", ALLOWED)

    def _limit(self, page: Any, place: int, column: Column) -> None:
        """What a column takes, what a chosen cell says, and a colour where an id does not fit."""
        there = self._list(column.options) if column.options else ""
        limits = rule(place, column, self.sheets, there)
        says = {"input_title": column.header[:TITLE], "input_message": _cut(column.says)}
        page.data_validation(1, place, ROWS, place, limits | says)
        if column.kind in IDS:  # what is pasted passes by the limits
            cell = f"${xl_col_to_name(place)}2"
            own = ",".join(f'{cell}<>"{text}"' for text in ("", *EXAMPLES[:3]))
            wrong = f"=AND({own},NOT({fits(place, column, self.sheets)}))"
            look = {"type": "formula", "criteria": wrong, "format": self.formats["wrong"]}
            page.conditional_format(1, place, ROWS, place, look)

    def _list(self, options: tuple[str, ...]) -> str:
        """Where a list stands on the hidden sheet: in a rule itself Excel takes 255 characters."""
        letter = xl_col_to_name(list(self.lists).index(options) if options in self.lists
                                else len(self.lists))  # fmt: skip
        return self.lists.setdefault(options, f"={LISTS}!${letter}$1:${letter}${len(options)}")


def _width(column: Column) -> int:
    """Wide enough for the heading and the longest entry of a list, within reason."""
    longest = max(map(len, (column.header, *column.options)))
    return min(max(longest + 2, 14 if column.role else 16), 22)


def _lines(text: str, width: int) -> int:
    """How many lines a wrapped text takes: not every program fits rows to their text."""
    return max(1, math.ceil(len(text) / width))


def _cut(text: str) -> str:
    return text if len(text) <= MESSAGE else f"{text[: MESSAGE - 3]}..."
