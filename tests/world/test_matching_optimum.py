"""The exact optimum against every possible set of pairs, tried one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from rmresearch.world.matching.optimum import best, most

Places = NDArray[np.int64]


def every_choice(
    score: NDArray[np.float64], allowed: NDArray[np.bool_], seniors: Places, juniors: Places
) -> tuple[int, int, float]:
    """The most people, then the most pairs, then the highest total, over all sets of pairs."""
    edges = list(zip(*np.nonzero(allowed), strict=True))
    top = (0, 0, 0.0)
    for size in range(1, len(edges) + 1):
        for chosen in itertools.combinations(edges, size):
            left = np.bincount([i for i, _ in chosen], minlength=len(seniors))
            right = np.bincount([j for _, j in chosen], minlength=len(juniors))
            if (left > seniors).any() or (right > juniors).any():
                continue
            people = int((left > 0).sum() + (right > 0).sum())
            top = max(top, (people, size, float(sum(score[edge] for edge in chosen))))
    return top


@pytest.mark.parametrize("seed", range(150))
def test_no_set_of_pairs_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 5, 2))
    if shape[0] * shape[1] > 9:
        shape = (3, 3)
    # every second time with ties, always with some pairs that may not be, capacities 0 to 2
    score = rng.integers(-3, 4, shape) / 2.0 if seed % 2 else rng.normal(size=shape)
    allowed = rng.random(shape) < 0.75
    seniors, juniors = rng.integers(0, 3, shape[0]), rng.integers(0, 3, shape[1])
    row, column = best(score, allowed, seniors, juniors)
    left = np.bincount(row, minlength=shape[0])
    right = np.bincount(column, minlength=shape[1])
    assert allowed[row, column].all()
    assert (left <= seniors).all()
    assert (right <= juniors).all()
    assert len(set(zip(row.tolist(), column.tolist(), strict=True))) == len(row)
    people, pairs, total = every_choice(score, allowed, seniors, juniors)
    assert (left > 0).sum() + (right > 0).sum() == people
    assert len(row) == pairs
    assert score[row, column].sum() == pytest.approx(total, abs=1e-9)  # sums of at most 9 scores
    assert sum(most(allowed, seniors, juniors)) == people


@pytest.mark.parametrize("seed", range(60))
def test_one_to_one_against_all_permutations(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    n = 5
    score, allowed = rng.random((n, n)), rng.random((n, n)) < 0.6
    one = np.ones(n, np.int64)
    row, column = best(score, allowed, one, one)
    top = max(
        (sum(allowed[i, j] for i, j in enumerate(p)), sum((score * allowed)[range(n), p]))
        for p in itertools.permutations(range(n))
    )
    assert len(row) == top[0]
    assert score[row, column].sum() == pytest.approx(top[1], abs=1e-12)  # sums of 5 numbers


def by_integer_programme(
    score: NDArray[np.float64], allowed: NDArray[np.bool_], places: int
) -> tuple[int, int, float]:
    """People, pairs and total, by whole numbers over all pairs at once, one aim after another."""
    n, m = score.shape
    row, column = np.nonzero(allowed)
    pairs = len(row)
    ends = np.zeros((n + m, pairs + n + m))
    ends[row, np.arange(pairs)] = 1
    ends[n + column, np.arange(pairs)] = 1
    had = -ends.copy()
    had[np.arange(n + m), pairs + np.arange(n + m)] = 1  # only with a partner a person is had
    rules = [LinearConstraint(ends, ub=places), LinearConstraint(had, ub=0)]
    aims = [
        np.concatenate([np.zeros(pairs), np.ones(n + m)]),
        np.concatenate([np.ones(pairs), np.zeros(n + m)]),
        np.concatenate([score[row, column], np.zeros(n + m)]),
    ]
    reached = []
    for aim in aims:
        solved = milp(-aim, constraints=rules, integrality=np.ones(len(aim)), bounds=Bounds(0, 1))
        reached.append(-solved.fun)
        rules.append(LinearConstraint(aim[None], lb=-solved.fun - 1e-6))
    return round(reached[0]), round(reached[1]), reached[2]


@pytest.mark.parametrize("seed", range(6))
def test_several_places_on_both_sides(seed: int) -> None:
    """Everybody wants the same few: more pairs matter than those that enter the network first."""
    rng = np.random.default_rng(seed)
    shape = (35, 30)
    allowed = rng.random(shape) < 0.8
    score = rng.random(shape[1]) ** 2 + rng.random(shape[0])[:, None] + 0.3 * rng.random(shape)
    places = np.full(shape[0], 3), np.full(shape[1], 3)
    row, column = best(score, allowed, *places)
    people, pairs, total = by_integer_programme(score, allowed, 3)
    assert len(set(zip(row.tolist(), column.tolist(), strict=True))) == len(row) == pairs
    assert len(set(row)) + len(set(column)) == people
    # the solvers' own tolerance, 1e-6 a pair
    assert score[row, column].sum() == pytest.approx(total, abs=1e-4)


def test_spreads_people_before_it_fills_groups() -> None:
    """Two seniors of two places each and two juniors: nobody gets both, whatever the scores."""
    score = np.array([[1.0, 1.0], [0.0, 0.0]])
    row, _ = best(score, np.ones((2, 2), bool), np.array([2, 2]), np.array([1, 1]))
    assert sorted(row) == [0, 1]


def test_scores_of_pairs_that_may_not_be_are_not_looked_at() -> None:
    score = np.array([[np.nan, 1.0], [2.0, np.inf]])
    row, column = best(score, np.isfinite(score), np.ones(2, int), np.ones(2, int))
    assert (row.tolist(), column.tolist()) == ([0, 1], [1, 0])


def test_nothing_allowed_and_nobody_there() -> None:
    for shape in ((2, 3), (0, 3), (2, 0), (0, 0)):
        for capacity in (1, 2):
            places = np.full(shape[0], capacity), np.full(shape[1], capacity)
            row, column = best(np.zeros(shape), np.zeros(shape, bool), *places)
            assert len(row) == len(column) == 0
            assert most(np.zeros(shape, bool), *places) == (0, 0)
