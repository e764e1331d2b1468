"""Newton's method on the criterion, all replicates at once, with the boundary found exactly.

A variance that stands alone in its column of the Cholesky factor enters by the square of theta: it
is stepped in that square, which reaches or crosses zero at once, and an exact zero is taken where
the criterion does not fall on leaving it. All else runs in theta, free of bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lanes import solve
from rmresearch.numerics.lmm.criterion import Problem, Value

__all__ = ["Found", "search"]

Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

MOST_STEPS = 80
#: the longest step, in units of max(1, |theta|)
LONGEST = 1.5
#: Newton decrement at which the search is over; below NEAR it is over after a few steps anyway,
#: as only rounding is left
CLOSE, NEAR, ROUNDS = 1e-17, 1e-9, 3
#: gradient (per unit of theta, or per unit of its logarithm where above 1) of a stationary point
STATIONARY = 1e-5
#: share of the largest curvature below which a direction counts as downward
SADDLE = 1e-7
#: share of the largest curvature that a pivot must exceed for the plain Newton step
FLAT = 1e-9
#: theta beyond which the residual variance is nothing beside a random effect's
RUNAWAY = 1e5
#: roots of relative variances from which what failed is started again, one after the other
STARTS = (1.0, 0.25, 4.0, 0.05)
#: a root below it is stepped as it is: its square is lost beside others
TINY = 1e-7
#: relative variance given to one that was put to zero too early
RELEASED = 0.02
#: roots of relative variances from which other valleys are looked for
LARGE, LITTLE = 8.0, 0.1
#: classes of blocks times replicates whose valleys are looked for at once
TOGETHER = 8_192


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where the search ended: ``theta`` (K, R), its ``value``, ``converged`` and ``steps`` (R,)."""

    theta: Array
    value: Value
    converged: Flags
    steps: Places


