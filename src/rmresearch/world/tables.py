"""One drawn cohort as the five tables of a study: ids, dates and rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.study import TABLES
from rmresearch.world.course import REASONS
from rmresearch.world.draw import Draw
from rmresearch.world.instruments import REACTIONS, SENIOR, Instrument
from rmresearch.world.scenario import Scenario
from rmresearch.world.truth import COMPARISON, PROGRAMME, wave_names

__all__ = ["DEPARTMENTS", "TOPICS", "day", "frame", "tables", "wave_days"]

Texts = NDArray[np.object_]
Ints = NDArray[np.int64]

DAYS_A_MONTH = 30.4375
DEPARTMENTS = (
    "Operations", "Finance", "Sales", "Technology", "People", "Marketing",
    "Legal", "Logistics", "Research", "Service", "Quality", "Purchasing",
)  # fmt: skip
TOPICS = (
    "assistants and automation",
    "collaboration tools",
    "social media",
    "younger customers",
    "inclusion in meetings",
)


@dataclass(frozen=True, slots=True)
class _One:
    """One cohort of a draw, with its ids."""

    drawn: Draw
    replicate: int
    senior: Texts  # (set,)
    junior: Texts  # (set, junior)
    pair: Texts  # (set, junior)

    @property
    def scenario(self) -> Scenario:
        return self.drawn.scenario

    @property
    def person(self) -> Texts:
        """Ids (set, person)."""
        return np.concatenate([self.senior[:, None], self.junior], axis=1)

    @property
    def programme(self) -> NDArray[np.bool_]:
        return np.asarray(self.drawn.people.programme[self.replicate])

    @property
    def paired(self) -> NDArray[np.bool_]:
        """Sets that are pairs; in an unpaired comparison the others are people on their own."""
        return self.programme if self.scenario.unpaired else self.programme | True

    def happened(self, months: NDArray[Any]) -> Ints:
        """(world, replicate, set, person) -> (set, person) in the world that happened."""
        with_it, without = months[1, self.replicate], months[0, self.replicate]
        return np.asarray(np.where(self.programme[:, None], with_it, without))

    def chance(self, cause: str) -> np.random.Generator:
        """Chance in what nobody's outcome depends on: dates, minutes, topics."""
        return self.drawn.streams.generator(f"tables.{cause}", self.replicate)


def tables(drawn: Draw, replicate: int = 0) -> dict[str, pd.DataFrame]:
    """The five tables of one cohort, with the columns and types of ``study.TABLES``."""
    scenario = drawn.scenario
    width = max(3, len(str(scenario.pairs)))
    shape = (scenario.sets, scenario.levers.juniors)

    def ids(letter: str, count: int) -> Texts:
        return np.array([f"{letter}{number:0{width}d}" for number in range(1, count + 1)], object)

    one = _One(
        drawn=drawn,
        replicate=replicate,
        senior=ids("S", scenario.sets),
        junior=ids("J", scenario.pairs).reshape(shape),
        pair=ids("P", scenario.pairs).reshape(shape),
    )
    return {
        "participants": _participants(one),
        "pairs": _pairs(one),
        "measures": _measures(one),
        "meetings": _meetings(one),
        "records": _records(one),
    }


def day(scenario: Scenario, months: float) -> dt.date:
    """The date so many months after the start."""
    return scenario.design.start + dt.timedelta(days=round(DAYS_A_MONTH * months))


def wave_days(scenario: Scenario) -> tuple[dt.date, ...]:
    """The dates of the waves; the first lies just before the first meeting."""
    return tuple(day(scenario, month) for month in scenario.design.waves)


def crossover(scenario: Scenario) -> dt.date:
    """When waiting pairs start: the first Monday two weeks or more after the last wave."""
    after = wave_days(scenario)[-1] + dt.timedelta(days=14)
    return after + dt.timedelta(days=-after.weekday() % 7)


def _participants(one: _One) -> pd.DataFrame:
    drawn, scenario = one.drawn, one.scenario
    r, people = one.replicate, drawn.people
    crowd = one.person.shape
    programme = np.broadcast_to(one.programme[:, None], crowd).ravel()
    department = people.department[r].ravel()
    site = np.broadcast_to(people.site[:, None], crowd).ravel()
    waits = scenario.comparison == "waitlist"
    later = np.datetime64(crossover(scenario))
    role = np.array(["senior"] + ["junior"] * scenario.levers.juniors, object)
    columns = {
        "person": one.person.ravel(),
        "role": np.broadcast_to(role, crowd).ravel(),
        "arm": np.where(programme, PROGRAMME, COMPARISON).astype(object),
        "department": np.array(DEPARTMENTS, object)[department],
        "level": people.level[r].ravel(),
        "manager": _named("M", department * scenario.design.sites + site + 1),
        "stratum": _named("site ", site + 1) if scenario.stratified else None,
        "crossover_date": np.where(~programme & waits, later, np.datetime64("NaT", "D")),
    }
    made = frame("participants", columns, len(programme))
    return made.assign(interests=np.round(people.interests[r].ravel(), 1))


def _named(prefix: str, numbers: Ints) -> Texts:
    return np.array([f"{prefix}{number}" for number in numbers.tolist()], object)


