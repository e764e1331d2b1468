"""Spline, surface and clusters left out, against hand calculations and loops."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.surface import SURFACE, curve, left_out, polynomial


def test_the_bend_by_hand_and_straight_outside() -> None:
    # knots 0, 1, 4: (x^3 - (x-1)^3 * 4/3 + (x-4)^3 * 1/3) / 16 where each part is above 0
    found = curve([-2.0, 0.5, 2.0, 4.0, 5.0, 6.0], [0.0, 1.0, 4.0])[:, 1]
    assert found[0] == 0.0
    assert found[1] == pytest.approx(0.125 / 16)
    assert found[2] == pytest.approx((8 - 4 / 3) / 16)
    assert found[5] - found[4] == pytest.approx(found[4] - found[3])  # straight from 4 on


def test_knots_in_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="rising order"):
        curve([1.0], [0.0, 0.0, 1.0])


def test_the_surface_along_its_two_lines() -> None:
    """a1, a2 describe z(t, t), a3, a4 z(t, -t): read off the polynomial itself."""
    b = np.array([0.3, -0.2, 0.11, 0.07, -0.05])
    t = np.array([-2.0, -1.0, 1.0, 2.0])
    for (slope, bend), other in ((("a1", "a2"), t), (("a3", "a4"), -t)):
        z = polynomial(t + 4, other + 4, 4.0) @ b
        expected = np.dot(SURFACE[slope], b) * t + np.dot(SURFACE[bend], b) * t**2
        np.testing.assert_allclose(z, expected, atol=1e-12)  # rounding


def test_clusters_left_out_against_fits_without_them() -> None:
    rng = np.random.default_rng(2)
    n = 15
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    y, cluster = rng.normal(size=n), rng.integers(0, 6, n)
    expected = np.empty(n)
    for one in np.unique(cluster):
        out = cluster == one
        coef = np.linalg.lstsq(x[~out], y[~out], rcond=None)[0]
        expected[out] = y[out] - x[out] @ coef
    np.testing.assert_allclose(left_out(y, x, cluster), expected, rtol=1e-9)  # two solvers


def test_a_cluster_that_decides_a_coefficient_alone_is_refused() -> None:
    x = np.column_stack([np.ones(4), [0.0, 0.0, 0.0, 1.0]])
    with pytest.raises(FitError, match="without one of its clusters"):
        left_out([1.0, 2.0, 3.0, 4.0], x, [0, 1, 2, 3])
