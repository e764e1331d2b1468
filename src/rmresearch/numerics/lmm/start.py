"""Where the search starts: quadratic estimates of the variances, one linear map a design.

At D = I the expected values of y'P V_k P y are linear in the variances (MINQUE; Rao 1971, Searle,
Casella and McCulloch 1992, chapter 11), so one small matrix takes every replicate's to estimates.
Where all groups are alike they are already the REML ones, unless a variance is negative.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.criterion import Problem
from rmresearch.numerics.lmm.designs import Design
from rmresearch.numerics.lmm.moments import Data, take

__all__ = ["started"]

#: the least relative variance, and the largest correlation, to start from
FLOOR, STEEP = 1e-3, 0.95
#: what each variance's share of the residuals, and the least eigenvalue of all, each of length 1,
#: must exceed for the variances to stand apart
ALIKE = 1e-9


def _quadratic_map(design: Design, data: Data) -> tuple[Array, NDArray[np.bool_]]:
    """From (y'P V_k P y, y'P P y) at D = I to the variances and covariances, (K+1, K+1, L).

    L is 1 where all replicates have the same rows, else their number. Also whether REML can tell
    the variances apart (L,): whether what P leaves of their kernels differs.
    """
    lanes = slice(None) if data.base is not None else slice(0, 1)
    some = take(data, lanes)
    moments = (replace(m, xy=np.zeros_like(m.xy), yy=np.zeros_like(m.yy)) for m in some.moments)
    alone = replace(some, moments=tuple(moments), total=np.ones(some.total.size))
    on = design.diagonal[:, None].astype(float)
    at = Problem(alone, True).evaluate(np.repeat(on, some.total.size, axis=1))
    jacobian = np.where(design.diagonal, 2.0, 1.0)[:, None]
    first = at.gradient / jacobian
    k = on.size
    s = np.empty((k + 1, k + 1, some.total.size))
    s[:k, :k] = (_curvature(design, first) - at.free) / jacobian[:, None] / jacobian
    s[:k, k] = s[k, :k] = first - np.add.reduce(s[:k, :k] * on[:, None])
    s[k, k] = some.df - np.add.reduce(on * first) - np.add.reduce(on * s[:k, k])
    square = np.moveaxis(s, -1, 0)
    size = np.diagonal(square, axis1=1, axis2=2)
    length = np.sqrt(np.maximum(size, ALIKE))
    least = np.linalg.eigvalsh(square / length[:, None] / length[:, :, None])[:, 0]
    solve: Array = np.asarray(np.linalg.pinv(square, rcond=1e-12, hermitian=True), dtype=float)
    return np.moveaxis(solve, 0, -1), (size > ALIKE).all(axis=1) & (least > ALIKE)


def _curvature(design: Design, first: Array) -> Array:
    """What D = L L' itself adds to second derivatives in L, at L = I, (K, K, L)."""
    added = np.zeros((first.shape[0], *first.shape))
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


def started(design: Design, problem: Problem) -> tuple[Array, NDArray[np.bool_]]:
    """Theta (K, R) to start from, and whether REML can tell the variances apart (R,) or (1,)."""
    on = np.repeat(design.diagonal[:, None].astype(float), problem.replicates, axis=1)
    rss, first = problem.residual(on)
    solve, apart = _quadratic_map(design, problem.data)
    jacobian = np.where(design.diagonal, 2.0, 1.0)[:, None]
    forms = np.empty((solve.shape[0], rss.size))
    forms[:-1] = -first / jacobian
    forms[-1] = rss - design.diagonal @ forms[:-1]
    found = np.add.reduce(solve * forms[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = found[:-1] / found[-1]
    usable = (found[-1] > 1e-6 * rss) & np.isfinite(relative).all(axis=0)
    relative = np.where(usable, relative, design.diagonal[:, None])
    offset = 0
    theta = np.empty(relative.shape)
    for term in design.terms:
        part = slice(offset, offset + term.rows.size)
        theta[part] = _factor(relative[part], term.rows.tolist(), term.columns.tolist())
        offset += term.rows.size
    return theta, apart


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
