"""Who is there: people, their volunteering, their pairs' fit, and scores without a programme."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.instruments import INSTRUMENTS, JUNIOR, SENIOR, SKILL, Instrument
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams

__all__ = ["People", "draw_people", "untreated"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

HALF_NORMAL_MEAN = 2 / np.sqrt(np.pi)  # of |a - b|, a and b standard normal
HALF_NORMAL_SD = np.sqrt(2 * (1 - 2 / np.pi))


@dataclass(frozen=True, slots=True)
class People:
    """People in their places; arrays (replicate, pair) or (replicate, pair, person).

    The person axis is senior, junior. ``programme`` (replicate, pair) says which pairs got the
    programme; in the "pool" comparison the others are no pairs but two unpaired people.
    ``skill`` is the current true score of the role's first scale, own part, in its own SD:
    what volunteering goes by. ``levels``, ``department`` and ``site`` are whole numbers from 0.
    """

    programme: Flags
    site: Ints
    department: Ints
    level: Ints
    time_poverty: Floats
    skill: Floats
    stable: Floats
    interests: Floats
    safety: Floats
    quality: Floats


def draw_people(scenario: Scenario, replicates: int, streams: Streams) -> People:
    """People and pairs just before the start."""
    programme, site = _arms(scenario, replicates, streams)
    skill, poverty = _volunteers(scenario, programme, streams)
    department, level = _places(scenario, replicates, streams)
    safety = _safety(scenario, department, level, streams)
    interests = streams.normal("pairs.interests", skill.shape)
    return People(
        programme=programme,
        site=site,
        department=department,
        level=level,
        time_poverty=poverty,
        skill=skill,
        stable=_stable(scenario, skill, streams),
        interests=interests,
        safety=safety,
        quality=_quality(scenario, department, interests, safety, streams),
    )


def _arms(scenario: Scenario, replicates: int, streams: Streams) -> tuple[Flags, Ints]:
    """Pairs take turns over the sites; within a site, chance decides who starts."""
    pairs, sites = scenario.pairs, scenario.design.sites
    site = np.arange(pairs) % sites
    if scenario.comparison != "waitlist":
        first = np.arange(pairs) < scenario.programme_pairs
        return np.broadcast_to(first, (replicates, pairs)), site
    # Ranked within sites and dealt in turn: every site gets its share, to within one pair.
    lots = streams.uniform("design.lots", (replicates, pairs))
    order = np.argsort(lots + site, axis=-1)
    quota = np.arange(1, pairs + 1) * scenario.programme_pairs // pairs
    starts = np.diff(quota, prepend=0).astype(bool)
    programme = np.empty((replicates, pairs), bool)
    np.put_along_axis(programme, order, np.broadcast_to(starts, order.shape), axis=-1)
    return programme, site


def _volunteers(scenario: Scenario, programme: Flags, streams: Streams) -> tuple[Floats, Floats]:
    """Each place is filled from ``eligible`` people: a multinomial logit by largest utility.

    Comparison people of the "pool" did not volunteer: any of the eligible.
    """
    nature, eligible = scenario.nature, scenario.design.eligible
    shape = (*programme.shape, 2, eligible)
    skill = streams.normal("people.skill", shape)
    poverty = streams.normal("people.time", shape)
    if eligible == 1:
        return skill[..., 0], poverty[..., 0]
    pull = np.empty(2)
    pull[SENIOR] = nature.skill_on_senior_volunteering
    pull[JUNIOR] = nature.skill_on_junior_volunteering
    # Minus the log of an exponential number is a Gumbel number; 1e-300 keeps log(0) away.
    waiting = -np.log1p(-streams.uniform("people.volunteering", shape))
    chance = -np.log(waiting + 1e-300)
    wish = pull[:, None] * skill + nature.time_on_volunteering * poverty + chance
    if scenario.comparison == "pool":
        wish = np.where(programme[..., None, None], wish, 0.0)
    chosen = wish.argmax(axis=-1)[..., None]
    return (
        np.take_along_axis(skill, chosen, axis=-1)[..., 0],
        np.take_along_axis(poverty, chosen, axis=-1)[..., 0],
    )


def _places(scenario: Scenario, replicates: int, streams: Streams) -> tuple[Ints, Ints]:
    shape = (replicates, scenario.pairs, 2)
    count = scenario.design.departments
    lots = streams.uniform("pairs.department", shape)
    department = (lots * count).astype(np.int64)
    if scenario.levers.other_department:
        away = 1 + (lots[..., JUNIOR] * (count - 1)).astype(np.int64)
        department[..., JUNIOR] = (department[..., SENIOR] + away) % count
    rungs = streams.uniform("pairs.level", shape)
    level = np.empty(shape, np.int64)
    level[..., JUNIOR] = 1 + (rungs[..., JUNIOR] * 3).astype(np.int64)
    gap = scenario.levers.level_gap + (rungs[..., SENIOR] * 2).astype(np.int64)
    level[..., SENIOR] = level[..., JUNIOR] + gap
    return department, level


def _stable(scenario: Scenario, skill: Floats, streams: Streams) -> Floats:
    """The stable part of the score that people volunteer by, given its current value.

    With c = sqrt(1 - k) T + sqrt(k) S, k the state's share of a person's own variance, the state
    given c is normal with mean sqrt(k) c and variance 1 - k; T follows.
    """
    k = _state_of_own(scenario)
    chance = streams.normal("people.state", skill.shape)
    state = np.sqrt(k) * skill + np.sqrt(1 - k) * chance
    return np.asarray((skill - np.sqrt(k) * state) / np.sqrt(1 - k))


def _state_of_own(scenario: Scenario) -> float:
    nature = scenario.nature
    return nature.state_share / (1 - nature.pair_share - nature.department_share)


def _safety(scenario: Scenario, department: Ints, level: Ints, streams: Streams) -> Floats:
    nature, levers = scenario.nature, scenario.levers
    traits = streams.normal("pairs.traits", department.shape)
    gap = level[..., SENIOR] - level[..., JUNIOR]
    intimidation = traits[..., JUNIOR] + nature.level_on_intimidation * (gap - 3)
    together = department[..., SENIOR] == department[..., JUNIOR]
    return np.asarray(
        nature.confidentiality_on_safety * (levers.confidentiality - 0.5)
        + nature.intimidation_on_safety * intimidation
        + nature.resistance_on_safety * traits[..., SENIOR]
        + nature.conflict_on_safety * together
    )


def _quality(
    scenario: Scenario, department: Ints, interests: Floats, safety: Floats, streams: Streams
) -> Floats:
    """The level around which a pair's relationship quality moves."""
    nature, levers = scenario.nature, scenario.levers
    values = streams.normal("pairs.values", department.shape)
    known = nature.values_on_compatibility, nature.interests_on_compatibility
    rest = np.sqrt(max(0.0, 1 - known[0] ** 2 - known[1] ** 2))
    fit = known[0] * _similarity(values) + known[1] * _similarity(interests)
    fit += rest * streams.normal("pairs.fit", safety.shape)
    together = department[..., SENIOR] == department[..., JUNIOR]
    return np.asarray(
        nature.compatibility_on_quality * fit
        + nature.safety_on_quality * safety
        + nature.training_on_quality * (levers.training - 0.5)
        + nature.context_on_quality * together
        + nature.quality_residual * streams.normal("pairs.quality", safety.shape)
    )


