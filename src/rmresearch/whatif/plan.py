"""What a sweep will do, before it does anything: scenarios, blocks and seeds."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rmresearch.analysis import arms, change
from rmresearch.analysis.arms import batch as arms_batch
from rmresearch.analysis.base.batch import Kernel
from rmresearch.analysis.change import batch as change_batch
from rmresearch.errors import StudyError
from rmresearch.result import Result
from rmresearch.study import Outcome
from rmresearch.whatif.source import Source, named

__all__ = ["Analysis", "Plan", "Task", "plan"]

Analysis = Callable[..., Result]

#: a block holds about so many numbers and at most so many replicates; both belong to the seed
#: contract: another value would draw other cohorts
BLOCK_NUMBERS, BLOCK_REPLICATES = 1_000_000, 2_000
#: analyses that have a kernel on arrays
KERNELS: Mapping[Analysis, Kernel] = {
    arms.compare_arms: arms_batch.KERNEL,
    change.pre_post: change_batch.KERNEL,
}


@dataclass(frozen=True, slots=True)
class Task:
    """One block of one scenario: ``replicates`` cohorts, the first of them number ``first``."""

    scenario: str
    block: int
    first: int
    replicates: int


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A sweep before it runs. ``outcomes`` holds each scenario's outcome, None where not asked."""

    sources: Mapping[str, Source]
    analysis: Analysis
    outcomes: Mapping[str, Outcome | None]
    options: Mapping[str, Any]
    replicates: int
    seed: int
    alpha: float
    keep: bool

    @property
    def kernel(self) -> Kernel | None:
        """The analysis on arrays, where it has that and takes the options given."""
        kernel = KERNELS.get(self.analysis)
        return kernel if kernel is not None and set(self.options) <= kernel.options else None

    def tasks(self) -> Iterator[Task]:
        """Scenario after scenario, block after block."""
        for name, one in self.sources.items():
            size = max(1, min(BLOCK_REPLICATES, BLOCK_NUMBERS // max(one.size, 1)))
            for block, first in enumerate(range(0, self.replicates, size)):
                yield Task(name, block, first, min(size, self.replicates - first))

    def stream(self, task: Task) -> np.random.SeedSequence:
        """The randomness of a block: of the block alone, so that scenarios share their luck."""
        return np.random.SeedSequence(self.seed, spawn_key=(task.block,))


def plan(
    scenarios: object,
    analysis: Analysis,
    *,
    replicates: int,
    seed: int,
    outcome: str | None = None,
    alpha: float = 0.05,
    keep: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Plan:
    """Expand a sweep without running it; arguments as `sweep` takes them.

    Refuses, all problems at once, what could only fail: ``ValueError`` or ``TypeError`` for wrong
    arguments, ``StudyError`` for an analysis that a scenario's design cannot feed.
    """
    _whole("replicates", replicates, least=1)
    _whole("seed", seed, least=0)
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")
    if not callable(analysis):
        raise TypeError(f"analysis is {type(analysis).__name__}; expected a function of a study")
    listed = named(scenarios)
    _distinct([name for name, _ in listed])
    made = Plan(
        sources=dict(listed),
        analysis=analysis,
        outcomes=_outcomes(listed, analysis, outcome),
        options=dict(options or {}),
        replicates=replicates,
        seed=seed,
        alpha=alpha,
        keep=keep,
    )
    _feedable(made)
    return made


def _whole(name: str, value: object, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} is {value!r}; expected a whole number")
    if value < least:
        raise ValueError(f"{name} is {value}; expected {least} or more")


def _distinct(names: list[str]) -> None:
    if not names:
        raise ValueError("there is no scenario to sweep over: the grid is empty")
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise ValueError(
            f"several scenarios are called {', '.join(map(repr, twice))}: give each a name of its "
            f"own, or leave out those that are the same"
        )


def _outcomes(
    listed: list[tuple[str, Source]], analysis: Analysis, outcome: str | None
) -> dict[str, Outcome | None]:
    """Each scenario's outcome, or what none of its cohorts has."""
    if outcome is None:
        needed = inspect.signature(analysis).parameters.get("outcome")
        if needed is not None and needed.default is inspect.Parameter.empty:
            names = [one.name for _, source in listed[:1] for one in source.design.outcomes]
            raise TypeError(f"outcome= is needed, one of {', '.join(names)}")
        return {name: None for name, _ in listed}
    found: dict[str, Outcome | None] = {}
    wrong = []
    for name, one in listed:
        try:
            found[name] = one.design.outcome(outcome)
        except StudyError as error:
            wrong.append(f"{name}: {error}")
    _lowered(wrong)
    return found


def _feedable(made: Plan) -> None:
    kernel = KERNELS.get(made.analysis)
    if kernel is None:
        return
    wrong = []
    for name, one in made.sources.items():
        outcome = made.outcomes[name]
        if outcome is not None:
            try:
                kernel.refuse(one.design, outcome)
            except StudyError as error:
                wrong.append(f"{name}: {error}")
    _lowered(wrong)


def _lowered(wrong: list[str]) -> None:
    if wrong:
        raise StudyError("nothing was run, because " + "; ".join(wrong))
