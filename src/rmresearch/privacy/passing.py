"""Estimates and tables on their way out: each number meets the rules, in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from rmresearch.privacy import rules
from rmresearch.privacy.beside import CHARTS, told_by_limits
from rmresearch.privacy.crowds import Crowds
from rmresearch.privacy.differencing import Claim
from rmresearch.privacy.leavers import tells_leavers
from rmresearch.privacy.rows import Row, Told
from rmresearch.privacy.rules import Audience, Limits, Rule, Verdict
from rmresearch.privacy.subjects import Subjects
from rmresearch.privacy.terms import kind_of, places_of
from rmresearch.result import CellKind, Estimate, Table
from rmresearch.study import Outcome, Study

__all__ = ["ReleasedCell", "ReleasedEstimate", "ReleasedTable", "Wall"]


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
    _texts: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def crowds(self) -> Crowds:
        """The counter of people behind a number."""
        return Crowds(self.study)

    @cached_property
    def subjects(self) -> Subjects:
        """The finder of what a number is about."""
        return Subjects(self.study.design)

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
        if text not in self._texts:
            self._texts[text] = "" if text in self.crowds.ids else rules.PSEUDONYM.sub("", text)
        return self._texts[text]

    def outcome(self, *names: object) -> Outcome | None:
        """The first outcome that one of these is the name or the label of."""
        found = (self._named.get(name) for name in names if isinstance(name, str))
        return next((outcome for outcome in found if outcome is not None), None)

    @cached_property
    def _named(self) -> Mapping[str, Outcome]:
        # leavers are held against stayers on an outcome's scores "before"
        return {
            text: outcome
            for outcome in reversed(self.study.design.outcomes)
            for text in (f"{outcome.label}, before", outcome.label, outcome.name)
        }

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
        if verdict.rule is None and tells_leavers(one):
            verdict = Verdict(None, "S8")
        if verdict.rule is None and one.se == 0:  # nobody differs from anybody
            verdict = Verdict(None, "S5")
        if verdict.rule is not None:
            return self.hidden(result, one), verdict.rule
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

    def hidden(self, result: str, one: Estimate) -> ReleasedEstimate:
        """An estimate that does not leave: its key."""
        # a method may name what was computed on the way: a reliability, a count of units
        return replace(self._keyed(result, one), method="", hidden=True)

    def claim(self, function: str, one: Estimate) -> tuple[Claim, int] | None:
        """The set an estimate would be published for and its rank (``differencing``)."""
        subject = self.subjects.estimate(function, one, self.outcome(one.outcome))
        if subject is None:
            return None
        if one.term or (self.arms and self.subjects.is_change(one)):
            return Claim(subject, one.members), 2
        return Claim(subject, one.members), 0 if one.contrast else 1

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

    def rows(
        self,
        function: str,
        table: Table,
        veils: Sequence[frozenset[int]],
        default: Outcome | None,
        asked: str,
    ) -> list[Row | None]:
        """A table's rows as the rules see them; ``None`` for those that name someone (S4).

        ``veils`` are the columns of each row that S8 hides.
        """
        counts = [cell for row in table.rows for cell in row if cell.kind == "count"]
        made = [
            None
            if any(cell.kind == "label" and self._names_someone(cell.value) for cell in row)
            else Row.of(self, function, table, row, veil, counts, default, asked)
            for row, veil in zip(table.rows, veils, strict=True)
        ]
        return _charted(table, made) if (function, table.name) == CHARTS else made

    def table(
        self,
        result: str,
        table: Table,
        rows: Sequence[Row | None],
        refused: Mapping[Claim, Rule],
        withheld: Mapping[Told, Rule],
        veils: Mapping[Row, frozenset[int]],
    ) -> tuple[ReleasedTable, list[Rule]]:
        """A table as it may leave, and the rules that hid numbers of it.

        Rows that name a person or a pair are left out. ``refused`` are sets that may not be
        published; ``withheld`` are the numbers of hidden estimates, which no cell may tell, and
        ``veils`` the bins that would tell another (``bins``).
        """
        hidden: list[Rule] = []
        kept = []
        for row, cells in zip(rows, table.rows, strict=True):
            if row is None:
                hidden += ["S4"] * sum(cell.kind != "label" for cell in cells)
                continue
            verdicts = row.verdicts(refused, withheld, veils.get(row, frozenset()))
            hidden += [
                verdict.rule
                for cell, verdict in zip(cells, verdicts, strict=True)
                if verdict.rule is not None and cell.kind != "label"
            ]
            kept.append(
                tuple(
                    ReleasedCell(verdict.value, cell.kind, verdict.rule is not None)
                    for cell, verdict in zip(cells, verdicts, strict=True)
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


def _charted(table: Table, rows: Sequence[Row | None]) -> list[Row | None]:
    """A control chart's rows without the limits that tell a share."""
    known = [row for row in rows if row is not None]
    veils = told_by_limits(table.columns, [(row.cells, row.found) for row in known])
    made = iter([row.without(veil, "S5") for row, veil in zip(known, veils, strict=True)])
    return [None if row is None else next(made) for row in rows]
