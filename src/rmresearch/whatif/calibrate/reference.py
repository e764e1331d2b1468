"""What the world makes of a scenario: large cohorts drawn once, against which a pilot is held.

Who volunteers, how long pairs go on and what they learn until a wave has no closed form. The
answer is drawn: cohorts so large that their own chance error is small beside any pilot's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.course import LEFT
from rmresearch.world.draw import Draw, draw
from rmresearch.world.instruments import (
    INSTRUMENTS,
    JUNIOR,
    REACTIONS,
    SENIOR,
    SKILL,
    Instrument,
)
from rmresearch.world.levers import Setting
from rmresearch.world.scenario import Scenario

__all__ = ["Course", "Selection", "course", "selection"]

Array = NDArray[np.float64]

#: sets of pairs in a drawn cohort; the stream is this module's own
SETS, SEED = 20_000, 4711
#: a gain is linear in its coefficient, which is read off at no less than this
SMALLEST_GAIN = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Mean and variance (arm, side) of the current own part of the first scale's true score.

    In its own SD among the eligible, where they are 0 and 1: what volunteering goes by.
    """

    mean: Array
    variance: Array


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What happens to people in the programme, by chance a month or as averages at the waves.

    ``meeting``: share of planned meetings held by pairs that go on. ``ending``: early endings a
    month, leavers aside. ``leaving`` and ``promotion`` (world, side): chance a month without and
    with the programme. ``learned`` and ``learned_of_answering`` (scale -> (wave,)): what a
    coefficient of 1 adds to people's true scores, of all and of those who answer. ``behind``
    (scale -> (wave,)): the untreated true score of those who answer less everybody's, in SD:
    those who can less gain more, and who gains answers.
    ``learning`` (wave,): the mean learning, 0 to 1, of seniors who answer. ``response`` (side,
    wave): who answers of those present.
    """

    meeting: float
    ending: float
    leaving: Array
    promotion: Array
    learned: Mapping[str, Array]
    learned_of_answering: Mapping[str, Array]
    behind: Mapping[str, Array]
    learning: Array
    response: Array


def selection(scenario: Scenario) -> Selection:
    """How people of the arms differ from the eligible."""
    design = replace(
        scenario.design, waves=(0, 1), instruments=REACTIONS[:1], start=Setting().start
    )
    pairs = SETS * scenario.levers.juniors
    return _selection(replace(scenario, pairs=pairs, design=design))


@lru_cache(maxsize=16)
def _selection(scenario: Scenario) -> Selection:
    drawn = draw(scenario, 1, SEED)
    skill, programme = drawn.people.skill[0], drawn.people.programme[0]
    mean, variance = np.zeros((2, 2)), np.ones((2, 2))
    for arm in np.unique(programme).astype(int):
        for side, people in ((SENIOR, skill[..., :1]), (JUNIOR, skill[..., 1:])):
            theirs = people[programme == bool(arm)]
            mean[arm, side], variance[arm, side] = theirs.mean(), theirs.var()
    return Selection(mean, variance)


def course(scenario: Scenario) -> Course:
    """What the months are like in the programme, for volunteers like the scenario's."""
    gains = {
        f"{one.name}_gain": _away_from_zero(getattr(scenario.nature, f"{one.name}_gain"))
        for one in INSTRUMENTS
        if one.rater == "self"
    }
    # what the months do not depend on is the same for all, so that equal months are drawn once
    design = replace(
        scenario.design,
        unit="pair",
        instruments=REACTIONS[:1],
        programme_share=Setting().programme_share,
        start=Setting().start,
    )
    return _course(
        replace(
            scenario,
            pairs=SETS * scenario.levers.juniors,
            comparison="none",
            nature=replace(scenario.nature, **gains),
            design=design,
        )
    )


@lru_cache(maxsize=16)
def _course(scenario: Scenario) -> Course:
    drawn = draw(scenario, 1, SEED)
    learned, answering, behind = _learned(drawn)
    return Course(
        meeting=_meeting(drawn),
        ending=_ending(drawn),
        leaving=_monthly(drawn.course.left, drawn.course.left, drawn.scenario.months),
        promotion=_monthly(drawn.course.promoted, drawn.course.left, drawn.scenario.months),
        learned=learned,
        learned_of_answering=answering,
        behind=behind,
        learning=_learning(drawn),
        response=_response(drawn),
    )


