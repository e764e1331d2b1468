"""One quantity with its standard error and degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rmresearch.numerics.student import two_sided

__all__ = [
    "Contrast",
    "Number",
    "Wald",
    "checked_weights",
    "independent",
    "judged",
    "judged_jointly",
]

#: np.float64 for one data set; an array over the leading axes for replicates.
Number = Any


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """One weighted sum of coefficients with its standard error, df, t and two-sided p.

    Where the model fits exactly, or no cluster is left to judge the contrast by, ``t`` and ``p``
    (and, in the second case, ``se``; then ``df`` is 0) are NaN: there is no test.
    """

    estimate: Number
    se: Number
    df: Number
    t: Number
    p: Number

    def interval(self, level: float = 0.95) -> tuple[Number, Number]:
        """The t interval (low, high) at ``level`` in 0..1."""
        if not 0.0 < level < 1.0:
            raise ValueError(f"level must lie between 0 and 1, not {level}")
        with np.errstate(invalid="ignore"):
            half = special.stdtrit(self.df, 0.5 + level / 2.0) * self.se
        return self.estimate - half, self.estimate + half


@dataclass(frozen=True, slots=True, eq=False)
class Wald:
    """A joint test of q contrasts: F on ``df_num`` and ``df_den``; NaN where df_den is not > 0.

    One data set: plain numbers; replicates: ``f``, ``df_den`` and ``p`` are arrays over them.
    """

    f: Number
    df_num: int
    df_den: Number
    p: Number


def checked_weights(weights: ArrayLike, p: int) -> NDArray[np.float64]:
    """The weights (p,) of a contrast; ``ValueError`` for another shape, NaN and infinity."""
    found = np.asarray(weights, dtype=float)
    if found.shape != (p,):
        raise ValueError(f"weights must have {p} entries, not {found.shape}")
    if not np.isfinite(found).all():
        raise ValueError(f"the weights of a contrast must be finite numbers, not {found.tolist()}")
    return found


def judged(estimate: ArrayLike, variance: ArrayLike, df: ArrayLike, exact: ArrayLike) -> Contrast:
    """The contrast with this estimate, variance and df; no test where ``exact`` or df is 0."""
    se = np.where(np.asarray(df) > 0, np.sqrt(np.maximum(variance, 0.0)), np.nan)
    testable = (se > 0) & ~np.asarray(exact)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(testable, np.asarray(estimate) / se, np.nan)
    p = two_sided(t, df)
    return Contrast(*(np.asarray(value)[()] for value in (estimate, se, df, t, p)))


def judged_jointly(f: ArrayLike, df_num: int, df_den: ArrayLike) -> Wald:
    """The joint test with this F; none, NaN on 0 df, where ``df_den`` is not above 0."""
    value, den = np.asarray(f, dtype=float), np.maximum(np.nan_to_num(df_den), 0.0)
    testable = (den > 0) & (value >= 0)
    value = np.where(testable, value, np.nan)
    p = np.where(testable, special.fdtrc(df_num, np.where(testable, den, 1.0), value), np.nan)
    return Wald(value[()], df_num, den[()], p[()])


def independent(matrix: ArrayLike, back: NDArray[np.float64]) -> tuple[Any, Any]:
    """Contrasts ``matrix`` (q, p) in basis coordinates, orthonormal: axes (..., p, q), turn.

    ``turn`` (..., q, q) takes the q sums of coefficients to those along the axes: the joint test
    is the same, its arithmetic safe. Rows that others determine raise ``ValueError``.
    """
    rows = np.atleast_2d(np.asarray(matrix, dtype=float))
    if rows.ndim != 2 or rows.shape[1] != back.shape[-1]:
        raise ValueError(f"contrasts (q, {back.shape[-1]}) needed, not {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError(f"the weights of contrasts must be finite numbers, not {rows.tolist()}")
    w = back.swapaxes(-1, -2) @ rows.T
    length = np.linalg.norm(w, axis=-2, keepdims=True)
    length = np.where(length > 0, length, 1.0)
    axes, sizes, last = np.linalg.svd(w / length, full_matrices=False)
    if sizes.shape[-1] < rows.shape[0] or (sizes[..., -1] < 1e-10).any():
        raise ValueError("the contrasts repeat one another: drop those that others determine")
    turn = last.swapaxes(-1, -2) / sizes[..., None, :] / length.swapaxes(-1, -2)
    return axes, turn
