"""Logistic regression with Firth's penalty: finite where events are few or arms separate them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from rmresearch.errors import FitError

__all__ = ["Firth", "firth"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: Newton's steps, how often one is halved, how long it may be, and when they have arrived
STEPS, HALVINGS, LONGEST, ARRIVED = 200, 40, 5.0, 1e-9
#: the gradient of a maximum
LEVEL = 1e-7
#: no interval is sought further out than this many log odds
FURTHEST = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Firth:
    """A fitted penalised logit: each array (p,), log odds per unit of its column.

    ``se`` is the Wald standard error; ``low``, ``high`` and ``p`` come from the profile of the
    penalised likelihood. ``separated``: without the penalty some coefficient would be infinite.
    """

    coef: Array
    se: Array
    low: Array
    high: Array
    p: Array
    names: tuple[str, ...]
    log_likelihood: float
    separated: bool


def firth(
    event: ArrayLike, x: ArrayLike, *, names: Sequence[str] | None = None, level: float = 0.95
) -> Firth:
    """Log odds of an event, independent people, penalised by half the log determinant of I.

    ``event`` (n,) of 0 and 1, ``x`` (n, p) with its intercept column. Firth 1993, Biometrika
    80:27; intervals and tests by the profile of the penalised likelihood, the penalty that of all
    p coefficients (Heinze and Schemper 2002, Statistics in Medicine 21:2409). ``FitError`` where a
    column is determined by others, or where nothing converges.

    >>> event, arm = np.array([1, 1, 1, 0, 0, 0]), np.array([1, 1, 1, 0, 0, 0])
    >>> found = firth(event, np.column_stack([np.ones(6), arm]))
    >>> round(float(found.coef[1]), 3), found.separated  # 2 log(3.5 / 0.5): half a person a cell
    (3.892, True)
    """
    y, design = np.asarray(event, dtype=float), np.asarray(x, dtype=float)
    labels = _checked(y, design, names)
    # columns of one size: steps and limits then mean the same whatever the units
    size = np.sqrt((design**2).mean(axis=0))
    z = design / size
    best, top = _maximum(y, z, np.zeros(z.shape[1]), None)
    half = float(special.chdtri(1, 1.0 - level)) / 2.0
    se = np.sqrt(np.diagonal(np.linalg.inv(_information(z, best))))
    ends = np.array([_ends(y, z, best, j, top - half, 2.0 * se[j]) for j in range(z.shape[1])])
    p = [_p(y, z, best, j, top) for j in range(z.shape[1])]
    return Firth(
        coef=best / size,
        se=se / size,
        low=ends[:, 0] / size,
        high=ends[:, 1] / size,
        p=np.array(p),
        names=labels,
        log_likelihood=top,
        separated=_separated(y, z),
    )


def _maximum(y: Array, x: Array, start: Array, held: int | None) -> tuple[Array, float]:
    """The coefficients of the largest penalised likelihood, coefficient ``held`` kept as given."""
    beta = start.copy()
    free = np.array([j != held for j in range(x.shape[1])])
    value = _penalised(y, x, beta)
    for _ in range(STEPS):
        score, information = _modified(y, x, beta)
        if not free.any():
            return beta, value
        step = np.zeros_like(beta)
        step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        step *= min(1.0, LONGEST / max(float(np.abs(step).max()), LONGEST))
        if np.abs(step).max() < ARRIVED:
            return beta, value
        beta, value = _uphill(y, x, beta, value, step)
    found = _searched(y, x, beta, free)
    if found is not None:
        return found, _penalised(y, x, found)
    raise FitError(
        f"the penalised logit did not arrive in {STEPS} steps. Leave out a covariate that nearly "
        f"determines another, or groups of very few people."
    )


def _searched(y: Array, x: Array, start: Array, free: Flags) -> Array | None:
    """The same by a search along the gradient: far out, Newton's steps may swing for ever."""

    def placed(inner: Array) -> Array:
        beta = start.copy()
        beta[free] = inner
        return beta

    with np.errstate(all="ignore"):
        found = optimize.minimize(
            lambda inner: -_penalised(y, x, placed(inner)),
            start[free],
            jac=lambda inner: -_modified(y, x, placed(inner))[0][free],
            method="BFGS",
            options={"gtol": LEVEL},
        )
    beta = placed(found.x)
    flat = np.abs(_modified(y, x, beta)[0][free]).max()
    return beta if flat <= 10.0 * LEVEL else None


