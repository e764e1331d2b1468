"""A fitted mixed model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.contrast import (
    Contrast,
    Number,
    Wald,
    checked_weights,
    independent,
    judged,
    judged_jointly,
)
from rmresearch.numerics.ddf import Adjusted, joint, kenward_roger, satterthwaite
from rmresearch.numerics.lanes import last
from rmresearch.numerics.lmm.absent import OWN_CHUNK, own_moments
from rmresearch.numerics.lmm.designs import Design
from rmresearch.numerics.lmm.expected import linear_pieces
from rmresearch.numerics.lmm.terms import Ready

__all__ = ["MixedFit"]


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit:
    """A fitted mixed model; leading axes are replicates.

    ``coef`` (..., p), ``vcov`` (..., p, p), ``criterion`` (...) = lme4's REMLcrit (or deviance,
    ``reml`` false), ``loglik`` = -criterion / 2, ``sigma2`` (...) residual variance,
    ``covariances``: per term (..., q, q) in the units of y and z, ``singular`` (...): some
    covariance is rank-deficient, which is a valid answer, ``n`` rows, (...) where replicates have
    rows of their own, ``converged`` (...) judged by
    ``gradient`` (..., K) of the criterion in ``theta`` (..., K), the entries of the relative
    Cholesky factors of standardised z, ``n_iter`` (...), ``exact`` (...): the fixed part alone
    fits without residual, and no variance or test has a meaning.
    """

    coef: Array
    vcov: Array
    criterion: Number
    loglik: Number
    sigma2: Number
    covariances: tuple[Array, ...]
    singular: Any
    converged: Any
    gradient: Array
    theta: Array
    n_iter: Any
    exact: Any
    n: Any
    names: tuple[str, ...]
    reml: bool
    _inner: Array = field(repr=False)
    _slopes: Array = field(repr=False)
    _hessian: Array = field(repr=False)
    _design: Design = field(repr=False)
    _present: NDArray[np.bool_] | None = field(repr=False)

    @property
    def _q(self) -> Array:
        return self._design.basis.q

    @property
    def _back(self) -> Array:
        return self._design.basis.back

    @property
    def _terms(self) -> tuple[Ready, ...]:
        return self._design.terms

    @property
    def se(self) -> Array:
        """Model-based standard errors (..., p)."""
        variance = np.diagonal(self.vcov, axis1=-2, axis2=-1)
        # Where a search ended nowhere, its variances may be negative.
        root: Array = np.sqrt(np.where(variance >= 0, variance, np.nan))
        return root

    @property
    def df(self) -> Array:
        """Satterthwaite's df of every coefficient (..., p)."""
        p = self.coef.shape[-1]
        each = [np.asarray(self.contrast(row).df) for row in np.eye(p)]
        return np.stack(each, axis=-1)

    def contrast(self, weights: ArrayLike) -> Contrast:
        """The weighted sum of coefficients, ``weights`` (p,), with Satterthwaite's df.

        Where the search did not converge, or nothing is left over, there is no test (df 0).
        """
        weight = checked_weights(weights, self.coef.shape[-1])
        variance, df = self._satterthwaite(self._back.T @ weight)
        return judged(self.coef @ weight, variance, df, self.exact)

    def kenward_roger(self, weights: ArrayLike) -> Contrast:
        """The weighted sum of coefficients with Kenward and Roger's standard error and df.

        For REML fits only (``ValueError`` else); no test (df 0) where the search did not converge.
        """
        return self.kenward_roger_each([weights])[0]

    def kenward_roger_each(self, weights: Sequence[ArrayLike]) -> tuple[Contrast, ...]:
        """Several contrasts, each as ``kenward_roger`` has it; the adjustment is made once."""
        rows = [checked_weights(row, self.coef.shape[-1]) for row in weights]
        sides = [self._back.T @ row for row in rows]
        told = [[(one.variance(w), one.df(w)) for w in sides] for one in self._adjusted()]
        usable, lead = np.asarray(self.converged).reshape(-1), np.shape(self.sigma2)
        found = []
        for place, row in enumerate(rows):
            variance, df = (np.concatenate([part[place][i] for part in told]) for i in (0, 1))
            df = np.where(usable, df, 0.0).reshape(lead)
            found.append(judged(self.coef @ row, variance.reshape(lead), df, self.exact))
        return tuple(found)

    def wald(
        self,
        weights: ArrayLike,
        ddf: Literal["satterthwaite", "kenward-roger"] = "satterthwaite",
    ) -> Wald:
        """Whether q contrasts, ``weights`` (q, p), are all zero: F, one row the square of its t.

        Satterthwaite as lmerTest: the contrasts are turned to be uncorrelated in the rows' given
        units, and their df joined (Fai and Cornelius 1996); where those differ, so may the df in
        other units. Kenward and Roger as pbkrtest, in any units, for REML fits only.
        """
        if ddf not in {"satterthwaite", "kenward-roger"}:
            raise ValueError(f"ddf must be 'satterthwaite' or 'kenward-roger', not {ddf!r}")
        rows = np.atleast_2d(np.asarray(weights, dtype=float))
        axes, turn = independent(rows, self._back)
        if len(rows) == 1:
            alone = self.contrast if ddf == "satterthwaite" else self.kenward_roger
            one = alone(rows[0])
            return judged_jointly(np.asarray(one.t) ** 2, 1, one.df)
        if ddf == "satterthwaite":
            return self._fai_cornelius(rows)
        q, lead = len(rows), np.shape(self.sigma2)
        usable = np.asarray(self.converged).reshape(-1)
        told = [(*one.joint(axes), one.covariance(axes)) for one in self._adjusted()]
        df, scale, variance = (np.concatenate(part) for part in zip(*told, strict=True))
        df, scale = (np.where(usable, one, 0.0).reshape(lead) for one in (df, scale))
        variance = np.where(usable[:, None, None], variance, np.eye(q)).reshape(*lead, q, q)
        gap = (self.coef @ rows.T @ turn)[..., None]
        f = (gap * np.linalg.solve(variance, gap)).sum(axis=(-2, -1)) / q
        return judged_jointly(np.where(self.exact, np.nan, f * scale), q, df)

    def _fai_cornelius(self, rows: Array) -> Wald:
        """F of q rows (q, p) with the joined df of their uncorrelated combinations."""
        w = self._back.T @ rows.T
        usable = self._usable()[..., None, None]
        variance = w.T @ self._inner @ w * np.asarray(self.sigma2)[..., None, None]
        _, axes = np.linalg.eigh(np.where(usable, variance, np.eye(len(rows))))
        turned = w @ axes
        each = [self._satterthwaite(turned[..., j]) for j in range(len(rows))]
        sizes = np.stack([np.where(usable[..., 0, 0], size, 1.0) for size, _ in each], axis=-1)
        gap = ((self.coef @ rows.T)[..., None, :] @ axes)[..., 0, :]
        df = joint(np.stack([df for _, df in each], axis=-1))
        return judged_jointly((gap**2 / sizes).mean(axis=-1), len(rows), df)

    def _usable(self) -> NDArray[np.bool_]:
        usable: NDArray[np.bool_] = np.asarray(self.converged & ~np.asarray(self.exact))
        return usable

    def _satterthwaite(self, w: Array) -> tuple[Array, Array]:
        """Variance and df (...) of a contrast in basis coordinates, ``w`` (p,) or (..., p).

        There large variances of near-aliased columns do not cancel.
        """
        lead, sigma2 = np.shape(self.sigma2), np.asarray(self.sigma2).reshape(-1)
        side = last(w, 1)
        lever = np.add.reduce(last(self._inner, 2) * side[:, None])
        unit = np.add.reduce(lever * side)
        turned = np.add.reduce(last(self._slopes, 3) * lever[:, None], axis=1)
        slope = -sigma2 * np.add.reduce(turned * lever, axis=1)
        gradient = np.concatenate([slope, unit[None]]).T
        usable = self._usable().reshape(-1)
        size = gradient.shape[1]
        hessian = self._hessian.reshape(-1, size, size)
        if not usable.all():
            hessian = np.where(usable[:, None, None], hessian, np.eye(size))
            gradient = np.where(usable[:, None], gradient, 0.0)
        df = np.where(usable, satterthwaite(sigma2 * unit, gradient, hessian), 0.0)
        return (sigma2 * unit).reshape(lead), df.reshape(lead)

    def _adjusted(self) -> Iterator[Adjusted]:
        """Kenward and Roger's adjustment in basis coordinates, some of the R replicates at a time;
        of those that did not converge it says nothing."""
        if not self.reml:
            raise ValueError("Kenward and Roger's df need a REML fit: fit with reml=True")
        usable = np.asarray(self.converged).reshape(-1)
        p, k = self.coef.shape[-1], self.theta.shape[-1]
        theta = np.where(usable[:, None], self.theta.reshape(-1, k), 1.0)
        sigma2 = np.where(usable, np.asarray(self.sigma2).reshape(-1), 1.0)
        inner = np.where(usable[:, None, None], self._inner.reshape(-1, p, p), np.eye(p))
        for start in range(0, usable.size, OWN_CHUNK):  # moments take room
            run = slice(start, start + OWN_CHUNK)
            there = None if self._present is None else self._present[run]
            own = None if there is None else (own_moments(there, self._design), there.sum(axis=-1))
            yield kenward_roger(
                linear_pieces(theta[run], sigma2[run], inner[run], self._design, own)
            )
