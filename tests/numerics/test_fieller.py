"""Fieller's interval: the test inverted by a search, hand calculation, all three shapes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from rmresearch.numerics.fieller import fieller
from rmresearch.numerics.robust import fit


def test_bounded_is_the_inverted_test() -> None:
    """The ends are where |top - r bottom| is t standard errors: found by bisection."""
    top, bottom, vt, vb, cov, df = 12.0, 4.0, 2.25, 0.64, 0.5, 14.0
    t = stats.t.ppf(0.975, df)

    def beyond(r: float) -> float:
        return abs(top - r * bottom) - t * np.sqrt(vt - 2 * r * cov + r * r * vb)

    found = fieller(top, bottom, top_variance=vt, bottom_variance=vb, covariance=cov, df=df)
    assert found.shape == "bounded"
    assert found.value == 3.0
    assert found.low == pytest.approx(optimize.brentq(beyond, 0.0, 3.0), abs=1e-9)
    assert found.high == pytest.approx(optimize.brentq(beyond, 3.0, 20.0), abs=1e-9)


def test_a_certain_top_is_divided_by_the_denominators_interval() -> None:
    found = fieller(100.0, 0.5, top_variance=0.0, bottom_variance=0.01, df=20)
    half = stats.t.ppf(0.975, 20) * 0.1
    assert (found.low, found.high) == (
        pytest.approx(100 / (0.5 + half)),
        pytest.approx(100 / (0.5 - half)),
    )


def test_bounded_exactly_where_the_denominator_excludes_zero() -> None:
    half = stats.norm.ppf(0.975)
    above = fieller(1.0, half * 1.001, top_variance=0.1, bottom_variance=1.0)
    below = fieller(1.0, half * 0.999, top_variance=0.1, bottom_variance=1.0)
    assert (above.shape, below.shape) == ("bounded", "outside")


def test_outside_leaves_out_only_what_the_test_rejects() -> None:
    found = fieller(3.0, 0.5, top_variance=0.25, bottom_variance=1.0)
    z = stats.norm.ppf(0.975)
    assert found.shape == "outside"
    assert found.low < 0 < found.high
    for r, kept in (
        (found.low - 0.1, True),
        (found.low + 0.1, False),
        (found.high - 0.1, False),
        (found.high + 0.1, True),
    ):
        assert (abs(3.0 - 0.5 * r) <= z * np.sqrt(0.25 + r * r)) == kept


def test_whole_line_where_both_may_be_zero() -> None:
    found = fieller(0.1, 0.1, top_variance=1.0, bottom_variance=1.0)
    assert found.shape == "whole"
    assert np.isnan([found.low, found.high]).all()
    assert np.isnan(fieller(1.0, 0.0, top_variance=1.0, bottom_variance=1.0).value)


def test_no_variance_is_a_point() -> None:
    found = fieller(6.0, 2.0, top_variance=0.0, bottom_variance=0.0)
    assert (found.low, found.value, found.high) == (3.0, 3.0, 3.0)


def test_coverage_of_a_correlated_ratio() -> None:
    """4,000 draws of known covariance: .95 within three binomial errors."""
    rng = np.random.default_rng(8)
    draws = rng.multivariate_normal([6.0, 3.0], [[1.0, 0.4], [0.4, 0.5]], size=4_000)
    inside = 0
    for top, bottom in draws:
        found = fieller(top, bottom, top_variance=1.0, bottom_variance=0.5, covariance=0.4)
        inside += {
            "bounded": found.low <= 2.0 <= found.high,
            "outside": not found.low < 2.0 < found.high,
            "whole": True,
        }[found.shape]
    assert inside / 4_000 == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 4_000))


def test_coverage_of_a_ratio_of_counts() -> None:
    """8 clusters a group of 1 to 3 people, counts more varied than Poisson's, mean 4 against 2.

    1,000 studies, each with CR2 and its df: .95 within the 99.9% Monte Carlo band.
    """
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(16), np.tile([1, 2, 3, 1, 2, 3, 1, 2], 2))
    first = cluster < 8
    rate = rng.gamma(2, 0.5, (1_000, 16))[:, cluster] * rng.gamma(2, 0.5, (1_000, len(cluster)))
    counts = rng.poisson(rate * np.where(first, 4, 2)).astype(float)
    found = fit(counts, np.column_stack([first, ~first]).astype(float), cluster)
    df = found.contrast([1.0, -1.0]).df
    inside = 0
    for (top, bottom), v, d in zip(found.coef, found.vcov, df, strict=True):
        ratio = fieller(
            top, bottom, top_variance=v[0, 0], bottom_variance=v[1, 1], covariance=v[0, 1], df=d
        )
        inside += {
            "bounded": ratio.low <= 2.0 <= ratio.high,
            "outside": not ratio.low < 2.0 < ratio.high,
            "whole": True,
        }[ratio.shape]
    assert abs(inside / 1_000 - 0.95) < 3.3 * np.sqrt(0.95 * 0.05 / 1_000)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"top_variance": -1.0}, "negative"),
        ({"covariance": 2.0}, "covariance"),
    ],
)
def test_wrong_arguments(changes: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        fieller(1.0, 1.0, **({"top_variance": 1.0, "bottom_variance": 1.0} | changes))
