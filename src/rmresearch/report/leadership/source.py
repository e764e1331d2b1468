"""What a story is made from: released numbers with their places, and sentences that keep them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter
from typing import Any, Literal

from rmresearch.display.numbers import decimals_for, number, percent
from rmresearch.evidence import Certainty, Evidence, Facts, Precision
from rmresearch.privacy.judged import Judgement
from rmresearch.privacy.passing import ReleasedCell, ReleasedEstimate, ReleasedTable
from rmresearch.privacy.release import Release
from rmresearch.privacy.rules import decimals as grid_of
from rmresearch.report.findings import labels_of
from rmresearch.report.leadership.content import Form, Said, Shown
from rmresearch.report.words.gate import say
from rmresearch.report.words.phrases import (
    capital,
    catalogue,
    fill,
    group_name,
    is_share,
    lower_first,
    named,
    people,
    spoken,
)
from rmresearch.result import Estimate
from rmresearch.study import Design, Outcome

__all__ = [
    "Held",
    "Row",
    "Source",
    "Told",
    "Words",
    "joined",
    "level_of",
    "plain",
    "said",
    "shown",
    "sizes",
]

Value = float | int | str | None
Words = str | Shown | Said
#: a table's row: each column's cell with its pointer
Row = Mapping[str, tuple[ReleasedCell, str]]


@dataclass(frozen=True, slots=True)
class Held:
    """A released estimate and its pointer."""

    estimate: ReleasedEstimate
    at: str

    @property
    def known(self) -> bool:
        """Whether it has a value, be it a number or a phrase."""
        return self.estimate.value is not None

    @property
    def numeric(self) -> bool:
        """Whether its value is a number."""
        return isinstance(self.estimate.value, (int, float))


@dataclass(frozen=True, slots=True)
class Told:
    """A released verdict: its estimate, what was judged (None: hidden), and the outcome.

    ``arm`` names the group where several are compared with one.
    """

    held: Held
    judgement: Judgement | None
    outcome: Outcome
    arm: str = ""

    def called(self, label: str) -> str:
        """The outcome's name, told apart from the same outcome's in another group."""
        return f"{label} ({self.arm})" if self.arm else label

    @property
    def single(self) -> bool:
        """Whether it is a change in one group (else: a difference between two)."""
        return not self.held.estimate.result.startswith("compare_arms")


@dataclass(frozen=True, eq=False)
class Source:
    """A release beside the declared design."""

    released: Release
    design: Design

    @cached_property
    def estimates(self) -> tuple[Held, ...]:
        """Every estimate with its pointer."""
        listed = enumerate(self.released.estimates)
        return tuple(Held(one, f"/release/estimates/{i}") for i, one in listed)

    @cached_property
    def verdicts(self) -> tuple[Told, ...]:
        """Every verdict, in the order in which a report tells them."""
        contrasts = {
            one.estimate.contrast
            for one in self.released.verdicts
            if one.estimate.result.startswith("compare_arms")
        }
        several = len(contrasts) > 1
        arms = {arm.name: named(arm.label) for arm in self.design.arms if several}
        return tuple(
            Told(
                Held(one.estimate, f"/release/verdicts/{i}/estimate"),
                one.judgement,
                self.design.outcome(one.estimate.outcome),
                arms.get(one.estimate.contrast.partition(" - ")[0], ""),
            )
            for i, one in enumerate(self.released.verdicts)
        )

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The study's names as reports write them."""
        return labels_of(self.design)

    def find(self, result: str, **key: str) -> Iterator[Held]:
        """The estimates of a result whose fields are these; ``result`` may name an analysis."""
        for held in self.estimates:
            name = held.estimate.result
            same = name == result or name.partition(":")[0] == result
            if same and all(getattr(held.estimate, field) == text for field, text in key.items()):
                yield held

    def beside(self, told: Told, term: str) -> Held | None:
        """The estimate of another term about the same people, wave and contrast."""
        one = told.held.estimate
        key = {"role": one.role, "wave": one.wave, "contrast": one.contrast, "group": one.group}
        return next(self.find(one.result, term=term, **key), None)

    def rows(self, result: str, name: str) -> Iterator[Row]:
        """A table's rows: each column's cell with its pointer; none where there is no table."""
        for t, table in enumerate(self.released.tables):
            if (table.result, table.name) == (result, name):
                yield from self._rows(t, table)

    def _rows(self, place: int, table: ReleasedTable) -> Iterator[Row]:
        for r, row in enumerate(table.rows):
            yield {
                column: (cell, f"/release/tables/{place}/rows/{r}/{c}/value")
                for c, (column, cell) in enumerate(zip(table.columns, row, strict=True))
            }

    def has(self, function: str) -> bool:
        """Whether an analysis gave anything."""
        names = {one.result for one in self.released.estimates}
        names |= {one.result for one in self.released.tables}
        return any(name.partition(":")[0] == function for name in names)

    def declared(self, outcome: Outcome, field: str) -> str:
        """The pointer to what study.toml declares of an outcome."""
        place = [one.name for one in self.design.outcomes].index(outcome.name)
        return f"/release/codebook/outcomes/{place}/{field}"

    def declared_number(self, outcome: Outcome, field: str, value: float) -> Shown:
        """A declared number as it reads."""
        text = f"{value:,.4g}"
        return Shown(text, (self.declared(outcome, field),), "number", _places(text))

    def label(self, outcome: Outcome) -> str:
        """An outcome's name inside a sentence."""
        return lower_first(outcome.label)

    def who(self, role: str) -> str:
        """What the people of a role are called, in the plural."""
        return people(self.design, role)

    def sides(self, held: Held) -> dict[str, str]:
        """The groups and waves of a sentence about an estimate."""
        one = held.estimate
        first, _, second = one.contrast.partition(" - ")
        arms = {arm.name: group_name(arm.label) for arm in self.design.arms}
        waves = {wave.name: named(wave.label) for wave in self.design.waves}
        names = {**waves, **arms}
        group = arms.get(one.group, "")
        return {
            "programme": names.get(first, first),
            "comparison": names.get(second, second),
            "baseline": names.get(second, second),
            "wave": waves.get(one.wave, one.wave),
            "group": fill("change", "group", programme=group) if group else "",
        }

    def matters(self, outcome: Outcome) -> Shown | str:
        """The smallest difference that matters, as declared."""
        smallest = outcome.smallest_effect
        if smallest is None:
            return ""
        share = is_share(outcome)
        text = f"{100 * smallest if share else smallest:,.4g}"
        at = (self.declared(outcome, "smallest_effect"),)
        return Shown(text, at, "number", _places(text), 100 if share else 1)


