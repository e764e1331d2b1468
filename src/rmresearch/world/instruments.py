"""The scales of the synthetic world: what people are asked, of whom, and how it is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ASKABLE",
    "ASKED",
    "INSTRUMENTS",
    "JUNIOR",
    "JUNIORS",
    "REACTIONS",
    "SENIOR",
    "SKILL",
    "VISIBILITY",
    "Instrument",
]

#: positions on the person axis of a set: its senior, its first junior; all its juniors
SENIOR, JUNIOR = 0, 1
JUNIORS = slice(1, None)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A scale of ``items`` items answered 1 to 5, some of them reversed (numbered from 1).

    ``rater`` "self" or "partner": a partner-rated scale is answered by the other one of the
    pair. ``smallest_effect`` is in points of the score. ``first`` marks the scale of a role that
    volunteering goes by.
    """

    name: str
    label: str
    role: Literal["senior", "junior"]
    items: int
    reverse: frozenset[int] = frozenset()
    rater: Literal["self", "partner"] = "self"
    kirkpatrick: Literal[2, 3] = 2
    smallest_effect: float = 0.3
    first: bool = False

    @property
    def side(self) -> int:
        """SENIOR or JUNIOR: whom it describes."""
        return SENIOR if self.role == "senior" else JUNIOR

    @property
    def people(self) -> slice:
        """The people described on the person axis of a set."""
        return slice(0, 1) if self.role == "senior" else JUNIORS

    @property
    def answered_by(self) -> int:
        """SENIOR or JUNIOR: who answers; the first junior of a group rates its senior."""
        return self.side if self.rater == "self" else 1 - self.side

    def item(self, number: int) -> str:
        """The name of an item, numbered from 1."""
        return f"{self.name}_{number}"


INSTRUMENTS: tuple[Instrument, ...] = (
    Instrument("digital_skill", "Digital skill", "senior", 6, frozenset({4}), first=True),
    Instrument("inclusion_awareness", "Inclusion awareness", "senior", 5, frozenset({3})),
    Instrument(
        "digital_use",
        "Use of digital tools, rated by the paired junior",
        "senior",
        4,
        rater="partner",
        kirkpatrick=3,
    ),
    Instrument(
        "leadership_confidence", "Leadership confidence", "junior", 5, frozenset({2}), first=True
    ),
    Instrument("visibility", "View of how the organisation works", "junior", 4),
)

#: what seniors' behaviour follows
SKILL = INSTRUMENTS[0].name
#: what a team that presents to executives gains more of
VISIBILITY = INSTRUMENTS[-1].name

#: asked of programme people after the start: satisfaction 1-5, would recommend 0-10
REACTIONS: tuple[str, ...] = ("satisfaction", "recommend")

#: what a study may ask, and what it asks unless told otherwise
ASKED: tuple[str, ...] = (*(scale.name for scale in INSTRUMENTS), *REACTIONS)
ASKABLE: tuple[str, ...] = ASKED
