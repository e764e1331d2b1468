"""Agreement of a score with itself: the intraclass correlation of two or more occasions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

__all__ = ["icc_agreement"]


def icc_agreement(scores: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """(ICC, low, high) of one occasion's score, absolute agreement, from ``scores`` (n, k).

    ICC(A,1) of McGraw and Wong (1996, tables 4 and 7; corrected 1996, p. 390), also written
    ICC(2,1): people and occasions both random, so that a shift of everybody between occasions
    counts as disagreement. All NaN with fewer than two people or occasions, or without any
    variance; the interval is NaN where people agree with themselves perfectly or not at all.

    >>> round(icc_agreement([[1.0, 2], [3, 3], [5, 4], [2, 2]])[0], 4)
    0.8636
    """
    table = np.asarray(scores, float)
    n, k = table.shape
    nothing = (float("nan"), float("nan"), float("nan"))
    if n < 2 or k < 2:
        return nothing
    centre = table.mean()
    rows, columns = table.mean(axis=1) - centre, table.mean(axis=0) - centre
    left = table - centre - rows[:, None] - columns
    msr = k * float(rows @ rows) / (n - 1)
    msc = n * float(columns @ columns) / (k - 1)
    mse = float((left**2).sum()) / ((n - 1) * (k - 1))
    below = msr + (k - 1) * mse + k * (msc - mse) / n
    if not below > 1e-12 * max(1.0, centre**2):
        return nothing
    icc = (msr - mse) / below
    if not (abs(icc) < 1.0 and mse > 0.0):
        return (icc, float("nan"), float("nan"))
    a = k * icc / (n * (1.0 - icc))
    b = 1.0 + k * icc * (n - 1) / (n * (1.0 - icc))
    df = (a * msc + b * mse) ** 2 / (
        (a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1))
    )
    tail = 0.5 + level / 2.0
    upper = float(special.fdtri(n - 1, df, tail))
    lower = float(special.fdtri(df, n - 1, tail))
    rest = k * msc + (k * n - k - n) * mse
    low = n * (msr - upper * mse) / (upper * rest + n * msr)
    high = n * (lower * msr - mse) / (rest + n * lower * msr)
    return (float(icc), float(low), float(high))
