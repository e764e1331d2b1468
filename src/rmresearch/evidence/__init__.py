"""What a design can support: facts from results, and the verdict on them."""

from __future__ import annotations

from rmresearch.evidence.found import facts, programme_ended
from rmresearch.evidence.judge import Certainty, Evidence, Facts, Precision, judge, reading

__all__ = [
    "Certainty",
    "Evidence",
    "Facts",
    "Precision",
    "facts",
    "judge",
    "programme_ended",
    "reading",
]
