"""The actor-partner model of many replicates at once, every dyad independent of all others.

What `fit_dyads` finds for one data set. REML's covariance of the two members'
residuals is least squares' where every dyad has both outcomes; elsewhere Newton's method is run on
the exact criterion, which depends on the data through five sums of products only: those of dyads
with both outcomes (three) and of those with one (two).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.dyads import ALIKE, BOTH, NOTHING
from rmresearch.numerics.many_gls import ManyGls, many_gls

__all__ = ["ManyDyads", "many_dyads"]

Flags = NDArray[np.bool_]

#: least singular value of a role's predictors, of length 1, for which both parts are surely told
APART = 1e-4
#: outcomes of a role from which the model is fitted, as `fit_dyads` has it
FEWEST = 5
#: steps of the search, the longest one, and the gradient, as a share of the rows, at its end
STEPS, LONGEST, STATIONARY = 40, 1.0, 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ManyDyads:
    """R fitted models; coefficients as `DyadFit` has them.

    ``correlation`` (R,) of the two members' residuals, NaN where hardly a dyad has both outcomes.
    ``fit`` says where the model is known; elsewhere `fit_dyads` is to be asked.
    """

    fit: ManyGls
    correlation: Array


def many_dyads(y: ArrayLike, before: ArrayLike, there: ArrayLike) -> ManyDyads:
    """The model of ``y`` (R, n, 2) on both members' predictors ``before`` (R, n, 2).

    ``there`` (R, n, 2) says which outcomes there are; of a dyad with any both predictors are
    known. What stands elsewhere does not matter. Dyads are the clusters.

    >>> import numpy as np
    >>> own = np.array([[1.0, 2], [2, 1], [3, 5], [4, 3], [5, 4], [6, 1]])
    >>> noise = np.array([[1.0, -1], [-1, 0], [1, 2], [-1, -1], [0, 1], [0, -1]]) / 10
    >>> y = own * [0.5, 0.8] + 1 + noise
    >>> found = many_dyads(y[None], own[None], np.ones((1, 6, 2), bool))
    >>> np.round(found.fit.coef[0, [1, 4]], 1).tolist()
    [0.5, 0.9]
    """
    seen, outcome, starts = np.asarray(there, bool), np.asarray(y, float), np.asarray(before, float)
    if seen.shape[1] < FEWEST:  # with absent dyads there are as many rows as columns
        more = ((0, 0), (0, FEWEST - seen.shape[1]), (0, 0))
        seen, outcome, starts = (np.pad(one, more) for one in (seen, outcome, starts))
    entered = seen.any(axis=2, keepdims=True)
    outcome, starts = np.where(seen, outcome, 0.0), np.where(entered, starts, 0.0)
    middle = starts.sum(axis=1, keepdims=True) / np.maximum(entered.sum(axis=1, keepdims=True), 1)
    starts = np.where(entered, starts - middle, 0.0)
    roles = [_role(outcome, starts, seen, r) for r in (0, 1)]
    known = roles[0].sound & roles[1].sound
    sizes = np.stack([one.size for one in roles], axis=1)
    covariance, found = _covariance(roles, sizes, seen)
    known &= found
    covariance[~known] = np.eye(2)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = covariance[:, 0, 1] / np.sqrt(covariance[:, 0, 0] * covariance[:, 1, 1])
    both = seen.all(axis=2).sum(axis=1)
    fit = many_gls(outcome, _design(starts, seen), _lower(covariance, seen), known)
    return ManyDyads(fit, np.where(known & (both >= BOTH), correlation, np.nan))


@dataclass(frozen=True, slots=True, eq=False)
class _Role:
    """Least squares of one role: an orthonormal ``basis`` (R, n, 3) of its rows, the residuals
    ``left`` (R, n), their variance ``size`` (R,), ``y`` (R, n), and whether all of it is ``sound``.
    """

    basis: Array
    y: Array
    left: Array
    size: Array
    sound: Flags


def _role(y: Array, starts: Array, seen: Flags, r: int) -> _Role:
    mine, count = seen[..., r], seen[..., r].sum(axis=1)
    some = np.maximum(count, 1)[:, None]
    columns = np.stack([starts[..., r], starts[..., 1 - r]], axis=-1) * mine[..., None]
    columns = (columns - columns.sum(axis=1, keepdims=True) / some[..., None]) * mine[..., None]
    length = np.linalg.norm(columns, axis=1, keepdims=True)
    columns = columns / np.where(length > 0, length, 1.0)
    sound = (count >= FEWEST) & (np.linalg.svd(columns, compute_uv=False)[:, -1] > APART)
    one = mine / np.sqrt(some)
    basis = np.concatenate([one[..., None], np.linalg.qr(columns)[0] * mine[..., None]], axis=-1)
    answer = (y[..., r] - (y[..., r] * mine).sum(axis=1, keepdims=True) / some) * mine
    left = answer - (basis @ (basis.swapaxes(1, 2) @ answer[..., None]))[..., 0]
    size = (left * left).sum(axis=1) / np.maximum(count - 3, 1)
    sound &= size > NOTHING * np.maximum(np.square(y[..., r] * mine).max(axis=1), 1e-300)
    return _Role(basis, answer, left, np.where(sound, size, 1.0), np.asarray(sound))


def _covariance(roles: list[_Role], sizes: Array, seen: Flags) -> tuple[Array, Flags]:
    """REML of the residuals' covariance (R, 2, 2), and where it is found (R,)."""
    pair = seen.all(axis=2)
    both, rows = pair.sum(axis=1), seen.sum(axis=(1, 2))
    sound = roles[0].sound & roles[1].sound
    covariance = np.zeros((len(seen), 2, 2))
    covariance[:, [0, 1], [0, 1]] = sizes
    products = (roles[0].left * roles[1].left * pair).sum(axis=1)
    whole = sound & (both >= BOTH) & (rows == 2 * both)
    covariance[whole, 0, 1] = products[whole] / (both[whole] - 3)
    covariance[:, 1, 0] = covariance[:, 0, 1]
    found = sound.copy()
    lacking = np.flatnonzero(sound & (both >= BOTH) & (rows > 2 * both))
    if lacking.size:
        scale = np.sqrt(sizes[lacking])
        at, ended = _minimised(_criterion(roles, scale, seen, lacking))
        sd = np.exp(at[:, :2] / 2.0) * scale
        cross = np.tanh(at[:, 2]) * sd[:, 0] * sd[:, 1]
        covariance[lacking, 0, 0], covariance[lacking, 1, 1] = sd[:, 0] ** 2, sd[:, 1] ** 2
        covariance[lacking, 0, 1] = covariance[lacking, 1, 0] = cross
        found[lacking] = ended
    limit = ALIKE * np.sqrt(covariance[:, 0, 0] * covariance[:, 1, 1])
    found &= np.abs(covariance[:, 0, 1]) < limit
    return covariance, found


