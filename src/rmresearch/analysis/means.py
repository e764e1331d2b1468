"""Mean scores as they are: each arm at each wave, with an interval and no comparison."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rmresearch.analysis import base
from rmresearch.analysis.base import People, cell, label
from rmresearch.analysis.base.describe import averaged, thin
from rmresearch.errors import kindly
from rmresearch.result import Cell, Check, Estimate, Result, Table
from rmresearch.study import Outcome, Study

__all__ = ["wave_means"]

COLUMNS = ("role", "arm", "wave", "people", "mean", "SD", "low", "high")
WHO = "everyone who answered at the wave"


@kindly
def wave_means(study: Study, outcome: str | Outcome) -> Result:
    """Where did each arm stand at each wave?

    The mean score of everyone who answered at a wave, role by role and arm by arm, with a CR2
    interval by cluster (Satterthwaite degrees of freedom). Other people may answer at another
    wave, so the means do not show a change; `pre_post` and `compare_arms` do.

    Estimates: ``group`` is the arm ("" without arms), no term. Table: "means". Raises
    ``StudyError`` for an unknown outcome or where nobody has the role.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> rm.wave_means(study, study.design.outcomes[0].name).tables[0].name
    'means'
    """
    codebook = base.outcome_of(study, outcome)
    estimates: list[Estimate] = []
    rows: list[tuple[Cell, ...]] = []
    checks: list[Check] = []
    for group in base.by_role(study, codebook):
        for found, row, few in _means(study, codebook, group):
            estimates.append(found)
            rows.append(row)
            checks += few
    return Result(
        call=base.call("wave_means", study, codebook.name),
        estimates=tuple(estimates),
        tables=(Table("means", f"{codebook.label}: mean scores", COLUMNS, tuple(rows)),),
        checks=tuple(checks),
    )


def _means(
    study: Study, outcome: Outcome, group: People
) -> Iterator[tuple[Estimate, tuple[Cell, ...], tuple[Check, ...]]]:
    wide = study.wide(outcome)
    kind = base.mean_kind(outcome)
    for arm in [one.name for one in study.design.arms] or [""]:
        inside = group.arm == arm if arm else np.ones(len(group), bool)
        for wave in base.waves_with_answers(study, outcome):
            values = group.values(wide[wave.name])
            there = inside & np.isfinite(values)
            if not there.any():
                continue
            who, scores = group.take(there), values[there]
            behind = who.behind()
            form = base.template(
                behind,
                role=group.role,
                outcome=outcome.name,
                wave=wave.name,
                group=arm,
                estimand=WHO,
            )
            found = averaged(form, scores, who.cluster)
            spread = float(scores.std(ddof=1)) if len(scores) > 1 else None
            row = (
                *(label(text) for text in (group.role, arm, wave.name)),
                cell(behind.n_people, "count", behind),
                cell(found.value, kind, behind),
                cell(spread, "sd", behind),
                cell(found.low, "interval", behind),
                cell(found.high, "interval", behind),
            )
            yield found, row, thin(f"{group.role}, {arm or 'all'}, {wave.name}", who.cluster)
