"""How two members of dyads go together, of many replicates at once: `together` for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rmresearch.numerics.basis import Array
from rmresearch.numerics.dyad_tests import ALIKE

__all__ = ["ManyTogether", "many_together"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ManyTogether:
    """Correlations over dyads with their jackknife intervals, as `Together`, each (R,)."""

    value: Array
    df: Array
    low: Array
    high: Array
    p: Array


def many_together(
    x: ArrayLike, y: ArrayLike, there: ArrayLike, *, level: float = 0.95
) -> ManyTogether:
    """The correlation of ``x`` and ``y`` (R, n) over the dyads ``there``, each a cluster.

    >>> found = many_together([[1.0, 2, 3, 4, 5, 6]], [[2.0, 1, 4, 3, 6, 5]], [[True] * 6])
    >>> round(float(found.value[0]), 3), float(found.df[0])
    (0.829, 5.0)
    """
    seen = np.asarray(there, bool)
    count = seen.sum(axis=1)
    a, b = (_centred(np.asarray(one, float), seen) for one in (x, y))
    each = np.stack([seen.astype(float), a, b, a * a, b * b, a * b], axis=-1)
    total = each.sum(axis=1)
    whole = np.where(count > 2, _correlated(total, total), np.nan)
    rest = total[:, None] - each
    some = np.where(seen[..., None], rest, np.nan)
    without = _correlated(some, np.where(seen[..., None], rest, 0.0).max(axis=1)[:, None])
    sound = (np.abs(whole) < ALIKE) & (count >= 4)
    sound &= ((np.abs(without) < ALIKE) | ~seen).all(axis=1)
    g = np.where(sound, count, 4).astype(float)
    z = np.arctanh(np.where(sound, whole, 0.0))
    others = np.arctanh(np.where(seen & sound[:, None], without, 0.0))
    pseudo = np.where(seen, (g * z)[:, None] - (g - 1.0)[:, None] * others, 0.0)
    mean = pseudo.sum(axis=1) / g
    spread = (np.where(seen, pseudo - mean[:, None], 0.0) ** 2).sum(axis=1)
    se, df = np.sqrt(spread / (g - 1.0) / g), g - 1.0
    half = special.stdtrit(df, 0.5 + level / 2.0) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(se > 0, 2.0 * special.stdtr(df, -np.abs(z) / se), np.nan)
    given = np.where(sound, 1.0, np.nan)
    return ManyTogether(
        whole, df * given, np.tanh(z - half) * given, np.tanh(z + half) * given, p * given
    )


def _centred(values: Array, seen: Flags) -> Array:
    known = np.where(seen, values, 0.0)
    middle = known.sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    return np.where(seen, known - middle, 0.0)


def _correlated(sums: Array, largest: Array) -> Array:
    """Correlations from n, sums, squares and products (..., 6), NaN where too little varies beside
    the ``largest`` squares (..., 6).
    """
    n, a, b, aa, bb, ab = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        u, v, w = aa - a * a / n, bb - b * b / n, ab - a * b / n
        small = (u <= 1e-12 * np.abs(largest[..., 3])) | (v <= 1e-12 * np.abs(largest[..., 4]))
        found: Array = np.where(small, np.nan, w / np.sqrt(np.where(small, 1.0, u * v)))
    return found
