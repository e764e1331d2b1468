"""What a number is about: numbers about one variable at one wave can be held against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from rmresearch.result import Cell, Estimate
from rmresearch.study import Design, Outcome

__all__ = ["MEASURES", "PART_TABLES", "Subject", "Subjects"]

#: columns that name what their row is about
MEASURES = frozenset({"characteristic", "covariate", "feature", "measure"})
#: contrasts and a table of what people answered before, whatever wave stands beside them
BEFORE = frozenset({"leavers - stayers", "answered - missing"})
BASELINE = "baseline"
#: analyses whose tables compare a wave with the baseline without naming it
CHANGES = frozenset({"pre_post"})
#: who took part is administrative (S0), not an answer
PART_TERMS = frozenset(
    {
        "differential-attrition",
        "differential-attrition-clusters",
        "ever-met",
        "meetings-a-month",
        "met",
        "overall-attrition",
        "overall-attrition-clusters",
        "plan-reached",
        "responded",
        "still-paired",
    }
)
PART_TABLES = frozenset(
    {
        ("attrition", "attrition"),
        ("attrition", "flow"),
        ("attrition", "pair-life"),
        ("attrition", "reasons"),
        ("engagement", "by-wave"),
        ("engagement", "cadence"),
        ("engagement", "distribution"),
        ("engagement", "engagement"),
        ("missingness", "items"),
        ("missingness", "patterns"),
        ("missingness", "response"),
        ("pulse", "meetings"),
        ("pulse", "pairs"),
        ("pulse", "response"),
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A variable (outcome, item or characteristic) at a wave or several; none named: at all."""

    variable: str
    waves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subjects:
    """Finds what numbers of one design are about; ``None`` where it is who took part."""

    design: Design

    @cached_property
    def _waves(self) -> Mapping[str, str]:
        return {text: wave.name for wave in self.design.waves for text in (wave.label, wave.name)}

    @cached_property
    def _baseline(self) -> tuple[str, ...]:
        return tuple(wave.name for wave in self.design.waves if wave.baseline)

    def _named(self, texts: Iterable[str]) -> tuple[str, ...]:
        found = (self._waves[text] for text in texts if text in self._waves)
        return tuple(dict.fromkeys(found))

    def estimate(self, function: str, one: Estimate, outcome: Outcome | None) -> Subject | None:
        """What an estimate is about."""
        answered = function == "missingness" and one.term == "" and not one.contrast
        if answered or one.term in PART_TERMS:
            return None
        variable = outcome.name if outcome else one.outcome or function
        if one.contrast in BEFORE or one.term == "baseline-difference":
            return Subject(variable, self._baseline)
        return Subject(variable, self._named([one.wave, *one.contrast.split(" - ")]))

    def is_change(self, one: Estimate) -> bool:
        """Whether an estimate compares waves, not groups."""
        return len(self._named(one.contrast.split(" - "))) > 1

    def row(
        self,
        source: tuple[str, str],
        columns: Sequence[str],
        row: Sequence[Cell],
        outcome: Outcome | None,
        asked: str,
    ) -> list[Subject | None]:
        """What each of a row's cells is about.

        ``source`` names the function and the table, ``asked`` the wave the question was about.
        """
        if source in PART_TABLES:
            return [None] * len(row)
        labels = {
            column.casefold(): cell.value
            for column, cell in zip(columns, row, strict=True)
            if cell.kind == "label" and isinstance(cell.value, str)
        }
        named = labels.get("item") or next((labels[c] for c in labels if c in MEASURES), None)
        before = source[1] == BASELINE or str(named).endswith(", before")
        variable = str(named) if outcome is None or "item" in labels else outcome.name
        if named is None and outcome is None:
            variable = source[0]
        told = self._named(part for text in labels.values() for part in text.split(" - "))
        waves = self._baseline if before else told or self._named([asked])
        both = (*self._baseline, *waves) if source[0] in CHANGES else waves
        return [self._cell(variable, waves, both, column) for column in columns]

    def _cell(
        self, variable: str, waves: tuple[str, ...], both: tuple[str, ...], column: str
    ) -> Subject | None:
        first, last = _ends(column)
        if first == "share":
            return None
        if last == "before":
            return Subject(variable, self._baseline)
        return Subject(variable, waves if last == "after" else both)


@cache
def _ends(column: str) -> tuple[str, str]:
    words = column.casefold().split() or [""]
    return words[0], words[-1]
