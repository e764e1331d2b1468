"""Workbooks: values with their types, and everything that makes a sheet doubtful or unsafe."""

from __future__ import annotations

import datetime as dt
import io
import re
import struct
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from planted_files import HEADER, edit, pack, read, rules, said, unpack, workbook

from rmresearch.io import ooxml

SHEET = "xl/worksheets/sheet1.xml"
BOOK = "xl/workbook.xml"
CALCULATE = ' fullCalcOnLoad="1"'
ROWS = [HEADER, ("A1", "t0", 3), ("A2", "t0", 4), ("A1", "t1", 5), ("A2", "t1", 2)]


def test_cells_keep_their_types_and_rows_their_numbers(tmp_path: Path) -> None:
    day, moment = dt.datetime(2026, 4, 3), dt.datetime(2026, 4, 3, 14, 30, 15)
    rows = [
        ("id", "score", "day", "moment", "yes", "mixed"),
        ("007", 3, day, moment, True, "A1"),
        (),
        ("NA", 4.5, day, moment, False, 7),
        ("None", None, None, None, True, None),
    ]
    table = read(workbook(tmp_path / "a.xlsx", rows))
    assert not table.problems
    assert table.typed
    assert list(table.frame.index) == [2, 4, 5]
    assert table.frame["id"].tolist() == ["007", "NA", "None"]
    kinds = ["str", "float64", "datetime64[us]", "datetime64[us]", "bool", "object"]
    assert [str(dtype) for dtype in table.frame.dtypes] == kinds
    assert table.frame["score"].tolist()[:2] == [3.0, 4.5]
    assert table.frame["day"].tolist()[:2] == [day, day]
    assert table.frame["moment"].tolist()[1] == moment
    assert table.frame["mixed"].tolist()[:2] == ["A1", 7.0]
    assert table.frame.isna().sum().tolist() == [0, 1, 1, 1, 0, 1]


