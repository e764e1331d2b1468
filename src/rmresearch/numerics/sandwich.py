"""Cluster-robust variances and their degrees of freedom in p x p arithmetic per cluster.

With ``q`` the orthonormal basis of the design and ``K_g = q_g' q_g``, the CR2 adjustment
``A_g = (I - H_gg)^(-1/2)`` acts on the design as ``A_g q_g = q_g (I - K_g)^(-1/2)``, so that no
matrix larger than p x p is ever formed. Source: Bell and McCaffrey 2002; Pustejovsky and Tipton
2018, JBES 36, equations 8 and 11 (working model: independent, equal variances).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array

__all__ = [
    "Groups",
    "Pieces",
    "cr2_pieces",
    "group",
    "hotelling",
    "satterthwaite",
    "scores",
    "spread",
    "vectors",
]

#: Eigenvalues of I - K_g below this are zero: the cluster alone determines that direction.
SINGULAR = 1e-10
#: a robust variance below this share of the model's own is rounding: all scores are zero
NOTHING = 1e-18


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Row order that puts clusters of one row first, then the others, each together."""

    order: NDArray[np.intp]
    singles: int
    starts: NDArray[np.intp]
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """What CR2 needs of each cluster.

    Clusters of one row (m of them): ``q`` (..., m, p), ``own`` (..., m) = (1 - h)^(-1/2), 0 where
    h = 1. Larger ones (k of them), each (..., k, p, p): ``root`` = (I - K)^(-1/2), ``grow`` = K
    root and ``keep`` = K restricted to the directions that the cluster does not determine alone.
    """

    q: Array
    own: Array
    root: Array
    grow: Array
    keep: Array


def group(cluster: NDArray[np.intp] | None, n: int) -> Groups:
    """Order rows by cluster; ``None`` makes every row its own."""
    if cluster is None:
        return Groups(np.arange(n), n, np.empty(0, np.intp), n)
    codes, sizes = np.unique(cluster, return_inverse=True, return_counts=True)[1:]
    order = np.lexsort((codes, sizes[codes] > 1))
    singles = int((sizes == 1).sum())
    starts = singles + np.concatenate([[0], np.cumsum(sizes[sizes > 1])[:-1]])
    if not (sizes > 1).any():
        starts = np.empty(0, np.intp)
    return Groups(order, singles, starts.astype(np.intp), len(sizes))


def _total(values: Array, starts: NDArray[np.intp]) -> Array:
    result: Array = np.add.reduceat(values, starts, axis=-2)
    return result


def cr2_pieces(q: Array, groups: Groups) -> Pieces:
    """The pieces of every cluster, from ``q`` (..., n, p) with rows in the groups' order."""
    p = q.shape[-1]
    alone = q[..., : groups.singles, :]
    left = 1.0 - np.einsum("...p,...p->...", alone, alone)
    own = np.where(left > SINGULAR, 1.0 / np.sqrt(np.maximum(left, SINGULAR)), 0.0)
    if not groups.starts.size:
        empty = np.empty((*q.shape[:-2], 0, p, p))
        return Pieces(alone, own, empty, empty, empty)
    # Column by column, so that memory stays at one copy of q.
    first = groups.starts[0]
    gram = np.stack(
        [_total((q * q[..., j : j + 1])[..., first:, :], groups.starts - first) for j in range(p)],
        axis=-1,
    )
    values, vectors = np.linalg.eigh(np.eye(p) - gram)
    free = values > SINGULAR
    values = np.maximum(values, SINGULAR)
    turned = np.swapaxes(vectors, -1, -2)
    root = (vectors * np.where(free, values**-0.5, 0.0)[..., None, :]) @ turned
    keep = (vectors * np.where(free, 1.0 - values, 0.0)[..., None, :]) @ turned
    grow = (vectors * np.where(free, (1.0 - values) * values**-0.5, 0.0)[..., None, :]) @ turned
    return Pieces(alone, own, root, grow, keep)


def scores(q: Array, resid: Array, groups: Groups, pieces: Pieces | None) -> Array:
    """Each cluster's ``q_g' A_g e_g`` (..., G, p); without pieces, A_g = I (CR1)."""
    weighted = q * resid[..., None]
    single = weighted[..., : groups.singles, :]
    if pieces is not None:
        single = single * pieces.own[..., None]
    if not groups.starts.size:
        return single
    several = _total(weighted[..., groups.singles :, :], groups.starts - groups.singles)
    if pieces is not None:
        several = (pieces.root @ several[..., None])[..., 0]
    return np.concatenate([single, several], axis=-2)


def satterthwaite(own: Array, cross: Array) -> Array:
    """Satterthwaite's df (...) of one contrast (c = 1) of unit length; 0 without information.

    ``own`` (..., G, c, c) = p_g'p_g and ``cross`` (..., G, p, c) = b_g with p_g'p_h = -b_g'b_h.
    """
    mean = own.sum(axis=(-3, -2, -1))
    usable = mean > SINGULAR
    total = np.where(usable, spread(own, cross), 1.0)
    df: Array = np.where(usable, 2.0 * mean**2 / total, 0.0)
    return df


