"""Groups' means and shares as S3 sees them: one quantity's values, published and hidden."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from rmresearch.privacy.complement import Level, narrowed
from rmresearch.privacy.crowds import Crowds
from rmresearch.privacy.differencing import Claim
from rmresearch.privacy.rules import Limits, Verdict
from rmresearch.result import CellKind
from rmresearch.study import Outcome

__all__ = ["GroupLevel", "told_by_others"]

#: rules that hide a level for what it says itself; S2 hides for what it says of others
FOR_ITSELF = frozenset({"S1", "S5"})
#: how much of its range a hidden mean keeps, and a hidden share
OF_MEAN, OF_SHARE = 0.25, 0.4


@dataclass(frozen=True, slots=True)
class GroupLevel:
    """A mean or share of a group, of the quantity ``name`` about the claim's subject."""

    claim: Claim
    name: str
    kind: CellKind
    outcome: Outcome | None
    value: float
    verdict: Verdict

    @property
    def is_share(self) -> bool:
        """Whether it is a share of people."""
        binary = self.outcome is not None and self.outcome.kind == "binary"
        return binary or self.kind == "proportion"

    @property
    def box(self) -> tuple[float, float]:
        """The range of an answer, infinite where none is declared."""
        if self.is_share:
            return 0.0, 1.0
        if self.outcome is None or self.outcome.low is None or self.outcome.high is None:
            return -math.inf, math.inf
        return float(self.outcome.low), float(self.outcome.high)


def told_by_others(
    crowds: Crowds,
    levels: Iterable[GroupLevel],
    ranks: Mapping[Claim, int],
    refused: Collection[Claim],
) -> set[Claim]:
    """The claims that must not be published either, so that no hidden level is told (S3)."""
    groups: dict[tuple[object, str], dict[Claim, GroupLevel]] = {}
    for one in levels:
        if not one.box[0] <= one.value <= one.box[1]:
            continue  # a change or an adjusted value, no mean of answers
        shown = one.verdict.value is not None and one.claim not in refused
        if shown or one.verdict.rule in FOR_ITSELF:
            group = groups.setdefault((one.claim.subject, one.name), {})
            if shown and one.claim in group and group[one.claim].verdict.rule is not None:
                del group[one.claim]  # what is shown anywhere is no secret
            group.setdefault(one.claim, one)
    found: set[Claim] = set()
    for group in groups.values():
        found |= _narrowed(crowds, group, ranks)
    return found


def _narrowed(
    crowds: Crowds, group: Mapping[Claim, GroupLevel], ranks: Mapping[Claim, int]
) -> set[Claim]:
    claims, first = list(group), next(iter(group.values()))
    levels = []
    for claim, one in group.items():
        low, high = one.verdict.bounds() if one.verdict.rule is None else (None, None)
        people = crowds.people(claim.members)
        levels.append(Level(people, one.value, low, high, ranks.get(claim, 0)))
    share = OF_SHARE if first.is_share else OF_MEAN
    return {
        claims[i]
        for i in narrowed(levels, first.box, share, Limits.of(crowds.study.design.privacy).mean)
    }
