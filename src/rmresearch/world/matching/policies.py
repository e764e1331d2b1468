"""Five ways to pair people, on arrays: chance, own wishes, rules, best first, best overall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import nearest
from rmresearch.world.matching.optimum import Links, best

__all__ = ["POLICIES", "assign"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
POLICIES = ("random", "self-selected", "rules", "greedy", "optimal")


def assign(
    score: Floats,
    allowed: Flags,
    policy: str,
    rng: np.random.Generator,
    *,
    juniors_per_senior: ArrayLike = 1,
    seniors_per_junior: ArrayLike = 1,
    wishes: tuple[Floats, Floats] | None = None,
) -> Ints:
    """Pair seniors with juniors under a policy: the juniors of each senior, -1 where none.

    Parameters
    ----------
    score:
        shape (..., seniors, juniors): how well a pair fits, higher is better, in any unit.
    allowed:
        the same shape: whether a pair may be made. Leading axes of both are replicates, which
        broadcast.
    policy:
        ``random``: chance alone, neither score nor allowed is looked at. ``rules``: chance
        among allowed pairs. ``greedy``: the best allowed pair of all, then the best of those
        whose people still have room, and so on. ``optimal``: the highest total score.
        ``rules`` and ``optimal`` leave out as few people as possible: nobody can be added without
        leaving out somebody else (`optimum.best`). ``self-selected``: people choose by
        ``wishes``; no two who are allowed would both rather have one another than a partner
        they got (deferred acceptance, seniors ask: Gale and Shapley 1962).
    rng:
        breaks ties: people are laid out in an order of chance first. One generator serves the
        replicates in turn, so that the first ones are the same however many follow.
    juniors_per_senior, seniors_per_junior:
        at most so many partners: one number, or one a person.
    wishes:
        how much each senior wants each junior, and each junior each senior, both of the score's
        shape; higher is more wanted. ``self-selected`` needs them.

    Returns
    -------
    shape (..., seniors, k) with k the most juniors a senior may have; a senior's juniors in
    increasing order, then -1.

    Raises ``ValueError`` for shapes, capacities or scores that cannot be used, all named at once.

    >>> rng = np.random.default_rng(1)
    >>> fit = np.array([[0.9, 0.8], [0.7, 0.0]])
    >>> assign(fit, np.ones((2, 2), bool), "greedy", rng).ravel()
    array([0, 1])
    >>> assign(fit, np.ones((2, 2), bool), "optimal", rng).ravel()
    array([1, 0])
    """
    score, allowed = np.asarray(score, np.float64), np.asarray(allowed)
    found = list(_problems(score, allowed, policy, wishes))
    seniors = _capacity("juniors_per_senior", juniors_per_senior, score.shape[-2:-1], found)
    juniors = _capacity("seniors_per_junior", seniors_per_junior, score.shape[-1:], found)
    if found:
        raise ValueError("; ".join(found))
    matrices = (score, allowed, *(() if wishes is None else wishes))
    return _by_replicate(policy, matrices, (seniors, juniors), rng)


def _by_replicate(
    policy: str,
    matrices: Sequence[NDArray[Any]],
    places: tuple[Ints, Ints],
    rng: np.random.Generator,
) -> Ints:
    shape = np.broadcast_shapes(*(matrix.shape for matrix in matrices))
    matrices = [np.broadcast_to(matrix, shape) for matrix in matrices]
    made = np.full((*shape[:-1], int(places[0].max(initial=0))), -1, dtype=np.int64)
    for at in np.ndindex(shape[:-2]):
        rows, columns = rng.permutation(shape[-2]), rng.permutation(shape[-1])
        room = places[0][rows], places[1][columns]
        if policy == "random":
            links = _by_chance(*room, rng)
        else:
            given = [matrix[at] for matrix in matrices]
            if policy == "rules":
                given[0] = rng.random(shape[-2:])
            # taking rows, then columns, is four times faster than a mesh of both
            shuffled = [one.take(rows, axis=0).take(columns, axis=1) for one in given]
            links = _chosen(policy, shuffled, room)
        _write(made[at], rows[links[0]], columns[links[1]])
    return made


def _problems(
    score: Floats, allowed: Flags, policy: str, wishes: tuple[Floats, Floats] | None
) -> Iterator[str]:
    if policy not in POLICIES:
        near = nearest(policy, POLICIES)
        hint = f"; did you mean {near}?" if near else ""
        yield f"policy is {policy!r}; expected one of {', '.join(POLICIES)}{hint}"
    matrices = {"score": score, "allowed": allowed}
    if wishes is not None:
        matrices |= {"seniors' wishes": wishes[0], "juniors' wishes": wishes[1]}
    elif policy == "self-selected":
        yield "self-selected pairs need wishes, of seniors and of juniors"
    if allowed.dtype != np.bool_:
        yield f"allowed holds {allowed.dtype}; expected True and False"
    sizes = {name: np.shape(matrix) for name, matrix in matrices.items()}
    if any(len(size) < 2 for size in sizes.values()) or len({s[-2:] for s in sizes.values()}) > 1:
        given = ", ".join(f"{name} {size}" for name, size in sizes.items())
        yield f"shapes differ: {given}; expected (..., seniors, juniors) of each"
    elif allowed.dtype == np.bool_:
        try:
            np.broadcast_shapes(*sizes.values())
        except ValueError:
            yield f"replicates differ: {', '.join(f'{n} {s}' for n, s in sizes.items())}"
            return
        looked_at = set() if policy in ("random", "rules") else set(matrices) - {"allowed"}
        for name in sorted(looked_at - ({"score"} if policy == "self-selected" else set())):
            if (allowed & ~np.isfinite(matrices[name])).any():
                yield f"{name}: some allowed pairs have no finite number"


def _capacity(name: str, given: ArrayLike, people: tuple[int, ...], found: list[str]) -> Ints:
    places = np.asarray(given)
    if places.dtype.kind not in "iu" or (places < 0).any():
        found.append(f"{name} holds something else than whole numbers from 0 on")
    elif places.ndim and places.shape != people:
        found.append(f"{name} has shape {places.shape}; expected one number, or {people}")
    else:
        return np.broadcast_to(places.astype(np.int64), people)
    return np.zeros(people, np.int64)


def _chosen(policy: str, matrices: list[NDArray[Any]], places: tuple[Ints, Ints]) -> Links:
    score, allowed, *wishes = matrices
    if policy == "greedy":
        return _greedy(score, allowed, *places)
    if policy == "self-selected":
        return _self_selected(wishes[0], wishes[1], allowed, *places)
    return best(score, allowed, *places)


def _write(made: Ints, seniors: Ints, juniors: Ints) -> None:
    """Each senior's juniors in increasing order."""
    order = np.lexsort((juniors, seniors))
    seniors = seniors[order]
    slot = np.arange(len(seniors)) - np.searchsorted(seniors, seniors)
    made[seniors, slot] = juniors[order]


