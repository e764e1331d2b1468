"""How many people stand behind a number: distinct people, pairs, juniors, seniors and answerers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.study import ROLES, Outcome, Study

__all__ = ["Crowd", "Crowds", "Flags"]

Codes = NDArray[np.intp]
Flags = NDArray[np.bool_]  # one for each of ``Crowds.everybody``


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many distinct people, pairs, juniors, seniors and answerers stand behind a number.

    ``pairs`` counts an unpaired person as a pair of one. A kind that is not there counts 0 and
    does not constrain; ``arms`` are the people of each arm.
    """

    people: int = 0
    pairs: int = 0
    juniors: int = 0
    seniors: int = 0
    answerers: int = 0
    arms: tuple[int, ...] = ()

    @property
    def smallest(self) -> int:
        """The scarcest kind present; 0 where nobody is."""
        kinds = (self.people, self.pairs, self.juniors, self.seniors, self.answerers)
        return min((count for count in kinds if count), default=0)


@dataclass(frozen=True, eq=False)
class Crowds:
    """Counts the crowd behind any set of pseudonyms of one study (people, pairs or both).

    A report asks thousands of times, often for the same people: what was counted is kept.
    """

    study: Study = field(repr=False)
    _counted: dict[tuple[frozenset[str], Outcome | None], Crowd] = field(
        default_factory=dict, init=False, repr=False
    )
    _about: dict[Outcome, Codes] = field(default_factory=dict, init=False, repr=False)
    _found: dict[frozenset[str], tuple[Flags, Flags]] = field(
        default_factory=dict, init=False, repr=False
    )

    def of(self, members: frozenset[str], outcome: Outcome | None = None) -> Crowd:
        """The crowd behind a number whose members are these pseudonyms.

        Where the number's ``outcome`` was answered by others (partner ratings), these count too.
        """
        key = (members, outcome)
        if key not in self._counted:
            self._counted[key] = self._count(members, outcome)
        return self._counted[key]

    def people(self, members: frozenset[str]) -> Flags:
        """Who of everybody these pseudonyms mean; a pair means its people."""
        return self._who(members)[0]

    def among(self, people: Flags, outcome: Outcome | None = None) -> Crowd:
        """The crowd of these of everybody."""
        return self._crowd(people, np.zeros(len(self._pairs), bool), outcome)

    @cached_property
    def initials(self) -> NDArray[np.str_]:
        """Each of everybody's role by its first letter: s, j, or o for others."""
        return np.array(
            [{"senior": "s", "junior": "j"}.get(role, "o") for role in self._roles.tolist()],
            dtype="U1",
        )

    @cached_property
    def _kinds(self) -> dict[str, Flags]:
        return {initial: self.initials == initial for initial in "js"}

    def _who(self, members: frozenset[str]) -> tuple[Flags, Flags]:
        if members not in self._found:
            self._found[members] = self._find(members)
        return self._found[members]

    def _count(self, members: frozenset[str], outcome: Outcome | None) -> Crowd:
        return self._crowd(*self._who(members), outcome)

    def _crowd(self, people: Flags, named: Flags, outcome: Outcome | None) -> Crowd:
        everyone, answerers = people, 0
        if outcome is not None:
            about, rater = self._answered(outcome)
            if len(rater):
                others = np.zeros(len(people), bool)
                others[rater[people[about]]] = True
                everyone, answerers = people | others, _number(others)
        reached = np.append(people, False)[self._sides]  # side -1, nobody, is the last
        touched = _number(reached[:, 0] | reached[:, 1])
        count, pairs = _number(people), _number(named)
        arms = np.bincount(self._arms[people])
        return Crowd(
            people=count or pairs,
            pairs=pairs or touched + _number(people & ~self._paired),
            juniors=_number(everyone & self._kinds["j"]),
            seniors=_number(everyone & self._kinds["s"]),
            answerers=answerers,
            arms=tuple(arms[arms > 0].tolist()),
        )

    def _find(self, members: frozenset[str]) -> tuple[Flags, Flags]:
        """Who of everybody they are, and which pairs they name.

        The people of a named pair count; whoever the study does not know protects nobody.
        """
        texts = pd.Index(list(members), dtype=object)
        pair = self._pairs.get_indexer(texts)
        named = np.zeros(len(self._pairs), bool)
        named[pair[pair >= 0]] = True
        person = self.everybody.get_indexer(texts)[pair < 0]
        sides = self._sides[named]
        people = np.zeros(len(self.everybody), bool)
        people[np.concatenate([person[person >= 0], sides[sides >= 0]])] = True
        return people & self._known, named

    @cached_property
    def ids(self) -> frozenset[str]:
        """Every pseudonym in the study: none of them may ever leave."""
        study = self.study
        columns = [study.participants["person"], study.participants["manager"]]
        columns += [study.measures["rater"], study.measures["person"], study.pairs["pair"]]
        return frozenset(one for column in columns for one in column.dropna().unique().tolist())

    @cached_property
    def everybody(self) -> pd.Index[Any]:
        """Participants first, then whoever else is in a pair or answered about somebody."""
        study = self.study
        columns = [study.participants["person"], study.measures["rater"]]
        columns += [study.pairs[side] for side in ROLES]
        texts = [column.dropna().unique().astype(object) for column in columns]
        everybody: pd.Index[Any] = pd.Index(pd.unique(np.concatenate(texts)), dtype=object)
        return everybody

    @cached_property
    def _known(self) -> Flags:
        return np.arange(len(self.everybody)) < self.study.participants["person"].nunique()

    @cached_property
    def _roles(self) -> NDArray[np.object_]:
        return self._of_everybody("role")

    @cached_property
    def _arms(self) -> Codes:
        return np.asarray(pd.factorize(self._of_everybody("arm"))[0], np.intp)

    def _of_everybody(self, column: str) -> NDArray[np.object_]:
        """A participants' column, "" where nothing is recorded and for everybody else."""
        given = self.study.participants.drop_duplicates("person").set_index("person")[column]
        texts: NDArray[np.object_] = given.astype(object).reindex(self.everybody).to_numpy(object)
        return np.where(pd.isna(texts), "", texts)

    @cached_property
    def _pairs(self) -> pd.Index[Any]:
        names: pd.Index[Any] = pd.Index(self.study.pairs["pair"].to_numpy(object))
        return names

    @cached_property
    def _sides(self) -> Codes:
        """Each pair's people of everybody (pairs, 2); -1 where a side was not studied."""
        sides = [self.study.pairs[side].to_numpy(object) for side in ROLES]
        return np.column_stack([self.everybody.get_indexer(pd.Index(side)) for side in sides])

    @cached_property
    def _paired(self) -> Flags:
        return np.isin(np.arange(len(self.everybody)), self._sides)

    def _answered(self, outcome: Outcome) -> tuple[Codes, Codes]:
        """Whom others answered an outcome's items about, and who they were."""
        if outcome not in self._about:
            rows = self.study.measures
            rows = rows[rows["item"].isin(outcome.items) & rows["rater"].notna()]
            rows = rows[rows["rater"] != rows["person"]]
            codes = [self.everybody.get_indexer(pd.Index(rows[c])) for c in ("person", "rater")]
            pairs = np.unique(np.column_stack(codes), axis=0)
            self._about[outcome] = pairs[pairs[:, 0] >= 0].T
        about, rater = self._about[outcome]
        return about, rater


def _number(flags: Flags) -> int:
    return int(np.count_nonzero(flags))
