"""The wild cluster bootstrap: a p-value where clusters are too few for normal theory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array, Basis, decompose

__all__ = ["WEBB", "WildBootstrap", "wild_bootstrap"]

#: Webb's six points: mean 0, variance 1, and 6^G distinct draws where two points give 2^G.
WEBB = np.sqrt(np.array([0.5, 1.0, 1.5])).repeat(2) * np.array([-1.0, 1.0] * 3)


@dataclass(frozen=True, slots=True)
class WildBootstrap:
    """Two-sided p = (1 + as extreme) / (1 + draws) of the CR1 t ``statistic``."""

    p: float
    statistic: float
    draws: int
    mc_error: float
    n_clusters: int


def wild_bootstrap(
    y: ArrayLike,
    x: ArrayLike,
    cluster: ArrayLike,
    weights: ArrayLike,
    *,
    rng: np.random.Generator,
    draws: int = 9_999,
    names: Sequence[str] | None = None,
) -> WildBootstrap:
    """Is the contrast ``weights`` (p,) of least squares of ``y`` (n,) on ``x`` (n, p) zero?

    Residuals of the model with the null imposed are multiplied by one Webb weight a cluster, and
    the CR1 t statistic recomputed (Cameron, Gelbach and Miller 2008; Webb 2023; "WCR" in Roodman
    et al. 2019). Work per draw does not depend on n: every statistic is made of sums by cluster.
    """
    outcome, design = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    if outcome.ndim != 1 or design.ndim != 2 or len(design) != len(outcome):
        raise ValueError(f"y (n,) and x (n, p) needed, not {outcome.shape} and {design.shape}")
    n, p = design.shape
    codes = np.unique(np.asarray(cluster), return_inverse=True)[1]
    if codes.shape != (n,):
        raise ValueError(f"cluster must hold {n} codes, not {codes.shape}")
    groups = int(codes.max()) + 1
    if groups < 2 or n <= p:
        raise FitError(f"{n} rows in {groups} clusters and {p} coefficients: too few to resample.")
    labels = tuple(names) if names is not None else tuple(f"x{j}" for j in range(p))
    basis = decompose(design, labels)
    own, cross, lean = _sums(outcome, basis, np.asarray(weights, dtype=float), codes)
    observed = float(_t(np.ones((1, groups)), own, cross, lean)[0])
    if not np.isfinite(observed):
        raise FitError("the residuals do not vary between clusters: there is nothing to resample.")
    sizes = [
        np.abs(_t(rng.choice(WEBB, size=(min(5_000, draws - k), groups)), own, cross, lean))
        for k in range(0, draws, 5_000)
    ]
    # A draw whose statistic is 0 / 0 counts as extreme.
    count = int((~(np.concatenate(sizes) < abs(observed) * (1.0 - 1e-9))).sum())
    value = (1 + count) / (1 + draws)
    factor = np.sqrt((groups - 1) / groups * (n - p) / (n - 1))
    error = float(np.sqrt(value * (1 - value) / (1 + draws)))
    return WildBootstrap(value, observed * float(factor), draws, error, groups)


def _sums(
    y: Array, basis: Basis, weights: Array, codes: NDArray[np.intp]
) -> tuple[Array, Array, Array]:
    """Sums by cluster that make every statistic: (G,), (G, p) and (G, p), see ``_t``.

    In basis coordinates the contrast is w'g: the direction w carries the estimate, all others are
    nuisance. The residuals of the model with the null imposed are those of the full model plus
    what the estimate explains.
    """
    w = basis.back.T @ weights
    length = float(np.linalg.norm(w))
    direction = basis.q @ (w / length)
    centre = float(y.mean()) if basis.ones is not None else 0.0
    shift = centre * float(basis.ones @ weights) if basis.ones is not None else 0.0
    left = y - centre
    free = left - basis.q @ (basis.q.T @ left)
    resid = free + direction * (float(direction @ left) + shift / length)
    groups = int(codes.max()) + 1

    def by_cluster(values: Array) -> Array:
        return np.stack([np.bincount(codes, column, groups) for column in values.T], axis=-1)

    own = by_cluster((direction * resid)[:, None])[:, 0]
    cross = by_cluster(basis.q * resid[:, None])
    return own, cross, by_cluster(basis.q * direction[:, None])


def _t(v: Array, own: Array, cross: Array, lean: Array) -> Array:
    """t statistics (B,) of draws ``v`` (B, G): estimate over root of summed squared scores."""
    scores = v * own - (v @ cross) @ lean.T
    below = np.sqrt((scores**2).sum(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = (v @ own) / below
    return result
