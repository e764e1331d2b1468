"""Scenarios compared with one of them under the same luck: what is done, and what is found."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from rmresearch.errors import StudyError
from rmresearch.result import KEY
from rmresearch.study import Design
from rmresearch.whatif.paired import Difference, Paired
from rmresearch.whatif.plan import BLOCK_NUMBERS, Analysis, Plan, Task, plan
from rmresearch.whatif.run import Part, attempt
from rmresearch.whatif.sizes import alone, meant
from rmresearch.whatif.source import Cohorts, Source, named
from rmresearch.whatif.tally import AGAINST, Key, Moments, Tally
from rmresearch.whatif.workers import Lost, over

__all__ = ["Policies", "policies"]

#: cohorts of a batch, which is a block of its own, and how many batches an error is told from
BATCH, BATCHES = 50, 10
#: figures that are compared: `judge`'s name, the tally's column, whether it is held to a truth
FIGURES = (
    ("truth", "truth", True), ("mean", "value", False), ("bias", "error", True),
    ("coverage", "covers", True), ("rejects", "rejects", False),
    ("smallest_detectable", "smallest_detectable", False),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Policies:
    """What changes against the base: ``table``, a row a scenario, figure and truth held to."""

    base: str
    replicates: int
    level: float
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Full precision, columns always the same.

        ``figure`` is named as `judge` names it: "truth" (what the programme truly does), "mean"
        (what is found), "bias", "coverage", "rejects" (power, or the false-positive rate where
        the truth is 0), "smallest_detectable"; ``against`` is the truth that it is held to, ""
        for none. ``value`` is the scenario's, ``base`` the base's, ``difference`` the one less
        the other with its Monte Carlo ``error`` and the interval ``low`` to ``high``: what more
        replicates would narrow. ``failed`` and ``base_failed`` gave no estimate.
        """
        return self.table.copy()

    def ranked(self, figure: str, *, against: str = "latent") -> pd.DataFrame:
        """The scenarios by how far they move one figure, the furthest first: a tornado's rows.

        ``against`` is ignored by figures that are held to no truth. ``ValueError`` for a figure
        that is not there.
        """
        if figure not in set(self.table["figure"]):
            raise ValueError(
                f"figure is {figure!r}; expected one of {', '.join(self.table['figure'].unique())}"
            )
        rows = self.table[self.table["figure"].eq(figure)]
        rows = rows[rows["against"].isin([against, ""])]
        order = rows["difference"].abs().sort_values(ascending=False, kind="stable").index
        return rows.loc[order].reset_index(drop=True)

    def _repr_html_(self) -> str:
        line = (
            f"Against {self.base}, {self.replicates:,} cohorts each, under the same luck; "
            f"{self.level:.0%} Monte Carlo intervals of the differences."
        )
        shown = ["scenario", "figure", "against", "value", "base", "difference", "low", "high",
                 "failed", "base_failed"]  # fmt: skip
        table = self.table[shown].to_html(index=False, float_format=lambda x: f"{x:.3g}")
        return f"<p>{html.escape(line)}</p>{table}"


def policies(
    scenarios: object,
    analysis: Analysis,
    *,
    outcome: str | None = None,
    base: str | None = None,
    about: Mapping[str, str] | None = None,
    replicates: int = 2_000,
    seed: int,
    alpha: float = 0.05,
    level: float = 0.95,
    workers: int = 1,
    **options: Any,
) -> Policies:
    """What would change, truly and in what is found, were the programme or the study another?

    ``scenarios`` and ``analysis`` as for `sweep`; each scenario is compared with ``base``, the
    first unless another is named. ``about`` names the estimate meant, by fields of its key
    (``{"group": "programme"}``); each scenario's own last wave where the wave is left open.

    Scenarios share their luck, so that most differences are known far better than either figure;
    where they differ in shape (pairs, waves, cadence) luck is shared in part only. Cohorts come
    in batches of 50 that share nothing with one another, and the errors of the differences come
    from batches (t on batches less one), so they hold whatever is shared within. Memory does not
    grow with ``replicates``; the cost is ``replicates`` cohorts a scenario.

    Raises what `sweep` raises before any work; ``ValueError`` also where ``replicates`` is not a
    multiple of 50 from 500 on, where there is no scenario to compare, or ``base`` is none of them;
    ``StudyError`` where an estimate is not told apart, or a scenario cannot go on.

    >>> import rmresearch as rm
    >>> usual = rm.Gaussian(programme=8, comparison=8, people=1, effect=0.5)
    >>> sure = rm.Gaussian(programme=8, comparison=8, people=1, effect=0.8)
    >>> seen = rm.policies({"usual": usual, "sure": sure}, rm.compare_arms, outcome="score",
    ...                    replicates=500, seed=1).ranked("truth")
    >>> seen["scenario"].tolist(), seen["difference"].round(9).tolist()
    (['sure'], [0.3])
    """
    alone(analysis)
    _refuse(replicates, level)
    made = plan(
        [(name, _Batches(one)) for name, one in named(scenarios)],
        analysis,
        replicates=replicates,
        seed=seed,
        outcome=outcome,
        alpha=alpha,
        options=options,
    )
    first = _base(made, base)
    keys = {name: _meant(made, name, about or {}) for name in made.sources}
    with over(workers) as mapper:
        parts = mapper(partial(attempt, made), _tasks(made))
        seen, counted = _compared(parts, keys, first)
    rows = [
        row
        for name, pair in seen.items()
        for row in _rows(name, keys[name], pair, level, replicates, counted, first)
    ]
    return Policies(first, replicates, level, pd.DataFrame(rows))


