"""A pilot as arrays: who answered what and when, who met, ended, left and rose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis.base import DAYS_A_MONTH
from rmresearch.errors import StudyError
from rmresearch.study import Outcome, Study, Wave
from rmresearch.world.instruments import ASKABLE, INSTRUMENTS, JUNIOR, SENIOR, Instrument

__all__ = ["COMPARISON", "PROGRAMME", "Pilot", "Scale", "pilot"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

#: positions on the arm axis; people of no arm are left out
COMPARISON, PROGRAMME = 0, 1
#: an answer scale needs three codes or more: two say nothing of a spread
FEWEST_CODES = 3
#: the answers that the world's instruments have
LOW, HIGH = 1.0, 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """A scale of the pilot that stands for one of the world's.

    ``codes`` (person, wave, item): how many of the scale's cut points the answer exceeds, reverse
    items turned back, NaN where there is none. ``cuts`` (K,): the cut points on the world's 1-5.
    """

    outcome: Outcome
    instrument: Instrument
    codes: Array
    cuts: Array

    @property
    def side(self) -> int:
        """SENIOR or JUNIOR: whom it describes."""
        return self.instrument.side


@dataclass(frozen=True, slots=True, eq=False)
class Pilot:
    """A study as arrays over its people and waves (the one before the start comes first).

    ``arm`` is COMPARISON, PROGRAMME or -1; ``cluster`` numbers the sets of connected pairs;
    ``department`` is -1 where none is recorded. ``answered`` (person, wave): gave any answer of
    their own; ``present`` (person, wave): had not left by then; ``untreated`` (person, wave): is
    asked before any programme of theirs, or is compared with. ``pairs`` (pair, 2): senior and
    junior, by position, where both are known.
    """

    study: Study
    person: pd.Index[str]
    months: Array
    side: Ints
    arm: Ints
    cluster: Ints
    department: Ints
    pairs: Ints
    answered: Flags
    present: Flags
    untreated: Flags
    left: Array
    promoted: Array
    scales: tuple[Scale, ...]
    notes: tuple[str, ...]

    @property
    def compared(self) -> bool:
        """Whether there is anybody to compare with."""
        return bool((self.arm == COMPARISON).any())

    def scale(self, name: str) -> Scale | None:
        """The scale that stands for the world's of that name, if the pilot has one."""
        return next((one for one in self.scales if one.instrument.name == name), None)

    @property
    def self_rated(self) -> tuple[Scale, ...]:
        """The scales that people answer about themselves."""
        return tuple(one for one in self.scales if one.instrument.rater == "self")


def pilot(study: Study) -> Pilot:
    """The arrays of a study; ``StudyError`` where it lacks what any calibration needs."""
    waves = _waves(study)
    table = study.participants
    person = pd.Index(table["person"])
    arm = _arms(study)
    days = np.array([_day(study, wave) for wave in waves], "datetime64[ns]")
    left, promoted = (_months_to(study, person, kind) for kind in ("left", "promoted"))
    months = np.array([wave.months for wave in waves])
    crossed = pd.to_datetime(table["crossover_date"]).to_numpy("datetime64[ns]")
    waits = np.isnat(crossed)[:, None] | np.isnat(days) | (crossed[:, None] > days)
    before = np.arange(len(waves)) == 0
    scales, notes = _scales(study, waves, person)
    answered = np.zeros((len(person), len(waves)), bool)
    rows = study.measures
    rater = rows["rater"].where(rows["rater"].notna(), rows["person"])
    at = person.get_indexer(pd.Index(rater)), _wave_of(rows, waves)
    known = (at[0] >= 0) & (at[1] >= 0) & rows["value"].notna().to_numpy()
    answered[at[0][known], at[1][known]] = True
    return Pilot(
        study=study,
        person=person,
        months=months,
        side=np.where(table["role"] == "senior", SENIOR, JUNIOR),
        arm=arm,
        cluster=pd.factorize(study.sets().reindex(person))[0].astype(np.int64),
        department=pd.factorize(table["department"])[0].astype(np.int64),
        pairs=_pairs(study, person),
        answered=answered,
        present=np.isnan(left)[:, None] | (left[:, None] > months),
        untreated=before | ((arm == COMPARISON)[:, None] & waits),
        left=left,
        promoted=promoted,
        scales=scales,
        notes=notes,
    )


def _waves(study: Study) -> tuple[Wave, ...]:
    """The baseline, then the waves after it."""
    design = study.design
    if not design.linked:
        raise StudyError(
            "the survey carried no person ids, so nobody's answers can be followed over time. "
            "Calibrate to a linked study."
        )
    if not design.follow_ups:
        raise StudyError(
            "the study has one wave; a calibration needs one before the start and one after."
        )
    waves = (design.baseline, *design.follow_ups)
    months = [round(wave.months) for wave in waves[1:]]
    if not (months[0] >= 1 and all(a < b for a, b in pairwise(months))):
        listed = ", ".join(f"{wave.name} {wave.months:g}" for wave in waves)
        raise StudyError(f"waves must lie at least a month apart after the start; found {listed}.")
    return waves


def _arms(study: Study) -> Ints:
    design = study.design
    if not design.arms:
        return np.full(len(study.participants), PROGRAMME, np.int64)
    code = {arm.name: PROGRAMME for arm in design.programme_arms}
    code |= {arm.name: COMPARISON for arm in design.arms if not arm.programme}
    return np.asarray(study.participants["arm"].map(code).fillna(-1), np.int64)


