"""Cluster-robust inference for the fixed effects of a mixed model: CR2 with Satterthwaite's df.

The model's own V is the working covariance and W = V^-1, as in clubSandwich's ``vcovCR`` for lmer:
A_g = D' B^(-1/2) D with V_g = D'D and B = D (V_g - x_g M x_g') D', M = (X'V^-1X)^-1. Source: Bell
and McCaffrey 2002; Pustejovsky and Tipton 2018, JBES 36, equations 8 to 11 and section 3.2.

With L L' = V_g at unit residual variance, S = L'L, N N' = X'V^-1X and h = L^-1 x_g N'^-1, B is
S (I - h h') S; the errors' products are h'h within a cluster and (h'S B^(-1/2) h)'(the same)
between clusters: nothing is larger than a cluster (`clusters`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
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
from rmresearch.numerics.lmm.clusters import Clusters, clusters
from rmresearch.numerics.lmm.result import MixedFit
from rmresearch.numerics.lmm.stacks import Stack, stacks
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

    ``coef`` (..., p) as the model has them, ``n_clusters``: those with rows, (...) where rows are
    absent. A replicate whose fit is exact or did not converge has NaN
    variances, df 0 and no test. ``lone``: for each cluster without which some coefficients could
    not be told, which (p,) these are. Their variances hold nothing of that cluster's errors, which
    nobody can see (None where rows are absent).
    """

    coef: Array
    n_clusters: Number
    lone: tuple[NDArray[np.bool_], ...] | None
    _back: Array = field(repr=False)
    _half: Array = field(repr=False)
    _runs: tuple[tuple[Clusters, ...], ...] = field(repr=False)
    _usable: NDArray[np.bool_] = field(repr=False)
    _sigma2: Array = field(repr=False)

    @property
    def vcov(self) -> Array:
        """The variances and covariances of the coefficients (..., p, p)."""
        turned = self._half @ self._back.T
        return np.where(self._usable[..., None, None], self._square(turned), np.nan)

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
        variance = np.where(self._usable, self._square(w)[..., 0, 0], np.nan)
        length = np.linalg.norm(w, axis=-2, keepdims=True)
        df = satterthwaite(*self._along(w / np.where(length > 0, length, 1.0)))
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
        variance = self._square(w)
        sizes = np.linalg.eigvalsh(variance)
        usable = self._usable & (sizes[..., 0] > 1e-14 * sizes[..., -1])
        usable &= sizes[..., 0] > NOTHING * self._sigma2
        variance = np.where(usable[..., None, None], variance, np.eye(q))
        gap = np.linalg.solve(r.swapaxes(-1, -2), np.where(usable[..., None], gap, 0.0)[..., None])
        statistic = (gap * np.linalg.solve(variance, gap)).sum(axis=(-2, -1))
        eta = np.where(usable, hotelling(*self._along(w)), 0.0)
        df = eta - q + 1.0
        f = statistic * df / (np.where(eta > 0, eta, 1.0) * q)
        return judged_jointly(f, q, df)

    def _square(self, w: Array) -> Array:
        """The variances of contrasts ``w`` (..., p, c), in the coordinates of `Clusters`."""
        return self._gathered(w, lambda one, some: (one.square(some),), np.add.reduce)[0]

    def _along(self, w: Array) -> tuple[Array, Array]:
        """The products of every cluster's errors, within and with others, as one cluster's."""
        own, cross = self._gathered(w, Clusters.along, partial(np.concatenate, axis=1))
        return own, cross

    def _gathered(
        self,
        w: Array,
        ask: Callable[[Clusters, Array], tuple[Array, ...]],
        joined: Callable[[Sequence[Array]], Array],
    ) -> tuple[Array, ...]:
        """What clusters say of ``w`` (..., p, c), run by run, sizes of clusters ``joined``."""
        lead, flat, start, told = w.shape[:-2], w.reshape(-1, *w.shape[-2:]), 0, []
        for run in self._runs:
            some = flat[start : start + len(run[0].of)]
            start += len(some)
            told.append([joined(part) for part in zip(*(ask(o, some) for o in run), strict=True)])
        whole = (np.concatenate(part) for part in zip(*told, strict=True))
        return tuple(one.reshape(*lead, *one.shape[1:]) for one in whole)


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
    half, runs = _filled(groups, theta, fit._terms, left, seen, usable.reshape(-1))
    return RobustMixed(
        coef=fit.coef,
        n_clusters=np.asarray(known)[()],
        lone=_lone(groups, basis.back) if there is None else None,
        _back=basis.back,
        _half=half.reshape(*lead, p, p),
        _runs=runs,
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
) -> tuple[Array, tuple[tuple[Clusters, ...], ...]]:
    """N^-1 (R, p, p), and the clusters, some replicates at a time: ``theta`` (R, K), ``left``
    (R, n)."""
    p = groups[0].x.shape[-1]
    each = sum(
        (s.x.shape[0] if there is None else len(s.rows)) * s.x.shape[1] * (s.x.shape[1] + p)
        for s in groups
    )
    size, halves, runs = max(1, ROOM // each), [], []
    for start in range(0, left.shape[0], size):
        some = slice(start, start + size)
        rows = None if there is None else there[some]
        free = free_entries(theta[some], terms)
        half, found = clusters(groups, free, left[some], rows, usable[some])
        halves.append(half)
        runs.append(found)
    return np.concatenate(halves), tuple(runs)
