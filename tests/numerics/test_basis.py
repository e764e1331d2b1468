"""The orthonormal basis of long designs, made without a QR of all rows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import LONG, decompose

Array = NDArray[np.float64]


def long_design(seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    arm, wave = rng.integers(0, 2, LONG), rng.integers(0, 3, LONG)
    return np.column_stack([np.ones(LONG), arm, wave == 1, wave == 2, rng.normal(size=LONG)])


@pytest.mark.parametrize("shift", [0.0, 2024.0, 1e6])
def test_a_long_basis_is_orthonormal_and_spans_the_design(shift: float) -> None:
    x = long_design()
    x[:, 4] += shift
    given = x.copy()
    basis = decompose(x, list("abcde"))
    np.testing.assert_array_equal(x, given)
    np.testing.assert_allclose(basis.q.T @ basis.q, np.eye(5), atol=1e-13)
    # An offset takes its digits off x itself.
    size = np.abs(x).max() * LONG**0.5
    np.testing.assert_allclose(
        basis.q @ np.linalg.inv(basis.back), x, atol=1e-15 * size * max(1.0, shift)
    )
    assert basis.ones is not None
    np.testing.assert_allclose(x @ basis.ones, 1.0)


def test_a_long_design_without_intercept_is_left_as_it_was() -> None:
    x = long_design()[:, 1:]
    x[:, 0] = 1.0 + x[:, 0] * np.arange(LONG)
    given = x.copy()
    basis = decompose(x, list("abcd"))
    np.testing.assert_array_equal(x, given)
    np.testing.assert_allclose(basis.q @ np.linalg.inv(basis.back), x, atol=1e-8)


def test_nearly_aliased_long_columns_go_by_qr_and_aliased_ones_are_refused() -> None:
    x = long_design()
    x = np.column_stack([x, x[:, 1] + 1e-4 * x[:, 4]])
    near = np.column_stack([x[:, :5], x[:, 5] + 1e-5 * np.random.default_rng(1).normal(size=LONG)])
    basis = decompose(near, list("abcdef"))
    np.testing.assert_allclose(basis.q.T @ basis.q, np.eye(6), atol=1e-9)
    with pytest.raises(FitError, match="'f'"):
        decompose(x, list("abcdef"))


def test_a_column_constant_but_for_one_row_is_no_intercept() -> None:
    x = long_design()
    x[5, 0] = 2.0
    basis = decompose(x, list("abcde"))
    np.testing.assert_allclose(basis.q @ np.linalg.inv(basis.back), x, atol=1e-10)
    assert basis.ones is None