def test_cells_agree_with_openpyxl(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    kinds = [
        lambda: f"text {rng.integers(100)} é & <b> \n _x000D_",
        lambda: int(rng.integers(-(10**6), 10**6)),
        lambda: float(rng.normal()),
        lambda: bool(rng.integers(2)),
        lambda: dt.datetime(1950, 1, 1) + dt.timedelta(seconds=int(rng.integers(4 * 10**9))),
        lambda: None,
    ]
    rows = [tuple(kinds[rng.integers(6)]() for _ in range(12)) for _ in range(200)]
    path = workbook(tmp_path / "a.xlsx", [[f"c{i}" for i in range(12)], *rows])
    other = openpyxl.load_workbook(path, data_only=True).active
    table = read(path)
    compared = 0
    for row in table.frame.index:
        for column, ours in enumerate(table.frame.loc[row]):
            theirs = other.cell(row, column + 1).value
            if isinstance(theirs, str):
                theirs = theirs.replace("_x000D_", "\r")  # openpyxl keeps the escape here
            assert (pd.isna(ours) and theirs is None) or ours == theirs
            compared += theirs is not None
    assert compared > 1800


def test_merged_cells_are_errors_with_their_range(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ROWS, lambda sheet: sheet.merge_cells("A2:A3"))
    (problem,) = read(path).problems
    assert (problem.rule, problem.row) == ("merged-cells", 2)
    assert "A2:A3" in problem.found


def test_formulas_without_a_stored_result_are_errors_with_their_cell(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [*ROWS, ("A3", "t0", "=C2+1")])
    (problem,) = read(edit(path, BOOK, CALCULATE, "")).problems
    assert (problem.rule, problem.row) == ("formula", 6)
    assert "C6" in problem.found


def calculated(path: Path, result: str) -> Path:
    """A sheet whose formula in C6 has a result, as a spreadsheet program stores it."""
    workbook(path, [*ROWS, ("A3", "t0", "=C2+1")])
    parts = unpack(path)
    before = r'<c r="C6"><f>C2\+1</f><v ?(/>|></v>)</c>'
    text, changed = re.subn(before, result, parts[SHEET].decode())
    assert changed == 1
    return edit(pack(path, parts | {SHEET: text.encode()}), BOOK, CALCULATE, "")


@pytest.mark.parametrize(
    ("result", "value"),
    [
        ('<c r="C6"><f>C2+1</f><v>4</v></c>', 4.0),
        ('<c r="C6" t="str"><f>C2+1</f><v>four</v></c>', "four"),
        ('<c r="C6" t="b"><f>C2+1</f><v>1</v></c>', True),
        ('<c r="C6" t="str"><f>C2+1</f><v></v></c>', None),
    ],
)
def test_stored_results_of_formulas_are_read_and_said(
    tmp_path: Path, result: str, value: Any
) -> None:
    table = read(calculated(tmp_path / "a.xlsx", result))
    assert not table.problems
    assert "1 formulas (columns C): stored results were read" in said(table)
    got = table.frame.loc[6, "score"]
    assert got == value if value is not None else pd.isna(got)


def test_results_that_no_spreadsheet_program_calculated_are_errors(tmp_path: Path) -> None:
    # XlsxWriter stores 0 beside each formula and asks for calculation on opening
    path = calculated(tmp_path / "a.xlsx", '<c r="C6"><f>C2+1</f><v>0</v></c>')
    table = read(edit(path, BOOK, "<calcPr ", f"<calcPr{CALCULATE} "))
    assert [(p.rule, p.row) for p in table.problems] == [("formula", 6)]
    assert "C6" in said(table)


def test_error_values_are_errors_with_their_cell(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [*ROWS, ("A3", "t0", "#N/A"), ("A4", "t0", "#DIV/0!")])
    table = read(path)
    assert [(p.rule, p.row) for p in table.problems] == [("cell-error", 6), ("cell-error", 7)]
    assert "cell C6 holds #N/A" in said(table)
    assert "cell C7 holds #DIV/0!" in said(table)


def test_hidden_rows_columns_and_sheets_are_read_and_said(tmp_path: Path) -> None:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["C"].hidden = True
        sheet.column_dimensions["K"].hidden = True  # empty: nothing to say
        sheet.sheet_state = "hidden"

    path = workbook(tmp_path / "a.xlsx", ROWS, hide, sheets=("Answers", "Other"))
    table = read(path, sheet="Answers")
    assert not table.problems
    assert len(table.frame) == 4
    assert table.frame.loc[3, "score"] == 4
    words = said(table)
    assert "hidden rows were read (1 rows: 3)" in words
    assert "hidden columns were read (C)" in words
    assert "sheet Answers is hidden" in words


def test_several_sheets_ask_which(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ROWS, sheets=("Answers", "Lists", "Notes"))
    (problem,) = read(path).problems
    assert problem.rule == "several-sheets"
    assert "Answers, Lists, Notes" in problem.found
    assert read(path, sheet="Answers").frame.shape == (4, 3)
    (problem,) = read(path, sheet="answrs").problems
    assert (problem.rule, problem.sheet) == ("unknown-sheet", "answrs")
    assert "Did you mean 'Answers'?" in problem.fix
    assert "Answers, Lists, Notes" in problem.found
    (problem,) = read(path, sheet="Notes").problems
    assert problem.rule == "empty-sheet"


def test_a_workbook_without_a_sheet_of_cells(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ROWS)
    edit(path, "xl/_rels/workbook.xml.rels", "relationships/worksheet", "relationships/chartsheet")
    assert rules(read(path)) == ["empty-sheet"]
    edit(path, "_rels/.rels", "xl/workbook.xml", "xl/workbook.bin")
    assert "binary" in said(read(path))


def test_a_sheet_of_nothing_but_errors_says_only_those(tmp_path: Path) -> None:
    assert rules(read(workbook(tmp_path / "a.xlsx", [("#N/A",)]))) == ["cell-error"]


def test_dates_of_both_calendars(tmp_path: Path) -> None:
    days = [dt.datetime(2026, 4, 3), dt.datetime(1905, 1, 1), dt.datetime(2000, 2, 29, 23, 59, 59)]
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.MAC_EPOCH
    for row in [("day",), *[(day,) for day in days]]:
        book.active.append(row)
    book.save(tmp_path / "mac.xlsx")
    assert "date1904" in zipfile.ZipFile(tmp_path / "mac.xlsx").read(BOOK).decode()
    assert read(tmp_path / "mac.xlsx").frame["day"].tolist() == days
    path = workbook(tmp_path / "pc.xlsx", [("day",), *[(day,) for day in days]])
    assert read(path).frame["day"].tolist() == days


@pytest.mark.parametrize(
    ("serial", "style", "expected"),
    [
        # 1 January 2026 is day 46023 of Excel's calendar, 1 March 1900 day 61
        (46023, "dd.mm.yyyy", dt.datetime(2026, 1, 1)),
        (46023.5, "[$-409]d-mmm-yy h:mm", dt.datetime(2026, 1, 1, 12)),
        (61, "yyyy-mm-dd", dt.datetime(1900, 3, 1)),
        (59, "yyyy-mm-dd", dt.datetime(1900, 2, 28)),
        (1, "yyyy-mm-dd", dt.datetime(1900, 1, 1)),
        (46023, "0", 46023.0),
        (46023, '0 "days"', 46023.0),
        (46023, "[Red]#,##0", 46023.0),
        (0.25, "h:mm", "06:00:00"),
        (1.5, "[h]:mm", "1 day, 12:00:00"),
        (7, "000", "007"),
        (0, "000", "000"),
        (7, '"P"000', "P007"),
        (7, "00000;@", "00007"),
        (12345, "000", "12345"),
        (7.5, "000", 7.5),
        (-7, "000", -7.0),
        (7, '0" kg"', 7.0),
        (0.5, "0%", 0.5),
    ],
)
def test_number_formats_decide_what_a_number_is(
    tmp_path: Path, serial: float, style: str, expected: object
) -> None:
    def format_cell(sheet: Any) -> None:
        sheet["A2"].number_format = style

    table = read(workbook(tmp_path / "a.xlsx", [("x",), (serial,)], format_cell))
    assert not table.problems
    (value,) = table.frame["x"].tolist()
    assert value == expected
    assert type(value) is type(expected) or isinstance(value, dt.datetime)
    leading = isinstance(expected, str) and ":" not in expected
    assert ("leading zeros" in said(table)) == leading


@pytest.mark.parametrize("serial", [-1, 4_000_000])
def test_a_date_that_is_none_is_an_error(tmp_path: Path, serial: int) -> None:
    def format_cell(sheet: Any) -> None:
        sheet["A2"].number_format = "yyyy-mm-dd"

    path = workbook(tmp_path / "a.xlsx", [("x",), (serial,), ("later",)], format_cell)
    assert [(p.rule, p.row) for p in read(path).problems] == [("cell-error", 2)]


def test_a_number_with_more_digits_than_excel_keeps_is_said(tmp_path: Path) -> None:
    table = read(workbook(tmp_path / "a.xlsx", [("id",), (4_929_000_000_000_000_000,)]))
    assert "may have lost their last ones (columns A)" in said(table)


@pytest.mark.parametrize(
    ("rows", "rule", "row", "words"),
    [
        ([("a", "b", "a"), (1, 2, 3)], "duplicate-header", 1, "columns A, C"),
        ([("a", None, "b"), (1, 2, 3)], "empty-header", 1, "column B"),
        ([(1, 2), (3, 4)], "no-header", 1, "numbers only"),
        ([("a", "b")], "no-rows", None, "no rows"),
        ([], "empty-sheet", None, "empty"),
    ],
)
def test_headers_and_emptiness(
    tmp_path: Path, rows: list[Any], rule: str, row: int | None, words: str
) -> None:
    table = read(workbook(tmp_path / "a.xlsx", rows))
    (problem,) = table.problems
    assert (problem.rule, problem.row) == (rule, row)
    assert words in problem.found


def test_a_header_below_row_1_is_said_and_headers_are_text(tmp_path: Path) -> None:
    rows = [(), (), (" id ", 2021, dt.datetime(2026, 4, 3), None), ("A1", 1, 2, None)]
    table = read(workbook(tmp_path / "a.xlsx", rows))
    assert list(table.frame.columns) == ["id", "2021", "2026-04-03"]
    assert list(table.frame.index) == [4]
    assert "column names stand in row 3" in said(table)
    assert "spaces around column names" in said(table)


def test_rich_text_is_joined_and_readings_are_left_out(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [("x",), ("plain",)])
    rich = "<si><r><t>Ta</t></r><r><rPr/><t>nja</t></r><rPh><t>reading</t></rPh></si>"
    edit(path, "xl/sharedStrings.xml", "<si><t>plain</t></si>", rich)
    assert read(path).frame["x"].tolist() == ["Tanja"]


def test_text_inside_the_sheet_and_cells_without_addresses(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [("x", "y"), ("plain", 1)])
    start, _, rest = zipfile.ZipFile(path).read(SHEET).decode().partition("<sheetData>")
    body = rest.partition("</sheetData>")[0]
    cells = (
        "<row><c t='inlineStr'><is><t>x</t></is></c><c t='str'><v>y</v></c></row>"
        "<row/><row><c t='inlineStr'><is><r><t>A_x000A_</t></r><rPh><t>reading</t></rPh>"
        "<r><t>1</t></r></is></c>"
        "<c t='d'><v>2026-04-03T10:30:00</v></c></row>"
        "<row><c t='inlineStr'><is><t>_x0000_</t></is></c><c t='d'><v>10:30:00</v></c></row>"
    )
    assert start
    table = read(edit(path, SHEET, body, cells))
    assert table.frame["x"].tolist()[0] == "A\n1"
    assert table.frame["y"].tolist() == [dt.datetime(2026, 4, 3, 10, 30), "10:30:00"]
    assert list(table.frame.index) == [3, 4]
    assert [(p.rule, p.row) for p in table.problems] == [("nul-byte", 4)]


def test_a_strict_workbook_is_read_alike(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ROWS)
    expected = read(path).frame
    parts = unpack(path)
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    for name, content in parts.items():
        content = content.replace(main, b"http://purl.oclc.org/ooxml/spreadsheetml/main")
        parts[name] = content.replace(
            links, b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        )
    pack(path, parts)
    assert read(path).frame.equals(expected)


def test_a_workbook_with_macros_is_read_as_data(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ROWS)
    assert read(path.rename(tmp_path / "a.xlsm")).frame.shape == (4, 3)


def bomb(size: int, *, stored_size: int | None = None) -> bytes:
    """A workbook whose sheet unpacks to ``size`` bytes and claims ``stored_size``."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        archive.writestr(
            "_rels/.rels",
            f'<Relationships><Relationship Id="a" Type="{link}/officeDocument" Target="b.xml"/>'
            "</Relationships>",
        )
        archive.writestr("b.xml", '<workbook><sheets><sheet name="S" id="s"/></sheets></workbook>')
        archive.writestr(
            "_rels/b.xml.rels",
            f'<Relationships><Relationship Id="s" Type="{link}/worksheet" Target="s.xml"/>'
            "</Relationships>",
        )
        archive.writestr("noise", np.random.default_rng(1).bytes(200_000))
        archive.writestr("s.xml", b"<worksheet>" + b" " * size + b"</worksheet>")
    data = bytearray(stream.getvalue())
    if stored_size is not None:
        true = struct.pack("<I", size + len(b"<worksheet></worksheet>"))
        while (at := data.find(true)) >= 0:
            data[at : at + 4] = struct.pack("<I", stored_size)
    return bytes(data)


@pytest.mark.parametrize(
    ("size", "stored_size", "rule"),
    [
        (110_000_000, None, "unsafe-workbook"),  # above 100 MB
        (60_000_000, None, "unsafe-workbook"),  # below, but more than 100 times its size
        (60_000_000, 1000, "damaged"),  # the same with a lying directory
        (10_000_000, None, "empty-sheet"),  # below both limits
    ],
)
def test_bombs_are_refused_before_they_unpack(
    tmp_path: Path, size: int, stored_size: int | None, rule: str
) -> None:
    data = bomb(size, stored_size=stored_size)
    began = time.perf_counter()
    table = read(tmp_path / "a.xlsx", data)
    assert time.perf_counter() - began < 2  # the promise of trust.md
    assert rules(table) == [rule]


LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "ha"}">' for i in range(12))


@pytest.mark.parametrize("part", [SHEET, BOOK, "xl/sharedStrings.xml", "xl/styles.xml"])
@pytest.mark.parametrize(
    "declared",
    [
        f"<!DOCTYPE x [{LAUGHS}]>",
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        "<!DOCTYPE x>",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_document_types_and_entities_are_refused(
    tmp_path: Path, part: str, declared: str, codec: str
) -> None:
    path = workbook(tmp_path / "a.xlsx", ROWS)
    parts = unpack(path)
    body = parts[part].decode()
    body = body[body.index("?>") + 2 :] if body.startswith("<?xml") else body
    parts[part] = (declared + body).encode(codec)
    pack(path, parts)
    began = time.perf_counter()
    table = read(path)
    assert time.perf_counter() - began < 2  # the promise of trust.md
    assert rules(table) == ["unsafe-workbook"]
    assert "hostname" not in said(table)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)


@pytest.mark.parametrize(
    ("content", "rule", "words"),
    [
        (OLE, "file-type", "old Excel"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "file-type", "password"),
        (b"person,score\nA1,3\n", "damaged", "not an Excel workbook"),
        (b"PK\x03\x04" + bytes(100), "damaged", "not an Excel workbook"),
    ],
)
def test_what_is_no_workbook_says_so(tmp_path: Path, content: bytes, rule: str, words: str) -> None:
    table = read(tmp_path / "a.xlsx", content)
    assert rules(table) == [rule]
    assert words in said(table)


def test_other_archives_under_the_name_of_a_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert "not an Excel workbook" in said(read(tmp_path / "a.xlsx"))
    path = workbook(tmp_path / "b.xlsx", ROWS)
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 8] |= 1  # the flag of an encrypted member
    assert "password" in said(read(path, bytes(data)))
    with zipfile.ZipFile(tmp_path / "c.xlsx", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x", b"y" * 100)
    assert rules(read(tmp_path / "c.xlsx")) == ["unsafe-workbook"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<c r="A3"', '<c r="A2"'),  # an address in another row
        ('<c r="A3"', '<c r="nonsense"'),
        ('<row r="3"', '<row r="2"'),
        ('<row r="3"', '<row r="99999999"'),
        ('<c r="B3"', '<c r="A3"'),  # the same cell twice
        ('<c r="B3"', '<c r="ZZZ3"'),
        ('t="n"><v>4</v>', 't="n"><v>four</v>'),
        ('t="n"><v>4</v>', 't="n"><v>nan</v>'),
        ('t="s"><v>0</v>', 't="s"><v>999</v>'),
        ('t="s"><v>0</v>', 't="s"><v>-1</v>'),
        ("</sheetData>", ""),
    ],
)
def test_damaged_sheets_are_refused(tmp_path: Path, old: str, new: str) -> None:
    path = workbook(tmp_path / "a.xlsx", ROWS)
    assert rules(read(edit(path, SHEET, old, new))) == ["damaged"]


def test_damage_of_any_kind_never_raises(tmp_path: Path) -> None:
    rng = np.random.default_rng(20260404)
    path = workbook(tmp_path / "a.xlsx", ROWS)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    parts = unpack(path)
    outcomes = set()
    for i in range(150):
        if i % 2:  # the archive is hit, or the XML inside an intact one
            data = whole.copy()
            data[rng.integers(len(data), size=3)] = rng.integers(256)
            table = read(
                path, data[: rng.integers(len(data))].tobytes() if i % 4 == 1 else data.tobytes()
            )
        else:
            hit = [SHEET, BOOK, "xl/styles.xml", "xl/sharedStrings.xml"][i // 2 % 4]
            part = np.frombuffer(parts[hit], np.uint8).copy()
            part[rng.integers(len(part), size=2)] = rng.integers(32, 127)
            table = read(pack(path, parts | {hit: part.tobytes()}))
        outcomes.update(rules(table) or ["fine"])
    assert {"damaged", "fine"} <= outcomes


def test_messages_carry_no_cell(tmp_path: Path) -> None:
    secret = "Brunhilde"

    def spoil(sheet: Any) -> None:
        sheet.merge_cells("A2:A3")
        sheet["C3"] = f'="{secret}"'

    path = workbook(tmp_path / "a.xlsx", [HEADER, (secret, secret, "#N/A")], spoil)
    table = read(path)
    assert len(table.problems) == 3
    assert secret not in said(table)


def test_many_rows_are_all_there(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{i}"><c r="A{i}" t="inlineStr"><is><t>P{i}</t></is></c>'
        f'<c r="B{i}"><v>{i % 5}</v></c></row>'
        for i in range(2, 50_002)
    )
    path = workbook(tmp_path / "a.xlsx", [("person", "score")])
    edit(path, SHEET, "</sheetData>", f"{rows}</sheetData>")
    assert read(path).frame.shape == (50_000, 2)
    assert ooxml.MAX_UNPACKED == 100_000_000
