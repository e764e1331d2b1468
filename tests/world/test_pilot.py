"""The example pilot: the committed files are what the command writes, and they read cleanly."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from rmresearch.io.check import check
from rmresearch.io.read import read_study
from rmresearch.plan import read_plan
from rmresearch.study import Study
from rmresearch.world import folder as folders
from rmresearch.world.pilot import COSTS, PAIRS, SEED, WORTH, example, write_example


def files(folder: Path) -> dict[str, bytes]:
    kept = [
        path for path in folder.rglob("*") if path.is_file() and ".rmresearch" not in path.parts
    ]
    made = {"study.toml", "plan.toml", "plan.lock.json", "truth.json"}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in kept
        if path.name in made or path.parent.name == "data"
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_example(tmp_path_factory.mktemp("example") / "pilot")


@pytest.fixture(scope="module")
def study(written: Path) -> Study:
    return read_study(written)


@pytest.mark.parametrize("part", ["pilot", "pilot.truth"])
def test_committed_files_are_what_the_command_writes(part: str, root: Path, written: Path) -> None:
    committed, fresh = files(root / "data" / "synthetic" / part), files(written.parent / part)
    assert sorted(committed) == sorted(fresh)
    for name in fresh:
        assert committed[name] == fresh[name], f"{part}/{name}: run make examples"


@pytest.mark.parametrize("name", ["no-effect", "rct"])
def test_committed_presets_are_what_the_command_writes(
    name: str, root: Path, tmp_path: Path
) -> None:
    folders.write(name, tmp_path / name, seed=7)
    for part in (name, f"{name}.truth"):
        committed, fresh = files(root / "data" / "synthetic" / part), files(tmp_path / part)
        assert sorted(committed) == sorted(fresh)
        for file in fresh:
            assert committed[file] == fresh[file], f"{part}/{file}: run make examples"


def test_the_command_line_writes_the_same(tmp_path: Path, written: Path) -> None:
    place = folders.write("example", tmp_path / "pilot")
    assert files(place) == files(written)


def test_it_reads_without_a_problem(written: Path) -> None:
    report = check(written)
    assert not [one for one in report.problems if one.severity == "error"], report.problems


def test_it_is_the_study_that_was_agreed(study: Study) -> None:
    design = study.design
    assert design.synthetic
    assert (design.kind, design.unit) == ("waitlist", "pair")
    assert len(study.pairs) == PAIRS == 48
    arms = study.participants.groupby(["role", "arm"]).size()
    assert (arms == 24).all()
    strata = study.participants.groupby(["stratum", "arm", "role"]).size()
    assert strata.index.get_level_values("stratum").nunique() == 2
    assert (strata == 12).all()
    assert len(design.waves) == 3
    measured = [(o.role, o.source) for o in design.outcomes if o.kirkpatrick > 1]
    assert sorted(measured) == [
        ("junior", "self"), ("junior", "self"),
        ("senior", "partner"), ("senior", "self"), ("senior", "self"),
    ]  # fmt: skip
    assert dict(study.excluded)["people who did not consent"] == 1


def test_the_disorder_is_really_there(written: Path) -> None:
    data = written / "data"
    roster = (data / "roster.csv").read_bytes().decode("cp1252")
    rows = list(csv.DictReader(roster.splitlines(), delimiter=";"))
    assert {row["Consent"] for row in rows} == {"yes", "no"}
    assert "NA" in {row["Department"] for row in rows}
    assert any(re.fullmatch(r"-?\d,\d", row["Interests"]) for row in rows)
    assert any(row["Employee ID"].endswith(" ") for row in rows)
    assert all(row["Employee ID"].startswith("00") for row in rows)
    assert any(re.fullmatch(r"\d\d/\d\d/\d{4}", row["Moves up on"]) for row in rows)
    assert "è" in roster
    kickoff, december, march = (
        (data / f"survey_{name}.csv").read_text("utf-8")
        for name in ("kickoff", "december", "march")
    )
    assert ",-99" in kickoff + march
    assert "Strongly agree" in december
    assert "Strongly agree" not in kickoff + march
    heads = [text.splitlines()[0].split(",") for text in (kickoff, december, march)]
    assert heads[0][0] != heads[2][0]
    assert "D3" not in heads[1]
    refused = next(row["Employee ID"] for row in rows if row["Consent"] == "no")
    assert refused in kickoff
    meetings = (data / "meetings.tsv").read_text("utf-8")
    assert "\t" in meetings
    assert {"yes", "no"} <= set(re.findall(r"\t(yes|no)\t", meetings))


def test_reading_it_gives_the_cohort_that_was_drawn(study: Study) -> None:
    """Every disorder undone: scores, meetings and endings are those of the plain cohort."""
    made = example().study
    for ours, theirs in zip(made.design.outcomes, study.design.outcomes, strict=True):
        assert ours.name == theirs.name
        scores = [one.scores(outcome) for one, outcome in ((made, ours), (study, theirs))]
        for wave in ours.waves:
            a, b = (np.sort(table.loc[table["wave"] == wave, "value"]) for table in scores)
            # The same answers, perhaps averaged in another order.
            np.testing.assert_allclose(a, b, rtol=1e-12, err_msg=f"{ours.name} {wave}")
    for table, columns in (
        ("meetings", ["date", "held", "minutes"]),
        ("pairs", ["start", "end", "topic"]),
        ("records", ["date", "kind"]),
        ("participants", ["role", "arm", "level", "crossover_date", "interests"]),
    ):
        for name in columns:
            a, b = (getattr(one, table)[name].dropna() for one in (made, study))
            assert sorted(a) == sorted(b), (table, name)
    departments = study.participants["department"].value_counts()
    plain = made.participants["department"].value_counts()
    assert departments["NA"] == plain["Sales"]


def test_truth_names_the_seed_and_stays_out_of_the_study(written: Path, study: Study) -> None:
    found = json.loads((written.parent / "pilot.truth" / "truth.json").read_text("utf-8"))
    assert found["seed"] == SEED == 2026
    assert not any("truth" in name for name in files(written))
    # No file of the study gives away what chance made of it.
    text = "".join(
        path.read_bytes().decode("cp1252", "replace")
        for path in written.rglob("*")
        if path.is_file()
    )
    assert not re.search(r"latent|learning_per_meeting|_gain", text)
    assert set(study.sources)


def test_plan_names_one_primary_question_of_a_declared_outcome(written: Path, study: Study) -> None:
    plan = read_plan(written, study.design)
    assert plan.primary.outcome == "digital_skill"
    asked = [(one.outcome, one.role) for one in plan.questions if one.analysis == "compare_arms"]
    assert asked == [(o.name, o.role) for o in study.design.outcomes if o.kirkpatrick > 1]
    groups = [one for one in plan.questions if one.analysis == "subgroups"]
    assert [one.by for one in groups] == ["level", "department"]
    assert {one.outcome for one in groups} == {plan.primary.outcome}


def test_costs_and_worth_are_declared_as_ranges(study: Study) -> None:
    design = study.design
    assert (design.currency, design.costs, design.worth) == ("EUR", COSTS, WORTH)
