"""Studies on disk: TOML that reads back, the same bytes, nobody's data overwritten."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmresearch.errors import ReportError, StudyError
from rmresearch.files import TEMPORARY
from rmresearch.io.read import read_study
from rmresearch.io.schema import StudyFile, to_design
from rmresearch.plan import read_plan
from rmresearch.study import TABLES
from rmresearch.world import folder as folders
from rmresearch.world import writing
from rmresearch.world.cohort import simulate
from rmresearch.world.documents import plan_document
from rmresearch.world.large import write_parquet
from rmresearch.world.nature import Nature
from rmresearch.world.presets import PRESETS, preset
from rmresearch.world.scenario import Comparison, Scenario
from rmresearch.world.toml import to_toml
from rmresearch.world.writing import delimited, study_files, typed, write_study

WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
PLAIN = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    WORDS,
    st.dates(),
)
LISTS = st.lists(PLAIN, max_size=4)
DOCUMENTS = st.recursive(
    st.dictionaries(WORDS, st.one_of(PLAIN, LISTS), max_size=4),
    lambda inner: st.dictionaries(
        WORDS, st.one_of(PLAIN, inner, st.lists(inner, min_size=1, max_size=3)), max_size=4
    ),
    max_leaves=12,
)


@given(document=DOCUMENTS)
def test_toml_reads_back_as_it_was(document: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(document)) == document


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_toml_refuses_what_a_study_cannot_mean(value: float) -> None:
    with pytest.raises(ValueError, match="does not belong"):
        to_toml({"value": value})


@pytest.mark.parametrize("value", [{1, 2}, b"x", dt.datetime(2025, 9, 1), object()])
def test_toml_refuses_other_types(value: object) -> None:
    with pytest.raises(TypeError, match="does not belong"):
        to_toml({"value": value})


def test_toml_leaves_out_what_is_none() -> None:
    assert to_toml({"a": None, "b": {"c": None, "d": 1}, "e": {}}) == "[b]\nd = 1\n\n[e]\n"


@pytest.mark.parametrize("name", sorted(PRESETS))
@pytest.mark.parametrize("comparison", ["waitlist", "pool", "none"])
def test_study_toml_declares_the_design(name: str, comparison: Comparison) -> None:
    made = simulate(dataclasses.replace(preset(name, pairs=12), comparison=comparison), seed=51)
    content = tomllib.loads(study_files(made)["study.toml"].decode())
    file = StudyFile.model_validate(content)
    assert to_design(file) == made.study.design
    assert file.study.synthetic is True


def test_plan_asks_one_primary_question_of_what_the_study_declares() -> None:
    for comparison, analysis in (("waitlist", "compare_arms"), ("none", "pre_post")):
        scenario = dataclasses.replace(Scenario(pairs=12), comparison=comparison)  # type: ignore[arg-type]
        design = simulate(scenario, seed=52).study.design
        plan = tomllib.loads(to_toml(plan_document(design)))
        questions = plan["question"]
        assert [q["primary"] for q in questions] == [True] + [False] * (len(questions) - 1)
        assert len({q["id"] for q in questions}) == len(questions)
        for question in questions:
            outcome = design.outcome(question["outcome"])
            assert (outcome.role, outcome.kirkpatrick > 1) == (question["role"], True)
            assert design.wave(question["wave"]) == design.waves[-1]
            assert question["analysis"] == analysis
            assert set(question["intercurrent"]) == {"never_met", "left", "crossed_over"}


@pytest.mark.parametrize("comparison", ["waitlist", "pool", "none"])
def test_the_plan_is_one_that_can_be_frozen(comparison: Comparison, tmp_path: Path) -> None:
    made = simulate(Scenario(pairs=12, comparison=comparison), seed=59)
    plan = read_plan(write_study(made, tmp_path / "study"), made.study.design)
    assert plan.primary.outcome == "digital_skill"
    asked = {question.outcome for question in plan.questions}
    assert len(asked) == (4 if comparison == "pool" else 5)
    assert ("digital_use" in asked) == (comparison != "pool")


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (write_study(simulate(Scenario(pairs=20), seed=0), tmp_path / name) for name in "ab")
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)
    truths = [(tmp_path / f"{name}.truth" / "truth.json").read_bytes() for name in "ab"]
    assert truths[0] == truths[1]
    other = study_files(simulate(Scenario(pairs=20), seed=1))
    assert other["data/measures.csv"] != (one / "data/measures.csv").read_bytes()


@pytest.mark.parametrize("comparison", ["waitlist", "pool", "none"])
def test_what_is_written_is_what_is_read(comparison: Comparison, tmp_path: Path) -> None:
    """Through the package's own reader; only ids (pseudonyms) and row order may differ."""
    made = simulate(Scenario(pairs=30, comparison=comparison), seed=53)
    study = read_study(write_study(made, tmp_path / "study"))
    assert study.design == made.study.design
    for table in TABLES:
        ours, theirs = getattr(made.study, table), getattr(study, table)
        assert len(ours) == len(theirs), table
        for name in set(ours.columns) - {"person", "rater", "pair", "junior", "senior", "manager"}:
            a, b = (frame[name].dropna().sort_values(ignore_index=True) for frame in (ours, theirs))
            assert a.tolist() == b.tolist(), (table, name)
    for outcome in study.design.outcomes:
        ours, theirs = (one.wide(outcome.name).to_numpy() for one in (made.study, study))
        sort = [np.sort(values[~np.isnan(values)]) for values in (ours, theirs)]
        # Averages of the same whole numbers, perhaps added in another order.
        np.testing.assert_allclose(sort[0], sort[1], rtol=1e-12)


