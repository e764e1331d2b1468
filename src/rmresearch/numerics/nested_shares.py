"""Profile intervals of variance shares for many replicates of nested random intercepts at once.

What `shares` finds for one data set: people with an intercept, perhaps sets of people with one
more, each answer with a residual. A person's answers count only by how many there are and by
their sums, a set's by those of its people, so that the restricted likelihood of all replicates is
a few sums at any shares (Searle, Casella and McCulloch 1992, section 3.7).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rmresearch.numerics.basis import Array
from rmresearch.numerics.roots import bracketed
from rmresearch.numerics.shares import EDGE, Shares

__all__ = ["nested_shares"]

Flags = NDArray[np.bool_]
Codes = NDArray[np.intp]

#: numbers held at once for the sets of some replicates
ROOM = 4_000_000
#: ends are searched until their bracket is so narrow
NARROW = 1e-9
#: the golden section, steps of it, and half the width of the parabola that follows
GOLDEN, SECTIONS, HALF = 0.5 * (np.sqrt(5.0) - 1.0), 24, 1e-5


def nested_shares(
    y: ArrayLike,
    x: ArrayLike,
    present: ArrayLike,
    sets: ArrayLike | None,
    variances: ArrayLike,
    *,
    level: float = 0.95,
) -> Shares:
    """Shares and their profile intervals (R, K + 1) at ``variances`` (R, K + 1), the residual last.

    ``y`` and ``present`` (R, people, waves), ``x`` (people, waves, p) with full rank in the rows
    of each replicate, ``sets`` (people,) codes of the sets that have an intercept beside people's
    (K = 2), None where none has (K = 1). Raises ``ValueError`` where a residual variance is not
    above 0.

    As `shares` has it, four groups of two, means 0, 2, 4, 6 and values 1 around them:

    >>> import numpy as np
    >>> y, x = np.array([[[-1.0, 1], [1, 3], [3, 5], [5, 7]]]), np.ones((4, 2, 1))
    >>> found = nested_shares(y, x, np.isfinite(y), None, [[17 / 3, 2.0]])
    >>> np.round(found.value, 4).tolist()
    [[0.7391, 0.2609]]
    """
    sizes, fixed = np.asarray(variances, float), np.asarray(x, float)
    if not (sizes[:, -1] > 0).all():
        raise ValueError("shares need a residual variance above 0")
    outcome, there = np.asarray(y, float), np.asarray(present, bool)
    codes = None if sets is None else np.unique(np.asarray(sets), return_inverse=True)[1]
    people, waves, p = fixed.shape
    step = max(1, ROOM // (people * waves * (p + 1)))
    parts = []
    for start in range(0, len(sizes), step):
        some = slice(start, start + step)
        parts.append(_some(_summed(outcome[some], fixed, there[some], codes), sizes[some], level))
    return Shares(*(np.concatenate(one) for one in zip(*parts, strict=True)))


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """What the likelihood needs of R replicates, z being the p columns of x and, last, y.

    ``whole`` (R, p + 1, p + 1) products of z over all rows; ``rows`` (R,); by the number m of a
    person's answers, from 1 on: ``people`` (R, m) how many, ``products`` (R, m, (p + 1)^2) of
    their sums, and, by set too, ``held`` (R, sets, m) how many and ``inside`` (R, m,
    sets x (p + 1)) their sums; the last two None without sets.
    """

    whole: Array
    rows: Array
    people: Array
    products: Array
    held: Array | None
    inside: Array | None

    def criterion(self, share: Array) -> Array:
        """-2 x the restricted log-likelihoods (R,), less a constant each, at ``share`` (R, K+1)."""
        own, left = share[:, :1], share[:, -1:]
        count = np.arange(1, self.people.shape[1] + 1)
        total = left + count * own
        logdet = (self.people * ((count - 1) * np.log(left) + np.log(total))).sum(axis=1)
        inner = ((own / total)[:, None] @ self.products).reshape(self.whole.shape)
        gram = (self.whole - inner) / left[..., None]
        if self.held is not None and self.inside is not None:
            among, size = share[:, 1:2], gram.shape[-1]
            reach = (self.held @ (count / total)[..., None])[..., 0]
            sums = ((1.0 / total)[:, None] @ self.inside).reshape(len(share), -1, size)
            weight = among / (1.0 + among * reach)
            gram -= sums.swapaxes(1, 2) @ (weight[..., None] * sums)
            logdet += np.log1p(among * reach).sum(axis=1)
        pivots = np.log(np.diagonal(np.linalg.cholesky(gram), axis1=1, axis2=2))
        p = pivots.shape[1] - 1
        found: Array = logdet + 2.0 * pivots[:, :p].sum(axis=1)
        found += 2.0 * (self.rows - p) * pivots[:, p]
        return found


def _summed(y: Array, x: Array, there: Flags, sets: Codes | None) -> _Sums:
    people, waves, p = x.shape
    basis = np.linalg.qr(x.reshape(-1, p))[0]
    seen = there.reshape(len(y), -1).astype(float)
    # residuals of y keep the digits that a large mean would take
    left = np.where(there, y, 0.0).reshape(len(y), -1)
    for _ in range(2):
        masked = basis.T * seen[:, None]
        step = np.linalg.solve(masked @ basis, masked @ left[..., None])
        left = left - seen * (step[..., 0] @ basis.T)
    columns = np.concatenate([seen[..., None] * basis, left[..., None]], axis=-1)
    sums = columns.reshape(len(y), people, waves, p + 1).sum(axis=2)
    answers = there.sum(axis=2)
    by_count = (answers[..., None] == np.arange(1, waves + 1)).swapaxes(1, 2)  # (R, m, people)
    flat = (sums[..., :, None] * sums[..., None, :]).reshape(len(y), people, -1)
    held = inside = None
    if sets is not None:
        order = np.argsort(sets, kind="stable")
        starts = np.flatnonzero(np.diff(sets[order], prepend=-1))
        counted = by_count[..., order].astype(float)
        held = np.add.reduceat(counted, starts, axis=2).swapaxes(1, 2)
        inside = np.add.reduceat(counted[..., None] * sums[:, None, order], starts, axis=2)
        inside = inside.reshape(len(y), waves, -1)
    return _Sums(
        whole=columns.swapaxes(1, 2) @ columns,
        rows=seen.sum(axis=1),
        people=by_count.sum(axis=2).astype(float),
        products=by_count.astype(float) @ flat,
        held=held,
        inside=inside,
    )


def _some(sums: _Sums, sizes: Array, level: float) -> tuple[Array, Array, Array]:
    """Values and both ends of some replicates."""
    value = sizes / sizes.sum(axis=1, keepdims=True)
    limit = sums.criterion(value) + float(special.ndtri(0.5 + level / 2.0)) ** 2
    low, high = np.empty(value.shape), np.empty(value.shape)
    for j in range(value.shape[1]):
        if value.shape[1] == 2 and j == 1:  # of two shares each is what the other leaves
            low[:, 1], high[:, 1] = 1.0 - high[:, 0], 1.0 - low[:, 0]
            continue

        def above(r: Array, j: int = j) -> Array:
            return _profile(sums, j, r) - limit

        here = np.clip(value[:, j], EDGE, 1.0 - EDGE)
        for edge, into in ((EDGE, low), (1.0 - EDGE, high)):
            into[:, j] = _end(above, here, edge)
    return value, low, high


def _end(above: Callable[[Array], Array], here: Array, edge: float) -> Array:
    """Where ``above`` becomes positive between ``here`` (R,) and the edge, 0 or 1 where it never
    does.
    """
    outer = np.full(here.shape, edge)
    beyond = above(outer)
    open_end = (np.abs(here - edge) <= EDGE) | (beyond <= 0.0)
    found = bracketed(above, outer, beyond, here, above(here), narrow=NARROW)
    return np.where(open_end, round(edge), found)


def _profile(sums: _Sums, j: int, r: Array) -> Array:
    """The least criteria with share j at ``r`` (R,): what is left is divided as fits best."""
    levels = 2 if sums.held is None else 3
    first, *others = [k for k in range(levels) if k != j]

    def at(part: Array) -> Array:
        given = np.empty((len(r), levels))
        given[:, j], given[:, first] = r, (1.0 - r) * part
        for other in others:
            given[:, other] = 1.0 - r - given[:, first]
        return sums.criterion(given)

    if not others:
        return at(np.ones(len(r)))
    return _least(at, len(r))


def _least(function: Callable[[Array], Array], lanes: int) -> Array:
    """The least values of a function of lanes on 0..1: of one valley, or at either end."""
    low, high = np.zeros(lanes), np.full(lanes, 1.0 - EDGE)
    inner, outer = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_inner, at_outer = function(inner), function(outer)
    for _ in range(SECTIONS):
        down = at_inner < at_outer
        low, high = np.where(down, low, inner), np.where(down, outer, high)
        fresh = np.where(down, high - GOLDEN * (high - low), low + GOLDEN * (high - low))
        value = function(fresh)
        inner, outer = np.where(down, fresh, outer), np.where(down, inner, fresh)
        at_inner, at_outer = np.where(down, value, at_outer), np.where(down, at_inner, value)
    found = [(inner, at_inner), (outer, at_outer)]
    found += [(edge, function(edge)) for edge in (np.zeros(lanes), np.full(lanes, 1.0 - EDGE))]
    best, least = found[0]
    for place, value in found[1:]:
        best, least = np.where(value < least, place, best), np.minimum(value, least)
    middle = np.clip(best, HALF, 1.0 - EDGE - HALF)
    sides = function(middle - HALF), function(middle), function(middle + HALF)
    bend = sides[0] - 2.0 * sides[1] + sides[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        move = 0.5 * HALF * (sides[0] - sides[2]) / bend
    place = np.clip(middle + np.where(bend > 0, move, 0.0), 0.0, 1.0 - EDGE)
    return np.minimum(least, function(place))
