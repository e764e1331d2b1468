"""What is known of each person by a wave: events and counts from records, a survey's yes or no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People
from rmresearch.analysis.base.pairs import wave_day
from rmresearch.errors import StudyError, did_you_mean, number_of
from rmresearch.result import Check
from rmresearch.study import Design, Outcome, Study, Wave

__all__ = ["EVENTS", "Known", "codebook", "counted", "dated", "entry", "follow_ups", "known"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Days = NDArray[np.datetime64]

#: kinds of record that no outcome needs to declare: what they are called, which way is better
EVENTS: Mapping[str, tuple[str, int]] = {
    "left": ("Left the organisation", -1),
    "promoted": ("Promoted", 1),
    "adopted": ("Adopted what was taught", 1),
}
LEFT = "left"
YEAR = np.timedelta64(365 * 24 + 6, "h")
NEVER = np.datetime64("NaT", "ns")


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of people at one wave: arrays run over them.

    ``value`` is 0 or 1 (or a count), NaN where unknown. ``years`` is how long each was followed
    until it happened, they left, or the wave; None where events have no time. ``out`` says who
    cannot count, by reason.
    """

    value: Array
    years: Array | None
    out: Mapping[str, Flags]


def entry(design: Design, outcome: str) -> Outcome:
    """The declared outcome of that name, or the kind of record that needs no declaration."""
    declared = [one.name for one in design.outcomes]
    if outcome in declared:
        return design.outcome(outcome)
    if outcome not in EVENTS:
        raise StudyError(
            f"no outcome {outcome!r}; the study declares {base.seen(declared)}, and records can "
            f"hold {base.seen(EVENTS)}.{did_you_mean(outcome, [*declared, *EVENTS])}"
        )
    label, way = EVENTS[outcome]
    return Outcome(
        outcome, label, "all", (outcome,), "binary", 0.0, 1.0,
        source="record", kirkpatrick=4, direction=1 if way > 0 else -1,
    )  # fmt: skip


def codebook(study: Study, outcome: str | Outcome) -> Outcome:
    """The outcome in question: declared, or a kind of record that needs no declaration."""
    found = outcome if isinstance(outcome, Outcome) else entry(study.design, outcome)
    if not study.design.linked:
        raise StudyError(
            "answers carry no person ids, so nobody knows in which arm something happened. "
            "Events need ids that stay the same."
        )
    if not dated(study, found):
        _yes_or_no(found)
    elif not study.records["kind"].isin(found.items).any():
        raise StudyError(
            f"no record of the kind {base.seen(found.items)}: it may never have happened, or it "
            f"was never recorded. Add the records; where it can be counted, also zeros."
        )
    return found


def dated(study: Study, outcome: Outcome) -> bool:
    """Whether the records hold it, by date, rather than a survey by wave."""
    asked = study.measures["item"].isin(outcome.items).any()
    return outcome.source == "record" and not bool(asked)


def counted(outcome: Outcome) -> bool:
    """Whether it is counted rather than happens or not."""
    return outcome.kind != "binary"


def _yes_or_no(outcome: Outcome) -> None:
    if outcome.kind != "binary" or len(outcome.items) > 1:
        raise StudyError(
            f"{outcome.name} is no yes or no (kind {outcome.kind}, "
            f"{number_of(len(outcome.items), 'item', 'items')}). Ask about it with compare_arms."
        )


def follow_ups(
    study: Study, outcome: Outcome, asked: Sequence[str] | None
) -> tuple[tuple[Wave, ...], tuple[Check, ...]]:
    """The follow-up waves by which something is known, and those that the data do not reach."""
    waves = [study.design.wave(name) for name in asked] if asked else study.design.follow_ups
    late: list[Wave] = []
    if dated(study, outcome):
        until = _until(study)
        late = [wave for wave in waves if not _day(study, wave) <= until]
    else:
        answered = base.waves_with_answers(study, outcome)
        late = [wave for wave in waves if wave not in answered]
    kept = tuple(wave for wave in waves if wave not in late and not wave.baseline)
    if not kept:
        raise StudyError(
            f"{outcome.name}: the data reach no wave after the start (asked: "
            f"{base.seen(list(waves))}), so nothing can be counted yet."
        )
    detail = f"{outcome.name}: the data do not reach {base.seen(late)}; it is left out."
    return kept, (Check("waves reached", False, detail),) if late else ()


