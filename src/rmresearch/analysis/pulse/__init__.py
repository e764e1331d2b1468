"""The pulse of a running programme: who answers, whether pairs meet, how it goes between them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from rmresearch.analysis import base
from rmresearch.analysis.base.gathered import Declared, Gathered
from rmresearch.analysis.base.pairs import Pairs, observed_until, pairs, programme_arms, wave_day
from rmresearch.analysis.pulse import answered, meetings
from rmresearch.errors import StudyError, kindly
from rmresearch.result import Check, Dropped, Result
from rmresearch.study import Study

__all__ = ["pulse"]

#: table -> (title, columns, note)
TABLES: dict[str, Declared] = {
    "response": ("Answers by wave, of everyone assigned", answered.RESPONSE, ""),
    "meetings": ("Meetings a running pair, month by month", meetings.MEETINGS, ""),
    "pairs": ("Pairs that started, ended early or fell silent", meetings.PAIRS, ""),
    "quality": ("What programme people say on the way", answered.QUALITY, ""),
}


@kindly
def pulse(study: Study, *, until: date | None = None) -> Result:
    """Is the programme on course: do people answer, do pairs meet, how do they get on?

    For the programme's owner in mid-programme. Nothing in it says what the programme does: arms are
    never compared, outcomes (kirkpatrick 2 to 4) never read, as whoever looks again and again finds
    something by chance. ``until`` is the last day that the data cover (default: the last day they
    know of, under which a silence of everybody cannot be seen).

    Each round (wave, or month of the programme) is held against those before it, in its own group:
    exact limits of a p chart for shares and of a u chart for meetings (`numerics.control`), at two
    standard errors (warning) and three (action); meetings also against the planned cadence. The
    counts "below", "below plan" and "above" say how many of the two limits a round crossed on the
    side that worries. Intervals of shares are Wilson's on the effective n.

    Tables: "response" by arm and wave; "meetings" by programme arm and month since the start;
    "pairs", counts of pairs that started, ended early, fell silent (still paired, and no meeting
    for as long as three planned ones would take; without a plan two months); "quality", reactions
    (kirkpatrick 1) by role and wave among those in a pair that started. Estimates: terms
    "responded", "meetings-a-month", "favourable" and "mean"; none has a contrast.

    What is missing (a meeting log, dates, a plan, ids, questions) is a failed check, and the rest
    is answered. Raises ``StudyError`` where there is neither a pair nor an answer, or where the
    data reach beyond ``until``; ``TypeError`` where that is no date.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> [made.name for made in rm.pulse(study).tables]
    ['response', 'meetings', 'pairs', 'quality']
    """
    everyone = pairs(study)
    inside = np.isin(everyone.arm, programme_arms(study))
    ours = everyone.take(inside & everyone.started)
    if not len(ours) and study.measures.empty:
        raise StudyError(
            "no pair of a programme arm has started and nobody has answered yet, so there is no "
            "pulse to take. Add the pairs, with their start dates, or the first survey."
        )
    last, found = _last(study, until), Gathered()
    smallest = max(10, study.design.privacy.smallest_interval)
    dated = _met(study, ours, last, found)
    if study.design.linked:
        _take(found, "response", answered.response(study, smallest))
    for outcome in answered.asked_on_the_way(study):
        _take(found, "quality", answered.quality(study, outcome, everyone, smallest))
    return Result(
        call=base.call("pulse", study, until=until),
        estimates=tuple(one for one in found.estimates if one.value is not None),
        tables=found.tables(TABLES),
        checks=_checks(study, found, until is not None, dated),
        dropped=_dropped(everyone, inside),
    )


def _take(found: Gathered, name: str, made: answered.Found) -> None:
    found.estimates += made[0]
    found.add(name, *made[1])


def _met(study: Study, ours: Pairs, last: np.datetime64, found: Gathered) -> bool:
    """Pairs and their meetings, arm by arm; whether all have the dates that months need."""
    dated = True
    for arm, own in ours.groups(programme_arms(study)):
        kept = meetings.diary(study, own, last)
        states = meetings.pairs_by_state(arm, own, kept, study.design.privacy.smallest_mean)
        found.add("pairs", *states)
        dated &= kept is not None
        if kept is not None:
            _take(found, "meetings", meetings.months(arm, own, kept))
    return dated


def _last(study: Study, until: date | None) -> np.datetime64:
    """The last day covered, not beyond the programme's end."""
    if until is None:
        return observed_until(study)
    if not isinstance(until, date):
        raise TypeError(f"until is a date, as datetime.date(2026, 1, 31), not {until!r}")
    day = pd.Timestamp(until)
    known = _latest(study)
    if known is not None and known > day:
        raise StudyError(
            f"until is {day:%Y-%m-%d}, but the data reach {known:%Y-%m-%d}: give the last day "
            f"that they cover."
        )
    end = study.design.end
    return np.datetime64(day if end is None else min(day, pd.Timestamp(end)), "ns")


def _latest(study: Study) -> pd.Timestamp | None:
    """The last day on which something is recorded or was answered."""
    given = set(study.measures.loc[study.measures["value"].notna(), "wave"].unique())
    days = [wave_day(study, wave) for wave in study.design.waves if wave.name in given]
    days += [study.meetings["date"].max(), study.records["date"].max()]
    known = [pd.Timestamp(day) for day in days if day is not None and not pd.isna(day)]
    return max(known, default=None)


def _checks(study: Study, found: Gathered, given: bool, dated: bool) -> tuple[Check, ...]:
    """What the pulse needs, and whether it is there; the names alone leave with a release."""
    design, rows = study.design, {table.name for table in found.tables(TABLES)}
    asked = answered.asked_on_the_way(study)
    plan = None not in (design.planned_meetings, design.start, design.end)
    silent = [one.name for one in asked if one.favourable is None or one.direction != 1]
    process = [one for one in asked if one.process is not None]
    needs = (
        ("last day given", given, "The last day known to the data stands for today: give `until`."),
        ("person ids", design.linked, "Answers carry no person ids: who was asked is not known."),
        ("pairs that started", "pairs" in rows, "No pair of a programme arm has started."),
        ("dates of meetings", dated, "Months and silence need meetings and starts with dates."),
        ("planned meetings", plan, "A plan needs planned_meetings, start and end in [design]."),
        ("questions on the way", bool(process), "No reaction has a `process` in study.toml."),
        ("answers after the start", "quality" in rows, "No reaction has an answer yet."),
        ("favourable declared", not silent,
         f"No limits without a `favourable` code, or with lower as better: {base.seen(silent)}."),
    )  # fmt: skip
    return tuple(Check(name, fine, "" if fine else needed) for name, fine, needed in needs)


def _dropped(everyone: Pairs, inside: np.ndarray) -> tuple[Dropped, ...]:
    gone = everyone.take(inside & ~everyone.started)
    if not len(gone):
        return ()
    return (Dropped("pair that never started", gone.behind().n_people, len(gone)),)
