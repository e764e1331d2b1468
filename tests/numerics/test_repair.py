"""Re-arranged pairs: every arrangement against naive lists, draws against the exact answer."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.repair import pairings, studentised


def naive_arrangements(own: list[int], other: list[int], allowed: np.ndarray) -> set[frozenset]:
    """Every set of pairs with everybody's number of partners, none forbidden, none twice."""
    found = set()
    for order in permutations(other):
        pairs = list(zip(own, order, strict=True))
        if len(set(pairs)) == len(pairs) and all(allowed[i, j] for i, j in pairs):
            found.add(frozenset(pairs))
    return found


def as_sets(own: np.ndarray, made: np.ndarray) -> list[frozenset]:
    return [frozenset(zip(own.tolist(), row.tolist(), strict=True)) for row in made]


def naive_t(y: np.ndarray, x: np.ndarray) -> float:
    """The last coefficient over its HC1 error, by plain matrices."""
    keep = np.isfinite(y) & np.isfinite(x).all(axis=1)
    y, x = y[keep], x[keep]
    inverse = np.linalg.inv(x.T @ x)
    coef = inverse @ x.T @ y
    resid = y - x @ coef
    meat = sum(e**2 * np.outer(row, row) for e, row in zip(resid, x, strict=True))
    n, p = x.shape
    variance = inverse @ meat @ inverse * n / (n - p)
    return float(coef[-1] / np.sqrt(variance[-1, -1]))


RULES = {
    "anybody": np.ones((6, 6), bool),
    "two blocks": np.kron(np.eye(2), np.ones((3, 3))).astype(bool),
    "sparse": ~np.roll(np.eye(6, dtype=bool), 1, axis=1) & ~np.roll(np.eye(6, dtype=bool), 3, 1),
}


@pytest.mark.parametrize("rule", RULES)
def test_single_partners_are_arranged_in_every_way(rule: str) -> None:
    own = np.arange(6)
    found = pairings(own, own, RULES[rule])
    expected = naive_arrangements(list(range(6)), list(range(6)), RULES[rule])
    sets = as_sets(own, found.made)
    assert found.exact
    assert len(sets) == len(expected)
    assert set(sets) == expected
    assert sets[found.recorded] == frozenset((i, i) for i in range(6))


@pytest.mark.parametrize(
    "own, other",
    [
        ([0, 0, 1, 1, 2], [0, 1, 2, 3, 4]),  # seniors with several juniors
        ([0, 1, 2, 3, 4], [0, 0, 1, 2, 2]),  # juniors with several seniors
        ([0, 0, 1, 2, 2], [0, 1, 1, 2, 0]),  # both: nobody gets the same partner twice
    ],
)
def test_people_keep_as_many_partners_as_they_had(own: list[int], other: list[int]) -> None:
    allowed = np.ones((5, 5), bool)
    allowed[1, 0] = allowed[2, 4] = False
    allowed[own, other] = True
    found = pairings(np.array(own), np.array(other), allowed)
    expected = naive_arrangements(own, other, allowed)
    sets = as_sets(np.array(own), found.made)
    assert len(sets) == len(expected) > 2
    assert set(sets) == expected
    assert sets[found.recorded] == frozenset(zip(own, other, strict=True))


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("traits", [False, True])
def test_exact_p_against_a_loop(missing: bool, traits: bool) -> None:
    rng = np.random.default_rng(3)
    n = 7
    allowed = rng.random((n, n)) < 0.6
    allowed[np.arange(n), np.arange(n)] = True
    fit, trait = rng.random((n, n)), rng.normal(size=n)
    y, pre = rng.normal(size=n), rng.normal(size=n)
    if missing:  # an outcome that is missing stays with its person; so does an unknown fit
        y[2], fit[:, 4] = np.nan, np.nan
    fixed = np.column_stack([np.ones(n), pre])
    result = pairings(np.arange(n), np.arange(n), allowed).test(
        studentised(y, fixed, np.arange(n), fit, trait if traits else None)
    )
    sizes = []
    for order in permutations(range(n)):
        if all(allowed[i, j] for i, j in enumerate(order)):
            theirs = [trait[list(order)]] if traits else []
            x = np.column_stack([fixed, *theirs, fit[np.arange(n), list(order)]])
            sizes.append(abs(naive_t(y, x)))
    observed = abs(naive_t(y, np.column_stack([fixed, *([trait] if traits else []), np.diag(fit)])))
    # 1e-9: arrangements that give the same statistic differ by rounding
    expected = np.mean(np.array(sizes) >= observed * (1 - 1e-9))
    assert result.exact
    assert result.arrangements == len(sizes) > 50
    assert result.statistic == pytest.approx(observed, rel=1e-9)
    assert result.p == pytest.approx(expected, abs=1e-12)
    assert result.smallest_p <= result.p