def _away_from_zero(gain: float) -> float:
    return gain if abs(gain) >= SMALLEST_GAIN else SMALLEST_GAIN


def _meeting(drawn: Draw) -> float:
    months = np.arange(1, drawn.scenario.months + 1)
    ended = drawn.course.ended[0]
    going = ((ended[..., None] == 0) | (ended[..., None] >= months)).any(axis=1)
    going &= months <= drawn.scenario.levers.duration
    held = drawn.course.slots[0].sum(axis=-1)
    return float(held[going].mean() / drawn.scenario.levers.cadence)


def _ending(drawn: Draw) -> float:
    """Endings that nobody's leaving caused, over the months in which they could happen."""
    last = min(drawn.scenario.levers.duration - 1, drawn.scenario.months)
    ended, reason = drawn.course.ended[0], drawn.course.reason[0]
    months = np.where(ended == 0, last, np.minimum(ended, last)).sum()
    events = ((ended > 0) & (ended <= last) & (reason != LEFT)).sum()
    return float(events / months) if months else np.nan


def _monthly(event: NDArray[Any], left: NDArray[Any], months: int) -> Array:
    """Events a month at risk, (world, side); nobody is at risk who has left."""
    until = np.where(left == 0, months, left)
    until = np.where(event == 0, until, np.minimum(event, until))
    found = np.empty((2, 2))
    for side, people in ((SENIOR, slice(0, 1)), (JUNIOR, slice(1, None))):
        events = (event[..., people] > 0).sum(axis=(1, 2, 3))
        found[:, side] = events / until[..., people].sum(axis=(1, 2, 3))
    return found


def _learned(drawn: Draw) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array]]:
    everybody, answering, behind = {}, {}, {}
    for scale in INSTRUMENTS:
        one = SKILL if scale.rater == "partner" else scale.name
        made = drawn.gain[one][0] / getattr(drawn.scenario.nature, f"{one}_gain")
        here = drawn.asked(scale)[0]
        everybody[scale.name] = made.mean(axis=0)
        answering[scale.name] = (made * here).sum(axis=0) / here.sum(axis=0)
        behind[scale.name] = _less(drawn, scale, here)
    return everybody, answering, behind


def _less(drawn: Draw, scale: Instrument, here: NDArray[np.bool_]) -> Array:
    """How much lower the untreated scores of those who answer are, for who gains answers.

    Answering goes by the gain on the role's first scale, so the difference in that gain times
    the score's regression on it: far less noisy than the difference in scores. Partners answer
    by their own gain, which says next to nothing of whom they rate.
    """
    if scale.rater == "partner":
        return np.zeros(here.shape[1])
    first = next(one.name for one in INSTRUMENTS if one.first and one.side == scale.side)
    gain, score = drawn.gain[first][0], drawn.untreated[scale.name][0]
    apart = gain - gain.mean(axis=0)
    spread = (apart**2).mean(axis=0)
    slope = (apart * score).mean(axis=0) / np.where(spread > 0, spread, 1.0)
    return np.asarray(slope * (apart * here).sum(axis=0) / here.sum(axis=0))


def _learning(drawn: Draw) -> Array:
    after = np.asarray(drawn.scenario.design.waves[1:]) - 1
    here = drawn.response[0, :, SENIOR]
    learning = np.zeros(here.shape)
    learning[:, 1:] = drawn.course.learning[0, :, SENIOR][:, after]
    return np.asarray((learning * here).sum(axis=0) / here.sum(axis=0))


def _response(drawn: Draw) -> Array:
    here, answers = drawn.present()[0], drawn.response[0]
    found = np.empty((2, answers.shape[-1]))
    for side, people in ((SENIOR, slice(0, 1)), (JUNIOR, slice(1, None))):
        found[side] = answers[:, people].sum(axis=(0, 1)) / here[:, people].sum(axis=(0, 1))
    return found