def _places(text: str) -> int:
    return len(text.partition(".")[2])


def plain(one: ReleasedEstimate) -> Estimate:
    """A released estimate for sentences that take one; a phrase is no value."""
    return Estimate(
        role=one.role,
        outcome=one.outcome,
        wave=one.wave,
        contrast=one.contrast,
        group=one.group,
        estimand=one.estimand,
        term=one.term,
        value=one.value if isinstance(one.value, (int, float)) else None,
        low=one.low if isinstance(one.low, (int, float)) else None,
        high=one.high if isinstance(one.high, (int, float)) else None,
        level=one.level,
        method=one.method,
    )


def shown(
    value: Value, at: str, form: Form, decimals: int = 0, by: Literal[1, 100] = 1
) -> Shown | str:
    """A released value as it reads; a phrase reads as it is, nothing as a dash."""
    if isinstance(value, str):
        return Shown(spoken(value), (at,), "phrase")
    if value is None:
        return number(None)
    text = (
        percent(value, decimals=decimals)
        if form == "percent"
        else number(
            by * (abs(value) if form == "size" else value),
            decimals=0 if form == "count" else decimals,
            signed=form == "signed",
        )
    )
    return Shown(text, (at,), form, decimals, by)


def sizes(held: Held, outcome: Outcome, *, by: Literal[1, 100] = 1) -> dict[str, Words]:
    """An estimate's size, value with sign, and ends, on one grid; with its unit and level.

    A difference of shares is told in percentage points; so is any ``by`` 100.
    """
    one, share = held.estimate, is_share(outcome)
    values = [v for v in (one.value, one.low, one.high) if isinstance(v, (int, float))]
    largest = max(map(abs, values), default=0.0)
    grid = max(0, min(decimals_for(values), grid_of("contrast", outcome, largest)))
    parts: dict[str, Words] = {"unit": catalogue()["unit"]["share"] if share else outcome.unit}
    for name, end, form in ENDS:
        at = f"{held.at}/{end}"
        whole = share or by == 100
        parts[name] = shown(getattr(one, end), at, form, 0 if whole else grid, 100 if whole else 1)
    return {**parts, **level_of(held)}


ENDS: tuple[tuple[str, str, Form], ...] = (
    ("size", "value", "size"),
    ("signed", "value", "signed"),
    ("low", "low", "number"),
    ("high", "high", "number"),
)


def level_of(held: Held) -> dict[str, Words]:
    """The interval's level as a percentage, and as so many times in a hundred."""
    level, at = held.estimate.level, f"{held.at}/level"
    places = 0 if abs(100 * level - round(100 * level)) < 0.05 else 1
    return {
        "level": shown(level, at, "percent", places),
        "often": shown(level, at, "number", places, 100),
    }


def said(
    section: str, key: str, judgement: Judgement | None = None, /, **parts: Words | int
) -> Said:
    """A sentence of the catalogue for leadership, with the numbers that stand in it.

    Words of causation need the verdict that earns them, words of significance are never said.
    """
    texts = {name: _text(part) for name, part in parts.items()}
    text = fill(section, key, **texts)
    evidence = None if judgement is None else _earned(judgement)
    return Said(say(text, evidence, reader="leadership"), _numbers(section, key, parts))


def _earned(judgement: Judgement) -> Evidence:
    kind = judgement.kind
    facts = Facts(kind=kind, planned=judgement.planned)
    certainty = Certainty[judgement.certainty.upper()]
    precision = Precision[judgement.precision.upper()]
    return Evidence(facts, 1, (), judgement.wwc, (), certainty, (), precision, False)


def _text(part: Any) -> str:
    return part.text if isinstance(part, (Shown, Said)) else str(part)


def _numbers(section: str, key: str, parts: Mapping[str, Any]) -> tuple[Shown, ...]:
    """The numbers of the parts that the sentence uses, in its order."""
    found: list[Shown] = []
    given = {**parts, **{capital(name): part for name, part in parts.items()}}
    for _, name, _, _ in Formatter().parse(catalogue()[section][key]):
        part = given.get(name or "")
        if isinstance(part, Shown):
            found.append(part)
        elif isinstance(part, Said):
            found += part.numbers
    return tuple(found)


def joined(*several: Said) -> Said:
    """Sentences one after another."""
    numbers = tuple(number for one in several for number in one.numbers)
    return Said(" ".join(one.text for one in several), numbers)
