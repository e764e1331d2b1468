"""How many pairs a study needs, by simulated studies of several sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from rmresearch.display.grid import DIGITS, from_frame, paragraph
from rmresearch.errors import StudyError, kindly
from rmresearch.numerics.fieller import Ratio
from rmresearch.numerics.probit import ProbitLine, probit_line
from rmresearch.whatif.given import bounds_of, number, share
from rmresearch.whatif.identity import identity
from rmresearch.whatif.plan import Analysis, Plan, plan
from rmresearch.whatif.sizes import Sized, alone, even_step, meant, pairs_of, resized, step_of
from rmresearch.whatif.store import kept
from rmresearch.whatif.sweep import Sweep, sweep
from rmresearch.whatif.tally import COLUMNS, Key, Moments
from rmresearch.whatif.workers import Mapper, hands

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Look", "Required", "required"]

#: what tells a search's folder from another's
WHAT = "search.json"

#: sizes that the line is fitted to, as parts of the size that the search has come to. Near enough
#: for a line: against the t test's exact power it is off by less than 1% from 8 pairs on
AROUND = (0.7, 0.85, 1.0, 1.2, 1.4)
#: cohorts of a size in the search before the fit, how often it looks, and how often it is fitted
FEW, LOOKS, FITS = 200, 12, 3
#: in normal quantiles: how near to the power asked for the search ends
NEAR = 0.6
#: a step of the search goes at most so many times up or down
STRIDE = 4.0
#: even steps in a size from which on sizes are rounded to them
FINE = 6
#: misfit of the line below which it is told
BENT = 0.001
BENDS = " The sizes do not lie on one line as closely as chance allows: the interval is too narrow."
LATENT = "latent"


@dataclass(frozen=True, slots=True)
class Look:
    """Cohorts of one size: ``found`` of ``replicates`` gave p < alpha, ``answered`` any answer.

    Of those that answered, the analysis itself withholds p in ``p_withheld``.
    """

    pairs: int
    replicates: int
    answered: int
    found: int
    p_withheld: int

    @property
    def power(self) -> float:
        """Found, of all: a cohort without an answer finds nothing."""
        return self.found / self.replicates

    @property
    def error(self) -> float:
        """The Monte Carlo error of power."""
        return float(np.sqrt(self.power * (1.0 - self.power) / self.replicates))

    @property
    def quantile(self) -> float:
        """The normal quantile of power, finite also where all or none found it."""
        return float(special.ndtri((self.found + 0.5) / (self.replicates + 1.0)))


@dataclass(frozen=True, slots=True)
class Required:
    """How many pairs are needed.

    ``pairs`` is the next possible number from ``estimate`` on, which has a ``level`` Monte Carlo
    interval ``low`` to ``high`` (what more cohorts would narrow, nothing else). ``key`` says which
    estimate is meant, in the order of `Estimate.key`; ``looks`` are the sizes that the ``line`` of
    power's normal quantile over the root of pairs is fitted to; ``cohorts`` counts all that were
    drawn, also on the way to these sizes.
    """

    pairs: int
    estimate: float
    low: float
    high: float
    level: float
    power: float
    alpha: float
    key: Key
    looks: tuple[Look, ...]
    line: ProbitLine
    cohorts: int

    def to_frame(self) -> pd.DataFrame:
        """The curve that the answer rests on: a row a size, power with its Monte Carlo error."""
        rows = [
            {
                "pairs": look.pairs,
                "power": look.power,
                "power error": look.error,
                "fitted": float(self.line.share(np.sqrt(look.pairs))),
                "found": look.found,
                "answered": look.answered,
                "replicates": look.replicates,
                "p_withheld": look.p_withheld,
            }
            for look in self.looks
        ]
        return pd.DataFrame(rows)

    @property
    def bent(self) -> bool:
        """Whether the shares lie further off the line than chance makes them."""
        return self.line.misfit < BENT

    def __repr__(self) -> str:
        return f"{self._said()}\n{from_frame(self.to_frame(), digits=DIGITS).to_text()}"

    def _repr_html_(self) -> str:
        grid = from_frame(
            self.to_frame(), "Power by number of pairs, ± Monte Carlo error", digits=DIGITS
        )
        return paragraph(self._said()) + grid.to_html()

    def _said(self) -> str:
        about = ", ".join(part for part in self.key if part)
        said = (
            f"{self.pairs:,} pairs for a power of {self.power:g} at the {self.alpha:g} level "
            f"({self.estimate:,.1f}; {self.level:.0%} Monte Carlo interval {self.low:,.1f} to "
            f"{self.high:,.1f}; {self.cohorts:,} simulated cohorts): {about}."
        )
        return said + (BENDS if self.bent else "")


@kindly
def required(
    scenario: Sized,
    analysis: Analysis,
    *,
    outcome: str | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    about: Mapping[str, str] | None = None,
    bounds: tuple[int, int] = (4, 2_000),
    replicates: int = 1_000,
    seed: int,
    level: float = 0.95,
    out: Path | str | None = None,
    workers: int = 1,
    dask: str | Client | None = None,
    mapper: Mapper | None = None,
    say: Callable[[str], None] | None = None,
    **options: Any,
) -> Required:
    """How many pairs until an analysis finds what is there, with a chance of ``power``?

    ``scenario`` is a `Scenario` or a `Gaussian` (whose arms keep their proportion); its own number
    of pairs is where the search starts. ``analysis(study, outcome, **options)`` as for `sweep`.
    ``about`` names the estimate meant, by fields of its key (``{"group": "programme"}``); the last
    wave's where the wave is left open. Found is p < ``alpha``, two-sided, over all cohorts: one
    without an answer finds nothing, and a p that the analysis withholds counts (``p_withheld``
    says how often).

    The search looks at up to 12 sizes with 200 cohorts each, then draws ``replicates`` at five
    sizes from .7 to 1.4 times what it has come to, and fits the normal quantile of power as a line
    in the root of pairs, by maximum likelihood; Fieller's interval tells where it reaches
    ``power``. The line alone uses those five, and each size has luck of its own: with common luck
    a streak would lift the whole curve and not average out. Two scenarios of equal shape share
    their luck at equal sizes. The cost is at most 2,400 cohorts and, as the five sizes are moved
    twice at most, 15 times ``replicates``; mostly it is about 5.5 times ``replicates``.

    ``out``, ``workers``, ``dask``, ``mapper`` and ``say`` as for `sweep`: each size is a sweep in a
    folder of its own, so the same call goes on where it was stopped.

    Raises ``TypeError`` for what has no number of pairs, ``ValueError`` for impossible numbers,
    ``StudyError`` where the estimate meant has no truth or its truth is 0 (what is found then is
    false), where ``power`` is not reached within ``bounds`` or is there already at the lower one,
    and where a size cannot be analysed.

    >>> import rmresearch as rm
    >>> design = rm.Gaussian(programme=10, people=1, drift=0.6)
    >>> found = rm.required(design, rm.pre_post, outcome="score", replicates=300, seed=1)
    >>> found.low < 24.0 < found.high, found.bent, len(found.to_frame()) > 2  # 24: noncentral t
    (True, False, True)
    """
    within = bounds_of(bounds, step_of(scenario))
    alone(analysis, about)
    _refuse(power, alpha, level, replicates, seed)
    called: dict[str, Any] = {"outcome": outcome, "alpha": alpha}
    start = plan(scenario, analysis, replicates=replicates, seed=seed, options=options, **called)
    asked = {"power": power, "about": about or {}, "bounds": within}
    with hands(workers, dask, mapper) as chosen, _kept(out, start, asked) as folder:
        ask = partial(sweep, analysis=analysis, mapper=chosen, say=say, **called, **options)
        search = _Search(scenario, ask, about or {}, power, alpha, within, seed, folder)
        return search.answer(replicates, level)


def _kept(
    out: Path | str | None, start: Plan, asked: Mapping[str, Any]
) -> AbstractContextManager[Path | None]:
    """The search's folder, held to where it starts and what it asks."""
    if out is None:
        return nullcontext()
    return kept(out, WHAT, {**identity(start), "search": asked})


