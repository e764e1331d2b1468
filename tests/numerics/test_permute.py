"""Re-randomisation against naive loops over permutations."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.numerics import robust
from rmresearch.numerics.permute import adjusted_difference, rerandomise

Array = NDArray[np.float64]


def refit(y: Array, arm: Array, covariates: Array, cluster: Array) -> float:
    """The statistic from its definition: CR1 t of arm 1 against arm 0, all arms in the model."""
    others = [a for a in np.unique(arm) if a != 0]
    x = np.column_stack([np.ones(y.size), *(arm == a for a in others), covariates])
    weights = [0.0, *(float(a == 1) for a in others), *([0.0] * covariates.shape[1])]
    return float(robust.fit(y, x, cluster, vcov="CR1").contrast(weights).t)


def naive(y: Array, arm: Array, stratum: Array, covariates: Array) -> tuple[float, int]:
    """Every order of the arm labels, kept where each stratum has its counts."""
    seen = set()
    counts = {s: sorted(arm[stratum == s]) for s in set(stratum.tolist())}
    for order in permutations(arm.tolist()):
        made = np.array(order)
        if all(sorted(made[stratum == s]) == counts[s] for s in counts):
            seen.add(order)
    alone = np.arange(y.size)
    values = [abs(refit(y, np.array(order), covariates, alone)) for order in sorted(seen)]
    observed = abs(refit(y, arm, covariates, alone))
    return float(np.mean([v >= observed * (1 - 1e-9) for v in values])), len(seen)


@pytest.mark.parametrize("arms", [[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 2, 2, 0]])
@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("adjusted", [False, True])
def test_exact_equals_the_naive_loop(arms: list[int], stratified: bool, adjusted: bool) -> None:
    rng = np.random.default_rng(3)
    arm = np.array(arms)
    y = rng.normal(size=8) + (arm == 1)
    stratum = np.array([0, 1, 0, 1, 0, 1, 0, 1]) if stratified else np.zeros(8, int)
    covariates = rng.normal(size=(8, 1)) if adjusted else np.empty((8, 0))
    statistic = adjusted_difference(y, covariates)
    found = rerandomise(arm, statistic, stratum=stratum)
    p, count = naive(y, arm, stratum, covariates)
    assert found.exact
    assert found.arrangements == count
    assert found.p == pytest.approx(p, rel=1e-12)
    assert found.mc_error == 0.0
    assert found.statistic == pytest.approx(refit(y, arm, covariates, np.arange(8)), rel=1e-9)


def test_two_against_two_departments() -> None:
    """methods.md: 2 against 2 departments can reach 1/3 and no less, whatever the outcome."""
    department = np.repeat(np.arange(4), 5)
    arm = np.array([0, 1, 1, 0])[department]
    y = arm * 50.0 + department * 1e-3 + np.random.default_rng(0).normal(size=20) * 1e-2
    found = rerandomise(arm, adjusted_difference(y, cluster=department), unit=department)
    assert (found.arrangements, found.n_units) == (6, 4)
    assert found.p == found.smallest_p == pytest.approx(1 / 3)


def test_units_move_together() -> None:
    unit = np.array([0, 0, 1, 2, 2, 2, 3])
    arm = np.array([0, 0, 1, 1, 1, 1, 0])
    tried: list[Array] = []

    def watch(arms: NDArray[np.intp]) -> Array:
        tried.extend(arms)
        return arms[:, 0].astype(float)

    rerandomise(arm, watch, unit=unit)
    for order in tried:
        assert len({(u, a) for u, a in zip(unit, order, strict=True)}) == 4
        assert sorted(order[[0, 2, 3, 6]]) == [0, 0, 1, 1]
    assert len({tuple(order) for order in tried}) == 6


def test_monte_carlo_approaches_the_exact_p() -> None:
    rng = np.random.default_rng(8)
    arm = np.repeat([0, 1], 7)
    y = rng.normal(size=14) + 0.8 * arm
    exact = rerandomise(arm, adjusted_difference(y))
    assert exact.arrangements == factorial(14) // factorial(7) ** 2
    # 21 more people whose outcome is missing make the arrangements too many to try all, and
    # leave the statistic (nearly) what it was: compare with a direct Monte Carlo loop instead.
    arm35 = np.r_[arm, np.tile([0, 1, 0], 7)]
    y35 = np.r_[y, np.full(21, np.nan)]
    statistic = adjusted_difference(y35)
    found = rerandomise(arm35, statistic, seed=1, draws=4_000)
    assert not found.exact
    assert found.draws == 4_000
    loop = np.random.default_rng(2)
    observed = abs(refit(y, arm, np.empty((14, 0)), np.arange(14)))
    hits = 0
    for _ in range(1_000):
        made = loop.permutation(arm35)[:14]
        if len(set(made)) == 2 and min(np.bincount(made)) > 1:
            hits += abs(refit(y, made, np.empty((14, 0)), np.arange(14))) >= observed
    # 3.3 Monte Carlo standard errors of the loop and the function together
    error = 3.3 * np.hypot(found.mc_error, np.sqrt(found.p * (1 - found.p) / 1_000))
    assert abs(found.p - hits / 1_000) < error
    assert found.mc_error == pytest.approx(np.sqrt(found.p * (1 - found.p) / 4_001))
    assert found.smallest_p == pytest.approx(1 / 4_001)


def test_observed_arrangement_is_counted() -> None:
    """A perfect separation is as extreme as it gets: p is 1 / (1 + draws), never 0."""
    arm = np.repeat([0, 1], 30)
    y = arm * 10.0 + np.linspace(0, 1, 60)
    found = rerandomise(arm, adjusted_difference(y), seed=0, draws=199)
    assert found.p == pytest.approx(1 / 200)


def test_same_seed_same_p_and_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    arm, y = np.repeat([0, 1, 2], 12), rng.normal(size=36)
    statistic = adjusted_difference(y, contrast=(2, 0))
    one = rerandomise(arm, statistic, seed=7, draws=500)
    monkeypatch.setattr("rmresearch.numerics.permute.BATCH", 36 * 3 * 500)
    two = rerandomise(arm, statistic, seed=7, draws=500)
    assert one == two


def test_size_under_the_null() -> None:
    """An exact test: over all arrangements of one data set, p <= .05 in at most 5% of them."""
    rng = np.random.default_rng(11)
    y = rng.exponential(size=8)
    arms = set(permutations([0] * 4 + [1] * 4))
    p = [rerandomise(np.array(order), adjusted_difference(y)).p for order in arms]
    for level in (0.05, 0.1, 0.5):
        assert np.mean(np.array(p) <= level + 1e-12) <= level + 1e-12


def test_people_lost_stay_in_the_assignment() -> None:
    arm = np.array([0, 0, 0, 1, 1, 1])
    y = np.array([1.0, 2.0, np.nan, 4.0, 5.5, np.nan])
    found = rerandomise(arm, adjusted_difference(y))
    assert (found.arrangements, found.n_units) == (20, 6)
    seen = np.isfinite(y)
    sizes = []
    for order in set(permutations(arm.tolist())):
        made = np.array(order)[seen]
        sizes.append(abs(refit(y[seen], made, np.empty((4, 0)), np.arange(4))))
    observed = abs(refit(y[seen], arm[seen], np.empty((4, 0)), np.arange(4)))
    assert len(sizes) == 20
    assert found.p == pytest.approx(np.mean(np.array(sizes) >= observed * (1 - 1e-9)))


def test_an_arrangement_without_a_comparison_counts_as_extreme() -> None:
    """Two people with outcomes, three without: when both fall into one arm nothing is compared."""
    arm, y = np.array([0, 1, 0, 1, 1]), np.array([1.0, 5.0, np.nan, np.nan, np.nan])
    with pytest.raises(FitError, match="not defined"):
        rerandomise(np.array([0, 0, 1, 1, 1]), adjusted_difference(y))
    found = rerandomise(arm, adjusted_difference(y))
    # With one person an arm the difference is exact in every arrangement: all are as extreme.
    assert (found.arrangements, found.p, found.smallest_p) == (10, 1.0, 1.0)


def test_an_arm_without_outcomes_drops_out() -> None:
    arm = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    y = np.array([1.0, 2.0, 2.5, 4.0, 5.5, 3.0, np.nan, np.nan])
    statistic = adjusted_difference(y)
    expected = refit(y[:6], arm[:6], np.empty((6, 0)), np.arange(6))
    assert statistic(arm[None])[0] == pytest.approx(expected, rel=1e-9)
    assert np.isnan(adjusted_difference(y, contrast=(2, 0))(arm[None])[0])
    with pytest.raises(FitError, match="not defined for the observed"):
        rerandomise(arm, adjusted_difference(y, contrast=(2, 0)))


def test_no_variance_means_no_evidence() -> None:
    arm = np.array([0, 0, 0, 1, 1, 1])
    assert rerandomise(arm, adjusted_difference(np.full(6, 3.3))).p == 1.0
    perfect = rerandomise(arm, adjusted_difference(np.where(arm, 5.1, 3.3)))
    assert perfect.p == pytest.approx(2 / 20)  # itself and its mirror


def test_refusals() -> None:
    y = np.arange(6.0)
    arm = np.array([0, 0, 0, 1, 1, 1])
    with pytest.raises(FitError, match="one arm"):
        rerandomise(np.zeros(6, int), adjusted_difference(y))
    with pytest.raises(FitError, match="1 of 5 units hold people of several arms"):
        rerandomise(arm, adjusted_difference(y), unit=np.array([0, 1, 2, 2, 3, 4]))
    with pytest.raises(FitError, match="several strata"):
        rerandomise(arm, adjusted_difference(y), unit=arm, stratum=np.arange(6) % 2)
    with pytest.raises(ValueError, match="seed is needed"):
        rerandomise(np.repeat([0, 1], 20), adjusted_difference(np.arange(40.0)))
    with pytest.raises(ValueError, match="codes"):
        rerandomise(arm - 1, adjusted_difference(y))
    with pytest.raises(FitError, match="nobody has an outcome"):
        adjusted_difference(np.full(3, np.nan))


def test_one_unit_an_arm_and_one_stratum_each() -> None:
    """Nothing can be arranged differently: the only p is 1."""
    arm, stratum = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])
    found = rerandomise(arm, adjusted_difference(np.array([1.0, 2, 8, 9])), stratum=stratum)
    assert (found.arrangements, found.p, found.smallest_p) == (1, 1.0, 1.0)
