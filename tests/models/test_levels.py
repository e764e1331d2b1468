"""Levels of grouping columns against a naive dictionary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from rmresearch.models.levels import numbered

N = 300


def naive(columns: tuple[str, ...], rows: pd.DataFrame) -> list[int]:
    """Codes in order of appearance."""
    seen: dict[Any, int] = {}
    cells = zip(*(rows[name].tolist() for name in columns), strict=True)
    return [seen.setdefault(cell, len(seen)) for cell in cells]


def check(combinations: list[tuple[str, ...]], rows: pd.DataFrame) -> None:
    found = numbered(combinations, rows)
    for columns in {*combinations, *(one[:1] for one in combinations)}:
        codes, levels = found[columns]
        want = naive(columns, rows)
        assert codes.dtype == np.intp
        assert codes.tolist() == want, columns
        assert levels == max(want) + 1


TEXTS = {
    "short": ["", "a", "b", "ab", "ba", "p0000001", "ä", "äö", "𝛼", "a "],
    "long": ["participant-1", "participant-2", "participant-", "p"],
    "zero bytes": ["a", "a\0", "a\0\0", "\0a"],
}


@pytest.mark.parametrize("texts", list(TEXTS))
@pytest.mark.parametrize(
    "dtype", ["str", "object", "category", "string[python]", "string[pyarrow]", "arrow", "large"]
)
def test_text_of_any_length_and_type(texts: str, dtype: str) -> None:
    values = np.random.default_rng(1).choice(np.array(TEXTS[texts], dtype=object), N)
    kind: Any = {
        "arrow": pd.ArrowDtype(pa.string()),
        "large": pd.ArrowDtype(pa.large_string()),
    }.get(dtype, dtype)
    rows = pd.DataFrame({"a": pd.Series(values, dtype=object).astype(kind)})
    check([("a",)], rows)
    check([("a",)], rows.iloc[7:-5])  # a slice starts inside its memory
    parts = [rows.iloc[:50], rows.iloc[50:51], rows.iloc[51:]]
    check([("a",)], pd.concat(parts, ignore_index=True))  # and this is in several pieces


@pytest.mark.parametrize(
    "dtype", ["int8", "uint64", "float32", "bool", "Int64", "Float64", "boolean", "category"]
)
def test_numbers_of_any_type(dtype: str) -> None:
    rng = np.random.default_rng(2)
    check([("a",)], pd.DataFrame({"a": pd.Series(rng.integers(0, 2, N)).astype(dtype)}))
    if dtype == "uint64":
        large = rng.choice(np.array([2**63 - 1, 2**63, 2**64 - 1], dtype=dtype), N)
        check([("a",)], pd.DataFrame({"a": large}))


@pytest.mark.parametrize("nested", ["all", "inner", "none"])
def test_combinations_nested_or_not(nested: str) -> None:
    """Pupils of classes of schools: ids unique, unique within a school, or starting anew."""
    rng = np.random.default_rng(4)
    school = rng.integers(0, 4, N)
    class_ = rng.integers(0, 5, N) + (0 if nested == "none" else 5) * school
    pupil = rng.integers(0, 6, N) + (6 * class_ if nested == "all" else 0)
    if nested == "inner":  # each pupil in one school, in several of its classes
        pupil += 6 * school
    rows = pd.DataFrame(
        {
            "school": [f"s{k}" for k in school],
            "class": class_,
            "pupil": pd.Categorical([f"a rather long name {k}" for k in pupil]),
        }
    )
    for combinations in (
        [("school",), ("class", "school"), ("pupil", "class", "school")],
        [("pupil", "class", "school"), ("pupil",), ("class",), ("school",)],
        [("class", "school"), ("pupil", "school")],
        [("school", "pupil"), ("class",)],
    ):
        check(combinations, rows)


def test_a_group_that_one_row_takes_elsewhere_is_not_nested() -> None:
    rows = pd.DataFrame({"pair": list("aabbc"), "person": [1, 1, 2, 2, 3]})
    check([("person", "pair")], rows)
    rows.loc[4, "person"] = 1
    check([("person", "pair")], rows)
