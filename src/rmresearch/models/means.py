"""Estimated marginal means and their differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.display.grid import paragraph
from rmresearch.models.formula import names_in, python_powers, split, trimmed, unknown
from rmresearch.models.pages import terms_grid
from rmresearch.models.random import parse

if TYPE_CHECKING:
    from rmresearch.models.mixed_fit import LmmFit

__all__ = ["Means", "marginal_means"]

Array = NDArray[np.float64]

#: columns that the tables have of their own
OWN = frozenset({"contrast", "estimate", "se", "df", "statistic", "p", "low", "high"})


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Estimated marginal means, and what separates them.

    ``table``: the factors' columns, then estimate, se, df, low, high. ``differences``: the columns
    of ``by``, contrast ("a - b"), estimate, se, df, statistic, p, low, high; p is not adjusted for
    the number of differences. ``held`` says what the other variables were averaged over or held at.

    >>> from rmresearch.models import lmm
    >>> scores = {"pair": list("aabbcc"), "who": list("xyxyxy"), "score": [1.0, 3, 5, 8, 6, 7]}
    >>> means = lmm("score ~ who + (1 | pair)", pd.DataFrame(scores)).means("who")
    >>> means.to_frame()["who"].tolist()
    ['x', 'y']
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    held: Mapping[str, str]
    level: float

    def to_frame(self) -> pd.DataFrame:
        """The means, one row each."""
        return self.table.copy()

    def __repr__(self) -> str:
        tables = [t for t in (self.table, self.differences) if len(t)]
        shown = [t.to_string(index=False, float_format="{:.4g}".format) for t in tables]
        held = "; ".join(f"{name}: {how}" for name, how in self.held.items())
        return "\n\n".join([*shown, held] if held else shown)

    def _repr_html_(self) -> str:
        grids = [
            terms_grid(table, self.level, caption).to_html()
            for table, caption in ((self.table, "Means"), (self.differences, "Differences"))
            if len(table)
        ]
        held = "; ".join(f"{name}: {how}" for name, how in self.held.items())
        return "".join([*grids, paragraph(held)])


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
    keys = [*within, *reversed(wanted)]  # as emmeans, the first factor runs fastest
    if not wanted or len(set(keys)) < len(keys):
        raise ValueError(
            "factors needs at least one variable, and none that stands in by too, or twice"
        )
    if OWN & set(keys):
        names = ", ".join(sorted(OWN & set(keys)))
        raise ValueError(f"the table has a column {names} of its own: rename the variable")
    rest = [name for name in grid if name not in keys]
    cells = list(product(*(grid[name] for name in keys)))
    # The kept variables run slowest, so that the others' combinations lie side by side.
    every = pd.DataFrame(list(product(*(grid[n] for n in [*keys, *rest]))), columns=[*keys, *rest])
    design = _design(fit, every)
    rows = design.reshape(len(cells), -1, design.shape[1]).mean(axis=1)
    held = {
        name: f"{grid[name][0]:.6g}" if len(grid[name]) == 1 else f"{len(grid[name])} equal shares"
        for name in rest
    }
    k = len(within)
    cells = [(*cell[:k], *reversed(cell[k:])) for cell in cells]
    table = _means(fit, cells, rows, [*within, *wanted])
    return Means(table, _differences(fit, cells, rows, within), held, fit.level)


def _design(fit: LmmFit, every: pd.DataFrame) -> Array:
    """The fixed part's rows of the grid, its columns of the frame's types: categories that are
    numbers would else be read as such.
    """
    from formulaic.errors import FormulaicError

    frame = trimmed(fit.rows.frame[list(every)])
    same = {name: kind for name, kind in frame.dtypes.items() if not _is_number(frame[name])}
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused below
            found = fit.rows.spec.get_model_matrix(every.astype(same), na_action="raise")
    except FormulaicError as error:
        raise ValueError(f"the fixed part has no value there: {error}") from error
    values: Array = found.to_numpy(float)
    if not np.isfinite(values).all():
        raise ValueError("the fixed part is not finite there: give other values by at")
    return values


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
    design = split(parse(python_powers(fit.formula))[0], "~")[1][1]
    found: dict[str, list[Any]] = {}
    for name in [name for name in frame.columns if name in names_in(design)]:
        column = frame[name]
        discrete = name in categories or not _is_number(column)
        found[name] = _levels(column) if discrete else [float(column.mean())]
        if name in at:
            found[name] = _chosen(name, at[name], found[name], discrete)
    return found


def _is_number(column: pd.Series) -> bool:
    kind = column.dtype
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)


def _chosen(name: str, given: Any, levels: list[Any], discrete: bool) -> list[Any]:
    """The values that ``at`` gives; ``ValueError`` for strange ones."""
    chosen = list(given) if pd.api.types.is_list_like(given) else [given]
    if discrete:
        strange = [value for value in chosen if value not in levels]
        if strange or not chosen:
            known = ", ".join(map(repr, levels))
            raise ValueError(f"at: {name!r} has no level {strange}. There are: {known}.")
        return chosen
    strange = [v for v in chosen if not (isinstance(v, Real) and np.isfinite(float(v)))]
    if strange or not chosen:
        raise ValueError(f"at: {name!r} needs finite numbers, not {strange}")
    return chosen


def _levels(column: pd.Series) -> list[Any]:
    """The levels that occur, in the order of the model's columns."""
    seen = column.unique()
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [level for level in column.cat.categories if level in set(seen)]
    try:
        return sorted(seen.tolist())
    except TypeError:  # numbers and text do not compare
        return sorted(seen.tolist(), key=str)


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
