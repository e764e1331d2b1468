"""Random intercepts of groups, of many replicates whose columns are their own.

What `lmm.fit` finds of y = x b + (1 | group) + residual for one data set, by REML; CR2 and Kenward
and Roger's errors from it. With one variance beside the residual's the criterion is a function of
their ratio alone, and the data enter by sums over groups (see `nested_shares`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.numerics.basis import EXACT, Array
from rmresearch.numerics.contrast import Contrast, checked_weights, judged
from rmresearch.numerics.ddf import Linear, kenward_roger
from rmresearch.numerics.many_gls import ManyGls, many_gls
from rmresearch.numerics.roots import bracketed

__all__ = ["ManyIntercepts", "many_intercepts"]

Flags = NDArray[np.bool_]

#: ratios at which valleys are looked for; their logarithms are searched so closely
RATIOS, NARROW = np.concatenate([[0.0], np.logspace(-4.0, 3.0, 36)]), 1e-13
#: ratios above 0 that are left out: smaller ones may be taken for 0, larger ones run away
LEAST, MOST = 4e-4, 900.0
#: least singular value of the columns, of length 1; what the criterion must fall and rise by
APART, LEVEL = 1e-6, 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class ManyIntercepts:
    """R fitted models: ``fit`` by CR2 of the groups, ``ratio`` (R,) of the group's variance to
    the residual's, ``sigma2`` (R,) the latter. Where ``fit`` is not known, `lmm.fit` is to be
    asked.
    """

    fit: ManyGls
    ratio: Array
    sigma2: Array
    _x: Array
    _lower: Array
    _there: Flags

    def kenward_roger(self, weights: ArrayLike) -> Contrast:
        """The weighted sum of coefficients by the model's own errors, as `MixedFit` has it."""
        weight = checked_weights(weights, self.fit.coef.shape[-1])
        known = self.fit.known
        seen = self._there.astype(float)
        joint = seen[..., :, None] * seen[..., None, :]
        h = np.linalg.solve(self._lower, self._x)
        gram = np.einsum("rgma,rgmb->rab", h, h)
        gram = np.where(known[:, None, None], gram, np.eye(gram.shape[-1]))
        inside = []
        for kernel in (joint, seen[..., None] * np.eye(joint.shape[-1])):
            half = np.linalg.solve(self._lower, kernel)
            inside.append(np.linalg.solve(self._lower, half.swapaxes(-1, -2)))
        moved = [part @ h for part in inside]
        first = -np.stack([np.einsum("rgma,rgmb->rab", h, one) for one in moved], axis=1)
        s = np.where(known, self.sigma2, 1.0)[:, None, None]

        def second(sides: Array) -> Array:
            turned = [part @ sides[:, None] for part in moved]
            rows = [np.stack([(a * b).sum(axis=(1, 2, 3)) for b in turned], axis=1) for a in moved]
            found: Array = np.stack(rows, axis=1) / s**3
            return found

        trace = np.stack(
            [np.stack([(a * b).sum(axis=(1, 2, 3)) for b in inside], axis=1) for a in inside],
            axis=1,
        )
        adjusted = kenward_roger(
            Linear(
                phi=np.linalg.inv(gram) * s,
                first=first / s[..., None] ** 2,
                second=second,
                trace=trace / s**2,
            )
        )
        df = np.where(known, adjusted.df(weight), 0.0)
        return judged(self.fit.coef @ weight, adjusted.variance(weight), df, ~known)


