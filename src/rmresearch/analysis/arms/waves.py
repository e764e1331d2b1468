"""The record where chance formed the arms and several follow-ups count: one model of all waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rmresearch.analysis import base
from rmresearch.analysis.arms.sample import Array, Flags, Roster, Sample
from rmresearch.analysis.base import Footing, People, inferred
from rmresearch.analysis.base.fit import varies
from rmresearch.analysis.base.mixed import Judged, judge, slope_check
from rmresearch.errors import FitError
from rmresearch.numerics.longitudinal import ArmsFit, fit_arms
from rmresearch.result import Check, Dropped, Estimate
from rmresearch.study import Arm, Wave

__all__ = ["Course", "course"]

#: residual variances of two arms further apart than this are said to differ grossly
GROSSLY = 4.0
ALIKE = "spread alike in all arms"


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Everybody with an answer at some wave that counts, and the model of all of them.

    ``answers`` (people, waves) has NaN where none counts, ``waves`` its columns, the baseline
    first where it varies; ``arms`` those in the model, the comparison being code 0.
    """

    roster: Roster
    people: People
    waves: tuple[Wave, ...]
    arms: tuple[Arm, ...]
    answers: Array
    found: ArmsFit
    judged: Judged
    smallest_level: int

    def record(self, here: Sample, arm: Arm, ground: Footing, level: float) -> Estimate:
        """The estimate of record of an arm at the sample's wave."""
        weights = self._weights(here, arm)
        contrast = self.judged.allowed(weights) if ground.rule else self.judged.model(weights)
        method = (
            f"all waves in one model, arms sharing the mean before the start; REML, random part "
            f"{self.random_part}; CR2 by cluster with an allowance for estimated weights, "
            f"Satterthwaite df"
        )
        return inferred(self._form(here, arm, level), contrast, ground, method=method)

    def beside(self, here: Sample, arm: Arm, ground: Footing, level: float) -> list[Estimate]:
        """The same by CR2 that takes the weights as known, and by the model's own errors."""
        weights, form = self._weights(here, arm), self._form(here, arm, level)
        plain = self.judged.robust(weights) if ground.rule else self.judged.model(weights)
        own = self.found.model.kenward_roger(weights)
        method = "the same model, CR2 by cluster without the allowance, Satterthwaite df"
        return [
            inferred(form, plain, ground, term="cr2", method=method),
            inferred(form, own, ground, term="kenward-roger",
                     method="the same model's own errors, Kenward-Roger"),
        ]  # fmt: skip

    def values(self, wave: Wave) -> Array:
        """The answers at a wave."""
        return np.asarray(self.answers[:, self.waves.index(wave)])

    @property
    def random_part(self) -> str:
        """The random part in lme4's words; the finest unit first."""
        coarse = "1 + months" if self.found.slope else "1"
        if len(self.found.terms) == 1:
            return f"({coarse} | person)"
        return f"(1 | person) + ({coarse} | cluster)"

    def checks(self) -> list[Check]:
        """Whether the model has its slope, and whether its one residual variance is plausible."""
        found, about = self.found, f"{self.roster.about}, all waves"
        said = slope_check(about, self.random_part, found.slope, found.no_slope)
        return [said, *self._spread()]

    def _spread(self) -> list[Check]:
        """The model has one residual variance; arms far apart in it are said, CR2 guards them."""
        left = self.found.y - self.found.x @ self.found.model.coef
        person = np.flatnonzero(np.isfinite(self.answers).ravel()) // len(self.waves)
        names = (self.roster.comparison.name, *(arm.name for arm in self.arms))
        by_arm = {
            name: left[self.people.arm[person].astype(str) == name].astype(float) for name in names
        }
        sizes = {name: float(np.mean(part**2)) for name, part in by_arm.items() if len(part) > 1}
        least, most = min(sizes.values()), max(sizes.values())
        if len(sizes) < 2 or most == 0:
            return []
        said = ", ".join(f"{name} {np.sqrt(size):.2g}" for name, size in sizes.items())
        detail = (
            f"{self.roster.about}, all waves: SD of answers around the model: {said}. The model "
            f"takes them as equal; beyond {np.sqrt(GROSSLY):.0f} to 1 its own errors are not to be "
            f"trusted, and CR2 guards the estimate of record, less well with few clusters."
        )
        return [Check(ALIKE, most <= GROSSLY * least, detail)]

    def _weights(self, here: Sample, arm: Arm) -> Array:
        return self.found.weights(1 + self.arms.index(arm), self.waves.index(here.wave))

    def _form(self, here: Sample, arm: Arm, level: float) -> Estimate:
        return base.template(
            self.people.behind(),
            role=self.people.role,
            outcome=self.roster.outcome.name,
            wave=here.wave.name,
            contrast=f"{arm.name} - {self.roster.comparison.name}",
            estimand=base.AS_ASSIGNED,
            level=level,
            parameters=self.found.x.shape[1],
            smallest_level=self.smallest_level,
        )


