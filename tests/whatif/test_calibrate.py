"""rm.calibrate: what it finds where the truth is known, what it refuses, and what it hands over."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import rmresearch as rm
from rmresearch.cli import main
from rmresearch.study import Study
from rmresearch.whatif.calibrate.parameters import FITTED, GAINS, Use, settled
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.presets import preset

#: every fitted coefficient away from its default; departments, which are a few draws, alike
TRUE = Nature(
    state_share=0.4, pair_share=0.2, department_share=0.0, trend=-0.01,
    item_reliability=0.55, item_stable=0.06, item_center=3.5, item_spread=0.85,
    item_difficulty=0.4, response=0.7, response_start=0.9, response_person=0.6,
    meeting_rate=0.65, ending_rate=0.08, leaving_rate=0.015, promotion_rate=0.012,
    digital_skill_gain=1.1, inclusion_awareness_gain=0.2, leadership_confidence_gain=0.9,
    visibility_gain=0.3, self_inflation=0.3,
)  # fmt: skip


def study(pairs: int = 60, seed: int = 7, **more: Any) -> Study:
    return rm.simulate(rm.Scenario(pairs=pairs, **more), seed=seed).study


@pytest.fixture(scope="module")
def pilot() -> Study:
    return study()


@pytest.fixture(scope="module")
def calibration(pilot: Study) -> rm.Calibration:
    return rm.calibrate(pilot)


def by_name(found: rm.Calibration) -> pd.DataFrame:
    return found.to_frame().set_index("parameter")


# -- recovery -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    return by_name(rm.calibrate(study(20_000, seed=5, nature=TRUE)))


@pytest.mark.slow
@pytest.mark.parametrize("name", FITTED)
def test_a_large_pilot_gives_the_truth_back(large: pd.DataFrame, name: str) -> None:
    """Within four errors of a difference between the pilot and the equally large drawn cohort."""
    one = large.loc[name]
    # (juniors of the default programme learn a quarter of what they could: their gains are wide)
    error = np.sqrt(2) * (one["high"] - one["low"]) / (2 * 1.96)
    assert one["informed"]
    assert abs(one["estimate"] - getattr(TRUE, name)) <= 4 * error
    assert one["high"] - one["low"] < (0.8 if name in GAINS else 0.2)


@pytest.mark.parametrize(
    ("comparison", "silent"),
    [
        ("control", {"self_inflation"}),
        ("pool", {"self_inflation"}),
        ("none", {"self_inflation", "state_share", "response_person", "trend", *GAINS}),
    ],
)
def test_every_design_is_calibrated_to_as_far_as_it_goes(comparison: str, silent: set[str]) -> None:
    found = rm.calibrate(study(120, comparison=comparison))
    table = by_name(found)
    assert set(table.index[table["estimate"].notna()]) == set(FITTED) - silent
    assert found.scenario.comparison == comparison
    assert found.scenario.design.waves == (0, 3, 6)
    assert found.scenario.levers == Levers()
    assert (
        rm.simulate(found.scenario, seed=1).study.design.kind
        == study(40, comparison=comparison).design.kind
    )
    for name in silent:
        assert table.loc[name, "why"].startswith(("needs ", "no contrast"))
        assert table.loc[name, "value"] == table.loc[name, "prior"]


def test_a_trend_that_is_given_lets_a_single_group_tell_gains() -> None:
    """Change = gain, trend and flattery: each .01 SD of trend a month takes off what it adds."""
    alone = study(200, comparison="none")
    tables = [by_name(rm.calibrate(alone, given={"trend": t})) for t in (0.01, 0.02)]
    gains = [table.loc[list(GAINS), "estimate"] for table in tables]
    assert gains[0].notna().all()
    assert (gains[1] < gains[0]).all()
    assert (tables[0].loc["trend", ["value", "why"]] == [0.01, "given"]).all()
    # its standard error is some .16 at 200 pairs
    assert abs(gains[0]["digital_skill_gain"] - Nature().digital_skill_gain) <= 4 * 0.16


def test_other_names_stand_for_the_worlds_scales(pilot: Study, calibration: rm.Calibration) -> None:
    outcomes = tuple(
        dataclasses.replace(one, name="tech_confidence") if one.name == "digital_skill" else one
        for one in pilot.design.outcomes
    )
    renamed = dataclasses.replace(
        pilot, design=dataclasses.replace(pilot.design, outcomes=outcomes)
    )
    found = rm.calibrate(renamed)
    pd.testing.assert_frame_equal(found.to_frame(), calibration.to_frame())
    assert any("tech_confidence stands for the scenario's digital_skill" in n for n in found.notes)


def test_order_and_names_of_people_change_nothing(
    pilot: Study, calibration: rm.Calibration
) -> None:
    rng = np.random.default_rng(0)
    ids = {p: f"X{n}" for n, p in enumerate(rng.permutation(pilot.participants["person"]))}
    frames = {}
    for name in ("participants", "pairs", "measures", "meetings", "records"):
        table = getattr(pilot, name).sample(frac=1, random_state=1, ignore_index=True)
        for column in {"person", "rater", "junior", "senior"} & set(table):
            table[column] = table[column].map(ids, na_action="ignore")
        frames[name] = table
    again = rm.calibrate(dataclasses.replace(pilot, **frames))
    left, right = again.to_frame(), calibration.to_frame()
    numbers = ["estimate", "low", "high", "value"]
    np.testing.assert_allclose(left[numbers], right[numbers], rtol=1e-8)


# -- what is given --------------------------------------------------------------------------------


def test_what_is_given_is_used_and_not_estimated(pilot: Study) -> None:
    given = {"item_center": 3.6, "trend": 0.02, "response": 0.6, "quality_on_ending": -0.2}
    found = rm.calibrate(pilot, given=given)
    table = by_name(found)
    for name, value in given.items():
        assert getattr(found.scenario.nature, name) == value
        assert table.loc[name, ["value", "informed", "why"]].tolist() == [value, False, "given"]
        assert np.isnan(table.loc[name, "estimate"])


def test_self_inflation_that_is_given_moves_the_gains(pilot: Study) -> None:
    """What is flattery is no gain: .2 SD more of it is .2 / learned less."""
    low, high = (
        by_name(rm.calibrate(pilot, given={"self_inflation": x})).loc["digital_skill_gain"]
        for x in (0.0, 0.2)
    )
    learned = 0.2 / (low["estimate"] - high["estimate"])
    # seniors of the default programme reach about half of full learning
    assert 0.3 < learned < 0.7


def test_wrong_givens_are_all_named(pilot: Study) -> None:
    with pytest.raises(ValueError, match=r"'respons' is no .* mean 'response'.*trend is 9; legal"):
        rm.calibrate(pilot, given={"respons": 0.3, "trend": 9})
    with pytest.raises(ValueError, match="item_reliability \\+ item_stable"):
        rm.calibrate(pilot, given={"item_reliability": 0.9, "item_stable": 0.5})
    with pytest.raises(ValueError, match="trend is '2'"):
        rm.calibrate(pilot, given={"trend": "2"})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="given is list"):
        rm.calibrate(pilot, given=["trend"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a Study"):
        rm.calibrate(rm.Scenario())  # type: ignore[arg-type]


# -- refusals -------------------------------------------------------------------------------------


def test_a_small_pilot_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(rm.StudyError, match="too small") as caught:
        rm.calibrate(study(16))
    assert "the programme has fewer than 10 independent sets" in str(caught.value)
    assert "8" not in str(caught.value)
    with pytest.raises(rm.StudyError, match="too small"):
        rm.calibrate(study(1, comparison="none"))


def test_a_study_may_demand_larger_crowds(pilot: Study) -> None:
    privacy = dataclasses.replace(pilot.design.privacy, smallest_interval=40)
    design = dataclasses.replace(pilot.design, privacy=privacy)
    with pytest.raises(rm.StudyError, match="fewer than 40 independent"):
        rm.calibrate(dataclasses.replace(pilot, design=design))


def changed(pilot: Study, **design: Any) -> Study:
    return dataclasses.replace(pilot, design=dataclasses.replace(pilot.design, **design))


def test_studies_without_what_is_needed_are_refused(pilot: Study) -> None:
    with pytest.raises(rm.StudyError, match="one wave"):
        rm.calibrate(changed(pilot, waves=pilot.design.waves[:1]))
    singles = tuple(one for one in pilot.design.outcomes if len(one.items) == 1)
    with pytest.raises(rm.StudyError, match="no self-rated scale of two or more items"):
        rm.calibrate(changed(pilot, outcomes=singles))
    with pytest.raises(rm.StudyError, match="no person ids"):
        rm.calibrate(changed(pilot, linked=False))
    together = [
        dataclasses.replace(wave, months=0.1 * n) for n, wave in enumerate(pilot.design.waves)
    ]
    with pytest.raises(rm.StudyError, match="at least a month apart"):
        rm.calibrate(changed(pilot, waves=tuple(together)))
    late = [dataclasses.replace(wave, months=18.0 * n) for n, wave in enumerate(pilot.design.waves)]
    with pytest.raises(rm.StudyError, match="no scenario can be drawn like this study"):
        rm.calibrate(changed(pilot, waves=tuple(late)))


def test_one_role_says_nothing_of_pairs(pilot: Study) -> None:
    seniors = tuple(one for one in pilot.design.outcomes if one.role == "senior")
    table = by_name(rm.calibrate(changed(pilot, outcomes=seniors)))
    assert table.loc["pair_share", "why"].startswith("needs both people of a pair")
    assert table.loc["visibility_gain", "why"] == "the study has no scale that stands for it"
    assert table.loc["item_reliability", "informed"]


def test_without_departments_records_or_a_log_their_coefficients_keep_the_prior(
    pilot: Study,
) -> None:
    bare = dataclasses.replace(
        pilot,
        participants=pilot.participants.assign(department=None).astype({"department": "str"}),
        records=pilot.records.head(0),
        meetings=pilot.meetings.head(0),
    )
    table = by_name(rm.calibrate(bare))
    assert table.loc["department_share", "why"].startswith("needs people of at least two")
    assert table.loc["leaving_rate", "why"].startswith("nobody is recorded as left")
    assert table.loc["meeting_rate", "why"] == "cannot be read: no meetings are logged"
    assert "these people's departments only" in table.loc["item_center", "why"]
    assert np.isfinite(table.loc["ending_rate", "estimate"])


# -- what is handed over --------------------------------------------------------------------------


def test_the_table_has_every_coefficient_with_a_reason(calibration: rm.Calibration) -> None:
    table = calibration.to_frame()
    assert list(table.columns) == [
        "parameter", "estimate", "low", "high", "prior", "value", "informed", "why",
    ]  # fmt: skip
    assert table["parameter"].tolist() == [field.name for field in dataclasses.fields(Nature)]
    assert (table["why"] != "").all()
    told = table[table["estimate"].notna()]
    assert (told["low"] <= told["estimate"]).all()
    assert (told["estimate"] <= told["high"]).all()
    used = table[table["informed"]]
    np.testing.assert_allclose(used["value"], used["estimate"], atol=0.0051)
    kept = table[~table["informed"]]
    np.testing.assert_array_equal(kept["value"], kept["prior"])
    wide = told[~told["informed"]]
    assert wide["why"].str.startswith("too wide to be of use").all()
    assert "leadership_confidence_gain" in set(wide["parameter"])


def test_the_scenario_is_the_studys(pilot: Study, calibration: rm.Calibration) -> None:
    scenario = calibration.scenario
    assert (scenario.pairs, scenario.comparison) == (60, "waitlist")
    assert scenario.levers == rm.Scenario().levers
    assert scenario.design == rm.Scenario().design
    assert rm.simulate(scenario, seed=1).study.design == pilot.design


def test_groups_and_long_programmes_are_read_from_the_study() -> None:
    group = study(60, levers=Levers(format="group", juniors=2, cadence=1, duration=4))
    levers = rm.calibrate(group).scenario.levers
    assert (levers.format, levers.juniors, levers.cadence, levers.duration) == ("group", 2, 1, 4)


def test_arms_of_whole_departments_tell_no_gains() -> None:
    design = Setting(unit="department", departments=6)
    found = rm.calibrate(study(120, levers=Levers(other_department=False), design=design))
    table = by_name(found)
    for name in GAINS:
        assert table.loc[name, "why"].startswith("the arms are whole departments")
    assert np.isfinite(table.loc["trend", "estimate"])
    assert (found.scenario.design.unit, found.scenario.levers.other_department) == (
        "department",
        False,
    )


def test_answers_that_are_no_codes_are_left_out(pilot: Study) -> None:
    items = pilot.design.outcome("visibility").items
    value = pilot.measures["value"]
    halves = value - 0.5 * (pilot.measures["item"].isin(items) & (value > 1))
    found = rm.calibrate(dataclasses.replace(pilot, measures=pilot.measures.assign(value=halves)))
    assert "visibility is left out: its items' answers are no whole numbers." in found.notes


def test_the_file_draws_the_same_scenario(calibration: rm.Calibration, tmp_path: Path) -> None:
    path = calibration.write(tmp_path / "ours.toml")
    assert rm.read_scenario(path) == calibration.scenario
    assert calibration.write(path) == path
    text = path.read_text("utf-8")
    assert "# Calibrated by rmresearch to the study 'synthetic-pilot'." in text
    assert "# The study is synthetic" in text
    (tmp_path / "notes.toml").write_text("mine = true\n", encoding="utf-8")
    with pytest.raises(rm.ReportError, match="is there and no scenario file"):
        calibration.write(tmp_path / "notes.toml")
    assert (tmp_path / "notes.toml").read_text("utf-8") == "mine = true\n"


def test_files_of_few_people_are_internal() -> None:
    """Five people a number that is told: 20 numbers of 96 people are too many, of 400 not."""
    small = rm.calibrate(changed(study(48), synthetic=False))
    large = rm.calibrate(changed(study(200), synthetic=False))
    for made in (small, large):
        told = made.to_frame()["estimate"].notna().sum()
        assert made.internal == (made.people < 5 * told)
        assert not any(word in made.to_toml() for word in ("S001", "J001", "P001"))
    assert small.internal
    assert "# INTERNAL: few people" in small.to_toml()
    assert not large.internal
    # a band, not the count
    assert "# Aggregates of 350 people or more" in large.to_toml()
    assert "INTERNAL" not in large.to_toml()


def test_a_group_in_which_everybody_answers_and_meets_is_calibrated_to() -> None:
    nature = Nature(response=1.0, response_start=1.0, leaving_rate=0.0, ending_rate=0.0)
    found = rm.calibrate(study(40, comparison="none", nature=nature))
    table = by_name(found)
    assert table.loc["response", "high"] == table.loc["response_start", "high"] == 1.0
    assert table.loc["response", "low"] > 0.9
    assert table.loc["ending_rate", "estimate"] == 0.0
    assert not table.loc["ending_rate", "informed"]


def test_it_shows_itself(calibration: rm.Calibration) -> None:
    page = calibration._repr_html_()
    assert "<table" in page
    assert "self_inflation" in page
    assert "Silent, priors kept: state_monthly" in page
    lines = "\n".join(calibration.lines())
    assert "too wide to be of use, prior kept" in lines
    assert "state_monthly" in lines


def test_values_are_rounded_and_held_to_what_the_world_allows() -> None:
    nature, notes = settled(
        Nature(), {"digital_skill_gain": 2.6, "trend": 0.01234, "ending_rate": 0.04567}
    )
    assert (nature.digital_skill_gain, nature.trend, nature.ending_rate) == (2.0, 0.012, 0.046)
    assert notes == ("digital_skill_gain: the pilot says 2.6, the world allows 2.",)
    nature, notes = settled(Nature(), {"pair_share": 0.5, "state_share": 0.6})
    # with the department's .04 they make 1.14: 1.1 shrinks to .9, .6 to .491 and .5 to .409
    assert (nature.state_share, nature.pair_share, nature.department_share) == (0.49, 0.4, 0.04)
    assert "exceed 0.95 together" in notes[0]
    nature, _ = settled(Nature(), {"item_reliability": 0.9, "item_stable": 0.3})
    assert (nature.item_reliability, nature.item_stable) == (0.74, 0.24)
    nature, notes = settled(Nature(), {"pair_share": 0.5, "state_share": 0.40, "trend": 0.0})
    assert (nature.state_share, nature.pair_share, notes) == (0.4, 0.5, ())


def test_an_interval_helps_when_it_is_narrow_enough() -> None:
    assert Use(widest=0.4).helps(0.1, 0.5)
    assert not Use(widest=0.4).helps(0.1, 0.51)
    assert Use(ratio=6.0).helps(0.01, 0.06)
    assert not Use(ratio=6.0).helps(0.01, 0.061)
    assert not Use(ratio=6.0).helps(0.0, 0.01)


# -- the command ----------------------------------------------------------------------------------


def run(*words: object) -> Any:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_calibrate_writes_what_simulate_takes(tmp_path: Path, root: Path) -> None:
    out = tmp_path / "ours.toml"
    example = root / "data" / "synthetic" / "pilot"
    done = run(
        "calibrate", example, "--out", out, "--given", "trend=0.02", "--given", "response=.6"
    )
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == str(out)
    assert "item_reliability" in done.stdout
    scenario = rm.read_scenario(out)
    assert (scenario.pairs, scenario.nature.trend, scenario.nature.response) == (48, 0.02, 0.6)
    assert scenario != preset("default")
    assert run("simulate", out, "--out", tmp_path / "drawn", "--seed", 1).exit_code == 0
    assert len(rm.read_study(tmp_path / "drawn").pairs) == 48


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "x.txt"), "ends in .toml"),
        (("--out", "x.toml", "--given", "trend"), "'trend': expected name=number"),
        (("--out", "x.toml", "--given", "trend=9"), "trend is 9.0; legal: -0.2 to 0.2"),
        (("--out", "x.toml", "--given", "tred=0.1"), "did you mean 'trend'?"),
        ((), "Missing option '--out'"),
    ],
)
def test_wrong_usage_is_refused(words: tuple[str, ...], said: str, root: Path) -> None:
    done = run("calibrate", root / "data" / "synthetic" / "pilot", *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_small_study_ends_with_2(tmp_path: Path) -> None:
    run("simulate", "default", "--pairs", 12, "--seed", 1, "--out", tmp_path / "small")
    done = run("calibrate", tmp_path / "small", "--out", tmp_path / "x.toml")
    assert done.exit_code == 2
    assert "too small to calibrate to" in done.stderr
    assert not (tmp_path / "x.toml").exists()


def test_settings_of_the_study_are_drawn_again() -> None:
    waves = Setting(waves=(0, 2, 5), sites=3, departments=6)
    scenario = rm.calibrate(study(90, design=waves)).scenario
    assert scenario.design.waves == (0, 2, 5)
    assert (scenario.design.sites, scenario.design.departments) == (3, 6)
