"""From the end of the search to a fitted model in the given units, replicates first again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.criterion import Value
from rmresearch.numerics.lmm.designs import Design
from rmresearch.numerics.lmm.newton import Found
from rmresearch.numerics.lmm.outcomes import Outcomes
from rmresearch.numerics.lmm.result import MixedFit

__all__ = ["assembled"]


def assembled(
    found: Found,
    outcomes: Outcomes,
    design: Design,
    lead: tuple[int, ...],
    df: Array,
    present: NDArray[np.bool_] | None,
    reml: bool,
) -> MixedFit:
    """The fitted model of every replicate, ``lead`` its leading axes."""
    value, back = found.value, design.basis.back
    t = value.coef.shape[0]
    unit, exact = outcomes.unit, outcomes.exact
    theta = np.where(exact, 0.0, found.theta)
    sigma2 = np.where(exact, 0.0, np.maximum(value.rss, 0.0) / df) * unit**2
    with np.errstate(divide="ignore"):
        criterion = value.f + df * (1.0 + np.log(2.0 * np.pi / df) + 2.0 * np.log(unit))
    if reml:
        criterion = criterion - 2.0 * np.linalg.slogdet(back)[1]
    criterion = np.where(exact, -np.inf, criterion)
    shift = back[:, :t] @ np.where(exact, 0.0, value.coef * unit)
    covariances, singular = _covariances(theta, design, sigma2)

    def first(lanes: NDArray[Any]) -> Any:
        """Replicates first: a view, so that arithmetic along them stays fast."""
        shape = lanes.shape[:-1]
        return np.moveaxis(lanes, -1, 0).reshape((*lead, *shape))[()]

    return MixedFit(
        coef=first(outcomes.coef + shift),
        vcov=first(_vcov(value.inverse, back, t) * sigma2),
        criterion=first(criterion),
        loglik=first(-0.5 * criterion),
        sigma2=first(sigma2),
        covariances=tuple(first(one) for one in covariances),
        singular=first(singular),
        converged=first(found.converged & ~exact),
        gradient=first(value.gradient),
        theta=first(theta),
        n_iter=first(found.steps),
        exact=first(exact),
        n=design.n if present is None else first(present.sum(axis=1)),
        names=design.names,
        reml=reml,
        _inner=first(_widened(value.inverse, design.p, 1.0)),
        _slopes=first(_widened(value.slopes, design.p, 0.0)),
        _hessian=first(_full_hessian(value, sigma2, unit, exact, df)),
        _design=design,
        _present=present,
    )


def _vcov(inverse: Array, back: Array, touched: int) -> Array:
    """(X'V^-1X)^-1 at s2 = 1 in the given columns: (p, p, R)."""
    p = back.shape[0]
    inside, outside = back[:, :touched], back[:, touched:]
    both = np.einsum("ai,bj->abij", inside, inside).reshape(p * p, -1)
    flat = both @ inverse.reshape(touched * touched, -1)
    flat += (outside @ outside.T).reshape(-1, 1)
    result: Array = flat.reshape(p, p, -1)
    return 0.5 * (result + result.swapaxes(0, 1))


def _widened(lanes: Array, p: int, diagonal: float) -> Array:
    """(..., t, t, R) with the columns that no random effect touches: (..., p, p, R)."""
    t = lanes.shape[-2]
    if t == p:
        return lanes
    wide = np.zeros((*lanes.shape[:-3], p, p, lanes.shape[-1]))
    wide[..., :t, :t, :] = lanes
    wide[..., np.arange(t, p), np.arange(t, p), :] = diagonal
    return wide


def _full_hessian(
    value: Value, sigma2: Array, unit: Array, exact: NDArray[np.bool_], df: Array
) -> Array:
    """Second derivatives of the unprofiled criterion in (theta, s2), at its minimum in s2."""
    safe = np.where(exact | ~(sigma2 > 0), 1.0, sigma2)
    k = value.gradient.shape[0]
    hessian = np.empty((k + 1, k + 1, safe.size))
    hessian[:k, :k] = value.free
    hessian[:k, k] = hessian[k, :k] = -value.rss_gradient * (unit**2 / safe**2)
    hessian[k, k] = df / safe**2
    return hessian


def _covariances(
    theta: Array, design: Design, sigma2: Array
) -> tuple[tuple[Array, ...], NDArray[np.bool_]]:
    """Per term (q, q, R) in the given units; whether any is rank-deficient."""
    found, offset = [], 0
    singular = (theta[design.diagonal] == 0.0).any(axis=0)
    for term in design.terms:
        part = theta[offset : offset + term.rows.size]
        offset += term.rows.size
        q = term.z.shape[1]
        factor = np.zeros((q, q, theta.shape[1]))
        factor[term.rows, term.columns] = part
        turned = np.tensordot(term.turn, factor, axes=1)
        found.append(sigma2 * np.einsum("ikr,jkr->ijr", turned, turned))
    return tuple(found), singular
