"""How the variance divides among the levels of a model of random intercepts, with intervals.

A share is a level's variance over the sum of all, the residual's included. Its interval holds the
values at which the restricted likelihood, maximised over everything else, is not far below its
maximum: twice the logarithm of the ratio stays below the chi-square quantile on 1 df (profile
likelihood). It respects the boundary: where a share of 0 fits nearly as well, the interval
reaches 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from rmresearch.numerics.basis import Array

__all__ = ["Shares", "shares"]

Codes = NDArray[np.intp]

#: shares are searched up to this close to 0 and 1
EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the K levels in the order given, the residual last: each (K + 1,)."""

    value: Array
    low: Array
    high: Array


def shares(
    y: ArrayLike,
    x: ArrayLike,
    groups: Sequence[ArrayLike],
    block: ArrayLike,
    variances: ArrayLike,
    *,
    level: float = 0.95,
) -> Shares:
    """Profile intervals at ``variances`` (K + 1,), the REML estimates, the residual's last.

    ``y`` (n,), ``x`` (n, p), ``groups``: K arrays of codes (n,), ``block`` (n,) codes of rows that
    are independent of all others, as coarse as every grouping. Raises ``ValueError`` where the
    residual variance is not above 0.

    Four groups of two, means 0, 2, 4, 6 and values 1 around them (F = 20/3 on 3 and 4 df):

    >>> import numpy as np
    >>> y, group = np.array([-1.0, 1, 1, 3, 3, 5, 5, 7]), np.repeat(np.arange(4), 2)
    >>> found = shares(y, np.ones((8, 1)), [group], group, [17 / 3, 2.0])
    >>> np.round(found.value, 4).tolist()
    [0.7391, 0.2609]
    """
    sizes = np.asarray(variances, dtype=float)
    if not sizes[-1] > 0:
        raise ValueError("shares need a residual variance above 0")
    value = sizes / sizes.sum()
    criterion = _criterion(np.asarray(y, float), np.asarray(x, float), groups, np.asarray(block))
    best = criterion(value)
    limit = best + float(special.ndtri(0.5 + level / 2.0)) ** 2  # chi-square on 1 df
    ends = [_interval(criterion, value, j, limit) for j in range(value.size)]
    low, high = np.array(ends).T
    return Shares(value, low, high)


def _interval(
    criterion: Callable[[Array], float], value: Array, j: int, limit: float
) -> tuple[float, float]:
    """Where the profile of share j crosses the limit, on either side of its estimate."""

    def above(r: float) -> float:
        return _profile(criterion, value, j, r) - limit

    here = float(np.clip(value[j], EDGE, 1.0 - EDGE))
    ends = []
    for edge in (EDGE, 1.0 - EDGE):
        if abs(here - edge) <= EDGE or above(edge) <= 0.0:
            ends.append(round(edge))
        else:
            ends.append(optimize.brentq(above, *sorted((here, edge)), xtol=1e-7))
    return float(ends[0]), float(ends[1])


def _profile(criterion: Callable[[Array], float], value: Array, j: int, r: float) -> float:
    """The least criterion with share j at r: the rest is divided among the others as fits best."""
    others = np.delete(np.arange(value.size), j)

    def at(parts: Array) -> float:
        given = np.empty(value.size)
        given[j], left = r, 1.0 - r
        for place, part in zip(others[:-1], parts, strict=True):
            given[place] = left * part
            left = left - given[place]
        given[others[-1]] = left
        return criterion(given)

    if others.size == 1:
        return at(np.empty(0))
    start, left = [], 1.0 - value[j]
    for place in others[:-1]:
        start.append(float(np.clip(value[place] / left if left > EDGE else 0.5, 0.02, 0.98)))
        left -= value[place]
    bounds = [(0.0, 1.0 - EDGE)] * len(start)
    found = optimize.minimize(at, start, method="L-BFGS-B", bounds=bounds)
    # Near a bound the search may stop short of it.
    least = float(found.fun)
    for place, edges in enumerate(bounds):
        for edge in edges:
            parts = found.x.copy()
            parts[place] = edge
            least = min(least, at(parts))
    return least


def _criterion(
    y: Array, x: Array, groups: Sequence[ArrayLike], block: Codes
) -> Callable[[Array], float]:
    """-2 x the restricted log-likelihood, less a constant, as a function of the shares."""
    n, p = x.shape
    basis = np.linalg.qr(x)[0]
    # residuals of y keep the digits that a large mean would take
    left = y - y.mean()
    rows = np.column_stack([basis, left - basis @ (basis.T @ left)])
    alike = _alike(block, [np.asarray(group) for group in groups])
    whole = [_condensed(rows[at]) for at, _ in alike]

    def criterion(share: Array) -> float:
        gram, logdet = np.zeros((p + 1, p + 1)), 0.0
        for (at, same), columns in zip(alike, whole, strict=True):
            v = share[-1] * np.eye(len(columns)) + np.tensordot(share[:-1], same, axes=1)
            root = np.linalg.cholesky(v)
            white = (np.linalg.inv(root) @ columns).reshape(-1, p + 1)
            gram += white.T @ white
            logdet += 2.0 * len(at) * float(np.log(np.diagonal(root)).sum())
        inner = gram[:p, :p]
        rss = gram[p, p] - gram[p, :p] @ np.linalg.solve(inner, gram[:p, p])
        found = logdet + np.linalg.slogdet(inner)[1] + (n - p) * np.log(rss)
        return float(found)

    return criterion


def _alike(block: Codes, groups: Sequence[Codes]) -> list[tuple[Codes, Array]]:
    """Blocks whose rows are grouped in one way share a matrix: rows (blocks, size), and in which
    groupings which of them go together (K, size, size)."""
    codes = np.unique(block, return_inverse=True)[1]
    order, sizes = np.argsort(codes, kind="stable"), np.bincount(codes)
    starts, found = np.cumsum(sizes) - sizes, []
    for size in np.unique(sizes):
        at = order[starts[sizes == size][:, None] + np.arange(size)]
        own = np.stack([group[at] for group in groups], axis=1)
        same = (own[..., :, None] == own[..., None, :]).reshape(len(at), -1)
        ways, which = np.unique(same, axis=0, return_inverse=True)
        shape = (len(groups), size, size)
        found += [(at[which == k], way.reshape(shape).astype(float)) for k, way in enumerate(ways)]
    return found


def _condensed(rows: Array) -> Array:
    """The rows (blocks, size, columns) as (size, blocks * columns); of many blocks, the few whose
    sums of products are the same."""
    count, size, columns = rows.shape
    if count > size * columns:
        whole: Array = np.asarray(np.linalg.qr(rows.reshape(count, -1), mode="r"))
        rows = whole.reshape(-1, size, columns)
    return rows.swapaxes(0, 1).reshape(size, -1)
