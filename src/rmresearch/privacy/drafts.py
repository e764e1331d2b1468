"""Results half way out: judged number by number, not yet beside one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rmresearch.privacy.differencing import Claim, Past, Published, refused
from rmresearch.privacy.passing import ReleasedEstimate, Wall
from rmresearch.privacy.rows import Row, Told
from rmresearch.privacy.rules import Rule
from rmresearch.result import Result, Table

__all__ = ["Draft", "refusals"]

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
        tables = [(table, wall.rows(function, table, default, wave)) for table in result.tables]
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
            if rule in {"S2", "S6"}:
                numbers = (one.value, one.low, one.high, one.p)
                withheld |= {(told, one.members): rule for told in numbers if told is not None}
        return passed, withheld


def refusals(
    wall: Wall, drafts: Sequence[Draft], past: Past
) -> tuple[dict[Claim, Rule], Published]:
    """The sets that may not be published beside the others with the rule that says so, and the
    sets that are."""
    claims: dict[Claim, int] = {}
    for draft in drafts:
        for claim, rank in draft.claims():
            claims[claim] = min(rank, claims.get(claim, rank))
    found = refused(claims, wall.crowds, past)
    kept = tuple(claim for claim in claims if claim not in found)
    return dict.fromkeys(found, "S2"), Published(wall.crowds, kept)
