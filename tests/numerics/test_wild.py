"""The wild cluster bootstrap against refitting every bootstrap sample."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.numerics import robust
from rmresearch.numerics.wild import WEBB, wild_bootstrap

Array = NDArray[np.float64]


def example(seed: int) -> tuple[Array, Array, NDArray[np.intp]]:
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(8), [3, 4, 5, 6, 7, 2, 1, 5])
    n = cluster.size
    x = np.column_stack([np.ones(n), cluster % 2, rng.normal(size=n)])
    return rng.normal(size=n) + rng.normal(size=8)[cluster] + 40, x, cluster


def test_webb_weights_have_mean_0_and_variance_1() -> None:
    assert WEBB.mean() == pytest.approx(0.0)
    assert (WEBB**2).mean() == pytest.approx(1.0)
    assert len(set(WEBB.round(12))) == 6


@pytest.mark.parametrize("weights", [[0.0, 1.0, 0.0], [0.0, 1.0, -0.5], [1.0, 1.0, 0.0]])
@pytest.mark.parametrize("vector_of_ones", [True, False])
def test_equals_refitting(weights: list[float], vector_of_ones: bool) -> None:
    y, x, cluster = example(4)
    if not vector_of_ones:
        x[:, 0] = np.linspace(1, 2, len(y))
    contrast = np.array(weights)
    found = wild_bootstrap(y, x, cluster, contrast, rng=np.random.default_rng(6), draws=199)
    observed = robust.fit(y, x, cluster, vcov="CR1").contrast(contrast).t
    assert found.statistic == pytest.approx(observed, rel=1e-9)
    # The null imposed: least squares among coefficients with contrast'b = 0.
    free = np.linalg.svd(contrast[None, :])[2][1:].T
    restricted = free @ np.linalg.lstsq(x @ free, y, rcond=None)[0]
    resid = y - x @ restricted
    signs = np.random.default_rng(6).choice(WEBB, size=(199, 8))
    count = 0
    for draw in signs:
        made = x @ restricted + resid * draw[cluster]
        t = robust.fit(made, x, cluster, vcov="CR1").contrast(contrast).t
        count += abs(t) >= abs(observed) * (1 - 1e-9)
    assert found.p == pytest.approx((1 + count) / 200)
    assert found.mc_error == pytest.approx(np.sqrt(found.p * (1 - found.p) / 200))


def test_size_with_eight_unbalanced_clusters() -> None:
    """400 null data sets: rejections at .05 within 3.3 Monte Carlo errors (.011) of .05."""
    rejected = 0
    for seed in range(400):
        y, x, cluster = example(seed)
        rng = np.random.default_rng(seed)
        found = wild_bootstrap(y, x, cluster, [0, 1, 0], rng=rng, draws=199)
        rejected += found.p <= 0.05
    assert abs(rejected / 400 - 0.05) < 3.3 * np.sqrt(0.05 * 0.95 / 400)


def test_refusals() -> None:
    y, x, cluster = example(1)
    rng = np.random.default_rng(0)
    with pytest.raises(FitError, match="1 clusters"):
        wild_bootstrap(y, x, np.zeros_like(cluster), [0, 1, 0], rng=rng)
    with pytest.raises(FitError, match="'x2' is determined by 'x1'"):
        wild_bootstrap(y, np.c_[x[:, :2], 3 * x[:, 1]], cluster, [0, 1, 0], rng=rng)
    with pytest.raises(FitError, match="do not vary"):
        wild_bootstrap(np.full(y.size, 2.0), x, cluster, [0, 1, 0], rng=rng)
    with pytest.raises(ValueError, match="y \\(n,\\)"):
        wild_bootstrap(y[None], x, cluster, [0, 1, 0], rng=rng)
    with pytest.raises(ValueError, match="codes"):
        wild_bootstrap(y, x, cluster[:5], [0, 1, 0], rng=rng)
