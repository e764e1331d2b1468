"""Many studies at once: arrays with the replicates first, in place of one study after another.

What `base` is to a study, this is to a `Panel`: who is there, what inference the clusters carry
(`footings`), and the answer (`Estimates`). A kernel computes exactly what the analysis would give
for each replicate, and marks those that it leaves to the analysis itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis.base import (
    CLUSTERS_AN_ARM,
    CLUSTERS_FOR_P,
    CLUSTERS_IN_ALL,
    LARGEST_SHARE,
    PEOPLE_FOR_INTERVAL,
    Codes,
    Interval,
)
from rmresearch.study import Design, Outcome

__all__ = [
    "GIVEN",
    "NUMBERS",
    "RECORD",
    "Estimates",
    "Footings",
    "Kernel",
    "Panel",
    "Partners",
    "asked_twice",
    "estimates",
    "footings",
    "held",
    "valued",
]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Partners:
    """The partners of a panel's people, k of each, and what the roster says of all.

    ``own`` (replicate, person) and ``theirs`` (replicate, person, k) by column of participants,
    departments as codes; ``paired`` (replicate, person) who has partners at all; ``scores`` of an
    outcome of theirs, (replicate, person, k, wave), None where there are none. Everybody of either
    role who is paired stands in as many pairs as the others of it.
    """

    own: Mapping[str, Array]
    theirs: Mapping[str, Array]
    paired: Flags
    scores: Callable[[Outcome], Array | None]

    def take(self, keep: Flags) -> Partners:
        """The replicates flagged in ``keep``."""

        def scores(outcome: Outcome) -> Array | None:
            found = self.scores(outcome)
            return None if found is None else found[keep]

        return Partners(
            own={name: one[keep] for name, one in self.own.items()},
            theirs={name: one[keep] for name, one in self.theirs.items()},
            paired=self.paired[keep],
            scores=scores,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One outcome of many cohorts of one design.

    ``scores`` (replicate, person, wave), waves as the design declares them, NaN where there is no
    score; ``arm`` (replicate, person), places in ``design.arms``; ``cluster`` (person,) codes of
    the unit of independence; ``stratum`` (person,) codes, or None where none is recorded;
    ``beside`` (person, k) columns of covariates, a level without one each, or None; ``ran``
    (replicate, person) whether all pairs of somebody in the programme ran as planned, None where
    it is not known; ``sets`` (person,) codes of the people whom pairs link, None where that is not
    known, or answers belong to pairs of people who have several; ``partners`` gives whom they are
    paired with, None where that is not known. People are of one role; nobody crosses over at any
    of the waves.
    """

    design: Design
    outcome: Outcome
    scores: Array
    arm: Codes
    cluster: Codes
    stratum: Codes | None = None
    beside: Array | None = None
    ran: Flags | None = None
    sets: Codes | None = None
    partners: Callable[[], Partners] | None = None

    def take(self, keep: Flags) -> Panel:
        """The replicates flagged in ``keep``."""
        ran, whole = None if self.ran is None else self.ran[keep], self.partners
        partners = None if whole is None else lambda: whole().take(keep)
        return replace(
            self, scores=self.scores[keep], arm=self.arm[keep], ran=ran, partners=partners
        )


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """One estimated quantity over replicates; arrays (replicate,), NaN where there is none.

    ``key`` as `Estimate.key`. ``se``, ``df``, ``p``, ``low`` and ``high`` are the kernel's, also
    where the analysis withholds them; ``gives_se``, ``gives_interval`` and ``gives_p`` say where
    it does not. ``converged`` and ``singular`` (1 yes, 0 no) where the model reports them.
    """

    key: tuple[str, ...]
    level: float
    value: Array
    se: Array
    df: Array
    p: Array
    low: Array
    high: Array
    gives_se: Flags
    gives_interval: Flags
    gives_p: Flags
    converged: Array
    singular: Array

    def take(self, keep: Flags) -> Estimates:
        """The replicates flagged in ``keep``."""
        kept = {name: getattr(self, name)[keep] for name in (*NUMBERS, *GIVEN)}
        return replace(self, **kept)

    def placed(self, where: Flags) -> Estimates:
        """The same as the replicates flagged in ``where``, with nothing in the others."""
        wide: dict[str, Any] = {name: np.full(len(where), np.nan) for name in NUMBERS}
        wide |= {name: np.zeros(len(where), bool) for name in GIVEN}
        for name, values in wide.items():
            values[where] = getattr(self, name)
        return replace(self, **wide)

    def otherwise(self, other: Estimates) -> Estimates:
        """These, and the other's in replicates where these have no value."""
        missing = np.isnan(self.value)
        both = {
            name: np.where(missing, getattr(other, name), getattr(self, name))
            for name in (*NUMBERS, *GIVEN)
        }
        return replace(self, **both)


