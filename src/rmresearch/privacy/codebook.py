"""What was measured, when and in whom: the declared part of a release."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Literal

from rmresearch.declared import Brand, Logo, Matching, Procedure
from rmresearch.study import Arm, Design, Outcome, Wave

__all__ = ["Codebook"]

HOUSE = Brand()


@dataclass(frozen=True, slots=True)
class Codebook:
    """Outcomes with their items and anchors, waves and arms, as study.toml declares them.

    No answer is in it. ``planned_meetings`` are those of a pair; ``procedure`` is how pairs were
    made. With the brand in it, a page can be made of a release alone (`design`).
    """

    kind: Literal["single-group", "comparison", "waitlist", "randomised"]
    unit: Literal["person", "pair", "set", "department"]
    outcomes: tuple[Outcome, ...]
    waves: tuple[Wave, ...]
    arms: tuple[Arm, ...] = ()
    planned_meetings: int | None = None
    organisation: str = ""
    synthetic: bool = False
    linked: bool = True
    role_labels: tuple[tuple[str, str], ...] = ()
    goals: tuple[str, ...] = ()
    procedure: Procedure = "unknown"
    costs: tuple[tuple[str, tuple[float, float, float]], ...] = ()
    worth: tuple[tuple[str, tuple[float, float, float]], ...] = ()
    currency: str = ""
    brand: Brand = HOUSE

    @classmethod
    def of(cls, design: Design, text: Callable[[str], str], *, money: bool = True) -> Codebook:
        """The codebook of a design; ``text`` strikes out what no label may hold.

        Without ``money`` costs and worth stay behind: whoever gets no answer that needs them.
        """
        return cls(
            kind=design.kind,
            unit=design.unit,
            outcomes=tuple(replace(one, label=text(one.label)) for one in design.outcomes),
            waves=tuple(replace(one, label=text(one.label)) for one in design.waves),
            arms=tuple(replace(one, label=text(one.label)) for one in design.arms),
            planned_meetings=design.planned_meetings,
            organisation=text(design.organisation),
            synthetic=design.synthetic,
            linked=design.linked,
            role_labels=tuple((role, text(label)) for role, label in design.role_labels),
            goals=tuple(map(text, design.goals)),
            procedure=design.matching.procedure,
            costs=design.costs if money else (),
            worth=design.worth if money else (),
            currency=design.currency if money else "",
            brand=replace(design.brand, name=text(design.brand.name)),
        )

    def design(self, name: str, title: str) -> Design:
        """What was declared, as far as it is released: a page needs nothing else of it."""
        return Design(
            name=name,
            title=title,
            kind=self.kind,
            unit=self.unit,
            waves=self.waves,
            outcomes=self.outcomes,
            arms=self.arms,
            organisation=self.organisation,
            synthetic=self.synthetic,
            linked=self.linked,
            role_labels=self.role_labels,
            planned_meetings=self.planned_meetings,
            goals=self.goals,
            matching=Matching(procedure=self.procedure),
            costs=self.costs,
            worth=self.worth,
            currency=self.currency,
            brand=self.brand,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values that ``read`` takes back."""
        plain = asdict(self)
        for outcome in plain["outcomes"]:
            outcome["reverse"] = sorted(outcome["reverse"])
        logo = plain["brand"]["logo"]
        if logo is not None:
            logo["data"] = base64.b64encode(logo["data"]).decode()
        return plain

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Codebook:
        """A codebook from its ``as_dict``, as JSON gives it back."""
        listed = {
            "outcomes": tuple(map(_outcome, plain["outcomes"])),
            "waves": tuple(map(_wave, plain["waves"])),
            "arms": tuple(Arm(**one) for one in plain["arms"]),
            "role_labels": tuple((role, label) for role, label in plain["role_labels"]),
            "goals": tuple(plain["goals"]),
            "costs": tuple(map(_priced, plain["costs"])),
            "worth": tuple(map(_priced, plain["worth"])),
            "brand": _brand(plain["brand"]),
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


def _priced(plain: Any) -> tuple[str, tuple[float, float, float]]:
    name, (low, likely, high) = plain
    return name, (low, likely, high)


def _brand(plain: Mapping[str, Any]) -> Brand:
    logo = plain["logo"]
    drawn = Logo(**{**logo, "data": base64.b64decode(logo["data"])}) if logo else None
    return Brand(**{**plain, "logo": drawn})
