"""The REML or ML criterion of a mixed model, with exact first and second derivatives.

V = s2 (I + Z D Z'), D = L L', theta the free entries of L. In a block with G = Z'Z:
B = (I + D G)^-1, H = B D, W = G B, so that V^-1 = (I - Z H Z') / s2 and D may be singular;
dH = B E B', d2H = B (E2 - F W E - E W F) B' for the derivatives E, F of D, and log|I + D G| has
the derivatives tr(W E) and tr(W E2) - tr(W F W E).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.moments import Moments

__all__ = ["Value", "evaluate"]


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """The criterion at one theta a replicate, R replicates, K parameters, p coefficients.

    ``f`` (R,) profiled over s2, without constants of the design; ``gradient`` (R, K), ``hessian``
    (R, K, K) of ``f``; ``rss`` (R,), its ``rss_gradient`` (R, K); ``free`` (R, K, K) second
    derivatives in theta at s2 fixed to rss / df; ``coef`` (R, p), ``inverse`` (R, p, p) of
    X'V^-1X at s2 = 1 and ``slopes`` (R, K, p, p), the derivatives of X'V^-1X.
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


def evaluate(theta: Array, moments: Sequence[Moments], total: Array, df: int, reml: bool) -> Value:
    """The criterion at ``theta`` (R, K); ``total`` (R,) is y'y; x'x = I and x'y = 0 by design.

    ``df`` is n - p (REML) or n.
    """
    pieces = [_Piece(theta, one) for one in moments]
    p = moments[0].xx.shape[-1]
    a_xx = np.eye(p) - sum(piece.contract_xx(piece.h[:, None])[:, 0] for piece in pieces)
    a_xy = np.negative(sum(piece.contract_xy(piece.h[:, None])[:, 0] for piece in pieces))
    a_yy = total - sum((piece.h * piece.m.yy).sum(axis=(1, 2, 3)) for piece in pieces)
    inverse = np.linalg.inv(a_xx)
    inverse = 0.5 * (inverse + inverse.swapaxes(-1, -2))
    coef = (inverse @ a_xy[..., None])[..., 0]
    rss = a_yy - (a_xy * coef).sum(axis=-1)
    logdet = sum(piece.logdet for piece in pieces)
    first = sum(piece.determinant_first() for piece in pieces)
    second = sum(piece.determinant_second() for piece in pieces)
    slopes = np.negative(sum(piece.contract_xx(piece.dh) for piece in pieces))
    cross = np.negative(sum(piece.contract_xy(piece.dh) for piece in pieces))
    turned = cross - (slopes @ coef[:, None, :, None])[..., 0]
    rss_first, rss_second = _weighted(pieces, [piece.residual(coef) for piece in pieces])
    rss_second = rss_second - 2.0 * turned @ inverse @ turned.swapaxes(-1, -2)
    if reml:
        x_first, x_second = _weighted(pieces, [piece.fixed(inverse) for piece in pieces])
        ps = inverse[:, None] @ slopes
        k = theta.shape[1]
        flat = ps.reshape(-1, k, p * p)
        other = ps.swapaxes(-1, -2).reshape(-1, k, p * p)
        logdet = logdet + np.linalg.slogdet(a_xx)[1]
        first = first + x_first
        second = second + x_second - flat @ other.swapaxes(-1, -2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = rss_first / rss[:, None]
        free = second + df * rss_second / rss[:, None, None]
        f = logdet + df * np.log(np.where(rss > 0, rss, np.nan))
    hessian = free - df * ratio[:, :, None] * ratio[:, None, :]
    return Value(f, first + df * ratio, hessian, rss, rss_first, free, coef, inverse, slopes)


def _weighted(pieces: Sequence[_Piece], weights: Sequence[Array]) -> tuple[Array, Array]:
    """First and second derivatives of -<H, N>, summed over families, N (R, C, m, m)."""
    parts = [piece.derivatives(n) for piece, n in zip(pieces, weights, strict=True)]
    return sum(a for a, _ in parts), sum(b for _, b in parts)  # type: ignore[return-value]


class _Piece:
    """What one family gives at theta: small matrices stacked as (R, C, m, m) or (R, K, C, m, m)."""

    __slots__ = ("b", "curved", "dh", "e", "ew", "h", "logdet", "m", "w")

    def __init__(self, theta: Array, moments: Moments) -> None:
        self.m = moments
        family = moments.family
        k, m, _ = family.basis.shape
        factor = (theta @ family.basis.reshape(k, m * m)).reshape(-1, m, m)
        d = factor @ factor.swapaxes(-1, -2)
        part = family.basis @ factor[:, None].swapaxes(-1, -2)
        self.e = (part + part.swapaxes(-1, -2))[:, :, None]
        part = family.basis[:, None] @ family.basis[None].swapaxes(-1, -2)
        self.curved = (part + part.swapaxes(-1, -2)).reshape(k, k, m * m)
        inside = np.eye(m) + d[:, None] @ family.g
        self.b = np.linalg.inv(inside)
        self.h = _symmetric(self.b @ d[:, None])
        self.w = _symmetric(family.g @ self.b)
        self.logdet = np.linalg.slogdet(inside)[1] @ family.counts
        self.ew = self.e @ self.w[:, None]
        self.dh = self.b[:, None] @ self.e @ self.b[:, None].swapaxes(-1, -2)

    def contract_xx(self, h: Array) -> Array:
        """(R, A, C, m, m) against xx: (R, A, p, p)."""
        xx = self.m.xx
        p = xx.shape[-1]
        flat = h.reshape(*h.shape[:2], -1) @ xx.reshape(-1, p * p)
        return flat.reshape(*h.shape[:2], p, p)

    def contract_xy(self, h: Array) -> Array:
        """(R, A, C, m, m) against xy: (R, A, p)."""
        xy = self.m.xy
        flat: Array = h.reshape(*h.shape[:2], -1) @ xy.reshape(xy.shape[0], -1, xy.shape[-1])
        return flat

    def determinant_first(self) -> Array:
        trace: Array = np.trace(self.ew, axis1=-2, axis2=-1)
        return trace @ self.m.family.counts

    def determinant_second(self) -> Array:
        counts = self.m.family.counts[:, None, None]
        return self._curve(self.w * counts) - self._pairs(self.ew, self.ew * counts)

    def residual(self, coef: Array) -> Array:
        """N of the residual sum of squares: the products of Z'(y - x coef)."""
        m = self.m
        both = (coef[:, :, None] * coef[:, None, :]).reshape(coef.shape[0], -1)
        square = (both @ m.xx.reshape(-1, both.shape[1]).T).reshape(m.yy.shape)
        cross = (m.xy @ coef[:, None, None, :, None])[..., 0]
        return square - 2.0 * cross + m.yy

    def fixed(self, inverse: Array) -> Array:
        """N of log|X'V^-1X|."""
        flat = inverse.reshape(inverse.shape[0], -1)
        return (flat @ self.m.xx.reshape(-1, flat.shape[1]).T).reshape(self.m.yy.shape)

    def derivatives(self, weight: Array) -> tuple[Array, Array]:
        inner = _symmetric(self.b.swapaxes(-1, -2) @ weight @ self.b)
        eq = self.e @ inner[:, None]
        first = -np.trace(eq, axis1=-2, axis2=-1).sum(axis=-1)
        return first, 2.0 * self._pairs(self.ew, eq) - self._curve(inner)

    def _curve(self, weight: Array) -> Array:
        """tr(E2 N) for the constant second derivatives E2 of D: (R, K, K)."""
        k = self.curved.shape[0]
        summed: Array = weight.sum(axis=1).reshape(weight.shape[0], -1)
        return (summed @ self.curved.reshape(k * k, -1).T).reshape(-1, k, k)

    @staticmethod
    def _pairs(left: Array, right: Array) -> Array:
        """Tr(left_k right_l), symmetrised: (R, K, K)."""
        r, k = left.shape[:2]
        product = left.reshape(r, k, -1) @ right.swapaxes(-1, -2).reshape(r, k, -1).swapaxes(-1, -2)
        return _symmetric(product)


def _symmetric(a: Array) -> Array:
    return 0.5 * (a + a.swapaxes(-1, -2))
