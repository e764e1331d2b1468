"""The parts of the description: overall, by band, by wave and by month."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import cell, label
from rmresearch.analysis.base.describe import Share, averaged, shared
from rmresearch.analysis.base.pairs import Pairs, observed_until
from rmresearch.analysis.meetings.log import Log, months_since, starts
from rmresearch.result import Cell, CellKind, Estimate
from rmresearch.study import Study, Wave

__all__ = ["TABLES", "by_wave", "cadence", "distribution", "overall", "summary_row"]

STARTED, REPORTED = "pairs that started", "pairs that reported"
#: table -> (title, columns)
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "engagement": (
        "Meetings in all",
        ("arm", "measure", "among", "pairs", "value", "low", "high"),
    ),
    "distribution": (
        "Pairs by number of meetings",
        ("arm", "meetings", "pairs", "share of started"),
    ),
    "by-wave": (
        "Pairs with a meeting since the wave before",
        (
            "arm", "wave", "started", "reported", "met", "share of reported", "reported low",
            "reported high", "share of started", "started low", "started high",
        ),
    ),
    "cadence": (
        "Meetings by month since the pair's start",
        (
            "arm", "month", "followed", "running", "met", "share of running",
            "meetings a running pair", "still meeting", "share of followed",
        ),
    ),
}  # fmt: skip
REPORTS = "The log says whether a pair met between two waves, not how often: waves are counted."
DATED = "The log is dated: a pair counts as reporting if it has any row at all."
LAST_MONTHS = (
    "Followed: pairs whose month had begun when the data end. Running: those that had not ended. "
    "Still meeting: met in this month or a later one, so the last months are understated."
)
#: (label, fewest, most) meetings of a pair
BANDS = (("none", 0, 0), ("1-2", 1, 2), ("3-5", 3, 5), ("6-11", 6, 11), ("12 or more", 12, None))
MEASURES: dict[str, tuple[str, CellKind]] = {
    "ever-met": ("share that ever met", "proportion"),
    "meetings-per-pair": ("meetings a pair", "mean"),
    "intervals-with-meeting": ("waves with a meeting a pair", "mean"),
    "minutes-per-meeting": ("minutes a meeting, averaged over pairs", "mean"),
    "minutes-per-pair": ("minutes a pair", "mean"),
    "share-of-plan": ("meetings held, of those planned", "mean"),
    "plan-reached": ("share that held all planned meetings", "proportion"),
}
Flags = NDArray[np.bool_]


def overall(study: Study, arm: str, own: Pairs, log: Log) -> list[Estimate]:
    """What the pairs of an arm did over the whole time, among both denominators."""
    held = log.meetings
    found = []
    for among, keep in ((STARTED, np.ones(len(own), bool)), (REPORTED, log.reported())):
        some = own.take(keep)
        form = base.template(some.behind(), group=arm, estimand=among)
        met = held[keep].astype(float)
        found.append(shared(replace(form, term="ever-met"), met > 0, some.cluster).estimate)
        term = "meetings-per-pair" if log.counts else "intervals-with-meeting"
        found.append(averaged(replace(form, term=term), met, some.cluster))
        planned = study.design.planned_meetings
        if planned is not None and log.counts:
            plan = replace(form, term="share-of-plan")
            found.append(averaged(plan, met / planned, some.cluster))
            reached = replace(form, term="plan-reached")
            found.append(shared(reached, met >= planned, some.cluster).estimate)
    return found + _minutes(arm, own, log)


def _minutes(arm: str, own: Pairs, log: Log) -> list[Estimate]:
    """Minutes a meeting; and a pair, only if every meeting's are known."""
    known = log.held & np.isfinite(log.minutes)
    if not known.any():
        return []
    total = np.bincount(log.pair[known], log.minutes[known], minlength=log.size).astype(float)
    times = log.count(known)
    some = own.take(times > 0)
    form = base.template(some.behind(), group=arm, estimand="pairs with minutes logged")
    form = replace(form, term="minutes-per-meeting")
    mean = (total / np.maximum(times, 1))[times > 0]
    found = [averaged(form, mean, some.cluster)]
    if not (log.held & ~known).any():
        form = base.template(own.behind(), group=arm, estimand=STARTED, term="minutes-per-pair")
        found.append(averaged(form, total, own.cluster))
    return found


