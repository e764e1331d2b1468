"""What Kenward and Roger's adjustment needs: V is linear in the variances and covariances."""

from __future__ import annotations

import numpy as np

from rmresearch.numerics.basis import Array
from rmresearch.numerics.ddf import Linear
from rmresearch.numerics.lmm.designs import Design
from rmresearch.numerics.lmm.terms import free_entries

__all__ = ["linear_pieces"]


def linear_pieces(
    theta: Array,
    sigma2: Array,
    inverse: Array,
    design: Design,
) -> Linear:
    """P, Q and the trace products at the fitted ``theta`` (R, K), in the basis of x.

    With V = s2 V0 = s2 I + sum of r_k V_k: pieces of the random terms from their blocks, those of
    the residual variance from s2 V_0 = V - sum r_k V_k (Euler).
    """
    diagonal, touched = design.diagonal, design.touched
    p, k = inverse.shape[-1], diagonal.size
    share = free_entries(theta, design.terms)
    first = np.zeros((theta.shape[0], k, p, p))
    second = np.zeros((theta.shape[0], k, k, p, p))
    traces = np.zeros((theta.shape[0], k))
    products = np.zeros((theta.shape[0], k, k))
    for shared in design.shared:
        family = shared.family
        m = family.g.shape[-1]
        xx = _full(shared.xx, m, touched)
        factor = (theta @ family.basis.reshape(k, m * m)).reshape(-1, m, m)
        d = (factor @ factor.swapaxes(-1, -2))[:, None]
        b = np.linalg.inv(np.eye(m) + d @ family.g)
        w = family.g @ b
        e = np.where(
            diagonal[:, None, None], family.basis, family.basis + family.basis.swapaxes(-1, -2)
        )[:, None]
        ew = e @ w[:, None]
        counted = ew * family.counts[:, None, None]
        traces += np.trace(counted, axis1=-2, axis2=-1).sum(axis=-1)
        products += np.einsum("rkcij,rlcji->rkl", ew, counted)
        outer = b.swapaxes(-1, -2)
        for i in range(k):
            part = b @ e[i] @ outer
            flat = part.reshape(theta.shape[0], -1) @ xx
            first[:, i, :touched, :touched] -= flat.reshape(-1, touched, touched)
            for j in range(k):
                part = b @ ew[:, i] @ e[j] @ outer
                flat = part.reshape(theta.shape[0], -1) @ xx
                second[:, i, j, :touched, :touched] += flat.reshape(-1, touched, touched)
    return _with_residual(share, first, second, traces, products, inverse, sigma2, design.n)


def _full(packed: Array, m: int, p: int) -> Array:
    """(P, S * C) to (C * m * m, p * p)."""
    (i, j), (a, b) = np.triu_indices(m), np.triu_indices(p)
    packed = packed.reshape(a.size, i.size, -1)
    full = np.empty((packed.shape[2], m, m, p, p))
    for s, (row, column) in enumerate(zip(i, j, strict=True)):
        for left, right in {(row, column), (column, row)}:
            full[:, left, right, a, b] = full[:, left, right, b, a] = packed[:, s].T
    return full.reshape(-1, p * p)


def _with_residual(
    share: Array,
    first: Array,
    second: Array,
    traces: Array,
    products: Array,
    inverse: Array,
    sigma2: Array,
    n: int,
) -> Linear:
    """Put the residual variance's pieces last; everything at s2 = 1, then brought to s2."""
    r, k = share.shape
    p = inverse.shape[-1]
    big_p, big_q = np.empty((r, k + 1, p, p)), np.empty((r, k + 1, k + 1, p, p))
    trace = np.empty((r, k + 1, k + 1))
    big_p[:, :k], big_q[:, :k, :k], trace[:, :k, :k] = first, second, products
    big_p[:, k] = -np.linalg.inv(inverse) - np.einsum("rk,rkab->rab", share, first)
    cross = -first - np.einsum("rk,rklab->rlab", share, second)
    big_q[:, k, :k], big_q[:, :k, k] = cross, cross.swapaxes(-1, -2)
    big_q[:, k, k] = -big_p[:, k] - np.einsum("rk,rkab->rab", share, cross)
    mixed = traces - np.einsum("rk,rkl->rl", share, products)
    trace[:, k, :k] = trace[:, :k, k] = mixed
    trace[:, k, k] = n - (share * traces).sum(axis=1) - (share * mixed).sum(axis=1)
    s = sigma2[:, None, None]
    return Linear(
        phi=inverse * s,
        first=big_p / s[..., None] ** 2,
        second=big_q / s[..., None, None] ** 3,
        trace=trace / s**2,
    )
