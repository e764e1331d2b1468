"""SPSS and Stata files: codes, labels, dates, and missing codes; crashes of the library too."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from planted_files import read, rules, said

from rmresearch.io import labelled

LABELS = {5: "Strongly agree", 1: "Strongly disagree", 3: "Neither", 99: "Refused"}


def answers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["007", "A1", "", "NA"],
            "q1": [1.0, 99.0, np.nan, 5.0],
            "q2": [5.0, 98.0, 1.0, 2.0],
            "word": ["x", "none", "zz", "Zoë"],
            "day": [dt.date(2026, 4, 3), None, dt.date(2026, 4, 25), dt.date(1950, 1, 31)],
            "moment": pd.to_datetime(["2026-04-03 10:00:00", None, "2026-04-25 01:02:03", None]),
        }
    )


def spss(path: Path, **options: Any) -> Path:
    options = {"variable_value_labels": {"q1": LABELS}} | options
    pyreadstat.write_sav(answers(), str(path), **options)
    return path


def stata(path: Path, frame: pd.DataFrame | None = None, **options: Any) -> Path:
    options = {"variable_value_labels": {"q1": LABELS}} | options
    pyreadstat.write_dta(answers() if frame is None else frame, str(path), **options)
    return path


@pytest.mark.parametrize(("name", "compress"), [("a.sav", False), ("a.zsav", True)])
def test_spss_files_with_labels_dates_and_text(tmp_path: Path, name: str, compress: bool) -> None:
    table = read(spss(tmp_path / name, compress=compress))
    assert not table.problems
    assert table.typed
    assert list(table.frame.index) == [2, 3, 4, 5]
    assert table.frame["id"].tolist()[:2] == ["007", "A1"]
    assert table.frame["id"].isna().tolist() == [False, False, True, False]
    assert table.frame["word"].tolist() == ["x", "none", "zz", "Zoë"]
    assert table.frame["q1"].tolist()[1::2] == [99.0, 5.0]
    assert table.frame["day"].tolist()[0] == dt.datetime(2026, 4, 3)
    assert table.frame["day"].tolist()[3] == dt.datetime(1950, 1, 31)
    assert table.frame["moment"].tolist()[2] == dt.datetime(2026, 4, 25, 1, 2, 3)
    kinds = ["str", "float64", "float64", "str", "datetime64[us]", "datetime64[us]"]
    assert [str(dtype) for dtype in table.frame.dtypes] == kinds
    assert list(table.labels["q1"].items()) == [(float(k), v) for k, v in LABELS.items()]
    assert "UTF-8" in said(table)


def test_declared_missing_codes_of_spss_are_missing_and_said(tmp_path: Path) -> None:
    missing = {"q1": [99], "q2": [{"lo": 97, "hi": 1.7976931348623157e308}], "word": ["zz", "none"]}
    table = read(spss(tmp_path / "a.sav", missing_ranges=missing))
    assert table.frame["q1"].isna().tolist() == [False, True, True, False]
    assert table.frame["q2"].isna().tolist() == [False, True, False, False]
    assert table.frame["word"].isna().tolist() == [False, True, True, False]
    words = said(table)
    assert "q1: 99" in words
    assert "q2: 97 to highest" in words
    assert "word: zz" in words
    assert list(table.labels["q1"].values()) == ["Strongly agree", "Strongly disagree", "Neither"]


def test_times_of_day_stay_text(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "at": [dt.time(10, 30), None]})
    pyreadstat.write_sav(frame, str(tmp_path / "a.sav"))
    table = read(tmp_path / "a.sav")
    assert table.frame["at"].tolist()[0] == "10:30:00"
    assert table.frame["at"].isna().tolist() == [False, True]


def test_months_that_stay_numbers_are_said(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a"], "month": [795]})
    path = stata(
        tmp_path / "a.dta", frame, variable_format={"month": "%tm"}, variable_value_labels={}
    )
    table = read(path)
    assert table.frame["month"].tolist() == [795.0]  # months since January 1960
    assert "stay the numbers that the file has (month)" in said(table)


def test_stata_files_with_labels_dates_and_text(tmp_path: Path) -> None:
    table = read(stata(tmp_path / "a.dta"))
    assert not table.problems
    assert table.frame["id"].tolist()[:2] == ["007", "A1"]
    assert table.frame["id"].isna().tolist() == [False, False, True, False]
    assert table.frame["day"].tolist()[3] == dt.datetime(1950, 1, 31)
    assert table.frame["moment"].tolist()[2] == dt.datetime(2026, 4, 25, 1, 2, 3)
    kinds = ["str", "float64", "float64", "str", "datetime64[us]", "datetime64[us]"]
    assert [str(dtype) for dtype in table.frame.dtypes] == kinds
    # Stata keeps labels by code
    assert table.labels["q1"] == {float(code): text for code, text in LABELS.items()}


def test_extended_missing_values_of_stata_are_missing_and_said(tmp_path: Path) -> None:
    frame = answers().assign(q1=[1.0, "a", "b", 5.0])
    path = stata(
        tmp_path / "a.dta",
        frame,
        missing_user_values={"q1": ["a", "b"]},
        variable_value_labels={"q1": {1: "No", 5: "Yes", "a": "Refused"}},
    )
    table = read(path)
    assert str(table.frame["q1"].dtype) == "float64"
    assert table.frame["q1"].isna().tolist() == [False, True, True, False]
    assert "q1: .a, .b" in said(table)
    assert table.labels["q1"] == {1.0: "No", 5.0: "Yes"}


def test_extended_missing_values_among_dates_and_times() -> None:
    # Stata's writer here cannot make such files, its readers meet them
    cells = pd.Series([dt.datetime(2026, 4, 3), "a", None], dtype=object)
    column, letters = labelled._column(cells, text=False)
    assert str(column.dtype) == "datetime64[us]"
    assert column.tolist()[0] == dt.datetime(2026, 4, 3)
    assert column.isna().tolist() == [False, True, True]
    assert letters == ["a"]


def test_two_variables_of_one_name(tmp_path: Path) -> None:
    path = stata(tmp_path / "a.dta")
    data = path.read_bytes()
    name = b"q2" + bytes(20)
    assert data.count(name) >= 1
    assert rules(read(path, data.replace(name, b"q1" + bytes(20), 1))) == ["damaged"]


def test_whole_numbers_with_gaps_are_numbers(tmp_path: Path) -> None:
    path = stata(tmp_path / "a.dta", pd.DataFrame({"id": ["a", "b"], "n": [3, None]}, dtype=object))
    table = read(path, None)
    assert table.frame["n"].tolist()[0] == 3.0
    assert str(table.frame["n"].dtype) == "float64"


@pytest.mark.parametrize("name", ["a.sav", "a.dta"])
def test_files_without_cases(tmp_path: Path, name: str) -> None:
    write = pyreadstat.write_sav if name.endswith("sav") else pyreadstat.write_dta
    write(answers().iloc[:0], str(tmp_path / name))
    assert rules(read(tmp_path / name)) == ["no-rows"]


def test_a_file_without_variables(tmp_path: Path) -> None:
    pyreadstat.write_sav(pd.DataFrame(), str(tmp_path / "a.sav"))
    assert rules(read(tmp_path / "a.sav")) == ["damaged"]  # as the library sees it
    pyreadstat.write_dta(pd.DataFrame(), str(tmp_path / "a.dta"))
    assert rules(read(tmp_path / "a.dta")) == ["no-rows"]


@pytest.mark.parametrize("name", ["a.sav", "a.zsav", "a.dta"])
@pytest.mark.parametrize("content", [b"person,score\nA1,3\n", b"$FL2 and nothing more", bytes(900)])
def test_other_files_under_their_names(tmp_path: Path, name: str, content: bytes) -> None:
    table = read(tmp_path / name, content)
    assert rules(table) == ["damaged"]
    assert ("Stata" if name == "a.dta" else "SPSS") in said(table)


def test_text_in_another_encoding_asks_for_it(tmp_path: Path) -> None:
    path = spss(tmp_path / "a.sav")
    assert "Zoë".encode() in path.read_bytes()
    data = path.read_bytes().replace("Zoë".encode(), b"Z\xebxy")
    (problem,) = read(path, data).problems
    assert problem.rule == "encoding"
    assert 'encoding = "cp1252"' in problem.fix
    assert read(path, data, encoding="cp1252").frame["word"].tolist()[3] == "Zëxy"


def test_a_file_that_crashes_the_library_is_reported(tmp_path: Path) -> None:
    path = spss(tmp_path / "a.sav")
    data = path.read_bytes()
    # the labels belong to variable 2; the library looks up whichever number stands here
    belongs = b"\x04\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"
    assert data.count(belongs) == 1
    table = read(path, data.replace(belongs, belongs[:8] + b"\x02\x00\x00\x53"))
    assert rules(table) == ["damaged"]


@pytest.mark.parametrize(
    ("code", "survives"), [(0, True), (1, True), (-11, False), (3221225477, False)]
)
def test_what_the_trial_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, survives: bool
) -> None:
    done = subprocess.CompletedProcess[bytes]([], code)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    assert (not read(spss(tmp_path / "a.sav")).problems) == survives


@pytest.mark.parametrize(
    ("failure", "survives"), [(OSError(), True), (subprocess.TimeoutExpired("x", 1), False)]
)
def test_a_trial_that_cannot_start_or_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, survives: bool
) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(subprocess, "run", run)
    assert (not read(spss(tmp_path / "a.sav")).problems) == survives


@pytest.mark.parametrize("name", ["a.sav", "a.dta"])
def test_more_cells_than_fit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = (spss if name == "a.sav" else stata)(tmp_path / name)
    monkeypatch.setattr(labelled, "MAX_CELLS", 23)  # the file has 4 cases of 6 variables
    (problem,) = read(path).problems
    assert problem.rule == "file-size"
    assert "4 cases of 6 variables" in problem.found
    assert "23 cells" in problem.fix


def test_damage_of_any_kind_never_raises(tmp_path: Path) -> None:
    rng = np.random.default_rng(20260405)
    outcomes = set()
    for make, name, times in ((stata, "a.dta", 200), (spss, "a.sav", 6)):
        path = make(tmp_path / name)
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for i in range(times):
            data = whole.copy()
            data[rng.integers(len(data), size=3)] = rng.integers(256)
            cut = rng.integers(len(data)) if i % 3 == 0 else len(data)
            outcomes.update(rules(read(path, data[:cut].tobytes())) or ["fine"])
    assert {"damaged", "fine"} <= outcomes


def test_the_kenya_trial(shared: Path) -> None:
    path = shared / "real" / "bdj_mentors_rct" / "BDJ_Dandora_Data.dta"
    table = read(path)
    assert not table.problems
    first = table.frame[table.frame["wave"] == 0]
    # numbers of its README: 372 women, control 119, class 129, mentor 124
    assert first["id"].nunique() == len(first) == 372
    assert first["treat2"].value_counts().to_dict() == {2.0: 119, 3.0: 129, 4.0: 124}
    other = pd.read_stata(path, convert_categoricals=False)  # another reader altogether
    for name in table.frame.columns:
        if table.frame[name].dtype == float:
            ours, theirs = table.frame[name].to_numpy(), other[name].to_numpy(float)
            np.testing.assert_array_equal(ours, theirs)
        else:
            assert table.frame[name].fillna("").tolist() == other[name].tolist()
