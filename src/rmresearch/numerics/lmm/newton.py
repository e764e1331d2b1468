"""Newton's method on the criterion, all replicates at once, with the boundary found exactly.

Variances are squares of theta, so a zero variance is a smooth stationary point: the search runs
free of bounds, and what is as good at an exact zero becomes one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.criterion import Value

__all__ = ["Found", "search"]

#: criterion at theta (R', K) for the replicates of the given indices (R',)
Criterion = Callable[[Array, NDArray[np.intp]], Value]

MOST_STEPS = 80
#: the longest step, in units of max(1, |theta|)
LONGEST = 1.5
#: Newton decrement below which one last step is taken: what is left then is its square
CLOSE = 1e-9
#: gradient (per unit of theta, or per unit of its logarithm where above 1) of a stationary point
STATIONARY = 1e-5
#: share of the largest curvature below which a direction counts as downward
SADDLE = 1e-7
#: theta beyond which the residual variance is nothing beside a random effect's
RUNAWAY = 1e5
#: starting values of the variances' roots, the later ones only for those that fail
STARTS = (1.0, 0.25, 4.0, 0.05)

#: where the search for a second valley starts
FAR = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where the search ended: ``theta`` (R, K), its ``value``, ``converged`` and ``steps`` (R,)."""

    theta: Array
    value: Value
    converged: NDArray[np.bool_]
    steps: NDArray[np.intp]


def search(
    criterion: Criterion, replicates: int, diagonal: NDArray[np.bool_], factors: Sequence[Any]
) -> Found:
    """Minimise ``criterion``; ``diagonal`` (K,) marks entries whose sign and zero have a meaning.

    ``factors``: per row of a Cholesky factor the indices of its entries, zero together where the
    row's variance is.
    """
    everyone = np.arange(replicates)
    found = _attempt(criterion, everyone, np.tile(STARTS[0] * diagonal, (replicates, 1)), factors)
    for start in STARTS[1:]:
        failed = np.flatnonzero(~found.converged)
        if not failed.size:
            break
        again = _attempt(criterion, failed, np.tile(start * diagonal, (failed.size, 1)), factors)
        better = again.converged | (again.value.f < found.value.f[failed])
        found = _replace(found, failed[better], again, better)
    found = _lower_rank(criterion, found, factors)
    edge = np.flatnonzero((found.theta[:, diagonal] == 0.0).any(axis=1))
    if edge.size:
        # On a boundary a second, far valley can be the deeper one: small unbalanced designs.
        again = _attempt(criterion, edge, np.tile(FAR * diagonal, (edge.size, 1)), factors)
        found = _keep_lower(found, edge, again)
    return _leave_out(criterion, found, factors)


def _lower_rank(criterion: Criterion, found: Found, factors: Sequence[Any]) -> Found:
    """Restart what failed from a covariance without a row's own part.

    Where an earlier variance is nearly zero, a row's entries can turn into each other at no cost,
    and the search creeps along that circle; on its edge it does not.
    """
    for entries in (e for e in factors if len(e) > 1):
        failed = np.flatnonzero(~found.converged)
        if not failed.size:
            break
        theta = found.theta[failed]
        whole = np.linalg.norm(theta[:, entries], axis=1)
        shared = np.linalg.norm(theta[:, entries[:-1]], axis=1)
        longer = np.where(shared > 0, whole / np.where(shared > 0, shared, 1.0), 1.0)
        theta[:, entries[:-1]] *= longer[:, None]
        theta[:, entries[-1]] = 0.0
        again = _attempt(criterion, failed, theta, factors)
        better = again.converged & (again.value.f <= found.value.f[failed] + 1e-8)
        found = _replace(found, failed[better], again, better)
    return found


def _leave_out(criterion: Criterion, found: Found, factors: Sequence[Any]) -> Found:
    """Try each variance at zero: a second valley there may be the deeper one."""
    for entries in factors:
        theta = found.theta.copy()
        theta[:, entries] = 0.0
        open_ = np.flatnonzero((found.theta[:, entries] != 0).any(axis=1))
        if not open_.size:
            continue
        value = criterion(theta[open_], open_)
        lower = value.f < found.value.f[open_] - 1e-9
        if lower.any():
            who = open_[lower]
            found = _keep_lower(found, who, _attempt(criterion, who, theta[who], factors))
    return found


def _attempt(
    criterion: Criterion, who: NDArray[np.intp], start: Array, factors: Sequence[Any]
) -> Found:
    theta, value, steps = _descend(criterion, who, start)
    theta, value, moved = _snap(criterion, who, theta, value, factors)
    meaningful = np.zeros(theta.shape[1], dtype=bool)
    meaningful[[entries[-1] for entries in factors]] = True
    if moved.any():
        index = np.flatnonzero(moved)
        held = (theta[index] == 0.0) & meaningful
        polished, better, more = _descend(criterion, who[index], theta[index], held)
        theta[index] = polished
        steps[index] += more
        value = _merge(value, index, better)
    return Found(theta, value, _stationary(theta, value), steps)


