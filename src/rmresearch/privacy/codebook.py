"""What was measured, when and in whom: the declared part of a release."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Literal

from rmresearch.study import Arm, Design, Outcome, Wave

__all__ = ["Codebook"]


@dataclass(frozen=True, slots=True)
class Codebook:
    """Outcomes with their items and anchors, waves and arms, as study.toml declares them.

    No answer is in it. ``planned_meetings`` are those of a pair.
    """

    kind: Literal["single-group", "comparison", "waitlist", "randomised"]
    unit: Literal["person", "pair", "set", "department"]
    outcomes: tuple[Outcome, ...]
    waves: tuple[Wave, ...]
    arms: tuple[Arm, ...] = ()
    planned_meetings: int | None = None

    @classmethod
    def of(cls, design: Design, text: Callable[[str], str]) -> Codebook:
        """The codebook of a design; ``text`` strikes out what no label may hold."""
        return cls(
            kind=design.kind,
            unit=design.unit,
            outcomes=tuple(replace(one, label=text(one.label)) for one in design.outcomes),
            waves=tuple(replace(one, label=text(one.label)) for one in design.waves),
            arms=tuple(replace(one, label=text(one.label)) for one in design.arms),
            planned_meetings=design.planned_meetings,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values that ``read`` takes back."""
        plain = asdict(self)
        for outcome in plain["outcomes"]:
            outcome["reverse"] = sorted(outcome["reverse"])
        return plain

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Codebook:
        """A codebook from its ``as_dict``, as JSON gives it back."""
        listed = {
            "outcomes": tuple(map(_outcome, plain["outcomes"])),
            "waves": tuple(map(_wave, plain["waves"])),
            "arms": tuple(Arm(**one) for one in plain["arms"]),
        }
        return cls(**{**plain, **listed})


def _outcome(plain: Mapping[str, Any]) -> Outcome:
    kept = {
        "items": tuple(plain["items"]),
        "reverse": frozenset(plain["reverse"]),
        "labels": tuple((text, code) for text, code in plain["labels"]),
        "waves": tuple(plain["waves"]),
    }
    return Outcome(**{**plain, **kept})


def _wave(plain: Mapping[str, Any]) -> Wave:
    day = plain["day"]
    return Wave(**{**plain, "day": date.fromisoformat(day) if day else None})
