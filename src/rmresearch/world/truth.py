"""The truth of drawn cohorts: what the programme did to everyone, under the estimates' own keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import did_you_mean
from rmresearch.result import KEY
from rmresearch.world.draw import Draw
from rmresearch.world.instruments import (
    HARM,
    INSTRUMENTS,
    JUNIOR,
    JUNIORS,
    PERFORMANCE,
    SENIOR,
    TOOL_USE,
    USE,
    Instrument,
)
from rmresearch.world.recorded import Recorded
from rmresearch.world.scenario import Scenario
from rmresearch.world.scores import spilt

__all__ = [
    "ANSWERED_BOTH",
    "AS_ASSIGNED",
    "BY_FIT",
    "CAREER",
    "COMPARISON",
    "PROGRAMME",
    "Truth",
    "TruthRow",
    "arms_contrast",
    "truths",
    "wave_name",
    "wave_names",
]

#: what happens in working lives, by the names of records and of the course's arrays
CAREER = ("left", "promoted")

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: whom a truth is about, in the words of the estimates
AS_ASSIGNED = "everyone assigned, as assigned"
ANSWERED_BOTH = "people who answered both waves"
PROGRAMME, COMPARISON = "programme", "comparison"
#: the people of the programme in thirds of how well their pairs would get on
BY_FIT = ("programme, worst fit", "programme, middle fit", "programme, best fit")


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRow:
    """One true quantity; the fields down to ``term`` are the key it shares with an Estimate.

    ``latent``: in points of the score, had nobody flattered themselves, changed their standard or
    remembered wrongly. ``as_reported``: in points, with all of these. ``latent_sd``: the true
    score itself, in SD of the eligible at the start; of an event, its share once more. ``people``:
    how many people all three are the mean of; None for a truth about a population. All are numbers
    for a cohort, arrays (replicate,) for a draw.
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
    people: Any = None

    @property
    def key(self) -> tuple[str, ...]:
        """(role, outcome, wave, contrast, group, estimand, term), as ``Estimate.key``."""
        return tuple(getattr(self, name) for name in KEY)

    def of(self, replicate: int) -> TruthRow:
        """The row of one cohort of a draw."""
        return replace(
            self,
            latent=float(self.latent[replicate]),
            as_reported=float(self.as_reported[replicate]),
            latent_sd=float(self.latent_sd[replicate]),
            people=int(self.people[replicate]),
        )


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one cohort: rows by key, and the scenario and seed that made it.

    Effects ("programme - comparison") compare the two potential outcomes of the same people: with
    the programme, and had there been none at all (so nothing to spill over to them). In
    group "" they are all people in the study where pairs were randomised, else the people of the
    programme, in group "programme" always those, and in ``BY_FIT`` thirds of them by the true
    compatibility of their pairs (of a senior, the mean). Changes ("month6 - start") are what
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
        *,
        role: str = "",
    ) -> TruthRow:
        """The row of an outcome, wave, contrast (default: between arms), group and estimand.

        An outcome of both roles has rows for each: name the ``role``.
        """
        wanted = (outcome, wave, contrast or arms_contrast(self.scenario), group, estimand)
        for row in self.rows:
            found = (row.outcome, row.wave, row.contrast, row.group, row.estimand)
            if found == wanted and role in {"", row.role}:
                return row
        known = {name for row in self.rows for name in (row.outcome, row.wave)}
        hint = did_you_mean([name for name in (outcome, wave) if name not in known], known)
        raise KeyError(f"no truth for {', '.join(map(repr, wanted))}.{hint}")

    def __repr__(self) -> str:
        return f"Truth of a cohort, seed {self.seed}: {len(self.rows)} rows, see to_frame()"

    def to_frame(self) -> pd.DataFrame:
        """One row a true quantity, keyed as the frame of a Result is."""
        return pd.DataFrame([asdict(row) for row in self.rows])


def wave_names(scenario: Scenario) -> tuple[str, ...]:
    """The names of the waves: start, month3, month6, ..."""
    return tuple(wave_name(month) for month in scenario.design.waves)


def wave_name(month: int) -> str:
    """The name of the wave of a month."""
    return f"month{month}" if month else "start"


