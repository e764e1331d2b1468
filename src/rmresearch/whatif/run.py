"""One block of a sweep: draw its cohorts, ask the analysis, add up the answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rmresearch.analysis.base.batch import Estimates
from rmresearch.analysis.base.fit import Student
from rmresearch.errors import FitError, StudyError
from rmresearch.result import KEY, Estimate, Result
from rmresearch.whatif.plan import Plan, Task
from rmresearch.whatif.source import Cohorts
from rmresearch.whatif.tally import AGAINST, Key, Tally, counted, truth_of
from rmresearch.world.truth import TruthRow

__all__ = ["Part", "run", "trial"]

#: checks by which an analysis reports how its model's search ended, and whether that is the case
CONVERGED, SINGULAR = "model converged", "no variance at zero"
#: cohorts that are tried before an analysis without a kernel is refused
TRIALS = 3
#: numbers in a reason differ from one replicate to the next, the reason does not
NUMBER = re.compile(r"\d[\d.,]*")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one task brings: its tally, and every estimate where the sweep keeps them."""

    task: Task
    tally: Tally
    raw: pd.DataFrame | None = None


def run(plan: Plan, task: Task) -> Part:
    """Run one task of a plan."""
    source, outcome = plan.sources[task.scenario], plan.outcomes[task.scenario]
    cohorts = source.cohorts(task.replicates, plan.stream(task))
    found: dict[Key, Estimates] = {}
    left = np.ones(task.replicates, bool)
    if plan.kernel is not None and outcome is not None:
        panel = cohorts.panel(outcome)
        if panel is not None:
            answers, clear = plan.kernel.kernel(panel, plan.options)
            left = ~clear
            for one in answers:
                whole = Estimates.none(one.key, one.level, task.replicates)
                whole.put(clear, one)
                found[one.key] = whole
    failures = _asked(plan, task, cohorts, np.flatnonzero(left), found)
    truths = truth_of(cohorts.truths())
    moments = {key: counted(one, truths.get(key), plan.alpha) for key, one in found.items()}
    raw = _kept(task, found, truths) if plan.keep else None
    return Part(task, Tally(task.replicates, failures, moments), raw)


def trial(plan: Plan) -> None:
    """Ask the first cohorts of each scenario; ``StudyError`` where an analysis can take none."""
    wrong = []
    for task in plan.tasks():
        if task.block == 0 and plan.kernel is None:
            few = min(TRIALS, task.replicates)
            cohorts = plan.sources[task.scenario].cohorts(few, plan.stream(task))
            reasons = [_answer(plan, task, cohorts.study(r)) for r in range(few)]
            if not any(isinstance(reason, Result) for reason in reasons):
                wrong.append(f"{task.scenario}: {reasons[0]}")
    if wrong:
        raise StudyError("nothing was run, because " + "; ".join(wrong))


def _answer(plan: Plan, task: Task, study: Any) -> Result | str:
    """The analysis of one study, or the reason why there is none."""
    outcome = plan.outcomes[task.scenario]
    asked = (study,) if outcome is None else (study, outcome.name)
    try:
        result = plan.analysis(*asked, **plan.options)
    except (FitError, StudyError) as error:
        return f"{type(error).__name__}: {NUMBER.sub('#', str(error))}"
    if not isinstance(result, Result):
        raise TypeError(
            f"the analysis answered with {type(result).__name__}; a sweep needs a Result"
        )
    return result


def _asked(
    plan: Plan, task: Task, cohorts: Cohorts, replicates: Iterable[int], found: dict[Key, Estimates]
) -> dict[str, int]:
    """Study after study: the answers go into ``found``, the reasons for none are counted."""
    failures: Counter[str] = Counter()
    for r in replicates:
        answer = _answer(plan, task, cohorts.study(int(r)))
        if isinstance(answer, str):
            failures[answer] += 1
            continue
        here = np.arange(task.replicates) == r
        checks = {check.name: float(check.passed) for check in answer.checks}
        for one in answer.estimates:
            if one.value is not None:
                form = Estimates.none(one.key, one.level, task.replicates)
                found.setdefault(one.key, form).put(here, _single(one, checks))
    return dict(failures)


def _single(one: Estimate, checks: Mapping[str, float]) -> Estimates:
    """An estimate as a batch of one; what it withholds is worked out from its se and df."""
    p, low, high = one.p, one.low, one.high
    if one.se is not None and one.df is not None:
        plain = Student(float(one.value or 0.0), one.se, one.df)
        p = plain.p if p is None else p
        low, high = plain.interval(one.level) if low is None else (low, high)
    made = Estimates.none(one.key, one.level, 1)
    numbers = {"value": one.value, "se": one.se, "df": one.df, "p": p, "low": low, "high": high}
    for name, number in numbers.items():
        getattr(made, name)[0] = np.nan if number is None else number
    made.gives_se[0] = one.se is not None
    made.gives_interval[0] = one.low is not None and one.high is not None
    made.gives_p[0] = one.p is not None
    made.converged[0] = checks.get(CONVERGED, np.nan)
    made.singular[0] = 1.0 - checks.get(SINGULAR, np.nan)
    return made


def _kept(
    task: Task, found: Mapping[Key, Estimates], truths: Mapping[Key, TruthRow]
) -> pd.DataFrame:
    """Every estimate, one row a replicate and key."""
    parts = []
    for key, one in found.items():
        truth = truths.get(key)
        columns: dict[str, Any] = {"scenario": task.scenario}
        columns["replicate"] = np.arange(task.first, task.first + task.replicates)
        columns |= dict(zip(KEY, key, strict=True))
        for name in ("value", "se", "df", "p", "low", "high", "gives_se", "gives_interval",
                     "gives_p"):  # fmt: skip
            columns[name] = getattr(one, name)
        columns |= {name: np.nan if truth is None else getattr(truth, name) for name in AGAINST}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
