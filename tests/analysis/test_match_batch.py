"""`match_quality` on arrays against `match_quality` of one study after another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.analysis.base.batch import Panel
from rmresearch.analysis.match.batch import KERNEL
from rmresearch.whatif.source import after
from rmresearch.world.gaussian import Gaussian
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.scenario import Scenario

from .on_arrays import agree, asked_both_ways, drawn, panel_of

GROUP = Levers(format="group", juniors=2)
LOTS = Levers(matching="random", other_department=False)
#: what the kernel has; the rest (permutations, new pairs, meetings) is the analysis's alone
RECORD = frozenset({"", "holm", "kenward-roger"})
#: one linear fit, its sums made in another order; of sets a search that ends at 1e-17 of its
#: criterion, which the analysis's own does not always reach
SAME, SEARCHED = 1e-9, 1e-7


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        (Scenario(pairs=48), "digital_skill"),
        (Scenario(pairs=48), "leadership_confidence"),
        (Scenario(pairs=48, levers=LOTS), "digital_skill"),
        (Scenario(pairs=48, levers=LOTS), "leadership_confidence"),
        (Scenario(pairs=72, levers=replace(GROUP, matching="self-selected")), "digital_skill"),
        (Scenario(pairs=40, comparison="control"), "digital_skill"),
        (Scenario(pairs=30, comparison="none", design=Setting(waves=(0, 6))), "digital_skill"),
        (Scenario(pairs=16), "digital_skill"),
    ],
    ids=["seniors", "juniors", "by lot", "juniors by lot", "seniors of groups", "control",
         "one group", "few"],
)  # fmt: skip
def test_arrays_say_what_the_shipped_analysis_says(scenario: Any, outcome: str) -> None:
    both = asked_both_ways(rm.match_quality, scenario, outcome, replicates=5, draws=19)
    assert both.clear.sum() >= 3
    agree(both, SAME, terms=RECORD)


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        (Scenario(pairs=48, levers=GROUP), "leadership_confidence"),
        (Scenario(pairs=72, levers=replace(GROUP, juniors=3, matching="self-selected")),
         "visibility"),
        (Scenario(pairs=48, comparison="pool", levers=replace(GROUP, juniors=4)), "visibility"),
    ],
    ids=["twos", "threes", "few sets and a pool"],
)  # fmt: skip
def test_arrays_say_what_the_shipped_analysis_says_of_people_in_sets(
    scenario: Any, outcome: str
) -> None:
    both = asked_both_ways(rm.match_quality, scenario, outcome, replicates=5, draws=19)
    assert both.clear.sum() >= 4
    agree(both, SEARCHED, terms=RECORD)
    assert any(one.gives_se.any() for key, one in both.fast.items() if key[-1] == "kenward-roger")


def test_sets_that_hold_several_in_some_cohorts_only_are_told_apart() -> None:
    """Of two juniors of a senior both answer in one cohort, one of them in another."""
    whole = panel_of(
        Scenario(pairs=64, comparison="none", levers=GROUP), "leadership_confidence", 3
    )
    scores = whole.scores.copy()
    scores[1, 1::2] = np.nan
    found, clear = KERNEL.answer(replace(whole, scores=scores), {})
    assert clear.all()
    records = [one for one in found if one.key[-1] == "" and np.isfinite(one.value).all()]
    beside = {one.key[4]: one for one in found if one.key[-1] == "kenward-roger"}
    assert [one.key[4] for one in records] == ["Interests", "Level gap"]
    for one in records:
        assert np.isnan(beside[one.key[4]].value).tolist() == [False, True, False]
    few = replace(whole, scores=np.where(np.arange(64)[:, None] % 2 == 1, np.nan, whole.scores))
    alone, _ = KERNEL.answer(few, {})
    assert not any(one.key[-1] == "kenward-roger" for one in alone if np.isfinite(one.value).any())
    assert found[0].value[1] == pytest.approx(alone[0].value[1], rel=1e-12)


def test_the_level_reaches_the_arrays() -> None:
    agree(asked_both_ways(rm.match_quality, Scenario(pairs=40), "digital_skill", level=0.8),
          SAME, terms=RECORD)  # fmt: skip


def changed(panel: Panel, column: str, r: int, value: float) -> Panel:
    """In replicate ``r`` everybody's entry in the column is ``value``."""
    assert panel.partners is not None
    partners = panel.partners()
    own, theirs = dict(partners.own), dict(partners.theirs)
    for side in (own, theirs):
        side[column] = side[column].copy()
        side[column][r] = value
    return replace(panel, partners=lambda: replace(partners, own=own, theirs=theirs))


def test_a_feature_that_cannot_be_told_in_one_cohort_is_none_there_and_in_no_holm() -> None:
    whole = panel_of(Scenario(pairs=60, comparison="none"), "digital_skill", 3)
    found, clear = KERNEL.answer(changed(whole, "level", 1, 2.0), {})
    before, _ = KERNEL.answer(whole, {})
    assert clear.all()
    names = [one.key[4] for one in found if one.key[-1] == ""]
    assert names == ["Interests", "Level gap", "Same department"]
    gap, holm = found[1], {one.key[4]: one for one in found if one.key[-1] == "holm"}
    assert np.isnan(gap.value).tolist() == [False, True, False]
    assert gap.gives_p.tolist() == [True, False, True]
    assert found[0].value == pytest.approx(before[0].value, rel=1e-12)
    # with a single feature told its p is Holm's, too
    assert np.isnan(found[2].value).all()
    assert holm["Interests"].value[1] == found[0].p[1]
    both = sorted([found[0].p[0], gap.p[0]])
    assert holm["Interests"].gives_p.all()
    assert sorted([holm["Interests"].p[0], holm["Level gap"].p[0]]) == pytest.approx(
        [min(1.0, 2 * both[0]), max(min(1.0, 2 * both[0]), both[1])]
    )


