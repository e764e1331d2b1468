"""Streams: what is drawn from which numbers, and in which order they lie."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.world.streams import Streams

STREAMS = Streams.of(5)


def test_the_last_axis_varies_slowest_within_a_replicate() -> None:
    plain = STREAMS.generator("a").standard_normal(2 * 3 * 4 * 5).reshape(2, 5, 4, 3)
    made = STREAMS.normal("a", (2, 3, 4, 5))
    for r, i, j, k in np.ndindex(2, 3, 4, 5):
        assert made[r, i, j, k] == plain[r, k, j, i]
    assert made[0].flags.f_contiguous


@pytest.mark.parametrize("shape", [(3,), (3, 4), (3, 4, 2), (3, 4, 1, 2, 5)])
def test_replicates_are_the_same_however_many_follow(shape: tuple[int, ...]) -> None:
    more = (7, *shape[1:])
    for draw in (STREAMS.normal, STREAMS.uniform, STREAMS.logistic):
        np.testing.assert_array_equal(draw("b", shape), draw("b", more)[:3])
    few, many = (STREAMS.chosen("b", one, 0.3) for one in (shape, more))
    np.testing.assert_array_equal(few, many[:3])


def test_logistic_numbers_lie_below_their_log_odds_with_the_chance() -> None:
    uniform, logistic = STREAMS.uniform("c", (1000, 7)), STREAMS.logistic("c", (1000, 7))
    for chance in (0.01, 0.3, 0.5, 0.99):
        odds = np.log(chance / (1 - chance))
        # the same numbers, apart from those within rounding of the chance
        assert ((uniform < chance) == (logistic < odds)).all()
    assert np.isfinite(logistic).all()


def test_events_have_their_chance() -> None:
    chosen = STREAMS.chosen("d", (200, 500), 0.03)
    # four standard errors of a proportion from 100,000
    assert abs(chosen.mean() - 0.03) < 4 * np.sqrt(0.03 * 0.97 / 100_000)
    assert not STREAMS.chosen("d", (200, 500), 0.0).any()
    assert STREAMS.chosen("d", (200, 500), 1.0).all()
