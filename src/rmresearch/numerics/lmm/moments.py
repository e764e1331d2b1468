"""Cross-products of a mixed model, summed over the blocks of a class.

With U = Z'x and u = Z'y of a block, the criterion needs only their products summed over the blocks
of a class, symmetric in the two sides of m random effects: they are packed by the S = m(m+1)/2
places on and above the diagonal. Replicates stand last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import LONG, Array
from rmresearch.numerics.lanes import SMALL, upper
from rmresearch.numerics.lmm.blocks import Family

__all__ = ["Data", "Moments", "Shared", "outcome_moments", "shared_moments", "take"]


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What all replicates of one family share: ``xx`` (P, S * C) and the blocks' ``sums`` U.

    P = p(p+1)/2; ``sums``: per run of classes (classes, m * p, size).
    """

    family: Family
    xx: Array
    sums: tuple[Array, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Of one family: ``g`` (m, m, C, 1) = Z'Z, ``counts`` (C, 1), products of sums.

    ``xx`` (P, S * C) is the same for all replicates; ``xy`` (p, S, C, R) and ``yy`` (S, C, R).
    Where replicates have rows of their own, ``xx`` is (P, S, C, R), and ``counts`` (C, R) or, with
    every block a class, ``g`` (m, m, C, R).
    """

    family: Family
    g: Array
    counts: Array
    xx: Array
    xy: Array
    yy: Array


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """All moments of R replicates: of the families, ``total`` (R,) = y'y, ``df`` (R,).

    ``df``: rows, less coefficients under REML. ``base`` (p, p, R) = x'x, None where x is
    orthonormal; y is orthogonal to x by design.
    """

    moments: tuple[Moments, ...]
    total: Array
    df: Array
    base: Array | None = None


def shared_moments(family: Family, sums: Array) -> Shared:
    """The moments of x alone, from the ``sums`` Z'q (blocks * m, p) of its orthonormal basis."""
    m, p = family.g.shape[-1], sums.shape[1]
    sums = sums.reshape(-1, m * p)
    parts, start = [], 0
    for size, classes in family.spots:
        stop = start + size * classes
        index = family.order[start:stop].reshape(classes, size)
        part = np.empty((classes, m * p, size))
        step = max(1, LONG // classes)
        for at in range(0, size, step):  # run by run: no second copy of long data
            run = slice(at, at + step)
            part[..., run] = sums.take(index[:, run], axis=0).swapaxes(-1, -2)
        parts.append(part)
        start = stop
    (i, j, _), (a, b, _) = upper(m), upper(p)
    xx = np.empty((a.size, i.size, family.counts.size))
    for place, (first, second) in enumerate(zip(a, b, strict=True)):
        done = 0
        for u in parts:
            part = u.reshape(-1, m, p, u.shape[-1])
            product = part[:, :, first] @ part[:, :, second].swapaxes(-1, -2)
            both = 0.5 * (product + product.swapaxes(-1, -2))
            xx[place, :, done : done + len(u)] = both[:, i, j].T
            done += len(u)
    return Shared(family, xx.reshape(a.size, -1), tuple(parts))


def outcome_moments(shared: Shared, y: Array, unit: Array) -> Moments:
    """The moments of the outcomes over ``unit`` (R,), beside the shared ones.

    ``y`` (n, R): their rows, or the sums of units that the family gathers.
    """
    family = shared.family
    m, replicates = family.g.shape[-1], y.shape[1]
    sums = np.asarray(family.gather @ y).reshape(-1, m, replicates)
    if family.counts.size > 1:
        sums = sums.take(family.order, axis=0)
    i, j, _ = upper(m)
    p = shared.sums[0].shape[1] // m
    xy = np.empty((p, i.size, family.counts.size, replicates))
    yy = np.empty((i.size, family.counts.size, replicates))
    start = done = 0
    for (size, classes), u in zip(family.spots, shared.sums, strict=True):
        stop, here = start + size * classes, slice(done, done + classes)
        v = sums[start:stop].reshape(classes, size, m, replicates)
        for column in range(p):
            product = u.reshape(classes, m, p, size)[:, :, column] @ v.reshape(classes, size, -1)
            product = product.reshape(classes, m, m, replicates)
            both = product[:, i, j] + product[:, j, i]
            np.multiply(0.5, both.swapaxes(0, 1), out=xy[column, :, here])
        if m > SMALL:
            square = np.einsum("csir,csjr->ijcr", v, v, optimize=True)
            yy[:, here] = square[i, j]
        else:
            for place, (a, b) in enumerate(zip(i, j, strict=True)):
                np.einsum("csr,csr->cr", v[:, :, a], v[:, :, b], out=yy[place, here])
        start, done = stop, done + classes
    xy /= unit
    yy /= unit * unit
    return Moments(
        family=family,
        g=np.ascontiguousarray(np.moveaxis(family.g, 0, -1))[..., None],
        counts=family.counts[:, None].astype(float),
        xx=shared.xx,
        xy=xy,
        yy=yy,
    )


def take(data: Data, which: NDArray[Any] | slice) -> Data:
    """The data of some replicates."""
    base = data.base
    return Data(
        tuple(_some(one, which) for one in data.moments),
        data.total[which],
        data.df[which],
        None if base is None else base[..., which],
    )


def _some(one: Moments, which: NDArray[Any] | slice) -> Moments:
    g = one.g if one.g.shape[-1] == 1 else one.g[..., which]
    xx = one.xx if one.xx.ndim == 2 else one.xx[..., which]
    counts = one.counts if one.counts.shape[-1] == 1 else one.counts[..., which]
    return Moments(one.family, g, counts, xx, one.xy[..., which], one.yy[..., which])
