"""A scenario: how many pairs, compared with whom, in which nature, with which levers and design."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Literal

from rmresearch.errors import StudyError
from rmresearch.world.fields import Coefficient, coefficient, coefficients, lowered, problems
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature

__all__ = ["PRESETS", "Levers", "Nature", "Scenario", "Setting", "explain", "preset"]

Comparison = Literal["waitlist", "pool", "none"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A reverse-mentoring programme and the study around it, before chance has its say.

    ``pairs`` counts pairs over all arms, before assignment. ``comparison``: "waitlist" = matched
    pairs are randomised within their site, and the others wait; "pool" = volunteers get the
    programme and are compared with unpaired people of the eligible pool; "none" = one group.
    Every coefficient of ``nature`` (what is), ``levers`` (what a programme chooses) and
    ``design`` (how it is studied) has a unit, a range and a source: see ``explain``.

    Raises ``ValueError`` naming every field with an impossible value and what would be legal.

    >>> Scenario(pairs=60, levers=Levers(cadence=4)).comparison
    'waitlist'
    """

    pairs: int = coefficient(48, "pairs over all arms", "pairs", (1, 10_000_000), "")
    comparison: Comparison = coefficient(  # noqa: RUF009 (makes a field)
        "waitlist", "whom the programme is compared with", "", ("waitlist", "pool", "none"), ""
    )
    nature: Nature = field(default_factory=Nature)
    levers: Levers = field(default_factory=Levers)
    design: Setting = field(default_factory=Setting)

    def __post_init__(self) -> None:
        found = problems("", self)
        for name, kind in (("nature", Nature), ("levers", Levers), ("design", Setting)):
            if not isinstance(getattr(self, name), kind):
                found.append(f"{name} is no {kind.__name__}; legal: {kind.__name__}(...)")
        lowered(found, "this scenario is impossible")
        lowered(self._combinations(), "this scenario is impossible")

    def _combinations(self) -> list[str]:
        found, design = [], self.design
        if self.levers.other_department and design.departments < 2:
            found.append(
                "levers.other_department is True with design.departments 1; legal: 2 or more "
                "departments, or other_department false"
            )
        if self.comparison != "none" and not 0 < self.programme_pairs < self.pairs:
            found.append(
                f"pairs is {self.pairs} with design.programme_share {design.programme_share}, "
                f"which leaves an arm empty; legal: enough pairs for one in each arm"
            )
        return found

    @property
    def programme_pairs(self) -> int:
        """How many pairs get the programme (halves round up)."""
        if self.comparison == "none":
            return self.pairs
        return int(self.pairs * self.design.programme_share + 0.5)

    @property
    def months(self) -> int:
        """How many months are drawn: to the last wave."""
        return self.design.waves[-1]


NOTHING = Nature(
    digital_skill_gain=0.0,
    inclusion_awareness_gain=0.0,
    leadership_confidence_gain=0.0,
    visibility_gain=0.0,
    learning_on_leaving=0.0,
)

#: "default": priors of the domain, senior skill peaking near .4 SD. "no-effect": every effect of
#: the programme zero, while selection, regression to the mean, self-report bias and non-random
#: non-response stay on. "strong": the upper end of the sweep, senior skill peaking near .7 SD.
PRESETS: dict[str, Scenario] = {
    "default": Scenario(),
    "no-effect": Scenario(nature=NOTHING),
    "strong": Scenario(
        nature=Nature(
            digital_skill_gain=1.4,
            inclusion_awareness_gain=0.7,
            leadership_confidence_gain=1.05,
            visibility_gain=1.4,
        )
    ),
}


def preset(name: str, *, pairs: int | None = None) -> Scenario:
    """The scenario of that name, with another number of pairs if given.

    An unknown name raises ``StudyError`` with the nearest known one.
    """
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise StudyError(f"no scenario {name!r}; there are {', '.join(PRESETS)}.{hint}")
    return PRESETS[name] if pairs is None else replace(PRESETS[name], pairs=pairs)


EVIDENCE = (
    "Evidence: [S] a practice text, [C] a published source, [D] computed from public data, "
    "[A] an assumption; nothing: a choice of whoever sets up the study. Evidence is for the "
    "direction: where no figure is quoted, the size is an assumption."
)


def entries(scenario: Scenario) -> tuple[Coefficient, ...]:
    """Every coefficient of a scenario, with unit, range, evidence and source."""
    blocks = (
        ("", scenario),
        ("nature", scenario.nature),
        ("levers", scenario.levers),
        ("design", scenario.design),
    )
    return tuple(chain.from_iterable(coefficients(name, block) for name, block in blocks))


def explain(scenario: Scenario | None = None) -> str:
    """Which numbers does the world rest on, and where do they come from? A text to print."""
    lines = [EVIDENCE]
    for entry in entries(scenario or PRESETS["default"]):
        name = f"{entry.block}.{entry.name}" if entry.block else entry.name
        basis = " ".join(part for part in (f"[{entry.evidence}]", entry.source) if part != "[]")
        lines.append(f"{name} = {entry.value}")
        lines.append(f"    {entry.what}; {entry.unit or 'choice'}; legal: {entry.legal}. {basis}")
    return "\n".join(line.rstrip() for line in lines)
