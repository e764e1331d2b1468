"""Linear mixed models: exact REML or ML, batched over replicates that share a design.

Any random terms, nested or crossed, with any effects: the data fall into independent blocks (the
connected components of the grouping factors), of which only summed cross-products are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array, Basis, decompose, solve
from rmresearch.numerics.lmm.alias import refuse_aliased
from rmresearch.numerics.lmm.blocks import families
from rmresearch.numerics.lmm.criterion import Problem, Value
from rmresearch.numerics.lmm.moments import Data, outcome_moments, shared_moments
from rmresearch.numerics.lmm.newton import Found, search
from rmresearch.numerics.lmm.result import MixedFit
from rmresearch.numerics.lmm.terms import Ready, Term, prepare

__all__ = ["MixedFit", "Term", "fit"]

#: replicates worked on at once
CHUNK = 512


def fit(
    y: ArrayLike,
    x: ArrayLike,
    terms: Sequence[Term],
    *,
    reml: bool = True,
    names: Sequence[str] | None = None,
) -> MixedFit:
    """Fit y = x b + random terms + residual: ``y`` (..., n), ``x`` (n, p) with its intercept.

    REML or, ``reml`` false, ML. A column of x that others determine, a random term that cannot be
    told from the residual, from x or from other terms, and as many coefficients as rows raise
    ``FitError``. Bates and others (2015) for the criterion; derivatives exact.

    >>> import numpy as np
    >>> group = np.repeat([0, 1, 2], 2)
    >>> found = fit([1.0, 3, 5, 7, 6, 8], np.ones((6, 1)), [Term(group, np.ones((6, 1)))])
    >>> bool(found.converged), round(float(found.sigma2), 6), round(float(found.df[0]), 6)
    (True, 2.0, 2.0)
    """
    outcome, design, labels = _checked(y, x, names)
    n, p = design.shape
    ready = prepare(terms, n)
    basis = decompose(design, labels)
    if n <= p:
        raise FitError(
            f"{n} rows and {p} coefficients: nothing is left to estimate the variances from. "
            "Drop terms from the model or add rows."
        )
    coef, left, exact = solve(outcome, basis)
    lead = outcome.shape[:-1]
    df = n - p if reml else n
    # In units of the residuals' spread the search sees the same numbers whatever y's unit.
    spread = np.sqrt((left * left).sum(axis=-1) / df)
    unit: Array = np.where(exact, 1.0, spread)
    scaled = (left / unit[..., None]).reshape(-1, n)
    found = _optimum(ready, basis, scaled, np.asarray(exact).reshape(-1), df, reml)
    parts = (np.moveaxis(getattr(found.value, one.name), -1, 0) for one in fields(Value))
    value = Value(*(part.reshape(lead + part.shape[1:]) for part in parts))
    theta = found.theta.T.reshape(*lead, -1)
    return _result(found, value, theta, ready, basis, (coef, unit, exact), (n, df, reml), labels)


def _checked(
    y: ArrayLike, x: ArrayLike, names: Sequence[str] | None
) -> tuple[Array, Array, tuple[str, ...]]:
    outcome, design = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    if design.ndim != 2 or outcome.ndim < 1 or outcome.shape[-1] != design.shape[0]:
        raise ValueError(f"y {outcome.shape} must end in the rows of x {design.shape}")
    labels = tuple(names) if names is not None else tuple(f"x{j}" for j in range(design.shape[1]))
    if len(labels) != design.shape[1]:
        raise ValueError(f"names must have {design.shape[1]} entries, not {len(labels)}")
    if not (np.isfinite(outcome).all() and np.isfinite(design).all()):
        raise FitError("y and x must be finite: drop incomplete rows first")
    return outcome, design, labels


def _optimum(
    ready: Sequence[Ready], basis: Basis, y: Array, exact: NDArray[Any], df: int, reml: bool
) -> Found:
    """Search chunk by chunk, so that memory stays bounded."""
    groups = families(ready)
    refuse_aliased(ready, groups, basis.q, y.shape[-1])
    shared = [shared_moments(family, basis.q) for family in groups]
    diagonal = np.concatenate([term.rows == term.columns for term in ready])
    factors, offset = [], 0
    for term in ready:
        factors += [offset + np.flatnonzero(term.rows == r) for r in range(term.z.shape[1])]
        offset += term.rows.size
    parts = []
    for start in range(0, y.shape[0], CHUNK):
        chunk = y[start : start + CHUNK]
        # A replicate without residuals has no criterion; a stand-in keeps the arrays whole.
        total = np.where(exact[start : start + CHUNK], 1.0, (chunk * chunk).sum(axis=1))
        data = Data(tuple(outcome_moments(one, chunk) for one in shared), total)
        parts.append(search(Problem(data, df, reml), diagonal, factors))
    return _joined(parts)


def _joined(parts: Sequence[Found]) -> Found:
    if len(parts) == 1:
        return parts[0]
    value = Value(
        *(np.concatenate([getattr(p.value, f.name) for p in parts], axis=-1) for f in fields(Value))
    )
    theta, converged, steps = (
        np.concatenate([getattr(p, name) for p in parts], axis=-1)
        for name in ("theta", "converged", "steps")
    )
    return Found(theta, value, converged, steps)


def _result(
    found: Found,
    value: Value,
    theta: Array,
    ready: Sequence[Ready],
    basis: Basis,
    scale: tuple[Array, Array, NDArray[np.bool_]],
    size: tuple[int, int, bool],
    labels: tuple[str, ...],
) -> MixedFit:
    coef, unit, exact = scale
    n, df, reml = size
    lead = unit.shape
    theta = np.where(exact[..., None], 0.0, theta)
    relative = np.where(exact, 0.0, np.maximum(value.rss, 0.0) / df)
    sigma2 = relative * unit**2
    inner = value.inverse
    vcov = sigma2[..., None, None] * (basis.back @ inner @ basis.back.T)
    with np.errstate(divide="ignore"):
        criterion = value.f + df * (1.0 + np.log(2.0 * np.pi / df) + 2.0 * np.log(unit))
    if reml:
        criterion = criterion - 2.0 * np.linalg.slogdet(basis.back)[1]
    criterion = np.where(exact, -np.inf, criterion)
    covariances, singular = _covariances(theta, ready, sigma2)
    shift = (basis.back @ value.coef[..., None])[..., 0] * unit[..., None]
    return MixedFit(
        coef=coef + np.where(exact[..., None], 0.0, shift),
        vcov=vcov,
        criterion=criterion[()],
        loglik=(-0.5 * criterion)[()],
        sigma2=sigma2[()],
        covariances=covariances,
        singular=singular[()],
        converged=(found.converged.reshape(lead) & ~exact)[()],
        gradient=value.gradient,
        theta=theta,
        n_iter=found.steps.reshape(lead)[()],
        exact=exact[()],
        n=n,
        names=labels,
        reml=reml,
        _q=basis.q,
        _back=basis.back,
        _inner=inner,
        _slopes=value.slopes,
        _hessian=_full_hessian(value, sigma2, unit, exact, df),
        _terms=tuple(ready),
    )


def _full_hessian(
    value: Value, sigma2: Array, unit: Array, exact: NDArray[np.bool_], df: int
) -> Array:
    """Second derivatives of the unprofiled criterion in (theta, s2), at its minimum in s2."""
    safe = np.where(exact | ~(sigma2 > 0), 1.0, sigma2)
    k = value.gradient.shape[-1]
    hessian = np.empty((*safe.shape, k + 1, k + 1))
    hessian[..., :k, :k] = value.free
    mixed = -value.rss_gradient * (unit**2 / safe**2)[..., None]
    hessian[..., :k, k] = mixed
    hessian[..., k, :k] = mixed
    hessian[..., k, k] = df / safe**2
    return hessian


def _covariances(
    theta: Array, ready: Sequence[Ready], sigma2: Array
) -> tuple[tuple[Array, ...], NDArray[np.bool_]]:
    """Per term (..., q, q) in the given units; whether any is rank-deficient."""
    found, offset = [], 0
    singular = np.zeros(sigma2.shape, dtype=bool)
    for term in ready:
        part = theta[..., offset : offset + term.rows.size]
        offset += term.rows.size
        q = term.z.shape[1]
        factor = np.zeros((*sigma2.shape, q, q))
        factor[..., term.rows, term.columns] = part
        flat = (np.diagonal(factor, axis1=-2, axis2=-1) == 0).any(axis=-1)
        singular = np.logical_or(singular, flat)
        turned = term.turn @ factor
        found.append(sigma2[..., None, None] * (turned @ np.swapaxes(turned, -1, -2)))
    return tuple(found), singular
