"""The scenario explained: every number with what it is, where from, and what it acts on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from rmresearch.world.equations import ABOUT, ABSENT, EQUATIONS, SOURCES
from rmresearch.world.fields import Coefficient, Edge
from rmresearch.world.graph import edges
from rmresearch.world.nature import Nature
from rmresearch.world.presets import PRESETS
from rmresearch.world.scenario import Scenario, entries

__all__ = ["BASES", "Section", "changed", "explain", "mark", "numbered", "sections", "shown"]

WIDTH = 100
#: what the letters of evidence stand for, in the order of how much they bear
BASES = {
    "C": "a published source",
    "D": "computed from public data",
    "S": "a practice text on reverse mentoring",
    "A": "an assumption",
    "": "a choice of whoever sets up the study",
}
DIRECTION = (
    "Evidence is for the direction of an effect: where no figure is quoted, its size is an "
    "assumption too."
)


@dataclass(frozen=True, slots=True)
class Section:
    """Coefficients that belong together, each as it is and as the default scenario has it."""

    title: str
    about: str
    entries: tuple[Coefficient, ...]
    defaults: tuple[Coefficient, ...]


def sections(scenario: Scenario | None = None) -> tuple[Section, ...]:
    """The coefficients of a scenario (default: the default one) in their groups.

    Nature is grouped by where causes act, as its classes are, then come levers and design.

    >>> [section.title for section in sections()][:2]
    ['The study', 'Nature: people']
    """
    values, defaults = (entries(one) for one in (scenario or Scenario(), Scenario()))
    groups = [
        ("The study", "How large it is, and what the programme is compared with.", "", None),
        *(
            (f"Nature: {_title(kind)}", _first_line(kind), "nature", kind)
            for kind in reversed(Nature.__mro__[1:-1])
        ),
        ("Levers", "What a programme chooses.", "levers", None),
        ("Design", "How the study is set up.", "design", None),
    ]
    return tuple(
        Section(
            title,
            about,
            *(
                tuple(one for one in those if one.block == block and _declares(kind, one.name))
                for those in (values, defaults)
            ),
        )
        for title, about, block, kind in groups
    )


def _title(kind: type) -> str:
    return kind.__name__.removesuffix("Nature").lower()


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _declares(kind: type | None, name: str) -> bool:
    return kind is None or name in vars(kind)["__annotations__"]


def shown(value: Any) -> str:
    """A value as people write it.

    >>> shown(True), shown((0, 3, 6)), shown(0.5)
    ('true', '0, 3, 6', '0.5')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return value.isoformat() if isinstance(value, dt.date) else f"{value}"


def mark(entry: Coefficient) -> str:
    """Evidence class and source of a coefficient: "[C] Eby et al. 2013: .25"."""
    return " ".join(
        part for part in (f"[{entry.evidence}]", entry.source) if part not in {"[]", ""}
    )


def changed(scenario: Scenario) -> Iterator[tuple[Coefficient, Coefficient]]:
    """The coefficients that differ from the default scenario's, each as it is and as it is there.

    >>> [entry.name for entry, _ in changed(Scenario(pairs=60))]
    ['pairs']
    """
    for entry, usual in zip(entries(scenario), entries(Scenario()), strict=True):
        if entry.value != usual.value:
            yield entry, usual


def numbered(scenario: Scenario | None = None) -> dict[str, int]:
    """How many coefficients of nature and levers rest on which evidence, by its letter."""
    found = dict.fromkeys(BASES, 0)
    for entry in entries(scenario or Scenario()):
        if entry.block in {"nature", "levers"}:
            found[entry.evidence] += 1
    return found


def explain(scenario: Scenario | None = None) -> str:
    """Which numbers does the world rest on, and where do they come from? A text of 100 columns.

    Values that differ from the default scenario's are marked by ``*``, with the default beside
    them.

    >>> explained = explain(Scenario(pairs=60))
    >>> [line.split("  ")[0] for line in explained.splitlines() if line.startswith("*")]
    ['* pairs = 60 (default 48)']
    """
    now = scenario or Scenario()
    lines = ["THE SYNTHETIC WORLD"]
    for text in ABOUT:
        lines += ["", *_wrapped(text)]
    lines += ["", *_wrapped(_legend())]
    for section in sections(now):
        lines += ["", section.title.upper(), *_wrapped(section.about), ""]
        for entry, usual in zip(section.entries, section.defaults, strict=True):
            lines += _entry(entry, usual)
    lines += ["", "WHAT ACTS ON WHAT", *_wrapped(SIGNS), "", *_arrows(edges(now))]
    for title, texts in EQUATIONS:
        lines += ["", title.upper()]
        for text in texts:
            lines += _wrapped(text.replace("`", ""), "  ")
    lines += ["", "WHAT IS LEFT OUT"]
    for text in ABSENT:
        lines += _wrapped(text, "  ")
    lines += ["", "SOURCES"]
    for name, text in SOURCES:
        lines += _lines(f"{name}: {text}.", "  ", "      ")
    lines += ["", "SCENARIOS BY NAME"]
    for name, one in PRESETS.items():
        lines += [f"  {name}", *_wrapped(one.about, "      ")]
    return "\n".join(lines)


SIGNS = (
    "Each line is an effect and its causes: + makes more of it, - makes less, 0 was found to do "
    "nothing, ? is nothing by default or depends on other levers."
)


def _legend() -> str:
    letters = "; ".join(f"[{key}] {text}" for key, text in BASES.items() if key)
    return (
        f"Evidence: {letters}; no letter: {BASES['']}. {DIRECTION} A value marked * differs from "
        f"the default scenario's."
    )


def _wrapped(text: str, indent: str = "") -> list[str]:
    return _lines(text, indent, indent)


def _lines(text: str, first: str = "", rest: str = "", width: int = WIDTH) -> list[str]:
    return wrap(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


#: where the unit of a coefficient begins
UNIT = 60


def _entry(entry: Coefficient, usual: Coefficient) -> list[str]:
    differs = entry.value != usual.value
    name = f"{entry.block}.{entry.name}" if entry.block else entry.name
    beside = f" (default {shown(usual.value)})" if differs else ""
    head = f"{'*' if differs else ' '} {name} = {shown(entry.value)}{beside}"
    unit = entry.unit if entry.unit == "choice" else f"{entry.unit}; {entry.legal}"
    below = f"{entry.what}. {mark(entry)}".strip()
    if entry.unit == "choice":
        below = f"{entry.what}: {entry.legal}. {mark(entry)}".strip()
    if len(head) < UNIT and UNIT + len(unit) <= WIDTH:
        return [f"{head:{UNIT}}{unit}", *_wrapped(below, "      ")]
    return [*_lines(head, rest="      "), *_wrapped(unit, "      "), *_wrapped(below, "      ")]


def _arrows(arrows: tuple[Edge, ...]) -> Iterator[str]:
    causes: dict[str, list[str]] = {}
    for edge in arrows:
        causes.setdefault(edge.effect, []).append(f"{edge.cause} ({edge.sign})")
    for effect, those in causes.items():
        first, *rest = _lines(", ".join(those), width=WIDTH - 38)
        yield f"  {effect:34}  {first}"
        yield from (f"{'':38}{line}" for line in rest)
