"""Permutation of pairings: would other partners have shown so much by chance?

The null hypothesis is sharp: everybody's outcome is the same under any admissible partner. The
set of arrangements is that of all pairings in which everybody keeps as many partners as they have
and no pair is forbidden. Beyond 100,000 of them they are drawn: by shuffling where within each part
everybody may meet everybody, else by a parallel chain (Besag and Clifford 1989, Biometrika 76:
633-642, section 3): from the recorded pairing some sweeps back, and from there as many forward for
each draw. Under the null the recorded pairing and the draws are then exchangeable, so that the
p-value is valid however fast the chain mixes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array

__all__ = ["Pairings", "Repaired", "pairings", "studentised"]

Codes = NDArray[np.intp]
Flags = NDArray[np.bool_]

EXACT_LIMIT = 100_000
#: steps of the search after which a set of arrangements counts as too large to list
SEARCHED = 1_000_000
#: sweeps of the chain, in each of which everybody is offered an exchange with somebody
SWEEPS = 40
#: numbers held at once by one batch of arrangements
BATCH = 2_000_000


@dataclass(frozen=True, slots=True)
class Repaired:
    """The two-sided p of the recorded pairing among ``arrangements`` (None: not counted).

    ``exact``: all were tried, the recorded one among them; else p = (1 + as extreme) /
    (1 + draws), with ``mc_error`` its Monte Carlo standard error. ``smallest_p`` is the least p
    that could have been reached.
    """

    p: float
    statistic: float
    exact: bool
    arrangements: int | None
    draws: int
    mc_error: float
    smallest_p: float


@dataclass(frozen=True, slots=True, eq=False)
class Pairings:
    """Arrangements of ``own`` people with ``other`` people: each row of ``made`` has, for every
    pair (its own person stays), the other person of that arrangement (N, pairs).

    The recorded one is the first row of a drawn set, and one of the rows of an ``exact`` one.
    """

    made: NDArray[np.int32]
    recorded: int
    exact: bool

    def test(self, statistic: Callable[[Codes], Array]) -> Repaired:
        """Compare the recorded pairing's ``statistic`` with all others'.

        ``statistic`` takes arrangements (B, pairs) and gives a number for each. One that an
        arrangement does not define (NaN) counts as extreme; undefined for the recorded pairing it
        raises ``FitError``. What differs by rounding alone counts as equal.
        """
        n, width = self.made.shape
        batch = max(1, BATCH // width)
        sizes = np.abs(
            np.concatenate(
                [statistic(self.made[at : at + batch].astype(np.intp)) for at in range(0, n, batch)]
            )
        )
        observed = float(sizes[self.recorded])
        if np.isnan(observed):
            raise FitError("the statistic is not defined for the recorded pairs")
        undefined = int(np.isnan(sizes).sum())
        known = sizes[~np.isnan(sizes)]
        extreme = undefined + int((known >= observed * (1 - 1e-9) - 1e-12).sum())
        p = extreme / n
        if self.exact:
            top = float(known.max())
            least = (undefined + int((known >= top * (1 - 1e-9) - 1e-12).sum())) / n
            return Repaired(p, observed, True, n, n, 0.0, least)
        error = float(np.sqrt(p * (1.0 - p) / n))
        return Repaired(p, observed, False, None, n - 1, error, (1 + undefined) / n)


def pairings(
    own: Codes,
    other: Codes,
    allowed: Flags,
    *,
    rng: np.random.Generator | None = None,
    draws: int = 9_999,
    limit: int = EXACT_LIMIT,
) -> Pairings:
    """All arrangements of the pairs, or, beyond ``limit`` of them, ``draws`` random ones.

    ``own`` and ``other`` (pairs,) are codes of the two people of each recorded pair, ``allowed``
    (own people, other people) the pairs that may be made. A recorded pair that is not allowed or
    stands there twice raises ``FitError``; more than ``limit`` arrangements without ``rng``
    ``ValueError``.

    >>> allowed = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]], bool)
    >>> found = pairings(np.arange(3), np.arange(3), allowed)
    >>> found.exact, sorted(found.made.tolist())
    (True, [[0, 1, 2], [0, 2, 1], [1, 0, 2]])
    """
    broken = int((~allowed[own, other]).sum())
    if broken:
        raise FitError(f"{broken} of {len(own)} recorded pairs are not admissible")
    if len(np.unique(own * np.intp(allowed.shape[1]) + other)) < len(own):
        raise FitError("the same two people are recorded as a pair twice")
    listed = _listed(own, other, allowed, limit)
    if listed is not None:
        recorded = int(
            np.flatnonzero((_sorted(listed, own) == _sorted(other[None], own)).all(1))[0]
        )
        return Pairings(listed, recorded, True)
    if rng is None:
        raise ValueError(f"more than {limit:,} arrangements are too many to try all: rng is needed")
    return Pairings(_drawn(own, other, allowed, draws, rng), 0, False)


def studentised(
    y: Array, fixed: Array, own: Codes, fit: Array, trait: Array | None
) -> Callable[[Codes], Array]:
    """The partial coefficient of how well a person and the partners fit, over its HC1 error.

    ``y`` (n,) outcomes (NaN: missing, which stays with its person), ``fixed`` (n, q) what does
    not move (the intercept first, baseline, the own trait), ``own`` (pairs,) codes of the own
    people, ``fit`` (n, others) and ``trait`` (others,) the partners' own trait (None: not in the
    model). Of several partners means are taken. Whoever lacks a number in an arrangement is left
    out of it.
    """
    keep = np.isfinite(y) & np.isfinite(fixed).all(axis=1)
    place = np.cumsum(keep) - 1
    pairs = np.flatnonzero(keep[own])
    people, n = place[own[pairs]], int(keep.sum())
    partners = np.bincount(people, minlength=n)
    outcome, base = y[keep] - y[keep].mean(), fixed[keep]
    # beside an intercept an origin changes nothing but the rounding
    base = np.column_stack([base[:, :1], base[:, 1:] - base[:, 1:].mean(axis=0)])
    scale = np.linalg.norm(base, axis=0)
    base = base / np.where(scale > 0, scale, 1.0)
    middle, spread = np.nanmean(fit), np.nanstd(fit)
    level = 0.0 if trait is None else float(np.nanmean(trait))

    def mean(values: Array) -> Array:
        return _summed(values, people, n) / partners

    def statistic(arrangements: Codes) -> Array:
        them = arrangements[:, pairs]
        columns = [mean((fit[own[pairs], them] - middle) / (spread or 1.0))]
        if trait is not None:
            columns.append(mean(trait[them] - level))
        return _partial(outcome, base, columns)

    return statistic


def _summed(values: Array, people: Codes, n: int) -> Array:
    """Sums (B, n) of ``values`` (B, pairs) over each person's pairs."""
    if len(people) == n:
        made = np.empty_like(values)
        made[:, people] = values
        return made
    order = np.argsort(people, kind="stable")
    starts = np.flatnonzero(np.diff(people[order], prepend=-1))
    return np.add.reduceat(values[:, order], starts, axis=1)


