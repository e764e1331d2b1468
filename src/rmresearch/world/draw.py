"""Draw cohorts: arrays with the replicates first, with and without the programme from one luck."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.course import Course, draw_course
from rmresearch.world.instruments import (
    BURDEN,
    GOALS,
    HARM,
    MATCH,
    PERFORMANCE,
    PULSE,
    TOOL_USE,
    Instrument,
)
from rmresearch.world.measurement import Answers, answers, blind_raters, reactions, respond
from rmresearch.world.pairs import Pairs, draw_pairs
from rmresearch.world.people import People, draw_people
from rmresearch.world.reception import Pulses, goals, matches, pulses
from rmresearch.world.recorded import Recorded, performance, tool_use
from rmresearch.world.scenario import Scenario
from rmresearch.world.scores import gains, untreated
from rmresearch.world.strain import burden, harm
from rmresearch.world.streams import Seed, Streams
from rmresearch.world.topics import of_pairs

__all__ = ["Draw", "Further", "draw"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Further:
    """What only some studies ask or record; None or empty where a study does not.

    ``raters`` (replicate, senior, rater): who of the panel sees each demonstration. ``goals``
    (replicate, set, junior): how far the pair's goal was reached, -2 to 2. ``harm`` (world,
    replicate, set, junior, month): who reports harm; world 0 is without the programme.
    ``recorded`` by kind: tool use (replicate, senior, wave), performance (replicate, set, person).
    """

    raters: Ints | None = None
    goals: Codes | None = None
    pulses: Pulses | None = None
    harm: Flags | None = None
    recorded: Mapping[str, Recorded] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draw:
    """Cohorts of one scenario as arrays, replicates first.

    What describes sets is (replicate, set, person), the senior first, then the juniors; what
    describes scores is (replicate, person of the role, wave), juniors set by set. ``untreated``
    and ``gain`` (true scores without the programme, and what it adds) and ``answers`` are by
    scale; ``response`` (replicate, set, person, wave) says who answered; ``reactions`` are by
    item (replicate, set, person, wave), for programme people.
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
    reactions: Mapping[str, Codes]
    further: Further = Further()

    @property
    def replicates(self) -> int:
        """How many cohorts."""
        return int(self.people.programme.shape[0])

    def asked(self, scale: Instrument) -> Flags:
        """Whose answers on a scale there are, (replicate, person of the role, wave asked at).

        The rater responded; a partner rates only within a pair, and who is still there. Who
        responds comes to a demonstration too.
        """
        shape = self.people.programme_of(scale.side).shape
        at = scale.at(len(self.scenario.design.waves))
        if scale.rater != "partner":
            return self.response[..., scale.people, at].reshape(*shape, -1)
        rater = slice(scale.answered_by, scale.answered_by + 1)
        here = self.response[..., rater, at] & self.present()[..., scale.people, at]
        if self.scenario.unpaired:
            here &= self.people.programme[..., None, None]
        return here.reshape(*shape, -1)

    def present(self) -> Flags:
        """Who has not left the employer, in the world that happened (replicate, set, person,
        wave).
        """
        programme = self.people.programme[..., None]
        left = np.where(programme, self.course.left[1], self.course.left[0])[..., None]
        return np.asarray((left == 0) | (left > np.asarray(self.scenario.design.waves, np.int8)))

    def observed(self, scale: Instrument) -> Floats:
        """Scores as an analysis sees them, (replicate, person of the role, wave); NaN where there
        are none.

        The mean of the items answered, if at least half were.
        """
        given = self.answers[scale.name]
        answered = ~given.skipped
        count = answered.sum(axis=-1, dtype=np.int16)
        total = (answered * given.happened).sum(axis=-1, dtype=np.int16)
        enough = self.asked(scale) & (2 * count >= scale.columns) & (count > 0)
        found = np.full_like(self.gain[scale.name], np.nan)
        at = scale.at(found.shape[-1])
        found[..., at] = np.where(enough, total / np.maximum(count, 1), np.nan)
        return found


class _WhenRead(Mapping[str, Answers]):
    """Each scale's answers, drawn when they are first read: every scale has its own streams."""

    def __init__(self, scales: Sequence[Instrument], make: Callable[[Instrument], Answers]) -> None:
        self._scales, self._make = {scale.name: scale for scale in scales}, make
        self._held: dict[str, Answers] = {}

    def __getitem__(self, name: str) -> Answers:
        if name not in self._held:
            self._held[name] = self._make(self._scales[name])
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scales)

    def __len__(self) -> int:
        return len(self._scales)


def draw(scenario: Scenario, replicates: int, seed: Seed | Streams) -> Draw:
    """Draw ``replicates`` cohorts of a scenario.

    Both potential outcomes of every person come from the same chances, so each cohort's truth is
    exact. Replicate ``r`` is the same however many are drawn, and each cause has its own stream
    (see ``Streams``): two scenarios under one seed share the luck of all that both have as many
    of (people, months, planned meetings, waves).

    >>> draw(Scenario(pairs=10), 2, seed=0).response.shape
    (2, 10, 2, 3)
    """
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < 1:
        raise ValueError(f"replicates is {replicates!r}; expected a whole number from 1 on")
    streams = Streams.of(seed)
    asked = set(scenario.design.instruments)
    people = draw_people(scenario, replicates, streams)
    pairs = draw_pairs(scenario, people, streams)
    course = draw_course(scenario, people, pairs, streams)
    before = untreated(scenario, people, streams)
    gain = gains(scenario, people, before, course)
    topics = of_pairs(scenario, streams, replicates) if asked & {BURDEN, GOALS} else None
    if topics is not None and BURDEN in asked:
        gain[BURDEN] = burden(scenario, people, pairs, course, topics)
    liked = reactions(scenario, course, streams)
    if MATCH in asked:
        liked |= matches(scenario, pairs, course, streams)
    drawn = Draw(
        scenario=scenario,
        streams=streams,
        people=people,
        pairs=pairs,
        course=course,
        untreated=before,
        gain=gain,
        answers=_WhenRead(
            scenario.scales,
            lambda scale: answers(
                scenario, scale, people, course, before[scale.name], gain[scale.name], streams
            ),
        ),
        response=respond(scenario, people, course, gain, streams),
        reactions=liked,
    )
    return replace(drawn, further=_further(drawn, topics))


def _further(drawn: Draw, topics: Ints | None) -> Further:
    """Whatever the scenario asks of it, each from streams of its own."""
    scenario, streams, people, course = drawn.scenario, drawn.streams, drawn.people, drawn.course
    asked = scenario.design.instruments
    recorded = {}
    if TOOL_USE in asked:
        recorded[TOOL_USE] = tool_use(scenario, people, drawn.untreated, drawn.gain, streams)
    if PERFORMANCE in asked:
        recorded[PERFORMANCE] = performance(scenario, people, course, streams)
    blind = any(scale.rater == "blind" for scale in scenario.scales)
    return Further(
        raters=blind_raters(drawn.replicates, scenario.sets, streams) if blind else None,
        goals=(
            None
            if topics is None or GOALS not in asked
            else goals(scenario, topics, drawn.gain, streams)
        ),
        pulses=pulses(scenario, people, drawn.pairs, course, streams) if PULSE in asked else None,
        harm=harm(scenario, drawn.pairs, course, streams) if HARM in asked else None,
        recorded=recorded,
    )
