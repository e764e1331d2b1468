"""From answers to the numbers behind them: means, spreads and covariances in points of 1-5.

All arrays run along the jackknife's axis first (the whole pilot, then without one group each).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics import rounded
from rmresearch.whatif.calibrate.jackknife import Groups
from rmresearch.whatif.calibrate.pilot import COMPARISON, PROGRAMME, Pilot, Scale
from rmresearch.world.instruments import JUNIOR, SENIOR

__all__ = ["Behind", "Departments", "behind", "departments", "wave_pairs", "within_pairs"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

ARMS = (COMPARISON, PROGRAMME)


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """What is behind the answers to one scale, in points of 1-5, (jackknife, ...).

    Before the start, over both arms: ``spread`` the SD of an item, ``shared`` the covariance of
    two items. ``items`` (arm, wave, item): each item's mean. ``lasting`` (arm, wave pair): the
    covariance of two items over time; ``own``: what one item has over time beyond that. ``people``
    (arm, wave pair): how many of the whole pilot are behind these. ``deviations`` (person, wave,
    item): answers less their arm's mean, NaN where there is none. ``coefficients`` (arm, wave,
    item, term): the Hermite coefficients of the answers.
    """

    scale: Scale
    spread: Array
    shared: Array
    items: Array
    lasting: Array
    own: Array
    people: Array
    deviations: Array
    coefficients: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sums over an arm's people, (jackknife, ...), of answers less the arm's means."""

    count: Array  # (wave, item)
    first: Array
    second: Array
    together: Array  # over pairs of different items before the start, and how many
    pairs: Array
    across: Array  # (wave pair): over pairs of different items at two waves, and how many
    across_pairs: Array
    again: Array  # (wave pair): over items at two waves, and how many
    again_pairs: Array


def wave_pairs(pilot: Pilot) -> tuple[tuple[int, int], ...]:
    """Every two waves, earlier and later, in the order of `Behind`."""
    return tuple(combinations(range(len(pilot.months)), 2))


def behind(pilot: Pilot, groups: Groups, scale: Scale) -> Behind:
    """The numbers behind one scale's answers; NaN where an arm or a wave has none."""
    with np.errstate(all="ignore"):
        center, deviations = _centred(pilot, scale.codes)
        sums = [_sums(pilot, groups, deviations, arm) for arm in ARMS]
        start, spread = _start(center, sums, scale.cuts)
        mean = np.stack([center[a] + one.first / one.count for a, one in enumerate(sums)], axis=1)
        wide = np.broadcast_to(spread[:, None, None, None], mean.shape)
        items = rounded.center(mean, wide, scale.cuts)
        coefficients = rounded.hermite(items, wide, scale.cuts)
        at_start = rounded.hermite(start, np.broadcast_to(spread[:, None], start.shape), scale.cuts)
        together = _both(one.together for one in sums) / _both(one.pairs for one in sums)
        shared = rounded.correlation(together, _different(at_start, at_start)) * spread**2
        lasting, own = _over_time(pilot, sums, coefficients, spread)
    return Behind(
        scale=scale,
        spread=spread,
        shared=shared,
        items=items,
        lasting=lasting,
        own=own,
        people=np.stack([one.again_pairs[0] for one in sums]) / scale.codes.shape[2],
        deviations=deviations,
        coefficients=coefficients,
    )


def _centred(pilot: Pilot, codes: Array) -> tuple[Array, Array]:
    """Mean answers (arm, wave, item), and the answers of people in an arm less their mean."""
    center = np.zeros((len(ARMS), *codes.shape[1:]))
    deviations = np.full(codes.shape, np.nan)
    for arm in ARMS:
        # nobody of the comparison is asked as such once their own programme has begun
        usable = (pilot.arm == arm)[:, None] & (pilot.untreated | (arm == PROGRAMME))
        theirs = np.where(usable[..., None], codes, np.nan)
        count = np.isfinite(theirs).sum(axis=0)
        center[arm] = np.where(count > 0, np.nansum(theirs, axis=0) / np.maximum(count, 1), np.nan)
        deviations = np.where(np.isfinite(theirs), theirs - center[arm], deviations)
    return center, deviations


