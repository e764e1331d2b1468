"""What happens month by month: meetings, relationship quality, learning, endings, leavers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.instruments import INSTRUMENTS, JUNIORS
from rmresearch.world.levers import GROUPS
from rmresearch.world.pairs import Pairs
from rmresearch.world.people import People
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams

__all__ = ["LEFT", "REASONS", "Course", "both", "draw_course", "engaged"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]

#: why a pair stopped early, by code; 0 = it did not
REASONS = ("", "no time", "not a good match", "left the organisation")
TIME, MATCH, LEFT = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Course:
    """The months of every set and its pairs, *if* it were in the programme.

    ``slots`` (replicate, set, month, slot): which planned meetings were held; month 1 comes
    first. ``quality`` (replicate, set, junior, month) and ``learning`` (replicate, set, person,
    month; 0 none to 1 full), after the month. ``ended`` (replicate, set, junior): the month at
    whose end the pair stopped early, 0 = it did not, and ``reason`` why (``REASONS``). ``left``
    and ``promoted`` (world, replicate, set, person): the month at whose end it happened, 0 =
    never; world 0 is without the programme.
    """

    slots: Flags
    quality: Floats
    learning: Floats
    ended: Codes
    reason: Codes
    left: Codes
    promoted: Codes

    def felt(self, months: Ints) -> Floats:
        """Relationship quality after ``months`` (from 0 on), of each person (replicate, set,
        person, month); a senior feels the mean of the pairs.
        """
        return np.stack([both(self.quality[..., month]) for month in months], axis=-1)


class _Lots(NamedTuple):
    """The chances of all months."""

    meeting: Floats  # (replicate, set, month, slot), uniform
    shock: Floats  # (replicate, set, junior, month), normal
    ending: Floats  # (replicate, set, junior, month), uniform
    reason: Floats  # (replicate, set, junior), logistic
    leaving: Floats  # (replicate, set, person, month), uniform
    promotion: Floats


def _lots(scenario: Scenario, shape: tuple[int, ...], streams: Streams) -> _Lots:
    months = scenario.months
    pairs, people = (*shape, months), (*shape[:2], 1 + shape[2], months)
    return _Lots(
        meeting=streams.uniform("months.meeting", (*shape[:2], months, scenario.levers.cadence)),
        shock=streams.normal("months.quality", pairs),
        ending=streams.uniform("months.ending", pairs),
        reason=streams.logistic("months.reason", shape),
        leaving=streams.uniform("months.leaving", people),
        promotion=streams.uniform("months.promotion", people),
    )


def draw_course(scenario: Scenario, people: People, pairs: Pairs, streams: Streams) -> Course:
    """The months of every set, one after the other: last month's quality moves this month."""
    nature, duration = scenario.nature, scenario.levers.duration
    lots = _lots(scenario, pairs.quality.shape, streams)
    slots = np.empty_like(lots.meeting, bool)
    quality, learning = np.empty_like(lots.shock), np.empty_like(lots.leaving)
    ended, reason = (np.zeros_like(pairs.quality, np.int8) for _ in range(2))
    waiting, learned, left = (
        np.zeros_like(learning[..., 0], kind) for kind in (float, float, np.int8)
    )
    swing = np.zeros_like(pairs.quality)
    for month in range(scenario.months):
        active = (ended == 0) & (month < duration)
        meets = active.any(axis=-1, keepdims=True)
        chance = _meeting_chance(scenario, pairs.quality + swing, pairs.busy)
        slots[..., month, :] = (lots.meeting[..., month, :] < chance) & meets
        held = slots[..., month, :].sum(axis=-1, keepdims=True) * active
        effort = held / scenario.levers.cadence - nature.meeting_rate * active
        swing = _swing(scenario, swing, effort, pairs.quality, lots.shock[..., month])
        quality[..., month] = pairs.quality + swing
        taught = both(held * _teaching(scenario, quality[..., month]))
        waiting, learned = _learn(scenario, taught, waiting, learned)
        learned *= 1 - nature.fade * ~_people(meets, active)
        learning[..., month] = learned
        engagement = engaged(scenario, learned, both(quality[..., month]))
        leaving = nature.leaving_rate * np.exp(nature.engagement_on_leaving * engagement)
        _happen(left, month, lots.leaving[..., month] < leaving)
        if month + 1 < duration:  # stopping with the programme is not early
            _end(scenario, quality[..., month], pairs.busy, lots, month, left, ended, reason)
    stayed = _first(lots.leaving < nature.leaving_rate)
    promoted = _promotions(scenario, people, lots, learning, stayed, left)
    return Course(slots, quality, learning, ended, reason, np.stack([stayed, left]), promoted)


def _people(of_senior: NDArray[Any], of_juniors: NDArray[Any]) -> NDArray[Any]:
    """(replicate, set, 1) and (replicate, set, junior) -> (replicate, set, person)."""
    return np.concatenate([of_senior, of_juniors], axis=-1)


def both(of_pairs: Floats) -> Floats:
    """What pairs (replicate, set, junior) are to people (..., person): a senior has the mean."""
    return _people(of_pairs.mean(axis=-1, keepdims=True), of_pairs)


