"""Who enters an arm contrast at one wave, who does not and why, and the model's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing, People
from rmresearch.analysis.base_pairs import pairs
from rmresearch.errors import StudyError
from rmresearch.result import Dropped, Estimate
from rmresearch.study import Arm, Outcome, Study, Wave

__all__ = ["Covariates", "Roster", "Sample", "covariates", "roster", "sample"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """Columns (n, q) beside arm and baseline: declared covariates, then strata.

    ``dummy`` says which columns mark a level (or hold two values only): the release rules count
    the people of each.
    """

    names: tuple[str, ...]
    values: Array
    dummy: tuple[bool, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Everybody of one role who was assigned to an arm, with their baseline and covariates.

    ``ran`` says of everybody in a pair whether all their pairs started and none ended early.
    """

    study: Study
    outcome: Outcome
    comparison: Arm
    programme: tuple[Arm, ...]
    people: People
    before: Array
    covariates: Covariates
    ran: Mapping[str, bool]

    @property
    def about(self) -> str:
        """Who this is, for a sentence."""
        return self.study.design.role_label(self.people.role)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The analysis set of one wave: every array runs over ``people``.

    ``arms`` are the programme arms in the model, ``x`` its columns: intercept, one dummy an arm,
    baseline, covariates, strata.
    """

    roster: Roster
    wave: Wave
    arms: tuple[Arm, ...]
    people: People
    before: Array
    after: Array
    x: Array
    names: tuple[str, ...]
    smallest_level: int

    def of(self, *names: str) -> Flags:
        """Who is in one of these arms."""
        return np.isin(self.people.arm.astype(str), names)

    def column(self, arm: Arm) -> int:
        """The arm's column in ``x``."""
        return 1 + self.arms.index(arm)

    def weights(self, arm: Arm, width: int | None = None) -> Array:
        """The contrast of an arm with the comparison arm."""
        weights = np.zeros(width or self.x.shape[1])
        weights[self.column(arm)] = 1.0
        return weights

    @property
    def without_baseline(self) -> tuple[Array, tuple[str, ...]]:
        """The columns and names of the model without its baseline."""
        at = 1 + len(self.arms)
        return np.delete(self.x, at, axis=1), self.names[:at] + self.names[at + 1 :]

    def footing(self, arm: Arm) -> Footing:
        """What inference the clusters of the two arms carry."""
        both = self.of(arm.name, self.roster.comparison.name)
        return base.footing(self.people.cluster[both], self.people.arm[both])

    def about(self, arm: Arm) -> str:
        """Which contrast this is, for a sentence."""
        roster = self.roster
        return f"{roster.about}, {arm.name} - {roster.comparison.name} at {self.wave.name}"

    def form(self, arm: Arm, level: float) -> Estimate:
        """The key of the contrast's estimates, with everybody in the model behind them."""
        roster = self.roster
        return base.template(
            self.people.behind(),
            role=self.people.role,
            outcome=roster.outcome.name,
            wave=self.wave.name,
            contrast=f"{arm.name} - {roster.comparison.name}",
            estimand=base.AS_ASSIGNED,
            level=level,
            parameters=self.x.shape[1],
            smallest_level=self.smallest_level,
        )


def roster(
    study: Study, outcome: Outcome, group: People, declared: Sequence[str]
) -> tuple[Roster, tuple[Dropped, ...]]:
    """Everybody of the role who has an arm; the others are counted."""
    comparison = study.design.comparison
    if comparison is None:
        raise StudyError(
            "the design declares no comparison arm (an arm with programme = false), so nothing "
            "can be compared; pre_post describes how one group changed."
        )
    if not study.design.linked:
        raise StudyError(
            "answers carry no person ids, so nobody's baseline is known and arms cannot be "
            "compared with adjustment for it."
        )
    placed = group.arm != ""
    gone = base.dropped(f"{study.design.role_label(group.role)}: no arm recorded", ~placed)
    people = group.take(placed)
    before = people.values(study.wide(outcome)[study.design.baseline.name])
    found = Roster(
        study=study,
        outcome=outcome,
        comparison=comparison,
        programme=study.design.programme_arms,
        people=people,
        before=before,
        covariates=covariates(study, people, declared),
        ran=_ran(study),
    )
    return found, gone


def _ran(study: Study) -> dict[str, bool]:
    table = pairs(study)
    ran: dict[str, bool] = {}
    for who, good in zip(table.people, table.started & ~table.early, strict=True):
        for person in who:
            ran[person] = ran.get(person, True) and bool(good)
    return ran


