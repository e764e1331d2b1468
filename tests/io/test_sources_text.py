"""Delimited text: dialect and encoding are found and said, and no broken row passes."""

from __future__ import annotations

import csv
import encodings.aliases
import io
import locale
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_files import HEADER, ROWS, lines, read, rules, said

from rmresearch.io.raw import FileLog
from rmresearch.io.text import read_text

WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}


@pytest.mark.parametrize("delimiter", WORDS)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_every_dialect_is_detected_and_said(
    tmp_path: Path, delimiter: str, ends: str, quoting: int
) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=ends, quoting=quoting)
    writer.writerows([HEADER, *ROWS])
    table = read(tmp_path / "a.csv", stream.getvalue())
    assert not table.problems
    assert WORDS[delimiter] in said(table)
    assert list(table.frame.columns) == list(HEADER)
    assert [tuple(row) for row in table.frame.to_numpy()] == list(ROWS)
    assert list(table.frame.index) == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("codec", "mark", "words"),
    [
        ("utf-8", b"", "UTF-8,"),
        ("utf-8", b"\xef\xbb\xbf", "UTF-8 with a byte order mark"),
        ("utf-16-le", b"\xff\xfe", "UTF-16 LE with a byte order mark"),
        ("utf-16-be", b"\xfe\xff", "UTF-16 BE with a byte order mark"),
        ("utf-16-le", b"", "UTF-16 LE without"),
        ("utf-16-be", b"", "UTF-16 BE without"),
        ("utf-32-le", b"\xff\xfe\x00\x00", "UTF-32 LE"),
        ("utf-32-be", b"\x00\x00\xfe\xff", "UTF-32 BE"),
        ("cp1252", b"", "Windows-1252 (cp1252"),
    ],
)
def test_every_encoding_is_detected_and_said(
    tmp_path: Path, codec: str, mark: bytes, words: str
) -> None:
    text = lines([HEADER, *ROWS, ("Zoë", "t1", "5"), ("Müller", "t1", "4")])
    table = read(tmp_path / "a.csv", mark + text.encode(codec))
    assert not table.problems
    assert words in said(table)
    assert list(table.frame["person"])[-2:] == ["Zoë", "Müller"]
    assert list(table.frame.columns) == list(HEADER)


@pytest.mark.parametrize(
    ("declared", "content", "row", "word"),
    [
        ("utf-8", lines([HEADER, *ROWS, ("Zoë", "t1", "5")]).encode("cp1252"), 6, "utf-8"),
        ("ascii", lines([HEADER, ("Zoë", "t1", "5")]).encode(), 2, "ascii"),
        (None, "a,b\nx,1\nZoë,2\nZo".encode() + b"\xeb,3\n", 4, "UTF-8"),  # half and half
        (None, b"a,b\nZo\x81,2\n", 2, "Windows-1252"),  # not a character of cp1252 either
        (None, b"\xff\xfea\x00,\x00b\x00\n\x00x", 2, "UTF-16"),  # cut in the middle
        ("cp1252", b"\xef\xbb\xbfa,b\n1,2\n", None, "cp1252"),
        ("klingon", b"a,b\n1,2\n", None, "klingon"),
        ("rot13", b"a,b\n1,2\n", None, "rot13"),
        ("zlib", b"a,b\n1,2\n", None, "zlib"),
        ("idna", b"a,b\n1,2\n", None, "idna"),
        ("undefined", b"a,b\n1,2\n", None, "undefined"),
    ],
)
def test_wrong_encodings_name_what_was_tried(
    tmp_path: Path, declared: str | None, content: bytes, row: int | None, word: str
) -> None:
    table = read(tmp_path / "a.csv", content, encoding=declared)
    assert rules(table) == ["encoding"]
    assert table.problems[0].row == row
    assert word in said(table)
    assert table.frame.empty


