"""What simulated studies find: held to the analysis asked study after study."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.analysis.arms import compare_arms
from rmresearch.errors import StudyError
from rmresearch.explorer.seen import Mean, Seen, seen
from rmresearch.whatif.claims import before_after
from rmresearch.whatif.source import source
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Scenario

from .made import made

NOTHING = Nature(digital_skill_gain=0.0)


def one_by_one(scenario: Scenario, replicates: int, seed: int) -> list[Any]:
    """Estimates of the last wave, each study asked by itself."""
    drawn = source(scenario).cohorts(replicates, np.random.SeedSequence(seed, spawn_key=(0,)))
    analysis = before_after if scenario.comparison == "none" else compare_arms
    records = []
    for replicate in range(replicates):
        found = analysis(drawn.study(replicate), "digital_skill").estimates
        records += [one for one in found if one.wave == "month6" and not one.term]
    return records


def truth_of(scenario: Scenario, replicates: int, seed: int) -> Any:
    """What is true of digital skill at the last wave, of every cohort."""
    drawn = source(scenario).cohorts(replicates, np.random.SeedSequence(seed, spawn_key=(0,)))
    return next(
        one for one in drawn.truths()
        if one.outcome == "digital_skill" and one.wave == "month6" and not one.term
        and one.contrast.startswith("programme - ") and not one.group
    )  # fmt: skip


@pytest.mark.parametrize("comparison", ["waitlist", "none"])
def test_numbers_are_those_of_the_analysis_study_after_study(comparison: Any) -> None:
    scenario, n = rm.Scenario(pairs=48, comparison=comparison), 12
    found = seen(scenario, "digital_skill", replicates=n, seed=8)
    records = one_by_one(scenario, n, 8)
    # a batch's estimates agree with single ones to 1e-10 (docs/architecture.md)
    np.testing.assert_allclose(found.estimates, [one.value for one in records], atol=1e-9)
    for mean, values in (
        (found.estimate, [one.value for one in records]),
        (found.low, [one.low for one in records]),
        (found.high, [one.high for one in records]),
    ):
        assert mean is not None
        assert mean.value == pytest.approx(statistics.fmean(values), abs=1e-9)
        assert mean.error == pytest.approx(statistics.stdev(values) / math.sqrt(n), abs=1e-9)
    assert found.found.tolist() == [one.p < 0.05 for one in records]
    assert found.power.value == sum(one.p < 0.05 for one in records) / n
    assert (found.withheld, found.failures, found.wave.name) == (0, {}, "month6")


def test_the_truth_is_that_of_the_cohorts() -> None:
    row = truth_of(rm.Scenario(pairs=24), 6, 2)
    found = seen(rm.Scenario(pairs=24), "digital_skill", replicates=6, seed=2)
    assert found.true is not None
    assert found.reported is not None
    assert found.true.value == pytest.approx(float(np.mean(row.latent)), abs=1e-12)
    assert found.reported.value == pytest.approx(float(np.mean(row.as_reported)), abs=1e-12)


def test_a_seed_is_its_studies() -> None:
    scenario = rm.Scenario(pairs=24, comparison="none")
    again = [seen(scenario, "visibility", replicates=30, seed=s).estimates for s in (0, 0, 1)]
    assert (again[0] == again[1]).all()
    assert not (again[0] == again[2]).any()


def test_nothing_put_in_is_nothing_true_though_ratings_rise() -> None:
    scenario = rm.Scenario(pairs=24, comparison="none", nature=NOTHING)
    found = seen(scenario, "digital_skill", replicates=40, seed=3)
    assert found.nothing
    assert found.reported is not None
    assert found.reported.value > 0.02  # people flatter themselves all the same
    assert not seen(
        replace(scenario, nature=Nature()), "digital_skill", replicates=4, seed=3
    ).nothing


def test_studies_without_an_answer_are_counted_and_find_nothing() -> None:
    found = seen(rm.Scenario(pairs=8), "digital_skill", replicates=6, seed=1)
    assert found.studies == 6
    assert len(found.estimates) == len(found.found) <= 6
    assert found.power.value == found.found.sum() / 6
    assert found.withheld == len(found.estimates)  # four sets an arm carry no test


def test_no_study_with_an_answer_is_refused_with_the_reason() -> None:
    with pytest.raises(StudyError, match=r"no study has an answer: StudyError: .*arm"):
        seen(rm.Scenario(pairs=2), "digital_skill", replicates=4, seed=1)


def test_shares_have_their_error_and_none_is_not_surely_none() -> None:
    some = made([0.1, 0.2, 0.3, 0.4], [True, False, False, False])
    assert some.power == Mean(0.25, math.sqrt(0.25 * 0.75 / 4))
    for found in (False, True):
        all_alike = made([0.1] * 500, [found] * 500)
        assert all_alike.power.value == float(found)
        assert all_alike.power.error == pytest.approx(math.sqrt(0.001 * 0.999 / 500))


def test_wrong_signs_are_counted_among_those_that_found() -> None:
    # a small loss in one group that drifts up all the same
    scenario = rm.Scenario(pairs=24, comparison="none", nature=Nature(digital_skill_gain=-0.05))
    found = seen(scenario, "digital_skill", replicates=60, seed=4)
    truths = truth_of(scenario, 60, 4).latent
    assert found.reversed == sum(
        bool(hit) and value * true < 0
        for hit, value, true in zip(found.found, found.estimates, truths, strict=True)
    )
    assert found.reversed > 0


def test_progress_is_told() -> None:
    told: list[str] = []
    seen(rm.Scenario(pairs=24, comparison="none"), "digital_skill", replicates=4, seed=1,
         say=told.append)  # fmt: skip
    assert told == ["scenario: task 1 of 1"]
    assert isinstance(made([0.1], [True]), Seen)
