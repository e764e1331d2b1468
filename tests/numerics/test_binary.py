"""The difference of two shares: published examples, hand calculation, and coverage of clusters."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from rmresearch.numerics.binary import intraclass, risk_difference


def counts(a: int, m: int, b: int, n: int) -> tuple[list[int], list[bool]]:
    return [1] * a + [0] * (m - a) + [1] * b + [0] * (n - b), [True] * m + [False] * n


# Newcombe 1998, Statistics in Medicine 17:873, table II, method 10: to the four digits printed
@pytest.mark.parametrize(
    ("a", "m", "b", "n", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0),
        (10, 10, 0, 10, 0.6075, 1.0),
    ],
)
def test_newcombes_examples(a: int, m: int, b: int, n: int, low: float, high: float) -> None:
    found = risk_difference(*counts(a, m, b, n))
    assert found.value == pytest.approx(a / m - b / n, abs=1e-15)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert found.icc is None
    assert np.isinf(found.df)


def test_clusters_by_hand() -> None:
    """Three clusters of two in each group; the mean squares counted out.

    First group: (1,1), (1,0), (0,0); other: (0,0), (0,0), (1,1). Between: sums of
    2 (mean - share)^2 = 2 (.25 + 0 + .25) = 1 and 2 (1/9 + 1/9 + 4/9) = 4/3, over 4 df = 7/12.
    Within: 2 x .25 = .5, over 6 df = 1/12. icc = (7/12 - 1/12) / (7/12 + 1/12) = .75; n = 6 is
    worth 6 / 1.75; t on 6 - 2 = 4 df.
    """
    event = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    cluster = np.repeat(np.arange(6), 2)
    found = risk_difference(event, [True] * 6 + [False] * 6, cluster)
    assert found.icc == pytest.approx(0.75, abs=1e-15)
    assert found.effective_n == (pytest.approx(6 / 1.75), pytest.approx(6 / 1.75))
    assert found.df == 4.0
    t = stats.t.ppf(0.975, 4)

    def ends(share: float) -> list[float]:
        # Wilson's ends solve (p - theta)^2 = t^2 theta (1 - theta) / n
        n = 6 / 1.75
        return sorted(np.roots([1 + t * t / n, -2 * share - t * t / n, share**2]).real)

    (low1, high1), (low0, high0) = ends(0.5), ends(1 / 3)
    gap = 0.5 - 1 / 3
    assert found.low == pytest.approx(gap - np.sqrt((0.5 - low1) ** 2 + (high0 - 1 / 3) ** 2))
    assert found.high == pytest.approx(gap + np.sqrt((high1 - 0.5) ** 2 + (1 / 3 - low0) ** 2))


def test_nothing_happened_in_clusters() -> None:
    """Without events each cluster counts as one: n over its size as a person meets it."""
    cluster = np.repeat(np.arange(12), 3)
    found = risk_difference(np.zeros(36), np.arange(36) < 18, cluster)
    assert found.icc == 1.0
    assert found.effective_n == (pytest.approx(6.0), pytest.approx(6.0))
    assert found.value == 0.0
    assert found.low == pytest.approx(-found.high)
    assert 0.2 < found.high < 1.0


def test_swapping_groups_and_labels() -> None:
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(14), [1, 2, 3, 4, 5, 2, 2, 3, 1, 4, 2, 3, 3, 2])
    first = cluster < 6
    event = rng.integers(0, 2, len(cluster))
    found = risk_difference(event, first, cluster)
    turned = risk_difference(event, ~first, cluster)
    assert (turned.low, turned.high) == (pytest.approx(-found.high), pytest.approx(-found.low))
    order = rng.permutation(len(cluster))
    again = risk_difference(event[order], first[order], 100 - 7 * cluster[order])
    assert (again.low, again.high) == (pytest.approx(found.low), pytest.approx(found.high))
    other = risk_difference(1 - event, first, cluster)
    assert (other.low, other.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


def test_one_group_is_empty() -> None:
    found = risk_difference([0, 1], [True, True])
    assert np.isnan([found.value, found.low, found.high]).all()


def test_correlation_lies_between_0_and_1() -> None:
    first = np.arange(8) < 4
    cluster = np.repeat(np.arange(4), 2)
    alternating = np.tile([0.0, 1.0], 4)  # clusters alike, people unlike: below 0 by the formula
    assert intraclass(alternating, first, cluster) == 0.0
    alone = intraclass(np.array([0.0, 1, 0, 1]), np.arange(4) < 2, np.arange(4))
    assert alone == 1.0  # nobody shares a cluster: the data do not tell


@pytest.mark.parametrize(
    ("event", "first", "cluster", "says"),
    [
        ([0, 2], [True, False], None, "0 and 1"),
        ([0, np.nan], [True, False], None, "0 and 1"),
        ([0, 1], [True], None, "alike"),
        ([0, 1], [True, False], [1], "2 codes"),
    ],
)
def test_wrong_arguments(event: list[float], first: list[bool], cluster: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        risk_difference(event, first, cluster)  # type: ignore[arg-type]


def covered(
    sizes: NDArray[np.int64], shares: tuple[float, float], icc: float, draws: int, seed: int
) -> float:
    """The share of drawn studies whose interval holds the true difference.

    Each cluster's chance is a beta's, so that two of its people correlate by ``icc``.
    """
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(2 * len(sizes)), np.tile(sizes, 2))
    first = cluster < len(sizes)
    chance = np.where(first, *shares)
    if icc > 0:
        scale = (1 - icc) / icc
        each = np.repeat(shares, len(sizes))
        own = rng.beta(each * scale, (1 - each) * scale, (draws, len(each)))
        chance = own[:, cluster]
    event = rng.random((draws, len(cluster))) < chance
    true, inside = shares[0] - shares[1], 0
    for row in event:
        found = risk_difference(row, first, cluster)
        inside += found.low <= true <= found.high
    return inside / draws


def test_coverage_with_few_rare_events() -> None:
    """12 departments, 1 in 20 against 3 in 20: within the binomial band of .95 or above it."""
    sizes = np.tile([3, 5, 8, 12], 2)[:6]
    draws = 600
    share = covered(sizes, (0.15, 0.05), 0.05, draws, seed=3)
    assert share > 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)


@pytest.mark.validate
@pytest.mark.parametrize("clusters", [6, 12, 20])
@pytest.mark.parametrize("icc", [0.0, 0.2])
@pytest.mark.parametrize(
    "shares", [(0.02, 0.02), (0.05, 0.05), (0.15, 0.05), (0.3, 0.3), (0.5, 0.2)]
)
@pytest.mark.parametrize("kind", ["sets", "departments"])
def test_coverage(kind: str, shares: tuple[float, float], icc: float, clusters: int) -> None:
    """At least .94 less the 99.9% Monte Carlo error of 1,500 draws, everywhere in the grid."""
    pattern = [1, 2, 3] if kind == "sets" else [3, 5, 8, 12]
    sizes = np.resize(pattern, clusters)
    draws = 1_500
    found = covered(sizes, shares, icc, draws, seed=11)
    margin = float(special.ndtri(0.9995)) * np.sqrt(0.94 * 0.06 / draws)
    print(f"{kind} {clusters}+{clusters} icc {icc} {shares}: {found:.4f}")
    assert found >= 0.94 - margin
