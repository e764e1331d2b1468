"""How what is learnt comes and goes, and what each lever moves."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.courses import Monthly, month_lines
from rmresearch.report.figures.tornado import Pull, tornado
from rmresearch.report.tour.base import Array, scale_of, signed
from rmresearch.world.draw import draw
from rmresearch.world.explain import shown
from rmresearch.world.graph import NODES
from rmresearch.world.levers import Levers
from rmresearch.world.scenario import Scenario

__all__ = ["levers_ranked", "rise_and_fade"]

#: the longest a study can look
LONGEST = 24


def rise_and_fade(scenario: Scenario, *, replicates: int, seed: int) -> FigureBlock:
    """When is how much of seniors' digital skill there, and when is it gone?

    The same cohorts, seen every month for two years.
    """
    months = tuple(range(LONGEST + 1))
    drawn = draw(replace(scenario, design=replace(scenario.design, waves=months)), replicates, seed)
    gain = drawn.gain["digital_skill"]
    early = drawn.course.ended.min(axis=-1) > 0
    met = drawn.course.slots.any(axis=(-1, -2))
    lines = [
        _line("met to the end", gain, ~early & met),
        _line("all pairs", gain, np.ones_like(early)),
        _line("stopped early", gain, early),
    ]
    average = lines[1].values
    peak = max(months, key=lambda month: average[month])
    until = scenario.levers.duration
    left = average[min(until + 6, LONGEST)]
    return month_lines(
        lines,
        title=(
            f"Seniors' digital skill peaks at {signed(average[peak], 'SD')} in month {peak}; six "
            f"months after the end {signed(left, 'SD')} is left"
        ),
        unit="what the programme adds to seniors' digital skill, SD of the eligible",
        until=until,
        caption=(
            f"Means over {replicates} cohorts of {scenario.pairs} pairs. Profits of mentored firms "
            f"in Kenya came and went in the same way: highest in months 4 and 7, nothing left "
            f"after a year (Brooks et al. 2018)."
        ),
    )


def _line(series: str, gain: Array, sets: Array) -> Monthly:
    """The mean of the seniors of some sets, month by month."""
    there = sets[..., None]
    values = (gain * there).sum(axis=(0, 1)) / max(int(sets.sum()), 1)
    share = sets.mean()
    name = series if share == 1 else f"{series} ({share:.0%})"
    return Monthly(name, tuple(range(gain.shape[-1])), tuple(map(float, values)))


def levers_ranked(
    effects: pd.DataFrame, scenario: Scenario, outcome: str, *, wave: str = ""
) -> FigureBlock:
    """Which levers move an outcome, and which do not?

    ``effects`` is what `rm.lever_effects` found for this scenario; ``wave`` defaults to the last.
    """
    of_outcome = effects[effects["outcome"] == outcome]
    if of_outcome.empty:
        known = ", ".join(dict.fromkeys(effects["outcome"]))
        raise ValueError(f"outcome is {outcome!r}; the effects are of {known}")
    wave = wave or str(of_outcome["wave"].iloc[-1])
    rows = of_outcome[(of_outcome["wave"] == wave) & of_outcome["effect"].notna()]
    pulls = []
    for field in fields(Levers):
        mine = rows[rows["lever"] == field.name]
        if len(mine):
            ends = zip(map(_plain, mine["value"]), map(float, mine["effect"]), strict=True)
            now = _plain(getattr(scenario.levers, field.name))
            pulls.append(Pull(_named(field.name), now, tuple(ends)))
    ranked = sorted(pulls, key=lambda pull: -pull.reach)
    first, second, given = ranked[0], ranked[1], float(rows["as_given"].iloc[0])
    matching = next((pull.reach for pull in pulls if pull.label == "matching"), 0.0)
    scale = scale_of(scenario, outcome)
    return tornado(
        pulls,
        title=(
            f"{scale.label}: {first.label} and {second.label} move most, matching at most "
            f"{signed(matching, 'SD')} (the programme as it stands adds {signed(given, 'SD')})"
        ),
        unit=f"change in what the programme adds by {wave.replace('month', 'month ')}, SD",
        caption=(
            f"Each lever alone, from where it stands to its ends, in the same "
            f"{int(rows['replicates'].iloc[0])} cohorts; Monte Carlo errors up to "
            f"{float(rows['mc_error'].max()):.3f} SD. Rings are further choices."
        ),
    )


def _named(lever: str) -> str:
    """A lever in plain words: the graph's, where that has one node for it."""
    nodes = NODES.get(lever, ())
    return nodes[0] if len(nodes) == 1 else lever.replace("_", " ")


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else shown(value)
