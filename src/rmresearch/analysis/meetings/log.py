"""The log of meetings as arrays: by date or by wave, as kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis.base import DAYS_A_MONTH
from rmresearch.analysis.base.pairs import Pairs
from rmresearch.errors import StudyError
from rmresearch.study import Study, Wave

__all__ = ["Log", "intervals", "months_since", "read_log", "starts"]

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Dates = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """The log's rows for some pairs: one entry a row, ``pair`` indexes the pairs (``size``).

    ``wave`` indexes the design's waves (-1: none), ``month`` counts from 1 since the pair's start
    (0: unknown). ``dated``: some row has a date. ``counts``: rows are meetings, not mere reports
    that a pair met. ``unknown`` rows belong to none of the pairs.
    """

    pair: Ints
    held: Flags
    wave: Ints
    month: Ints
    minutes: Floats
    size: int
    dated: bool
    counts: bool
    unknown: int

    def of(self, wanted: Flags) -> Log:
        """The rows of the wanted pairs (one flag a pair), which are numbered anew."""
        keep = wanted[self.pair]
        place = np.cumsum(wanted) - 1
        arrays = {name: getattr(self, name)[keep] for name in ("held", "wave", "month", "minutes")}
        return replace(self, pair=place[self.pair[keep]], size=int(wanted.sum()), **arrays)

    def count(self, rows: Flags) -> Ints:
        """How many of the rows each pair has."""
        return np.bincount(self.pair[rows], minlength=self.size).astype(np.int64)

    def reported(self, wave: int | None = None) -> Flags:
        """Which pairs have a row: at any time, or for a wave where the log is kept by wave."""
        whenever = wave is None or self.dated
        rows = np.ones(len(self.pair), bool) if whenever else self.wave == wave
        flags: Flags = self.count(rows) > 0
        return flags

    @property
    def meetings(self) -> Ints:
        """Meetings held by pair; waves with a meeting where rows are mere reports."""
        return self.count(self.held)


def read_log(study: Study, ours: Pairs) -> Log:
    """The log's rows that belong to these pairs; none at all raises ``StudyError``."""
    table = study.meetings
    place = pd.Index(ours.ids).get_indexer(pd.Index(table["pair"]))
    rows, place = table[place >= 0], place[place >= 0].astype(np.int64)
    if rows.empty:
        raise StudyError(
            "no meeting is logged for any pair that started, so nobody can say whether pairs met. "
            "Add a meetings table with a row a meeting: pair, and date or wave."
        )
    date = pd.to_datetime(rows["date"]).to_numpy("datetime64[ns]")
    held = rows["held"].to_numpy(bool)
    names = pd.Index([wave.name for wave in study.design.waves])
    wave = names.get_indexer(pd.Index(rows["wave"]))
    wave = np.where(wave < 0, _wave_of(study, ours, place, date), wave).astype(np.int64)
    dated = bool((~np.isnat(date)).any())
    several = pd.DataFrame({"pair": place[held], "wave": wave[held]}).duplicated().any()
    return Log(
        pair=place,
        held=held,
        wave=wave,
        month=months_since(starts(study, ours)[place], date),
        minutes=rows["minutes"].to_numpy(float),
        size=len(ours),
        dated=dated,
        counts=dated or bool(several),
        unknown=len(table) - len(rows),
    )


def starts(study: Study, ours: Pairs) -> Dates:
    """When each pair started: its own date, else the programme's; NaT where neither is known."""
    start = study.design.start
    otherwise = np.datetime64("NaT", "ns") if start is None else np.datetime64(start, "ns")
    return np.where(np.isnat(ours.start), otherwise, ours.start)


def months_since(start: Dates, day: Dates) -> Ints:
    """In which month since the start a day falls, from 1; 0 where unknown or before it."""
    days = (day - start) / np.timedelta64(1, "D")
    known = np.where(days >= 0, days, -DAYS_A_MONTH)
    return (np.floor(known / DAYS_A_MONTH) + 1).astype(np.int64)


def intervals(study: Study, log: Log) -> list[tuple[int, Wave]]:
    """The follow-up waves, with their place among all, that the log can speak of."""
    present = set(log.wave.tolist())
    waves = enumerate(study.design.waves)
    return [(i, wave) for i, wave in waves if not wave.baseline and i in present]


def _wave_of(study: Study, ours: Pairs, place: Ints, date: Dates) -> Ints:
    """The wave in whose interval (after the one before, up to its day) a date falls, or -1.

    A wave's day is its own date, or its months after the programme's start, or after the pair's.
    """
    found = np.full(len(date), -1, np.int64)
    programme = study.design.start
    begin = ours.start[place]
    if programme is not None:
        begin = np.full(len(date), np.datetime64(programme, "ns"))
    for index, wave in reversed(list(enumerate(study.design.waves))):
        if wave.baseline:
            continue
        later = np.timedelta64(round(wave.months * DAYS_A_MONTH), "D")
        day = begin + later if wave.day is None else np.datetime64(wave.day, "ns")
        found = np.where(date <= day, index, found)
    return found
