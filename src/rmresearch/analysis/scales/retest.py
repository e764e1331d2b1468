"""The same people twice, without the programme in between: how stable is the score?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rmresearch.analysis import base
from rmresearch.analysis.base import People, cell, footing, label, number
from rmresearch.errors import StudyError, number_of
from rmresearch.numerics.agreement import icc_agreement
from rmresearch.result import Cell, Check, Estimate
from rmresearch.study import Outcome, Study, Wave

__all__ = ["COLUMNS", "NOTE", "between"]

COLUMNS = (
    "role", "contrast", "months between", "people", "r", "r low", "r high", "icc", "icc low",
    "icc high",
)  # fmt: skip
NOTE = (
    "People of arms without the programme who had not crossed over. r: Pearson. ICC: absolute "
    "agreement of one score, so that a shift of everybody counts against it."
)
Floats = NDArray[np.float64]


def between(
    study: Study, outcome: Outcome, group: People, first: Wave, wave: Wave
) -> tuple[list[Estimate], list[tuple[Cell, ...]], list[Check]]:
    """Retest correlation and intraclass correlation of untreated people at two waves."""
    untreated = [arm.name for arm in study.design.arms if not arm.programme]
    about = f"{outcome.name}, {group.role}, {wave.name} - {first.name}"
    wide = study.wide(outcome)
    two = np.column_stack([group.values(wide[one.name]) for one in (first, wave)])
    keep = np.isin(group.arm, untreated) & np.isfinite(two).all(axis=1)
    try:
        keep &= ~base.crossed_over(study, group, wave)
    except StudyError as problem:  # alpha and the items can still be had
        return [], [], [Check("retest", False, f"{about}: {problem}")]
    who, two = group.take(keep), two[keep]
    if len(who) < 3:
        detail = (
            f"{about}: {number_of(len(who), 'person', 'people')} without the programme answered "
            f"at both waves. A retest needs a comparison arm that is asked twice."
        )
        return [], [], [Check("retest", False, detail)]
    form = base.template(
        who.behind(),
        role=group.role,
        outcome=outcome.name,
        wave=wave.name,
        contrast=f"{wave.name} - {first.name}",
        estimand="people without the programme who answered twice",
    )
    fine = footing(who.cluster).interval
    found = [
        _carry(replace(form, term="retest-r", method="Pearson r, Fisher interval"), _r(two), fine),
        _carry(
            replace(form, term="retest-icc", method="ICC(A,1), McGraw and Wong interval"),
            icc_agreement(two),
            fine,
        ),
    ]
    row = (
        label(group.role),
        label(form.contrast),
        Cell(wave.months - first.months, "label"),
        cell(len(who), "administrative", who.behind()),
        *(cell(x, "statistic", who.behind()) for one in found for x in _three(one)),
    )
    return [one for one in found if one.value is not None], [row], _checks(found, fine, who, about)


def _three(one: Estimate) -> tuple[float | None, float | None, float | None]:
    return one.value, one.low, one.high


def _carry(form: Estimate, found: tuple[float, float, float], fine: bool) -> Estimate:
    value, low, high = (number(x) for x in found)
    return replace(form, value=value, low=low if fine else None, high=high if fine else None)


def _checks(found: list[Estimate], fine: bool, who: People, about: str) -> list[Check]:
    if all(one.value is None for one in found):
        return [Check("retest", False, f"{about}: scores do not vary, so nothing correlates.")]
    if not fine:
        detail = (
            f"{about}: {number_of(len(who), 'person', 'people')} without the programme. No "
            "interval is given."
        )
        return [Check("enough for an interval", False, detail)]
    return []


def _r(two: Floats) -> tuple[float, float, float]:
    """Pearson's r of two columns with Fisher's interval; NaN where a column does not vary."""
    first, second = two.T
    if min(np.ptp(first), np.ptp(second)) <= 1e-12 * max(1.0, float(np.abs(two).max())):
        return (np.nan, np.nan, np.nan)
    r = float(np.clip(np.corrcoef(first, second)[0, 1], -1.0, 1.0))
    if abs(r) > 1.0 - 1e-12 or len(two) < 4:
        return (r, np.nan, np.nan)
    half = float(special.ndtri(0.975)) / np.sqrt(len(two) - 3)
    return (r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)))
