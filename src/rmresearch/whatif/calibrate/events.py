"""Counts of a pilot: who answered, which planned meetings were held, who stopped, left and rose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rmresearch.analysis.base import DAYS_A_MONTH
from rmresearch.analysis.base.pairs import Pairs, observed_until, pairs, programme_arms
from rmresearch.numerics import rounded
from rmresearch.whatif.calibrate.jackknife import LEVEL, Groups, jackknifed
from rmresearch.whatif.calibrate.pilot import COMPARISON, PROGRAMME, Pilot
from rmresearch.world.instruments import JUNIOR, SENIOR
from rmresearch.world.scenario import Scenario

__all__ = ["Counts", "Rate", "Share", "counted", "propensity"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval; ``groups`` independent groups are behind it."""

    value: float
    low: float
    high: float
    groups: int

    @classmethod
    def of(cls, groups: Groups, hits: Array, trials: Array) -> Share | None:
        """From hits and trials (row,) by an interval for clustered shares; None without trials.

        Korn and Graubard (1998), Survey Methodology 24, 193-201: the effective number of trials,
        corrected for the few groups that the variance is from, enters an interval for independent
        trials; here Jeffreys' (Brown, Cai and DasGupta 2001), which is not as wide as theirs. At
        shares of 0 and 1 groups count as trials.
        """
        total = float(trials.sum())
        behind = groups.count(trials > 0)
        if total == 0 or behind < 2:
            return None
        found = jackknifed(groups.sums(hits) / groups.sums(trials))
        share = float(hits.sum()) / total
        effective = float(behind)
        if 0.0 < share < 1.0 and found.se > 0:
            z, t = special.ndtri(0.5 + LEVEL / 2), special.stdtrit(behind - 1, 0.5 + LEVEL / 2)
            effective = min(total, share * (1.0 - share) / found.se**2) * float(z / t) ** 2
        return cls(share, *_jeffreys(share * effective, effective), behind)


@dataclass(frozen=True, slots=True)
class Rate:
    """Events over months at risk, with the interval of a monthly chance."""

    events: float
    months: float

    @property
    def value(self) -> float:
        """Events a month at risk; NaN where nobody was at risk."""
        return self.events / self.months if self.months > 0 else np.nan

    @property
    def ends(self) -> tuple[float, float]:
        """Jeffreys' interval: months at risk are trials, each event ends its own."""
        return _jeffreys(self.events, self.months)


def _jeffreys(hits: float, trials: float) -> tuple[float, float]:
    tail = (1.0 - LEVEL) / 2.0
    a, b = hits + 0.5, trials - hits + 0.5
    low = special.betaincinv(a, b, tail) if hits > 0 else 0.0
    high = special.betaincinv(a, b, 1.0 - tail) if hits < trials else 1.0
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted once. ``after`` the response of people compared with, where there are any,
    else of the programme's; ``how`` says how meetings were read, or why not; ``careers`` by kind
    of record and (arm, side), None where nothing of the kind is recorded.
    """

    start: Share | None
    after: Share | None
    held: Share | None
    how: str
    ending: Rate
    careers: Mapping[str, Mapping[tuple[int, int], Rate] | None]


def counted(pilot: Pilot, groups: Groups, scenario: Scenario) -> Counts:
    """Everything that is counted in a pilot whose programme is like the scenario's."""
    ours = pairs(pilot.study)
    ours = ours.take(np.isin(ours.arm.astype(str), programme_arms(pilot.study)) & ours.started)
    held, how = _meetings(pilot, ours, scenario.levers.cadence)
    arm = COMPARISON if pilot.compared else PROGRAMME
    careers = {
        kind: {
            (arm, side): _exposure(pilot, kind, arm, side, scenario.months)
            for arm in (COMPARISON, PROGRAMME)
            for side in (SENIOR, JUNIOR)
        }
        if np.isfinite(getattr(pilot, kind)).any()
        else None
        for kind in ("left", "promoted")
    }
    return Counts(
        start=_response(pilot, groups, (COMPARISON, PROGRAMME), start=True),
        after=_response(pilot, groups, (arm,), start=False),
        held=held,
        how=how,
        ending=_endings(pilot, ours, scenario.levers.duration),
        careers=careers,
    )


def _response(pilot: Pilot, groups: Groups, arms: tuple[int, ...], *, start: bool) -> Share | None:
    """Who answered of those who were there: before the start, or at all waves after it."""
    asked = pilot.present & (pilot.untreated | (pilot.arm == PROGRAMME)[:, None])
    asked &= np.isin(pilot.arm, arms)[:, None]
    asked &= (np.arange(len(pilot.months)) == 0) == start
    hits = (asked & pilot.answered).sum(axis=1).astype(float)
    return Share.of(groups, hits, asked.sum(axis=1).astype(float))


