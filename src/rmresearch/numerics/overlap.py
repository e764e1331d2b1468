"""Overlap weights: two groups compared where they overlap in what is known of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import decompose

__all__ = ["overlap_weights", "propensity"]

Array = NDArray[np.float64]

#: log-odds beyond which group and covariates are the same thing; steps until they are found
SEPARATED, STEPS = 25.0, 60


def propensity(group: ArrayLike, covariates: ArrayLike) -> Array:
    """How likely each row is to be in the group, ``group`` (n,) of 0 and 1: logistic regression.

    ``covariates`` (n, p) without a constant; maximum likelihood by Newton's method. Raises
    ``FitError`` where covariates tell the groups apart without error: no likelihood has a maximum
    then.

    >>> propensity([0, 1, 0, 1, 1, 1], [[0.0], [0], [0], [1], [1], [1]])
    Traceback (most recent call last):
    ...
    rmresearch.errors.FitError: what is known of people tells the groups apart, at least in part: \
there is no overlap to compare in. Use fewer covariates.
    >>> x = [[0.0], [0], [0], [1], [1], [1]]
    >>> [round(float(p), 6) for p in propensity([0, 1, 0, 1, 1, 0], x)]
    [0.333333, 0.333333, 0.333333, 0.666667, 0.666667, 0.666667]
    """
    inside, rows = np.asarray(group, float), np.asarray(covariates, float)
    if rows.ndim != 2 or inside.shape != rows.shape[:1] or not np.isin(inside, (0, 1)).all():
        raise ValueError(f"group (n,) of 0 and 1 and covariates (n, p), not {rows.shape}")
    constant = np.ones((len(rows), 1))
    names = ("constant", *(f"covariate {j + 1}" for j in range(rows.shape[1])))
    q = decompose(np.column_stack([constant, rows]), names).q
    beta = np.zeros(q.shape[1])
    for _ in range(STEPS):
        eta = q @ beta
        p = 1.0 / (1.0 + np.exp(-eta))
        curvature = q.T @ (q * (p * (1.0 - p))[:, None])
        step = np.linalg.solve(curvature, q.T @ (inside - p))
        beta = beta + step
        if np.abs(q @ beta).max() > SEPARATED:
            break
        if np.abs(q @ step).max() < 1e-12:
            fitted: Array = 1.0 / (1.0 + np.exp(-(q @ beta)))
            return fitted
    raise FitError(
        "what is known of people tells the groups apart, at least in part: there is no overlap to "
        "compare in. Use fewer covariates."
    )


def overlap_weights(group: ArrayLike, covariates: ArrayLike) -> Array:
    """Weights (n,): the chance of being in the other group, by ``propensity``.

    Weighted means of the covariates are then the same in both groups, exactly (Li, Morgan and
    Zaslavsky 2018, Journal of the American Statistical Association 113, theorem 3).

    >>> x = np.array([1.0, 2, 3, 5, 2, 4, 6, 7])
    >>> group = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> w = overlap_weights(group, x[:, None])
    >>> gap = np.average(x[:4], weights=w[:4]) - np.average(x[4:], weights=w[4:])
    >>> bool(abs(gap) < 1e-9)
    True
    """
    inside = np.asarray(group, float)
    p = propensity(inside, covariates)
    weights: Array = inside * (1.0 - p) + (1.0 - inside) * p
    return weights
