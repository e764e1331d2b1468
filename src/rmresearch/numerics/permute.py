"""Re-randomisation: how often would the assignment that was used have looked like this by chance?

The null hypothesis is sharp: nobody's outcome would have been different in another arm. Units (a
person, pair, set or department) are re-assigned within strata, each stratum keeping its counts of
units per arm, exactly as the study assigned them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb, prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.basis import Array

__all__ = ["Rerandomisation", "Statistic", "adjusted_difference", "rerandomise"]

Codes = NDArray[np.signedinteger[Any]]
#: arm codes of everybody under B assignments (B, n) -> one number an assignment (B,)
Statistic = Callable[[Codes], Array]

EXACT_LIMIT = 100_000
#: numbers held at once by one batch of assignments, and by those whose statistic is computed: the
#: processor's cache holds the latter
BATCH, AT_A_TIME = 4_000_000, 250_000


@dataclass(frozen=True, slots=True)
class Rerandomisation:
    """The two-sided p of the observed assignment among ``arrangements`` possible ones.

    ``exact``: all were tried, the observed one among them; else ``draws`` random ones and the
    observed one, p = (1 + as extreme) / (1 + draws), with ``mc_error`` its Monte Carlo standard
    error. ``smallest_p`` is the least p this design (or this number of draws) could reach.
    """

    p: float
    statistic: float
    exact: bool
    arrangements: int
    draws: int
    mc_error: float
    smallest_p: float
    n_units: int


def rerandomise(
    arm: ArrayLike,
    statistic: Statistic,
    *,
    unit: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    seed: int | None = None,
    draws: int = 9_999,
) -> Rerandomisation:
    """Compare the observed ``statistic`` with its values under re-assignment.

    ``arm`` (n,) codes of everybody assigned (who is lost later stays here), ``unit`` (n,) what was
    assigned together, ``stratum`` (n,) within what. At most 100,000 arrangements are tried one
    by one; beyond, ``draws`` of them are drawn with ``seed``. A statistic that an arrangement does
    not define (NaN) counts as extreme. Arrangements as extreme as the observed one but for
    rounding count as extreme.

    >>> arm = np.array([0, 0, 1, 1])
    >>> y = np.array([1.0, 2.0, 5.0, 7.0])
    >>> found = rerandomise(arm, adjusted_difference(y))
    >>> found.arrangements, round(found.p, 4)
    (6, 0.3333)
    """
    people = np.asarray(arm).astype(np.intp)
    where, units, strata = _units(people, unit, stratum)
    if np.unique(units).size < 2:
        raise FitError("all units are in one arm: there is no assignment to repeat.")
    blocks = [np.flatnonzero(strata == s) for s in np.unique(strata)]
    total = prod(_count(units[block]) for block in blocks)
    observed = float(statistic(people[None, :])[0])
    if np.isnan(observed):
        raise FitError(
            "the statistic is not defined for the observed assignment: an arm has no outcomes, or "
            "a covariate tells the arms apart completely."
        )
    batch = max(1, BATCH // (people.size * (int(people.max()) + 1)))
    exact = total <= EXACT_LIMIT
    if exact:
        chunks = _enumerated(units, blocks, total, batch)
    elif seed is None:
        raise ValueError(f"{total} arrangements are too many to try all: a seed is needed")
    else:
        chunks = iter([_drawn(units.tobytes(), strata.tobytes(), draws, batch, seed)])
    sizes = np.abs(_statistics(statistic, chunks, where))
    undefined = int(np.isnan(sizes).sum())
    sizes = sizes[~np.isnan(sizes)]
    extreme = undefined + int((sizes >= _just_below(abs(observed))).sum())
    if exact:
        top = undefined + int((sizes >= _just_below(float(sizes.max()))).sum())
        return Rerandomisation(
            extreme / total, observed, True, total, total, 0.0, top / total, units.size
        )
    p, least = (1 + extreme) / (1 + draws), (1 + undefined) / (1 + draws)
    error = float(np.sqrt(p * (1.0 - p) / (1 + draws)))
    return Rerandomisation(p, observed, False, total, draws, error, least, units.size)


def _statistics(statistic: Statistic, chunks: Iterable[Codes], where: Codes) -> Array:
    """The statistic of every arrangement of units; person i is of unit ``where[i]``."""
    step = max(1, AT_A_TIME // where.size)
    return np.concatenate(
        [
            statistic(chunk[start : start + step, where])
            for chunk in chunks
            for start in range(0, len(chunk), step)
        ]
    )


def adjusted_difference(
    y: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    contrast: tuple[int, int] = (1, 0),
    cluster: ArrayLike | None = None,
) -> Statistic:
    """The studentised difference between two arms, as a statistic for ``rerandomise``.

    Regression of ``y`` (n,) on dummies of all arms and ``covariates`` (n, q) (baseline, strata;
    no intercept column needed), over the people without missing values; the coefficient of
    ``contrast`` (this arm less that arm) over its CR1 standard error by ``cluster`` (n,) (default:
    each person alone). NaN where an arrangement leaves an arm without people.
    """
    outcome = np.asarray(y, dtype=float)
    n = outcome.size
    extra = np.empty((n, 0)) if covariates is None else np.asarray(covariates, dtype=float)
    extra = extra.reshape(n, -1)
    keep = np.isfinite(outcome) & np.isfinite(extra).all(axis=1)
    if not keep.any():
        raise FitError("nobody has an outcome and all covariates: there is nothing to compare.")
    codes = np.arange(n) if cluster is None else np.asarray(cluster)
    codes = np.unique(codes[keep], return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    rows = np.flatnonzero(keep)[order]
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    q = _span(extra[rows])
    left = outcome[rows] - outcome[rows].mean()
    left = left - q @ (q.T @ left)

    def statistic(arms: Codes) -> Array:
        return _studentised(arms[:, rows], left, q, starts, contrast)

    return statistic


def _studentised(
    arms: Codes, left: Array, q: Array, starts: Codes, contrast: tuple[int, int]
) -> Array:
    """t (B,) from arm codes (B, m), with outcome and arm dummies cleared of covariates ``q``."""
    plus, minus = contrast
    others = [a for a in range(max(int(arms.max()), plus, minus) + 1) if a != minus]
    own = others.index(plus)
    dummies = np.stack([(arms == a).astype(float) for a in others])
    dummies -= (dummies @ q) @ q.T
    gram = np.moveaxis(np.vecdot(dummies[:, None], dummies[None]), -1, 0)
    size = np.diagonal(gram, axis1=-2, axis2=-1)
    # An arm without anybody drops out; only the two that are compared must have people.
    full = size > 1e-10
    usable = full[:, own]
    scale = np.sqrt(np.where(full, size, 1.0))
    shape = gram / (scale[:, :, None] * scale[:, None, :])
    shape = shape + np.where(full, 0.0, 1.0)[:, :, None] * np.eye(len(others))
    usable &= np.linalg.eigvalsh(shape)[:, 0] > 1e-10
    shape[~usable] = np.eye(len(others))
    weights = np.linalg.inv(shape)[:, own] / scale / scale[:, own, None]
    coef = np.linalg.solve(shape, ((dummies @ left).T / scale)[..., None])[..., 0] / scale
    estimate = coef[:, own]
    influence = left - _mixture(coef, dummies)
    influence *= _mixture(weights, dummies)
    g, (m, p) = len(starts), (left.size, q.shape[1] + len(others))
    by_cluster = influence if g == m else np.add.reduceat(influence, starts, axis=-1)
    factor = g / (g - 1) * (m - 1) / (m - p) if g > 1 and m > p else 1.0
    se = np.sqrt(factor * np.vecdot(by_cluster, by_cluster))
    noise = 1e-10 * max(float(np.abs(left).max()), np.finfo(float).tiny)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(np.abs(estimate) <= noise, 0.0, estimate / np.where(se > noise, se, 0.0))
    return np.where(usable, t, np.nan)


def _mixture(weights: Array, dummies: Array) -> Array:
    """Each arrangement's dummies (K, B, m) times its weights (B, K), added up: (B, m)."""
    found: Array = weights[:, :1] * dummies[0]
    for weight, dummy in zip(weights.T[1:], dummies[1:], strict=True):
        found += weight[:, None] * dummy
    return found


