"""Results half way out: judged number by number, not yet beside one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rmresearch.privacy.beside import tells_extremes
from rmresearch.privacy.differencing import Claim, Past, Published, refused
from rmresearch.privacy.leavers import merged
from rmresearch.privacy.levels import GroupLevel, told_by_others
from rmresearch.privacy.passing import ReleasedEstimate, Wall
from rmresearch.privacy.rows import TOLD, Row, Told
from rmresearch.privacy.rules import Rule, Verdict
from rmresearch.privacy.terms import kind_of, places_of
from rmresearch.result import Result, Table

__all__ = ["Draft", "margins", "refusals"]

#: analyses whose groups' means come from a model and are no sums of answers
MODELLED = frozenset({"mixed_model"})
#: cells choose their sets after the estimates, which rank 0 to 2
CELL = 3


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A result of which each number met the rules by itself."""

    wall: Wall
    name: str
    result: Result
    estimates: Sequence[tuple[ReleasedEstimate, Rule | None]]
    tables: Sequence[tuple[Table, Sequence[Row | None]]]

    @classmethod
    def of(cls, wall: Wall, name: str, result: Result) -> Draft:
        """The draft of a result named as the report names it."""
        function, asked = result.call.function, dict(result.call.arguments)
        default, wave = wall.outcome(asked.get("outcome")), asked.get("wave", "")
        estimates = [wall.estimate(name, function, one) for one in result.estimates]
        estimates = _without_net(wall, name, result, estimates)
        tables = [
            (table, wall.rows(function, table, veils, default, wave))
            for table, veils in (merged(function, table) for table in result.tables)
        ]
        return cls(wall, name, result, estimates, tables)

    def claims(self) -> Iterable[tuple[Claim, int]]:
        """The sets it would publish numbers for, with their ranks."""
        for one, (shown, _) in zip(self.result.estimates, self.estimates, strict=True):
            claim = self.wall.claim(self.result.call.function, one)
            if claim is not None and shown.value is not None:
                yield claim
        for _, rows in self.tables:
            for row in rows:
                for claim_of_cell in row.claimed() if row is not None else ():
                    yield claim_of_cell, CELL

    def levels(self) -> Iterable[GroupLevel]:
        """Its means and shares of groups."""
        function = self.result.call.function
        if function in MODELLED:
            return
        for one, (shown, rule) in zip(self.result.estimates, self.estimates, strict=True):
            claim, outcome = self.wall.claim(function, one), self.wall.outcome(one.outcome)
            kind = kind_of(function, one, outcome)
            of_group = kind == "proportion" or (kind in TOLD and one.term in {"", "mean"})
            if claim is None or one.value is None or not of_group:
                continue
            yes = outcome is not None and outcome.kind == "binary"
            name = "yes" if yes else f"{function} {one.term}" if kind == "proportion" else "mean"
            places = places_of(function, kind, one, outcome)
            verdict = Verdict(shown.value, rule, places)
            yield GroupLevel(claim[0], name, kind, outcome, float(one.value), verdict)
        for _, rows in self.tables:
            for row in rows:
                if row is not None:
                    yield from row.levels()

    def estimates_out(
        self, refused: Mapping[Claim, Rule]
    ) -> tuple[list[tuple[ReleasedEstimate, Rule | None]], dict[Told, Rule]]:
        """The estimates as they may leave with the rule that hid each, and the numbers of those
        hidden beside others or for their model, which no table may tell either."""
        passed, withheld = [], dict[Told, Rule]()
        for one, (shown, rule) in zip(self.result.estimates, self.estimates, strict=True):
            claim = self.wall.claim(self.result.call.function, one)
            if rule is None and claim is not None and claim[0] in refused:
                shown, rule = self.wall.hidden(self.name, one), refused[claim[0]]
            passed.append((shown, rule))
            if rule in {"S2", "S3", "S6"}:
                numbers = (one.value, one.low, one.high, one.p)
                withheld |= {(told, one.members): rule for told in numbers if told is not None}
        return passed, withheld


def _without_net(
    wall: Wall,
    name: str,
    result: Result,
    estimates: Sequence[tuple[ReleasedEstimate, Rule | None]],
) -> list[tuple[ReleasedEstimate, Rule | None]]:
    """The estimates without promoters less detractors that tell an extreme share (S5)."""
    phrased = {
        (one.role, one.wave, one.group, one.members)
        for one, (shown, _) in zip(result.estimates, estimates, strict=True)
        if isinstance(shown.value, str)
    }
    kept = []
    for one, (shown, rule) in zip(result.estimates, estimates, strict=True):
        beside = (one.role, one.wave, one.group, one.members) in phrased
        if rule is None and one.term == "net-recommend" and (beside or tells_extremes(one.value)):
            shown, rule = wall.hidden(name, one), "S5"
        kept.append((shown, rule))
    return kept


def refusals(
    wall: Wall, drafts: Sequence[Draft], past: Past
) -> tuple[dict[Claim, Rule], Published]:
    """The sets that may not be published beside the others with the rule that says so, and the
    sets that are."""
    claims: dict[Claim, int] = {}
    for draft in drafts:
        for claim, rank in draft.claims():
            claims[claim] = min(rank, claims.get(claim, rank))
    found: dict[Claim, Rule] = dict.fromkeys(refused(claims, wall.crowds, past), "S2")
    levels = [level for draft in drafts for level in draft.levels()]
    found |= dict.fromkeys(told_by_others(wall.crowds, levels, claims, found), "S3")
    kept = tuple(claim for claim in claims if claim not in found)
    return found, Published(wall.crowds, kept)


def margins(drafts: Sequence[Draft], published: Published) -> frozenset[frozenset[str]]:
    """The sets of people whose number is known to whoever reads the release."""
    counted = (
        cell.members
        for draft in drafts
        for _, rows in draft.tables
        for row in rows
        if row is not None
        for cell, verdict in zip(row.cells, row.found, strict=True)
        if cell.kind in {"administrative", "count"} and isinstance(verdict.value, int)
    )
    return frozenset(counted) | {claim.members for claim in published.claims}
