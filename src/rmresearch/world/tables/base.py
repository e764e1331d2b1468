"""What the tables of a cohort share: its ids, its dates, and columns of the study's types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.study import TABLES
from rmresearch.world.draw import Draw
from rmresearch.world.scenario import Scenario

__all__ = ["One", "dates", "day", "frame", "month_end", "named", "wave_days", "weekday"]

Texts = NDArray[np.object_]
Ints = NDArray[np.int64]

DAYS_A_MONTH = 30.4375


@dataclass(frozen=True, slots=True)
class One:
    """One cohort of a draw, with its ids."""

    drawn: Draw
    replicate: int
    senior: Texts  # (set,)
    junior: Texts  # (set, junior)
    pair: Texts  # (set, junior)

    @property
    def scenario(self) -> Scenario:
        """What was drawn."""
        return self.drawn.scenario

    @property
    def person(self) -> Texts:
        """Ids (set, person)."""
        return np.concatenate([self.senior[:, None], self.junior], axis=1)

    @property
    def programme(self) -> NDArray[np.bool_]:
        """Which sets got the programme, (set,)."""
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
        """Chance in what nobody's outcome depends on: dates and minutes."""
        return self.drawn.streams.generator(f"tables.{cause}", self.replicate)


def day(scenario: Scenario, months: float) -> dt.date:
    """The date so many months after the start."""
    return scenario.design.start + dt.timedelta(days=round(DAYS_A_MONTH * months))


def wave_days(scenario: Scenario) -> tuple[dt.date, ...]:
    """The dates of the waves; the first lies just before the first meeting."""
    return tuple(day(scenario, month) for month in scenario.design.waves)


def named(prefix: str, numbers: Ints) -> Texts:
    """Ids of things that are only counted."""
    return np.array([f"{prefix}{number}" for number in numbers.tolist()], object)


def dates(scenario: Scenario, days: NDArray[Any]) -> NDArray[np.datetime64]:
    """The dates so many days after the start."""
    return np.asarray(np.datetime64(scenario.design.start, "D") + days.astype(np.int64))


def month_end(scenario: Scenario, month: Ints) -> NDArray[np.datetime64]:
    """The day before a month's last, NaT for month 0: nobody is asked after they have left."""
    days = dates(scenario, np.floor(DAYS_A_MONTH * month) - 1)
    days[month == 0] = np.datetime64("NaT")
    return days


def weekday(days: NDArray[np.datetime64], *, forward: bool) -> NDArray[np.datetime64]:
    """These days, or the next (``forward``) or last working day."""
    return np.busday_offset(days, 0, roll="forward" if forward else "backward")


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
