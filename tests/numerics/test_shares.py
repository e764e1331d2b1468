"""Shares of variance: the profile interval in closed form, its limits and its coverage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from rmresearch.numerics import lmm
from rmresearch.numerics.shares import shares


def balanced(seed: int = 2, groups: int = 10, size: int = 4, spread: float = 1.0) -> Any:
    """Rows, their groups and the mean squares of a one-way layout."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), size)
    y = 5 + spread * rng.normal(size=groups)[group] + rng.normal(size=groups * size)
    means = y.reshape(groups, size).mean(axis=1)
    between = size * float(((means - y.mean()) ** 2).sum()) / (groups - 1)
    within = float(((y - means[group]) ** 2).sum()) / (groups * (size - 1))
    return y, group, between, within


def by_hand(between: float, within: float, groups: int, size: int, r: float) -> float:
    """-2 x the restricted log-likelihood at share r, less a constant.

    The two mean squares are independent: E(between) = v (1 - r + size r), E(within) = v (1 - r),
    with v at its maximum.
    """
    df = groups - 1, groups * (size - 1)
    parts = 1 - r + size * r, 1 - r
    v = (df[0] * between / parts[0] + df[1] * within / parts[1]) / sum(df)
    logs = df[0] * np.log(parts[0]) + df[1] * np.log(parts[1])
    return float(logs + sum(df) * np.log(v))


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("spread", [0.4, 1.0, 5.0])
def test_balanced_groups_in_closed_form(spread: float, level: float) -> None:
    y, group, between, within = balanced(spread=spread)
    estimate = max((between - within) / 4, 0.0)
    found = shares(y, np.ones((40, 1)), [group], group, [estimate, within], level=level)
    r = estimate / (estimate + within)
    limit = by_hand(between, within, 10, 4, r) + stats.chi2.ppf(level, 1)

    def above(share: float) -> float:
        return by_hand(between, within, 10, 4, share) - limit

    low = optimize.brentq(above, 1e-6, r) if above(1e-6) > 0 else 0.0
    high = optimize.brentq(above, r, 1 - 1e-6)
    # both searches end at 1e-7
    assert found.value == pytest.approx([r, 1 - r], rel=1e-12)
    assert found.low == pytest.approx([low, 1 - high], abs=1e-6)
    assert found.high == pytest.approx([high, 1 - low], abs=1e-6)


def test_no_difference_between_groups_reaches_zero_only_from_above() -> None:
    y, group, _, _ = balanced(spread=0.0)
    y = y - y.reshape(10, 4).mean(axis=1)[group]
    found = shares(y, np.ones((40, 1)), [group], group, [0.0, float(y @ y) / 39])
    assert (found.value[0], found.low[0]) == (0.0, 0.0)
    assert 0 < found.high[0] < 0.3
    assert (found.value[1], found.high[1]) == (1.0, 1.0)


def test_the_part_that_two_levels_share_is_divided_as_fits_best() -> None:
    # the coarse level's profile against a grid over the fine one's part of the rest
    rng = np.random.default_rng(4)
    fine = np.repeat(np.arange(16), 3)
    coarse = fine // 2
    y = rng.normal(size=8)[coarse] + 0.7 * rng.normal(size=16)[fine] + rng.normal(size=48)
    x = np.column_stack([np.ones(48), np.tile([0.0, 1, 2], 16)])
    one = np.ones((48, 1))
    model = lmm.fit(y, x, [lmm.Term(fine, one), lmm.Term(coarse, one)])
    sizes = [float(c[0, 0]) for c in model.covariances] + [float(model.sigma2)]
    found = shares(y, x, [fine, coarse], coarse, sizes)
    same = [(g[:, None] == g).astype(float) for g in (fine, coarse)]

    def deviance(parts: Any) -> float:
        v = parts[0] * same[0] + parts[1] * same[1] + parts[2] * np.eye(48)
        w = np.linalg.inv(v)
        inner = x.T @ w @ x
        left = y - x @ np.linalg.solve(inner, x.T @ w @ y)
        logs = np.linalg.slogdet(v)[1] + np.linalg.slogdet(inner)[1]
        return float(logs + 46 * np.log(left @ w @ left))

    limit = deviance(found.value) + stats.chi2.ppf(0.95, 1)
    grid = np.linspace(0.0, 0.99, 397)
    for end in (found.low[1], found.high[1]):
        if 0 < end < 1:
            best = min(deviance(((1 - end) * g, end, (1 - end) * (1 - g))) for g in grid)
            assert best == pytest.approx(limit, abs=1e-3)  # what a step of the grid leaves
    assert found.high[1] < 1


@pytest.mark.parametrize("size, offset", [(1e-6, 0.0), (1e6, 1e9)])
def test_units_and_offsets_change_nothing(size: float, offset: float) -> None:
    y, group, between, within = balanced()
    estimate = (between - within) / 4
    one = np.ones((40, 1))
    first = shares(y, one, [group], group, [estimate, within])
    second = shares(offset + size * y, one, [group], group, [size**2 * estimate, size**2 * within])
    for a, b in ((first.value, second.value), (first.low, second.low), (first.high, second.high)):
        assert b == pytest.approx(a, abs=1e-6)  # where the searches end


def test_a_residual_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="residual variance above 0"):
        shares(np.zeros(4), np.ones((4, 1)), [[0, 0, 1, 1]], [0, 0, 1, 1], [1.0, 0.0])


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9])
def test_intervals_cover(share: float) -> None:
    # 16 people at 3 waves, 200 studies: the 99.9% binomial band of .95 is .895-.99. Near the edge
    # an interval can only miss upwards, so it may cover more
    rng = np.random.default_rng(8)
    n, waves, studies = 16, 3, 200
    person = np.repeat(np.arange(n), waves)
    x = np.tile(np.eye(waves), (n, 1))
    y = np.sqrt(share) * rng.normal(size=(studies, n))[:, person]
    y = y + np.sqrt(1 - share) * rng.normal(size=(studies, n * waves))
    fits = lmm.fit(y, x, [lmm.Term(person, np.ones((n * waves, 1)))])
    covered = 0
    for r in range(studies):
        sizes = [float(fits.covariances[0][r, 0, 0]), float(fits.sigma2[r])]
        found = shares(y[r], x, [person], person, sizes)
        covered += bool(found.low[0] <= share <= found.high[0])
    assert 0.895 <= covered / studies <= (1.0 if share < 0.3 else 0.99)
