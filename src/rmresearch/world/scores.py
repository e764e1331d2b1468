"""True scores: what they would be without a programme, and what the programme adds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.course import Course, engaged
from rmresearch.world.instruments import BURDEN, ENGAGEMENT, Instrument
from rmresearch.world.people import People, state_of_own
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams

__all__ = ["gains", "spilt", "untreated"]

Floats = NDArray[np.float64]


def untreated(scenario: Scenario, people: People, streams: Streams) -> dict[str, Floats]:
    """True scores (replicate, person of the role, wave) if there were no programme, by scale."""
    nature = scenario.nature
    shared = _shared(scenario, people, streams)
    own = 1 - nature.pair_share - nature.department_share
    trend = nature.trend * np.asarray(scenario.design.waves, float)
    scores: dict[str, Floats] = {}
    for scale in scenario.scored:
        if scale.follows:
            scores[scale.name] = _following(scenario, scale, scores[scale.follows], streams)
            continue
        stable, start = _person(scenario, people, scale, streams)
        person = _flat(shared[..., scale.people]) + np.sqrt(own - nature.state_share) * stable
        states = _states(scenario, f"people.states.{scale.name}", stable.shape, start, streams)
        scores[scale.name] = person[..., None] + np.sqrt(nature.state_share) * states
        if scale.direction > 0:
            scores[scale.name] += trend
    return scores


def _following(scenario: Scenario, scale: Instrument, followed: Floats, streams: Streams) -> Floats:
    """The score of a scale that goes by another's; looking back, that score as it was."""
    if scale.looks_back:
        return np.broadcast_to(followed[..., :1], followed.shape)
    by = getattr(scenario.nature, scale.through)
    habit = streams.normal(f"people.habit.{scale.name}", followed.shape[:2])
    return np.asarray(by * followed + np.sqrt(1 - by**2) * habit[..., None])


def _flat(values: Floats) -> Floats:
    """(replicate, set, person of the role) -> (replicate, person of the role)."""
    return np.asarray(values.reshape(len(values), -1))


def _person(
    scenario: Scenario, people: People, scale: Instrument, streams: Streams
) -> tuple[Floats, Floats | None]:
    """A scale's stable part, and its state at the start where volunteering has settled it."""
    stable = _flat(people.stable[..., scale.people])
    if scale.first:
        k = state_of_own(scenario)
        if k == 0:
            return stable, None
        current = _flat(people.skill[..., scale.people])
        return stable, np.asarray((current - np.sqrt(1 - k) * stable) / np.sqrt(k))
    r = scale.direction * scenario.nature.outcome_correlation
    chance = streams.normal(f"people.stable.{scale.name}", stable.shape)
    return np.asarray(r * stable + np.sqrt(1 - r**2) * chance), None


def _shared(scenario: Scenario, people: People, streams: Streams) -> Floats:
    """What a set and a department have in common: (replicate, set, person)."""
    nature = scenario.nature
    shape = people.skill.shape
    together = streams.normal("pairs.shared", shape[:2])
    every = np.repeat(together[..., None], shape[2], axis=2)
    if scenario.unpaired:
        alone = streams.normal("people.unpaired", (*shape[:2], shape[2] - 1))
        unpaired = ~people.programme[..., None]
        np.copyto(every[..., 1:], alone, where=unpaired)
    effects = streams.whole.normal("departments.shared", (shape[0], scenario.design.departments))
    effects *= np.sqrt(nature.department_share)
    every *= np.sqrt(nature.pair_share)
    every += effects[np.arange(shape[0])[:, None, None], people.department]
    return every


def _states(
    scenario: Scenario,
    cause: str,
    shape: tuple[int, ...],
    start: Floats | None,
    streams: Streams,
) -> Floats:
    """A first-order autoregression seen at the waves: (replicate, person, wave), variance 1."""
    waves = scenario.design.waves
    shocks = streams.normal(cause, (*shape, len(waves)))
    states = np.empty_like(shocks)
    states[..., 0] = shocks[..., 0] if start is None else start
    for index in range(1, len(waves)):
        kept = scenario.nature.state_monthly ** (waves[index] - waves[index - 1])
        states[..., index] = (
            kept * states[..., index - 1] + np.sqrt(1 - kept**2) * shocks[..., index]
        )
    return states


def gains(
    scenario: Scenario, people: People, untreated: Mapping[str, Floats], course: Course
) -> dict[str, Floats]:
    """What the programme adds to each true score: (replicate, person, wave), 0 at the start.

    All but burden, which goes by how pairs are (`strain.burden`).
    """
    added: dict[str, Floats] = {}
    for scale in scenario.scored:
        if scale.looks_back:
            added[scale.name] = np.broadcast_to(0.0, untreated[scale.name].shape)
        elif scale.follows:
            added[scale.name] = getattr(scenario.nature, scale.through) * added[scale.follows]
        elif scale.name != BURDEN:
            added[scale.name] = _gain(scenario, people, scale, untreated[scale.name], course)
    return added


def _gain(
    scenario: Scenario, people: People, scale: Instrument, before: Floats, course: Course
) -> Floats:
    """What learning adds, given the scores before."""
    nature, after = scenario.nature, np.asarray(scenario.design.waves[1:]) - 1
    made = np.zeros_like(before)
    if scale.shared == ENGAGEMENT:
        for index, month in enumerate(after, start=1):
            felt = course.felt(np.array([month]))[..., 0]
            moved = engaged(scenario, course.learning[..., month], felt)
            made[..., index] = _flat(moved[..., scale.people])
        return made
    room = 1 + nature.skill_on_gain * before[..., 0]
    room += nature.performance_on_gain * _flat(people.performance[..., scale.people])
    room *= scenario.full_gain(scale)
    for index, month in enumerate(after, start=1):
        made[..., index] = _flat(course.learning[..., scale.people, month]) * room
    return made


def spilt(scenario: Scenario, people: People, scale: Instrument, gain: Floats) -> Floats | None:
    """What comparison people gain from colleagues of their role and department in the programme.

    (replicate, person of the role, wave): a part of these colleagues' mean gain. None where
    nothing spills over: nothing is learnt, or a burden is borne alone.
    """
    part = scenario.design.spillover
    alone = scale.looks_back or scale.direction < 0
    if part == 0 or scenario.comparison == "none" or alone:
        return None
    treated = people.programme_of(scale.side)
    count = scenario.design.departments
    place = people.department[..., scale.people].reshape(treated.shape)
    place = place + count * np.arange(len(treated))[:, None]  # department and replicate
    sources = np.bincount(place.ravel(), treated.ravel(), count * len(treated))
    found = np.zeros_like(gain)
    for wave in range(1, gain.shape[-1]):
        gained = (gain[..., wave] * treated).ravel()
        mean = np.bincount(place.ravel(), gained, len(sources)) / np.maximum(sources, 1)
        found[..., wave] = part * mean[place] * ~treated
    return found
