"""Long data whose design has few different rows: formulaic sees one row of each kind."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.models.formula import design, matrices, names_in, outcome, scan, split
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
    right = split(text, "~")[1][1]
    kinds = None
    if len(rows) >= LONG and _by_row(right, rows.columns):
        kinds = _kinds(rows[[name for name in names_in(right) if name in rows.columns]])
    if kinds is None:
        return (*matrices(text, rows), None)
    try:
        x, terms, spec = design(text, rows.iloc[kinds.some_rows()])
        y = outcome(text, rows)
    except (FitError, ValueError):
        # What is wrong with them is counted in rows.
        return (*matrices(text, rows), None)
    return y, x, terms, spec, kinds


def _by_row(text: str, columns: pd.Index) -> bool:
    """Whether each row of a design depends on that row of the frame alone, and on its values."""
    plain = text if "C" in columns else _CATEGORY.sub(r"\1", text)
    return all(kind != "python" for _, kind, _ in scan(plain))


def _kinds(columns: pd.DataFrame) -> Kinds | None:
    """The kinds of rows that differ in ``columns``, or None where they are many."""
    most = len(columns) // SPARE
    found, size = np.zeros(len(columns), dtype=np.intp), 1
    for name in columns:
        read = _codes(columns[name], most // size)
        if read is None:
            return None
        codes, levels = read
        found *= levels
        found += codes
        size *= levels
    there = np.bincount(found, minlength=size) > 0
    if not there.all():
        found = (np.cumsum(there) - 1)[found]
    return Kinds(found, int(there.sum()))


def _codes(column: pd.Series[Any], most: int) -> tuple[NDArray[np.intp], int] | None:
    """A column's values as codes below a number, None where it would be above ``most``."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = column.cat.categories.size
        return (np.asarray(column.cat.codes, dtype=np.intp), levels) if levels <= most else None
    # Among objects 1 and True would count as equal.
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return None
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biu":
        whole = column.to_numpy().astype(np.intp)
        low, levels = int(whole.min()), int(whole.max()) - int(whole.min()) + 1
        if levels <= most:
            return whole - low, levels
    if column.iloc[:LOOK].nunique() > min(LOOK // 2, most):
        return None
    codes, values = pd.factorize(column)
    return (codes.astype(np.intp, copy=False), len(values)) if len(values) <= most else None
