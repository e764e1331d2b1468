"""What a design can support: facts from results, and the verdict on them."""

from __future__ import annotations

from rmresearch.evidence.family import TESTED, Decision, at_level, decide
from rmresearch.evidence.found import facts, programme_ended
from rmresearch.evidence.judge import (
    SATISFIED,
    TOO_FAR,
    Certainty,
    Evidence,
    Facts,
    Precision,
    judge,
    reading,
)
from rmresearch.evidence.reasons import REASONS, Reason

__all__ = [
    "REASONS",
    "SATISFIED",
    "TESTED",
    "TOO_FAR",
    "Certainty",
    "Decision",
    "Evidence",
    "Facts",
    "Precision",
    "Reason",
    "at_level",
    "decide",
    "facts",
    "judge",
    "programme_ended",
    "reading",
]
