"""Where a share that grows along a line of normal quantiles reaches a level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rmresearch.numerics.fieller import Ratio, fieller

__all__ = ["ProbitLine", "probit_line"]

Array = NDArray[np.float64]

ROUNDS, ENOUGH = 50, 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class ProbitLine:
    """share(x) = Phi(intercept + slope x), with the covariance (2, 2) of the two.

    ``deviance`` on ``df`` degrees of freedom says how far the shares lie off the line.
    """

    intercept: float
    slope: float
    covariance: Array
    deviance: float
    df: int

    @property
    def misfit(self) -> float:
        """The p-value of the deviance; 1 where two points make the line."""
        return float(special.chdtrc(self.df, self.deviance)) if self.df else 1.0

    def share(self, x: ArrayLike) -> Array:
        """The share at ``x``."""
        return np.asarray(special.ndtr(self.intercept + self.slope * np.asarray(x, float)))

    def reaches(self, share: float, *, level: float = 0.95) -> Ratio:
        """The x at which the line reaches ``share``, with Fieller's interval."""
        return fieller(
            float(special.ndtri(share)) - self.intercept,
            self.slope,
            top_variance=float(self.covariance[0, 0]),
            bottom_variance=float(self.covariance[1, 1]),
            covariance=-float(self.covariance[0, 1]),
            level=level,
        )


def probit_line(x: ArrayLike, successes: ArrayLike, trials: ArrayLike) -> ProbitLine:
    """The line of normal quantiles that makes ``successes`` of ``trials`` at ``x`` most likely.

    All (k,), k of 2 or more different ``x``. Fisher scoring (Finney 1971, Probit Analysis,
    chapter 4): weights are the trials over each share's own binomial variance. Raises
    ``ValueError`` where the shapes differ, and where no line is most likely: one x alone, or
    successes all or none but at one x at most.

    >>> line = probit_line([1.0, 2.0, 3.0], [16, 50, 84], [100, 100, 100])
    >>> round(line.reaches(0.5).value, 6)
    2.0
    """
    at, hits, n = (np.asarray(one, dtype=float) for one in (x, successes, trials))
    if at.ndim != 1 or hits.shape != at.shape or n.shape != at.shape:
        raise ValueError(f"x {at.shape}, successes {hits.shape} and trials {n.shape} must be alike")
    if (hits < 0).any() or (hits > n).any() or (n <= 0).any():
        raise ValueError("successes must lie between 0 and trials, trials above 0")
    open_ended = (hits > 0) & (hits < n)
    if len(np.unique(at)) < 2 or len(np.unique(at[open_ended])) < 2:
        raise ValueError("shares strictly between 0 and 1 are needed at two different x at least")
    design = np.column_stack([np.ones_like(at), at - at.mean()])
    start = special.ndtri((hits + 0.5) / (n + 1.0))
    beta = np.linalg.lstsq(design * np.sqrt(n)[:, None], start * np.sqrt(n), rcond=None)[0]
    for _ in range(ROUNDS):
        information, score = _scored(design, hits, n, beta)
        step = np.linalg.solve(information, score)
        beta = beta + step
        if np.abs(step).max() < ENOUGH * (1.0 + np.abs(beta).max()):
            break
    else:
        raise ValueError("the shares do not follow a line of normal quantiles")
    back = np.array([[1.0, -at.mean()], [0.0, 1.0]])
    covariance = back @ np.linalg.inv(_scored(design, hits, n, beta)[0]) @ back.T
    fitted = special.ndtr(design @ beta)
    deviance = 2.0 * float(
        (special.rel_entr(hits, n * fitted) + special.rel_entr(n - hits, n * (1 - fitted))).sum()
    )
    intercept, slope = back @ beta
    return ProbitLine(float(intercept), float(slope), covariance, max(deviance, 0.0), len(at) - 2)


def _scored(design: Array, hits: Array, n: Array, beta: Array) -> tuple[Array, Array]:
    """Expected information (2, 2) and score (2,)."""
    eta = design @ beta
    share, density = special.ndtr(eta), np.exp(-0.5 * eta * eta) / np.sqrt(2.0 * np.pi)
    spread = np.maximum(share * special.ndtr(-eta), 1e-300)
    weighted = design * (n * density * density / spread)[:, None]
    return design.T @ weighted, design.T @ (density * (hits - n * share) / spread)
