"""How a pooled contrast moves as imputed values are shifted, and where its decision tips.

A contrast is linear in the outcome and its cluster-robust variance quadratic, so six fits give
both exactly for every pair of shifts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from rmresearch.numerics.robust import fit
from rmresearch.numerics.rubin import Pooled, pool

__all__ = ["Shifted", "shifted", "tipping_point"]

Array = NDArray[np.float64]

#: shifts of the first and second group, in units of the largest one, from which all follow
PLACES = np.array([(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1)], float)
#: shifts looked at before the place of a change is narrowed down
STEPS = 1_001


@dataclass(frozen=True, slots=True, eq=False)
class Shifted:
    """Estimates and variances of m imputed data sets as polynomials (6, m) of two shifts."""

    estimates: Array
    variances: Array
    df: float

    def at(self, first: ArrayLike, second: ArrayLike = 0.0) -> Pooled:
        """The pooled contrast when these amounts are added to the two groups' imputed values."""
        a, b = np.broadcast_arrays(np.asarray(first, float), np.asarray(second, float))
        powers = _powers(a, b)
        return pool(powers @ self.estimates, np.maximum(powers @ self.variances, 0.0), self.df)


def shifted(
    y: ArrayLike,
    x: ArrayLike,
    cluster: ArrayLike | None,
    weights: ArrayLike,
    groups: tuple[ArrayLike, ArrayLike],
    largest: float,
) -> Shifted:
    """The contrast ``weights`` (p,) of ``y`` on ``x``, (m, n) and (m, n, p), for every shift.

    ``groups`` are two (n,) columns of 0 and 1: whose values were imputed, of the first and of the
    second group. ``largest`` is the largest shift of interest. CR2 by ``cluster`` (n,), as
    ``robust.fit``; ``None`` gives classical variances.
    """
    outcome, moved = np.asarray(y, float), [np.asarray(one, float) for one in groups]
    steps = largest * PLACES
    values = np.stack([outcome + a * moved[0] + b * moved[1] for a, b in steps])
    kind = "classical" if cluster is None else "CR2"
    found = fit(values, x, cluster, vcov=kind).contrast(weights)  # type: ignore[arg-type]
    variance = np.nan_to_num(np.broadcast_to(found.se, found.estimate.shape) ** 2)
    size = np.asarray(float(largest))
    turn = np.linalg.inv(_powers(*PLACES.T)) / _powers(size, size)[:, None]
    df = np.broadcast_to(found.df, found.estimate.shape)[0].mean()
    return Shifted(turn @ found.estimate, turn @ variance, float(df))


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


def _powers(a: Array, b: Array) -> Array:
    return np.stack([np.ones_like(a), a, b, a * a, b * b, a * b], axis=-1)
