"""What happens month by month: meetings, relationship quality, learning, endings, leavers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.instruments import INSTRUMENTS, JUNIOR, SKILL
from rmresearch.world.people import People
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams

__all__ = ["LEFT", "REASONS", "Course", "draw_course", "gains"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

#: why a pair stopped early, by code; 0 = it did not
REASONS = ("", "no time", "not a good match", "left the organisation")
TIME, MATCH, LEFT = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Course:
    """The months of every pair, *if* it were in the programme.

    ``slots`` (replicate, pair, month, slot): which planned meetings were held; month 1 comes
    first. ``quality`` and ``learning`` (0 none to 1 full) (replicate, pair, month), after the
    month. ``ended`` (replicate, pair): the month at whose end the pair stopped early, 0 = it did
    not, and ``reason`` why (``REASONS``). ``left`` and ``promoted`` (world, replicate, pair,
    person): the month at whose end it happened, 0 = never; world 0 is without the programme.
    """

    slots: Flags
    quality: Floats
    learning: Floats
    ended: Ints
    reason: Ints
    left: Ints
    promoted: Ints


class _Lots(NamedTuple):
    """The chances of all months."""

    meeting: Floats  # (replicate, pair, month, slot), uniform
    shock: Floats  # (replicate, pair, month), normal
    ending: Floats  # (replicate, pair, month), uniform
    reason: Floats  # (replicate, pair), uniform
    leaving: Floats  # (replicate, pair, person, month), uniform
    promotion: Floats


def _lots(scenario: Scenario, shape: tuple[int, ...], streams: Streams) -> _Lots:
    months = (*shape, scenario.months)
    people = (*shape, 2, scenario.months)
    return _Lots(
        meeting=streams.uniform("months.meeting", (*months, scenario.levers.cadence)),
        shock=streams.normal("months.quality", months),
        ending=streams.uniform("months.ending", months),
        reason=streams.uniform("months.reason", shape),
        leaving=streams.uniform("months.leaving", people),
        promotion=streams.uniform("months.promotion", people),
    )


def draw_course(scenario: Scenario, people: People, streams: Streams) -> Course:
    """The months of every pair, one after the other: last month's quality moves this month."""
    nature, duration = scenario.nature, scenario.levers.duration
    shape = people.safety.shape
    lots = _lots(scenario, shape, streams)
    slots = np.zeros(lots.meeting.shape, bool)
    quality, learning = np.empty(lots.shock.shape), np.empty(lots.shock.shape)
    left, promoted = (np.zeros((2, *shape, 2), np.int64) for _ in range(2))
    ended, reason = (np.zeros(shape, np.int64) for _ in range(2))
    busy = people.time_poverty.mean(axis=-1)
    swing, waiting, learned = (np.zeros(shape) for _ in range(3))
    for month in range(scenario.months):
        active = (ended == 0) & (month < duration)
        chance = _meeting_chance(scenario, people.quality + swing, busy)
        slots[..., month, :] = (lots.meeting[..., month, :] < chance[..., None]) & active[..., None]
        held = slots[..., month, :].sum(axis=-1)
        effort = active * (held / scenario.levers.cadence - nature.meeting_rate)
        swing = nature.quality_monthly * swing + nature.meetings_on_quality * effort
        swing += nature.quality_shock * lots.shock[..., month]
        quality[..., month] = people.quality + swing
        waiting, learned = _learn(scenario, held, quality[..., month], waiting, learned)
        learned = np.where(active, learned, (1 - nature.fade) * learned)
        learning[..., month] = learned
        _leave(scenario, learned, lots, month, left, promoted)
        if month + 1 < duration:  # stopping with the programme is not early
            _end(scenario, quality[..., month], busy, lots, month, left[1], ended, reason)
    return Course(slots, quality, learning, ended, reason, left, promoted)


def _meeting_chance(scenario: Scenario, quality: Floats, busy: Floats) -> Floats:
    nature = scenario.nature
    odds = np.log(nature.meeting_rate / (1 - nature.meeting_rate))
    odds = odds + nature.quality_on_meetings * quality + nature.time_on_meetings * busy
    return np.asarray(1 / (1 + np.exp(-odds)))


def _learn(
    scenario: Scenario, held: Ints, quality: Floats, waiting: Floats, learned: Floats
) -> tuple[Floats, Floats]:
    """Exposure waits to be practised (delay) and closes part of what is left to learn."""
    nature = scenario.nature
    rate = nature.quality_on_learning * quality
    rate = rate + nature.clarity_on_learning * (scenario.levers.goal_clarity - 0.5)
    waiting = waiting + nature.learning_per_meeting * held * np.exp(rate)
    taken = nature.uptake * waiting
    return waiting - taken, 1 - (1 - learned) * np.exp(-taken)


def _leave(
    scenario: Scenario, learned: Floats, lots: _Lots, month: int, left: Ints, promoted: Ints
) -> None:
    """Leaving and promotion in both worlds, from the same chances; fills the two arrays."""
    nature = scenario.nature
    seen = nature.visibility_gain * scenario.levers.two_way * learned
    for world in (0, 1):
        leaving = np.full((*learned.shape, 2), nature.leaving_rate)
        promotion = np.full((*learned.shape, 2), nature.promotion_rate)
        if world:
            leaving *= np.exp(nature.learning_on_leaving * learned)[..., None]
            promotion[..., JUNIOR] *= np.exp(nature.visibility_on_promotion * seen)
        here = left[world] == 0
        left[world][here & (lots.leaving[..., month] < leaving)] = month + 1
        rises = (left[world] == 0) & (promoted[world] == 0)
        promoted[world][rises & (lots.promotion[..., month] < promotion)] = month + 1


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
    gone = (left > 0).any(axis=-1)
    ends = (ended == 0) & (gone | (lots.ending[..., month] < rate))
    # No time against a bad match: odds rise with time poverty and with quality.
    why = np.where(lots.reason < 1 / (1 + np.exp(-(busy + quality))), TIME, MATCH)
    ended[ends] = month + 1
    reason[ends] = np.where(gone, LEFT, why)[ends]


def gains(scenario: Scenario, untreated: dict[str, Floats], learning: Floats) -> dict[str, Floats]:
    """What the programme adds to each true score: (replicate, pair, wave), 0 at the start."""
    nature = scenario.nature
    after = np.asarray(scenario.design.waves[1:]) - 1
    reached = np.zeros(untreated[SKILL].shape)
    reached[..., 1:] = learning[..., after]
    added: dict[str, Floats] = {}
    for scale in INSTRUMENTS:
        if scale.rater == "partner":
            added[scale.name] = nature.transfer * added[SKILL]
            continue
        full = getattr(nature, f"{scale.name}_gain")
        if scale.side == JUNIOR:
            full *= scenario.levers.two_way
        room = 1 + nature.skill_on_gain * untreated[scale.name][..., :1]
        added[scale.name] = full * reached * room
    return added