def _by_chance(seniors: Ints, juniors: Ints, rng: np.random.Generator) -> Links:
    """People as they were shuffled, everybody's first place before anybody's second."""
    if seniors.max(initial=0) > 1 and juniors.max(initial=0) > 1:
        # place by place the same two people could meet twice
        shape = len(seniors), len(juniors)
        return best(rng.random(shape), np.ones(shape, bool), seniors, juniors)
    rows, columns = _places(seniors), _places(juniors)
    n = min(len(rows), len(columns))
    return rows[:n], columns[:n]


def _places(capacity: Ints) -> Ints:
    layer = np.arange(int(capacity.max(initial=0)))[:, None]
    return np.nonzero(capacity > layer)[1]


def _greedy(score: Floats, allowed: Flags, seniors: Ints, juniors: Ints) -> Links:
    row, column = np.nonzero(allowed)
    order = np.argsort(-score[row, column], kind="stable")
    row, column = row[order], column[order]
    left, right = seniors.tolist(), juniors.tolist()
    taken: list[tuple[int, int]] = []
    piece = 4 * (len(left) + len(right))
    while len(row):
        for i, j in zip(row[:piece].tolist(), column[:piece].tolist(), strict=True):
            if left[i] and right[j]:
                left[i] -= 1
                right[j] -= 1
                taken.append((i, j))
        # of the rest only pairs whose people have room are worth a look
        row, column = row[piece:], column[piece:]
        room = (np.array(left)[row] > 0) & (np.array(right)[column] > 0)
        row, column = row[room], column[room]
    pairs = np.array(taken, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _self_selected(
    by_senior: Floats, by_junior: Floats, allowed: Flags, seniors: Ints, juniors: Ints
) -> Links:
    """Seniors ask down their lists; juniors keep the best of those who asked, as many as fit."""
    lists = np.argsort(np.where(allowed, -by_senior, np.inf), axis=1, kind="stable")
    ends, room = allowed.sum(axis=1).tolist(), juniors.tolist()
    asked = [0] * len(ends)
    held: list[list[tuple[float, int]]] = [[] for _ in room]
    asking = np.repeat(np.arange(len(ends)), seniors).tolist()
    while asking:
        i = asking.pop()
        if asked[i] == ends[i]:
            continue
        j = int(lists[i, asked[i]])
        asked[i] += 1
        heappush(held[j], (float(by_junior[i, j]), -i))
        if len(held[j]) > room[j]:
            asking.append(-heappop(held[j])[1])
    pairs = [(-i, j) for j, those in enumerate(held) for _, i in those]
    links = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return links[:, 0], links[:, 1]
