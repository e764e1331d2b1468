"""A fitted mixed model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.contrast import Contrast, Number, judged
from rmresearch.numerics.ddf import kenward_roger, satterthwaite
from rmresearch.numerics.lmm.expected import linear_pieces
from rmresearch.numerics.lmm.terms import Ready

__all__ = ["MixedFit"]


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit:
    """A fitted mixed model; leading axes are replicates.

    ``coef`` (..., p), ``vcov`` (..., p, p), ``criterion`` (...) = lme4's REMLcrit (or deviance,
    ``reml`` false), ``loglik`` = -criterion / 2, ``sigma2`` (...) residual variance,
    ``covariances``: per term (..., q, q) in the units of y and z, ``singular`` (...): some
    covariance is rank-deficient, which is a valid answer, ``converged`` (...) judged by
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
    n: int
    names: tuple[str, ...]
    reml: bool
    _q: Array = field(repr=False)
    _back: Array = field(repr=False)
    _inner: Array = field(repr=False)
    _slopes: Array = field(repr=False)
    _hessian: Array = field(repr=False)
    _terms: tuple[Ready, ...] = field(repr=False)

    @property
    def se(self) -> Array:
        """Model-based standard errors (..., p)."""
        root: Array = np.sqrt(np.diagonal(self.vcov, axis1=-2, axis2=-1))
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
        weight = np.asarray(weights, dtype=float)
        if weight.shape != (self.coef.shape[-1],):
            raise ValueError(f"weights must have {self.coef.shape[-1]} entries, not {weight.shape}")
        estimate = self.coef @ weight
        # In basis coordinates: there large variances of near-aliased columns do not cancel.
        w = self._back.T @ weight
        lever = self._inner @ w
        unit = lever @ w
        sigma2 = np.asarray(self.sigma2)
        turned = (self._slopes @ lever[..., None, :, None])[..., 0] @ lever[..., :, None]
        slope = -sigma2[..., None] * turned[..., 0]
        gradient = np.concatenate([slope, unit[..., None]], axis=-1)
        usable: NDArray[np.bool_] = np.asarray(self.converged & ~np.asarray(self.exact))
        hessian = np.where(usable[..., None, None], self._hessian, np.eye(gradient.shape[-1]))
        df = np.where(usable, satterthwaite(sigma2 * unit, gradient, hessian), 0.0)
        return judged(estimate, sigma2 * unit, df, self.exact)

    def kenward_roger(self, weights: ArrayLike) -> Contrast:
        """The weighted sum of coefficients with Kenward and Roger's standard error and df.

        For REML fits only (``ValueError`` else); no test (df 0) where the search did not converge.
        """
        weight = np.asarray(weights, dtype=float)
        if weight.shape != (self.coef.shape[-1],):
            raise ValueError(f"weights must have {self.coef.shape[-1]} entries, not {weight.shape}")
        if not self.reml:
            raise ValueError("Kenward and Roger's df need a REML fit: fit with reml=True")
        usable = np.asarray(self.converged).reshape(-1)
        lead = np.shape(self.sigma2)
        p, k = self.coef.shape[-1], self.theta.shape[-1]
        model = linear_pieces(
            np.where(usable[:, None], self.theta.reshape(-1, k), 1.0),
            np.where(usable, np.asarray(self.sigma2).reshape(-1), 1.0),
            np.where(usable[:, None, None], self._inner.reshape(-1, p, p), np.eye(p)),
            self._terms,
            self._q,
        )
        adjusted = kenward_roger(model)
        w = self._back.T @ weight
        df = np.where(usable, adjusted.df(w), 0.0).reshape(lead)
        variance = (adjusted.vcov @ w @ w).reshape(lead)
        return judged(self.coef @ weight, variance, df, self.exact)
