"""What happens month by month: meetings, relationship quality, learning, endings, leavers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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
    ended: Ints
    reason: Ints
    left: Ints
    promoted: Ints

    def felt(self, months: Ints) -> Floats:
        """Relationship quality after ``months`` (from 0 on), of each person (replicate, set,
        person, month); a senior feels the mean of the pairs.
        """
        of_pairs = self.quality[..., months]
        return np.concatenate([of_pairs.mean(axis=2, keepdims=True), of_pairs], axis=2)


class _Lots(NamedTuple):
    """The chances of all months."""

    meeting: Floats  # (replicate, set, month, slot), uniform
    shock: Floats  # (replicate, set, junior, month), normal
    ending: Floats  # (replicate, set, junior, month), uniform
    reason: Floats  # (replicate, set, junior), uniform
    leaving: Floats  # (replicate, set, person, month), uniform
    promotion: Floats


def _lots(scenario: Scenario, shape: tuple[int, ...], streams: Streams) -> _Lots:
    months = scenario.months
    pairs, people = (*shape, months), (*shape[:2], 1 + shape[2], months)
    return _Lots(
        meeting=streams.uniform("months.meeting", (*shape[:2], months, scenario.levers.cadence)),
        shock=streams.normal("months.quality", pairs),
        ending=streams.uniform("months.ending", pairs),
        reason=streams.uniform("months.reason", shape),
        leaving=streams.uniform("months.leaving", people),
        promotion=streams.uniform("months.promotion", people),
    )


def draw_course(scenario: Scenario, people: People, pairs: Pairs, streams: Streams) -> Course:
    """The months of every set, one after the other: last month's quality moves this month."""
    nature, duration = scenario.nature, scenario.levers.duration
    shape = pairs.quality.shape
    lots = _lots(scenario, shape, streams)
    slots = np.zeros(lots.meeting.shape, bool)
    quality = np.empty(lots.shock.shape)
    learning = np.empty(lots.leaving.shape)
    left, promoted = (np.zeros((2, *lots.leaving.shape[:3]), np.int64) for _ in range(2))
    ended, reason = (np.zeros(shape, np.int64) for _ in range(2))
    swing, (waiting, learned) = np.zeros(shape), (np.zeros(lots.leaving.shape[:3]) for _ in "12")
    for month in range(scenario.months):
        active = (ended == 0) & (month < duration)
        meets = active.any(axis=-1)
        chance = _meeting_chance(scenario, pairs.quality + swing, pairs.busy)
        slots[..., month, :] = (lots.meeting[..., month, :] < chance[..., None]) & meets[..., None]
        held = slots[..., month, :].sum(axis=-1)[..., None] * active
        effort = held / scenario.levers.cadence - nature.meeting_rate * active
        swing = _swing(scenario, swing, effort, pairs.quality, lots.shock[..., month])
        quality[..., month] = pairs.quality + swing
        taught = both(held * _teaching(scenario, quality[..., month]))
        waiting, learned = _learn(scenario, taught, waiting, learned)
        stopped = ~np.concatenate([meets[..., None], active], axis=-1)
        learned = np.where(stopped, (1 - nature.fade) * learned, learned)
        learning[..., month] = learned
        engagement = engaged(scenario, learned, both(quality[..., month]))
        _leave(scenario, people, learned, engagement, lots, month, left, promoted)
        if month + 1 < duration:  # stopping with the programme is not early
            _end(scenario, quality[..., month], pairs.busy, lots, month, left[1], ended, reason)
    return Course(slots, quality, learning, ended, reason, left, promoted)


def both(of_pairs: Floats) -> Floats:
    """What pairs (replicate, set, junior) are to people (..., person): a senior has the mean."""
    return np.concatenate([of_pairs.mean(axis=-1, keepdims=True), of_pairs], axis=-1)


def _meeting_chance(scenario: Scenario, quality: Floats, busy: Floats) -> Floats:
    """Of each planned meeting of a set, (replicate, set)."""
    nature = scenario.nature
    odds = np.log(nature.meeting_rate / (1 - nature.meeting_rate))
    odds += nature.agenda_on_meetings * (scenario.levers.agenda - 0.5)
    pull = nature.quality_on_meetings * quality + nature.time_on_meetings * busy
    return np.asarray(1 / (1 + np.exp(-odds - pull.mean(axis=-1))))


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
    return waiting - taken, 1 - (1 - learned) * np.exp(-taken)


def engaged(scenario: Scenario, learned: Floats, felt: Floats) -> Floats:
    """What the programme adds to the engagement of people (replicate, set, person), in SD."""
    nature = scenario.nature
    found = learned * (nature.engagement_gain + nature.quality_on_engagement * felt)
    found[..., JUNIORS] += nature.visibility_on_engagement * _seen(scenario, learned[..., JUNIORS])
    return np.asarray(found)


def _seen(scenario: Scenario, learned: Floats) -> Floats:
    """The visibility that average juniors have gained."""
    return np.asarray(scenario.full_gain(INSTRUMENTS[-1]) * learned)


def _leave(
    scenario: Scenario,
    people: People,
    learned: Floats,
    engagement: Floats,
    lots: _Lots,
    month: int,
    left: Ints,
    promoted: Ints,
) -> None:
    """Leaving and promotion in both worlds, from the same chances; fills the two arrays."""
    nature = scenario.nature
    rises = nature.promotion_rate * np.exp(nature.performance_on_promotion * people.performance)
    for world in (0, 1):
        leaving = np.full(learned.shape, nature.leaving_rate)
        promotion = rises
        if world:
            leaving *= np.exp(nature.engagement_on_leaving * engagement)
            better = nature.performance_on_promotion * nature.junior_performance_gain
            gained = learned[..., JUNIORS]
            pull = nature.visibility_on_promotion * _seen(scenario, gained) + better * gained
            promotion = rises.copy()
            promotion[..., JUNIORS] *= np.exp(pull)
        here = left[world] == 0
        left[world][here & (lots.leaving[..., month] < leaving)] = month + 1
        waits = (left[world] == 0) & (promoted[world] == 0)
        promoted[world][waits & (lots.promotion[..., month] < promotion)] = month + 1


def _end(
    scenario: Scenario,
    quality: Floats,
    busy: Floats,
    lots: _Lots,
    month: int,
    left: Ints,
    ended: Ints,
    reason: Ints,
) -> None:
    """Early endings at the end of a month and why; fills ``ended`` and ``reason``."""
    nature = scenario.nature
    rate = nature.ending_rate * np.exp(
        nature.quality_on_ending * quality + nature.time_on_ending * busy
    )
    gone = (left[..., :1] > 0) | (left[..., JUNIORS] > 0)
    ends = (ended == 0) & (gone | (lots.ending[..., month] < rate))
    # No time against a bad match: odds rise with time poverty and with quality.
    why = np.where(lots.reason < 1 / (1 + np.exp(-(busy + quality))), TIME, MATCH)
    ended[ends] = month + 1
    reason[ends] = np.where(gone, LEFT, why)[ends]
