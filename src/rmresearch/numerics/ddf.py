"""Degrees of freedom of a contrast of fixed effects in a mixed model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lanes import last, solve

__all__ = ["Adjusted", "Linear", "joint", "kenward_roger", "satterthwaite"]

#: share of the largest curvature below which the criterion tells nothing about a direction
UNKNOWN = 1e-9


def satterthwaite(variance: Array, gradient: Array, hessian: Array) -> Array:
    """Satterthwaite's df (...) = 2 f^2 / (g' 2 H^-1 g) of an estimate of variance f (...).

    ``gradient`` g (..., K) of f and ``hessian`` H (..., K, K) of the deviance in the same
    variance parameters (Giesbrecht and Burns 1985; Kuznetsova and others 2017). Parameters are
    brought to a common unit of curvature first; directions without curvature are left out.

    The mean of n values has n - 1 df: f = s2 / n, and (n - 1) / s2^2 is the curvature.

    >>> import numpy as np
    >>> round(float(satterthwaite(np.array(1.0), np.array([0.25]), np.array([[3 / 16]]))), 9)
    3.0
    """
    curvature, slope = last(hessian, 2), last(np.asarray(gradient), 1)
    k = np.arange(slope.shape[0])
    unit = np.sqrt(np.abs(curvature[k, k]))
    unit = np.where(unit > 0, unit, 1.0)
    curvature = curvature / (unit[:, None] * unit[None])
    slope = slope / unit
    inside, known = solve(curvature, slope, UNKNOWN)
    spread = 2.0 * np.add.reduce(slope * inside)
    other = np.flatnonzero(~known)
    if other.size:
        spread[other] = _without_flat(curvature[..., other], slope[:, other])
    square = 2.0 * np.asarray(variance).reshape(-1) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        df: Array = np.where(spread > 0, square / spread, 0.0)
    return df.reshape(np.shape(variance))


def _without_flat(curvature: Array, slope: Array) -> Array:
    """2 g'H^-1 g (R,) in the directions in which H (K, K, R) is soundly positive."""
    size, axes = np.linalg.eigh(np.moveaxis(curvature, -1, 0))
    known = size > UNKNOWN * size[..., -1:]
    along = (slope.T[:, None] @ axes)[:, 0]
    part = np.where(known, 2.0 * along**2 / np.where(known, size, 1.0), 0.0)
    return part.sum(axis=-1)  # type: ignore[no-any-return]