def _pairs(one: _One) -> pd.DataFrame:
    drawn, shape = one.drawn, one.pair.shape
    chance = one.chance("pairs")
    starts = np.broadcast_to(one.programme[:, None], shape).ravel()
    ended = drawn.course.ended[one.replicate].ravel() * starts
    offset = np.repeat(chance.integers(0, 8, shape[0]), shape[1])
    start = _weekday(_dates(one.scenario, offset), forward=True)
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
        "end": _month_end(one.scenario, ended),
        "reason": reason,
        "topic": np.array(TOPICS, object)[chance.integers(0, len(TOPICS), len(starts))],
    }
    keep = np.repeat(one.paired, shape[1])
    return frame("pairs", {name: value[keep] for name, value in columns.items()}, keep.sum())


def _dates(scenario: Scenario, days: NDArray[Any]) -> NDArray[np.datetime64]:
    return np.asarray(np.datetime64(scenario.design.start, "D") + days.astype(np.int64))


def _month_end(scenario: Scenario, month: Ints) -> NDArray[np.datetime64]:
    """The day before a month's last, NaT for month 0: nobody is asked after they have left."""
    days = _dates(scenario, np.floor(DAYS_A_MONTH * month) - 1)
    days[month == 0] = np.datetime64("NaT")
    return days


def _weekday(days: NDArray[np.datetime64], *, forward: bool) -> NDArray[np.datetime64]:
    return np.busday_offset(days, 0, roll="forward" if forward else "backward")


def _measures(one: _One) -> pd.DataFrame:
    scenario = one.scenario
    parts = [_scale(one, scale) for scale in scenario.scales]
    parts += [_reaction(one, item) for item in REACTIONS if item in scenario.design.instruments]
    return pd.concat(parts, ignore_index=True)


def _scale(one: _One, scale: Instrument) -> pd.DataFrame:
    """The answers as they are typed: reverse items stand reversed."""
    drawn, r = one.drawn, one.replicate
    codes = drawn.answers[scale.name].happened[r].astype(np.int64)
    turned = [number in scale.reverse for number in range(1, scale.items + 1)]
    codes[..., turned] = 6 - codes[..., turned]
    given = drawn.asked(scale)[r][..., None] & ~drawn.answers[scale.name].skipped[r]
    place, wave, item = np.nonzero(given)
    names = np.array([scale.item(number) for number in range(1, scale.items + 1)], object)
    described = (one.senior if scale.side == SENIOR else one.junior.ravel())[place]
    rater, pair = described, None
    if scale.rater == "partner":  # the first junior of a set rates its senior
        rater, pair = one.junior[place, 0], one.pair[place, 0]
    columns = {
        "person": described,
        "rater": rater,
        "pair": pair,
        "wave": np.array(wave_names(one.scenario), object)[wave],
        "item": names[item],
        "value": codes[given],
    }
    return frame("measures", columns, len(place))


def _reaction(one: _One, item: str) -> pd.DataFrame:
    drawn, r = one.drawn, one.replicate
    given = drawn.response[r] & one.programme[:, None, None]
    given[..., 0] = False
    place, person, wave = np.nonzero(given)
    ids = one.person[place, person]
    columns = {
        "person": ids,
        "rater": ids,
        "wave": np.array(wave_names(one.scenario), object)[wave],
        "item": np.full(len(place), item, object),
        "value": drawn.reactions[item][r][given],
    }
    return frame("measures", columns, len(place))


def _meetings(one: _One) -> pd.DataFrame:
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
        "date": _weekday(_dates(scenario, np.floor(DAYS_A_MONTH * at + within)), forward=False),
        "held": held,
        "minutes": np.where(held, np.maximum(10, minutes[place, at, slot]), np.nan),
    }
    return frame("meetings", columns, len(place))


def _records(one: _One) -> pd.DataFrame:
    """Leavers and promotions, in the world that happened."""
    parts = []
    for kind in ("left", "promoted"):
        months = one.happened(getattr(one.drawn.course, kind)).ravel()
        who = np.flatnonzero(months)
        columns = {
            "person": one.person.ravel()[who],
            "date": _month_end(one.scenario, months[who]),
            "kind": np.full(len(who), kind, object),
            "value": np.ones(len(who)),
        }
        parts.append(frame("records", columns, len(who)))
    return pd.concat(parts, ignore_index=True)


def frame(table: str, columns: Mapping[str, Any], rows: int) -> pd.DataFrame:
    """A table with all its columns and types; a column not given is missing throughout."""
    made = {}
    for name, kind in TABLES[table].items():
        values = columns.get(name)
        if kind == "text":
            texts = np.full(rows, None, object) if values is None else values
            made[name] = pd.Series(texts, dtype="str")
        elif kind == "date":
            days = np.full(rows, np.datetime64("NaT"), "M8[us]") if values is None else values
            made[name] = pd.Series(np.asarray(days, "M8[us]"))
        elif kind == "flag":
            made[name] = pd.Series(values, dtype=bool)
        else:
            numbers = np.full(rows, np.nan) if values is None else values
            made[name] = pd.Series(np.asarray(numbers, float))
    return pd.DataFrame(made)
