"""Nature: what a programme cannot choose. Every coefficient with unit, range, evidence, source.

Built up in the order in which causes act: people, their pairs, what they learn, what surveys make
of it, what further instruments find.
"""

from __future__ import annotations

from dataclasses import dataclass

from rmresearch.errors import kindly
from rmresearch.world.fields import coefficients, lowered, problems, short, table
from rmresearch.world.nature.instruments import InstrumentNature

__all__ = ["Nature"]


@kindly
@dataclass(frozen=True, slots=True, kw_only=True)
class Nature(InstrumentNature):
    """People, pairs and surveys as they are.

    Scores are in standard deviations of the eligible pool's true score at the start; quality,
    safety, disclosure, compatibility, resistance, intimidation, mentoring skill, performance and
    time poverty in their own SD. Raises ``ValueError`` naming every field outside its range.

    >>> Nature(item_reliability=0.5).item_reliability
    0.5
    """

    def __repr__(self) -> str:
        return short(self)

    def _repr_html_(self) -> str:
        return table(short(self), coefficients("", self)).to_html()

    def __post_init__(self) -> None:
        found = problems("nature", self)
        if not found:
            found = [text for text, wrong in self._sums() if wrong]
        lowered(found, "this nature is impossible")

    def _sums(self) -> list[tuple[str, bool]]:
        shares = _sum(self.state_share, self.pair_share, self.department_share)
        item = _sum(self.item_reliability, self.item_stable)
        fit = _sum(
            self.values_on_compatibility**2,
            self.interests_on_compatibility**2,
            self.background_on_compatibility**2,
        )
        said = _sum(self.rater_share, self.satisfaction_quality)
        ends = _sum(self.satisfaction_top, self.satisfaction_bottom)
        return [
            (
                f"state_share + pair_share + department_share is {shares:.6g}; legal: up to 0.95",
                shares > 0.95,
            ),
            (f"item_reliability + item_stable is {item:.6g}; legal: up to 1", item > 1),
            (
                f"values_on_compatibility² + interests_on_compatibility² + "
                f"background_on_compatibility² is {fit:.6g}; legal: up to 1",
                fit > 1,
            ),
            (f"rater_share + satisfaction_quality is {said:.6g}; legal: up to 1", said > 1),
            (
                f"satisfaction_top + satisfaction_bottom is {ends:.6g}; legal: up to 0.98",
                ends > 0.98,
            ),
        ]


def _sum(*parts: float) -> float:
    """What people get who add up what they wrote: .55 + .25 + .15 is .95, not a little more."""
    return round(sum(parts), 9)