def _span(covariates: Array) -> Array:
    """An orthonormal basis of the constant and the covariates; repeated columns do no harm."""
    centred = covariates - covariates.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    centred = centred[:, length > 1e-12] / length[length > 1e-12]
    constant = np.full((len(covariates), 1), 1.0 / np.sqrt(len(covariates)))
    if not centred.shape[1]:
        return constant
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    return np.concatenate([constant, u[:, s > 1e-8 * s[0]]], axis=1)


def _units(
    arm: Codes, unit: ArrayLike | None, stratum: ArrayLike | None
) -> tuple[Codes, Codes, Codes]:
    """Each person's unit (n,), and each unit's arm and stratum (u,)."""
    n = arm.size
    if n == 0 or arm.ndim != 1 or arm.min() < 0:
        raise ValueError("arm must hold codes 0, 1, ... of at least one person")
    codes = np.arange(n) if unit is None else np.asarray(unit)
    layers = np.zeros(n, np.intp) if stratum is None else np.asarray(stratum)
    if codes.shape != (n,) or layers.shape != (n,):
        raise ValueError(f"unit {codes.shape} and stratum {layers.shape} must be ({n},)")
    first, where = np.unique(codes, return_index=True, return_inverse=True)[1:]
    layers = np.unique(layers, return_inverse=True)[1]
    for name, column in (("arms", arm), ("strata", layers)):
        torn = np.unique(where[column != column[first][where]]).size
        if torn:
            raise FitError(
                f"{torn} of {first.size} units hold people of several {name}: what was assigned "
                "together must agree. Check the unit of assignment."
            )
    return where, arm[first].astype(np.int16), layers[first]


