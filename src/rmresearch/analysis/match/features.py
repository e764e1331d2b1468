"""What makes two people fit, as known before the start: of each programme pair, and of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis.base.pairs import programme_arms
from rmresearch.declared import ROSTER_FEATURES
from rmresearch.errors import StudyError, did_you_mean
from rmresearch.pairing import fit
from rmresearch.study import ROLES, Likeness, Study

__all__ = ["Feature", "Recorded", "features_of", "known", "recorded"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
#: (senior, junior) cells up to which every possible pair's fit is kept, and computed at once
CELLS = 4_000_000
GAP, _ = ROSTER_FEATURES


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """The pairs of the programme arms: ``senior`` and ``junior`` are codes into the two frames."""

    ids: NDArray[np.object_]
    seniors: pd.DataFrame
    juniors: pd.DataFrame
    senior: Codes
    junior: Codes

    def __len__(self) -> int:
        return len(self.ids)

    def side(self, role: str) -> tuple[pd.DataFrame, Codes]:
        """The people of a role and their codes."""
        return (self.seniors, self.senior) if role == "senior" else (self.juniors, self.junior)


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """How well the two people of a pair fit in one respect, and what each brings to it.

    ``pair`` (pairs,): of the recorded pairs; ``every`` (seniors, juniors): of all, None in large
    studies. ``traits``: the main effects behind it by role: a person's own number, or, where
    answers are words, how well the person would fit with the others on average. ``additive``:
    the feature is a sum of the two traits, so that only one of them can stand beside it.
    ``asked`` is its declaration, None where it comes from the roster.
    """

    name: str
    compared: str
    pair: Array
    every: Array | None
    traits: dict[str, Array]
    additive: bool = False
    asked: Likeness | None = None

    @property
    def yes_no(self) -> bool:
        """Whether it is either there (1) or not (0)."""
        return bool(np.isin(self.pair[np.isfinite(self.pair)], (0.0, 1.0)).all())


def recorded(study: Study) -> Recorded:
    """The programme's pairs of which both people are known; none raises ``StudyError``."""
    if not study.design.linked:
        raise StudyError("answers carry no person ids, so nobody's gain or partner is known.")
    roster = study.participants.drop_duplicates("person")
    people = roster[roster["arm"].isin(programme_arms(study))] if study.design.arms else roster
    sides = [people[people["role"] == role].reset_index(drop=True) for role in ROLES]
    table = study.pairs.dropna(subset=["senior", "junior"])
    at = [
        pd.Index(side["person"]).get_indexer(pd.Index(table[role]))
        for side, role in zip(sides, ROLES, strict=True)
    ]
    both = (at[0] >= 0) & (at[1] >= 0)
    if not both.any():
        raise StudyError(
            "no pair of a programme arm has both a senior and a junior among the participants, so "
            "nobody can say how well pairs match. Add the pairs, or correct the arms."
        )
    held, codes = [], []
    for side, place in zip(sides, at, strict=True):
        used, code = np.unique(place[both], return_inverse=True)
        held.append(side.iloc[used].reset_index(drop=True))
        codes.append(code.astype(np.intp))
    ids = table["pair"].to_numpy(object)[both]
    return Recorded(ids, held[0], held[1], codes[0], codes[1])


def known(study: Study, wanted: Sequence[str] | None) -> list[Likeness | str]:
    """The features that a study declares or its roster gives; those ``wanted`` by name.

    An answer given during the programme is refused: it is partly an outcome. ``StudyError``.
    """
    table, matching = study.participants, study.design.matching
    found: dict[str, Likeness | str] = {one.name: one for one in matching.questions}
    taken = {column for one in matching.questions for column in (one.senior, one.junior)}
    for name, column in ROSTER_FEATURES.items():
        if column not in taken and table[column].notna().any():
            found.setdefault(name, name)
    if wanted is None:
        wanted = list(found)
    rated = {name for one in study.design.outcomes for name in (one.name, one.label)}
    wrong = [name for name in wanted if name not in found]
    if later := [name for name in wrong if name in rated]:
        raise StudyError(
            f"{', '.join(later)}: rated later, partly an outcome (a collider). What people say of "
            f"their match once they have met is not taken as a predictor; name what was known "
            f"before the start."
        )
    if wrong or not wanted:
        listed = ", ".join(found) or "none"
        raise StudyError(
            f"no match feature {', '.join(map(repr, wrong)) or 'is known'}; known before the "
            f"start: {listed}. Declare others as [[matching.questions]] in study.toml, or give "
            f"participants their level and department.{did_you_mean(wrong, found)}"
        )
    return [found[name] for name in dict.fromkeys(wanted)]


