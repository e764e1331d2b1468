"""What estimating the variances adds to the errors of a mixed model's coefficients, row by row.

Kenward and Roger's adjustment from the rows that each replicate has: the fit's own arithmetic
shares sums among replicates, which replicates that lack rows of their own do not have.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.contrast import Contrast, judged
from rmresearch.numerics.ddf import Adjusted, Linear, kenward_roger
from rmresearch.numerics.lmm.result import MixedFit
from rmresearch.numerics.lmm.stacks import Stack, stacks
from rmresearch.numerics.lmm.terms import free_entries

__all__ = ["allowing", "own_rows"]

#: numbers held at once for the clusters of some replicates
ROOM = 2_000_000


def own_rows(fit: MixedFit, cluster: ArrayLike, present: ArrayLike) -> Adjusted:
    """Kenward and Roger's adjustment of R replicates in the coordinates of the fit's basis.

    ``cluster`` (n,) codes that no random term reaches beyond, ``present`` (R, n): the rows that
    each replicate has. As ``MixedFit.kenward_roger`` where all are there.
    """
    there = np.asarray(present)
    codes = np.unique(cluster, return_inverse=True)[1].astype(np.intp)
    groups = stacks(fit._q, codes, fit._terms, whole=False)
    usable = fit._usable().reshape(-1)
    sigma2 = np.where(usable, np.asarray(fit.sigma2).reshape(-1), 1.0)
    theta = np.where(usable[:, None], fit.theta.reshape(-1, fit.theta.shape[-1]), 0.0)
    free = free_entries(theta, fit._terms)
    k, p = free.shape[1] + 1, fit._q.shape[1]
    each = sum(s.x.shape[0] * k * s.x.shape[1] * (s.x.shape[1] + p) for s in groups)
    size = max(1, ROOM // each)
    parts = [
        _pieces(groups, free[start : start + size], there[start : start + size])
        for start in range(0, len(free), size)
    ]
    gram, first, second, trace = (np.concatenate(one) for one in zip(*parts, strict=True))
    s = sigma2[:, None, None]
    gram = np.where(usable[:, None, None], gram, np.eye(p))
    return kenward_roger(
        Linear(
            phi=np.linalg.inv(gram) * s,
            first=first / s[..., None] ** 2,
            second=second / s[..., None, None] ** 3,
            trace=trace / s**2,
        )
    )


def _pieces(
    groups: Sequence[Stack], free: Array, there: NDArray[np.bool_]
) -> tuple[Array, Array, Array, Array]:
    """X'V0^-1X, P, Q and the traces at unit residual variance, the residual's last."""
    r, k = free.shape[0], free.shape[1] + 1
    p = groups[0].x.shape[-1]
    gram, first = np.zeros((r, p, p)), np.zeros((r, k, p, p))
    second, trace = np.zeros((r, k, k, p, p)), np.zeros((r, k, k))
    for one in groups:
        size = one.x.shape[1]
        seen = there[:, one.rows].astype(float)
        both = seen[..., :, None] * seen[..., None, :]
        kernels = [kernel * both for kernel in (*one.kernels, np.eye(size))]
        v = np.broadcast_to(np.eye(size), both.shape) + sum(
            share[:, None, None, None] * kernel
            for share, kernel in zip(free.T, kernels[:-1], strict=True)
        )
        lower = np.linalg.cholesky(v)
        h = np.linalg.solve(lower, one.x * seen[..., None])
        gram += _crossed(h, h)
        inside = []
        for kernel in kernels:
            half = np.linalg.solve(lower, kernel)
            inside.append(np.linalg.solve(lower, half.swapaxes(-1, -2)))
        moved = [part @ h for part in inside]
        for i in range(k):
            first[:, i] -= _crossed(h, moved[i])
            for j in range(k):
                second[:, i, j] += _crossed(moved[i], moved[j])
                trace[:, i, j] += (inside[i] * inside[j]).sum(axis=(1, 2, 3))
    return gram, first, second, trace


def _crossed(a: Array, b: Array) -> Array:
    """Sums over clusters of a'b: (R, C, r, p) twice to (R, p, p)."""
    r, p = a.shape[0], a.shape[-1]
    product: Array = a.reshape(r, -1, p).swapaxes(-1, -2) @ b.reshape(r, -1, p)
    return product


def allowing(plain: Contrast, own: Contrast, adjusted: Contrast) -> Contrast:
    """A CR2 contrast with an allowance for weights that were estimated.

    CR2 takes the weights of generalised least squares as known, and so understates the errors
    where few clusters tell them. Its variance is multiplied by what Kenward and Roger's adjustment
    multiplies the model's own with (``adjusted`` over ``own``), never by less than 1; df as CR2
    has them.

    >>> from rmresearch.numerics.contrast import judged
    >>> plain, own, adjusted = (judged(1.0, v, 10.0, False) for v in (0.25, 0.2, 0.22))
    >>> round(float(allowing(plain, own, adjusted).se) ** 2, 6)
    0.275
    """
    known = (np.asarray(own.se) > 0) & (np.asarray(adjusted.se) > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(known, (np.asarray(adjusted.se) / np.asarray(own.se)) ** 2, 1.0)
    variance = np.nan_to_num(np.asarray(plain.se)) ** 2 * np.maximum(ratio, 1.0)
    return judged(plain.estimate, variance, plain.df, np.isnan(plain.t))