def test_truth_lies_beside_and_says_what_made_it(tmp_path: Path) -> None:
    made = simulate(Scenario(pairs=20), seed=54)
    write_study(made, tmp_path / "study")
    found = json.loads((tmp_path / "study.truth" / "truth.json").read_text("utf-8"))
    assert found["seed"] == 54
    assert found["scenario"]["pairs"] == 20
    assert found["scenario"]["nature"]["fade"] == made.truth.scenario.nature.fade
    assert len(found["rows"]) == len(made.truth.rows)
    for row, own in zip(found["rows"], made.truth.rows, strict=True):
        assert row["outcome"] == own.outcome
        # Nine decimals are written.
        assert row["latent"] == pytest.approx(own.latent, abs=5e-10)
    inside = {path.name for path in (tmp_path / "study").rglob("*")}
    assert not any("truth" in name for name in inside)


def test_an_earlier_synthetic_study_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    made = simulate(Scenario(pairs=20), seed=55)
    place = write_study(made, tmp_path / "study")
    (place / "plan.lock.json").write_text("{}")
    (place / "reports").mkdir()
    (place / "reports" / "report.html").write_text("mine")
    write_study(simulate(Scenario(pairs=20), seed=56), place)
    assert (place / "reports" / "report.html").read_text() == "mine"
    (place / "notes.txt").write_text("mine")
    before = (place / "data" / "measures.csv").read_bytes()
    with pytest.raises(ReportError, match=r"holds notes\.txt"):
        write_study(made, place)
    assert (place / "data" / "measures.csv").read_bytes() == before


@pytest.mark.parametrize("content", ['[study]\nname = "real"\n', "not toml", "study = 3\n"])
def test_a_study_that_is_not_synthetic_is_never_replaced(content: str, tmp_path: Path) -> None:
    place = tmp_path / "study"
    place.mkdir()
    (place / "study.toml").write_text(content)
    with pytest.raises(ReportError, match="not synthetic"):
        write_study(simulate(Scenario(pairs=20), seed=57), place)
    assert (place / "study.toml").read_text() == content
    assert not (tmp_path / "study.truth").exists()


