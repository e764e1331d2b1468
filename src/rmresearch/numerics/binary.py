"""The difference of two shares with a score interval, for independent people and for clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rmresearch.numerics.proportions import score_ends

__all__ = ["RiskDifference", "intraclass", "risk_difference"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class RiskDifference:
    """The first group's share less the other's, -1..1, with its interval.

    ``shares`` and ``effective_n`` are the first group's and the other's; ``icc`` is the
    correlation within clusters that the effective n were made with (None: nobody shares one).
    ``df`` belongs to the t quantile of the interval; infinite for independent people.
    """

    value: float
    low: float
    high: float
    shares: tuple[float, float]
    effective_n: tuple[float, float]
    icc: float | None
    df: float


def risk_difference(
    event: ArrayLike, first: ArrayLike, cluster: ArrayLike | None = None, *, level: float = 0.95
) -> RiskDifference:
    """How much more often does it happen in the first group than in the other?

    ``event`` (n,) of 0 and 1, ``first`` (n,) true for the first group, ``cluster`` (n,) integer
    codes. Each share has Wilson's score interval, and the two make the difference's as Newcombe
    (1998, Statistics in Medicine 17:873, method 10) and Zou and Donner (2008, Statistics in
    Medicine 27:1693) do: it needs no event in either group. Where people share clusters, n is
    divided by 1 + (m - 1) icc, m the mean cluster size as a random person meets it and icc the
    analysis of variance's estimate, pooled over the groups and not below 0; the quantile is t's on
    clusters less two (as Korn and Graubard 1998, Survey Methodology 24:193, do). Without any
    event, or non-event, icc is unknown and taken as 1. Clusters that reach into both groups make
    the interval too wide, never too narrow. NaN where a group is empty.

    Measured at 12 to 40 clusters of 1 to 12 people, icc 0 to .2, shares from .02 to .5: coverage
    .947 or more (`validate` in the tests), where a cluster-robust t interval had .64 to .95.

    >>> found = risk_difference([1, 1, 0, 0, 0, 0, 0, 0], [True] * 4 + [False] * 4)
    >>> round(found.value, 2), round(found.low, 3), round(found.high, 3)
    (0.5, -0.102, 0.85)
    """
    value, side, codes = _checked(event, first, cluster)
    groups = [side, ~side]
    if not all(group.any() for group in groups):
        nothing = np.nan
        return RiskDifference(nothing, nothing, nothing, (nothing,) * 2, (0.0, 0.0), None, nothing)
    shares = [float(value[group].mean()) for group in groups]
    sizes = [np.unique(codes[group], return_counts=True)[1] for group in groups]
    icc, df = None, np.inf
    effective = [float(size.sum()) for size in sizes]
    if any(size.max() > 1 for size in sizes):
        icc = intraclass(value, side, codes)
        df = float(max(sum(len(size) for size in sizes) - 2, 1))
        effective = [_effective(size, icc) for size in sizes]
    upper = 0.5 + level / 2.0
    quantile = float(special.ndtri(upper) if np.isinf(df) else special.stdtrit(df, upper))
    (low1, high1), (low0, high0) = (
        score_ends(share, n, quantile) for share, n in zip(shares, effective, strict=True)
    )
    gap = shares[0] - shares[1]
    low = gap - float(np.hypot(shares[0] - low1, high0 - shares[1]))
    high = gap + float(np.hypot(high1 - shares[0], shares[1] - low0))
    return RiskDifference(
        gap, low, high, (shares[0], shares[1]), (effective[0], effective[1]), icc, df
    )


def intraclass(event: Array, first: NDArray[np.bool_], cluster: Codes) -> float:
    """The correlation of two people of one cluster and group, 0..1, by the analysis of variance.

    Pooled over the groups (Donner and Klar 2000, section 6.2: mean squares between and within
    clusters of a group). 1 where the data do not tell: nothing happened, or happened to all.
    """
    between = within = weighted = 0.0
    between_df = within_df = 0
    for group in (first, ~first):
        codes = np.unique(cluster[group], return_inverse=True)[1]
        size = np.bincount(codes).astype(float)
        mean = np.bincount(codes, weights=event[group]) / size
        between += float((size * (mean - event[group].mean()) ** 2).sum())
        within += float((size * mean * (1.0 - mean)).sum())
        between_df += len(size) - 1
        within_df += int(size.sum()) - len(size)
        weighted += size.sum() - (size**2).sum() / size.sum()
    if between_df == 0 or within_df == 0 or between + within <= 0.0:
        return 1.0
    typical = weighted / between_df
    above, below = between / between_df, within / within_df
    return float(np.clip((above - below) / (above + (typical - 1.0) * below), 0.0, 1.0))


def _effective(size: NDArray[np.intp], icc: float) -> float:
    n = float(size.sum())
    return n / (1.0 + (float((size**2).sum()) / n - 1.0) * icc)


def _checked(
    event: ArrayLike, first: ArrayLike, cluster: ArrayLike | None
) -> tuple[Array, NDArray[np.bool_], Codes]:
    value, side = np.asarray(event, dtype=float), np.asarray(first, dtype=bool)
    if value.ndim != 1 or side.shape != value.shape:
        raise ValueError(f"event {value.shape} and first {side.shape} must be (n,) and alike")
    if not np.isin(value, (0.0, 1.0)).all():
        raise ValueError("event must hold 0 and 1 only: drop missing answers first")
    codes = np.arange(value.size) if cluster is None else np.asarray(cluster)
    if codes.shape != value.shape:
        raise ValueError(f"cluster must hold {value.size} codes, not {codes.shape}")
    return value, side, np.unique(codes, return_inverse=True)[1]
