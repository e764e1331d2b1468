"""The data dictionary is what the code has, nothing else, and nothing is left out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

import rmresearch as rm
from rmresearch.errors import ReportError
from rmresearch.io.schema import StudyFile
from rmresearch.privacy import release
from rmresearch.report import dictionary_page
from rmresearch.report.dictionary_page import page
from rmresearch.study import TABLES


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "docs" / "data-dictionary.md").read_text("utf-8")


@pytest.fixture(scope="module")
def study_file(root: Path) -> str:
    return (root / "docs" / "study-file.md").read_text("utf-8")


def sections(text: str) -> dict[str, dict[str, list[str]]]:
    """The rows of each section by their first cell, which is a name."""
    found: dict[str, dict[str, list[str]]] = {}
    for part in re.split(r"^#{2,3} ", text, flags=re.MULTILINE)[1:]:
        heading, body = part.split("\n", 1)
        rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", body, re.MULTILINE)
        found[heading] = {name: re.split(r" (?<!\\)\| ", rest) for name, rest in rows}
    return found


def test_the_page_is_what_the_code_has(text: str, study_file: str) -> None:
    assert text == page(study_file), "the code has changed: run `make dictionary`"


def test_every_column_of_every_table_has_its_row_and_type(text: str) -> None:
    found = sections(text)
    for table, columns in TABLES.items():
        assert list(found[table]) == list(columns)
        for name, kind in columns.items():
            shown, told = found[table][name]
            assert {"text": "text", "date": "date", "flag": "yes or no"}.get(kind, shown) == shown
            assert told


def test_every_key_of_study_toml_has_its_row(text: str) -> None:
    found = sections(text)

    def keys(model: type[BaseModel]) -> set[str]:
        return {
            name for name, one in model.model_fields.items() if not inner(one.annotation)
        }  # sections of their own have their own rows

    def inner(annotation: object) -> list[type[BaseModel]]:
        several = [annotation, *get_args(annotation)]
        return [one for one in several if isinstance(one, type) and issubclass(one, BaseModel)]

    waiting, seen = [StudyFile], set()
    while waiting:
        model = waiting.pop()
        seen.add(model)
        waiting += [one for field in model.model_fields.values() for one in inner(field.annotation)]
    rows = [set(names) for names in found.values()]
    for model in seen - {StudyFile}:
        assert not keys(model) or keys(model) in rows, model.__name__
    assert len(seen) > 12


def test_defaults_and_legal_values_are_those_that_are_taken(text: str) -> None:
    found = sections(text)
    assert found["[[outcomes]]"]["direction"][:2] == ["`higher`, `lower`", "`higher`"]
    assert found["[[outcomes]]"]["min_items"][:2] == ["number above 0 up to 1", "`0.5`"]
    assert found["[privacy]"]["smallest_mean"][:2] == ["whole number from 5", "`5`"]
    assert found["[study]"]["name"][1] == "needed"
    assert found["[matching.rules]"]["reporting_line"][:2] == ["true or false", "`true`"]


def test_a_release_holds_the_parts_that_the_page_names(text: str) -> None:
    study = rm.simulate(rm.Scenario(pairs=20), seed=7).study
    results = {"means": rm.wave_means(study, "digital_skill")}
    made = json.loads(release(results, study).to_json())["release"]
    found = sections(text)
    assert set(found["released.json"]) == set(made)
    assert set(found["standing"]) == set(made["standing"])
    assert set(found["codebook"]) == set(made["codebook"])
    assert set(found["tables"]) == set(made["tables"][0])
    assert set(found["cells of tables"]) == set(made["tables"][0]["rows"][0][0])
    assert set(found["estimates"]) == set(made["estimates"][0])
    assert list(found["Results"])[:18] == list(results["means"].to_frame().columns)


def test_a_name_without_a_meaning_is_refused(
    study_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ReportError, match=r"nothing says what study\.synthetic means"):
        page(study_file.replace("| `synthetic` |", "| `artificial` |"))
    with pytest.raises(ReportError, match="nothing says what"):
        page("")
    more = {**TABLES, "pairs": {**TABLES["pairs"], "room": "text"}}
    monkeypatch.setattr(dictionary_page, "TABLES", more)
    with pytest.raises(ReportError, match=r"pairs and its meanings differ in \['room'\]"):
        page(study_file)


def test_written_where_it_is_asked_for(tmp_path: Path, study_file: str, text: str) -> None:
    (tmp_path / "study-file.md").write_text(study_file, "utf-8")
    assert dictionary_page.write_page(tmp_path).read_text("utf-8") == text
