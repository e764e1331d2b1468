"""Degrees of freedom of a contrast of fixed effects in a mixed model."""

from __future__ import annotations

import numpy as np

from rmresearch.numerics.basis import Array

__all__ = ["satterthwaite"]

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
    unit = np.sqrt(np.abs(np.diagonal(hessian, axis1=-2, axis2=-1)))
    unit = np.where(unit > 0, unit, 1.0)
    size, axes = np.linalg.eigh(hessian / unit[..., :, None] / unit[..., None, :])
    known = size > UNKNOWN * size[..., -1:]
    along = ((gradient / unit)[..., None, :] @ axes)[..., 0, :]
    spread = np.where(known, 2.0 * along**2 / np.where(known, size, 1.0), 0.0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(spread > 0, 2.0 * variance**2 / spread, 0.0)
    return df
