"""What mentoring somebody senior costs juniors: burden while the pair meets, and harm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.course import Course
from rmresearch.world.instruments import JUNIORS
from rmresearch.world.pairs import Pairs
from rmresearch.world.people import People
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams
from rmresearch.world.topics import INCLUSION

__all__ = ["burden", "harm", "meeting"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


def meeting(scenario: Scenario, course: Course, months: Ints) -> Flags:
    """Which pairs still met in ``months`` (from 1 on): (replicate, set, junior, month)."""
    ended = course.ended[..., None]
    return np.asarray(((ended == 0) | (ended >= months)) & (months <= scenario.levers.duration))


def burden(
    scenario: Scenario, people: People, pairs: Pairs, course: Course, topics: Ints
) -> Floats:
    """What the programme adds to juniors' burden, in SD: (replicate, junior, wave).

    As long as the pair meets; more where the junior is intimidated or feels unsafe, and where the
    ``topics`` (replicate, set, junior) have juniors teach their own exclusion, above all those
    whose background sets them apart.
    """
    nature, waves = scenario.nature, np.asarray(scenario.design.waves)
    rate = nature.intimidation_on_burden * pairs.intimidation
    rate += nature.safety_on_burden * pairs.safety
    apart = nature.background_on_burden * people.background[..., JUNIORS]
    rate += np.where(topics == INCLUSION, nature.exclusion_on_burden + apart, 0.0)
    made = np.zeros((*rate.shape, len(waves)))
    made[..., 1:] = (nature.burden_gain * np.exp(rate))[..., None]
    made[..., 1:] *= meeting(scenario, course, waves[1:])
    return made.reshape(len(made), -1, len(waves))


def harm(scenario: Scenario, pairs: Pairs, course: Course, streams: Streams) -> Flags:
    """Months in which a junior reports harm: (world, replicate, set, junior, month).

    World 0 is without the programme, as for `Course.left`; nobody reports who has left.
    """
    nature, months = scenario.nature, np.arange(1, scenario.months + 1)
    chance = streams.uniform("months.harm", (*pairs.safety.shape, len(months)))
    rate = nature.intimidation_on_harm * pairs.intimidation + nature.safety_on_harm * pairs.safety
    added = (nature.harm_added * np.exp(rate))[..., None] * meeting(scenario, course, months)
    there = [(left == 0) | (left >= months) for left in course.left[..., JUNIORS, None]]
    hurt = [chance < nature.harm_rate, chance < nature.harm_rate + added]
    return np.asarray([happened & here for happened, here in zip(hurt, there, strict=True)])
