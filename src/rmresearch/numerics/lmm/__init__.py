"""Linear mixed models: exact REML or ML, batched over replicates that share a design.

Any random terms, nested or crossed, with any effects: the data fall into independent blocks (the
connected components of the grouping factors), of which only summed cross-products are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import ArrayLike

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array
from rmresearch.numerics.lmm.assembly import assembled
from rmresearch.numerics.lmm.criterion import Problem, Value
from rmresearch.numerics.lmm.design import Design, design
from rmresearch.numerics.lmm.moments import Data, outcome_moments
from rmresearch.numerics.lmm.newton import Found, search
from rmresearch.numerics.lmm.outcomes import Outcomes, projected
from rmresearch.numerics.lmm.result import MixedFit
from rmresearch.numerics.lmm.start import quadratic_map, started
from rmresearch.numerics.lmm.terms import Term

__all__ = ["Design", "MixedFit", "Term", "design", "fit", "fit_many"]

#: replicates worked on at once
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


def fit_many(y: ArrayLike, design: Design, *, reml: bool = True) -> MixedFit:
    """Fit every outcome vector of ``y`` (..., n) to one design.

    >>> import numpy as np
    >>> group = np.repeat([0, 1, 2, 3], 2)
    >>> one = design(np.ones((8, 1)), [Term(group, np.ones((8, 1)))])
    >>> fit_many(np.random.default_rng(0).normal(size=(5, 8)), one).coef.shape
    (5, 1)
    """
    outcome = np.asarray(y, dtype=float)
    if outcome.ndim < 1 or outcome.shape[-1] != design.n:
        raise ValueError(f"y {outcome.shape} must end in the {design.n} rows of the design")
    if not np.isfinite(outcome).all():
        raise FitError("y and x must be finite: drop incomplete rows first")
    df = design.n - design.p if reml else design.n
    rows = outcome.reshape(-1, design.n)
    parts = [
        _chunk(rows[start : start + CHUNK], design, df, reml)
        for start in range(0, rows.shape[0], CHUNK)
    ]
    found, outcomes = _joined([f for f, _ in parts], [o for _, o in parts])
    return assembled(found, outcomes, design, outcome.shape[:-1], df, reml)


def _chunk(y: Array, design: Design, df: int, reml: bool) -> tuple[Found, Outcomes]:
    """The search for some replicates, so that memory stays bounded."""
    left, outcomes = projected(y, design.basis, df)
    # A replicate without residuals has no criterion; a stand-in keeps the arrays whole.
    total = np.where(outcomes.exact, 1.0, float(df))
    data = Data(tuple(outcome_moments(one, left, outcomes.unit) for one in design.shared), total)
    problem = Problem(data, df, reml)
    everywhere = np.repeat(design.diagonal[:, None].astype(float), total.size, axis=1)
    first = started(design, problem.evaluate(everywhere), quadratic_map(design, data))
    found = search(problem, first, design.diagonal, design.factors, design.own)
    return found, outcomes


def _joined(found: Sequence[Found], outcomes: Sequence[Outcomes]) -> tuple[Found, Outcomes]:
    if len(found) == 1:
        return found[0], outcomes[0]

    def together(parts: Sequence[object], name: str) -> Array:
        return np.concatenate([getattr(part, name) for part in parts], axis=-1)

    values = [part.value for part in found]
    value = Value(*(together(values, one.name) for one in fields(Value)))
    theta, converged, steps = (together(found, name) for name in ("theta", "converged", "steps"))
    return (
        Found(theta, value, converged.astype(bool), steps.astype(np.intp)),
        Outcomes(*(together(outcomes, one.name) for one in fields(Outcomes))),  # type: ignore[arg-type]
    )
