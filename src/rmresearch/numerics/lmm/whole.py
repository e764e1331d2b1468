"""Replicates that all have every row of the design."""

from __future__ import annotations

import numpy as np

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.designs import Design
from rmresearch.numerics.lmm.moments import Data, outcome_moments
from rmresearch.numerics.lmm.outcomes import Outcomes, projected

__all__ = ["whole_data"]

#: numbers of y worked on at once: they should stay in the processor's cache
ROOM = 131_072


def whole_data(y: Array, design: Design, reml: bool) -> tuple[Data, Outcomes]:
    """Moments of ``y`` (R, n)."""
    size = max(ROOM // design.n, 16)
    df = float(design.n - design.p if reml else design.n)
    left, parts = np.empty((design.n, y.shape[0])), []
    for start in range(0, y.shape[0], size):
        run = slice(start, start + size)
        left[:, run], found = projected(y[run], design.basis, df)
        parts.append(found)
    outcomes = Outcomes.joined(parts)
    sums = design.by_unit(left)
    moments = tuple(outcome_moments(one, sums, outcomes.unit) for one in design.shared)
    # A replicate without residuals has no criterion; a stand-in keeps the arrays whole.
    total = np.where(outcomes.exact, 1.0, df)
    return Data(moments, total, np.full(total.size, df)), outcomes