def _similarity(trait: Floats) -> Floats:
    """Closeness of two standard normal traits, itself with mean 0 and variance 1."""
    apart = np.abs(trait[..., SENIOR] - trait[..., JUNIOR])
    return np.asarray((HALF_NORMAL_MEAN - apart) / HALF_NORMAL_SD)


def untreated(scenario: Scenario, people: People, streams: Streams) -> dict[str, Floats]:
    """True scores (replicate, pair, wave) of each scale if there were no programme."""
    nature = scenario.nature
    shared = _shared(scenario, people, streams)
    own = 1 - nature.pair_share - nature.department_share
    trend = nature.trend * np.asarray(scenario.design.waves, float)
    scores: dict[str, Floats] = {}
    for scale in INSTRUMENTS:
        if scale.rater == "partner":
            habit = streams.normal(f"people.habit.{scale.name}", people.safety.shape)
            kept = np.sqrt(1 - nature.transfer**2)
            scores[scale.name] = nature.transfer * scores[SKILL] + kept * habit[..., None]
            continue
        stable, start = _person(scenario, people, scale, streams)
        person = shared[..., scale.side] + np.sqrt(own - nature.state_share) * stable
        states = _states(scenario, f"people.states.{scale.name}", stable.shape, start, streams)
        scores[scale.name] = person[..., None] + np.sqrt(nature.state_share) * states + trend
    return scores


def _person(
    scenario: Scenario, people: People, scale: Instrument, streams: Streams
) -> tuple[Floats, Floats | None]:
    """A scale's stable part, and its state at the start where volunteering has settled it."""
    stable = people.stable[..., scale.side]
    if scale.first:
        k = _state_of_own(scenario)
        if k == 0:
            return stable, None
        current = people.skill[..., scale.side]
        return stable, np.asarray((current - np.sqrt(1 - k) * stable) / np.sqrt(k))
    r = scenario.nature.outcome_correlation
    chance = streams.normal(f"people.stable.{scale.name}", stable.shape)
    return np.asarray(r * stable + np.sqrt(1 - r**2) * chance), None


def _shared(scenario: Scenario, people: People, streams: Streams) -> Floats:
    """What a pair and a department have in common: (replicate, pair, person)."""
    nature = scenario.nature
    shape = people.skill.shape
    pair = streams.normal("pairs.shared", shape[:2])
    both = np.stack([pair, pair], axis=-1)
    if scenario.comparison == "pool":
        alone = streams.normal("people.unpaired", shape[:2])
        both[..., JUNIOR] = np.where(people.programme, pair, alone)
    effects = streams.normal("departments.shared", (shape[0], scenario.design.departments))
    flat = people.department.reshape(shape[0], -1)
    department = np.take_along_axis(effects, flat, axis=-1).reshape(shape)
    return np.asarray(
        np.sqrt(nature.pair_share) * both + np.sqrt(nature.department_share) * department
    )


def _states(
    scenario: Scenario,
    cause: str,
    shape: tuple[int, ...],
    start: Floats | None,
    streams: Streams,
) -> Floats:
    """A first-order autoregression seen at the waves: (replicate, pair, wave), variance 1."""
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