def _count(arms: Codes) -> int:
    """How many ways the units of one stratum can be arranged."""
    sizes = np.unique(arms, return_counts=True)[1].tolist()
    left, total = sum(sizes), 1
    for size in sizes:
        total *= comb(left, size)
        left -= size
    return total


def _enumerated(units: Codes, blocks: list[Codes], total: int, batch: int) -> Iterator[Codes]:
    tables = [_arrangements(units[block]) for block in blocks]
    sizes = [len(table) for table in tables]
    for start in range(0, total, batch):
        index = np.unravel_index(np.arange(start, min(start + batch, total)), sizes)
        made = np.empty((len(index[0]), units.size), np.intp)
        for block, table, rows in zip(blocks, tables, index, strict=True):
            made[:, block] = table[rows]
        yield made


def _arrangements(arms: Codes) -> NDArray[np.int16]:
    """Every distinct order of ``arms`` (u,): (N, u)."""
    values, counts = np.unique(arms, return_counts=True)
    u, size = arms.size, int(counts[0])
    if values.size == 1:
        return np.full((1, u), values[0], np.int16)
    rest = _arrangements(arms[arms != values[0]])
    chosen = np.array(list(combinations(range(u), size)))
    free = np.ones((len(chosen), u), bool)
    np.put_along_axis(free, chosen, False, axis=1)
    made = np.full((len(rest), len(chosen), u), values[0], np.int16)
    for orders, order in zip(made, rest, strict=True):
        orders[free] = np.tile(order, len(chosen))
    return made.reshape(-1, u)


@lru_cache(maxsize=1)
def _drawn(units: bytes, strata: bytes, draws: int, batch: int, seed: int) -> NDArray[np.int16]:
    """Random arrangements (draws, u); every outcome and wave of the same people asks for them."""
    arms, layers = np.frombuffer(units, np.int16), np.frombuffer(strata, np.intp)
    blocks = [np.flatnonzero(layers == layer) for layer in np.unique(layers)]
    made, rng = np.empty((draws, arms.size), np.int16), np.random.default_rng(seed)
    for start in range(0, draws, batch):
        run = made[start : start + batch]
        for block in blocks:
            run[:, block] = rng.permuted(
                np.broadcast_to(arms[block], (len(run), len(block))), axis=1
            )
    made.flags.writeable = False
    return made


def _just_below(size: float) -> float:
    return size * (1.0 - 1e-9) - 1e-12 if np.isfinite(size) else size
