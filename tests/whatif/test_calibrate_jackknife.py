"""Leaving out sets in turn, against textbook formulas and naive loops; intervals of counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rmresearch.whatif.calibrate.events import Rate, Share
from rmresearch.whatif.calibrate.jackknife import Groups, Spread, interval, jackknifed


def groups(cluster: list[int] | np.ndarray, arm: int | np.ndarray = 0) -> Groups:
    codes = np.asarray(cluster)
    return Groups.of(codes, np.broadcast_to(np.asarray(arm), codes.shape))


def test_sums_leave_each_set_out_in_turn() -> None:
    rng = np.random.default_rng(1)
    cluster = np.array([4, 4, 7, 9, 9, 9, 7])
    values = rng.normal(size=(7, 2, 3))
    made = groups(cluster).sums(values)
    np.testing.assert_allclose(made[0], values.sum(axis=0), atol=1e-12)
    left_out = [values[cluster != one].sum(axis=0) for one in (4, 7, 9)]
    for one in left_out:
        assert any(np.allclose(one, row, atol=1e-12) for row in made[1:])
    assert len(made) == 4


def test_the_jackknife_of_a_mean_is_its_textbook_error() -> None:
    values = np.array([3.0, 5.0, 4.0, 9.0, 1.0])
    one = groups(np.arange(5))
    found = jackknifed(one.sums(values) / one.sums(np.ones(5)))
    assert found.value == pytest.approx(values.mean(), abs=1e-12)
    assert found.se == pytest.approx(values.std(ddof=1) / np.sqrt(5), abs=1e-12)


def test_the_jackknife_takes_the_bias_off_a_variance() -> None:
    """Quenouille: the n-denominator variance becomes the n - 1 one, exactly."""
    values = np.array([3.0, 5.0, 4.0, 9.0, 1.0])
    one = groups(np.arange(5))
    n = one.sums(np.ones(5))
    variance = one.sums(values**2) / n - (one.sums(values) / n) ** 2
    assert jackknifed(variance).value == pytest.approx(values.var(ddof=1), abs=1e-10)


def test_many_sets_are_dealt_into_100_groups_arm_by_arm() -> None:
    arm = np.repeat([0, 1], [650, 350])
    one = Groups.of(np.arange(1000), arm)
    assert one.member.shape == (100, 1000)
    of_programme = one.member @ arm
    assert set(of_programme.tolist()) == {3.0, 4.0}
    values = np.random.default_rng(2).normal(size=1000)
    found = jackknifed(one.sums(values) / one.sums(np.ones(1000)))
    # A variance from 100 groups is off by sqrt(2 / 99) = 14% of itself, its root by 7%: 4 times.
    assert found.se == pytest.approx(values.std(ddof=1) / np.sqrt(1000), rel=0.28)


def test_groups_are_counted_where_there_are_rows() -> None:
    assert groups([1, 1, 2, 3]).count(np.array([True, False, False, True])) == 2


def test_intervals_go_back_to_their_scale() -> None:
    found = interval(Spread(0.0, 1.0), 10, np.exp)
    reach = stats.t.ppf(0.975, 10)
    np.testing.assert_allclose(found, [1.0, np.exp(-reach), np.exp(reach)], rtol=1e-10)


def test_a_share_of_independent_trials_has_nearly_jeffreys_interval() -> None:
    """Only the factor (z / t)² is between them, and n / (n - 1) from the jackknife's variance."""
    hits = np.repeat([1.0, 0.0], [30, 20])
    found = Share.of(groups(np.arange(50)), hits, np.ones(50))
    assert found is not None
    n = min(50.0, 50 * 49 / 50) * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 49)) ** 2
    low, high = stats.beta.ppf([0.025, 0.975], 0.6 * n + 0.5, 0.4 * n + 0.5)
    assert found.value == 0.6
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_trials_that_agree_within_sets_count_as_sets() -> None:
    """Twenty sets of five that all agree carry what twenty trials carry, not a hundred."""
    each = np.repeat(np.repeat([1.0, 0.0], [12, 8]), 5)
    clustered = Share.of(groups(np.repeat(np.arange(20), 5)), each, np.ones(100))
    twenty = Share.of(groups(np.arange(20)), each[::5], np.ones(20))
    assert clustered is not None
    assert twenty is not None
    assert (clustered.low, clustered.high) == pytest.approx((twenty.low, twenty.high), abs=1e-9)


@pytest.mark.parametrize("all_of", [0.0, 1.0])
def test_a_share_of_none_or_all_has_an_interval(all_of: float) -> None:
    found = Share.of(groups(np.arange(30)), np.full(30, all_of), np.ones(30))
    assert found is not None
    tail = stats.beta.ppf(0.975, 0.5, 30.5)
    expected = (0.0, tail) if all_of == 0 else (1.0 - tail, 1.0)
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)


def test_a_share_of_nothing_or_of_one_set_is_none() -> None:
    assert Share.of(groups([1, 2]), np.zeros(2), np.zeros(2)) is None
    assert Share.of(groups([1, 1]), np.ones(2), np.ones(2)) is None


def test_a_rate_has_jeffreys_interval() -> None:
    rate = Rate(7.0, 120.0)
    assert rate.value == pytest.approx(7 / 120)
    assert rate.ends == pytest.approx(stats.beta.ppf([0.025, 0.975], 7.5, 113.5), abs=1e-10)
    assert Rate(0.0, 120.0).ends[0] == 0.0
    assert np.isnan(Rate(0.0, 0.0).value)
