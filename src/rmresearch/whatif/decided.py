"""A what-if question put to simulated studies, and what each of its decisions rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from rmresearch.errors import StudyError
from rmresearch.whatif.budget import Bought, budget
from rmresearch.whatif.identity import plain
from rmresearch.whatif.plan import plan
from rmresearch.whatif.policies import COLUMNS, batched, compare, differences
from rmresearch.whatif.question import SweepFile, Variant
from rmresearch.whatif.required import Required, required
from rmresearch.whatif.sweep import Sweep, swept
from rmresearch.whatif.workers import Mapper, hands

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["LEVEL", "Decided", "Needed", "Purchase", "decided"]

#: of the Monte Carlo intervals of differences
LEVEL = 0.95
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Purchase:
    """What each budget buys of one design; ``reason`` where no study of it can be had.

    A study costs ``fixed`` and ``each`` of its pairs, whatever is paid for it counted in.
    """

    design: str
    fixed: float
    each: float
    bought: tuple[Bought, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Needed:
    """How many pairs one design needs, as `Required`; ``reason`` where that has no answer.

    ``curve`` has the sizes it rests on: (pairs, found, replicates).
    """

    design: str
    power: float
    pairs: int | None = None
    low: float | None = None
    high: float | None = None
    cohorts: int = 0
    bent: bool = False
    curve: tuple[tuple[int, int, int], ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """The sweep of a question, and what its tables ask beside it.

    ``differences`` has a row an analysis, scenario, figure and truth: those of `Policies`, and what
    the scenario is compared with (``with``).
    """

    sweep: Sweep
    differences: pd.DataFrame = field(default_factory=lambda: _frame([]))
    purchases: tuple[Purchase, ...] = ()
    needed: tuple[Needed, ...] = ()


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["analysis", "with", *COLUMNS])


def decided(
    asked: SweepFile,
    *,
    out: Path | str | None = None,
    workers: int = 1,
    dask: str | Client | None = None,
    say: Say | None = None,
) -> Decided:
    """What do simulated studies say to a question, and to each decision that it asks for?

    Arguments and errors as `sweep`; the decisions are kept in folders within ``out``, which is
    held to all that the file asks. What a design cannot answer is told in its place.

    >>> from rmresearch.whatif.sweep_file import sweep_of
    >>> asked = sweep_of({"outcome": "digital_skill", "analyses": ["compare_arms"],
    ...                   "replicates": 20, "budget": {"budgets": [20_000], "per_pair": 500}})
    >>> decided(asked).purchases[0].bought[0].pairs
    40
    """
    place = None if out is None else Path(out)
    with hands(workers, dask) as chosen:
        done, table = _swept(asked, chosen, place, say)
        if not done.tallies:
            return Decided(done)
        purchases = _purchases(asked, chosen, place, say)
        return Decided(done, table, purchases, _needed(asked, chosen, place, say))


def _swept(
    asked: SweepFile, mapper: Mapper, out: Path | None, say: Say | None
) -> tuple[Sweep, pd.DataFrame]:
    """The sweep, and the differences between its designs where some are compared."""
    given = asked.given
    scenarios, analysis = given.pop("scenarios"), given.pop("analysis")
    tables = {"budget": asked.money, "required": asked.need}
    beside = {"decisions": {name: plain(one) for name, one in tables.items() if one is not None}}
    if not asked.against:
        made = plan(scenarios, analysis, **given)
        return swept(made, mapper, out=out, say=say, beside=beside), _frame([])
    made = plan(batched(scenarios), analysis, **given)
    about = {name: ask.estimate for name, ask in asked.analyses.items()}
    done, pairing = compare(made, asked.against, about, mapper, out=out, say=say, beside=beside)
    rows = [
        {"analysis": name, "with": base, **row}
        for name in asked.analyses
        for scenario, base in asked.against.items()
        for row in differences(done, pairing, scenario, name, LEVEL)
    ]
    return done, _frame(rows)


def _purchases(
    asked: SweepFile, mapper: Mapper, out: Path | None, say: Say | None
) -> tuple[Purchase, ...]:
    money = asked.money
    if money is None:
        return ()
    made = []
    for number, design in enumerate(money.designs):
        prices = money.prices
        options: dict[str, Any] = {name: getattr(prices, name) for name in prices.__slots__}
        options |= _common(asked, money.replicates, mapper, say, f"budget, {design.name}")
        options |= {"out": _place(out, "budget", number), "budgets": money.budgets}
        mine = Purchase(design.name, prices.fixed, prices.of_pair(design.scenario))
        try:
            mine = replace(mine, bought=budget(design.scenario, **options).bought)
        except StudyError as error:
            mine = replace(mine, reason=_reason(error, design))
        made.append(mine)
    return tuple(made)


def _needed(
    asked: SweepFile, mapper: Mapper, out: Path | None, say: Say | None
) -> tuple[Needed, ...]:
    need = asked.need
    if need is None:
        return ()
    made = []
    for number, design in enumerate(need.designs):
        options = _common(asked, need.replicates, mapper, say, f"required, {design.name}")
        options |= {"out": _place(out, "required", number)}
        try:
            found = required(design.scenario, power=need.power, bounds=need.bounds, **options)
            made.append(_answer(design, found))
        except StudyError as error:
            made.append(Needed(design.name, need.power, reason=_reason(error, design)))
    return tuple(made)


def _answer(design: Variant, found: Required) -> Needed:
    curve = tuple((look.pairs, look.found, look.replicates) for look in found.looks)
    return Needed(
        design.name, found.power, found.pairs, found.low, found.high, found.cohorts, found.bent,
        curve,
    )  # fmt: skip


def _common(
    asked: SweepFile, replicates: int, mapper: Mapper, say: Say | None, what: str
) -> dict[str, Any]:
    """What every decision about the first analysis is asked with."""
    first = asked.first
    return {
        "analysis": first.call,
        "outcome": asked.outcome,
        "about": first.estimate,
        "replicates": replicates,
        "seed": asked.seed,
        "alpha": asked.alpha,
        "mapper": mapper,
        "say": None if say is None else lambda told: say(f"{what}: {told}"),
    }


def _place(out: Path | None, what: str, number: int) -> Path | None:
    return None if out is None else out / what / f"{number:04d}"


def _reason(error: StudyError, design: Variant) -> str:
    """Why there is no answer, without the name that stands beside it."""
    return str(error).removeprefix(f"nothing was run, because {design.name}: ")
