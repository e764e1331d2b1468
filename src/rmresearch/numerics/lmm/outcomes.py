"""Outcomes freed of what the fixed part explains, replicates last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import EXACT, Array, Basis

__all__ = ["Outcomes", "projected"]

#: residuals below this share of the outcome's spread are projected once more
FAINT = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Least squares of R outcomes: ``coef`` (p, R), ``unit`` (R,), ``exact`` (R,).

    ``unit`` is the residuals' spread: in its terms the search sees the same numbers whatever y's
    unit. ``exact``: the residuals are rounding only, and are zero.
    """

    coef: Array
    unit: Array
    exact: NDArray[np.bool_]

    @staticmethod
    def joined(parts: Sequence[Outcomes]) -> Outcomes:
        """The replicates of several in a row."""
        names = (one.name for one in fields(Outcomes))
        return Outcomes(*(np.concatenate([getattr(p, n) for p in parts], axis=-1) for n in names))


def projected(y: Array, basis: Basis, df: float) -> tuple[Array, Outcomes]:
    """The residuals (n, R) of ``y`` (R, n), and the rest."""
    left = np.array(y.T, order="C")
    coef = np.zeros((basis.back.shape[1], left.shape[1]))
    middle = np.zeros(left.shape[1])
    if basis.ones is not None:
        middle = left.mean(axis=0)
        left -= middle
        # What rounding left of a large offset.
        rest = left.mean(axis=0)
        left -= rest
        middle = middle + rest
        coef += basis.ones[:, None] * middle
    spread = np.sqrt(np.einsum("nr,nr->r", left, left))
    gain = basis.q.T @ left
    left -= basis.q @ gain
    length = np.sqrt(np.einsum("nr,nr->r", left, left))
    if (length < FAINT * spread).any():
        more = basis.q.T @ left
        left -= basis.q @ more
        gain += more
        length = np.sqrt(np.einsum("nr,nr->r", left, left))
    coef += basis.back @ gain
    biggest = np.abs(middle) + spread
    exact = length <= np.maximum(EXACT * spread, 1e-14 * np.sqrt(left.shape[0]) * biggest)
    left[:, exact] = 0.0
    return left, Outcomes(coef, np.where(exact, 1.0, length / np.sqrt(df)), exact)
