"""Coefficients that carry their unit, legal range, evidence and source, and are held to them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import numbers
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from rmresearch.display.grid import Grid
from rmresearch.errors import nearest

__all__ = ["Coefficient", "Edge", "coefficient", "coefficients", "differing", "lowered", "problems",
           "short", "table"]  # fmt: skip

#: "S" a practice text, "C" a published source, "D" computed from public data, "A" an assumption,
#: "" a choice of whoever sets up the study
Evidence = Literal["S", "C", "D", "A", ""]


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One number of a scenario with everything a reader needs to judge it."""

    block: str
    name: str
    value: object
    unit: str
    legal: str
    evidence: str
    source: str
    what: str
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow of the causal graph: ``sign`` "+", "-", "0" (found to be none), or "?" (none by
    default, or either way, as other levers stand).
    """

    cause: str
    effect: str
    sign: str

    def __str__(self) -> str:
        return f"{self.cause} -> {self.effect} ({self.sign})"


def coefficient(
    default: Any,
    what: str,
    unit: str,
    legal: tuple[Any, ...],
    evidence: Evidence,
    source: str = "",
    edges: str = "",
) -> Any:
    """A dataclass field with its unit, evidence and source; ``legal`` is (low, high) or choices.

    Numbers are held to the closed range low..high, text to the choices; a bool or a date is held
    to its type; a tuple's members are held to what its first member is. ``edges`` names the arrows
    of the causal graph that the number is the strength of, as "training -> mentoring skill"; the
    sign is the default's, or stands behind the arrow ("-> meetings +"), as it must for a lever.
    """
    notes = {
        "edges": tuple(_edge(text, default) for text in edges.split("; ") if text),
        "what": what,
        "unit": unit,
        "legal": legal,
        "evidence": evidence,
        "source": source,
    }
    return dataclasses.field(default=default, metadata=notes)


def coefficients(block: str, values: Any) -> Iterator[Coefficient]:
    """The coefficients of one block (a dataclass made of ``coefficient`` fields), in order."""
    for field in dataclasses.fields(values):
        note = field.metadata
        if note:
            yield Coefficient(
                block=block,
                name=field.name,
                value=getattr(values, field.name),
                unit=note["unit"],
                legal=_legal(field.default, note["legal"]),
                evidence=note["evidence"],
                source=note["source"],
                what=note["what"],
                edges=note["edges"],
            )


def differing(values: Any) -> dict[str, Any]:
    """What of a block, or of a scenario's blocks, is not as the class has it by default."""
    found = {}
    for field in dataclasses.fields(values):
        made = field.default_factory
        default = field.default if made is dataclasses.MISSING else made()
        value = getattr(values, field.name)
        if value != default:
            found[field.name] = value
    return found


def short(values: Any) -> str:
    """The call that makes these values: what is as by default is left out."""
    given = ", ".join(f"{name}={value!r}" for name, value in differing(values).items())
    return f"{type(values).__name__}({given})"


def table(caption: str, found: Iterable[Coefficient]) -> Grid:
    """Coefficients as a table to read."""
    rows = tuple(
        (f"{one.block}.{one.name}" if one.block else one.name, str(one.value), one.unit, one.legal,
         one.what)
        for one in found
    )  # fmt: skip
    heads = ("Name", "Value", "Unit", "Possible", "What it is")
    return Grid(caption, heads, rows, (False, True, False, False, False))


def _edge(text: str, default: Any) -> Edge:
    cause, _, effect = text.partition(" -> ")
    sign = effect[-1]
    if sign in "+-0?":
        return Edge(cause, effect[:-1].strip(), sign)
    return Edge(cause, effect, "+" if default > 0 else "-")


def problems(block: str, values: Any) -> list[str]:
    """One sentence for each field whose value has the wrong type or lies outside its range."""
    found = []
    for field in dataclasses.fields(values):
        if not field.metadata:
            continue
        value, legal = getattr(values, field.name), field.metadata["legal"]
        if not _fits(value, field.default, legal):
            place = f"{block}.{field.name}" if block else field.name
            found.append(
                f"{place} is {value!r}; legal: {_legal(field.default, legal)}{_like(value, legal)}"
            )
    return found


def _like(value: object, legal: tuple[Any, ...]) -> str:
    """The choice most like a word, or most like a word of a list, that is none."""
    words = value if isinstance(value, tuple) else (value,)
    near = [nearest(one, legal) for one in words if isinstance(one, str) and one not in legal]
    return "".join(f" (did you mean {one!r}?)" for one in near if one)


def lowered(found: list[str], what: str) -> None:
    """Raise one ``ValueError`` that lists every problem; none found, nothing happens."""
    if found:
        raise ValueError(f"{what}: " + "; ".join(found) + ".")


def _fits(value: Any, default: Any, legal: tuple[Any, ...]) -> bool:
    kind = type(value)
    if kind is type(default) and (kind is float or kind is int):  # nearly all, and much quicker
        return bool(legal[0] <= value <= legal[1])
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, str):
        return value in legal
    if isinstance(default, dt.date):
        return type(value) is dt.date and legal[0] <= value <= legal[1]
    if isinstance(default, tuple):
        return isinstance(value, tuple) and all(_fits(one, default[0], legal) for one in value)
    number = numbers.Integral if isinstance(default, int) else numbers.Real
    if isinstance(value, bool) or not isinstance(value, number):
        return False
    return bool(legal[0] <= value <= legal[1])  # NaN is not


def _legal(default: Any, legal: tuple[Any, ...]) -> str:
    if isinstance(default, bool):
        return "true or false"
    if isinstance(default, str) or (isinstance(default, tuple) and isinstance(default[0], str)):
        return ", ".join(legal)
    whole = "whole numbers " if isinstance(default, tuple) else ""
    whole = "a whole number " if isinstance(default, int) else whole
    return f"{whole}{legal[0]} to {legal[1]}"