def _partial(y: Array, fixed: Array, moving: list[Array]) -> Array:
    """t (B,) of the first of the ``moving`` columns (B, n) beside the others and ``fixed``."""
    known = np.isfinite(moving[0])
    for column in moving[1:]:
        known &= np.isfinite(column)
    weight = known.astype(float)
    x = np.empty((*weight.shape, len(moving) + fixed.shape[1]))
    for j, column in enumerate(moving):
        x[..., j] = np.where(known, column, 0.0)
    x[..., len(moving) :] = fixed * weight[..., None]
    # what is determined by other columns, or nearly so, has no partial coefficient
    length = np.linalg.norm(x, axis=-2)
    x /= np.where(length > 0, length, 1.0)[..., None, :]
    gram = np.swapaxes(x, -1, -2) @ x
    usable = (length > 0).all(axis=-1) & (np.linalg.eigvalsh(gram)[..., 0] > 1e-9)
    gram[~usable] = np.eye(gram.shape[-1])
    inverse = np.linalg.inv(gram)
    coef = (inverse @ (np.swapaxes(x, -1, -2) @ y[:, None]))[..., 0]
    resid = (y - (x @ coef[..., None])[..., 0]) * weight
    influence = (x @ inverse[..., 0][..., None])[..., 0] * resid
    rows, p = weight.sum(axis=-1), x.shape[-1]
    usable &= rows > p
    factor = np.where(usable, rows / np.maximum(rows - p, 1.0), 1.0)
    se = np.sqrt(factor * (influence**2).sum(axis=-1))
    noise = 1e-10 * max(float(np.abs(y).max(initial=0.0)), np.finfo(float).tiny)
    usable &= se > noise
    return np.where(usable, coef[..., 0] / np.where(usable, se, 1.0), np.nan)


def _sorted(made: NDArray[Any], own: Codes) -> NDArray[Any]:
    """Arrangements with each own person's partners in order, so that equal ones look equal."""
    keys = made.astype(np.int64) + own.astype(np.int64) * (int(made.max()) + 1)
    return np.sort(keys, axis=1)


