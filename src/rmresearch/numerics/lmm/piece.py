"""What one family of blocks gives to the criterion: small matrices in lanes (m, m, C, R).

In a block with G = Z'Z: F = G L, K = (I + L'F)^-1, A = L K, H = A L' = (D^-1 + G)^-1, so that
V^-1 = (I - Z H Z') / s2 and D may be singular; B = I - A F' = (I + D G)^-1, W = G B, Q = W L = F K
and T = L'W L = I - K. For the derivatives E, F of D: dH = B E B',
d2H = B (E2 - F W E - E W F) B', and log|I + D G| has the derivatives tr(W E) and
tr(W E2) - tr(W F W E). E = J L' + L J' with the ones of J at the parameter's entries (r, c) of L,
so that every trace is a sum over pairs of entries.
"""

from __future__ import annotations

import numpy as np

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lanes import SMALL, inverse, product, transposed, upper
from rmresearch.numerics.lmm.moments import Moments

__all__ = ["Piece"]


class Piece:
    """One family at ``theta`` (K, R)."""

    __slots__ = ("a", "b", "c", "f", "m", "q", "theta", "volume", "w")

    def __init__(self, theta: Array, moments: Moments) -> None:
        self.m, self.theta = moments, theta
        size = moments.g.shape[0]
        self.f = self._right(moments.g)
        inside = transposed(self._right(transposed(self.f)))
        inside[np.arange(size), np.arange(size)] += 1.0
        self.c, self.volume = inverse(inside)
        self.a = self._left(self.c)

    def _right(self, x: Array) -> Array:
        """x L."""
        family, theta = self.m.family, self.theta
        if family.along is not None:
            return x * theta[family.along][None, :, None]
        out = np.zeros((*x.shape[:-1], theta.shape[1]))
        for k, row, column in zip(family.parameter, family.rows, family.columns, strict=True):
            out[:, column] += x[:, row] * theta[k]
        return out

    def _left(self, x: Array) -> Array:
        """L x."""
        family, theta = self.m.family, self.theta
        if family.along is not None:
            return x * theta[family.along][:, None, None]
        out = np.zeros(x.shape)
        for k, row, column in zip(family.parameter, family.rows, family.columns, strict=True):
            out[row] += x[column] * theta[k]
        return out

    def curve(self) -> Array:
        """H as ``against`` takes it: (1, S, C, R), off-diagonal places counted twice."""
        h = self._left(transposed(self.a))
        i, j, twice = upper(h.shape[0])
        return (h[i, j] * twice[:, None, None])[None]

    def curves(self) -> Array:
        """H and its derivatives: (1 + K, S, C, R), off-diagonal places counted twice."""
        family = self.m.family
        size = np.arange(self.f.shape[0])
        turned = transposed(self.f)
        self.q = product(self.f, self.c)
        self.w = self.m.g - product(self.q, turned)
        b = np.negative(product(self.a, turned))
        b[size, size] += 1.0
        i, j, twice = upper(size.size)
        out = np.empty((1 + family.starts.size, i.size, *b.shape[2:]))
        out[0] = self._left(transposed(self.a))[i, j]
        left, right = b[:, family.rows], self.a[:, family.columns]
        if size.size > SMALL:
            ends = np.append(family.starts[1:], family.rows.size)
            for k, (start, stop) in enumerate(zip(family.starts, ends, strict=True)):
                part = product(left[:, start:stop], transposed(right[:, start:stop]))
                out[1 + k] = part[i, j] + part[j, i]
        else:
            both = left[i] * right[j]
            both += left[j] * right[i]
            out[1:] = np.add.reduceat(both, family.starts, axis=1).swapaxes(0, 1)
        out *= twice[:, None, None]
        self.b = b
        return out

    def against_xx(self, h: Array) -> Array:
        """(P, A, R)."""
        if self.m.xx.ndim > 2:
            return _contracted(self.m.xx, h)
        flat: Array = self.m.xx @ h.reshape(h.shape[0], -1, h.shape[-1])
        found: Array = flat.swapaxes(0, 1)
        return found

    def against_xy(self, h: Array) -> Array:
        """(p, A, R)."""
        return _contracted(self.m.xy, h)

    def against_yy(self, h: Array) -> Array:
        """(A, R)."""
        total: Array = _contracted(self.m.yy[None], h)[0]
        return total

    def logdet(self) -> Array:
        """(R,)."""
        total: Array = np.add.reduce(self.volume * self.m.counts)
        return total

    def determinant_first(self) -> Array:
        """(K, R)."""
        family = self.m.family
        each = 2.0 * self.q[family.rows, family.columns] * self.m.counts
        result: Array = np.add.reduceat(each, family.starts).sum(axis=1)
        return result

    def residual(self, coef: Array, share: Array) -> Array:
        """N of the residual sum of squares, in units of s2: (S, C, R)."""
        m = self.m
        a, b, twice = upper(coef.shape[0])
        both = coef[a] * coef[b] * twice[:, None]
        square = self._weighted(both)
        square -= 2.0 * _spread(m.xy, coef)
        square += m.yy
        square *= share
        return square

    def fixed(self, inner: Array) -> Array:
        """N of log|X'V^-1X|: (S, C, R)."""
        a, b, twice = upper(inner.shape[0])
        both = inner[a, b] * twice[:, None]
        return self._weighted(both)

    def _weighted(self, both: Array) -> Array:
        """Products of Z'x under weights (P, R): (S, C, R)."""
        if self.m.xx.ndim > 2:
            return _spread(self.m.xx, both)
        flat: Array = self.m.xx.T @ both
        return flat.reshape(self.m.yy.shape)

    def second(self, weight: Array) -> Array:
        """Second derivatives (K, K, R) of log|V| and of -<H, N>, N packed in ``weight``."""
        family, counts = self.m.family, self.m.counts
        i, j, _ = upper(self.f.shape[0])
        full = np.empty((*self.f.shape[:2], *weight.shape[1:]))
        full[i, j] = full[j, i] = weight
        b, w, q = self.b, self.w, self.q
        n = product(product(transposed(b), full), b)
        y = self._right(n)
        t = np.negative(self.c)
        t[np.arange(t.shape[0]), np.arange(t.shape[0])] += 1.0
        x = transposed(self._right(transposed(y)))
        r, c = family.rows, family.columns
        down, across = (r[:, None], r[None]), (c[:, None], c[None])
        mixed = (r[:, None], c[None])
        w_rr, t_cc, q_rc = w[down], t[across], q[mixed]
        counted = q_rc * counts
        value = q_rc.swapaxes(0, 1) * (y[mixed] - counted)
        value += y[mixed].swapaxes(0, 1) * q_rc
        value += (n[down] - w_rr * counts) * t_cc
        value += x[across] * w_rr
        same = c[:, None] == c[None]
        value[same] += (w_rr * counts - n[down])[same]
        value = np.add.reduceat(np.add.reduceat(value, family.starts), family.starts, axis=1)
        total: Array = 2.0 * value.sum(axis=2)
        return total


def _contracted(products: Array, h: Array) -> Array:
    """Sums over places and classes: (P, S, C, R) with (A, S, C, R) to (P, A, R).

    Classes and replicates run as one axis, so that the innermost loop is long.
    """
    p, s, c, r = products.shape
    flat = np.einsum("psl,asl->pal", products.reshape(p, s, -1), h.reshape(h.shape[0], s, -1))
    result: Array = flat.reshape(p, h.shape[0], c, r).sum(axis=2) if c > 1 else flat
    return result


def _spread(products: Array, weights: Array) -> Array:
    """Sums over columns: (P, S, C, R) with (P, R) to (S, C, R)."""
    p, s, c, r = products.shape
    wide = np.repeat(weights[:, None], c, axis=1).reshape(p, -1) if c > 1 else weights
    found: Array = np.einsum("psl,pl->sl", products.reshape(p, s, -1), wide)
    return found.reshape(s, c, r)
