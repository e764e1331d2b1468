"""What can be chosen: scenarios that exist, at sizes that divide evenly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.explorer.choices import Choices, gain_of, gainable, nearest, sizes, step_of, surveys
from rmresearch.whatif.source import source
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.presets import PRESETS
from rmresearch.world.scenario import Scenario

SCENARIOS = {name: one.scenario for name, one in PRESETS.items()}


@pytest.mark.parametrize("name", SCENARIOS)
def test_choices_as_they_stand_are_the_scenario(name: str) -> None:
    for outcome in gainable(SCENARIOS[name]).values():
        assert Choices.of(SCENARIOS[name], outcome).made(SCENARIOS[name]) == SCENARIOS[name]


def test_each_choice_moves_its_coefficient_and_no_other() -> None:
    base = Scenario()
    own = Choices.of(base, "visibility")
    moved = replace(own, pairs=60, comparison="pool", waves=(0, 6), matching="optimal", cadence=4,
                    training=1.0, ending=0.1, gain=0.0).made(base)  # fmt: skip
    assert (moved.pairs, moved.comparison, moved.design.waves) == (60, "pool", (0, 6))
    assert (moved.levers.matching, moved.levers.cadence, moved.levers.training) == (
        "optimal", 4, 1.0,
    )  # fmt: skip
    assert (moved.nature.ending_rate, moved.nature.visibility_gain) == (0.1, 0.0)
    assert moved.nature.digital_skill_gain == base.nature.digital_skill_gain
    assert replace(own, gain=0.0).made(base) == replace(
        base, nature=replace(base.nature, visibility_gain=0.0)
    )


def test_what_cannot_be_together_is_refused() -> None:
    base = Scenario(design=Setting(unit="department"), levers=Levers(other_department=False))
    with pytest.raises(ValueError, match="department"):
        replace(Choices.of(base, "visibility"), comparison="control").made(base)


def test_only_scales_with_a_gain_of_their_own_are_offered() -> None:
    assert list(gainable(Scenario()).values()) == [
        "digital_skill", "inclusion_awareness", "leadership_confidence", "visibility",
    ]  # fmt: skip
    one = Scenario(design=Setting(instruments=("visibility", "satisfaction")))
    assert list(gainable(one).values()) == ["visibility"]
    assert gain_of("visibility") == "visibility_gain"


@pytest.mark.parametrize("comparison", ["waitlist", "control", "pool", "none"])
@pytest.mark.parametrize("share", [0.5, 0.25])
def test_sizes_put_as_many_in_each_arm_of_each_site_every_time(comparison, share) -> None:
    base = Scenario(comparison=comparison, design=Setting(programme_share=share))
    for pairs in sizes(base)[:3]:
        scenario = replace(base, pairs=pairs)
        drawn = source(scenario).cohorts(6, np.random.SeedSequence(1))
        panel = drawn.panel(source(scenario).design.outcome("digital_skill"))
        assert panel is not None
        counted = {
            tuple(np.sort(arm + 10 * (0 if panel.stratum is None else panel.stratum)))
            for arm in panel.arm
        }
        assert len(counted) == 1


def test_sizes_start_where_a_study_is_worth_it_and_end_somewhere() -> None:
    # two sites, two arms: 4; groups of two juniors: 8
    assert sizes(Scenario()) == range(12, 401, 4)
    assert sizes(SCENARIOS["group-format"]).step == 8
    assert sizes(SCENARIOS["small-pilot"])[0] == 4
    assert sizes(Scenario(pairs=1_000), 2_000)[-1] == 2_000
    many = Scenario(design=Setting(sites=20, programme_share=0.35))
    assert len(sizes(many)) == 10


@pytest.mark.parametrize("duration", [1, 2, 3, 6, 12, 13, 24])
def test_surveys_are_legal_and_start_with_the_scenarios_own(duration: int) -> None:
    base = Scenario(levers=Levers(duration=duration), design=Setting(waves=(0, 5)))
    offered = surveys(base)
    assert offered[0] == (0, 5)
    assert (0, duration) in offered
    assert len(set(offered)) == len(offered)
    for waves in offered:
        assert replace(base, design=replace(base.design, waves=waves)).design.waves == waves


def test_steps_and_neighbours() -> None:
    assert step_of(0.1, 0.01, 0.5) == 0.1
    assert step_of(0.1, 0.01, 0.55) == 0.01
    assert nearest(range(12, 400, 4), 49) == 48
    assert nearest(range(12, 400, 4), 50) == 52
    assert nearest(range(12, 400, 4), 2) == 12
    assert rm.Scenario().pairs in sizes(rm.Scenario())
