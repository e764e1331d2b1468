"""`compare_arms` on arrays: the estimate of record of every cohort at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rmresearch.analysis.base import AS_ASSIGNED
from rmresearch.analysis.base.batch import (
    Array,
    Estimates,
    Flags,
    Panel,
    asked_twice,
    estimates,
    footings,
)
from rmresearch.errors import StudyError
from rmresearch.numerics.robust import fit
from rmresearch.study import Design, Outcome

__all__ = ["OPTIONS", "kernel", "refuse"]

#: options of `compare_arms` that the arrays answer too; the others change no estimate of record
OPTIONS = frozenset({"level", "rerandomise", "seed"})
#: smallest eigenvalue of the design's correlations from which no column can count as determined
WELL_APART = 1e-4


def refuse(design: Design, outcome: Outcome) -> None:
    """Raise ``StudyError`` where no cohort of this design could be asked."""
    if design.comparison is None:
        raise StudyError(
            "the design has no comparison arm, so nothing can be compared; pre_post describes "
            "how one group changed."
        )
    if not asked_twice(design, outcome):
        raise StudyError(
            f"{outcome.name} is not asked in the same way before and after, so it has no baseline "
            f"to adjust for."
        )


def kernel(panel: Panel, options: Mapping[str, Any]) -> tuple[list[Estimates], Flags]:
    """Covariance analysis at each follow-up; and which replicates it has answered.

    A replicate that loses an arm, a stratum or the baseline's variation at some wave, or whose
    columns are nearly determined by one another, is left to `compare_arms`.
    """
    places = [place for place, _ in enumerate(panel.design.waves) if place > 0]
    there = {place: _there(panel, place) for place in places}
    columns = {place: _columns(panel, there[place], place) for place in places}
    clear = np.all([_clear(panel, x, there[place]) for place, (x, _) in columns.items()], axis=0)
    if not clear.any():
        return [], clear
    level = float(options.get("level", 0.95))
    found = []
    for place, (x, y) in columns.items():
        fitted = fit(y[clear], x[clear], panel.cluster)
        for column, arm in enumerate(_programme(panel), start=1):
            key = (panel.outcome.role, panel.outcome.name, panel.design.waves[place].name,
                   f"{panel.design.arms[arm].name} - {_comparison(panel)[1]}", "", AS_ASSIGNED,
                   "")  # fmt: skip
            sides = [panel.arm[clear] == side for side in (arm, _comparison(panel)[0])]
            both = there[place][clear] & (sides[0] | sides[1])
            ground = footings(both, panel.cluster, sides)
            contrast = fitted.contrast(np.eye(x.shape[-1])[column])
            found.append(estimates(key, level, contrast, ground))
    return found, clear


def _comparison(panel: Panel) -> tuple[int, str]:
    arms = panel.design.arms
    return next((place, arm.name) for place, arm in enumerate(arms) if not arm.programme)


def _programme(panel: Panel) -> list[int]:
    return [place for place, arm in enumerate(panel.design.arms) if arm.programme]


def _there(panel: Panel, place: int) -> Flags:
    """Who answered before and at the wave."""
    return np.isfinite(panel.scores[..., 0]) & np.isfinite(panel.scores[..., place])


def _columns(panel: Panel, there: Flags, place: int) -> tuple[Array, Array]:
    """Design (replicate, person, p) and outcome (replicate, person), rows of absent people 0.

    A row of zeros adds nothing to coefficients, CR2 or its df. Baseline and outcome are centred,
    which moves the intercept only.
    """
    before, after = (_centred(panel.scores[..., wave], there) for wave in (0, place))
    columns = [there, *(there & (panel.arm == arm) for arm in _programme(panel)), before]
    if panel.stratum is not None:
        columns += [there & (panel.stratum == code) for code in np.unique(panel.stratum)[1:]]
    return np.stack(columns, axis=-1).astype(float), after


def _centred(scores: Array, there: Flags) -> Array:
    count = np.maximum(there.sum(axis=-1, keepdims=True), 1)
    known = np.where(there, scores, 0.0)
    return np.where(there, known - known.sum(axis=-1, keepdims=True) / count, 0.0)


def _clear(panel: Panel, x: Array, there: Flags) -> Flags:
    """Replicates with people in every arm and columns well apart from one another."""
    arms = [_comparison(panel)[0], *_programme(panel)]
    several = np.all([(there & (panel.arm == arm)).sum(axis=-1) >= 2 for arm in arms], axis=0)
    length = np.linalg.norm(x, axis=-2)
    unit = x / np.where(length > 0, length, 1.0)[..., None, :]
    apart = np.linalg.eigvalsh(np.swapaxes(unit, -1, -2) @ unit)[..., 0] > WELL_APART
    return np.asarray(several & apart & (there.sum(axis=-1) > x.shape[-1]))
