"""The simulated worlds of the validation table, at each number of independent units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.whatif.validation.answered import Answered
from rmresearch.whatif.validation.selection import eligible, volunteers
from rmresearch.world.course import Course
from rmresearch.world.draw import draw
from rmresearch.world.instruments import INSTRUMENTS, Instrument
from rmresearch.world.levers import Levers
from rmresearch.world.presets import preset
from rmresearch.world.scenario import Scenario

__all__ = ["PAIRS", "WORLDS", "World", "world"]

#: sets of pairs in the smaller arm: as many seniors, and where it is one to one as many pairs
PAIRS = (8, 12, 20, 40)
#: pairs a draw from which the moments of courses are taken
COURSES = 1_000


def _named(name: str) -> Callable[[], Scenario]:
    return lambda: preset(name)


def _honest() -> Scenario:
    """The no-effect world in which nobody flatters themselves: every hypothesis is true."""
    found = preset("no-effect")
    return replace(found, nature=replace(found.nature, self_inflation=0.0))


def _steady() -> Scenario:
    """One group drawn by lot, in which nothing happens: there is no change to find."""
    found = preset("small-pilot")
    nature = replace(_honest().nature, trend=0.0)
    return replace(found, nature=nature, levers=Levers(application="assigned"))


def _chance() -> Scenario:
    """Nobody flatters themselves or applies, pairs are drawn by lot, and no score is shared."""
    found = _honest()
    nature = replace(found.nature, pair_share=0.0, department_share=0.0)
    levers = Levers(application="assigned", matching="random")
    return replace(found, nature=nature, levers=levers)


def _margin() -> Scenario:
    """Nothing but flattery, and so much that it is a smallest effect worth telling from 0."""
    found = preset("no-effect")
    return replace(found, nature=replace(found.nature, self_inflation=1.5))


#: by name: the presets, and worlds in which a null hypothesis is exactly true
WORLDS: Mapping[str, Callable[[], Scenario]] = {
    **{
        name: _named(name)
        for name in (
            "default", "no-effect", "strong", "small-pilot", "rct", "volunteers", "group-format",
        )
    },
    "nobody flatters": _honest,
    "nothing happens": _steady,
    "chance alone": _chance,
    "at the margin": _margin,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """A scenario under a name, with ``n`` sets of pairs in its smaller arm."""

    name: str
    n: int
    scenario: Scenario

    @property
    def month(self) -> int:
        """The month of the last wave, at which everything is judged."""
        return self.scenario.design.waves[-1]

    def scale(self, outcome: str) -> Instrument:
        """The scale of that name."""
        return next(one for one in INSTRUMENTS if one.name == outcome)

    def volunteers(self, outcome: str) -> Answered:
        """What those in the programme would answer without it."""
        scale = self.scale(outcome)
        return Answered(self.scenario, scale, volunteers(self.scenario, scale))

    def compared(self, outcome: str) -> Answered:
        """What those in the comparison arm would answer: the eligible, or volunteers too."""
        if self.scenario.comparison == "pool":
            return Answered(self.scenario, self.scale(outcome), eligible())
        return self.volunteers(outcome)

    def learnt(self, stops: int) -> float:
        """Learning by the last wave of somebody average whose pair stops after so many months."""
        nature, levers = self.scenario.nature, self.scenario.levers
        dose = nature.learning_per_meeting * nature.meeting_rate * levers.cadence
        waiting = learnt = 0.0
        for month in range(self.month):
            active = month < min(stops, levers.duration)
            waiting += dose * active
            taken = nature.uptake * waiting
            waiting -= taken
            learnt = 1.0 - (1.0 - learnt) * float(np.exp(-taken))
            learnt *= 1.0 if active else 1.0 - nature.fade
        return learnt

    @property
    def felt(self) -> tuple[float, float]:
        """Mean and SD of how seniors get on with their pairs at the last wave, of drawn courses.

        Months of meetings and of adapting to them have no closed form.
        """
        felt = self._courses().felt(np.array([self.month - 1]))[..., 0, 0]
        return float(felt.mean()), float(felt.std())

    @property
    def leavers(self) -> tuple[float, float]:
        """The shares of seniors who have left by the last wave, with the programme and without.

        Of drawn courses: who leaves hangs on how meetings went.
        """
        month = self._courses().left[..., 0]
        without, with_it = ((month > 0) & (month <= self.month)).mean(axis=(1, 2))
        return float(with_it), float(without)

    def _courses(self) -> Course:
        scenario = replace(self.scenario, pairs=COURSES)
        return draw(scenario, 20, np.random.SeedSequence(1)).course

    @property
    def stops(self) -> NDArray[np.float64]:
        """The chance that an average pair stops after 1, 2, ... months; last: that it does not."""
        nature, levers = self.scenario.nature, self.scenario.levers
        stays = (1.0 - nature.ending_rate) * (1.0 - nature.leaving_rate) ** 2
        months = np.arange(levers.duration)
        chance = stays**months * (1.0 - stays)
        chance[-1] = stays ** (levers.duration - 1)
        return np.asarray(chance)


def world(name: str, n: int) -> World:
    """A world of the table with ``n`` sets in the smaller arm; ``KeyError`` for another name.

    >>> world("group-format", 8).scenario.pairs
    32
    """
    found = WORLDS[name]()
    arms = 1 if found.comparison == "none" else 2
    return World(name, n, replace(found, pairs=arms * n * found.levers.juniors))
