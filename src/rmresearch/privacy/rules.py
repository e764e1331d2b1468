"""The release rules: how many people stand behind a number, and in what form it may leave.

Rules are named as in trust.md section 2. Everything here is a pure function of a number, the
crowd behind it and the thresholds; ``release`` applies them to whole results.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import pandas as pd

from rmresearch.result import CellKind
from rmresearch.study import Outcome, PrivacySettings, Study

__all__ = [
    "FEW",
    "HIGH",
    "LOW",
    "Audience",
    "Crowd",
    "Crowds",
    "Limits",
    "Verdict",
    "band",
    "decimals",
    "judge",
    "model_rule",
    "rounded",
]

Audience = Literal["leadership", "pulse", "technical"]
Rule = Literal["S0", "S1", "S4", "S5", "S6", "S7"]

FEW = "fewer than 5"
HIGH = "90% or more"
LOW = "10% or fewer"
PSEUDONYM = re.compile(r"\b(?:[sjo]|pair)-[0-9a-z]{12}(?:[0-9a-z]{20})?\b")
#: kinds that S1 lets out from ten people on; a mean of several items needs five
FROM_TEN = frozenset({"interval", "sd", "proportion", "item-mean", "statistic"})


@dataclass(frozen=True, slots=True)
class Limits:
    """S1's thresholds in people. A study may raise them; below 5 and 10 they never go."""

    mean: int = 5
    interval: int = 10

    @classmethod
    def of(cls, settings: PrivacySettings) -> Limits:
        """The study's thresholds, never below the house's."""
        return cls(max(5, settings.smallest_mean), max(10, settings.smallest_interval))


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
    """Counts the crowd behind any set of pseudonyms of one study (people, pairs or both)."""

    study: Study = field(repr=False)

    @cached_property
    def roles(self) -> dict[str, str]:
        """Each participant's role."""
        table = self.study.participants
        return dict(zip(table["person"], table["role"].fillna(""), strict=True))

    @cached_property
    def arms(self) -> dict[str, str]:
        """Each participant's arm, "" where none is recorded."""
        table = self.study.participants
        return dict(zip(table["person"], table["arm"].fillna(""), strict=True))

    @cached_property
    def pairs(self) -> dict[str, frozenset[str]]:
        """Each pair's people."""
        columns = (self.study.pairs[c] for c in ("pair", "junior", "senior"))
        return {
            str(pair): frozenset(str(one) for one in both if not pd.isna(one))
            for pair, *both in zip(*columns, strict=True)
        }

    @cached_property
    def memberships(self) -> dict[str, set[str]]:
        """Each paired person's pairs."""
        found: dict[str, set[str]] = {}
        for pair, people in self.pairs.items():
            for person in people:
                found.setdefault(person, set()).add(pair)
        return found

    @cached_property
    def ids(self) -> frozenset[str]:
        """Every pseudonym in the study: none of them may ever leave."""
        study = self.study
        columns = [study.participants["person"], study.participants["manager"]]
        columns += [study.measures["rater"], study.measures["person"], study.pairs["pair"]]
        return frozenset(one for column in columns for one in column.dropna().unique().tolist())

    @cached_property
    def _others(self) -> dict[str, set[tuple[str, str]]]:
        """By person, who else answered about them: (item, rater)."""
        rows = self.study.measures[["person", "item", "rater"]]
        rows = rows[rows["rater"].notna() & (rows["rater"] != rows["person"])].drop_duplicates()
        found: dict[str, set[tuple[str, str]]] = {}
        for person, item, rater in rows.itertuples(index=False):
            found.setdefault(person, set()).add((item, rater))
        return found

    def raters(self, people: Iterable[str], outcome: Outcome) -> frozenset[str]:
        """Who else answered an outcome's items about these people."""
        items = set(outcome.items)
        about = (self._others.get(person, set()) for person in people)
        return frozenset(rater for pairs in about for item, rater in pairs if item in items)

    def of(self, members: frozenset[str], outcome: Outcome | None = None) -> Crowd:
        """The crowd behind a number whose members are these pseudonyms.

        Where the number's ``outcome`` was answered by others (partner ratings), these count too.
        """
        named_pairs = members & self.pairs.keys()
        people = (members - named_pairs).union(*(self.pairs[pair] for pair in named_pairs))
        people &= self.roles.keys()  # whoever the study does not know protects nobody
        raters = frozenset() if outcome is None else self.raters(people, outcome)
        roles = Counter(self.roles.get(person, "") for person in people | raters)
        units = {pair for one in people for pair in self.memberships.get(one, {one})}
        arms = Counter(self.arms.get(person, "") for person in people)
        return Crowd(
            people=len(people) or len(named_pairs),
            pairs=len(named_pairs) or len(units),
            juniors=roles["junior"],
            seniors=roles["senior"],
            answerers=len(raters),
            arms=tuple(arms.values()),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What leaves in place of a number: the rounded value, a phrase, or nothing and the rule."""

    value: float | int | str | None
    rule: Rule | None = None


def judge(
    value: float | int | None,
    kind: CellKind,
    crowd: Crowd,
    limits: Limits,
    *,
    outcome: Outcome | None = None,
    places: int = 2,
    between_arms: bool = False,
) -> Verdict:
    """Whether a number that rests on answers may leave, and in what form (S1, S5, S7).

    ``places`` are the decimals S7 allows (see ``decimals``). ``between_arms`` marks a difference
    between arms: then each arm needs S1's smallest crowd by itself.
    """
    if crowd.smallest < _needed(kind, outcome, limits):
        return Verdict(None, "S1")
    if between_arms and min(crowd.arms, default=0) < limits.mean:
        return Verdict(None, "S1")
    if value is None or not math.isfinite(value):
        return Verdict(None)
    if kind == "proportion" and not 0.1 < value < 0.9:
        return Verdict(HIGH if value >= 0.9 else LOW)
    if _unanimous(value, kind, outcome):
        return Verdict(None, "S5")
    return Verdict(rounded(value, places))


def _needed(kind: CellKind, outcome: Outcome | None, limits: Limits) -> int:
    single = outcome is not None and len(outcome.items) == 1
    return limits.interval if kind in FROM_TEN or single else limits.mean


def _unanimous(value: float, kind: CellKind, outcome: Outcome | None) -> bool:
    """Whether the number says what every single person answered."""
    if kind == "sd":
        return value == 0
    if kind not in {"mean", "item-mean"} or outcome is None:
        return False
    return value in (outcome.low, outcome.high)


def model_rule(people: int, parameters: int, smallest_level: int | None) -> bool:
    """S6: whether a model rests on enough people to leave (no model: True)."""
    if parameters <= 0:
        return True
    enough = people - parameters >= 10 and people / parameters >= 5
    return enough and (smallest_level is None or smallest_level >= 5)


def decimals(
    kind: CellKind, outcome: Outcome | None, magnitude: float, *, contrast: bool = False
) -> int:
    """S7: the decimals a number may keep (negative: tens, hundreds).

    Scales of up to 10 points: 1 for means, 2 for contrasts; each tenfold wider range takes one
    away. Proportions and yes/no outcomes: whole percentage points. Amounts without a range: two
    significant digits for means and three for contrasts, counted at ``magnitude``, the largest of
    the number and its interval's ends, so that the three share one grid (it is about as fine
    against the amount as .1 is against a mean of 3.4). Other statistics: two decimals below 10,
    one below 100, none above; below .01 one significant digit, so that no p-value becomes 0.
    """
    if kind == "proportion" or (outcome is not None and outcome.kind == "binary"):
        return 2
    if kind == "statistic":
        if 0 < magnitude < 0.01:
            return -math.floor(math.log10(magnitude))
        return 2 if magnitude < 10 else 1 if magnitude < 100 else 0
    finer = 1 if contrast or kind == "contrast" else 0
    if outcome is not None and outcome.low is not None and outcome.high is not None:
        width = outcome.high - outcome.low
        return 1 + finer - max(0, math.ceil(math.log10(width / 10) - 1e-9) if width > 0 else 0)
    if not magnitude or not math.isfinite(magnitude):
        return 1 + finer
    return 1 + finer - math.floor(math.log10(magnitude))


def rounded(value: float | int, places: int) -> float | int:
    """The value on S7's grid; never a negative zero."""
    if isinstance(value, int):
        return value if places >= 0 else int(round(value, places))
    return round(float(value), places) + 0.0


def band(count: int, *, exact: bool) -> int | str:
    """A number of people as it may leave: exact where allowed, else in bands of five."""
    if count < 5:
        return FEW
    if exact and count >= 10:
        return count
    start = count - count % 5
    return f"{start} to {start + 4}"
