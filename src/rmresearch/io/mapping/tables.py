"""Participants, pairs, meetings and records: one row a row, each column by its kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import Problem, did_you_mean
from rmresearch.io.findings import BAD, PLACE, ROW, Findings, numbered, some
from rmresearch.io.mapping.cells import DATE_FAULTS, Column, constant, joined
from rmresearch.io.mapping.opening import Opened
from rmresearch.study import TABLES

__all__ = [
    "KEYS",
    "Mapped",
    "base_frame",
    "build",
    "empty",
    "not_a_number",
    "note_padding",
    "our_column",
    "read_columns",
    "refusing",
]

Flags = NDArray[np.bool_]
DTYPES = {"text": "str", "number": "float64", "date": "datetime64[us]", "flag": "bool"}
IDS = ("person", "rater", "pair", "junior", "senior", "manager")
#: what makes a row of a table the same row again
KEYS: Mapping[str, tuple[str, ...]] = {
    "participants": ("person",),
    "pairs": ("pair",),
    "meetings": ("pair", "date", "wave"),
    "records": ("person", "date", "kind"),
}
#: columns that a table cannot do without; of the second group at least one
REQUIRED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "participants": (("person", "role"), ()),
    "pairs": (("pair",), ("junior", "senior")),
    "meetings": (("pair",), ("date", "wave")),
    "records": (("person", "kind"), ()),
    "measures": (("role",), ()),  # of anonymous respondents, who have no other table
}


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """A table with our columns and dtypes, and where each row came from.

    ``declared`` are the columns that some source fills; ``complete`` is False where a file or a
    needed column could not be used, so that rules about absent rows would mislead.
    """

    frame: pd.DataFrame
    declared: frozenset[str] = frozenset()
    complete: bool = True


def empty(table: str, features: Mapping[str, str] | None = None) -> pd.DataFrame:
    """A table without rows, with every column and dtype."""
    kinds = {**TABLES[table], **(features or {})}
    frame = pd.DataFrame({name: pd.Series([], dtype=DTYPES[k]) for name, k in kinds.items()})
    places = {PLACE: np.empty(0, np.int64), ROW: np.empty(0, np.int64), BAD: np.empty(0, bool)}
    return frame.assign(**places)


def refusing(files: Sequence[Opened | None]) -> set[str]:
    """The people who did not consent in any row of these files."""
    people: set[str] = set()
    for opened in files:
        if opened is not None and opened.refused.any():
            column, _ = our_column(opened, "person")
            if column is not None:
                people.update(column.take(opened.refused).series().dropna())
    return people


def build(
    table: str,
    files: Sequence[Opened | None],
    findings: Findings,
    *,
    features: Mapping[str, str] | None = None,
    leave_out: Callable[[pd.DataFrame], Flags] = lambda frame: np.zeros(len(frame), bool),
) -> tuple[Mapped, pd.DataFrame]:
    """A table from its files, and the ids of the rows that consent leaves out.

    ``leave_out`` receives a file's ids and says which rows go; their other cells are not read.
    """
    kinds = {**TABLES[table], **(features or {})}
    frames = [empty(table, features)]
    gone: list[pd.DataFrame] = []
    declared: set[str] = set()
    complete = all(opened is not None for opened in files)
    for key, group in _by_source(files).items():
        parts = []
        for opened in group:
            ids = _ids(opened, kinds)
            drop = opened.refused | leave_out(ids)
            gone.append(ids[drop])
            read, given, whole = read_columns(table, opened.only(~drop), kinds, findings)
            parts.append(read)
            declared |= given
            complete &= whole
        rows = pd.concat(parts, ignore_index=True)
        if group[0].source.once:
            before = len(rows)
            rows = rows.drop_duplicates(list(KEYS[table]), ignore_index=True)
            if len(rows) < before:
                findings.note(f"{key}: once kept {len(rows):,} of {before:,} rows.")
        frames.append(rows)
    dropped = pd.concat(gone, ignore_index=True) if gone else pd.DataFrame()
    made = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    return Mapped(made, frozenset(declared), complete), dropped


def our_column(opened: Opened, name: str) -> tuple[Column | None, bool]:
    """The file's column for one of ours, and whether study.toml or the header declares it.

    A declared column that is not in the file is a problem, noted once.
    """
    source = opened.source
    listed = source.columns.get(name)
    theirs = [listed or name] if isinstance(listed, str | None) else listed
    headers = [opened.original.get(one, one) for one in theirs]
    opened.files.findings.header(opened.place, name, " / ".join(headers))
    column: Column | None
    if isinstance(listed, list):
        found = [opened.need(one, f"{opened.key}.columns.{name}") for one in listed]
        parts = [one for one in found if one is not None]
        column = joined(parts) if len(parts) == len(listed) and parts else None
    elif listed is not None:
        column = opened.need(listed, f"{opened.key}.columns.{name}")
    elif name in source.constants:
        column = constant(source.constants[name], len(opened))
    elif name in opened.frame.columns:
        column = opened.column(name)
    else:
        return None, False
    return None if column is None else column.recoded(source.values.get(name, {})), True


def base_frame(opened: Opened) -> pd.DataFrame:
    """Only where each row came from."""
    places = np.full(len(opened), opened.place, dtype=np.int64)
    return pd.DataFrame({PLACE: places, ROW: opened.rows, BAD: np.zeros(len(opened), dtype=bool)})


def note_padding(opened: Opened, name: str, column: Column, findings: Findings) -> None:
    """Say that ids were trimmed."""
    if name in IDS and column.padded is not None and column.padded.any():
        file = opened.where[0]
        rows = numbered(opened.rows[column.padded])
        findings.note(f"{file}: spaces around {name} ids were trimmed ({rows}).")


def _by_source(files: Sequence[Opened | None]) -> dict[str, list[Opened]]:
    groups: dict[str, list[Opened]] = {}
    for opened in files:
        if opened is not None:
            groups.setdefault(opened.key, []).append(opened)
    return groups


def _ids(opened: Opened, kinds: Collection[str]) -> pd.DataFrame:
    found = {}
    for name in IDS:
        if name in kinds:
            column, _ = _quietly(opened, name)
            if column is not None:
                found[name] = column.series()
    return pd.DataFrame(found, index=range(len(opened)))


def _quietly(opened: Opened, name: str) -> tuple[Column | None, bool]:
    """As ``our_column``, without noting a column that is not there (the reading itself does)."""
    listed = opened.source.columns.get(name)
    wanted = [listed] if isinstance(listed, str) else listed or []
    if any(one not in opened.frame.columns for one in wanted):
        return None, True
    return our_column(opened, name)


def read_columns(
    table: str, opened: Opened, kinds: Mapping[str, str], findings: Findings
) -> tuple[pd.DataFrame, set[str], bool]:
    """A file's columns of these kinds, which of them it has, and whether all that it needs."""
    frame = base_frame(opened)
    declared: set[str] = set()
    found: set[str] = set()
    whole = True
    made: dict[str, pd.Series[Any]] = {}
    for name, kind in kinds.items():
        column, given = our_column(opened, name)
        if given:
            declared.add(name)
        whole &= not given or column is not None
        if column is None:
            made[name] = _absent(kind, len(opened))
            if name not in TABLES[table] and not given:
                _missing_feature(opened, name, findings)
            continue
        found.add(name)
        note_padding(opened, name, column, findings)
        made[name], bad = _typed(opened, name, kind, column, frame, findings)
        frame[BAD] |= bad
    whole &= _required(table, opened, declared, findings)
    return pd.DataFrame(made).assign(**{c: frame[c] for c in (PLACE, ROW, BAD)}), found, whole


