"""Rows that all random effects multiply alike: long data are summed over them once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rmresearch.numerics.basis import LONG, Kinds
from rmresearch.numerics.lmm.terms import Ready

__all__ = ["united"]


def united(terms: Sequence[Ready]) -> tuple[Kinds | None, tuple[Ready, ...]]:
    """The units of rows, and the ``terms`` with one row a unit.

    Where all effects are intercepts and every finest group lies within one group of each other
    term, the finest groups are the units. Otherwise, and where the data are short, each row stands
    for itself: None, and the terms as they are.
    """
    finest = max(terms, key=lambda term: term.levels)
    if finest.codes.size < LONG or any(term.z.shape[1] > 1 or np.ptp(term.z) > 0 for term in terms):
        return None, tuple(terms)
    made = []
    for term in terms:
        holder = np.arange(finest.levels)
        if term is not finest:
            holder[finest.codes] = term.codes
            if (holder[finest.codes] != term.codes).any():
                return None, tuple(terms)
        made.append(replace(term, codes=holder, z=term.z[: finest.levels]))
    return Kinds(finest.codes, finest.levels), tuple(made)
