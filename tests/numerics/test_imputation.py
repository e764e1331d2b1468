"""Imputation: against R's mice, a naive draw, and what must not matter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.imputation import canonical_order, impute
from rmresearch.numerics.robust import fit
from rmresearch.numerics.rubin import pool


def drawn(values: np.ndarray, cluster: np.ndarray, m: int = 20, seed: int = 1) -> np.ndarray:
    uses = [[j for j in range(values.shape[1]) if j != k] for k in range(values.shape[1])]
    return impute(values, cluster, uses, imputations=m, rng=np.random.default_rng(seed))


def test_agrees_with_mice(by_r: Callable[[str], tuple[Any, Any]]) -> None:
    given, want = (part["imputation"] for part in by_r("missing"))
    columns = [given[name] for name in ("before", "middle", "after")]
    values = np.array([[np.nan if v is None else v for v in c] for c in columns], float).T
    arm = np.array(given["arm"])
    filled = np.repeat(values[None], 400, axis=0)
    for k, side in enumerate((1, 0)):
        own = arm == side
        filled[:, own] = drawn(values[own], np.arange(int(own.sum())), m=400, seed=k)
    x = np.stack([np.ones((400, 120)), np.broadcast_to(arm, (400, 120)), filled[:, :, 0]], axis=-1)
    one = fit(filled[:, :, 2], x, vcov="classical").contrast([0, 1, 0])
    got = pool(one.estimate, one.se**2, 117.0)
    # both have Monte Carlo errors of sqrt(between / 400); four of their difference
    error = 4 * np.sqrt((want["between"] + got.between) / 400)
    assert abs(got.estimate - want["estimate"]) < error
    assert abs(got.estimate - want["estimate"]) < abs(want["answered"] - want["estimate"])
    # variances: mice draws from the normal posterior, we weight at random
    assert got.within == pytest.approx(want["within"], rel=0.06)
    assert got.between == pytest.approx(want["between"], rel=0.3)


def test_answers_stay_as_they_are_and_gaps_are_filled() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(3, 1, (30, 3))
    values[rng.random((30, 3)) < 0.2] = np.nan
    got = drawn(values, np.arange(30))
    known = np.isfinite(values)
    assert (got[:, known] == values[known]).all()
    assert np.isfinite(got).all()
    assert got[:, ~known].std(axis=0).min() > 0  # every draw is another


def test_mean_and_spread_of_the_draws_are_those_of_the_regression() -> None:
    # one column with gaps, no clusters: draws lie around the least-squares line with its spread
    rng = np.random.default_rng(3)
    x = rng.normal(size=400)
    y = 1.0 + 0.8 * x + rng.normal(0, 0.5, 400)
    gap = np.arange(400) < 100
    values = np.column_stack([x, np.where(gap, np.nan, y)])
    got = drawn(values, np.arange(400), m=200)[:, gap, 1]
    line = np.polynomial.Polynomial.fit(x[~gap], y[~gap], 1)
    # 300 rows: the mean of 200 draws of a person errs by .5 / sqrt(200), the largest of 100 by 3.5
    assert np.abs(got.mean(axis=0) - line(x[gap])).max() < 3.5 * 0.5 / np.sqrt(200) + 0.02
    left = (y[~gap] - line(x[~gap])).std()
    assert (got - line(x[gap])).std() == pytest.approx(left, rel=0.05)


def test_people_of_one_cluster_are_drawn_together() -> None:
    # half the spread is the cluster's: two gaps of one cluster go together, also with its answers
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(100), 4)
    shared = rng.normal(0, 1, 100)[cluster]
    y = shared + rng.normal(0, 1, 400)
    gap = np.tile([True, True, False, False], 100)
    values = np.column_stack([rng.normal(size=400), np.where(gap, np.nan, y)])
    got = drawn(values, cluster, m=100)[:, gap, 1].reshape(100, 100, 2)
    left = got - got.mean(axis=0)
    together = (left[..., 0] * left[..., 1]).mean() / (left**2).mean()
    # given two answers the cluster's part keeps a third of its variance: 1/3 over 1/3 + 1
    assert together == pytest.approx(0.25, abs=0.08)
    known = y.reshape(100, 4)[:, 2:].mean(axis=1)
    slope = np.polyfit(known, got.mean(axis=(0, 2)), 1)[0]
    assert slope == pytest.approx(2 / 3, abs=0.12)


def test_order_names_units_do_not_matter() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(3, 1, (40, 3)).round(1)
    values[rng.random((40, 3)) < 0.2] = np.nan
    cluster = rng.integers(0, 15, 40)
    one = drawn(values, cluster)
    turn = rng.permutation(40)
    two = drawn(10 + 4 * values[turn], (83 - 4 * cluster)[turn])
    assert two == pytest.approx(10 + 4 * one[:, turn], rel=1e-9)


def test_order_of_rows_is_by_content() -> None:
    values = np.array([[2.0], [1.0], [np.nan], [1.0], [2.0]])
    found = canonical_order(values, np.array([7, 7, 3, 5, 3]))
    # the single cluster first; of the pairs the one with a 1 and a 2 before the one with a gap
    assert [values[i, 0] for i in found[:3]] == [1.0, 1.0, 2.0]
    assert found.tolist() == [3, 1, 0, 4, 2]


@pytest.mark.parametrize("seed", range(6))
def test_order_is_that_of_sorted_lists(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 3, (60, 2)).astype(float)
    values[rng.random((60, 2)) < 0.2] = np.nan
    cluster = rng.choice(40, 60) * 3
    rows = [tuple(np.nan_to_num(row, nan=9.0)) for row in values]  # gaps come last
    members = {c: [i for i in range(60) if cluster[i] == c] for c in cluster.tolist()}
    for group in members.values():
        group.sort(key=lambda i: rows[i])
    ranked = sorted(sorted(members), key=lambda c: (len(members[c]), [rows[i] for i in members[c]]))
    assert canonical_order(values, cluster).tolist() == [i for c in ranked for i in members[c]]


def shared(groups: list[np.ndarray]) -> float:
    """The share of the variance that lies between groups, by analysis of variance."""
    groups = [one for one in groups if len(one)]
    every = np.concatenate(groups)
    if len(every) == len(groups):
        return 0.0
    within = sum(((one - one.mean()) ** 2).sum() for one in groups)
    across = ((every - every.mean()) ** 2).sum() - within
    inside, among = within / (len(every) - len(groups)), across / (len(groups) - 1)
    size = len(every) - sum(len(one) ** 2 for one in groups) / len(every)
    between = max(among - inside, 0.0) / (size / (len(groups) - 1))
    return float(between / (between + inside))


@pytest.mark.parametrize("together", [1, 3])
def test_draws_are_those_of_a_naive_loop(together: int) -> None:
    """One column with gaps, clusters of one row and of three: the same stream, row by row."""
    rng = np.random.default_rng(8)
    n, m = 36, 4
    cluster = np.arange(n) // together
    x = rng.normal(size=n)
    y = 1 + x + rng.normal(size=n // together)[cluster] + rng.normal(size=n)
    gap = rng.random(n) < 0.3
    values = np.column_stack([x, np.where(gap, np.nan, y)])
    got = impute(values, cluster, [[1], [0]], imputations=m, rng=np.random.default_rng(9))
    order = canonical_order(values, cluster)
    z, gone = ((x - x.mean()) / x.std())[order], gap[order]
    centre, scale = y[~gap].mean(), y[~gap].std()
    v = ((y - centre) / scale)[order]
    again = np.random.default_rng(9)
    again.choice(v[~gone], size=(m, int(gone.sum())))  # where the chain starts
    weights = again.standard_exponential((m, n // together))
    fewer = int((~gone).sum()) - 2
    chance = again.chisquare(fewer, m)
    drawn = again.standard_normal((m, n // together))
    own = again.standard_normal((m, int(gone.sum())))
    group = np.arange(n) // together  # clusters come one after the other
    for k in range(m):
        cross, right = np.zeros((2, 2)), np.zeros(2)
        for i in np.flatnonzero(~gone):
            row = np.array([1.0, z[i]])
            cross += weights[k, group[i]] * np.outer(row, row)
            right += weights[k, group[i]] * row * v[i]
        cross += np.diag(1e-5 * np.diag(cross) + 1e-12)
        line = np.linalg.solve(cross, right) @ [np.ones(n), z]
        left = v - line
        total = (left[~gone] ** 2).mean() * fewer / chance[k]
        share = shared([left[~gone & (group == c)] for c in range(n // together)])
        for place, i in enumerate(np.flatnonzero(gone)):
            common, answers = 0.0, left[~gone & (group == group[i])]
            if share > 0:
                part = len(answers) * share * total
                pull = part / (part + (1 - share) * total)
                common = pull * (answers.mean() if len(answers) else 0.0)
                common += np.sqrt(share * total * (1 - pull)) * drawn[k, group[i]]
            want = line[i] + common + np.sqrt((1 - share) * total) * own[k, place]
            assert got[k, order[i], 1] == pytest.approx(centre + scale * want, rel=1e-10)


def test_a_constant_column_is_imputed_as_it_is() -> None:
    values = np.column_stack([np.arange(12.0), np.full(12, 5.0)])
    values[:4, 1] = np.nan
    assert drawn(values, np.arange(12))[:, :4, 1] == pytest.approx(5.0)


def test_too_few_to_learn_from() -> None:
    values = np.column_stack([np.arange(8.0), [1.0, 2, 3, 4, 5, 6, np.nan, np.nan]])
    with pytest.raises(FitError, match="fewer than 4 independent clusters"):
        drawn(values, np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    with pytest.raises(ValueError, match="values"):
        impute([1.0, 2.0], [0, 1], [[0]], imputations=2, rng=np.random.default_rng())
