"""Delete-a-group jackknife: an estimate's standard error from leaving out sets of pairs in turn.

Sets of connected pairs are independent, so they are what is left out; above 100 of them they are
dealt into 100 groups (Wolter 2007, Introduction to Variance Estimation, chapter 4). Every
statistic is a function of sums over sets, and the sums without a group are the total less that
group's: so all that is computed runs along one axis whose first entry is the whole pilot, the
others the pilot without one group each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

__all__ = ["LEVEL", "Groups", "Spread", "interval", "jackknifed"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_GROUPS = 100
LEVEL = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The groups that rows (people or pairs) belong to: ``member`` (group, row), 0 or 1."""

    member: sparse.csr_array

    @classmethod
    def of(cls, cluster: Ints, arm: Ints) -> Groups:
        """Clusters are groups; too many are dealt into groups, arm by arm."""
        codes, first = np.unique(cluster, return_index=True)
        order = np.lexsort((codes, arm[first]))
        place = np.empty(len(codes), np.int64)
        place[order] = np.arange(len(codes)) % MOST_GROUPS
        group = place[np.searchsorted(codes, cluster)]
        rows = np.arange(len(group))
        shape = (int(group.max()) + 1, len(group))
        return cls(sparse.csr_array((np.ones(len(group)), (group, rows)), shape=shape))

    def sums(self, values: Array) -> Array:
        """Sums of ``values`` (row, ...) over all rows, and without each group: (1 + group, ...)."""
        flat = values.reshape(len(values), -1)
        by_group = (self.member @ flat).reshape(-1, *values.shape[1:])
        total = by_group.sum(axis=0)
        return np.concatenate([total[None], total - by_group])

    def count(self, rows: NDArray[np.bool_]) -> int:
        """How many groups have any of these rows."""
        return int((self.member @ rows.astype(float) > 0).sum())


@dataclass(frozen=True, slots=True)
class Spread:
    """An estimate with its standard error, bias of order 1/n removed."""

    value: float
    se: float


def jackknifed(values: Array) -> Spread:
    """The estimate and its standard error from ``values`` (1 + group,): whole, then leaving out.

    Quenouille's bias-reduced estimate and Tukey's variance; NaN where any of them is NaN.
    """
    whole, without = values[0], values[1:]
    groups = len(without)
    mean = without.mean()
    value = groups * whole - (groups - 1) * mean
    se = np.sqrt((groups - 1) / groups * ((without - mean) ** 2).sum())
    return Spread(float(value), float(se))


def interval(
    found: Spread, df: float, back: Callable[[float], float] = float
) -> tuple[float, float, float]:
    """The estimate and its t interval, ``back`` from the scale that they were made on."""
    reach = float(special.stdtrit(df, 0.5 + LEVEL / 2.0)) * found.se
    return back(found.value), back(found.value - reach), back(found.value + reach)
