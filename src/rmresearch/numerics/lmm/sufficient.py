"""Fits of Gaussian outcomes without drawing these: only what the criterion reads of them.

Blocks with the same rows of x and z are a type. Of a type's N blocks the criterion needs the sum of
their projections onto the span of z and x and the sum of the projections' squares: a normal vector
and a Wishart matrix on N - 1 degrees of freedom. What is outside all spans is one chi-square. The
cost does not depend on the number of blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lanes import upper
from rmresearch.numerics.lmm.blocks import Family, alike
from rmresearch.numerics.lmm.designs import Design
from rmresearch.numerics.lmm.moments import Data, Moments
from rmresearch.numerics.lmm.outcomes import Outcomes

__all__ = ["Gaussian", "gaussian"]

#: share of the largest eigenvalue below which a direction of z and x adds nothing to a span
FLAT = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """N alike blocks of class ``kind``: ``z`` (m, d) and ``x`` (t, d) in the span's coordinates.

    ``root`` (d, d) lower: the Cholesky factor of the projections' covariance.
    """

    count: int
    kind: int
    z: Array
    x: Array
    root: Array


@dataclass(frozen=True, slots=True, eq=False)
class Gaussian:
    """Outcomes of ``design`` with coefficients ``coef`` and the given covariances, to be drawn."""

    design: Design
    coef: Array
    sigma2: float
    types: tuple[tuple[Type, ...], ...]
    outside: int

    def draw(self, replicates: int, rng: np.random.Generator, reml: bool) -> tuple[Data, Outcomes]:
        """The moments of ``replicates`` outcomes, as those of outcomes in full."""
        design, t = self.design, self.design.touched
        inside = np.zeros((t, replicates))
        total = np.zeros(replicates)
        raw = []
        for family, kinds in zip(design.groups, self.types, strict=True):
            xy, yy = _empty(family, t, replicates)
            for one in kinds:
                sums, squares = _projections(one, replicates, rng)
                _add(one, sums, squares, xy, yy)
                inside += one.x @ sums
                total += np.trace(squares)
            raw.append((xy, yy))
        beside = np.sqrt(self.sigma2) * rng.standard_normal((design.p - t, replicates))
        left = total - np.add.reduce(inside * inside)
        if self.outside > 0:
            left += self.sigma2 * 2.0 * rng.standard_gamma(self.outside / 2.0, replicates)
        df = float(design.n - design.p if reml else design.n)
        unit = np.sqrt(left / df)
        parts = zip(design.shared, raw, strict=True)
        moments = tuple(_reduced(one.family, one.xx, *sums, inside, unit) for one, sums in parts)
        gain = np.concatenate([inside, beside])
        coef = self.coef[:, None] + design.basis.back @ gain
        data = Data(moments, np.full(replicates, df), np.full(replicates, df))
        return data, Outcomes(coef, unit, np.zeros(replicates, dtype=bool))


def gaussian(
    design: Design, coef: ArrayLike, covariances: Sequence[ArrayLike], sigma2: float
) -> Gaussian:
    """What is to be drawn: ``coef`` (p,), per term (q, q) in the given units of z, ``sigma2``."""
    true = np.asarray(coef, dtype=float)
    given = [np.atleast_2d(np.asarray(one, dtype=float)) for one in covariances]
    sizes = [(term.z.shape[1],) * 2 for term in design.terms]
    if true.shape != (design.p,) or [one.shape for one in given] != sizes or not sigma2 > 0:
        raise ValueError(
            f"expected {design.p} coefficients, covariances {sizes} and sigma2 above 0, not "
            f"{true.shape}, {[one.shape for one in given]} and {sigma2}"
        )
    if not all(np.isfinite(one).all() for one in [true, np.asarray(sigma2), *given]):
        raise ValueError("coefficients, covariances and sigma2 must be finite numbers")
    for number, one in enumerate(given):
        if not np.allclose(one, one.T) or np.linalg.eigvalsh(one)[0] < -1e-12 * np.trace(one):
            raise ValueError(f"the covariance of random term {number} is no covariance: {one}")
        if design.terms[number].rows.size == len(one) and np.ptp(one - np.diag(np.diag(one))) > 0:
            raise ValueError(f"random term {number} has uncorrelated effects, not {one}")
    back = [np.asarray(np.linalg.inv(term.turn), dtype=float) for term in design.terms]
    inner = [turn @ one @ turn.T for turn, one in zip(back, given, strict=True)]
    types = tuple(_types(family, design, inner, sigma2) for family in design.groups)
    spanned = sum(one.count * one.z.shape[1] for kinds in types for one in kinds)
    outside = design.n - spanned - (design.p - design.touched)
    return Gaussian(design, true, sigma2, types, outside)


def _types(
    family: Family, design: Design, inner: Sequence[Array], sigma2: float
) -> tuple[Type, ...]:
    m, t = family.g.shape[-1], design.touched
    q = design.basis.q[:, :t]
    u = np.asarray(family.gather @ design.by_unit(q)).reshape(-1, m, t)
    by_row = family.gather.T.tocsr()
    used = np.flatnonzero(np.diff(by_row.indptr))
    block = by_row.indices[by_row.indptr[used]] // m
    a, b, _ = upper(t)
    products = ((q[:, i] * q[:, j])[:, None] for i, j in zip(a, b, strict=True))
    columns = (design.by_unit(product)[used, 0] for product in products)
    qq = np.stack([np.bincount(block, column, len(u)) for column in columns], axis=1)
    kind = np.empty(len(u), dtype=np.intp)
    kind[family.order] = np.repeat(np.arange(family.counts.size), family.counts)
    keys = np.concatenate([kind[:, None], u.reshape(len(u), -1), qq], axis=1)
    first, _, count = alike(np.round(keys, 10) + 0.0)
    d = _effects(family, design, inner)
    found = []
    for where, number in zip(first, count, strict=True):
        square = np.zeros((m + t, m + t))
        square[:m, :m] = family.g[kind[where]]
        square[:m, m:], square[m:, :m] = u[where], u[where].T
        square[m + a, m + b] = square[m + b, m + a] = qq[where]
        size, axes = np.linalg.eigh(square)
        kept = size > FLAT * size[-1]
        frame = axes[:, kept] * np.sqrt(size[kept])
        z, x = frame[:m], frame[m:]
        covariance = sigma2 * np.eye(z.shape[1]) + z.T @ d @ z
        found.append(Type(int(number), int(kind[where]), z, x, np.linalg.cholesky(covariance)))
    return tuple(found)


def _effects(family: Family, design: Design, inner: Sequence[Array]) -> Array:
    """The covariance (m, m) of a block's random effects of standardised z."""
    values = np.concatenate(
        [one[term.rows, term.columns] for term, one in zip(design.terms, inner, strict=True)]
    )
    d = np.zeros((family.g.shape[-1],) * 2)
    d[family.rows, family.columns] = values[family.parameter]
    d[family.columns, family.rows] = values[family.parameter]
    return d