def test_what_arrays_cannot_tell_is_left_to_the_analysis() -> None:
    whole = panel_of(Scenario(pairs=60, comparison="none"), "digital_skill", 6)
    scores = whole.scores.copy()
    scores[1, :, -1] = 3.0  # all alike at the end
    scores[2, :, 0] = 3.0  # all alike before
    scores[3, 4:, -1] = np.nan  # too few for any feature
    panel = changed(replace(whole, scores=scores), "interests", 4, 0.0)  # the fit is all 1
    panel = changed(panel, "level", 4, 2.0)
    found, clear = KERNEL.answer(panel, {})
    assert clear.tolist() == [True, False, False, False, False, True]
    assert {len(one.value) for one in found} == {2}
    nothing = changed(changed(whole, "interests", 0, 0.0), "level", 0, 1.0).take(np.arange(6) < 1)
    assert not KERNEL.answer(nothing, {})[1].any()
    groups = panel_of(Scenario(pairs=48, comparison="none", levers=GROUP), "visibility", 1)
    one_set = replace(groups, cluster=np.zeros_like(groups.cluster))
    assert not KERNEL.answer(one_set, {})[1].any()
    arms = (*whole.design.arms, replace(whole.design.arms[0], name="other"))
    assert not KERNEL.answer(replace(whole, design=replace(whole.design, arms=arms)), {})[1].any()
    (asked,) = whole.design.matching.questions
    matching = replace(whole.design.matching, questions=(replace(asked, compare="same"),))
    words = replace(whole, design=replace(whole.design, matching=matching))
    assert not KERNEL.answer(words, {})[1].any()


@pytest.mark.parametrize("outcome", ["digital_skill", "leadership_confidence"])
@pytest.mark.parametrize("juniors", [1, 2])
def test_a_panel_knows_the_partners_of_its_studies(juniors: int, outcome: str) -> None:
    shape = Levers(format="group", juniors=2) if juniors == 2 else Levers()
    cohorts = after(drawn(Scenario(pairs=12, comparison="pool", levers=shape), 3), 1)
    study = cohorts.study(1)
    panel = cohorts.panel(study.design.outcome(outcome))
    assert panel is not None
    assert panel.partners is not None
    partners = panel.partners()
    role = panel.outcome.role
    other = "junior" if role == "senior" else "senior"
    roster = study.participants.set_index("person")
    theirs = study.pairs.groupby(role)[other].apply(list)
    asked = study.design.outcome("leadership_confidence" if role == "senior" else "digital_skill")
    scores, wide = partners.scores(asked), study.wide(asked)
    assert scores is not None
    for i, person in enumerate(roster.index[roster["role"] == role]):
        assert partners.own["level"][1, i] == roster.loc[person, "level"]
        assert partners.paired[1, i] == (person in theirs.index)
        for j, one in enumerate(theirs.get(person, [])):
            assert partners.theirs["interests"][1, i, j] == roster.loc[one, "interests"]
            known = wide.loc[one].to_numpy(float) if one in wide.index else np.full(3, np.nan)
            assert scores[1, i, j] == pytest.approx(known, nan_ok=True)
    assert partners.scores(panel.outcome) is None


def test_designs_without_pairs_or_gains_are_refused_before_anything_runs() -> None:
    with pytest.raises(rm.StudyError, match=r"nothing was run.*no match feature is known"):
        rm.sweep(Gaussian(programme=8), rm.match_quality, outcome="score", replicates=9, seed=1)
    for pairs, levers in ((1, Levers()), (2, GROUP)):
        few = Scenario(pairs=pairs, comparison="none", levers=levers)
        with pytest.raises(rm.StudyError, match=r"nothing was run.*FitError"):
            rm.sweep(few, rm.match_quality, outcome="visibility", replicates=9, seed=1)
    with pytest.raises(rm.StudyError, match=r"nothing was run.*it has no gain"):
        rm.sweep(Scenario(pairs=20), rm.match_quality, outcome="satisfaction", replicates=9, seed=1)
    whole = panel_of(Scenario(pairs=20), "digital_skill", 1).design
    with pytest.raises(rm.StudyError, match="no person ids"):
        KERNEL.refuse(replace(whole, linked=False), whole.outcomes[0])


def test_a_sweep_tells_power_of_a_match_beside_its_failures() -> None:
    given = Scenario(pairs=40)
    done = rm.sweep(given, rm.match_quality, outcome="digital_skill", replicates=60, seed=3)
    table = rm.judge(done).to_frame()
    row = table[(table["group"] == "Interests") & (table["term"] == "")].iloc[0]
    assert row["replicates"] == 60
    assert 0.0 <= row["rejects"] < 0.5


def test_a_trait_that_all_have_alike_asks_for_no_more_people() -> None:
    """Where all are of one department that is no column, and one person less tells the fit."""
    asked = ("digital_skill", "inclusion_awareness", "digital_use", "leadership_confidence",
             "visibility", "digital_skill_before", "demonstration", "leadership_seen", "burden",
             "engagement", "tool_use")  # fmt: skip
    alone = Scenario(pairs=8, comparison="none", levers=Levers(matching="random"),
                     design=Setting(waves=(0, 1, 7, 9), instruments=asked))  # fmt: skip
    both = asked_both_ways(rm.match_quality, alone, "visibility", 3, 486, draws=19)
    assert not both.clear.all()
    agree(both, SAME, terms=RECORD)
