"""One block of a sweep: draw its cohorts, ask the analysis, add up the answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rmresearch.analysis.base.batch import GIVEN, NUMBERS, Estimates, Flags
from rmresearch.analysis.base.fit import Student
from rmresearch.errors import FitError, StudyError
from rmresearch.result import KEY, Estimate, Result
from rmresearch.study import Outcome, Study
from rmresearch.whatif.plan import Asked, Plan, Task
from rmresearch.whatif.source import Cohorts, after
from rmresearch.whatif.tally import AGAINST, Key, Tally, counted, truth_of
from rmresearch.whatif.workers import Lost
from rmresearch.world.truth import TruthRow

__all__ = ["Part", "attempt", "run", "trial"]

#: the check by which `mixed_model` reports a singular fit; one that does not converge raises
ABOVE_ZERO = "variances above 0"
UNCONVERGED = "FitError: the model did not converge"
#: cohorts that are tried before an analysis without a kernel is refused
TRIALS = 3
#: scenarios between two lines about how far these trials are
OFTEN = 10
#: numbers in a reason differ from one replicate to the next, the reason does not
NUMBER = re.compile(r"\d[\d.,]*")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one task brings: a tally an analysis, and every estimate where the sweep keeps them."""

    task: Task
    tallies: Mapping[str, Tally]
    raw: pd.DataFrame | None = None


def run(plan: Plan, task: Task) -> Part:
    """Run one task of a plan: all its analyses on the same cohorts."""
    drawn = plan.sources[task.scenario].cohorts(task.skip + task.replicates, plan.stream(task))
    cohorts = after(drawn, task.skip)
    outcome = plan.outcomes[task.scenario]
    # an analysis of the user's own may estimate what it likes; those with a kernel what is asked
    known = outcome is not None and all(asked.kernel for asked in plan.analyses.values())
    truths = truth_of(cohorts.truths(outcome.name if outcome and known else None))
    tallies, raw = {}, []
    for name, asked in plan.analyses.items():
        found, left = _on_arrays(asked, cohorts, outcome, task.replicates)
        unanswered = _unanswered(asked, found, ~left)
        others, failures = _on_studies(asked, cohorts, outcome, left)
        failures |= unanswered
        for key, one in others.items():
            found[key] = found[key].otherwise(one) if key in found else one
        moments = {key: counted(one, truths.get(key), plan.alpha) for key, one in found.items()}
        tallies[name] = Tally(task.replicates, failures, moments)
        raw += _kept(task, name, found, truths) if plan.keep else []
    return Part(task, tallies, pd.concat(raw, ignore_index=True) if raw else None)


def attempt(plan: Plan, task: Task) -> Part | Lost:
    """`run`, or the reason why the scenario cannot go on: one that fails takes no other along."""
    try:
        return run(plan, task)
    except Exception as error:  # whatever a user's analysis or source raises
        return Lost(task, f"{type(error).__name__}: {error}")


def trial(plan: Plan, say: Callable[[str], None] | None = None) -> None:
    """Ask the first cohorts of each scenario; ``StudyError`` where an analysis can take none."""
    wrong = []
    slow = {name: asked for name, asked in plan.analyses.items()
            if asked.kernel is None or asked.kernel.tried}  # fmt: skip
    firsts = (task for task in plan.tasks() if slow and task.index == 0)
    for number, task in enumerate(firsts, 1):
        if say and number % OFTEN == 0:
            say(f"tried the first cohorts of {number:,} of {len(plan.sources):,} scenarios")
        few, outcome = min(TRIALS, task.replicates), plan.outcomes[task.scenario]
        cohorts = plan.sources[task.scenario].cohorts(few, plan.stream(task))
        for name, asked in slow.items():
            if not _on_arrays(asked, cohorts, outcome, few)[1].all():
                continue
            answers = [_answer(asked, cohorts.study(r), outcome) for r in range(few)]
            if not any(isinstance(answer, Result) for answer in answers):
                wrong.append(f"{task.scenario}, {name}: {answers[0]}")
    if wrong:
        raise StudyError("nothing was run, because " + "; ".join(wrong))


def _on_arrays(
    asked: Asked, cohorts: Cohorts, outcome: Outcome | None, replicates: int
) -> tuple[dict[Key, Estimates], Flags]:
    """What the analysis has on arrays, and which replicates are left to it."""
    kernel = asked.kernel
    panel = cohorts.panel(outcome) if kernel is not None and outcome is not None else None
    if kernel is None or panel is None:
        return {}, np.ones(replicates, bool)
    answers, clear = kernel.answer(panel, asked.options)
    return {one.key: one.placed(clear) for one in answers}, ~clear


