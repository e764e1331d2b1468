"""Who is there: eligible people, who of them volunteers, where they work, and who meets whom.

The person axis of every array is the senior, then the juniors of the set: one of them in
one-to-one mentoring, more in a group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.instruments import JUNIORS, SENIOR
from rmresearch.world.matching import assign
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams

__all__ = ["People", "draw_people", "similarity", "state_of_own"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

HALF_NORMAL_MEAN = 2 / np.sqrt(np.pi)  # of |a - b|, a and b standard normal
HALF_NORMAL_SD = np.sqrt(2 * (1 - 2 / np.pi))

#: juniors stand on the lowest rungs, up to this one
JUNIOR_RUNGS = 3


@dataclass(frozen=True, slots=True)
class People:
    """People in their places; arrays (replicate, set) or (replicate, set, person).

    ``programme`` (replicate, set) says which sets got the programme; in the "pool" and "control"
    comparisons the others are no pairs but unpaired people. ``applied``: who volunteered (the rest
    were asked), ``applicants``: how many of a place's eligible did. ``skill`` is the current true
    score of the role's first scale, own part, in its own SD: what volunteering goes by.
    ``department`` and ``site`` (set,) are whole numbers from 0. ``resistance`` (of seniors),
    ``intimidation`` by nature and ``mentoring`` skill (of juniors) share the array ``manner`` and
    its neighbours: see ``draw_people``.
    """

    programme: Flags
    site: Ints
    department: Ints
    level: Ints
    applied: Flags
    applicants: Ints
    skill: Floats
    time_poverty: Floats
    performance: Floats
    stable: Floats
    values: Floats
    interests: Floats
    background: Floats
    manner: Floats  # resistance of seniors, intimidation of juniors
    mentoring: Floats  # (replicate, set, junior)

    @property
    def juniors(self) -> int:
        """How many juniors a senior meets."""
        return int(self.skill.shape[-1]) - 1

    def programme_of(self, side: int) -> Flags:
        """Whether each person of a role (replicate, person of that role) gets the programme."""
        return self.programme if side == SENIOR else self.each_pair(self.programme)

    def each_pair(self, of_set: NDArray[Any]) -> NDArray[Any]:
        """What is true of a set (replicate, set), for each of its pairs (replicate, pair)."""
        return of_set if self.juniors == 1 else np.repeat(of_set, self.juniors, axis=1)


def draw_people(scenario: Scenario, replicates: int, streams: Streams) -> People:
    """People in their places just before the start, paired by the scenario's policy."""
    shape = (replicates, scenario.sets, 1 + scenario.levers.juniors)
    department, level = _places(scenario, shape, streams)
    programme, site = _arms(scenario, department[..., SENIOR], streams)
    skill, poverty, performance, applied, applicants = _volunteers(scenario, programme, streams)
    found = People(
        programme=programme,
        site=site,
        department=department,
        level=level,
        applied=applied,
        applicants=applicants,
        skill=skill,
        time_poverty=poverty,
        performance=performance,
        stable=_stable(scenario, skill, streams),
        values=streams.normal("people.values", shape),
        interests=streams.normal("people.interests", shape),
        background=streams.normal("people.background", shape),
        manner=streams.normal("people.manner", shape),
        mentoring=streams.normal("people.mentoring", (*shape[:2], shape[2] - 1)),
    )
    return _matched(scenario, found, streams)


def _arms(scenario: Scenario, department: Ints, streams: Streams) -> tuple[Flags, Ints]:
    """Sets take turns over the sites; within a site, chance decides who starts."""
    sets, sites = scenario.sets, scenario.design.sites
    replicates, site = department.shape[0], np.arange(sets) % sites
    if scenario.comparison in {"pool", "none"}:
        first = np.arange(sets) < scenario.programme_sets
        return np.broadcast_to(first, (replicates, sets)), site
    if scenario.design.unit == "department":
        held = min(sets, scenario.design.departments)  # the others have no senior (``_places``)
        starts = min(held - 1, max(1, round(held * scenario.design.programme_share)))
        lots = streams.whole.uniform("design.departments", (replicates, held))
        chosen = lots.argsort(axis=-1).argsort(axis=-1) < starts
        return np.take_along_axis(chosen, department, axis=-1), site
    # Ranked within sites, these in an order of chance, and dealt in turn: every site gets its
    # share, to within one set, and none is always the one that rounding favours.
    lots = streams.uniform("design.lots", (replicates, sets))
    place = streams.uniform("design.sites", (replicates, sites)).argsort(axis=-1).argsort(axis=-1)
    order = np.argsort(lots + place[:, site], axis=-1)
    quota = np.arange(1, sets + 1) * scenario.programme_sets // sets
    starts_here = np.diff(quota, prepend=0).astype(bool)
    programme = np.empty((replicates, sets), bool)
    np.put_along_axis(programme, order, np.broadcast_to(starts_here, order.shape), axis=-1)
    return programme, site


