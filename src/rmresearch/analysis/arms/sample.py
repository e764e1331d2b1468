"""Who enters an arm contrast at one wave, who does not and why, and the model's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing, People
from rmresearch.analysis.base.covariates import Covariate, covariates
from rmresearch.analysis.base.fit import varies
from rmresearch.analysis.base.pairs import pairs
from rmresearch.errors import StudyError
from rmresearch.result import Dropped, Estimate
from rmresearch.study import Arm, Outcome, Study, Wave

__all__ = ["Roster", "Sample", "roster", "sample"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Everybody of one role who was assigned to an arm, with their baseline and covariates.

    ``ran`` says of everybody in a pair whether all their pairs started and none ended early,
    ``met`` whether any of them started and, where the study keeps a log of meetings, met.
    """

    study: Study
    outcome: Outcome
    comparison: Arm
    programme: tuple[Arm, ...]
    people: People
    before: Array
    covariates: tuple[Covariate, ...]
    ran: Mapping[str, bool]
    met: Mapping[str, bool]

    @property
    def about(self) -> str:
        """Who this is, for a sentence."""
        return self.study.design.role_label(self.people.role)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The analysis set of one wave: every array runs over ``people``.

    ``arms`` are the programme arms in the model, ``x`` its columns: intercept, one dummy an arm,
    baseline (unless all of them had the same), covariates, strata. ``everybody`` is the outcome
    of all in the roster.
    """

    roster: Roster
    wave: Wave
    arms: tuple[Arm, ...]
    people: People
    before: Array
    after: Array
    everybody: Array
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

    def only(self, keep: Flags) -> Sample:
        """The analysis set of those flagged, its columns made anew."""
        inside = np.isin(self.roster.people.ids.astype(str), self.people.ids[keep].astype(str))
        return _sample(self.roster, self.wave, self.arms, self.everybody, inside)

    def took_part(self, arm: Arm) -> Flags | None:
        """Who of the arm took part (see ``Roster.met``); None where nobody of it has a pair."""
        member, met = self.of(arm.name), self.roster.met
        if not any(str(one) in met for one in self.people.ids[member]):
            return None
        return np.array([met.get(str(one), False) for one in self.people.ids], bool) & member

    @property
    def adjusts(self) -> bool:
        """Whether the baseline is in the model: one that all share explains nothing."""
        return varies(self.before)

    @property
    def without_baseline(self) -> tuple[Array, tuple[str, ...]]:
        """The columns and names of the model without its baseline."""
        if not self.adjusts:
            return self.x, self.names
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
    who = study.design.role_label(group.role)
    placed = group.arm != ""
    compared = [arm.name for arm in (comparison, *study.design.programme_arms)]
    inside = np.isin(group.arm.astype(str), compared)
    gone = (
        *base.dropped(f"{who}: no arm recorded", ~placed),
        *base.dropped(f"{who}: in a second comparison arm", placed & ~inside),
    )
    people = group.take(inside)
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
        met=_met(study),
    )
    return found, gone


def _ran(study: Study) -> dict[str, bool]:
    table = pairs(study)
    ran: dict[str, bool] = {}
    for who, good in zip(table.people, table.started & ~table.early, strict=True):
        for person in who:
            ran[person] = ran.get(person, True) and bool(good)
    return ran


def _met(study: Study) -> dict[str, bool]:
    table, log = pairs(study), study.meetings
    held = set(log.loc[log["held"], "pair"].unique())
    known = bool(held & set(table.ids.tolist()))
    took: dict[str, bool] = {}
    for pair, who, started in zip(table.ids, table.people, table.started, strict=True):
        for person in who:
            took[person] = took.get(person, False) or bool(started and (pair in held or not known))
    return took


def sample(roster: Roster, wave: Wave, after: Array) -> tuple[Sample | None, tuple[Dropped, ...]]:
    """The analysis set at a wave: no answer, crossed over or no baseline leave, for that reason.

    An arm with fewer than two people left is not in the model; None where the comparison arm or
    every programme arm is such.
    """
    people, extra = roster.people, roster.covariates
    known = np.all([np.ones(len(people)), *(one.known for one in extra)], axis=0)
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
    people, before = roster.people.take(keep), roster.before[keep]
    columns = [column for one in roster.covariates for column in one.columns(keep)]
    arm_columns = [(people.arm == arm.name).astype(float) for arm in arms]
    own = [before] if varies(before) else []
    x = [np.ones(len(people)), *arm_columns, *own, *(column.values for column in columns)]
    marks = [people.arm.astype(str), *(column.values for column in columns if column.marks)]
    return Sample(
        roster=roster,
        wave=wave,
        arms=arms,
        people=people,
        before=before,
        after=after[keep],
        everybody=after,
        x=np.column_stack(x),
        names=(
            "intercept",
            *(a.name for a in arms),
            *("baseline" for _ in own),
            *(c.name for c in columns),
        ),
        smallest_level=min(int(np.unique(mark, return_counts=True)[1].min()) for mark in marks),
    )
