"""The parts that sentences are made of: amounts with units, intervals, names of groups."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from rmresearch.display.numbers import HIDDEN, MINUS, NOTHING, decimals_for, number, percent
from rmresearch.privacy.release import WHY
from rmresearch.privacy.rules import FEW, HIGH, LOW
from rmresearch.report.words.gate import chance_words, lint
from rmresearch.result import Estimate
from rmresearch.study import Design, Outcome

__all__ = [
    "amount",
    "between",
    "called",
    "capital",
    "catalogue",
    "day_of",
    "fill",
    "from_to",
    "group_name",
    "is_share",
    "kept_back",
    "listed",
    "lower_first",
    "matters",
    "named",
    "people",
    "plural",
    "quoted",
    "range_of",
    "share_within",
    "signed",
    "spoken",
    "way",
    "within",
]


@cache
def catalogue(language: str = "en") -> Mapping[str, Mapping[str, str]]:
    """The texts of a language, by section and key: all files of its folder as one."""
    found: dict[str, Mapping[str, str]] = {}
    for file in sorted(files("rmresearch.report.words").joinpath(language).iterdir(), key=str):
        found |= tomllib.loads(file.read_text("utf-8"))
    return found


def fill(section: str, key: str, **parts: Any) -> str:
    """A sentence of the catalogue with its names filled in.

    A part given in small letters (``who``) can also be asked for with a capital (``Who``).
    """
    capitals = {capital(k): capital(v) for k, v in parts.items() if isinstance(v, str) and v}
    return catalogue()[section][key].format(**parts, **capitals)


#: what a release writes in place of a number, and its key
WRITTEN = {HIGH: "high", LOW: "low", FEW: "few", HIDDEN: "hidden"}


def spoken(value: str) -> str:
    """What a release writes in place of a number, in the catalogue's words; else as it is.

    >>> spoken("90% or more"), spoken("20 to 24"), spoken("2025-08-25")
    ('90% or more', '20 to 24', '2025-08-25')
    """
    low, between, high = value.partition(" to ")
    if between and low.isdigit() and high.isdigit():
        return fill("phrase", "to", low=low, high=high)
    return catalogue()["released"][WRITTEN[value]] if value in WRITTEN else value


def kept_back(text: str) -> str:
    """A release's sentence on what it keeps back, in the catalogue's words.

    >>> kept_back("Fewer than 5 values are not shown: hidden numbers could be computed from them.")
    'Fewer than 5 values are not shown: hidden numbers could be computed from them.'
    """
    count, _, why = text.removesuffix(".").partition(" values are not shown: ")
    rule = {reason: name for name, reason in WHY.items()}.get(why)
    if rule is None:
        return text
    few = count.lower() == FEW
    return fill("kept_back", rule, count=capital(spoken(FEW)) if few else count)


def from_to(
    low: float | None, high: float | None, *, decimals: int | None = None, share: bool = False
) -> str:
    """Two ends as `display.numbers.interval` writes them, in the catalogue's words.

    >>> from_to(-0.12, 0.45), from_to(0.31, 0.58, share=True), from_to(None, 1.0)
    ('−0.12 to 0.45', '31% to 58%', '–')
    """
    if low is None or high is None:
        return NOTHING
    places = decimals if decimals is not None else decimals_for([low, high])
    ends = (percent(end) if share else number(end, decimals=places) for end in (low, high))
    return fill("phrase", "to", **dict(zip(("low", "high"), ends, strict=True)))


def day_of(day: date) -> str:
    """A day as a sentence names it.

    >>> day_of(date(2026, 3, 1))
    '1 March 2026'
    """
    months = catalogue()["phrase"]["months"].split()
    return fill("phrase", "day", day=day.day, month=months[day.month - 1], year=day.year)


def listed(names: Sequence[str]) -> str:
    """Names in a row.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    if len(names) < 2:
        return "".join(names)
    return fill("phrase", "and", most=fill("phrase", "comma").join(names[:-1]), last=names[-1])


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def named(label: str) -> str:
    """A name that the study gave; in quotes where it holds words that the gate would stop.

    >>> named("Waiting list"), named("What works")
    ('Waiting list', '“What works”')
    """
    label = " ".join(label.split())
    return f"“{label}”" if lint(label) or chance_words(label) else label


def quoted(label: str) -> str:
    """A question as it was put to people, always in quotes.

    >>> quoted("Satisfied with it?"), quoted("What works")
    ('“Satisfied with it?”', '“What works”')
    """
    name = named(label)
    return name if name.startswith("“") else f"“{name}”"


def group_name(label: str) -> str:
    """An arm's name before the word "group"; in quotes where it is a phrase of its own.

    >>> group_name("Waiting list"), group_name("Starts in September")
    ('Waiting list', '“Starts in September”')
    """
    return quoted(label) if len(label.split()) > 2 else named(label)


