"""`compare_arms` on arrays against `compare_arms` of study after study, where answers lack."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.world.gaussian import Gaussian
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.scenario import Scenario

from .on_arrays import agree, asked_both_ways, panel_of

#: two searches of one minimum; what differs by the model differs by 1e-3 and more
SEARCHED = 1e-6
RECORD = frozenset({""})


def test_slopes_that_answers_are_too_few_to_tell_are_left_out_in_those_replicates() -> None:
    """With two answers each on average the analysis leaves the slope out; others have it."""
    given = Gaussian(programme=10, comparison=10, people=1, waves=3, dropout=0.7)
    both = asked_both_ways(rm.compare_arms, given, "score", 12, 7, rerandomise=False)
    there = np.isfinite(panel_of(given, "score", 12, 7).scores)
    few = there.sum(axis=(1, 2)) <= 2 * there.any(axis=-1).sum(axis=-1)
    assert 0 < few.sum() < 12
    assert (both.clear & few).any()
    assert (both.clear & ~few).any()
    agree(both, SEARCHED, terms=RECORD)


def test_half_of_the_answers_lost_in_pairs_is_no_work_for_single_studies() -> None:
    nature = replace(Scenario().nature, response=0.5)
    given = Scenario(pairs=72, nature=nature)
    both = asked_both_ways(rm.compare_arms, given, "digital_skill", 6, 1, rerandomise=False)
    assert both.clear.all()
    agree(both, SEARCHED, terms=RECORD)


@pytest.mark.parametrize("analysis", [rm.compare_arms, rm.pre_post, rm.mixed_model])
def test_months_of_pulses_between_the_surveys_are_no_waves_of_an_outcome(analysis: Any) -> None:
    given = Scenario(pairs=24)
    asked = (*given.design.instruments, "pulse")
    given = replace(given, design=replace(given.design, instruments=asked))
    options = {"rerandomise": False} if analysis is rm.compare_arms else {}
    both = asked_both_ways(analysis, given, "digital_skill", 2, 2, **options)
    assert both.clear.all()
    agree(both, SEARCHED, terms=RECORD if analysis is rm.compare_arms else None)


def test_replicates_whose_variances_cannot_be_told_apart_are_left_to_the_analysis() -> None:
    """Six sets in five sites: sites and arms absorb whatever sets differ by at a follow-up."""
    given = Scenario(
        pairs=18,
        levers=Levers(format="team challenge", juniors=3, matching="random"),
        design=Setting(waves=(0, 1, 9), sites=5, programme_share=0.3),
    )
    both = asked_both_ways(rm.compare_arms, given, "visibility", 3, 36, rerandomise=False)
    assert not both.clear.any()


def test_departments_compared_with_people_alone_are_one_design_for_both() -> None:
    given = Gaussian(programme=7, comparison=20, people=3, tie="department", unpaired=True)
    for analysis, options in ((rm.pre_post, {}), (rm.compare_arms, {"rerandomise": False})):
        both = asked_both_ways(analysis, given, "score", **options)  # type: ignore[arg-type]
        assert both.clear.all()
        agree(both, SEARCHED, terms=RECORD)
