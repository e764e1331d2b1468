"""Draw cohorts: arrays with the replicates first, with and without the programme from one luck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.course import Course, draw_course, gains
from rmresearch.world.instruments import INSTRUMENTS, Instrument
from rmresearch.world.measurement import Answers, answers, reactions, respond
from rmresearch.world.people import People, draw_people, untreated
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Seed, Streams

__all__ = ["Draw", "draw"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Draw:
    """Cohorts of one scenario as arrays (replicate, pair, person, wave, item), outer axes first.

    The person axis is senior, junior. ``untreated`` and ``gain`` (true scores without the
    programme, and what it adds) and ``answers`` are by scale; ``response`` (replicate, pair,
    person, wave) says who answered; ``reactions`` are by item, for programme people.
    """

    scenario: Scenario
    streams: Streams
    people: People
    course: Course
    untreated: Mapping[str, Floats]
    gain: Mapping[str, Floats]
    answers: Mapping[str, Answers]
    response: Flags
    reactions: Mapping[str, NDArray[np.int8]]

    @property
    def replicates(self) -> int:
        """How many cohorts."""
        return int(self.people.programme.shape[0])

    def reported(self, scale: Instrument) -> NDArray[np.int8]:
        """The answers of the world that happened, as coded 1 to 5 (replicate, pair, wave, item)."""
        both = self.answers[scale.name]
        return np.where(self.people.programme[..., None, None], both.with_it, both.without)

    def asked(self, scale: Instrument) -> Flags:
        """Whose answers on a scale there are, (replicate, pair, wave).

        The rater responded; a partner rates only within a pair, and who is still there.
        """
        here = self.response[..., scale.answered_by, :]
        if scale.rater == "self":
            return here
        programme, side = self.people.programme, scale.side
        paired = programme if self.scenario.comparison == "pool" else np.ones_like(programme)
        left = np.where(programme, self.course.left[1, ..., side], self.course.left[0, ..., side])
        waves = np.asarray(self.scenario.design.waves)
        there = (left[..., None] == 0) | (left[..., None] > waves)
        return np.asarray(here & there & paired[..., None])

    def observed(self, scale: Instrument) -> Floats:
        """Scores as an analysis sees them, (replicate, pair, wave); NaN where there is none.

        The mean of the items answered, if at least half were.
        """
        answered = ~self.answers[scale.name].skipped
        count = answered.sum(axis=-1)
        total = np.where(answered, self.reported(scale), 0).sum(axis=-1)
        enough = self.asked(scale) & (2 * count >= scale.items) & (count > 0)
        return np.where(enough, total / np.maximum(count, 1), np.nan)


def draw(scenario: Scenario, replicates: int, seed: Seed) -> Draw:
    """Draw ``replicates`` cohorts of a scenario.

    Both potential outcomes of every person come from the same chances, so each cohort's truth is
    exact. Replicate ``r`` is the same however many are drawn, and each cause has its own stream
    (see ``Streams``): two scenarios under one seed share all luck that both have.

    >>> draw(Scenario(pairs=10), 2, seed=0).response.shape
    (2, 10, 2, 3)
    """
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < 1:
        raise ValueError(f"replicates is {replicates!r}; expected a whole number from 1 on")
    streams = Streams.of(seed)
    people = draw_people(scenario, replicates, streams)
    course = draw_course(scenario, people, streams)
    before = untreated(scenario, people, streams)
    gain = gains(scenario, before, course.learning)
    return Draw(
        scenario=scenario,
        streams=streams,
        people=people,
        course=course,
        untreated=before,
        gain=gain,
        answers={
            scale.name: answers(scenario, scale, before[scale.name], gain[scale.name], streams)
            for scale in INSTRUMENTS
        },
        response=respond(scenario, people, course, gain, streams),
        reactions=reactions(scenario, course, streams),
    )