def sample(roster: Roster, wave: Wave, after: Array) -> tuple[Sample | None, tuple[Dropped, ...]]:
    """The analysis set at a wave: no answer, crossed over or no baseline leave, for that reason.

    An arm with fewer than two people left is not in the model; None where the comparison arm or
    every programme arm is such.
    """
    people, extra = roster.people, roster.covariates
    known = np.asarray(np.isfinite(extra.values).all(axis=1))
    reasons: dict[str, Flags] = {
        "already crossed over": base.crossed_over(roster.study, people, wave),
        "no answer at the wave": ~np.isfinite(after),
        "no answer at baseline": ~np.isfinite(roster.before),
        "no covariate": ~known,
    }
    counts = {
        arm.name: int(np.count_nonzero((people.arm == arm.name) & _all_in(reasons)))
        for arm in (roster.comparison, *roster.programme)
    }
    small = [name for name, count in counts.items() if count < 2]
    reasons["too few people in the arm"] = np.isin(people.arm.astype(str), small)
    gone: list[Dropped] = []
    out = np.zeros(len(people), bool)
    for reason, flags in reasons.items():
        gone += base.dropped(f"{roster.about}, {wave.name}: {reason}", flags & ~out)
        out = out | flags
    arms = tuple(arm for arm in roster.programme if arm.name not in small)
    if roster.comparison.name in small or not arms:
        return None, tuple(gone)
    return _sample(roster, wave, arms, after, ~out), tuple(gone)


def _all_in(reasons: dict[str, Flags]) -> Flags:
    return np.asarray(~np.logical_or.reduce(list(reasons.values())), bool)


def _sample(roster: Roster, wave: Wave, arms: tuple[Arm, ...], after: Array, keep: Flags) -> Sample:
    people, before, extra = roster.people.take(keep), roster.before[keep], roster.covariates
    values = extra.values[keep]
    # a level that nobody left belongs to says nothing about these people
    dummy = np.array(extra.dummy, bool)
    alive = (np.ptp(values, axis=0) > 0) | ~dummy
    arm_columns = [(people.arm == arm.name).astype(float) for arm in arms]
    x = np.column_stack([np.ones(len(people)), *arm_columns, before, values[:, alive]])
    marks = values[:, alive & dummy].T
    levels = [
        np.unique(mark, return_counts=True)[1].min() for mark in (people.arm.astype(str), *marks)
    ]
    named = tuple(name for name, some in zip(extra.names, alive, strict=True) if some)
    return Sample(
        roster=roster,
        wave=wave,
        arms=arms,
        people=people,
        before=before,
        after=after[keep],
        x=x,
        names=("intercept", *(arm.name for arm in arms), "baseline", *named),
        smallest_level=int(min(levels)),
    )


def covariates(study: Study, people: People, declared: Sequence[str]) -> Covariates:
    """Declared columns of participants (numbers as they are, text as dummies), then strata."""
    table = study.participants.set_index("person")
    known = [*(name for name, _ in study.design.features), "level", "department"]
    unknown = [name for name in declared if name not in known or name not in table]
    if unknown:
        raise StudyError(
            f"no covariate {base.seen(unknown)}; a covariate is a declared feature of "
            f"participants, level or department. The study has {base.seen(known)}."
        )
    names: list[str] = []
    columns: list[Array] = []
    dummy: list[bool] = []
    for name in declared:
        column = table[name].reindex(pd.Index(people.ids))
        if pd.api.types.is_numeric_dtype(column):
            values = column.to_numpy(float)
            names.append(name)
            columns.append(values)
            dummy.append(len(np.unique(values[np.isfinite(values)])) <= 2)
        else:
            _add_levels(name, column.to_numpy(object), names, columns, dummy)
    strata = people.stratum
    if (strata != "").any():
        _add_levels("stratum", np.where(strata == "", "(none)", strata), names, columns, dummy)
    values = np.column_stack(columns) if columns else np.empty((len(people), 0))
    return Covariates(tuple(names), values, tuple(dummy))


def _add_levels(
    name: str, column: NDArray[Any], names: list[str], columns: list[Array], dummy: list[bool]
) -> None:
    """One column for each level but the most frequent; a missing level stays missing."""
    missing = pd.isna(column)
    levels, counts = np.unique(column[~missing].astype(str), return_counts=True)
    for level in np.delete(levels, int(counts.argmax())) if len(levels) else []:
        names.append(f"{name} = {level}")
        columns.append(np.where(missing, np.nan, (column == level).astype(float)))
        dummy.append(True)
