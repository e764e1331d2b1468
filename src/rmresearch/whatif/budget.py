"""What certainty a budget buys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from rmresearch.display.grid import DIGITS, Grid, from_frame
from rmresearch.errors import StudyError, kindly, number_of
from rmresearch.result import KEY
from rmresearch.whatif.given import number
from rmresearch.whatif.judge import judge
from rmresearch.whatif.plan import Analysis
from rmresearch.whatif.sizes import Sized, alone, meant, resized, step_of
from rmresearch.whatif.sweep import Sweep, sweep
from rmresearch.whatif.tally import Key
from rmresearch.whatif.workers import Mapper
from rmresearch.world.scenario import Scenario

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Bought", "Budget", "Prices", "budget", "sizes_of"]

#: figures of a judgement that tell certainty, each with its Monte Carlo error: name, `judge`'s name
FIGURES = {
    "power": "rejects",
    "standard_error": "empirical_se",
    "smallest_detectable": "smallest_detectable",
    "coverage": "coverage",
}


@dataclass(frozen=True, slots=True)
class Prices:
    """What a study costs, in one currency: ``fixed`` once, the others for each pair.

    ``per_wave`` is paid at each measurement, ``per_month`` for each month of the programme (all
    pairs alike: those who wait have theirs later).
    """

    per_pair: float
    fixed: float = 0.0
    per_wave: float = 0.0
    per_month: float = 0.0

    def of_pair(self, scenario: Sized) -> float:
        """What a pair costs in a scenario, all its waves and months counted in."""
        if isinstance(scenario, Scenario):
            months, waves = scenario.levers.duration, len(scenario.design.waves)
        else:
            months, waves = 0, scenario.waves
        return self.per_pair + self.per_wave * waves + self.per_month * months

    def total(self, scenario: Scenario) -> float:
        """What a study of a scenario costs.

        >>> Prices(per_pair=100.0, fixed=1_000.0, per_wave=50.0).total(Scenario(pairs=20))
        6000.0
        """
        return self.fixed + self.of_pair(scenario) * scenario.pairs


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

    def __repr__(self) -> str:
        return self._grid().to_text()

    def _repr_html_(self) -> str:
        return self._grid().to_html()

    def _grid(self) -> Grid:
        about = ", ".join(part for part in self.key if part)
        line = f"What each budget buys, at the {self.alpha:g} level: {about}."
        frame = self.to_frame().dropna(axis="columns", how="all")
        return from_frame(frame, line, note="± Monte Carlo error.", digits=DIGITS)


@kindly
def budget(
    scenario: Sized,
    analysis: Analysis,
    *,
    budgets: Sequence[float],
    per_pair: float,
    fixed: float = 0.0,
    per_wave: float = 0.0,
    per_month: float = 0.0,
    outcome: str | None = None,
    about: Mapping[str, str] | None = None,
    replicates: int = 1_000,
    seed: int,
    alpha: float = 0.05,
    out: Path | str | None = None,
    workers: int = 1,
    dask: str | Client | None = None,
    mapper: Mapper | None = None,
    say: Callable[[str], None] | None = None,
    **options: Any,
) -> Budget:
    """How certain an answer does a budget buy?

    Each of ``budgets`` pays ``fixed`` and then for as many pairs of the scenario (a `Scenario`, or
    a `Gaussian` whose arms keep their proportion) as it has room for: ``per_pair`` each,
    ``per_wave`` for each of their measurements and ``per_month`` for each month of the programme;
    all in one currency. ``replicates`` studies of each size are simulated and analysed as `sweep`
    does it, which ``out``, ``workers``, ``dask``, ``mapper`` and ``say`` are handed to; the cost is
    ``replicates`` cohorts for each number of pairs. ``about`` names the estimate meant, by fields
    of its key; the last wave's where the wave is left open.

    Raises ``TypeError`` for what has no number of pairs; ``ValueError``, all problems at once,
    for impossible money and budgets that buy no study; ``StudyError`` as `sweep` does, and where
    an estimate is not told apart.

    >>> import rmresearch as rm
    >>> design = rm.Gaussian(programme=10, people=1, drift=0.6)
    >>> bought = rm.budget(design, rm.pre_post, outcome="score", budgets=[9_000, 17_000],
    ...                    per_pair=800, fixed=1_000, replicates=200, seed=1)
    >>> bought.to_frame()[["budget", "pairs", "spent"]].values.tolist()
    [[9000.0, 10.0, 9000.0], [17000.0, 20.0, 17000.0]]
    >>> [one.pairs for one in bought.bought]
    [10, 20]
    """
    alone(analysis, about)
    prices = Prices(per_pair, fixed, per_wave, per_month)
    sizes = sizes_of(scenario, budgets, prices)
    each = prices.of_pair(scenario)
    names = {pairs: f"{pairs:,} pairs" for pairs in dict.fromkeys(sizes)}
    asked: dict[str, Any] = {"outcome": outcome, "replicates": replicates, "seed": seed}
    asked |= {"alpha": alpha, "out": out, "workers": workers, "dask": dask, "mapper": mapper}
    studies = {name: resized(scenario, pairs) for pairs, name in names.items()}
    done = sweep(studies, analysis, say=say, **asked, **options)
    key, rows = _verdict(done, about or {})
    bought = tuple(
        _bought(float(money), pairs, fixed + pairs * each, rows, names[pairs], replicates)
        for money, pairs in zip(budgets, sizes, strict=True)
    )
    return Budget(key, alpha, bought)


def sizes_of(scenario: Sized, budgets: Sequence[float], prices: Prices) -> list[int]:
    """How many pairs each budget buys; ``ValueError``, all problems at once, where one buys none.

    >>> sizes_of(Scenario(), [20_000], Prices(per_pair=500, per_wave=100))  # three waves
    [25]
    """
    step, fixed = step_of(scenario), prices.fixed
    _amounts(budgets, prices)
    wrong = []
    if not (isfinite(prices.per_pair) and prices.per_pair > 0):
        wrong.append(f"per_pair is {prices.per_pair}; expected more than 0")
    for name in ("fixed", "per_wave", "per_month"):
        price = getattr(prices, name)
        if not (isfinite(price) and price >= 0):
            wrong.append(f"{name} is {price}; expected 0 or more")
    if prices.per_month and not isinstance(scenario, Scenario):
        wrong.append("per_month is given; expected none, as a Gaussian has no months")
    if not len(budgets):
        wrong.append("budgets is empty; expected one amount or more")
    wrong += [f"a budget is {one}; expected an amount" for one in budgets if not isfinite(one)]
    if wrong:
        raise ValueError("; ".join(wrong))
    # a budget that was meant to buy just so many pairs buys them, whatever the last bit says
    each = prices.of_pair(scenario)
    sizes = [int((one - fixed) / each / step + 1e-9) * step for one in budgets]
    for money, pairs in zip(budgets, sizes, strict=True):
        try:
            if pairs < step:
                least = number_of(step, "pair", "pairs")
                raise ValueError(f"the least is {least}, for {fixed + step * each:,.10g}")
            resized(scenario, pairs)
        except ValueError as error:
            wrong.append(f"a budget of {money:,.10g} buys no study: {str(error).removesuffix('.')}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return sizes


def _amounts(budgets: object, prices: Prices) -> None:
    """Refuse with ``TypeError`` what is no amount."""
    if isinstance(budgets, str) or not isinstance(budgets, Iterable):
        raise TypeError(f"budgets is {budgets!r}; expected a list of amounts")
    for one in budgets:
        number("a budget", one, "an amount")
    for name, price in asdict(prices).items():
        number(name, price, "an amount")


def _verdict(done: Sweep, about: Mapping[str, str]) -> tuple[Key, pd.DataFrame]:
    """The estimate that is meant, and what is judged of it."""
    if done.broken:
        name, reason = next(iter(done.broken.items()))
        raise StudyError(f"{name} cannot be analysed: {reason}")
    keys = [key for tally in done.tallies.values() for key in tally.moments]
    key = meant(keys, about, next(iter(done.plan.sources.values())).design)
    verdict = judge(done).to_frame()
    return key, verdict[verdict[list(KEY)].eq(list(key)).all(axis=1)]


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
