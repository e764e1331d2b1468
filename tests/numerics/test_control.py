"""Control limits: held to sums over every outcome, to the chance promised, to textbook charts."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb, exp, factorial

import numpy as np
import pytest

from rmresearch.numerics.control import (
    ACTION,
    WARNING,
    count_limits,
    planned_limits,
    share_limits,
    standard_limits,
)


def test_the_tails_are_those_of_two_and_three_standard_errors() -> None:
    # tables of the normal distribution: 1 - .97725 and 1 - .99865
    assert pytest.approx(0.02275, abs=5e-6) == WARNING
    assert pytest.approx(0.00135, abs=5e-7) == ACTION


def drawn(good: int, total: int, n: int, k: int) -> Fraction:
    """The chance of k good among n drawn from a total with so many good."""
    if not 0 <= k <= n or not 0 <= good - k <= total - n:
        return Fraction(0)
    return Fraction(comb(good, k) * comb(total - good, n - k), comb(total, n))


@pytest.mark.parametrize("tail", [WARNING, ACTION, 0.2])
@pytest.mark.parametrize(
    ("before", "n_before", "n"), [(16, 20, 20), (0, 12, 10), (12, 12, 10), (7, 15, 40), (1, 1, 1)]
)
def test_limits_of_shares_leave_no_more_than_the_tail_outside(
    before: int, n_before: int, n: int, tail: float
) -> None:
    def beyond(k: int, counts: range) -> float:
        return float(sum(drawn(before + k, n_before + n, n, one) for one in counts))

    inside = [
        k
        for k in range(n + 1)
        if beyond(k, range(k + 1)) > tail and beyond(k, range(k, n + 1)) > tail
    ]
    assert share_limits(before, n_before, n, tail) == (inside[0], inside[-1])


@pytest.mark.parametrize("tail", [WARNING, ACTION])
@pytest.mark.parametrize(
    ("before", "long", "time"), [(90, 45.0, 22.0), (0, 3.0, 5.0), (4, 1.0, 10.0)]
)
def test_limits_of_counts_leave_no_more_than_the_tail_outside(
    before: int, long: float, time: float, tail: float
) -> None:
    part = time / (long + time)

    def chance(n: int, k: int) -> float:
        return comb(n, k) * part**k * (1 - part) ** (n - k)

    def below(k: int) -> float:
        return sum(chance(before + k, one) for one in range(k + 1))

    def above(k: int) -> float:
        return sum(chance(before + k, one) for one in range(k, before + k + 1))

    inside = [k for k in range(300) if below(k) > tail and above(k) > tail]
    assert count_limits(before, long, time, tail) == (inside[0], inside[-1])


@pytest.mark.parametrize("expected", [0.4, 6.0, 48.0])
def test_limits_of_a_plan_are_those_of_poisson(expected: float) -> None:
    def chance(k: int) -> float:
        return exp(-expected) * expected**k / factorial(k)

    inside = [
        k
        for k in range(150)
        if sum(map(chance, range(k + 1))) > WARNING and 1 - sum(map(chance, range(k))) > WARNING
    ]
    assert planned_limits(expected, WARNING) == (inside[0], inside[-1])


def test_limits_of_a_known_share_are_binomial() -> None:
    def chance(k: int) -> float:
        return comb(24, k) * 0.05**k * 0.95 ** (24 - k)

    inside = [
        k
        for k in range(25)
        if sum(map(chance, range(k + 1))) > WARNING and 1 - sum(map(chance, range(k))) > WARNING
    ]
    assert standard_limits(0.05, 24, WARNING) == (inside[0], inside[-1])


def test_large_rounds_come_to_the_textbook_charts() -> None:
    # p chart: p +- 3 sqrt(p (1 - p) / n); with a level from 100 times as many people
    low, high = share_limits(80_000, 100_000, 1_000, ACTION)
    half = 3.0 * (0.8 * 0.2 * 1_000) ** 0.5
    assert (low, high) == pytest.approx((800 - half, 800 + half), abs=2.0)
    # u chart: u +- 3 sqrt(u / n)
    low, high = count_limits(200_000, 100_000.0, 1_000.0, ACTION)
    half = 3.0 * 2_000**0.5
    assert (low, high) == pytest.approx((2_000 - half, 2_000 + half), abs=4.0)


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_false_alarms_hold_whatever_few_earlier_rounds_said(share: float) -> None:
    # summed over every pair of counts: no drawing, so no Monte Carlo error
    n_before, n = 12, 15
    law = [[comb(m, k) * share**k * (1 - share) ** (m - k) for k in range(m + 1)]
           for m in (n_before, n)]  # fmt: skip
    low = alarm = 0.0
    for before, now in product(range(n_before + 1), range(n + 1)):
        first, last = share_limits(before, n_before, n, WARNING)
        weight = law[0][before] * law[1][now]
        low += weight * (now < first)
        alarm += weight * (now > last)
    assert 0.0 < low <= WARNING
    assert 0.0 < alarm <= WARNING


def test_false_alarms_of_counts_hold_too() -> None:
    def law(mean: float) -> np.ndarray:
        return np.array([exp(-mean) * mean**k / factorial(k) for k in range(40)])

    before, now = law(6.0), law(9.0)
    low = sum(before[b] * now[: count_limits(b, 2.0, 3.0, WARNING)[0]].sum() for b in range(40))
    assert 0.0 < low <= WARNING


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: share_limits(3, 2, 4, WARNING),
        lambda: share_limits(0, 0, 4, WARNING),
        lambda: count_limits(-1, 1.0, 1.0, WARNING),
        lambda: count_limits(1, 0.0, 1.0, WARNING),
        lambda: planned_limits(0.0, WARNING),
        lambda: standard_limits(1.5, 4, WARNING),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()  # type: ignore[operator]