def test_data_that_nothing_calls_synthetic_are_never_replaced(tmp_path: Path) -> None:
    """Somebody's own roster has our name, and study.toml is still to be written."""
    (tmp_path / "study" / "data").mkdir(parents=True)
    own = tmp_path / "study" / "data" / "participants.csv"
    own.write_text("person,role\n")
    with pytest.raises(ReportError, match=r"holds data/participants\.csv"):
        write_study(simulate(Scenario(pairs=20), seed=59), tmp_path / "study")
    assert own.read_text() == "person,role\n"
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_a_run_cut_short_never_mixes_two_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before any of its files, a run leaves the old study or one that cannot be read."""
    old, new = (simulate(Scenario(pairs=20), seed=seed) for seed in (60, 61))
    place = write_study(old, tmp_path / "study")
    real, left = writing.write_bytes, [0]

    def stop(path: Path, data: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            # as a killed run leaves it
            (path.parent / f".{path.name}.0123456789ab{TEMPORARY}").write_bytes(data[:9])
            raise KeyboardInterrupt
        real(path, data)

    before = contents(tmp_path)
    for files in range(len(study_files(new)) + 2):  # and the truth, and study.toml twice
        left[0] = files
        with monkeypatch.context() as patch:
            patch.setattr(writing, "write_bytes", stop)
            with pytest.raises(KeyboardInterrupt):
                write_study(new, place)
        if files == 0:
            assert contents(tmp_path) == before
        else:
            with pytest.raises(StudyError, match=r"study\.title is missing"):
                read_study(place)
    write_study(new, place)
    write_study(new, tmp_path / "fresh")
    again, fresh = (contents(tmp_path / name) for name in ("study", "fresh"))
    assert again == fresh
    assert not list(place.rglob(f"*{TEMPORARY}"))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(TEMPORARY)
    }


def test_a_table_that_the_new_study_lacks_is_removed(tmp_path: Path) -> None:
    """Nobody leaves or is promoted where both rates are 0: there are no records."""
    place = write_study(simulate(Scenario(pairs=20), seed=62), tmp_path / "study")
    assert (place / "data" / "records.csv").exists()
    calm = Scenario(pairs=20, nature=Nature(leaving_rate=0.0, promotion_rate=0.0))
    write_study(simulate(calm, seed=62), place)
    assert not (place / "data" / "records.csv").exists()
    assert len(read_study(place).records) == 0


@pytest.mark.parametrize("write", [write_study, write_parquet])
def test_the_truth_lies_beside_a_folder_without_a_name(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(where: str) -> Path:
        scenario = Scenario(pairs=4)
        if write is write_parquet:
            return write_parquet(scenario, where, seed=63)
        return write_study(simulate(scenario, seed=63), where)

    for name, where in (("here", "."), ("up", "..")):
        (tmp_path / name / "inner").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / name / ("" if where == "." else "inner"))
        assert run(where) == tmp_path / name
        assert (tmp_path / f"{name}.truth" / "truth.json").exists()
    with pytest.raises(ReportError, match="no place beside it"):
        run(tmp_path.anchor)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ReportError, match="could not be written"):
        run(str(tmp_path / "file" / "study"))


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study").write_text("mine")
    with pytest.raises(ReportError, match="is a file"):
        write_study(simulate(Scenario(pairs=20), seed=58), tmp_path / "study")


def test_cells_are_typed_as_people_do() -> None:
    days = pd.Series(pd.to_datetime(["2025-09-01", None]))
    assert typed(days) == ["2025-09-01", ""]
    assert typed(days, day="%d/%m/%Y") == ["01/09/2025", ""]
    assert typed(pd.Series([1.0, -0.5, -0.0, np.nan]), decimal=",") == ["1", "-0,5", "0", ""]
    assert typed(pd.Series([True, False])) == ["yes", "no"]
    assert typed(pd.Series(["NA", None], dtype="str")) == ["NA", ""]
    made = delimited({"a": ["1", "x;y"], "b": ['"', "ü"]}, delimiter=";", encoding="cp1252")
    rows = list(csv.reader(made.decode("cp1252").splitlines(), delimiter=";"))
    assert rows == [["a", "b"], ["1", '"'], ["x;y", "ü"]]


def test_named_scenarios_are_written_with_their_seed(tmp_path: Path) -> None:
    said: list[str] = []
    place = folders.write("no-effect", tmp_path / "a", pairs=20, say=said.append)
    found = json.loads((tmp_path / "a.truth" / "truth.json").read_text("utf-8"))
    assert said == [
        f"seed {found['seed']} (drawn; --seed {found['seed']} makes the same study again)"
    ]
    again = folders.write(
        "no-effect", tmp_path / "b", pairs=20, seed=found["seed"], say=said.append
    )
    assert len(said) == 1
    for name in ("study.toml", "data/measures.csv"):
        assert (place / name).read_bytes() == (again / name).read_bytes()
    zero = folders.write("strong", tmp_path / "c", pairs=20, seed=0)
    assert json.loads((tmp_path / "c.truth" / "truth.json").read_text("utf-8"))["seed"] == 0
    assert zero == tmp_path / "c"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("defualt", {}, "Did you mean 'default'"),
        ("default", {"pairs": 1}, "leaves an arm empty"),
        ("example", {"seed": 1}, "always drawn with seed 2026"),
        ("example", {"pairs": 60}, "48 pairs"),
        ("example", {"parquet": True}, "as CSV"),
        ("default", {"pairs": 50_001}, "50,001 pairs are too many for CSV files.*--parquet"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    name: str, options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(StudyError, match=said):
        folders.write(name, tmp_path / "study", **options)
    assert not (tmp_path / "study").exists()