def hotelling(own: Array, cross: Array) -> Array:
    """Eta (...) of the Wishart that matches mean and total variance of the CR2 of c contrasts.

    The contrasts are orthonormal, ``own`` and ``cross`` as for ``satterthwaite``; 0 where some
    combination of them leaves no cluster to judge by (Pustejovsky and Tipton 2018, section 3.2).
    """
    c = own.shape[-1]
    values, axes = np.linalg.eigh(own.sum(axis=-3))
    usable = values[..., 0] > SINGULAR
    size = np.sqrt(np.where(usable[..., None], values, 1.0))
    whiten = ((axes / size[..., None, :]) @ axes.swapaxes(-1, -2))[..., None, :, :]
    total = spread(whiten @ own @ whiten, cross @ whiten)
    eta: Array = np.where(usable, c * (c + 1) / np.where(usable, total, 1.0), 0.0)
    return eta


def spread(own: Array, cross: Array) -> Array:
    """Sum of the variances of all c x c entries of a CR2 variance.

    For one contrast this is 2 x (sum of squared p_g'p_h), so that Satterthwaite's df is
    2 E^2 / spread; for several it gives the Hotelling df of Pustejovsky and Tipton.
    """
    p = cross.shape[-2]
    trace = np.trace(own, axis1=-2, axis2=-1)
    turned = np.swapaxes(own, -1, -2)
    same = (trace**2).sum(axis=-1) + (own * turned).sum(axis=(-3, -2, -1))
    flat = cross.reshape(*cross.shape[:-2], -1)
    size = np.einsum("...f,...f->...", flat, flat)
    # The few clusters of high leverage are paired one by one: subtracting their large squares
    # from a sum of larger ones would lose the digits.
    few = min(size.shape[-1], 2 * p)
    top = np.argpartition(size, size.shape[-1] - few, axis=-1)[..., size.shape[-1] - few :]
    heavy = np.take_along_axis(cross, top[..., None, None], axis=-3)
    light = cross.copy()
    np.put_along_axis(light, top[..., None, None], 0.0, axis=-3)
    total = _moment(light)
    both = total + np.swapaxes(total, -3, -1)
    everything = (total * both).sum(axis=(-4, -3, -2, -1))
    among = everything - _with_itself(light)
    return same + _pairs(heavy) + _pairs_with(heavy, both) + among  # type: ignore[no-any-return]


def vectors(pieces: Pieces, w: Array) -> tuple[Array, Array]:
    """Per cluster: p_g'p_g (..., G, c, c) and q_g'A_g q_g w (..., G, p, c)."""
    seen = pieces.q @ w
    inside = seen * (pieces.own > 0)[..., None]
    own = inside[..., :, None] * inside[..., None, :]
    cross = pieces.q[..., :, None] * (seen * pieces.own[..., None])[..., None, :]
    if pieces.root.shape[-3]:
        wide = w[..., None, :, :]
        own = np.concatenate([own, np.swapaxes(wide, -1, -2) @ pieces.keep @ wide], axis=-3)
        cross = np.concatenate([cross, pieces.grow @ wide], axis=-3)
    return own, cross


def _pairs(b: Array) -> Array:
    """Over all g != h of b (..., G, p, c), one by one: (tr P)^2 + tr(P P), P = b_g'b_h."""
    gram = np.einsum("...gis,...hit->...ghst", b, b, optimize=True)
    index = np.arange(b.shape[-3])
    gram[..., index, index, :, :] = 0.0
    trace = np.trace(gram, axis1=-2, axis2=-1)
    twice = (gram * np.swapaxes(gram, -1, -2)).sum(axis=(-4, -3, -2, -1))
    return (trace**2).sum(axis=(-2, -1)) + twice  # type: ignore[no-any-return]


def _moment(b: Array) -> Array:
    """Sum over clusters of b[i, s] b[j, t]: (..., p, c, p, c)."""
    p, c = b.shape[-2:]
    flat = b.reshape(*b.shape[:-2], p * c)
    total = np.swapaxes(flat, -1, -2) @ flat
    return total.reshape(*total.shape[:-2], p, c, p, c)


def _pairs_with(heavy: Array, both: Array) -> Array:
    """The same sum over pairs of one heavy and one light cluster, both orders.

    ``both`` (..., p, c, p, c): the light ones' moments, straight and crossed.
    """
    flat = heavy.reshape(*heavy.shape[:-2], -1)
    square = both.reshape(*flat.shape[:-2], flat.shape[-1], flat.shape[-1])
    return 2.0 * ((flat @ square) * flat).sum(axis=(-2, -1))  # type: ignore[no-any-return]


def _with_itself(b: Array) -> Array:
    """The same sum over the pairs of a cluster with itself."""
    inner = np.einsum("...is,...it->...st", b, b)
    trace = np.trace(inner, axis1=-2, axis2=-1)
    return (trace**2).sum(axis=-1) + (inner * inner).sum(axis=(-3, -2, -1))  # type: ignore[no-any-return]
