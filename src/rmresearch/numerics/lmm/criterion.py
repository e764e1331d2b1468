"""The REML or ML criterion of a mixed model, with exact first and second derivatives.

V = s2 (I + Z D Z'), D = L L', theta the free entries of L. In a block with G = Z'Z: F = G L,
C = (I + L'F)^-1, A = L C, H = A L' = (D^-1 + G)^-1, so that V^-1 = (I - Z H Z') / s2 and D may be
singular; B = I - A F' = (I + D G)^-1, W = G B, Q = W L = F C and T = L'W L = I - C.
For the derivatives E, F of D: dH = B E B', d2H = B (E2 - F W E - E W F) B', and log|I + D G| has
the derivatives tr(W E) and tr(W E2) - tr(W F W E). E = J L' + L J' with the ones of J at the
parameter's places, so that every trace is a sum over a few entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.lanes import inverse, product, transposed
from rmresearch.numerics.lmm.moments import Data, Moments, take

__all__ = ["Problem", "Value"]


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


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The criterion of R replicates as a function of theta (K, R); ``df`` is n - p (REML) or n."""

    data: Data
    df: int
    reml: bool

    @property
    def replicates(self) -> int:
        """R."""
        return int(self.data.total.size)

    def restrict(self, which: NDArray[np.intp]) -> Problem:
        """The same of some replicates."""
        return Problem(take(self.data, which), self.df, self.reml)

    def height(self, theta: Array) -> Array:
        """The criterion ``f`` (R,) alone."""
        pieces = [_Piece(theta, one) for one in self.data.moments]
        packed = [piece.packed([piece.h]) for piece in pieces]
        a_xx, a_xy, a_yy = _products(pieces, packed, self.data)
        inner, volume = inverse(a_xx[:, :, 0])
        coef = (inner * a_xy[None, :, 0]).sum(axis=1)
        rss = a_yy[0] - (a_xy[:, 0] * coef).sum(axis=0)
        logdet = _total(piece.logdet() for piece in pieces)
        return _profiled(logdet + volume if self.reml else logdet, rss, self.df)

    def evaluate(self, theta: Array) -> Value:
        """The criterion and all its derivatives."""
        pieces = [_Piece(theta, one) for one in self.data.moments]
        for piece in pieces:
            piece.differentiate()
        packed = [piece.packed([piece.h, *piece.slopes()]) for piece in pieces]
        a_xx, a_xy, a_yy = _products(pieces, packed, self.data)
        inner, volume = inverse(a_xx[:, :, 0])
        coef = (inner * a_xy[None, :, 0]).sum(axis=1)
        rss = a_yy[0] - (a_xy[:, 0] * coef).sum(axis=0)
        slopes, cross = a_xx[:, :, 1:], a_xy[:, 1:]
        turned = cross - (slopes * coef[:, None, None]).sum(axis=0)
        rss_first = a_yy[1:] - ((cross + turned) * coef[:, None]).sum(axis=0)
        logdet = _total(piece.logdet() for piece in pieces)
        first = _total(piece.determinant_first() for piece in pieces)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self.df / rss
        curved = -2.0 * share * _quadratic(inner, turned)
        weights = [piece.residual(coef, share) for piece in pieces]
        if self.reml:
            logdet = logdet + volume
            weights = [w + piece.fixed(inner) for w, piece in zip(weights, pieces, strict=True)]
            moved = _moved(inner, slopes)
            first = first + np.trace(moved)
            curved -= _traces(moved)
        for piece, weight in zip(pieces, weights, strict=True):
            piece.add_second(curved, weight)
        ratio = rss_first / rss
        return Value(
            f=_profiled(logdet, rss, self.df),
            gradient=first + self.df * ratio,
            hessian=curved - self.df * ratio[:, None] * ratio[None],
            rss=rss,
            rss_gradient=rss_first,
            free=curved,
            coef=coef,
            inverse=inner,
            slopes=np.moveaxis(slopes, 2, 0),
        )