def propensity(pilot: Pilot, groups: Groups) -> Array | None:
    """The correlation (jackknife,) of two waves' propensity to answer, among the untreated.

    Tetrachoric: from how often people compared with answer both of two waves. None where at two
    waves nobody, or everybody, answered.
    """
    there = pilot.present & (pilot.arm == COMPARISON)[:, None] & pilot.untreated
    parts = []
    for first, later in combinations(range(len(pilot.months)), 2):
        both = there[:, first] & there[:, later]
        a, b = (pilot.answered[:, wave] & both for wave in (first, later))
        n, *hits = (groups.sums(x.astype(float)) for x in (both, a, b, a & b))
        if not n.all():
            continue
        one, other, joint = (x / n for x in hits)
        if min(one.min(), other.min()) > 0 and max(one.max(), other.max()) < 1:
            products = n[:, None] * _indicator(one) * _indicator(other)
            parts.append((n * (joint - one * other), products))
    if not parts:
        return None
    covariance, products = (np.sum(part, axis=0) for part in zip(*parts, strict=True))
    scale = products[:, :1]
    return rounded.correlation(covariance / scale[:, 0], products / scale)


def _indicator(share: Array) -> Array:
    """Hermite coefficients of answering or not, standard normal behind."""
    return rounded.hermite(special.ndtri(share), np.ones_like(share), np.zeros(1))


def _meetings(pilot: Pilot, ours: Pairs, cadence: int) -> tuple[Share | None, str]:
    """The share of planned meetings that were held by pairs still meeting, and how it was read.

    Where the log has meetings that were not held, by row of the log; where it has none, held ones
    are counted against ``cadence`` a month for as long as the pair went on.
    """
    table = pilot.study.meetings
    if not len(table) or not len(ours):
        return None, "no meetings are logged"
    position = {name: number for number, name in enumerate(ours.ids.tolist())}
    at = table["pair"].map(position).fillna(-1).to_numpy(np.int64)
    held = table["held"].to_numpy(bool)[at >= 0]
    hits = np.bincount(at[at >= 0], held, minlength=len(ours)).astype(float)
    groups = Groups.of(ours.cluster, np.zeros(len(ours), np.int64))
    if not held.all():
        trials = np.bincount(at[at >= 0], minlength=len(ours)).astype(float)
        return Share.of(groups, hits, trials), "held of the meetings in the log"
    months, _ = _lives(pilot, ours.start, ours.end)
    if pilot.study.design.planned_meetings is None:
        return None, "the log has held meetings only, and the design no planned_meetings"
    trials = np.maximum(cadence * months, hits)
    return Share.of(groups, hits, trials), "meetings in the log, against those planned"


def _lives(
    pilot: Pilot, start: NDArray[np.datetime64], end: NDArray[np.datetime64]
) -> tuple[Array, Flags]:
    """Months that pairs went on, the last one counted whole, and which can be told."""
    until = np.where(np.isnat(end), observed_until(pilot.study), end)
    days = (until - start) / np.timedelta64(1, "D")
    known = np.isfinite(days) & (days >= 0)
    return np.where(known, np.maximum(np.ceil(days / DAYS_A_MONTH), 1.0), 0.0), known


def _endings(pilot: Pilot, ours: Pairs, duration: int) -> Rate:
    """Pairs that stopped early though nobody had left, over the months in which they could.

    Pairs that reach the last month stop with the programme, which is no early end.
    """
    months, known = _lives(pilot, ours.start, ours.end)
    known &= ~(ours.early & np.isnat(ours.end))
    at_risk = np.minimum(months, duration - 1)
    left = dict(zip(pilot.person, pilot.left, strict=True))
    each = zip(ours.people, months, strict=True)
    gone = np.array([any(left.get(one, np.nan) <= m for one in who) for who, m in each], bool)
    early = known & ours.early & ~gone & (months <= duration - 1)
    return Rate(float(early.sum()), float(at_risk[known].sum()))


def _exposure(pilot: Pilot, kind: str, arm: int, side: int, months: int) -> Rate:
    """Events ("left" or "promoted") among an arm's people of a role, over months at risk."""
    here = (pilot.arm == arm) & (pilot.side == side)
    event, left = getattr(pilot, kind)[here], pilot.left[here]
    until = np.minimum(np.where(np.isnan(left), months, left), months)
    happened = np.isfinite(event) & (event <= until)
    at_risk = np.where(happened, event, until)
    return Rate(float(happened.sum()), float(at_risk.sum()))
