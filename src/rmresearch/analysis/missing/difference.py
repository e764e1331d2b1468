"""What the difference would be with the missing answers imputed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rmresearch.analysis import base
from rmresearch.analysis.base import People, cell, inferred, label
from rmresearch.analysis.base.compared import Compared, compared
from rmresearch.analysis.base.fit import Student, measured
from rmresearch.analysis.base.imputed import METHOD, Imputed, completed, imputed, pooled
from rmresearch.errors import FitError
from rmresearch.result import Cell, Check, Estimate
from rmresearch.study import Outcome, Study

__all__ = ["COLUMNS", "Differences", "differences"]

COLUMNS = (
    "outcome", "role", "contrast", "wave", "people", "answered", "difference answered",
    "difference imputed", "low", "high", "due to missing",
)  # fmt: skip


@dataclass(slots=True)
class Differences:
    """What is said about imputed differences."""

    estimates: list[Estimate] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


def differences(
    study: Study,
    outcome: Outcome,
    group: People,
    *,
    imputations: int | None,
    level: float,
    seed: int,
) -> Differences:
    """Every difference of one role with missing answers imputed; nothing where none is missing."""
    found = Differences()
    asked = [wave for wave in base.waves_with_answers(study, outcome) if not wave.baseline]
    wanted = [one for one in compared(study, outcome, group, asked) if not one.answered.all()]
    if not wanted:
        return found
    given = imputed(study, outcome, group, imputations=imputations, seed=seed)
    found.checks += given.checks
    for one in wanted:
        _one(study, one, given, level, found)
    return found


def _one(study: Study, one: Compared, given: Imputed, level: float, found: Differences) -> None:
    ground, kept = one.ground(), one.answered
    model = completed(one, given, study.design.baseline)
    if model is None:  # too few answered, which the imputation's checks say
        return
    form = one.form(np.ones(len(kept), bool), level=level, parameters=model.x.shape[-1])
    try:
        pool = pooled(model, one.people.cluster if ground.rule else None)
        seen = one.take(kept)
        plain = seen.model()
        answered = measured(
            plain.y, plain.x, seen.people.cluster, plain.weights, ground, plain.names
        ).estimate
    except FitError as error:
        said = f"{one.outcome.name}, {one.about}: {error}"
        found.checks.append(Check("imputed answers can be analysed", False, said))
        return
    student = Student(float(pool.estimate), float(pool.se), float(pool.df))
    estimate = inferred(form, student, ground, term="imputed", method=METHOD)
    found.estimates.append(estimate)
    behind, who = one.people.behind(), one.people.take(kept).behind()
    found.rows.append(
        (
            *(label(text) for text in (one.outcome.name, one.people.role, one.contrast)),
            label(one.wave.name),
            cell(behind.n_people, "administrative", behind),
            cell(who.n_people, "administrative", who),
            cell(answered, "contrast", who),
            cell(estimate.value, "contrast", behind),
            cell(estimate.low, "interval", behind),
            cell(estimate.high, "interval", behind),
            cell(pool.share, "statistic", behind),
        )
    )
