"""Rubin's rules: against R's mice, and their limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rmresearch.numerics.rubin import pool


def test_as_mice_pools(by_r: Callable[[str], tuple[Any, Any]]) -> None:
    given, want = (part["pooling"] for part in by_r("missing"))
    got = pool(given["estimates"], given["variances"], given["df"])
    # the same arithmetic in two orders: rounding only
    for name in ("estimate", "se", "df", "within", "between"):
        assert getattr(got, name) == pytest.approx(want[name], rel=1e-12), name


def test_interval_and_p_are_those_of_student() -> None:
    got = pool([1.0, 1.4, 0.9, 1.1], [0.2, 0.25, 0.22, 0.21], 12.0)
    low, high = got.interval(0.9)
    half = stats.t(got.df).ppf(0.95) * got.se
    assert (low, high) == pytest.approx((got.estimate - half, got.estimate + half))
    assert got.p == pytest.approx(2 * stats.t(got.df).sf(got.estimate / got.se))


def test_nothing_missing_leaves_the_complete_data_df_nearly_whole() -> None:
    got = pool([0.5] * 5, [0.04] * 5, 20.0)
    assert (got.estimate, got.se, got.share) == (0.5, pytest.approx(0.2), 0.0)
    # by equation 3 with no share missing: (df + 1) / (df + 3) df
    assert got.df == pytest.approx(21 / 23 * 20)


def test_many_at_once_as_one_by_one() -> None:
    rng = np.random.default_rng(1)
    values, spread = rng.normal(size=(3, 2, 8)), rng.uniform(1, 2, (3, 2, 8))
    together = pool(values, spread, 9.0)
    for i, j in np.ndindex(3, 2):
        alone = pool(values[i, j], spread[i, j], 9.0)
        assert together.se[i, j] == pytest.approx(alone.se, rel=1e-12)
        assert together.df[i, j] == pytest.approx(alone.df, rel=1e-12)


def test_no_spread_at_all_gives_no_test() -> None:
    assert np.isnan(pool([0.0, 0.0], [0.0, 0.0], 5.0).p)


@pytest.mark.parametrize("values, spread", [([1.0], [1.0]), ([1.0, 2.0], [1.0])])
def test_refusals(values: list[float], spread: list[float]) -> None:
    with pytest.raises(ValueError, match="two or more"):
        pool(values, spread, 5.0)
