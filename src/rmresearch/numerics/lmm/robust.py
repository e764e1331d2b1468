"""Cluster-robust inference for the fixed effects of a mixed model: CR2 with Satterthwaite's df.

The model's own V is the working covariance and W = V^-1, as in clubSandwich's ``vcovCR`` for lmer:
A_g = D' B^(-1/2) D with V_g = D'D and B = D (V_g - x_g M x_g') D', M = (X'V^-1X)^-1. Source: Bell
and McCaffrey 2002; Pustejovsky and Tipton 2018, JBES 36, equations 8 to 11 and section 3.2.

With L L' = V_g at unit residual variance, S = L'L, N N' = X'V^-1X and h = L^-1 x_g N'^-1, B is
S (I - h h') S. Its root comes from the singular values of a factor of it, so that the digits of
small directions survive beside large variances; the errors' products are h'h within a cluster
and (h'S B^(-1/2) h)'(the same) between clusters: nothing is larger than a cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array, Basis, decompose
from rmresearch.numerics.contrast import (
    Contrast,
    Number,
    Wald,
    checked_weights,
    independent,
    judged,
    judged_jointly,
)
from rmresearch.numerics.lmm.result import MixedFit
from rmresearch.numerics.lmm.stacks import Alike, Stack, stacks
from rmresearch.numerics.lmm.terms import Codes, Ready, free_entries
from rmresearch.numerics.sandwich import NOTHING, SINGULAR, hotelling, satterthwaite

__all__ = ["RobustMixed", "robust"]

#: numbers held at once for the clusters of some replicates
ROOM = 500_000
#: so many clusters are named in one message
MOST_NAMED = 6


@dataclass(frozen=True, slots=True, eq=False)
class RobustMixed:
    """CR2 of a mixed model's coefficients; leading axes are replicates.

    ``coef`` (..., p) as the model has them, ``vcov`` (..., p, p), ``n_clusters``: those with rows,
    (...) where rows are absent. A replicate whose fit is exact or did not converge has NaN
    variances, df 0 and no test. ``lone``: for each cluster without which some coefficients could
    not be told, which (p,) these are. Their variances hold nothing of that cluster's errors, which
    nobody can see (None where rows are absent).
    """

    coef: Array
    vcov: Array
    n_clusters: Number
    lone: tuple[NDArray[np.bool_], ...] | None
    _back: Array = field(repr=False)
    _half: Array = field(repr=False)
    _inner: Array = field(repr=False)
    _errors: _Errors = field(repr=False)
    _usable: NDArray[np.bool_] = field(repr=False)
    _sigma2: Array = field(repr=False)

    @property
    def df(self) -> Array:
        """Satterthwaite's df of every coefficient (..., p)."""
        each = [np.asarray(self.contrast(row).df) for row in np.eye(self.coef.shape[-1])]
        return np.stack(each, axis=-1)

    @property
    def se(self) -> Array:
        """Standard errors (..., p); NaN where no cluster is left to judge a coefficient by."""
        each = [np.asarray(self.contrast(row).se) for row in np.eye(self.coef.shape[-1])]
        return np.stack(each, axis=-1)

    def contrast(self, weights: ArrayLike) -> Contrast:
        """The weighted sum of coefficients, ``weights`` (p,)."""
        weight = checked_weights(weights, self.coef.shape[-1])
        w = self._half @ (self._back.T @ weight)[:, None]
        variance = (w.swapaxes(-1, -2) @ self._inner @ w)[..., 0, 0]
        length = np.linalg.norm(w, axis=-2, keepdims=True)
        df = satterthwaite(*self._errors.along(w / np.where(length > 0, length, 1.0)))
        # Clusters that agree to the last digit leave rounding, and no variance to test by.
        known = self._usable & (variance > NOTHING * self._sigma2 * length[..., 0, 0] ** 2)
        return judged(self.coef @ weight, variance, np.where(known, df, 0.0), ~self._usable)

    def wald(self, weights: ArrayLike) -> Wald:
        """Whether q contrasts, ``weights`` (q, p), are all zero.

        Approximate Hotelling T-squared (clubSandwich's "HTZ"): F on q and eta - q + 1 df.
        """
        axes, turn = independent(weights, self._back)
        gap = self.coef @ np.atleast_2d(np.asarray(weights, dtype=float)).T @ turn
        w, r = np.linalg.qr(self._half @ axes)
        q = w.shape[-1]
        variance = w.swapaxes(-1, -2) @ self._inner @ w
        sizes = np.linalg.eigvalsh(variance)
        usable = self._usable & (sizes[..., 0] > 1e-14 * sizes[..., -1])
        usable &= sizes[..., 0] > NOTHING * self._sigma2
        variance = np.where(usable[..., None, None], variance, np.eye(q))
        gap = np.linalg.solve(r.swapaxes(-1, -2), np.where(usable[..., None], gap, 0.0)[..., None])
        statistic = (gap * np.linalg.solve(variance, gap)).sum(axis=(-2, -1))
        eta = np.where(usable, hotelling(*self._errors.along(w)), 0.0)
        df = eta - q + 1.0
        f = statistic * df / (np.where(eta > 0, eta, 1.0) * q)
        return judged_jointly(f, q, df)