def _happen(month_of: Codes, month: int, now: Flags) -> None:
    """What happens ``now``, at the end of a month counted from 0, has happened once."""
    month_of += (now & (month_of == 0)) * np.int8(month + 1)


def _first(hits: Flags) -> Codes:
    """The first month, from 1 on, that the last axis marks; 0 where none is."""
    found = np.zeros_like(hits[..., 0], np.int8)
    for month in range(hits.shape[-1]):
        _happen(found, month, hits[..., month])
    return found


def _meeting_chance(scenario: Scenario, quality: Floats, busy: Floats) -> Floats:
    """Of each planned meeting of a set, (replicate, set, 1)."""
    nature = scenario.nature
    odds = np.log(nature.meeting_rate / (1 - nature.meeting_rate))
    odds += nature.agenda_on_meetings * (scenario.levers.agenda - 0.5)
    pull = nature.quality_on_meetings * quality + nature.time_on_meetings * busy
    return np.asarray(1 / (1 + np.exp(-odds - pull.mean(axis=-1, keepdims=True))))


def _swing(
    scenario: Scenario, swing: Floats, effort: Floats, level: Floats, shock: Floats
) -> Floats:
    """This month's ups and downs: what is left of last month's, effort, adapting, chance."""
    nature = scenario.nature
    adapting = nature.adapting_on_quality * (scenario.levers.pulse_and_adapt - 0.5)
    below = np.minimum(level + swing, 0.0)
    made = nature.quality_monthly * swing + nature.meetings_on_quality * effort
    made += nature.quality_shock * shock - adapting * below
    return np.asarray(made)


def _teaching(scenario: Scenario, quality: Floats) -> Floats:
    """What a held meeting of a pair exposes its people to."""
    nature, levers = scenario.nature, scenario.levers
    rate = nature.quality_on_learning * quality
    rate += nature.clarity_on_learning * (levers.goal_clarity - 0.5)
    if levers.format in GROUPS:
        rate += nature.group_on_dose
    elif levers.format == "reciprocal":
        rate += nature.reciprocal_on_dose
    return np.asarray(nature.learning_per_meeting * np.exp(rate))


def _learn(
    scenario: Scenario, taught: Floats, waiting: Floats, learned: Floats
) -> tuple[Floats, Floats]:
    """Exposure waits to be practised (delay) and closes part of what is left to learn."""
    waiting = waiting + taught
    taken = scenario.nature.uptake * waiting
    waiting -= taken
    return waiting, 1 - (1 - learned) * np.exp(-taken)


def engaged(scenario: Scenario, learned: Floats, felt: Floats) -> Floats:
    """What the programme adds to the engagement of people (replicate, set, person), in SD."""
    nature = scenario.nature
    found = learned * (nature.engagement_gain + nature.quality_on_engagement * felt)
    found[..., JUNIORS] += nature.visibility_on_engagement * _seen(scenario, learned[..., JUNIORS])
    return np.asarray(found)


def _seen(scenario: Scenario, learned: Floats) -> Floats:
    """The visibility that average juniors have gained."""
    return np.asarray(scenario.full_gain(INSTRUMENTS[-1]) * learned)


def _promotions(
    scenario: Scenario, people: People, lots: _Lots, learning: Floats, *left: Codes
) -> Codes:
    """The months of promotion without the programme and with it, from the same chances.

    ``left`` is when people leave in either world; who has left is not promoted.
    """
    nature = scenario.nature
    rises = nature.promotion_rate * np.exp(nature.performance_on_promotion * people.performance)
    gained = learning[..., JUNIORS, :]
    better = nature.performance_on_promotion * nature.junior_performance_gain
    pull = nature.visibility_on_promotion * _seen(scenario, gained) + better * gained
    without = lots.promotion < rises[..., None]
    with_it = without.copy("K")
    chance = rises[..., JUNIORS, None] * np.exp(pull)
    with_it[..., JUNIORS, :] = lots.promotion[..., JUNIORS, :] < chance
    found = [_first(without), _first(with_it)]
    for promoted, gone in zip(found, left, strict=True):
        promoted[(gone > 0) & (gone <= promoted)] = 0
    return np.stack(found)


def _end(
    scenario: Scenario,
    quality: Floats,
    busy: Floats,
    lots: _Lots,
    month: int,
    left: Codes,
    ended: Codes,
    reason: Codes,
) -> None:
    """Early endings at the end of a month and why; fills ``ended`` and ``reason``."""
    nature = scenario.nature
    rate = nature.ending_rate * np.exp(
        nature.quality_on_ending * quality + nature.time_on_ending * busy
    )
    gone = (left[..., :1] > 0) | (left[..., JUNIORS] > 0)
    ends = (ended == 0) & (gone | (lots.ending[..., month] < rate))
    # No time against a bad match: odds rise with time poverty and with quality.
    why = np.where(lots.reason < busy + quality, np.int8(TIME), np.int8(MATCH))
    ended += ends * np.int8(month + 1)
    reason += ends * np.where(gone, np.int8(LEFT), why)