@dataclass(frozen=True, slots=True, eq=False)
class _Criterion:
    """REML in (log variance 0, log variance 1, Fisher's z): ``sums`` (R, 5, 7, 7) of products of
    both bases and the outcome, of dyads with both (within role 0, within role 1, between) and of
    members alone by role; ``counts`` (R, 3) of both, alone 0 and alone 1; ``start`` (R, 3).
    """

    sums: Array
    counts: Array
    start: Array

    def value(self, at: Array) -> tuple[Array, Array, Array]:
        """The criterion (R,), its gradient (R, 3) and its second derivatives (R, 3, 3)."""
        lanes = len(at)
        weights, first, second = _weights(at)
        flat = self.sums.reshape(lanes, 5, 49)
        w = (weights[:, None] @ flat).reshape(lanes, 7, 7)
        dw = (first @ flat).reshape(lanes, 3, 7, 7)
        d2w = (second.reshape(lanes, 9, 5) @ flat).reshape(lanes, 3, 3, 7, 7)
        gram = w[:, :6, :6]
        inner = np.linalg.inv(gram)
        b = np.concatenate([-(inner @ w[:, :6, 6:])[..., 0], np.ones((lanes, 1))], axis=1)
        both, alone = self.counts[:, 0], self.counts[:, 1:]
        z = at[:, 2]
        logs = (both[:, None] + alone) * at[:, :2]
        criterion = logs.sum(axis=1) - 2.0 * both * np.log(np.cosh(z))
        criterion += np.linalg.slogdet(gram)[1] + np.einsum("ra,rab,rb->r", b, w, b)
        moved = inner[:, None] @ dw[..., :6, :6]
        turned = (dw @ b[:, None, :, None])[..., 0]
        gradient = np.trace(moved, axis1=2, axis2=3) + (turned * b[:, None]).sum(axis=2)
        gradient[:, :2] += both[:, None] + alone
        gradient[:, 2] -= 2.0 * both * np.tanh(z)
        hessian = np.einsum("rab,rijba->rij", inner, d2w[..., :6, :6])
        hessian -= np.einsum("riab,rjba->rij", moved, moved)
        hessian += np.einsum("ra,rijab,rb->rij", b, d2w, b)
        hessian -= 2.0 * turned[..., :6] @ inner @ turned[..., :6].swapaxes(1, 2)
        hessian[:, 2, 2] -= 2.0 * both / np.cosh(z) ** 2
        return criterion, gradient, hessian


