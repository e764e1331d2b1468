"""Estimates and tables on their way out: each number meets the rules, in its place."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property

from rmresearch.privacy import rules
from rmresearch.privacy.crowds import Crowds
from rmresearch.privacy.rules import Audience, Limits, Rule, Verdict
from rmresearch.privacy.terms import kind_of, largest_of, places_of
from rmresearch.result import Cell, CellKind, Estimate, Table
from rmresearch.study import Outcome, Study

__all__ = ["ReleasedCell", "ReleasedEstimate", "ReleasedTable", "Told", "Wall"]

EXTREMES = frozenset({"min", "minimum", "lowest", "max", "maximum", "highest"})
MEASURES = frozenset({"characteristic", "covariate", "feature", "measure"})
LEVELS = frozenset({"mean", "item-mean", "sd"})
#: what tells a group's answers, and what would tell it again beside another group's
TOLD = frozenset({"mean", "item-mean", "proportion"})
DIFFERENCES = frozenset({"contrast", "interval", "statistic"})
#: a number with the people behind it
Told = tuple[float | int | str | None, frozenset[str]]


@dataclass(frozen=True, slots=True)
class ReleasedCell:
    """A cell as it may leave. ``hidden`` looks the same whether 0 or 4 people are behind it."""

    value: float | int | str | None
    kind: CellKind
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class ReleasedTable:
    """A table as it may leave, from the result named ``result``."""

    result: str
    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[ReleasedCell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedEstimate:
    """An estimate as it may leave: key, rounded numbers, counts exact or in bands.

    ``value`` is a phrase where S5 asks for one ("90% or more").
    """

    result: str
    role: str
    outcome: str
    wave: str
    contrast: str
    group: str
    estimand: str
    term: str
    method: str
    value: float | int | str | None = None
    low: float | int | None = None
    high: float | int | None = None
    level: float = 0.95
    n_people: int | str | None = None
    n_pairs: int | str | None = None
    n_clusters: int | str | None = None
    hidden: bool = False


@dataclass(frozen=True, eq=False)
class Wall:
    """What the rules need to know: whose study it is, and who will read."""

    study: Study = field(repr=False)
    audience: Audience

    @cached_property
    def crowds(self) -> Crowds:
        """The counter of people behind a number."""
        return Crowds(self.study)

    @cached_property
    def limits(self) -> Limits:
        """The thresholds of this study."""
        return Limits.of(self.study.design.privacy)

    @cached_property
    def departments(self) -> frozenset[str]:
        """Names that mean a department and nothing else."""
        return frozenset(self.study.participants["department"].dropna().tolist()) - self.arms

    @cached_property
    def arms(self) -> frozenset[str]:
        """Names and labels of the arms."""
        return frozenset(t for arm in self.study.design.arms for t in (arm.name, arm.label))

    @cached_property
    def rare(self) -> frozenset[str]:
        """Reasons that fewer pairs gave than a mean needs: people's own words, not a code (S1)."""
        given = self.study.pairs["reason"].dropna().astype(str).str.strip()
        times = given.value_counts()
        return frozenset(times.index[times < self.limits.mean]) - self.arms

    def administrative(self, count: float | int | None) -> int | str | None:
        """S0: exact for the analyst, "fewer than 5" for others."""
        if count is None:
            return None
        return int(count) if count >= 5 or self.audience == "technical" else rules.FEW

    def text(self, text: str) -> str:
        """Text of the design; a pseudonym in it is struck out."""
        return "" if text in self.crowds.ids else rules.PSEUDONYM.sub("", text)

    def outcome(self, *names: object) -> Outcome | None:
        """The first outcome that one of these is the name or the label of."""
        for name in names:
            for outcome in self.study.design.outcomes:
                # leavers are held against stayers on an outcome's scores "before"
                if name in (outcome.name, outcome.label, f"{outcome.label}, before"):
                    return outcome
        return None

    def estimate(
        self, result: str, function: str, one: Estimate
    ) -> tuple[ReleasedEstimate, Rule | None]:
        """An estimate as it may leave, and the rule that hid it, if one did."""
        outcome = self.outcome(one.outcome)
        kind = kind_of(function, one, outcome)
        crowd = self.crowds.of(one.members, outcome)
        places = places_of(function, kind, one, outcome)
        verdict = rules.judge(
            one.value,
            kind,
            crowd,
            self.limits,
            outcome=outcome,
            places=places,
            between_arms=bool(one.contrast) and len(crowd.arms) > 1,
        )
        people = min(one.n_people, crowd.people)
        if not (verdict.rule or rules.model_rule(people, one.parameters, one.smallest_level)):
            verdict = Verdict(None, "S6")
        if verdict.rule is None and one.se == 0:  # nobody differs from anybody
            verdict = Verdict(None, "S5")
        if verdict.rule is not None:
            # a method may name what was computed on the way: a reliability, a count of units
            return replace(self._keyed(result, one), method="", hidden=True), verdict.rule
        carried = crowd.smallest >= self.limits.interval and not isinstance(verdict.value, str)
        low, high = (
            rules.rounded(end, places) if carried and end is not None else None
            for end in (one.low, one.high)
        )
        exact = one.term == ""
        shown = replace(
            self._keyed(result, one),
            value=verdict.value,
            low=low,
            high=high,
            n_people=rules.band(one.n_people, exact=exact),
            n_pairs=rules.band(one.n_pairs, exact=exact) if one.n_pairs else None,
            n_clusters=rules.band(one.n_clusters, exact=exact) if one.n_clusters else None,
        )
        return shown, None

    def _keyed(self, result: str, one: Estimate) -> ReleasedEstimate:
        """The estimate's key without a number: what a hidden one keeps."""
        return ReleasedEstimate(
            result=result,
            role=self.text(one.role),
            outcome=self.text(one.outcome),
            wave=self.text(one.wave),
            contrast=self.text(one.contrast),
            group=self.text(one.group),
            estimand=self.text(one.estimand),
            term=self.text(one.term),
            method=self.text(one.method),
            level=one.level,
        )

    def table(
        self,
        result: str,
        table: Table,
        default: Outcome | None,
        withheld: Set[Told] = frozenset(),
    ) -> tuple[ReleasedTable, list[Rule]]:
        """A table as it may leave, and the rules that hid cells of it.

        Rows that name a person or a pair are left out (S4). ``default`` is the outcome of rows
        that do not name one; ``withheld`` are the numbers of models that rest on too few people
        (S6), which no cell may tell either.
        """
        hidden: list[Rule] = []
        kept = []
        for row in table.rows:
            if any(cell.kind == "label" and self._names_someone(cell.value) for cell in row):
                hidden += ["S4"] * sum(cell.kind != "label" for cell in row)
                continue
            place = _Row.of(self, table, row, default)
            verdicts = [
                Verdict(None, "S6") if (cell.value, cell.members) in withheld else verdict
                for cell, verdict in zip(row, place.verdicts(table.columns), strict=True)
            ]
            hidden += [verdict.rule for verdict in verdicts if verdict.rule is not None]
            kept.append(
                tuple(
                    ReleasedCell(verdict.value, cell.kind, verdict.rule is not None)
                    for cell, verdict in zip(row, verdicts, strict=True)
                )
            )
        numbers = any(sign.isdigit() for sign in table.note)
        note = table.note if self.audience == "technical" or not numbers else ""
        released = ReleasedTable(
            result=result,
            name=table.name,
            title=self.text(table.title),
            columns=tuple(self.text(column) for column in table.columns),
            rows=tuple(kept),
            note=self.text(note),
        )
        return released, hidden

    def _names_someone(self, label: object) -> bool:
        return isinstance(label, str) and self.text(label) != label


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A table's row as the rules see it: what stands beside a number decides with it."""

    wall: Wall
    row: tuple[Cell, ...]
    outcome: Outcome | None
    departments: bool
    column_counts: Sequence[Cell]

    @classmethod
    def of(cls, wall: Wall, table: Table, row: tuple[Cell, ...], default: Outcome | None) -> _Row:
        labels = [cell.value for cell in row if cell.kind == "label"]
        named = any(label in wall.departments for label in labels)
        named |= any(c.casefold() == "department" for c in table.columns)
        counts = [cell for other in table.rows for cell in other if cell.kind == "count"]
        # a row about another measure (a feature) has neither this outcome's range nor its raters
        other = bool(MEASURES & {column.casefold() for column in table.columns})
        outcome = wall.outcome(*labels) or (None if other else default)
        return cls(wall, row, outcome, named, counts)

    def verdicts(self, columns: Sequence[str]) -> list[Verdict]:
        """What leaves in place of each of the row's cells.

        A group's mean that is hidden takes what was computed from it and from others along: a
        difference beside the other group's mean would tell it.
        """
        found = [self.judge(cell, column) for cell, column in zip(self.row, columns, strict=True)]
        hidden = [
            cell.members
            for cell, verdict in zip(self.row, found, strict=True)
            if cell.kind in TOLD and verdict.rule == "S1"
        ]
        return [
            Verdict(None, "S1")
            if cell.kind in DIFFERENCES and any(group < cell.members for group in hidden)
            else verdict
            for cell, verdict in zip(self.row, found, strict=True)
        ]

    def judge(self, cell: Cell, column: str) -> Verdict:
        """What leaves in place of one of the row's cells."""
        if cell.kind == "label":
            return Verdict(None, "S1") if cell.value in self.wall.rare else Verdict(cell.value)
        if cell.kind == "administrative":
            if self.departments or column in self.wall.departments:
                return Verdict(None, "S0")
            if isinstance(cell.value, str):
                return Verdict(None, "S7")
            return Verdict(self.wall.administrative(cell.value))
        if column.casefold() in EXTREMES and self.wall.audience != "technical":
            return Verdict(None, "S4")
        if isinstance(cell.value, str):
            return Verdict(None, "S7")
        if cell.kind == "count":
            return self._count(cell)
        if self._all_alike(cell):
            return Verdict(None, "S5")
        kind, outcome = cell.kind, self.outcome
        if kind in {"mean", "item-mean"} and outcome is not None and outcome.kind == "binary":
            kind = "proportion"
        contrast = any(beside.kind == "contrast" for beside in self.row)
        fine = contrast and kind == "interval"
        alike = LEVELS if kind in LEVELS else {"contrast", "interval"}
        largest = largest_of(one.value for one in self.row if one.kind in alike)
        crowd = self.wall.crowds.of(cell.members, outcome)
        apart = kind in DIFFERENCES and (contrast or "difference" in column.casefold())
        return rules.judge(
            cell.value,
            kind,
            crowd,
            self.wall.limits,
            outcome=outcome,
            places=rules.decimals(
                kind, outcome, largest or largest_of([cell.value]), contrast=fine
            ),
            between_arms=apart and len(crowd.arms) > 1,
        )

    def _count(self, cell: Cell) -> Verdict:
        """How many gave an answer: bins from 5 on (S4) of distributions from 10 on (S1)."""
        beside = [one for one in self.row if one.kind == "count"]
        scope = beside if len(beside) > 1 else self.column_counts
        everyone = frozenset().union(*(one.members for one in scope))
        total = self.wall.crowds.of(everyone, self.outcome).smallest
        value = cell.value if isinstance(cell.value, (int, float)) else 0
        if total < self.wall.limits.interval or value < self.wall.limits.mean:
            return Verdict(None, "S1")
        others = [one for one in scope if one is not cell]
        if others and not any(one.value for one in others):
            return Verdict(None, "S5")
        return Verdict(int(value))

    def _all_alike(self, cell: Cell) -> bool:
        """Whether an SD of zero beside it says that everybody behind the number answered it."""
        return cell.kind != "sd" and any(
            one.kind == "sd" and one.value == 0 and one.members == cell.members for one in self.row
        )
