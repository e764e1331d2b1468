"""A table's row as the rules see it: what stands beside a number decides with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rmresearch.privacy import rules
from rmresearch.privacy.beside import told_beside
from rmresearch.privacy.differencing import Claim
from rmresearch.privacy.levels import GroupLevel
from rmresearch.privacy.rules import Rule, Verdict
from rmresearch.privacy.subjects import MEASURES, PART_TABLES, Subject
from rmresearch.privacy.terms import largest_of
from rmresearch.result import Cell, Table
from rmresearch.study import Outcome

if TYPE_CHECKING:
    from rmresearch.privacy.passing import Wall

__all__ = ["Row", "Told"]

EXTREMES = frozenset({"min", "minimum", "lowest", "max", "maximum", "highest"})
LEVELS = frozenset({"mean", "item-mean", "sd"})
#: what tells a group's answers, and what would tell it again beside another group's
TOLD = frozenset({"mean", "item-mean", "proportion"})
DIFFERENCES = frozenset({"contrast", "interval", "statistic"})
#: columns of words that are read from the row's numbers
READ = frozenset({"finding", "interval", "reading"})
#: rules that hide a number so that nobody may work it out either
SECRET = frozenset({"S1", "S2", "S3"})
#: a number with the people behind it
Told = tuple[float | int | str | None, frozenset[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row, what each cell is about, and what the rules find of each by itself."""

    wall: Wall
    columns: tuple[str, ...]
    cells: tuple[Cell, ...]
    outcome: Outcome | None
    departments: bool
    column_counts: Sequence[Cell]
    constant: Sequence[Cell]
    claims: Sequence[Claim | None]
    found: Sequence[Verdict]

    @classmethod
    def of(
        cls,
        wall: Wall,
        function: str,
        table: Table,
        row: tuple[Cell, ...],
        veil: frozenset[int],
        counts: Sequence[Cell],
        default: Outcome | None,
        asked: str,
    ) -> Row:
        """The row of a table of an analysis.

        ``veil`` are columns that S8 hides, ``counts`` all counts of the table; ``default`` is the
        outcome and ``asked`` the wave of rows that do not name one.
        """
        labels = [cell.value for cell in row if cell.kind == "label"]
        named = any(label in wall.departments for label in labels)
        named |= any(c.casefold() == "department" for c in table.columns)
        # a row about another measure (a feature) has neither this outcome's range nor its raters
        other = bool(MEASURES & {column.casefold() for column in table.columns})
        outcome = wall.outcome(*labels) or (None if other else default)
        subjects = wall.subjects.row((function, table.name), table.columns, row, outcome, asked)
        constant = [cell for cell in row if cell.kind == "sd" and cell.value == 0]
        about = (wall, table.columns, row, outcome, named, counts, constant, _claims(row, subjects))
        bare = cls(*about, ())
        found = [bare.judge(cell, column) for cell, column in zip(row, table.columns, strict=True)]
        for i in veil:
            found[i] = Verdict(None, "S8")
        answers = (function, table.name) not in PART_TABLES
        for i, rule in told_beside(table.columns, row, found, answers=answers).items():
            found[i] = Verdict(None, rule)
        return cls(*about, found)

    def without(self, columns: Set[int], rule: Rule) -> Row:
        """The row with these columns hidden by a rule where they have a number."""
        found = [
            Verdict(None, rule) if i in columns and verdict.value is not None else verdict
            for i, verdict in enumerate(self.found)
        ]
        return replace(self, found=found)

    @property
    def bins(self) -> tuple[int, ...]:
        """The columns of counts that share out the row's people; none unless there are two."""
        found = tuple(i for i, cell in enumerate(self.cells) if cell.kind == "count")
        sets = [self.cells[i].members for i in found]
        apart = len(frozenset().union(*sets)) == sum(map(len, sets))
        return found if len(found) > 1 and apart else ()

    def claimed(self) -> Iterator[Claim]:
        """The set behind each number that the rules let out so far."""
        for cell, verdict, claim in zip(self.cells, self.found, self.claims, strict=True):
            if claim is not None and verdict.value is not None and cell.kind != "count":
                yield claim

    def levels(self) -> Iterator[GroupLevel]:
        """Means and shares of groups that were judged."""
        yes = self.outcome is not None and self.outcome.kind == "binary"
        for column, cell, verdict, claim in zip(
            self.columns, self.cells, self.found, self.claims, strict=True
        ):
            if claim is None or cell.kind not in TOLD or not isinstance(cell.value, (int, float)):
                continue
            share = column.casefold() if cell.kind == "proportion" else "mean"
            name = "yes" if yes else share
            yield GroupLevel(claim, name, cell.kind, self.outcome, float(cell.value), verdict)

    def verdicts(
        self,
        refused: Mapping[Claim, Rule],
        withheld: Mapping[Told, Rule],
        veil: Set[int] = frozenset(),
    ) -> list[Verdict]:
        """What leaves in place of each of the row's cells.

        ``refused`` are sets that may not be published, ``withheld`` hidden estimates' numbers and
        ``veil`` the columns of bins that would tell another. A
        group's mean that is hidden takes what was computed from it and from others along: a
        difference beside the other group's mean would tell it.
        """
        final = []
        judged = zip(self.cells, self.found, self.claims, strict=True)
        for i, (cell, verdict, claim) in enumerate(judged):
            if i in veil or cell.kind in {"label", "administrative"}:
                final.append(Verdict(None, "S3") if i in veil else verdict)
                continue
            rule = withheld.get((cell.value, cell.members))
            if rule is None and claim is not None and verdict.rule is None:
                rule = refused.get(claim)
            if cell.kind == "count" and rule is not None and isinstance(verdict.value, int):
                final.append(Verdict(rules.band(verdict.value, exact=False)))  # S2: other n banded
            else:
                final.append(verdict if rule is None else Verdict(None, rule))
        hidden = [
            cell.members
            for cell, verdict in zip(self.cells, final, strict=True)
            if verdict.rule in SECRET and cell.kind in TOLD
        ]
        if hidden:
            final = [
                Verdict(None, "S1")
                if cell.kind in DIFFERENCES and any(group < cell.members for group in hidden)
                else verdict
                for cell, verdict in zip(self.cells, final, strict=True)
            ]
        return self._unread(final)

    def _unread(self, final: list[Verdict]) -> list[Verdict]:
        """Words that were read from the row's numbers go where one of these is hidden."""
        rule = next((one.rule for one in final if one.rule is not None), None)
        if rule is None:
            return final
        words = zip(self.cells, self.columns, final, strict=True)
        return [
            Verdict(None, rule) if cell.kind == "label" and name.casefold() in READ else verdict
            for cell, name, verdict in words
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
        contrast = any(beside.kind == "contrast" for beside in self.cells)
        fine = contrast and kind == "interval"
        alike = LEVELS if kind in LEVELS else {"contrast", "interval"}
        largest = largest_of(one.value for one in self.cells if one.kind in alike)
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
        beside = [one for one in self.cells if one.kind == "count"]
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
        return cell.kind != "sd" and any(cell.members == one.members for one in self.constant)


def _claims(row: Sequence[Cell], subjects: Sequence[Subject | None]) -> list[Claim | None]:
    claims: list[Claim | None] = []
    last: Claim | None = None
    for cell, subject in zip(row, subjects, strict=True):
        if subject is None or cell.kind in {"label", "administrative"}:
            claims.append(None)
            continue
        if last is None or last.subject != subject or last.members is not cell.members:
            last = Claim(subject, cell.members)
        claims.append(last)
    return claims
