"""One role and arm at two waves, and what its answer is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People
from rmresearch.analysis.base.items import item_scores
from rmresearch.numerics import effects
from rmresearch.numerics.measurement import alpha_within
from rmresearch.result import Cell, Check, Dropped, Estimate
from rmresearch.study import Outcome, Study, Wave

__all__ = ["Answer", "Array", "Options", "Sample", "change_row", "crossed", "form", "samples"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Options:
    """How the question was asked."""

    level: float
    untreated_retest: float | None
    pool_mean: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One role and arm at two waves: ``pre`` and ``post`` run over ``people``, NaN = no answer.

    ``reliability`` (alpha within arms, None for a single item) and ``sd`` are those of everybody
    of the role before, so that all arms are judged by one yardstick.
    """

    study: Study
    outcome: Outcome
    before: Wave
    after: Wave
    arm: str
    people: People
    pre: Array
    post: Array
    reliability: float | None
    sd: float

    @property
    def about(self) -> str:
        """Who this is, for a sentence."""
        role = self.study.design.role_label(self.people.role)
        return f"{role}, {self.arm}" if self.arm else role

    def take(self, keep: NDArray[np.bool_]) -> Sample:
        """The people flagged in ``keep``."""
        return replace(
            self, people=self.people.take(keep), pre=self.pre[keep], post=self.post[keep]
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What one group contributes: estimates, rows of the three tables, checks, who was dropped."""

    estimates: tuple[Estimate, ...] = ()
    change: tuple[tuple[Cell, ...], ...] = ()
    regression: tuple[tuple[Cell, ...], ...] = ()
    reliable: tuple[tuple[Cell, ...], ...] = ()
    checks: tuple[Check, ...] = ()
    dropped: tuple[Dropped, ...] = ()


def samples(
    study: Study, outcome: Outcome, group: People, waves: tuple[Wave, Wave], arm: str | None
) -> Iterator[Sample]:
    """Each arm of one role (the whole role where the study has no arms)."""
    before, after = waves
    wide = study.wide(outcome)
    pre, post = group.values(wide[before.name]), group.values(wide[after.name])
    present = list(dict.fromkeys(group.arm.tolist()))
    reliability = None
    if len(outcome.items) > 1:
        cells = np.column_stack([group.arm == name for name in present]).astype(float)
        cells[:, 0] = 1.0
        reliability = base.number(alpha_within(item_scores(study, outcome, before, group), cells))
    sd = effects.pooled_sd(*(pre[group.arm == name] for name in present))
    names = [one.name for one in study.design.arms] or [""]
    for name in names if arm is None else [arm]:
        here = group.arm == name
        yield Sample(
            study=study,
            outcome=outcome,
            before=before,
            after=after,
            arm=name,
            people=group.take(here),
            pre=pre[here],
            post=post[here],
            reliability=reliability,
            sd=sd,
        )


def form(sample: Sample, level: float, estimand: str, parameters: int = 1) -> Estimate:
    """The key of the group's estimates, with the people behind them."""
    return base.template(
        sample.people.behind(),
        role=sample.people.role,
        outcome=sample.outcome.name,
        wave=sample.after.name,
        contrast=f"{sample.after.name} - {sample.before.name}",
        group=sample.arm,
        estimand=estimand,
        level=level,
        parameters=parameters,
        smallest_level=len(sample.people),
    )


def change_row(sample: Sample, record: Estimate) -> tuple[Cell, ...]:
    """The group's row of the table "change"; each wave's numbers carry those who answered it."""
    cells = [base.label(sample.study.design.role_label(sample.people.role))]
    cells.append(base.label(sample.arm or "everyone"))
    sides = [(values, sample.people.take(np.isfinite(values)).behind()) for values in
             (sample.pre, sample.post)]  # fmt: skip
    cells += [base.cell(who.n_people, "count", who) for _, who in sides]
    for values, who in sides:
        known = values[np.isfinite(values)]
        spread = known.std(ddof=1) if len(known) > 1 else None
        cells.append(base.cell(known.mean(), base.mean_kind(sample.outcome), who))
        cells.append(base.cell(spread, "sd", who))
    everyone = sample.people.behind()
    cells.append(base.cell(record.value, "contrast", everyone))
    cells += [base.cell(end, "interval", everyone) for end in (record.low, record.high)]
    return tuple(cells)


def crossed(sample: Sample) -> tuple[Check, ...]:
    """Says where people who waited had joined the programme by the second wave."""
    flags = base.crossed_over(sample.study, sample.people, sample.after)
    if not flags.any():
        return ()
    detail = (
        f"{sample.about}: {int(flags.sum())} of {len(flags)} had joined the programme by "
        f"{sample.after.name}, so this is not the change of people without it."
    )
    return (Check("before crossover", False, detail),)
