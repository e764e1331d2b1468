"""One drawn cohort as the five tables of a study: ids, dates and rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rmresearch.world.draw import Draw
from rmresearch.world.tables.answers import measures
from rmresearch.world.tables.base import One, Texts, day, frame, wave_days
from rmresearch.world.tables.events import records
from rmresearch.world.tables.people import DEPARTMENTS, meetings, pairs, participants

__all__ = ["DEPARTMENTS", "day", "frame", "tables", "wave_days"]


def tables(
    drawn: Draw, replicate: int = 0, *, before: int = 0, pairs_in_all: int | None = None
) -> dict[str, pd.DataFrame]:
    """The five tables of one cohort, with the columns and types of ``study.TABLES``.

    Of a piece of a cohort: ``before`` sets have ids already, and ids are as long as those of
    ``pairs_in_all`` have to be.
    """
    scenario = drawn.scenario
    width = max(3, len(str(pairs_in_all or scenario.pairs)))
    shape = (scenario.sets, scenario.levers.juniors)

    def ids(letter: str, count: int) -> Texts:
        first = before * count // scenario.sets + 1
        numbers = range(first, first + count)
        return np.array([f"{letter}{number:0{width}d}" for number in numbers], object)

    one = One(
        drawn=drawn,
        replicate=replicate,
        senior=ids("S", scenario.sets),
        junior=ids("J", scenario.pairs).reshape(shape),
        pair=ids("P", scenario.pairs).reshape(shape),
    )
    return {
        "participants": participants(one),
        "pairs": pairs(one),
        "measures": measures(one),
        "meetings": meetings(one),
        "records": records(one),
    }
