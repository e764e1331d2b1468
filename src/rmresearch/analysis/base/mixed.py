"""Contrasts of a mixed model: CR2 by two routes, and the model's own errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from rmresearch.analysis.base import CLUSTERS_IN_ALL, Codes
from rmresearch.analysis.base.fit import SECOND_ROUTE, Array, agree
from rmresearch.numerics.contrast import Contrast, judged
from rmresearch.numerics.dense_route import Dense, dense_allowance, dense_mixed
from rmresearch.numerics.lmm import MixedFit, Term
from rmresearch.numerics.lmm.robust import RobustMixed, robust
from rmresearch.numerics.lmm.weights import allowing
from rmresearch.result import Check

__all__ = ["Judged", "judge", "marginal", "slope_check"]

SLOPE = "slope over time in the model"


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A fitted model whose contrasts are judged by CR2, where its clusters carry that at all.

    ``again`` and ``factors`` are the second route (None above 3,000 rows), ``rounding`` the
    outcome's own.
    """

    fitted: MixedFit
    sandwich: RobustMixed | None
    again: Dense | None
    factors: Callable[[ArrayLike], float] | None
    rounding: float

    def robust(self, weights: ArrayLike) -> Contrast:
        """A contrast by CR2 with Satterthwaite df; by the model's errors where no CR2 was made.

        ``RoutesDisagreeError`` where the second route, in plain dense matrices, differs by more
        than 1e-8.
        """
        if self.sandwich is None:
            return self.model(weights)
        found = self.sandwich.contrast(weights)
        if self.again is not None:
            agree(found, self.again.contrast(weights), self.rounding)
        return found

    def allowed(self, weights: ArrayLike) -> Contrast:
        """The same with an allowance for weights that were estimated, by two routes as well."""
        plain, own, adjusted = (
            one(weights) for one in (self.robust, self.model, self.fitted.kenward_roger)
        )
        found = allowing(plain, own, adjusted)
        if self.factors is not None and found.se > 0:
            se = plain.se * np.sqrt(self.factors(weights))
            agree(found, judged(plain.estimate, se**2, plain.df, False), self.rounding)
        return found

    def model(self, weights: ArrayLike) -> Contrast:
        """A contrast by the model's own errors with Satterthwaite df."""
        return self.fitted.contrast(weights)


def judge(fitted: MixedFit, y: Array, x: Array, terms: Sequence[Term], cluster: Codes) -> Judged:
    """Prepare both routes for ``y`` (n,), ``x`` (n, p): no CR2 below 6 clusters, as the rule says.

    A model that fits without residual has no errors to judge by.
    """
    rounding = 1e-13 * float(np.abs(y).max())
    if len(np.unique(cluster)) < CLUSTERS_IN_ALL or bool(fitted.exact):
        return Judged(fitted, None, None, None, rounding)
    sandwich = robust(fitted, y, x, cluster)
    if len(y) > SECOND_ROUTE:
        return Judged(fitted, sandwich, None, None, rounding)
    v, parts = marginal(fitted, terms)
    factors = partial(dense_allowance, x, v, parts, cluster)
    return Judged(fitted, sandwich, dense_mixed(y, x, v, cluster), factors, rounding)


def marginal(fitted: MixedFit, terms: Sequence[Term]) -> tuple[Array, list[Array]]:
    """The fitted covariance (n, n) of the rows, and its derivatives, written out."""
    one = np.eye(len(np.asarray(terms[0].group)))
    v: Array = float(fitted.sigma2) * one
    parts = [one]
    for term, covariance in zip(terms, fitted.covariances, strict=True):
        group, z = np.asarray(term.group), np.asarray(term.z, float)
        same = (group[:, None] == group).astype(float)
        v += (z @ covariance @ z.T) * same
        for i, j in zip(*np.triu_indices(z.shape[1]), strict=True):
            crossed = np.outer(z[:, i], z[:, j])
            parts.append((crossed if i == j else crossed + crossed.T) * same)
    return v, parts


def slope_check(about: str, random_part: str, slope: bool, why: str) -> Check:
    """Whether units may differ in their course; ``why`` there is none, "" where none was asked."""
    if slope:
        return Check(SLOPE, True, f"{about}: random part {random_part}.")
    detail = (
        f"{about}: the random part {random_part} has no slope over time: "
        f"{why.rstrip('.') or 'it was left out as asked'}. Where people or pairs change at "
        f"different speeds, tests by such a model's own errors reject too often (13% of true nulls "
        f"at a nominal 5%, measured with a slope SD of 0.3 a wave); the CR2 errors of the "
        f"estimates of record do not rest on it."
    )
    return Check(SLOPE, False, detail)
