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
class _Course:
    """When rows, sorted by time, are at risk.

    ``ended`` (n,) flags those with an event and ``passed`` (n,) counts the times of events up to
    each row's own. Of each of j such times, ``start`` (j,) is the first row at risk and ``first``
    (j,) the first event; of each event, ``at`` (e,) is its time and ``gone`` (e,) the share of the
    tied that come before it.
    """

    ended: Flags
    passed: NDArray[np.intp]
    start: NDArray[np.intp]
    first: NDArray[np.intp]
    at: NDArray[np.intp]
    gone: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """What each of j times of events adds to the ``score`` (j, p) and ``information`` (j, p, p).

    ``rows`` (n, p): what each row adds to the score.
    """

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
    codes = np.arange(len(times)) if cluster is None else np.asarray(cluster)
    groups, codes = np.unique(codes, return_inverse=True)
    order = np.argsort(times, kind="stable")
    beta, moments = _fitted(_course(times[order], ended[order]), z[order])
    naive = np.linalg.inv(moments.information.sum(axis=0))
    summed = np.zeros((len(groups), z.shape[1]))
    np.add.at(summed, codes[order], moments.rows)
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


def _course(times: Array, ended: Flags) -> _Course:
    """Who is at risk when; ``times`` ascend."""
    distinct, first, at, tied = np.unique(
        times[ended], return_index=True, return_inverse=True, return_counts=True
    )
    return _Course(
        ended=ended,
        passed=np.searchsorted(distinct, times, side="right"),
        start=np.searchsorted(times, distinct),
        first=first,
        at=at,
        gone=(np.arange(len(at)) - first[at]) / tied[at],
    )


def _fitted(course: _Course, z: Array) -> tuple[Array, _Moments]:
    """Newton's steps from no effect; too long a step is cut."""
    beta = np.zeros(z.shape[1])
    for _ in range(STEPS):
        moments = _moments(course, z, beta)
        information, score = moments.information.sum(axis=0), moments.score.sum(axis=0)
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        beta = beta + step / max(1.0, float(np.abs(step).max()) / 2.0)
        if float(np.abs(beta).max()) > RUNAWAY:
            break
        if float(np.abs(step).max()) < SETTLED:
            return beta, _moments(course, z, beta)
    raise FitError(
        "early ends can be told from the others without an error, so a hazard ratio has no end: "
        "use fewer columns."
    )


def _moments(course: _Course, z: Array, beta: Array) -> _Moments:
    """Efron: before the k-th of d tied events (d - k) / d of the tied are at risk."""
    hazard, own, first = np.exp(z @ beta), z[course.ended], course.first
    row = np.column_stack([np.ones(len(z)), z])
    # sums of the hazards, of these times z, and times z z', in one matrix
    product = hazard[:, None, None] * row[:, :, None] * row[:, None, :]
    at_risk = np.cumsum(np.add.reduceat(product, course.start)[::-1], axis=0)[::-1]
    tied = np.add.reduceat(product[course.ended], first)
    each = at_risk[course.at] - course.gone[:, None, None] * tied[course.at]
    total = each[:, 0, 0]
    mean = each[:, 0, 1:] / total[:, None]
    spread = each[:, 1:, 1:] / total[:, None, None] - mean[:, :, None] * mean[:, None, :]
    d = np.bincount(course.at)
    # a row at risk is paid, at each event, its hazard times (mean - z) / total
    price = np.column_stack([np.ones(len(mean)), mean]) / total[:, None]
    paid = np.cumsum(np.add.reduceat(price, first), axis=0)
    paid = np.vstack([np.zeros(row.shape[1]), paid])[course.passed]
    paid[course.ended] -= np.add.reduceat(course.gone[:, None] * price, first)[course.at]
    rows = hazard[:, None] * (paid[:, 1:] - paid[:, :1] * z)
    rows[course.ended] += own - (np.add.reduceat(mean, first) / d[:, None])[course.at]
    return _Moments(np.add.reduceat(own - mean, first), np.add.reduceat(spread, first), rows)


def _proportional(times: Array, ended: Flags, moments: _Moments) -> tuple[Array, float]:
    """P-values of the score test for columns times g(time): one by one, and all together."""
    p = moments.score.shape[1]
    if len(moments.score) < 2:
        return np.full(p, np.nan), np.nan
    curve = kaplan_meier(times, ended)
    inside = curve.events > 0
    before = np.concatenate([[1.0], curve.survival[:-1]])[inside]
    g = 1.0 - before
    g = g - np.average(g, weights=curve.events[inside])
    plain = moments.information.sum(axis=0)
    cross = np.tensordot(g, moments.information, 1)
    square = np.tensordot(g * g, moments.information, 1)
    score = g @ moments.score
    left = square - cross @ np.linalg.solve(plain, cross)
    spread = np.diag(left)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = special.chdtrc(1.0, np.where(spread > 0, score**2 / spread, np.nan))
    if np.linalg.matrix_rank(left) < p:
        return np.asarray(each), np.nan
    return np.asarray(each), float(special.chdtrc(p, score @ np.linalg.solve(left, score)))
