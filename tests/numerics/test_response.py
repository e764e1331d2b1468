"""Response weights: against R's glm, by counting, and their refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.response import logit, response_weights
from rmresearch.numerics.robust import fit


def test_as_glm_weighs_and_clubsandwich_judges(by_r: Callable[[str], tuple[Any, Any]]) -> None:
    given, want = (part["weighted"] for part in by_r("attrition"))
    arm, before = np.array(given["arm"], float), np.array(given["before"])
    kept = np.array(given["answered"]) == 1
    x = np.column_stack([np.ones(60), arm, before, arm * before])
    # both iterate to convergence
    assert logit(kept, x) == pytest.approx(want["response"], rel=1e-9)
    got = response_weights(kept, arm, x, most=np.inf)
    assert got.values[kept] == pytest.approx(np.array(want["weights"])[kept], rel=1e-9)
    root = np.sqrt(got.values[kept])
    after = np.array([np.nan if v is None else v for v in given["after"]])[kept]
    cluster = np.array(given["group"])[kept]
    one = fit(root * after, root[:, None] * x[kept, :3], cluster).contrast([0, 1, 0])
    assert one.estimate == pytest.approx(want["estimate"], rel=1e-9)
    assert one.se == pytest.approx(want["se"], rel=1e-9)
    assert one.df == pytest.approx(want["df"], rel=1e-8)


def test_two_kinds_of_people_by_counting() -> None:
    # of 8 low 4 answered, of 8 high 6: weights 10/16 over 4/8 and over 6/8
    high = np.repeat([0.0, 1.0], 8)
    kept = np.array([1] * 4 + [0] * 4 + [1] * 6 + [0] * 2, bool)
    x = np.column_stack([np.ones(16), high])
    got = response_weights(kept, np.ones(16, bool), x)
    assert got.values[kept] == pytest.approx([1.25] * 4 + [5 / 6] * 6)
    assert (got.values[~kept] == 0).all()
    assert got.effective == pytest.approx(100 / (4 * 1.25**2 + 6 * (5 / 6) ** 2))
    # weighted, as many of each kind as were assigned
    assert (got.values * high).sum() / got.values.sum() == pytest.approx(0.5)


def test_large_weights_are_cut_and_counted() -> None:
    high = np.repeat([0.0, 1.0], 20)
    kept = np.array([1] * 2 + [0] * 18 + [1] * 18 + [0] * 2, bool)
    got = response_weights(kept, high == 1, np.column_stack([np.ones(40), high]), most=0.5)
    assert got.trimmed == 20
    assert got.values.max() == 0.5


def test_separated_answers_are_refused() -> None:
    x = np.column_stack([np.ones(8), np.arange(8.0)])
    with pytest.raises(FitError, match="without an error"):
        logit(np.arange(8) > 3, x)
    with pytest.raises(FitError, match="determined by others"):
        logit(np.arange(8) % 2, np.column_stack([x, x[:, 1]]))