def _descend(
    criterion: Criterion,
    who: NDArray[np.intp],
    start: Array,
    held: NDArray[np.bool_] | None = None,
) -> tuple[Array, Value, NDArray[np.intp]]:
    """Damped Newton steps; each replicate runs its own course and leaves when it has arrived.

    Entries ``held`` (R, K) stay as they are.
    """
    still = np.zeros(start.shape, dtype=bool) if held is None else held
    theta = start.copy()
    value = criterion(theta, who)
    steps = np.zeros(who.size, dtype=np.intp)
    damping = np.ones(who.size)
    last = np.zeros(who.size, dtype=bool)
    active = np.flatnonzero(np.isfinite(value.f))
    for _ in range(MOST_STEPS):
        if not active.size:
            break
        step, decrement = _step(
            theta[active], value.gradient[active], value.hessian[active], still[active]
        )
        ending = decrement < CLOSE
        trial = theta[active] + step * np.where(ending, 1.0, damping[active])[:, None]
        tried = criterion(trial, who[active])
        with np.errstate(invalid="ignore"):
            good = tried.f <= value.f[active] + 1e-11 * (1.0 + np.abs(value.f[active]))
        good &= np.isfinite(tried.f)
        accepted = active[good]
        theta[accepted] = trial[good]
        value = _merge(value, accepted, _pick(tried, good))
        steps[active] += 1
        now = damping[active]
        damping[active] = np.where(good, np.minimum(1.0, 4.0 * now), 0.25 * now)
        # The last step is taken once more, for its quadratic gain, and then the search is over.
        over = (ending & last[active]) | (ending & ~good) | (damping[active] < 1e-12)
        last[active] = ending
        active = active[~over & (np.abs(theta[active]).max(axis=1) < RUNAWAY)]
    return theta, value, steps


def _step(
    theta: Array, gradient: Array, hessian: Array, held: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """The Newton step with every curvature made positive, capped; and the Newton decrement."""
    gradient = np.where(held, 0.0, gradient)
    hessian = np.where(held[:, :, None] | held[:, None, :], 0.0, hessian)
    size, axes = np.linalg.eigh(hessian)
    largest = np.abs(size).max(axis=1, keepdims=True)
    curvature = np.maximum(np.abs(size), 1e-9 * largest + 1e-300)
    along = (gradient[:, None, :] @ axes)[:, 0]
    move = -along / curvature
    step = np.where(held, 0.0, (axes @ move[..., None])[..., 0])
    length = np.linalg.norm(step, axis=1)
    cap = LONGEST * np.maximum(1.0, np.linalg.norm(theta, axis=1))
    step *= np.minimum(1.0, cap / np.maximum(length, 1e-300))[:, None]
    return step, (along * -move).sum(axis=1)


def _snap(
    criterion: Criterion,
    who: NDArray[np.intp],
    theta: Array,
    value: Value,
    factors: Sequence[Any],
) -> tuple[Array, Value, NDArray[np.bool_]]:
    """Exact zeros where a small entry gains nothing: the diagonals, then whole rows."""
    moved = np.zeros(who.size, dtype=bool)
    for entries in [e[-1:] for e in factors] + [e for e in factors if len(e) > 1]:
        part = np.abs(theta[:, entries]).max(axis=1)
        index = np.flatnonzero((part < 0.02) & (part > 0) & np.isfinite(value.f))
        if not index.size:
            continue
        zeroed = theta[index]
        zeroed[:, entries] = 0.0
        tried = criterion(zeroed, who[index])
        good = tried.f <= value.f[index] + 1e-9
        theta[index[good]] = zeroed[good]
        value = _merge(value, index[good], _pick(tried, good))
        moved[index[good]] = True
    return theta, value, moved


def _stationary(theta: Array, value: Value) -> NDArray[np.bool_]:
    """Flat in every direction, downward in none, and not on the way to infinity."""
    steep = np.abs(value.gradient) * np.maximum(1.0, np.abs(theta))
    with np.errstate(invalid="ignore"):
        flat = (steep < STATIONARY).all(axis=1) & (np.abs(theta).max(axis=1) < RUNAWAY)
    result = np.zeros(flat.size, dtype=bool)
    index = np.flatnonzero(flat & np.isfinite(value.f))
    size = np.linalg.eigvalsh(value.hessian[index])
    result[index] = size[:, 0] > -SADDLE * np.maximum(1.0, np.abs(size).max(axis=1))
    return result


def _pick(value: Value, which: Any) -> Value:
    return Value(*(getattr(value, one.name)[which] for one in fields(Value)))


def _merge(value: Value, where: NDArray[np.intp], new: Value) -> Value:
    """``value`` with the replicates at ``where`` replaced, in place: the arrays are our own."""
    for one in fields(Value):
        getattr(value, one.name)[where] = getattr(new, one.name)
    return value


def _keep_lower(found: Found, who: NDArray[np.intp], again: Found) -> Found:
    lower = again.converged & (again.value.f < found.value.f[who] - 1e-9)
    return _replace(found, who[lower], again, lower)


def _replace(found: Found, where: NDArray[np.intp], again: Found, which: Any) -> Found:
    found.theta[where] = again.theta[which]
    found.converged[where] = again.converged[which]
    found.steps[where] += again.steps[which]
    _merge(found.value, where, _pick(again.value, which))
    return found
