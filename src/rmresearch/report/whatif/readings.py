"""From a judgement's table to what is drawn: one estimate of each analysis in each design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rmresearch.numerics.proportions import wilson
from rmresearch.report.figures.curves import Spot
from rmresearch.report.words import whatif as words
from rmresearch.whatif.judgement import Design, Judgement, Lever

__all__ = [
    "ALONE",
    "LATENT",
    "REPORTED",
    "SHARES",
    "Reading",
    "along",
    "apart_from",
    "band",
    "readings",
    "spot",
]

#: what a design is called that is the only one
ALONE = "the scenario"
LATENT, REPORTED = "latent", "as_reported"
#: normal quantile of 95% Monte Carlo intervals
Z = 1.959963984540054
SHARES = frozenset({"coverage", "rejects", "type_s"})


@dataclass(frozen=True, slots=True)
class Reading:
    """The estimate of one analysis in one design, held to each truth that it has.

    ``rows`` are rows of the verdict by the truth's name; an estimate that has no truth is held to
    "".
    """

    design: Design
    analysis: str
    rows: Mapping[str, Mapping[str, Any]]

    def row(self, against: str = LATENT) -> Mapping[str, Any]:
        """What it is held to this truth, or to the only one there is."""
        return self.rows.get(against) or next(iter(self.rows.values()))

    def number(self, measure: str, against: str = LATENT) -> float | None:
        """A figure, None where there is none."""
        value = self.row(against)[measure]
        return None if pd.isna(value) else float(value)

    @property
    def studies(self) -> int:
        """How many simulated studies gave the estimate."""
        return int(self.row()["replicates"]) - self.failed

    @property
    def failed(self) -> int:
        """How many did not."""
        return int(self.row()["failed"])


def readings(found: Judgement) -> tuple[Reading, ...]:
    """Every analysis in every design that gave anything, analysis after analysis."""
    made = []
    for analysis in found.analyses:
        for design in found.designs:
            table = found.table
            rows = table[(table["scenario"] == design.name) & (table["analysis"] == analysis)]
            one = _chosen(rows, found.estimates.get(analysis, {}))
            if len(one):
                rows_by = {str(row["against"]): row for row in one.to_dict("records")}
                made.append(Reading(design, analysis, rows_by))  # type: ignore[arg-type]
    return tuple(made)


def _chosen(rows: pd.DataFrame, asked: Mapping[str, str]) -> pd.DataFrame:
    """The rows of the estimate that is drawn: as the file asks, else one that has a truth, of the
    last wave, of everybody, the analysis's own record."""
    for name, value in asked.items():
        rows = rows[rows[name] == value]
    if (rows["against"] != "").any():
        rows = rows[rows["against"] != ""]
    last = rows["wave"].iloc[-1] if len(rows) else ""
    for name, wanted in (("wave", last), ("group", ""), ("term", "")):
        if (rows[name] == wanted).any():
            rows = rows[rows[name] == wanted]
    for name in ("role", "contrast", "group", "estimand", "term"):
        rows = rows[rows[name] == rows[name].iloc[0]] if len(rows) else rows
    return rows


def band(one: Reading, measure: str, against: str = LATENT) -> tuple[float, float, float] | None:
    """A figure with its 95% Monte Carlo interval; of shares Wilson's, which is never empty."""
    value = one.number(measure, against)
    if value is None:
        return None
    if measure in SHARES:
        error = one.number(f"{measure} error", against)
        # as many studies as the share was taken of: its error says so, but at none and all
        n = round(value * (1 - value) / error**2) if error else one.studies
        low, high = wilson(value * n, n, level=0.95)
        return value, low, high
    half = Z * (one.number(f"{measure} error", against) or 0.0)
    return value, value - half, value + half


def along(found: Judgement) -> Lever | None:
    """What was swept in numbers and stands on the axis: pairs, else what has most values."""
    numeric = [lever for lever in found.levers if _numbers(found, lever.name)]
    order = sorted(numeric, key=lambda one: (one.name != "pairs", -len(_values(found, one.name))))
    return order[0] if order else None


def _values(found: Judgement, name: str) -> set[Any]:
    return {one.swept[name] for one in found.designs if not isinstance(one.swept[name], list)}


def _numbers(found: Judgement, name: str) -> bool:
    held = [one.swept[name] for one in found.designs]
    plain = all(isinstance(x, int | float) and not isinstance(x, bool) for x in held)
    return plain and len(set(held)) > 2


def apart_from(design: Design, lever: Lever | None) -> str:
    """What a design is called, the axis aside."""
    swept = {k: v for k, v in design.swept.items() if lever is None or k != lever.name}
    return words.design(design.named, swept)


def spot(one: Reading, measure: str, lever: Lever, against: str = LATENT) -> Spot | None:
    """A figure of a design at its place on the axis."""
    held = band(one, measure, against)
    return None if held is None else Spot(float(one.design.swept[lever.name]), *held)
