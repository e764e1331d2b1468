"""Mixed models: closed form, exact derivatives, replicates, boundary, invariance, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize
from tests.numerics.test_lmm import CASES, dense, nested, parameters

from rmresearch.errors import FitError
from rmresearch.numerics.basis import decompose, solve
from rmresearch.numerics.lmm import MixedFit, Term, design, fit, fit_drawn, fit_many
from rmresearch.numerics.lmm.balanced import draw_balanced, fit_balanced, strata
from rmresearch.numerics.lmm.blocks import families
from rmresearch.numerics.lmm.criterion import Problem
from rmresearch.numerics.lmm.moments import Data, outcome_moments, shared_moments
from rmresearch.numerics.lmm.robust import robust
from rmresearch.numerics.lmm.terms import prepare
from rmresearch.numerics.robust import fit as least_squares

Array = NDArray[np.float64]


def one_way(seed: int, between: float, groups: int = 7, size: int = 4) -> tuple[Array, Array, Term]:
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), size)
    y = between * rng.normal(size=groups)[group] + rng.normal(size=group.size)
    return y, np.ones((group.size, 1)), Term(group, np.ones((group.size, 1)))


def test_balanced_one_way_is_the_analysis_of_variance() -> None:
    """Searle, Casella and McCulloch (1992): REML = ANOVA where that is not negative."""
    for seed in range(20):
        y, x, term = one_way(seed, between=0.6)
        table = y.reshape(7, 4)
        within = table.var(axis=1, ddof=1).mean()
        means = 4 * table.mean(axis=1).var(ddof=1)
        found = fit(y, x, [term])
        assert found.converged
        if means > within:
            want = (within, (means - within) / 4, means / 28, 6.0)
        else:
            want = (y.var(ddof=1), 0.0, y.var(ddof=1) / 28, 27.0)
        assert found.singular == (means <= within)
        assert found.sigma2 == pytest.approx(want[0], rel=1e-9)
        assert found.covariances[0][0, 0] == pytest.approx(want[1], rel=1e-8)
        assert found.se[0] ** 2 == pytest.approx(want[2], rel=1e-9)
        assert found.df[0] == pytest.approx(want[3], rel=1e-8)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_derivatives_against_differences(name: str, reml: bool) -> None:
    """Central differences with step 1e-5: about 1e-9 for first, of gradients for second ones."""
    y, x, terms = CASES[name]
    n, p = x.shape
    ready = prepare(terms, n)
    basis = decompose(x, [str(j) for j in range(p)])
    left = solve(y, basis)[1]
    shared = [shared_moments(family, family.gather @ basis.q) for family in families(ready)]
    moments = tuple(outcome_moments(one, left[:, None], np.ones(1)) for one in shared)
    df = np.array([n - p if reml else n])
    problem = Problem(Data(moments, np.array([left @ left]), df), reml)
    k = sum(term.rows.size for term in ready)
    at = np.random.default_rng(1).uniform(0.2, 1.2, size=(k, 1))
    value = problem.evaluate(at)
    assert problem.height(at) == pytest.approx(value.f, rel=1e-13)
    for i in range(k):
        step = np.zeros((k, 1))
        step[i] = 1e-5
        up, down = (problem.evaluate(at + s * step) for s in (1, -1))
        slope = (up.f - down.f)[0] / 2e-5
        assert value.gradient[i, 0] == pytest.approx(slope, rel=1e-6, abs=1e-6)
        np.testing.assert_allclose(
            value.hessian[i], (up.gradient - down.gradient) / 2e-5, rtol=1e-6, atol=1e-6
        )
        inverses = [np.linalg.inv(side.inverse[..., 0]) for side in (up, down)]
        np.testing.assert_allclose(
            value.slopes[i, ..., 0], (inverses[0] - inverses[1]) / 2e-5, rtol=1e-6, atol=1e-8
        )


@pytest.mark.parametrize("name", CASES)
def test_replicates_are_fitted_as_if_alone(name: str) -> None:
    y, x, terms = CASES[name]
    rng = np.random.default_rng(8)
    many = y + rng.normal(size=(2, 6, y.size)) * np.array([0.5, 2.0])[:, None, None]
    together = fit(many, x, terms)
    assert together.coef.shape == (2, 6, x.shape[1])
    assert together.df.shape == together.se.shape == together.coef.shape
    for index in np.ndindex(2, 6):
        alone = fit(many[index], x, terms)
        assert together.converged[index]
        assert together.singular[index] == alone.singular
        np.testing.assert_allclose(together.coef[index], alone.coef, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(together.vcov[index], alone.vcov, rtol=1e-9, atol=1e-12)
        assert together.criterion[index] == pytest.approx(alone.criterion, rel=1e-12)
        np.testing.assert_allclose(together.df[index], alone.df, rtol=1e-7)


def test_memory_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    y, x, terms = CASES["nested"]
    many = y + np.random.default_rng(2).normal(size=(30, y.size))
    whole = fit(many, x, terms)
    monkeypatch.setattr("rmresearch.numerics.lmm.CHUNK", 7)
    chunks = fit(many, x, terms)
    np.testing.assert_allclose(chunks.coef, whole.coef, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(chunks.singular, whole.singular)


def test_a_zero_variance_is_exactly_zero_and_an_answer() -> None:
    rng = np.random.default_rng(11)
    y, x, (pair, person) = nested(3)
    y = rng.normal(size=y.size)
    y -= np.bincount(pair.group, y)[pair.group] / np.bincount(pair.group)[pair.group]
    found = fit(y, x, [pair, person])
    assert found.singular
    assert found.converged
    assert found.covariances[0][0, 0] == 0.0
    assert np.abs(found.gradient).max() < 1e-6


def test_a_variance_just_above_zero_is_no_zero() -> None:
    """ANOVA: mean squares 1 + 1.6e-5 to 1, so that zero is a saddle, 1e-9 above the optimum."""
    y, x, term = one_way(3, between=0.0)
    table = y.reshape(7, 4)
    means = table.mean(axis=1, keepdims=True)
    within = (table - means) / (table - means).std() * np.sqrt(21 / 28)
    between = (means - means.mean()) / means.std(ddof=1)
    found = fit((within + between * np.sqrt((1 + 1.6e-5) / 4)).ravel(), x, [term])
    assert found.converged
    assert not found.singular
    # The search ends at a decrement of 1e-17: 3e-10 of a variance whose curvature is 84.
    assert found.covariances[0][0, 0] == pytest.approx(4e-6, abs=4e-10)
    assert found.sigma2 == pytest.approx(1.0, rel=1e-9)


def test_a_perfect_correlation_is_singular() -> None:
    """One effect of the group drives level and slope: about half of the fits lie on the edge."""
    edge = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(12), 5)
        t = np.tile(np.arange(5.0), 12)
        y = rng.normal(size=12)[group] * (1 + 0.8 * t) + rng.normal(size=60)
        x = np.column_stack([np.ones(60), t])
        found = fit(y, x, [Term(group, x)])
        assert found.converged
        edge.append(bool(found.singular))
        (a, c), (_, b) = found.covariances[0]
        correlation = c / np.sqrt(a * b)
        assert found.singular == (correlation > 1 - 1e-9)
    assert 0 < sum(edge) < 12


def test_the_order_of_correlated_effects_does_not_matter() -> None:
    """No intercept variance in truth: the Cholesky factor has a flat direction near the optimum."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        group, t = np.repeat(np.arange(10), 6), np.tile(np.arange(6.0) - 2.5, 10)
        y = 0.8 * rng.normal(size=10)[group] * t + rng.normal(size=60)
        x = np.column_stack([np.ones(60), t])
        found = fit(y, x, [Term(group, x)])
        turned = fit(y, x, [Term(group, x[:, ::-1])])
        assert found.converged
        assert turned.converged
        assert found.criterion == pytest.approx(turned.criterion, abs=1e-8)
        np.testing.assert_allclose(
            found.covariances[0], turned.covariances[0][::-1, ::-1], atol=1e-6
        )
        same(found, turned)