def search(
    problem: Problem,
    first: Array,
    diagonal: Flags,
    factors: Sequence[Any],
    own: Flags,
    thorough: Flags,
) -> Found:
    """Minimise the criterion from theta ``first`` (K, R).

    ``diagonal`` (K,) marks the diagonal entries of Cholesky factors, ``own`` those alone in their
    column, ``factors``: per row the indices of its entries, zero together where the row's variance
    is. ``thorough`` (R,): look for deeper valleys from other starts too.
    """
    start = diagonal[:, None] * np.ones(problem.replicates)
    found = _attempt(problem, first, factors, own)
    for scale in STARTS:
        failed = np.flatnonzero(~found.converged)
        if not failed.size:
            break
        again = _attempt(problem.restrict(failed), scale * start[:, failed], factors, own)
        better = again.converged | (again.value.f < found.value.f[failed])
        _replace(found, failed, again, better)
    _lower_rank(problem, found, factors, own)
    _leave_out(problem, found, factors, own)
    starts = np.stack(_valleys(diagonal), axis=-1)
    who = np.flatnonzero(thorough)
    size = max(TOGETHER // problem.classes, 16)
    for begin in range(0, who.size, size):
        some = who[begin : begin + size]
        # All starts run as replicates of their own: few searches cost as much as many.
        many = np.tile(some, starts.shape[1])
        again = _attempt(problem.restrict(many), starts.repeat(some.size, axis=1), factors, own)
        for number in range(starts.shape[1]):
            _keep_lower(found, some, again, number * some.size)
    return found


def _valleys(diagonal: Flags) -> list[Array]:
    """Where small designs hide a deeper valley: all large, all small, each large by itself."""
    places = np.flatnonzero(diagonal)
    found: list[Array] = [LARGE * diagonal.astype(float), LITTLE * diagonal.astype(float)]
    for place in places if places.size > 1 else ():
        roots: Array = LITTLE * diagonal.astype(float)
        roots[place] = LARGE
        found.append(roots)
    return found


def _lower_rank(problem: Problem, found: Found, factors: Sequence[Any], own: Flags) -> None:
    """Restart what failed from a covariance without a row's own part.

    Where an earlier variance is nearly zero, a row's entries can turn into each other at no cost,
    and the search creeps along that circle; on its edge it does not.
    """
    for entries in (e for e in factors if len(e) > 1):
        failed = np.flatnonzero(~found.converged)
        if not failed.size:
            break
        theta = found.theta[:, failed]
        whole = np.linalg.norm(theta[entries], axis=0)
        shared = np.linalg.norm(theta[entries[:-1]], axis=0)
        theta[entries[:-1]] *= np.where(shared > 0, whole / np.where(shared > 0, shared, 1.0), 1.0)
        theta[entries[-1]] = 0.0
        again = _attempt(problem.restrict(failed), theta, factors, own)
        better = again.converged & (again.value.f <= found.value.f[failed] + 1e-8)
        _replace(found, failed, again, better)


def _leave_out(problem: Problem, found: Found, factors: Sequence[Any], own: Flags) -> None:
    """Try each variance at zero: a second valley there may be the deeper one."""
    for entries in factors:
        theta = found.theta.copy()
        theta[entries] = 0.0
        lower = problem.height(theta) < found.value.f - 1e-9
        who = np.flatnonzero(lower & (found.theta[entries] != 0).any(axis=0))
        if who.size:
            again = _attempt(problem.restrict(who), theta[:, who], factors, own)
            _keep_lower(found, who, again)


def _attempt(problem: Problem, start: Array, factors: Sequence[Any], own: Flags) -> Found:
    theta, value, steps = _descend(problem, start, np.zeros(start.shape, dtype=bool), own)
    moved = _snap(problem, theta, value, factors)
    if moved.size:
        ends = np.zeros(start.shape[0], dtype=bool)
        ends[[entries[-1] for entries in factors]] = True
        again = theta[:, moved]
        held = (again == 0.0) & ends[:, None]
        polished, better, more = _descend(problem.restrict(moved), again, held, own)
        theta[:, moved] = polished
        steps[moved] += more
        _put(value, moved, better)
    return Found(theta, value, _stationary(theta, value), steps)


def _descend(
    problem: Problem, start: Array, held: Flags, own: Flags
) -> tuple[Array, Value, Places]:
    """Damped Newton steps; each replicate runs its own course and leaves when it has arrived.

    Entries ``held`` (K, R) stay as they are.
    """
    theta, value = start.copy(), problem.evaluate(start)
    ended, end_value = theta.copy(), value
    steps = np.zeros(start.shape[1], dtype=np.intp)
    who = np.arange(start.shape[1])
    alive = np.isfinite(value.f)
    damping, near = np.ones(who.size), np.zeros(who.size, dtype=np.intp)
    for _ in range(MOST_STEPS):
        step = _step(theta, value.gradient, value.hessian, held, own)
        near += (step.decrement < NEAR) & (damping == 1.0)
        over = (step.decrement < CLOSE) | (near > ROUNDS) | (damping < 1e-12)
        over |= np.abs(theta).max(axis=0) > RUNAWAY
        done = np.flatnonzero(alive & over)
        ended[:, who[done]] = theta[:, done]
        _put(end_value, who[done], _pick(value, done))
        alive &= ~over
        rest = np.count_nonzero(alive)
        if not rest:
            break
        if rest < 0.8 * who.size:
            keep = np.flatnonzero(alive)
            problem, value, step = problem.restrict(keep), _pick(value, keep), step.restrict(keep)
            theta, held = theta[:, keep], held[:, keep]
            who, alive, damping, near = who[keep], alive[keep], damping[keep], near[keep]
        trial = step.taken(theta, damping)
        tried = problem.evaluate(trial)
        with np.errstate(invalid="ignore"):
            good = tried.f <= value.f + 1e-11 * (1.0 + np.abs(value.f))
        steps[who] += alive
        bad = np.flatnonzero(~good)
        if bad.size:
            trial[:, bad] = theta[:, bad]
            _put(tried, bad, _pick(value, bad))
        damping = np.where(good, 1.0, 0.25 * damping)
        theta, value = trial, tried
    left = np.flatnonzero(alive)
    ended[:, who[left]] = theta[:, left]
    _put(end_value, who[left], _pick(value, left))
    return ended, end_value, steps


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """A step ``move`` (K, R), in theta or, where ``squared`` (K, R), in its square.

    ``decrement`` (R,): the fall of the criterion that it promises, twice.
    """

    move: Array
    squared: Flags
    decrement: Array

    def restrict(self, which: Places) -> _Step:
        return _Step(self.move[:, which], self.squared[:, which], self.decrement[which])

    def taken(self, theta: Array, damping: Array) -> Array:
        """Where it leads: a square that would be negative becomes zero."""
        move = self.move * damping
        square = np.sqrt(np.maximum(theta * theta + move, 0.0))
        result: Array = np.where(self.squared, square, theta + move)
        return result


def _step(theta: Array, gradient: Array, hessian: Array, held: Flags, own: Flags) -> _Step:
    """The Newton step and its decrement.

    A variance that stands alone in its column of the factor enters by its square: near a boundary
    the criterion is close to quadratic in the square, and Newton's step reaches or crosses zero at
    once. Where that is not convex, theta itself steps, with every curvature made positive.
    """
    k = np.arange(theta.shape[0])
    if held.any():
        gradient = np.where(held, 0.0, gradient)
        hessian = np.where(held[:, None] | held[None], 0.0, hessian)
        hessian[k, k] += held
    squared = own[:, None] & (np.abs(theta) > TINY) & ~held
    rate = np.where(squared, 2.0 * theta, 1.0)
    slope = gradient / rate
    curve = hessian / (rate[:, None] * rate[None])
    curve[k, k] -= np.where(squared, 2.0 * slope / (rate * rate), 0.0)
    move, convex = solve(curve, -slope, FLAT)
    move = _within(theta, move, squared, curve, slope)
    other = np.flatnonzero(~(convex & (np.add.reduce(slope * move) <= 0.0)))
    if other.size:
        squared[:, other] = False
        plain, positive = solve(hessian[..., other], -gradient[:, other], FLAT)
        bent = np.flatnonzero(~positive)
        if bent.size:
            plain[:, bent] = _bent(hessian[..., other[bent]], -gradient[:, other[bent]])
        move[:, other] = plain
        slope[:, other] = gradient[:, other]
    # At zero a square's slope is half the curvature: downhill, it must leave.
    curvature = hessian[k, k]
    leaving = own[:, None] & (theta == 0.0) & ~held
    leaving &= curvature < -SADDLE * np.maximum(1.0, np.abs(curvature).max(axis=0))
    if leaving.any():
        squared |= leaving
        move = np.where(leaving, RELEASED, move)
        slope = np.where(leaving, 0.5 * curvature, slope)
    decrement = np.abs(np.add.reduce(slope * move))
    return _Step(_capped(theta, move, squared), squared, decrement)


def _within(theta: Array, move: Array, squared: Flags, curve: Array, slope: Array) -> Array:
    """The step again, where a square would be negative: it goes to zero, the others follow.

    One at a time, the furthest below first: with it at zero the next may no longer be below.
    """
    floor = -theta * theta
    bound = np.zeros(theta.shape, dtype=bool)
    for _ in range(theta.shape[0]):
        below = squared & ~bound & (move < floor)
        index = np.flatnonzero(below.any(axis=0))
        if not index.size:
            break
        excess = np.where(below, floor - move, 0.0)[:, index]
        bound[excess.argmax(axis=0), index] = True
        at = bound[:, index]
        system = np.where(at[:, None], np.eye(theta.shape[0])[:, :, None], curve[..., index])
        right = np.where(at, floor[:, index], -slope[:, index])
        move[:, index] = solve(system, right, FLAT)[0]
    return move


def _capped(theta: Array, move: Array, squared: Flags) -> Array:
    """No step longer than LONGEST, in units of theta."""
    size = np.maximum(1.0, np.sqrt(np.add.reduce(theta * theta)))
    reach = np.abs(theta) + LONGEST * size
    most = np.where(squared, reach * reach - theta * theta, LONGEST * size)
    rise = np.where(squared, np.maximum(move, 0.0), np.abs(move))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.where(rise > most, most / rise, 1.0).min(axis=0)
    result: Array = move * share
    return result


def _bent(hessian: Array, right: Array) -> Array:
    """The same with negative curvatures turned round and flat ones raised."""
    size, axes = np.linalg.eigh(np.moveaxis(hessian, -1, 0))
    largest = np.abs(size).max(axis=1, keepdims=True)
    along = (right.T[:, None] @ axes)[:, 0] / np.maximum(np.abs(size), FLAT * largest + 1e-300)
    step: Array = (axes @ along[..., None])[..., 0].T
    return step


def _snap(problem: Problem, theta: Array, value: Value, factors: Sequence[Any]) -> Places:
    """Exact zeros, in place, where a small entry gains nothing: the diagonals, then whole rows."""
    moved = np.zeros(theta.shape[1], dtype=bool)
    for entries in [e[-1:] for e in factors] + [e for e in factors if len(e) > 1]:
        part = np.abs(theta[entries]).max(axis=0)
        index = np.flatnonzero((part < 0.02) & (part > 0) & np.isfinite(value.f))
        if not index.size:
            continue
        zeroed = theta[:, index]
        zeroed[entries] = 0.0
        some = problem.restrict(index)
        good = np.flatnonzero(some.height(zeroed) <= value.f[index] + 1e-9)
        if good.size:
            there = some.restrict(good).evaluate(zeroed[:, good])
            # Where the criterion falls on leaving zero, the small variance is the answer.
            curvature = np.abs(np.diagonal(there.hessian)).max(axis=1)
            last = there.hessian[entries[-1], entries[-1]]
            flat = np.flatnonzero(last >= -SADDLE * np.maximum(1.0, curvature))
            where = index[good[flat]]
            theta[:, where] = zeroed[:, good[flat]]
            moved[where] = True
            _put(value, where, _pick(there, flat))
    return np.flatnonzero(moved)


def _stationary(theta: Array, value: Value) -> Flags:
    """Flat in every direction, downward in none, and not on the way to infinity."""
    steep = np.abs(value.gradient) * np.maximum(1.0, np.abs(theta))
    with np.errstate(invalid="ignore"):
        flat: Flags = (steep < STATIONARY).all(axis=0) & (np.abs(theta).max(axis=0) < RUNAWAY)
    flat &= np.isfinite(value.f)
    plain = solve(value.hessian, value.gradient, FLAT)[1]
    index = np.flatnonzero(flat & ~plain)
    if index.size:
        size = np.linalg.eigvalsh(np.moveaxis(value.hessian[..., index], -1, 0))
        flat[index] = size[:, 0] > -SADDLE * np.maximum(1.0, np.abs(size).max(axis=1))
    return flat


def _pick(value: Value, which: Places) -> Value:
    return Value(*(getattr(value, one.name)[..., which] for one in fields(Value)))


def _put(value: Value, where: Places, new: Value) -> None:
    """Replace the replicates at ``where``, in place: the arrays are our own."""
    if where.size:
        for one in fields(Value):
            getattr(value, one.name)[..., where] = getattr(new, one.name)


def _keep_lower(found: Found, who: Places, again: Found, skip: int = 0) -> None:
    """Take what is lower: ``again`` holds ``who`` after ``skip`` others."""
    mine = slice(skip, skip + who.size)
    lower = again.value.f[mine] < found.value.f[who] - 1e-9
    _replace(found, who, again, again.converged[mine] & lower, skip)


def _replace(found: Found, who: Places, again: Found, which: Flags, skip: int = 0) -> None:
    index = np.flatnonzero(which)
    where, index = who[index], index + skip
    found.theta[:, where] = again.theta[:, index]
    found.converged[where] = again.converged[index]
    found.steps[where] += again.steps[index]
    _put(found.value, where, _pick(again.value, index))
