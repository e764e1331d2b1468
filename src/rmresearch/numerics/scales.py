"""Can a scale be trusted? Alpha with Feldt's interval, omega with a distribution-free one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from rmresearch.errors import FitError, number_of
from rmresearch.numerics.basis import Array

__all__ = ["Omega", "Reliability", "cronbach_alpha", "mcdonald_omega"]

#: smallest share of an item's variance that its error may have (R's factanal uses the same)
HEYWOOD = 0.005


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability with its interval, from ``n`` people and ``k`` items."""

    value: float
    low: float
    high: float
    n: int
    k: int


@dataclass(frozen=True, slots=True, eq=False)
class Omega:
    """McDonald's omega; ``loadings`` and ``errors`` (k,) in the items' own units.

    ``heywood``: an item's error variance fell to its lower bound, so that one factor does not
    describe the items well and the interval is only approximate.
    """

    value: float
    se: float
    low: float
    high: float
    n: int
    k: int
    n_clusters: int
    loadings: Array
    errors: Array
    heywood: bool


def cronbach_alpha(items: ArrayLike, *, level: float = 0.95) -> Reliability:
    """Cronbach's alpha of ``items`` (n, k), complete rows, turned the same way.

    Interval: Feldt 1965 (exact for parallel normal items): (1 - alpha) over quantiles of F on
    n - 1 and (n - 1)(k - 1) df. Items that do not vary, or fewer than two of them or of people,
    raise ``FitError``. Alpha may be negative: then items contradict each other.

    >>> round(cronbach_alpha([[1.0, 2], [2, 2], [3, 4], [4, 4]]).value, 4)
    0.9412
    """
    answers = _answers(items, 2, ())
    n, k = answers.shape
    total = float(answers.sum(axis=1).var(ddof=1))
    own = float(answers.var(axis=0, ddof=1).sum())
    if total <= 1e-12 * own:
        raise FitError("the items cancel each other: their sum does not vary. Check reverse items.")
    value = k / (k - 1) * (1.0 - own / total)
    tail = 0.5 + level / 2.0
    df1, df2 = n - 1, (n - 1) * (k - 1)
    low = 1.0 - (1.0 - value) * float(special.fdtri(df1, df2, tail))
    high = 1.0 - (1.0 - value) * float(special.fdtri(df1, df2, 1.0 - tail))
    return Reliability(value, low, high, n, k)


def mcdonald_omega(
    items: ArrayLike,
    cluster: ArrayLike | None = None,
    *,
    names: Sequence[str] = (),
    level: float = 0.95,
) -> Omega:
    """The share of a sum score's variance that one common factor explains.

    One-factor maximum likelihood on the covariances of ``items`` (n, k), complete rows, k >= 3:
    omega = (sum of loadings)^2 / ((sum of loadings)^2 + sum of error variances) (McDonald 1999,
    equation 6.20). Interval: delta method without assuming normal items, from each person's
    influence on the covariances (summed by ``cluster``, times G/(G-1)), on the logit scale.
    Fewer than three items, items that do not vary or that others determine raise ``FitError``.
    """
    answers = _answers(items, 3, names)
    n, k = answers.shape
    codes = np.arange(n) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    if codes.shape != (n,):
        raise ValueError(f"cluster must hold {n} codes, not {codes.shape}")
    centred = answers - answers.mean(axis=0)
    sd = centred.std(axis=0)
    scaled = centred / sd
    correlation = scaled.T @ scaled / n
    if n <= k or float(np.linalg.eigvalsh(correlation)[0]) < 1e-8:
        raise FitError(
            f"{n} people and {k} items: the items determine one another (twice the same item, or "
            "no more people than items), so that no factor can be estimated."
        )
    loading, error = _one_factor(correlation)
    value, slope = _omega(loading, error, sd)
    heywood = bool((error <= HEYWOOD * (1.0 + 1e-6)).any())
    influence = _influence(scaled, correlation, loading, error, slope)
    groups = int(codes.max()) + 1
    total = np.bincount(codes, weights=influence, minlength=groups) / n
    se = float(np.sqrt(groups / (groups - 1) * (total**2).sum())) if groups > 1 else np.nan
    low, high = _logit_interval(value, se, level)
    unit = answers.std(axis=0, ddof=1)
    return Omega(value, se, low, high, n, k, groups, loading * unit, error * unit**2, heywood)


def _answers(items: ArrayLike, fewest: int, names: Sequence[str]) -> Array:
    answers = np.asarray(items, dtype=float)
    if answers.ndim != 2 or not np.isfinite(answers).all():
        raise ValueError("items must be (n, k) and finite: drop people with a missing item first")
    n, k = answers.shape
    if k < fewest or n < 2:
        few = f"{number_of(k, 'item', 'items')} from {number_of(n, 'person', 'people')}"
        raise FitError(f"{few}: at least {fewest} items and 2 people needed.")
    flat = np.flatnonzero(np.ptp(answers, axis=0) == 0)
    if flat.size:
        which = [names[j] if len(names) == k else f"item {j + 1}" for j in flat.tolist()]
        raise FitError(f"everybody gave the same answer to {', '.join(which)}: leave it out.")
    return answers


