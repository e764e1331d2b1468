"""A scenario: how many pairs, compared with whom, in which nature, with which levers and design."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from rmresearch.display.grid import folded, paragraph
from rmresearch.errors import kindly
from rmresearch.world.fields import (
    Coefficient,
    coefficient,
    coefficients,
    lowered,
    problems,
    short,
    table,
)
from rmresearch.world.instruments import FURTHER, INSTRUMENTS, JUNIOR, VISIBILITY, Instrument
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature

__all__ = ["Levers", "Nature", "Scenario", "Setting", "entries"]

Comparison = Literal["waitlist", "control", "pool", "none"]


@kindly
@dataclass(frozen=True, slots=True)
class Scenario:
    """A reverse-mentoring programme and the study around it, before chance has its say.

    ``pairs`` counts pairs over all arms, before assignment; ``sets`` of them share a senior in a
    group. ``comparison``: "waitlist" = matched pairs are randomised within their site, and the
    others wait; "control" = volunteers are randomised, and who is not chosen stays unpaired;
    "pool" = volunteers get the programme and are compared with unpaired people of the eligible
    pool; "none" = one group.
    Every coefficient of ``nature`` (what is), ``levers`` (what a programme chooses) and
    ``design`` (how it is studied) has a unit, a range and a source (docs/world.md).

    Raises ``ValueError`` naming every field with an impossible value and what would be legal.

    >>> one = Scenario(pairs=60, levers=Levers(cadence=4))
    >>> one
    Scenario(pairs=60, levers=Levers(cadence=4))
    >>> one.sets, one.programme_sets, one.programme_pairs, one.months
    (60, 30, 30, 6)
    >>> one.unpaired, one.randomised, one.stratified
    (False, True, True)
    >>> set(one.scales) <= set(one.scored), one.full_gain(one.scored[0]) > 0
    (True, True)
    """

    pairs: int = coefficient(48, "pairs over all arms", "pairs", (1, 10_000_000), "")
    comparison: Comparison = coefficient(  # noqa: RUF009 (makes a field)
        "waitlist",
        "whom the programme is compared with",
        "choice",
        ("waitlist", "control", "pool", "none"),
        "",
    )
    nature: Nature = field(default_factory=Nature)
    levers: Levers = field(default_factory=Levers)
    design: Setting = field(default_factory=Setting)

    def __repr__(self) -> str:
        return short(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    def __post_init__(self) -> None:
        found = problems("", self)
        for name, kind in (("nature", Nature), ("levers", Levers), ("design", Setting)):
            if not isinstance(getattr(self, name), kind):
                found.append(f"{name} is no {kind.__name__}; legal: {kind.__name__}(...)")
        lowered(found, "this scenario is impossible")
        lowered(self._combinations(), "this scenario is impossible")

    def _combinations(self) -> list[str]:
        return [text for text, wrong in combinations(self) if wrong]

    @property
    def sets(self) -> int:
        """How many seniors, each with their juniors: sets of pairs."""
        return self.pairs // self.levers.juniors

    @property
    def programme_sets(self) -> int:
        """How many sets get the programme (halves round up)."""
        if self.comparison == "none":
            return self.sets
        return int(self.sets * self.design.programme_share + 0.5)

    @property
    def programme_pairs(self) -> int:
        """How many pairs get the programme, where chance assigns pairs."""
        return self.programme_sets * self.levers.juniors

    @property
    def unpaired(self) -> bool:
        """Whether the people compared with have no partner."""
        return self.comparison in {"control", "pool"}

    @property
    def randomised(self) -> bool:
        """Whether chance decides who gets the programme."""
        return self.comparison in {"waitlist", "control"}

    @property
    def stratified(self) -> bool:
        """Whether chance decides within each site."""
        return self.randomised and self.design.unit == "pair"

    @property
    def months(self) -> int:
        """How many months are drawn: to the last wave."""
        return self.design.waves[-1]

    @property
    def scales(self) -> tuple[Instrument, ...]:
        """The scales that are asked."""
        return tuple(one for one in self.scored if one.outcome in self.design.instruments)

    @property
    def scored(self) -> tuple[Instrument, ...]:
        """The scales with true scores: the five by which the world goes, and further ones asked."""
        asked = (one for one in FURTHER if one.outcome in self.design.instruments)
        return (*INSTRUMENTS, *asked)

    def full_gain(self, scale: Instrument) -> float:
        """What full learning adds to somebody average on a self-rated scale, in SD."""
        full = float(getattr(self.nature, f"{scale.name}_gain"))
        if scale.side == JUNIOR:
            full *= self.levers.exchange
        if scale.name == VISIBILITY and self.levers.format == "team challenge":
            full *= math.exp(self.nature.challenge_on_visibility)
        return full


def as_html(scenario: Scenario) -> str:
    """The scenario in a notebook: what differs from the default, and everything to open."""
    every = entries(scenario)
    usual = {(one.block, one.name): one.value for one in entries(Scenario())}
    other = [one for one in every if one.value != usual[one.block, one.name]]
    head = f"{scenario.pairs:,} pairs, comparison {scenario.comparison}"
    shown = table("What differs from the default", other).to_html() if other else ""
    return (
        f"{paragraph(head)}{shown}{folded(f'All {len(every)} values', table('', every).to_html())}"
    )


def combinations(scenario: Scenario) -> Iterator[tuple[str, bool]]:
    """What cannot be together: a sentence, and whether it is the case."""
    levers, design = scenario.levers, scenario.design
    rules = levers.matching not in {"random", "self-selected"}
    yield (
        "levers.other_department is True with design.departments 1; legal: 2 or more "
        "departments, or other_department false",
        rules and levers.other_department and design.departments < 2,
    )
    yield (
        f"levers.level_gap is {levers.level_gap} with design.levels {design.levels}; legal: up to "
        f"{design.levels - 1}, or a longer ladder",
        levers.level_gap >= design.levels,
    )
    yield (
        f"pairs is {scenario.pairs} with levers.juniors {levers.juniors}; legal: a multiple of "
        f"{levers.juniors}, as every senior meets {levers.juniors} juniors",
        scenario.pairs % levers.juniors > 0,
    )
    yield (
        f"pairs is {scenario.pairs} with design.programme_share {design.programme_share}, "
        f"which leaves an arm empty; legal: enough pairs for one in each arm",
        scenario.comparison != "none" and not 0 < scenario.programme_sets < scenario.sets,
    )
    by_department = design.unit == "department"
    yield (
        f"design.unit is 'department' with comparison {scenario.comparison!r}; legal: "
        f"comparison 'waitlist', where departments are randomised",
        by_department and scenario.comparison != "waitlist",
    )
    yield (
        f"design.unit is 'department' with levers.matching {levers.matching!r} and "
        f"levers.other_department {levers.other_department}; legal: matching by rules, greedy or "
        f"optimal with other_department false, as pairs across departments would be in both arms",
        by_department and (levers.other_department or not rules),
    )
    yield (
        "design.unit is 'department' with design.departments 1; legal: 2 or more",
        by_department and design.departments < 2,
    )


def entries(scenario: Scenario) -> tuple[Coefficient, ...]:
    """Every coefficient of a scenario, with unit, range, evidence and source."""
    blocks = (
        ("", scenario),
        ("nature", scenario.nature),
        ("levers", scenario.levers),
        ("design", scenario.design),
    )
    return tuple(chain.from_iterable(coefficients(name, block) for name, block in blocks))
