"""S2: two published sets about one variable and wave differ by nobody or by enough people.

Whoever has the mean of 24 people and that of 23 of them has the answer of the one. Numbers claim
the set of people behind them, the planned estimate first; a set too near to one that is published
already, here or in an earlier release, is refused. So each outcome and wave has one analysis set,
and beside it only sets that tell nobody apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rmresearch.privacy.crowds import Crowds, Flags
from rmresearch.privacy.rules import Limits
from rmresearch.privacy.subjects import Subject
from rmresearch.study import Outcome

__all__ = ["Claim", "Past", "PastSet", "Published", "refused"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A set of people (pseudonyms) that a number about ``subject`` would be published for."""

    subject: Subject
    members: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class PastSet:
    """A set published before: who of today's everybody, and who of the people since gone."""

    subject: Subject
    people: Flags
    gone: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What earlier releases published; ``roles`` has a letter (s, j, o) for each person gone."""

    sets: tuple[PastSet, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """The sets that a release publishes numbers for, among the people of ``crowds``."""

    crowds: Crowds = field(repr=False)
    claims: tuple[Claim, ...] = field(repr=False)


def refused(claims: Mapping[Claim, int], crowds: Crowds, past: Past | None = None) -> set[Claim]:
    """The claims that may not be published beside the others.

    ``claims`` maps each to its rank: lower ranks choose first, then earlier ones. What two sets
    differ by must reach S1's number of people for a mean.
    """
    past, design = past or Past(), crowds.study.design
    outcomes = {outcome.name: outcome for outcome in design.outcomes}
    smallest = Limits.of(design.privacy).mean
    groups: dict[str, list[Claim]] = {}
    for claim in sorted(claims, key=claims.__getitem__):  # stable: earlier first
        groups.setdefault(claim.subject.variable, []).append(claim)
    found: set[Claim] = set()
    for variable, group in groups.items():
        before = [one for one in past.sets if one.subject.variable == variable]
        sets = _Sets(crowds, outcomes.get(variable), smallest, past.roles)
        taken = sets.choose(group, before)
        found.update(claim for claim, kept in zip(group, taken, strict=True) if not kept)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    crowds: Crowds
    outcome: Outcome | None
    smallest: int
    gone: Sequence[str]

    def choose(self, claims: Sequence[Claim], before: Sequence[PastSet]) -> list[bool]:
        """Which of the claims are published, one after the other, beside what was before."""
        subjects = [one.subject for one in before] + [one.subject for one in claims]
        names = sorted({wave for subject in subjects for wave in subject.waves})
        at = np.array([[not s.waves or wave in s.waves for wave in (*names, "")] for s in subjects])
        at[:, -1] = [not subject.waves for subject in subjects]
        met = (at[:, None] & at).any(axis=2)
        near = self._near([(o.people, o.gone) for o in before], [c.members for c in claims]) & met
        kept = np.zeros(len(subjects), bool)
        kept[: len(before)] = True
        for i in range(len(before), len(subjects)):
            kept[i] = not (near[i] & kept).any()
        return [bool(one) for one in kept[len(before) :]]

    def _near(
        self, before: Sequence[tuple[Flags, Flags]], claims: Iterable[frozenset[str]]
    ) -> NDArray[np.bool_]:
        """Which sets differ by too few people, or by too few of one kind where one holds the
        other; (sets, sets)."""
        nobody = np.zeros(len(self.gone), bool)
        rows = [np.concatenate(one) for one in before]
        rows += [np.concatenate([self.crowds.people(one), nobody]) for one in claims]
        sets = np.array(rows)
        used = sets.any(axis=0)
        roles = np.concatenate([self.crowds.initials, np.array(self.gone, dtype="U1")])[used]
        counted = sets[:, used].astype(np.float32)  # counts below 2**24 are exact
        sizes, common = counted.sum(axis=1), counted @ counted.T
        apart = sizes[:, None] + sizes - 2 * common
        near = (apart > 0) & (apart < self.smallest)
        within = (apart > 0) & (common == sizes[:, None])  # row's set lies in column's
        for role in "sj":
            kind = counted[:, roles == role].sum(axis=1)
            more = kind - kind[:, None]
            near |= within & (more > 0) & (more < self.smallest)
        rated = self.outcome is not None and self.outcome.source == "partner"
        for i, j in np.argwhere(within & ~near & (rated | (apart < 2 * self.smallest))):
            near[i, j] = self._few(sets[j] & ~sets[i])
        either: NDArray[np.bool_] = near | near.T
        return either

    def _few(self, people: Flags) -> bool:
        """Pairs and answerers, which sums cannot count; people since gone make one pair."""
        here, gone = people[: len(people) - len(self.gone)], people[len(people) - len(self.gone) :]
        crowd = self.crowds.among(here, self.outcome)
        pairs = crowd.pairs + int(gone.any())
        return pairs < self.smallest or 0 < crowd.answerers < self.smallest