def arms_contrast(scenario: Scenario) -> str:
    """The contrast between arms as estimates name it; a single group lacks the other arm."""
    other = "no programme" if scenario.comparison == "none" else COMPARISON
    return f"{PROGRAMME} - {other}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One outcome of one role, each array (replicate, person, place); places are its waves.

    ``without`` the programme, ``honest`` and ``reported`` with it, and as it ``happened``;
    ``gain`` is what the programme adds to the true score, in SD, and ``true`` the score as it
    happened; ``seen`` whether an analysis has it. ``waves`` are the places among the study's.
    """

    role: str
    outcome: str
    side: int
    waves: tuple[int, ...]
    without: Floats
    honest: Floats
    reported: Floats
    happened: Floats
    gain: Floats
    true: Floats
    seen: Flags


def truths(drawn: Draw, outcome: str | None = None) -> tuple[TruthRow, ...]:
    """The truth of every cohort of a draw: rows whose numbers are arrays (replicate,).

    Effects average, over the people of a group, the score each would have with the programme
    minus the score each would have without it, answered with the same chances. Of one ``outcome``,
    a scale's, or of all.
    """
    scales = [one for one in drawn.scenario.scales if outcome in {None, one.outcome}]
    others = _records(drawn) if outcome is None or not scales else ()
    rows: list[TruthRow] = []
    for told in (*(_scale(drawn, scale) for scale in scales), *others):
        rows += _effects(drawn, told)
        rows += _changes(drawn, told)
    return tuple(rows)


def _scale(drawn: Draw, scale: Instrument) -> _Told:
    """A scale's scores; comparison people live beside the programme."""
    answers, count = drawn.answers[scale.name], len(drawn.scenario.design.waves)
    at, programme = scale.at(count), drawn.people.programme_of(scale.side)[..., None]
    happened, honest = answers.happened.mean(axis=-1), answers.honest.mean(axis=-1)
    gain = drawn.gain[scale.name]
    beside = spilt(drawn.scenario, drawn.people, scale, gain)
    added = np.where(programme, gain, 0.0 if beside is None else beside)
    return _Told(
        role=scale.role,
        outcome=scale.outcome,
        side=scale.side,
        waves=tuple(range(count)[at]),
        without=answers.without.mean(axis=-1),
        honest=honest,
        reported=answers.with_it.mean(axis=-1),
        happened=happened,
        gain=gain[..., at],
        true=(drawn.untreated[scale.name] + added)[..., at],
        seen=np.isfinite(drawn.observed(scale)[..., at]),
    )


def _records(drawn: Draw) -> Iterator[_Told]:
    """What is recorded: who has left and risen so far, and where a study asks for it the use of
    tools, performance, harm so far.
    """
    further, waves = drawn.further, len(drawn.scenario.design.waves)
    for kind in CAREER:
        yield from _career(drawn, kind)
    for kind, found in further.recorded.items():
        if kind == TOOL_USE:
            yield _use(drawn, found)
        else:
            yield from _performance(drawn, found)
    if further.harm is not None:
        flat = further.harm.reshape(2, drawn.replicates, -1, drawn.scenario.months)
        so_far = [flat[..., :month].any(axis=-1) for month in drawn.scenario.design.waves[1:]]
        without, with_it = np.stack(so_far, axis=-1).astype(float)
        yield _event(drawn, HARM, "junior", tuple(range(1, waves)), without, with_it)


def _career(drawn: Draw, kind: str) -> Iterator[_Told]:
    """Whether people of either role have left, or been promoted, by each wave after the start."""
    waves = drawn.scenario.design.waves
    month = getattr(drawn.course, kind)[..., None]
    by_then = (month > 0) & (month <= np.asarray(waves[1:]))
    for role, people in (("senior", slice(0, 1)), ("junior", JUNIORS)):
        without, with_it = (
            one[..., people, :].reshape(drawn.replicates, -1, len(waves) - 1).astype(float)
            for one in by_then
        )
        yield _event(drawn, kind, role, tuple(range(1, len(waves))), without, with_it)


