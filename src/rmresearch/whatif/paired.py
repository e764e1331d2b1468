"""Differences between scenarios that share their luck, added up batch by batch.

Cohorts of one batch may share luck across replicates where scenarios differ in shape, batches
never do; so the error of a difference comes from batches. Memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rmresearch.whatif.plan import Plan, Task
from rmresearch.whatif.tally import COLUMNS, Key, Moments

__all__ = ["Difference", "Paired", "Pairing"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure here and of the base, and the difference, with Monte Carlo errors and interval."""

    value: float
    base: float
    difference: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """Running means (column, 4) and cross-products (column, 4, 4) over ``batches``.

    The four are a batch's sum and count here, and its sum and count of the base; columns are
    those of a tally.
    """

    batches: int = 0
    mean: Array = field(default_factory=lambda: np.zeros((len(COLUMNS), 4)))
    cross: Array = field(default_factory=lambda: np.zeros((len(COLUMNS), 4, 4)))

    def add(self, here: Moments | None, base: Moments | None) -> Paired:
        """With one batch more (West 1979, Communications of the ACM 22:532); None: no estimate."""
        none = Moments.none(len(COLUMNS))
        here, base = here or none, base or none
        batch = np.stack([here.mean * here.n, here.n, base.mean * base.n, base.n], axis=-1)
        k, off = self.batches + 1, batch - self.mean
        mean = self.mean + off / k
        cross = self.cross + off[:, :, None] * (batch - mean)[:, None, :]
        return Paired(k, mean, cross)

    def difference(self, column: str, level: float) -> Difference | None:
        """Of the means of one column: ratios of sums to counts, their error by the delta method.

        With t on batches less one. None where either has nothing to compare, or below two batches.
        """
        if self.batches < 2:
            return None
        at = COLUMNS.index(column)
        here, n, base, m = self.mean[at].tolist()
        if n == 0 or m == 0:
            return None
        value, other = here / n, base / m
        slope = np.array([1.0 / n, -value / n, -1.0 / m, other / m])
        df = self.batches - 1
        variance = float(slope @ self.cross[at] @ slope) / df / self.batches
        error, apart = float(np.sqrt(max(variance, 0.0))), value - other
        reach = float(special.stdtrit(df, 0.5 + level / 2.0)) * error
        return Difference(value, other, apart, error, apart - reach, apart + reach)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which scenario each is compared with, by which estimate of each analysis.

    ``base`` names the other scenario, ``keys`` the estimate by (scenario, analysis); every block of
    the plan is one batch of ``batch`` cohorts.
    """

    base: Mapping[str, str]
    keys: Mapping[tuple[str, str], Key]
    batch: int

    def tasks(self, plan: Plan, done: Mapping[str, int]) -> Iterator[Task]:
        """What is left after so many tasks of each scenario, batch after batch, bases first.

        A base's batch is drawn once more where a scenario that it is compared with lacks it.
        """
        bases = set(self.base.values())
        order = sorted(plan.sources, key=lambda name: name not in bases)
        each = [
            groupby(
                replace(plan, sources={name: plan.sources[name]}).tasks(), lambda one: one.block
            )
            for name in order
        ]
        for blocks in zip(*each, strict=True):
            batch = dict(zip(order, (list(tasks) for _, tasks in blocks), strict=True))
            open_ = {name for name, tasks in batch.items() if tasks[-1].index >= done[name]}
            needed = open_ | {self.base[name] for name in open_ if name in self.base}
            for name in order:
                yield from batch[name] if name in needed else ()

    def whole(self, task: Task) -> bool:
        """Whether a task is the last of its batch."""
        return task.skip + task.replicates == self.batch