def _uphill(y: Array, x: Array, beta: Array, value: float, step: Array) -> tuple[Array, float]:
    """The point along ``step``, halved until the likelihood does not fall but for rounding."""
    for _ in range(HALVINGS):
        there = _penalised(y, x, beta + step)
        if there >= value - 1e-10 * (1.0 + abs(value)):
            break
        step = step / 2.0
    return beta + step, there


def _weighted(x: Array, eta: Array) -> Array:
    """The rows of ``x`` times the root of their weight: the information is its cross-product.

    All is read off its QR factors, for where events are few the information is nearly singular.
    """
    return np.asarray(x * np.sqrt(special.expit(eta) * special.expit(-eta))[:, None])


def _information(x: Array, beta: Array) -> Array:
    weighted = _weighted(x, x @ beta)
    return np.asarray(weighted.T @ weighted)


def _penalised(y: Array, x: Array, beta: Array) -> float:
    eta = x @ beta
    diagonal = np.abs(np.diagonal(np.linalg.qr(_weighted(x, eta), mode="r")))
    if not diagonal.all():
        return -np.inf
    half = float(np.log(diagonal).sum())
    return float(y @ special.log_expit(eta) + (1.0 - y) @ special.log_expit(-eta)) + half


def _modified(y: Array, x: Array, beta: Array) -> tuple[Array, Array]:
    """Firth's modified score and the information."""
    eta = x @ beta
    q, r = np.linalg.qr(_weighted(x, eta))
    chance = special.expit(eta)
    leverage = (q * q).sum(axis=1)
    return x.T @ (y - chance + leverage * (0.5 - chance)), r.T @ r


def _profile(y: Array, x: Array, best: Array, j: int, at: float) -> float:
    """The largest penalised likelihood with coefficient ``j`` held at a value."""
    start = best.copy()
    start[j] = at
    return _maximum(y, x, start, j)[1]


def _ends(
    y: Array, x: Array, best: Array, j: int, wanted: float, reach: float
) -> tuple[float, float]:
    """Where the profile has fallen to ``wanted`` on either side of its top, about ``reach`` off."""
    ends = []
    for way in (-reach, reach):
        inner, outer = best[j], best[j] + way
        while _profile(y, x, best, j, outer) > wanted:
            inner, outer = outer, outer + 2.0 * (outer - best[j])
            if abs(outer - best[j]) > FURTHEST:
                raise FitError(
                    "the penalised likelihood does not fall far out: too few people stand behind "
                    "a covariate. Leave it out."
                )
        ends.append(
            optimize.brentq(
                lambda at: _profile(y, x, best, j, at) - wanted, inner, outer, xtol=1e-9
            )
        )
    return float(ends[0]), float(ends[1])


def _p(y: Array, x: Array, best: Array, j: int, top: float) -> float:
    return float(special.chdtrc(1, max(2.0 * (top - _profile(y, x, best, j, 0.0)), 0.0)))


def _separated(y: Array, x: Array) -> bool:
    """Whether some direction tells events from non-events without ever being wrong.

    The largest sum of margins, each between 0 and 1, over all directions (Albert and Anderson
    1984): above 0 only where the classes are separated, completely or but for ties.
    """
    signed = x * (2.0 * y - 1.0)[:, None]
    limits = np.vstack([signed, -signed])
    room = np.concatenate([np.ones(len(y)), np.zeros(len(y))])
    found = optimize.linprog(-signed.sum(axis=0), limits, room, bounds=(None, None))
    return bool(found.status == 0 and -found.fun > 1e-6)


def _checked(y: Array, x: Array, names: Sequence[str] | None) -> tuple[str, ...]:
    if x.ndim != 2 or y.shape != (x.shape[0],):
        raise ValueError(f"event (n,) and x (n, p) needed, not {y.shape}, {x.shape}")
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("event must hold 0 and 1 only: drop missing answers first")
    if not np.isfinite(x).all():
        raise ValueError("x must be finite: drop rows with missing values first")
    labels = tuple(names) if names is not None else tuple(f"x{j}" for j in range(x.shape[1]))
    if len(labels) != x.shape[1]:
        raise ValueError(f"{len(labels)} names for {x.shape[1]} columns")
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise FitError(
            f"{x.shape[0]} people cannot tell {', '.join(labels)} apart. Leave out a column that "
            f"the others determine."
        )
    return labels
