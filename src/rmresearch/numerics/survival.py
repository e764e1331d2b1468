"""Kaplan-Meier: how long things lasted when some are still running."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = ["KaplanMeier", "kaplan_meier"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class KaplanMeier:
    """A survival curve: one entry a distinct time (ascending), of an event or a censoring.

    ``at_risk`` counts those under observation just before the time, ``events`` those that ended
    at it, ``survival`` the share estimated to last beyond it; ``cumulative`` is Greenwood's sum of
    events / (at_risk (at_risk - events)), infinite once nobody is left.
    """

    time: Array
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]
    survival: Array
    cumulative: Array

    def at(self, time: float, level: float = 0.95) -> tuple[float, float, float, float]:
        """(survival, standard error, low, high) at a time, in the units of the times.

        Standard error: Greenwood. Interval: log(-log), R's ``conf.type = "log-log"``, which stays
        within 0..1; NaN before the first event and once nobody is left, where it is undefined.
        Beyond the last time observed, all four are NaN: nobody was followed so far.

        >>> curve = kaplan_meier([2.0, 3, 3, 5], [True, True, False, False])
        >>> round(curve.at(4.0)[0], 3)
        0.5
        """
        if len(self.time) == 0 or time > self.time[-1]:
            return (np.nan, np.nan, np.nan, np.nan)
        index = int(np.searchsorted(self.time, time, side="right")) - 1
        survival = 1.0 if index < 0 else float(self.survival[index])
        greenwood = 0.0 if index < 0 else float(self.cumulative[index])
        if survival in (0.0, 1.0):
            return (survival, 0.0 if survival == 1.0 else np.nan, np.nan, np.nan)
        z = float(special.ndtri(0.5 + level / 2.0))
        half = z * np.sqrt(greenwood) / abs(np.log(survival))
        low, high = survival ** np.exp(half), survival ** np.exp(-half)
        return (survival, survival * float(np.sqrt(greenwood)), float(low), float(high))


def kaplan_meier(time: ArrayLike, event: ArrayLike) -> KaplanMeier:
    """The product-limit estimate from ``time`` (n,) and ``event`` (n,): true where it ended.

    Where events and censorings share a time, the censored count as still at risk (Kaplan and
    Meier 1958). Times that are missing or negative raise ``ValueError``.
    """
    times = np.asarray(time, float)
    ended = np.asarray(event, bool)
    if times.shape != ended.shape or times.ndim != 1:
        raise ValueError(f"time {times.shape} and event {ended.shape} must be (n,) and alike")
    if not (np.isfinite(times) & (times >= 0)).all():
        raise ValueError("times must be numbers from 0 on; drop those that are not known")
    distinct, inverse = np.unique(times, return_inverse=True)
    leaving = np.bincount(inverse, minlength=len(distinct))
    events = np.bincount(inverse[ended], minlength=len(distinct))
    at_risk = len(times) - np.concatenate([[0], np.cumsum(leaving)[:-1]]) if len(times) else leaving
    staying = at_risk - events
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(events > 0, events / (at_risk * staying.astype(float)), 0.0)
    return KaplanMeier(
        time=distinct,
        at_risk=at_risk.astype(np.int64),
        events=events.astype(np.int64),
        survival=np.cumprod(staying / np.maximum(at_risk, 1)),
        cumulative=np.cumsum(terms),
    )
