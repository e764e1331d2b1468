"""Rules on [matching]: every column it names is there and of the kind that it is used as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rmresearch.errors import did_you_mean
from rmresearch.io.findings import some
from rmresearch.io.schema import MatchingEntry, MatchingQuestion, StudyFile
from rmresearch.study import TABLES

__all__ = ["matching_problems"]

#: columns of participants that say who somebody is, not what somebody is like
NOT_COMPARED = ("person", "role", "manager", "crossover_date")
Line = tuple[str, str]


def matching_problems(file: StudyFile) -> Iterator[Line]:
    """What in [matching] contradicts the rest of the file, and what to do about it."""
    features = {
        name: kind for one in file.tables.participants for name, kind in one.features.items()
    }
    kinds = {**TABLES["participants"], **features}
    kinds = {name: kind for name, kind in kinds.items() if name not in NOT_COMPARED}
    matching = file.matching
    for key, column, kind in _named(matching):
        yield from _column(key, column, kind, kinds)
    arms = [arm.name for arm in file.design.arms]
    for arm in matching.arms:
        if arm not in arms:
            found = f"matching.arms: {arm!r} is not an arm"
            yield found, f"Known: {some(arms)}.{did_you_mean(arm, arms)}"
    names = [question.name.strip().casefold() for question in matching.questions]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        yield f"matching.questions names {some(doubled)} twice", "Give each a name of its own."
    for question in matching.questions:
        yield from _question(question)


def _named(matching: MatchingEntry) -> Iterator[tuple[str, str, str]]:
    """Every column that [matching] names: the key, the column, the kind it has to be of."""
    for key in ("juniors_per_senior", "seniors_per_junior"):
        places = getattr(matching, key)
        if isinstance(places, str):
            yield f"matching.{key}", places, "number"
    if matching.wishes is not None:
        yield "matching.wishes", matching.wishes, "text"
    if matching.rules.refusals is not None:
        yield "matching.rules.refusals", matching.rules.refusals, "text"
    for column in matching.rules.same:
        yield "matching.rules.same", column, "text"
    for question in matching.questions:
        kind = "number" if question.compare == "close" else "text"
        for side in ("feature", "senior", "junior"):
            column = getattr(question, side)
            if column is not None:
                yield f"{_key(question)}.{side}", column, kind


def _column(key: str, column: str, kind: str, kinds: Mapping[str, str]) -> Iterator[Line]:
    if column not in kinds:
        fix = f"Known: {some(kinds, 40)}. Others are declared in tables.participants.features."
        yield (
            f"{key}: {column!r} is no column of participants to match by",
            fix + did_you_mean(column, kinds),
        )
    elif kinds[column] != kind:
        found = f"{key}: {column!r} holds {_words(kinds[column])}; expected {_words(kind)}"
        yield found, f'Name another column, or declare it as "{kind}" in its features.'


def _question(question: MatchingQuestion) -> Iterator[Line]:
    key = _key(question)
    if question.feature is None and not (question.senior and question.junior):
        found = f"{key} needs feature (the column of both), or senior and junior"
        yield found, "Name one column for both, or one for each."
    elif question.feature is not None and (question.senior or question.junior):
        yield f"{key} names feature beside senior or junior", "Keep one of the two ways."
    if question.compare == "close" and question.range is None:
        yield f"{key} compares numbers without a range", "Declare range = [lowest, highest]."
    if question.range is not None and question.range[0] >= question.range[1]:
        yield (
            f"{key}: the range {question.range[0]} to {question.range[1]} is empty",
            ("Put the lower number first."),
        )
    if question.range is not None and question.compare != "close":
        yield f'{key}.range is for compare = "close"', "Remove it."
    if question.anything and question.compare != "same":
        yield f'{key}.anything is for compare = "same"', "Remove it."
    if question.learner == "junior" and question.compare != "teaches":
        yield f'{key}.learner is for compare = "teaches"', "Remove it."


def _key(question: MatchingQuestion) -> str:
    return f"matching.questions[{question.name}]"


def _words(kind: str) -> str:
    return {"number": "numbers", "text": "text"}.get(kind, f"a {kind}")
