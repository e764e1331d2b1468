"""Levers: what a programme chooses. Setting: how the study around it is set up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from rmresearch.errors import kindly
from rmresearch.world.fields import coefficient, coefficients, lowered, problems, short, table
from rmresearch.world.instruments import ASKABLE, ASKED

__all__ = ["GROUPS", "Application", "Format", "Levers", "Matching", "Setting", "Unit"]

STRENGTH = "0 none to 1 full"

Application = Literal["volunteer", "assigned"]
Matching = Literal["random", "self-selected", "rules", "greedy", "optimal"]
Format = Literal["one-to-one", "reciprocal", "group", "team challenge"]
Unit = Literal["pair", "department"]

#: formats in which several juniors meet one senior
GROUPS: tuple[Format, ...] = ("group", "team challenge")


@kindly
@dataclass(frozen=True, slots=True, kw_only=True)
class Levers:
    """What a programme can pull. Raises ``ValueError`` naming every field outside its range.

    >>> Levers(cadence=4).cadence, Levers(format="reciprocal").exchange
    (4, 1.0)
    """

    # fmt: off
    # (one coefficient reads as one entry)
    application: Application = coefficient(  # noqa: RUF009 (makes a field)
        "volunteer", "places go to those who apply, or to anybody eligible", "choice",
        ("volunteer", "assigned"), "C", "S 2, 3; sales-centre experiment: mandatory +17%, "
        "voluntary negligible", "application -> volunteering +",
    )
    sponsor: float = coefficient(
        0.5, "a senior leader stands for it and starts", STRENGTH, (0.0, 1.0), "S", "S 2",
    )
    matching: Matching = coefficient(  # noqa: RUF009 (makes a field)
        "rules", "how pairs are made; all but random and self-selected hold to level_gap and "
        "other_department", "choice", ("random", "self-selected", "rules", "greedy", "optimal"),
        "S", "S 1, 3; C: effect about 0", "matching effort -> value similarity +; "
        "matching effort -> interest similarity +; matching effort -> level gap ?; "
        "matching effort -> conflict of interest -; matching effort -> shared context -",
    )
    level_gap: int = coefficient(
        3, "smallest distance between the two people of a pair", "levels", (0, 6), "S",
        "S 1: at least 2", "level gap -> conflict of interest -",
    )
    other_department: bool = coefficient(
        True, "pairs reach across departments", "yes or no", (), "S", "S 1",
        "other department -> conflict of interest -; other department -> shared context -",
    )
    communication_fit: float = coefficient(
        0.5, "attention to how the two like to communicate", STRENGTH, (0.0, 1.0), "S", "S 3",
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
        "S 0, 1, 3", "two-way exchange -> junior leadership confidence +; "
        "two-way exchange -> junior visibility +",
    )
    cadence: int = coefficient(
        2, "meetings planned", "a month", (1, 8), "S", "S 0", "cadence -> meetings +",
    )
    agenda: float = coefficient(
        0.5, "an agenda agreed at the start", STRENGTH, (0.0, 1.0), "S", "S 0",
    )
    pulse_and_adapt: float = coefficient(
        0.5, "pulse surveys, and changes made from them", STRENGTH, (0.0, 1.0), "S", "S 1, 3",
    )
    format: Format = coefficient(  # noqa: RUF009 (makes a field)
        "one-to-one", "who meets whom", "choice",
        ("one-to-one", "reciprocal", "group", "team challenge"), "S", "S 4; ReMEDI",
        "reciprocal format -> two-way exchange +",
    )
    juniors: int = coefficient(
        1, "juniors to one senior; more than one in a group or team challenge only", "people",
        (1, 6), "C", "a case in ReMEDI: two juniors to one senior",
    )
    duration: int = coefficient(
        6, "length of the programme", "months", (1, 24), "C",
        "a case in ReMEDI: six meetings in six months",
        "duration -> meetings +; duration -> learning +; duration -> early ending +; "
        "duration -> junior burden +; duration -> harm to juniors +; "
        "duration -> months of pulses +",
    )
    # fmt: on

    def __repr__(self) -> str:
        return short(self)

    def _repr_html_(self) -> str:
        return table(short(self), coefficients("", self)).to_html()

    def __post_init__(self) -> None:
        found = problems("levers", self)
        if not found and (self.juniors > 1) != (self.format in GROUPS):
            found = [
                f"levers.juniors is {self.juniors} with levers.format {self.format!r}; legal: 1 "
                f"in one-to-one and reciprocal, 2 to 6 in {' and '.join(GROUPS)}"
            ]
        lowered(found, "these levers are impossible")

    @property
    def exchange(self) -> float:
        """How much seniors give back, 0 to 1; reciprocal mentoring is a full exchange."""
        return 1.0 if self.format == "reciprocal" else self.two_way


@kindly
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
    instruments: tuple[str, ...] = coefficient(
        ASKED, "what is asked or recorded", "names", ASKABLE, "",
    )
    programme_share: float = coefficient(
        0.5, "pairs, or departments, that get the programme where there is a comparison",
        "share", (0.05, 0.95), "",
    )
    unit: Unit = coefficient(  # noqa: RUF009 (makes a field)
        "pair", "what chance assigns: pairs within sites, or seniors' departments", "choice",
        ("pair", "department"), "",
    )
    eligible: int = coefficient(
        4, "people a place is filled from", "people a place", (1, 50), "", "",
        "volunteering -> senior skill at the start -; "
        "volunteering -> junior confidence at the start +; "
        "volunteering -> baseline performance +; volunteering -> time poverty -",
    )
    sites: int = coefficient(
        2, "sites; pairs are matched and randomised within a site", "sites", (1, 20), "",
    )
    departments: int = coefficient(
        4, "departments", "departments", (1, 12), "",
    )
    levels: int = coefficient(
        8, "rungs of the organisation's ladder", "levels", (2, 12), "",
    )
    spillover: float = coefficient(
        0.05, "comparison people gain this part of what colleagues of their department gain",
        "share of their mean gain", (0.0, 1.0), "A", "",
        "senior skill -> comparison people's score; "
        "inclusion awareness -> comparison people's score; "
        "senior behaviour -> comparison people's score; "
        "junior leadership confidence -> comparison people's score; "
        "junior visibility -> comparison people's score",
    )
    start: dt.date = coefficient(  # noqa: RUF009 (makes a field)
        dt.date(2025, 9, 1), "first day of the programme", "date",
        (dt.date(2000, 1, 1), dt.date(2100, 1, 1)), "",
    )
    # fmt: on

    def __repr__(self) -> str:
        return short(self)

    def _repr_html_(self) -> str:
        return table(short(self), coefficients("", self)).to_html()

    def __post_init__(self) -> None:
        found = problems("design", self)
        if not found and not (
            len(self.waves) >= 2
            and self.waves[0] == 0
            and all(a < b for a, b in zip(self.waves, self.waves[1:], strict=False))
        ):
            found = [f"design.waves is {self.waves!r}; legal: 0 first, then later months in order"]
        if not found and (
            not self.instruments or len(set(self.instruments)) < len(self.instruments)
        ):
            found = [
                f"design.instruments is {self.instruments!r}; legal: one or more of "
                f"{', '.join(ASKABLE)}, each once"
            ]
        lowered(found, "this design is impossible")
