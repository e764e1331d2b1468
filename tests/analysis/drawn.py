"""The studies of tests/reference/longitudinal/drawn.csv as the analyses receive them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from rmresearch.study import Arm, Study, Wave

from .studies import make_study

REFERENCE = Path(__file__).resolve().parent.parent / "reference" / "longitudinal"


def drawn_study(name: str, **options: Any) -> Study:
    """A study of drawn.csv: people of one set share a junior, so that they are one cluster."""
    with open(REFERENCE / "drawn.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["study"] == name]
    about = {row["person"]: row for row in rows}
    months = sorted({int(row["months"]) for row in rows})
    value = {(row["person"], int(row["months"])): float(row["value"]) for row in rows}
    items = {f"m{m}": [value.get((person, m)) for person in about] for m in months}
    own = list(about.values())
    arms = ("comparison", *sorted({row["arm"] for row in own} - {"comparison"}))
    given: dict[str, Any] = {
        "ids": list(about),
        "arm": [row["arm"] for row in own],
        "juniors": [f"j{row['set']}" for row in own],
        "arms": tuple(Arm(arm, arm, arm != "comparison") for arm in arms),
        "waves": [Wave(f"m{m}", f"Month {m}", m, baseline=m == 0) for m in months],
        "unit": "set",
    }
    if name == "alone":
        given["stratum"] = [row["stratum"] for row in own]
    else:
        given["features"] = {"age": [float(row["age"]) for row in own]}
    return make_study({"skill": items}, **(given | options))
