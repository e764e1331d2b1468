"""What each lever moves: the programme's effect with the lever pulled against as it stands."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import did_you_mean, kindly
from rmresearch.world.course import draw_course
from rmresearch.world.instruments import BURDEN, Instrument
from rmresearch.world.levers import GROUPS, Levers
from rmresearch.world.pairs import draw_pairs
from rmresearch.world.people import draw_people
from rmresearch.world.scenario import Scenario
from rmresearch.world.scores import gains, untreated
from rmresearch.world.strain import burden
from rmresearch.world.streams import Streams
from rmresearch.world.topics import of_pairs
from rmresearch.world.truth import wave_names

__all__ = ["lever_effects", "levers_pulled"]

Floats = NDArray[np.float64]
COLUMNS = (
    "lever", "end", "value", "now", "role", "outcome", "wave", "effect", "mc_error", "as_given",
    "replicates", "note",
)  # fmt: skip


@kindly
def lever_effects(scenario: Scenario, *, replicates: int = 400, seed: int = 0) -> pd.DataFrame:
    """How much more or less would the programme add, were one lever pulled to its end?

    Every lever is moved from where the scenario has it to each of its ends (numbers: the lowest
    and the highest legal; choices: each other one), alone, under the same seed, so that cohorts
    differ by the lever and nothing else (under another ``cadence`` or number of juniors, by chance
    as well, which ``mc_error`` counts in). ``effect`` is the change in what the programme adds to a
    true score (in SD of the eligible, mean over the people in the study, or over those of the
    programme where nobody is randomised); ``mc_error`` is the Monte Carlo standard error of that
    paired difference over ``replicates`` cohorts; ``as_given`` is what the programme adds as the
    scenario stands. One row a lever, end, scale that is asked and follow-up wave. An end that the
    scenario cannot have says so in ``note``, and its numbers are NaN. A format with groups brings
    two juniors to a senior.

    Raises ``TypeError`` for what is no ``Scenario`` and ``ValueError`` for fewer than two
    replicates, an impossible seed, or a scenario that asks no scale.

    >>> moved = lever_effects(Scenario(pairs=20), replicates=20, seed=1).set_index("lever")
    >>> clear = moved.loc["goal_clarity"].query("end == 'high' and wave == 'month6'")
    >>> bool((clear["effect"] > 0).all())
    True
    """
    if not isinstance(scenario, Scenario):
        raise TypeError(f"scenario is {type(scenario).__name__}; expected a Scenario")
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < 2:
        raise ValueError(f"replicates is {replicates!r}; expected a whole number from 2 on")
    given = _added(scenario, replicates, seed)
    if not given:
        asked = ", ".join(scenario.design.instruments)
        raise ValueError(f"design.instruments is {asked}; expected a scale that levers can move")
    rows: list[tuple[Any, ...]] = []
    for lever, end, value in _ends(scenario.levers):
        try:
            pulled, note = _added(_pulled(scenario, lever, value), replicates, seed), ""
        except ValueError as error:
            pulled, note = {}, str(error)
        now = getattr(scenario.levers, lever)
        for scale, usual in given.items():
            changes = pulled[scale] - usual if pulled else np.full_like(usual, np.nan)
            for index, wave in enumerate(wave_names(scenario)[1:]):
                change = changes[:, index]
                spread = float(change.std(ddof=1)) / math.sqrt(replicates)
                rows.append(
                    (lever, end, value, now, scale.role, scale.outcome, wave, float(change.mean()),
                     spread, float(usual[:, index].mean()), replicates, note)
                )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


@kindly
def levers_pulled(scenario: Scenario, *levers: str) -> dict[str, Scenario]:
    """Which scenarios differ from this one in a single lever, pulled to one of its ends?

    By name, "as it stands" first, then "cadence 1", "cadence 8", ...: of the ``levers`` named, or
    of all. An end that the scenario cannot have is left out (`lever_effects` says why it cannot).

    Raises ``TypeError`` for what is no ``Scenario`` and ``ValueError`` for what is no lever.

    >>> list(levers_pulled(Scenario(), "cadence", "other_department"))
    ['as it stands', 'other_department False', 'cadence 1', 'cadence 8']
    """
    if not isinstance(scenario, Scenario):
        raise TypeError(f"scenario is {type(scenario).__name__}; expected a Scenario")
    known = [field.name for field in dataclasses.fields(Levers)]
    wrong = [repr(name) for name in levers if name not in known]
    if wrong:
        hint = did_you_mean([name for name in levers if name not in known], known)
        raise ValueError(
            f"{', '.join(wrong)}: no lever; expected some of {', '.join(known)}.{hint}"
        )
    found = {"as it stands": scenario}
    for lever, _, value in _ends(scenario.levers):
        if not levers or lever in levers:
            with suppress(ValueError):
                found[f"{lever} {value}"] = _pulled(scenario, lever, value)
    return found


def _ends(levers: Levers) -> Iterator[tuple[str, str, Any]]:
    """Each lever's ends but where it stands: its name, which end, the value."""
    for field in dataclasses.fields(levers):
        now, legal = getattr(levers, field.name), field.metadata["legal"]
        if isinstance(now, str):
            ends = [("choice", one) for one in legal]
        elif isinstance(now, bool):
            ends = [("low", False), ("high", True)]
        else:
            ends = [("low", legal[0]), ("high", legal[-1])]
        yield from ((field.name, end, value) for end, value in ends if value != now)


def _pulled(scenario: Scenario, lever: str, value: Any) -> Scenario:
    """The scenario with one lever moved; raises ``ValueError`` where it cannot be."""
    changes = {lever: value}
    if lever == "format":
        group = value in GROUPS
        changes["juniors"] = max(2, scenario.levers.juniors) if group else 1
    return dataclasses.replace(scenario, levers=dataclasses.replace(scenario.levers, **changes))


def _added(scenario: Scenario, replicates: int, seed: int) -> dict[Instrument, Floats]:
    """What the programme adds on average to each true score: (replicate, follow-up wave)."""
    streams = Streams.of(seed)
    people = draw_people(scenario, replicates, streams)
    pairs = draw_pairs(scenario, people, streams)
    course = draw_course(scenario, people, pairs, streams)
    added = gains(scenario, people, untreated(scenario, people, streams), course)
    if BURDEN in scenario.design.instruments:
        topics = of_pairs(scenario, streams, replicates)
        added[BURDEN] = burden(scenario, people, pairs, course, topics)
    found = {}
    for scale in scenario.scales:
        if not scale.looks_back:
            there = people.programme_of(scale.side)[..., None]
            whom = np.ones_like(there) if scenario.randomised else there
            after = added[scale.name][..., 1:]
            found[scale] = (after * whom).sum(axis=1) / whom.sum(axis=1)
    return found
