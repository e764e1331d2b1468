"""One row an answer: who gave it, in which arm and at which wave, and who belongs with whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People
from rmresearch.analysis.mixed.by_pair import scores
from rmresearch.errors import FitError, StudyError, did_you_mean
from rmresearch.result import Dropped
from rmresearch.study import Outcome, Study, Wave

__all__ = ["LEVELS", "Frame", "Part", "frame", "random_part"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

#: the units whose answers may be alike, the finest first, and how a table calls them
LEVELS: Mapping[str, str] = {
    "person": "between people",
    "pair": "between pairs",
    "partner": "between partners",
    "set": "between sets of linked pairs",
}


@dataclass(frozen=True, slots=True)
class Part:
    """The people whose means stand together: a role in an arm ("" where there are none)."""

    role: str
    arm: str


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The answers of one model: arrays (n,) run over answers, codes count from 0.

    ``person`` says whose answer it is in ``people``, ``wave`` at which of ``waves``, ``part`` in
    which of ``parts``. ``pair`` is None where somebody has several and answers name none of them,
    ``partner`` unless they do.
    """

    outcome: Outcome
    role: str
    about: str
    people: People
    waves: tuple[Wave, ...]
    parts: tuple[Part, ...]
    y: Array
    person: Codes
    wave: Codes
    part: Codes
    pair: Codes | None
    partner: Codes | None
    sets: Codes

    @property
    def months(self) -> Array:
        """When each answer was given."""
        return np.array([wave.months for wave in self.waves])[self.wave]

    @property
    def cluster(self) -> Codes:
        """The unit of independence of each answer."""
        return self.people.cluster[self.person].astype(np.intp)

    @property
    def one_set(self) -> bool:
        """Whether all the people hang together: what they share cannot be told from the means."""
        return len(np.unique(self.sets)) == 1

    def unit(self, name: str) -> Codes:
        """The codes of a unit; ``StudyError`` where people have no single one."""
        if name == "person":
            return self.person
        if name == "set":
            return self.sets
        if name == "partner" and self.pair is not None:
            if self.partner is None:
                raise StudyError(
                    f"{self.about}: nobody is in several pairs with an answer for each, so "
                    f"partners cannot be told from people."
                )
            return self.partner
        if self.pair is None:
            raise StudyError(
                f"{self.about}: some people are in several pairs, so answers have no single pair; "
                f"random = ('person', 'set') lets the people of linked pairs be alike."
            )
        return self.pair


def frame(
    study: Study, outcome: Outcome, group: People, about: str, role: str
) -> tuple[Frame, tuple[Dropped, ...]]:
    """The answers of ``group`` at every wave; those given after a crossover are left out."""
    waves = base.waves_with_answers(study, outcome)
    few = StudyError(f"{about}: answers at fewer than two waves cannot vary over time.")
    if len(waves) < 2:
        raise few
    found = scores(study, outcome, group, waves)
    values, owner = found.values, found.owner
    crossed = np.column_stack([base.crossed_over(study, group, wave) for wave in waves])[owner]
    late = np.isfinite(values) & crossed
    values = np.where(crossed, np.nan, values)
    placed = (group.arm != "") | (not study.design.arms)
    rows = np.isfinite(values).any(axis=1)
    answered = np.isin(np.arange(len(group)), owner[rows])
    gone = [
        *base.dropped(f"{about}: no arm recorded", ~placed),
        *base.dropped(f"{about}: no answer that counts", placed & ~answered),
    ]
    if late.any():
        people = len(np.unique(owner[late.any(axis=1)]))
        gone.append(Dropped(f"{about}: answered after crossing over", people, int(late.sum())))
    inside = placed & answered
    kept = inside[owner] & rows
    people_in, values, owner = group.take(inside), values[kept], owner[kept]
    owner = np.cumsum(inside)[owner] - 1
    told = [k for k in range(len(waves)) if np.isfinite(values[:, k]).any()]
    if len(told) < 2:
        raise few
    row, wave = np.nonzero(np.isfinite(values[:, told]))
    y, person = values[:, told][row, wave], owner[row].astype(np.intp)
    partner = None if found.partner is None else found.partner[kept][row]
    roles = study.participants.set_index("person")["role"].reindex(pd.Index(people_in.ids))
    own = [(str(one), str(arm)) for one, arm in zip(roles, people_in.arm, strict=True)]
    parts = sorted(set(own), key=lambda one: (one[0] != "senior", _place(study, one[1])))
    made = Frame(
        outcome=outcome,
        role=role,
        about=about,
        people=people_in,
        waves=tuple(waves[k] for k in told),
        parts=tuple(Part(*one) for one in parts),
        y=y,
        person=person,
        wave=wave.astype(np.intp),
        part=np.array([parts.index(one) for one in own], np.intp)[person],
        pair=_pairs(people_in, person) if partner is None else row.astype(np.intp),
        partner=partner,
        sets=_coded(study.sets().reindex(pd.Index(people_in.ids)).to_numpy(object))[person],
    )
    return made, tuple(gone)


def _place(study: Study, arm: str) -> int:
    names = [one.name for one in study.design.arms]
    return names.index(arm) if arm in names else -1


def _pairs(people: People, person: Codes) -> Codes | None:
    """Each answer's pair, whoever is in none standing alone; None where somebody has several."""
    held = [people.pairs.get(str(one), ()) for one in people.ids]
    if any(len(pairs) > 1 for pairs in held):
        return None
    names = [f"pair {pairs[0]}" if pairs else f"alone {i}" for i, pairs in enumerate(held)]
    return _coded(np.array(names, object))[person]


def _coded(names: NDArray[np.object_]) -> Codes:
    return np.asarray(pd.factorize(names)[0], np.intp)


def random_part(made: Frame, asked: Sequence[str] | None) -> tuple[str, ...]:
    """The units of the random part, the finest first; by rule where none are asked for.

    The rule: pair, person and partner, crossed, where people have an answer for each of their
    pairs; else the person, and the set of linked pairs, called pair where each is one pair, if any
    holds several of the people analysed and there are several sets. Units that are the same groups
    in these data are refused by name.
    """
    if asked is None:
        if made.partner is not None:
            return _crossed(made)
        if _same(made, "person", "set") or made.one_set:
            return ("person",)
        return ("person", "pair" if made.pair is not None and _same(made, "pair", "set") else "set")
    unknown = [name for name in asked if name not in LEVELS]
    if unknown or not asked or len(set(asked)) < len(asked):
        hint = did_you_mean(unknown, LEVELS)
        raise ValueError(
            f"random takes each of {', '.join(LEVELS)} at most once, not {asked!r}.{hint}"
        )
    units = tuple(name for name in LEVELS if name in asked)
    for i, first in enumerate(units):
        for second in units[i + 1 :]:
            if _same(made, first, second):
                raise FitError(
                    f"{made.about}: {first} and {second} are the same groups in these data, so "
                    f"their variances cannot be told apart. Name one of them."
                )
    return units


def _crossed(made: Frame) -> tuple[str, ...]:
    """The pair, the person and the partner, less those that are the same groups as another."""
    units: tuple[str, ...] = ("pair",)
    for name in ("person", "partner"):
        if not any(_same(made, name, other) for other in units):
            units = (*units, name)
    return units


def _same(made: Frame, first: str, second: str) -> bool:
    """Whether two units divide the answers in the same way."""
    one, two = made.unit(first), made.unit(second)
    both = np.unique(np.column_stack([one, two]), axis=0)
    return len(both) == len(np.unique(one)) == len(np.unique(two))
