"""Readings of analyses: the same numbers as the analysis, under the key of what was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.errors import FitError
from rmresearch.result import KEY, Result
from rmresearch.whatif.claims import CLAIMS, KERNELS, before_after, change_score, completers
from rmresearch.whatif.source import source
from rmresearch.world.presets import preset

#: what a reading says, and the estimate of the shipped analysis that it is: (term, group)
SAME: dict[str, tuple[Callable[..., Result], str, str]] = {
    "before_after": (rm.pre_post, "", "programme"),
    "post_only": (rm.compare_arms, "post-only", ""),
    "change_score": (rm.compare_arms, "change-score", ""),
    "completers": (rm.compare_arms, "completers", ""),
}


def test_every_reading_has_an_origin() -> None:
    assert set(SAME) == set(CLAIMS)
    assert set(KERNELS) == set(CLAIMS.values())


@pytest.mark.parametrize("name", SAME)
def test_numbers_are_the_analysis_s_and_the_key_is_the_effect_s(name: str) -> None:
    study = rm.simulate(rm.Scenario(pairs=40), seed=5).study
    analysis, term, group = SAME[name]
    wanted = [
        one
        for one in analysis(study, "digital_skill").estimates
        if (one.term, one.group) == (term, group)
    ]
    found = CLAIMS[name](study, "digital_skill").estimates
    record = rm.compare_arms(study, "digital_skill").estimates[0].key
    assert [(one.wave, one.value, one.se, one.p) for one in found] == [
        (one.wave, one.value, one.se, one.p) for one in wanted
    ]
    for one in found:
        about = dict(zip(KEY, record, strict=True)) | {"wave": one.wave}
        assert one.key == tuple(about.values())


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("scenario", [rm.Scenario(pairs=30), preset("volunteers", pairs=30)])
def test_arrays_say_what_the_function_says(name: str, scenario: rm.Scenario) -> None:
    """1e-10: the kernels' own tolerance; they solve the same normal equations in another order."""
    cohorts = source(scenario).cohorts(4, np.random.SeedSequence(3))
    outcome = source(scenario).design.outcome("digital_skill")
    panel = cohorts.panel(outcome)
    assert panel is not None
    found, clear = KERNELS[CLAIMS[name]].answer(panel, {})
    assert clear.all()
    arrays = {one.key: one for one in found}
    for r in range(4):
        for one in CLAIMS[name](cohorts.study(r), "digital_skill").estimates:
            batch = arrays[one.key]
            assert batch.value[r] == pytest.approx(one.value, abs=1e-10)
            if one.p is not None:
                assert batch.p[r] == pytest.approx(one.p, abs=1e-10)


def test_one_group_is_held_to_what_the_programme_did_there() -> None:
    alone = preset("small-pilot", pairs=30)
    done = rm.sweep(alone, before_after, outcome="digital_skill", replicates=200, seed=2)
    table = rm.judge(done).to_frame().set_index("against")
    assert set(table["contrast"]) == {"programme - no programme"}
    # volunteers drift back and time passes: off even from what they report
    assert table.loc["as_reported", "bias"] > 5 * table.loc["as_reported", "bias error"]
    assert table.loc["latent", "bias"] > table.loc["as_reported", "bias"]


def test_without_lots_a_change_score_is_a_difference_in_differences() -> None:
    study = rm.simulate(preset("volunteers", pairs=30), seed=1).study
    [*_, last] = change_score(study, "digital_skill").estimates
    named = {one.term: one for one in rm.compare_arms(study, "digital_skill").estimates
             if one.wave == last.wave}  # fmt: skip
    assert last.value == named["difference-in-differences"].value


def test_nobody_to_leave_out_is_said() -> None:
    scenario = rm.Scenario(pairs=24)
    steady = replace(scenario, nature=replace(scenario.nature, ending_rate=0.0, leaving_rate=0.0))
    study = rm.simulate(steady, seed=1).study
    with pytest.raises(FitError, match="nobody was left out"):
        completers(study, "digital_skill")


def test_replicates_with_nobody_to_leave_out_are_counted_with_the_reason() -> None:
    scenario = rm.Scenario(pairs=12)
    few = replace(scenario, nature=replace(scenario.nature, ending_rate=0.01))
    done = rm.sweep(few, completers, outcome="digital_skill", replicates=40, seed=1)
    cohorts = source(few).cohorts(40, np.random.SeedSequence(1, spawn_key=(0,)))
    refused = 0
    for r in range(40):
        try:
            completers(cohorts.study(r), "digital_skill")
        except FitError:
            refused += 1
    assert 0 < refused < 40
    assert done.failures["failed"].tolist() == [refused]
    assert done.failures["reason"].str.contains("nobody was left out").all()