def _quadratic(inner: Array, turned: Array) -> Array:
    """turned_k' inner turned_l: (K, K, R)."""
    lifted = (inner[:, :, None] * turned[:, None]).sum(axis=0)
    k = turned.shape[1]
    out = np.empty((k, k, turned.shape[2]))
    for i in range(k):
        for j in range(i + 1):
            out[i, j] = out[j, i] = (turned[:, i] * lifted[:, j]).sum(axis=0)
    return out


def _traces(moved: Array) -> Array:
    """Tr(moved_k moved_l): (K, K, R)."""
    k = moved.shape[2]
    out = np.empty((k, k, moved.shape[3]))
    for i in range(k):
        for j in range(i + 1):
            out[i, j] = out[j, i] = _pair(moved[:, :, i], moved[:, :, j])
    return out


def _moved(inner: Array, slopes: Array) -> Array:
    """X'V^-1X^-1 times every slope: (p, p, K, R)."""
    moved = inner[:, 0, None, None] * slopes[None, 0]
    for j in range(1, inner.shape[0]):
        moved += inner[:, j, None, None] * slopes[None, j]
    return moved


def _profiled(logdet: Array, rss: Array, df: int) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        value: Array = logdet + df * np.log(np.where(rss > 0, rss, np.nan))
    return value


def _products(
    pieces: Sequence[_Piece], packed: Sequence[Array], data: Data
) -> tuple[Array, Array, Array]:
    """X'V^-1X (p, p, A, R), X'V^-1y (p, A, R), y'V^-1y (A, R): the value, then the slopes."""
    xx = _total(piece.against_xx(h) for piece, h in zip(pieces, packed, strict=True))
    xy = _total(piece.against_xy(h) for piece, h in zip(pieces, packed, strict=True))
    yy = _total(piece.against_yy(h) for piece, h in zip(pieces, packed, strict=True))
    p = xy.shape[0]
    a, b = np.triu_indices(p)
    where = np.empty((p, p), dtype=np.intp)
    where[a, b] = where[b, a] = np.arange(a.size)
    full = np.negative(xx)[where]
    full[np.arange(p), np.arange(p), 0] += 1.0
    yy = -yy
    yy[0] += data.total
    return full, -xy, yy


def _total(parts: object) -> Array:
    return sum(parts)  # type: ignore[call-overload,no-any-return]


