"""Everything that was read, side by side, and the small tools that its rules share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import Problem
from rmresearch.io.findings import NAMED, PLACE, ROW, Findings, is_code, some, suggesting
from rmresearch.io.mapping.layouts import Measures
from rmresearch.io.mapping.tables import Mapped
from rmresearch.study import Design

__all__ = ["Everything", "duplicates", "group_numbers", "like_ids", "lookup", "unknown"]

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Everything:
    """The mapped tables of a study with its design.

    ``unread`` counts the rows of participants and of pairs that their files hold but whose
    structure is broken: that many ids may be unknown for no other reason.
    """

    participants: Mapped
    pairs: Mapped
    measures: Measures
    meetings: Mapped
    records: Mapped
    design: Design
    unread: dict[str, int]

    def whose(self, column: str) -> pd.Series[Any]:
        """A column of participants by person; of a person listed twice the first row counts."""
        table = self.participants.frame.dropna(subset=["person"]).drop_duplicates("person")
        return table.set_index("person")[column]


def duplicates(
    findings: Findings, frame: pd.DataFrame, groups: Ints, problem: Problem, value: str | None
) -> None:
    """One line a row whose group number (-1: none) came before, naming the first such row.

    Rows that repeat the same earlier row in several groups (a survey row with twenty items) are
    one line.
    """
    counted = np.flatnonzero(groups >= 0)
    _, first, inverse = np.unique(groups[counted], return_index=True, return_inverse=True)
    again = first[inverse] != np.arange(len(counted))
    here, there = counted[again], counted[first[inverse][again]]
    place, row = frame[PLACE].to_numpy(), frame[ROW].to_numpy()
    pairs = np.stack([place[here], row[here], place[there], row[there]], axis=1)
    _, once = np.unique(pairs, axis=0, return_index=True) if len(pairs) else (None, [])
    keep = np.sort(np.asarray(once, dtype=np.int64))
    here, there = here[keep], there[keep]

    def earlier(i: int) -> str:
        mine, other = findings.places[place[here[i]]], findings.places[place[there[i]]]
        file = "" if mine == other else f" of {other[1] or other[0]}"
        return f" (first in row {row[there[i]]}{file})"

    findings.each(frame, here, problem, value=value, more=earlier)


def group_numbers(frame: pd.DataFrame, columns: Sequence[str], needed: Sequence[str]) -> Ints:
    """The number of each row's combination of columns; -1 where one of ``needed`` is missing."""
    numbers = np.zeros(len(frame), dtype=np.int64)
    for column in columns:
        codes, values = pd.factorize(frame[column])
        numbers = numbers * (len(values) + 1) + codes + 1
        # renumbered at each step, so that many columns cannot overflow
        numbers = np.unique(numbers, return_inverse=True)[1].astype(np.int64)
    lacking = frame[list(needed)].isna().any(axis=1).to_numpy()
    return np.where(lacking, -1, numbers)


def unknown(
    findings: Findings,
    frame: pd.DataFrame,
    column: str,
    known: Sequence[str],
    problem: Problem,
    *,
    guess: bool = True,
) -> None:
    """One line a value of ``column`` that is not among ``known`` (few, and worth listing).

    Without ``guess`` the nearest known value is not named, only one that differs in capitals.
    """
    wrong = (frame[column].notna() & ~frame[column].isin(known)).to_numpy(bool)
    fix = f"{problem.fix} Known: {some(known)}."
    named = replace(problem, fix=fix, column=column)
    hint = suggesting(known) if guess else like_ids(pd.Series(known, dtype=str))
    findings.grouped(frame, wrong, column, named, hint=hint, show=is_code, most=NAMED)


def lookup(ids: pd.Series[Any], values: pd.Series[Any]) -> pd.Series[Any]:
    """The value of each id, missing where it is unknown (``map`` fails on an empty table)."""
    return values.reindex(pd.Index(ids)).set_axis(ids.index)


def like_ids(known: pd.Series[str]) -> Callable[[str], str]:
    """A hint for an unknown id that differs from a known one in zeros in front or in capitals."""
    ids = known.dropna().astype(str)
    plain = {one.lstrip("0").casefold(): one for one in ids}

    def hint(value: str) -> str:
        near = plain.get(value.lstrip("0").casefold())
        if near is None:
            return ""
        lost = "zeros in front were lost" if near.casefold() != value.casefold() else "capitals"
        return f" There is {near!r}: {lost}?"

    return hint
