"""Cross-products of a mixed model, summed over the blocks of a class.

With U = Z'x and u = Z'y of a block, the criterion needs only their products summed over the blocks
of a class, symmetric in the two sides of m random effects: they are packed by the S = m(m+1)/2
places on and above the diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.blocks import Family

__all__ = ["Data", "Moments", "Shared", "outcome_moments", "shared_moments", "take"]


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What all replicates of one family share: ``xx`` (P, S * C) and the blocks' ``sums`` U.

    P = p(p+1)/2; ``sums``: per run of classes (classes, size, m * p).
    """

    family: Family
    xx: Array
    sums: tuple[Array, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Of one family, replicates last: ``g`` (m, m, C, 1), ``counts`` (C, 1), products of sums.

    ``xx`` (P, S * C) where all replicates share x; ``xy`` (p, S, C, R) and ``yy`` (S, C, R).
    """

    family: Family
    g: Array
    counts: Array
    xx: Array
    xy: Array
    yy: Array


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """All moments of R replicates: of the families, and ``total`` (R,) = y'y.

    x is orthonormal and orthogonal to y by design.
    """

    moments: tuple[Moments, ...]
    total: Array


def shared_moments(family: Family, q: Array) -> Shared:
    """The moments of x alone, from its orthonormal basis ``q`` (n, p)."""
    m, p = family.g.shape[-1], q.shape[1]
    sums = np.asarray(family.gather @ q).reshape(-1, m * p)[family.order]
    parts, start = [], 0
    for size, classes in family.spots:
        stop = start + size * classes
        parts.append(sums[start:stop].reshape(classes, size, m * p))
        start = stop
    products = [np.swapaxes(u, -1, -2) @ u for u in parts]
    whole = np.concatenate(products).reshape(-1, m, p, m, p)
    (i, j), (a, b) = np.triu_indices(m), np.triu_indices(p)
    packed = 0.5 * (whole + whole.transpose(0, 3, 2, 1, 4))[:, i, :, j][:, :, a, b]
    return Shared(
        family, np.ascontiguousarray(packed.transpose(2, 0, 1)).reshape(a.size, -1), tuple(parts)
    )


def outcome_moments(shared: Shared, y: Array) -> Moments:
    """The moments of the outcomes ``y`` (R, n) beside the shared ones."""
    family = shared.family
    m, replicates = family.g.shape[-1], y.shape[0]
    sums = np.asarray(family.gather @ y.T).reshape(-1, m, replicates)[family.order]
    i, j = np.triu_indices(m)
    xy, yy, start = [], [], 0
    for (size, classes), u in zip(family.spots, shared.sums, strict=True):
        stop = start + size * classes
        v = sums[start:stop].reshape(classes, size, m * replicates)
        product = (u.swapaxes(-1, -2) @ v).reshape(classes, m, -1, m, replicates)
        product = 0.5 * (product + product.transpose(0, 3, 2, 1, 4))
        xy.append(product[:, i, :, j].transpose(2, 0, 1, 3))
        v = v.reshape(classes, size, m, replicates)
        yy.append(
            np.stack(
                [
                    np.einsum("csr,csr->cr", v[:, :, a], v[:, :, b])
                    for a, b in zip(i, j, strict=True)
                ]
            )
        )
        start = stop
    return Moments(
        family=family,
        g=np.moveaxis(family.g, 0, -1)[..., None],
        counts=family.counts[:, None].astype(float),
        xx=shared.xx,
        xy=np.concatenate(xy, axis=2),
        yy=np.concatenate(yy, axis=1),
    )


def take(data: Data, which: NDArray[Any]) -> Data:
    """The data of some replicates (indices)."""
    return Data(
        tuple(
            Moments(one.family, one.g, one.counts, one.xx, one.xy[..., which], one.yy[..., which])
            for one in data.moments
        ),
        data.total[which],
    )
