"""`rmresearch check` looks into the company's slides as `report` does, and says all at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from rmresearch.cli import main
from rmresearch.errors import ReportError
from rmresearch.io.check import check as check_files
from rmresearch.report.build import build
from rmresearch.report.checked import check

from .leadership.test_deck_template import company, macro, without

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The example pilot with slides of its own, not yet there."""
    folder = tmp_path / "study"
    shutil.copytree(ROOT / "data" / "synthetic" / "pilot", folder)
    with (folder / "study.toml").open("a") as file:
        file.write('\n[brand]\ntemplate = "company.pptx"\n')
    return folder


def test_everything_wrong_with_the_slides_is_among_the_problems(study: Path) -> None:
    (study / "company.pptx").write_bytes(macro(company(without("twoObj", "obj"))))
    (study / "data" / "pairs.csv").unlink()
    found = check(study)
    assert found.total == len(found.problems) == 4
    assert (found.problems[0].file, found.counts["brand"]) == ("pairs.csv", 3)
    lines = found.lines()
    assert lines[0] == "4 problems:"
    for said in ("holds macros", "“Title and Content” is missing", "“Two Content” is missing"):
        (line,) = (line for line in lines if said in line)
        assert line.startswith("  company.pptx: brand.template: ")
    told = CliRunner().invoke(main, ["check", str(study), "--json"])
    assert told.exit_code == 2
    assert [one["rule"] for one in json.loads(told.stdout)["problems"]][1:] == ["brand"] * 3


def test_what_check_says_is_what_the_report_is_refused_for(study: Path, tmp_path: Path) -> None:
    (study / "company.pptx").write_bytes(company(without("twoObj")))
    (problem,) = check(study).problems
    with pytest.raises(ReportError) as refused:
        build(study, tmp_path / "out", audience="leadership", formats=["pptx"])
    assert problem.found.removeprefix("brand.template: ") in str(refused.value)
    assert problem.fix in str(refused.value)


def test_good_slides_and_slides_that_are_not_there_are_said_once(study: Path) -> None:
    assert [one.found for one in check(study).problems] == [
        one.found for one in check_files(study).problems
    ]
    assert "is not there" in check(study).problems[0].found
    (study / "company.pptx").write_bytes(company())
    assert check(study) == check_files(study)
