"""How much worse the missing answers would have to be for the decision to change."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rmresearch.analysis.base import Behind, cell, label, number
from rmresearch.analysis.base.compared import Compared, score_range
from rmresearch.analysis.base.fit import valued
from rmresearch.analysis.base.imputed import Imputed, completed
from rmresearch.errors import FitError
from rmresearch.numerics.tipping import Shifted, shifted, tipping_point
from rmresearch.result import Cell, Check, Estimate
from rmresearch.study import Wave

__all__ = ["COLUMNS", "GRID", "GRID_NOTE", "NOTE", "Tipping", "tipping"]

COLUMNS = (
    "role", "contrast", "wave", "imputed", "difference", "low", "high", "tips at", "largest shift",
    "reading",
)  # fmt: skip
NOTE = (
    "Difference: missing answers imputed as if missing at random, arm by arm (Rubin's rules, CR2). "
    "Tips at: the smallest amount by which the programme arm's imputed scores must be worse for "
    "the decision of those who answered (their interval lies on one side of 0) to change, up to "
    "the scale's whole range."
)
GRID = (
    "role", "contrast", "wave", "programme worse by", "comparison worse by", "difference", "low",
    "high", "interval",
)  # fmt: skip
GRID_NOTE = (
    "Both arms' imputed scores made worse by these amounts; with one amount in both, whoever is "
    "missing did worse in either arm alike."
)
NONE, OPEN = "none within the scale", "not applicable: the interval of those who answered holds 0"
AT_ONCE, THERE = "imputing alone changes the decision", "the decision changes there"
UNKNOWN = "not applicable: no interval can be given"
#: shifts of the grid, as shares of the scale's range
SHARES = (0.0, 0.125, 0.25, 0.5)


@dataclass(slots=True)
class Tipping:
    """What is said about tipping."""

    estimates: list[Estimate] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    grid: list[tuple[Cell, ...]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


def tipping(
    one: Compared, answered: Estimate | None, given: Imputed, baseline: Wave, *, level: float
) -> Tipping:
    """The tipping point of one difference and its grid over both arms.

    The decision that may tip is that of those who ``answered``.
    """
    found = Tipping()
    ends = score_range(one.outcome)
    gap = np.isnan(one.after)
    if ends is None or not gap.any() or not one.answered.any():
        return found
    model = completed(one, given, baseline)
    ground = one.ground()
    if model is None:
        return found
    largest = ends[1] - ends[0]
    groups = (gap & one.programme, gap & ~one.programme)
    worse = -float(one.outcome.direction)
    try:
        surface = shifted(
            model.y, model.x, one.people.cluster if ground.rule else None, model.weights, groups
        )
    except FitError as error:
        said = f"{one.about}: imputed answers cannot be analysed. {error}"
        found.checks.append(Check("imputed answers can be analysed", False, said))
        return found
    form = one.form(np.ones(len(gap), bool), level=level, parameters=model.x.shape[1])
    start = surface.at(0.0)
    low, high = start.interval(level)
    fine = ground.interval and start.se > 0
    ends_of = (number(low), number(high)) if fine else (None, None)
    point, reading = _point(surface, answered if fine else None, worse * largest, level)
    method = (
        f"imputed scores of the programme arm made worse, {model.y.shape[0]} imputations by arm, "
        f"Barnard-Rubin df: {reading}"
    )
    found.estimates.append(valued(form, point, term="tipping-point", method=method))
    behind = Behind(form.members, form.n_pairs, form.n_clusters)
    gone = one.people.take(gap).behind()
    found.rows.append(
        (
            *(label(text) for text in (one.people.role, one.contrast, one.wave.name)),
            cell(gone.n_people, "administrative", gone),
            cell(start.estimate, "contrast", behind),
            *(cell(end, "interval", behind) for end in ends_of),
            cell(point, "statistic", behind),
            cell(largest, "statistic", behind),
            label(reading),
        )
    )
    if one.between and fine:
        found.grid += _grid(one, behind, surface, worse * largest, level)
    return found


def _point(
    surface: Shifted, answered: Estimate | None, largest: float, level: float
) -> tuple[float | None, str]:
    """The tipping point and its reading."""
    if answered is None or answered.low is None or answered.high is None:
        return None, UNKNOWN
    if answered.low <= 0 <= answered.high:
        return None, OPEN
    point = tipping_point(surface, 1 if answered.low > 0 else -1, largest, level)
    if point is None:
        return None, NONE
    return abs(point), THERE if point else AT_ONCE


def _grid(
    one: Compared, behind: Behind, surface: Shifted, largest: float, level: float
) -> list[tuple[Cell, ...]]:
    rows = []
    for first in SHARES:
        for second in SHARES:
            at = surface.at(first * largest, second * largest)
            low, high = at.interval(level)
            side = "holds 0" if low <= 0 <= high else "above 0" if low > 0 else "below 0"
            rows.append(
                (
                    *(label(text) for text in (one.people.role, one.contrast, one.wave.name)),
                    Cell(abs(first * largest), "label"),
                    Cell(abs(second * largest), "label"),
                    cell(at.estimate, "contrast", behind),
                    cell(low, "interval", behind),
                    cell(high, "interval", behind),
                    label(side),
                )
            )
    return rows
