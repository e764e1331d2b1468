"""Draw cohorts: arrays with the replicates first, with and without the programme from one luck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.course import Course, draw_course
from rmresearch.world.instruments import Instrument
from rmresearch.world.measurement import Answers, answers, reactions, respond
from rmresearch.world.pairs import Pairs, draw_pairs
from rmresearch.world.people import People, draw_people
from rmresearch.world.scenario import Scenario
from rmresearch.world.scores import gains, untreated
from rmresearch.world.streams import Seed, Streams

__all__ = ["Draw", "draw"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Draw:
    """Cohorts of one scenario as arrays, replicates first.

    What describes sets is (replicate, set, person), the senior first, then the juniors; what
    describes scores is (replicate, person of the role, wave), juniors set by set. ``untreated``
    and ``gain`` (true scores without the programme, and what it adds) and ``answers`` are by
    scale; ``response`` (replicate, set, person, wave) says who answered; ``reactions`` are by
    item, for programme people.
    """

    scenario: Scenario
    streams: Streams
    people: People
    pairs: Pairs
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

    def asked(self, scale: Instrument) -> Flags:
        """Whose answers on a scale there are, (replicate, person of the role, wave).

        The rater responded; a partner rates only within a pair, and who is still there.
        """
        shape = (*self.people.programme_of(scale.side).shape, -1)
        if scale.rater == "self":
            return self.response[..., scale.people, :].reshape(shape)
        rater = slice(scale.answered_by, scale.answered_by + 1)
        here = self.response[..., rater, :] & self.present()[..., scale.people, :]
        if self.scenario.unpaired:
            here &= self.people.programme[..., None, None]
        return here.reshape(shape)

    def present(self) -> Flags:
        """Who has not left the employer, in the world that happened (replicate, set, person,
        wave).
        """
        programme = self.people.programme[..., None]
        left = np.where(programme, self.course.left[1], self.course.left[0])[..., None]
        return np.asarray((left == 0) | (left > np.asarray(self.scenario.design.waves)))

    def observed(self, scale: Instrument) -> Floats:
        """Scores as an analysis sees them, (replicate, person of the role, wave); NaN where there
        are none.

        The mean of the items answered, if at least half were.
        """
        given = self.answers[scale.name]
        answered = ~given.skipped
        count = answered.sum(axis=-1)
        total = (answered * given.happened).sum(axis=-1)
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
    pairs = draw_pairs(scenario, people, streams)
    course = draw_course(scenario, people, pairs, streams)
    before = untreated(scenario, people, streams)
    gain = gains(scenario, people, before, course)
    return Draw(
        scenario=scenario,
        streams=streams,
        people=people,
        pairs=pairs,
        course=course,
        untreated=before,
        gain=gain,
        answers={
            scale.name: answers(
                scenario, scale, people, before[scale.name], gain[scale.name], streams
            )
            for scale in scenario.scales
        },
        response=respond(scenario, people, course, gain, streams),
        reactions=reactions(scenario, course, streams),
    )
