"""Running sums of what a sweep has seen: memory does not grow with replicates.

Every figure of a judgement is a mean over replicates or a function of means, so what is kept of
an estimate is the count, the mean and the sum of squared deviations of some columns. Blocks are
merged in their order (Chan, Golub and LeVeque 1983, equation 2.1), so that the same blocks give the
same bytes whoever computed them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rmresearch.analysis.base.batch import Estimates
from rmresearch.result import KEY
from rmresearch.world.truth import TruthRow

__all__ = ["AGAINST", "COLUMNS", "Key", "Moments", "Tally", "counted", "truth_of"]

Array = NDArray[np.float64]
Key = tuple[str, ...]

#: the two truths that an estimate is held to
AGAINST = ("latent", "as_reported")
#: of the estimate alone: shares are means of 1 and 0, "given" = what the analysis does not withhold
OWN = (
    "value", "variance", "smallest_detectable", "rejects", "rejects_given", "excludes_zero_given",
    "gives_se", "gives_interval", "gives_p", "converged", "singular",
)  # fmt: skip
#: of the estimate and one truth; the last four among estimates that differ from 0 "significantly"
HELD = ("truth", "error", "squared_error", "covers", "covers_given", "wrong_sign", "found_size",
        "true_size", "both_sizes")  # fmt: skip
COLUMNS: tuple[str, ...] = (*OWN, *(f"{name}, {truth}" for truth in AGAINST for name in HELD))
#: power at which an effect counts as detectable
POWER = 0.80


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Count, mean and sum of squared deviations (columns,) of values that are not NaN.

    >>> import numpy as np
    >>> both = Moments.of(np.array([[1.0], [2.0]])).merge(Moments.of(np.array([[6.0], [np.nan]])))
    >>> both.n, both.mean, both.squares
    (array([3]), array([3.]), array([14.]))
    """

    n: NDArray[np.int64]
    mean: Array
    squares: Array

    @classmethod
    def of(cls, values: Array) -> Moments:
        """Of ``values`` (replicate, column)."""
        known = np.isfinite(values)
        n = known.sum(axis=0)
        mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1)
        off = np.where(known, values - mean, 0.0)
        return cls(n, mean, (off * off).sum(axis=0))

    @classmethod
    def none(cls, columns: int) -> Moments:
        """Of nothing yet."""
        return cls(np.zeros(columns, np.int64), np.zeros(columns), np.zeros(columns))

    def merge(self, later: Moments) -> Moments:
        """Of both."""
        n = self.n + later.n
        share = later.n / np.maximum(n, 1)
        apart = later.mean - self.mean
        squares = self.squares + later.squares + apart * apart * self.n * share
        return Moments(n, self.mean + apart * share, squares)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What is known of one scenario: replicates, failures by reason, and moments by key."""

    replicates: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    moments: Mapping[Key, Moments] = field(default_factory=dict)

    def merge(self, later: Tally) -> Tally:
        """Of both, keys and reasons in the order of their first appearance."""
        failures = dict(self.failures)
        for reason, count in later.failures.items():
            failures[reason] = failures.get(reason, 0) + count
        moments = dict(self.moments)
        for key, more in later.moments.items():
            moments[key] = moments.get(key, Moments.none(len(COLUMNS))).merge(more)
        return Tally(self.replicates + later.replicates, failures, moments)


def counted(found: Estimates, truth: TruthRow | None, alpha: float) -> Moments:
    """The moments of one estimate over a block, held to its truth (None: there is none)."""
    there = np.isfinite(found.value)
    rejects = _flags(found.p < alpha, np.isfinite(found.p))
    excludes = (found.low > 0) | (found.high < 0)
    with np.errstate(invalid="ignore"):
        reach = special.stdtrit(found.df, 1.0 - alpha / 2.0) + special.stdtrit(found.df, POWER)
    own = {
        "value": found.value,
        "variance": found.se * found.se,
        "smallest_detectable": np.where(found.df > 0, reach * found.se, np.nan),
        "rejects": rejects,
        "rejects_given": np.where(found.gives_p, rejects, np.nan),
        "excludes_zero_given": _flags(excludes, found.gives_interval),
        "gives_se": _flags(found.gives_se, there),
        "gives_interval": _flags(found.gives_interval, there),
        "gives_p": _flags(found.gives_p, there),
        "converged": found.converged,
        "singular": found.singular,
    }
    columns = [own[name] for name in OWN]
    unknown = np.full(len(there), np.nan)
    for name in AGAINST:
        held = _held(found, unknown if truth is None else getattr(truth, name), rejects)
        columns += [held[column] for column in HELD]
    return Moments.of(np.stack(columns, axis=-1))


def _held(found: Estimates, truth: Array, rejects: Array) -> dict[str, Array]:
    error = found.value - truth
    covers = _flags((found.low <= truth) & (truth <= found.high), np.isfinite(found.low + truth))
    # size and sign can only be wrong where there is an effect
    chosen = (rejects == 1.0) & (truth != 0.0) & np.isfinite(truth)
    size = np.where(chosen, np.abs(found.value), np.nan)
    true = np.where(chosen, np.abs(truth), np.nan)
    return {
        "truth": np.where(np.isfinite(found.value), truth, np.nan),
        "error": error,
        "squared_error": error * error,
        "covers": covers,
        "covers_given": np.where(found.gives_interval, covers, np.nan),
        "wrong_sign": _flags(np.sign(found.value) != np.sign(truth), chosen),
        "found_size": size,
        "true_size": true,
        "both_sizes": size + true,
    }


def _flags(flags: NDArray[np.bool_], known: NDArray[np.bool_]) -> Array:
    return np.where(known, flags, np.nan)


def truth_of(rows: tuple[TruthRow, ...]) -> dict[Key, TruthRow]:
    """Truths by the key that estimates share."""
    return {tuple(getattr(row, name) for name in KEY): row for row in rows}