def _day(study: Study, wave: Wave) -> np.datetime64:
    if wave.day is not None:
        return np.datetime64(wave.day, "ns")
    if study.design.start is None:
        return np.datetime64("NaT", "ns")
    days = round(wave.months * DAYS_A_MONTH)
    return np.datetime64(study.design.start, "ns") + np.timedelta64(days, "D")


def _wave_of(rows: pd.DataFrame, waves: tuple[Wave, ...]) -> Ints:
    names = pd.Index([wave.name for wave in waves])
    return names.get_indexer(pd.Index(rows["wave"])).astype(np.int64)


def _months_to(study: Study, person: pd.Index[str], kind: str) -> Array:
    """In which month after the start something is recorded of each person, from 1; else NaN."""
    found = np.full(len(person), np.nan)
    rows = study.records[study.records["kind"] == kind]
    at = person.get_indexer(pd.Index(rows["person"]))
    if study.design.start is None or not len(rows):
        return found
    since = pd.to_datetime(rows["date"]).to_numpy("datetime64[ns]") - np.datetime64(
        study.design.start, "ns"
    )
    months = np.ceil((since / np.timedelta64(1, "D") + 1.0) / DAYS_A_MONTH)
    known = (at >= 0) & np.isfinite(months) & (months >= 1)
    # the first of several records of one person
    order = np.argsort(-months[known], kind="stable")
    found[at[known][order]] = months[known][order]
    return found


def _pairs(study: Study, person: pd.Index[str]) -> Ints:
    both = study.pairs[["senior", "junior"]].dropna()
    at = np.stack([person.get_indexer(pd.Index(both[side])) for side in both], axis=-1)
    return np.asarray(at[(at >= 0).all(axis=-1)], np.int64)


def _scales(
    study: Study, waves: tuple[Wave, ...], person: pd.Index[str]
) -> tuple[tuple[Scale, ...], tuple[str, ...]]:
    """Which of the study's scales stands for which of the world's, and what to say about it."""
    scales, notes = [], []
    for instrument, outcome in _matched(study):
        scale = _scale(study, waves, person, instrument, outcome)
        if not np.isin(scale.codes[np.isfinite(scale.codes)] % 1.0, 0.0).all():
            notes.append(f"{outcome.name} is left out: its items' answers are no whole numbers.")
            continue
        scales.append(scale)
        if outcome.name != instrument.name:
            notes.append(
                f"{outcome.name} stands for the scenario's {instrument.name}: the study has no "
                f"outcome of that name."
            )
    if not any(one.instrument.rater == "self" for one in scales):
        raise StudyError(
            "the study has no self-rated scale of two or more items with whole-number answers, "
            "asked before the start and after; a calibration reads reliability, spread and change "
            "from the items of such scales."
        )
    return tuple(scales), tuple(notes)


def _matched(study: Study) -> Iterator[tuple[Instrument, Outcome]]:
    """By name, then in declared order among the scales of the same role and rater."""
    usable = [one for one in study.design.outcomes if _usable(study, one)]
    named = {one.name: one for one in usable}
    others = [one for one in usable if one.name not in ASKABLE and one.direction > 0]
    for instrument in INSTRUMENTS:
        outcome = named.get(instrument.name)
        if outcome is None:
            same = [o for o in others if (o.role, o.source) == (instrument.role, instrument.rater)]
            outcome = same[0] if same else None
            others = [one for one in others if one is not outcome]
        if outcome is not None and (outcome.role, outcome.source) == (
            instrument.role,
            instrument.rater,
        ):
            yield instrument, outcome


def _usable(study: Study, outcome: Outcome) -> bool:
    """A repeated scale of items with whole-number answers, asked at the start and later."""
    low, high = outcome.low, outcome.high
    if low is None or high is None or outcome.timing != "repeated" or len(outcome.items) < 2:
        return False
    whole = low == int(low) and high == int(high) and high - low + 1 >= FEWEST_CODES
    asked = set(outcome.waves)
    later = asked & {wave.name for wave in study.design.follow_ups}
    return bool(whole and study.design.baseline.name in asked and later)


def _scale(
    study: Study,
    waves: tuple[Wave, ...],
    person: pd.Index[str],
    instrument: Instrument,
    outcome: Outcome,
) -> Scale:
    low, high = float(outcome.low or 0), float(outcome.high or 0)
    rows = study.measures[study.measures["item"].isin(outcome.items)]
    item = pd.Index(outcome.items).get_indexer(pd.Index(rows["item"]))
    turned = np.array([name in outcome.reverse for name in outcome.items])[item]
    value = rows["value"].to_numpy(float)
    value = np.where(turned, low + high - value, value) - low
    at = person.get_indexer(pd.Index(rows["person"])), _wave_of(rows, waves), item
    known = (at[0] >= 0) & (at[1] >= 0) & np.isfinite(value)
    codes = np.full((len(person), len(waves), len(outcome.items)), np.nan)
    # backwards: where several raters describe one person, the first one's answer stays
    codes[tuple(one[known][::-1] for one in at)] = value[known][::-1]
    count = int(high - low)
    width = (HIGH - LOW) / count
    cuts = np.asarray(LOW + width * (np.arange(count) + 0.5), float)
    return Scale(outcome, instrument, codes, cuts)
