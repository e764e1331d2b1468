"""Rubin's rules: one answer from the answers to several imputed data sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rmresearch.numerics.student import two_sided

__all__ = ["Pooled", "pool"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """A pooled estimate; arrays over the leading axes where there are several.

    ``within`` is the mean variance, ``between`` the variance of the estimates over imputations,
    ``share`` (0..1) the share of the total variance that is due to what is missing.
    """

    estimate: Any
    se: Any
    df: Any
    within: Any
    between: Any
    share: Any

    @property
    def p(self) -> Any:
        """The two-sided p-value of zero; NaN where the standard error is not above 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(self.se > 0, self.estimate / self.se, np.nan)
        return two_sided(t, self.df)[()]

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """The t interval (low, high) at ``level`` in 0..1."""
        half = special.stdtrit(self.df, 0.5 + level / 2.0) * self.se
        return self.estimate - half, self.estimate + half


def pool(estimates: ArrayLike, variances: ArrayLike, df: ArrayLike) -> Pooled:
    """Combine ``estimates`` and ``variances`` (..., m) of m imputed data sets.

    ``df`` (...) are those of the complete data. Total variance: within + (1 + 1/m) between (Rubin
    1987, equation 3.1.5). df: Barnard and Rubin 1999, Biometrika 86, equation 3, which never
    exceeds the complete data's. Fewer than two imputations raise ``ValueError``.

    >>> found = pool([1.0, 1.2, 0.8], [0.04, 0.05, 0.03], 20.0)
    >>> round(float(found.estimate), 3), round(float(found.se), 3)
    (1.0, 0.306)
    """
    values, spread = np.asarray(estimates, float), np.asarray(variances, float)
    m = values.shape[-1]
    if values.shape != spread.shape or m < 2:
        raise ValueError(
            f"estimates {values.shape} and variances {spread.shape} must be alike, with two or "
            f"more imputations on the last axis"
        )
    complete = np.asarray(df, float)
    within, between = spread.mean(axis=-1), values.var(axis=-1, ddof=1)
    added = (1.0 + 1.0 / m) * between
    total = within + added
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, added / total, 0.0)
        finite = np.where(share > 0, (m - 1.0) / share**2, np.inf)
        known = (complete + 1.0) / (complete + 3.0) * complete * (1.0 - share)
        freedom = np.where(known > 0, 1.0 / (1.0 / finite + 1.0 / known), 0.0)
    found = (values.mean(axis=-1), np.sqrt(total), freedom, within, between, share)
    return Pooled(*(np.asarray(value)[()] for value in found))