def _criterion(roles: list[_Role], scale: Array, seen: Flags, some: NDArray[np.intp]) -> _Criterion:
    """The criterion of ``some`` replicates, outcomes in residual SDs ``scale`` (R, 2)."""
    there = seen[some]
    nothing = np.zeros((*there.shape[:2], 3))
    z = []
    for r, role in enumerate(roles):
        basis = role.basis[some]
        parts = [basis, nothing] if r == 0 else [nothing, basis]
        z.append(np.concatenate([*parts, (role.y[some] / scale[:, r : r + 1])[..., None]], axis=-1))
    pair = np.asarray(there.all(axis=2))
    only = [there[..., r] & ~pair for r in (0, 1)]
    first, second = (one * pair[..., None] for one in z)
    between = first.swapaxes(1, 2) @ second
    sums = [first.swapaxes(1, 2) @ first, second.swapaxes(1, 2) @ second,
            between + between.swapaxes(1, 2)]  # fmt: skip
    sums += [(one * own[..., None]).swapaxes(1, 2) @ one for one, own in zip(z, only, strict=True)]
    left = [role.left[some] * pair for role in roles]
    middle = [one.sum(axis=1, keepdims=True) / pair.sum(axis=1, keepdims=True) for one in left]
    left = [(one - mean) * pair for one, mean in zip(left, middle, strict=True)]
    with np.errstate(divide="ignore", invalid="ignore"):
        rough = (left[0] * left[1]).sum(axis=1) / np.sqrt(
            (left[0] ** 2).sum(axis=1) * (left[1] ** 2).sum(axis=1)
        )
    start = np.zeros((len(some), 3))
    start[:, 2] = np.arctanh(np.clip(np.nan_to_num(rough), -0.9, 0.9))
    counts = np.stack([one.sum(axis=1) for one in (pair, *only)], axis=1).astype(float)
    return _Criterion(np.stack(sums, axis=1), counts, start)


