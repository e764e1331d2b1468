"""Means over cohorts with their intervals, and words for scales and levers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.display.numbers import number
from rmresearch.report.figures import Interval
from rmresearch.world.draw import Draw
from rmresearch.world.instruments import INSTRUMENTS, Instrument
from rmresearch.world.scenario import Scenario
from rmresearch.world.truth import wave_names

__all__ = ["LEVELS", "Z", "cohorts", "last_wave", "mean_row", "scale_of", "signed", "spread_row"]

Array = NDArray[Any]
#: normal quantile of 95% intervals of means over hundreds of cohorts
Z = 1.959963984540054
LEVELS = (0.025, 0.975)


def cohorts(values: Array) -> Array:
    """The mean of each cohort: everything but the first axis is averaged over."""
    return np.asarray(np.reshape(values, (len(values), -1)).mean(axis=1))


def mean_row(label: str, values: Array, *, group: str = "", main: bool = False) -> Interval:
    """The mean over cohorts with the 95% interval of its Monte Carlo error."""
    error = Z * values.std(ddof=1) / np.sqrt(len(values))
    mean = float(values.mean())
    return Interval(
        label=label, value=mean, low=mean - float(error), high=mean + float(error), group=group,
        main=main,
    )  # fmt: skip


def spread_row(label: str, values: Array, *, group: str = "", main: bool = False) -> Interval:
    """The mean over cohorts, and where 95% of the single cohorts lie."""
    known = values[np.isfinite(values)]
    low, high = (float(end) for end in np.quantile(known, LEVELS))
    return Interval(
        label=label, value=float(known.mean()), low=low, high=high, group=group, main=main
    )


def last_wave(scenario: Scenario) -> str:
    """The name of the last wave, as truths have it."""
    return wave_names(scenario)[-1]


def scale_of(drawn: Draw | Scenario, name: str) -> Instrument:
    """The scale of that name."""
    scenario = drawn.scenario if isinstance(drawn, Draw) else drawn
    known: Mapping[str, Instrument] = {scale.name: scale for scale in scenario.scored}
    return known.get(name) or next(one for one in INSTRUMENTS if one.name == name)


def signed(value: float, unit: str = "") -> str:
    """A change with its sign and unit, as titles say it."""
    return number(float(value), decimals=2, signed=True, unit=unit)
