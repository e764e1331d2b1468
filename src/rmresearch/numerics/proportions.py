"""Shares of people with score intervals, clustered or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

__all__ = ["Proportion", "proportion", "score_ends", "wilson"]


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share with its Wilson interval; ``effective_n`` is n over the design effect."""

    value: float
    low: float
    high: float
    k: float
    n: int
    effective_n: float
    n_clusters: int


def wilson(k: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of ``k`` successes in ``n`` trials; ``n`` may be effective.

    Brown, Cai and DasGupta 2001, Statistical Science 16, equation 4. NaN where n is 0.

    >>> [round(end, 4) for end in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    if n <= 0:
        return np.nan, np.nan
    if not 0 <= k <= n:
        raise ValueError(f"k must lie between 0 and n = {n}, not {k}")
    return score_ends(k / n, n, float(special.ndtri(0.5 + level / 2.0)))


def score_ends(share: float, n: float, quantile: float) -> tuple[float, float]:
    """The ends of Wilson's interval of a ``share`` in 0..1 of ``n``, ``quantile`` standard errors.

    ``quantile`` is the normal's in `wilson`; where n rests on few clusters, a t's.
    """
    z2 = quantile**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # The ends at 0 and 1 are exact in the formula; rounding must not take them beyond.
    low = 0.0 if share == 0.0 else float(middle - half)
    return low, 1.0 if share == 1.0 else float(middle + half)


def proportion(
    success: ArrayLike, cluster: ArrayLike | None = None, *, level: float = 0.95
) -> Proportion:
    """The share of people with a favourable answer, Wilson interval on the effective n.

    ``success`` (n,) of 0 and 1, ``cluster`` (n,) integer codes. The design effect is the
    linearised cluster variance over p(1 - p)/n, at least 1 (clusters never narrow an interval);
    at 0% and 100% it cannot be estimated and n falls to the number of clusters.
    """
    value = np.asarray(success, dtype=float)
    n = value.size
    if n == 0:
        return Proportion(np.nan, np.nan, np.nan, 0, 0, 0.0, 0)
    if not np.isin(value, (0.0, 1.0)).all():
        raise ValueError("success must hold 0 and 1 only: drop missing answers first")
    codes = np.arange(n) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    clusters = int(codes.max()) + 1
    share = float(value.mean())
    simple = share * (1.0 - share) / n
    if clusters == n:
        effective = float(n)
    elif simple == 0.0 or clusters == 1:
        effective = float(clusters)
    else:
        total = np.bincount(codes, weights=value - share)
        robust = clusters / (clusters - 1) * float((total**2).sum()) / n**2
        effective = n / max(1.0, robust / simple)
    low, high = wilson(share * effective, effective, level=level)
    return Proportion(share, low, high, float(value.sum()), n, effective, clusters)
