"""Win-probability against loops over all pairs, Brunner and Munzel, and coverage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from rmresearch.numerics.effects import wilson, win_probability, win_probability_paired

Array = NDArray[np.float64]


def likert(seed: int, n1: int = 14, n0: int = 17) -> tuple[Array, NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    values = np.r_[rng.integers(2, 6, n1), rng.integers(1, 6, n0)].astype(float)
    return values, np.arange(n1 + n0) < n1


def test_value_is_the_loop_over_pairs() -> None:
    values, first = likert(0)
    wins = [(a > b) + 0.5 * (a == b) for a in values[first] for b in values[~first]]
    assert win_probability(values, first).value == pytest.approx(np.mean(wins))


def test_agrees_with_ranks_in_r(by_r: Callable[[str], tuple[Any, Any]]) -> None:
    # Brunner and Munzel 2000 from R's rank(), tests/reference/workforce/make.R: rounding only
    given, wanted = (part["ordinal"] for part in by_r("workforce"))
    found = win_probability(given["item"], given["first"])
    assert found.value == pytest.approx(wanted["value"], rel=1e-12)
    assert found.se == pytest.approx(wanted["se"], rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_standard_error_is_brunner_and_munzels(seed: int) -> None:
    values, first = likert(seed)
    found = win_probability(values, first)
    expected = stats.brunnermunzel(values[~first], values[first]).statistic
    # scipy works with ranks: the same sums in another order
    assert (found.value - 0.5) / found.se == pytest.approx(expected, rel=1e-10)


def test_clusters_by_hand() -> None:
    """Whole clusters of identical people say no more than one person each, but for G/(G-1)."""
    values, first = likert(3)
    many = win_probability(np.repeat(values, 4), np.repeat(first, 4), np.repeat(np.arange(31), 4))
    one = win_probability(values, first)
    assert many.value == pytest.approx(one.value)
    assert many.se == pytest.approx(one.se, rel=1e-10)
    assert (many.n, many.n_clusters) == (124, 31)


def test_clusters_that_reach_into_both_groups() -> None:
    """A pair in both arms that answers alike cancels: its two parts have opposite signs."""
    values = np.array([1.0, 2, 3, 4, 5, 1, 2, 3, 4, 5])
    first = np.arange(10) < 5
    pairs = np.tile(np.arange(5), 2)
    found = win_probability(values, first, pairs)
    assert found.scale == "score"  # no variance left between pairs
    assert win_probability(values, first).se > 0.1


def test_swapping_groups_and_labels() -> None:
    values, first = likert(2)
    codes = np.arange(31) // 2
    one, two = win_probability(values, first, codes), win_probability(values, ~first, codes)
    assert (two.value, two.low, two.high) == pytest.approx(
        (1 - one.value, 1 - one.high, 1 - one.low)
    )
    assert two.p == pytest.approx(one.p)
    order = np.random.default_rng(0).permutation(31)
    three = win_probability(3 * values[order] - 1e3, first[order], 77 - codes[order])
    assert (three.value, three.se, three.low) == pytest.approx((one.value, one.se, one.low))


def test_interval_and_p_agree() -> None:
    values, first = likert(1)
    found = win_probability(values, first)
    low, high = (
        getattr(win_probability(values, first, level=1 - found.p), e) for e in ("low", "high")
    )
    assert min(abs(low - 0.5), abs(high - 0.5)) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("n1", "n0"), [(2, 2), (3, 8), (10, 10), (40, 15)])
def test_complete_separation_is_not_certainty(n1: int, n0: int) -> None:
    """Newcombe's interval solves (1 - t)^2 = z^2 V(t), V Hanley and McNeil's with (m+n)/2 - 1."""
    found = win_probability(np.r_[np.full(n1, 5.0), np.full(n0, 2.0)], np.arange(n1 + n0) < n1)
    assert (found.value, found.high, found.scale) == (1.0, 1.0, "score")
    assert np.isnan(found.p)
    t, h = found.low, (n1 + n0) / 2 - 1
    variance = t * (1 - t) / (n1 * n0) * (1 + h * ((1 - t) / (2 - t) + t / (1 + t)))
    assert (1 - t) ** 2 == pytest.approx(1.959964**2 * variance, rel=1e-5)
    # Two against two separate by chance once in three: such data cannot exclude 1/2.
    assert (found.low < 0.5) == (n1 == 2)
    mirrored = win_probability(np.r_[np.full(n1, 2.0), np.full(n0, 5.0)], np.arange(n1 + n0) < n1)
    assert (mirrored.low, mirrored.high) == pytest.approx((0.0, 1 - found.low))


def test_nothing_varies() -> None:
    found = win_probability(np.full(12, 3.0), np.arange(12) < 6)
    assert (found.value, found.scale) == (0.5, "score")
    assert found.low == pytest.approx(1 - found.high)
    assert found.low < 0.3


def test_one_cluster_in_a_group_has_no_interval() -> None:
    values, first = likert(0)
    found = win_probability(values, first, np.where(first, 0, np.arange(31)))
    assert found.scale == "none"
    assert np.isnan([found.se, found.low, found.high, found.p]).all()
    assert found.value == pytest.approx(win_probability(values, first).value)
    assert np.isnan(win_probability([1.0, 2.0], [True, True]).value)
    assert np.isnan(win_probability_paired([], []).value)


def test_paired() -> None:
    before, after = np.array([1.0, 2, 3, 4, 5, 2]), np.array([2.0, 2, 4, 3, 5, 3])
    wins = np.array([1, 0.5, 1, 0, 0.5, 1])
    found = win_probability_paired(before, after)
    assert found.value == pytest.approx(wins.mean())
    assert found.se == pytest.approx(wins.std(ddof=1) / np.sqrt(6))
    halves = win_probability_paired(before, after, [0, 0, 1, 1, 2, 2])
    means = np.array([0.75, 0.5, 0.75])
    assert halves.se == pytest.approx(means.std(ddof=1) / np.sqrt(3))
    back = win_probability_paired(after, before)
    assert (back.value, back.low) == pytest.approx((1 - found.value, 1 - found.high))


def test_everybody_moved_the_same_way() -> None:
    found = win_probability_paired([1.0, 2, 3, 3], [2.0, 3, 4, 4], [0, 0, 1, 2])
    assert (found.low, found.high) == wilson(3, 3)
    assert np.isnan(found.p)
    assert win_probability_paired([1.0, 2], [2.0, 3], [0, 0]).scale == "none"


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="missing answers"):
        win_probability([1.0, np.nan], [True, False])
    with pytest.raises(ValueError, match="alike"):
        win_probability([1.0, 2.0], [True])
    with pytest.raises(ValueError, match="2 codes"):
        win_probability([1.0, 2.0], [True, False], [1])
    with pytest.raises(ValueError, match="alike"):
        win_probability_paired([1.0], [1.0, 2.0])


@pytest.mark.parametrize("pairs", [1, 2])
def test_coverage(pairs: int) -> None:
    """12 clusters a group, 5-point answers, true effect 1 SD: 1,500 studies.

    The 99.9% Monte Carlo band of 95% is 3.3 x .0056; the interval may be wider, so the band's
    lower end is the gate, and .99 the upper one.
    """
    rng = np.random.default_rng(pairs)
    cuts = np.array([-1.5, -0.5, 0.5, 1.5]) * np.sqrt(1.5)
    codes = np.repeat(np.arange(24), pairs)
    first = codes < 12
    chance = [
        np.diff(stats.norm.cdf((cuts - m) / np.sqrt(1.5)), prepend=0, append=1) for m in (1, 0)
    ]
    below = np.cumsum(chance[1]) - chance[1]
    truth = float((chance[0] * (below + chance[1] / 2)).sum())
    hits = 0
    for _ in range(1_500):
        raw = rng.normal(size=codes.size) + np.sqrt(0.5) * rng.normal(size=24)[codes] + first
        found = win_probability(np.digitize(raw, cuts), first, codes)
        hits += found.low <= truth <= found.high
    assert 0.95 - 3.3 * 0.0056 < hits / 1_500 < 0.99