def _weights(at: Array) -> tuple[Array, Array, Array]:
    """What multiplies the five sums: (R, 5), by parameter (R, 3, 5), by two (R, 3, 3, 5).

    The entries of the inverse covariance, c = cosh(z)^2 and s = sinh(2 z) / 2 by powers of the
    variances, and the inverse variances.
    """
    a, b, z = at.T
    powers = np.array([[-1.0, 0.0], [0.0, -1.0], [-0.5, -0.5], [-1.0, 0.0], [0.0, -1.0]])
    sizes = np.exp(np.stack([a, b], axis=1) @ powers.T)
    one, none = np.ones_like(z), np.zeros_like(z)
    c, s = np.cosh(z) ** 2, 0.5 * np.sinh(2.0 * z)
    slope, bend = np.cosh(2.0 * z), 2.0 * np.sinh(2.0 * z)
    parts = np.stack([c, c, -s, one, one], axis=1)
    first = np.stack([2.0 * s, 2.0 * s, -slope, none, none], axis=1)
    second = np.stack([2.0 * slope, 2.0 * slope, -bend, none, none], axis=1)
    whole = sizes * parts
    slopes = np.empty((len(z), 3, 5))
    bends = np.empty((len(z), 3, 3, 5))
    for i in (0, 1):
        slopes[:, i] = powers[:, i] * whole
        bends[:, i, 2] = bends[:, 2, i] = powers[:, i] * sizes * first
        for j in (0, 1):
            bends[:, i, j] = powers[:, i] * powers[:, j] * whole
    slopes[:, 2], bends[:, 2, 2] = sizes * first, sizes * second
    return whole, slopes, bends


def _minimised(model: _Criterion) -> tuple[Array, Flags]:
    """The parameters (R, 3) at the criteria's minima, and whether each is one (R,)."""
    try:
        with np.errstate(all="ignore"):  # of a member that is the other's double
            at, gradient, hessian = _descended(model)
    except np.linalg.LinAlgError:
        return model.start, np.zeros(len(model.start), bool)
    flat = np.abs(gradient).max(axis=1) < STATIONARY * model.counts.sum(axis=1)
    return at, np.asarray(flat & (np.linalg.eigvalsh(hessian)[:, 0] > 0))


def _descended(model: _Criterion) -> tuple[Array, Array, Array]:
    """Where damped Newton steps lead, the gradient and the second derivatives there."""
    at = model.start.copy()
    value, gradient, hessian = model.value(at)
    damping = np.ones(len(at))
    for _ in range(STEPS):
        sizes, axes = np.linalg.eigh(hessian)
        bent = np.maximum(np.abs(sizes), 1e-8 * np.abs(sizes).max(axis=1, keepdims=True))
        along = (axes.swapaxes(1, 2) @ gradient[..., None])[..., 0] / bent
        step = -(axes @ along[..., None])[..., 0]
        longest = np.abs(step).max(axis=1)
        if (longest < 1e-14 * (1.0 + np.abs(at).max(axis=1))).all():
            break
        step *= (damping * np.minimum(1.0, LONGEST / np.maximum(longest, 1e-300)))[:, None]
        tried = model.value(at + step)
        good = tried[0] <= value + 1e-12 * (1.0 + np.abs(value))
        at = np.where(good[:, None], at + step, at)
        value = np.where(good, tried[0], value)
        gradient = np.where(good[:, None], tried[1], gradient)
        hessian = np.where(good[:, None, None], tried[2], hessian)
        damping = np.where(good, 1.0, 0.25 * damping)
    return at, gradient, hessian


def _design(starts: Array, seen: Flags) -> Array:
    """The rows of both members (R, n, 2, 6), 0 where there is no outcome."""
    x = np.zeros((*seen.shape, 6))
    for r in (0, 1):
        x[:, :, r, 3 * r] = 1.0
        x[:, :, r, 3 * r + 1], x[:, :, r, 3 * r + 2] = starts[..., r], starts[..., 1 - r]
    x *= seen[..., None]
    return x


def _lower(covariance: Array, seen: Flags) -> Array:
    """The Cholesky factor of each dyad (R, n, 2, 2); one absent stands by itself."""
    roots = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    whole = np.linalg.cholesky(covariance)[:, None]
    alone = np.zeros((len(roots), 1, 2, 2))
    alone[:, 0, [0, 1], [0, 1]] = roots
    both = np.asarray(seen.all(axis=2))[..., None, None]
    return np.where(both, whole, alone)