@dataclass(frozen=True, slots=True, eq=False)
class _Errors:
    """The products of the clusters' errors, once for those alike in a replicate, T in all.

    ``own``, ``cross`` (T, p, p), ``replicate`` (T,), ``of`` (R, G) where each cluster stands.
    """

    own: Array
    cross: Array
    replicate: Codes
    of: Codes

    def along(self, w: Array) -> tuple[Array, Array]:
        """Of contrasts ``w`` (..., p, c), per cluster: the products of its errors within
        (..., G, c, c), and with others (..., G, p, c)."""
        lead, (p, c) = w.shape[:-2], w.shape[-2:]
        wide = w.reshape(-1, p, c)[self.replicate]
        own = wide.swapaxes(-1, -2) @ self.own @ wide
        of = self.of.reshape(*lead, -1)
        return own[of], (self.cross @ wide)[of]


def robust(
    fit: MixedFit,
    y: ArrayLike,
    x: ArrayLike,
    cluster: ArrayLike,
    *,
    present: ArrayLike | None = None,
) -> RobustMixed:
    """CR2 of ``fit``, made of ``y`` (..., n) and ``x`` (n, p); ``cluster`` (n,) integer codes.

    ``present`` (..., n): which rows each replicate has, as ``fit_many`` was told; those absent
    have no influence. Fewer than two clusters, or clusters that cut through a group of a random
    term (its rows are not independent), raise ``FitError``.

    The mean of three groups of equal size: the robust variance is that of the groups' means.

    >>> import numpy as np
    >>> from rmresearch.numerics.lmm import Term, fit
    >>> group, x = np.repeat([0, 1, 2], 2), np.ones((6, 1))
    >>> y = [1.0, 3, 5, 7, 6, 8]
    >>> found = robust(fit(y, x, [Term(group, x)]), y, x, group)
    >>> float(np.round(found.se[0] ** 2, 6)), float(np.round(found.df[0], 6))
    (2.333333, 2.0)
    """
    outcome, there, codes, basis = _checked(fit, y, x, cluster, present)
    lead, (n, p), k = outcome.shape[:-1], basis.q.shape, fit.theta.shape[-1]
    usable = np.asarray(fit.converged & ~np.asarray(fit.exact))
    known: Any = codes.max() + 1
    if there is not None:
        known = _count(there, codes)
        usable = usable & (known >= 2)
    groups = stacks(basis.q, codes, fit._terms, whole=there is None)
    theta = np.where(usable[..., None], fit.theta, 0.0).reshape(-1, k)
    left = _centred(outcome, there, basis).reshape(-1, n)
    seen = None if there is None else there.reshape(-1, n)
    half, inner, errors = _filled(groups, theta, fit._terms, left, seen, usable.reshape(-1))
    half = half.reshape(*lead, p, p)
    inner = np.where(usable[..., None, None], inner.reshape(*lead, p, p), np.nan)
    turned = half @ basis.back.T
    return RobustMixed(
        coef=fit.coef,
        vcov=turned.swapaxes(-1, -2) @ inner @ turned,
        n_clusters=np.asarray(known)[()],
        lone=_lone(groups, basis.back) if there is None else None,
        _back=basis.back,
        _half=half,
        _inner=inner,
        _errors=errors,
        _usable=usable,
        _sigma2=np.asarray(fit.sigma2),
    )


def _lone(groups: Sequence[Stack], back: Array) -> tuple[NDArray[np.bool_], ...]:
    """The coefficients (p,) that one cluster alone determines, for each that does."""
    found = []
    for one in groups:
        # Over all clusters the products of q's rows add up to 1 in every direction.
        shares, axes = np.linalg.eigh(one.x.swapaxes(1, 2) @ one.x)
        for share, turn in zip(shares, axes, strict=True):
            mine = turn[:, share > 1.0 - SINGULAR]
            if mine.size:
                reach = np.linalg.norm(back @ mine, axis=1)
                found.append(reach > 1e-6 * np.linalg.norm(back, axis=1))
    return tuple(found)


