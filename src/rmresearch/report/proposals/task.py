"""Applications as arrays for the matching, each rule and question with its words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import StudyError
from rmresearch.io.applications import Applications
from rmresearch.io.schema import MatchingEntry, MatchingQuestion
from rmresearch.numerics.admissible import named
from rmresearch.numerics.likeness import entries, listed
from rmresearch.pairing import fit, forbidden
from rmresearch.world.matching.proposal import Question, Rule

__all__ = ["HeldRule", "Task", "WeighedQuestion", "task"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: what a question's way of comparing means
COMPARED = {
    "close": "closeness of two numbers: 1 minus their distance over the range {low:g} to {high:g}",
    "same": "1 with an entry in common, else 0",
    "words": "entries in common, of the entries of either",
    "teaches": "the share of what the {learner} wants that the other offers",
}


@dataclass(frozen=True, slots=True, eq=False)
class HeldRule:
    """A hard rule, what it says, and how many people lack the answer it needs."""

    rule: Rule
    says: str
    unanswered: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class WeighedQuestion:
    """A soft question, its columns, how it compares, and who answered on the two sides."""

    question: Question
    columns: str
    compared: str
    answered: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Everything that a matching needs, and the words in which it will be explained."""

    title: str
    role_labels: dict[str, str]
    seniors: pd.DataFrame
    juniors: pd.DataFrame
    places: tuple[Ints, Ints]
    rules: tuple[HeldRule, ...]
    questions: tuple[WeighedQuestion, ...]
    wishes: tuple[Floats, Floats] | None
    sources: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    excluded: tuple[tuple[str, int], ...]

    def words(self, role: str, count: int = 2) -> str:
        """The role as the study calls it: senior mentee, senior mentees."""
        label = self.role_labels.get(role, role)
        return label if count == 1 else f"{label}s"


def task(applications: Applications, policy: str) -> Task:
    """Arrays and words for one policy; what the policy lacks raises ``StudyError``."""
    matching, design = applications.matching, applications.design
    _lacking(applications, policy)
    seniors, juniors = applications.side("senior"), applications.side("junior")
    wishes = None
    rules = list(_rules(applications, seniors, juniors))
    if policy == "self-selected":
        wishes = _wishes(seniors, juniors, str(matching.wishes), matching.separator)
        neither = (wishes[0] == 0) & (wishes[1] == 0)
        rules.append(HeldRule(Rule("wishes", neither), "one of the two wishes for the other"))
    return Task(
        title=design.title,
        role_labels=dict(design.role_labels),
        seniors=seniors,
        juniors=juniors,
        places=(
            _places(seniors, matching.juniors_per_senior, len(juniors)),
            _places(juniors, matching.seniors_per_junior, len(seniors)),
        ),
        rules=tuple(rules),
        questions=tuple(
            _weighed(question, seniors, juniors, matching.separator)
            for question in matching.questions
        ),
        wishes=wishes,
        sources=applications.sources,
        notes=applications.notes,
        excluded=applications.excluded,
    )


def _lacking(applications: Applications, policy: str) -> None:
    matching = applications.matching
    if policy in ("greedy", "optimal") and not matching.questions:
        raise StudyError(
            f"policy {policy} weighs questions, and [matching] of study.toml declares none. "
            f"Add [[matching.questions]], or use --policy rules."
        )
    if policy == "self-selected" and matching.wishes is None:
        raise StudyError(
            "policy self-selected needs people's wishes, and [matching] of study.toml names no "
            "column of them. Ask applicants for the ids they would choose and set wishes, or use "
            "another --policy."
        )


def _places(people: pd.DataFrame, declared: int | str, others: int) -> Ints:
    """How many partners each may have: no more than there are, however many were declared."""
    if isinstance(declared, int):
        return np.full(len(people), min(declared, others), dtype=np.int64)
    return people[declared].fillna(1).clip(upper=others).to_numpy(np.int64)


def _rules(
    applications: Applications, seniors: pd.DataFrame, juniors: pd.DataFrame
) -> Iterator[HeldRule]:
    matching, rules = applications.matching, applications.matching.rules
    says = _says(matching)
    needs = {"level gap": "level", "other department": "department"}
    needs |= {f"same {column}": column for column in rules.same}
    declared = applications.design.matching
    for name, forbids in forbidden(declared, applications.people, seniors, juniors):
        unanswered = _silent(needs[name], seniors, juniors) if name in needs else 0
        protects = name in ("reporting line", "refusals")
        yield HeldRule(Rule(name, forbids, protects=protects), says[name], unanswered)
    if rules.new_partner and applications.earlier:
        at = [{one: i for i, one in enumerate(side["person"])} for side in (seniors, juniors)]
        known = [(at[0][a], at[1][b]) for a, b in applications.earlier if a in at[0] and b in at[1]]
        told = "the two are no pair of this study already, now or earlier"
        yield HeldRule(Rule("new partner", named(known, (len(seniors), len(juniors)))), told)


def _says(matching: MatchingEntry) -> dict[str, str]:
    """What each rule says, by its name."""
    gap = matching.rules.level_gap
    levels = f"{gap} level{'' if gap == 1 else 's'}"
    return {
        "level gap": f"the senior stands at least {levels} above the junior",
        "other department": "the two work in different departments",
        "reporting line": "neither stands above the other, at any height, and their line managers "
        "differ (an unknown line manager keeps nobody apart)",
        "refusals": "neither has refused the other",
    } | {
        f"same {column}": f"the two have an entry of {column} in common"
        for column in matching.rules.same
    }


def _silent(column: str, *sides: pd.DataFrame) -> int:
    return int(sum(side[column].isna().sum() for side in sides))


def _wishes(
    seniors: pd.DataFrame, juniors: pd.DataFrame, column: str, separator: str
) -> tuple[Floats, Floats]:
    """How much each wants each other: 1 for the first named, 1/2 for the second, ...; else 0."""
    shape = (len(seniors), len(juniors))
    made = (np.zeros(shape), np.zeros(shape))
    for people, others, wanted in ((seniors, juniors, made[0]), (juniors, seniors, made[1].T)):
        at = {one: i for i, one in enumerate(others["person"])}
        for i, cell in enumerate(people[column]):
            named = [at[one] for one in listed(cell, separator) if one in at]
            for rank, j in enumerate(named):
                wanted[i, j] = 1.0 / (1 + rank)
    return made


def _weighed(
    asked: MatchingQuestion, seniors: pd.DataFrame, juniors: pd.DataFrame, separator: str
) -> WeighedQuestion:
    columns = [str(column) for column in asked.columns()]
    given = seniors[columns[0]], juniors[columns[1]]
    low, high = asked.range or (0, 1)
    words = COMPARED[asked.compare].format(low=low, high=high, learner=asked.learner)
    if asked.compare == "close":
        answered = [one.notna().to_numpy() for one in given]
    else:
        sides = [entries(one, separator) for one in given]
        answered = [np.array([bool(one) for one in side], bool) for side in sides]
    if asked.anything:
        words += f"; {', '.join(asked.anything)} fits everybody"
    part = fit(asked.likeness(), seniors, juniors, separator)
    return WeighedQuestion(
        Question(asked.name, float(asked.weight), part),
        columns[0] if columns[0] == columns[1] else " / ".join(columns),
        words,
        (int(answered[0].sum()), int(answered[1].sum())),
    )
