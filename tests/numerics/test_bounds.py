"""Bounds by naive loops: every corner of the worst case, every share trimmed by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from rmresearch.numerics.bounds import around, extremes, trimming_bounds
from rmresearch.numerics.imputation import canonical_order


def naive_lee(y: list[float | None], first: list[bool]) -> tuple[float, float]:
    """Lee's bounds by replicating every answer, so that the cut falls between two of them."""
    sides = [[v for v, f in zip(y, first, strict=True) if f is side] for side in (True, False)]
    answers = [sorted(v for v in side if v is not None) for side in sides]
    rates = [len(a) / len(s) for a, s in zip(answers, sides, strict=True)]
    more = 0 if rates[0] >= rates[1] else 1
    many = 9_240 // len(answers[more])  # rates of up to 11 people cut at whole copies
    copies = sorted(v for v in answers[more] for _ in range(many))
    kept = round(len(copies) * rates[1 - more] / rates[more])
    lowest, highest = np.mean(copies[:kept]), np.mean(copies[len(copies) - kept :])
    other = float(np.mean(answers[1 - more]))
    if more == 0:
        return float(lowest - other), float(highest - other)
    return float(other - highest), float(other - lowest)


@pytest.mark.parametrize("seed", range(12))
def test_trimming_is_the_naive_trimming(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 20))
    first = [k < n // 2 for k in range(n)]
    y = [None if rng.random() < 0.3 else float(rng.integers(1, 6)) for _ in range(n)]
    y[0], y[-1] = 2.0, 3.0
    got = trimming_bounds(
        [np.nan if v is None else v for v in y], first, np.arange(n), draws=0,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    # the copies cut at the nearest of thousands
    assert (got.low, got.high) == pytest.approx(naive_lee(y, first), abs=2e-3)


def test_equal_response_trims_nothing() -> None:
    y = [1.0, 2.0, np.nan, 4.0, 6.0, np.nan]
    got = trimming_bounds(y, [1, 1, 1, 0, 0, 0], np.arange(6), draws=0, rng=np.random.default_rng())
    assert (got.low, got.high, got.trimmed) == (1.5 - 5.0, 1.5 - 5.0, 0.0)


def test_swapping_the_arms_swaps_and_turns_the_bounds() -> None:
    rng = np.random.default_rng(4)
    y = np.where(rng.random(30) < 0.3, np.nan, rng.normal(size=30))
    first = np.arange(30) < 14
    one, two = (
        trimming_bounds(y, side, np.arange(30), draws=0, rng=rng) for side in (first, ~first)
    )
    assert (one.low, one.high, one.trimmed) == pytest.approx((-two.high, -two.low, -two.trimmed))


def test_bootstrap_errors_without_trimming_are_those_of_a_difference_of_means() -> None:
    rng = np.random.default_rng(5)
    values = np.concatenate([rng.normal(0, 1, 40), rng.normal(0, 2, 40)])
    first = np.arange(80) < 40
    got = trimming_bounds(values, first, np.arange(80), draws=4_000, rng=rng)
    want = np.sqrt(values[first].var(ddof=1) / 40 + values[~first].var(ddof=1) / 40)
    # 4,000 draws: the SE's own Monte Carlo error is about 1%
    assert got.low_se == pytest.approx(want, rel=0.05)
    assert got.draws == 4_000


def test_a_draw_trims_as_whole_copies_would() -> None:
    # six draws of eight of each arm's nine people, by hand
    rng = np.random.default_rng(8)
    y = np.where(rng.random(18) < 0.3, np.nan, rng.integers(1, 6, 18).astype(float))
    y[0], y[-1] = 2.0, 3.0
    first, cluster = np.arange(18) < 9, np.arange(18)
    got = trimming_bounds(y, first, cluster, draws=6, rng=np.random.default_rng(3))
    rows = canonical_order(np.column_stack([y, first]), cluster)
    rows = rows[np.argsort(y[rows], kind="stable")]
    again = np.random.default_rng(3)
    drawn = [rows[first[rows] == side][again.integers(9, size=(6, 8))] for side in (True, False)]
    ends = []
    for copies in np.hstack(drawn):
        answers = [None if np.isnan(y[i]) else float(y[i]) for i in copies]
        ends.append(naive_lee(answers, [bool(first[i]) for i in copies]))
    assert got.draws == 6
    # the copies cut at the nearest of thousands
    want = np.std(ends, axis=0, ddof=1)
    assert (got.low_se, got.high_se) == pytest.approx(tuple(want), abs=2e-3)


def test_clusters_are_drawn_whole() -> None:
    # pairs of equal answers: as many independent answers as there are clusters, not rows
    rng = np.random.default_rng(6)
    values = np.repeat(rng.normal(size=40), 2)
    first = np.arange(80) < 40
    got = trimming_bounds(values, first, np.repeat(np.arange(40), 2), draws=4_000, rng=rng)
    sides = (values[first][::2], values[~first][::2])
    want = np.sqrt(sum(side.var(ddof=1) / 20 for side in sides))
    assert got.low_se == pytest.approx(want, rel=0.05)


def test_names_and_order_do_not_matter() -> None:
    rng = np.random.default_rng(7)
    y = np.where(rng.random(40) < 0.2, np.nan, rng.integers(1, 6, 40).astype(float))
    first, cluster = np.arange(40) % 2 == 0, rng.integers(0, 12, 40)
    one = trimming_bounds(y, first, cluster, draws=200, rng=np.random.default_rng(1))
    turn = rng.permutation(40)
    two = trimming_bounds(
        y[turn], first[turn], (97 - 5 * cluster)[turn], draws=200, rng=np.random.default_rng(1)
    )
    assert (one.low_se, one.high_se) == pytest.approx((two.low_se, two.high_se), rel=1e-10)


def test_an_arm_without_an_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one answer"):
        trimming_bounds([1.0, np.nan], [1, 0], [0, 1], draws=0, rng=np.random.default_rng())


@pytest.mark.parametrize("seed", range(5))
def test_extremes_are_the_corners(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights, y = rng.normal(size=9), rng.uniform(1, 5, 9)
    y[rng.choice(9, 5, replace=False)] = np.nan
    gaps = np.flatnonzero(np.isnan(y))
    corners = []
    for values in product((1.0, 5.0), repeat=len(gaps)):
        filled = y.copy()
        filled[gaps] = values
        corners.append(weights @ filled)
    least, most = extremes(weights, y, 1.0, 5.0)
    assert (weights @ least, weights @ most) == pytest.approx((min(corners), max(corners)))


def test_interval_around_bounds_that_meet_is_the_usual_one() -> None:
    half = stats.t(9).ppf(0.975) * 0.3
    assert around(1.0, 1.0, 0.3, 0.3, 9.0) == pytest.approx((1 - half, 1 + half))


def test_interval_around_bounds_far_apart_is_one_sided_at_each_end() -> None:
    t = stats.t(9).ppf(0.95)
    assert around(-50.0, 50.0, 0.3, 0.2, 9.0) == pytest.approx((-50 - t * 0.3, 50 + t * 0.2))


def test_interval_between_holds_the_level_where_the_truth_is_a_bound() -> None:
    # the definition: at either bound the interval misses with 5%, by the two tails' arithmetic
    low, high = around(0.0, 0.4, 0.25, 0.25, 30.0)
    c = (0.0 - low) / 0.25
    assert stats.t(30).cdf(c + 0.4 / 0.25) - stats.t(30).cdf(-c) == pytest.approx(0.95, abs=1e-9)
    assert high - 0.4 == pytest.approx(-low)


def test_bounds_that_cross_by_rounding_meet() -> None:
    half = stats.t(9).ppf(0.975) * 1e-16
    assert around(1e-15, 0.0, 1e-16, 1e-16, 9.0) == pytest.approx((1e-15 - half, half))


def test_bounds_without_an_error_are_their_own_interval() -> None:
    assert around(1.0, 2.0, 0.0, 0.0, 5.0) == (1.0, 2.0)
