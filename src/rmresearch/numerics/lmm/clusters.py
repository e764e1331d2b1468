"""The arithmetic of CR2, once for the clusters that are alike in a replicate.

With L L' = V_g at unit residual variance, S = L'L, N N' = X'V^-1X and h = L^-1 x_g N'^-1, B is
S (I - h h') S; a cluster's rows are weighted by L B^(-1/2) h (see `robust`). Small matrices run in
lanes, by Denman and Beavers' root; where that is not sound, or a cluster alone determines a
direction, the root comes from the singular values of a factor of B, so that the digits of small
directions survive beside large variances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lanes import (
    cholesky,
    forward,
    inverse_root,
    product,
    trace,
    transposed,
)
from rmresearch.numerics.lmm.stacks import Alike, Stack
from rmresearch.numerics.lmm.terms import Codes
from rmresearch.numerics.sandwich import SINGULAR

__all__ = ["Clusters", "clusters"]

#: what a cluster may determine of the directions that its rows have, up to which roots run in lanes
MUCH = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Clusters of one size, T different ones in R replicates, in lanes (..., T).

    In the coordinates of N'^-1: ``x`` and ``weights`` (r, p, T) of their rows, ``inside``
    (r, p, T) of which the square is h'h less what the cluster alone determines; ``left``
    (R, G, r) the residuals. ``replicate`` (T,), ``of`` (R, G) where each cluster stands.
    """

    x: Array
    weights: Array
    inside: Array
    left: Array
    replicate: Codes
    of: Codes

    def square(self, w: Array) -> Array:
        """The sum of the squared scores of contrasts ``w`` (R, p, c): (R, c, c)."""
        a = product(self.weights, self._wide(w))
        scores = np.zeros((a.shape[1], *self.of.shape))
        for row, left in zip(a, np.moveaxis(self.left, -1, 0), strict=True):
            scores += row[:, self.of] * left
        each = scores.swapaxes(0, 1)
        return each @ each.swapaxes(-1, -2)

    def along(self, w: Array) -> tuple[Array, Array]:
        """Of contrasts ``w`` (R, p, c), per cluster: the products of its errors within
        (R, G, c, c), and with others (R, G, p, c)."""
        wide = self._wide(w)
        own = product(self.inside, wide)
        cross = product(transposed(self.x), product(self.weights, wide))
        return self._each(product(transposed(own), own)), self._each(cross)

    def _wide(self, w: Array) -> Array:
        return _last(w)[..., self.replicate]

    def _each(self, lanes: Array) -> Array:
        return np.ascontiguousarray(np.moveaxis(lanes, -1, 0))[self.of]


def clusters(
    groups: Sequence[Stack],
    free: Array,
    left: Array,
    there: NDArray[np.bool_] | None,
    usable: NDArray[np.bool_],
) -> tuple[Array, tuple[Clusters, ...]]:
    """N^-1 (R, p, p), and the clusters of each size; ``free`` (R, K) the free entries of the
    relative covariances, ``left`` (R, n) the outcome, ``there`` (R, n) its rows (None: all)."""
    replicates, p = left.shape[0], groups[0].x.shape[-1]
    alike = [one.alike(replicates, there) for one in groups]
    whitened = [_whitened(one, same, free) for one, same in zip(groups, alike, strict=True)]
    rows = [_turned(one, left) for one in groups]
    gram: Array = np.zeros((p, p, replicates))
    score: Array = np.zeros((p, replicates))
    for same, (_, lower, h), own in zip(alike, whitened, rows, strict=True):
        gram += _by_replicate(product(transposed(h) * same.count, h), same.replicate)
        summed = forward(lower, _summed(own, same)[:, None])
        score += _by_replicate(product(transposed(h), summed)[:, 0], same.replicate)
    stacked = np.where(usable[:, None, None], np.moveaxis(gram, -1, 0), np.eye(p))
    half = np.asarray(np.linalg.inv(np.linalg.cholesky(stacked)), dtype=float)
    gain = half @ score.T[..., None]
    turn = np.ascontiguousarray(half.transpose(2, 1, 0))
    found = []
    for same, (x, lower, h), own in zip(alike, whitened, rows, strict=True):
        wide = turn[..., same.replicate]
        seen = product(x, wide)
        fitted = product(seen, gain[:, :, 0].T[:, None, same.replicate])[:, 0]
        weights, inside = _adjusted(lower, product(h, wide))
        left_over = own - fitted.T[same.of]
        found.append(Clusters(seen, weights, inside, left_over, same.replicate, same.of))
    return half, tuple(found)


