"""Variances that the fixed part leaves nothing to tell apart by: dense matrices, and the level
criterion itself."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.lmm import Design, Term, design, fit
from rmresearch.numerics.lmm.confounded import _left, refuse_confounded

Array = NDArray[np.float64]


def dense(model: Design) -> Array:
    """tr(P V_k P V_l) from n x n matrices."""
    q, n = model.basis.q, model.n
    p = np.eye(n) - q @ q.T
    slopes = [np.eye(n)]
    for term in model.terms:
        same = term.codes[:, None] == term.codes
        for row, column in zip(term.rows, term.columns, strict=True):
            one = np.outer(term.z[:, row], term.z[:, column])
            slopes.append(same * (one if row == column else one + one.T))
    return np.array([[np.trace(p @ a @ p @ b) for b in slopes] for a in slopes])


def random_design(seed: int) -> tuple[Design, Array, Array, list[Term]] | None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 12))
    a, b = rng.integers(0, 4, n), rng.integers(0, 3, n)
    one = np.ones((n, 1))
    t = np.column_stack([one[:, 0], rng.integers(0, 3, n)])
    arms = (b[:, None] == np.arange(1, 3)).astype(float)
    x = [np.hstack([one, arms]), np.hstack([one, arms, t[:, 1:]]), t][seed % 3]
    terms = [
        [Term(a, one), Term(3 * a + b, one)],
        [Term(a, t)],
        [Term(a, t, correlated=False)],
        [Term(a, one), Term(b, one)],
    ][seed % 4]
    try:
        return design(x, terms), x, rng.normal(size=n), terms
    except FitError:
        return None


def test_as_dense_matrices_and_level_where_refused() -> None:
    """Where it refuses, some direction of the variances leaves the criterion as it is."""
    refused = kept = 0
    for seed in range(480):
        made = random_design(seed)
        if made is None:
            continue
        model, x, y, terms = made
        wanted = dense(model)
        np.testing.assert_allclose(_left(model), wanted, atol=1e-10 * np.abs(wanted).max())
        length = np.sqrt(np.diagonal(wanted))
        sizes = np.linalg.eigvalsh(wanted / length / length[:, None])
        if sizes[0] > 1e-9:
            refuse_confounded(model)
            kept += 1
            continue
        with pytest.raises(FitError, match="cannot be told apart"):
            refuse_confounded(model)
        refused += 1
        found = fit(y, x, terms)
        if found.converged and (found.theta != 0).all():
            scale = np.append(np.abs(found.theta), found.sigma2)
            curved = np.linalg.eigvalsh(found._hessian * scale * scale[:, None])
            assert abs(curved[0]) < 1e-6 * curved[-1]
    assert refused >= 10
    assert kept >= 100


def test_only_the_traded_ones_are_named() -> None:
    """b in a, where x holds b and a crosses it fully but for one cell: one contrast between."""
    g = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    pair = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    x = np.column_stack([np.ones(8), g == 0, g == 2, [0.0, 1] * 4])
    with pytest.raises(FitError) as error:
        refuse_confounded(design(x, [Term(g, np.ones(8)), Term(pair, np.ones(8))]))
    assert str(error.value).startswith(
        "random term 0 and random term 1 cannot be told apart in what the fixed part leaves of 8"
    )
