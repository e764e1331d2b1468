"""What the programme takes and what its gains are worth: declared or given, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rmresearch.analysis import base
from rmresearch.analysis.base import label
from rmresearch.errors import StudyError
from rmresearch.result import Table
from rmresearch.study import Design, Outcome

__all__ = ["INPUTS", "Inputs", "Span", "inputs_of", "table"]

Span = tuple[float, float, float]
INPUTS = ("programme_cost", "hours", "hourly_cost", "worth")
COLUMNS = ("input", "low", "most likely", "high", "unit")
#: what each input counts, {currency} filled in
UNITS = {
    "programme_cost": "{currency}, a programme arm",
    "hours": "working hours, a pair",
    "hourly_cost": "{currency}, a working hour",
    "worth": "{currency}, one more of the outcome, a person",
}


@dataclass(frozen=True, slots=True)
class Inputs:
    """Each input's (low, most likely, high) by name; what is not known has no entry."""

    spans: Mapping[str, Span]

    def at(self, **places: int) -> dict[str, float]:
        """Every input at its most likely value, those named at place 0 (low), 1 or 2 (high).

        0 for an input without an entry.
        """
        return {
            name: self.spans[name][places.get(name, 1)] if name in self.spans else 0.0
            for name in INPUTS
        }

    @property
    def ranged(self) -> tuple[str, ...]:
        """The inputs that are only roughly known."""
        return tuple(n for n in INPUTS if n in self.spans and len(set(self.spans[n])) > 1)


def inputs_of(design: Design, outcome: Outcome, given: Mapping[str, float | Span]) -> Inputs:
    """The declared inputs, with those given in their place.

    ``ValueError`` for one that is unknown, negative or does not rise; ``StudyError`` without costs.
    """
    unknown = [name for name in given if name not in INPUTS]
    if unknown:
        raise ValueError(f"no input {base.seen(unknown)}; there are {base.seen(INPUTS)}")
    spans = dict(design.costs)
    if outcome.name in dict(design.worth):
        spans["worth"] = dict(design.worth)[outcome.name]
    for name, one in given.items():
        low, middle, high = one if isinstance(one, tuple) else (one, one, one)
        spans[name] = (float(low), float(middle), float(high))
    for name, (low, middle, high) in spans.items():
        if not 0.0 <= low <= middle <= high < np.inf:
            raise ValueError(
                f"{name} must rise from low over most likely to high and not be negative; it is "
                f"{(low, middle, high)}"
            )
    if "programme_cost" not in spans and "hourly_cost" not in spans:
        raise StudyError(
            "no costs are declared, so nothing can be weighed against the gain. Declare "
            "programme_cost and hourly_cost in [value] of study.toml, or give them as inputs."
        )
    return Inputs(spans)


def table(design: Design, inputs: Inputs) -> Table:
    """The inputs as declared: none of them comes from an answer."""
    rows = []
    for name in INPUTS:
        if name in inputs.spans:
            unit = UNITS[name].format(currency=design.currency or "money")
            ends = (label(f"{end:,.10g}") for end in inputs.spans[name])
            rows.append((label(name.replace("_", " ")), *ends, label(unit)))
    return Table("inputs", "What was put in", COLUMNS, tuple(rows))