def _volunteers(
    scenario: Scenario, programme: Flags, streams: Streams
) -> tuple[Floats, Floats, Floats, Flags, Ints]:
    """Skill, time poverty and performance of those who fill the places; who applied; how many.

    Each of a place's ``eligible`` people applies or not, by a logit. The place goes to one of
    those who applied, whichever; to the keenest where nobody did; to anybody where places are
    assigned. Comparison people of the "pool" are any of the eligible who did not get a place.
    """
    eligible = scenario.design.eligible
    shape = (*programme.shape, 1 + scenario.levers.juniors, eligible)
    skill = streams.normal("people.skill", shape)
    poverty = streams.normal("people.time", shape)
    performance = streams.normal("people.performance", shape)
    wish = _wishes(scenario, skill, poverty, performance)
    wish += streams.logistic("people.volunteering", shape)
    applies = wish > 0
    applicants = applies.sum(axis=-1)
    every: tuple[NDArray[Any], ...] = (skill, poverty, performance, applies)
    if scenario.levers.application == "assigned":
        return (*(one[..., 0].copy("K") for one in every), applicants)
    # The eligible come in no order, so the first who applied is any of them.
    every = (*every, np.where(applies, np.inf, wish))
    found = [one[..., 0] for one in every]
    for number in range(1, scenario.design.eligible):
        better = every[-1][..., number] > found[-1]
        if scenario.comparison == "pool":
            better &= programme[..., None]
        found = [
            np.where(better, one[..., number], kept) for one, kept in zip(every, found, strict=True)
        ]
    return (*found[:-1], applicants)


def _wishes(scenario: Scenario, skill: Floats, poverty: Floats, performance: Floats) -> Floats:
    """The log odds of applying."""
    nature = scenario.nature
    pull = np.full((skill.shape[-2], 1), nature.skill_on_junior_volunteering)
    pull[SENIOR] = nature.skill_on_senior_volunteering
    rate = np.log(nature.volunteering_rate / (1 - nature.volunteering_rate))
    wish = pull * skill
    wish += nature.time_on_volunteering * poverty
    wish += nature.performance_on_volunteering * performance
    wish += rate + nature.sponsor_on_volunteering * (scenario.levers.sponsor - 0.5)
    return np.asarray(wish)


def _places(scenario: Scenario, shape: tuple[int, ...], streams: Streams) -> tuple[Ints, Ints]:
    """Departments and levels; where rules hold, every junior in a place fits its senior."""
    levers, design = scenario.levers, scenario.design
    count, free = design.departments, levers.matching in {"random", "self-selected"}
    lots = streams.uniform("people.department", shape)
    department = (lots * count).astype(np.int64)
    if levers.other_department and not free:
        away = 1 + (lots[..., JUNIORS] * (count - 1)).astype(np.int64)
        department[..., JUNIORS] = (department[..., :1] + away) % count
    elif design.unit == "department":
        # Dealt in turn, so that no arm of whole departments is without a senior.
        dealt = lots[..., SENIOR].argsort(axis=-1).argsort(axis=-1) % count
        department[:] = dealt[..., None]
    rungs = streams.uniform("people.level", shape)
    top = min(JUNIOR_RUNGS, design.levels - (1 if free else max(1, levers.level_gap)))
    level = np.empty(shape, np.int64)
    level[..., JUNIORS] = 1 + (rungs[..., JUNIORS] * top).astype(np.int64)
    if free:
        above = (rungs[..., SENIOR] * (design.levels - top)).astype(np.int64)
        level[..., SENIOR] = top + 1 + above
    else:
        gap = levers.level_gap + (rungs[..., SENIOR] * 2).astype(np.int64)
        level[..., SENIOR] = np.minimum(level[..., JUNIORS].max(axis=-1) + gap, design.levels)
    return department, level


def _stable(scenario: Scenario, skill: Floats, streams: Streams) -> Floats:
    """The stable part of the score that people volunteer by, given its current value.

    With c = sqrt(1 - k) T + sqrt(k) S, k the state's share of a person's own variance, the state
    given c is normal with mean sqrt(k) c and variance 1 - k; T follows.
    """
    k = state_of_own(scenario)
    chance = streams.normal("people.state", skill.shape)
    state = np.sqrt(k) * skill + np.sqrt(1 - k) * chance
    return np.asarray((skill - np.sqrt(k) * state) / np.sqrt(1 - k))


