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
from rmresearch.numerics.lmm.terms import Codes, free_entries

__all__ = ["linear_pieces"]


def linear_pieces(
    theta: Array,
    sigma2: Array,
    inverse: Array,
    design: Design,
    own: tuple[Sequence[Moments], Number] | None = None,
) -> Linear:
    """P, the trace products and, along what is asked for, Q at the fitted ``theta`` (R, K), in the
    basis of x.

    With V = s2 V0 = s2 I + sum of r_k V_k: pieces of the random terms from their blocks, those of
    the residual variance from s2 V_0 = V - sum r_k V_k (Euler). ``own``: the moments, and the
    number of rows (R,), of replicates that lack rows of their own.
    """
    r, k, p = theta.shape[0], design.diagonal.size, inverse.shape[-1]
    share = free_entries(theta, design.terms)
    first, curved = np.zeros((r, k, p, p)), []
    traces, products = np.zeros((r, k)), np.zeros((r, k, k))
    classes = _shared(design) if own is None else [_own(one) for one in own[0]]
    a, b, _ = upper(design.touched if own is None else p)
    for one in classes:
        inside, counted, ew = one.curved(theta, design)
        traces += np.trace(counted, axis1=-2, axis2=-1).sum(axis=-1)
        products += np.einsum("rkcij,rlcji->rkl", ew, counted)
        packed = _packed(inside)
        first[..., a, b] -= packed[:, :k] @ one.xx
        curved.append((packed[:, k:], one.xx))
    first[..., b, a] = first[..., a, b]
    mixed = traces - np.einsum("rk,rkl->rl", share, products)
    trace = np.empty((r, k + 1, k + 1))
    trace[:, :k, :k] = products
    trace[:, k, :k] = trace[:, :k, k] = mixed
    n: Number = design.n if own is None else own[1]
    trace[:, k, k] = n - (share * traces).sum(axis=1) - (share * mixed).sum(axis=1)
    left = -np.linalg.inv(inverse) - np.einsum("rk,rkab->rab", share, first)
    first = np.concatenate([first, left[:, None]], axis=1)
    s = sigma2[:, None, None]
    return Linear(
        phi=inverse * s,
        first=first / s[..., None] ** 2,
        second=_Along((a, b), share, first, curved, s),
        trace=trace / s**2,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Along:
    """The sum of Q_kl's entries under symmetric weights: (R, p, p) to (R, K + 1, K + 1).

    ``places`` of the packed columns, ``share`` (R, K), ``first`` (R, K + 1, p, p) at s2 = 1,
    ``curved``: per family (R, K * K, C * S) and its summed products, ``sigma2`` (R, 1, 1).
    """

    places: tuple[Codes, Codes]
    share: Array
    first: Array
    curved: Sequence[tuple[Array, Array]]
    sigma2: Array

    def __call__(self, weights: Array) -> Array:
        (a, b), (r, k) = self.places, self.share.shape
        once = np.where(a == b, 1.0, 2.0) * weights[:, a, b]
        inside = np.zeros((r, k * k))
        for packed, xx in self.curved:
            summed = once @ xx.T if xx.ndim == 2 else (xx @ once[..., None])[..., 0]
            inside += (packed @ summed[..., None])[..., 0]
        second = np.empty((r, k + 1, k + 1))
        second[:, :k, :k] = inside.reshape(r, k, k)
        flat = self.first.reshape(r, k + 1, -1)
        moved = (flat @ weights.reshape(r, -1, 1))[..., 0]
        cross = -moved[:, :k] - (self.share[:, None] @ second[:, :k, :k])[:, 0]
        second[:, k, :k] = second[:, :k, k] = cross
        second[:, k, k] = -moved[:, k] - (self.share * cross).sum(axis=1)
        return second / self.sigma2**3


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


def _packed(inside: Array) -> Array:
    """Matrices of classes by their places on and above the diagonal: (R, A, C, m, m) to
    (R, A, C * S)."""
    i, j, _ = upper(inside.shape[-1])
    packed = inside[..., i, j] + np.where(i == j, 0.0, inside[..., j, i])
    return packed.reshape(*inside.shape[:2], -1)


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
