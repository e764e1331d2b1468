"""The instruments of the synthetic world: what people are asked, of whom, and how it is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ASKABLE",
    "ASKED",
    "AWARENESS",
    "BURDEN",
    "CONFIDENCE",
    "ENGAGEMENT",
    "FURTHER",
    "GOALS",
    "HARM",
    "INSTRUMENTS",
    "JUNIOR",
    "JUNIORS",
    "MATCH",
    "PERFORMANCE",
    "PULSE",
    "RATERS",
    "REACTIONS",
    "SENIOR",
    "SKILL",
    "TOOL_USE",
    "USE",
    "VISIBILITY",
    "Instrument",
]

#: positions on the person axis of a set: its senior, its first junior; all its juniors
SENIOR, JUNIOR = 0, 1
JUNIORS = slice(1, None)

#: blind raters of one demonstration
RATERS = 2


@dataclass(frozen=True, slots=True)
class Instrument:
    """A scale of ``items`` items answered 1 to 5, some of them reversed (numbered from 1).

    ``rater`` "self" or "partner": a partner-rated scale is answered by the other one of the
    pair; "blind": by ``RATERS`` raters who know nobody's arm. ``follows`` names the scale whose
    true score it goes by, if it has none of its own, ``through`` the coefficient of nature that
    says how closely. ``asked`` at every wave, at both "ends" or at the "last" wave; there,
    ``looks_back`` asks how it was at the start. ``direction`` is -1 where more is worse.
    ``shared`` is what a study calls it where both roles are asked the same. ``smallest_effect``
    is in points of the score. ``first`` marks the scale of a role that volunteering goes by.
    """

    name: str
    label: str
    role: Literal["senior", "junior"]
    items: int
    reverse: frozenset[int] = frozenset()
    rater: Literal["self", "partner", "blind"] = "self"
    kirkpatrick: Literal[2, 3, 4] = 2
    smallest_effect: float | None = 0.3
    first: bool = False
    follows: str = ""
    through: str = ""
    asked: Literal["every wave", "ends", "last"] = "every wave"
    looks_back: bool = False
    direction: Literal[1, -1] = 1
    shared: str = ""

    @property
    def outcome(self) -> str:
        """What a study calls it."""
        return self.shared or self.name

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
        return 1 - self.side if self.rater == "partner" else self.side

    @property
    def columns(self) -> int:
        """How many answers there are about a person at a wave: items, for each rater."""
        return self.items * (RATERS if self.rater == "blind" else 1)

    def at(self, waves: int) -> slice:
        """Which of so many waves it is asked at."""
        every = {"every wave": slice(None), "ends": slice(0, None, waves - 1)}
        return every.get(self.asked, slice(waves - 1, None))

    def item(self, number: int) -> str:
        """The name of an item, numbered from 1."""
        return f"{self.outcome}_{number}"


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
        follows="digital_skill",
        through="transfer",
    ),
    Instrument(
        "leadership_confidence", "Leadership confidence", "junior", 5, frozenset({2}), first=True
    ),
    Instrument("visibility", "View of how the organisation works", "junior", 4),
)

#: what seniors' behaviour follows, and that behaviour
SKILL, USE = INSTRUMENTS[0].name, INSTRUMENTS[2].name
#: what goals on inclusion go by; what juniors' leadership follows
AWARENESS, CONFIDENCE = INSTRUMENTS[1].name, INSTRUMENTS[3].name
#: what a team that presents to executives gains more of
VISIBILITY = INSTRUMENTS[-1].name
BURDEN, ENGAGEMENT = "burden", "engagement"

#: scales that are asked only of studies that name them
FURTHER: tuple[Instrument, ...] = (
    Instrument(
        "digital_skill_before",
        "Digital skill at the start, looking back",
        "senior",
        6,
        frozenset({4}),
        smallest_effect=None,
        follows=SKILL,
        asked="last",
        looks_back=True,
    ),
    Instrument(
        "demonstration",
        "Digital skill demonstrated, rated by two who do not know the arm",
        "senior",
        3,
        rater="blind",
        kirkpatrick=3,
        follows=SKILL,
        through="demonstration_validity",
        asked="ends",
    ),
    Instrument(
        "leadership_seen",
        "Leadership, rated by the paired senior",
        "junior",
        4,
        rater="partner",
        kirkpatrick=3,
        follows=CONFIDENCE,
        through="confidence_on_leadership",
    ),
    Instrument(BURDEN, "Burden", "junior", 4, kirkpatrick=4, direction=-1),
    *(
        Instrument(
            f"{role}_engagement",
            "Engagement at work",
            role,
            3,
            kirkpatrick=4,
            smallest_effect=0.2,
            shared=ENGAGEMENT,
        )
        for role in ("senior", "junior")
    ),
)

#: asked of programme people after the start: satisfaction 1-5, would recommend 0-10
REACTIONS: tuple[str, ...] = ("satisfaction", "recommend")
#: asked of programme people only: how well the two match; how far the pair's goal was reached;
#: a few questions every month
MATCH, GOALS, PULSE = "reported_match", "goal_attainment", "pulse"
#: from records: uses of a tool in a month, the line manager's rating, harm to juniors
TOOL_USE, PERFORMANCE, HARM = "tool_use", "performance", "harm"

#: what a study may ask, and what it asks unless told otherwise
ASKED: tuple[str, ...] = (*(scale.name for scale in INSTRUMENTS), *REACTIONS)
ASKABLE: tuple[str, ...] = (
    *ASKED,
    *dict.fromkeys(scale.outcome for scale in FURTHER),
    *(MATCH, GOALS, PULSE),
    *(TOOL_USE, PERFORMANCE, HARM),
)