def _checked(
    fit: MixedFit, y: ArrayLike, x: ArrayLike, cluster: ArrayLike, present: ArrayLike | None
) -> tuple[Array, NDArray[np.bool_] | None, Codes, Basis]:
    outcome, design = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    n, given = fit._terms[0].codes.size, np.asarray(cluster)
    if outcome.shape != (*np.shape(fit.sigma2), n) or design.shape != (n, fit.coef.shape[-1]):
        raise ValueError(
            f"y {outcome.shape} and x {design.shape} are not those of the fit: "
            f"{(*np.shape(fit.sigma2), n)} and {(n, fit.coef.shape[-1])}"
        )
    if given.shape != (n,) or given.dtype.kind not in "iu":
        raise ValueError(f"cluster must hold {n} integer codes, not {given.dtype} {given.shape}")
    if given.min() < 0:
        raise ValueError("cluster codes must not be negative: -1 usually marks a missing cluster")
    there = None
    if present is not None:
        there = np.asarray(present)
        if there.dtype != bool or there.shape != outcome.shape:
            raise ValueError(f"present must hold {outcome.shape} booleans, not {there.shape}")
        outcome = np.where(there, outcome, 0.0)
    names, codes = np.unique(given, return_inverse=True)
    if names.size < 2:
        raise FitError(
            "all rows lie in 1 cluster: a cluster-robust variance needs at least 2. "
            "Use a finer cluster or the model's own standard errors."
        )
    _whole_groups(fit._terms, codes, names)
    return outcome, there, codes.astype(np.intp), decompose(design, fit.names)


def _whole_groups(terms: Sequence[Ready], codes: Codes, names: Codes) -> None:
    """Refuse clusters that cut through a group of a random term, naming them."""
    wrong = []
    for number, term in enumerate(terms):
        low = np.full(term.levels, codes.max())
        high = np.zeros(term.levels, dtype=codes.dtype)
        np.minimum.at(low, term.codes, codes)
        np.maximum.at(high, term.codes, codes)
        cut = low != high
        if cut.any():
            torn = np.unique(names[codes[cut[term.codes]]])
            shown = ", ".join(str(name) for name in torn[:MOST_NAMED])
            more = f" and {torn.size - MOST_NAMED} more" if torn.size > MOST_NAMED else ""
            wrong.append(
                f"clusters {shown}{more} cut through {int(cut.sum())} of the {term.levels} groups "
                f"of random term {number}"
            )
    if wrong:
        raise FitError(
            "; ".join(wrong) + ". Their rows are not independent: cluster by something at least "
            "as coarse as every grouping factor, such as connected sets."
        )


