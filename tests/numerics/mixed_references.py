"""Frozen mixed models and R's outputs (tests/reference/lmm), read without pandas."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.lmm import Term

FOLDER = Path(__file__).resolve().parent.parent / "reference" / "lmm"
Array = NDArray[np.float64]

EXPECTED: dict[str, Any] = json.loads((FOLDER / "lmm.json").read_text("utf-8"))
MODELS = [name for name in EXPECTED if name != "versions"]
#: grouping column, whether with a slope of month, whether that is correlated: lmm.R's formulas
RANDOM: dict[str, list[tuple[str, bool, bool]]] = {
    "nested": [("person", False, True), ("pair", False, True)],
    "slope": [("pair", True, True), ("person", False, True)],
    "uncorrelated": [("pair", True, False)],
    "crossed": [("junior", False, True), ("senior", False, True)],
    "coarse": [("person", False, True), ("pair", False, True)],
    "boundary": [("person", False, True), ("pair", False, True)],
    "tiny": [("pair", False, True)],
}


def model(name: str) -> tuple[Array, Array, list[Term], NDArray[np.intp]]:
    """y (n,), x (n, p) with the columns of R's formula, the random terms, and the cluster."""
    want = EXPECTED[name]
    with open(FOLDER / f"{want['data']}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    column = {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}
    one = np.ones(len(rows))
    column["(Intercept)"] = one
    x = [np.prod([column[part] for part in term.split(":")], axis=0) for term in want["terms"]]
    terms = []
    for group, slope, correlated in RANDOM[name]:
        z = np.column_stack([one, column["month"]]) if slope else one[:, None]
        terms.append(Term(column[group].astype(int), z, correlated))
    return column["score"], np.column_stack(x), terms, column[want["cluster"]].astype(np.intp)
