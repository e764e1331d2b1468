"""The truth of drawn cohorts: what the programme did to everyone, under the estimates' own keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.result import KEY
from rmresearch.world.draw import Draw
from rmresearch.world.instruments import Instrument
from rmresearch.world.scenario import Scenario
from rmresearch.world.scores import spilt

__all__ = [
    "ANSWERED_BOTH",
    "AS_ASSIGNED",
    "COMPARISON",
    "PROGRAMME",
    "Truth",
    "TruthRow",
    "arms_contrast",
    "truths",
    "wave_names",
]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: whom a truth is about, in the words of the estimates
AS_ASSIGNED = "everyone assigned, as assigned"
ANSWERED_BOTH = "people who answered both waves"
PROGRAMME, COMPARISON = "programme", "comparison"


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRow:
    """One true quantity; the fields down to ``term`` are the key it shares with an Estimate.

    ``latent``: in points of the score, had nobody flattered themselves. ``as_reported``: in
    points, self-report inflation on. ``latent_sd``: the true score itself, in SD of the eligible
    at the start. All three are floats for a cohort, arrays (replicate,) for a draw.
    """

    role: str
    outcome: str
    wave: str
    contrast: str
    group: str = ""
    estimand: str = AS_ASSIGNED
    term: str = ""
    latent: Any
    as_reported: Any
    latent_sd: Any

    @property
    def key(self) -> tuple[str, ...]:
        """(role, outcome, wave, contrast, group, estimand, term), as ``Estimate.key``."""
        return tuple(getattr(self, name) for name in KEY)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one cohort: rows by key, and the scenario and seed that made it.

    Effects ("programme - comparison") compare the two potential outcomes of the same people: with
    the programme, and had there been none at all (so nothing to spill over to them). In
    group "" they are all people in the study where pairs were randomised, else the people of the
    programme, and in group "programme" always those. Changes ("month6 - start") are what
    happened to the people of an arm, whatever its cause: to all of them, and to those whose
    answers there are at both waves. A truth about nobody has no row.
    """

    rows: tuple[TruthRow, ...]
    scenario: Scenario
    seed: int

    def row(
        self,
        outcome: str,
        wave: str,
        contrast: str = "",
        group: str = "",
        estimand: str = AS_ASSIGNED,
    ) -> TruthRow:
        """The row of an outcome, wave, contrast (default: between arms), group and estimand."""
        wanted = (outcome, wave, contrast or arms_contrast(self.scenario), group, estimand)
        for row in self.rows:
            if (row.outcome, row.wave, row.contrast, row.group, row.estimand) == wanted:
                return row
        raise KeyError(f"no truth for {', '.join(map(repr, wanted))}")

    def to_frame(self) -> pd.DataFrame:
        """One row a true quantity, keyed as the frame of a Result is."""
        return pd.DataFrame([asdict(row) for row in self.rows])


def wave_names(scenario: Scenario) -> tuple[str, ...]:
    """The names of the waves: start, month3, month6, ..."""
    return tuple(f"month{month}" if month else "start" for month in scenario.design.waves)


def arms_contrast(scenario: Scenario) -> str:
    """The contrast between arms as estimates name it; a single group lacks the other arm."""
    other = "no programme" if scenario.comparison == "none" else COMPARISON
    return f"{PROGRAMME} - {other}"


def truths(drawn: Draw) -> tuple[TruthRow, ...]:
    """The truth of every cohort of a draw: rows whose numbers are arrays (replicate,).

    Effects average, over the people of a group, the score each would have with the programme
    minus the score each would have without it, answered with the same chances.
    """
    rows: list[TruthRow] = []
    for scale in drawn.scenario.scales:
        rows += _effects(drawn, scale)
        rows += _changes(drawn, scale)
    return tuple(rows)


def _effects(drawn: Draw, scale: Instrument) -> Iterator[TruthRow]:
    answers = drawn.answers[scale.name]
    without = answers.without.mean(axis=-1)
    honest = answers.honest.mean(axis=-1) - without
    reported = answers.with_it.mean(axis=-1) - without
    programme = drawn.people.programme_of(scale.side)
    everyone = np.ones_like(programme) if drawn.scenario.randomised else programme
    for index, wave in enumerate(wave_names(drawn.scenario)[1:], start=1):
        for group, people in (("", everyone), (PROGRAMME, programme)):
            yield TruthRow(
                role=scale.role,
                outcome=scale.name,
                wave=wave,
                contrast=arms_contrast(drawn.scenario),
                group=group,
                latent=_mean(honest[..., index], people),
                as_reported=_mean(reported[..., index], people),
                latent_sd=_mean(drawn.gain[scale.name][..., index], people),
            )


def _changes(drawn: Draw, scale: Instrument) -> Iterator[TruthRow]:
    """What happened to the people of an arm; comparison people live beside the programme."""
    answers, programme = drawn.answers[scale.name], drawn.people.programme_of(scale.side)
    reported = answers.happened.mean(axis=-1)
    honest = np.where(programme[..., None], answers.honest.mean(axis=-1), reported)
    gain = drawn.gain[scale.name]
    beside = spilt(drawn.scenario, drawn.people, scale, gain)
    true = drawn.untreated[scale.name] + np.where(
        programme[..., None], gain, 0.0 if beside is None else beside
    )
    names = wave_names(drawn.scenario)
    seen = np.isfinite(drawn.observed(scale))
    for index, wave in enumerate(names[1:], start=1):
        both = seen[..., 0] & seen[..., index]
        for group, estimand, people in _whom(drawn, programme, both):
            yield TruthRow(
                role=scale.role,
                outcome=scale.name,
                wave=wave,
                contrast=f"{wave} - {names[0]}",
                group=group,
                estimand=estimand,
                latent=_mean(honest[..., index] - honest[..., 0], people),
                as_reported=_mean(reported[..., index] - reported[..., 0], people),
                latent_sd=_mean(true[..., index] - true[..., 0], people),
            )


def _whom(drawn: Draw, programme: Flags, both: Flags) -> Iterator[tuple[str, str, Flags]]:
    """The groups whose change is told; ``both`` marks answers at both waves."""
    arms = {PROGRAMME: programme, COMPARISON: ~programme}
    if drawn.scenario.comparison == "none":
        del arms[COMPARISON]
    for name, people in arms.items():
        yield name, AS_ASSIGNED, people
        yield name, ANSWERED_BOTH, people & both


def _mean(values: Floats, people: Flags) -> Floats:
    """The mean over the people of each replicate, NaN where there are none."""
    count = people.sum(axis=-1)
    total = (values * people).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