def _listed(own: Codes, other: Codes, allowed: Flags, limit: int) -> NDArray[np.int32] | None:
    """Every arrangement (N, pairs), or None where there are more than ``limit``."""
    parts, total = [], 1
    for pairs in _apart(own, other, allowed):
        if _many(own[pairs], other[pairs], allowed, limit // total):
            return None
        made = _of_part(own[pairs], other[pairs], allowed, limit // total)
        if made is None:
            return None
        parts.append((pairs, np.array(made, np.int32)))
        total *= len(made)
    index = np.unravel_index(np.arange(total), [len(made) for _, made in parts])
    whole = np.empty((total, len(own)), np.int32)
    for (pairs, table), rows in zip(parts, index, strict=True):
        whole[:, pairs] = table[rows]
    return whole


def _apart(own: Codes, other: Codes, allowed: Flags) -> list[Codes]:
    """The pairs of each part of which nobody may be paired with anybody of another part."""
    mine, them = np.unique(own), np.unique(other)
    rows, columns = np.nonzero(allowed[np.ix_(mine, them)])
    size = len(mine) + len(them)
    links = coo_array((np.ones(len(rows)), (rows, columns + len(mine))), shape=(size, size))
    part = connected_components(links, directed=False)[1][np.searchsorted(mine, own)]
    return [np.flatnonzero(part == one) for one in np.unique(part)]


def _many(own: Codes, other: Codes, allowed: Flags, limit: int) -> bool:
    """Whether single partners certainly have more arrangements than ``limit``.

    Where one exists and everybody has k choices or more, there are k! (Hall 1948).
    """
    if len(np.unique(own)) < len(own) or len(np.unique(other)) < len(other):
        return False
    choices = int(allowed[np.ix_(own, other)].sum(axis=1).min())
    return factorial(min(choices, 20)) > limit


def _of_part(own: Codes, other: Codes, allowed: Flags, limit: int) -> list[list[int]] | None:
    """All arrangements of one part by depth-first search, those with few choices first."""
    ids, room = np.unique(other, return_counts=True)
    free = dict(zip(ids.tolist(), room.tolist(), strict=True))
    choices = {int(i): [j for j in free if allowed[i, j]] for i in np.unique(own)}
    order = sorted(range(len(own)), key=lambda at: (len(choices[int(own[at])]), own[at], at))
    whose = [int(own[at]) for at in order]
    chosen: list[int] = []
    found: list[list[int]] = []
    waiting = [_next(whose, chosen, choices, free)]
    for _ in range(SEARCHED):
        if not waiting:
            return found
        partner = next(waiting[-1], None)
        if partner is None:
            waiting.pop()
            if chosen:
                free[chosen.pop()] += 1
            continue
        chosen.append(partner)
        free[partner] -= 1
        if len(chosen) == len(order):
            if len(found) == limit:
                return None
            made = [0] * len(order)
            for at, one in zip(order, chosen, strict=True):
                made[at] = one
            found.append(made)
            waiting.append(iter(()))
        else:
            waiting.append(_next(whose, chosen, choices, free))
    return None


def _next(
    whose: list[int], chosen: list[int], choices: dict[int, list[int]], free: dict[int, int]
) -> Iterator[int]:
    """Who may be the next pair's partner; somebody's several partners come in one order only."""
    at = len(chosen)
    again = at > 0 and whose[at - 1] == whose[at]
    after = chosen[-1] if again else -1
    return iter([one for one in choices[whose[at]] if free[one] and one > after])


def _drawn(
    own: Codes, other: Codes, allowed: Flags, draws: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """The recorded arrangement, then ``draws`` others (1 + draws, pairs)."""
    made = np.empty((1 + draws, len(own)), np.int32)
    made[:] = other
    parts = _apart(own, other, allowed)
    single = len(np.unique(own)) == len(own) or len(np.unique(other)) == len(other)
    if single and all(allowed[np.ix_(own[one], other[one])].all() for one in parts):
        for one in parts:
            made[1:, one] = rng.permuted(made[1:, one], axis=1)
        return made
    steps = list(_steps(own, rng))
    start = made[:1].copy()
    for step in reversed(steps):
        _exchange(start, own, allowed, step, rng)
    batch = max(1, BATCH // len(own))
    for at in range(1, 1 + draws, batch):
        some = np.repeat(start, min(batch, 1 + draws - at), axis=0)
        for step in steps:
            _exchange(some, own, allowed, step, rng)
        made[at : at + batch] = some
    return made


def _steps(own: Codes, rng: np.random.Generator) -> Iterator[tuple[Codes, Codes]]:
    """Which pairs are offered an exchange with which others, in turn.

    Where people have several pairs, exchanges of one step could give somebody the same partner
    twice: then one is made at a time.
    """
    middle = len(own) // 2
    several = len(np.unique(own)) < len(own)
    for _ in range(SWEEPS):
        order = rng.permutation(len(own))
        first, second = order[:middle], order[middle : 2 * middle]
        if several:
            yield from zip(first[:, None], second[:, None], strict=True)
        else:
            yield first, second


def _exchange(
    made: NDArray[np.int32],
    own: Codes,
    allowed: Flags,
    step: tuple[Codes, Codes],
    rng: np.random.Generator,
) -> None:
    """Let pairs, two by two, exchange partners by the toss of a coin, where they may."""
    first, second = step
    mine, theirs = made[:, first], made[:, second]
    fine = allowed[own[first], theirs] & allowed[own[second], mine]
    fine &= rng.random(fine.shape) < 0.5
    if len(first) == 1:
        for place, comes in ((first, theirs), (second, mine)):
            held = own == own[place]
            held[[first[0], second[0]]] = False
            fine &= ~(made[:, held] == comes).any(axis=1, keepdims=True)
    made[:, first] = np.where(fine, theirs, mine)
    made[:, second] = np.where(fine, mine, theirs)