def same(a: MixedFit, b: MixedFit) -> None:
    """Trust.md: 1e-8."""
    np.testing.assert_allclose(a.se, b.se, rtol=1e-8)
    np.testing.assert_allclose(a.df, b.df, rtol=1e-7)
    assert a.singular == b.singular


@pytest.mark.parametrize("name", CASES)
def test_offset_and_unit_of_the_outcome(name: str) -> None:
    y, x, terms = CASES[name]
    plain = fit(y, x, terms)
    moved = fit(y + 1e6, x, terms)
    same(moved, plain)
    # y itself keeps 16 - 6 digits there.
    np.testing.assert_allclose(moved.coef - 1e6 * np.eye(x.shape[1])[0], plain.coef, atol=2e-9)
    assert moved.criterion == pytest.approx(plain.criterion, abs=1e-8)
    for scale in (1e-6, 1e6):
        scaled = fit(scale * y, x, terms)
        np.testing.assert_allclose(scaled.coef, scale * plain.coef, rtol=1e-8)
        np.testing.assert_allclose(scaled.se, scale * plain.se, rtol=1e-8)
        np.testing.assert_allclose(scaled.df, plain.df, rtol=1e-8)


def test_calendar_years_and_tiny_units() -> None:
    y, x, (pair, person) = CASES["slope"]
    plain = fit(y, x, [pair, person])
    for shift, unit in ((2024.0, 1.0), (0.0, 1e-6), (0.0, 1e6)):
        t = unit * (x[:, 1] + shift)
        other = np.column_stack([x[:, 0], t, x[:, 2], t * x[:, 2]])
        found = fit(y, other, [pair, Term(person.group, other[:, :2])])
        np.testing.assert_allclose(found.coef[[1, 3]] * unit, plain.coef[[1, 3]], rtol=1e-8)
        np.testing.assert_allclose(found.se[[1, 3]] * unit, plain.se[[1, 3]], rtol=1e-8)
        np.testing.assert_allclose(found.df[[1, 3]], plain.df[[1, 3]], rtol=1e-7)
        assert found.sigma2 == pytest.approx(plain.sigma2, rel=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_order_of_rows_and_labels(name: str) -> None:
    y, x, terms = CASES[name]
    plain = fit(y, x, terms)
    order = np.random.default_rng(1).permutation(y.size)
    shuffled = [
        Term(1000 - 7 * np.asarray(t.group)[order], np.asarray(t.z)[order], t.correlated)
        for t in terms
    ]
    found = fit(y[order], x[order], shuffled[::-1])
    same(found, plain)
    np.testing.assert_allclose(found.coef, plain.coef, rtol=1e-8, atol=1e-10)


def test_no_multistart_search_finds_a_deeper_valley() -> None:
    """Small unbalanced designs, where boundaries and second valleys live."""
    for seed in range(24):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(10, 24))
        a, b = rng.integers(0, 5, n), rng.integers(0, 4, n)
        one = np.ones((n, 1))
        x = np.column_stack([one[:, 0], rng.normal(size=n)])
        y = rng.choice([0.0, 1.0]) * rng.normal(size=5)[a] + rng.normal(size=n)
        terms = [Term(a, one), Term(b, one)]
        if seed % 3 == 0:
            terms = [Term(a, x)]
        found = fit(y, x, terms)
        best = min(
            optimize.minimize(
                lambda t, y=y, x=x, terms=terms: dense(t, y, x, terms)[0],
                start * (parameters(terms) + 0.1 * rng.normal(size=parameters(terms).size)),
                method="L-BFGS-B",
            ).fun
            for start in (0.01, 0.3, 1.0, 3.0)
        )
        assert found.converged
        assert found.criterion <= best + 1e-8


