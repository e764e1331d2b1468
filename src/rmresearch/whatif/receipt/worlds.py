"""The study's own scores as a textbook's model of rounded answers, at a correlation that is given.

An answer of person i in cluster g at wave t to item j is m_tj + u_g + p_i + w_it + e_itj, all
normal, rounded to the item's codes. Means are the study's (arms alike, or no change over time:
the world without a difference); the five variances follow from its items' spread, its scores'
variance and how that divides, corrected for rounding (`numerics.rounded`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis.base.batch import Array
from rmresearch.errors import StudyError
from rmresearch.numerics import rounded
from rmresearch.study import Outcome
from rmresearch.whatif.receipt.posed import Posed

__all__ = ["Levels", "World", "world"]

#: of a score's variance, what is left within a person at the least
LEAST_LEFT = 0.02
#: codes from which on rounding to them is nothing
MOST_CODES = 200


@dataclass(frozen=True, slots=True)
class Levels:
    """How the variance of scores divides: ``cluster`` 0 where every person is a cluster.

    ``variance`` is all of it, in squared points; ``cluster`` and ``person`` are shares of it.
    """

    variance: float
    cluster: float
    person: float

    @property
    def correlation(self) -> float:
        """Of two scores of one cluster: of its people, or of the person who is all of it."""
        return self.cluster or self.person

    def at(self, correlation: float) -> Levels:
        """The same with another correlation, all else divided in the same proportion."""
        if not self.cluster:
            return Levels(self.variance, 0.0, correlation)
        rest = (1.0 - correlation) / (1.0 - self.cluster)
        return Levels(self.variance, correlation, rest * self.person)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """``sds`` of u, p, w and e; ``null`` and ``shifted`` (wave, item), the means behind answers.

    In ``shifted`` scores lie ``effect`` points higher. ``low`` and ``high`` are the items' codes,
    None where answers are not rounded; then there is one item, the score.
    """

    sds: tuple[float, float, float, float]
    null: Array
    shifted: Array
    effect: float
    low: float | None
    high: float | None


def world(asked: Posed, levels: Levels, effect: float) -> World:
    """The world in which two scores of a cluster correlate as ``levels`` says.

    ``effect`` in points. Raises ``StudyError`` where the answers are not those of rounded numbers
    (an item that everybody answers alike), or where the effect leaves the scale.
    """
    outcome, answers = asked.panel.outcome, asked.answers
    if outcome.low is None or outcome.high is None or not _coded(answers, outcome):
        return _continuous(asked, levels, effect)
    cuts = np.arange(outcome.high - outcome.low) + 0.5
    # items (wave, item) from 0 on
    mean, variance = _moments(asked, answers - outcome.low)
    center, spread = _behind(mean, variance, cuts)
    u, p, w, e = _variances(levels, variance, rounded.hermite(center, np.full_like(center, spread),
                                                              cuts))  # fmt: skip
    sds = spread * np.sqrt([u, p, w, e])
    total = np.full_like(mean, float(np.linalg.norm(sds)))
    null, shifted = (rounded.center(mean + shift, total, cuts) for shift in (0.0, effect))
    if not (np.isfinite(null).all() and np.isfinite(shifted).all()):
        raise StudyError(
            f"{outcome.name}: with the smallest effect that matters an item's mean would leave "
            f"its range, so there is no such study to simulate."
        )
    return World(tuple(sds.tolist()), null, shifted, effect, outcome.low, outcome.high)


def _coded(answers: Array, outcome: Outcome) -> bool:
    """Whether answers are whole codes, few enough that rounding to them matters."""
    known = answers[np.isfinite(answers)]
    span = (outcome.high or 0.0) - (outcome.low or 0.0)
    return bool((known == np.rint(known)).all()) and span == np.rint(span) and span <= MOST_CODES


def _continuous(asked: Posed, levels: Levels, effect: float) -> World:
    """Scores as they are: nothing is rounded."""
    mean = _means(asked, asked.scores[..., None])
    left = max(1.0 - levels.cluster - levels.person, LEAST_LEFT)
    sds = np.sqrt(levels.variance * np.array([levels.cluster, levels.person, left]))
    return World((*sds.tolist(), 0.0), mean, mean + effect, effect, None, None)


def _means(asked: Posed, answers: Array) -> Array:
    """The items' means (wave, item): those before the start at all waves if no change is null."""
    count = np.isfinite(answers).sum(axis=0)
    mean = _over(answers, count, np.nan)
    return np.repeat(mean[:1], len(mean), axis=0) if asked.changes else mean


def _moments(asked: Posed, answers: Array) -> tuple[Array, float]:
    """Means (wave, item) in the world without a difference, and an item's variance within arms."""
    squares, freedom = 0.0, 0
    for arm in np.unique(asked.panel.arm[0]):
        own = answers[asked.panel.arm[0] == arm]
        count = np.isfinite(own).sum(axis=0)
        squares += float(np.nansum((own - _over(own, count, 0.0)) ** 2))
        freedom += int(np.maximum(count - 1, 0).sum())
    return _means(asked, answers), squares / max(freedom, 1)


def _over(answers: Array, count: NDArray[np.intp], otherwise: float) -> Array:
    """Means over people (wave, item), ``otherwise`` where nobody answered."""
    means = np.full(count.shape, otherwise)
    np.divide(np.nansum(answers, axis=0), count, where=count > 0, out=means)
    return means


def _behind(mean: Array, variance: float, cuts: Array) -> tuple[Array, float]:
    """Means (wave, item) and the SD of the numbers behind answers; one cut point fixes it at 1."""
    if len(cuts) == 1:
        center, spread = rounded.center(mean, np.ones(mean.shape), cuts), 1.0
    else:
        flat, wide = rounded.center_and_spread(mean.ravel(), np.array(variance), cuts)
        center, spread = flat.reshape(mean.shape), float(wide)
    if not (np.isfinite(center).all() and np.isfinite(spread)):
        raise StudyError(
            "an item was answered alike by everybody at some wave, or answers spread more than "
            "rounded numbers can, so they cannot be simulated."
        )
    return center, spread


def _variances(levels: Levels, variance: float, terms: NDArray[np.float64]) -> Array:
    """Variances of u, p, w, e behind answers, an answer's being about 1.

    ``terms`` (wave, item, term) are the Hermite coefficients of the items. Two items of a cluster
    covary as its scores do, two of a person as theirs, two of one answer as the scores' variance
    leaves: k V = v + (k - 1) c. What the rest of V is made of is kept equal behind the answers.
    """
    waves, items = terms.shape[:2]
    by_wave = terms.mean(axis=1)
    over_time = (by_wave.sum(axis=0) ** 2 - (by_wave**2).sum(axis=0)) / (waves * (waves - 1))
    cluster = levels.cluster * levels.variance
    person = cluster + levels.person * levels.variance
    lasting = rounded.correlation(np.array([cluster, person]), over_time)
    together = 1.0
    if items > 1:
        at_once = (terms.sum(axis=1) ** 2 - (terms**2).sum(axis=1)).mean(axis=0)
        common = max((items * levels.variance - variance) / (items - 1), 0.0)
        together = float(rounded.correlation(np.array(common), at_once / (items * (items - 1))))
    score = together + (1.0 - together) / items
    left = max(score - lasting[1], LEAST_LEFT * score)
    noise = min(1.0 - together, items * left)
    return np.array([lasting[0], lasting[1] - lasting[0], left - noise / items, noise])
