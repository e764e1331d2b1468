"""Cross-products of a mixed model, summed over the blocks of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.blocks import Family

__all__ = ["Moments", "outcome_moments", "shared_moments", "take"]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Of one family: sums over a class's blocks of products of U = Z'x and u = Z'y.

    ``xx`` (C, m, m, p, p) is shared by all replicates; ``xy`` (R, C, m, m, p), symmetric in the
    two m; ``yy`` (R, C, m, m).
    """

    family: Family
    xx: Array
    xy: Array
    yy: Array


def shared_moments(family: Family, q: Array) -> tuple[Array, list[Array]]:
    """``xx``, and per run of classes the sums U (classes, size, m * p) for the outcomes."""
    m, p = family.g.shape[-1], q.shape[1]
    sums = np.asarray(family.gather @ q).reshape(-1, m * p)[family.order]
    parts = _runs(family, sums)
    products = [np.swapaxes(u, -1, -2) @ u for u in parts]
    xx = np.concatenate(products).reshape(-1, m, p, m, p).transpose(0, 1, 3, 2, 4)
    return 0.5 * (xx + xx.transpose(0, 2, 1, 3, 4)), parts


def outcome_moments(family: Family, xx: Array, parts: Sequence[Array], y: Array) -> Moments:
    """The moments of the outcomes ``y`` (R, n) beside the shared ones."""
    m, p, replicates = family.g.shape[-1], xx.shape[-1], y.shape[0]
    sums = np.ascontiguousarray(np.asarray(family.gather @ y.T).T)
    sums = sums.reshape(replicates, -1, m)[:, family.order]
    xy, yy, start = [], [], 0
    for (size, classes), u in zip(family.spots, parts, strict=True):
        stop = start + size * classes
        v = sums[:, start:stop].reshape(replicates, classes, size, m).swapaxes(-1, -2)
        xy.append((v @ u).reshape(replicates, classes, m, m, p))
        yy.append(v @ v.swapaxes(-1, -2))
        start = stop
    cross = np.concatenate(xy, axis=1)
    return Moments(family, xx, 0.5 * (cross + cross.swapaxes(2, 3)), np.concatenate(yy, axis=1))


def take(moments: Sequence[Moments], which: NDArray[Any]) -> tuple[Moments, ...]:
    """The moments of some replicates (a mask or indices)."""
    return tuple(Moments(one.family, one.xx, one.xy[which], one.yy[which]) for one in moments)


def _runs(family: Family, sums: Array) -> list[Array]:
    parts, start = [], 0
    for size, classes in family.spots:
        stop = start + size * classes
        parts.append(sums[start:stop].reshape(classes, size, -1))
        start = stop
    return parts
