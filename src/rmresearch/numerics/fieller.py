"""The ratio of two uncertain numbers with Fieller's interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

__all__ = ["Ratio", "fieller"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio and the set of values that the data do not contradict.

    ``shape`` "bounded": ``low`` to ``high``. "outside": everything up to ``low`` and everything
    from ``high`` on, for the denominator may be zero. "whole": any number, both ends NaN.
    """

    value: float
    low: float
    high: float
    shape: Literal["bounded", "outside", "whole"]


def fieller(
    top: float,
    bottom: float,
    *,
    top_variance: float,
    bottom_variance: float,
    covariance: float = 0.0,
    df: float = np.inf,
    level: float = 0.95,
) -> Ratio:
    """What can ``top`` / ``bottom`` be, given how uncertain both are?

    All values r for which (top - r bottom) is within t standard errors of 0 (Fieller 1954, Journal
    of the Royal Statistical Society B 16:175): a quadratic in r. The set is an interval only where
    the denominator's own t interval excludes 0. The variances and the covariance are those of the
    two estimates; ``df`` is the t's.

    >>> found = fieller(100.0, 0.5, top_variance=0.0, bottom_variance=0.01)
    >>> round(found.low, 1), round(found.high, 1)
    (143.7, 328.9)
    >>> fieller(100.0, 0.1, top_variance=0.0, bottom_variance=0.01).shape
    'outside'
    """
    if top_variance < 0.0 or bottom_variance < 0.0:
        raise ValueError("variances must not be negative")
    if covariance**2 > top_variance * bottom_variance * (1.0 + 1e-9):
        raise ValueError("a covariance larger than its variances allow")
    upper = 0.5 + level / 2.0
    t2 = float(special.ndtri(upper) if np.isinf(df) else special.stdtrit(df, upper)) ** 2
    value = top / bottom if bottom else np.nan
    a = bottom**2 - t2 * bottom_variance
    b = top * bottom - t2 * covariance
    c = top**2 - t2 * top_variance
    inside = b * b - a * c
    if a == 0.0 or inside <= 0.0 < -a:
        return Ratio(value, np.nan, np.nan, "whole")
    root = float(np.sqrt(max(inside, 0.0)))
    low, high = sorted(((b - root) / a, (b + root) / a))
    return Ratio(value, low, high, "bounded" if a > 0.0 else "outside")
