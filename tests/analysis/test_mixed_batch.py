"""`mixed_model` on arrays against `mixed_model` of one study after another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.analysis.mixed.batch import KERNEL
from rmresearch.whatif.source import source
from rmresearch.world.gaussian import Gaussian
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.scenario import Scenario

from .on_arrays import agree, asked_both_ways, drawn, panel_of

GROUP = Levers(format="group", juniors=2)
#: two searches end at 1e-17 of the criterion, whose variances, the least sure of all numbers, are
#: then known to a few 1e-9; means and their errors to 1e-9
SEARCHED = 1e-8
#: brentq ends within 1e-7 of a share, after searches in shares that stop short of the last digits
ENDS = {"variance-share": 2e-6, "icc": 2e-6}


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        (Gaussian(programme=7, comparison=6, waves=3, slope_sd=0.2), "score"),
        (Gaussian(programme=6, comparison=6, waves=3, slope_sd=0.2, dropout=0.2), "score"),
        (Gaussian(programme=11, comparison=10, people=1, waves=4, dropout=0.3), "score"),
        (Gaussian(programme=12, people=1), "score"),
        (Gaussian(programme=8, people=3, tie="ring", dropout=0.2), "score"),
        (Gaussian(programme=5, comparison=5, people=4, tie="department", waves=3), "score"),
        (Gaussian(programme=8, comparison=9, waves=3, unpaired=True, dropout=0.2), "score"),
        (Scenario(pairs=24), "digital_skill"),
        (Scenario(pairs=24, design=Setting(waves=(0, 6))), "leadership_confidence"),
        (Scenario(pairs=24, levers=GROUP), "leadership_confidence"),
        (Scenario(pairs=36, levers=GROUP), "digital_skill"),
        (Scenario(pairs=24, comparison="pool", levers=GROUP), "leadership_confidence"),
        (Scenario(pairs=20, comparison="control"), "digital_skill"),
        (Scenario(pairs=12, comparison="none"), "digital_skill"),
    ],
    ids=["sets", "sets, dropout", "pairs", "one arm, two waves", "rings", "departments",
         "unpaired", "wait-list", "wait-list, two waves", "juniors of groups",
         "seniors of groups", "groups and a pool", "control", "one group"],
)  # fmt: skip
def test_arrays_say_what_the_shipped_model_says(scenario: Any, outcome: str) -> None:
    both = asked_both_ways(rm.mixed_model, scenario, outcome)
    assert both.clear.all()
    agree(both, SEARCHED, ENDS)


@pytest.mark.parametrize("options", [{"slope": False}, {"level": 0.8}])
def test_options_reach_the_arrays(options: dict[str, Any]) -> None:
    given = Gaussian(programme=12, people=1, waves=3, slope_sd=0.3, dropout=0.2)
    agree(asked_both_ways(rm.mixed_model, given, "score", **options), SEARCHED, ENDS)


def test_intervals_that_few_people_or_clusters_cannot_carry_are_withheld_alike() -> None:
    given = Gaussian(programme=5, comparison=4, people=1, waves=3, dropout=0.4)
    both = asked_both_ways(rm.mixed_model, given, "score", replicates=5)
    assert both.clear.any()
    agree(both, SEARCHED, ENDS)
    assert not any(one.gives_se.any() for one in both.fast.values())


def test_slopes_that_answers_are_too_few_to_tell_are_left_to_the_analysis() -> None:
    """Where people have two answers each on average, the analysis leaves the slope out."""
    given = Gaussian(programme=8, comparison=7, people=1, waves=3, dropout=0.5)
    both = asked_both_ways(rm.mixed_model, given, "score", replicates=12, seed=13)
    few = np.isfinite(panel_of(given, "score", 12, 13).scores).sum(axis=(1, 2)) <= 2 * 15
    assert 0 < few.sum() < 8
    assert not both.clear[few].any()
    assert both.clear.sum() > 5
    agree(both, SEARCHED, ENDS)


def test_what_arrays_cannot_tell_is_left_to_the_analysis() -> None:
    whole = panel_of(Gaussian(programme=6, comparison=6, people=2, waves=3), "score", 6)
    scores = whole.scores.copy()
    scores[1, whole.arm[1] == 1, 2] = np.nan  # nobody of an arm at a wave
    scores[2, 4:12] = np.nan  # the clusters are too few
    scores[2, 14:] = np.nan
    scores[3, ::2] = np.nan  # sets hold one person each
    scores[4] = 3.0  # nothing varies
    found, clear = KERNEL.answer(replace(whole, scores=scores), {})
    assert clear.tolist() == [True, False, False, False, False, True]
    assert {len(one.value) for one in found} == {2}
    alone, _ = KERNEL.answer(whole, {})
    for one, other in zip(found, alone, strict=True):
        # with others' rows absent the same sums are made in another order
        assert one.value == pytest.approx(other.value[[0, 5]], rel=1e-7, abs=1e-9)


def test_clusters_of_several_people_may_change_arms_between_replicates() -> None:
    """Chance assigns sets anew in each replicate; a replicate with other sizes is left out."""
    whole = panel_of(Gaussian(programme=7, comparison=7, people=2, waves=3, dropout=0.2), "score")
    rng = np.random.default_rng(3)
    arm = np.stack([np.repeat(rng.permutation(np.arange(14) % 2), 2) for _ in range(4)])
    arm[2] = np.repeat(np.arange(14) < 5, 2)
    arm[3] = np.arange(28) % 2  # two of a set in two arms
    mixed = replace(whole, arm=arm)
    together, clear = KERNEL.answer(mixed, {})
    assert clear.tolist() == [True, True, False, False]
    for r in range(2):
        alone, _ = KERNEL.answer(mixed.take(np.arange(4) == r), {})
        for many, one in zip(together, alone, strict=True):
            assert many.key == one.key
            for name in ("value", "se", "df", "low", "high"):
                left, right = getattr(many, name)[r], getattr(one, name)[0]
                assert left == pytest.approx(right, rel=1e-7, abs=1e-8, nan_ok=True), name


def test_answers_of_pairs_and_of_both_roles_are_left_to_the_analysis() -> None:
    asked = Setting(instruments=("digital_skill", "leadership_seen"))
    partner = Scenario(pairs=24, levers=GROUP, design=asked)
    whole = panel_of(partner, "leadership_seen")
    assert whole.sets is None
    assert not KERNEL.answer(whole, {})[1].any()
    score = panel_of(Gaussian(programme=8), "score")
    both = replace(score, outcome=replace(score.outcome, role="all"))
    assert not KERNEL.answer(both, {})[1].any()


@pytest.mark.parametrize("outcome", ["leadership_confidence", "digital_skill"])
@pytest.mark.parametrize("comparison", ["pool", "waitlist"])
def test_a_panel_has_the_clusters_and_sets_of_its_studies(comparison: Any, outcome: str) -> None:
    """Juniors of a group who are compared with stand alone where the comparison is unpaired."""
    given = Scenario(pairs=24, comparison=comparison, levers=GROUP)
    panel, study = panel_of(given, outcome, 1), drawn(given, 1).study(0)
    people = study.participants.query(f"role == '{panel.outcome.role}'")["person"]
    for codes, names in ((panel.cluster, study.clusters()), (panel.sets, study.sets())):
        assert codes is not None
        both = set(zip(codes.tolist(), names.reindex(people).tolist(), strict=True))
        assert len(both) == len(set(codes.tolist())) == names.reindex(people).nunique()


def test_juniors_of_groups_drawn_from_volunteers_have_no_panel() -> None:
    """Those who are not drawn stand alone, and they are others in each cohort."""
    given = Scenario(pairs=24, comparison="control", levers=GROUP)
    cohorts, design = drawn(given, 2), source(given).design
    assert cohorts.panel(design.outcome("leadership_confidence")) is None
    assert panel_of(given, "digital_skill").cluster.tolist() == list(range(12))


def test_what_no_cohort_could_answer_is_refused_before_anything_runs() -> None:
    design = Gaussian(programme=8).design
    once = replace(design.outcomes[0], waves=("start",))
    with pytest.raises(rm.StudyError, match="one wave only"):
        KERNEL.refuse(design, once)
    with pytest.raises(rm.StudyError, match="no person ids"):
        KERNEL.refuse(replace(design, linked=False), design.outcomes[0])
    KERNEL.refuse(design, design.outcomes[0])
    with pytest.raises(rm.StudyError, match=r"nothing was run.*a variance needs at least"):
        rm.sweep(Gaussian(programme=1, people=1), rm.mixed_model, outcome="score", replicates=9,
                 seed=1)  # fmt: skip


def test_a_sweep_counts_singular_fits() -> None:
    given = Gaussian(programme=8, people=1, person_sd=0.0, set_sd=0.0)
    done = rm.sweep(given, rm.mixed_model, outcome="score", replicates=200, seed=2)
    table = rm.judge(done).to_frame().set_index(["group", "term"])
    # without any variance between people its estimate falls on 0 for about half of the cohorts
    assert 0.3 < table.loc[("person", "variance"), "singular"] < 0.7
