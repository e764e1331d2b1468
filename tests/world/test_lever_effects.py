"""Levers' effects against what the cohorts themselves say, drawn twice by hand."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rmresearch.world.draw import draw
from rmresearch.world.lever_effects import lever_effects
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Comparison, Scenario
from rmresearch.world.truth import CAREER, truths

SMALL = Scenario(pairs=12, design=Setting(waves=(0, 3, 6)))
R, SEED = 30, 5


@pytest.fixture(scope="module")
def moved() -> pd.DataFrame:
    return lever_effects(SMALL, replicates=R, seed=SEED)


def row(frame: pd.DataFrame, **keys: Any) -> pd.Series:
    for name, value in keys.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, keys
    return frame.iloc[0]


def test_one_row_for_each_lever_end_outcome_and_wave(moved: pd.DataFrame) -> None:
    now, ends = Levers(), []
    for field in dataclasses.fields(Levers):
        value, legal = getattr(now, field.name), field.metadata["legal"]
        if isinstance(value, bool):
            ends += [(field.name, not value)]
        else:
            every = legal if isinstance(value, str) else (legal[0], legal[-1])
            ends += [(field.name, one) for one in every if one != value]
    keys = {(name, value) for name, value in zip(moved["lever"], moved["value"], strict=True)}
    assert keys == set(ends)
    assert not moved.duplicated(["lever", "value", "outcome", "wave"]).any()
    assert len(moved) == len(ends) * 5 * 2
    assert set(moved["outcome"]) == set(SMALL.design.instruments) - {"satisfaction", "recommend"}


@pytest.mark.parametrize(
    ("lever", "value", "comparison"),
    [
        ("training", 1.0, "waitlist"),
        ("cadence", 8, "none"),
        ("matching", "optimal", "control"),
        ("application", "assigned", "pool"),
    ],
)
def test_effects_are_the_difference_of_two_truths_of_one_luck(
    lever: str, value: Any, comparison: Comparison
) -> None:
    """The truth rows of two draws, cohort by cohort: another way to the same numbers."""
    scenario = replace(SMALL, comparison=comparison)
    pulled = replace(scenario, levers=replace(scenario.levers, **{lever: value}))
    found = lever_effects(scenario, replicates=R, seed=SEED)
    truth = [
        {
            (one.outcome, one.wave): one.latent_sd
            for one in truths(draw(each, R, SEED))
            if one.contrast.startswith("programme - ") and one.group == ""
            if one.outcome not in CAREER  # an event, which has no true score
        }
        for each in (scenario, pulled)
    ]
    for (outcome, wave), usual in truth[0].items():
        changes = [float(b - a) for a, b in zip(usual, truth[1][outcome, wave], strict=True)]
        mean = sum(changes) / R
        spread = math.sqrt(sum((one - mean) ** 2 for one in changes) / (R - 1))
        made = row(found, lever=lever, value=value, outcome=outcome, wave=wave)
        # The same operations in another order: rounding only.
        assert made["effect"] == pytest.approx(mean, rel=1e-9, abs=1e-12)
        assert made["mc_error"] == pytest.approx(spread / math.sqrt(R), rel=1e-6, abs=1e-12)
        assert made["as_given"] == pytest.approx(float(np.mean(usual)), rel=1e-9)


def test_a_full_exchange_doubles_what_juniors_gain_by_half_of_one() -> None:
    """Gains are the exchange times what is learnt; nothing comes back, as nobody ends or leaves."""
    scenario = replace(SMALL, nature=Nature(ending_rate=0.0, leaving_rate=0.0))
    moved = lever_effects(scenario, replicates=R, seed=SEED)
    full = moved[(moved["lever"] == "two_way") & (moved["end"] == "high")]
    none = moved[(moved["lever"] == "two_way") & (moved["end"] == "low")]
    for part, sign in ((full, 1), (none, -1)):
        juniors = part[part["role"] == "junior"]
        np.testing.assert_allclose(juniors["effect"], sign * juniors["as_given"], rtol=1e-9)
        assert (part.loc[part["role"] == "senior", "effect"] == 0).all()
        assert (part.loc[part["role"] == "senior", "mc_error"] == 0).all()


def test_burden_is_moved_too() -> None:
    """It comes from how pairs are, not from what is learnt: the truth rows are the other way."""
    asked = Setting(waves=(0, 3, 6), instruments=("burden", "digital_skill_before"))
    scenario = replace(SMALL, design=asked)
    pulled = replace(scenario, levers=Levers(confidentiality=1.0))
    found = lever_effects(scenario, replicates=R, seed=SEED)
    assert set(found["outcome"]) == {"burden"}  # what is remembered of the start is no effect
    usual, other = (
        next(
            one.latent_sd
            for one in truths(draw(each, R, SEED))
            if (one.outcome, one.wave, one.group) == ("burden", "month3", "")
            and one.contrast.startswith("programme - ")
        )
        for each in (scenario, pulled)
    )
    made = row(found, lever="confidentiality", end="high", wave="month3")
    assert made["effect"] == pytest.approx(float(np.mean(other - usual)), rel=1e-9)
    assert made["effect"] < 0  # where people feel safe it weighs less


def test_a_scenario_without_scales_has_nothing_to_move() -> None:
    asked = Setting(instruments=("harm", "satisfaction", "digital_skill_before"))
    with pytest.raises(ValueError, match=r"design\.instruments is harm, satisfaction"):
        lever_effects(replace(SMALL, design=asked), replicates=2)


def test_levers_that_no_coefficient_hears_move_nothing() -> None:
    deaf = replace(SMALL, nature=Nature(clarity_on_learning=0.0, training_on_mentoring=0.0))
    moved = lever_effects(deaf, replicates=5, seed=SEED)
    silent = moved[moved["lever"].isin(["goal_clarity", "training"])]
    assert (silent[["effect", "mc_error"]] == 0).all(axis=None)


def test_shared_luck_makes_the_difference_precise(moved: pd.DataFrame) -> None:
    one = row(moved, lever="goal_clarity", end="high", outcome="digital_skill", wave="month6")
    other = lever_effects(SMALL, replicates=R, seed=SEED + 1)
    again = row(other, lever="goal_clarity", end="high", outcome="digital_skill", wave="month6")
    cohorts = draw(SMALL, R, SEED).gain["digital_skill"][..., -1].mean(axis=1)
    unpaired = math.sqrt(2 * cohorts.var(ddof=1) / R)  # of two runs with luck of their own
    assert one["mc_error"] < unpaired / 3
    assert abs(one["effect"] - again["effect"]) < 5 * math.hypot(one["mc_error"], again["mc_error"])


def test_ends_that_cannot_be_say_why(moved: pd.DataFrame) -> None:
    juniors = moved[moved["lever"] == "juniors"]
    assert juniors[["effect", "mc_error"]].isna().all(axis=None)
    assert juniors["note"].str.contains("levers.juniors is 6 with levers.format 'one-to-one'").all()
    possible = moved[moved["lever"] != "juniors"]
    assert possible["effect"].notna().all()
    assert (possible["note"] == "").all()
    odd = lever_effects(replace(SMALL, pairs=13), replicates=2, seed=1)
    groups = odd[odd["value"].isin(["group", "team challenge"])]
    assert groups["note"].str.contains("pairs is 13 with levers.juniors 2").all()
    levels = lever_effects(replace(SMALL, design=Setting(levels=4)), replicates=2, seed=1)
    high = levels[(levels["lever"] == "level_gap") & (levels["end"] == "high")]
    assert high["note"].str.contains("levels 4").all()


def test_groups_stay_as_large_as_they_are() -> None:
    group = replace(SMALL, levers=Levers(format="group", juniors=3))
    moved = lever_effects(group, replicates=2, seed=1)
    assert (moved.loc[moved["value"] == "team challenge", "note"] == "").all()
    assert (moved.loc[moved["value"] == "one-to-one", "note"] == "").all()
    assert set(moved.loc[moved["lever"] == "juniors", "value"]) == {1, 6}


def test_the_same_seed_gives_the_same_frame_and_seed_zero_is_a_seed() -> None:
    one, two = (lever_effects(SMALL, replicates=3, seed=0) for _ in "12")
    pd.testing.assert_frame_equal(one, two)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="scenario is int; expected a Scenario"):
        lever_effects(3)  # type: ignore[arg-type]
    for wrong in (1, 0, True, 2.0):
        with pytest.raises(ValueError, match="replicates is"):
            lever_effects(SMALL, replicates=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="seed is -1"):
        lever_effects(SMALL, replicates=2, seed=-1)