def course(
    roster: Roster, samples: Sequence[Sample], *, slope: bool
) -> tuple[Course, tuple[Dropped, ...]]:
    """The model of the baseline and the waves of ``samples``, and who is not in it.

    An answer counts at the baseline, or at a wave before the person's crossover where their arm
    is compared. Raises ``FitError`` where the model cannot be fitted or did not converge.
    """
    arms = tuple(arm for arm in roster.programme if any(arm in here.arms for here in samples))
    compared = np.isin(
        roster.people.arm.astype(str), [roster.comparison.name, *(arm.name for arm in arms)]
    )
    known = np.all([np.ones(len(roster.people)), *(c.known for c in roster.covariates)], axis=0)
    start = roster.before[compared & known & np.isfinite(roster.before)]
    before = [(roster.study.design.baseline, roster.before)] if varies(start) else []
    columns = [*before, *((here.wave, _counted(roster, here)) for here in samples)]
    waves, answers = zip(*columns, strict=True)
    counted = np.column_stack(answers)
    answered = np.isfinite(counted).any(axis=1)
    gone = (
        *base.dropped(f"{roster.about}, all waves: too few people in the arm", ~compared),
        *base.dropped(f"{roster.about}, all waves: no answer that counts", compared & ~answered),
        *base.dropped(f"{roster.about}, all waves: no covariate", compared & answered & ~known),
    )
    inside = compared & answered & known
    return _fitted(roster, inside, waves, arms, counted[inside], slope=slope), gone


def _counted(roster: Roster, here: Sample) -> Array:
    """The answers of everybody in the roster at a wave, NaN where they do not count."""
    people = roster.people
    compared = [roster.comparison.name, *(arm.name for arm in here.arms)]
    out = base.crossed_over(roster.study, people, here.wave)
    out |= ~np.isin(people.arm.astype(str), compared)
    return np.where(out, np.nan, here.everybody)


def _fitted(
    roster: Roster,
    inside: Flags,
    waves: tuple[Wave, ...],
    arms: tuple[Arm, ...],
    answers: Array,
    *,
    slope: bool,
) -> Course:
    people = roster.people.take(inside)
    names = [roster.comparison.name, *(arm.name for arm in arms)]
    columns, smallest = _columns(roster, people, inside, answers)
    found = fit_arms(
        answers,
        np.array([names.index(arm) for arm in people.arm]),
        people.cluster,
        [wave.months for wave in waves],
        covariates=columns,
        baseline=waves[0].baseline,
        slope=slope,
        names=([wave.name for wave in waves], names),
    )
    if not (found.model.converged or found.model.exact):
        raise FitError("the model of all waves did not converge, so it gives no estimate")
    judged = judge(found.model, found.y, found.x, found.terms, found.cluster)
    return Course(roster, people, waves, arms, answers, found, judged, smallest)


def _columns(
    roster: Roster, people: People, inside: Flags, answers: Array
) -> tuple[list[Array], int]:
    """Covariates (people, s) wave by wave, and the smallest group that a column tells apart.

    Levels are those of who answered at the wave: one that nobody of them has costs no parameter.
    """
    found, smallest = [], len(people)
    place = np.flatnonzero(inside)
    for values in answers.T:
        there = np.isfinite(values)
        keep = np.zeros(len(inside), bool)
        keep[place[there]] = True
        columns = [column for one in roster.covariates for column in one.columns(keep)]
        wide = np.zeros((len(people), len(columns)))
        for j, column in enumerate(columns):
            wide[there, j] = column.values
        found.append(wide)
        marks = [people.arm[there].astype(str), *(c.values for c in columns if c.marks)]
        sizes = [np.unique(mark, return_counts=True)[1].min() for mark in marks if len(mark)]
        smallest = min(smallest, *(int(size) for size in sizes))
    return found, smallest
