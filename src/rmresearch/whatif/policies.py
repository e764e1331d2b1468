"""Scenarios compared with one of them under the same luck: what is done, and what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rmresearch.display.grid import DIGITS, Grid, from_frame
from rmresearch.errors import StudyError, did_you_mean, kindly
from rmresearch.result import KEY
from rmresearch.study import Design
from rmresearch.whatif.given import share
from rmresearch.whatif.judge import WORDS
from rmresearch.whatif.paired import Difference, Pairing
from rmresearch.whatif.plan import BLOCK_NUMBERS, Analysis, Plan, plan
from rmresearch.whatif.run import attempt
from rmresearch.whatif.sizes import alone, meant
from rmresearch.whatif.source import Cohorts, Source, named
from rmresearch.whatif.sweep import Sweep, swept
from rmresearch.whatif.tally import AGAINST, Key
from rmresearch.whatif.workers import Lost, Mapper, hands

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "COLUMNS",
    "Policies",
    "batched",
    "compare",
    "differences",
    "in_batches",
    "policies",
]

#: cohorts of a batch, which is a block of its own, and how many batches an error is told from
BATCH, BATCHES = 50, 10
#: figures that are compared: `judge`'s name, the tally's column, whether it is held to a truth
FIGURES = (
    ("truth", "truth", True), ("mean", "value", False), ("bias", "error", True),
    ("coverage", "covers", True), ("rejects", "rejects", False),
    ("smallest_detectable", "smallest_detectable", False),
)  # fmt: skip
COLUMNS = ("scenario", "figure", "against", *KEY, *Difference.__slots__, "replicates", "failed",
           "base_failed")  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Policies:
    """What changes against the base: ``table``, a row a scenario, figure and truth held to.

    >>> import rmresearch as rm
    >>> few, more = (rm.Gaussian(programme=n, people=1, drift=0.5) for n in (10, 20))
    >>> found = rm.policies({"few": few, "more": more}, rm.pre_post, outcome="score",
    ...                     replicates=500, seed=1)
    >>> found.base, bool(found.ranked("smallest_detectable")["difference"].max() < 0)
    ('few', True)
    >>> "rejects" in set(found.to_frame()["figure"])
    True
    """

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
        known = self.table["figure"].unique().tolist()
        if figure not in known:
            hint = did_you_mean(figure, known)
            raise ValueError(f"figure is {figure!r}; expected one of {', '.join(known)}.{hint}")
        rows = self.table[self.table["figure"].eq(figure)]
        rows = rows[rows["against"].isin([against, ""])]
        order = rows["difference"].abs().sort_values(ascending=False, kind="stable").index
        return rows.loc[order].reset_index(drop=True)

    def __repr__(self) -> str:
        return self._grid().to_text()

    def _repr_html_(self) -> str:
        return self._grid().to_html()

    def _grid(self) -> Grid:
        line = (
            f"Against {self.base}, {self.replicates:,} cohorts each, under the same luck; "
            f"{self.level:.0%} Monte Carlo intervals of the differences."
        )
        keys = ["scenario", "figure", *KEY]
        shown = self.table[[*keys, "against", "value", "base", "difference", "low", "high",
                            "failed", "base_failed"]]  # fmt: skip
        shown = shown.assign(figure=shown["figure"].map(lambda name: WORDS.get(name, name)))
        level = f"{self.level:.0%}"
        return from_frame(shown, line, ends_of="difference", level=level, digits=DIGITS, shared=KEY)


@kindly
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
    out: Path | str | None = None,
    workers: int = 1,
    dask: str | Client | None = None,
    mapper: Mapper | None = None,
    say: Callable[[str], None] | None = None,
    **options: Any,
) -> Policies:
    """What would change, truly and in what is found, were the programme or the study another?

    ``scenarios`` and ``analysis`` as for `sweep`, and so are ``out`` (the same call goes on where
    it was stopped), ``workers``, ``dask``, ``mapper`` and ``say``; each scenario is compared with
    ``base``, the first unless another is named. ``about`` names the estimate meant, by fields of
    its key (``{"group": "programme"}``); each scenario's own last wave where the wave is left open.

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
    >>> found = rm.policies({"usual": usual, "sure": sure}, rm.compare_arms, outcome="score",
    ...                     replicates=500, seed=1)
    >>> seen = found.ranked("truth")
    >>> seen["scenario"].tolist(), seen["difference"].round(9).tolist()
    (['sure'], [0.3])
    """
    alone(analysis, about)
    _refuse(replicates, level)
    asked: dict[str, Any] = {"outcome": outcome, "alpha": alpha, "options": options}
    made = plan(batched(scenarios), analysis, replicates=replicates, seed=seed, **asked)
    first = _base(made, base)
    (name,) = made.analyses
    against = {one: first for one in made.sources if one != first}
    with hands(workers, dask, mapper) as chosen:
        done, pairing = compare(made, against, {name: about or {}}, chosen, out=out, say=say)
    for one in made.sources:
        if one in done.broken:
            why = done.broken[one]
            raise StudyError(f"{one} cannot go on, so nothing is compared: {why}")
    rows = [row for one in against for row in differences(done, pairing, one, name, level)]
    return Policies(first, replicates, level, pd.DataFrame(rows, columns=list(COLUMNS)))


def batched(scenarios: object) -> list[tuple[str, Source]]:
    """Scenarios as `sweep` takes them, with their names, in blocks of a batch."""
    return [(name, _Batches(one)) for name, one in named(scenarios)]


def in_batches(replicates: int) -> bool:
    """Whether so many cohorts are whole batches, and enough of them to tell an error from.

    >>> in_batches(500), in_batches(450), in_batches(520)
    (True, False, False)
    """
    return replicates >= BATCH * BATCHES and replicates % BATCH == 0


def compare(
    made: Plan,
    base: Mapping[str, str],
    about: Mapping[str, Mapping[str, str]],
    mapper: Mapper,
    *,
    out: Path | str | None = None,
    say: Callable[[str], None] | None = None,
    beside: Mapping[str, Any] | None = None,
) -> tuple[Sweep, Pairing]:
    """Run a plan of batches, each scenario beside the one that ``base`` names for it.

    ``about`` says of each analysis which estimate is compared.
    """
    keys = {
        (name, asked): key
        for name in made.sources
        for asked, key in _meant(made, name, about).items()
    }
    pairing = Pairing(base, keys, BATCH)
    told = {"compared": {"base": dict(base), "estimate": {k: dict(v) for k, v in about.items()}}}
    told |= beside or {}
    return swept(made, mapper, out=out, say=say, pairing=pairing, beside=told), pairing


def _refuse(replicates: object, level: float) -> None:
    if isinstance(replicates, bool) or not isinstance(replicates, int):
        raise TypeError(f"replicates is {replicates!r}; expected a whole number")
    if not in_batches(replicates):
        raise ValueError(
            f"replicates is {replicates}; expected a multiple of {BATCH} from {BATCH * BATCHES} on"
        )
    share("level", level)


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
        hint = did_you_mean(base, names)
        raise ValueError(f"base is {base!r}; expected one of {', '.join(map(repr, names))}.{hint}")
    return names[0] if base is None else base


def _meant(made: Plan, scenario: str, about: Mapping[str, Mapping[str, str]]) -> dict[str, Key]:
    """Which estimate of each analysis is compared, by a few cohorts of a scenario."""
    task = next(replace(made, sources={scenario: made.sources[scenario]}).tasks())
    part = attempt(made, replace(task, replicates=min(task.replicates, BATCH // 2)))
    if isinstance(part, Lost):
        raise StudyError(f"{scenario} cannot go on, so nothing is compared: {part.reason}")
    found = {}
    for name, tally in part.tallies.items():
        try:
            found[name] = meant(tally.moments, about.get(name, {}), made.sources[scenario].design)
        except StudyError as error:
            why = "".join(f" ({reason})" for reason in tally.failures)
            raise StudyError(f"nothing was run, because of {scenario}: {error}{why}") from None
    return found


def differences(
    done: Sweep, pairing: Pairing, name: str, analysis: str, level: float
) -> Iterator[dict[str, Any]]:
    """A row a figure that there is of a scenario and its base: `COLUMNS`."""
    pair = done.paired.get((name, analysis))
    if pair is None:
        return
    key, base = pairing.keys[name, analysis], pairing.base[name]
    lacking = {
        "failed": _failed(done, name, analysis, key),
        "base_failed": _failed(done, base, analysis, pairing.keys[base, analysis]),
    }
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
                "replicates": done.plan.replicates,
                **lacking,
            }


def _failed(done: Sweep, name: str, analysis: str, key: Key) -> int:
    """How many cohorts of a scenario gave no such estimate."""
    tally = done.tallies[name, analysis]
    seen = tally.moments.get(key)
    return tally.replicates - (0 if seen is None else int(seen.n[0]))
