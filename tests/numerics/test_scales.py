"""Alpha and omega against R's psych and factanal, and against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.scales import cronbach_alpha, mcdonald_omega

from .references import matrix, outputs

Array = NDArray[np.float64]
R = outputs("measures")


def test_alpha_as_psych() -> None:
    found = cronbach_alpha(matrix("items"))
    assert found.value == pytest.approx(R["alpha"]["value"], rel=1e-9)
    assert (found.low, found.high) == pytest.approx(R["alpha"]["feldt"], rel=1e-9)
    assert (found.n, found.k) == (90, 5)


def test_omega_as_factanal() -> None:
    found = mcdonald_omega(matrix("items"))
    # factanal stops when its criterion moves by less than 1e-15 x 10 of itself; loadings are
    # the square root of that precise
    assert found.loadings == pytest.approx(np.array(R["omega"]["loadings"]), rel=1e-6)
    assert found.errors == pytest.approx(np.array(R["omega"]["errors"]), rel=1e-6)
    assert found.value == pytest.approx(R["omega"]["value"], rel=1e-6)
    assert not found.heywood
    sd = matrix("items").std(axis=0, ddof=1)
    # psych::fa works on correlations, and stops at 1e-4
    assert found.loadings / sd == pytest.approx(np.array(R["omega"]["psych_loadings"]), rel=1e-3)


def test_omega_equals_alpha_for_parallel_items() -> None:
    """Equal loadings and errors: both are k r / (1 + (k - 1) r)."""
    rng = np.random.default_rng(0)
    trait = rng.normal(size=(20_000, 1))
    items = trait + rng.normal(size=(20_000, 4))
    # sampling error of a reliability of .8 at n = 20,000 is about .002
    assert mcdonald_omega(items).value == pytest.approx(0.8, abs=0.008)
    assert cronbach_alpha(items).value == pytest.approx(0.8, abs=0.008)


def test_omega_does_not_feel_origin_order_or_common_unit() -> None:
    items = matrix("items")
    one = mcdonald_omega(items)
    two = mcdonald_omega(1e3 - 7.0 * items[::-1, ::-1])
    assert (two.value, two.se) == pytest.approx((one.value, one.se), rel=1e-6)


def test_standard_error_is_the_jackknifes() -> None:
    """Delete one person, refit, and spread: to 5%, which is the jackknife's own difference."""
    items = matrix("items")
    found = mcdonald_omega(items)
    left = np.array([mcdonald_omega(np.delete(items, i, axis=0)).value for i in range(90)])
    jackknife = np.sqrt(89 / 90 * ((left - left.mean()) ** 2).sum())
    assert found.se == pytest.approx(jackknife, rel=0.05)
    pairs = np.arange(90) // 2
    left = np.array([mcdonald_omega(items[pairs != g]).value for g in range(45)])
    jackknife = np.sqrt(44 / 45 * ((left - left.mean()) ** 2).sum())
    clustered = mcdonald_omega(items, pairs)
    assert clustered.se == pytest.approx(jackknife, rel=0.05)
    assert clustered.n_clusters == 45


def test_whole_clusters_repeated_say_no_more() -> None:
    items = matrix("items")
    one = mcdonald_omega(items)
    many = mcdonald_omega(np.repeat(items, 3, axis=0), np.repeat(np.arange(90), 3))
    assert (many.value, many.se) == pytest.approx((one.value, one.se), rel=1e-5)


def test_coverage_of_both_intervals() -> None:
    """400 studies of 60 people, normal items of unequal loadings: within 4 Monte Carlo errors."""
    rng = np.random.default_rng(5)
    loading = np.array([0.5, 0.7, 0.9, 0.6])
    truth = loading.sum() ** 2 / (loading.sum() ** 2 + 4)
    omega, parallel = 0, 0
    for _ in range(400):
        trait = rng.normal(size=(60, 1))
        found = mcdonald_omega(trait * loading + rng.normal(size=(60, 4)))
        omega += found.low <= truth <= found.high
        feldt = cronbach_alpha(trait * 0.7 + rng.normal(size=(60, 4)))
        parallel += feldt.low <= 0.7**2 * 4 / (0.7**2 * 4 + 1) <= feldt.high
    assert 0.95 - 4 * 0.011 < omega / 400 < 0.95 + 4 * 0.011
    assert 0.95 - 4 * 0.011 < parallel / 400 < 0.95 + 4 * 0.011


def test_one_item_with_almost_no_error() -> None:
    rng = np.random.default_rng(1)
    trait = rng.normal(size=200)
    items = np.column_stack([trait, *(trait + rng.normal(size=200) for _ in range(3))])
    found = mcdonald_omega(items)
    assert found.heywood
    assert 0 < found.low < found.value < found.high < 1


def test_unrelated_items() -> None:
    """No common factor: omega is small, alpha near 0, and neither pretends."""
    items = np.random.default_rng(2).normal(size=(300, 4))
    assert cronbach_alpha(items).low < 0
    assert mcdonald_omega(items).value < 0.5


def test_contradicting_items_give_a_negative_alpha() -> None:
    rng = np.random.default_rng(3)
    trait = rng.normal(size=50)
    found = cronbach_alpha(np.column_stack([trait, -trait + rng.normal(size=50)]))
    assert found.value < 0


def test_refusals() -> None:
    items = matrix("items")
    flat = items.copy()
    flat[:, 2] = 4
    for function in (cronbach_alpha, mcdonald_omega):
        with pytest.raises(FitError, match="same answer to item 3"):
            function(flat)
        with pytest.raises(FitError, match="at least"):
            function(items[:, :1])
        with pytest.raises(FitError, match="at least"):
            function(items[:1])
        with pytest.raises(ValueError, match="missing item"):
            function(np.where(items == 1, np.nan, items))
    with pytest.raises(FitError, match="to trust"):
        mcdonald_omega(flat, names=["a", "b", "trust", "d", "e"])
    with pytest.raises(FitError, match="determine one another"):
        mcdonald_omega(np.column_stack([items, items[:, 0]]))
    with pytest.raises(FitError, match="determine one another"):
        mcdonald_omega(items[:4])
    with pytest.raises(FitError, match="3 items"):
        mcdonald_omega(items[:, :2])
    with pytest.raises(FitError, match="cancel"):
        cronbach_alpha(np.column_stack([items[:, 0], -items[:, 0]]))
    with pytest.raises(ValueError, match="90 codes"):
        mcdonald_omega(items, np.arange(3))


def test_omega_does_not_hang_on_the_order_of_the_rows() -> None:
    # scales that hardly hang together, some items reversed: where a search ends in rounding
    rng = np.random.default_rng(0)
    for _ in range(60):
        n, k = int(rng.integers(8, 40)), int(rng.integers(3, 7))
        turned = rng.choice([-1.0, 1.0, 0.2], size=k)
        answers = 3 + rng.normal(size=(n, 1)) * turned + rng.normal(size=(n, k))
        answers = np.clip(np.round(answers), 1, 5)
        shuffled = answers[rng.permutation(n)]
        assert _omega_or_refusal(shuffled) == pytest.approx(_omega_or_refusal(answers), rel=1e-10)


def _omega_or_refusal(answers: np.ndarray) -> float | str:
    try:
        return mcdonald_omega(answers).value
    except FitError as error:
        return str(error)
