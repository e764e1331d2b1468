"""Long data whose design has few different rows: formulaic sees one row of each kind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.models.formula import matrices, names_in, scan, split
from rmresearch.numerics.basis import LONG, Kinds

__all__ = ["matrices_by_kind"]

#: so many rows must be of one kind, on average, for kinds to be worth it
SPARE = 8
#: so many first rows show whether a column holds many different values
LOOK = 1_000

_CATEGORY = re.compile(r"\bC\(\s*([^\W\d]\w*)\s*\)")


def matrices_by_kind(
    text: str, rows: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...], Any, Kinds | None]:
    """As ``matrices``; where the design has few different rows, one row of each of their kinds.

    Only of columns and C() of one: any other function may look at more than one row, as a mean or
    the knots of a spline do.
    """
    outcome, design = (side for _, side in split(text, "~"))
    kinds = None
    if len(rows) >= LONG and _by_row(design, rows.columns):
        kinds = _kinds(rows[[name for name in names_in(design) if name in rows.columns]])
    if kinds is None:
        return (*matrices(text, rows), None)
    try:
        _, x, terms, spec = matrices(text, rows.iloc[kinds.some_rows()])
        y = matrices(f"{outcome} ~ 1", rows)[0]
    except (FitError, ValueError):
        # What is wrong with them is counted in rows.
        return (*matrices(text, rows), None)
    return y, x, terms, spec, kinds


def _by_row(design: str, columns: Sequence[str]) -> bool:
    """Whether each row of the design depends on that row of the frame alone, and on its values."""
    plain = design if "C" in columns else _CATEGORY.sub(r"\1", design)
    return all(kind != "python" for _, kind, _ in scan(plain))


def _kinds(columns: pd.DataFrame) -> Kinds | None:
    """The kinds of rows that differ in ``columns``, or None where they are many."""
    most = len(columns) // SPARE
    found, size = np.zeros(len(columns), dtype=np.intp), 1
    for name in columns:
        codes = _codes(columns[name], most // size)
        if codes is None:
            return None
        found *= codes.size
        found += codes.of
        size *= codes.size
    there = np.bincount(found, minlength=size) > 0
    if not there.all():
        found = (np.cumsum(there) - 1)[found]
    return Kinds(found, int(there.sum()))


def _codes(column: pd.Series[Any], most: int) -> Kinds | None:
    """A column's values as codes, of which at most ``most`` may occur; None where more may."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, size = column.cat.codes.to_numpy(), column.cat.categories.size
        return Kinds(codes, size) if size <= most else None
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biu":
        values = column.to_numpy()
        low, high = int(values.min()), int(values.max())
        if high - low < most:
            return Kinds(np.subtract(values, low, dtype=np.intp, casting="unsafe"), high - low + 1)
    if column.iloc[:LOOK].nunique() > min(LOOK // 2, most):
        return None
    codes, levels = pd.factorize(column)
    return Kinds(codes, len(levels)) if len(levels) <= most else None