def _one_factor(correlation: Array) -> tuple[Array, Array]:
    """Loadings and error variances (k,) of standardised items by maximum likelihood.

    For given errors the best loadings are the leading eigenvector of the rescaled correlations
    (Lawley and Maxwell 1971, chapter 4), so that only the errors are searched, on a log scale.
    """
    k = len(correlation)
    # the order of the rows leaves rounding in the last digits, which the search would carry on
    correlation = correlation.round(12)

    def best(error: Array) -> Array:
        root = np.sqrt(error)
        values, vectors = np.linalg.eigh(correlation / np.outer(root, root))
        loading: Array = root * vectors[:, -1] * np.sqrt(max(values[-1] - 1.0, 0.0))
        return loading

    def cost(logs: Array) -> tuple[float, Array]:
        error = np.exp(logs)
        loading = best(error)
        implied = np.outer(loading, loading) + np.diag(error)
        inverse = np.linalg.inv(implied)
        gap = inverse - inverse @ correlation @ inverse
        value = float(np.linalg.slogdet(implied)[1] + (correlation * inverse).sum())
        return value, np.diag(gap) * error

    start = np.log(np.clip(0.5 / np.diag(np.linalg.inv(correlation)), 2 * HEYWOOD, 0.95))
    found = optimize.minimize(
        cost,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(np.log(HEYWOOD), 0.0)] * k,
        options={"maxiter": 2_000, "ftol": 1e-15, "gtol": 1e-9},
    )
    # judged by the gradient alone, whatever the search says of itself: its last steps depend on
    # rounding. At a bound only a slope that points back inside counts.
    low, high = found.x <= np.log(HEYWOOD) + 1e-9, found.x >= -1e-9
    slope = np.where(low, np.minimum(found.jac, 0.0), found.jac)
    slope = np.where(high, np.maximum(slope, 0.0), slope)
    if float(np.abs(slope).max()) > 1e-5:
        raise FitError("the one-factor model did not converge for these items.")
    error = np.exp(found.x)
    loading = best(error)
    return (loading if loading.sum() >= 0 else -loading), error


def _omega(loading: Array, error: Array, sd: Array) -> tuple[float, Array]:
    """Omega of the sum of raw items, and its slope in (loadings, errors), standardised (2k,)."""
    common = float((loading * sd).sum())
    unique = float((error * sd**2).sum())
    total = common**2 + unique
    by_loading = 2.0 * common * unique / total**2 * sd
    by_error = -(common**2) / total**2 * sd**2
    return common**2 / total, np.concatenate([by_loading, by_error])


def _influence(
    scaled: Array, correlation: Array, loading: Array, error: Array, slope: Array
) -> Array:
    """Each person's influence (n,) on omega through the covariances.

    Implicit differentiation of the likelihood equations: parameters move by
    -H^(-1) (d gradient / d S) dS. Items are in fixed units (their sample SDs), which leaves the
    estimates equivariant, so that omega depends on S alone. Errors at their bound do not move.
    """
    k = len(loading)
    inverse = np.linalg.inv(np.outer(loading, loading) + np.diag(error))
    middle = inverse @ correlation @ inverse
    gap = inverse - middle
    hessian = np.empty((2 * k, 2 * k))
    for j in range(2 * k):
        unit = np.eye(k)[j % k]
        moved = np.outer(unit, loading) + np.outer(loading, unit) if j < k else np.outer(unit, unit)
        change = inverse @ moved @ middle
        change = change + change.T - inverse @ moved @ inverse
        by_loading = 2.0 * (change @ loading + (gap @ unit if j < k else 0.0))
        hessian[:, j] = np.concatenate([by_loading, np.diag(change)])
    free = np.concatenate([np.ones(k, bool), error > HEYWOOD * (1.0 + 1e-6)])
    pull = np.zeros(2 * k)
    pull[free] = np.linalg.lstsq(hessian[np.ix_(free, free)], slope[free], rcond=1e-12)[0]
    left, right = inverse @ pull[:k], inverse @ loading
    weight = np.outer(left, right) + np.outer(right, left) + (inverse * pull[k:]) @ inverse
    result: Array = ((scaled @ weight) * scaled).sum(axis=1) - float((weight * correlation).sum())
    return result


def _logit_interval(value: float, se: float, level: float) -> tuple[float, float]:
    if not (0.0 < value < 1.0 and se > 0):
        return np.nan, np.nan
    half = float(special.ndtri(0.5 + level / 2.0)) * se / (value * (1.0 - value))
    centre = float(special.logit(value))
    return float(special.expit(centre - half)), float(special.expit(centre + half))
