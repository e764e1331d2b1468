"""The answers to what `rmresearch new` asks, read from text, with all that is wrong at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rmresearch.errors import did_you_mean
from rmresearch.instruments import Instrument, instrument, names_of
from rmresearch.io.contract.declared import RESERVED
from rmresearch.io.findings import some
from rmresearch.io.naming import Note, Text
from rmresearch.io.template.questions import questions
from rmresearch.io.template.words import catalogue

__all__ = ["Choices", "answer", "chosen", "study_name"]

#: months that a survey may lie after the start; meetings of a pair
LATEST, MOST_WAVES, MOST_MEETINGS = 60, 12, 500


@dataclass(frozen=True, slots=True)
class Choices:
    """What a new study is: the answers to `questions`, and the name that its folder gives it.

    ``months`` are those of the surveys after the start; ``answers`` names a wording of answers in
    words.toml, or is "numbers"; ``outcomes`` are names there.
    """

    name: str
    title: str
    organisation: str
    comparison: str
    start: dt.date | None
    months: tuple[int, ...]
    meetings: int
    answers: str
    departments: bool
    outcomes: tuple[str, ...]
    instruments: tuple[Instrument, ...]


def study_name(name: str) -> str:
    """The study's name, which is its folder's; ``ValueError`` where it cannot be one."""
    fit = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:64] or "my-pilot"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise ValueError(
            f"the folder's name {name!r} is the study's too: use small letters, digits, - and _, "
            f"at most 64, beginning with a letter or digit, as {fit}"
        )
    if name in RESERVED:
        raise ValueError(f"the folder's name {name!r} is reserved by Windows: choose another")
    return name


def answer(name: str, text: str) -> Any:
    """The value of an answer given as text; ``ValueError`` says what is wrong with it.

    >>> answer("waves", "3, 6")
    (3, 6)
    >>> answer("comparison", "waiting list")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: --comparison 'waiting list': use waitlist, lot, colleagues or none. Did you ...
    """
    try:
        return _READ[name](text.strip())
    except ValueError as error:
        raise ValueError(f"--{name} {text!r}: {error}") from None


def chosen(folder: str, given: Mapping[str, str | None]) -> tuple[Choices | None, list[str]]:
    """The choices for a folder of that name, or None with everything that is wrong.

    ``given`` are texts by the names of `questions`; what is None has its default.
    """
    wrong: list[str] = []

    def read(ask: Callable[..., Any], *texts: str) -> Any:
        try:
            return ask(*texts)
        except ValueError as error:
            wrong.append(str(error))

    found = {"name": read(study_name, folder)}
    for name, question in questions().items():
        text = given.get(name)
        found[name] = read(answer, name, question.default if text is None else text)
    found["months"] = found.pop("waves")
    if None not in (found["outcomes"], found["instruments"]):
        wrong += _clashes(found["outcomes"], found["instruments"])
    return (None if wrong else Choices(**found)), wrong


def _clashes(outcomes: Sequence[str], instruments: Sequence[Instrument]) -> list[str]:
    """Why the outcomes and instruments cannot stand side by side."""
    names = [name for one in instruments for name in names_of(one)]
    twice = [name for name in dict.fromkeys(names) if name in outcomes or names.count(name) > 1]
    wrong = []
    if not outcomes and not instruments:
        wrong.append("nothing is asked: name --outcomes, --instruments or both")
    if twice:
        wrong.append(f"asked twice: {some(twice)}: take it out of --outcomes or --instruments")
    return wrong


def _text(kind: Any) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            line: str = TypeAdapter(kind).validate_python(text)
        except ValidationError as error:
            found = error.errors(include_url=False)[0]
            raise ValueError(str(found["msg"]).replace("String should have", "use")) from None
        return line

    return read


def _one_of(known: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            listed = f"{', '.join(known[:-1])} or {known[-1]}"
            raise ValueError(f"use {listed}.{did_you_mean(text, known)}")
        return text

    return read


def _start(text: str) -> dt.date | None:
    if not text:
        return None
    try:
        day = dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise ValueError("give the day as 2027-01-15 (year, month, day)") from None
    if not 1950 <= day.year <= 2090:
        raise ValueError("give a year between 1950 and 2090")
    return day


def _months(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,3}", part) for part in parts):
        raise ValueError("give whole months with commas between, as 3,6")
    months = tuple(int(part) for part in parts)
    if sorted(set(months)) != list(months) or not 1 <= months[0] <= months[-1] <= LATEST:
        raise ValueError(f"give rising months from 1 to {LATEST}, as 3,6")
    if len(months) > MOST_WAVES:
        raise ValueError(f"at most {MOST_WAVES} surveys after the start")
    return months


def _meetings(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MOST_MEETINGS:
        raise ValueError(f"give a whole number from 1 to {MOST_MEETINGS}")
    return int(text)


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _outcomes(text: str) -> tuple[str, ...]:
    known = list(catalogue("words")["outcomes"])
    names = [] if text == "none" else _names(text)
    wrong = [f"{name!r} is not one.{did_you_mean(name, known)}" for name in names
             if name not in known]  # fmt: skip
    if wrong:
        raise ValueError(f"{' '.join(wrong)} There are {some(known)}")
    return tuple(names)


def _instruments(text: str) -> tuple[Instrument, ...]:
    found, wrong = [], []
    for name in _names(text):
        try:
            one = instrument(name)
        except ValueError as error:
            wrong.append(str(error))
            continue
        found.append(one)
        if one.bounds is None:
            wrong.append(
                f"the answer scale of {name} was not seen in its source. Leave it out here, then "
                f"say it: rmresearch instruments {name} --into FOLDER --range 1,5"
            )
    if wrong:
        raise ValueError(" ".join(wrong))
    return tuple(found)


_READ: Mapping[str, Callable[[str], Any]] = {
    "title": _text(Text),
    "organisation": _text(Note),
    "comparison": _one_of(list(catalogue("words")["comparisons"])),
    "start": _start,
    "waves": _months,
    "meetings": _meetings,
    "answers": _one_of([*catalogue("words")["answers"], "numbers"]),
    "departments": lambda text: _one_of(["yes", "no"])(text) == "yes",
    "outcomes": _outcomes,
    "instruments": _instruments,
}
