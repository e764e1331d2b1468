"""Two-stage least squares against its textbook form, written out."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.instrument import two_stage
from rmresearch.numerics.robust import fit


def drawn(seed: int = 3, n: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    assigned = np.repeat([0.0, 1.0], n // 2)
    took = assigned * (rng.random(n) < 0.7)
    before = rng.normal(size=n)
    y = 1 + before + 0.8 * took + rng.normal(size=n)
    one = np.ones(n)
    return (
        y, np.column_stack([one, took, before]), np.column_stack([one, assigned, before]),
        np.arange(n) // 2,
    )  # fmt: skip


def test_coefficients_and_cr2_written_out() -> None:
    y, x, z, cluster = drawn()
    found = two_stage(y, x, z, cluster)
    hat = z @ np.linalg.solve(z.T @ z, z.T @ x)
    bread = np.linalg.inv(hat.T @ hat)
    beta = bread @ hat.T @ y
    left = y - x @ beta
    meat = np.zeros((3, 3))
    for g in np.unique(cluster):
        own = cluster == g
        h = hat[own] @ bread @ hat[own].T
        values, vectors = np.linalg.eigh(np.eye(own.sum()) - h)
        adjusted = vectors @ np.diag(values**-0.5) @ vectors.T @ left[own]
        score = hat[own].T @ adjusted
        meat += np.outer(score, score)
    assert found.coef == pytest.approx(beta, rel=1e-10)
    assert found.vcov == pytest.approx(bread @ meat @ bread, rel=1e-8)
    assert found.resid == pytest.approx(left, abs=1e-10)


def test_without_covariates_it_is_walds_ratio() -> None:
    y, x, z, _ = drawn()
    found = two_stage(y, x[:, :2], z[:, :2])
    inside = z[:, 1] == 1
    ratio = (y[inside].mean() - y[~inside].mean()) / x[inside, 1].mean()
    assert found.coef[1] == pytest.approx(ratio)


def test_its_own_instrument_is_least_squares() -> None:
    y, _, z, cluster = drawn()
    assert two_stage(y, z, z, cluster).vcov == pytest.approx(fit(y, z, cluster).vcov)


def test_too_few_or_empty_instruments_are_refused() -> None:
    y, x, z, _ = drawn()
    with pytest.raises(FitError, match="instruments cannot tell"):
        two_stage(y, x, z[:, :2])
    with pytest.raises(FitError):
        two_stage(y, np.column_stack([x, np.zeros(len(y))]), np.column_stack([z, z[:, 1] ** 2 + 1]))
    with pytest.raises(ValueError, match="must share n"):
        two_stage(y[:-1], x, z)


def test_the_effect_on_those_who_take_part_is_recovered_and_least_squares_is_not() -> None:
    """Those who take part would have scored higher anyway; assignment was by lot, in pairs.

    200 people: a ratio of means is biased by about 1/n of the keen people's head start.
    """
    found, naive, held = [], [], []
    for replicate in range(300):
        rng = np.random.default_rng([10, replicate])
        assigned = np.repeat(rng.permutation(np.repeat([0.0, 1.0], 50)), 2)
        keen = rng.random(200) < 0.7
        took = assigned * keen
        y = 0.5 * took + 0.8 * keen + rng.normal(0, 0.4, 100).repeat(2) + rng.normal(0, 0.6, 200)
        one, cluster = np.ones(200), np.repeat(np.arange(100), 2)
        x, z = np.column_stack([one, took]), np.column_stack([one, assigned])
        fitted = two_stage(y, x, z, cluster).contrast([0, 1])
        found.append(float(fitted.estimate))
        low, high = fitted.interval()
        held.append(low <= 0.5 <= high)
        naive.append(float(fit(y, x, cluster).coef[1]))
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - 0.5) < 3 * error
    assert np.mean(naive) > 0.5 + 10 * error
    assert 0.90 <= np.mean(held) <= 0.99  # .95 within 99.9% Monte Carlo limits of 300
