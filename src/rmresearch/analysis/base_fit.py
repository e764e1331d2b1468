"""From arrays to estimates: the fit of record by two routes, and what its precision can show."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from rmresearch.analysis.base import number
from rmresearch.numerics import effects
from rmresearch.result import Estimate

__all__ = ["Student", "power_of"]


@dataclass(frozen=True, slots=True)
class Student:
    """A value with its standard error and the df of its t: an `Interval` from plain numbers."""

    estimate: float
    se: float
    df: float

    @property
    def p(self) -> float:
        """Two-sided, NaN where the standard error is not above 0."""
        if not self.se > 0:
            return np.nan
        return float(2.0 * special.stdtr(self.df, -abs(self.estimate / self.se)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The t interval."""
        half = float(special.stdtrit(self.df, 0.5 + level / 2.0)) * self.se
        return self.estimate - half, self.estimate + half


def power_of(record: Estimate, smallest_effect: float | None) -> tuple[Estimate, ...]:
    """What a study of this precision could find: beside an estimate of record.

    The smallest detectable effect in the outcome's units, and, where the outcome declares a
    smallest effect of interest, how many times too large a significant estimate would be on
    average if that were the truth. Nothing where the record has no standard error.
    """
    if record.se is None or record.df is None:
        return ()
    bare = replace(record, se=None, low=None, high=None, df=None, p=None)
    detectable = number(effects.smallest_detectable(record.se, record.df))
    method = "(t.975 + t.80) x SE of the estimate of record"
    found = [replace(bare, term="smallest-detectable", value=detectable, method=method)]
    if smallest_effect is not None:
        ratio = number(effects.exaggeration_ratio(record.se, record.df, smallest_effect))
        method = f"noncentral t, true effect = declared smallest effect {smallest_effect:g}"
        found.append(replace(bare, term="exaggeration", value=ratio, method=method))
    return tuple(found)
