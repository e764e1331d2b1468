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
#: a mean of so many times the residuals' length is taken off before anything else
FAR = 100.0


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
    rows = left.shape[0]
    middle = np.full(rows, 1.0 / rows) @ left
    coef = np.zeros((basis.back.shape[1], left.shape[1]))
    gain, length = _reduced(left, basis)
    if basis.ones is not None and (np.abs(middle) * np.sqrt(rows) > FAR * length).any():
        left = y.T - middle
        # What rounding left of a large offset.
        rest = left.mean(axis=0)
        left -= rest
        coef += basis.ones[:, None] * (middle + rest)
        gain, length = _reduced(left, basis)
    spread = np.sqrt(length * length + np.einsum("pr,pr->r", gain, gain))
    if (length < FAINT * spread).any():
        more, length = _reduced(left, basis)
        gain += more
    coef += basis.back @ gain
    biggest = np.abs(middle) + spread
    exact = length <= np.maximum(EXACT * spread, 1e-14 * np.sqrt(rows) * biggest)
    if exact.any():
        left[:, exact] = 0.0
    return left, Outcomes(coef, np.where(exact, 1.0, length / np.sqrt(df)), exact)


def _reduced(left: Array, basis: Basis) -> tuple[Array, Array]:
    """Take the part along q off ``left`` (n, R), in place; it, and the length of the rest."""
    gain = basis.along(left)
    left -= basis.spread(gain)
    return gain, np.sqrt(np.einsum("nr,nr->r", left, left))
