"""Effect sizes, intervals and what a study of this size can show: numbers and arrays only.

Nothing here decides what is reported: each function computes one quantity from its published
formula, and returns NaN where the numbers given do not define it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rmresearch.numerics.basis import Array
from rmresearch.numerics.proportions import Proportion, proportion, wilson
from rmresearch.numerics.wins import WinProbability, win_probability, win_probability_paired

__all__ = [
    "Proportion",
    "ReliableChange",
    "Standardised",
    "WinProbability",
    "cox_index",
    "exaggeration_ratio",
    "expected_regression",
    "hedges_g",
    "holm",
    "holm_levels",
    "paired_standardised",
    "pooled_sd",
    "proportion",
    "reliable_change",
    "small_sample",
    "smallest_detectable",
    "wilson",
    "win_probability",
    "win_probability_paired",
]


@dataclass(frozen=True, slots=True)
class Standardised:
    """A difference in standard deviations with its t interval on ``df``."""

    value: float
    se: float
    df: float
    low: float
    high: float
    sd: float


@dataclass(frozen=True, slots=True, eq=False)
class ReliableChange:
    """Who changed more than measurement error explains.

    ``index`` (n,) is change over the standard error of a difference, ``threshold`` the smallest
    reliable change in raw points; counts are by sign of the change, not by what is desirable.
    """

    index: Array
    threshold: float
    up: int
    unchanged: int
    down: int


def small_sample(n: float) -> float:
    """Hedges' correction 1 - 3 / (4 n - 9), n people in both groups (WWC Handbook 5.0, app. E)."""
    return 1.0 - 3.0 / (4.0 * n - 9.0) if n > 3 else np.nan


def pooled_sd(*groups: ArrayLike) -> float:
    """The standard deviation within groups; NaN values are left out, groups of one add nothing.

    >>> round(pooled_sd([1, 2, 3], [2, 4, 6]), 4)
    1.5811
    """
    square, df = 0.0, 0
    for group in groups:
        values = np.asarray(group, dtype=float)
        values = values[~np.isnan(values)]
        if values.size > 1:
            square += float(((values - values.mean()) ** 2).sum())
            df += values.size - 1
    return float(np.sqrt(square / df)) if df else np.nan


def hedges_g(
    estimate: float, se: float, df: float, sd: float, n: int, *, level: float = 0.95
) -> Standardised:
    """An adjusted difference in units of ``sd``, corrected for small samples.

    ``estimate``, ``se`` and ``df`` come from the (cluster-robust) model, ``sd`` is the pooled
    baseline standard deviation of ``n`` people. The interval carries the estimate's own standard
    error and the uncertainty of the SD: se(g)^2 = J^2 (se / sd)^2 + g^2 / (2 (n - 2)), WWC
    Procedures Handbook 5.0, appendix E (without the SD's term at g = 0 it agrees with the
    model's p-value).

    >>> round(hedges_g(2.0, 1.0, 40, 4.0, 48).value, 4)
    0.4918
    """
    correction = small_sample(n)
    if not sd > 0 or np.isnan(correction) or n <= 2:
        return Standardised(np.nan, np.nan, df, np.nan, np.nan, sd)
    value = correction * estimate / sd
    spread = float(np.sqrt((correction * se / sd) ** 2 + value**2 / (2.0 * (n - 2))))
    half = float(special.stdtrit(df, 0.5 + level / 2.0)) * spread
    return Standardised(value, spread, df, value - half, value + half, sd)


def paired_standardised(before: ArrayLike, after: ArrayLike) -> tuple[float, float]:
    """d_z and d_av of complete pairs: mean change over two different standard deviations.

    d_z divides by the SD of the changes; d_av by the root mean square of the two waves' SDs
    (Cumming 2012, equation 11.9), which does not grow when the waves correlate more.

    >>> d_z, d_av = paired_standardised([1, 2, 3, 4], [2, 4, 3, 7])
    >>> round(d_z, 3), round(d_av, 3)
    (1.162, 0.843)
    """
    first, second = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    keep = ~(np.isnan(first) | np.isnan(second))
    first, second = first[keep], second[keep]
    if first.size < 2:
        return np.nan, np.nan
    change = second - first
    by_change = float(change.std(ddof=1))
    by_wave = float(np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2.0))
    mean = float(change.mean())
    return (mean / by_change if by_change > 0 else np.nan), (
        mean / by_wave if by_wave > 0 else np.nan
    )


