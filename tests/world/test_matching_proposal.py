"""Proposals: their reasons are true, tried against every assignment of small cases."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.world.matching.proposal import LeftOut, Proposal, Question, Rule, propose

Flags = NDArray[np.bool_]


def ones(n: int, m: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.ones(n, np.int64), np.ones(m, np.int64)


def rule(
    name: str, shape: tuple[int, int], *pairs: tuple[int, int], protects: bool = False
) -> Rule:
    forbids = np.zeros(shape, bool)
    for pair in pairs:
        forbids[pair] = True
    return Rule(name, forbids, protects)


def all_sets(allowed: Flags, places: tuple[int, int] = (1, 1)) -> list[set[tuple[int, int]]]:
    """Every set of pairs in which nobody stands more often than there are places."""
    edges = [(int(i), int(j)) for i, j in zip(*np.nonzero(allowed), strict=True)]
    most = min(len(edges), allowed.shape[0] * places[0], allowed.shape[1] * places[1])
    found = []
    for size in range(most + 1):
        for chosen in itertools.combinations(edges, size):
            sides = Counter(i for i, _ in chosen), Counter(j for _, j in chosen)
            if all(max(c.values(), default=0) <= p for c, p in zip(sides, places, strict=True)):
                found.append(set(chosen))
    return found


def by(made: Proposal, side: str, person: int) -> LeftOut:
    return next(one for one in made.left_out if (one.side, one.person) == (side, person))


def test_scores_shares_and_answers() -> None:
    hobbies = Question("Hobbies", 1.0, np.array([[0.2, np.nan], [1.0, 0.6]]))
    teaches = Question("Teaches", 3.0, np.array([[1.0, 0.0], [0.0, 1.0]]))
    made = propose("optimal", ones(2, 2), seed=0, questions=[hobbies, teaches])
    assert list(zip(made.seniors, made.juniors, strict=True)) == [(0, 0), (1, 1)]
    assert made.shares == pytest.approx(np.array([[0.05, 0.75], [0.15, 0.75]]))
    assert made.score == pytest.approx(made.shares.sum(axis=1))
    assert made.answered.all()
    assert not made.left_out
    assert made.relaxed == ()
    assert (made.matched, made.possible) == ((2, 2), (2, 2))


def test_a_pair_without_an_answer_says_so() -> None:
    question = Question("Hobbies", 1.0, np.array([[np.nan, 0.5]]))
    made = propose(
        "optimal",
        ones(1, 1),
        seed=0,
        questions=[
            Question("Hobbies", 1.0, np.array([[np.nan]])),
            Question("Else", 1.0, np.array([[1.0]])),
        ],
    )
    assert made.answered.tolist() == [[False, True]]
    assert propose("greedy", ones(1, 2), seed=0, questions=[question]).score.tolist() == [0.5]


def test_counts_of_the_rules() -> None:
    shape = (2, 3)
    gap = rule("gap", shape, (0, 0), (0, 1), (0, 2))
    site = rule("site", shape, (0, 0), (1, 2))
    made = propose("rules", ones(*shape), seed=0, rules=[gap, site])
    assert made.forbidden == (3, 2)
    assert made.alone == (2, 1)  # (0, 0) is forbidden by both
    lost = by(made, "senior", 0)
    assert (lost.reason, lost.candidates, lost.allowed, lost.excluded) == (
        "forbidden",
        3,
        0,
        (3, 1),
    )


@pytest.mark.parametrize("seed", range(80))
def test_relaxed_is_what_dropping_each_rule_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    rules = [Rule(name, rng.random(shape) < 0.45) for name in ("a", "b", "c")]

    def largest(kept: Sequence[Rule]) -> int:
        broken = np.any([np.zeros(shape, bool), *(r.forbids for r in kept)], axis=0)
        return max(len(chosen) for chosen in all_sets(~broken))

    made = propose("rules", ones(*shape), seed=seed, rules=rules)
    n = largest(rules)
    assert made.possible == (n, n) == made.matched
    gains = {one.what: one.seniors for one in made.relaxed}
    for i, dropped in enumerate(rules):
        gain = largest(rules[:i] + rules[i + 1 :]) - n
        assert gains.get(dropped.name, 0) == gain
    assert gains.get("all rules", 0) == min(shape) - n


def competing(allowed: Flags, pairs: set[tuple[int, int]], wanting: set[int]) -> list[set[int]]:
    """Rows that exchanges lead to from ``wanting``, apart where no column links them: naively."""
    rows = set(wanting)
    while True:
        owners = {i for i, j in pairs if any(allowed[row, j] for row in rows)}
        if owners <= rows:
            break
        rows |= owners
    groups: list[set[int]] = []
    for row in sorted(rows):
        linked = [g for g in groups if any((allowed[row] & allowed[other]).any() for other in g)]
        groups = [g for g in groups if g not in linked] + [{row}.union(*linked)]
    return groups


@pytest.mark.parametrize("places", [(1, 1), (2, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("seed", range(60))
def test_contested_people_could_not_all_be_had(seed: int, places: tuple[int, int]) -> None:
    """Of the rivals no assignment, tried one by one, has more than the places that are named."""
    rng = np.random.default_rng(seed)
    shape = (5, 4) if places == (1, 1) else [(6, 2), (2, 6)][seed % 2]
    forbids = rng.random(shape) < 0.6
    room = np.full(shape[0], places[0]), np.full(shape[1], places[1])
    made = propose("rules", room, seed=seed, rules=[Rule("a", forbids)])
    choices = all_sets(~forbids, places)
    pairs = set(zip(made.seniors.tolist(), made.juniors.tolist(), strict=True))
    assert len(pairs) == max(map(len, choices))
    for at, side in enumerate(("senior", "junior")):
        allowed = ~forbids if at == 0 else ~forbids.T
        mine = [one for one in made.left_out if one.side == side]
        for lost in mine:
            possible = any(pair[at] == lost.person for chosen in choices for pair in chosen)
            assert lost.reason == ("contested" if possible else "forbidden")
        contested = {one.person for one in mine if one.reason == "contested"}
        for group in competing(allowed, {(p[at], p[1 - at]) for p in pairs}, contested):
            most = max(len({pair[at] for pair in chosen} & group) for chosen in choices)
            named = {(o.rivals, o.places) for o in mine if o.person in group & contested}
            assert named == {(len(group), most)}
            assert most == len(group) - len(group & contested)


def test_contested_by_hand() -> None:
    """Three seniors may only have junior 0; the fourth has junior 1 to herself."""
    forbids = np.array([[False, True], [False, True], [False, True], [True, False]])
    made = propose("rules", ones(4, 2), seed=1, rules=[Rule("site", forbids)])
    assert [(one.rivals, one.places) for one in made.left_out] == [(3, 1), (3, 1)]


def test_closed_and_taken() -> None:
    seniors, juniors = np.array([0, 1]), np.array([1])
    made = propose("random", (seniors, juniors), seed=0)
    assert by(made, "senior", 0).reason == "closed"
    score = np.array([[0.9, 0.8], [0.7, 0.1]])
    forbids = np.array([[False, False], [False, True]])
    made = propose(
        "greedy",
        ones(2, 2),
        seed=0,
        rules=[Rule("site", forbids)],
        questions=[Question("Hobbies", 1.0, score)],
    )
    assert by(made, "senior", 1).reason == "taken"
    assert (made.matched, made.possible) == ((1, 1), (2, 2))


def test_chance_keeps_only_rules_that_protect_and_says_what_it_breaks() -> None:
    shape = (3, 3)
    every = [(i, j) for i in range(3) for j in range(3)]
    gap = rule("gap", shape, *every)
    line = rule("line", shape, (0, 0), (1, 1), protects=True)
    for seed in range(10):
        made = propose("random", ones(*shape), seed=seed, rules=[gap, line])
        assert len(made.seniors) == 3
        assert made.breaks.tolist() == [[True, False]] * 3
        assert not set(zip(made.seniors.tolist(), made.juniors.tolist(), strict=True)) & {
            (0, 0),
            (1, 1),
        }


def test_one_more_place_is_weighed_too() -> None:
    made = propose("rules", ones(2, 5), seed=0)
    assert [(r.what, r.seniors, r.juniors) for r in made.relaxed] == [
        ("one more junior for each senior", 0, 2),
        ("one more senior for each junior", 0, 0),
    ]


def test_groups() -> None:
    made = propose("rules", (np.full(2, 3), np.ones(5, np.int64)), seed=0)
    assert made.matched == made.possible == (2, 5)
    assert sorted(np.bincount(made.seniors)) == [2, 3]


def test_self_selected_pairs_wish_for_one_another() -> None:
    wishes = np.array([[0.0, 1.0], [1.0, 0.0]])
    made = propose(
        "self-selected",
        ones(2, 2),
        seed=0,
        rules=[Rule("wishes", wishes == 0)],
        wishes=(wishes, wishes),
    )
    assert made.juniors.tolist() == [1, 0]
    assert np.isnan(made.score).all()


@pytest.mark.parametrize("policy", ["greedy", "optimal"])
def test_a_policy_that_weighs_needs_something_to_weigh(policy: str) -> None:
    with pytest.raises(ValueError, match="need questions"):
        propose(policy, ones(1, 1), seed=0)


def test_nobody_on_one_side() -> None:
    made = propose("rules", ones(2, 0), seed=0, rules=[Rule("a", np.zeros((2, 0), bool))])
    assert [(one.reason, one.candidates) for one in made.left_out] == [("forbidden", 0)] * 2
