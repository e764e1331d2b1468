"""Many simulated studies of each scenario, analysed and added up."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from rmresearch.whatif.plan import Analysis, Plan, Task, plan
from rmresearch.whatif.run import Part, run, trial
from rmresearch.whatif.tally import Tally

__all__ = ["Sweep", "sweep"]

#: applies a function to tasks and gives the parts back in the tasks' order, as ``map`` does
Map = Callable[[Callable[[Task], Part], Iterable[Task]], Iterable[Part]]


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What a sweep saw: its plan, and a tally by (scenario, analysis), for `judge`.

    ``estimates`` has every estimate of every replicate where ``keep`` asked for them, else None.
    """

    plan: Plan
    tallies: Mapping[tuple[str, str], Tally]
    estimates: pd.DataFrame | None

    @property
    def failures(self) -> pd.DataFrame:
        """How many replicates of which scenario gave no answer, and for what reason."""
        rows = [
            (*names, reason, count, tally.replicates)
            for names, tally in self.tallies.items()
            for reason, count in tally.failures.items()
        ]
        return pd.DataFrame(
            rows, columns=["scenario", "analysis", "reason", "failed", "replicates"]
        )

    def _repr_html_(self) -> str:
        line = (
            f"{', '.join(self.plan.analyses)} on {self.plan.replicates:,} replicates of each of "
            f"{len(self.plan.sources)} scenarios, seed {self.plan.seed}. Judge with judge(sweep)."
        )
        table = self.failures.to_html(index=False, escape=True) if len(self.failures) else ""
        return f"<p>{html.escape(line)}</p>{table}"


def sweep(
    scenarios: object,
    analysis: Analysis | Iterable[Analysis] | Mapping[str, Analysis],
    *,
    replicates: int,
    seed: int,
    outcome: str | None = None,
    alpha: float = 0.05,
    keep: bool = False,
    mapper: Map = map,
    **options: Any,
) -> Sweep:
    """What would an analysis find, were studies like these run again and again?

    ``scenarios`` is a `Scenario` or `Gaussian`, a list of them (named after what they differ in),
    a mapping of names to them, or a list of (name, scenario). ``analysis(study, outcome,
    **options)`` gives a `Result`; without ``outcome`` it is called with the study alone. Several,
    in a list or a mapping of names, see the same cohorts; ``functools.partial`` gives each
    options of its own. ``compare_arms`` and ``pre_post`` run on arrays and give their estimates
    of record; to have what stands beside them, wrap them in a function of your own, which gets
    one study after another.

    Cohort r of a scenario depends on ``seed`` and r only, not on how many are drawn nor on what
    else is swept over; scenarios of equal shape share their luck, so that their differences are
    sharper than either. ``alpha`` is the two-sided level at which a p-value counts. ``keep``
    keeps every estimate (memory then grows with replicates). ``mapper`` runs the tasks, in order.

    Refuses before any work: ``ValueError`` for an empty grid, two scenarios of one name or a
    wrong number, ``TypeError`` for what is no scenario or function, ``StudyError`` where the
    analysis cannot be fed by a scenario's design. A replicate in which the analysis raises
    ``StudyError`` or ``FitError`` counts as failed, under its reason.

    >>> import rmresearch as rm
    >>> done = rm.sweep(rm.Scenario(pairs=24), rm.pre_post, outcome="digital_skill",
    ...                 replicates=20, seed=1)
    >>> done.tallies["scenario", "pre_post"].replicates
    20
    """
    made = plan(
        scenarios,
        analysis,
        replicates=replicates,
        seed=seed,
        outcome=outcome,
        alpha=alpha,
        keep=keep,
        options=options,
    )
    trial(made)
    tallies = {(name, asked): Tally() for name in made.sources for asked in made.analyses}
    raw = []
    for part in mapper(partial(run, made), made.tasks()):
        for asked, tally in part.tallies.items():
            names = part.task.scenario, asked
            tallies[names] = tallies[names].merge(tally)
        if part.raw is not None:
            raw.append(part.raw)
    return Sweep(made, tallies, pd.concat(raw, ignore_index=True) if raw else None)