def _unanswered(asked: Asked, found: Mapping[Key, Estimates], here: Flags) -> dict[str, int]:
    """How many of the replicates that arrays answered have no estimate, and for which reason."""
    lost, some = np.zeros(len(here), bool), ~here
    for one in found.values():
        lost |= one.converged == 0
        some |= np.isfinite(one.value)
    nothing = asked.kernel.nothing if asked.kernel is not None else ""
    counts = {UNCONVERGED: int(lost.sum()), f"FitError: {nothing}": int((~some & ~lost).sum())}
    return {reason: count for reason, count in counts.items() if count}


def _answer(asked: Asked, study: Study, outcome: Outcome | None) -> Result | str:
    """The analysis of one study, or the reason why there is none."""
    given = (study,) if outcome is None else (study, outcome.name)
    try:
        result = asked.analysis(*given, **asked.options)
    except (FitError, StudyError) as error:
        return f"{type(error).__name__}: {NUMBER.sub('#', str(error))}"
    if not isinstance(result, Result):
        raise TypeError(
            f"the analysis answered with {type(result).__name__}; a sweep needs a Result"
        )
    return result


def _on_studies(
    asked: Asked, cohorts: Cohorts, outcome: Outcome | None, left: Flags
) -> tuple[dict[Key, Estimates], dict[str, int]]:
    """Study after study: the estimates by key, and how many gave none for which reason."""
    failures: Counter[str] = Counter()
    found: dict[Key, dict[int, dict[str, float]]] = {}
    levels: dict[Key, float] = {}
    terms = None if asked.kernel is None else asked.kernel.terms
    for r in np.flatnonzero(left).tolist():
        answer = _answer(asked, cohorts.study(r), outcome)
        if isinstance(answer, str):
            failures[answer] += 1
            continue
        checks = {check.name: float(check.passed) for check in answer.checks}
        for one in answer.estimates:
            if one.value is not None and (terms is None or one.term in terms):
                levels[one.key] = one.level
                found.setdefault(one.key, {})[r] = _numbers(one, checks)
    stacked = {key: _stacked(key, levels[key], rows, len(left)) for key, rows in found.items()}
    return stacked, dict(failures)


def _stacked(
    key: Key, level: float, rows: Mapping[int, Mapping[str, float]], replicates: int
) -> Estimates:
    """Estimates of some replicates, by number, at their places among all."""
    numbers = {name: np.array([row[name] for row in rows.values()]) for name in NUMBERS}
    flags = {name: np.array([row[name] for row in rows.values()], bool) for name in GIVEN}
    where = np.isin(np.arange(replicates), list(rows))
    return Estimates(key, level, **numbers, **flags).placed(where)


def _numbers(one: Estimate, checks: Mapping[str, float]) -> dict[str, float]:
    """An estimate's numbers; p and interval that it withholds follow from its se and df."""
    p, low, high = one.p, one.low, one.high
    if one.se is not None and one.df is not None:
        plain = Student(float(one.value or 0.0), one.se, one.df)
        p = plain.p if p is None else p
        low, high = plain.interval(one.level) if low is None else (low, high)
    known = {"value": one.value, "se": one.se, "df": one.df, "p": p, "low": low, "high": high}
    return {
        **{name: np.nan if number is None else number for name, number in known.items()},
        "converged": np.nan,
        "singular": 1.0 - checks.get(ABOVE_ZERO, np.nan),
        "gives_se": one.se is not None,
        "gives_interval": one.low is not None and one.high is not None,
        "gives_p": one.p is not None,
    }


def _kept(
    task: Task, analysis: str, found: Mapping[Key, Estimates], truths: Mapping[Key, TruthRow]
) -> list[pd.DataFrame]:
    """Every estimate, one row a replicate and key."""
    parts = []
    for key, one in found.items():
        truth = truths.get(key)
        columns: dict[str, Any] = {"scenario": task.scenario, "analysis": analysis}
        columns["replicate"] = np.arange(task.first, task.first + task.replicates)
        columns |= dict(zip(KEY, key, strict=True))
        columns |= {name: getattr(one, name) for name in (*NUMBERS, *GIVEN)}
        columns |= {name: np.nan if truth is None else getattr(truth, name) for name in AGAINST}
        parts.append(pd.DataFrame(columns))
    return parts
