"""Hard rules: which pairs may not be made, as arrays of seniors by juniors.

What cannot be judged because an answer is missing is forbidden: a rule that holds only where
somebody filled in a cell is none. `reporting_line` and `named` are the exceptions, and say so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.likeness import Answers, common

__all__ = ["level_gap", "named", "nothing_shared", "reporting_line", "same_group"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: levels of management that are followed upwards; no ladder is longer, a circle has no end
LADDER = 50


def level_gap(seniors: Floats, juniors: Floats, least: float) -> Flags:
    """Pairs whose senior is not at least ``least`` levels above the junior (or level unknown).

    Levels have shapes (..., seniors) and (..., juniors), unknown = NaN.

    >>> level_gap(np.array([5.0, np.nan]), np.array([3.0, 4.0]), 2)
    array([[False,  True],
           [ True,  True]])
    """
    enough: Flags = seniors[..., :, None] - juniors[..., None, :] >= least
    return ~enough


def same_group(seniors: Ints, juniors: Ints) -> Flags:
    """Pairs within one group, as a department (or group unknown).

    Groups are numbers from 0 on, unknown = -1, of shapes (..., seniors) and (..., juniors).

    >>> same_group(np.array([0, -1]), np.array([0, 1]))
    array([[ True, False],
           [ True,  True]])
    """
    one, other = seniors[..., :, None], juniors[..., None, :]
    same: Flags = (one == other) | (one < 0) | (other < 0)
    return same


def nothing_shared(seniors: Sequence[Answers], juniors: Sequence[Answers]) -> Flags:
    """Pairs without one entry in common, as a language or a site (or no entry at all).

    >>> nothing_shared([frozenset({"de", "en"})], [frozenset({"en"}), frozenset({"fr"})])
    array([[False,  True]])
    """
    nothing: Flags = common(seniors, juniors) == 0
    return nothing


def reporting_line(seniors: Ints, juniors: Ints, managers: Ints) -> Flags:
    """Pairs of whom one is above the other, at any height, or who have the same line manager.

    People are numbers; ``managers[p]`` is p's line manager, -1 where none is known: then nothing
    is forbidden on that account (whoever stands on top has none).

    >>> reporting_line(np.array([0, 1]), np.array([2, 3]), np.array([-1, 0, 1, -1]))
    array([[ True, False],
           [ True, False]])
    """
    forbidden = np.zeros((len(seniors), len(juniors)), bool)
    for matrix, below, above in ((forbidden, seniors, juniors), (forbidden.T, juniors, seniors)):
        place = np.full(len(managers) + 1, -1)  # the last entry serves "no manager"
        place[above] = np.arange(len(above))
        boss = managers[below]
        for _ in range(LADDER):
            at = place[boss]
            rows = np.flatnonzero((at >= 0) & (boss >= 0))
            matrix[rows, at[rows]] = True
            boss = np.where(boss >= 0, managers[boss], -1)
            if (boss < 0).all():
                break
    one, other = managers[seniors][:, None], managers[juniors]
    forbidden |= (one == other) & (one >= 0)
    return forbidden


def named(pairs: Sequence[tuple[int, int]], shape: tuple[int, int]) -> Flags:
    """The pairs that are listed by (senior, junior), as refusals or earlier pairs, and no others.

    >>> named([(0, 1)], (2, 2))
    array([[False,  True],
           [False, False]])
    """
    forbidden = np.zeros(shape, bool)
    for senior, junior in pairs:
        forbidden[senior, junior] = True
    return forbidden
