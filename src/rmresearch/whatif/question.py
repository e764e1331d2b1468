"""A what-if question: its scenarios, its analyses, and how it is swept."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import rmresearch
from rmresearch.result import Result
from rmresearch.whatif.budget import Prices
from rmresearch.whatif.claims import CLAIMS
from rmresearch.whatif.plan import Plan, plan
from rmresearch.world.scenario import Scenario

__all__ = ["START", "Ask", "Money", "Need", "SweepFile", "Variant", "known_analyses", "said"]

#: what a design is called whose levers stand where the start has them
START = "as it stands"


@dataclass(frozen=True, slots=True)
class Ask:
    """An analysis as the file asks for it: which, its options, and which estimate is drawn."""

    analysis: str
    options: Mapping[str, Any] = field(default_factory=dict)
    estimate: Mapping[str, str] = field(default_factory=dict)

    @property
    def call(self) -> Callable[..., Result]:
        """The function with its options, as `sweep` takes it."""
        return partial(known_analyses()[self.analysis], **self.options)


@dataclass(frozen=True, slots=True)
class Variant:
    """A scenario of a sweep with what makes it differ from the others.

    ``named`` is its name in [[scenarios]], "" where there is none, and ``changes`` what it changes
    there; ``swept`` has the values of the grid. Both by dotted name.
    """

    named: str
    changes: Mapping[str, Any]
    swept: Mapping[str, Any]
    scenario: Scenario

    @property
    def name(self) -> str:
        """What the sweep calls it: "wait-list, pairs 24"."""
        values = ", ".join(f"{name} {said(value)}" for name, value in self.swept.items())
        return ", ".join(part for part in (self.named, values) if part) or "scenario"


@dataclass(frozen=True, slots=True)
class Money:
    """What is asked of each of some designs: how certain an answer these budgets buy."""

    budgets: tuple[float, ...]
    prices: Prices
    currency: str
    replicates: int
    designs: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """What is asked of each of some designs: how many pairs until ``power`` is reached."""

    power: float
    bounds: tuple[int, int]
    replicates: int
    designs: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class SweepFile:
    """A sweep as its file declares it; complete and possible when it is made.

    ``against`` names the design that each other one is compared with; ``pulled`` says that each
    changes one lever of the start.
    """

    question: str
    outcome: str
    replicates: int
    seed: int
    alpha: float
    base: Scenario
    variants: tuple[Variant, ...]
    analyses: Mapping[str, Ask]
    against: Mapping[str, str] = field(default_factory=dict)
    pulled: bool = False
    money: Money | None = None
    need: Need | None = None

    @property
    def first(self) -> Ask:
        """The analysis that money and required pairs are about."""
        return next(iter(self.analyses.values()))

    @property
    def given(self) -> dict[str, Any]:
        """What `sweep` takes, by the names of its arguments."""
        return {
            "scenarios": [(one.name, one.scenario) for one in self.variants],
            "analysis": {name: ask.call for name, ask in self.analyses.items()},
            "replicates": self.replicates,
            "seed": self.seed,
            "outcome": self.outcome,
            "alpha": self.alpha,
        }

    def plan(self) -> Plan:
        """The plan of the sweep; ``StudyError`` where a design cannot feed an analysis."""
        given = self.given
        return plan(given.pop("scenarios"), given.pop("analysis"), **given)


def known_analyses() -> dict[str, Callable[..., Result]]:
    """What a sweep file can ask for: the public analyses of an outcome, and readings of them."""
    home = {name: rmresearch._HOME[name] for name in rmresearch.__all__ if name in rmresearch._HOME}
    public = {
        name: getattr(rmresearch, name)
        for name, module in home.items()
        if module.startswith("analysis.")
    }
    return {**{name: one for name, one in public.items() if _of_outcome(one)}, **CLAIMS}


def _of_outcome(function: Callable[..., Result]) -> bool:
    return list(inspect.signature(function).parameters)[:2] == ["study", "outcome"]


def said(value: Any) -> str:
    """A lever's value within a name.

    >>> said(True), said([0, 6]), said(0.5)
    ('yes', '0 6', '0.5')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list) else f"{value}"