def many_intercepts(y: ArrayLike, x: ArrayLike, there: ArrayLike) -> ManyIntercepts:
    """Fit ``y`` (R, G, m) on ``x`` (R, G, m, p), its first column the intercept, G groups of m.

    ``there`` (R, G, m): which rows there are; what stands elsewhere does not matter.

    Three groups of two, as `lmm.fit` has them:

    >>> import numpy as np
    >>> y = np.array([[[1.0, 3], [5, 7], [6, 8]]])
    >>> found = many_intercepts(y, np.ones((1, 3, 2, 1)), np.isfinite(y))
    >>> round(float(found.sigma2[0]), 6), round(float(found.ratio[0]), 6)
    (2.0, 3.0)
    """
    seen, outcome, design = np.asarray(there, bool), np.asarray(y, float), np.asarray(x, float)
    p = design.shape[-1]
    if seen[0].size <= p:  # with absent groups there are more rows than columns
        more = ((0, 0), (0, p), (0, 0))
        seen, outcome = np.pad(seen, more), np.pad(outcome, more)
        design = np.pad(design, (*more, (0, 0)))
    outcome, design = np.where(seen, outcome, 0.0), np.where(seen[..., None], design, 0.0)
    replicates, groups, size = seen.shape
    flat, rows = design.reshape(replicates, -1, p), seen.sum(axis=(1, 2))
    middle = outcome.sum(axis=(1, 2), keepdims=True) / np.maximum(rows, 1)[:, None, None]
    outcome = np.where(seen, outcome - middle, 0.0)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    unit = flat / np.where(length > 0, length, 1.0)
    known = (np.linalg.svd(unit, compute_uv=False)[:, -1] > APART) & (rows > p + 1)
    basis = np.linalg.qr(unit)[0] * seen.reshape(replicates, -1, 1)
    left = outcome.reshape(replicates, -1, 1)
    spread = np.linalg.norm(left, axis=(1, 2))
    left = left - basis @ (basis.swapaxes(1, 2) @ left)
    known &= np.linalg.norm(left, axis=(1, 2)) > EXACT * spread
    z = np.concatenate([basis, left], axis=-1)
    held = seen.sum(axis=2)
    # (1 | group) can be told where some group has several rows, and there are fewer than rows
    known &= ((held > 0).sum(axis=1) >= 2) & (held.max(axis=1) > 1)
    sums = z.reshape(replicates, groups, size, p + 1).sum(axis=2)
    model = _Ratio(z.swapaxes(1, 2) @ z, sums, held.astype(float), rows - p)
    model = model.where(known)
    ratio, found = _minimised(model)
    known &= found
    ratio = np.where(known, ratio, 0.0)
    sigma2 = model.value(ratio)[2] / (rows - p).clip(1)
    lower = np.linalg.cholesky(
        np.eye(size) + ratio[:, None, None, None] * (seen[..., :, None] & seen[..., None, :])
    )
    fit = many_gls(outcome, design, lower, known)
    coef = fit.coef.copy()
    coef[:, 0] += middle[:, 0, 0]
    return ManyIntercepts(replace(fit, coef=coef), ratio, sigma2, design, lower, seen)


@dataclass(frozen=True, slots=True, eq=False)
class _Ratio:
    """REML's criterion in the ratio: z is an orthonormal basis of x and y's residuals, ``whole``
    (R, p + 1, p + 1) their products, ``sums`` (R, G, p + 1) over groups of ``held`` (R, G) rows,
    ``df`` (R,).
    """

    whole: Array
    sums: Array
    held: Array
    df: Array

    def where(self, known: Flags) -> _Ratio:
        """With a stand-in where nothing can be fitted."""
        whole = np.where(known[:, None, None], self.whole, np.eye(self.whole.shape[-1]))
        sums = np.where(known[:, None, None], self.sums, 0.0)
        return _Ratio(whole, sums, self.held, np.where(known, self.df, 1.0))

    def value(self, ratio: Array) -> tuple[Array, Array, Array]:
        """The criterion, its derivative and the residual sum of squares, each (R,)."""
        r = ratio[:, None]
        total = 1.0 + self.held * r
        turned = self.sums.swapaxes(1, 2)
        w = self.whole - turned @ ((r / total)[..., None] * self.sums)
        slope = -turned @ (self.sums / total[..., None] ** 2)
        p = w.shape[-1] - 1
        inner = np.linalg.inv(w[:, :p, :p])
        b = np.concatenate([-(inner @ w[:, :p, p:])[..., 0], np.ones((len(r), 1))], axis=1)
        rss = np.einsum("ra,rab,rb->r", b, w, b)
        moved = np.einsum("ra,rab,rb->r", b, slope, b)
        value = np.log(total).sum(axis=1) + np.linalg.slogdet(w[:, :p, :p])[1]
        value = value + self.df * np.log(rss)
        first = (self.held / total).sum(axis=1) + np.einsum("rab,rba->r", inner, slope[:, :p, :p])
        return value, first + self.df * moved / rss, rss


def _minimised(model: _Ratio) -> tuple[Array, Flags]:
    """The ratios (R,) at the criteria's minima, and which of them are surely found (R,)."""
    lanes = np.arange(len(model.df))
    every = np.array([model.value(np.full(lanes.size, ratio))[:2] for ratio in RATIOS])
    best = every[:, 0].argmin(axis=0)
    low, high = np.clip(best - 1, 1, None), np.clip(best + 1, None, len(RATIOS) - 1)
    slopes = every[low, 1, lanes], every[high, 1, lanes]
    # what nothing tells is level
    told = np.ptp(every[:, 0], axis=0) > LEVEL
    edge = told & (best == 0) & (every[0, 1] > 0.0)

    def slope(log: Array) -> Array:
        return model.value(np.exp(log))[1]

    log = bracketed(
        slope, np.log(RATIOS[low]), slopes[0], np.log(RATIOS[high]), slopes[1], narrow=NARROW
    )
    ratio = np.where(edge, 0.0, np.exp(log))
    valley = told & (slopes[0] < 0.0) & (slopes[1] > 0.0) & (ratio > LEAST) & (ratio < MOST)
    return ratio, edge | valley