def test_a_constant_outcome_has_facts_and_no_test() -> None:
    _, x, terms = CASES["nested"]
    found = fit(np.full(x.shape[0], 3.0), x, terms)
    assert found.exact
    assert not found.converged
    assert found.sigma2 == 0.0
    np.testing.assert_allclose(found.coef, [3.0, 0, 0, 0], atol=1e-12)
    assert np.isnan(found.contrast([0, 1, 0, 0]).p)


def test_groups_without_any_spread_inside_are_not_called_converged() -> None:
    """The residual variance is zero and the criterion has no minimum."""
    group = np.repeat(np.arange(5), 3)
    y = np.array([1.0, 4, 2, 8, 5])[group]
    found = fit(y, np.ones((15, 1)), [Term(group, np.ones((15, 1)))])
    assert not found.converged
    assert found.contrast([1.0]).df == 0.0


def test_refusals_name_the_culprit() -> None:
    y, x, (pair, person) = CASES["nested"]
    n = y.size
    one = np.ones((n, 1))
    with pytest.raises(FitError, match=r"'c' is determined by 'b'"):
        fit(y, np.column_stack([x[:, :2], x[:, 1]]), [pair], names=["a", "b", "c"])
    with pytest.raises(FitError, match="term 0 has 1 group"):
        fit(y, x, [Term(np.zeros(n), one)])
    with pytest.raises(FitError, match=r"term 1 has .* cannot be told from the residual"):
        fit(y, x, [pair, Term(np.arange(n), one)])
    with pytest.raises(FitError, match="term 1 cannot be told from term 0"):
        fit(y, x, [pair, Term(np.asarray(pair.group) + 5, one)])
    indicators = (np.asarray(pair.group)[:, None] == np.unique(pair.group)).astype(float)
    with pytest.raises(FitError, match=r"term 0 .* repeats what columns of x"):
        fit(y, indicators, [pair, person])
    with pytest.raises(FitError, match="term 0: other columns of z determine column 1"):
        fit(y, x, [Term(pair.group, np.column_stack([one, 2 * one]))])
    with pytest.raises(FitError, match="finite"):
        fit(np.where(np.arange(n) == 3, np.nan, y), x, [pair])
    for hole in (np.nan, None, -1):
        group = np.asarray(pair.group).astype(int if hole == -1 else object)
        group[3] = hole
        group = group.astype(float) if hole is not None and hole != -1 else group
        with pytest.raises(FitError, match="term 0 has rows without a group"):
            fit(y, x, [Term(group, one)])
    with pytest.raises(ValueError, match="needs a random term"):
        fit(y, x, [])
    with pytest.raises(ValueError, match="rows of x"):
        fit(y[:-1], x, [pair])
    with pytest.raises(ValueError, match="weights must have 4"):
        fit(y, x, [pair]).contrast([1.0])


