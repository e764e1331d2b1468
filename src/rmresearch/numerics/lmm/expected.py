"""What Kenward and Roger's adjustment needs: V is linear in the variances and covariances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rmresearch.numerics.basis import Array
from rmresearch.numerics.contrast import Number
from rmresearch.numerics.ddf import Linear
from rmresearch.numerics.lanes import upper
from rmresearch.numerics.lmm.blocks import Family
from rmresearch.numerics.lmm.designs import Design
from rmresearch.numerics.lmm.moments import Moments
from rmresearch.numerics.lmm.terms import free_entries

__all__ = ["linear_pieces"]


def linear_pieces(
    theta: Array,
    sigma2: Array,
    inverse: Array,
    design: Design,
    own: tuple[Sequence[Moments], Number] | None = None,
) -> Linear:
    """P, Q and the trace products at the fitted ``theta`` (R, K), in the basis of x.

    With V = s2 V0 = s2 I + sum of r_k V_k: pieces of the random terms from their blocks, those of
    the residual variance from s2 V_0 = V - sum r_k V_k (Euler). ``own``: the moments, and the
    number of rows (R,), of replicates that lack rows of their own.
    """
    r, k, p = theta.shape[0], design.diagonal.size, inverse.shape[-1]
    share = free_entries(theta, design.terms)
    first, second = np.zeros((r, k, p, p)), np.zeros((r, k, k, p, p))
    traces, products = np.zeros((r, k)), np.zeros((r, k, k))
    classes = _shared(design) if own is None else [_own(one) for one in own[0]]
    a, b, _ = upper(design.touched if own is None else p)
    for one in classes:
        inside, counted, ew = one.curved(theta, design)
        traces += np.trace(counted, axis1=-2, axis2=-1).sum(axis=-1)
        products += np.einsum("rkcij,rlcji->rkl", ew, counted)
        found = one.against(inside)
        first[..., a, b] -= found[:, :k]
        second[..., a, b] += found[:, k:].reshape(r, k, k, -1)
    first[..., b, a], second[..., b, a] = first[..., a, b], second[..., a, b]
    n: Number = design.n if own is None else own[1]
    return _with_residual(share, first, second, traces, products, inverse, sigma2, n)


@dataclass(frozen=True, slots=True, eq=False)
class _Classes:
    """One family's classes: ``g`` (1 or R, C, m, m), ``counts`` (1 or R, C).

    ``xx`` (C * S, P) or (R, C * S, P): the summed products of Z'x, packed on both sides.
    """

    family: Family
    g: Array
    counts: Array
    xx: Array

    def curved(self, theta: Array, design: Design) -> tuple[Array, Array, Array]:
        """B E_k B' and B E_k W E_l B', one after the other (R, K + K * K, C, m, m); E_k W counted
        and by itself, (R, K, C, m, m): B = (I + D G)^-1, W = G B, E_k the derivatives of D."""
        basis, (k, m) = self.family.basis, self.family.basis.shape[:2]
        factor = (theta @ basis.reshape(k, m * m)).reshape(-1, m, m)
        d = (factor @ factor.swapaxes(-1, -2))[:, None]
        b = np.linalg.inv(np.eye(m) + d @ self.g)
        symmetric = basis + basis.swapaxes(-1, -2)
        e = np.where(design.diagonal[:, None, None], basis, symmetric)[:, None]
        ew = e @ (self.g @ b)[:, None]
        left = b[:, None] @ e
        inside = np.concatenate(
            [left, (b[:, None, None] @ ew[:, :, None] @ e).reshape(len(b), -1, *b.shape[1:])],
            axis=1,
        )
        return inside @ b.swapaxes(-1, -2)[:, None], ew * self.counts[..., None, :, None, None], ew

    def against(self, inside: Array) -> Array:
        """Sums over classes and places: (R, A, C, m, m) to (R, A, P)."""
        i, j, _ = upper(inside.shape[-1])
        packed = inside[..., i, j] + np.where(i == j, 0.0, inside[..., j, i])
        found: Array = packed.reshape(*inside.shape[:2], -1) @ self.xx
        return found


def _shared(design: Design) -> list[_Classes]:
    """The classes of rows that all replicates have."""
    found = []
    for one in design.shared:
        g, counts = one.family.g, one.family.counts.astype(float)
        packed = one.xx.reshape(len(one.xx), -1, counts.size).transpose(2, 1, 0)
        found.append(_Classes(one.family, g[None], counts[None], packed.reshape(-1, len(one.xx))))
    return found


def _own(one: Moments) -> _Classes:
    """The classes of replicates with rows of their own."""
    p, replicates = one.xx.shape[0], one.xx.shape[-1]
    return _Classes(
        family=one.family,
        g=one.g.transpose(3, 2, 0, 1),
        counts=one.counts.T,
        xx=one.xx.transpose(3, 2, 1, 0).reshape(replicates, -1, p),
    )


def _with_residual(
    share: Array,
    first: Array,
    second: Array,
    traces: Array,
    products: Array,
    inverse: Array,
    sigma2: Array,
    n: Number,
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
