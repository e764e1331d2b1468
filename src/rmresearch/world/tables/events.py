"""What the organisation recorded: leavers, promotions, and what a study asks to be recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.world.instruments import HARM, PERFORMANCE, TOOL_USE
from rmresearch.world.recorded import Recorded
from rmresearch.world.tables.base import One, Texts, frame, month_end, wave_days

__all__ = ["records"]


def records(one: One) -> pd.DataFrame:
    """One row an event or a count, in the world that happened."""
    return pd.concat(list(_parts(one)), ignore_index=True)


def _parts(one: One) -> Iterator[pd.DataFrame]:
    course, further = one.drawn.course, one.drawn.further
    for kind in ("left", "promoted"):
        months = one.happened(getattr(course, kind)).ravel()
        who = np.flatnonzero(months)
        day = month_end(one.scenario, months[who])
        yield _rows(kind, one.person.ravel()[who], day, np.ones(len(who)))
    if further.harm is not None:
        with_it, without = further.harm[1, one.replicate], further.harm[0, one.replicate]
        place, junior, month = np.nonzero(np.where(one.programme[:, None, None], with_it, without))
        yield _rows(HARM, one.junior[place, junior], month_end(one.scenario, month + 1), 1.0)
    for kind, found in further.recorded.items():
        yield _tool_use(one, found) if kind == TOOL_USE else _performance(one, found)


def _tool_use(one: One, found: Recorded) -> pd.DataFrame:
    """Of seniors who have not left: the count of the month before each wave, on its day."""
    place, wave = np.nonzero(one.drawn.present()[one.replicate][:, 0])
    days = np.array(wave_days(one.scenario), "M8[D]")
    return _rows(
        TOOL_USE, one.senior[place], days[wave], found.happened[one.replicate][place, wave]
    )


def _performance(one: One, found: Recorded) -> pd.DataFrame:
    """Of everybody who has not left: the rating on the last wave's day."""
    there = one.drawn.present()[one.replicate][..., -1]
    last = np.full(int(there.sum()), wave_days(one.scenario)[-1], "M8[D]")
    return _rows(PERFORMANCE, one.person[there], last, found.happened[one.replicate][there])


def _rows(kind: str, person: Texts, day: NDArray[np.datetime64], value: Any) -> pd.DataFrame:
    rows = len(person)
    columns = {
        "person": person,
        "date": day,
        "kind": np.full(rows, kind, object),
        "value": np.broadcast_to(value, rows),
    }
    return frame("records", columns, rows)
