"""Levers: what a programme chooses. Setting: how the study around it is set up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from rmresearch.world.fields import coefficient, lowered, problems

__all__ = ["Levers", "Setting"]

STRENGTH = "0 none to 1 full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Levers:
    """What a programme can pull. Raises ``ValueError`` naming every field outside its range.

    >>> Levers(cadence=4).cadence
    4
    """

    # fmt: off
    # (one coefficient reads as one entry)
    level_gap: int = coefficient(
        3, "smallest distance between the two people of a pair", "levels", (0, 6), "S",
        "S 1: at least 2",
    )
    other_department: bool = coefficient(
        True, "pairs reach across departments", "yes or no", (), "S", "S 1",
    )
    training: float = coefficient(
        0.5, "early training of both sides", STRENGTH, (0.0, 1.0), "S", "S 3",
    )
    goal_clarity: float = coefficient(
        0.5, "clear goals and agreed measures", STRENGTH, (0.0, 1.0), "S", "S 3",
    )
    confidentiality: float = coefficient(
        0.5, "only the pair and one admin see what is worked on", STRENGTH, (0.0, 1.0), "S", "S 1",
    )
    two_way: float = coefficient(
        0.5, "seniors give strategy, leadership and visibility back", STRENGTH, (0.0, 1.0), "S",
        "S 0, 1, 3",
    )
    cadence: int = coefficient(
        2, "meetings planned", "a month", (1, 8), "S", "S 0",
    )
    duration: int = coefficient(
        6, "length of the programme", "months", (1, 24), "C", "six meetings in six months (ReMEDI)",
    )
    # fmt: on

    def __post_init__(self) -> None:
        lowered(problems("levers", self), "these levers are impossible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the study is set up. Raises ``ValueError`` naming every field outside its range.

    ``waves`` are months after the start; the first is 0 and lies just before the first meeting.

    >>> Setting(waves=(0, 6, 12)).waves
    (0, 6, 12)
    """

    # fmt: off
    # (one coefficient reads as one entry)
    waves: tuple[int, ...] = coefficient(
        (0, 3, 6), "when people are asked", "months after the start", (0, 24), "",
    )
    programme_share: float = coefficient(
        0.5, "pairs that get the programme, where there is a comparison", "share", (0.05, 0.95), "",
    )
    eligible: int = coefficient(
        4, "people a place is filled from", "people a place", (1, 50), "",
    )
    sites: int = coefficient(
        2, "sites; pairs are randomised within a site", "sites", (1, 20), "",
    )
    departments: int = coefficient(
        4, "departments", "departments", (1, 12), "",
    )
    start: dt.date = coefficient(  # noqa: RUF009 (makes a field)
        dt.date(2025, 9, 1), "first day of the programme", "date",
        (dt.date(2000, 1, 1), dt.date(2100, 1, 1)), "",
    )
    # fmt: on

    def __post_init__(self) -> None:
        found = problems("design", self)
        if not found and not (
            len(self.waves) >= 2
            and self.waves[0] == 0
            and all(a < b for a, b in zip(self.waves, self.waves[1:], strict=False))
        ):
            found = [f"design.waves is {self.waves!r}; legal: 0 first, then later months in order"]
        lowered(found, "this design is impossible")
