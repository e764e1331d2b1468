"""`dyadic` on arrays against `dyadic` of one study after another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.analysis.dyads.batch import KERNEL
from rmresearch.world.gaussian import Gaussian
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Scenario

from .on_arrays import agree, asked_both_ways, panel_of

#: searches that both end where an exact gradient vanishes; the rest is linear, in another order
SAME = 1e-9
JUNIOR = {"junior_outcome": "leadership_confidence"}


@pytest.mark.parametrize(
    ("scenario", "junior"),
    [
        (Scenario(pairs=48), "leadership_confidence"),
        (Scenario(pairs=60, design=Setting(waves=(0, 6))), "visibility"),
        (Scenario(pairs=36, nature=Nature(response=1.0, response_start=1.0)), "visibility"),
        (Scenario(pairs=44, comparison="control"), "leadership_confidence"),
        (Scenario(pairs=30, comparison="none"), "leadership_confidence"),
        (Scenario(pairs=26), "leadership_confidence"),
    ],
    ids=["wait-list", "two waves", "everybody answers", "control", "one group", "few"],
)
def test_arrays_say_what_the_shipped_analysis_says(scenario: Any, junior: str) -> None:
    both = asked_both_ways(
        rm.dyadic, scenario, "digital_skill", replicates=4, junior_outcome=junior
    )
    assert both.clear.sum() >= 2
    agree(both, SAME)


def test_every_estimate_was_compared_and_some_were_withheld() -> None:
    """In few pairs p-values, then intervals go; a ratio needs a clear own part."""
    both = asked_both_ways(rm.dyadic, Scenario(pairs=23), "digital_skill", replicates=8, **JUNIOR)
    agree(both, SAME)
    terms = {key[-1] for key in both.fast}
    assert terms == {"actor", "partner", "ratio", "residual-correlation", "reciprocity"}
    assert {key[3] for key in both.fast} == {"", "programme - comparison"}
    given = np.concatenate([one.gives_p for key, one in both.fast.items() if key[-1] == "actor"])
    assert 0 < given.mean() < 1
    ratios = np.concatenate([one.value for key, one in both.fast.items() if key[-1] == "ratio"])
    assert 0 < np.isnan(ratios).mean() < 1


def test_the_level_reaches_the_arrays() -> None:
    agree(asked_both_ways(rm.dyadic, Scenario(pairs=48), "digital_skill", level=0.8, **JUNIOR),
          SAME)  # fmt: skip


def test_what_arrays_cannot_tell_is_left_to_the_analysis() -> None:
    given = Scenario(pairs=48)
    whole = panel_of(given, "digital_skill", 5)
    scores = whole.scores.copy()
    scores[1, :, -1] = np.nan  # the last wave has no senior's answer
    scores[2, :, 0] = 3.0  # all seniors alike before
    scores[3, np.flatnonzero(whole.arm[3] == 1)[4:], -1] = np.nan  # few in the comparison arm
    found, clear = KERNEL.answer(replace(whole, scores=scores), JUNIOR)
    assert clear.tolist() == [True, False, False, False, True]
    assert {len(one.value) for one in found} == {2}
    for options in ({}, {"junior_outcome": "nothing"}, {"junior_outcome": "digital_skill"},
                    {"junior_outcome": "satisfaction"}):  # fmt: skip
        assert not KERNEL.answer(whole, options)[1].any(), options
    groups = Scenario(pairs=48, levers=Levers(format="group", juniors=2))
    assert not KERNEL.answer(panel_of(groups, "digital_skill"), JUNIOR)[1].any()
    juniors = panel_of(given, "leadership_confidence")
    assert not KERNEL.answer(juniors, JUNIOR)[1].any()
    arms = tuple(replace(arm, programme=True) for arm in whole.design.arms)
    two = replace(whole, design=replace(whole.design, arms=arms))
    assert not KERNEL.answer(two, JUNIOR)[1].any()
    joined = replace(whole, cluster=whole.cluster // 2)
    assert not KERNEL.answer(joined, JUNIOR)[1].any()
    unpaired = replace(whole, arm=np.ones_like(whole.arm))
    assert not KERNEL.answer(unpaired, JUNIOR)[1].any()


def test_designs_whose_pairs_cannot_be_asked_are_refused_before_anything_runs() -> None:
    with pytest.raises(rm.StudyError, match=r"nothing was run.*score"):
        rm.sweep(Gaussian(programme=8), rm.dyadic, outcome="score", replicates=9, seed=1)
    with pytest.raises(rm.StudyError, match=r"nothing was run.*of the role senior"):
        rm.sweep(Scenario(pairs=20), rm.dyadic, outcome="visibility", replicates=9, seed=1)
    for pairs in (1, 2):
        few = Scenario(pairs=pairs, comparison="none")
        with pytest.raises(rm.StudyError, match=r"nothing was run.*no model of pairs"):
            rm.sweep(few, rm.dyadic, outcome="digital_skill", replicates=9, seed=1, **JUNIOR)
    with pytest.raises(rm.StudyError, match=r"nothing was run.*give junior_outcome="):
        rm.sweep(Scenario(pairs=20), rm.dyadic, outcome="digital_skill", replicates=9, seed=1)
    design = panel_of(Scenario(pairs=20), "digital_skill", 1).design
    with pytest.raises(rm.StudyError, match="no person ids"):
        KERNEL.refuse(replace(design, linked=False), design.outcomes[0])


def test_a_sweep_asks_the_arrays_and_counts_what_they_leave() -> None:
    done = rm.sweep(
        Scenario(pairs=40), rm.dyadic, outcome="digital_skill", replicates=60, seed=3, **JUNIOR
    )
    table = rm.judge(done).to_frame()
    row = table[(table["term"] == "actor") & (table["role"] == "senior")
                & (table["group"] == "programme")].iloc[0]  # fmt: skip
    assert row["replicates"] + row["failed"] >= 60
    assert 0 < row["mean"] < 2