def reliable_change(
    before: ArrayLike, after: ArrayLike, *, sd: float, reliability: float, level: float = 0.95
) -> ReliableChange:
    """Whose change is larger than measurement error alone would make it?

    Jacobson and Truax 1991: change / (sqrt(2) x sd x sqrt(1 - reliability)), ``sd`` at the first
    wave. Pairs with a missing wave keep NaN and are not counted.

    >>> round(float(reliable_change([32.5], [47.5], sd=7.5, reliability=0.80).index[0]), 2)
    3.16
    """
    if not 0.0 <= reliability < 1.0:
        raise ValueError(f"reliability must lie in [0, 1), not {reliability}")
    if not sd > 0:
        raise ValueError(f"sd must be above 0, not {sd}: scores that do not vary cannot be judged")
    error = float(np.sqrt(2.0) * sd * np.sqrt(1.0 - reliability))
    index = (np.asarray(after, dtype=float) - np.asarray(before, dtype=float)) / error
    limit = float(special.ndtri(0.5 + level / 2.0))
    up, down = int((index > limit).sum()), int((index < -limit).sum())
    known = int((~np.isnan(index)).sum())
    return ReliableChange(index, limit * error, up, known - up - down, down)


def smallest_detectable(se: float, df: float, *, alpha: float = 0.05, power: float = 0.80) -> float:
    """The effect that a two-sided test would find with ``power``: (t[1-alpha/2] + t[power]) x se.

    >>> round(smallest_detectable(0.8 * (2 / 24) ** 0.5, 45), 2)
    0.66
    """
    if not (se > 0 and df > 0):
        return np.nan
    total = special.stdtrit(df, 1.0 - alpha / 2.0) + special.stdtrit(df, power)
    return float(total) * se


def exaggeration_ratio(se: float, df: float, effect: float, *, alpha: float = 0.05) -> float:
    """How many times too large a significant estimate would be if ``effect`` were the truth.

    E(abs(estimate) given p < alpha) / effect, where estimate ~ normal(effect, se) and its t
    statistic is noncentral t on ``df``, whose power is the denominator (type M error of Gelman
    and Carlin 2014, who let the estimate itself follow a shifted t: the same at large df).
    ``effect`` is the declared smallest effect of interest, never the observed estimate.
    """
    if not (se > 0 and df > 0) or effect == 0:
        return np.nan
    delta = abs(effect) / se
    limit = float(special.stdtrit(df, 1.0 - alpha / 2.0))
    # Integrate over the estimate z = estimate / se: it is significant when the estimated
    # variance, chi-square / df, is below (z / limit)^2. Beyond 10 sd the density is 0.
    z, step = np.linspace(delta - 10.0, delta + 10.0, 20_001, retstep=True)
    weight = np.exp(-0.5 * (z - delta) ** 2) / np.sqrt(2.0 * np.pi) * step
    weight *= special.chdtr(df, df * (z / limit) ** 2)
    return float((np.abs(z) * weight).sum() / weight.sum() / delta)


def expected_regression(retest: float, pool_mean: float, observed_mean: float) -> float:
    """The change that selection alone produces in a group: (1 - r)(mu - x).

    ``retest`` is the untreated correlation r over the same interval, ``pool_mean`` the eligible
    pool's baseline mean mu, ``observed_mean`` the group's baseline mean x.

    >>> round(expected_regression(0.6, 3.0, 2.5), 3)
    0.2
    """
    if not -1.0 <= retest <= 1.0:
        raise ValueError(f"retest must be a correlation, not {retest}")
    return (1.0 - retest) * (pool_mean - observed_mean)


def holm(p: Sequence[float] | NDArray[np.float64]) -> Array:
    """Holm's adjusted p-values, in the order given.

    The family is what was planned: a p that could not be computed (NaN) stays NaN and still
    counts as one of the tests (R's p.adjust would drop it from the family).

    >>> [round(float(q), 2) for q in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")  # NaN last
    steps = values[order] * (values.size - np.arange(values.size))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return np.where(np.isnan(values), np.nan, adjusted)


def holm_levels(p: Sequence[float] | NDArray[np.float64], *, alpha: float = 0.05) -> Array:
    """Confidence levels whose intervals exclude 0 exactly where Holm rejects.

    A rejected hypothesis takes the level of its own step, 1 - alpha / (m - rank + 1); all others
    that of the step at which Holm stopped. ``p`` must belong to the same t statistics.
    """
    values = np.asarray(p, dtype=float)
    m = values.size
    order = np.argsort(values, kind="stable")
    share = alpha / (m - np.arange(m)) if m else np.empty(0)
    passed = values[order] <= share
    stop = m if passed.all() else int(np.argmin(passed))
    used = np.where(np.arange(m) < stop, share, share[min(stop, m - 1)] if m else 0.0)
    levels = np.empty(m)
    levels[order] = 1.0 - used
    return levels


def cox_index(k1: float, n1: int, k0: float, n0: int) -> float:
    """The effect on a yes/no outcome in standard deviations: logit difference / 1.65.

    With the small-sample correction, as the What Works Clearinghouse computes it (Procedures
    Handbook 5.0, appendix E). NaN where a group is empty or unanimous: no logit exists.

    >>> round(cox_index(30, 50, 20, 50), 4)
    0.4877
    """
    if min(n1, n0) <= 0 or not (0 < k1 < n1 and 0 < k0 < n0):
        return np.nan
    ratio = np.log(k1 / (n1 - k1)) - np.log(k0 / (n0 - k0))
    return float(small_sample(n1 + n0) * ratio / 1.65)