def lower_first(label: str) -> str:
    """A label as it stands inside a sentence.

    Acronyms keep their capitals; a label that reads like a sentence stands in quotes.

    >>> lower_first("Digital skill"), lower_first("IT skill"), lower_first("I feel safe.")
    ('digital skill', 'IT skill', '“I feel safe.”')
    """
    label = named(label)
    if label.startswith("“"):
        return label
    sentence = label.startswith("I ") or len(label.split()) > 5
    if sentence or any(sign in label for sign in ".?!:;,"):
        return f"“{label}”"
    if label[1:2].isupper():
        return label
    return label[:1].lower() + label[1:]


def plural(noun: str) -> str:
    """An English noun in the plural: the regular forms that role labels have.

    What ends in no Latin letter is left as it was given.

    >>> plural("senior leader"), plural("secretary"), plural("people"), plural("boss")
    ('senior leaders', 'secretaries', 'people', 'bosses')
    >>> plural("\u043c\u0435\u043d\u0442\u043e\u0440"), plural("mentee (60+)")
    ('\u043c\u0435\u043d\u0442\u043e\u0440', 'mentee (60+)')
    """
    latin = unicodedata.name(noun[-1:] or " ", "").startswith("LATIN")
    if noun in {"people", "staff"} or noun.endswith("people") or not latin:
        return noun
    if noun.endswith("y") and noun[-2:-1] not in set("aeiou"):
        return f"{noun[:-1]}ies"
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun}s"


def called(design: Design, role: str) -> str:
    """What one person of a role is called: the study's word, or else the catalogue's."""
    return dict(design.role_labels).get(role) or catalogue()["role"].get(role, role)


def people(design: Design, role: str) -> str:
    """What the people of a role are called, in the plural."""
    return plural(lower_first(called(design, role)))


def is_share(outcome: Outcome) -> bool:
    """Whether differences are shown in percentage points."""
    return outcome.kind == "binary"


def _unit(outcome: Outcome) -> str:
    return catalogue()["unit"]["share"] if is_share(outcome) else outcome.unit


def _scaled(outcome: Outcome, record: Estimate) -> tuple[list[float | None], int]:
    """Value and ends as shown, and their decimals (one rule for the three)."""
    by = 100.0 if is_share(outcome) else 1.0
    values = [None if v is None else by * v for v in (record.value, record.low, record.high)]
    # a tenth of a percentage point says more than a few dozen people can
    return values, max(decimals_for(values) - is_share(outcome), 0)


def amount(outcome: Outcome, record: Estimate) -> str:
    """The size of a difference without its sign, with its unit."""
    values, decimals = _scaled(outcome, record)
    size = None if values[0] is None else abs(values[0])
    return number(size, decimals=decimals, unit=_unit(outcome))


def way(outcome: Outcome, record: Estimate) -> str:
    """Which way a difference lies: "higher" or "lower", "different" where `amount` shows none."""
    values, decimals = _scaled(outcome, record)
    shown = round(values[0] or 0.0, decimals)
    return catalogue()["phrase"]["lower" if shown < 0 else "higher" if shown > 0 else "different"]


def signed(outcome: Outcome, record: Estimate) -> str:
    """A difference with its sign and unit."""
    values, decimals = _scaled(outcome, record)
    return number(values[0], decimals=decimals, unit=_unit(outcome), signed=True)


def within(outcome: Outcome, record: Estimate, *, cell: bool = False) -> str:
    """The interval of a difference in the outcome's units, or that there is none.

    ``cell``: under a head that says already what it is.
    """
    values, decimals = _scaled(outcome, record)
    return _interval(record, *(number(end, decimals=decimals) for end in values[1:]), cell=cell)


def share_within(record: Estimate) -> str:
    """The interval of a share, in percent."""
    return _interval(record, percent(record.low), percent(record.high))


def range_of(record: Estimate, *, decimals: int) -> str:
    """The interval of a number without a unit."""
    return _interval(record, *(number(x, decimals=decimals) for x in (record.low, record.high)))


def _interval(record: Estimate, low: str, high: str, *, cell: bool = False) -> str:
    if record.low is None or record.high is None:
        return NOTHING if cell else catalogue()["phrase"]["no_interval"]
    key = "interval_cell" if cell else "interval"
    return fill("phrase", key, level=f"{100 * record.level:.3g}%", low=low, high=high)


def matters(outcome: Outcome) -> str:
    """The smallest difference that matters, with its unit; "" where none is declared."""
    if outcome.smallest_effect is None:
        return ""
    size = 100 * outcome.smallest_effect if is_share(outcome) else outcome.smallest_effect
    text = f"{size:,.4g}".replace("-", MINUS)
    return f"{text} {_unit(outcome)}"


def between(design: Design, record: Estimate) -> tuple[str, str]:
    """The labels of the two arms, or of the later and the earlier wave, that are compared."""
    first, _, second = record.contrast.partition(" - ")
    labels = {arm.name: group_name(arm.label) for arm in design.arms}
    waves = {wave.name: named(wave.label) for wave in design.waves}
    if first in labels and second in labels:
        return labels[first], labels[second]
    return waves.get(first, first), waves.get(second, second)
