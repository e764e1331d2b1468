"""What study.toml declares about matching: how the pairs were made, and how two people compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ROSTER_FEATURES", "Likeness", "Matching", "Procedure", "Role"]

Role = Literal["junior", "senior"]
Procedure = Literal["unknown", "random", "self-selected", "rules", "score", "optimal"]
#: how two people compare by the roster alone, and the column that tells it
ROSTER_FEATURES = {"Level gap": "level", "Same department": "department"}


@dataclass(frozen=True, slots=True)
class Likeness:
    """How the answers of a pair's two people are compared: an entry of [[matching.questions]].

    ``senior`` and ``junior`` are columns of participants. "close" compares numbers over ``low``
    to ``high``, "same" wants an entry in common (``anything`` fits everybody), "words" the share
    of entries in common, "teaches" what the ``learner`` wants that the other offers.
    """

    name: str
    compare: Literal["close", "same", "words", "teaches"]
    senior: str
    junior: str
    low: float = 0.0
    high: float = 1.0
    anything: tuple[str, ...] = ()
    learner: Role = "senior"


@dataclass(frozen=True, slots=True)
class Matching:
    """How pairs were made, and which could not be: [matching] of study.toml.

    ``procedure`` "random": each arrangement that the rules allow was as likely as any other.
    """

    procedure: Procedure = "unknown"
    questions: tuple[Likeness, ...] = ()
    separator: str = ";"
    level_gap: int | None = None
    other_department: bool = False
    reporting_line: bool = True
    same: tuple[str, ...] = ()
    refusals: str | None = None
    wishes: str | None = None