def summary_row(found: Estimate) -> tuple[Cell, ...]:
    """An overall estimate as a row."""
    measure, kind = MEASURES[found.term]
    behind = base.Behind(found.members, found.n_pairs, found.n_clusters)
    ends: CellKind = "proportion" if kind == "proportion" else "interval"
    return (
        label(found.group),
        label(measure),
        label(found.estimand),
        cell(found.n_pairs, "administrative", behind),
        _of(found.value, kind, behind, found.n_pairs),
        cell(found.low, ends, behind),
        cell(found.high, ends, behind),
    )


def distribution(arm: str, own: Pairs, log: Log) -> list[tuple[Cell, ...]]:
    """How many pairs held how many meetings, of all that started."""
    held, everybody = log.meetings, own.behind()
    rows: list[tuple[Cell, ...]] = []
    for name, fewest, most in BANDS:
        inside = (held >= fewest) & (held <= (np.inf if most is None else most))
        count = int(inside.sum())
        rows.append(
            (
                label(arm),
                label(name),
                cell(count, "administrative", own.take(inside).behind()),
                _of(count / len(own), "proportion", everybody, len(own)),
            )
        )
    return rows


def by_wave(
    arm: str, own: Pairs, log: Log, wave: Wave, index: int
) -> tuple[list[Estimate], tuple[Cell, ...]]:
    """Pairs with a meeting in a wave's interval, of those that reported and of all that started."""
    met = log.count(log.held & (log.wave == index)) > 0
    shares: list[tuple[Share, base.Behind]] = []
    for among, keep in (
        (REPORTED, log.reported(index)),
        (STARTED, np.ones(len(own), bool)),
    ):
        some = own.take(keep)
        form = base.template(some.behind(), wave=wave.name, group=arm, estimand=among, term="met")
        shares.append((shared(form, met[keep], some.cluster), some.behind()))
    row = [label(arm), label(wave.name), cell(len(own), "administrative", own.behind())]
    row += [cell(shares[0][1].n_pairs, "administrative", shares[0][1])]
    row += [cell(int(met.sum()), "administrative", own.take(met).behind())]
    for share, behind in shares:
        one = share.estimate
        row.append(cell(one.value, "proportion", behind, numerator=share.numerator))
        row += [cell(end, "proportion", behind) for end in (one.low, one.high)]
    return [share.estimate for share, _ in shares], tuple(row)


def cadence(study: Study, arm: str, own: Pairs, log: Log) -> list[tuple[Cell, ...]]:
    """Month by month since the pair's start: who was still running, who met, who went on."""
    begin = starts(study, own)
    until = observed_until(study)
    if np.isnat(until) or not (log.month > 0).any():
        return []
    last = months_since(begin, np.full(len(own), until))
    ended = np.where(np.isnat(own.end), until, own.end)
    running = np.minimum(months_since(begin, ended), last)
    latest = np.zeros(len(own), np.int64)
    rows = log.held & (log.month > 0)
    np.maximum.at(latest, log.pair[rows], log.month[rows])
    return [
        _month(arm, own, log, month, (last >= month, running >= month, latest >= month))
        for month in range(1, int(max(last.max(), latest.max())) + 1)
    ]


def _month(
    arm: str, own: Pairs, log: Log, month: int, state: tuple[Flags, Flags, Flags]
) -> tuple[Cell, ...]:
    followed, running, going_on = state
    count = log.count(log.held & (log.month == month))
    going_on = going_on & followed
    met = (count > 0) & running
    crowd = [own.take(flags).behind() for flags in (followed, running, met, going_on)]
    n = [behind.n_pairs for behind in crowd]
    rate = float(count[running].sum()) / n[1] if n[1] else None
    return (
        label(arm),
        Cell(month, "label"),
        cell(n[0], "administrative", crowd[0]),
        cell(n[1], "administrative", crowd[1]),
        cell(n[2], "administrative", crowd[2]),
        _of(n[2] / n[1] if n[1] else None, "proportion", crowd[1], n[1]),
        cell(rate, "mean", crowd[1]),
        cell(n[3], "administrative", crowd[3]),
        _of(n[3] / n[0] if n[0] else None, "proportion", crowd[0], n[0]),
    )


def _of(value: float | None, kind: CellKind, behind: base.Behind, n: int) -> Cell:
    """A number; a share with its numerator."""
    numerator = round(value * n) if kind == "proportion" and value is not None else None
    return cell(value, kind, behind, numerator=numerator)
