"""How long pairs lived: Kaplan-Meier, where an end by plan is a censoring and no event."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import DAYS_A_MONTH, cell, footing, label, number
from rmresearch.analysis.base.pairs import Pairs, observed_until, programme_arms
from rmresearch.errors import number_of
from rmresearch.numerics.survival import KaplanMeier, kaplan_meier
from rmresearch.result import Cell, Check, Dropped, Estimate
from rmresearch.study import Study

__all__ = ["COLUMNS", "NOTE", "REASONS", "Life", "lived"]

COLUMNS = (
    "arm", "month", "at risk", "ended early", "followed no longer", "share still paired", "low",
    "high",
)  # fmt: skip
REASONS = ("arm", "reason", "pairs", "share of started")
NOTE = (
    "At risk: pairs still followed when the month began. Followed no longer: pairs that ended as "
    "planned, or were still running when the data end. Share still paired at the month's end "
    "(Kaplan-Meier, log-log interval)."
)
OTHER = "other"
NEEDED = (
    "No pair has both a start and a known last day, so nobody can say how long pairs lived. Add "
    "start and end to the pairs table (and the design's end)."
)
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """What is said about the lives of pairs that started, and how many months each lasted.

    ``months`` (NaN: not known) run over ``pairs``.
    """

    pairs: Pairs
    months: Floats
    reasons: tuple[tuple[Cell, ...], ...]
    estimates: tuple[Estimate, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    checks: tuple[Check, ...] = ()
    dropped: tuple[Dropped, ...] = ()


def lived(study: Study, everyone: Pairs) -> Life:
    """Kaplan-Meier of the programme's pairs that started, arm by arm, and why pairs ended."""
    ours = everyone.take(np.isin(everyone.arm, programme_arms(study)) & everyone.started)
    months, why = _lengths(study, ours), tuple(_reasons(study, ours))
    usable = np.isfinite(months)
    if not usable.any():
        return Life(ours, months, why, checks=(Check("pair dates", False, NEEDED),))
    estimates, rows, checks = [], [], []
    for arm, own in ours.take(usable).groups(programme_arms(study)):
        length = months[usable & (ours.arm == arm)]
        curve = kaplan_meier(length, own.early)
        fine = footing(own.cluster).interval
        estimates += _at_waves(study, arm, own, curve, fine)
        rows += _by_month(arm, own, length, curve, fine)
        checks += _trust(arm, own, fine)
    gone = _unknown(ours, usable)
    return Life(ours, months, why, tuple(estimates), tuple(rows), tuple(checks), gone)


def _lengths(study: Study, ours: Pairs) -> Floats:
    """How many months each pair was followed; NaN where its length is not known."""
    until = observed_until(study)
    # an early end without its day has no known length; neither has a pair without a start
    lost = np.isnat(ours.start) | (ours.early & np.isnat(ours.end))
    last = np.where(np.isnat(ours.end), until, ours.end)
    months = (last - ours.start) / np.timedelta64(1, "D") / DAYS_A_MONTH
    return np.where(~lost & (months >= 0), months, np.nan)


def _at_waves(study: Study, arm: str, own: Pairs, curve: KaplanMeier, fine: bool) -> list[Estimate]:
    """The share of pairs still together at each follow-up wave that anybody was followed to."""
    behind, found = own.behind(), []
    for wave in study.design.follow_ups:
        value, se, low, high = (number(x) for x in curve.at(wave.months))
        if value is not None:
            form = base.template(
                behind,
                wave=wave.name,
                group=arm,
                estimand="pairs that started",
                term="still-paired",
                method="Kaplan-Meier, Greenwood, log-log interval",
            )
            found.append(_carry(form, value, se, (low, high), fine))
    return found


def _carry(
    form: Estimate,
    value: float,
    se: float | None,
    ends: tuple[float | None, float | None],
    fine: bool,
) -> Estimate:
    low, high = ends if fine else (None, None)
    return replace(form, value=value, se=se if fine else None, low=low, high=high)


def _by_month(
    arm: str, own: Pairs, length: Floats, curve: KaplanMeier, fine: bool
) -> list[tuple[Cell, ...]]:
    everybody = own.behind()
    month_of = np.maximum(np.ceil(length), 1.0)
    longest = float(curve.time[-1])
    rows: list[tuple[Cell, ...]] = []
    for month in range(1, int(month_of.max()) + 1):
        risk, now = month_of >= month, month_of == month
        share, _, low, high = curve.at(min(float(month), longest))
        crowd = [own.take(f).behind() for f in (risk, now & own.early, now & ~own.early)]
        rows.append(
            (
                label(arm),
                Cell(month, "label"),
                *(cell(one.n_pairs, "administrative", one) for one in crowd),
                cell(share, "proportion", everybody),
                *(cell(end if fine else None, "proportion", everybody) for end in (low, high)),
            )
        )
    return rows


def _trust(arm: str, own: Pairs, fine: bool) -> list[Check]:
    sets = len(np.unique(own.cluster))
    pairs = number_of(len(own), "pair", "pairs")
    seen = f"{pairs} in {number_of(sets, 'independent set', 'independent sets')}"
    about = f"{arm or 'all pairs'}: {seen}."
    checks = [] if fine else [Check("enough pairs for an interval", False, f"{about} None given.")]
    if sets < len(own):
        detail = f"{about} The interval treats pairs as independent and is too narrow."
        checks.append(Check("independent pairs", False, detail))
    return checks


def _unknown(ours: Pairs, usable: Flags) -> tuple[Dropped, ...]:
    if usable.all():
        return ()
    gone = ours.take(~usable).behind()
    reason = "pair-life: no start, or an early end without its day"
    return (Dropped(reason, gone.n_people, gone.n_pairs),)


def _reasons(study: Study, ours: Pairs) -> list[tuple[Cell, ...]]:
    """Why pairs ended, by arm; a reason that only one pair gives may be free text: "other"."""
    counts = Counter(ours.reason.tolist())
    shown = np.array([_shown(text, counts[text]) for text in ours.reason], object)
    rows: list[tuple[Cell, ...]] = []
    for arm, own in ours.groups(programme_arms(study)):
        words, started = shown[ours.arm == arm], own.behind()
        for word in sorted({*words.tolist()} - {""}, key=lambda w: (w == OTHER, w)):
            who = own.take(words == word).behind()
            share = who.n_pairs / started.n_pairs
            rows.append(
                (
                    label(arm),
                    label(word),
                    cell(who.n_pairs, "administrative", who),
                    cell(share, "proportion", started, numerator=who.n_pairs),
                )
            )
    return rows


def _shown(text: str, times: int) -> str:
    return text if text == "" or times > 1 else OTHER
