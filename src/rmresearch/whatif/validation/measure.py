"""Hold the declared table to simulated studies: bias, coverage and size of every cell, gated.

A gate fails only if a whole 99.9% Monte Carlo interval lies outside its margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.effects import holm
from rmresearch.numerics.proportions import wilson
from rmresearch.whatif.validation.cells import (
    AGAINST,
    COVERAGE,
    MODEL_BASED,
    PLAIN,
    SIZE,
    Cell,
)
from rmresearch.whatif.validation.observe import METHODS, Answers, Method, Seen, observe
from rmresearch.whatif.validation.predict import Given
from rmresearch.whatif.validation.worlds import PAIRS, World, world
from rmresearch.world.instruments import INSTRUMENTS
from rmresearch.world.truth import ANSWERED_BOTH, PROGRAMME, wave_name

__all__ = [
    "BIAS", "COVERAGE", "FAMILIES", "MODEL_BASED", "MONTE_CARLO", "RATE", "SEED", "SIZE",
    "Family", "Row", "beyond", "families", "gates", "measure", "outside",
]  # fmt: skip

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

SEED = 20_260_901
MONTE_CARLO, Z = 0.999, 3.290526731491926
#: how far a bias may be off, in SD
BIAS = 0.02
#: how far a predicted share of rejections may be off
RATE = 0.03

Verdict = Literal["holds", "fails"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cell at one size. Biases and errors are in SD of the eligible's score (`cells.PLAIN`: as
    they are), and None where there is a test and no estimate.

    ``null``: the truth is exactly 0. ``answered`` of ``replicates`` cohorts gave an estimate;
    ``bias`` has the Monte Carlo error ``error``, ``predicted`` is 0 in valid cells; ``coverage`` is
    that of the truth by the ``covered`` cohorts that gave an interval, ``expected_coverage`` what
    was predicted where these are too short; ``rate`` how often the 5% test rejects in the
    ``tested`` that gave a p-value, ``expected_rate`` what was predicted;
    ``spread`` is the estimates' SD and ``model_se`` the root mean squared standard error.
    ``failed`` names the gates.
    """

    method: str
    world: str
    outcome: str
    against: str
    n: int
    valid: bool
    null: bool
    replicates: int
    answered: int
    covered: int
    tested: int
    truth: float
    bias: float | None
    error: float | None
    predicted: float
    coverage: float | None
    expected_coverage: float | None
    rate: float | None
    expected_rate: float | None
    spread: float | None
    model_se: float | None
    why: str
    failed: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether every gate holds."""
        return "fails" if self.failed else "holds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How often a study's family of outcomes, decided by Holm, shows anything at all.

    ``expected``: the error rate that is predicted where people flatter themselves; None where
    every null hypothesis is true, and the rate may not exceed the nominal size's margin.
    """

    world: str
    n: int
    outcomes: int
    replicates: int
    rate: float
    expected: float | None
    failed: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the gate holds."""
        return "fails" if self.failed else "holds"


def measure(
    cells: Iterable[Cell],
    *,
    share: float = 1.0,
    methods: Mapping[str, Method] = METHODS,
    seed: int = SEED,
) -> Iterator[Row]:
    """Every cell at each of its sizes, world after world; ``share`` of each method's replicates."""
    listed = list(cells)
    for name, n in dict.fromkeys((cell.world, n) for cell in listed for n in cell.pairs):
        here = [c for c in listed if c.world == name and n in c.pairs]
        asked: dict[str, dict[str, Method]] = {}
        for cell in here:
            asked.setdefault(cell.outcome, {})[cell.asked] = methods[cell.asked]
        seen = observe(world(name, n), asked, seed=seed, share=share)
        for cell in here:
            yield _row(cell, seen[cell.outcome])


def _row(cell: Cell, seen: Seen) -> Row:
    where, one = seen.world, _estimate(cell, seen)
    given = Given(where, cell.outcome, seen.truths)
    truth = _truth(cell, given, len(one.value))
    unit = 1.0 if cell.against in PLAIN else _sd(where, cell.outcome)
    there = np.isfinite(one.value)
    n = int(there.sum())
    estimated = n > 1 and cell.against != "a true null hypothesis"
    off = (one.value - truth)[there] / unit
    predicted = 0.0 if cell.predicted is None else cell.predicted(given) / unit
    # Coverage is that of what is true of such studies, not of this cohort's chances.
    target = float(np.nanmean(truth))
    known, tested = np.isfinite(one.low + one.high), np.isfinite(one.p)
    covers = ((one.low <= target) & (target <= one.high))[known]
    rejects = (one.p < 0.05)[tested]
    expected = None if cell.rate is None else cell.rate(given)
    covering = None if cell.covering is None else cell.covering(given)
    row = Row(
        method=cell.method,
        world=cell.world,
        outcome=cell.outcome,
        against=cell.against,
        n=where.n,
        valid=cell.valid,
        null=cell.null,
        replicates=len(one.value),
        answered=n,
        covered=len(covers),
        tested=len(rejects),
        truth=target / unit,
        bias=float(off.mean()) if estimated else None,
        error=float(off.std(ddof=1) / np.sqrt(n)) if estimated else None,
        predicted=predicted,
        coverage=_share(covers),
        expected_coverage=covering,
        rate=_share(rejects),
        expected_rate=expected,
        spread=float(one.value[there].std(ddof=1) / unit) if estimated else None,
        model_se=_root(one.se / unit),
        why=cell.why,
        failed=(),
    )
    return replace(row, failed=tuple(gates(cell, row)))


