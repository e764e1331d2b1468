"""The pairs of a study, as the analyses of meetings, reactions and leavers need them.

One place says which arm a pair belongs to, whether it started and whether it ended early, so that
three questions cannot answer it in three ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis.base import DAYS_A_MONTH, Behind, Codes, Ids
from rmresearch.study import Study, Wave

__all__ = ["PLANNED_REASONS", "Pairs", "observed_until", "pairs", "programme_arms", "wave_day"]

#: reasons in pairs.reason that say "as planned" rather than "early"
PLANNED_REASONS = frozenset({"planned", "completed"})


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs in study order; arrays run over them.

    ``arm`` is that of the pair's people, the senior's where they differ ("" without arms);
    ``cluster`` the code of the unit of independence; ``start`` and ``end`` are datetime64 (NaT:
    not recorded); ``reason`` is "" where none is given; ``started`` and ``early`` are flags.
    """

    ids: Ids
    arm: Ids
    cluster: Codes
    start: NDArray[np.datetime64]
    end: NDArray[np.datetime64]
    reason: Ids
    started: NDArray[np.bool_]
    early: NDArray[np.bool_]
    people: tuple[frozenset[str], ...]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, keep: NDArray[np.bool_]) -> Pairs:
        """The pairs where ``keep`` (one flag a pair) is true."""
        kept = tuple(who for who, wanted in zip(self.people, keep, strict=True) if wanted)
        arrays = {
            name: getattr(self, name)[keep]
            for name in ("ids", "arm", "cluster", "start", "end", "reason", "started", "early")
        }
        return replace(self, people=kept, **arrays)

    def behind(self) -> Behind:
        """Who these pairs are, for a cell or an estimate."""
        members = frozenset().union(*self.people)
        return Behind(members, len(self), len(np.unique(self.cluster)))

    def groups(self, arms: Sequence[str]) -> tuple[tuple[str, Pairs], ...]:
        """(arm, its pairs) for each of the arms that has any."""
        present = set(self.arm.tolist())
        return tuple((arm, self.take(self.arm == arm)) for arm in arms if arm in present)


def pairs(study: Study) -> Pairs:
    """Every pair of the study, with its arm, cluster, dates and how it ended.

    Where no pair has a start date, every pair counts as started; where some have one, a pair
    without has not started. A pair ended early if it has an end or a reason, unless the reason is
    one of ``PLANNED_REASONS`` or the end is not before the programme's.
    """
    return study.once("pairs", lambda: _pairs(study))


def _pairs(study: Study) -> Pairs:
    table = study.pairs
    table = table[table[["junior", "senior"]].notna().any(axis=1)]
    sides = [table[side].astype(object).where(table[side].notna(), None) for side in PAIR_SIDES]
    n = len(table)
    roster = study.participants.drop_duplicates("person").set_index("person")
    start = pd.to_datetime(table["start"]).to_numpy("datetime64[ns]")
    end = pd.to_datetime(table["end"]).to_numpy("datetime64[ns]")
    reason = np.array([_word(text) for text in table["reason"]], object)
    known = set(roster.index.to_numpy(object))
    people = tuple(
        frozenset(str(one) for one in two if one in known) for two in zip(*sides, strict=True)
    )
    started = ~np.isnat(start) if (~np.isnat(start)).any() else np.ones(n, bool)
    return Pairs(
        ids=table["pair"].to_numpy(object),
        arm=_of_either(roster["arm"], sides, "") if study.design.arms else np.full(n, "", object),
        cluster=_clusters(study, sides),
        start=start,
        end=end,
        reason=reason,
        started=started,
        early=_early(study, end, reason),
        people=people,
    )


PAIR_SIDES = ("senior", "junior")


def observed_until(study: Study) -> np.datetime64:
    """The last day the data know of, up to which a pair without an end was still running; or NaT.

    The latest date of pairs, meetings, records and answered waves (their own, or months after the
    start), but not beyond the programme's end. A day that was only planned is no observation.
    """
    design, answered = study.design, set(study.measures["wave"].dropna().unique())
    days = [wave_day(study, wave) for wave in design.waves if wave.name in answered]
    columns = [study.pairs["start"], study.pairs["end"], study.meetings["date"]]
    columns += [study.records["date"], pd.Series(days, dtype="datetime64[ns]")]
    dates = np.concatenate([pd.to_datetime(c).to_numpy("datetime64[ns]") for c in columns])
    dates = dates[~np.isnat(dates)]
    if not dates.size:
        return np.datetime64("NaT", "ns")
    end = None if design.end is None else np.datetime64(design.end, "ns")
    latest: np.datetime64 = dates.max()
    return latest if end is None else min(latest, end)


def wave_day(study: Study, wave: Wave) -> pd.Timestamp | None:
    """A wave's day: its own, or its months after the design's start; None without either."""
    if wave.day is not None:
        return pd.Timestamp(wave.day)
    if study.design.start is None:
        return None
    days = round(wave.months * DAYS_A_MONTH)
    return pd.Timestamp(study.design.start) + pd.Timedelta(days=days)


def programme_arms(study: Study) -> tuple[str, ...]:
    """The arms that got a programme; ("",) where the study declares no arms."""
    arms = study.design.arms
    return tuple(arm.name for arm in arms if arm.programme) if arms else ("",)


def _of_either(by_person: pd.Series, sides: list[pd.Series], missing: object) -> Ids:
    """The senior's entry, else the junior's, else ``missing``."""
    first, second = (by_person.astype(object).reindex(side).set_axis(side.index) for side in sides)
    either = first.where(first.notna(), second)
    return either.astype(object).where(either.notna(), missing).to_numpy(object)


def _clusters(study: Study, sides: list[pd.Series]) -> Codes:
    clusters = study.clusters()
    codes = pd.Series(pd.factorize(clusters)[0], index=clusters.index)
    own = pd.Series(np.arange(len(sides[0])) + len(codes), index=sides[0].index)
    found = pd.Series(_of_either(codes, sides, None), index=own.index)
    # a pair whose people are not in the roster stands alone
    return found.where(found.notna(), own).to_numpy(np.int64)


def _early(study: Study, end: NDArray[np.datetime64], reason: Ids) -> NDArray[np.bool_]:
    planned = np.array([text.lower() in PLANNED_REASONS for text in reason], bool)
    ended = ~np.isnat(end) | (reason != "")
    if study.design.end is not None:
        planned |= ~np.isnat(end) & (end >= np.datetime64(study.design.end))
    early: NDArray[np.bool_] = ended & ~planned
    return early


def _word(text: object) -> str:
    return text.strip() if isinstance(text, str) else ""
