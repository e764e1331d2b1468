"""The questions' words: ours, a published scale's where they are free, else where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rmresearch.instruments import Instrument, instruments, names_of
from rmresearch.io.schema import BOUNDS, OutcomeEntry, StudyFile
from rmresearch.io.template.words import catalogue

__all__ = ["listed", "wordings"]


def wordings(file: StudyFile) -> Mapping[str, str]:
    """The wording of every item that an outcome names, or where it is found."""
    found: dict[str, str] = {}
    for outcome in file.outcomes:
        items = outcome.items or [outcome.name]
        for item, text in zip(items, _texts(outcome, file), strict=True):
            found.setdefault(item, text)
    return found


def listed(file: StudyFile) -> list[tuple[str, ...]]:
    """A row an item for people: its column, wording, who answers, when, with which answers."""
    texts, said = wordings(file), catalogue("texts")["questions"]
    waves = [wave.name for wave in file.waves]
    rows: dict[str, tuple[str, ...]] = {}
    for outcome in file.outcomes:
        whom = said["reaction" if outcome.kirkpatrick == 1 and outcome.role == "all" else
                    outcome.role]  # fmt: skip
        for item in outcome.items or [outcome.name]:
            turned = said["turned"] if item in outcome.reverse else ""
            when = ", ".join(outcome.waves or waves)
            rows.setdefault(item, (item, texts[item] + turned, whom, when, _answers(outcome)))
    return list(rows.values())


def _answers(outcome: OutcomeEntry) -> str:
    said = catalogue("texts")["questions"]
    if outcome.labels:
        return "; ".join(sorted(outcome.labels, key=lambda text: outcome.labels[text]))
    bounds = outcome.range or BOUNDS.get(outcome.kind)
    return said["span"].format(low=bounds[0], high=bounds[1]) if bounds else str(said["amount"])


def _texts(outcome: OutcomeEntry, file: StudyFile) -> Iterator[str]:
    """The words of an outcome's items, in their order."""
    items, said = outcome.items or [outcome.name], catalogue("texts")["questions"]
    ours = catalogue("words")["outcomes"].get(outcome.name)
    if ours is not None and len(ours["english"]) == len(items):
        yield from ours[_language(ours, outcome, file)]
        return
    one, numbers = _instrument(outcome)
    for at, _ in enumerate(items):
        words = {"label": outcome.label, "number": at + 1, "count": len(items)}
        if one is not None and one.wording.texts:
            yield one.wording.texts[numbers[at] - 1]
        elif one is not None:
            yield said["elsewhere"].format(**words, where=one.wording.where)
        else:
            yield said["single" if len(items) == 1 else "unknown"].format(**words)


def _language(ours: Mapping[str, Any], outcome: OutcomeEntry, file: StudyFile) -> str:
    """The language of the answers; where these are numbers, that of another outcome's."""
    known = catalogue("words")["answers"]
    for one in (outcome, *file.outcomes):
        for language, answers in known.items():
            if list(one.labels) in answers.values() and language in ours:
                return str(language)
    return "english"


def _instrument(outcome: OutcomeEntry) -> tuple[Instrument | None, Sequence[int]]:
    """The published scale that an outcome is, if it goes by its name, and its items' numbers."""
    for one in instruments():
        parts = [part.items for part in one.subscales if part.items]
        scores = [*([tuple(range(1, one.items + 1))] if one.whole else []), *parts]
        found = dict(zip(names_of(one), scores, strict=True)).get(outcome.name, ())
        if len(found) == len(outcome.items or [outcome.name]):
            return one, found
    return None, ()