def _refuse(replicates: object, level: float) -> None:
    if isinstance(replicates, bool) or not isinstance(replicates, int):
        raise TypeError(f"replicates is {replicates!r}; expected a whole number")
    if replicates < BATCH * BATCHES or replicates % BATCH:
        raise ValueError(
            f"replicates is {replicates}; expected a multiple of {BATCH} from {BATCH * BATCHES} on"
        )
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {level}")


@dataclass(frozen=True, slots=True)
class _Batches:
    """A source whose blocks hold a batch, whatever the size of its cohorts."""

    of: Source

    @property
    def design(self) -> Design:
        return self.of.design

    @property
    def size(self) -> int:
        return BLOCK_NUMBERS // BATCH

    def cohorts(self, replicates: int, seed: np.random.SeedSequence) -> Cohorts:
        return self.of.cohorts(replicates, seed)


def _base(made: Plan, base: str | None) -> str:
    names = list(made.sources)
    if len(names) < 2:
        raise ValueError("there is one scenario only, and nothing to compare it with")
    if base is not None and base not in names:
        raise ValueError(f"base is {base!r}; expected one of {', '.join(map(repr, names))}")
    return names[0] if base is None else base


def _meant(made: Plan, scenario: str, about: Mapping[str, str]) -> Key:
    """Which estimate of a scenario is compared, by a few of its cohorts."""
    task = next(replace(made, sources={scenario: made.sources[scenario]}).tasks())
    few = min(task.replicates, BATCH // 2)
    tally = _tally(attempt(made, replace(task, replicates=few)))
    try:
        return meant(tally.moments, about, made.sources[scenario].design)
    except StudyError as error:
        why = "".join(f" ({reason})" for reason in tally.failures)
        raise StudyError(f"nothing was run, because of {scenario}: {error}{why}") from None


def _tasks(made: Plan) -> Iterator[Task]:
    """Batch after batch, each of every scenario."""
    each = [
        groupby(replace(made, sources={name: one}).tasks(), key=lambda task: task.block)
        for name, one in made.sources.items()
    ]
    for batch in zip(*each, strict=True):
        for _, tasks in batch:
            yield from tasks


def _compared(
    parts: Any, keys: Mapping[str, Key], base: str
) -> tuple[dict[str, Paired], Counter[str]]:
    """Each scenario's differences from the base, and how many cohorts gave an estimate."""
    seen = {name: Paired() for name in keys if name != base}
    counted: Counter[str] = Counter()
    for _, batch in groupby(parts, key=lambda part: part.task.block):
        found: dict[str, Moments] = {}
        for part in batch:
            _add(found, part, keys)
        counted.update({name: int(one.n[0]) for name, one in found.items()})
        seen = {name: one.add(found.get(name), found.get(base)) for name, one in seen.items()}
    return seen, counted


def _add(found: dict[str, Moments], part: Part | Lost, keys: Mapping[str, Key]) -> None:
    name, tally = part.task.scenario, _tally(part)
    one = tally.moments.get(keys[name])
    if one is not None:
        found[name] = found[name].merge(one) if name in found else one


def _tally(part: Part | Lost) -> Tally:
    """The only analysis's, where the scenario could go on."""
    if isinstance(part, Lost):
        raise StudyError(
            f"{part.task.scenario} cannot go on, so nothing is compared: {part.reason}"
        )
    (tally,) = part.tallies.values()
    return tally


def _rows(
    name: str,
    key: Key,
    pair: Paired,
    level: float,
    replicates: int,
    counted: Mapping[str, int],
    base: str,
) -> Iterator[dict[str, Any]]:
    """A row a figure that there is of both."""
    for figure, column, held in FIGURES:
        for against in AGAINST if held else ("",):
            one = pair.difference(f"{column}, {against}" if held else column, level)
            if one is None:
                continue
            yield {
                "scenario": name,
                "figure": figure,
                "against": against,
                **dict(zip(KEY, key, strict=True)),
                **{part: getattr(one, part) for part in Difference.__slots__},
                "replicates": replicates,
                "failed": replicates - counted.get(name, 0),
                "base_failed": replicates - counted.get(base, 0),
            }
