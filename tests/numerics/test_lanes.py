"""Small matrices in lanes, against the library's own routines matrix by matrix."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.numerics.lanes import (
    LANES,
    SMALL,
    cholesky,
    forward,
    inverse,
    inverse_root,
    last,
    product,
    solve,
    upper,
)

Array = NDArray[np.float64]


def positive(size: int, lanes: tuple[int, ...], seed: int = 0) -> Array:
    a = np.random.default_rng(seed).normal(size=(size, size + 2, *lanes))
    return np.einsum("ik...,jk...->ij...", a, a)


@pytest.mark.parametrize("size", [1, 3, SMALL, SMALL + 1])
@pytest.mark.parametrize("lanes", [(1,), (LANES,), (7, 5)])
def test_products_and_inverses(size: int, lanes: tuple[int, ...]) -> None:
    """Both ways of working, in few and in many lanes; 1e-9: condition numbers up to 1e5."""
    a, b = positive(size, lanes), positive(size, lanes, 1)
    found, volume = inverse(a)
    both = product(a, b)
    for index in np.ndindex(lanes):
        one = a[(..., *index)]
        np.testing.assert_allclose(both[(..., *index)], one @ b[(..., *index)], rtol=1e-11)
        np.testing.assert_allclose(found[(..., *index)] @ one, np.eye(size), atol=1e-9)
        assert volume[index] == pytest.approx(np.linalg.slogdet(one)[1], abs=1e-9)


def test_products_of_rectangles_broadcast_lanes() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 3, 4, 1)), rng.normal(size=(3, 5, 4, 30))
    found = product(a, b)
    for c, r in np.ndindex(4, 30):
        np.testing.assert_allclose(found[..., c, r], a[..., c, 0] @ b[..., c, r], rtol=1e-12)


def test_solving_says_where_the_answer_holds() -> None:
    a = positive(3, (6,))
    a[..., 4] -= 50.0 * np.eye(3)
    a[..., 5] = np.diag([1.0, 1e-12, 1.0])
    b = np.random.default_rng(3).normal(size=(3, 6))
    found, sound = solve(a, b, 1e-9)
    assert sound.tolist() == [True] * 4 + [False, False]
    for lane in range(4):
        np.testing.assert_allclose(a[..., lane] @ found[:, lane], b[:, lane], rtol=1e-8)


def test_leading_axes_become_lanes() -> None:
    a = np.arange(24.0).reshape(2, 3, 2, 2)
    assert last(a, 2).shape == (2, 2, 6)
    np.testing.assert_array_equal(last(a, 2)[..., 4], a[1, 1])
    np.testing.assert_array_equal(last(np.arange(2.0), 1), [[0.0], [1.0]])


def test_places_of_a_triangle() -> None:
    i, j, often = upper(3)
    assert list(zip(i.tolist(), j.tolist(), often.tolist(), strict=True)) == [
        (0, 0, 1.0), (0, 1, 2.0), (0, 2, 2.0), (1, 1, 1.0), (1, 2, 2.0), (2, 2, 1.0),
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 6, SMALL])
def test_factors_and_roots(size: int) -> None:
    """Each against the library's, matrix by matrix; roots say themselves where they are sound."""
    lanes = 2 * LANES
    a, b = positive(size, (lanes,), 3), positive(size, (lanes,), 4)[:, :2]
    lower, root = cholesky(a), inverse_root(a)
    solved = forward(lower, b)
    assert root[1].mean() > 0.9  # condition numbers of up to 1e5
    for lane in range(lanes):
        one = np.linalg.cholesky(a[..., lane])
        np.testing.assert_allclose(lower[..., lane], one, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(solved[..., lane], np.linalg.solve(one, b[..., lane]), rtol=1e-7)
        values, axes = np.linalg.eigh(a[..., lane])
        wanted = (axes / np.sqrt(values)) @ axes.T
        if root[1][lane]:
            np.testing.assert_allclose(root[0][..., lane], wanted, rtol=1e-8, atol=1e-9)


def test_roots_that_are_not_sound_are_not_called_so() -> None:
    """Singular, indefinite and ill-conditioned matrices among good ones; few or large: none."""
    a = positive(3, (LANES,), 5)
    a[..., 0] = np.ones((3, 3))
    a[..., 1] = np.diag([1.0, -1.0, 1.0])
    a[..., 2] = np.diag([1.0, 1e-14, 1e14])
    a[..., 3] = np.nan
    sound = inverse_root(a)[1]
    assert not sound[[0, 1, 3]].any()
    assert sound[4:].mean() > 0.9
    if sound[2]:  # then it is one
        assert inverse_root(a)[0][1, 1, 2] == pytest.approx(1e7, rel=1e-9)
    assert not inverse_root(a[..., 4:8])[1].any()
    assert not inverse_root(positive(SMALL + 1, (LANES,)))[1].any()
