"""Newton's method on the criterion, all replicates at once, with the boundary found exactly.

Variances are squares of theta, so a zero variance is a smooth stationary point: the search runs
free of bounds, and what is as good at an exact zero becomes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
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
#: starting values of the variances' roots, the later ones only for those that fail
STARTS = (1.0, 0.25, 4.0, 0.05)
#: where the search for a second valley starts
FAR = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where the search ended: ``theta`` (K, R), its ``value``, ``converged`` and ``steps`` (R,)."""

    theta: Array
    value: Value
    converged: Flags
    steps: Places


def search(problem: Problem, diagonal: Flags, factors: Sequence[Any]) -> Found:
    """Minimise the criterion; ``diagonal`` (K,) marks entries whose sign and zero have a meaning.

    ``factors``: per row of a Cholesky factor the indices of its entries, zero together where the
    row's variance is.
    """
    start = diagonal[:, None] * np.ones(problem.replicates)
    found = _attempt(problem, STARTS[0] * start, factors)
    for scale in STARTS[1:]:
        failed = np.flatnonzero(~found.converged)
        if not failed.size:
            break
        again = _attempt(problem.restrict(failed), scale * start[:, failed], factors)
        better = again.converged | (again.value.f < found.value.f[failed])
        _replace(found, failed, again, better)
    _lower_rank(problem, found, factors)
    edge = np.flatnonzero((found.theta[diagonal] == 0.0).any(axis=0))
    if edge.size:
        # On a boundary a second, far valley can be the deeper one: small unbalanced designs.
        _keep_lower(found, edge, _attempt(problem.restrict(edge), FAR * start[:, edge], factors))
    _leave_out(problem, found, factors)
    return found


def _lower_rank(problem: Problem, found: Found, factors: Sequence[Any]) -> None:
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
        again = _attempt(problem.restrict(failed), theta, factors)
        better = again.converged & (again.value.f <= found.value.f[failed] + 1e-8)
        _replace(found, failed, again, better)


def _leave_out(problem: Problem, found: Found, factors: Sequence[Any]) -> None:
    """Try each variance at zero: a second valley there may be the deeper one."""
    for entries in factors:
        theta = found.theta.copy()
        theta[entries] = 0.0
        lower = problem.height(theta) < found.value.f - 1e-9
        who = np.flatnonzero(lower & (found.theta[entries] != 0).any(axis=0))
        if who.size:
            _keep_lower(found, who, _attempt(problem.restrict(who), theta[:, who], factors))


def _attempt(problem: Problem, start: Array, factors: Sequence[Any]) -> Found:
    theta, value, steps = _descend(problem, start, np.zeros(start.shape, dtype=bool))
    moved = _snap(problem, theta, value, factors)
    if moved.size:
        own = np.zeros(start.shape[0], dtype=bool)
        own[[entries[-1] for entries in factors]] = True
        again = theta[:, moved]
        held = (again == 0.0) & own[:, None]
        polished, better, more = _descend(problem.restrict(moved), again, held)
        theta[:, moved] = polished
        steps[moved] += more
        _put(value, moved, better)
    return Found(theta, value, _stationary(theta, value), steps)


def _descend(problem: Problem, start: Array, held: Flags) -> tuple[Array, Value, Places]:
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
        step, decrement = _step(theta, value.gradient, value.hessian, held)
        near += decrement < NEAR
        over = (decrement < CLOSE) | (near > ROUNDS) | (damping < 1e-12)
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
            problem, value = problem.restrict(keep), _pick(value, keep)
            theta, step, held = theta[:, keep], step[:, keep], held[:, keep]
            who, alive, damping, near = who[keep], alive[keep], damping[keep], near[keep]
        trial = theta + step * damping
        tried = problem.evaluate(trial)
        with np.errstate(invalid="ignore"):
            good = tried.f <= value.f + 1e-11 * (1.0 + np.abs(value.f))
        steps[who] += alive
        bad = np.flatnonzero(~good)
        if bad.size:
            trial[:, bad] = theta[:, bad]
            _put(tried, bad, _pick(value, bad))
        damping = np.where(good, np.minimum(1.0, 4.0 * damping), 0.25 * damping)
        theta, value = trial, tried
    left = np.flatnonzero(alive)
    ended[:, who[left]] = theta[:, left]
    _put(end_value, who[left], _pick(value, left))
    return ended, end_value, steps


def _step(theta: Array, gradient: Array, hessian: Array, held: Flags) -> tuple[Array, Array]:
    """The Newton step with every curvature made positive, capped; and the Newton decrement."""
    if held.any():
        gradient = np.where(held, 0.0, gradient)
        hessian = np.where(held[:, None] | held[None], 0.0, hessian)
        k = np.arange(held.shape[0])
        hessian[k, k] += held
    step, positive = _solved(hessian, -gradient)
    other = np.flatnonzero(~positive)
    if other.size:
        step[:, other] = _bent(hessian[..., other], -gradient[:, other])
    decrement = np.abs((gradient * step).sum(axis=0))
    length = np.sqrt((step * step).sum(axis=0))
    cap = LONGEST * np.maximum(1.0, np.sqrt((theta * theta).sum(axis=0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        step *= np.where(length > cap, cap / length, 1.0)
    return step, decrement


def _solved(hessian: Array, right: Array) -> tuple[Array, Flags]:
    """hessian^-1 right in lanes, and where every pivot is soundly positive."""
    k = right.shape[0]
    work, x = hessian.copy(), right.copy()
    largest = np.abs(hessian[np.arange(k), np.arange(k)]).max(axis=0)
    positive = np.ones(right.shape[1], dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for i in range(k):
            positive &= work[i, i] > FLAT * largest
            for j in range(i + 1, k):
                share = work[j, i] / work[i, i]
                work[j, i + 1 :] -= share * work[i, i + 1 :]
                x[j] -= share * x[i]
        for i in range(k - 1, -1, -1):
            for j in range(i + 1, k):
                x[i] -= work[i, j] * x[j]
            x[i] /= work[i, i]
    return x, positive


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
            theta[:, index[good]] = zeroed[:, good]
            moved[index[good]] = True
            _put(value, index[good], some.restrict(good).evaluate(zeroed[:, good]))
    return np.flatnonzero(moved)


def _stationary(theta: Array, value: Value) -> Flags:
    """Flat in every direction, downward in none, and not on the way to infinity."""
    steep = np.abs(value.gradient) * np.maximum(1.0, np.abs(theta))
    with np.errstate(invalid="ignore"):
        flat = (steep < STATIONARY).all(axis=0) & (np.abs(theta).max(axis=0) < RUNAWAY)
    flat &= np.isfinite(value.f)
    plain = _solved(value.hessian, value.gradient)[1]
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


def _keep_lower(found: Found, who: Places, again: Found) -> None:
    _replace(found, who, again, again.converged & (again.value.f < found.value.f[who] - 1e-9))


def _replace(found: Found, who: Places, again: Found, which: Flags) -> None:
    index = np.flatnonzero(which)
    where = who[index]
    found.theta[:, where] = again.theta[:, index]
    found.converged[where] = again.converged[index]
    found.steps[where] += again.steps[index]
    _put(found.value, where, _pick(again.value, index))
