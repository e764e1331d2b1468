"""One column's cells: text, missing codes, numbers, dates and flags, against plain loops."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmresearch.io.mapping.cells import Column, canonical, constant, joined, number

TEXT = st.text(alphabet="ab1 .-\u00a0\t", max_size=4)


def column(*cells: Any, missing: tuple[str, ...] = (), labels: Any = None) -> Column:
    return Column.of(pd.Series(list(cells), dtype=object), missing, labels)


def listed(series: pd.Series[Any]) -> list[Any]:
    return [None if pd.isna(value) else value for value in series]


@given(st.lists(st.one_of(st.none(), TEXT), max_size=20))
def test_text_is_trimmed_and_only_empty_cells_and_declared_codes_are_missing(
    cells: list[str | None],
) -> None:
    made = Column.of(pd.Series(cells, dtype=object), missing=["-1", " b"])
    naive = [None if c is None or c.strip() in {"", "-1", "b"} else c.strip() for c in cells]
    assert listed(made.series()) == naive
    assert made.missing.tolist() == [value is None for value in naive]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("007", "007"),
        ("1e5", "1e5"),
        ("NA", "NA"),
        ("None", "None"),
        (4.0, "4"),
        (4.5, "4.5"),
        (-0.25, "-0.25"),
        (7, "7"),
        (True, "true"),
        (dt.datetime(2026, 3, 4), "2026-03-04"),
        (dt.datetime(2026, 3, 4, 9, 30), "2026-03-04 09:30:00"),
        (pd.Timestamp("2026-03-04"), "2026-03-04"),
        (1e15, "1000000000000000"),
    ],
)
def test_canonical_text(cell: Any, text: str) -> None:
    assert canonical(cell) == text


def test_a_number_and_its_text_are_one_value() -> None:
    made = column(4.0, "4", " 4 ", 4.5)
    assert made.text == ("4", "4.5")
    assert made.codes.tolist() == [0, 0, 0, 1]
    assert made.padded is not None
    assert made.padded.tolist() == [False, False, True, False]


def test_value_labels_serve_beside_codes() -> None:
    made = column(
        1.0, 2.0, 9.0, missing=("Refused",), labels={1.0: "Yes", 2.0: "No", 9.0: "Refused"}
    )
    assert listed(made.series()) == ["1", "2", None]
    assert made.holds(["Yes"]).tolist() == [True, False, False]
    assert made.holds(["2"]).tolist() == [False, True, False]
    assert listed(made.recoded({"Yes": "in", "2": "out"}).series()) == ["in", "out", None]


def test_recoding_leaves_what_is_not_listed() -> None:
    made = column("Prof. X", "X", "Y").recoded({"Prof. X": "X"})
    assert listed(made.series()) == ["X", "X", "Y"]


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("3.5", ".", 3.5),
        ("-.5", ".", -0.5),
        ("1e3", ".", 1000.0),
        ("3,5", ",", 3.5),
        ("3,5", ".", None),
        ("3.500", ",", None),  # a point beside decimal commas groups thousands
        ("1,234.5", ".", None),
        ("nan", ".", None),
        ("inf", ".", None),
        ("0x10", ".", None),
        ("1e400", ".", None),
        ("1_000", ".", None),
        ("three", ".", None),
        (4, ".", 4.0),
        (np.float64(2.5), ",", 2.5),
        (float("inf"), ".", None),
        (dt.datetime(2026, 1, 1), ".", None),
    ],
)
def test_what_counts_as_a_number(cell: Any, decimal: str, value: float | None) -> None:
    found = number(cell, decimal)
    assert (None if np.isnan(found) else found) == value


def test_numbers_say_which_rows_are_wrong() -> None:
    values, bad = column("1", None, "x", "2").numbers()
    assert np.array_equal(values, [1, np.nan, np.nan, 2], equal_nan=True)
    assert bad.tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    ("pattern", "cells", "faults"),
    [
        ("%Y-%m-%d", ["2026-03-04", None], [0, 0]),
        ("%d/%m/%Y", ["03/04/2026", "25/04/2026"], [0, 0]),
        ("%m/%d/%Y", ["03/04/2026", "25/04/2026"], [0, 3]),
        ("%Y-%m-%d", ["03/04/2026", "25/04/2026"], [3, 3]),
        ("%Y-%m-%d", ["46057", 46057.0], [2, 2]),
        ("%Y-%m-%d", ["soon"], [1]),
        ("%Y-%m-%d", ["0226-03-04"], [5]),
        ("%Y-%m-%d", ["2026-02-30"], [1]),
        ("%Y-%m-%dT%H:%M%z", ["2026-03-04T23:00+02:00", "2026-03-04T23:00+02:00"], [0, 0]),
        (
            "%Y-%m-%dT%H:%M%z",
            ["2026-03-04T23:00+02:00", "2026-03-05T23:00+02:00", "2026-03-04T23:00Z"],
            [0, 0, 4],
        ),
        ("%Y-%m-%d", ["2026-03-04T10:00:00Z"], [4]),
        ("%Y-%m-%d", [dt.datetime(2026, 3, 4), "2026-03-05"], [0, 0]),
        # a spreadsheet that read 03/04 as a date and left 25/04 as text has guessed the order
        ("%d/%m/%Y", [dt.datetime(2026, 3, 4), "25/04/2026"], [0, 6]),
    ],
)
def test_dates_are_declared_and_never_guessed(
    pattern: str, cells: list[Any], faults: list[int]
) -> None:
    days, found = column(*cells).dates(pattern)
    assert found.tolist() == faults
    given = [fault == 0 and cell is not None for cell, fault in zip(cells, faults, strict=True)]
    assert days[given].notna().all()


def test_a_day_is_the_local_day() -> None:
    days, _ = column("2026-03-04T23:00+0200").dates("%Y-%m-%dT%H:%M%z")
    assert days[0] == pd.Timestamp("2026-03-04")
    days, _ = column(dt.datetime(2026, 3, 4, 15)).dates("%Y-%m-%d")
    assert days[0] == pd.Timestamp("2026-03-04")


def test_flags() -> None:
    values, bad = column("Yes", "FALSE", 1.0, 0, True, None, "maybe").flags()
    assert np.array_equal(values, [1, 0, 1, 0, 1, np.nan, np.nan], equal_nan=True)
    assert bad.tolist() == [False] * 6 + [True]


def test_joined_and_constant_columns() -> None:
    both = joined([column("a", None, "b"), column(1.0, 2.0, 3.0)])
    assert listed(both.series()) == ["a / 1", None, "b / 3"]
    assert listed(constant("junior", 2).series()) == ["junior", "junior"]


def test_an_empty_column() -> None:
    made = column()
    assert len(made) == 0
    assert made.numbers()[0].shape == made.flags()[0].shape == (0,)
    assert len(made.dates("%Y")[0]) == len(made.series()) == 0
    assert len(made.recoded({"a": "b"})) == 0
