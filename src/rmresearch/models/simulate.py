"""Outcomes drawn from a fitted mixed model, and what refitting them shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import index
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.models.pages import terms_grid
from rmresearch.numerics import lmm as kernel

if TYPE_CHECKING:
    from rmresearch.models.mixed_fit import LmmFit

__all__ = ["Bootstrap", "bootstrap", "simulate"]

Array = NDArray[np.float64]

#: simulated values held at once
ROOM = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """A parametric bootstrap: ``n`` refits, of them ``singular`` and ``not_converged``.

    ``draws`` (n rows): every fixed effect, then every variance, NaN where the refit did not
    converge; those rows enter no interval.
    """

    n: int
    singular: int
    not_converged: int
    level: float
    draws: pd.DataFrame = field(repr=False)
    estimates: tuple[float, ...] = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """part, group, term, estimate, low, high: percentile intervals at ``level``.

        ``part`` is "fixed" (``group`` is then empty) or "variance".
        """
        tail = (1.0 - self.level) / 2.0
        low, high = self.draws.quantile([tail, 1.0 - tail]).to_numpy()
        table = self.draws.columns.to_frame(index=False)
        return table.assign(estimate=self.estimates, low=low, high=high)

    def __repr__(self) -> str:
        table = self.to_frame().to_string(index=False, float_format="{:.4g}".format)
        return f"{self._head()}\n\n{table}"

    def _repr_html_(self) -> str:
        return terms_grid(self.to_frame(), self.level, self._head()).to_html()

    def _head(self) -> str:
        return (
            f"{self.n} refits, {self.singular} singular, {self.not_converged} not converged; "
            f"{100 * self.level:g}% percentile intervals"
        )


def simulate(fit: LmmFit, n: int, seed: int, first: int = 0) -> Array:
    """Replicates ``first`` to ``first + n`` (n, rows), each from its own stream of ``seed``."""
    if index(n) < 1:
        raise ValueError(f"n must be at least 1, not {n}")
    if index(seed) < 0:
        raise ValueError(f"seed must be a whole number from 0 on, not {seed}")
    if not fit.converged:
        raise FitError("the fit did not converge: there is no model to draw from")
    middle = fit.rows.x @ fit.kernel.coef
    roots = [_root(covariance) for covariance in fit.kernel.covariances]
    residual = float(np.sqrt(fit.kernel.sigma2))
    drawn = np.empty((n, middle.size))
    for r in range(n):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(first + r,)))
        drawn[r] = middle + residual * rng.standard_normal(middle.size)
        for one, root in zip(fit.rows.grouped, roots, strict=True):
            effects = rng.standard_normal((one.levels, root.shape[0])) @ root.T
            drawn[r] += (one.z * effects[one.codes]).sum(axis=1)
    return drawn


def bootstrap(fit: LmmFit, n: int, seed: int) -> Bootstrap:
    """Refit ``n`` simulated outcomes, many in one call of the kernel."""
    size = max(1, ROOM // fit.n)
    if index(n) < 2:
        raise ValueError(f"n must be at least 2, not {n}: an interval needs more than one refit")
    rows = fit.rows
    design = kernel.design(rows.design, rows.terms, names=fit.terms, kinds=rows.kinds)
    draws, singular, converged = [], [], []
    for first in range(0, n, size):
        drawn = simulate(fit, min(size, n - first), seed, first)
        found = kernel.fit_many(drawn, design, reml=fit.reml)
        draws.append(_quantities(found))
        singular.append(np.asarray(found.singular & found.converged))
        converged.append(np.asarray(found.converged))
    whole = np.concatenate(converged)
    values = np.where(whole[:, None], np.concatenate(draws), np.nan)
    table = fit.variances
    keys = [("fixed", "", term) for term in fit.terms]
    keys += [("variance", g, n) for g, n in zip(table["group"], table["name"], strict=True)]
    columns = pd.MultiIndex.from_tuples(keys, names=["part", "group", "term"])
    return Bootstrap(
        n=n,
        singular=int(np.concatenate(singular).sum()),
        not_converged=int((~whole).sum()),
        level=fit.level,
        draws=pd.DataFrame(values, columns=columns),
        estimates=(*map(float, fit.kernel.coef), *map(float, table["variance"])),
    )


def _quantities(found: kernel.MixedFit) -> Array:
    """Fixed effects and variances side by side (R, p + variances)."""
    variances: Sequence[Array] = [
        np.diagonal(covariance, axis1=-2, axis2=-1) for covariance in found.covariances
    ]
    return np.concatenate([found.coef, *variances, np.asarray(found.sigma2)[:, None]], axis=1)


def _root(covariance: Array) -> Array:
    """R with R R' = covariance, which may be singular."""
    sizes, axes = np.linalg.eigh(covariance)
    root: Array = axes * np.sqrt(np.maximum(sizes, 0.0))
    return root
