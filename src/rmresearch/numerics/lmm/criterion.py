"""The REML or ML criterion of a mixed model, with exact first and second derivatives.

V = s2 (I + Z D Z'), D = L L', theta the free entries of L; see ``piece`` for a block's share of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lanes import inverse, trace, upper
from rmresearch.numerics.lmm.moments import Data, take
from rmresearch.numerics.lmm.piece import Piece

__all__ = ["Problem", "Value"]

#: classes of blocks times replicates evaluated at once: they should stay in the processor's cache
LANES = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """The criterion at one theta a replicate, R replicates last, K parameters, p coefficients.

    ``f`` (R,) profiled over s2, without constants of the design; ``gradient`` (K, R), ``hessian``
    (K, K, R) of ``f``; ``rss`` (R,), its ``rss_gradient`` (K, R); ``free`` (K, K, R) second
    derivatives in theta at s2 fixed to rss / df; ``coef`` (p, R), ``inverse`` (p, p, R) of
    X'V^-1X at s2 = 1 and ``slopes`` (K, p, p, R), the derivatives of X'V^-1X.
    """

    f: Array
    gradient: Array
    hessian: Array
    rss: Array
    rss_gradient: Array
    free: Array
    coef: Array
    inverse: Array
    slopes: Array

    @staticmethod
    def joined(parts: Sequence[Value]) -> Value:
        """The replicates of several values in a row."""
        if len(parts) == 1:
            return parts[0]
        names = (one.name for one in fields(Value))
        return Value(*(np.concatenate([getattr(p, n) for p in parts], axis=-1) for n in names))


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The criterion of R replicates as a function of theta (K, R)."""

    data: Data
    reml: bool

    @property
    def replicates(self) -> int:
        """R."""
        return int(self.data.total.size)

    @property
    def classes(self) -> int:
        """Classes of blocks, of which each replicate has moments."""
        return sum(int(one.yy.shape[1]) for one in self.data.moments)

    def restrict(self, which: NDArray[np.intp]) -> Problem:
        """The same of some replicates."""
        return Problem(take(self.data, which), self.reml)

    def height(self, theta: Array) -> Array:
        """The criterion ``f`` (R,) alone."""
        if self.replicates > self._room:
            return np.concatenate([part.height(theta[:, r]) for r, part in self._parts()])
        pieces = [Piece(theta, one) for one in self.data.moments]
        solved = _Solved(*_products(pieces, [piece.curve() for piece in pieces], self.data))
        logdet = _total(piece.logdet() for piece in pieces)
        logdet = logdet + solved.volume if self.reml else logdet
        return _profiled(logdet, solved.rss, self.data.df)

    def residual(self, theta: Array) -> tuple[Array, Array]:
        """The residual sum of squares y'V^-1(y - x b) (R,) and its derivatives (K, R) alone."""
        if self.replicates > self._room:
            parts = [part.residual(theta[:, r]) for r, part in self._parts()]
            both = zip(*parts, strict=True)
            rss, first = (np.concatenate(one, axis=-1) for one in both)
            return rss, first
        pieces = [Piece(theta, one) for one in self.data.moments]
        products = _products(pieces, [piece.curves() for piece in pieces], self.data)
        solved = _Solved(*products)
        return solved.rss, solved.rss_first

    def evaluate(self, theta: Array) -> Value:
        """The criterion and all its derivatives."""
        if self.replicates > self._room:
            return Value.joined([part.evaluate(theta[:, r]) for r, part in self._parts()])
        pieces = [Piece(theta, one) for one in self.data.moments]
        products = _products(pieces, [piece.curves() for piece in pieces], self.data)
        solved = _Solved(*products)
        inner, coef, rss = solved.inner, solved.coef, solved.rss
        slopes, turned, rss_first = solved.slopes, solved.turned, solved.rss_first
        logdet = _total(piece.logdet() for piece in pieces)
        first = _total(piece.determinant_first() for piece in pieces)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self.data.df / rss
            ratio = rss_first * share
        curved = -2.0 * share * _quadratic(inner, turned)
        weights = [piece.residual(coef, share) for piece in pieces]
        if self.reml:
            logdet = logdet + solved.volume
            for weight, piece in zip(weights, pieces, strict=True):
                weight += piece.fixed(inner)
            moved = _moved(inner, slopes)
            first = first + trace(moved)
            curved -= _traces(moved)
        for piece, weight in zip(pieces, weights, strict=True):
            curved += piece.second(weight)
        return Value(
            f=_profiled(logdet, rss, self.data.df),
            gradient=first + ratio,
            hessian=curved - ratio[:, None] * (ratio / self.data.df)[None],
            rss=rss,
            rss_gradient=rss_first,
            free=curved,
            coef=coef,
            inverse=inner,
            slopes=np.moveaxis(slopes, 2, 0),
        )

    @property
    def _room(self) -> int:
        """Replicates evaluated at once."""
        return max(LANES // self.classes, 16)

    def _parts(self) -> Iterable[tuple[slice, Problem]]:
        for start in range(0, self.replicates, self._room):
            run = slice(start, start + self._room)
            yield run, Problem(take(self.data, run), self.reml)


class _Solved:
    """Generalised least squares at one theta, and first derivatives of its residual."""

    __slots__ = ("coef", "inner", "rss", "rss_first", "slopes", "turned", "volume")

    def __init__(self, a_xx: Array, a_xy: Array, a_yy: Array) -> None:
        self.inner, self.volume = inverse(a_xx[:, :, 0])
        self.coef = np.add.reduce(self.inner * a_xy[:, 0][:, None])
        self.rss = a_yy[0] - np.add.reduce(a_xy[:, 0] * self.coef)
        self.slopes, cross = a_xx[:, :, 1:], a_xy[:, 1:]
        self.turned = cross - np.add.reduce(self.slopes * self.coef[:, None, None])
        self.rss_first = a_yy[1:] - np.add.reduce((cross + self.turned) * self.coef[:, None])


def _products(
    pieces: Sequence[Piece], curves: Sequence[Array], data: Data
) -> tuple[Array, Array, Array]:
    """X'V^-1X (p, p, A, R), X'V^-1y (p, A, R), y'V^-1y (A, R): the value, then the slopes."""
    xx = _total(piece.against_xx(h) for piece, h in zip(pieces, curves, strict=True))
    xy = _total(piece.against_xy(h) for piece, h in zip(pieces, curves, strict=True))
    yy = _total(piece.against_yy(h) for piece, h in zip(pieces, curves, strict=True))
    p = xy.shape[0]
    a, b, _ = upper(p)
    full = np.empty((p, p, *xx.shape[1:]))
    full[a, b] = full[b, a] = np.negative(xx, out=xx)
    if data.base is None:
        full[np.arange(p), np.arange(p), 0] += 1.0
    else:
        full[:, :, 0] += data.base
    np.negative(yy, out=yy)
    yy[0] += data.total
    return full, np.negative(xy, out=xy), yy


def _total(parts: Iterable[Array]) -> Array:
    first, *others = parts
    for other in others:
        first = first + other
    return first


def _quadratic(inner: Array, turned: Array) -> Array:
    """turned_k' inner turned_l: (K, K, R)."""
    lifted = np.add.reduce(inner[:, :, None] * turned[:, None])
    result: Array = np.add.reduce(turned[:, :, None] * lifted[:, None])
    return result


def _moved(inner: Array, slopes: Array) -> Array:
    """(X'V^-1X)^-1 times every slope: (p, p, K, R)."""
    moved: Array = inner[:, 0, None, None] * slopes[None, 0]
    for j in range(1, inner.shape[0]):
        moved += inner[:, j, None, None] * slopes[None, j]
    return moved


def _traces(moved: Array) -> Array:
    """Tr(moved_k moved_l): (K, K, R)."""
    result: Array = np.einsum("abkr,balr->klr", moved, moved)
    return result


def _profiled(logdet: Array, rss: Array, df: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        value: Array = logdet + df * np.log(np.where(rss > 0, rss, np.nan))
    return value
