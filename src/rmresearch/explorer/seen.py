"""What simulated studies of a scenario find: numbers, drawn afresh from a seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis.arms import compare_arms
from rmresearch.errors import StudyError
from rmresearch.result import KEY
from rmresearch.study import Outcome, Wave
from rmresearch.whatif.claims import before_after
from rmresearch.whatif.sizes import meant
from rmresearch.whatif.sweep import Sweep, sweep
from rmresearch.world.scenario import Scenario

__all__ = ["ALPHA", "Mean", "Seen", "seen"]

#: two-sided level at which a study counts as finding a difference
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over simulated studies, and its Monte Carlo standard error.

    >>> Mean.of(np.array([1.0, 3.0]))
    Mean(value=2.0, error=1.0)
    """

    value: float
    error: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Self:
        """Of two numbers or more."""
        return cls(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values)))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What ``studies`` simulated studies found at the last ``wave``.

    Those that answered have their ``estimates`` and whether each ``found`` a difference
    (p < `ALPHA`), arrays (study that answered,), in the outcome's points. ``estimate``, ``low``
    and ``high`` are means over them; ``true`` is what the programme changes in the people
    themselves, ``reported`` the same as they rate themselves (None: less than two answered).
    ``withheld`` of the answers come without a test when the analysis is asked itself, because
    independent sets are few; ``reversed`` found a difference of the wrong sign. ``failures`` counts
    the others by reason.
    """

    scenario: Scenario
    outcome: Outcome
    wave: Wave
    studies: int
    seed: int
    estimates: NDArray[np.float64]
    found: NDArray[np.bool_]
    estimate: Mean | None
    low: Mean | None
    high: Mean | None
    true: Mean | None
    reported: Mean | None
    withheld: int
    reversed: int
    failures: Mapping[str, int]

    @property
    def power(self) -> Mean:
        """The share of all studies that find a difference: one without an answer finds nothing.

        Where all or none do, the error is that of half a study less or more, for it is not 0.
        """
        share, half = float(self.found.sum()) / self.studies, 0.5 / self.studies
        inner = min(max(share, half), 1.0 - half)
        return Mean(share, math.sqrt(inner * (1.0 - inner) / self.studies))

    @property
    def nothing(self) -> bool:
        """Whether the programme changes nothing, so that whatever is found is a false positive."""
        return self.true == Mean(0.0, 0.0)


def seen(
    scenario: Scenario,
    outcome: str,
    *,
    replicates: int,
    seed: int,
    say: Callable[[str], None] | None = None,
) -> Seen:
    """What would studies of this scenario find at their last wave?

    `compare_arms`, or where there is nobody to compare with the change in the one group read as
    what the programme did, on ``replicates`` studies drawn from ``seed``; ``say`` is told how far
    it is. Raises what `sweep` raises, and ``StudyError`` where no study can be analysed.

    >>> some = seen(Scenario(pairs=24), "digital_skill", replicates=20, seed=1)
    >>> some.wave.name, len(some.estimates)
    ('month6', 20)
    """
    analysis = before_after if scenario.comparison == "none" else compare_arms
    # what else is asked changes no answer to this; without it a block of the sweep holds more
    # studies, which takes a sixth of the time away
    alone = replace(scenario, design=replace(scenario.design, instruments=(outcome,)))
    done = sweep(
        alone, analysis, outcome=outcome, replicates=replicates, seed=seed, alpha=ALPHA,
        keep=True, say=say,
    )  # fmt: skip
    if done.broken:
        raise StudyError(f"the studies cannot be analysed: {next(iter(done.broken.values()))}")
    rows, key = _rows(done)
    about = dict(zip(KEY, key, strict=True))
    design = next(iter(done.plan.sources.values())).design
    estimates, p, truth = (rows[name].to_numpy(float) for name in ("value", "p", "latent"))
    found = p < ALPHA
    return Seen(
        scenario=scenario,
        outcome=design.outcome(outcome),
        wave=next(one for one in design.waves if one.name == about["wave"]),
        studies=replicates,
        seed=seed,
        estimates=estimates,
        found=found,
        **{field: _mean(rows[column]) for field, column in MEANS.items()},
        withheld=int((~rows["gives_p"].to_numpy(bool)).sum()),
        reversed=int((found & (np.sign(estimates) == -np.sign(truth)) & (truth != 0)).sum()),
        failures=_failures(done),
    )


#: means of `Seen` by the columns of a sweep's estimates
MEANS: Mapping[str, str] = {
    "estimate": "value", "low": "low", "high": "high", "true": "latent", "reported": "as_reported",
}  # fmt: skip


def _rows(done: Sweep) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The estimates that are meant, a row a study that has one, and their key."""
    design = next(iter(done.plan.sources.values())).design
    tally = next(iter(done.tallies.values()))
    if done.estimates is None or not tally.moments:
        reason = next(iter(tally.failures), "the analysis gives no estimate")
        raise StudyError(f"no study has an answer: {reason}")
    key = meant(tally.moments, {}, design)
    mine = done.estimates[list(KEY)].eq(list(key)).all(axis=1)
    return done.estimates[mine & done.estimates["value"].notna()], key


def _mean(column: Any) -> Any:
    known = column.dropna().to_numpy(float)
    return Mean.of(known) if len(known) > 1 else None


def _failures(done: Sweep) -> dict[str, int]:
    return dict(next(iter(done.tallies.values())).failures)
