"""Programmes in their middle: a simulated cohort of which only what is known by a day is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pandas as pd

from rmresearch.analysis.base.pairs import wave_day
from rmresearch.study import Study
from rmresearch.world.cohort import simulate
from rmresearch.world.instruments import ASKED
from rmresearch.world.levers import Setting
from rmresearch.world.scenario import Scenario

WAVES = (0, 3, 6, 9, 12)


def cut(study: Study, day: date) -> Study:
    """What is known by the end of a day: later answers, meetings, records and endings are not."""
    last = pd.Timestamp(day)
    days = {wave.name: wave_day(study, wave) for wave in study.design.waves}
    given = [name for name, one in days.items() if one is not None and one <= last]
    pairs = study.pairs.copy()
    later = pairs["end"] > last
    pairs.loc[later, "end"] = pd.NaT
    pairs.loc[later, "reason"] = None
    return replace(
        study,
        pairs=pairs,
        measures=study.measures[study.measures["wave"].isin(given)].reset_index(drop=True),
        meetings=study.meetings[study.meetings["date"] <= last].reset_index(drop=True),
        records=study.records[study.records["date"] <= last].reset_index(drop=True),
    )


@cache
def whole(pairs: int = 60, seed: int = 3) -> Study:
    """A programme of a year with monthly questions, run to its end."""
    asked = Setting(waves=WAVES, instruments=(*ASKED, "pulse"))
    return simulate(Scenario(pairs=pairs, design=asked), seed=seed).study


@cache
def midway(days: int = 135, pairs: int = 60, seed: int = 3) -> tuple[Study, date]:
    """The same so many days after its start, and that day."""
    study = whole(pairs, seed)
    if study.design.start is None:
        raise ValueError("a simulated cohort has a start")
    day = study.design.start + timedelta(days=days)
    return cut(study, day), day