def features_of(study: Study, pairs: Recorded, wanted: Sequence[str] | None) -> Iterator[Feature]:
    """Each feature of the recorded pairs, as declared."""
    for asked in known(study, wanted):
        if isinstance(asked, Likeness):
            yield _declared(study, pairs, asked)
        else:
            yield _roster(pairs, asked)


WAYS = {
    "close": "closeness of two numbers",
    "same": "an entry in common",
    "words": "entries in common, of those of either",
    "teaches": "what one wants and the other offers",
}


def _declared(study: Study, pairs: Recorded, asked: Likeness) -> Feature:
    separator = study.design.matching.separator
    if asked.compare == "close":
        one = pairs.seniors[asked.senior].to_numpy(float)
        other = pairs.juniors[asked.junior].to_numpy(float)

        def apart(mine: Array, theirs: Array) -> Array:
            return 1.0 - np.abs(mine - theirs) / (asked.high - asked.low)

        numbers = _of_numbers(pairs, one, other, apart)
        return Feature(asked.name, WAYS[asked.compare], *numbers, asked=asked)

    def some(rows: slice) -> Array:
        return fit(asked, pairs.seniors.iloc[rows], pairs.juniors, separator)

    return Feature(asked.name, WAYS[asked.compare], *_among(pairs, some), asked=asked)


def _roster(pairs: Recorded, name: str) -> Feature:
    if name == GAP:
        one, other = (side["level"].to_numpy(float) for side in (pairs.seniors, pairs.juniors))
        numbers = _of_numbers(pairs, one, other, np.subtract)
        return Feature(name, "levels of the senior above the junior", *numbers, additive=True)
    both = pd.concat([pairs.seniors["department"], pairs.juniors["department"]])
    codes = pd.factorize(both.str.strip().str.casefold())[0].astype(float)
    codes[codes < 0] = np.nan
    one, other = codes[: len(pairs.seniors)], codes[len(pairs.seniors) :]

    def same(mine: Array, theirs: Array) -> Array:
        equal = (mine == theirs).astype(float)
        return np.where(np.isfinite(mine) & np.isfinite(theirs), equal, np.nan)

    pair, every, _ = _of_numbers(pairs, one, other, same)
    traits = {"senior": _share(one, other), "junior": _share(other, one)}
    return Feature(name, "both work in it", pair, every, traits)


def _of_numbers(
    pairs: Recorded, one: Array, other: Array, compared: Callable[[Array, Array], Array]
) -> tuple[Array, Array | None, dict[str, Array]]:
    """The fit of the recorded pairs, of all (in small studies), and the numbers behind it."""
    every = compared(one[:, None], other) if one.size * other.size <= CELLS else None
    return compared(one[pairs.senior], other[pairs.junior]), every, {"senior": one, "junior": other}


def _share(own: Array, others: Array) -> Array:
    """The share of the others who are in a person's group; NaN where the own is not known."""
    values, counts = np.unique(others[np.isfinite(others)], return_counts=True)
    found = np.zeros(own.size)
    for value, count in zip(values, counts, strict=True):
        found[own == value] = count / counts.sum()
    return np.where(np.isfinite(own), found, np.nan)


def _among(
    pairs: Recorded, some: Callable[[slice], Array]
) -> tuple[Array, Array | None, dict[str, Array]]:
    """The fit of the recorded pairs, of all (in small studies), and everybody's mean over all."""
    sizes = len(pairs.seniors), len(pairs.juniors)
    step = max(1, CELLS // sizes[1])
    pair = np.full(len(pairs), np.nan)
    mean, total, answers = np.full(sizes[0], np.nan), np.zeros(sizes[1]), np.zeros(sizes[1])
    every = None
    for start in range(0, sizes[0], step):
        rows = slice(start, min(start + step, sizes[0]))
        part = some(rows)
        there = np.isfinite(part)
        values = np.where(there, part, 0.0)
        count = there.sum(axis=1)
        mean[rows] = np.where(count > 0, values.sum(axis=1) / np.maximum(count, 1), np.nan)
        total += values.sum(axis=0)
        answers += there.sum(axis=0)
        own = (pairs.senior >= rows.start) & (pairs.senior < rows.stop)
        pair[own] = part[pairs.senior[own] - rows.start, pairs.junior[own]]
        every = part if sizes[0] <= step else None
    other = np.where(answers > 0, total / np.maximum(answers, 1), np.nan)
    return pair, every, {"senior": mean, "junior": other}
