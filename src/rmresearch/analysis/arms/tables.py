"""The tables of an arm comparison: baseline by arm, and the answer wave by wave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rmresearch.analysis import base
from rmresearch.analysis.arms.sample import Array, Flags, Roster, Sample
from rmresearch.analysis.arms.waves import Course
from rmresearch.analysis.base import People
from rmresearch.analysis.base.fit import varies
from rmresearch.numerics import effects
from rmresearch.result import Cell, Estimate, Table
from rmresearch.study import Arm, Outcome

__all__ = ["BASELINE", "WAVES", "baseline_estimate", "baseline_rows", "tables", "wave_row"]

BASELINE = ("role", "sample", "measure", "arm", "people", "mean", "SD", "standardised difference")
WAVES = (
    "role", "wave", "contrast", "people", "comparison people", "mean", "comparison mean",
    "adjusted difference", "low", "high", "p", "standardised",
)  # fmt: skip
Row = tuple[Cell, ...]


def tables(outcome: Outcome, baseline: Sequence[Row], waves: Sequence[Row]) -> tuple[Table, ...]:
    """The two tables of the answer."""
    note = "Means are as observed; differences are adjusted for baseline and what was declared."
    note += " People: whose answer at the wave is in the model."
    how = "Standardised difference to the comparison arm: difference / pooled SD x (1 - 3/(4N - 9))"
    how += "; logit difference / 1.65 for yes/no answers."
    return (
        Table("waves", f"{outcome.label}: by arm and wave", WAVES, tuple(waves), note),
        Table("baseline", f"{outcome.label}: before the start", BASELINE, tuple(baseline), how),
    )


def wave_row(
    sample: Sample, arm: Arm, record: Estimate, standardised: float | None, whole: Course | None
) -> Row:
    """One contrast at one wave: counts and means are of those whose answer there is in the model.

    ``whole`` is the model of all waves, where the record comes from it.
    """
    roster = sample.roster
    people = sample.people if whole is None else whole.people
    values = sample.after if whole is None else whole.values(sample.wave)
    sides = [
        (people.arm == name) & np.isfinite(values) for name in (arm.name, roster.comparison.name)
    ]
    who = [people.take(side).behind() for side in sides]
    everyone = people.behind()
    kind = base.mean_kind(roster.outcome)
    means = [base.cell(values[side].mean(), kind, them) for side, them in
             zip(sides, who, strict=True)]  # fmt: skip
    return (
        base.label(roster.about),
        base.label(sample.wave.name),
        base.label(record.contrast),
        *(base.cell(them.n_people, "count", them) for them in who),
        *means,
        base.cell(record.value, "contrast", everyone),
        base.cell(record.low, "interval", everyone),
        base.cell(record.high, "interval", everyone),
        base.cell(record.p, "statistic", everyone),
        base.cell(standardised, "statistic", everyone),
    )


def baseline_estimate(roster: Roster, sample: Sample | None, arm: Arm, level: float) -> Estimate:
    """How far apart two arms were before, in standard deviations, on one analysis set.

    Without a sample: of everybody assigned who answered before, under the baseline wave's name.
    """
    people, values, wave = roster.people, roster.before, roster.study.design.baseline
    if sample is not None:
        people, values, wave = sample.people, sample.before, sample.wave
    return base.template(
        people.take(_compared(roster, people, values, arm.name)).behind(),
        role=people.role,
        outcome=roster.outcome.name,
        wave=wave.name,
        contrast=f"{arm.name} - {roster.comparison.name}",
        estimand=base.AS_ASSIGNED,
        term="baseline-difference",
        level=level,
        method="standardised difference at baseline (WWC Handbook 5.0, appendix E)",
        value=_difference(roster, people, values, arm.name, binary=_binary(roster.outcome)),
    )


def baseline_rows(roster: Roster, samples: Sequence[Sample]) -> Iterator[Row]:
    """Everybody assigned who answered before, with covariates; then each wave's analysis set."""
    outcome = roster.outcome
    yield from _rows(roster, None, outcome.label, roster.before, binary=_binary(outcome))
    for column in (one for covariate in roster.covariates for one in covariate.shown()):
        yield from _rows(roster, None, column.name, column.values, binary=column.marks)
    for sample in samples:
        yield from _rows(roster, sample, outcome.label, sample.before, binary=_binary(outcome))


def _rows(
    roster: Roster, sample: Sample | None, measure: str, values: Array, *, binary: bool
) -> Iterator[Row]:
    people = roster.people if sample is None else sample.people
    label = "everyone assigned" if sample is None else f"analysed at {sample.wave.name}"
    for arm in (roster.comparison, *roster.programme):
        inside = (people.arm == arm.name) & np.isfinite(values)
        if not inside.any():
            continue
        who, known = people.take(inside).behind(), values[inside]
        share = binary and bool(np.isin(known, (0.0, 1.0)).all())
        kind = base.mean_kind(roster.outcome) if measure == roster.outcome.label else "mean"
        count = int(known.sum()) if share else None
        mean = base.cell(known.mean(), "proportion" if share else kind, who, numerator=count)
        spread = known.std(ddof=1) if len(known) > 1 and not share else None
        gap = None
        if arm != roster.comparison:
            gap = _difference(roster, people, values, arm.name, binary=binary)
        both = people.take(_compared(roster, people, values, arm.name)).behind()
        yield (
            base.label(roster.about),
            base.label(label),
            base.label(measure),
            base.label(arm.name),
            base.cell(who.n_people, "count", who),
            mean,
            base.cell(spread, "sd", who),
            base.cell(gap, "statistic", both),
        )


def _binary(outcome: Outcome) -> bool:
    return outcome.kind == "binary"


def _compared(roster: Roster, people: People, values: Array, arm: str) -> Flags:
    return np.isin(people.arm.astype(str), (arm, roster.comparison.name)) & np.isfinite(values)


def _difference(
    roster: Roster, people: People, values: Array, arm: str, *, binary: bool
) -> float | None:
    """Signed standardised difference of an arm to the comparison arm, None where undefined.

    Two arms in which everybody has the same value do not differ: 0.
    """
    known = np.isfinite(values)
    ours = values[(people.arm == arm) & known]
    theirs = values[(people.arm == roster.comparison.name) & known]
    if len(ours) == 0 or len(theirs) == 0:
        return None
    if not varies(np.concatenate([ours, theirs])):
        return 0.0  # all alike before, though there is no spread to divide by
    if binary:
        low = float(values[known].min())
        ones, others = int((ours > low).sum()), int((theirs > low).sum())
        return base.number(effects.cox_index(ones, len(ours), others, len(theirs)))
    sd = effects.pooled_sd(ours, theirs)
    if not sd > 1e-12 * float(np.abs(values[known]).max()):
        return None
    gap = float(ours.mean() - theirs.mean()) / sd
    return base.number(effects.small_sample(len(ours) + len(theirs)) * gap)
