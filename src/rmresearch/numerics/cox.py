"""Cox regression: what goes with lasting shorter, with cluster-robust errors.

Ties by Efron's method. The information and the residuals are those of R's survival package, whose
``coxph(cluster =)`` and ``cox.zph`` (version 3) this follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rmresearch.errors import FitError
from rmresearch.numerics.survival import kaplan_meier

__all__ = ["Cox", "cox"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

STEPS, SETTLED = 50, 1e-10
#: a coefficient this many standard deviations of its column long has run away
RUNAWAY = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class Cox:
    """A fitted Cox model: ``coef`` (p,) log hazard ratios for one unit of each column.

    ``naive`` (p, p) is the inverse information, ``vcov`` (p, p) the sandwich by cluster.
    ``proportional`` (p,) and ``proportional_all`` are p-values of the score test against hazard
    ratios that change with the Kaplan-Meier scale of time; NaN with a single time of events.
    """

    coef: Array
    vcov: Array
    naive: Array
    n_clusters: int
    events: int
    proportional: Array
    proportional_all: float

    @property
    def se(self) -> Array:
        """Cluster-robust standard errors (p,) of the log hazard ratios."""
        return np.asarray(np.sqrt(np.diag(self.vcov)))


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """What one time of events adds: score (p,), information (p, p), and by row (n, p)."""

    score: Array
    information: Array
    rows: Array


def cox(time: ArrayLike, event: ArrayLike, x: ArrayLike, cluster: ArrayLike | None = None) -> Cox:
    """How the hazard of an event goes with the columns of ``x`` (n, p), which needs no intercept.

    ``time`` (n,) from 0 on, ``event`` (n,) true where it ended; ``cluster`` (n,) are codes of what
    is independent (``None``: every row). Variance: Lin and Wei 1989, JASA 84 (score residuals
    summed by cluster). ``FitError`` where there is no event, a column does not vary or is
    determined by others, or columns tell early from late without an error, so that a hazard ratio
    runs away.

    >>> found = cox([1.0, 2, 3, 4, 5, 6], [1, 1, 1, 1, 0, 1], [[1.0], [0], [1], [1], [0], [0]])
    >>> round(float(found.coef[0]), 2)
    1.39
    """
    times, ended, design = np.asarray(time, float), np.asarray(event, bool), np.asarray(x, float)
    if design.ndim != 2 or times.shape != ended.shape or len(design) != len(times):
        raise ValueError(f"time {times.shape}, event {ended.shape} and x {design.shape} (n, p)")
    if not (np.isfinite(times) & (times >= 0)).all() or not np.isfinite(design).all():
        raise ValueError("times must be numbers from 0 on, columns finite: drop the other rows")
    if not ended.any():
        raise FitError("nothing ended early, so nothing can go with ending early.")
    centred = design - design.mean(axis=0)
    scale = centred.std(axis=0)
    if not (scale > 1e-12 * np.maximum(np.abs(design).max(axis=0), 1e-300)).all():
        raise FitError("a column is the same for everybody: drop it.")
    z = centred / scale
    if np.linalg.matrix_rank(z) < z.shape[1]:
        raise FitError("a column is determined by the others: drop it.")
    beta = _fitted(times, ended, z)
    moments = [_moment(times, ended, z, beta, at) for at in np.unique(times[ended])]
    naive = np.asarray(np.linalg.inv(sum(one.information for one in moments)), float)
    residuals = np.asarray(sum(one.rows for one in moments))
    codes = np.arange(len(times)) if cluster is None else np.asarray(cluster)
    groups, codes = np.unique(codes, return_inverse=True)
    summed = np.zeros((len(groups), z.shape[1]))
    np.add.at(summed, codes, residuals)
    back = np.outer(1.0 / scale, 1.0 / scale)
    each, whole = _proportional(times, ended, moments)
    return Cox(
        coef=beta / scale,
        vcov=naive @ summed.T @ summed @ naive * back,
        naive=naive * back,
        n_clusters=len(groups),
        events=int(ended.sum()),
        proportional=each,
        proportional_all=whole,
    )


def _fitted(times: Array, ended: Flags, z: Array) -> Array:
    """Newton's steps from no effect; too long a step is cut."""
    beta = np.zeros(z.shape[1])
    for _ in range(STEPS):
        moments = [_moment(times, ended, z, beta, at) for at in np.unique(times[ended])]
        information = np.asarray(sum(one.information for one in moments))
        score = np.asarray(sum(one.score for one in moments))
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        beta = beta + step / max(1.0, float(np.abs(step).max()) / 2.0)
        if float(np.abs(beta).max()) > RUNAWAY:
            break
        if float(np.abs(step).max()) < SETTLED:
            return np.asarray(beta)
    raise FitError(
        "early ends can be told from the others without an error, so a hazard ratio has no end: "
        "use fewer columns."
    )


def _moment(times: Array, ended: Flags, z: Array, beta: Array, at: float) -> _Moment:
    """One time with d events: before the k-th of them (d - k) / d of the tied are at risk."""
    hazard = np.exp(z @ beta) * (times >= at)
    tied = ended & (times == at)
    d, p = int(tied.sum()), z.shape[1]
    information, rows = np.zeros((p, p)), np.zeros_like(z)
    mean_of_tied = np.zeros(p)
    for k in range(d):
        at_risk = hazard * np.where(tied, 1.0 - k / d, 1.0)
        total = at_risk.sum()
        mean = at_risk @ z / total
        apart = z - mean
        information += (apart * at_risk[:, None]).T @ apart / total
        rows -= at_risk[:, None] / total * apart
        mean_of_tied += mean / d
    rows[tied] += z[tied] - mean_of_tied
    return _Moment(z[tied].sum(axis=0) - d * mean_of_tied, information, rows)


def _proportional(times: Array, ended: Flags, moments: list[_Moment]) -> tuple[Array, float]:
    """P-values of the score test for columns times g(time): one by one, and all together."""
    p = len(moments[0].score)
    if len(moments) < 2:
        return np.full(p, np.nan), np.nan
    curve = kaplan_meier(times, ended)
    inside = curve.events > 0
    before = np.concatenate([[1.0], curve.survival[:-1]])[inside]
    g = 1.0 - before
    g = g - np.average(g, weights=curve.events[inside])
    plain = sum(one.information for one in moments)
    cross = sum(a * one.information for a, one in zip(g, moments, strict=True))
    square = sum(a * a * one.information for a, one in zip(g, moments, strict=True))
    score = np.asarray(sum(a * one.score for a, one in zip(g, moments, strict=True)))
    left = square - cross @ np.linalg.solve(plain, cross)
    spread = np.diag(left)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = special.chdtrc(1.0, np.where(spread > 0, score**2 / spread, np.nan))
    if np.linalg.matrix_rank(left) < p:
        return np.asarray(each), np.nan
    return np.asarray(each), float(special.chdtrc(p, score @ np.linalg.solve(left, score)))
