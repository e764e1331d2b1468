"""Kaplan-Meier by hand, against a naive loop, and at its edges (R: analysis/test_leavers.py)."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.numerics.survival import kaplan_meier


def test_by_hand() -> None:
    # 6 at risk: 1 ends at 1 -> 5/6; one censored at 2; at 3 two of four end -> x 2/4; at 5, of
    # two left, one ends and one is censored (the censored still count) -> x 1/2
    curve = kaplan_meier([1.0, 2, 3, 3, 5, 5], [1, 0, 1, 1, 1, 0])
    assert list(curve.time) == [1, 2, 3, 5]
    assert list(curve.at_risk) == [6, 5, 4, 2]
    assert list(curve.events) == [1, 0, 2, 1]
    assert curve.survival == pytest.approx([5 / 6, 5 / 6, 5 / 12, 5 / 24])
    # Greenwood: 1/(6x5) + 2/(4x2) = .2833
    survival, se, low, high = curve.at(4.0)
    assert (survival, se) == pytest.approx((5 / 12, 5 / 12 * np.sqrt(1 / 30 + 1 / 4)))
    assert 0 < low < survival < high < 1


def test_against_a_naive_loop() -> None:
    rng = np.random.default_rng(2)
    time = rng.integers(1, 12, 50).astype(float)
    event = rng.random(50) < 0.6
    curve = kaplan_meier(time, event)
    for at in np.arange(0.5, 11.0, 0.5):
        share = 1.0
        for moment in sorted({t for t, e in zip(time, event, strict=True) if e and t <= at}):
            risk = sum(t >= moment for t in time)
            share *= 1 - sum(e and t == moment for t, e in zip(time, event, strict=True)) / risk
        assert curve.at(at)[0] == pytest.approx(share)


def test_order_does_not_matter() -> None:
    time, event = np.array([3.0, 1, 2, 2, 5]), np.array([1, 0, 1, 0, 1])
    order = [4, 2, 0, 3, 1]
    one, two = kaplan_meier(time, event), kaplan_meier(time[order], event[order])
    assert list(one.survival) == list(two.survival)


def test_edges() -> None:
    none_ended = kaplan_meier([2.0, 3], [0, 0])
    assert none_ended.at(2.5)[:2] == (1.0, 0.0)
    assert np.isnan(none_ended.at(2.5)[2])
    assert np.isnan(none_ended.at(3.5)).all()  # nobody was followed so far
    all_ended = kaplan_meier([2.0], [1])
    assert all_ended.at(2.0)[0] == 0.0
    assert np.isnan(all_ended.at(2.0)[1:]).all()
    assert all_ended.at(1.0)[0] == 1.0
    assert np.isnan(kaplan_meier([], []).at(0.0)).all()
    assert kaplan_meier([0.0, 1], [1, 0]).at(0.0)[0] == 0.5  # ended on the day it started
    for time, event in (([-1.0], [1]), ([np.nan], [0]), ([1.0, 2], [1])):
        with pytest.raises(ValueError, match="time"):
            kaplan_meier(time, event)
