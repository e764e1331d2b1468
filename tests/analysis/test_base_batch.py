"""Many studies at once: footings and kernels against one study after another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rmresearch.analysis import base
from rmresearch.analysis.arms import batch as arms
from rmresearch.analysis.base.batch import NUMBERS, Panel, footings
from rmresearch.analysis.change import batch as change
from rmresearch.world.gaussian import Gaussian, draw_gaussian


def panel(waves: int = 3, **given: object) -> Panel:
    made = Gaussian(programme=6, comparison=5, waves=waves, **given)  # type: ignore[arg-type]
    drawn = draw_gaussian(made, 7, seed=4)
    arm = np.broadcast_to(drawn.arm, drawn.scores.shape[:2])
    return Panel(made.design, made.design.outcomes[0], drawn.scores, arm, drawn.cluster)


def test_footings_are_those_of_each_replicate() -> None:
    rng = np.random.default_rng(2)
    seen = set()
    for n, sizes in ((70, 3), (30, 2), (12, 1), (40, 12), (26, 1), (9, 1)):
        cluster = np.arange(n) // sizes * 7
        present = rng.random((12, n)) < rng.choice([0.5, 0.9, 1.0], (12, 1))
        arm = np.where(rng.random((12, n)) < 0.5, "a", "b")
        found = footings(present, cluster, [arm == "a", arm == "b"])
        for r in range(12):
            here = present[r]
            alone = base.footing(cluster[here], arm[r, here])
            both = (alone.rule, alone.interval, alone.p_value)
            assert both == (found.rule[r], found.interval[r], found.p_value[r])
            seen.add(both)
    # every verdict was met
    assert seen == {(False,) * 3, (True, False, False), (True, True, False), (True,) * 3}


@pytest.mark.parametrize("waves", [2, 3])
@pytest.mark.parametrize("strata", [False, True])
def test_replicates_with_arms_of_their_own_are_as_if_alone(waves: int, strata: bool) -> None:
    """Chance assigns anew in each replicate: as many in each stratum, other people."""
    rng = np.random.default_rng(6)
    whole = panel(waves, people=1)
    stratum = np.arange(11) % 2
    arm = np.empty((7, 11), np.int64)
    for r in range(7):
        for code in (0, 1):
            inside = np.flatnonzero(stratum == code)
            arm[r, inside] = rng.permutation(np.arange(len(inside)) < 3)
    whole = replace(whole, arm=arm, stratum=stratum if strata else None)
    together, clear = arms.KERNEL.answer(whole, {})
    assert clear.all()
    assert len({tuple(row) for row in arm}) > 1
    for r in range(7):
        alone, _ = arms.KERNEL.answer(whole.take(np.arange(7) == r), {})
        for many, one in zip(together, alone, strict=True):
            assert many.key == one.key
            for name in NUMBERS:
                # another order of rows: rounding only
                left, right = getattr(many, name)[r], getattr(one, name)[0]
                assert left == pytest.approx(right, rel=1e-8, abs=1e-10, nan_ok=True), name


@pytest.mark.parametrize("people", [1, 2])
def test_arms_of_unequal_size_in_each_replicate_are_as_if_alone(people: int) -> None:
    """Eleven clusters in sites of five and six: now one arm has the odd ones, now the other."""
    rng = np.random.default_rng(7)
    whole = panel(3, people=people)
    site = np.repeat(np.arange(11) % 2, people)
    arm = np.empty((7, 11), np.int64)
    for r in range(7):
        for code in (0, 1):
            inside = np.flatnonzero(np.arange(11) % 2 == code)
            arm[r, inside] = rng.permutation(np.arange(len(inside)) < 2 + rng.integers(2))
    scores = np.where(rng.random(whole.scores.shape) < 0.1, np.nan, whole.scores)
    whole = replace(whole, scores=scores, arm=np.repeat(arm, people, axis=1), stratum=site)
    assert len({(row.sum(), row[::2].sum()) for row in arm}) > 2
    together, clear = arms.KERNEL.answer(whole, {})
    assert clear.sum() >= 5
    for place, r in enumerate(np.flatnonzero(clear)):
        alone, _ = arms.KERNEL.answer(whole.take(np.arange(7) == r), {})
        for many, one in zip(together, alone, strict=True):
            for name in NUMBERS:
                # another order of rows, and a search that ends within 1e-8 of one minimum
                left, right = getattr(many, name)[place], getattr(one, name)[0]
                assert left == pytest.approx(right, rel=1e-6, abs=1e-9, nan_ok=True), name


def test_arms_that_cut_through_clusters_or_leave_them_unequal_are_left_to_the_analysis() -> None:
    whole = panel()
    torn = np.array(whole.arm)
    torn[0, 0] = 1 - torn[0, 0]  # two of a cluster in different arms, in one replicate
    swapped, uneven = np.array(whole.arm), whole.cluster.copy()
    swapped[0] = 1 - swapped[0]
    uneven[uneven == uneven[-1]] = uneven[-3]  # one of four, the others of two
    for changed in ({"arm": torn}, {"arm": swapped, "cluster": uneven}):
        found, clear = arms.KERNEL.answer(replace(whole, **changed), {})  # type: ignore[arg-type]
        assert (found, clear.any()) == ([], False)


def test_what_cannot_be_answered_on_arrays_is_marked() -> None:
    whole = panel(2)
    scores = whole.scores.copy()
    scores[1, :, 0] = 3.0  # everybody alike before
    scores[2, whole.arm[2] == 0, 1] = np.nan  # an arm is gone
    scores[3, :, 0] = (whole.arm[3] == 0) * 1.0  # the arm determines the baseline
    found, clear = arms.KERNEL.answer(replace(whole, scores=scores), {})
    assert clear.tolist() == [True, False, False, False, True, True, True]
    assert [len(one.value) for one in found] == [4]
    wide = found[0].placed(clear)
    assert np.isnan(wide.value).tolist() == (~clear).tolist()
    assert not wide.gives_se[~clear].any()
    _, changes = change.KERNEL.answer(replace(whole, scores=scores), {})
    assert changes.tolist() == [True, True, False, True, True, True, True]
