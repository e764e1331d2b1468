"""Multiple imputation by chained equations that keeps clusters together.

Each equation is a linear regression of one column on others. Its coefficients are drawn by
weighting whole clusters at random (the Bayesian bootstrap: Rubin 1981, Annals of Statistics 9), so
that people of one cluster count once. What a person deviates by is drawn from two normal parts, one
that a cluster's people share (given those of them who answered) and one of the person's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError

__all__ = ["canonical_order", "impute"]

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: passes over the columns, as in R's mice; one is enough where a single column is incomplete
CYCLES = 5
#: share of the diagonal added to the cross-products, as R's mice does
RIDGE = 1e-5
#: clusters that answered, for an equation to be learnt at all
FEWEST = 4


def impute(
    values: ArrayLike,
    cluster: ArrayLike,
    uses: Sequence[Sequence[int]],
    *,
    imputations: int,
    rng: np.random.Generator,
) -> Array:
    """Fill the gaps (NaN) of ``values`` (n, k) ``imputations`` times: (imputations, n, k).

    ``cluster`` (n,) holds integer codes; ``uses[j]`` are the columns that predict column j.
    Missing at random given those columns is assumed. The result does not depend on the order of
    the rows or on the codes' values. A column with gaps that fewer than four clusters answered
    raises ``FitError``.
    """
    given, codes = np.asarray(values, float), np.asarray(cluster)
    if given.ndim != 2 or codes.shape != given.shape[:1] or len(uses) != given.shape[1]:
        raise ValueError(f"values (n, k), cluster (n,) and k predictors, not {given.shape}")
    order = canonical_order(given, codes)
    gaps = ~np.isfinite(given[order])
    groups = np.unique(codes[order], return_index=True, return_inverse=True)
    codes = np.argsort(np.argsort(groups[1]))[groups[2]].astype(np.int64)
    for j in np.flatnonzero(gaps.any(axis=0)):
        if len(np.unique(codes[~gaps[:, j]])) < FEWEST:
            raise FitError(
                f"fewer than {FEWEST} independent clusters answered, too few to learn from how "
                f"the others would have answered."
            )
    centre = np.array(
        [column[~gap].mean() for column, gap in zip(given[order].T, gaps.T, strict=True)]
    )
    scale = np.array(
        [column[~gap].std() for column, gap in zip(given[order].T, gaps.T, strict=True)]
    )
    scale = np.where(scale > 1e-12 * np.maximum(np.abs(centre), 1e-300), scale, 1.0)
    # each column's values lie together, and a column of ones comes last: equations read them so
    standard = np.vstack([((given[order] - centre) / scale).T, np.ones(len(order))])
    filled = _started(standard, gaps, imputations, rng)
    incomplete = [int(j) for j in np.argsort(gaps.sum(axis=0), kind="stable") if gaps[:, j].any()]
    for _ in range(CYCLES if len(incomplete) > 1 else 1):
        for column in incomplete:
            _redrawn(filled, gaps[:, column], column, uses[column], codes, rng)
    found = np.empty((imputations, *given.shape))
    found[:, order] = centre + scale * np.swapaxes(filled[:, :-1], 1, 2)
    return np.where(np.isfinite(given), given, found)


def canonical_order(values: Array, cluster: NDArray[np.int64]) -> NDArray[np.intp]:
    """Rows in an order that hangs on ``values`` (n, k) and who is together, not on names or places.

    Clusters come by the sorted content of their rows, rows by theirs; rows that tie are alike.
    What differs by rounding alone ties, so that another unit gives the same order.
    """
    plain = _without_unit(values)
    by_content = np.lexsort(plain.T[::-1])
    other = (plain[by_content[1:]] != plain[by_content[:-1]]).any(axis=1)
    content = np.empty(len(plain), np.intp)
    content[by_content] = np.concatenate([[0], np.cumsum(other)])
    inside = np.lexsort((content, cluster))
    starts, sizes = np.unique(cluster[inside], return_index=True, return_counts=True)[1:]
    ranked = []
    for size in np.unique(sizes):
        # the clusters of one size, a row each
        rows = inside[starts[sizes == size, None] + np.arange(size)]
        ranked.append(rows[np.lexsort(content[rows].T[::-1])].ravel())
    return np.concatenate(ranked)


def _without_unit(values: Array) -> Array:
    """Each column as multiples of its range above its least value; what is missing comes last."""
    known = np.where(np.isnan(values), np.inf, values)
    least = known.min(axis=0, initial=np.inf)
    most = np.where(np.isnan(values), -np.inf, values).max(axis=0, initial=-np.inf)
    answered = np.isfinite(least)
    low = np.where(answered, least, 0.0)
    span = np.where(answered & (most > least), most - low, 1.0)
    return np.round((known - low) / span, 9)


def _started(standard: Array, gaps: Flags, m: int, rng: np.random.Generator) -> Array:
    """Every gap of the columns (k, n) filled with an answer of somebody else's: (m, k, n)."""
    filled = np.repeat(standard[None], m, axis=0)
    for j in np.flatnonzero(gaps.any(axis=0)):
        gap = gaps[:, j]
        filled[:, j, gap] = rng.choice(standard[j, ~gap], size=(m, int(gap.sum())))
    return filled