def _sums(pilot: Pilot, groups: Groups, deviations: Array, arm: int) -> _Sums:
    seen = np.isfinite(deviations) & (pilot.arm == arm)[:, None, None]
    d, k = np.where(seen, deviations, 0.0), seen.astype(float)
    total, number = d.sum(axis=2), k.sum(axis=2)
    first, later = (np.array(one) for one in zip(*wave_pairs(pilot), strict=True))
    again, again_pairs = ((x[:, first] * x[:, later]).sum(axis=2) for x in (d, k))
    free = _free((number[:, :1] > 0).sum(axis=0))
    free_over_time = _free((again_pairs > 0).sum(axis=0))
    return _Sums(
        count=groups.sums(k),
        first=groups.sums(d),
        second=groups.sums(d * d),
        together=groups.sums((total[:, 0] ** 2 - (d[:, 0] ** 2).sum(axis=1)) / 2.0) * free,
        pairs=groups.sums(number[:, 0] * (number[:, 0] - 1.0) / 2.0),
        across=groups.sums(total[:, first] * total[:, later] - again) * free_over_time,
        across_pairs=groups.sums(number[:, first] * number[:, later] - again_pairs),
        again=groups.sums(again) * free_over_time,
        again_pairs=groups.sums(again_pairs),
    )


def _free(people: NDArray[np.int64]) -> Array:
    """n / (n - 1): products of deviations from a mean of their own people are that much small."""
    return people / np.maximum(people - 1, 1)


def _start(center: Array, sums: list[_Sums], cuts: Array) -> tuple[Array, Array]:
    """Items' means and SD before the start, over both arms; variances are within arms."""
    counts = [one.count[:, 0] for one in sums]
    everybody = _both(counts)
    # an arm without answers has no mean, and no weight
    totals = [
        np.where(n > 0, n * np.nan_to_num(center[a, 0]) + one.first[:, 0], 0.0)
        for a, (n, one) in enumerate(zip(counts, sums, strict=True))
    ]
    within = [
        np.where(n > 0, one.second[:, 0] - one.first[:, 0] ** 2 / np.maximum(n, 1.0), 0.0)
        for n, one in zip(counts, sums, strict=True)
    ]
    variance = (_both(within) / everybody).mean(axis=-1)
    return rounded.center_and_spread(_both(totals) / everybody, variance, cuts)


def _both(of_arms: Iterable[Array]) -> Array:
    """The arms added up."""
    return np.asarray(np.sum(list(of_arms), axis=0), float)


def _over_time(
    pilot: Pilot, sums: list[_Sums], coefficients: Array, spread: Array
) -> tuple[Array, Array]:
    """Covariances of two items at two waves, and of one item at two waves beyond that."""
    lasting, own = [], []
    for arm, one in enumerate(sums):
        for number, (first, later) in enumerate(wave_pairs(pilot)):
            a, b = coefficients[:, arm, first], coefficients[:, arm, later]
            others = one.across[:, number] / one.across_pairs[:, number]
            same = one.again[:, number] / one.again_pairs[:, number]
            between = rounded.correlation(others, _different(a, b))
            lasting.append(between * spread**2)
            own.append((rounded.correlation(same, (a * b).mean(axis=1)) - between) * spread**2)
    shape = (len(spread), len(ARMS), len(wave_pairs(pilot)))
    return np.stack(lasting, axis=1).reshape(shape), np.stack(own, axis=1).reshape(shape)


def _different(a: Array, b: Array) -> Array:
    """Products of coefficients (jackknife, item, term) averaged over pairs of different items."""
    items = a.shape[1]
    both = a.sum(axis=1) * b.sum(axis=1) - (a * b).sum(axis=1)
    return np.asarray(both / (items * (items - 1)))


def within_pairs(pilot: Pilot, groups_of_pairs: Groups, found: list[Behind]) -> Array | None:
    """The covariance (jackknife,) of what the two people of a pair can, in points²; else None.

    Of each person all untreated answers are averaged: over scales, items and waves.
    """
    sides = [[one for one in found if one.scale.side == side] for side in (SENIOR, JUNIOR)]
    if not all(sides) or not len(pilot.pairs):
        return None
    means, products, spreads = [], [], []
    for own in sides:
        mean, coefficients = _untreated_mean(pilot, own)
        means.append(mean)
        products.append(coefficients)
        spreads.append(np.mean([one.spread for one in own], axis=0))
    senior, junior = (means[side][pilot.pairs[:, side]] for side in (SENIOR, JUNIOR))
    both = np.isfinite(senior) & np.isfinite(junior)
    arm = pilot.arm[pilot.pairs[:, SENIOR]]
    sums = []
    for one in ARMS:
        here = both & (arm == one)
        if here.any():
            n = groups_of_pairs.sums(here.astype(float))
            product = np.where(here, senior * junior, 0.0) * _free(here.sum())
            expected = n[:, None] * products[0][:, one] * products[1][:, one]
            sums.append((groups_of_pairs.sums(product), expected, n))
    if not sums:
        return None
    covariance, expected, count = (_both(part) for part in zip(*sums, strict=True))
    r = rounded.correlation(covariance / count, expected / count[:, None])
    return np.asarray(r * spreads[0] * spreads[1])


