"""The workbook as Excel opens it: lists, limits, locks, examples, no formula, the same bytes."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rmresearch.colours import contrast
from rmresearch.io.mapping.opening import EXAMPLES
from rmresearch.io.template.workbook import workbook
from rmresearch.io.toml import read_toml

FRONT = ["Read me", "Questions"]


@pytest.fixture(scope="module")
def book(made: Path) -> Any:
    return openpyxl.load_workbook(made / "data" / "data.xlsx")


@pytest.fixture(scope="module")
def tables(book: Any) -> list[Any]:
    """The sheets that are filled in."""
    return [sheet for sheet in book.worksheets if sheet.title not in {*FRONT, "Lists"}]


def rules(sheet: Any) -> dict[str, Any]:
    """The rule of each heading's column."""
    found = {}
    for rule in sheet.data_validations.dataValidation:
        column = re.match(r"[A-Z]+", str(rule.sqref))
        assert column is not None
        found[sheet[f"{column[0]}1"].value] = rule
    return found


def test_the_same_study_is_the_same_bytes(made: Path) -> None:
    file, _, _ = read_toml(made / "study.toml")
    assert file is not None
    content = (made / "data" / "data.xlsx").read_bytes()
    assert workbook(file) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}


def test_what_to_read_stands_first_and_the_lists_are_hidden(book: Any) -> None:
    names = book.sheetnames
    assert names[:2] == FRONT
    assert names[-2:] == ["Departments", "Lists"]
    assert book.active.title == "Read me"
    states = {sheet.title: sheet.sheet_state for sheet in book.worksheets}
    assert [name for name, state in states.items() if state != "visible"] == ["Lists"]
    words = [str(cell.value) for row in book["Read me"].iter_rows() for cell in row if cell.value]
    assert any("rmresearch check pilot" in text for text in words)
    for name in names[2:-1]:
        assert name in words, "every sheet is told of"


def test_every_list_offers_exactly_what_is_read(book: Any, tables: list[Any]) -> None:
    offered = {}
    for sheet in tables:
        for header, rule in rules(sheet).items():
            if rule.type == "list" and rule.formula1.startswith("Lists!"):
                cells = book["Lists"][rule.formula1.removeprefix("Lists!").replace("$", "")]
                offered[sheet.title, header] = [cell[0].value for cell in cells]
                assert rule.errorStyle in {None, "stop"}
                assert str(rule.sqref).endswith("5001")
    assert offered["Participants", "Role"] == ["senior", "junior"]
    assert offered["Participants", "Group"] == ["programme", "waiting"]
    assert offered["Meetings", "Held"] == ["yes", "no"]
    assert offered["Events", "Event"] == ["left", "promoted", "adopted"]
    agree = ["Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree"]
    assert offered["Survey month6", "Digital 6"] == [*agree, "Strongly agree"]
    assert offered["Survey month6", "Satisfied"][0] == "Very dissatisfied"
    departments = rules(book["Participants"])["Department"]
    assert departments.formula1 == "Departments!$A$2:$A$200"
    assert departments.errorStyle == "warning", "a new one may be typed"


def test_limits_of_dates_and_numbers(book: Any) -> None:
    day = rules(book["Pairs"])["Started"]
    assert day.type == "date"
    epoch = dt.date(1899, 12, 30)  # Excel's day 0, as from 1 March 1900
    assert epoch + dt.timedelta(int(day.formula1)) == dt.date(1950, 1, 1)
    assert epoch + dt.timedelta(int(day.formula2)) == dt.date(2100, 12, 31)
    minutes, answer = rules(book["Meetings"])["Minutes"], rules(book["Survey month3"])["Recommend"]
    assert (minutes.type, minutes.formula1, minutes.formula2) == ("decimal", "0", "1440")
    assert (answer.type, answer.formula1, answer.formula2) == ("whole", "0", "10")


def test_each_column_says_what_belongs_there(tables: list[Any]) -> None:
    for sheet in tables:
        found = rules(sheet)
        assert set(found) == {cell.value for cell in sheet[1] if cell.value}
        for header, rule in found.items():
            assert rule.prompt, f"{sheet.title}: {header}"
            assert len(rule.prompt) <= 255
            assert len(rule.promptTitle) <= 32
            if rule.type is not None:
                assert rule.error


