"""Estimated marginal means and their differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.models.formula import unknown

if TYPE_CHECKING:
    from rmresearch.models.mixed_fit import LmmFit

__all__ = ["Means", "marginal_means"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Estimated marginal means, and what separates them.

    ``table``: the factors' columns, then estimate, se, df, low, high. ``differences``: the columns
    of ``by``, contrast ("a - b"), estimate, se, df, statistic, p, low, high; p is not adjusted for
    the number of differences. ``held`` says what the other variables were averaged over or held at.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    held: Mapping[str, str]
    level: float

    def to_frame(self) -> pd.DataFrame:
        """The means, one row each."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        tables = [self.table, self.differences]
        return "".join(t.to_html(index=False, float_format=lambda x: f"{x:.4g}") for t in tables)


def marginal_means(
    fit: LmmFit, factors: str | Sequence[str], by: str | Sequence[str], at: Mapping[str, Any]
) -> Means:
    """The means of ``factors`` within ``by`` over the reference grid of the fixed part."""
    wanted = [factors] if isinstance(factors, str) else list(factors)
    within = [by] if isinstance(by, str) else list(by)
    grid = _grid(fit, at)
    missing = [name for name in [*wanted, *within, *at] if name not in grid]
    if missing:
        raise ValueError(unknown("variable of the fixed part", missing, list(grid)))
    if not wanted or set(wanted) & set(within):
        raise ValueError("factors needs at least one variable, and none that stands in by too")
    keys = [*within, *reversed(wanted)]  # as emmeans, the first factor runs fastest
    rest = [name for name in grid if name not in keys]
    cells = list(product(*(grid[name] for name in keys)))
    # The kept variables run slowest, so that the others' combinations lie side by side.
    every = pd.DataFrame(list(product(*(grid[n] for n in [*keys, *rest]))), columns=[*keys, *rest])
    design = fit.rows.spec.get_model_matrix(every, na_action="raise").to_numpy(float)
    rows = design.reshape(len(cells), -1, design.shape[1]).mean(axis=1)
    held = {
        name: f"{grid[name][0]:.6g}" if len(grid[name]) == 1 else f"{len(grid[name])} equal shares"
        for name in rest
    }
    k = len(within)
    cells = [(*cell[:k], *reversed(cell[k:])) for cell in cells]
    table = _means(fit, cells, rows, [*within, *wanted])
    return Means(table, _differences(fit, cells, rows, within), held, fit.level)


def _grid(fit: LmmFit, at: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Levels of every category and the mean of every number in the fixed part, or ``at``."""
    spec, frame = fit.rows.spec, fit.rows.frame
    categories = {
        name
        for factor in spec.factors
        if factor.expr in spec.encoder_state
        and spec.encoder_state[factor.expr][0].name == "CATEGORICAL"
        for name in spec.factor_variables[factor]
    }
    found: dict[str, list[Any]] = {}
    for name in [name for name in frame.columns if name in spec.required_variables]:
        discrete = name in categories or pd.api.types.is_bool_dtype(frame[name].dtype)
        levels = _levels(frame[name]) if discrete else [float(frame[name].mean())]
        if name in at:
            given = at[name]
            chosen = list(given) if isinstance(given, list | tuple | np.ndarray) else [given]
            strange = [value for value in chosen if discrete and value not in levels]
            if strange or not chosen:
                known = ", ".join(map(repr, levels))
                raise ValueError(f"at: {name!r} has no level {strange}. There are: {known}.")
            levels = chosen
        found[name] = levels
    return found


def _levels(column: pd.Series) -> list[Any]:
    """The levels that occur, in the order of the model's columns."""
    seen = column.unique()
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [level for level in column.cat.categories if level in set(seen)]
    return sorted(seen.tolist())


def _means(
    fit: LmmFit, cells: Sequence[tuple[Any, ...]], rows: Array, keys: Sequence[str]
) -> pd.DataFrame:
    found = [
        (*cell, one.estimate, one.se, one.df, *one.interval(fit.level))
        for cell, one in zip(cells, fit.judged(rows), strict=True)
    ]
    return pd.DataFrame(found, columns=[*keys, "estimate", "se", "df", "low", "high"])


def _differences(
    fit: LmmFit, cells: Sequence[tuple[Any, ...]], rows: Array, within: Sequence[str]
) -> pd.DataFrame:
    k = len(within)
    pairs = [(i, j) for i, j in combinations(range(len(cells)), 2) if cells[i][:k] == cells[j][:k]]
    gaps = np.array([rows[i] - rows[j] for i, j in pairs]).reshape(-1, rows.shape[1])
    found = []
    for (i, j), one in zip(pairs, fit.judged(gaps), strict=True):
        low, high = one.interval(fit.level)
        words = " - ".join(" ".join(map(str, cells[side][k:])) for side in (i, j))
        found.append((*cells[i][:k], words, one.estimate, one.se, one.df, one.t, one.p, low, high))
    names = ["contrast", "estimate", "se", "df", "statistic", "p", "low", "high"]
    return pd.DataFrame(found, columns=[*within, *names])