def _untreated_mean(pilot: Pilot, own: list[Behind]) -> tuple[Array, Array]:
    """Each person's mean answer, and the mean coefficients of such answers (jackknife, arm, term).

    People of the programme are untreated before the start only.
    """
    answers = [
        np.where(pilot.untreated[..., None], one.deviations, np.nan).reshape(len(pilot.arm), -1)
        for one in own
    ]
    every = np.concatenate(answers, axis=1)
    count = np.isfinite(every).sum(axis=1)
    mean = np.where(count > 0, np.nansum(every, axis=1) / np.maximum(count, 1), np.nan)
    waves = {COMPARISON: slice(None), PROGRAMME: slice(0, 1)}
    by_arm = [
        np.concatenate(
            [one.coefficients[:, arm, waves[arm]].reshape(len(one.spread), -1, rounded.TERMS)
             for one in own], axis=1,
        ).mean(axis=1)
        for arm in ARMS
    ]  # fmt: skip
    return mean, np.stack(by_arm, axis=1)


@dataclass(frozen=True, slots=True)
class Departments:
    """How people of departments differ, from a one-way analysis of variance before the start.

    ``component``: the variance between departments, in points² of the number behind an item, not
    below 0. ``ratio`` its F ratio, with ``df`` for departments and ``df_within``; ``size`` the
    people of a department (harmonic, as the component's expectation has it). ``mean_variance``:
    of the mean over everybody. ``concentration``: the chance that two people drawn at random
    share a department; ``together``: that a senior and a junior of a pair do, less the same for
    any senior and any junior.
    """

    component: float
    within: float
    ratio: float
    df: int
    df_within: int
    size: float
    mean_variance: float
    concentration: float
    together: float


def departments(pilot: Pilot, found: list[Behind]) -> Departments | None:
    """Departments in the pilot; None where fewer than two have people who answered."""
    points = _in_points(pilot, found)
    here = np.isfinite(points) & (pilot.department >= 0)
    codes, where = np.unique(pilot.department[here], return_inverse=True)
    n, values = int(here.sum()), points[here]
    if len(codes) < 2 or n <= len(codes) + 1:
        return None
    sizes = np.bincount(where).astype(float)
    means = np.bincount(where, values) / sizes
    overall = values.mean()
    df, df_within = len(codes) - 1, n - len(codes)
    between = float((sizes * (means - overall) ** 2).sum() / df)
    within = float(((values - means[where]) ** 2).sum() / df_within)
    size = float((n - (sizes**2).sum() / n) / df)
    return Departments(
        component=max(0.0, (between - within) / size),
        within=within,
        ratio=between / within,
        df=df,
        df_within=df_within,
        size=size,
        mean_variance=between / n,
        concentration=float(((sizes / n) ** 2).sum()),
        together=_together(pilot, codes),
    )


def _in_points(pilot: Pilot, found: list[Behind]) -> Array:
    """Each person's mean deviation before the start, in points of the numbers behind."""
    parts = []
    for one in found:
        heard = one.coefficients[0, :, 0, :, 0] / one.spread[0]
        slope = np.where(pilot.arm[:, None] == COMPARISON, heard[0], heard[1])
        parts.append(one.deviations[:, 0] / slope)
    every = np.concatenate(parts, axis=1)
    count = np.isfinite(every).sum(axis=1)
    return np.where(count > 0, np.nansum(every, axis=1) / np.maximum(count, 1), np.nan)


def _together(pilot: Pilot, codes: NDArray[np.int64]) -> float:
    both = pilot.department[pilot.pairs]
    both = both[(both >= 0).all(axis=1)]
    if not len(both):
        return 0.0
    shares = [(both[:, side, None] == codes).mean(axis=0) for side in (SENIOR, JUNIOR)]
    return float((both[:, 0] == both[:, 1]).mean() - shares[0] @ shares[1])
