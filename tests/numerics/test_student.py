"""Student's t by its series: the integral, closed forms, and where the series must not go."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from rmresearch.numerics.student import LONGEST, MANY, two_sided


def values(df: float) -> np.ndarray:
    t = np.random.default_rng(3).standard_normal(2 * MANY) * 1.5
    t[:8] = [0.0, 1e-8, -1e-3, 3.0, -5.0, 40.0, 1e5, 1e200]
    return t


def integral(t: np.ndarray, df: float) -> np.ndarray:
    return 2.0 * special.stdtr(df, -np.abs(t))


@pytest.mark.parametrize("df", [2, 3, 4, 5, 17, 58, 117, LONGEST - 1, LONGEST])
def test_the_series_is_the_integral(df: int) -> None:
    # 1 - A loses three digits of 1e-15 times the number of terms at p = .001; df 1 is not here,
    # where scipy's own value is only good to 3e-9.
    t = values(df)
    np.testing.assert_allclose(two_sided(t, df), integral(t, df), rtol=5e-12)


def test_one_and_two_df_are_their_closed_forms() -> None:
    t = np.clip(values(1), -50.0, 50.0)
    one = 2.0 / np.pi * np.arctan2(1.0, np.abs(t))
    np.testing.assert_allclose(two_sided(t, 1), one, rtol=1e-12)
    root = np.sqrt(2.0 + t * t)
    two = 2.0 / (root * (root + np.abs(t)))
    np.testing.assert_allclose(two_sided(t, 2), two, rtol=1e-12)


def test_many_and_few_values_give_the_same() -> None:
    t, df = values(6), np.tile([58.0, 117.0], MANY)
    one_by_one = [float(two_sided(a, b)) for a, b in zip(t, df, strict=True)]
    np.testing.assert_allclose(two_sided(t, df), one_by_one, rtol=5e-12)


@pytest.mark.parametrize("df", [0.5, 7.3, LONGEST + 1.0, np.inf])
def test_other_df_go_by_the_integral(df: float) -> None:
    t = values(df)
    expected = 2.0 * stats.norm.sf(np.abs(t)) if df == np.inf else integral(t, df)
    np.testing.assert_allclose(two_sided(t, df), expected, rtol=1e-13)


def test_no_t_and_no_df_give_no_p() -> None:
    t, df = values(7), np.full(2 * MANY, 7.0)
    t[0], t[1], t[2], df[3] = np.nan, np.inf, -np.inf, 0.0
    p = two_sided(t, df)
    assert np.isnan(p[[0, 3]]).all()
    assert (p[[1, 2]] == 0.0).all()
    np.testing.assert_allclose(p[4:], integral(t[4:], 7.0), rtol=5e-12)
    df[5] = np.nan
    assert np.isnan(two_sided(t, df)[5])


def test_more_df_than_a_handful_go_by_the_integral() -> None:
    t, df = values(2), np.tile(np.arange(1.0, 21.0), MANY // 10)
    np.testing.assert_allclose(two_sided(t, df), integral(t, df), rtol=1e-13)


def test_shapes_are_broadcast() -> None:
    t = values(4).reshape(4, -1)
    df = np.array([[3.0], [4.0], [5.0], [58.0]])
    assert two_sided(t, df).shape == t.shape
    np.testing.assert_allclose(two_sided(t, df), integral(t, df), rtol=5e-12)
    assert two_sided(1.0, 3.0).shape == ()
