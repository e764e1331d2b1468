"""Blocks that are alike in a replicate are summed: exactly what each of them by itself gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rmresearch.numerics.lmm import Term, absent, design
from rmresearch.numerics.lmm.absent import own_data
from rmresearch.numerics.lmm.criterion import Problem
from rmresearch.numerics.lmm.patterns import parted

Case = tuple[Any, list[Term]]


def persons(people: int = 24, waves: int = 3, slope: bool = True) -> Case:
    """Two arms and two sites, everybody at each wave."""
    person, t = np.repeat(np.arange(people), waves), np.tile(np.arange(float(waves)), people)
    arm, site = person % 2, person // 2 % 2
    x = np.column_stack([np.ones(person.size), t, arm * t, site])
    z = np.column_stack([np.ones(person.size), t]) if slope else np.ones((person.size, 1))
    return x, [Term(person, z)]


def covariate(people: int = 24) -> Case:
    """Each person with a number of their own."""
    x, terms = persons(people)
    own = np.repeat(np.random.default_rng(5).normal(size=people), 3)
    return np.column_stack([x, own]), terms


def pairs(pairs: int = 40) -> Case:
    """Two people a pair at two waves, the pairs with a slope."""
    person = np.repeat(np.arange(2 * pairs), 2)
    pair, t = person // 2, np.tile([0.0, 1.0], 2 * pairs)
    x = np.column_stack([np.ones(person.size), t, pair % 2 * t, person % 2])
    one = np.ones((person.size, 1))
    return x, [Term(person, one), Term(pair, np.column_stack([one, t]))]


def shuffled(case: Case) -> Case:
    """Rows in another order, and groups of unequal size."""
    x, terms = case
    order = np.random.default_rng(8).permutation(len(x))[: len(x) - 7]
    return x[order], [Term(np.asarray(t.group)[order], np.asarray(t.z)[order]) for t in terms]


def answered_twice() -> Case:
    """Two answers of each person at each wave: rows of a block that no effect tells apart."""
    x, terms = persons(20, 2, slope=False)
    return np.repeat(x, 2, axis=0), [
        Term(np.repeat(np.asarray(t.group), 2), np.repeat(np.asarray(t.z), 2, axis=0))
        for t in terms
    ]


CASES = {
    "slope": persons(),
    "intercept": persons(slope=False),
    "covariate": covariate(),
    "pairs": pairs(),
    "shuffled": shuffled(persons()),
    "shuffled pairs": shuffled(pairs()),
    "twice": answered_twice(),
}


@pytest.mark.parametrize("name", CASES)
def test_the_criterion_is_that_of_single_blocks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, terms = CASES[name]
    made, rng = design(x, terms), np.random.default_rng(4)
    y = 100.0 + rng.normal(size=(9, len(x)))
    present = rng.random(y.shape) > 0.2
    present[0] = True  # nobody is missing here
    assert all(parted(f, made.basis.q, present.T) is not None for f in made.groups)
    together = Problem(own_data(y, present, made, True)[0], True)
    monkeypatch.setattr(absent, "parted", lambda *_: None)
    single = Problem(own_data(y, present, made, True)[0], True)
    theta = rng.uniform(0.0, 1.5, (made.diagonal.size, 9))
    ours, theirs = together.evaluate(theta), single.evaluate(theta)
    for part in ("f", "gradient", "hessian", "rss", "coef", "inverse", "slopes", "free"):
        # the same sums in another order
        np.testing.assert_allclose(
            getattr(ours, part), getattr(theirs, part), rtol=1e-9, atol=1e-9, err_msg=part
        )


def test_parts_by_hand() -> None:
    # three people of one kind and one of another, two waves; who lacks which answer
    person, t = np.repeat(np.arange(4), 2), np.tile([0.0, 1.0], 4)
    x = np.column_stack([np.ones(8), t, person == 3])
    made = design(x, [Term(person, np.ones((8, 1)))])
    present = np.array([[1, 1, 1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 0]], bool)
    (family,) = made.groups
    found = parted(family, made.basis.q, present.T)
    # z'z is the number of answers: one, or two
    assert found is not None
    assert sorted(found.g.ravel()) == [1.0, 2.0]
    assert len(found.kind) == 3  # complete, first wave alone, and the other person's first wave
    for r, people in enumerate(([0, 1, 2], [0, 1, 2, 3])):
        assert found.counts[:, r].sum() == len(people)
        for one in people:
            rows = (person == one) & present[r]
            np.testing.assert_allclose(
                found.sums[found.of[one, r], 0], made.basis.q[rows].sum(axis=0), atol=1e-12
            )
    assert found.of[3, 0] == len(found.kind)  # without an answer: in no part


def test_blocks_that_are_all_different_or_large_stay_by_themselves() -> None:
    rng = np.random.default_rng(6)
    person, t = np.repeat(np.arange(12), 3), rng.normal(size=36)
    made = design(np.column_stack([np.ones(36), t]), [Term(person, np.column_stack([t**0, t]))])
    (family,) = made.groups
    assert parted(family, made.basis.q, rng.random((36, 5)) > 0.1) is None
    group = np.repeat(np.arange(6), 20)
    made = design(np.ones((120, 1)), [Term(group, np.ones((120, 1)))])
    (family,) = made.groups
    assert parted(family, made.basis.q, rng.random((120, 5)) > 0.1) is None
