"""Each policy keeps its promise, on its own and over replicates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.world.matching import POLICIES, assign

Floats = NDArray[np.float64]


def drawn(seed: int, n: int = 7, m: int = 9, share: float = 0.6) -> tuple[Floats, Any]:
    rng = np.random.default_rng(seed)
    return rng.random((n, m)), rng.random((n, m)) < share


def pairs(made: NDArray[np.int64]) -> set[tuple[int, int]]:
    return {(i, int(j)) for i, row in enumerate(made) for j in row if j >= 0}


def options(policy: str, score: Floats) -> dict[str, Any]:
    return {"wishes": (score, score[..., ::-1])} if policy == "self-selected" else {}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("capacity", [(1, 1), (3, 1), (1, 2), (2, 2)])
def test_every_policy_keeps_rules_and_capacities(policy: str, capacity: tuple[int, int]) -> None:
    for seed in range(20):
        score, allowed = drawn(seed)
        made = assign(
            score,
            allowed,
            policy,
            np.random.default_rng(seed),
            juniors_per_senior=capacity[0],
            seniors_per_junior=capacity[1],
            **options(policy, score),
        )
        assert made.shape == (7, capacity[0])
        found = pairs(made)
        assert len(found) == (made >= 0).sum(), "nobody is paired twice with the same person"
        if policy != "random":
            assert all(allowed[pair] for pair in found)
        assert np.bincount([j for _, j in found], minlength=9).max() <= capacity[1]
        for row in made:
            given = row[row >= 0].tolist()
            assert row.tolist() == sorted(given) + [-1] * (len(row) - len(given))


@pytest.mark.parametrize("policy", POLICIES)
def test_replicates_are_what_single_calls_give(policy: str) -> None:
    drawings = [drawn(seed) for seed in range(6)]
    score = np.stack([s for s, _ in drawings])
    allowed = np.stack([a for _, a in drawings])
    many = assign(score, allowed, policy, np.random.default_rng(4), **options(policy, score))
    rng = np.random.default_rng(4)
    single = [assign(s, a, policy, rng, **options(policy, s)) for s, a in drawings]
    assert (many == np.stack(single)).all()
    few = assign(
        score[:2], allowed[:2], policy, np.random.default_rng(4), **options(policy, score[:2])
    )
    assert (many[:2] == few).all(), "the first replicates do not depend on how many follow"


def test_leading_axes_broadcast() -> None:
    score, allowed = drawn(1)
    made = assign(score, np.stack([[allowed] * 2] * 3), "optimal", np.random.default_rng(0))
    assert made.shape == (3, 2, 7, 1)
    assert (made == made[0, 0]).all()


@pytest.mark.parametrize("policy", POLICIES)
def test_the_seed_decides(policy: str) -> None:
    score = np.zeros((6, 6))
    allowed = np.ones((6, 6), bool)
    made = [
        assign(score, allowed, policy, np.random.default_rng(seed), **options(policy, score))
        for seed in (0, 0, *range(1, 9))
    ]
    assert (made[0] == made[1]).all()
    assert any((made[0] != other).any() for other in made[2:]), "ties are broken by chance"


@pytest.mark.parametrize("policy", ["random", "rules"])
def test_chance_is_even(policy: str) -> None:
    """3 x 3, everything allowed: each of the six assignments comes in a sixth of 6,000 draws."""
    made = assign(np.zeros((6000, 3, 3)), np.ones((3, 3), bool), policy, np.random.default_rng(5))[
        ..., 0
    ]
    _, counts = np.unique(made, axis=0, return_counts=True)
    assert len(counts) == 6
    # binomial(6000, 1/6): SD 28.9; five of them
    assert np.abs(counts - 1000).max() < 145


@pytest.mark.parametrize("policy", ["greedy", "optimal"])
def test_ties_favour_no_place_in_the_list(policy: str) -> None:
    """Of four equal juniors for two seniors, each is taken in half of the draws."""
    made = assign(np.zeros((4000, 2, 4)), np.ones((2, 4), bool), policy, np.random.default_rng(6))
    counts = np.bincount(made.ravel(), minlength=4)
    # binomial(4000, 1/2): SD 31.6; five of them
    assert np.abs(counts - 2000).max() < 160


def naive_greedy(score: Floats, allowed: Any, a: int, b: int) -> set[tuple[int, int]]:
    left, right = [a] * len(score), [b] * len(score[0])
    found: set[tuple[int, int]] = set()
    for i, j in sorted(zip(*np.nonzero(allowed), strict=True), key=lambda e: -score[e]):
        if left[i] and right[j]:
            left[i] -= 1
            right[j] -= 1
            found.add((int(i), int(j)))
    return found


@pytest.mark.parametrize("capacity", [(1, 1), (2, 1), (2, 3)])
def test_greedy_is_the_best_pair_again_and_again(capacity: tuple[int, int]) -> None:
    a, b = capacity
    for seed in range(20):
        score, allowed = drawn(seed, 40, 30, 0.3)
        made = assign(
            score,
            allowed,
            "greedy",
            np.random.default_rng(0),
            juniors_per_senior=a,
            seniors_per_junior=b,
        )
        assert pairs(made) == naive_greedy(score, allowed, a, b)


def test_greedy_can_cost_a_pair_that_optimal_finds() -> None:
    score, allowed = np.array([[0.9, 0.8], [0.7, 0.0]]), np.array([[True, True], [True, False]])
    rng = np.random.default_rng(0)
    assert (assign(score, allowed, "greedy", rng) >= 0).sum() == 1
    assert (assign(score, allowed, "optimal", rng) >= 0).sum() == 2


@pytest.mark.parametrize("capacity", [(1, 1), (2, 1), (2, 2)])
def test_self_selection_is_stable(capacity: tuple[int, int]) -> None:
    """No two who may be paired and are not would both drop somebody, or fill a place, for it."""
    a, b = capacity
    for seed in range(25):
        rng = np.random.default_rng(seed)
        allowed = rng.random((8, 6)) < 0.7
        by_senior, by_junior = rng.random((2, 8, 6))
        made = assign(
            np.zeros((8, 6)),
            allowed,
            "self-selected",
            rng,
            juniors_per_senior=a,
            seniors_per_junior=b,
            wishes=(by_senior, by_junior),
        )
        found = pairs(made)
        for i, j in zip(*np.nonzero(allowed), strict=True):
            if (i, j) in found:
                continue
            mine = [by_senior[i, k] for s, k in found if s == i]
            theirs = [by_junior[s, j] for s, k in found if k == j]
            senior_would = len(mine) < a or min(mine) < by_senior[i, j]
            junior_would = len(theirs) < b or min(theirs) < by_junior[i, j]
            assert not (senior_would and junior_would)


def test_self_selection_by_hand() -> None:
    """Both seniors want junior 0 most; junior 0 wants senior 1: senior 0 gets the second choice."""
    by_senior = np.array([[2.0, 1.0], [2.0, 1.0]])
    by_junior = np.array([[1.0, 1.0], [2.0, 2.0]])
    made = assign(
        np.zeros((2, 2)),
        np.ones((2, 2), bool),
        "self-selected",
        np.random.default_rng(0),
        wishes=(by_senior, by_junior),
    )
    assert made.ravel().tolist() == [1, 0]


def test_places_by_person() -> None:
    score = np.ones((2, 5))
    for policy in ("random", "rules", "greedy", "optimal"):
        made = assign(
            score,
            np.ones((2, 5), bool),
            policy,
            np.random.default_rng(1),
            juniors_per_senior=np.array([0, 3]),
        )
        assert made.shape == (2, 3)
        assert (made[0] == -1).all()
        assert (made[1] >= 0).all()


def test_everything_wrong_is_said_at_once() -> None:
    score = np.full((2, 3), np.nan)
    with pytest.raises(ValueError) as caught:
        assign(
            score,
            np.ones((2, 3), int),  # type: ignore[arg-type]
            "optimall",
            np.random.default_rng(0),
            juniors_per_senior=-1,
            seniors_per_junior=[1, 1],
        )
    said = str(caught.value)
    for words in ("did you mean optimal", "True and False", "juniors_per_senior", "(3,)"):
        assert words in said


@pytest.mark.parametrize(
    "change, words",
    [
        ({"score": np.full((2, 3), np.nan)}, "no finite number"),
        ({"allowed": np.ones((3, 2), bool)}, "shapes differ"),
        ({"score": np.zeros((4, 2, 3)), "allowed": np.ones((5, 2, 3), bool)}, "replicates differ"),
        ({"policy": "self-selected"}, "need wishes"),
        ({"juniors_per_senior": 1.5}, "whole numbers"),
    ],
)
def test_what_is_refused(change: dict[str, Any], words: str) -> None:
    given = {"score": np.zeros((2, 3)), "allowed": np.ones((2, 3), bool), "policy": "greedy"}
    with pytest.raises(ValueError, match=words):
        assign(**(given | change), rng=np.random.default_rng(0))


def test_pairs_that_may_not_be_need_no_score() -> None:
    score = np.array([[np.nan, 1.0]])
    made = assign(score, np.array([[False, True]]), "greedy", np.random.default_rng(0))
    assert made.ravel().tolist() == [1]