#: the term of an estimate of record
RECORD = frozenset({""})
#: the arrays of `Estimates`
NUMBERS = ("value", "se", "df", "p", "low", "high", "converged", "singular")
GIVEN = ("gives_se", "gives_interval", "gives_p")


@dataclass(frozen=True, slots=True)
class Kernel:
    """An analysis on arrays.

    ``answer(panel, options)`` gives the estimates of record of the replicates that it flags, and
    leaves the others to the analysis; ``refuse(design, outcome)`` raises ``StudyError`` where no
    cohort of the design could be asked; ``options`` are those of the analysis that it knows; beside
    them an option ``only``, the key of one estimate, spares it the work on others.
    ``tried``: a design does not tell whether cohorts can be asked, so that some are tried first.
    ``nothing`` is what the analysis says of a replicate without any estimate; ``terms`` are those
    of the estimates that arrays give (None: all): of replicates that are left to the analysis no
    others count, as they are not like the rest.
    """

    answer: Callable[[Panel, Mapping[str, Any]], tuple[list[Estimates], Flags]]
    refuse: Callable[[Design, Outcome], None]
    options: frozenset[str]
    tried: bool = False
    nothing: str = ""
    terms: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Footings:
    """`Footing` of every replicate: flags (replicate,)."""

    rule: Flags
    interval: Flags
    p_value: Flags


def asked_twice(design: Design, outcome: Outcome) -> bool:
    """Whether an outcome is asked in the same way before the start and afterwards."""
    asked = outcome.waves or tuple(wave.name for wave in design.waves)
    before = design.baseline.name in asked
    after = any(wave.name in asked for wave in design.follow_ups)
    return outcome.timing == "repeated" and before and after


def held(flags: Flags, cluster: Codes) -> Codes:
    """How many of those flagged (replicate, person) each cluster holds, (replicate, cluster)."""
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order], prepend=cluster[order[0]] - 1))
    return np.asarray(np.add.reduceat(flags[..., order], starts, axis=-1, dtype=np.int64))


def footings(present: Flags, cluster: Codes, groups: Sequence[Flags]) -> Footings:
    """What inference the clusters of each replicate carry.

    ``present`` (replicate, person) says who is behind the contrast, ``groups`` (replicate, person)
    each who is in an arm; ``cluster`` (person,).
    """
    sizes, people = held(present, cluster), present.sum(axis=-1)
    fewest = np.min([(held(present & group, cluster) > 0).sum(axis=-1) for group in groups], axis=0)
    share = sizes.max(axis=-1) / np.maximum(people, 1)
    rule = ((sizes > 0).sum(axis=-1) >= CLUSTERS_IN_ALL) & (fewest >= CLUSTERS_AN_ARM)
    rule &= share <= LARGEST_SHARE
    interval = rule & (people >= PEOPLE_FOR_INTERVAL)
    return Footings(rule, interval, interval & (fewest >= CLUSTERS_FOR_P))


def estimates(
    key: tuple[str, ...],
    level: float,
    found: Interval,
    ground: Footings,
    model: Mapping[str, Array] | None = None,
) -> Estimates:
    """The batch's `inferred`: the kernel's answer, and what of it the clusters would let through.

    ``model`` may hold ``converged`` and ``singular``.
    """
    low, high = found.interval(level)
    tested = np.isfinite(found.p)
    unknown = np.full(len(tested), np.nan)
    model = model or {}
    return Estimates(
        key=key,
        level=level,
        value=np.asarray(found.estimate, float),
        se=np.asarray(found.se, float),
        df=np.asarray(found.df, float),
        p=np.asarray(found.p, float),
        low=np.asarray(low, float),
        high=np.asarray(high, float),
        gives_se=ground.rule & tested,
        gives_interval=ground.interval & tested,
        gives_p=ground.p_value & tested,
        converged=np.asarray(model.get("converged", unknown), float),
        singular=np.asarray(model.get("singular", unknown), float),
    )


def valued(
    key: tuple[str, ...], level: float, value: Array, *, singular: Array | None = None
) -> Estimates:
    """The batch's `valued`: values without a standard error, interval or p of their own."""
    none, no = np.full(len(value), np.nan), np.zeros(len(value), bool)
    numbers = dict.fromkeys(NUMBERS, none) | {"value": value}
    numbers |= {} if singular is None else {"singular": singular}
    return Estimates(key, level, **numbers, **dict.fromkeys(GIVEN, no))