def test_headings_are_locked_and_everything_else_is_open(made: Path, tables: list[Any]) -> None:
    for sheet in tables:
        assert sheet.protection.sheet
        assert sheet.protection.password is None, "nobody needs one"
        assert not sheet.protection.deleteRows, "False: allowed"
        assert not sheet.protection.sort
        assert sheet.freeze_panes == "B2"
        assert all(cell.protection.locked for cell in sheet[1] if cell.value)
        assert not any(cell.protection.locked for row in sheet["A2:G3"] for cell in row
                       if cell.value)  # fmt: skip
    # openpyxl reads no styles of whole columns and rows: in the file itself
    with zipfile.ZipFile(made / "data" / "data.xlsx") as archive:
        styles = archive.read("xl/styles.xml").decode()
        sheets = [archive.read(f"xl/worksheets/sheet{n}.xml").decode() for n in range(3, 11)]
    formats = re.findall(
        r"<xf [^>]*/>|<xf .*?</xf>", styles.split("<cellXfs")[1].split("</cellXfs")[0]
    )
    for text in sheets:
        columns = re.findall(r'<col min="(\d+)" max="(\d+)"[^>]* style="(\d+)"', text)
        assert columns[-1][1] == "16384", "whole rows are open, so that they can be deleted"
        assert [int(a) for a, _, _ in columns] == [1, *(int(b) + 1 for _, b, _ in columns[:-1])]
        for _, _, style in columns:
            assert 'locked="0"' in formats[int(style)]
        first = re.search(r'<row r="1"[^>]* s="(\d+)"', text)
        assert first is not None
        assert 'locked="0"' not in formats[int(first[1])], "beyond the headings too"


def test_ids_are_text_and_dates_are_dates(made: Path) -> None:
    with zipfile.ZipFile(made / "data" / "data.xlsx") as archive:
        styles = archive.read("xl/styles.xml").decode()
        pairs = archive.read("xl/worksheets/sheet4.xml").decode()
    codes = dict(re.findall(r'<numFmt numFmtId="(\d+)" formatCode="([^"]+)"', styles))
    cells = styles.split("<cellXfs")[1].split("</cellXfs")[0]
    ids = re.findall(r'<xf numFmtId="(\d+)"', cells)
    columns = re.findall(r'<col min="(\d+)" max="(\d+)"[^>]* style="(\d+)"', pairs)
    kinds = {range(int(a), int(b) + 1): codes[ids[int(style)]] for a, b, style in columns}
    kind = {place: code for places, code in kinds.items() for place in places}
    assert [kind[place] for place in (1, 2, 3)] == ["@"] * 3, "pair, junior, senior"
    assert [kind[place] for place in (4, 5)] == ["yyyy-mm-dd"] * 2, "started, ended"


def test_nothing_is_a_formula_and_examples_are_grey(tables: list[Any], book: Any) -> None:
    for sheet in book.worksheets:
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    for sheet in tables[:-1]:
        for row in sheet.iter_rows(min_row=2):
            values = [cell.value for cell in row if cell.value is not None]
            assert not values or set(values) & set(EXAMPLES)
            assert all(cell.font.i for cell in row if cell.value is not None)


def test_headings_can_be_read(tables: list[Any]) -> None:
    for sheet in tables:
        for cell in (one for one in sheet[1] if one.value):
            ink, ground = cell.font.color.rgb[2:].lower(), cell.fill.fgColor.rgb[2:].lower()
            assert contrast(f"#{ink}", f"#{ground}") >= 4.5, (sheet.title, cell.value)


def test_the_questions_are_on_their_sheet(book: Any) -> None:
    sheet = book["Questions"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert rows[0][:3] == ["Digital 1", "I find my way around a digital tool that is new to me.",
                           "seniors"]  # fmt: skip
    assert len(rows) == 21
    assert not sheet.protection.sheet, "the wording may be changed"
