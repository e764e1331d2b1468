"""Who is counted at one wave, in which arm, and the columns of a model of two arms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing, People
from rmresearch.analysis.base.events import Known, known
from rmresearch.result import Dropped, Estimate
from rmresearch.study import Arm, Outcome, Study, Wave

__all__ = ["Group", "Sample", "group_of", "sample"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Everybody of one role who was assigned to an arm (everybody, where there are no arms)."""

    study: Study
    outcome: Outcome
    people: People

    @property
    def about(self) -> str:
        """Who this is, for a sentence."""
        return self.study.design.role_label(self.people.role)

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the declared arms; ("",) without any."""
        return tuple(arm.name for arm in self.study.design.arms) or ("",)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The people counted at one wave; ``value`` (0 or 1, or a count) and ``years`` run over them.

    ``years`` is None where there is no time to an event.
    """

    group: Group
    wave: Wave
    people: People
    value: Array
    years: Array | None

    def take(self, keep: Flags) -> Sample:
        """Those flagged."""
        years = None if self.years is None else self.years[keep]
        return Sample(self.group, self.wave, self.people.take(keep), self.value[keep], years)

    def arm(self, name: str) -> Flags:
        """Who is in an arm."""
        return np.asarray(self.people.arm == name, bool)

    def contrasts(self) -> Iterator[tuple[Arm, Arm, Sample]]:
        """Each programme arm, the comparison arm, and the people of the two."""
        design = self.group.study.design
        if design.comparison is None:
            return
        for arm in design.programme_arms:
            both = self.arm(arm.name) | self.arm(design.comparison.name)
            yield arm, design.comparison, self.take(both)

    def about(self, arm: Arm, comparison: Arm) -> str:
        """Which contrast this is, for a sentence."""
        names = f"{arm.name} - {comparison.name}"
        return f"{self.group.about}, {names} at {self.wave.name}"

    def footing(self) -> Footing:
        """What inference the clusters of its arms carry."""
        return base.footing(self.people.cluster, self.people.arm)

    def columns(self, arm: Arm) -> tuple[Array, tuple[str, ...]]:
        """Intercept, arm, and a dummy for each stratum but one, with their names."""
        strata = np.unique(self.people.stratum.astype(str))[1:]
        marks = [(self.people.stratum == one).astype(float) for one in strata]
        x = np.column_stack([np.ones(len(self.value)), self.arm(arm.name), *marks]).astype(float)
        return x, ("intercept", arm.name, *(f"stratum = {one}" for one in strata))

    def form(self, level: float, arm: Arm | None = None, comparison: Arm | None = None) -> Estimate:
        """The key of an estimate of these people: a contrast, or one group's own."""
        pair = f"{arm.name} - {comparison.name}" if arm and comparison else ""
        return base.template(
            self.people.behind(),
            role=self.people.role,
            outcome=self.group.outcome.name,
            wave=self.wave.name,
            contrast=pair,
            estimand=base.AS_ASSIGNED,
            level=level,
        )


def group_of(study: Study, outcome: Outcome, people: People) -> tuple[Group, tuple[Dropped, ...]]:
    """Everybody of the role in a declared arm; the others are counted."""
    if not study.design.arms:
        return Group(study, outcome, people), ()
    placed = np.isin(people.arm.astype(str), [arm.name for arm in study.design.arms])
    who = study.design.role_label(people.role)
    gone = base.dropped(f"{who}: no arm recorded", ~placed)
    return Group(study, outcome, people.take(placed)), gone


def sample(group: Group, wave: Wave) -> tuple[Sample, tuple[Dropped, ...]]:
    """The people counted at a wave; who is not, and why."""
    found: Known = known(group.study, group.outcome, wave, group.people)
    gone: list[Dropped] = []
    out = np.zeros(len(group.people), bool)
    for reason, flags in found.out.items():
        gone += base.dropped(f"{group.about}, {wave.name}: {reason}", flags & ~out)
        out |= flags
    whole = Sample(group, wave, group.people, found.value, found.years)
    return whole.take(~out), tuple(gone)
