"""The Bucknell course surveys, three files a year apart, are read by their study.toml alone."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from rmresearch.io.check import check
from rmresearch.io.read import read_study
from rmresearch.study import Study

AGREE = {"Strongly disagree": 1, "Disagree": 2, "Neutral": 3, "Agree": 4, "Strongly agree": 5}
AMOUNT = {"None": 1, "Little": 2, "Some": 3, "Much": 4, "Extensive": 5}


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    folder = shared / "real" / "bucknell_cure"
    if not folder.is_dir():
        pytest.skip("the Bucknell study is not there")
    return folder


@pytest.fixture(scope="module")
def study(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    # a copy of the declaration, so that the key of the pseudonyms is not made in the checkout
    folder = tmp_path_factory.mktemp("bucknell")
    shutil.copy(Path(__file__).with_name("bucknell.toml"), folder)
    return read_study(folder / "bucknell.toml", data=data)


@pytest.fixture(scope="module")
def rows(data: Path) -> list[dict[str, str]]:
    """Everybody who agreed, straight from the files."""
    found = []
    for year in (1, 2, 3):
        with (data / f"Year{year}.NoDemographics.tsv").open(encoding="utf-8", newline="") as file:
            found += list(csv.DictReader(file, delimiter="\t"))
    assert len(found) == 225
    return [row for row in found if row["Q1_pre"] == "Agree"]


def test_people(study: Study, rows: list[dict[str, str]]) -> None:
    assert len(study.participants) == len(rows) == 224
    assert dict(study.excluded)["people who did not consent"] == 1
    assert set(study.participants["role"]) == {"junior"}
    assert study.design.role_label("junior") == "student"
    assert len(study.pairs) == 0


def test_instructors_are_repaired_and_semesters_joined(
    study: Study, rows: list[dict[str, str]]
) -> None:
    departments: dict[str, int] = {}
    semesters: dict[str, int] = {}
    for row in rows:
        name = row["Instructor"].removeprefix("Prof. ")
        departments[name] = departments.get(name, 0) + 1
        when = row.get("Semester") or row["Semester_pre"]
        semesters[when] = semesters.get(when, 0) + 1
    assert len(departments) == 5
    assert study.participants["department"].value_counts().to_dict() == departments
    assert study.participants["semester"].value_counts().to_dict() == semesters
    assert len(semesters) == 6


@pytest.mark.parametrize(
    ("item", "wave", "column", "codes"),
    [
        ("view_1", "pre", "Q11_1_pre", AGREE),
        ("view_9", "post", "Q13_9_post", AGREE),
        ("view_22", "post", "Q13_22_post", AGREE),
        ("ability_25", "pre", "Q10_25_pre", AMOUNT),
        ("gain_17", "post", "Q9_17_post", AMOUNT),
        ("reaction_2", "post", "Q11_2_post", AGREE),
    ],
)
def test_items_equal_a_plain_loop(
    study: Study,
    rows: list[dict[str, str]],
    item: str,
    wave: str,
    column: str,
    codes: dict[str, int],
) -> None:
    naive = [codes[row[column]] for row in rows if row[column] in codes]
    answers = study.measures
    mine = answers[(answers["item"] == item) & (answers["wave"] == wave)]["value"]
    assert len(mine) == len(naive)
    assert mine.mean() == pytest.approx(sum(naive) / len(naive), rel=1e-12)  # order of summing


def test_every_answer_of_the_files_is_there(study: Study, rows: list[dict[str, str]]) -> None:
    """22 views twice, 25 abilities, 25 gains, 21 benefits and 4 reactions; no other answers."""
    names = [f"Q11_{n}_pre" for n in range(1, 23)] + [f"Q13_{n}_post" for n in range(1, 23)]
    names += [f"Q10_{n}_pre" for n in range(1, 26)] + [f"Q9_{n}_post" for n in range(1, 26)]
    names += [f"Q10_{n}_post" for n in range(1, 22)] + [f"Q11_{n}_post" for n in range(1, 5)]
    none = {"NA", "N.A./Prefer not to answer", ""}
    assert len(study.measures) == sum(row[name] not in none for row in rows for name in names)
    waves = study.measures.groupby("item")["wave"].agg(set)
    assert all(waves[f"view_{n}"] == {"pre", "post"} for n in range(1, 23))
    assert all(waves[f"ability_{n}"] == {"pre"} for n in range(1, 26))
    assert all(waves[f"gain_{n}"] == {"post"} for n in range(1, 26))


def test_ability_and_gain_are_two_questions(study: Study) -> None:
    gain = study.design.outcome("gain")
    assert (gain.timing, gain.related, gain.waves) == ("gain", "ability", ("post",))
    assert study.design.outcome("ability").waves == ("pre",)


def test_check_finds_no_problem_and_says_single_group(data: Path, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("bucknell.toml"), tmp_path)
    report = check(tmp_path / "bucknell.toml", data)
    assert report.problems == ()
    assert any("There is no comparison group" in line for line in report.abilities)
    assert [path.name for path in tmp_path.iterdir()] == ["bucknell.toml"]
