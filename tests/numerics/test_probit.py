"""The probit line against another maximum likelihood and exact shares; its interval's coverage."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from rmresearch.numerics.probit import probit_line


def test_the_fit_is_that_of_a_generalised_linear_model() -> None:
    x, hits, n = [2.0, 3.0, 4.5, 5.0], [31, 120, 160, 171], [200, 250, 220, 200]
    line = probit_line(x, hits, n)
    counts = np.column_stack([hits, np.subtract(n, hits)])
    family = sm.families.Binomial(link=sm.families.links.Probit())
    other = sm.GLM(counts, sm.add_constant(x), family=family).fit(tol=1e-12)
    # two iterations to the same maximum, each to about 1e-10
    assert [line.intercept, line.slope] == pytest.approx(other.params, rel=1e-7)
    assert line.covariance == pytest.approx(other.cov_params(), rel=1e-6)
    assert line.deviance == pytest.approx(other.deviance, rel=1e-7)
    assert line.misfit == pytest.approx(stats.chi2.sf(other.deviance, 2), rel=1e-6)


def test_shares_on_a_line_are_met_exactly() -> None:
    x = np.array([1.0, 2.0, 4.0])
    n = np.full(3, 1e9)  # shares need not be whole counts
    line = probit_line(x, n * stats.norm.cdf(-1.0 + 0.6 * x), n)
    assert (line.intercept, line.slope) == pytest.approx((-1.0, 0.6), abs=1e-9)
    assert line.share(3.0) == pytest.approx(stats.norm.cdf(0.8), abs=1e-9)
    assert line.reaches(0.8).value == pytest.approx((stats.norm.ppf(0.8) + 1.0) / 0.6, rel=1e-8)
    assert line.deviance == pytest.approx(0.0, abs=1e-4)


def test_two_points_make_a_line_without_misfit() -> None:
    line = probit_line([0.0, 1.0], [50, 84], [100, 100])
    assert (line.intercept, line.slope) == pytest.approx((0.0, stats.norm.ppf(0.84)), abs=1e-8)
    assert (line.df, line.misfit) == (0, 1.0)


def test_another_unit_of_x_changes_nothing_else() -> None:
    hits, n = [60, 85, 93], [100, 100, 100]
    one, other = (probit_line(np.multiply([3, 4, 5], unit), hits, n) for unit in (1.0, 50.0))
    first, then = one.reaches(0.9), other.reaches(0.9)
    assert (then.value, then.low, then.high) == pytest.approx(
        (50 * first.value, 50 * first.low, 50 * first.high), rel=1e-9
    )


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng, x = np.random.default_rng(4), np.sqrt([14, 17, 20, 24, 28])
    share, runs, held = stats.norm.cdf(-1.96 + 0.62 * x), 1000, 0
    truth = (stats.norm.ppf(0.8) + 1.96) / 0.62
    for hits in rng.binomial(300, share, (runs, 5)):
        found = probit_line(x, hits, np.full(5, 300)).reaches(0.8)
        held += found.low <= truth <= found.high
    # three standard errors of a share of .95 in 1,000
    assert abs(held / runs - 0.95) < 3 * np.sqrt(0.95 * 0.05 / runs)


def test_what_makes_no_line_is_refused() -> None:
    with pytest.raises(ValueError, match="at two different x"):
        probit_line([2.0, 2.0], [5, 6], [10, 10])
    with pytest.raises(ValueError, match="at two different x"):
        probit_line([1.0, 2.0, 3.0], [0, 5, 10], [10, 10, 10])
    with pytest.raises(ValueError, match="must be alike"):
        probit_line([1.0, 2.0], [5], [10])
    with pytest.raises(ValueError, match="between 0 and trials"):
        probit_line([1.0, 2.0], [5, 11], [10, 10])
