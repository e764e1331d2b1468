"""Alpha within arms, and covariance analysis on an unreliable baseline."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.numerics.measurement import alpha_within, reliability_corrected


def test_alpha_by_hand() -> None:
    # variances 5/3 and 4/3, covariance 4/3: 2 x (1 - 3 / (17/3)) = 16/17
    assert alpha_within([[1.0, 2], [2, 2], [3, 4], [4, 4]]) == pytest.approx(16 / 17, rel=1e-12)


def test_alpha_agrees_with_pingouin_and_ignores_rows_with_holes() -> None:
    import pandas as pd
    import pingouin

    rng = np.random.default_rng(2)
    items = rng.normal(size=(40, 1)) + rng.normal(size=(40, 4)) + 1e5
    expected = pingouin.cronbach_alpha(pd.DataFrame(items))[0]
    # items of size 1e5 leave eleven digits of the variances
    assert alpha_within(items) == pytest.approx(expected, rel=1e-9)
    holes = np.vstack([items, [[np.nan, 1e5, 1e5, 1e5]]])
    assert alpha_within(holes) == pytest.approx(expected, rel=1e-9)


def test_differences_between_arms_are_not_reliability() -> None:
    rng = np.random.default_rng(3)
    arm = np.repeat([0.0, 1.0], 30)
    items = rng.normal(size=(60, 3)) + 5 * arm[:, None]
    design = np.column_stack([np.ones(60), arm])
    assert alpha_within(items) > 0.9
    assert abs(alpha_within(items, design)) < 0.5
    apart = alpha_within(items + 100 * arm[:, None], design)
    assert apart == pytest.approx(alpha_within(items, design), rel=1e-9)


@pytest.mark.parametrize("items", [[[1.0, 1], [1, 1]], [[1.0], [2]], [[np.nan, 1]]])
def test_alpha_is_undefined_without_variance_items_or_people(items: list[list[float]]) -> None:
    assert np.isnan(alpha_within(items))


def world(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Arms .8 apart in the true baseline; slope .9, effect .5; four noisy items of the baseline."""
    rng = np.random.default_rng(seed)
    arm, z = np.repeat([1.0, 0.0], n // 2), rng.normal(size=n)
    true = rng.normal(size=n) + 0.8 * arm + 0.5 * z
    items = true[:, None] + rng.normal(size=(n, 4)) * 1.2
    y = 0.9 * true + 0.5 * arm + 0.3 * z + rng.normal(size=n) * 0.5
    return y, np.column_stack([np.ones(n), arm, z]), items, items.mean(axis=1)


def test_the_effect_is_recovered_where_plain_ancova_is_biased() -> None:
    found, plain, errors = [], [], []
    for seed in range(200):
        y, x, items, score = world(seed, 400)
        one = reliability_corrected(y, score, x, [1], np.arange(400), items=items)
        found.append(one.estimate[0])
        errors.append(one.se[0])
        plain.append(np.linalg.lstsq(np.column_stack([x, score]), y, rcond=None)[0][1])
    # var(score | arm, z) = 1 + 1.44/4 = 1.36: ANCOVA keeps .9 x .8 x .36/1.36 = .1906 too much
    monte_carlo = np.std(found) / np.sqrt(200)
    assert np.mean(plain) == pytest.approx(0.5 + 0.1906, abs=4 * monte_carlo)
    # regression calibration is consistent, with a bias of order 1/n: .01 at n = 400
    assert np.mean(found) == pytest.approx(0.5, abs=4 * monte_carlo + 0.01)
    # the jackknife's standard error against the spread of 200 draws (5% Monte Carlo error)
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.2)


def test_a_perfect_baseline_needs_no_correction() -> None:
    y, x, _, score = world(1, 60)
    found = reliability_corrected(y, score, x, [1], np.arange(60), reliability=1.0)
    plain = np.linalg.lstsq(np.column_stack([x, score]), y, rcond=None)[0][1]
    assert found.estimate[0] == pytest.approx(plain, rel=1e-9)
    assert found.share == pytest.approx(1.0, rel=1e-12)


def test_a_covariate_that_only_one_cluster_has_does_no_harm() -> None:
    y, x, _, score = world(2, 60)
    lone = np.zeros(60)
    lone[7] = 1.0
    found = reliability_corrected(
        y, score, np.column_stack([x, lone]), [1], np.arange(60), reliability=0.8
    )
    keep = np.arange(60) != 7
    without = reliability_corrected(
        y[keep], score[keep], x[keep], [1], np.arange(59), reliability=0.8
    )
    assert np.isfinite(found.se[0])
    # a dummy for one person takes the person out; the residual df are the same, and only the
    # arm-wise variance behind the error still knows that person
    assert found.estimate[0] == pytest.approx(without.estimate[0], abs=0.1)


def test_more_noise_than_there_is_variance_gives_no_answer() -> None:
    y, x, _, score = world(3, 60)
    found = reliability_corrected(y, score, x, [1], np.arange(60), reliability=0.0)
    assert not found.share > 0
    assert np.isnan(found.estimate[0])
    assert np.isnan(found.se[0])


@pytest.mark.parametrize("seed", range(12))
def test_a_reliability_of_nothing_but_rounding_gives_no_number(seed: int) -> None:
    """Items without any covariance: alpha is 0 in exact arithmetic, 1e-16 or -1e-16 in floats."""
    rng = np.random.default_rng(seed)
    each = np.linalg.qr(np.column_stack([np.ones(8), rng.normal(size=(8, 3))]))[0][:, 1:]
    items = 3.2 + np.vstack([each, each])
    x = np.column_stack([np.ones(16), np.repeat([1.0, 0.0], 8)])
    y = np.arange(16.0) ** 1.5
    found = reliability_corrected(y, items.mean(axis=1), x, [1], np.arange(16), items=items)
    assert abs(found.share) < 1e-12
    assert np.isnan(found.estimate).all()
    assert np.isnan(found.se).all()