def _absent(kind: str, rows: int) -> pd.Series[Any]:
    fill = {"text": np.nan, "number": np.nan, "date": pd.NaT, "flag": True}[kind]
    return pd.Series([fill] * rows, dtype=DTYPES[kind])


def _typed(
    opened: Opened, name: str, kind: str, column: Column, frame: pd.DataFrame, findings: Findings
) -> tuple[pd.Series[Any], Flags]:
    """The column by its kind, and the rows where it could not be read."""
    if kind == "number":
        values, bad = column.numbers(opened.source.decimal)
        findings.each(frame, bad, not_a_number(name, column, opened.source.decimal))
        return pd.Series(values), bad
    if kind == "date":
        return _days(opened, name, column, frame, findings)
    if kind == "flag":
        values, bad = column.flags()
        found = "is neither yes nor no (true nor false)"
        words = f'{opened.key}.values.{name} = {{ "theirs" = "yes", ... }}'
        fix = f"Correct it, or map the file's words: {words}."
        findings.each(frame, bad, Problem("unknown-value", found, fix, column=name))
        found, fix = "is empty", "Say yes or no, or filter such rows out with where."
        findings.each(frame, column.missing, Problem("no-value", found, fix, column=name))
        return pd.Series(np.nan_to_num(values, nan=1.0).astype(bool)), bad | column.missing
    return column.series(), np.zeros(len(column), dtype=bool)


def not_a_number(name: str, column: Column, decimal: str) -> Problem:
    """The problem of a cell that should be a number; a decimal comma is recognised."""
    comma = decimal == "." and any("," in t and t.replace(",", "").isdigit() for t in column.text)
    fix = "Correct it, list it in missing if it means no answer, or map it in values."
    if comma:
        fix = 'The file seems to use decimal commas: declare decimal = "," for this table.'
    return Problem("not-a-number", "is not a number", fix, column=name)


def _days(
    opened: Opened, name: str, column: Column, frame: pd.DataFrame, findings: Findings
) -> tuple[pd.Series[Any], Flags]:
    days, faults = column.dates(opened.source.date_format)
    frame = frame.assign(shown=column.series())
    # only what looks like a date or number is shown: a cell may hold anything
    dateish = frame["shown"].str.fullmatch(r"[\d/.:TZ+ -]{1,30}").fillna(False).to_numpy(bool)
    frame["shown"] = frame["shown"].where(dateish)
    declared = f" (date_format {opened.source.date_format})"
    for fault, (found, fix) in DATE_FAULTS.items():
        words = found + (declared if fault in (1, 3) else "")
        problem = Problem("date", words, fix, column=name)
        findings.each(frame, faults == fault, problem, value="shown")
    return days, faults > 0


def _required(table: str, opened: Opened, declared: Collection[str], findings: Findings) -> bool:
    needed, either = REQUIRED[table]
    file, sheet = opened.where
    whole = True
    lacking = [name for name in needed if name not in declared]
    if either and not set(either) & set(declared):
        lacking.append(" or ".join(either))
    for name in lacking:
        found = f"no column gives {name}"
        hint = did_you_mean(name, opened.columns)
        fix = (
            f"Name the file's column in {opened.key}.columns (or a fixed value in constants); "
            f"the file has {some(opened.columns)}.{hint}"
        )
        findings.add(Problem("unknown-column", found, fix, file=file, sheet=sheet))
        whole = False
    return whole


def _missing_feature(opened: Opened, name: str, findings: Findings) -> None:
    if name not in opened.source.features:
        return
    file, sheet = opened.where
    found = f"there is no column {name!r}, which {opened.key}.features names"
    fix = f"Correct it; the file has {some(opened.columns)}.{did_you_mean(name, opened.columns)}"
    findings.add(Problem("unknown-column", found, fix, file=file, sheet=sheet))
