"""What goes with a pair ending early: Cox regression on what was known before the start."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing, cell, footing, label, number
from rmresearch.analysis.base.fit import Student
from rmresearch.analysis.base.pairs import Pairs, programme_arms
from rmresearch.errors import FitError, number_of
from rmresearch.numerics.cox import Cox, cox
from rmresearch.result import Cell, Check, Estimate
from rmresearch.study import ROLES, Outcome, Study

__all__ = ["COLUMNS", "NOTE", "Risk", "risk"]

COLUMNS = ("characteristic", "pairs", "ended early", "hazard ratio", "low", "high")
NOTE = (
    "Hazard ratio of ending early for one SD more of the characteristic (an arm: against the "
    "first); association, observational. Planned ends are censorings; cluster-robust."
)
#: early ends for each coefficient (Peduzzi and others 1995, Journal of Clinical Epidemiology 48)
EVENTS_EACH = 10
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(slots=True)
class Risk:
    """What is said about pairs that ended early."""

    estimates: list[Estimate] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


def risk(study: Study, outcome: Outcome, ours: Pairs, months: Floats) -> Risk:
    """Cox regression of pair life; ``months`` (NaN: not known) run over the pairs."""
    found = Risk()
    names, columns = _known_before(study, outcome, ours)
    known = np.isfinite(months) & np.isfinite(columns).all(axis=1)
    columns, usable = columns[known], ours.take(known)
    varied = (
        [j for j in range(columns.shape[1]) if np.ptp(columns[:, j]) > 0] if len(usable) else []
    )
    names, columns = [names[j] for j in varied], columns[:, varied]
    early = int(usable.early.sum())
    if not names:
        said = (
            "Nothing that was known before the start (level gap, baseline scores, arm) differs "
            "between pairs, so nothing can go with ending early."
        )
        found.checks.append(Check("early ends enough for a model", False, said))
        return found
    if early < EVENTS_EACH * len(names):
        said = (
            f"{early} of {number_of(len(usable), 'pair', 'pairs')} ended early. A model with "
            f"{len(names)} characteristics ({', '.join(names)}) needs {EVENTS_EACH} "
            f"early ends for each, so {EVENTS_EACH * len(names)}; none is fitted."
        )
        found.checks.append(Check("early ends enough for a model", False, said))
        return found
    ground = footing(usable.cluster)
    z = (columns - columns.mean(axis=0)) / np.where(_marks(columns), 1.0, columns.std(axis=0))
    try:
        model = cox(months[known], usable.early, z, usable.cluster)
    except FitError as error:
        found.checks.append(Check("early ends enough for a model", False, f"Pair life: {error}"))
        return found
    for j, name in enumerate(names):
        _told(found, usable, name, model, j, ground)
    found.checks.append(_proportional(names, model))
    found.checks += [one for one in ground.checks("pair life") if not one.passed]
    return found


def _known_before(study: Study, outcome: Outcome, ours: Pairs) -> tuple[list[str], Floats]:
    """Level gap, each side's baseline score on the outcome, and arms beside the first."""
    table = study.pairs.set_index("pair").reindex(pd.Index(ours.ids))
    roster = study.participants.drop_duplicates("person").set_index("person")
    start = study.wide(outcome)[study.design.baseline.name]
    names, columns = [], []

    def add(name: str, values: Floats) -> None:
        if np.isfinite(values).any():
            names.append(name)
            columns.append(values)

    levels = {
        side: roster["level"].reindex(pd.Index(table[side])).to_numpy(float) for side in ROLES
    }
    add("level gap", levels["senior"] - levels["junior"])
    for side in ROLES:
        add(f"{outcome.label} before, {side}", start.reindex(pd.Index(table[side])).to_numpy(float))
    for arm in [name for name in programme_arms(study) if (ours.arm == name).any()][1:]:
        add(f"arm {arm}", (ours.arm == arm).astype(float))
    return names, np.array(columns, float).reshape(len(columns), len(ours)).T


def _marks(columns: Floats) -> Flags:
    """Which columns are 0 and 1 only."""
    return np.asarray(np.isin(columns, (0.0, 1.0)).all(axis=0))


def _told(found: Risk, usable: Pairs, name: str, model: Cox, j: int, ground: Footing) -> None:
    """One hazard ratio; its interval on the log scale, t on clusters less coefficients."""
    df = float(model.n_clusters - len(model.coef))
    log = Student(float(model.coef[j]), float(model.se[j]), df)
    form = base.template(
        usable.behind(),
        group=name,
        estimand="pairs that started",
        term="hazard-ratio",
        parameters=len(model.coef),
    )
    method = (
        "Cox regression, Efron ties, one SD more, cluster-robust (Lin-Wei); interval and p from "
        "the log hazard ratio"
    )
    plain = base.inferred(form, log, ground, method=method)
    ends = [None if end is None else number(np.exp(end)) for end in (plain.low, plain.high)]
    estimate = replace(
        plain, value=number(np.exp(log.estimate)), se=None, low=ends[0], high=ends[1]
    )
    found.estimates.append(estimate)
    behind = usable.behind()
    early = usable.take(usable.early).behind()
    found.rows.append(
        (
            label(name),
            cell(behind.n_pairs, "administrative", behind),
            cell(early.n_pairs, "administrative", early),
            *(
                cell(value, "statistic", behind)
                for value in (estimate.value, estimate.low, estimate.high)
            ),
        )
    )


def _proportional(names: list[str], model: Cox) -> Check:
    shown = ", ".join(
        f"{name} p = {p:.2f}" if np.isfinite(p) else f"{name}: one time only"
        for name, p in zip(names, model.proportional, strict=True)
    )
    whole = model.proportional_all
    fine = bool(np.isfinite(whole) and whole >= 0.05)
    together = f"{whole:.2f}" if np.isfinite(whole) else "not known"
    said = f"Pair life, hazard ratios that do not change over the months: {shown}; all: {together}."
    return Check("proportional hazards", fine, said)