def _redrawn(
    filled: Array,
    gap: Flags,
    column: int,
    uses: Sequence[int],
    codes: Codes,
    rng: np.random.Generator,
) -> None:
    """New values (in place) for the gaps of one column, in every imputation."""
    x, y, known = filled[:, [-1, *uses]], filled[:, column, :, None], ~gap
    # what was not answered weighs nothing
    weight = rng.standard_exponential((len(x), int(codes.max()) + 1)).take(codes, axis=1) * known
    weighted = x * weight[:, None]
    cross = weighted @ np.swapaxes(x, 1, 2)
    diagonal = np.einsum("...ii->...i", cross)
    diagonal += RIDGE * diagonal + 1e-12
    beta = np.linalg.solve(cross, weighted @ y)
    line = (np.swapaxes(beta, 1, 2) @ x)[:, 0]
    left = y[:, known, 0] - line[:, known]
    spread = _spread(left, codes[known], x.shape[1], rng)
    shared = _shared(left, codes, known, spread, rng)
    own = np.sqrt(spread.own)[:, None] * rng.standard_normal((len(x), int(gap.sum())))
    filled[:, column, gap] = line[:, gap] + shared[:, codes[gap]] + own


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """Variances (m,) of what a cluster's people share and of what is a person's own."""

    shared: Array
    own: Array


def _spread(left: Array, codes: Codes, p: int, rng: np.random.Generator) -> _Spread:
    """Variances of the residuals (m, n), split by analysis of variance and drawn by chi-square."""
    n = left.shape[-1]
    freedom = max(n - p, FEWEST)
    total = (left * left).mean(axis=-1) * freedom / rng.chisquare(freedom, len(left))
    sizes = np.bincount(codes)
    sizes = sizes[sizes > 0]
    if len(sizes) == n:
        return _Spread(np.zeros(len(left)), total)
    means = _means(left, codes)[0]
    rest = left - means[:, codes]
    inside = (rest * rest).sum(axis=-1) / (n - len(sizes))
    middle = left - left.mean(axis=-1, keepdims=True)
    across = ((middle * middle).sum(axis=-1) - (rest * rest).sum(axis=-1)) / (len(sizes) - 1)
    typical = (n - (sizes**2).sum() / n) / (len(sizes) - 1)
    shared = np.maximum(across - inside, 0.0) / typical
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.nan_to_num(shared / (shared + inside))
    return _Spread(share * total, (1.0 - share) * total)


def _means(left: Array, codes: Codes) -> tuple[Array, Codes]:
    """Mean residual (m, clusters) of each cluster, 0 where nobody answered, and how many did."""
    count = np.bincount(codes)
    place = codes + len(count) * np.arange(len(left))[:, None]
    sums = np.bincount(place.ravel(), left.ravel(), minlength=len(left) * len(count))
    sums = sums.reshape(len(left), len(count))
    return sums / np.maximum(count, 1), count


def _shared(
    left: Array, codes: Codes, known: Flags, spread: _Spread, rng: np.random.Generator
) -> Array:
    """What each cluster's people share (m, clusters), drawn given those of them who answered."""
    groups = int(codes.max()) + 1
    drawn = rng.standard_normal((len(left), groups))
    if not spread.shared.any():
        return np.zeros((len(left), groups))
    means, count = _means(left, codes[known])
    means = np.pad(means, ((0, 0), (0, groups - means.shape[1])))
    count = np.pad(count, (0, groups - len(count)))
    held = count * spread.shared[:, None]
    pull = held / (held + np.maximum(spread.own, 1e-300)[:, None])
    return pull * means + np.sqrt(spread.shared[:, None] * (1.0 - pull)) * drawn
