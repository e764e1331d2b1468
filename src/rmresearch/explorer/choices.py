"""What can be chosen in the explorer, and the scenario that choices make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from rmresearch.whatif.sizes import even_step
from rmresearch.world.levers import Matching
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Comparison, Scenario

__all__ = ["MOST", "Choices", "gain_of", "gainable", "nearest", "sizes", "step_of", "surveys"]

#: fewest pairs that are offered, with arms compared and with one group; the most
ARMS, ALONE, MOST = 12, 4, 400
#: months in which people can be asked, at the most
LONGEST = 24


def gain_of(outcome: str) -> str:
    """The coefficient of nature that says what full learning adds to an outcome."""
    return f"{outcome}_gain"


def gainable(scenario: Scenario) -> dict[str, str]:
    """Labels of the scales asked whose gain is a coefficient of its own, and their names.

    >>> gainable(Scenario())["Digital skill"]
    'digital_skill'
    """
    known = Nature.__dataclass_fields__
    return {one.label: one.name for one in scenario.scales if gain_of(one.name) in known}


@dataclass(frozen=True, slots=True)
class Choices:
    """What is chosen; ``ending`` is the chance a month, ``gain`` in SD of ``outcome``."""

    outcome: str
    pairs: int
    comparison: Comparison
    waves: tuple[int, ...]
    matching: Matching
    cadence: int
    training: float
    ending: float
    gain: float

    @classmethod
    def of(cls, scenario: Scenario, outcome: str) -> Self:
        """As a scenario has it."""
        nature, levers = scenario.nature, scenario.levers
        return cls(
            outcome=outcome,
            pairs=scenario.pairs,
            comparison=scenario.comparison,
            waves=scenario.design.waves,
            matching=levers.matching,
            cadence=levers.cadence,
            training=levers.training,
            ending=nature.ending_rate,
            gain=float(getattr(nature, gain_of(outcome))),
        )

    def made(self, base: Scenario) -> Scenario:
        """The scenario with what is chosen; ``ValueError`` where it cannot be.

        >>> Choices.of(Scenario(pairs=60), "visibility").made(Scenario()).pairs
        60
        """
        levers = replace(
            base.levers, matching=self.matching, cadence=self.cadence, training=self.training
        )
        gains: dict[str, float] = {gain_of(self.outcome): self.gain}
        return replace(
            base,
            pairs=self.pairs,
            comparison=self.comparison,
            nature=replace(base.nature, ending_rate=self.ending, **gains),
            levers=levers,
            design=replace(base.design, waves=self.waves),
        )


def sizes(scenario: Scenario, most: int = MOST) -> range:
    """Numbers of pairs that divide evenly over arms and sites, from the smallest worth a study.

    Where it does not divide evenly, chance decides which arm has one more, as no study plans it.
    At least ten are offered, even where that is more than ``most``.

    >>> sizes(Scenario())
    range(12, 401, 4)
    """
    step = even_step(scenario)
    least = -(-(ALONE if scenario.comparison == "none" else ARMS) // step) * step
    return range(least, max(most, 10 * step) + 1, step)


def surveys(scenario: Scenario) -> list[tuple[int, ...]]:
    """Months of surveys to choose from: as they are, and two to four over the programme or past it.

    >>> surveys(Scenario())
    [(0, 3, 6), (0, 6), (0, 2, 4, 6), (0, 3, 6, 12)]
    """
    end = scenario.levers.duration
    plans = [scenario.design.waves, (0, end), (0, end // 2, end)]
    plans += [(0, end // 3, 2 * end // 3, end), (0, end // 2, end, 2 * end)]
    rising = [one for one in plans if list(one) == sorted(set(one)) and one[-1] <= LONGEST]
    return list(dict.fromkeys([scenario.design.waves, *rising]))


def step_of(usual: float, fine: float, own: float) -> float:
    """The step of a slider: the usual one, or a finer one where it would miss the own value.

    >>> step_of(0.02, 0.01, 0.82), step_of(0.02, 0.01, 0.8137)
    (0.02, 0.01)
    """
    steps = own / usual
    return usual if abs(steps - round(steps)) < 1e-9 else fine


def nearest(values: Iterable[int], wanted: int) -> int:
    """The value next to the one wanted; of two as near, the larger.

    >>> nearest([12, 16, 20], 18)
    20
    """
    return min(values, key=lambda one: (abs(one - wanted), -one))