def _whitened(one: Stack, same: Alike, free: Array) -> tuple[Array, Array, Array]:
    """x (r, p, T), L (r, r, T) with L L' = V0, and L^-1 x. Absent rows stand alone, x = 0."""
    v = np.zeros((*one.kernels.shape[2:], same.kind.size))
    for share, kernel in zip(free.T, one.kernels, strict=True):
        v += (
            share[same.replicate] * np.ascontiguousarray(np.moveaxis(kernel, 0, -1))[..., same.kind]
        )
    x = np.ascontiguousarray(np.moveaxis(one.x, 0, -1))[..., same.kind]
    if same.there is not None:
        seen = same.there.T.astype(float)
        v *= seen[:, None] * seen[None]
        x *= seen[:, None]
    r = np.arange(len(v))
    v[r, r] += 1.0
    lower = cholesky(v)
    return x, lower, forward(lower, x)


def _last(stacked: Array) -> Array:
    """The first axis as lanes."""
    return np.ascontiguousarray(np.moveaxis(stacked, 0, -1))


def _turned(one: Stack, left: Array) -> Array:
    """The rows of every cluster in its class's coordinates: (R, G, r)."""
    rows = left[:, one.rows].swapaxes(0, 1)
    return (rows @ one.turn[one.kind]).swapaxes(0, 1)


def _summed(rows: Array, same: Alike) -> Array:
    """``rows`` (R, G, r) summed over clusters that are alike: (r, T)."""
    place, size = same.of.ravel(), same.kind.size
    each = (np.bincount(place, one.ravel(), size) for one in np.moveaxis(rows, -1, 0))
    return np.stack([one.astype(float, copy=False) for one in each])


def _by_replicate(lanes: Array, replicate: Codes) -> Array:
    """Sums over the clusters of each replicate: (..., T) to (..., R)."""
    starts = np.flatnonzero(np.diff(replicate, prepend=-1))
    found: Array = np.add.reduceat(lanes, starts, axis=-1)
    return found


def _adjusted(lower: Array, h: Array) -> tuple[Array, Array]:
    """L B^(-1/2) h, and h without what the cluster alone determines; all (r, p, T)."""
    lever = product(h, transposed(h))
    little = trace(product(lever, lever)) < MUCH**2
    lever *= -np.where(little, 1.0, 0.0)
    r = np.arange(len(lever))
    lever[r, r] += 1.0
    square = product(transposed(lower), lower)
    root, sound = inverse_root(product(product(square, lever), square))
    weights, inside = product(lower, product(root, h)), np.array(h)
    rest = np.flatnonzero(~(sound & little))
    if rest.size:
        some = [np.moveaxis(one[..., rest], -1, 0) for one in (lower, h)]
        for into, one in zip((weights, inside), _decomposed(*some), strict=True):
            into[..., rest] = np.moveaxis(one, 0, -1)
    return weights, inside


def _decomposed(lower: Array, h: Array) -> tuple[Array, Array]:
    """The same by eigenvalues of h h' and singular values, (T, r, p) from (T, r, r), (T, r, p)."""
    square = lower.swapaxes(-1, -2) @ lower
    lever, axes = np.linalg.eigh(h @ h.swapaxes(-1, -2))
    alone = lever > 1.0 - SINGULAR
    rest = np.sqrt(np.where(alone, 0.0, 1.0 - lever))
    factor = rest[..., None] * (axes.swapaxes(-1, -2) @ square)
    _, sizes, last = np.linalg.svd(factor)
    kept = np.arange(sizes.shape[-1]) < sizes.shape[-1] - alone.sum(axis=-1, keepdims=True)
    inside = np.where(kept[..., None], last @ h, 0.0)
    scaled = last.swapaxes(-1, -2) @ (inside / np.where(kept, sizes, 1.0)[..., None])
    return lower @ scaled, inside