def _empty(family: Family, t: int, replicates: int) -> tuple[Array, Array]:
    shape = (upper(family.g.shape[-1])[0].size, family.counts.size, replicates)
    return np.zeros((t, *shape)), np.zeros(shape)


def _projections(
    one: Type, replicates: int, rng: np.random.Generator
) -> tuple[Array, NDArray[np.float64]]:
    """Sums (d, R) and sums of squares (d, d, R) of N normal vectors of covariance root root'."""
    d = one.root.shape[0]
    if one.count <= d:
        z = np.tensordot(one.root, rng.standard_normal((d, one.count, replicates)), axes=1)
        return z.sum(axis=1), np.einsum("inr,jnr->ijr", z, z)
    # Bartlett (1933): the Cholesky factor of a Wishart matrix, N - 1 degrees of freedom.
    factor = np.zeros((d, d + 1, replicates))
    for i in range(d):
        rng.standard_gamma((one.count - 1 - i) / 2.0, out=factor[i, i])
        np.sqrt(2.0 * factor[i, i], out=factor[i, i])
        factor[i, :i] = rng.standard_normal((i, replicates))
    factor[:, d] = rng.standard_normal((d, replicates))
    turned = np.tensordot(one.root, factor, axes=1)
    squares = np.einsum("ikr,jkr->ijr", turned, turned)
    return np.sqrt(one.count) * turned[:, d], squares


def _add(one: Type, sums: Array, squares: Array, xy: Array, yy: Array) -> None:
    """What a type adds to the products of its class, in place."""
    i, j, _ = upper(one.z.shape[0])
    # Z'y of the type's blocks summed, and Z'x of each of them.
    u, v = one.z @ one.x.T, one.z @ sums
    for column in range(u.shape[1]):
        side = u[:, column][:, None]
        xy[column, :, one.kind] += 0.5 * (side[i] * v[j] + side[j] * v[i])
    left = np.tensordot(one.z, squares, axes=1)
    both = np.einsum("ikr,jk->ijr", left, one.z)
    yy[:, one.kind] += both[i, j]


def _reduced(
    family: Family, xx: Array, xy: Array, yy: Array, inside: Array, unit: Array
) -> Moments:
    """Moments of the residuals: what x explains of the outcomes taken off."""
    t, places, classes = xy.shape[:3]
    a, b, twice = upper(t)
    full = np.empty((t, t, places, classes))
    full[a, b] = full[b, a] = xx.reshape(a.size, places, classes)
    plain = np.einsum("pscr,pr->scr", xy, inside)
    both = inside[a] * inside[b] * twice[:, None]
    yy = yy - 2.0 * plain + (xx.T @ both).reshape(yy.shape)
    xy = xy - np.tensordot(full, inside, axes=(1, 0))
    return Moments(
        family=family,
        g=np.ascontiguousarray(np.moveaxis(family.g, 0, -1))[..., None],
        counts=family.counts[:, None].astype(float),
        xx=xx,
        xy=xy / unit,
        yy=yy / (unit * unit),
    )
