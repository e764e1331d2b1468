"""What programme people say of their pair: how they match, how far their goal was reached, pulses.

Nobody else can be asked, so there is nothing to compare the answers with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from rmresearch.world.course import Course, both
from rmresearch.world.instruments import AWARENESS, MATCH, SKILL
from rmresearch.world.measurement import coded
from rmresearch.world.pairs import Pairs
from rmresearch.world.people import People
from rmresearch.world.scenario import Scenario
from rmresearch.world.strain import meeting
from rmresearch.world.streams import Streams
from rmresearch.world.topics import INCLUSION, TOPICS

__all__ = ["MATCHES", "PULSES", "Pulses", "goals", "matches", "pulse_months", "pulses"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]
Ints = NDArray[np.int64]

#: the items of how well the two match; the questions of a pulse
MATCHES = tuple(f"{MATCH}_{number}" for number in (1, 2, 3))
PULSES = ("pulse_relationship", "pulse_safety", "pulse_time")

#: goals are rated from much less than expected to much more (Kiresuk and Sherman 1968)
LEAST, MOST = -2, 2


@dataclass(frozen=True, slots=True)
class Pulses:
    """Monthly answers: ``codes`` (replicate, set, person, month, question), 1 to 5, and who
    ``answered`` (replicate, set, person, month), programme people only; month 1 comes first.
    """

    codes: Codes
    answered: Flags


def matches(scenario: Scenario, pairs: Pairs, course: Course, streams: Streams) -> dict[str, Codes]:
    """How well people say that the two match, by item: (replicate, set, person, wave), 1 to 5, 0
    at the start.

    They go by how they fit, how they get on, and what they learnt: partly an outcome.
    """
    nature, after = scenario.nature, np.asarray(scenario.design.waves[1:]) - 1
    felt = nature.quality_on_match * course.felt(after)
    felt += nature.compatibility_on_match * both(pairs.compatibility)[..., None]
    felt += nature.support_on_match * course.learning[..., after]
    every = np.repeat(felt[..., None], len(MATCHES), axis=-1)
    said = _said(scenario, "match", every, streams)
    start = np.zeros_like(said[..., :1, :])
    codes = np.concatenate([start, said], axis=-2)
    return {item: codes[..., place] for place, item in enumerate(MATCHES)}


def _said(scenario: Scenario, cause: str, felt: Floats, streams: Streams) -> Codes:
    """Answers 1 to 5 to what is ``felt`` (replicate, set, person, time, item), some lenient."""
    nature = scenario.nature
    lenient = streams.normal(f"{cause}.person", felt.shape[:3])[..., None, None]
    heard = np.sqrt(nature.rater_share) * lenient + np.sqrt(1 - nature.rater_share) * felt
    noise = streams.normal(f"{cause}.noise", felt.shape)
    answer = np.sqrt(1 - nature.item_reliability) * noise + np.sqrt(nature.item_reliability) * heard
    return coded(nature.pair_center + nature.item_spread * answer)


def goals(scenario: Scenario, topics: Ints, gain: Mapping[str, Floats], streams: Streams) -> Codes:
    """How far each pair's goal was reached at the last wave: (replicate, set, junior), -2 to 2.

    The junior rates it. Goals on inclusion go by awareness, the others by digital skill.
    """
    nature = scenario.nature
    skill, awareness = (gain[name][..., -1:] for name in (SKILL, AWARENESS))
    hard = np.linspace(-0.5, 0.5, len(TOPICS)) * nature.goal_difficulty
    reached = nature.goal_level - hard[topics]
    reached += nature.gain_on_goals * np.where(topics == INCLUSION, awareness, skill)
    reached += nature.goal_spread * streams.normal("goals.rating", topics.shape)
    return np.clip(np.rint(reached), LEAST, MOST).astype(np.int8)


def pulse_months(scenario: Scenario) -> Ints:
    """The months in which pulses are sent: of the programme, as far as the study goes."""
    return np.arange(1, min(scenario.levers.duration, scenario.months) + 1)


def pulses(
    scenario: Scenario, people: People, pairs: Pairs, course: Course, streams: Streams
) -> Pulses:
    """Three questions a month to people whose pair still meets: how they get on, how safe they
    feel, and whether they find the time.

    Who answers surveys answers pulses; those who get on answer more, and everybody tires.
    """
    nature, months = scenario.nature, pulse_months(scenario)
    felt = course.felt(months - 1)
    safe, time = both(pairs.safety)[..., None], -people.time_poverty[..., None]
    asked = np.stack([felt, *(np.broadcast_to(one, felt.shape) for one in (safe, time))], axis=-1)
    wish = streams.normal("pulse.response", felt.shape)
    person = streams.normal("response.person", felt.shape[:3])[..., None]
    wish += nature.response_person * person + nature.quality_on_response * felt
    wish += ndtri(nature.pulse_response) * np.sqrt(1 + nature.response_person**2)
    wish += nature.pulse_fatigue * (months - 1)
    pair_meets = meeting(scenario, course, months)
    meets = np.concatenate([pair_meets.any(axis=2, keepdims=True), pair_meets], axis=2)
    left = course.left[1][..., None]
    there = meets & ((left == 0) | (left > months)) & people.programme[..., None, None]
    return Pulses(_said(scenario, "pulse", asked, streams), (wish > 0) & there)
