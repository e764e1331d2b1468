"""One quantity with its standard error and degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

__all__ = ["Contrast", "Number", "judged"]

#: np.float64 for one data set; an array over the leading axes for replicates.
Number = Any


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """One weighted sum of coefficients with its standard error, df, t and two-sided p.

    Where the model fits exactly, or no cluster is left to judge the contrast by, ``t`` and ``p``
    (and, in the second case, ``se``; then ``df`` is 0) are NaN: there is no test.
    """

    estimate: Number
    se: Number
    df: Number
    t: Number
    p: Number

    def interval(self, level: float = 0.95) -> tuple[Number, Number]:
        """The t interval (low, high) at ``level`` in 0..1."""
        if not 0.0 < level < 1.0:
            raise ValueError(f"level must lie between 0 and 1, not {level}")
        with np.errstate(invalid="ignore"):
            half = special.stdtrit(self.df, 0.5 + level / 2.0) * self.se
        return self.estimate - half, self.estimate + half


def judged(estimate: ArrayLike, variance: ArrayLike, df: ArrayLike, exact: ArrayLike) -> Contrast:
    """The contrast with this estimate, variance and df; no test where ``exact`` or df is 0."""
    se = np.where(np.asarray(df) > 0, np.sqrt(np.maximum(variance, 0.0)), np.nan)
    testable = (se > 0) & ~np.asarray(exact)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(testable, np.asarray(estimate) / se, np.nan)
    p = 2.0 * special.stdtr(df, -np.abs(t))
    return Contrast(*(np.asarray(value)[()] for value in (estimate, se, df, t, p)))
