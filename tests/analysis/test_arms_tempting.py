"""What stands beside the record, on arrays: what `compare_arms` says of each study, to 1e-10."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.analysis.arms.tempting import KERNEL, TERMS, beside_record
from rmresearch.whatif.source import source
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.presets import preset

from .on_arrays import agree, asked_both_ways

SEED = np.random.SeedSequence(2)


@pytest.mark.parametrize(
    ("name", "pairs", "outcome"),
    [
        ("volunteers", 24, "digital_skill"),
        ("default", 24, "digital_skill"),
        ("group-format", 48, "leadership_confidence"),
    ],
)
def test_arrays_say_what_the_analysis_says(name: str, pairs: int, outcome: str) -> None:
    drawn = source(preset(name, pairs=pairs))
    cohorts = drawn.cohorts(2, SEED)
    panel = cohorts.panel(drawn.design.outcome(outcome))
    assert panel is not None
    answers, clear = KERNEL.answer(panel, {})
    assert clear.all()
    for r in range(2):
        study = cohorts.study(r)
        told = {one.key: one for one in beside_record(study, outcome).estimates}
        found = {one.key: one for one in answers if np.isfinite(one.value[r])}
        assert set(found) == set(told)
        assert {key[-1] for key in found} <= set(TERMS)
        for key, one in told.items():
            for what in ("value", "se", "df", "low", "high"):
                given = getattr(one, what)
                if given is not None:
                    # the same arithmetic in another order
                    assert getattr(found[key], what)[r] == pytest.approx(given, rel=1e-10)


def test_replicates_that_cannot_be_told_apart_are_left() -> None:
    drawn = source(preset("volunteers", pairs=16))
    panel = drawn.cohorts(3, SEED).panel(drawn.design.outcome("digital_skill"))
    assert panel is not None
    scores = panel.scores.copy()
    scores[1, :, 2] = np.nan
    _, clear = KERNEL.answer(replace(panel, scores=scores), {})
    assert not clear[1]
    nobody = np.full_like(scores, np.nan)
    answers, clear = KERNEL.answer(replace(panel, scores=nobody), {})
    assert answers == []
    assert not clear.any()


def test_completers_by_hand() -> None:
    """Four in each arm, the same baseline spread in both; the pair of the best one stopped."""
    drawn = source(preset("volunteers", pairs=8))
    panel = drawn.cohorts(1, SEED).panel(drawn.design.outcome("digital_skill"))
    assert panel is not None
    before = np.array([1.0, 2, 2, 3, 1, 2, 2, 3])
    after = np.array([2.0, 3, 3, 5, 1, 2, 2, 3])
    scores = np.stack([before, after, after], axis=-1)[None]
    arm = np.repeat([0, 1], 4)[None]
    ran = np.array([[True, True, True, False, *[False] * 4]])
    answers, _ = KERNEL.answer(replace(panel, scores=scores, arm=arm, ran=ran), {})
    found = {one.key[-1]: float(one.value[0]) for one in answers if one.key[2] == "month6"}
    # means 13/4 against 8/4; the same means before
    assert found["post-only"] == pytest.approx(1.25)
    assert found["difference-in-differences"] == pytest.approx(1.25)
    # the three left gained exactly 1 over before, as nobody else did: slope 1, difference 1
    assert found["completers"] == pytest.approx(1.0)


def test_beside_a_record_of_one_wave_stands_that_very_analysis() -> None:
    study = rm.simulate(preset("volunteers", pairs=24), seed=3).study
    whole = rm.compare_arms(study, "digital_skill")
    record = next(one for one in whole.estimates if one.term == "" and one.wave == "month6")
    found = beside_record(study, "digital_skill").estimates
    ancova = next(one for one in found if one.term == "ancova" and one.wave == "month6")
    assert (ancova.value, ancova.se) == (record.value, record.se)


def test_completers_of_whom_a_site_has_none_are_left_to_the_analysis() -> None:
    """The study drops the site's column; arrays would drop the replicate's completers."""
    scenario = rm.Scenario(
        pairs=20,
        levers=Levers(format="reciprocal", duration=2),
        nature=Nature(ending_rate=0.2),
        design=Setting(waves=(0, 2, 3, 12), sites=5),
    )
    both = asked_both_ways(beside_record, scenario, "inclusion_awareness", 5, 25)
    assert both.clear.tolist() == [True, True, True, False, True]
    agree(both, 1e-9)  # the same normal equations in another order