def state_of_own(scenario: Scenario) -> float:
    """The part that comes and goes, as a share of what is a person's own."""
    nature = scenario.nature
    return nature.state_share / (1 - nature.pair_share - nature.department_share)


def _matched(scenario: Scenario, people: People, streams: Streams) -> People:
    """Juniors move to the seniors that the policy gives them; "rules" and "random" leave them.

    Places were filled by chance, and where rules hold they hold already. Pairs are made within a
    site, and where the comparison is unpaired among those who get the programme. Where taking the
    best pair first would leave people over, all are matched by the optimum instead. What chance
    does to a place later stays with the place.
    """
    policy = scenario.levers.matching
    if policy in {"rules", "random"}:
        return people
    score, allowed = _score(scenario, people, streams), _allowed(scenario, people)
    rng = streams.generator("pairs.matching")
    wishes = _wanted(score, streams) if policy == "self-selected" else None
    chosen = assign(score, allowed, policy, rng, juniors_per_senior=people.juniors, wishes=wishes)
    short = (chosen < 0).any(axis=(1, 2))
    if short.any():
        chosen[short] = assign(
            score[short],
            allowed[short],
            "optimal",
            streams.generator("pairs.matching.rest"),
            juniors_per_senior=people.juniors,
        )
    order = chosen.reshape(score.shape[0], -1)
    names = ("department", "level", "applied", "applicants", "skill", "time_poverty",
             "performance", "stable", "values", "interests", "background", "manner")  # fmt: skip
    moved = {name: _moved(getattr(people, name), order) for name in names}
    mentoring = _reordered(people.mentoring, order)
    return replace(people, **moved, mentoring=mentoring)


def _wanted(score: Floats, streams: Streams) -> tuple[Floats, Floats]:
    """How much seniors want juniors and the reverse: who seems alike, and attraction."""
    return (
        score + streams.normal("pairs.seniors_want", score.shape),
        score + streams.normal("pairs.juniors_want", score.shape),
    )


def _moved(values: NDArray[Any], order: Ints) -> NDArray[Any]:
    made = values.copy()
    made[..., JUNIORS] = _reordered(values[..., JUNIORS], order)
    return made


def _reordered(juniors: NDArray[Any], order: Ints) -> NDArray[Any]:
    flat = juniors.reshape(len(order), -1)
    return np.take_along_axis(flat, order, axis=-1).reshape(juniors.shape)


def _score(scenario: Scenario, people: People, streams: Streams) -> Floats:
    """How well each senior and junior seem to fit, (replicate, senior, junior)."""
    nature, shape = scenario.nature, people.skill.shape
    interests = _alike(people.interests)
    if scenario.levers.matching == "self-selected":
        own = nature.background_on_choice
        return np.asarray(own * _alike(people.background) + (1 - own) * interests)
    heard = nature.values_asked
    asked = heard * people.values + np.sqrt(1 - heard**2) * streams.normal("people.form", shape)
    return np.asarray(interests + _alike(asked))


def _alike(trait: Floats) -> Floats:
    """The similarity of every senior with every junior."""
    juniors = trait[..., JUNIORS].reshape(trait.shape[0], 1, -1)
    return _closeness(trait[..., SENIOR, None] - juniors)


def _allowed(scenario: Scenario, people: People) -> Flags:
    """Who may meet whom, (replicate, senior, junior)."""
    levers, replicates = scenario.levers, people.skill.shape[0]
    site = np.repeat(people.site, people.juniors)
    found = np.broadcast_to(
        people.site[:, None] == site, (replicates, len(people.site), len(site))
    ).copy()
    if scenario.comparison in {"pool", "control"}:
        found &= people.programme[..., None] == people.each_pair(people.programme)[:, None]
    if levers.matching == "self-selected":
        return found
    department, level = (
        (one[..., SENIOR, None], one[..., JUNIORS].reshape(replicates, 1, -1))
        for one in (people.department, people.level)
    )
    found &= level[0] - level[1] >= levers.level_gap
    if levers.other_department:
        found &= department[0] != department[1]
    elif scenario.design.unit == "department":
        found &= department[0] == department[1]
    return found


def similarity(trait: Floats) -> Floats:
    """Closeness of two standard normal traits, itself with mean 0 and variance 1, per pair."""
    return _closeness(trait[..., :1] - trait[..., JUNIORS])


def _closeness(apart: Floats) -> Floats:
    return np.asarray((HALF_NORMAL_MEAN - np.abs(apart)) / HALF_NORMAL_SD)