def gates(cell: Cell, row: Row) -> Iterator[str]:
    """The gates of the cell that its row does not pass."""
    if row.bias is not None and row.error is not None:
        if abs(row.bias - row.predicted) - Z * row.error > BIAS:
            yield "bias"
    elif cell.against != "a true null hypothesis" or not row.tested:
        yield "no answers"
        return
    for name, share, n, margin in (
        ("coverage", row.coverage, row.covered, _around(row.expected_coverage) or cell.covers),
        ("size", row.rate, row.tested, SIZE if cell.null else None),
        ("rate", row.rate, row.tested, _around(row.expected_rate)),
    ):
        if share is not None and margin is not None and beyond(share, n, margin):
            yield name


def _around(predicted: float | None) -> tuple[float, float] | None:
    return None if predicted is None else (predicted - RATE, predicted + RATE)


def beyond(share: float, n: int, margin: tuple[float, float]) -> bool:
    """Whether the whole Monte Carlo interval of a ``share`` of n lies outside the margin."""
    low, high = wilson(round(share * n), n, level=MONTE_CARLO)
    return not (low <= margin[1] and high >= margin[0])


def outside(flags: Flags, margin: tuple[float, float]) -> bool:
    """The same of the share that is flagged.

    >>> outside(np.arange(1000) < 50, SIZE), outside(np.arange(1000) < 100, SIZE)
    (False, True)
    """
    return beyond(float(flags.mean()), len(flags), margin)


def _estimate(cell: Cell, seen: Seen) -> Answers:
    """The cell's estimate over replicates."""
    wave = wave_name(seen.world.month) if cell.wave == "last" else cell.wave
    for key, found in seen.answers[cell.asked].items():
        role, _, at, _, group, _, term = key
        if (at, group, term) == (wave, cell.group, cell.term) and cell.role in {"", role}:
            return found
    raise KeyError(f"{cell.method} gave no estimate {cell.term!r} of {cell.group!r} at {wave}")


def _truth(cell: Cell, given: Given, replicates: int) -> Array:
    """What is true, cohort by cohort (replicate,)."""
    related = cell.against in {"slope", "no relation"}
    if cell.against == "a true null hypothesis" or (cell.null and related):
        return np.zeros(replicates)
    if cell.against in {"alpha", "slope", "share satisfied"}:
        true = {"alpha": given.alpha, "slope": given.slope, "share satisfied": given.satisfied}
        return np.full(replicates, true[cell.against]())
    if cell.against == "risk difference":
        return np.asarray(given.row(role=cell.role).as_reported[:replicates])
    if cell.against == "mean score":
        who = given.world.volunteers(cell.outcome)
        inflated = given.gain + given.world.scenario.nature.self_inflation
        return np.full(replicates, who.mean(given.world.month, inflated))
    if cell.against == "change as reported":
        row = given.row(given.change, PROGRAMME, ANSWERED_BOTH)
        return np.asarray(row.as_reported[:replicates])
    row = given.row()
    latent = cell.against == "effect, latent"
    return np.asarray((row.latent if latent else row.as_reported)[:replicates])


def _sd(where: World, outcome: str) -> float:
    """The SD of the score among the eligible; of what another scale's answers are like."""
    scale = where.scale(outcome)
    return where.volunteers(outcome if scale.first else INSTRUMENTS[0].name).sd


def _share(flags: Flags) -> float | None:
    return float(flags.mean()) if len(flags) else None


def _root(values: Array) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.sqrt((known * known).mean())) if known.size else None


#: where every null hypothesis is true, and where people flatter themselves: sizes of families
FAMILIES: Mapping[str, tuple[int, ...]] = {"nobody flatters": PAIRS, "no-effect": PAIRS}


def families(
    *, share: float = 1.0, sizes: Mapping[str, tuple[int, ...]] = FAMILIES, seed: int = SEED
) -> Iterator[Family]:
    """The family-wise error of all scales that are asked, at the last wave, decided by Holm."""
    asked = {"compare_arms": METHODS["compare_arms"]}
    names = [scale.name for scale in INSTRUMENTS]
    flattered = sum(scale.rater == "self" for scale in INSTRUMENTS)
    for name, pairs in sizes.items():
        for n in pairs:
            where = world(name, n)
            seen = observe(where, dict.fromkeys(names, asked), seed=seed, share=share)
            cell = Cell(method="", asked="compare_arms", world=name, against=AGAINST[0])
            p = np.column_stack([_estimate(cell, seen[outcome]).p for outcome in names])
            p = p[np.isfinite(p).all(axis=1)]
            shown = np.array([(holm(one) < 0.05).any() for one in p])
            given = Given(where, names[0], seen[names[0]].truths)
            expected = None if name != "no-effect" else given.rate_of_family(len(names), flattered)
            margin = (0.0, SIZE[1]) if expected is None else (expected - RATE, expected + RATE)
            yield Family(
                world=name, n=n, outcomes=len(names), replicates=len(p),
                rate=float(shown.mean()), expected=expected,
                failed=("family-wise error",) if outside(shown, margin) else (),
            )  # fmt: skip
