"""Reading any file: what is admitted, under which name, and that nothing else is opened."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from planted_files import HEADER, ROWS, lines, read, rules, said, workbook

from rmresearch.errors import Problem
from rmresearch.io import sources
from rmresearch.io.raw import FileLog, column_letters
from rmresearch.io.sources import READABLE, read_raw


@pytest.mark.parametrize("suffix", [".pkl", ".joblib", ".npz", ".rds", ".feather", ".csv.gz", ""])
def test_unknown_kinds_are_refused_with_those_that_are_read(tmp_path: Path, suffix: str) -> None:
    table = read(tmp_path / f"a{suffix}", lines())
    assert rules(table) == ["file-type"]
    for known in (".csv", ".tsv", ".xlsx", ".xlsm", ".sav", ".zsav", ".dta", ".parquet"):
        assert known in READABLE
        assert known in table.problems[0].fix


@pytest.mark.parametrize(
    ("suffix", "words"),
    [(".xls", "old Excel"), (".xlsb", "binary"), (".ods", "OpenDocument"), (".numbers", "Numbers")],
)
def test_relatives_of_readable_files_are_named(tmp_path: Path, suffix: str, words: str) -> None:
    table = read(tmp_path / f"a{suffix}", b"\xd0\xcf\x11\xe0")
    assert rules(table) == ["file-type"]
    assert words in said(table)


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("exit 1",)


@pytest.mark.parametrize("suffix", [".pkl", ".csv", ".xlsx", ".sav", ".dta", ".parquet"])
def test_no_pickle_is_ever_opened(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = pickle.dumps(Trap())

    def fail(*_: object) -> None:
        raise AssertionError("a pickle was loaded")

    monkeypatch.setattr(os, "system", fail)
    assert read(tmp_path / f"a{suffix}", content).problems


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1", "old or password-protected Excel"),
        (b"$FL2@(#) SPSS", "SPSS"),
        (b"<stata_dta><header>", "Stata"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"%PDF-1.7", "PDF"),
        (b"\n <!DOCTYPE HTML><html>", "web page"),
        (b"<html><table>", "web page"),
        (b"<?xml version='1.0'?>", "XML"),
    ],
)
def test_other_files_named_csv_say_what_they_are(
    tmp_path: Path, content: bytes, words: str
) -> None:
    table = read(tmp_path / "a.csv", content)
    assert rules(table) == ["file-type"]
    assert words in said(table)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".sav", ".dta", ".parquet"])
def test_what_is_not_an_ordinary_file(tmp_path: Path, suffix: str) -> None:
    assert rules(read(tmp_path / f"absent{suffix}")) == ["file"]
    (tmp_path / f"folder{suffix}").mkdir()
    assert rules(read(tmp_path / f"folder{suffix}")) == ["file"]
    assert rules(read(tmp_path / f"empty{suffix}", b"")) == ["empty-file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    assert rules(read(tmp_path / "a.csv")) == ["file"]


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    path = tmp_path / "a.csv"
    path.write_text(lines())
    monkeypatch.setattr(Path, "read_bytes", refuse)
    table = read(path)
    assert rules(table) == ["file"]
    assert "Permission denied" in said(table)
    assert str(tmp_path) not in said(table)


def test_too_large_a_file_is_refused_with_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "a.csv").open("wb") as stream:
        stream.truncate(sources.MAX_BYTES + 1)  # a sparse file: nothing is written
    table = read(tmp_path / "a.csv")
    assert rules(table) == ["file-size"]
    assert "the file has 200 MB; at most 200 MB" in said(table)


def test_endings_are_read_in_capitals_too(tmp_path: Path) -> None:
    assert not read(tmp_path / "A.CSV", lines()).problems
    assert not read(workbook(tmp_path / "A.XLSX", [HEADER, *ROWS])).problems


def test_the_given_name_stands_in_every_message(tmp_path: Path) -> None:
    path = tmp_path / "secret-folder-name.csv"
    path.write_text(lines() + "x\n")
    table = read_raw(path, name="data/answers.csv")
    assert table.file == "data/answers.csv"
    assert {problem.file for problem in table.problems} == {"data/answers.csv"}
    assert all(note.startswith("data/answers.csv: ") for note in table.notes)
    assert "secret" not in said(table)


def test_options_that_do_not_apply_are_said(tmp_path: Path) -> None:
    table = read(tmp_path / "a.csv", lines(), sheet="Answers")
    assert not table.problems
    assert "sheet is declared, but .csv files have none" in said(table)
    path = workbook(tmp_path / "a.xlsx", [HEADER, *ROWS])
    words = said(read(path, delimiter=";", encoding="utf-8"))
    assert "delimiter is declared" in words
    assert "encoding is declared" in words


def test_reading_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(lines() + "x\n")
    path.chmod(0o444)
    before = path.stat()
    read(path)
    assert sorted(tmp_path.iterdir()) == [path]
    assert path.stat() == before or path.stat().st_mtime_ns == before.st_mtime_ns


def test_readers_of_other_kinds_load_only_when_needed() -> None:
    code = (
        "import sys, rmresearch.io.sources\n"
        "print(sorted({'openpyxl', 'pyreadstat', 'defusedxml'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_log_lists_every_rule_and_counts_the_rest() -> None:
    log = FileLog("a.csv", "Answers")
    for row in range(250):
        log.error("many", "found", "Fix.", row=row)
    log.error("rare", "found", "Fix.", column="x")
    listed = log.problems
    assert len(listed) == 201
    assert [problem.row for problem in listed if problem.rule == "many"] == list(range(199))
    assert Problem("rare", "found", "Fix.", "a.csv", "Answers", None, "x") in listed
    assert "251 problems" in listed[-1].found


@pytest.mark.parametrize(
    ("position", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")]
)
def test_columns_have_the_letters_of_spreadsheets(position: int, letters: str) -> None:
    assert column_letters(position) == letters
