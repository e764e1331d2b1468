"""Frozen inputs and R's outputs, read without pandas."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent.parent / "reference" / "numerics"
Array = NDArray[np.float64]


def columns(name: str) -> dict[str, list[str]]:
    with open(FOLDER / f"{name}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: [row[key] for row in rows] for key in rows[0]}


def matrix(name: str) -> Array:
    """All columns of an input as numbers (n, k)."""
    return np.array([[float(v) for v in column] for column in columns(name).values()]).T


def outputs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def design(name: str) -> tuple[Array, Array, NDArray[np.intp], tuple[str, ...]]:
    """y (n,), x (n, p), cluster (n,) and names as R's lm builds them from the CSV."""
    data = columns(name)
    y = np.array(data.pop("y"), dtype=float)
    cluster = np.array(data.pop("cluster"), dtype=np.intp)
    made, names = [np.ones(y.size)], ["(Intercept)"]
    for key, values in data.items():
        try:
            made.append(np.array(values, dtype=float))
            names.append(key)
        except ValueError:
            for level in sorted(set(values))[1:]:
                made.append(np.array([float(v == level) for v in values]))
                names.append(key + level)
    return y, np.column_stack(made), cluster, tuple(names)