def test_means_over_several_partners() -> None:
    rng = np.random.default_rng(4)
    own = np.array([0, 0, 1, 2, 2, 3, 4, 5])
    fit, trait, y = rng.random((6, 8)), rng.normal(size=8), rng.normal(size=6)
    statistic = studentised(y, np.ones((6, 1)), own, fit, trait)
    order = rng.permutation(8)
    mine = [np.flatnonzero(own == i) for i in range(6)]
    x = np.column_stack(
        [
            np.ones(6),
            [trait[order[at]].mean() for at in mine],
            [fit[i, order[at]].mean() for i, at in enumerate(mine)],
        ]
    )
    # rounding of means and of a 3 x 3 inverse
    assert statistic(order[None])[0] == pytest.approx(naive_t(y, x), rel=1e-9)


@pytest.mark.parametrize("rule", ["anybody", "sparse"])
def test_draws_are_as_likely_as_one_another(rule: str) -> None:
    own, allowed, draws = np.arange(6), RULES[rule], 20_000
    found = pairings(own, own, allowed, rng=np.random.default_rng(8), draws=draws, limit=1)
    assert not found.exact
    assert found.recorded == 0
    assert found.made[0].tolist() == own.tolist()
    expected = naive_arrangements(list(own), list(own), allowed)
    times = dict.fromkeys(expected, 0)
    for one in as_sets(own, found.made[1:]):
        times[one] += 1
    mean = draws / len(expected)
    chi_square = sum((count - mean) ** 2 / mean for count in times.values())
    df = len(expected) - 1
    assert chi_square < df + 4 * np.sqrt(2 * df)  # 4 standard errors of chi-square


def test_draws_with_several_partners_keep_the_rules() -> None:
    own, other = np.repeat(np.arange(5), 2), np.array([0, 1, 1, 2, 2, 3, 3, 4, 4, 0])
    allowed = np.ones((5, 5), bool)
    allowed[0, 2] = False
    found = pairings(own, other, allowed, rng=np.random.default_rng(1), draws=300, limit=1)
    sets = as_sets(own, found.made)
    assert all(len(one) == 10 and (0, 2) not in one for one in sets)
    assert len(set(sets)) > 20
    assert {tuple(np.bincount(row)) for row in found.made} == {(2, 2, 2, 2, 2)}


def test_drawn_p_meets_the_exact_one() -> None:
    rng = np.random.default_rng(5)
    n = 7
    fit, y = rng.random((n, n)), rng.normal(size=n)
    allowed = ~np.roll(np.eye(n, dtype=bool), 2, axis=1)
    statistic = studentised(y, np.ones((n, 1)), np.arange(n), fit, rng.normal(size=n))
    exact = pairings(np.arange(n), np.arange(n), allowed).test(statistic)
    drawn = pairings(
        np.arange(n), np.arange(n), allowed, rng=np.random.default_rng(6), draws=20_000, limit=1
    ).test(statistic)
    assert abs(drawn.p - exact.p) < 4 * drawn.mc_error
    assert drawn.mc_error == pytest.approx(np.sqrt(drawn.p * (1 - drawn.p) / 20_001))
    assert drawn.smallest_p >= 1 / 20_001


def test_a_statistic_without_a_value_counts_as_extreme() -> None:
    # with nobody else but 0 and 1 varying, two of the three arrangements have no variance of fit
    fit = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    found = pairings(np.arange(3), np.arange(3), np.ones((3, 3), bool))

    def statistic(made: np.ndarray) -> np.ndarray:
        value = fit[np.arange(3), made].sum(axis=1)
        return np.where(value > 0, value, np.nan)

    result = found.test(statistic)
    assert (result.arrangements, result.p, result.smallest_p) == (6, 1.0, 1.0)


def test_what_is_refused() -> None:
    own = np.arange(12)
    broken = np.ones((12, 12), bool)
    broken[[3, 5], [3, 5]] = False
    with pytest.raises(FitError, match="2 of 12 recorded pairs are not admissible"):
        pairings(own, own, broken)
    with pytest.raises(FitError, match="as a pair twice"):
        pairings(np.array([0, 0]), np.array([1, 1]), np.ones((1, 2), bool))
    with pytest.raises(ValueError, match="rng is needed"):
        pairings(own, own, np.ones((12, 12), bool))
    constant = studentised(np.arange(4.0), np.ones((4, 1)), own[:4], np.ones((4, 4)), None)
    with pytest.raises(FitError, match="not defined for the recorded pairs"):
        pairings(own[:4], own[:4], np.ones((4, 4), bool)).test(constant)


def test_the_exact_test_holds_its_size() -> None:
    """Under random matching p <= alpha in at most alpha of all arrangements, each being real."""
    rng = np.random.default_rng(11)
    n = 5
    allowed = ~np.roll(np.eye(n, dtype=bool), 2, axis=1)
    fit, y, trait = rng.random((n, n)), rng.normal(size=n), rng.normal(size=n)
    fixed = np.ones((n, 1))
    every = pairings(np.arange(n), np.arange(n), allowed)
    p = []
    for row in every.made:
        # the same world, had this been the pairing that chance made: partners renamed
        mine = pairings(np.arange(n), row.astype(np.intp), allowed)
        p.append(mine.test(studentised(y, fixed, np.arange(n), fit, trait)).p)
    for alpha in (0.05, 0.1, 0.2, 0.5):
        assert np.mean(np.array(p) <= alpha) <= alpha
    assert np.mean(np.array(p) <= 0.5) == pytest.approx(0.5, abs=1 / len(p))
