"""As many people as possible, then the best pairs: assignment with capacities, solved exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import coo_array, csr_array, eye_array, hstack, vstack
from scipy.sparse.csgraph import maximum_bipartite_matching

from rmresearch.errors import FitError

__all__ = ["Links", "best", "most"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: the seniors and the juniors of the pairs, pair by pair
Links = tuple[Ints, Ints]
#: pairs that enter a linear programme a person and round
ENTERING = 10
#: gain of a pair (one unit = the span of all scores) below which it is none
NOTHING = 1e-6


def best(score: Floats, allowed: Flags, seniors: Ints, juniors: Ints) -> Links:
    """The pairs that leave the fewest people out and, of all such, have the highest total score.

    ``score`` and ``allowed`` have shape (seniors, juniors), ``seniors`` and ``juniors`` the number
    of partners that each may have. First come people with at least one partner, on both sides
    (both numbers can be greatest at once: Mendelsohn and Dulmage 1958), and the number of pairs;
    then the sum of scores. Exact where no two people could be paired twice; otherwise to 1e-6 of
    the span of scores a pair. Scores of pairs that are not allowed are not looked at.

    >>> score = np.array([[0.9, 0.8], [0.7, 0.0]])
    >>> best(score, np.ones((2, 2), bool), np.array([1, 1]), np.array([1, 1]))
    (array([0, 1]), array([1, 0]))
    """
    if (seniors == 0).any() or (juniors == 0).any():
        allowed = allowed & (seniors > 0)[:, None] & (juniors > 0)
    if seniors.max(initial=0) <= 1 and juniors.max(initial=0) <= 1:
        # a pair more is a person more on both sides
        gain = _gain(score, allowed, min(score.shape) + 1.0)
        row, column = linear_sum_assignment(gain, maximize=True)
        kept = allowed[row, column]
        return row[kept], column[kept]
    seniors = np.minimum(seniors, allowed.sum(axis=1))
    juniors = np.minimum(juniors, allowed.sum(axis=0))
    # of one pair more, or one person more: above any sum of scores
    worth = min(seniors.sum(), juniors.sum()) + 1.0
    gain = _gain(score, allowed, worth)
    rows, first_row = _seats(seniors)
    columns, first_column = _seats(juniors)
    seated = gain[np.ix_(rows, columns)]
    seated[:first_row] += worth
    seated[:, :first_column] += worth
    seated[~allowed[np.ix_(rows, columns)]] = 0.0
    row, column = linear_sum_assignment(seated, maximize=True)
    row, column = rows[row], columns[column]
    kept = allowed[row, column]
    row, column = row[kept], column[kept]
    once = np.unique(row * len(juniors) + column)
    if len(once) == len(row):
        return row, column
    # two people paired twice: seats are too loose a picture, the network with unit arcs is not
    return _network(gain, allowed, (seniors, juniors), worth, (row, column))


def most(allowed: Flags, seniors: Ints, juniors: Ints) -> tuple[int, int]:
    """How many seniors and how many juniors can have a partner at all.

    >>> most(np.array([[True, True], [False, False]]), np.array([2, 1]), np.array([1, 1]))
    (1, 2)
    """
    with_senior = _covered(allowed[seniors > 0], juniors)
    if (seniors <= 1).all() and (juniors <= 1).all():
        return with_senior, with_senior
    return with_senior, _covered(allowed.T[juniors > 0], seniors)


def _covered(allowed: Flags, places: Ints) -> int:
    """How many rows can have a column, where column j can be had ``places[j]`` times."""
    seats, _ = _seats(np.minimum(places, allowed.sum(axis=0)))
    if not len(seats) or not len(allowed):
        return 0
    there = allowed[:, seats]
    # written down as it lies: scipy's own way from dense to sparse takes three times as long
    columns = (np.flatnonzero(there) % len(seats)).astype(np.int32)
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    graph = csr_array((np.ones(len(columns), bool), columns, ends), shape=there.shape)
    return int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())


def _seats(places: Ints) -> tuple[Ints, int]:
    """The person of each seat, everybody's first seat before anybody's second; how many firsts."""
    layers = [np.flatnonzero(places > layer) for layer in range(int(places.max(initial=0)))]
    return np.concatenate([*layers, np.empty(0, np.int64)]), len(layers[0]) if layers else 0


def _gain(score: Floats, allowed: Flags, worth: float) -> Floats:
    """The scores of allowed pairs between 0 and 1, and above them what a pair is worth."""
    gain = np.zeros(score.shape)
    values = score[allowed]
    if len(values):
        values -= values.min()
        span = values.max()
        gain[allowed] = (values / span if span > 0 else values) + worth
    return gain


def _network(
    gain: Floats, allowed: Flags, places: tuple[Ints, Ints], worth: float, start: Links
) -> Links:
    """The same optimum as a flow through arcs of one unit: a linear programme with whole answers.

    The programme starts with each person's best pairs; those that its prices show to be worth
    more than they cost enter until there are none (column generation).
    """
    active = np.zeros_like(allowed)
    active[start] = True
    outside = np.where(allowed, gain, -np.inf)
    while True:
        _enter(active, outside)
        row, column = np.nonzero(active)
        flow, prices = _flow(gain[row, column], (row, column), places, worth)
        reduced = gain - prices[: len(gain), None] - prices[len(gain) :]
        outside = np.where(allowed & ~active & (reduced > NOTHING), reduced, -np.inf)
        if np.isneginf(outside).all():
            return row[flow], column[flow]


def _enter(active: Flags, value: Floats) -> None:
    """Mark the most valuable finite entries of every row and column."""
    for matrix, values in ((active, value), (active.T, value.T)):
        few = min(ENTERING, values.shape[1])
        top = np.argpartition(-values, few - 1, axis=1)[:, :few]
        line = np.arange(len(values))[:, None]
        matrix[line, top] |= np.isfinite(values[line, top])


def _flow(
    gain: Floats, links: Links, places: tuple[Ints, Ints], worth: float
) -> tuple[Flags, Floats]:
    """Which links carry flow, and the price of a partner of each senior, then of each junior."""
    people, n = sum(map(len, places)), len(gain)
    ends = np.concatenate([links[0], links[1] + len(places[0])])
    member = coo_array((np.ones(2 * n), (ends, np.tile(np.arange(n), 2))), shape=(people, n))
    # at most so many partners; and with at least one of them a person counts as had
    limits = hstack([member, coo_array((people, people))])
    had = hstack([-member, eye_array(people)])
    solved = linprog(
        -np.concatenate([gain, np.full(people, worth)]),
        A_ub=vstack([limits, had]).tocsr(),
        b_ub=np.concatenate([*places, np.zeros(people)]),
        bounds=(0, 1),
        method="highs-ds",
    )
    if solved.status != 0:
        raise FitError(f"the best pairs were not found: {solved.message}")
    prices = -solved.ineqlin.marginals
    return solved.x[:n] > 0.5, prices[:people] - prices[people:]
