"""Overlap weights: the likelihood equations, exact balance, and what has no overlap."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.overlap import overlap_weights, propensity
from rmresearch.numerics.robust import fit


def drawn(n: int = 50, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), 1000 + 50 * rng.normal(size=n), rng.random(n) < 0.4])
    return (rng.random(n) < 1 / (1 + np.exp(-x[:, 0]))).astype(int), x.astype(float)


def test_the_likelihood_equations_hold() -> None:
    group, x = drawn()
    left = group - propensity(group, x)
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    assert np.column_stack([np.ones(len(x)), scaled]).T @ left == pytest.approx(
        np.zeros(4), abs=1e-9
    )


def test_weighted_means_are_the_same_in_both_groups() -> None:
    group, x = drawn()
    w = overlap_weights(group, x)
    sides = [np.average(x[group == g], axis=0, weights=w[group == g]) for g in (0, 1)]
    assert sides[0] == pytest.approx(sides[1], rel=1e-10)


def test_without_covariates_everybody_counts_alike() -> None:
    group = np.array([0, 0, 0, 1])
    assert propensity(group, np.empty((4, 0))) == pytest.approx([0.25] * 4)


@pytest.mark.parametrize("x", [[0, 1, 2, 3, 4, 5], [0, 0, 1, 1, 1, 1]], ids=["wholly", "in part"])
def test_groups_that_covariates_tell_apart_have_no_overlap(x: list[float]) -> None:
    # in part: everybody with 0 is outside, and the likelihood rises without end
    group = [0, 0, 0, 1, 1, 1]
    with pytest.raises(FitError, match="no overlap"):
        overlap_weights(group, np.array(x, float)[:, None])


def test_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="0 and 1"):
        propensity([0, 2], np.ones((2, 1)))


def test_a_difference_is_recovered_where_groups_chose_themselves() -> None:
    """The group is chosen by x, which raises the outcome too; weighted least squares undoes it."""
    found, held = [], []
    for replicate in range(400):
        rng = np.random.default_rng([9, replicate])
        x = rng.normal(size=80)
        group = (rng.random(80) < 1 / (1 + np.exp(-0.9 * x))).astype(int)
        y = 0.4 * group + 0.8 * x + rng.normal(0, 0.7, 80)
        root = np.sqrt(overlap_weights(group, x[:, None]))
        columns = np.column_stack([np.ones(80), group, x]) * root[:, None]
        fitted = fit(y * root, columns).contrast([0, 1, 0])
        found.append(float(fitted.estimate))
        low, high = fitted.interval()
        held.append(low <= 0.4 <= high)
    assert abs(np.mean(found) - 0.4) < 3 * np.std(found) / np.sqrt(len(found))
    assert 0.91 <= np.mean(held) <= 0.99  # .95 within 99.9% Monte Carlo limits of 400
