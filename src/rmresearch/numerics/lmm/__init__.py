"""Linear mixed models: exact REML or ML, batched over replicates that share a design.

Any random terms, nested or crossed, with any effects: the data fall into independent blocks (the
connected components of the grouping factors), of which only summed cross-products are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.absent import OWN_CHUNK, own_data
from rmresearch.numerics.lmm.assembly import assembled
from rmresearch.numerics.lmm.criterion import Problem, Value
from rmresearch.numerics.lmm.designs import Design, design
from rmresearch.numerics.lmm.moments import Data
from rmresearch.numerics.lmm.newton import Found, search
from rmresearch.numerics.lmm.outcomes import Outcomes
from rmresearch.numerics.lmm.result import MixedFit
from rmresearch.numerics.lmm.start import started
from rmresearch.numerics.lmm.sufficient import gaussian
from rmresearch.numerics.lmm.terms import Term
from rmresearch.numerics.lmm.whole import whole_data

__all__ = ["Design", "MixedFit", "Term", "design", "fit", "fit_drawn", "fit_many"]

#: replicates worked on at once, where all have the same rows
CHUNK = 2048


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
    outcome, fixed = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    if fixed.ndim != 2 or outcome.ndim < 1 or outcome.shape[-1] != fixed.shape[0]:
        raise ValueError(f"y {outcome.shape} must end in the rows of x {fixed.shape}")
    return fit_many(outcome, design(fixed, terms, names), reml=reml)


def fit_many(
    y: ArrayLike,
    design: Design,
    *,
    present: ArrayLike | None = None,
    reml: bool = True,
) -> MixedFit:
    """Fit every outcome vector of ``y`` (..., n) to one design.

    ``present`` (..., n): rows that are False are left out of that replicate, whatever stands in y;
    a replicate whose other rows cannot carry the model has no estimates (NaN) and is not
    converged.

    >>> import numpy as np
    >>> group = np.repeat([0, 1, 2, 3], 2)
    >>> one = design(np.ones((8, 1)), [Term(group, np.ones((8, 1)))])
    >>> fit_many(np.random.default_rng(0).normal(size=(5, 8)), one).coef.shape
    (5, 1)
    """
    outcome = np.asarray(y, dtype=float)
    if outcome.ndim < 1 or outcome.shape[-1] != design.n:
        raise ValueError(f"y {outcome.shape} must end in the {design.n} rows of the design")
    rows, there = outcome.reshape(-1, design.n), None
    if not len(rows):
        raise ValueError(f"y {outcome.shape} holds no outcome: nothing is to be fitted")
    if present is not None:
        there = np.asarray(present)
        if there.dtype != bool or there.shape not in {outcome.shape, outcome.shape[-1:]}:
            raise ValueError(
                f"present must hold {outcome.shape} booleans, not {there.shape} of {there.dtype}"
            )
        there = np.broadcast_to(there, outcome.shape).reshape(rows.shape)
    if not np.isfinite(rows if there is None else rows[there]).all():
        raise FitError("y and x must be finite: drop incomplete rows first")
    size = CHUNK if there is None else OWN_CHUNK
    parts = []
    for start in range(0, rows.shape[0], size):
        run = slice(start, start + size)
        parts.append(_chunk(rows[run], design, None if there is None else there[run], reml))
    found, outcomes, df = _joined(parts)
    return assembled(found, outcomes, design, outcome.shape[:-1], df, there, reml)


def fit_drawn(
    design: Design,
    coef: ArrayLike,
    covariances: Sequence[ArrayLike],
    sigma2: float,
    replicates: int,
    rng: np.random.Generator,
    *,
    reml: bool = True,
) -> MixedFit:
    """Fits to ``replicates`` Gaussian outcomes of which only sufficient statistics are drawn.

    ``coef`` (p,) true coefficients, ``covariances`` per term (q, q) in the given units of z,
    ``sigma2`` the residual variance: the same distribution as ``fit_many`` of outcomes in full.

    >>> import numpy as np
    >>> group = np.repeat([0, 1, 2, 3], 2)
    >>> one = design(np.ones((8, 1)), [Term(group, np.ones((8, 1)))])
    >>> fit_drawn(one, [3.0], [0.5], 1.0, 100, np.random.default_rng(0)).coef.shape
    (100, 1)
    """
    if replicates < 1:
        raise ValueError(f"replicates must be at least 1, not {replicates}")
    truth = gaussian(design, coef, covariances, sigma2)
    parts = []
    for start in range(0, replicates, CHUNK):
        data, outcomes = truth.draw(min(CHUNK, replicates - start), rng, reml)
        parts.append((_found(data, design, reml), outcomes, data.df))
    found, whole, df = _joined(parts)
    return assembled(found, whole, design, (replicates,), df, None, reml)


def _chunk(
    y: Array, design: Design, present: NDArray[np.bool_] | None, reml: bool
) -> tuple[Found, Outcomes, Array]:
    """The search for some replicates, so that memory stays bounded."""
    if present is None:
        data, outcomes = whole_data(y, design, reml)
    else:
        data, outcomes = own_data(y, present, design, reml)
    return _found(data, design, reml), outcomes, data.df


def _found(data: Data, design: Design, reml: bool) -> Found:
    problem = Problem(data, reml)
    first, apart = started(design, problem)
    thorough = design.small(data.df + (design.p if reml else 0))
    found = search(problem, first, design.diagonal, design.factors, design.own, thorough)
    # Of the rows that are left no group may be without a rival: such variances are arbitrary.
    if data.base is not None:
        found.converged[~apart] = False
        found.value.coef[:, ~apart] = np.nan
    return found


def _joined(
    parts: Sequence[tuple[Found, Outcomes, Array]],
) -> tuple[Found, Outcomes, Array]:
    if len(parts) == 1:
        return parts[0]
    found, outcomes = [part[0] for part in parts], [part[1] for part in parts]
    value = Value.joined([one.value for one in found])
    theta, converged, steps = (
        np.concatenate([getattr(one, name) for one in found], axis=-1)
        for name in ("theta", "converged", "steps")
    )
    df = np.concatenate([part[2] for part in parts])
    return Found(theta, value, converged, steps), Outcomes.joined(outcomes), df
