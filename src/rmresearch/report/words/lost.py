"""The sentences about what those who were lost could change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rmresearch.report.words.gate import say
from rmresearch.report.words.phrases import amount, between, fill, named, signed
from rmresearch.result import Estimate
from rmresearch.study import Design

__all__ = ["Tips", "bounds", "nothing_to_overturn", "tips"]

#: what became of the decision as imputed answers got worse
Tips = Literal["there", "at_once", "none", "open", "alone", "unknown"]


def tips(found: Estimate, design: Design, reading: Tips) -> str:
    """Whether worse answers of the missing would change the decision (term "tipping-point")."""
    outcome = design.outcome(found.outcome)
    single = not any(found.contrast.startswith(f"{arm.name} - ") for arm in design.arms)
    who = fill("lost", "people" if single else "people_of", arm=between(design, found)[0])
    parts = {
        "label": named(outcome.label),
        "wave": named(design.wave(found.wave).label),
        "who": who,
        "way": fill("phrase", "lower" if outcome.direction == 1 else "higher"),
        "amount": amount(outcome, found),
    }
    return say(fill("lost", f"tips_{reading}", **parts))


def bounds(low: Estimate, high: Estimate, design: Design) -> str:
    """Between what the difference lies (terms "lee-lower" and "lee-upper", or "worst-")."""
    outcome = design.outcome(low.outcome)
    kind = low.term.partition("-")[0]
    parts = {"low": signed(outcome, low), "high": signed(outcome, high)}
    return say(fill("lost", kind, **parts))


def nothing_to_overturn(labels: Sequence[str], reading: Literal["open", "unknown"]) -> str:
    """The outcomes whose answer does not tell the difference from zero, or has no interval."""
    told = fill("phrase", "semicolon").join(map(named, labels))
    return say(fill("lost", f"tips_{reading}_several", labels=told))
