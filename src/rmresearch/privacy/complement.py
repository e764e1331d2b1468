"""S3: what is hidden cannot be worked out from what is published, margins included.

Whoever knows who is in which group, the range of the scale and every published mean to half a
rounding step knows that the answers' sums solve a set of inequalities. The smallest and the largest
mean that a hidden group can have under them are two linear programmes; the groups stay hidden if
the two lie far enough apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rmresearch.privacy.crowds import Flags

__all__ = ["Level", "narrowed", "widths"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """A group's mean or share: who is in it, its value, and what is published of it.

    ``low`` and ``high`` are what the published value says; both None where it is hidden.
    ``rank`` orders what is given up first: the highest.
    """

    people: Flags = field(repr=False)
    value: float = field(repr=False)
    low: float | None = None
    high: float | None = None
    rank: int = 0


def narrowed(
    levels: Sequence[Level], box: tuple[float, float], share: float, smallest: int
) -> set[int]:
    """Which published levels must be hidden too, so that no hidden one is told.

    ``box`` is the range of an answer. A hidden level, and each group of fewer than ``smallest``
    people that published ones cut out between them, keeps ``share`` of it; without a range
    (infinite ends) nothing may bound it at all. Gives up, while something is told, the least
    planned group that alone sets it free, or else the least planned that says something of it.
    """
    shown = [i for i, one in enumerate(levels) if one.low is not None]
    hidden = [one for one in levels if one.low is None and one.people.any()]
    given_up: set[int] = set()
    while True:
        left = [i for i in shown if i not in given_up]
        told = _told([levels[i] for i in left], hidden, box, share, smallest)
        if told is None:
            return given_up
        touching = _connected(levels, left, told)
        touching.sort(key=lambda i: (-levels[i].rank, levels[i].people.sum(), -i))
        given_up.add(
            next((i for i in touching if _is_free(levels, left, i, told, box, share)), touching[0])
        )


def _connected(levels: Sequence[Level], left: Sequence[int], told: Flags) -> list[int]:
    """The levels that say something of a group, by themselves or through others."""
    people, count = told, 0
    while people.sum() > count:
        count = people.sum()
        found = [i for i in left if (levels[i].people & people).any()]
        people = np.any([told, *(levels[i].people for i in found)], axis=0)
    return found


def _is_free(
    levels: Sequence[Level],
    left: Sequence[int],
    without: int,
    told: Flags,
    box: tuple[float, float],
    share: float,
) -> bool:
    rest = [levels[i] for i in left if i != without]
    return bool(widths(rest, told[None, :], box, _needed(box, share))[0] >= _needed(box, share))


def _needed(box: tuple[float, float], share: float) -> float:
    return share * (box[1] - box[0]) - 1e-9  # solvers' tolerance


def _told(
    shown: Sequence[Level],
    hidden: Sequence[Level],
    box: tuple[float, float],
    share: float,
    smallest: int,
) -> Flags | None:
    """The first group that is known too well."""
    if not shown:
        return None
    sets = np.array([one.people for one in shown])
    targets = [one.people for one in hidden if (sets & one.people).any()]
    if sets.sum(axis=0).max() > 1:  # they overlap
        _, sizes, which = _parts(sets)
        targets += [which == group for group in np.flatnonzero(sizes < smallest)]
    if not targets:
        return None
    found = widths(shown, np.array(targets), box, _needed(box, share), hidden)
    short = np.flatnonzero(found < _needed(box, share))
    return targets[short[0]] if len(short) else None


def _parts(sets: Flags) -> tuple[Flags, Floats, NDArray[np.intp]]:
    """The groups that sets cut people into: (sets, groups), sizes, and everybody's group.

    Whoever is in no set is in group -1.
    """
    anyone = np.flatnonzero(sets.any(axis=0))
    inside = sets[:, anyone]
    which = np.zeros(len(anyone), np.intp)
    first = which[:0]
    for start in range(0, len(inside), 30):  # as many sets as bits fit beside a group's number
        chunk = inside[start : start + 30]
        codes = which * (1 << len(chunk)) + (1 << np.arange(len(chunk))) @ chunk
        _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    everybody = np.full(sets.shape[1], -1)
    everybody[anyone] = which
    return inside[:, first], np.bincount(which, minlength=len(first)).astype(float), everybody


def widths(
    shown: Sequence[Level],
    targets: Flags,
    box: tuple[float, float],
    enough: float,
    hidden: Sequence[Level] = (),
) -> Floats:
    """How far apart the least and the greatest mean of each target are, at least ``enough``.

    ``targets`` is (targets, people). Where moving answers between two groups already shows
    ``enough``, that is returned and nothing is solved; ``hidden`` levels help to start from the
    truth. Infinite where nothing published touches a target.
    """
    if not shown:
        return np.full(len(targets), math.inf)
    sets = np.array([one.people for one in shown])
    cut, sizes, _ = _parts(np.vstack([sets, targets, *(one.people[None] for one in hidden)]))
    system = _System(
        inside=cut[: len(shown)].astype(float),
        low=np.array([one.low for one in shown], float) * sets.sum(axis=1),
        high=np.array([one.high for one in shown], float) * sets.sum(axis=1),
        sizes=sizes,
        box=box,
    )
    wanted = cut[len(shown) : len(shown) + len(targets)]
    known = np.vstack([cut[: len(shown)], cut[len(shown) + len(targets) :]]).astype(float)
    truth = system.start(known, np.array([one.value for one in (*shown, *hidden)]))
    found = np.array([system.moved(truth, one) for one in wanted])
    for i in np.flatnonzero(found < enough):
        found[i] = system.solved(wanted[i])
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _System:
    """low <= inside @ sums <= high, and each group's sum within its size times the box."""

    inside: Floats
    low: Floats
    high: Floats
    sizes: Floats
    box: tuple[float, float]

    def start(self, known: Floats, values: Floats) -> Floats | None:
        """Sums near the truth that the inequalities allow; None where none is at hand."""
        middle = np.mean(values) * self.sizes
        off = (known @ self.sizes) * values - known @ middle
        sums: Floats = middle + np.linalg.lstsq(known * self.sizes, off, rcond=None)[0] * self.sizes
        total = self.inside @ sums
        within = (total >= self.low - 1e-9).all() and (total <= self.high + 1e-9).all()
        ends = (sums >= self.box[0] * self.sizes) & (sums <= self.box[1] * self.sizes)
        return sums if within and ends.all() else None

    def moved(self, sums: Floats | None, target: Flags) -> float:
        """A width that two ways of moving answers from ``sums`` already show.

        One changes the target alone, as far as rounding lets it. The other moves answers between
        target and others so that no published sum changes, as far as the range lets it.
        """
        if sums is None:
            return 0.0
        root = np.sqrt(self.sizes)  # large groups take more of what is moved
        aim = root * target
        seen = np.linalg.lstsq((self.inside * root).T, aim, rcond=None)[0]
        steps = (self.sizes * target, root * (aim - seen @ (self.inside * root)))
        mean = target / self.sizes[target].sum()
        return max(float(mean @ step) * self._room(sums, step) for step in steps)

    def _room(self, sums: Floats, step: Floats) -> float:
        """How far ``sums`` can move along ``step``, there and back."""
        step = np.where(np.abs(step) > 1e-9, step, 0.0)
        total, along = self.inside @ sums, self.inside @ step
        along = np.where(np.abs(along) > 1e-9, along, 0.0)
        value, move = np.concatenate([total, sums]), np.concatenate([along, step])
        low = np.concatenate([self.low, self.box[0] * self.sizes])
        high = np.concatenate([self.high, self.box[1] * self.sizes])
        up = np.where(move > 0, high - value, value - low)[move != 0] / np.abs(move[move != 0])
        down = np.where(move > 0, value - low, high - value)[move != 0] / np.abs(move[move != 0])
        if not len(up):
            return 0.0
        return max(0.0, float(up.min())) + max(0.0, float(down.min()))

    def solved(self, target: Flags) -> float:
        """The width exactly; 0 where the published values contradict each other."""
        from scipy.optimize import linprog  # here, as reading a study must not load it

        aim = target / self.sizes[target].sum()
        ends = [
            linprog(
                sign * aim,
                A_ub=np.vstack([self.inside, -self.inside]),
                b_ub=np.concatenate([self.high, -self.low]) + 1e-9,
                bounds=np.outer(self.sizes, self.box),
                method="highs",
            )
            for sign in (1.0, -1.0)
        ]
        if any(end.status == 3 for end in ends):  # unbounded
            return math.inf
        if any(end.status != 0 for end in ends):
            return 0.0
        return float(-ends[1].fun - ends[0].fun)