class _Piece:
    """What one family gives at theta: small matrices in lanes (m, m, C, R)."""

    __slots__ = ("a", "b", "c", "f", "h", "m", "places", "q", "t", "theta", "upper", "volume", "w")

    def __init__(self, theta: Array, moments: Moments) -> None:
        self.m, self.theta = moments, theta
        self.places = moments.family.places
        size = moments.g.shape[0]
        self.upper = np.triu_indices(size)
        self.f = self._right(moments.g)
        inside = self._left(self.f, swapped=True)
        inside[np.arange(size), np.arange(size)] += 1.0
        self.c, self.volume = inverse(inside)
        self.a = self._left(self.c)
        self.h = transposed(self._left(transposed(self.a)))

    def _right(self, x: Array) -> Array:
        """x L."""
        out = np.zeros(np.broadcast_shapes(x.shape, (*x.shape[:-1], self.theta.shape[1])))
        for (rows, columns), value in zip(self.places, self.theta, strict=True):
            out[:, columns] += x[:, rows] * value
        return out

    def _left(self, x: Array, swapped: bool = False) -> Array:
        """L x, or L'x."""
        out = np.zeros(x.shape)
        for (rows, columns), value in zip(self.places, self.theta, strict=True):
            if swapped:
                out[columns] += x[rows] * value
            else:
                out[rows] += x[columns] * value
        return out

    def differentiate(self) -> None:
        """The matrices that only derivatives need."""
        size = np.arange(self.f.shape[0])
        self.q = product(self.f, self.c)
        turned = transposed(self.f)
        self.w = self.m.g - product(self.q, turned)
        self.b = np.negative(product(self.a, turned))
        self.b[size, size] += 1.0
        self.t = np.negative(self.c)
        self.t[size, size] += 1.0

    def slopes(self) -> list[Array]:
        """DH of every parameter (m, m, C, R), half of it: the other half is its transpose."""
        return [
            2.0 * product(self.b[:, rows], transposed(self.a[:, columns]))
            for rows, columns in self.places
        ]

    def packed(self, parts: Sequence[Array]) -> Array:
        """Symmetric parts of matrices, off-diagonal places counted twice: (S, C, A, R)."""
        i, j = self.upper
        first = parts[0]
        out = np.empty((i.size, first.shape[2], len(parts), first.shape[3]))
        for number, part in enumerate(parts):
            for place, (row, column) in enumerate(zip(i, j, strict=True)):
                if row == column:
                    out[place, :, number] = part[row, column]
                else:
                    np.add(part[row, column], part[column, row], out=out[place, :, number])
        return out

    def against_xx(self, h: Array) -> Array:
        """(P, A, R)."""
        s, c, a, r = h.shape
        flat: Array = self.m.xx @ h.reshape(s * c, a * r)
        return flat.reshape(-1, a, r)

    def against_xy(self, h: Array) -> Array:
        """(p, A, R)."""
        found: Array = np.einsum("pscr,scar->par", self.m.xy, h)
        return found

    def against_yy(self, h: Array) -> Array:
        """(A, R)."""
        found: Array = np.einsum("scr,scar->ar", self.m.yy, h)
        return found

    def logdet(self) -> Array:
        total: Array = (self.volume * self.m.counts).sum(axis=0)
        return total

    def determinant_first(self) -> Array:
        """(K, R)."""
        return np.stack(
            [
                2.0 * (np.trace(self.q[rows, columns]) * self.m.counts).sum(axis=0)
                for rows, columns in self.places
            ]
        )

    def residual(self, coef: Array, share: Array) -> Array:
        """N of the residual sum of squares, in units of s2, (S, C, R): products of Z'(y - x b)."""
        m = self.m
        a, b = np.triu_indices(coef.shape[0])
        both = coef[a] * coef[b] * np.where(a == b, 1.0, 2.0)[:, None]
        square = (m.xx.T @ both).reshape(m.yy.shape)
        cross = np.einsum("pscr,pr->scr", m.xy, coef)
        return (square - 2.0 * cross + m.yy) * share  # type: ignore[no-any-return]

    def fixed(self, inner: Array) -> Array:
        """N of log|X'V^-1X|: (S, C, R)."""
        a, b = np.triu_indices(inner.shape[0])
        both = inner[a, b] * np.where(a == b, 1.0, 2.0)[:, None]
        return (self.m.xx.T @ both).reshape(self.m.yy.shape)  # type: ignore[no-any-return]

    def add_second(self, curved: Array, weight: Array) -> None:
        """Second derivatives of log|V| and of -<H, N> with N of ``weight`` (S, C, R)."""
        i, j = self.upper
        full = np.empty((*self.f.shape[:2], *weight.shape[1:]))
        full[i, j] = full[j, i] = weight
        n = product(product(transposed(self.b), full), self.b)
        y = self._right(n)
        x = self._left(y, swapped=True)
        plain = self.w * self.m.counts - n
        for k, (rk, ck) in enumerate(self.places):
            for j, (rl, cl) in enumerate(self.places[: k + 1]):
                own = _pair(self.q[rl, ck], self.q[rk, cl])
                own = own + _pair(self.w[rl, rk], self.t[ck, cl])
                value = _pair(self.q[rl, ck], y[rk, cl]) + _pair(y[rl, ck], self.q[rk, cl])
                value += _pair(n[rl, rk], self.t[ck, cl]) + _pair(x[cl, ck], self.w[rk, rl])
                value = 2.0 * (value - self.m.counts * own)
                if ck == cl:
                    value += 2.0 * np.trace(plain[rk, rl])
                total = value.sum(axis=0)
                curved[k, j] += total
                if k != j:
                    curved[j, k] += total


def _pair(x: Array, y: Array) -> Array:
    """Tr(x y) in lanes."""
    if x.shape[0] == 1 and x.shape[1] == 1:
        result: Array = x[0, 0] * y[0, 0]
        return result
    return (x * y.swapaxes(0, 1)).sum(axis=(0, 1))  # type: ignore[no-any-return]