def test_one_row_more_than_coefficients() -> None:
    y, x, term = one_way(1, 1.0, groups=2, size=2)
    found = fit(y, np.column_stack([x, [0.0, 1, 0, 1], [0.0, 0, 1, 0]]), [term])
    assert np.isfinite(found.coef).all()
    with pytest.raises(FitError, match="4 rows and 4 coefficients"):
        fit(y, np.eye(4), [term])


@pytest.mark.parametrize("spread", [1e-2, 1e-3, 1e-4])
def test_little_residual_is_found_or_not_converged(spread: float) -> None:
    """A converged fit is the analysis of variance's, however small the residual beside groups.

    1e-6 is what the search keeps where squares of the residual are 1e-8 of the outcome's.
    """
    ended = []
    for seed in range(12):
        y, x, term = one_way(seed, between=1.0 / spread)
        table = spread * y.reshape(7, 4)
        within = table.var(axis=1, ddof=1).mean()
        means = 4 * table.mean(axis=1).var(ddof=1)
        found = fit(spread * y + 3.0, x, [term])
        ended.append(bool(found.converged))
        if found.converged:
            assert found.sigma2 == pytest.approx(within, rel=1e-6)
            assert found.covariances[0][0, 0] == pytest.approx((means - within) / 4, rel=1e-6)
            assert found.df[0] == pytest.approx(6.0, rel=1e-5)
        else:
            assert found.df[0] == 0.0
    assert any(ended)


def test_nothing_to_fit_is_said() -> None:
    group, one = np.repeat([0, 1, 2, 3], 2), np.ones((8, 1))
    made = design(one, [Term(group, one)])
    even = strata(made)
    assert even is not None
    for fitted in (lambda: fit_many(np.empty((0, 8)), made), lambda: fit_balanced(one.T[:0], even)):
        with pytest.raises(ValueError, match=r"y \(0, 8\) holds no outcome"):
            fitted()
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="replicates must be at least 1, not 0"):
        fit_drawn(made, [0.0], [1.0], 1.0, 0, rng)
    with pytest.raises(ValueError, match="replicates must be at least 1, not 0"):
        draw_balanced(even, [0.0], [1.0], 1.0, 0, rng)
    with pytest.raises(FitError, match="0 rows and 1 columns: there is nothing to fit"):
        design(one[:0], [Term(group[:0], one[:0])])
    with pytest.raises(FitError, match="8 rows and 0 columns: there is nothing to fit"):
        design(one[:, :0], [Term(group, one)])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(value: float) -> None:
    y, x, term = one_way(1, between=1.0)
    found, codes = fit(y, x, [term]), np.asarray(term.group)
    even = strata(design(x, [term]))
    assert even is not None
    robust_, ols = robust(found, y, x, codes), least_squares(y, x, codes)
    for judge in (
        found.contrast,
        found.kenward_roger,
        robust_.contrast,
        ols.contrast,
        fit_balanced(y, even).contrast,
    ):
        with pytest.raises(ValueError, match="must be finite numbers, not"):
            judge([value])
    for jointly in (found.wald, robust_.wald, ols.wald):
        with pytest.raises(ValueError, match="must be finite numbers, not"):
            jointly([[value]])
