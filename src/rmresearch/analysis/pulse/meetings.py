"""Meetings held against planned, month by month; pairs that ended early or fell silent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import DAYS_A_MONTH, cell, label
from rmresearch.analysis.base.pairs import Pairs
from rmresearch.analysis.pulse.charts import LIMITS, crossed
from rmresearch.numerics.control import (
    ACTION,
    WARNING,
    count_limits,
    planned_limits,
    standard_limits,
)
from rmresearch.result import Cell, Estimate
from rmresearch.study import Design, Study

__all__ = [
    "MEETINGS",
    "PAIRS",
    "Diary",
    "cadence",
    "diary",
    "months",
    "pairs_by_state",
    "silent_after",
]

MEETINGS = (
    "arm", "month", "planned", "held", *LIMITS, "below", "plan warning", "plan action",
    "below plan",
)  # fmt: skip
PAIRS = ("arm", "measure", "pairs", "warning high", "action high", "above")
#: a pair is silent once so many planned meetings would have taken place: were they held at
#: random at the planned rate, exp(-3) = 5% of pairs had none in that time
SILENT_FOR, SILENT_SHARE = 3.0, math.exp(-3.0)
#: without a plan: months without a meeting after which a pair is silent
MONTHS_WITHOUT = 2.0
#: a month of which less has passed is not shown yet
LEAST = 0.5
Days = NDArray[np.datetime64]
Floats = NDArray[np.float64]
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True, eq=False)
class Diary:
    """Pairs in days since the programme's start: when each began and stopped (or the last day
    known), whether it still runs, and the meetings held, ``pair`` being a place among the pairs.

    ``cadence`` is the planned meetings a month (None: no plan); ``last`` the last day known.
    """

    begun: Floats
    stopped: Floats
    running: NDArray[np.bool_]
    pair: NDArray[np.int64]
    day: Floats
    last: float
    cadence: float | None

    def exposure(self, first: float, end: float) -> Floats:
        """The months that each pair ran between two days."""
        days = np.minimum(self.stopped, end) - np.maximum(self.begun, first)
        return np.asarray(np.maximum(days, 0.0) / DAYS_A_MONTH)

    def held(self, first: float, end: float) -> NDArray[np.int64]:
        """The meetings that each pair held between two days, the second not among them."""
        inside = (self.day >= first) & (self.day < end)
        return np.bincount(self.pair[inside], minlength=len(self.begun)).astype(np.int64)


def diary(study: Study, own: Pairs, until: np.datetime64) -> Diary | None:
    """The diary of the pairs, or None where they have no start or no meeting has a date."""
    design, table = study.design, study.meetings
    start = np.full(len(own), np.datetime64(design.start or "NaT", "ns"))
    begun = np.where(np.isnat(own.start), start, own.start)
    place = pd.Index(own.ids).get_indexer(pd.Index(table["pair"]))
    date = pd.to_datetime(table["date"]).to_numpy("datetime64[ns]")
    rows = (place >= 0) & table["held"].to_numpy(bool) & ~np.isnat(date)
    if np.isnat(until) or np.isnat(begun).any() or not rows.any():
        return None
    origin = np.datetime64(design.start, "ns") if design.start else begun.min()
    # a pair that is running on the last day known ran through that day
    end = np.where(np.isnat(own.end), until + DAY, np.minimum(own.end + DAY, until + DAY))
    return Diary(
        begun=_days(begun, origin),
        stopped=_days(end, origin),
        running=np.isnat(own.end) | (own.end > until),
        pair=place[rows].astype(np.int64),
        day=_days(date[rows], origin),
        last=float((until + DAY - origin) / DAY),
        cadence=cadence(study.design),
    )


def _days(dates: Days, origin: np.datetime64) -> Floats:
    return np.asarray((dates - origin) / DAY, float)


def cadence(design: Design) -> float | None:
    """Planned meetings a month, spread evenly over the programme; None without a plan."""
    if design.planned_meetings is None or design.start is None or design.end is None:
        return None
    length = (design.end - design.start).days / DAYS_A_MONTH
    return design.planned_meetings / length if length > 0 else None


def silent_after(planned: float | None) -> float:
    """The months without a meeting after which a running pair counts as silent."""
    return SILENT_FOR / planned if planned else MONTHS_WITHOUT


def months(arm: str, own: Pairs, kept: Diary) -> tuple[list[Estimate], list[tuple[Cell, ...]]]:
    """A row a month of the programme: meetings that a running pair held, and was to hold."""
    rows = []
    before, time_before = 0, 0.0
    for number, first, end in _calendar(kept):
        exposure = kept.exposure(first, end)
        count, time = int(kept.held(first, end).sum()), float(exposure.sum())
        if time <= 0.0:
            continue
        behind = own.take(exposure > 0.0).behind()
        earlier = (before, time_before) if time_before > 0.0 else None
        rows.append(_month(arm, number, behind, (count, time), earlier, kept.cadence))
        before, time_before = before + count, time_before + time
    if not rows:
        return [], []
    form = base.template(own.behind(), group=arm, estimand="pairs that started",
                         term="meetings-a-month", value=before / time_before,
                         method="meetings held by months that pairs ran")  # fmt: skip
    return [form], rows


def _calendar(kept: Diary) -> Iterator[tuple[int, float, float]]:
    """The months that have begun: number, first day and the day after the last."""
    for number in range(1, math.ceil(kept.last / DAYS_A_MONTH) + 1):
        first, end = (number - 1) * DAYS_A_MONTH, min(number * DAYS_A_MONTH, kept.last)
        if number == 1 or end - first >= LEAST * DAYS_A_MONTH:
            yield number, first, end


def _month(
    arm: str,
    number: int,
    behind: base.Behind,
    now: tuple[int, float],
    earlier: tuple[int, float] | None,
    cadence: float | None,
) -> tuple[Cell, ...]:
    count, time = now
    ends: list[int | None] = [None] * 4
    below = None
    if earlier is not None:
        warning, action = (count_limits(*earlier, time, tail) for tail in (WARNING, ACTION))
        ends, below = [*warning, *action], crossed(count, warning[0], action[0])
    plan: list[int | None] = [None, None]
    below_plan = None
    if cadence is not None:
        plan = [planned_limits(cadence * time, tail)[0] for tail in (WARNING, ACTION)]
        below_plan = crossed(count, *(end or 0 for end in plan))
    each = [None if end is None else end / time for end in (*ends, *plan)]
    return (
        label(arm),
        Cell(number, "label"),
        # the plan is the design's own number, the same for every pair
        Cell(cadence, "label"),
        cell(count / time, "mean", behind),
        *(cell(end, "mean", behind) for end in each[:4]),
        # whoever sees mean and limits sees which is the larger
        cell(below, "mean", behind),
        *(cell(end, "mean", behind) for end in each[4:]),
        cell(below_plan, "mean", behind),
    )


def pairs_by_state(
    arm: str, own: Pairs, kept: Diary | None, smallest: int
) -> list[tuple[Cell, ...]]:
    """Started, ended early, silent: counts of pairs only, never which.

    Silence has limits from the plan. Fewer than ``smallest`` pairs are not held against them: the
    verdict would tell the count that is hidden.
    """
    rows = [_state(arm, "started", own), _state(arm, "ended early", own.take(own.early))]
    if kept is None:
        return rows
    wait = DAYS_A_MONTH * silent_after(kept.cadence)
    latest = kept.begun.copy()
    np.maximum.at(latest, kept.pair, kept.day)
    quiet = own.take(kept.running & (kept.last - latest >= wait))
    long = own.take(kept.running & (kept.last - kept.begun >= wait))
    if not kept.cadence or not len(long):
        return [*rows, _state(arm, "silent", quiet)]
    warning, action = (standard_limits(SILENT_SHARE, len(long), t)[1] for t in (WARNING, ACTION))
    told = len(quiet) >= smallest
    above = int(len(quiet) > warning) + int(len(quiet) > action) if told else None
    return [*rows, _state(arm, "silent", quiet, long.behind(), (warning, action, above))]


def _state(
    arm: str,
    name: str,
    some: Pairs,
    long: base.Behind | None = None,
    limits: tuple[int | None, int | None, int | None] = (None, None, None),
) -> tuple[Cell, ...]:
    return (
        label(arm),
        label(name),
        cell(len(some), "administrative", some.behind()),
        # what there is nothing of hides nothing
        *(Cell(None, "label") if one is None else cell(one, "statistic", long) for one in limits),
    )