@pytest.mark.parametrize("declared", ["utf-8", "UTF8", "utf_8_sig"])
def test_a_declared_utf_8_may_carry_a_mark(tmp_path: Path, declared: str) -> None:
    table = read(tmp_path / "a.csv", b"\xef\xbb\xbf" + lines().encode(), encoding=declared)
    assert not table.problems
    assert list(table.frame.columns) == list(HEADER)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_declared_utf_16_may_lack_its_mark(tmp_path: Path, codec: str) -> None:
    table = read(tmp_path / "a.csv", lines().encode(codec), encoding="utf-16")
    assert not table.problems
    assert list(table.frame.columns) == list(HEADER)


def test_no_encoding_that_python_knows_raises(tmp_path: Path) -> None:
    known = sorted({*encodings.aliases.aliases.values(), "utf_8_sig", "unicode_escape"})
    for declared in known:
        for content in (lines().encode(), b"a,b\nZo\xeb,3\n", bytes(range(256))):
            table = read(tmp_path / "a.csv", content, encoding=declared)
            assert table.problems or len(table.frame)


def test_a_declared_encoding_overrules_the_detected_one(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", "a,b\nŁódź,1\n".encode("iso8859-2"), encoding="latin2")
    assert list(table.frame["a"]) == ["Łódź"]


def test_letters_that_were_lost_before_are_said(tmp_path: Path) -> None:
    assert "2 characters were lost" in said(read(tmp_path / "a.csv", "a,b\nZo\ufffd,\ufffd\n"))


@pytest.mark.parametrize(
    ("row", "fields"), [("A1,t0,3,extra", 4), ("A1,t0", 2), ("A1", 1), ("A1,t0,3,", 4)]
)
def test_a_row_of_another_length_is_an_error_with_its_row(
    tmp_path: Path, row: str, fields: int
) -> None:
    table = read(tmp_path / "a.csv", lines() + row + "\n" + lines(ROWS))
    (problem,) = table.problems
    assert (problem.rule, problem.row, problem.severity) == ("field-count", 6, "error")
    assert f"{fields} field" in problem.found
    assert "header has 3" in problem.found
    assert ("quotes around a cell" in problem.fix) == (fields > 3)
    assert list(table.frame.index) == [2, 3, 4, 5, 7, 8, 9, 10]


def test_rows_are_counted_in_physical_lines(tmp_path: Path) -> None:
    text = 'a,b\n"x\ny\r\nz",1\n\n,\nQ,2\n"p""q",3\nbad\n'
    table = read(tmp_path / "a.csv", text)
    # 1 header, 2-4 one record, 5 empty, 6 without any value, 7, 8, 9 too short
    assert list(table.frame.index) == [2, 7, 8]
    assert list(table.frame["a"]) == ["x\ny\r\nz", "Q", 'p"q']
    assert [problem.row for problem in table.problems] == [9]


def test_when_all_rows_differ_from_the_header_it_is_said_once(tmp_path: Path) -> None:
    rows = [(str(i), *row) for i, row in enumerate(ROWS)]  # row names without a header, as R writes
    table = read(tmp_path / "a.csv", lines([HEADER, *rows]))
    (problem,) = table.problems
    assert problem.rule == "field-count"
    assert "all 4 rows have 4 fields, the header has 3" in problem.found


def test_a_single_row_of_another_length_is_a_row(tmp_path: Path) -> None:
    (problem,) = read(tmp_path / "a.csv", "a,b\n1,2,3\n").problems
    assert (problem.rule, problem.row) == ("field-count", 2)
    assert "the row has 3 fields" in problem.found


def test_semicolons_with_decimal_commas(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", "person;score;note\nA1;3,5;x\nA2;4,25;y\nA3;2;z\n")
    assert list(table.frame["score"]) == ["3,5", "4,25", "2"]
    assert "semicolons" in said(table)
    assert "decimal commas (score;" in said(table)
    whole = read(tmp_path / "b.csv", "person;score;year\nA1;1,000;2024\nA2;12,000;2025\n")
    assert "decimal" not in said(whole)  # thousands: the mapper refuses them


@pytest.mark.parametrize(
    "text",
    [
        "name, first;x\nDoe, J;5\nRoe, K;6\n",  # a comma and a semicolon in every row
        "a;b|c\n1;2|3\n",
        "comment\nyes, good\nno\nwell, yes, perhaps\n",  # one column, or a title above a table
        "Export of 3 May\na,b,c\n1,2,3\n4,5,6\n",
        "a,b;c;d\n1,2,3,4;5\n6,7,8,9;1\n1,2,3,4;5\n",  # header fits neither, rows fit both
    ],
)
def test_an_ambiguous_dialect_asks_for_the_delimiter(tmp_path: Path, text: str) -> None:
    table = read(tmp_path / "a.csv", text)
    assert rules(table) == ["delimiter"]
    assert "delimiter = " in table.problems[0].fix
    assert table.frame.empty


def test_what_settles_an_ambiguous_dialect(tmp_path: Path) -> None:
    text = "name, first\tx\nDoe, J\t5\nRoe, K\t6\n"
    assert rules(read(tmp_path / "a.csv", text)) == ["delimiter"]
    assert list(read(tmp_path / "a.csv", text, delimiter="\t").frame.columns) == [
        "name, first",
        "x",
    ]
    assert list(read(tmp_path / "a.tsv", text).frame.columns) == ["name, first", "x"]
    quoted = '"name, first";x\n"Doe, J";5\n"Roe, K";6\n'
    assert list(read(tmp_path / "b.csv", quoted).frame["x"]) == ["5", "6"]
    hinted = read(tmp_path / "c.csv", "sep=;\r\nname, first;x\r\nDoe, J;5\r\n")
    assert list(hinted.frame["x"]) == ["5"]
    assert list(hinted.frame.index) == [3]


def test_a_tsv_that_holds_semicolons_is_read_as_what_it_is(tmp_path: Path) -> None:
    assert "semicolons" in said(read(tmp_path / "a.tsv", lines(delimiter=";")))


def test_a_declared_delimiter_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", lines(delimiter=";"), delimiter=",")
    assert rules(table) == ["delimiter"]
    assert "commas" in said(table)
    assert "semicolons" in said(table)


def test_a_ragged_row_does_not_hide_the_dialect(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", "a;b\n1;2;3\n4;5\n6,5;7\n")
    assert [(p.rule, p.row) for p in table.problems] == [("field-count", 2)]
    assert list(table.frame["a"]) == ["4", "6,5"]


def test_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", "person\nA1\nA2\n\nA3\n")
    assert not table.problems
    assert list(table.frame.index) == [2, 3, 5]


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_nul_bytes_are_errors_with_row_and_column(tmp_path: Path, codec: str) -> None:
    table = read(tmp_path / "a.csv", "a,b\n1,x\n2,y\0z\n3,w\n".encode(codec))
    (problem,) = table.problems
    assert (problem.rule, problem.row, problem.column) == ("nul-byte", 3, "b")
    assert list(table.frame["b"]) == ["x", "w"]


def test_a_nul_in_the_header_is_an_error(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", b"a,b\0\n1,x\n")
    assert [(p.rule, p.row, p.column) for p in table.problems] == [("nul-byte", 1, "b")]


def test_cells_stay_the_text_that_they_are(tmp_path: Path) -> None:
    cells = ["007", "1e5", "00714", "NA", "None", "null", "NaN", "nan", "N/A", "-", "TRUE", " x "]
    cells += ["1.0", "+5", "0x1F", "2026-04-03", "1_000", "inf", "#N/A", "<NA>", "é", "'"]
    table = read(tmp_path / "a.csv", lines([("id", "x"), *[(cell, "1") for cell in cells]]))
    assert not table.typed
    assert table.frame["id"].tolist() == cells
    assert {str(dtype) for dtype in table.frame.dtypes} == {"str"}


def test_only_empty_cells_are_missing(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", 'a,b\n,1\n"",2\n" ",3\nNA,4\n')
    assert table.frame["a"].isna().tolist() == [True, True, False, False]
    assert table.frame["a"].tolist()[2] == " "


@pytest.mark.parametrize(
    ("text", "rule", "row", "words"),
    [
        ("a,b, a\n1,2,3\n", "duplicate-header", 1, "columns A, C"),
        ("a,,b\n1,2,3\n", "empty-header", 1, "column B"),
        ("1,2,3\n4,5,6\n", "no-header", 1, "numbers only"),
        ("\n\na,b,a\n1,2,3\n", "duplicate-header", 3, "columns A, C"),
        ("a,b\n", "no-rows", None, "no rows"),
        ("a,b\n,\n\n", "no-rows", None, "no rows"),
        ("", "empty-file", None, "empty"),
        ("\n \n\t\r\n", "empty-file", None, "empty"),
        ("\ufeff", "empty-file", None, "empty"),
        ("\ufeff\n\n", "empty-file", None, "empty"),
        (",,\n,,\n", "empty-file", None, "empty"),
    ],
)
def test_headers_and_emptiness(
    tmp_path: Path, text: str, rule: str, row: int | None, words: str
) -> None:
    table = read(tmp_path / "a.csv", text)
    (problem,) = table.problems
    assert (problem.rule, problem.row) == (rule, row)
    assert words in problem.found


def test_a_header_below_row_1_is_said(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", "\n,\na,b\n1,2\n")
    assert list(table.frame.index) == [4]
    assert "the column names stand in row 3" in said(table)
    assert "column names stand" not in said(read(tmp_path / "b.csv", "sep=,\na,b\n1,2\n"))


def test_what_is_left_of_broken_headers_is_unique(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", "a,,a,b,b,a\n1,2,3,4,5,6\n")
    assert rules(table) == ["empty-header", "duplicate-header", "duplicate-header"]
    assert table.frame.to_dict("list") == {"a": ["1"], "b": ["4"]}


def test_headers_are_trimmed_and_columns_without_anything_vanish(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", " person ,score\u00a0,,\nA1,3,,\n")
    assert list(table.frame.columns) == ["person", "score"]
    assert "spaces around column names" in said(table)
    assert not table.problems


@pytest.mark.parametrize(
    ("text", "row", "left"),
    [
        ('a,b\n1,x\n"2,y\n3,z\n', 3, ["1"]),  # never closed
        ('a,b\n1,x\n2,"y"w\n3,z\n', 3, ["1", "3"]),  # text after the closing quote
        ('a,b\n1,x\n2,"y\n3,"z"\n4,w\n', 3, ["1", "4"]),  # closed by the next cell's quote
    ],
)
def test_quotes_that_do_not_pair_up(tmp_path: Path, text: str, row: int, left: list[str]) -> None:
    table = read(tmp_path / "a.csv", text)
    assert [(p.rule, p.row) for p in table.problems] == [("quotes", row)]
    assert list(table.frame["a"]) == left


def test_a_quote_left_open_in_a_long_file_costs_one_stretch_of_it(tmp_path: Path) -> None:
    body = "".join(f"{i},abcdefghij\n" for i in range(30_000))
    table = read(tmp_path / "a.csv", 'a,b\n0,"x\n' + body)
    assert [(p.rule, p.row) for p in table.problems] == [("quotes", 2)]
    assert len(table.frame) > 15_000  # reading goes on after 131,072 characters


def test_broken_quotes_in_every_row_are_not_taken_for_a_dialect(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", 'a,b\n"5" screen",1\n"7" screen",2\n"9" screen",3\n')
    assert [(p.rule, p.row) for p in table.problems] == [("quotes", row) for row in (2, 3, 4)]


def test_broken_quotes_in_the_header_stop_the_reading(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", 'a,"b"c\n1,2\n', delimiter=",")
    assert [(p.rule, p.row) for p in table.problems] == [("quotes", 1)]
    assert table.frame.empty


def test_a_quote_inside_an_unquoted_cell_is_a_character(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", 'a,b\n5" screen,1\nsay "x",2\n')
    assert list(table.frame["a"]) == ['5" screen', 'say "x"']


def test_quotes_behind_a_space_are_said(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", 'a, b\n1, "x"\n2, "y"\n')
    assert "a space stands before quotes, which so became part of cells (b)" in said(table)
    assert "space stands" not in said(read(tmp_path / "b.csv", 'a,b\n1,"x "\n2,y "z"\n'))


def test_problems_are_counted_beyond_the_first_200(tmp_path: Path) -> None:
    bad = "1,2,3\n" * 500
    table = read(tmp_path / "a.csv", "a,b,a\n1,2,3\n" + "x\n" * 500 + bad + '"q"w,1,2\n')
    found = rules(table)
    assert len(found) == 201
    assert found.count("duplicate-header") == 1
    assert found.count("quotes") == 1
    assert found.count("field-count") == 198
    assert found[-1] == "more"
    assert "502 problems" in table.problems[-1].found


def test_no_cell_is_ever_quoted_in_a_message(tmp_path: Path) -> None:
    secret = "Brunhilde"
    text = f'a,b\n{secret},1\n{secret}\n{secret}\0,2\n"{secret}"{secret},3\n{secret},{secret},4\n'
    table = read(tmp_path / "a.csv", text)
    assert len(table.problems) == 4
    assert secret not in said(table)
    assert all(problem.value is None for problem in table.problems)


def test_the_locale_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a;b\nZoë;3,5\n"
    expected = read(tmp_path / "a.csv", text)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("LANG", "C")
    monkeypatch.setattr(locale, "getencoding", lambda: "ascii")
    monkeypatch.setattr(locale, "getpreferredencoding", lambda *_: "ascii")
    again = read(tmp_path / "a.csv", text)
    assert again.frame.equals(expected.frame)
    assert again.notes == expected.notes


cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@given(
    rows=st.lists(st.lists(cell, min_size=3, max_size=3), min_size=1, max_size=8),
    delimiter=st.sampled_from(sorted(WORDS)),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_writer_wrote_is_read_back(
    rows: list[list[str]], delimiter: str, codec: str, ends: str
) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=ends, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *rows])
    data = stream.getvalue().encode(codec)
    log = FileLog("a.csv")
    kept = [row for row in rows if any(row)]
    if kept:
        table = read_text(data, log, delimiter=delimiter, encoding=codec)
        assert not table.problems
        assert table.frame.fillna("").to_numpy().tolist() == kept


def test_damage_of_any_kind_never_raises(tmp_path: Path) -> None:
    rng = np.random.default_rng(20260403)
    whole = np.frombuffer(lines([HEADER, *ROWS * 5, ('"Zoë"', '"t\n0"', "3")]).encode(), np.uint8)
    for i in range(400):
        data = whole.copy()
        data[rng.integers(len(data), size=rng.integers(1, 6))] = rng.integers(256)
        if i % 4 == 0:
            data = data[: rng.integers(len(data))]
        table = read(tmp_path / "a.csv", data.tobytes())
        assert table.frame.columns.is_unique
        assert table.problems or len(table.frame)


def test_a_hundred_thousand_rows_take_little_memory(tmp_path: Path) -> None:
    body = "".join(
        f"P{i // 10:06d},w{i % 3},digital_{i % 10},{i % 5 + 1},\n" for i in range(100_000)
    )
    path = tmp_path / "big.csv"
    path.write_text("person,wave,item,value,rater\n" + body)
    tracemalloc.start()
    table = read(path)
    assert table.frame.shape == (100_000, 5)
    assert not table.problems
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6  # measured 25 MB: a million rows stay well below 1 GB
