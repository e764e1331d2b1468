"""What a difference could be if nobody knows how those who did not answer would have answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from rmresearch.numerics.imputation import canonical_order

__all__ = ["Bounds", "around", "extremes", "trimming_bounds"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: rows times bootstrap draws that are drawn at once, and that are worked on at once: few enough
#: to stay in the processor's cache
CHUNK, CACHED = 4_000_000, 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Lee's bounds with bootstrap standard errors.

    ``trimmed`` is the share of the answers of one arm that is cut off, above 0 where it is the
    first arm's and below 0 where it is the second's; ``draws`` how many could be used.
    """

    low: float
    high: float
    low_se: float
    high_se: float
    trimmed: float
    draws: int


def around(low: float, high: float, low_se: float, high_se: float, df: float, level: float = 0.95
           ) -> tuple[float, float]:  # fmt: skip
    """The interval that holds the true value, wherever it lies between two bounds, at ``level``.

    Imbens and Manski 2004, Econometrica 72, equation 7, with Student's t on ``df`` in place of the
    normal: one critical value c with F(c + width / larger SE) - F(-c) = level, which is the
    two-sided one where the bounds meet and the one-sided one where they lie far apart.
    """
    largest = max(low_se, high_se)
    if not largest > 0:
        return low, high
    width = max(high - low, 0.0) / largest  # bounds that meet may cross by rounding

    def missed(c: float) -> float:
        return float(special.stdtr(df, c + width) - special.stdtr(df, -c) - level)

    two = float(special.stdtrit(df, 0.5 + level / 2.0))
    c = optimize.brentq(missed, 0.0, two + 1.0, xtol=1e-12)
    return low - c * low_se, high + c * high_se


def extremes(weights: ArrayLike, y: ArrayLike, low: float, high: float) -> tuple[Array, Array]:
    """The outcomes ``y`` (n,), its gaps (NaN) filled so that sum(weights * y) is least, and most.

    A linear estimate weighs each outcome by ``weights`` (n,): a gap that counts positively gets
    ``low`` in the first and ``high`` in the second, one that counts negatively the other way.
    Manski 1990, American Economic Review 80.

    >>> [filled.tolist() for filled in extremes([0.5, 0.5, -1.0], [3.0, np.nan, np.nan], 1.0, 5.0)]
    [[3.0, 1.0, 5.0], [3.0, 5.0, 1.0]]
    """
    weight, values = np.asarray(weights, float), np.asarray(y, float)
    gap = np.isnan(values)
    least, most = np.where(weight > 0, low, high), np.where(weight > 0, high, low)
    return np.where(gap, least, values), np.where(gap, most, values)


def trimming_bounds(
    y: ArrayLike,
    first: ArrayLike,
    cluster: ArrayLike,
    *,
    draws: int,
    rng: np.random.Generator,
) -> Bounds:
    """Bounds on the difference among those who would answer in either arm.

    ``y`` (n,) are outcomes, NaN where there is no answer; ``first`` (n,) flags the first arm;
    ``cluster`` (n,) are integer codes. Lee 2009, Review of Economic Studies 76, section 3: the arm
    in which more answered loses the surplus, from above for the lower and from below for the upper
    bound. Assumes that the assignment moves answering in one direction for everybody. An answer at
    the cut counts in part. Standard errors: clusters drawn with replacement within each kind
    (first arm only, second only, both), one fewer than there are (Rao and Wu 1988), which loses no
    variance to small numbers. An arm without an answer raises ``ValueError``.
    """
    values, arm, codes = np.asarray(y, float), np.asarray(first, bool), np.asarray(cluster)
    answered = np.isfinite(values)
    if not (answered & arm).any() or not (answered & ~arm).any():
        raise ValueError("each arm needs at least one answer")
    order = canonical_order(np.column_stack([values, arm]), codes)
    order = order[np.argsort(values[order], kind="stable")]  # NaN last
    values, arm, answered, codes = values[order], arm[order], answered[order], codes[order]
    names, codes = np.unique(codes, return_inverse=True)
    # clusters are numbered by where they first stand, so that names do not matter
    _, place = np.unique(codes, return_index=True)
    codes = np.argsort(np.argsort(place))[codes]
    arms = [
        _Arm(
            values[own & answered],
            codes[own & answered],
            np.bincount(codes[own], minlength=len(names)).astype(float),
        )
        for own in (arm, ~arm)
    ]
    low, high, trimmed = _bounds(arms, np.ones((1, len(names))))
    found = []
    size, few = max(1, CHUNK // len(values)), max(1, CACHED // len(values))
    for start in range(0, draws, size):
        times = _drawn(codes, arm, len(names), min(size, draws - start), rng)
        found += [
            np.stack(_bounds(arms, times[at : at + few])[:2]) for at in range(0, len(times), few)
        ]
    spread = np.concatenate([np.empty((2, 0)), *found], axis=1)
    spread = spread[:, np.isfinite(spread).all(axis=0)]
    low_se, high_se = spread.std(axis=1, ddof=1) if spread.shape[1] > 1 else (np.nan, np.nan)
    return Bounds(
        float(low[0]), float(high[0]), float(low_se), float(high_se), float(trimmed[0]),
        spread.shape[1],
    )  # fmt: skip


def _drawn(
    codes: NDArray[np.intp], arm: Flags, groups: int, draws: int, rng: np.random.Generator
) -> Array:
    """How often each cluster was drawn (draws, groups)."""
    ours, theirs = (np.bincount(codes[side], minlength=groups) for side in (arm, ~arm))
    kinds = (ours > 0) + 2 * (theirs > 0)
    times = np.ones((draws, groups))
    for kind in (1, 2, 3):
        own = np.flatnonzero(kinds == kind)
        if len(own) > 1:
            count = len(own)
            drawn = rng.integers(count, size=(draws, count - 1))
            drawn += count * np.arange(draws)[:, None]
            drawn = np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count)
            times[:, own] = drawn * count / (count - 1.0)
    return times


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """An arm's answers ``y`` (k,), ascending, and their clusters; ``assigned`` counts its people by
    cluster (groups,)."""

    y: Array
    answered: NDArray[np.intp]
    assigned: Array


def _bounds(arms: Sequence[_Arm], times: Array) -> tuple[Array, Array, Array]:
    """Lower and upper bound and the share trimmed, clusters counting ``times`` (b, groups)."""
    weights = [times.take(arm.answered, axis=1) for arm in arms]
    totals = [weight.sum(axis=-1) for weight in weights]
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = [total / (times @ arm.assigned) for arm, total in zip(arms, totals, strict=True)]
        cut = [
            np.clip(1.0 - other / rate, 0.0, 1.0)
            for rate, other in (rates, rates[::-1])
        ]  # fmt: skip
    ours, theirs = (
        _trimmed(arm.y, weight, share * total, total)
        for arm, weight, share, total in zip(arms, weights, cut, totals, strict=True)
    )
    return ours[0] - theirs[1], ours[1] - theirs[0], cut[0] - cut[1]


def _trimmed(y: Array, weight: Array, cut: Array, total: Array) -> tuple[Array, Array]:
    """Means by weights (b, n) without the last, and without the first, ``cut`` (b,) of their total.

    The value at the cut counts in part.
    """
    kept = total - cut
    before = np.cumsum(weight, axis=-1) - weight
    first = np.clip(kept[:, None] - before, 0.0, weight)
    last = weight - np.clip(cut[:, None] - before, 0.0, weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        return first @ y / kept, last @ y / kept
