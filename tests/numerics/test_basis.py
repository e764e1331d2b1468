"""The orthonormal basis of long designs, made without a QR of all rows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import LONG, Kinds, decompose

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


def kinds_of(few: Array, seed: int = 0) -> Kinds:
    """Some rows of each kind, in any order."""
    rng = np.random.default_rng(seed)
    of = np.concatenate([np.arange(len(few)), rng.integers(0, len(few), 150)])
    return Kinds(rng.permutation(of), len(few))


def few_rows(shift: float = 0.0) -> Array:
    arm, wave = (one.ravel() for one in np.indices((2, 3)))
    return np.column_stack([np.ones(6), arm, wave + shift, arm * (wave + shift)])


@pytest.mark.parametrize("shift", [0.0, 2024.0, 1e6])
@pytest.mark.parametrize("first", [0, 1])
def test_a_basis_of_kinds_is_one_of_all_rows(shift: float, first: int) -> None:
    """With an intercept and, the first column left out, without: what the rows give."""
    few = few_rows(shift)[:, first:]
    kinds = kinds_of(few)
    x, names = few[kinds.of], list("abcd")[first:]
    basis, rows = decompose(few, names, kinds), decompose(x, names)
    q, p = basis.q, few.shape[1]
    np.testing.assert_allclose(q.T @ q, np.eye(p), atol=1e-13)
    # An offset takes its digits off x itself.
    close = 1e-13 * max(1.0, shift) ** 2
    np.testing.assert_allclose(q @ np.linalg.inv(basis.back), x, atol=close)
    np.testing.assert_allclose(q @ q.T, rows.q @ rows.q.T, atol=1e-12 * max(1.0, shift))
    assert (basis.ones is None) is (rows.ones is None) is (first == 1)
    if basis.ones is not None:
        np.testing.assert_allclose(x @ basis.ones, 1.0)
    values = np.random.default_rng(2).normal(size=(len(x), 3))
    np.testing.assert_allclose(basis.along(values), q.T @ values, atol=1e-13)
    np.testing.assert_allclose(basis.spread(values[:p]), q @ values[:p], atol=1e-13)
    np.testing.assert_array_equal(np.stack([basis.column(j) for j in range(p)], axis=1), q)


def test_kinds_without_an_intercept_column_may_hold_one() -> None:
    few = np.array([[1.0, 0, 3], [1, 0, 5], [0, 1, 4], [0, 1, 9]])
    kinds = kinds_of(few)
    basis = decompose(few, list("abc"), kinds)
    assert basis.ones is not None
    np.testing.assert_allclose(few @ basis.ones, 1.0)


@pytest.mark.parametrize("repeat", [[0, 1, 2, 2], [0, 1, 1, 2, 2, 3, 3]])
def test_aliased_kinds_are_refused_as_their_rows_are(repeat: list[int]) -> None:
    """Some columns twice, also where that makes more columns than kinds."""
    few = few_rows()[:, repeat]
    kinds, names = kinds_of(few), list("abcdefg")[: len(repeat)]
    with pytest.raises(FitError) as by_row:
        decompose(few[kinds.of], names)
    with pytest.raises(
        FitError, match=r"'d' is determined by 'c'|'c' is determined by 'b'"
    ) as ours:
        decompose(few, names, kinds)
    assert str(ours.value) == str(by_row.value)


def test_sums_and_rows_of_kinds_against_a_loop() -> None:
    kinds = Kinds(np.array([2, 0, 2, 1, 1, 2]), 3)
    values = np.arange(12.0).reshape(6, 2)
    sums = [
        [sum(values[i, r] for i in range(6) if kinds.of[i] == k) for r in (0, 1)] for k in range(3)
    ]
    np.testing.assert_array_equal(kinds.sums(values), sums)
    np.testing.assert_array_equal(kinds.counts(), [1, 2, 3])
    np.testing.assert_array_equal(kinds.of[kinds.some_rows()], [0, 1, 2])
