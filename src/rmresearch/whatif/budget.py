"""What certainty a budget buys."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import pandas as pd

from rmresearch.errors import StudyError
from rmresearch.result import KEY
from rmresearch.whatif.judge import judge
from rmresearch.whatif.plan import Analysis
from rmresearch.whatif.sizes import Sized, alone, meant, resized, step_of
from rmresearch.whatif.sweep import sweep
from rmresearch.whatif.tally import Key

__all__ = ["Bought", "Budget", "budget"]

#: figures of a judgement that tell certainty, each with its Monte Carlo error: name, `judge`'s name
FIGURES = {
    "power": "rejects",
    "standard_error": "empirical_se",
    "smallest_detectable": "smallest_detectable",
    "coverage": "coverage",
}


@dataclass(frozen=True, slots=True)
class Bought:
    """What one budget buys: ``pairs`` for ``spent``, and how certain an answer they give.

    ``power`` is the share of cohorts with p < alpha among those that answered, ``standard_error``
    the estimates' own spread, ``smallest_detectable`` the effect found with a chance of .8,
    ``coverage`` that of the interval for what is truly there (None without a truth); each with
    its Monte Carlo ``_error``. ``failed`` of ``replicates`` gave no estimate.
    """

    budget: float
    pairs: int
    spent: float
    power: float | None
    power_error: float | None
    standard_error: float | None
    standard_error_error: float | None
    smallest_detectable: float | None
    smallest_detectable_error: float | None
    coverage: float | None
    coverage_error: float | None
    failed: int
    replicates: int


@dataclass(frozen=True, slots=True)
class Budget:
    """Cost against certainty: what each budget buys, and of which estimate (`Estimate.key`)."""

    key: Key
    alpha: float
    bought: tuple[Bought, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row a budget, full precision, columns always the same (`Bought`)."""
        return pd.DataFrame([asdict(one) for one in self.bought])

    def _repr_html_(self) -> str:
        about = ", ".join(part for part in self.key if part)
        line = f"What each budget buys, at the {self.alpha:g} level: {about}."
        frame = self.to_frame().dropna(axis="columns", how="all")
        table = frame.to_html(index=False, float_format=lambda x: f"{x:,.3g}")
        return f"<p>{html.escape(line)}</p>{table}"


def budget(
    scenario: Sized,
    analysis: Analysis,
    *,
    budgets: Sequence[float],
    per_pair: float,
    fixed: float = 0.0,
    outcome: str | None = None,
    about: Mapping[str, str] | None = None,
    replicates: int = 1_000,
    seed: int,
    alpha: float = 0.05,
    workers: int = 1,
    **options: Any,
) -> Budget:
    """How certain an answer does a budget buy?

    Each of ``budgets`` pays ``fixed`` and then ``per_pair`` for as many pairs of the scenario (a
    `Scenario`, or a `Gaussian` whose arms keep their proportion) as it has room for; all in one
    currency. ``replicates`` studies of each size are simulated and analysed as `sweep` does it;
    the cost is ``replicates`` cohorts for each number of pairs. ``about`` names the estimate
    meant, by fields of its key; the last wave's where the wave is left open.

    Raises ``TypeError`` for what has no number of pairs; ``ValueError``, all problems at once,
    for impossible money and budgets that buy no study; ``StudyError`` as `sweep` does, and where
    an estimate is not told apart.

    >>> import rmresearch as rm
    >>> design = rm.Gaussian(programme=10, people=1, drift=0.6)
    >>> bought = rm.budget(design, rm.pre_post, outcome="score", budgets=[9_000, 17_000],
    ...                    per_pair=800, fixed=1_000, replicates=200, seed=1)
    >>> bought.to_frame()[["budget", "pairs", "spent"]].values.tolist()
    [[9000.0, 10.0, 9000.0], [17000.0, 20.0, 17000.0]]
    """
    alone(analysis)
    sizes = _sizes(scenario, budgets, per_pair, fixed)
    names = {pairs: f"{pairs:,} pairs" for pairs in dict.fromkeys(sizes)}
    done = sweep(
        {name: resized(scenario, pairs) for pairs, name in names.items()},
        analysis,
        outcome=outcome,
        replicates=replicates,
        seed=seed,
        alpha=alpha,
        workers=workers,
        **options,
    )
    if done.broken:
        name, reason = next(iter(done.broken.items()))
        raise StudyError(f"{name} cannot be analysed: {reason}")
    keys = [key for tally in done.tallies.values() for key in tally.moments]
    key = meant(keys, about or {}, next(iter(done.plan.sources.values())).design)
    verdict = judge(done).to_frame()
    rows = verdict[verdict[list(KEY)].eq(list(key)).all(axis=1)]
    bought = tuple(
        _bought(float(money), pairs, fixed + pairs * per_pair, rows, names[pairs], replicates)
        for money, pairs in zip(budgets, sizes, strict=True)
    )
    return Budget(key, alpha, bought)


def _sizes(scenario: Sized, budgets: Sequence[float], per_pair: float, fixed: float) -> list[int]:
    """How many pairs each budget buys."""
    step = step_of(scenario)
    wrong = []
    if not (isfinite(per_pair) and per_pair > 0):
        wrong.append(f"per_pair is {per_pair}; expected more than 0")
    if not (isfinite(fixed) and fixed >= 0):
        wrong.append(f"fixed is {fixed}; expected 0 or more")
    if not len(budgets):
        wrong.append("budgets is empty; expected one amount or more")
    wrong += [f"a budget is {one}; expected an amount" for one in budgets if not isfinite(one)]
    if wrong:
        raise ValueError("; ".join(wrong))
    # a budget that was meant to buy just so many pairs buys them, whatever the last bit says
    sizes = [int((one - fixed) / per_pair / step + 1e-9) * step for one in budgets]
    for money, pairs in zip(budgets, sizes, strict=True):
        try:
            if pairs < step:
                raise ValueError(f"the least is {step} pairs, for {fixed + step * per_pair:,.10g}")
            resized(scenario, pairs)
        except ValueError as error:
            wrong.append(f"a budget of {money:,.10g} buys no study: {error}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return sizes


def _bought(
    money: float, pairs: int, spent: float, rows: pd.DataFrame, name: str, replicates: int
) -> Bought:
    mine = rows[rows["scenario"].eq(name) & rows["against"].isin(["latent", ""])]
    figures: dict[str, float | None] = {}
    for figure, column in FIGURES.items():
        for place, there in ((figure, column), (f"{figure}_error", f"{column} error")):
            known = mine[there].dropna().tolist()
            figures[place] = float(known[0]) if known else None
    failed = int(mine["failed"].iloc[0]) if len(mine) else replicates
    return Bought(money, pairs, spent, **figures, failed=failed, replicates=replicates)
