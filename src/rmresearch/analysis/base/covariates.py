"""What enters the model beside arm and baseline: declared covariates and strata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People
from rmresearch.errors import StudyError, did_you_mean
from rmresearch.study import Study

__all__ = ["Column", "Covariate", "covariates"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of the model; ``marks``: it tells two groups of people apart."""

    name: str
    values: Array
    marks: bool


@dataclass(frozen=True, slots=True, eq=False)
class Covariate:
    """One covariate of everybody: numbers (NaN = missing) or words (None = missing)."""

    name: str
    values: NDArray[Any]
    number: bool

    @property
    def known(self) -> Flags:
        """Who has it."""
        return np.asarray(~pd.isna(self.values), bool)

    def columns(self, keep: Flags) -> tuple[Column, ...]:
        """Its columns for those flagged: a number as it is, words as one dummy a level.

        The most frequent level of these people has none; a level that nobody of them has, neither.
        """
        values = self.values[keep]
        if self.number:
            return (Column(self.name, values.astype(float), len(np.unique(values)) <= 2),)
        levels, counts = np.unique(values.astype(str), return_counts=True)
        others = np.delete(levels, int(counts.argmax())) if len(levels) else levels
        return tuple(self._mark(str(level), values) for level in others)

    def shown(self) -> Iterator[Column]:
        """Its columns for a table of everybody: all levels, NaN where it is missing."""
        known = self.known
        if self.number:
            values = self.values.astype(float)
            yield Column(self.name, values, bool(np.isin(values[known], (0.0, 1.0)).all()))
            return
        for level in np.unique(self.values[known].astype(str)):
            mark = self._mark(str(level), self.values)
            yield Column(mark.name, np.where(known, mark.values, np.nan), True)

    def _mark(self, level: str, values: NDArray[Any]) -> Column:
        return Column(f"{self.name} = {level}", (values == level).astype(float), True)


def covariates(study: Study, people: People, declared: Sequence[str]) -> tuple[Covariate, ...]:
    """Declared columns of participants, then the strata of the randomisation where recorded."""
    table = study.participants.set_index("person")
    known = [*(name for name, _ in study.design.features), "level", "department"]
    unknown = [name for name in declared if name not in known or name not in table]
    if unknown:
        raise StudyError(
            f"no covariate {base.seen(unknown)}; a covariate is a declared feature of "
            f"participants, level or department. The study has {base.seen(known)}."
            f"{did_you_mean(unknown, known)}"
        )
    found = []
    for name in declared:
        column = table[name].reindex(pd.Index(people.ids))
        number = bool(pd.api.types.is_numeric_dtype(column))
        found.append(Covariate(name, column.to_numpy(float if number else object), number))
    if (people.stratum != "").any():
        strata = np.where(people.stratum == "", "(none)", people.stratum)
        found.append(Covariate("stratum", strata, False))
    return tuple(found)
