"""Where the search starts: quadratic estimates of the variances, one linear map a design.

At D = I the expected values of y'P V_k P y are linear in the variances (MINQUE; Rao 1971, Searle,
Casella and McCulloch 1992, chapter 11), so one small matrix takes every replicate's to estimates.
Where all groups are alike they are already the REML ones, unless a variance is negative.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.criterion import Problem, Value
from rmresearch.numerics.lmm.design import Design
from rmresearch.numerics.lmm.moments import Data

__all__ = ["quadratic_map", "started"]

#: the least relative variance, and the largest correlation, to start from
FLOOR, STEEP = 1e-3, 0.95


def quadratic_map(design: Design, data: Data) -> Array:
    """From (y'P V_k P y, y'P P y) at D = I to the variances and covariances, (K+1, K+1)."""
    alone = Data(
        tuple(
            replace(one, xy=np.zeros_like(one.xy[..., :1]), yy=np.zeros_like(one.yy[..., :1]))
            for one in data.moments
        ),
        np.ones(1),
    )
    df = design.n - design.p
    on = design.diagonal.astype(float)
    at = Problem(alone, df, True).evaluate(on[:, None])
    jacobian = np.where(design.diagonal, 2.0, 1.0)
    first = at.gradient[:, 0] / jacobian
    second = at.free[..., 0] - _curvature(design, first)
    k = on.size
    s = np.empty((k + 1, k + 1))
    s[:k, :k] = -second / jacobian[:, None] / jacobian
    s[:k, k] = s[k, :k] = first - s[:k, :k] @ on
    s[k, k] = df - on @ first - on @ s[:k, k]
    return np.asarray(np.linalg.pinv(s, rcond=1e-12, hermitian=True))


def _curvature(design: Design, first: Array) -> Array:
    """What D = L L' itself adds to second derivatives in L, at L = I, (K, K)."""
    added = np.zeros((first.size, first.size))
    offset = 0
    for term in design.terms:
        entries = list(zip(term.rows.tolist(), term.columns.tolist(), strict=True))
        place = {entry: offset + k for k, entry in enumerate(entries)}
        for (row, column), k in place.items():
            for (other, same), j in place.items():
                if column == same:
                    target = place[max(row, other), min(row, other)]
                    added[k, j] = first[target] * (2.0 if row == other else 1.0)
        offset += len(entries)
    return added


def started(design: Design, value: Value, solve: Array) -> Array:
    """Theta (K, R) to start from, given the criterion's ``value`` at D = I."""
    jacobian = np.where(design.diagonal, 2.0, 1.0)[:, None]
    forms = np.empty((solve.shape[0], value.f.size))
    forms[:-1] = -value.rss_gradient / jacobian
    forms[-1] = value.rss - design.diagonal @ forms[:-1]
    found = solve @ forms
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = found[:-1] / found[-1]
    usable = (found[-1] > 1e-6 * value.rss) & np.isfinite(relative).all(axis=0)
    relative = np.where(usable, relative, design.diagonal[:, None])
    offset = 0
    theta = np.empty(relative.shape)
    for term in design.terms:
        part = slice(offset, offset + term.rows.size)
        theta[part] = _factor(relative[part], term.rows.tolist(), term.columns.tolist())
        offset += term.rows.size
    return theta


def _factor(relative: Array, rows: list[int], columns: list[int]) -> Array:
    """The Cholesky factor's entries of the nearest safe covariance (entries, R)."""
    place = {entry: k for k, entry in enumerate(zip(rows, columns, strict=True))}
    q = max(rows) + 1
    spread = [np.sqrt(np.maximum(relative[place[i, i]], FLOOR)) for i in range(q)]
    out = np.zeros(relative.shape)
    if len(rows) == q:
        out[:] = spread
        return out
    corr = np.zeros((q, q, relative.shape[1]))
    for (i, j), k in place.items():
        bounded = np.clip(relative[k] / (spread[i] * spread[j]), -STEEP, STEEP)
        corr[i, j] = corr[j, i] = 1.0 if i == j else bounded
    size, axes = np.linalg.eigh(np.moveaxis(corr, -1, 0))
    size = np.maximum(size, 1.0 - STEEP)
    factor = np.linalg.cholesky((axes * size[:, None]) @ axes.swapaxes(-1, -2))
    for (i, j), k in place.items():
        out[k] = spread[i] * factor[:, i, j]
    return out
