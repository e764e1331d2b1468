"""Who takes part, who is paired with whom, and when they meet."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.world.course import REASONS
from rmresearch.world.scenario import Scenario
from rmresearch.world.tables.base import (
    DAYS_A_MONTH,
    One,
    dates,
    frame,
    month_end,
    named,
    wave_days,
    weekday,
)
from rmresearch.world.topics import TOPICS, starts_and_topics
from rmresearch.world.truth import COMPARISON, PROGRAMME

__all__ = ["DEPARTMENTS", "meetings", "pairs", "participants"]

DEPARTMENTS = (
    "Operations", "Finance", "Sales", "Technology", "People", "Marketing",
    "Legal", "Logistics", "Research", "Service", "Quality", "Purchasing",
)  # fmt: skip


def _crossover(scenario: Scenario) -> dt.date:
    """When waiting pairs start: the first Monday two weeks or more after the last wave."""
    after = wave_days(scenario)[-1] + dt.timedelta(days=14)
    return after + dt.timedelta(days=-after.weekday() % 7)


def participants(one: One) -> pd.DataFrame:
    """One row a person."""
    drawn, scenario = one.drawn, one.scenario
    r, people = one.replicate, drawn.people
    crowd = one.person.shape
    programme = np.broadcast_to(one.programme[:, None], crowd).ravel()
    department = people.department[r].ravel()
    site = np.broadcast_to(people.site[:, None], crowd).ravel()
    waits = scenario.comparison == "waitlist"
    later = np.datetime64(_crossover(scenario))
    role = np.array(["senior"] + ["junior"] * scenario.levers.juniors, object)
    columns = {
        "person": one.person.ravel(),
        "role": np.broadcast_to(role, crowd).ravel(),
        "arm": np.where(programme, PROGRAMME, COMPARISON).astype(object),
        "department": np.array(DEPARTMENTS, object)[department],
        "level": people.level[r].ravel(),
        "manager": named("M", department * scenario.design.sites + site + 1),
        "stratum": named("site ", site + 1) if scenario.stratified else None,
        "crossover_date": np.where(~programme & waits, later, np.datetime64("NaT", "D")),
    }
    made = frame("participants", columns, len(programme))
    return made.assign(interests=np.round(people.interests[r].ravel(), 1))


def pairs(one: One) -> pd.DataFrame:
    """One row a pair; those that wait have not started."""
    drawn, shape = one.drawn, one.pair.shape
    offset, topic = starts_and_topics(one.scenario, drawn.streams, one.replicate)
    starts = np.broadcast_to(one.programme[:, None], shape).ravel()
    ended = drawn.course.ended[one.replicate].ravel() * starts
    start = weekday(dates(one.scenario, np.repeat(offset, shape[1])), forward=True)
    start[~starts] = np.datetime64("NaT")
    reason = np.array([None, *REASONS[1:]], object)[drawn.course.reason[one.replicate].ravel()]
    reason[ended == 0] = None
    duration = one.scenario.levers.duration
    if duration < one.scenario.months:  # else they still met when the study ended
        through = starts & (ended == 0)
        ended = np.where(through, duration, ended)
        reason[through] = "planned"
    columns: dict[str, NDArray[Any]] = {
        "pair": one.pair.ravel(),
        "junior": one.junior.ravel(),
        "senior": np.repeat(one.senior, shape[1]),
        "start": start,
        "end": month_end(one.scenario, ended),
        "reason": reason,
        "topic": np.array(TOPICS, object)[topic.ravel()],
    }
    keep = np.repeat(one.paired, shape[1])
    return frame("pairs", {name: value[keep] for name, value in columns.items()}, keep.sum())


def meetings(one: One) -> pd.DataFrame:
    """Planned meetings that reached the log, held or not, of pairs that had not stopped."""
    scenario, course, r = one.scenario, one.drawn.course, one.replicate
    months, cadence = course.slots.shape[2:]
    nature, chance = scenario.nature, one.chance("meetings")
    shape = course.slots.shape[1:]
    logged = chance.random(shape) < nature.log_completeness
    wobble = chance.random(shape)
    minutes = 5 * np.rint(nature.meeting_minutes * (1 + 0.2 * chance.standard_normal(shape)) / 5)
    month = np.arange(1, months + 1)[:, None]
    ended = course.ended[r][:, None, :]
    going = ((ended == 0) | (month <= ended)) & (month <= scenario.levers.duration)
    planned = going & one.programme[:, None, None]  # (set, month, junior)
    place, at, slot, junior = np.nonzero(planned[:, :, None] & logged[..., None])
    # Between day 11 of a month, when every pair has started, and day 28, before any has stopped.
    within = 11 + (slot + 0.3 + 0.4 * wobble[place, at, slot]) * 17 / cadence
    held = course.slots[r][place, at, slot]
    columns = {
        "pair": one.pair[place, junior],
        "date": weekday(dates(scenario, np.floor(DAYS_A_MONTH * at + within)), forward=False),
        "held": held,
        "minutes": np.where(held, np.maximum(10, minutes[place, at, slot]), np.nan),
    }
    return frame("meetings", columns, len(place))