def _until(study: Study) -> np.datetime64:
    """The last day that any table knows of; a wave without answers is none."""
    answered = set(study.measures["wave"].dropna().unique())
    days = [_day(study, wave) for wave in study.design.waves if wave.name in answered]
    columns = [study.records["date"], study.meetings["date"]]
    dates = np.concatenate([pd.to_datetime(c).to_numpy("datetime64[ns]") for c in columns])
    known = np.concatenate([dates, np.array(days, "datetime64[ns]")])
    known = known[~np.isnat(known)]
    return known.max() if len(known) else NEVER


def _day(study: Study, wave: Wave) -> np.datetime64:
    day = wave_day(study, wave)
    if day is None:
        raise StudyError(
            f"records have dates, but wave {wave.name} has none and the design no start, so "
            f"nobody can say what had happened by then. Give the wave a date or the design a start."
        )
    return day.to_datetime64()


def _start(study: Study) -> np.datetime64:
    return _day(study, study.design.baseline)


def known(study: Study, outcome: Outcome, wave: Wave, group: People) -> Known:
    """What is known of these people at a wave."""
    crossed = {"already crossed over": base.crossed_over(study, group, wave)}
    if not dated(study, outcome):
        value = group.values(study.wide(outcome)[wave.name])
        if not np.isin(value[np.isfinite(value)], (0.0, 1.0)).all():
            raise StudyError(
                f"{outcome.name} has answers other than 0 and 1 at {wave.name} (several raters who "
                f"disagree, or other codes), so it is no yes or no. Correct the codes."
            )
        return Known(value, None, crossed | {"no answer at the wave": ~np.isfinite(value)})
    start = _start(study)
    left = _first(study, (LEFT,), group, NEVER)
    out = crossed | {"left before the start": left < start}
    if counted(outcome):
        value = _count(study, outcome, wave, group)
        return Known(value, None, out | {"no record before the wave": ~np.isfinite(value)})
    until = _day(study, wave)
    when = _first(study, outcome.items, group, start)
    happened = when <= until
    ends = np.where(happened, when, until)
    gone = (left < ends) & (LEFT not in outcome.items)
    years = np.maximum((np.where(gone, left, ends) - start) / YEAR, 0.0)
    return Known(happened.astype(float), years.astype(float), out)


def _rows(study: Study, kinds: Sequence[str]) -> pd.DataFrame:
    """The dated records of these kinds; a value of 0 says that it did not happen."""
    rows = study.records[study.records["kind"].isin(kinds)]
    return rows[rows["date"].notna() & rows["person"].notna()]


def _first(study: Study, kinds: Sequence[str], group: People, since: np.datetime64) -> Days:
    """When it first happened to each, from ``since`` on (NaT: at any time); NaT: never."""
    rows = _rows(study, kinds)
    rows = rows[rows["value"].isna() | (rows["value"] != 0)]
    if not np.isnat(since):
        rows = rows[rows["date"] >= pd.Timestamp(since)]
    first = rows.groupby("person")["date"].min().reindex(pd.Index(group.ids))
    return pd.to_datetime(first).to_numpy("datetime64[ns]")


def _count(study: Study, outcome: Outcome, wave: Wave, group: People) -> Array:
    """What each was recorded with since the wave before (a baseline: until then); NaN: no record.

    Several records of the time are added up; a record without a value is one of it.
    """
    waves = list(study.design.waves)
    place = waves.index(wave)
    rows = _rows(study, outcome.items)
    rows = rows[rows["date"] <= pd.Timestamp(_day(study, wave))]
    if place:
        rows = rows[rows["date"] > pd.Timestamp(_day(study, waves[place - 1]))]
    return group.values(rows["value"].fillna(1.0).groupby(rows["person"]).sum())
