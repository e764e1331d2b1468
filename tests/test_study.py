"""Texts among many."""

from __future__ import annotations

import pandas as pd
import pytest

from rmresearch.study import among


@pytest.mark.parametrize("kind", ["str", object, "category"])
def test_among_is_isin_for_any_texts(kind: object) -> None:
    column = pd.Series(["b", None, "a", "c", "b", ""]).astype(kind)  # type: ignore[call-overload]
    for known in (["a", "b"], pd.Series(["b", "b", None, "a"]), pd.Index([""]), set[str](), ["x"]):
        expected = [text in {k for k in known if isinstance(k, str)} for text in column]
        assert among(column, known).tolist() == expected
    assert among(column[:0], ["a"]).shape == (0,)
