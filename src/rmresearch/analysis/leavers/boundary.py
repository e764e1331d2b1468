"""Attrition of each contrast and wave against the What Works Clearinghouse boundary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Behind, People, cell, label
from rmresearch.analysis.leavers.flow import Course
from rmresearch.numerics.attrition_boundary import Attrition, classify
from rmresearch.result import Cell, Check, Estimate
from rmresearch.study import Outcome, Study, Wave

__all__ = ["COLUMNS", "NOTE", "contrasts"]

COLUMNS = (
    "role", "contrast", "wave", "counted", "assigned", "assigned comparison", "lost",
    "lost comparison", "overall", "differential", "allowed", "class",
)  # fmt: skip
NOTE = (
    "Lost: assigned, but not analysed. Allowed: the largest differential attrition at this overall "
    "attrition, cautious boundary of the What Works Clearinghouse. Attrition is low only where "
    "people, and clusters where clusters were assigned, are both low."
)
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Lost:
    """Attrition of one contrast at one wave, in people or in clusters."""

    counted: str
    assigned: tuple[int, int]
    kept: tuple[int, int]

    @property
    def rates(self) -> tuple[float, float]:
        """Share lost in the programme arm and in the comparison arm."""
        first, second = (
            1.0 - kept / assigned for kept, assigned in zip(self.kept, self.assigned, strict=True)
        )
        return first, second

    @property
    def overall(self) -> float:
        """Everybody lost over everybody assigned."""
        return 1.0 - sum(self.kept) / sum(self.assigned)

    @property
    def differential(self) -> float:
        """Programme's share lost minus the comparison's."""
        return self.rates[0] - self.rates[1]


@dataclass(frozen=True, slots=True, eq=False)
class _Crowd:
    """The people of both arms together, of each, and those of each who were lost."""

    both: Behind
    arms: tuple[Behind, ...]
    lost: tuple[Behind, ...]


def contrasts(
    study: Study, outcome: Outcome, way: Course, waves: tuple[Wave, ...]
) -> Iterator[tuple[list[Estimate], list[tuple[Cell, ...]], list[Check]]]:
    """Estimates, rows and checks of each programme arm against the comparison, wave by wave."""
    comparison = study.design.comparison
    if comparison is None:
        return
    group = way.people
    for arm in study.design.programme_arms:
        two = (group.arm == arm.name, group.arm == comparison.name)
        if not (two[0].any() and two[1].any()):
            continue
        for wave in waves:
            names = (f"{arm.name} - {comparison.name}", wave.name)
            if two[1][~base.crossed_over(study, group, wave)].any():
                yield _one(study, outcome, group, names, two, way.analysed[wave.name])
            else:
                detail = f"{', '.join(names)}: the comparison arm has crossed over by this wave."
                yield [], [], [Check("wave before the crossover", False, detail)]


def _one(
    study: Study,
    outcome: Outcome,
    group: People,
    names: tuple[str, str],
    two: tuple[Flags, Flags],
    kept: Flags,
) -> tuple[list[Estimate], list[tuple[Cell, ...]], list[Check]]:
    counted = [_Lost("people", _people(two), _people((two[0] & kept, two[1] & kept)))]
    if study.design.unit != "person":
        counted.append(
            _Lost("clusters", _clusters(group, two), _clusters(group, two, kept)),
        )
    crowd = _Crowd(
        group.take(two[0] | two[1]).behind(),
        tuple(group.take(arm).behind() for arm in two),
        tuple(group.take(arm & ~kept).behind() for arm in two),
    )
    found = [classify(one.overall, one.differential) for one in counted]
    form = base.template(
        crowd.both,
        role=group.role,
        outcome=outcome.name,
        wave=names[1],
        contrast=names[0],
        estimand=base.AS_ASSIGNED,
    )
    estimates, rows = [], []
    for one, place in zip(counted, found, strict=True):
        estimates += _estimates(form, one)
        rows.append(_row(study, group.role, names, one, place, crowd))
    checks = _verdict(group.role, names, counted, found) if study.design.randomised else []
    return estimates, rows, checks


def _people(two: tuple[Flags, Flags]) -> tuple[int, int]:
    return int(two[0].sum()), int(two[1].sum())


def _clusters(
    group: People, two: tuple[Flags, Flags], kept: Flags | None = None
) -> tuple[int, int]:
    """Clusters assigned; those that keep anybody where ``kept`` is given."""
    first, second = (
        len(np.unique(group.cluster[arm if kept is None else arm & kept])) for arm in two
    )
    return first, second


def _estimates(form: Estimate, one: _Lost) -> list[Estimate]:
    suffix = "" if one.counted == "people" else "-clusters"
    method = f"share of {one.counted} assigned that are not analysed"
    return [
        replace(form, term=f"overall-attrition{suffix}", value=one.overall, method=method),
        replace(
            form, term=f"differential-attrition{suffix}", value=one.differential, method=method
        ),
    ]


def _row(
    study: Study,
    role: str,
    names: tuple[str, str],
    one: _Lost,
    place: Attrition,
    crowd: _Crowd,
) -> tuple[Cell, ...]:
    gone = [assigned - kept for assigned, kept in zip(one.assigned, one.kept, strict=True)]
    randomised = study.design.randomised
    return (
        *(label(text) for text in (role, *names, one.counted)),
        *(cell(n, "administrative", b) for n, b in zip(one.assigned, crowd.arms, strict=True)),
        *(cell(n, "administrative", b) for n, b in zip(gone, crowd.lost, strict=True)),
        cell(one.overall, "proportion", crowd.both, numerator=sum(gone)),
        cell(one.differential, "statistic", crowd.both),
        cell(place.largest if randomised else None, "statistic", crowd.both),
        label(place.cautious if randomised else "none: not randomised"),
    )


def _verdict(
    role: str, names: tuple[str, str], counted: list[_Lost], found: list[Attrition]
) -> list[Check]:
    low = all(place.cautious == "low" for place in found)
    parts = []
    for one, place in zip(counted, found, strict=True):
        allowed = "none" if place.largest is None else f"{100 * place.largest:.1f}"
        parts.append(
            f"{one.counted} {100 * one.overall:.1f}% overall, {100 * one.differential:+.1f} points "
            f"between the arms (allowed: {allowed})"
        )
    detail = f"{role}, {names[0]}, {names[1]}: {'; '.join(parts)}."
    return [Check("low attrition", low, detail)]
