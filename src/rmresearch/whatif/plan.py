"""What a sweep will do, before it does anything: scenarios, analyses, blocks and seeds."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from rmresearch.analysis import arms, change, dyads, match, mixed
from rmresearch.analysis.arms import batch as arms_batch
from rmresearch.analysis.arms import tempting
from rmresearch.analysis.base.batch import Kernel
from rmresearch.analysis.base.events import EVENTS, entry
from rmresearch.analysis.change import batch as change_batch
from rmresearch.analysis.dyads import batch as dyads_batch
from rmresearch.analysis.match import batch as match_batch
from rmresearch.analysis.mixed import batch as mixed_batch
from rmresearch.errors import StudyError
from rmresearch.result import Result
from rmresearch.study import Design, Outcome
from rmresearch.whatif import claims
from rmresearch.whatif.given import number, share, whole
from rmresearch.whatif.source import Source, named

__all__ = ["Analysis", "Asked", "Plan", "Task", "plan"]

Analysis = Callable[..., Result]

#: a block holds about so many numbers and at most so many replicates; both belong to the seed
#: contract: another value would draw other cohorts
BLOCK_NUMBERS, BLOCK_REPLICATES = 1_000_000, 2_000
#: cohorts in a task where they are analysed one by one, so that a task takes about a second
ONE_BY_ONE = 25
#: analyses that have a kernel on arrays
KERNELS: Mapping[Analysis, Kernel] = {
    arms.compare_arms: arms_batch.KERNEL,
    tempting.beside_record: tempting.KERNEL,
    change.pre_post: change_batch.KERNEL,
    mixed.mixed_model: mixed_batch.KERNEL,
    match.match_quality: match_batch.KERNEL,
    dyads.dyadic: dyads_batch.KERNEL,
    **claims.KERNELS,
}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """An analysis with the options that it is asked with."""

    analysis: Analysis
    options: Mapping[str, Any]

    @property
    def kernel(self) -> Kernel | None:
        """The analysis on arrays, where it has that and takes the options given."""
        kernel = KERNELS.get(self.analysis)
        return kernel if kernel is not None and set(self.options) <= kernel.options else None

    @property
    def needs_outcome(self) -> bool:
        """Whether the analysis cannot be called with a study alone."""
        needed = inspect.signature(self.analysis).parameters.get("outcome")
        return needed is not None and needed.default is inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Task:
    """Some cohorts of one block of one scenario, the scenario's task number ``index``.

    They are ``replicates`` cohorts after the block's first ``skip``; ``first`` is the number of
    the first of them among all.
    """

    scenario: str
    index: int
    block: int
    skip: int
    first: int
    replicates: int


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A sweep before it runs. ``outcomes`` holds each scenario's outcome, None where not asked."""

    sources: Mapping[str, Source]
    analyses: Mapping[str, Asked]
    outcomes: Mapping[str, Outcome | None]
    replicates: int
    seed: int
    alpha: float
    keep: bool

    def tasks(self) -> Iterator[Task]:
        """Scenario after scenario, block after block, part after part where cohorts take time."""
        slow = any(asked.kernel is None for asked in self.analyses.values())
        for name, one in self.sources.items():
            size = max(1, min(BLOCK_REPLICATES, BLOCK_NUMBERS // max(one.size, 1)))
            step, index = min(size, ONE_BY_ONE) if slow else size, count()
            for block, start in enumerate(range(0, self.replicates, size)):
                own = min(size, self.replicates - start)
                for skip in range(0, own, step):
                    yield Task(name, next(index), block, skip, start + skip, min(step, own - skip))

    def stream(self, task: Task) -> np.random.SeedSequence:
        """The randomness of a block: of the block alone, so that scenarios share their luck."""
        return np.random.SeedSequence(self.seed, spawn_key=(task.block,))


def plan(
    scenarios: object,
    analysis: object,
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
    whole("replicates", replicates, least=1)
    whole("seed", seed, least=0)
    share("alpha", alpha)
    if outcome is not None and not isinstance(outcome, str):
        raise TypeError(f"outcome is {outcome!r}; expected the name of an outcome")
    if not isinstance(keep, bool):
        raise TypeError(f"keep is {keep!r}; expected True or False")
    listed, analyses = named(scenarios), _analyses(analysis, options or {})
    _distinct("scenario", [name for name, _ in listed])
    _distinct("analysis", [name for name, _ in analyses])
    _levels(analyses)
    return Plan(
        sources=dict(listed),
        analyses=dict(analyses),
        outcomes=_outcomes(listed, [asked for _, asked in analyses], outcome),
        replicates=replicates,
        seed=seed,
        alpha=alpha,
        keep=keep,
    )


def _analyses(given: object, options: Mapping[str, Any]) -> list[tuple[str, Asked]]:
    """Analyses with their names: a mapping brings them, a function has one."""
    if isinstance(given, Mapping):
        listed = [(str(name), one) for name, one in given.items()]
    else:
        several = isinstance(given, Iterable) and not isinstance(given, str)
        listed = [("", one) for one in (given if several else [given])]  # type: ignore[attr-defined]
    found = []
    for name, one in listed:
        function, own = (one.func, one.keywords) if isinstance(one, partial) else (one, {})
        if not callable(function) or (isinstance(one, partial) and one.args):
            raise TypeError(f"analysis is {one!r}; expected a function of a study and an outcome")
        found.append(
            (name or getattr(function, "__name__", "analysis"), Asked(function, {**own, **options}))
        )
    return found


def _levels(analyses: list[tuple[str, Asked]]) -> None:
    """Refuse an interval's level that the package's own analyses could only refuse each time."""
    for name, asked in analyses:
        level = asked.options.get("level", 0.95)
        if asked.kernel is None:
            continue
        number(f"level of {name}", level, "a number between 0 and 1")
        if not 0.0 < level < 1.0:
            raise ValueError(f"level of {name} is {level}; expected a number between 0 and 1")


def _distinct(what: str, names: list[str]) -> None:
    if not names:
        raise ValueError(f"there is no {what} to sweep over: the grid is empty")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(
            f"more than one {what} is called {', '.join(map(repr, twice))}: give each a name of "
            f"its own, or leave out those that are the same"
        )


def _outcomes(
    listed: list[tuple[str, Source]], analyses: list[Asked], outcome: str | None
) -> dict[str, Outcome | None]:
    """Each scenario's outcome; refuses what none of its cohorts has, or an analysis cannot take."""
    if outcome is None:
        if any(asked.needs_outcome for asked in analyses):
            names = [one.name for _, source in listed[:1] for one in source.design.outcomes]
            raise TypeError(f"outcome= is needed, one of {', '.join(names)}")
        return {name: None for name, _ in listed}
    found: dict[str, Outcome | None] = {}
    wrong = []
    kernels = [
        one for one in dict.fromkeys(KERNELS.get(asked.analysis) for asked in analyses) if one
    ]
    for name, source in listed:
        design = source.design  # made at each look: of ten thousand scenarios once is enough
        try:
            found[name] = mine = _entry(design, outcome, recorded=not kernels)
            for kernel in kernels:
                kernel.refuse(design, mine)
        except StudyError as error:
            wrong.append(f"{name}: {error}")
    _lowered(wrong)
    return found


def _entry(design: Design, outcome: str, *, recorded: bool) -> Outcome:
    """The outcome that is asked about: declared, or where ``recorded`` a kind of record too."""
    declared = [one.name for one in design.outcomes]
    if recorded:
        return entry(design, outcome)
    if outcome in EVENTS and outcome not in declared:
        raise StudyError(
            f"{outcome!r} is recorded, not asked, so it has no scores: sweep it with "
            f"workforce_outcomes alone, or ask about {', '.join(declared)}"
        )
    return design.outcome(outcome)


def _lowered(wrong: list[str]) -> None:
    if wrong:
        raise StudyError("nothing was run, because " + "; ".join(wrong))