@dataclass(slots=True, eq=False)
class _Search:
    """The way from a first size to the sizes that are fitted."""

    scenario: Sized
    ask: Callable[..., Sweep]
    about: Mapping[str, str]
    power: float
    alpha: float
    bounds: tuple[int, int]
    seed: int
    folder: Path | None = None
    key: Key | None = field(default=None, init=False)
    cohorts: int = field(default=0, init=False)

    @property
    def goal(self) -> float:
        """The normal quantile of the power asked for."""
        return float(special.ndtri(self.power))

    def answer(self, replicates: int, level: float) -> Required:
        """Both parts of the search."""
        looks, line, root = self.fitted(self.near(), replicates, level)
        step = step_of(self.scenario)
        return Required(
            pairs=int(np.ceil(root.value**2 / step - 1e-9)) * step,
            estimate=root.value**2,
            low=max(root.low, 0.0) ** 2,
            high=root.high**2,
            level=level,
            power=self.power,
            alpha=self.alpha,
            key=self.key or (),
            looks=looks,
            line=line,
            cohorts=self.cohorts,
        )

    def near(self) -> float:
        """About how many pairs, by a few cohorts of each size on the way."""
        pairs = self.possible(pairs_of(self.scenario))
        for _ in range(LOOKS):
            look = self.look(pairs, FEW, 0)
            self.stays(look)
            # one size tells the line where p < alpha by chance alone at no pairs at all
            start = -float(special.ndtri(1 - self.alpha / 2))
            steeper = (self.goal - start) / max(look.quantile - start, 1e-9)
            aim = pairs * float(np.clip(steeper**2, 1 / STRIDE, STRIDE))
            if abs(look.quantile - self.goal) < NEAR or self.possible(aim) == pairs:
                return aim
            pairs = self.possible(aim)
        return float(pairs)

    def fitted(
        self, centre: float, replicates: int, level: float
    ) -> tuple[tuple[Look, ...], ProbitLine, Ratio]:
        """The sizes, the line through them, and where it reaches the power asked for."""
        for fit in range(1, FITS + 1):
            looks = tuple(self.look(pairs, replicates, fit) for pairs in self.sizes(centre))
            for look in looks:
                self.stays(look)
            try:
                line = probit_line(
                    np.sqrt([look.pairs for look in looks]),
                    [look.found for look in looks],
                    [look.replicates for look in looks],
                )
            except ValueError:
                break
            root = line.reaches(self.power, level=level)
            if root.shape != "bounded" or line.slope <= 0:
                break
            first, last = looks[0].pairs, looks[-1].pairs
            if first <= root.value**2 <= last:
                return looks, line, root
            self.within(root.value**2)
            centre = root.value**2
        told = ", ".join(f"{look.power:.3f} with {look.pairs:,} pairs" for look in looks)
        raise StudyError(
            f"these cohorts do not tell where power is {self.power:g}: it is {told}. Give more "
            f"replicates, or bounds nearer to the number expected."
        )

    def sizes(self, centre: float) -> list[int]:
        """Possible numbers of pairs around one, at least three where the bounds have as many."""
        found = {self.possible(centre * part) for part in AROUND}
        step, middle = step_of(self.scenario), self.possible(centre)
        reach = 0
        while len(found) < min(3, (self.bounds[1] - self.bounds[0]) // step + 1):
            reach += step
            found |= {self.possible(middle - reach), self.possible(middle + reach)}
        return sorted(found)

    def possible(self, pairs: float) -> int:
        """The nearest number of pairs within the bounds, even over the sites where that is near."""
        step, even = step_of(self.scenario), even_step(self.scenario)
        if pairs >= FINE * even:
            step = even
        return int(np.clip(round(pairs / step) * step, *self.bounds))

    def look(self, pairs: int, replicates: int, stage: int) -> Look:
        """Draw cohorts of one size; each size and stage has luck of its own."""
        luck = np.random.SeedSequence([self.seed, stage, pairs]).generate_state(1, np.uint64)
        name = f"{pairs:,} pairs"
        given: dict[str, Any] = {"replicates": replicates, "seed": int(luck[0])}
        if self.folder is not None:
            given["out"] = self.folder / f"{stage}-{pairs}"
        done = self.ask({name: resized(self.scenario, pairs)}, **given)
        self.cohorts += replicates
        if done.broken:
            raise StudyError(f"cohorts of {name} cannot be analysed: {done.broken[name]}")
        (tally,) = done.tallies.values()
        if self.key is None:
            self.key = meant(tally.moments, self.about, done.plan.sources[name].design)
            self.real(tally.moments[self.key])
        return _counted(pairs, replicates, tally.moments.get(self.key))

    def real(self, moments: Moments) -> None:
        """Refuse what has no true effect to find."""
        at = COLUMNS.index(f"truth, {LATENT}")
        n, mean = int(moments.n[at]), float(moments.mean[at])
        what = ", ".join(part for part in self.key or () if part)
        if n == 0:
            raise StudyError(
                f"there is no truth for {what}, so nothing says whether what is found is there: "
                f"name another estimate with about="
            )
        if abs(mean) <= 3.0 * float(np.sqrt(moments.squares[at] / max(n - 1, 1) / n)):
            raise StudyError(
                f"the true effect on {what} is {mean:.3g}, not to be told from 0, and no number "
                f"of pairs finds what is not there. Give a scenario with an effect."
            )

    def stays(self, look: Look) -> None:
        """Refuse where a bound shows, beyond chance, that power is not reached within both."""
        off = 3.0 * look.error
        if look.pairs == self.bounds[1] and look.power + off < self.power:
            raise StudyError(
                f"power is {look.power:.3f} with {look.pairs:,} pairs, the most that bounds "
                f"allow; {self.power:g} is not reached. Allow more, or ask for less."
            )
        if look.pairs == self.bounds[0] and look.power - off > self.power:
            raise StudyError(
                f"power is {look.power:.3f} already with {look.pairs:,} pairs, the fewest that "
                f"bounds allow. Allow fewer, or ask for more."
            )

    def within(self, pairs: float) -> None:
        """Refuse an answer outside the bounds."""
        if not self.bounds[0] <= pairs <= self.bounds[1]:
            raise StudyError(
                f"power is {self.power:g} at about {pairs:,.1f} pairs, outside bounds "
                f"{self.bounds[0]:,} to {self.bounds[1]:,}. Set bounds around that."
            )


def _counted(pairs: int, replicates: int, moments: Moments | None) -> Look:
    if moments is None:
        return Look(pairs, replicates, answered=0, found=0, p_withheld=0)
    count = {name: int(moments.n[COLUMNS.index(name)]) for name in ("value", "rejects", "gives_p")}
    mean = {name: float(moments.mean[COLUMNS.index(name)]) for name in count}
    return Look(
        pairs,
        replicates,
        answered=count["value"],
        found=round(mean["rejects"] * count["rejects"]),
        p_withheld=count["value"] - round(mean["gives_p"] * count["gives_p"]),
    )


def _refuse(power: float, alpha: float, level: float, replicates: object, seed: object) -> None:
    share("level", level)
    number("power", power, "a number between 0 and 1")
    number("alpha", alpha, "a number between 0 and 1")
    if not 0.0 < alpha < power < 1.0:
        raise ValueError(f"power is {power}, alpha {alpha}; expected 0 < alpha < power < 1")
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < FEW:
        raise ValueError(f"replicates is {replicates!r}; expected a whole number, {FEW} or more")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed is {seed!r}; expected a whole number, 0 or more")
