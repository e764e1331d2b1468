"""The benchmark of the world: the peer draws what a cohort is made of, no less and no more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from benchmarks import world

from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams


def test_the_peer_repeats_every_number_of_a_draw() -> None:
    """A scenario's items alone need so many numbers: noise, what is an item's own, what is
    skipped.
    """
    scenario = Scenario(pairs=12)
    calls = world.numbers(scenario, 3)
    people, waves = 3 * 12, len(scenario.design.waves)
    sizes = [(name, room.size, room.dtype) for name, room in calls]
    for scale in scenario.scales:
        assert ("standard_normal", people * waves * scale.items, np.float64) in sizes
        assert ("standard_normal", people * scale.items, np.float64) in sizes
        assert ("random", people * waves * scale.items, np.float32) in sizes
    generator = np.random.default_rng(1)
    for name, room in calls:
        room[...] = np.nan
        getattr(generator, name)(out=room, dtype=room.dtype)
        assert np.isfinite(room).all()
    twice = world.numbers(scenario, 6)
    assert [2 * room.size for _, room in calls] == [room.size for _, room in twice]
    assert Streams.of(0).generator("a").random() < 1  # the streams are themselves again


def test_a_row_is_made_without_the_large_cohort(tmp_path: Path) -> None:
    ((row, check),) = world.measure(tmp_path, quick=True)
    assert check is None
    assert row.what == "3,000 cohorts over the random numbers in them (us a cohort)"
    assert (row.must, row.reach) == ("<= 5", "<= 3")
    assert row.peer is not None
    assert row.ours > 0 < row.peer
    assert row.ratio is not None
    assert list(tmp_path.iterdir()) == []
