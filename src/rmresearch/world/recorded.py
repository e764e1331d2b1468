"""What the organisation records without asking: how often tools are used, how people perform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.course import Course
from rmresearch.world.instruments import INSTRUMENTS, JUNIORS, USE
from rmresearch.world.measurement import coded
from rmresearch.world.people import People
from rmresearch.world.scenario import Scenario
from rmresearch.world.scores import spilt
from rmresearch.world.streams import Streams

__all__ = ["Recorded", "performance", "tool_use"]

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64] | NDArray[np.int8]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Records ``without`` the programme, ``with_it``, and as it ``happened``, of the same luck."""

    without: Numbers
    with_it: Numbers
    happened: Numbers


def tool_use(
    scenario: Scenario,
    people: People,
    untreated: Mapping[str, Floats],
    gain: Mapping[str, Floats],
    streams: Streams,
) -> Recorded:
    """How often seniors used the tools in the month before a wave: (replicate, senior, wave).

    Poisson counts about a gamma of each person's own, so overdispersed. What the programme adds or
    takes away is added to, or thinned from, the counts without it.
    """
    nature = scenario.nature
    before, more = untreated[USE], gain[USE]
    own = _own_rate(scenario, before.shape[:2], streams)[..., None]
    mean = nature.tool_use_rate * own * np.exp(nature.behaviour_on_tool_use * before)
    without = streams.generator("records.tool_use").poisson(mean)

    def counted(cause: str, added: Floats) -> Counts:
        ratio = np.exp(nature.behaviour_on_tool_use * added)
        new = streams.generator(f"records.tool_use.{cause}").poisson(
            mean * np.maximum(ratio - 1, 0)
        )
        thinning = streams.generator(f"records.tool_use.less.{cause}")
        return np.asarray(new + thinning.binomial(without, np.minimum(ratio, 1)))

    with_it = counted("programme", more)
    use = next(one for one in INSTRUMENTS if one.name == USE)
    beside = spilt(scenario, people, use, more)
    others = without if beside is None else counted("spillover", beside)
    return Recorded(without, with_it, np.where(people.programme[..., None], with_it, others))


def _own_rate(scenario: Scenario, shape: tuple[int, int], streams: Streams) -> Floats:
    """How much more or less often people use tools than their behaviour says; mean 1."""
    spread = scenario.nature.tool_use_spread
    if spread == 0:
        return np.ones(shape)
    chance = streams.generator("records.tool_use.person")
    return np.asarray(spread * chance.gamma(1 / spread, size=shape))


def performance(scenario: Scenario, people: People, course: Course, streams: Streams) -> Recorded:
    """The line manager's rating at the last wave, 1 to 5: (replicate, set, person)."""
    nature, seen = scenario.nature, scenario.nature.performance_seen
    noise = np.sqrt(1 - seen**2) * streams.normal("records.performance", people.performance.shape)

    def rated(true: Floats) -> NDArray[np.int8]:
        return coded(nature.performance_center + nature.performance_spread * (seen * true + noise))

    with_it = people.performance.copy()
    with_it[..., JUNIORS] += nature.junior_performance_gain * course.learning[..., JUNIORS, -1]
    without, helped = rated(people.performance), rated(with_it)
    return Recorded(without, helped, np.where(people.programme[..., None], helped, without))
