"""Slow and plain: the formulas as the papers write them, for the tests to compare with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def cr2(y: Array, x: Array, cluster: NDArray[Any], at: int) -> tuple[float, float, float]:
    """(estimate, CR2 standard error, Satterthwaite df) of coefficient ``at``.

    Bell and McCaffrey 2002 with n x n matrices: V = M sum_g x_g'A_g e_g e_g'A_g x_g M with
    A_g = (I - H_gg)^(-1/2); df = tr(P)^2 / tr(P P), P the products of p_g = (I - H)_g'A_g x_g M c.
    """
    n = len(y)
    bread = np.linalg.inv(x.T @ x)
    hat = x @ bread @ x.T
    left = (np.eye(n) - hat) @ y
    c = np.eye(x.shape[1])[at]
    vectors, total = [], 0.0
    for g in np.unique(cluster):
        rows = np.flatnonzero(cluster == g)
        values, turn = np.linalg.eigh(np.eye(len(rows)) - hat[np.ix_(rows, rows)])
        root = np.where(values > 1e-9, np.maximum(values, 1e-9) ** -0.5, 0.0)
        half = turn @ np.diag(root) @ turn.T @ x[rows] @ bread @ c
        total += float(half @ left[rows]) ** 2
        vectors.append((np.eye(n) - hat)[rows].T @ half)
    p = np.array(vectors) @ np.array(vectors).T
    estimate = float((bread @ x.T @ y)[at])
    return estimate, float(np.sqrt(total)), float(np.trace(p) ** 2 / (p * p).sum())


def alpha(items: Array, arm: NDArray[Any]) -> float:
    """Alpha with pooled within-arm variances, over rows without a missing item."""
    whole = ~np.isnan(items).any(axis=1)
    items, arm = items[whole], arm[whole]
    centred = items.copy()
    for name in np.unique(arm):
        centred[arm == name] -= items[arm == name].mean(axis=0)
    k = items.shape[1]
    own = sum(float((centred[:, j] ** 2).sum()) for j in range(k))
    return k / (k - 1) * (1 - own / float((centred.sum(axis=1) ** 2).sum()))


def corrected(
    y: Array, x: Array, arm: NDArray[Any], covariates: Array, reliability: float
) -> float:
    """Regression calibration by hand for two arms (arm 1 less arm 0): replace x, then regress."""
    n = len(y)
    z = np.column_stack([np.ones(n), arm, covariates])
    within = x - np.array([x[arm == a].mean() for a in arm])
    error = (1 - reliability) * float((within**2).sum()) / (n - 2)
    fitted = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    spread = float(((x - fitted) ** 2).sum()) / (n - z.shape[1])
    share = 1 - error / spread
    best = fitted + share * (x - fitted)
    return float(np.linalg.lstsq(np.column_stack([z, best]), y, rcond=None)[0][1])


def jackknife(values: list[float]) -> float:
    """The delete-one-cluster standard error from the leave-one-out estimates."""
    g = len(values)
    return float(np.sqrt((g - 1) / g * sum((v - np.mean(values)) ** 2 for v in values)))