def joint(each: Array) -> Array:
    """The df (...) of F from those of q uncorrelated t tests, ``each`` (..., q).

    F's expectation is the mean of nu / (nu - 2), which names its df (Fai and Cornelius 1996); 2
    where some nu is not above 2 and has no expectation, as R's lmerTest has it.

    >>> import numpy as np
    >>> round(float(joint(np.array([6.0, 10.0]))), 6)
    7.333333
    """
    q = each.shape[-1]
    few = np.asarray((each <= 2.0).any(axis=-1))
    safe = np.where(few[..., None], 3.0, each)
    total = (safe / (safe - 2.0)).sum(axis=-1)
    same = (np.abs(np.diff(each, axis=-1)) < 1e-8).all(axis=-1)
    with np.errstate(divide="ignore"):
        df = np.where(few, 2.0, 2.0 * total / (total - q))
    found: Array = np.where((each > 0).all(axis=-1), np.where(same, each.mean(axis=-1), df), 0.0)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A model whose V is linear in its K variance parameters, at their estimates.

    ``phi`` (R, p, p) = (X'V^-1X)^-1, ``first`` (R, K, p, p) = P_i, the derivatives of X'V^-1X,
    ``trace`` (R, K, K) = tr(V^-1 V_i V^-1 V_j). ``second`` gives tr(Q_ij S) (R, K, K) of Q_ij =
    X'V^-1 V_i V^-1 V_j V^-1X under symmetric S (R, p, p): no more than that is asked of Q.
    """

    phi: Array
    first: Array
    second: Callable[[Array], Array]
    trace: Array


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """Kenward and Roger's variances and df of contrasts; ``_spread`` (R, K, K) is W."""

    _model: Linear
    _spread: Array

    def variance(self, weights: Array) -> Array:
        """The adjusted variance (R,) of one contrast, ``weights`` (p,)."""
        return self.covariance(weights[:, None])[..., 0, 0]

    def covariance(self, weights: Array) -> Array:
        """The adjusted covariances (R, q, q) of q contrasts, ``weights`` (p, q)."""
        model, spread, q = self._model, self._spread, weights.shape[-1]
        lever = model.phi @ weights
        moved = model.first @ lever[:, None]
        flat = moved.reshape(*moved.shape[:2], -1)
        turned = (spread @ flat).reshape(moved.shape)
        lost = (turned.swapaxes(-1, -2) @ (model.phi[:, None] @ moved)).sum(axis=1)
        gained = np.empty(lost.shape)
        for a in range(q):
            for b in range(a + 1):
                product = lever[:, :, None, a] * lever[:, None, :, b]
                sides = 0.5 * (product + product.swapaxes(-1, -2))
                gained[:, a, b] = gained[:, b, a] = (spread * model.second(sides)).sum(axis=(1, 2))
        found: Array = weights.T @ lever + 2.0 * (gained - lost)
        return 0.5 * (found + found.swapaxes(-1, -2))

    def df(self, weights: Array) -> Array:
        """The df (...) of one contrast, ``weights`` (p,): 2 / A, free of the general 0/0 at 2."""
        phi = self._model.phi
        lever = phi @ weights
        moved = (self._model.first @ lever[..., None, :, None])[..., 0]
        part = (moved @ lever[..., :, None])[..., 0] / (lever @ weights)[..., None]
        a = (part[..., None, :] @ self._spread @ part[..., :, None])[..., 0, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            df: Array = np.where(a > 0, 2.0 / a, 0.0)
        return df

    def joint(self, weights: Array) -> tuple[Array, Array]:
        """The df (...) of F for q >= 2 contrasts, ``weights`` (p, q), and what scales F (...).

        Kenward and Roger (1997), equations 7 to 9, with pbkrtest's care of their 0 / 0.
        """
        q = weights.shape[-1]
        lever = self._model.phi @ weights
        inside = np.swapaxes(lever[..., None, :, :], -1, -2) @ self._model.first
        moved = inside @ lever[..., None, :, :]
        part = np.linalg.solve((weights.T @ lever)[..., None, :, :], moved)
        trace = np.trace(part, axis1=-2, axis2=-1)
        flat = part.reshape(*part.shape[:-2], q * q)
        turned = part.swapaxes(-1, -2).reshape(flat.shape)
        a1 = (trace[..., None, :] @ self._spread @ trace[..., :, None])[..., 0, 0]
        a2 = (self._spread * (flat @ turned.swapaxes(-1, -2))).sum(axis=(-2, -1))
        with np.errstate(divide="ignore", invalid="ignore"):
            return _joint(a1, a2, q)


def _joint(a1: Array, a2: Array, q: int) -> tuple[Array, Array]:
    b = (a1 + 6.0 * a2) / (2.0 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    base = 3.0 * q + 2.0 * (1.0 - g)
    v0 = 1.0 + g / base * b
    v1 = 1.0 - (q - g) / base * b
    v2 = 1.0 - (q + 2 - g) / base * b
    v0 = np.where(np.abs(v0) < 1e-10, 0.0, v0)
    left = 1.0 - a2 / q
    ratio = np.where((np.abs(left) < 1e-14) & (np.abs(v1) < 1e-14), 1.0, left / v1)
    rho = ratio**2 * v0 / v2 / q
    df = 4.0 + (q + 2) / (q * rho - 1.0)
    scale = np.where(np.abs(df - 2.0) < 1e-2, 1.0, df * left / (df - 2.0))
    return df, scale


def kenward_roger(model: Linear) -> Adjusted:
    """Kenward and Roger (1997) with expected information, as R's pbkrtest computes it."""
    turned = model.first @ model.phi[:, None]
    flat = turned.reshape(*turned.shape[:2], -1)
    pairs = flat @ turned.swapaxes(-1, -2).reshape(flat.shape).swapaxes(-1, -2)
    information = model.trace - (2.0 * model.second(model.phi) - pairs)
    information = 0.5 * (information + information.swapaxes(-1, -2))
    # In samples of a handful the corrected information need not be positive: then df may be 0.
    unit = np.sqrt(np.abs(np.diagonal(information, axis1=-2, axis2=-1)))
    unit = 1.0 / np.where(unit > 0, unit, 1.0)
    both = unit[..., :, None] * unit[..., None, :]
    spread = 2.0 * np.linalg.pinv(information * both, rcond=1e-13, hermitian=True) * both
    return Adjusted(model, spread)