def _use(drawn: Draw, found: Recorded) -> _Told:
    """How often seniors used the tools, and the behaviour behind it."""
    scale = next(one for one in INSTRUMENTS if one.name == USE)
    programme, gain = drawn.people.programme[..., None], drawn.gain[USE]
    beside = spilt(drawn.scenario, drawn.people, scale, gain)
    return _Told(
        role="senior",
        outcome=TOOL_USE,
        side=SENIOR,
        waves=tuple(range(gain.shape[-1])),
        without=found.without.astype(float),
        honest=found.with_it.astype(float),
        reported=found.with_it.astype(float),
        happened=found.happened.astype(float),
        gain=gain,
        true=drawn.untreated[USE] + np.where(programme, gain, 0.0 if beside is None else beside),
        seen=drawn.present()[..., SENIOR, :],
    )


def _performance(drawn: Draw, found: Recorded) -> Iterator[_Told]:
    """Ratings of both roles at the last wave."""
    last = (len(drawn.scenario.design.waves) - 1,)
    added = drawn.scenario.nature.junior_performance_gain * drawn.course.learning[..., -1]
    added[..., SENIOR] = 0.0
    for role, people in (("senior", slice(0, 1)), ("junior", JUNIORS)):
        without, with_it, gain = (
            one[..., people].reshape(drawn.replicates, -1, 1).astype(float)
            for one in (found.without, found.with_it, added)
        )
        yield replace(_event(drawn, PERFORMANCE, role, last, without, with_it), gain=gain)


def _event(
    drawn: Draw, kind: str, role: str, waves: tuple[int, ...], without: Floats, with_it: Floats
) -> _Told:
    """What has no score from before and no true score apart from it."""
    side = SENIOR if role == "senior" else JUNIOR
    programme = drawn.people.programme_of(side)[..., None]
    happened = np.where(programme, with_it, without)
    return _Told(
        role=role,
        outcome=kind,
        side=side,
        waves=waves,
        without=without,
        honest=with_it,
        reported=with_it,
        happened=happened,
        gain=with_it - without,
        true=happened,
        seen=np.ones(happened.shape, bool),
    )


def _effects(drawn: Draw, told: _Told) -> Iterator[TruthRow]:
    names, groups = wave_names(drawn.scenario), list(_groups(drawn, told.side))
    for place, wave in enumerate(told.waves):
        for group, people in groups:
            if wave > 0:
                before = told.without[..., place]
                yield TruthRow(
                    role=told.role,
                    outcome=told.outcome,
                    wave=names[wave],
                    contrast=arms_contrast(drawn.scenario),
                    group=group,
                    latent=_mean(told.honest[..., place] - before, people),
                    as_reported=_mean(told.reported[..., place] - before, people),
                    latent_sd=_mean(told.gain[..., place], people),
                    people=people.sum(axis=-1),
                )


def _groups(drawn: Draw, side: int) -> Iterator[tuple[str, Flags]]:
    """On whom effects are told: all in the study, those in the programme, these by their fit."""
    programme = drawn.people.programme_of(side)
    yield "", np.ones_like(programme) if drawn.scenario.randomised else programme
    yield PROGRAMME, programme
    fit = drawn.pairs.compatibility
    fit = fit.mean(axis=-1) if side == SENIOR else fit.reshape(drawn.replicates, -1)
    # The place among the programme's, the others behind them all.
    place = np.where(programme, fit, np.inf).argsort(axis=-1).argsort(axis=-1)
    third = 3 * place // np.maximum(programme.sum(axis=-1, keepdims=True), 1)
    for number, name in enumerate(BY_FIT):
        yield name, programme & (third == number)


def _changes(drawn: Draw, told: _Told) -> Iterator[TruthRow]:
    """What happened to the people of an arm, where it was asked or recorded at the start too."""
    if told.waves[0] > 0:
        return
    programme, names = drawn.people.programme_of(told.side), wave_names(drawn.scenario)
    honest = np.where(programme[..., None], told.honest, told.happened)
    for place, wave in enumerate(told.waves[1:], start=1):
        both = told.seen[..., 0] & told.seen[..., place]
        for group, estimand, people in _whom(drawn, programme, both):
            yield TruthRow(
                role=told.role,
                outcome=told.outcome,
                wave=names[wave],
                contrast=f"{names[wave]} - {names[0]}",
                group=group,
                estimand=estimand,
                latent=_mean(honest[..., place] - honest[..., 0], people),
                as_reported=_mean(told.happened[..., place] - told.happened[..., 0], people),
                latent_sd=_mean(told.true[..., place] - told.true[..., 0], people),
                people=people.sum(axis=-1),
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
