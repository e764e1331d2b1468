"""Cox regression: against R's coxph and cox.zph, a naive likelihood, and its refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from rmresearch.errors import FitError
from rmresearch.numerics.cox import cox


@pytest.fixture(scope="module")
def given(by_r: Callable[[str], tuple[Any, Any]]) -> dict[str, Any]:
    return by_r("attrition")[0]["cox"]


@pytest.fixture(scope="module")
def expected(by_r: Callable[[str], tuple[Any, Any]]) -> dict[str, Any]:
    return by_r("attrition")[1]["cox"]


def test_as_r_fits_it(given: dict[str, Any], expected: dict[str, Any]) -> None:
    x = np.column_stack([given["gap"], given["skill"]])
    got = cox(given["time"], given["event"], x, given["site"])
    # both iterate to convergence: what is left is the end of Newton's steps
    assert got.coef == pytest.approx(expected["coef"], rel=1e-9)
    assert got.se == pytest.approx(expected["se"], rel=1e-9)
    assert np.sqrt(np.diag(got.naive)) == pytest.approx(expected["naive"], rel=1e-9)
    tests = [*got.proportional, got.proportional_all]
    assert tests == pytest.approx(expected["zph"], rel=1e-8)
    assert (got.n_clusters, got.events) == (20, sum(given["event"]))


def test_without_ties_it_is_the_most_of_the_partial_likelihood() -> None:
    rng = np.random.default_rng(2)
    time, x = rng.permutation(20) + 1.0, rng.normal(size=20)
    event = rng.random(20) < 0.6

    def loss(beta: float) -> float:
        total = 0.0
        for i in np.flatnonzero(event):
            at_risk = [np.exp(beta * x[j]) for j in range(20) if time[j] >= time[i]]
            total -= beta * x[i] - np.log(sum(at_risk))
        return total

    want = optimize.minimize_scalar(loss, bracket=(-1, 1), tol=1e-12).x
    # the minimiser sees the loss, flat to rounding near its place
    assert cox(time, event, x[:, None]).coef[0] == pytest.approx(want, abs=1e-6)


def test_tied_events_by_loops_over_all_rows() -> None:
    rng = np.random.default_rng(7)
    n, p = 60, 2
    time, event = rng.integers(1, 7, n).astype(float), rng.random(n) < 0.6
    x, cluster = rng.normal(size=(n, p)), rng.integers(0, 20, n)
    got = cox(time, event, x, cluster)
    score, information, rows = np.zeros(p), np.zeros((p, p)), np.zeros((n, p))
    for at in np.unique(time[event]):
        tied = np.flatnonzero(event & (time == at))
        for before in range(len(tied)):
            # Efron: of the tied a share has gone before each of them
            share = [1 - before / len(tied) if i in tied else 1.0 for i in range(n)]
            hazard = [
                share[i] * np.exp(got.coef @ x[i]) if time[i] >= at else 0.0 for i in range(n)
            ]
            mean = sum(hazard[i] * x[i] for i in range(n)) / sum(hazard)
            for i in range(n):
                part = hazard[i] / sum(hazard)
                information += part * np.outer(x[i] - mean, x[i] - mean)
                rows[i] -= part * (x[i] - mean)
            for i in tied:
                rows[i] += (x[i] - mean) / len(tied)
                score += (x[i] - mean) / len(tied)
    naive = np.linalg.inv(information)
    summed = np.array([rows[cluster == c].sum(axis=0) for c in np.unique(cluster)])
    # the score is zero but for the end of Newton's steps and rounding
    assert score == pytest.approx(np.zeros(p), abs=1e-9)
    assert got.naive == pytest.approx(naive, rel=1e-9)
    assert got.vcov == pytest.approx(naive @ summed.T @ summed @ naive, rel=1e-8)


def test_units_shift_and_order_do_not_matter(given: dict[str, Any]) -> None:
    time, event = np.array(given["time"]), np.array(given["event"])
    x, site = np.column_stack([given["gap"], given["skill"]]), np.array(given["site"])
    turn = np.random.default_rng(3).permutation(len(time))
    one = cox(time, event, x, site)
    two = cox(time[turn] * 30, event[turn], 100 * x[turn] + 7, 50 - site[turn])
    assert two.coef * 100 == pytest.approx(one.coef, rel=1e-9)
    assert two.se * 100 == pytest.approx(one.se, rel=1e-9)
    assert two.proportional == pytest.approx(one.proportional, rel=1e-8)


def test_one_time_of_events_tells_nothing_of_change() -> None:
    found = cox([3, 3, 3, 5, 5, 5.0], [1, 1, 0, 0, 0, 0], [[1.0], [2], [3], [1], [2], [4]])
    assert np.isnan(found.proportional).all()
    assert np.isnan(found.proportional_all)


@pytest.mark.parametrize(
    "time, event, x, said",
    [
        ([1.0, 2, 3, 4], [0, 0, 0, 0], [[1.0], [2], [3], [4]], "nothing ended early"),
        ([1.0, 2, 3, 4], [1, 0, 1, 0], [[1.0], [1], [1], [1]], "same for everybody"),
        ([1.0, 2, 3, 4], [1, 0, 1, 0], [[1.0, 2], [2, 4], [4, 8], [3, 6]], "determined"),
        ([1.0, 2, 3, 4], [1, 1, 0, 0], [[1.0], [1], [0], [0]], "without an error"),
    ],
)
def test_refusals(time: list[float], event: list[int], x: list[Any], said: str) -> None:
    with pytest.raises(FitError, match=said):
        cox(time, event, x)


@pytest.mark.parametrize("time, x", [([-1.0, 2], [[1.0], [2]]), ([1.0, 2], [[np.nan], [2]])])
def test_rows_that_are_not_known_are_refused(time: list[float], x: list[Any]) -> None:
    with pytest.raises(ValueError, match="drop the other rows"):
        cox(time, [1, 1], x)
    with pytest.raises(ValueError, match=r"\(n, p\)"):
        cox([1.0], [1, 1], x)
