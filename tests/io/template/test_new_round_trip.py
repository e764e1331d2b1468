"""Filled in, and saved by LibreOffice: it checks clean, and says what was typed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from filling import cohort, fill, open_book, write
from openpyxl.formula.translate import Translator

from pictures import needed
from rmresearch.io.check import check
from rmresearch.io.read import load, read_study
from rmresearch.io.template.folder import new_study
from rmresearch.study import Study


def saved_by_office(file: Path, folder: Path, kind: str = "xlsx") -> Path:
    """The file as LibreOffice opens and saves it."""
    office = needed("soffice", "libreoffice-calc")
    folder.mkdir(parents=True)
    settings = f"-env:UserInstallation={(folder / 'office').resolve().as_uri()}"
    command = [office, settings, "--headless", "--convert-to", kind, "--outdir", str(folder)]
    subprocess.run([*command, str(file)], check=True, capture_output=True, timeout=180)
    return folder / file.with_suffix(f".{kind}").name


@pytest.fixture(scope="module")
def people() -> Study:
    return cohort()


@pytest.fixture(scope="module")
def filled(made: Path, people: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("filled") / "pilot"))
    fill(folder, people)
    return folder


def told(study: Study, ids: dict[str, str] | None = None) -> pd.DataFrame:
    """Scores by person, outcome and wave."""
    frames = []
    for name in ("digital_skill", "leadership_confidence", "burden", "recommend"):
        scores = study.scores(name)[["person", "wave", "value"]].assign(outcome=name)
        frames.append(scores)
    found = pd.concat(frames)
    if ids is not None:
        found["person"] = found["person"].map(ids)
    return found.sort_values(["outcome", "person", "wave"], ignore_index=True)[
        ["outcome", "person", "wave", "value"]
    ]


def test_what_was_typed_is_what_is_read(filled: Path, people: Study) -> None:
    report = check(filled)
    assert report.problems == ()
    assert report.warnings == ()
    study = load(filled).study
    assert study is not None
    ids = {person: f"{number:04d}" for number, person in enumerate(people.participants["person"])}
    assert list(study.participants["person"]) == list(ids.values()), "0007 stays text"
    pd.testing.assert_frame_equal(told(study), told(people, ids), check_dtype=False)
    dates = study.pairs.set_index("pair")["start"].dropna()
    theirs = people.pairs.set_index("pair")["start"].dropna()
    assert len(dates) > 5
    assert dict(dates) == dict(theirs), "dates stay dates"
    assert study.meetings["held"].sum() == people.meetings["held"].sum()


def test_saved_by_libreoffice_it_is_the_same_study(filled: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(filled, tmp_path / "pilot"))
    office = saved_by_office(filled / "data" / "data.xlsx", tmp_path / "office")
    assert office.read_bytes() != (filled / "data" / "data.xlsx").read_bytes()
    shutil.copy(office, other / "data" / "data.xlsx")
    assert check(other).lines() == check(filled).lines()
    before, after = load(filled).study, load(other).study
    assert before is not None
    assert after is not None
    for table in ("participants", "pairs", "measures", "meetings", "records"):
        pd.testing.assert_frame_equal(getattr(after, table), getattr(before, table))
    _still_helps(filled / "data" / "data.xlsx", office)


def _still_helps(before: Path, after: Path) -> None:
    """Lists, limits and locks are still there."""
    first, second = openpyxl.load_workbook(before), openpyxl.load_workbook(after)
    assert second.sheetnames == first.sheetnames
    for sheet in first.worksheets:
        other = second[sheet.title]
        assert other.sheet_state == sheet.sheet_state
        assert other.protection.sheet == sheet.protection.sheet
        kinds = {str(rule.sqref).split(":")[0]: rule.type
                 for rule in other.data_validations.dataValidation}  # fmt: skip
        assert kinds == {str(rule.sqref).split(":")[0]: rule.type
                         for rule in sheet.data_validations.dataValidation}  # fmt: skip


def test_the_limits_of_ids_hold_as_they_should(pilot: Path, tmp_path: Path) -> None:
    """Each id column's formula, reckoned by LibreOffice for ids that fit and ids that do not."""
    book = open_book(pilot)
    write(
        book["Participants"],
        [{"Person": "007", "Role": "senior"}, {"Person": "7", "Role": "junior"},
         {"Person": "008", "Role": "junior"}, {"Person": "008", "Role": "junior"}],
    )  # fmt: skip
    write(
        book["Pairs"],
        [{"Pair": "A", "Junior": "7", "Senior": "007"},
         {"Pair": "B", "Junior": "007", "Senior": "7"},
         {"Pair": "B", "Junior": "099", "Senior": "07"}],
    )  # fmt: skip
    write(book["Survey start"], [{"Person": "007"}, {"Person": "8"}, {"Person": "007"}])
    write(book["Meetings"], [{"Pair": "A"}, {"Pair": "C"}])
    expected: dict[tuple[str, str], list[bool]] = {
        ("Participants", "Person"): [True, True, False, False],
        ("Pairs", "Pair"): [True, False, False],
        ("Pairs", "Junior"): [True, False, False],
        ("Pairs", "Senior"): [True, False, False],
        ("Survey start", "Person"): [False, False, False],
        ("Meetings", "Pair"): [True, False],
    }
    for (name, header), answers in expected.items():
        _reckoned(book[name], header, len(answers))
    book.save(tmp_path / "asked.xlsx")
    office = saved_by_office(tmp_path / "asked.xlsx", tmp_path / "office")
    found = openpyxl.load_workbook(office, data_only=True)
    for (name, header), answers in expected.items():
        column = 40 + [cell.value for cell in found[name][1]].index(header)
        values = [found[name].cell(row, column).value for row in range(2, 2 + len(answers))]
        assert values == answers, (name, header)


def _reckoned(sheet: Any, header: str, rows: int) -> None:
    """The column's rule as formulas beside the table, one a row."""
    place = [cell.value for cell in sheet[1]].index(header)
    letter = sheet.cell(1, place + 1).column_letter
    rule = next(rule for rule in sheet.data_validations.dataValidation
                if str(rule.sqref).startswith(f"{letter}2:"))  # fmt: skip
    formula = Translator(f"={rule.formula1}", origin="ZZ2")
    for row in range(2, 2 + rows):
        sheet.cell(row, 40 + place).value = formula.translate_formula(f"ZZ{row}")


@pytest.mark.parametrize("answers", ["german", "numbers"])
def test_answers_in_other_words_are_the_same_answers(
    tmp_path: Path, people: Study, answers: str
) -> None:
    folder = new_study(tmp_path / "pilot", {"answers": answers, "start": "2025-09-01"}).path
    ids = fill(folder, people)
    assert check(folder).problems == ()
    study = load(folder).study
    assert study is not None
    pd.testing.assert_frame_equal(told(study), told(people, ids), check_dtype=False)


@pytest.mark.slow
def test_the_whole_way_to_a_report(filled: Path, tmp_path: Path) -> None:
    from rmresearch.io.read import freeze_plan
    from rmresearch.report.build import build

    folder = Path(shutil.copytree(filled, tmp_path / "pilot"))
    assert "version 1" in freeze_plan(folder)
    assert len(read_study(folder).participants) == 48
    build(folder, tmp_path / "report")
    page = (tmp_path / "report" / "internal" / "report.html").read_text("utf-8")
    assert "Digital skill" in page
    assert "Reverse mentoring pilot" in page