def _count(there: NDArray[np.bool_], codes: Codes) -> Codes:
    """How many clusters have a row, replicate by replicate."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    count: Codes = np.logical_or.reduceat(there[..., order], starts, axis=-1).sum(axis=-1)
    return count


def _centred(y: Array, there: NDArray[np.bool_] | None, basis: Basis) -> Array:
    """``y`` less its mean where the model has a constant: a large offset would cost digits."""
    if basis.ones is None:
        return y
    if there is None:
        there = np.ones(y.shape, dtype=bool)
    count = np.maximum(there.sum(axis=-1, keepdims=True), 1)
    middle = np.where(there, y - y.sum(axis=-1, keepdims=True) / count, 0.0)
    centred: Array = np.where(there, middle - middle.sum(axis=-1, keepdims=True) / count, 0.0)
    return centred


def _filled(
    groups: Sequence[Stack],
    theta: Array,
    terms: Sequence[Ready],
    left: Array,
    there: NDArray[np.bool_] | None,
    usable: NDArray[np.bool_],
) -> tuple[Array, Array, _Errors]:
    """``half`` (R, p, p) = N^-1, ``inner`` (R, p, p) the sum of the clusters' squared scores, and
    their errors, some replicates at a time: ``theta`` (R, K), ``left`` (R, n)."""
    p = groups[0].x.shape[-1]
    each = sum(
        (s.x.shape[0] if there is None else len(s.rows)) * s.x.shape[1] * (s.x.shape[1] + p)
        for s in groups
    )
    size, halves, inners, errors, done = max(1, ROOM // each), [], [], [], 0
    for start in range(0, left.shape[0], size):
        some = slice(start, start + size)
        rows = None if there is None else there[some]
        free = free_entries(theta[some], terms)
        half, inner, parts = _sandwich(groups, free, left[some], rows, usable[some])
        halves.append(half)
        inners.append(inner)
        errors.append(replace(parts, replicate=parts.replicate + start, of=parts.of + done))
        done += len(parts.own)
    return np.concatenate(halves), np.concatenate(inners), _joined(errors, axis=0)


def _joined(parts: Sequence[_Errors], axis: int) -> _Errors:
    """Errors one after the other: of more replicates (axis 0) or of more clusters (1)."""
    own, cross, replicate = (
        np.concatenate([getattr(one, name) for one in parts])
        for name in ("own", "cross", "replicate")
    )
    return _Errors(own, cross, replicate, np.concatenate([one.of for one in parts], axis=axis))


def _sandwich(
    groups: Sequence[Stack],
    free: Array,
    left: Array,
    there: NDArray[np.bool_] | None,
    usable: NDArray[np.bool_],
) -> tuple[Array, Array, _Errors]:
    """The same of some replicates: ``free`` (R, K), ``left`` and ``there`` (R, n)."""
    replicates, p = left.shape[0], groups[0].x.shape[-1]
    alike = [one.alike(replicates, there) for one in groups]
    whitened = [_whiten(one, same, free) for one, same in zip(groups, alike, strict=True)]
    turned = [_turned(one, left) for one in groups]
    gram: Array = np.zeros((replicates, p, p))
    score: Array = np.zeros((replicates, p))
    for same, (lower, k), rows in zip(alike, whitened, turned, strict=True):
        starts = np.flatnonzero(np.diff(same.replicate, prepend=-1))
        counted = k.swapaxes(-1, -2) @ (k * same.count[:, None, None])
        gram += np.add.reduceat(counted, starts)
        weighted = np.asarray(np.linalg.solve(lower.swapaxes(-1, -2), k), dtype=float)
        score += _scores(same, weighted, rows).sum(axis=1)
    root = np.linalg.cholesky(np.where(usable[:, None, None], gram, np.eye(p)))
    half = np.asarray(np.linalg.inv(root), dtype=float)
    gain = half @ score[..., None]
    inner, errors, done = np.zeros((replicates, p, p)), [], 0
    for same, (lower, k), rows in zip(alike, whitened, turned, strict=True):
        own, cross, weighted = _adjusted(lower, k @ half.swapaxes(-1, -2)[same.replicate])
        fitted = (cross.swapaxes(-1, -2) @ gain[same.replicate])[..., 0]
        each = _scores(same, weighted, rows) - fitted[same.of]
        inner += each.swapaxes(-1, -2) @ each
        errors.append(_Errors(own, cross, same.replicate, same.of + done))
        done += len(own)
    return half, inner, _joined(errors, axis=1)


def _whiten(one: Stack, same: Alike, free: Array) -> tuple[Array, Array]:
    """L (T, r, r) with L L' = V0, and L^-1 x (T, r, p). Absent rows stand alone, x = 0."""
    v = np.zeros((same.kind.size, *one.kernels.shape[2:]))
    for share, kernel in zip(free.T, one.kernels, strict=True):
        v += share[same.replicate][:, None, None] * kernel[same.kind]
    x = one.x[same.kind]
    if same.there is not None:
        seen = same.there.astype(float)
        v *= seen[..., :, None] * seen[..., None, :]
        x *= seen[..., None]
    r = np.arange(v.shape[-1])
    v[..., r, r] += 1.0
    lower = np.asarray(np.linalg.cholesky(v), dtype=float)
    return lower, np.asarray(np.linalg.solve(lower, x), dtype=float)


def _turned(one: Stack, left: Array) -> Array:
    """The rows of every cluster in its class's coordinates: (R, G, r)."""
    rows = left[:, one.rows].swapaxes(0, 1)
    return (rows @ one.turn[one.kind]).swapaxes(0, 1)


def _scores(same: Alike, weights: Array, rows: Array) -> Array:
    """Sums of ``rows`` (R, G, r) by the clusters' ``weights`` (T, r, p): (R, G, p)."""
    found: Array = (rows[..., None, :] @ weights[same.of])[..., 0, :]
    return found


def _adjusted(lower: Array, h: Array) -> tuple[Array, Array, Array]:
    """h'h less what the cluster alone determines, h'S B^(-1/2) h, and L B^(-1/2) h."""
    square = lower.swapaxes(-1, -2) @ lower
    lever, axes = np.linalg.eigh(h @ h.swapaxes(-1, -2))
    alone = lever > 1.0 - SINGULAR
    rest = np.sqrt(np.where(alone, 0.0, 1.0 - lever))
    factor = rest[..., None] * (axes.swapaxes(-1, -2) @ square)
    _, sizes, last = np.linalg.svd(factor)
    kept = np.arange(sizes.shape[-1]) < sizes.shape[-1] - alone.sum(axis=-1, keepdims=True)
    inside = np.where(kept[..., None], last @ h, 0.0)
    scaled = last.swapaxes(-1, -2) @ (inside / np.where(kept, sizes, 1.0)[..., None])
    own = inside.swapaxes(-1, -2) @ inside
    return own, (h.swapaxes(-1, -2) @ square) @ scaled, lower @ scaled
