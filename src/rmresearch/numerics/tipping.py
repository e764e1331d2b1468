"""How a pooled contrast moves as imputed values are shifted, and where its decision tips.

A contrast is linear in the outcome, and so is what each cluster adds to its error: the outcome's
and that of the two columns that say who is shifted give both for every pair of shifts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from rmresearch.numerics.robust import influence
from rmresearch.numerics.rubin import Pooled, pool

__all__ = ["Shifted", "shifted", "tipping_point"]

Array = NDArray[np.float64]

#: shifts looked at before the place of a change is narrowed down
STEPS = 1_001


@dataclass(frozen=True, slots=True, eq=False)
class Shifted:
    """Estimates (3, m) and variances (6, m) of m imputed data sets as polynomials of two shifts.

    The powers of the shifts a and b are 1, a, b, a^2, b^2, ab.
    """

    estimates: Array
    variances: Array
    df: float

    def at(self, first: ArrayLike, second: ArrayLike = 0.0) -> Pooled:
        """The pooled contrast when these amounts are added to the two groups' imputed values."""
        a, b = np.broadcast_arrays(np.asarray(first, float), np.asarray(second, float))
        powers = np.stack([np.ones_like(a), a, b, a * a, b * b, a * b], axis=-1)
        variances = np.maximum(powers @ self.variances, 0.0)
        return pool(powers[..., :3] @ self.estimates, variances, self.df)


def shifted(
    y: ArrayLike,
    x: ArrayLike,
    cluster: ArrayLike | None,
    weights: ArrayLike,
    groups: tuple[ArrayLike, ArrayLike],
) -> Shifted:
    """The contrast ``weights`` (p,) of ``y`` on ``x``, (m, n) and (m, n, p), for every shift.

    ``groups`` are two (n,) columns of 0 and 1: whose values were imputed, of the first and of the
    second group. CR2 by ``cluster`` (n,), as ``robust.fit``; ``None`` gives classical variances.
    """
    outcome = np.asarray(y, float)
    moved = [np.broadcast_to(np.asarray(one, float), outcome.shape) for one in groups]
    found = influence(np.stack([outcome, *moved]), x, cluster, weights)
    products = np.einsum("img,jmg->ijm", found.scores, found.scores)
    # (s + a s1 + b s2)^2, the cluster's score s and what a shift adds to it
    variances = np.stack([
        products[0, 0], 2.0 * products[0, 1], 2.0 * products[0, 2],
        products[1, 1], products[2, 2], 2.0 * products[1, 2],
    ])  # fmt: skip
    df = np.broadcast_to(found.df, found.estimate.shape)[0].mean()
    return Shifted(found.estimate, variances, float(df))


def tipping_point(
    found: Shifted, side: Literal[-1, 1], largest: float, level: float = 0.95
) -> float | None:
    """The smallest shift of the first group, from 0 to ``largest``, at which a decision changes.

    The decision is that the interval at ``level`` lies above 0 (``side`` 1) or below (-1);
    ``largest`` may be negative. 0 where it does not hold even without a shift; ``None`` where it
    holds for all of them.
    """

    def margin(shift: ArrayLike) -> Array:
        one = found.at(shift)
        half = special.stdtrit(one.df, 0.5 + level / 2.0) * one.se
        return np.asarray(side * one.estimate - half)

    steps = np.linspace(0.0, largest, STEPS)
    fallen = np.flatnonzero(~(margin(steps) > 0))
    if not fallen.size:
        return None
    if fallen[0] == 0:
        return 0.0
    last, first = steps[fallen[0] - 1], steps[fallen[0]]
    return float(optimize.brentq(lambda shift: float(margin(shift)), last, first, xtol=1e-12))
