"""Hold the declared table to simulated studies: bias, coverage and size of every cell, gated.

A gate fails only if a whole 99.9% Monte Carlo interval lies outside its margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.effects import holm
from rmresearch.numerics.proportions import wilson
from rmresearch.whatif.tally import Key
from rmresearch.whatif.validation.cells import AGAINST, Cell
from rmresearch.whatif.validation.observe import METHODS, Answers, Method, Seen, observe
from rmresearch.whatif.validation.predict import Given
from rmresearch.whatif.validation.worlds import PAIRS, World, world
from rmresearch.world.instruments import INSTRUMENTS
from rmresearch.world.truth import ANSWERED_BOTH, PROGRAMME, TruthRow, wave_name

__all__ = [
    "BIAS", "COVERAGE", "FAMILIES", "MONTE_CARLO", "RATE", "SEED", "SIZE", "Family", "Row",
    "families", "measure", "outside",
]  # fmt: skip

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

SEED = 20_260_901
MONTE_CARLO, Z = 0.999, 3.290526731491926
#: margins of valid cells: size of a 5% test, coverage of a 95% interval, bias in SD
SIZE, COVERAGE, BIAS = (0.035, 0.055), (0.94, 0.965), 0.02
#: coverage of intervals that come from a model
MODEL_BASED = (0.94, 0.98)
#: how far a predicted share of rejections may be off
RATE = 0.03

Verdict = Literal["holds", "fails"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cell at one size. Biases and errors are in SD of the eligible's score (alpha: as it is).

    ``null``: the truth is exactly 0. ``answered`` of ``replicates`` cohorts gave an estimate;
    ``bias`` has the Monte Carlo error ``error``, ``predicted`` is 0 in valid cells; ``coverage`` is
    that of the truth; ``rate`` how often the 5% test rejects, ``expected_rate`` what was predicted;
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
    truth: float
    bias: float
    error: float
    predicted: float
    coverage: float | None
    rate: float | None
    expected_rate: float | None
    spread: float
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
    for name, outcome, n in dict.fromkeys(
        (cell.world, cell.outcome, n) for cell in listed for n in cell.pairs
    ):
        here = [c for c in listed if (c.world, c.outcome) == (name, outcome) and n in c.pairs]
        asked = {cell.asked: methods[cell.asked] for cell in here}
        seen = observe(world(name, n), outcome, asked, seed=seed, share=share)
        for cell in here:
            yield _row(cell, seen)


def _row(cell: Cell, seen: Seen) -> Row:
    where, one = seen.world, _estimate(cell, seen)
    given = Given(where, cell.outcome, seen.truths)
    truth = _truth(cell, given, len(one.value))
    unit = 1.0 if cell.against == "alpha" else _sd(where, cell.outcome)
    there = np.isfinite(one.value)
    off = (one.value - truth)[there] / unit
    n = int(there.sum())
    error = float(off.std(ddof=1) / np.sqrt(n)) if n > 1 else np.inf
    predicted = 0.0 if cell.predicted is None else cell.predicted(given) / unit
    # Coverage is that of what is true of such studies, not of this cohort's chances.
    target = float(np.nanmean(truth))
    covers = (one.low <= target) & (target <= one.high)
    known = np.isfinite(one.low + one.high)
    tested = np.isfinite(one.p)
    rates = _share(one.p < 0.05, tested)
    expected = None if cell.rate is None else cell.rate(given)
    return Row(
        method=cell.method,
        world=cell.world,
        outcome=cell.outcome,
        against=cell.against,
        n=where.n,
        valid=cell.valid,
        null=cell.null,
        replicates=len(one.value),
        answered=n,
        truth=target / unit,
        bias=float(off.mean()) if n else np.nan,
        error=error,
        predicted=predicted,
        coverage=_share(covers, known),
        rate=rates,
        expected_rate=expected,
        spread=float(one.value[there].std(ddof=1) / unit) if n > 1 else np.nan,
        model_se=_root(one.se / unit),
        why=cell.why,
        failed=tuple(_failures(cell, off, predicted, (covers, known), (one.p, tested), expected)),
    )


def _failures(
    cell: Cell,
    off: Array,
    predicted: float,
    covers: tuple[Flags, Flags],
    tests: tuple[Array, Flags],
    expected: float | None,
) -> Iterator[str]:
    """The gates that the cell does not pass."""
    if len(off) < 2:
        yield "no answers"
        return
    half = Z * off.std(ddof=1) / np.sqrt(len(off))
    if abs(off.mean() - predicted) - half > BIAS:
        yield "bias"
    rejects, tested = tests[0] < 0.05, tests[1]
    if cell.valid and covers[1].any():
        margin = MODEL_BASED if cell.against == "alpha" else COVERAGE
        if outside(covers[0][covers[1]], margin):
            yield "coverage"
    if cell.null and outside(rejects[tested], SIZE):
        yield "size"
    if expected is not None and outside(rejects[tested], (expected - RATE, expected + RATE)):
        yield "rate"


def outside(flags: Flags, margin: tuple[float, float]) -> bool:
    """Whether the whole Monte Carlo interval of a share lies outside the margin.

    >>> outside(np.arange(1000) < 50, SIZE), outside(np.arange(1000) < 100, SIZE)
    (False, True)
    """
    low, high = wilson(float(flags.sum()), len(flags), level=MONTE_CARLO)
    return not (low <= margin[1] and high >= margin[0])


def _estimate(cell: Cell, seen: Seen) -> Answers:
    """The cell's estimate over replicates."""
    wave = cell.wave or wave_name(seen.world.month)
    for key, found in seen.answers[cell.asked].items():
        _, _, at, _, group, _, term = key
        if (at, group, term) == (wave, cell.group, cell.term):
            return found
    raise KeyError(f"{cell.method} gave no estimate {cell.term!r} of {cell.group!r} at {wave}")


def _truth(cell: Cell, given: Given, replicates: int) -> Array:
    """What is true, cohort by cohort (replicate,)."""
    if cell.against == "alpha":
        return np.full(replicates, given.alpha())
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


def _share(flags: Flags, known: Flags) -> float | None:
    return float(flags[known].mean()) if known.any() else None


def _root(values: Array) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.sqrt((known * known).mean())) if known.size else None


#: where every null hypothesis is true, and where people flatter themselves: sizes of families
FAMILIES: Mapping[str, tuple[int, ...]] = {"nobody flatters": PAIRS, "no-effect": (8, 20)}


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
            columns: list[Array] = []
            truths: Mapping[Key, TruthRow] = {}
            for outcome in names:
                seen = observe(where, outcome, asked, seed=seed, share=share)
                truths = truths or seen.truths
                cell = Cell(method="", asked="compare_arms", world=name, against=AGAINST[0])
                columns.append(_estimate(cell, seen).p)
            p = np.column_stack(columns)
            p = p[np.isfinite(p).all(axis=1)]
            shown = np.array([(holm(one) < 0.05).any() for one in p])
            given = Given(where, names[0], truths)
            expected = None if name != "no-effect" else given.rate_of_family(len(names), flattered)
            margin = (0.0, SIZE[1]) if expected is None else (expected - RATE, expected + RATE)
            yield Family(
                world=name, n=n, outcomes=len(names), replicates=len(p),
                rate=float(shown.mean()), expected=expected,
                failed=("family-wise error",) if outside(shown, margin) else (),
            )  # fmt: skip
