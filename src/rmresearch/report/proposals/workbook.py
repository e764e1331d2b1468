"""Pages as an XLSX file whose cells are never formulas, and which we know again as ours."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
import textwrap
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from rmresearch.errors import ReportError
from rmresearch.files import read_manifest
from rmresearch.report.proposals.pages import MARK, Page

__all__ = ["check_target", "is_ours", "workbook"]

DAY = dt.datetime(2000, 1, 1)  # fixed, so that the same proposals are the same bytes
STAMP = (1980, 1, 1, 0, 0, 0)
PROPERTY = "rmresearch proposals"
PROPERTIES = "docProps/custom.xml"
BLANK = "0" * 64
LARGEST = 500_000_000  # bytes unpacked; 100,000 pairs take less
NUMBERS = {"count": "#,##0", "points": "0.0", "share": "0%"}
#: a cell that begins so would be taken for a formula if it were typed again
FORMULA = ("=", "+", "-", "@", "\t", "\r")
WIDEST, NARROWEST, LONG = 34, 9, 62  # columns, in characters
LINE = 15  # points


def check_target(out: Path) -> None:
    """Refuse a place that is not for personal data, or a file that is not ours; changes nothing.

    ``out`` may be absent, or a workbook of proposals as we wrote it: it holds the hash of its own
    content, so that one which somebody has worked in is not ours any more.
    """
    if out.suffix.lower() != ".xlsx":
        raise ReportError(f"{out} does not end in .xlsx. Proposals are written as a workbook.")
    folder = out.resolve().parent
    if not folder.is_dir():
        raise ReportError(f"{folder} is no folder. Make it first, or name another place.")
    inside = [f for f in (folder, *folder.parents) if f.name.casefold() == "reports"]
    inside += [f for f in (folder, *folder.parents) if _is_report(f)]
    if inside or any(_is_report(folder / part) for part in ("internal", "leadership")):
        raise ReportError(
            f"{out} lies among reports. Proposals show who is meant: they must not be where "
            f"leadership gets its reports. Name a place that only the programme team sees."
        )
    if out.exists() and not is_ours(out):
        raise ReportError(
            f"{out} is there already, and is not (or no longer) as this command wrote it: perhaps "
            f"somebody has worked in it. Name another file, or remove that one."
        )


def _is_report(folder: Path) -> bool:
    try:
        read_manifest(folder)
    except ReportError:
        return False
    return True


def is_ours(path: Path) -> bool:
    """Whether a file is a workbook of proposals that nobody has changed since it was written."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                return False
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return False
    held = parts.pop(PROPERTIES, b"").decode("utf-8", "replace")
    found = re.search(rf'name="{PROPERTY}"><vt:lpwstr>([0-9a-f]{{64}})<', held)
    return found is not None and found[1] == _digest(parts)


def workbook(pages: Sequence[Page], title: str) -> bytes:
    """The pages as the bytes of an XLSX file; the same pages are the same bytes."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True})
    book.set_properties({"title": title, "comments": MARK, "created": DAY})
    book.set_custom_property(PROPERTY, BLANK, "text")
    formats = _formats(book)
    for page in pages:
        sheet = book.add_worksheet(page.name)
        sheet.hide_gridlines(1 if page.columns else 2)
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L{MARK}&RPage &P of &N")
        if page.columns:
            _table(sheet, page, formats)
        else:
            _paragraphs(sheet, page, formats)
    book.close()
    return _sealed(held.getvalue())


def _formats(book: Any) -> dict[str, Any]:
    plain = {"valign": "top", "font_name": "Calibri", "font_size": 11}
    wrapped = plain | {"text_wrap": True}
    left, right = {"align": "left", "indent": 1}, {"align": "right", "indent": 1}
    head = wrapped | {"bold": True, "bottom": 1, "bg_color": "#E7EEF4"}
    made = {kind: plain | right | {"num_format": form} for kind, form in NUMBERS.items()}
    made |= {
        "text": plain | left,
        "long": wrapped | left,
        "quoted": plain | left | {"quote_prefix": True},
        "head": head | left,
        "head number": head | right,
        "title": wrapped | {"bold": True},
        "warning": wrapped | left | {"bold": True, "bg_color": "#FBE3D6"},
        "first": wrapped | {"bold": True, "font_size": 14},
    }
    return {name: book.add_format(form) for name, form in made.items()}


def _table(sheet: Any, page: Page, formats: dict[str, Any]) -> None:
    sheet.set_landscape()
    sheet.freeze_panes(1, 3 if page.name == "Proposals" else 1)
    sheet.repeat_rows(0)
    lines, head_lines = [1] * len(page.rows), 1
    for n, column in enumerate(page.columns):
        shown = [_shown(row[n]) for row in page.rows]
        # a heading may take four lines, an id none but its own
        words = max(len(word) for word in column.title.split())
        heading = max(words + 4, len(column.title) // 4 + 3, NARROWEST)
        widest = LONG if column.kind == "long" else WIDEST
        width = min(max(heading, *(len(text) + 4 for text in shown), 0), widest)
        sheet.set_column(n, n, width)
        head = "head number" if column.kind in NUMBERS else "head"
        sheet.write_string(0, n, column.title, formats[head])
        head_lines = max(head_lines, _lines(column.title, width - 1))
        for i, row in enumerate(page.rows):
            _cell(sheet, i + 1, n, row[n], column.kind, formats)
            if column.kind == "long":
                lines[i] = max(lines[i], _lines(shown[i], width))
    sheet.set_row(0, (head_lines + 0.5) * LINE)
    for i, count in enumerate(lines):
        if count > 1:
            sheet.set_row(i + 1, count * LINE)
    sheet.autofilter(0, 0, max(len(page.rows), 1), len(page.columns) - 1)


def _cell(
    sheet: Any, row: int, column: int, value: object, kind: str, formats: dict[str, Any]
) -> None:
    if value is None:
        sheet.write_blank(row, column, None, formats[kind])
    elif isinstance(value, str):
        form = formats["quoted" if value.startswith(FORMULA) else kind]
        sheet.write_string(row, column, value, form)
    else:
        sheet.write_number(row, column, value, formats[kind])


def _paragraphs(sheet: Any, page: Page, formats: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, LONG * 3 // 2)
    for i, (title, text) in enumerate(page.rows):
        sheet.write_string(i, 0, str(title), formats["title" if i else "first"])
        sheet.write_string(i, 1, str(text), formats["long" if i else "warning"])
        lines = max(_lines(str(text), LONG * 3 // 2), _lines(str(title), 28 if i else 18))
        sheet.set_row(i, (lines + 0.5) * (LINE if i else 19))


def _lines(text: str, width: int) -> int:
    """How many lines a text takes when wrapped: not every program fits rows to their text."""
    return max(1, len(textwrap.wrap(text, max(width - 2, 1))))


def _shown(value: object) -> str:
    return f"{value:,.1f}" if isinstance(value, float) else "" if value is None else str(value)


def _sealed(content: bytes) -> bytes:
    """The same workbook, holding the hash of its own content, with fixed times."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    digest = _digest({name: part for name, part in parts.items() if name != PROPERTIES})
    parts[PROPERTIES] = parts[PROPERTIES].replace(BLANK.encode(), digest.encode())
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            member = zipfile.ZipInfo(name, STAMP)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, part)
    return held.getvalue()


def _digest(parts: dict[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in sorted(parts):
        whole.update(f"{name}\0{len(parts[name])}\0".encode() + parts[name])
    return whole.hexdigest()
