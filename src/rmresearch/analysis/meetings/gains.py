"""Gains and meetings side by side: a row a person and interval between two measurements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People
from rmresearch.analysis.base.pairs import Pairs, pairs, programme_arms
from rmresearch.analysis.meetings.log import Log, read_log
from rmresearch.errors import StudyError
from rmresearch.result import Dropped
from rmresearch.study import Outcome, Study, Wave

__all__ = ["Gains", "Logged", "gains", "logged"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Flags = NDArray[np.bool_]

#: two intervals
WAVES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """The pairs of programme arms that started, with their log of dated or counted meetings.

    ``held`` (pairs, waves) counts the meetings since the wave before; ``lost`` those that fall
    into no interval; ``reported`` (pairs,) says who has any row.
    """

    pairs: Pairs
    held: NDArray[np.int64]
    lost: int
    reported: Flags


def logged(study: Study) -> Logged:
    """The log of a study, or why it cannot say how often each pair met in each interval."""
    everyone = pairs(study)
    inside = np.isin(everyone.arm, programme_arms(study))
    ours = everyone.take(inside & everyone.started)
    if not len(ours):
        raise StudyError("no pair in a programme arm has started, so nobody can have met.")
    log: Log = read_log(study, ours)
    if not log.counts:
        raise StudyError(
            "the log says whether pairs met between two waves, not how often, so learning cannot "
            "be held against the number of meetings. Log each meeting with its date."
        )
    held = np.zeros((len(ours), len(study.design.waves)), np.int64)
    placed = log.held & (log.wave >= 0)
    np.add.at(held, (log.pair[placed], log.wave[placed]), 1)
    lost = int((log.held & (log.wave < 0)).sum())
    if not log.held.any():
        raise StudyError(
            "no pair has met, so nobody can say whether those who meet more gain more."
        )
    if not held.any():
        raise StudyError(
            "no meeting falls between two waves. Give the meetings dates, and the waves dates or "
            "the design a start."
        )
    return Logged(ours, held, lost, log.reported())


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """One row a person and interval; arrays (n,) run over rows, codes count from 0.

    ``interval`` indexes ``intervals`` (the waves at its ends), ``person`` the ``people``; ``cell``
    are codes of arm and interval; ``start`` is the score before the programme.
    """

    about: str
    people: People
    intervals: tuple[tuple[Wave, Wave], ...]
    gain: Array
    meetings: Array
    start: Array
    person: Codes
    interval: Codes
    cell: Codes

    @property
    def usual(self) -> Array:
        """A person's mean number of meetings over their own intervals, at each of the rows."""
        count = np.bincount(self.person)
        mean: Array = np.bincount(self.person, weights=self.meetings) / count
        return mean[self.person]

    @property
    def cluster(self) -> Codes:
        """The unit of independence of each row."""
        return self.people.cluster[self.person].astype(np.intp)


def gains(
    study: Study, outcome: Outcome, group: People, found: Logged, *, reported: bool
) -> tuple[Gains, tuple[Dropped, ...]]:
    """The gains of one role in the programme; of people whose pairs ``reported``, or of all.

    ``StudyError`` where nobody's gain is known in two intervals: then nothing tells a person's
    own ups and downs from differences between people.
    """
    about = f"{outcome.name}, {study.design.role_label(group.role)}"
    waves = base.waves_with_answers(study, outcome)
    few = StudyError(
        f"{about}: nobody in the programme has a gain in two intervals (that takes answers at "
        f"three waves, the first before the start), so a person's own ups and downs cannot be "
        f"told from differences between people."
    )
    if len(waves) < WAVES or not waves[0].baseline:
        raise few
    wanted = found.reported if reported else np.ones(len(found.pairs), bool)
    everybodys = _held(study, group, found, wanted)
    inside = (everybodys.pairs > 0) & np.isin(group.arm, programme_arms(study))
    people, held = group.take(inside), everybodys.meetings[inside]
    wide = study.wide(outcome)
    scores = np.column_stack([people.values(wide[wave.name]) for wave in waves])
    gain = np.diff(scores, axis=1)
    known = np.isfinite(gain) & np.isfinite(scores[:, :1])
    if len(people) == 0 or known.any(axis=0).sum() < 2 or not (known.sum(axis=1) > 1).any():
        raise few
    enters = np.asarray(known.any(axis=1), bool)
    gone = base.dropped(f"{about}: no gain between two waves", ~enters)
    return _rows(study, about, people.take(enters), waves, held[enters],
                 (scores[enters], known[enters])), gone  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Each person's number of pairs (n,) and of meetings in each wave's interval (n, waves)."""

    pairs: NDArray[np.intp]
    meetings: NDArray[np.int64]


def _held(study: Study, group: People, found: Logged, wanted: Flags) -> _Held:
    """The meetings of each person's wanted pairs together."""
    person = pd.Index(group.ids).get_indexer(pd.Index(study.pairs[group.role]))
    pair = pd.Index(found.pairs.ids).get_indexer(pd.Index(study.pairs["pair"]))
    known = (person >= 0) & (pair >= 0)
    known[known] = wanted[pair[known]]
    person, pair = person[known], pair[known]
    meetings = np.zeros((len(group), found.held.shape[1]), np.int64)
    np.add.at(meetings, person, found.held[pair])
    return _Held(np.bincount(person, minlength=len(group)), meetings)


def _rows(
    study: Study,
    about: str,
    people: People,
    waves: tuple[Wave, ...],
    held: NDArray[np.int64],
    answers: tuple[Array, Flags],
) -> Gains:
    scores, known = answers
    order = [list(study.design.waves).index(wave) for wave in waves]
    total = np.cumsum(held, axis=1)[:, order]
    # meetings at waves that nobody answered belong to the interval that spans them
    between = np.diff(total, axis=1)
    used = np.flatnonzero(known.any(axis=0))
    person, interval = np.nonzero(known[:, used])
    arms = np.unique(people.arm.astype(str), return_inverse=True)[1]
    cell = arms[person] * len(used) + interval
    return Gains(
        about=about,
        people=people,
        intervals=tuple((waves[k], waves[k + 1]) for k in used),
        gain=np.diff(scores, axis=1)[:, used][person, interval],
        meetings=between[:, used][person, interval].astype(float),
        start=scores[person, 0],
        person=person.astype(np.intp),
        interval=interval.astype(np.intp),
        cell=np.unique(cell, return_inverse=True)[1].astype(np.intp),
    )
