"""What a scale's answers come to on average, from the world's equations: no cohort is drawn.

An answer is a normal number rounded to 1..5, so that means, variances and covariances of answers
follow from those of the numbers behind them (`numerics.rounded`). What people are selected by is
integrated over; all else is normal given it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.numerics.rounded import hermite, mean_and_variance
from rmresearch.whatif.validation.selection import Own, eligible
from rmresearch.world.instruments import Instrument
from rmresearch.world.measurement import HIGH, LOW
from rmresearch.world.people import state_of_own
from rmresearch.world.scenario import Scenario

__all__ = ["Answered"]

Array = NDArray[np.float64]

CUTS = np.arange(LOW, HIGH, dtype=np.float64) + 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A self-rated scale that volunteering goes by (``scale.first``), asked of people ``own``.

    Their true score in month t is own part x kept(t) + what is drawn anew + what set and
    department share + trend; people answer each item about it with error, rounded.
    """

    scenario: Scenario
    scale: Instrument
    own: Own

    @property
    def shared(self) -> float:
        """The variance of what set and department share."""
        nature = self.scenario.nature
        return float(nature.pair_share + nature.department_share)

    def kept(self, month: int) -> float:
        """What is left, in month ``month``, of where a person stood at the start (a share)."""
        k = state_of_own(self.scenario)
        return float(1.0 - k + k * self.scenario.nature.state_monthly**month)

    def mean(self, month: int, added: float = 0.0) -> float:
        """The mean score in points, ``added`` SD above what it would be without a programme."""
        kept = self.kept(month)
        center = np.sqrt(1.0 - self.shared) * kept * self.own.points
        center = center + self.scenario.nature.trend * month + added
        spread = np.sqrt(self.shared + (1.0 - self.shared) * (1.0 - kept**2))
        means, _ = mean_and_variance(*self._items(center, spread), CUTS)
        return float(LOW + self.own.weights @ means.mean(axis=-1))

    def covariance(self, month: int, later: int) -> float:
        """The covariance of people's scores in two months (the variance, where they are one)."""
        weights, k = self.own.weights, self.scale.items
        kept = [self.kept(month), self.kept(later)]
        between = self.kept(later - month) if month else kept[1]
        own, nature = 1.0 - self.shared, self.scenario.nature
        parts, spreads = [], []
        for at, when in zip(kept, (month, later), strict=True):
            center = np.sqrt(own) * at * self.own.points + nature.trend * when
            spreads.append(np.sqrt(self.shared + own * (1.0 - at**2)))
            parts.append(self._items(center, spreads[-1]))
        means = [mean_and_variance(*part, CUTS)[0] for part in parts]
        of_means = [one.mean(axis=-1) for one in means]
        grand = [weights @ one for one in of_means]
        explained = weights @ ((of_means[0] - grand[0]) * (of_means[1] - grand[1]))
        true = self._heard**2 * (self.shared + own * (between - kept[0] * kept[1]))
        a, b = (hermite(center, spread, CUTS) for center, spread in parts)
        r = [(true + part) / (parts[0][1] * parts[1][1]) for part in (0.0, self._stable)]
        power = np.arange(1.0, a.shape[-1] + 1.0)
        every = np.einsum("pit,pjt,t->p", a, b, r[0] ** power)
        each = np.einsum("pit,pit->pt", a, b)
        same = each @ r[1] ** power
        if month == later:  # an item with itself: its variance
            same = mean_and_variance(*parts[0], CUTS)[1].sum(axis=-1)
        within = weights @ (every - each @ r[0] ** power + same) / k**2
        return float(explained + within)

    def alpha(self, month: int = 0) -> float:
        """Cronbach's alpha of the scale among these people."""
        k, weights = self.scale.items, self.own.weights
        kept = self.kept(month)
        center = np.sqrt(1.0 - self.shared) * kept * self.own.points
        center = center + self.scenario.nature.trend * month
        spread = np.sqrt(self.shared + (1.0 - self.shared) * (1.0 - kept**2))
        means, variances = mean_and_variance(*self._items(center, spread), CUTS)
        items = weights @ (variances + (means - weights @ means) ** 2)
        total = k**2 * self.covariance(month, month)
        return float(k / (k - 1.0) * (1.0 - items.sum() / total))

    @property
    def sd(self) -> float:
        """The SD of the score among the eligible before the start, in points."""
        return float(np.sqrt(Answered(self.scenario, self.scale, eligible()).covariance(0, 0)))

    @property
    def _heard(self) -> float:
        nature = self.scenario.nature
        return float(nature.item_spread * np.sqrt(nature.item_reliability))

    @property
    def _stable(self) -> float:
        """The variance of what is an item's own and stays, in points squared."""
        nature = self.scenario.nature
        return float(nature.item_spread**2 * nature.item_stable)

    def _items(self, center: Array, spread: float) -> tuple[Array, Array]:
        """Mean (point, item) and SD (1,) of the numbers behind the items' answers."""
        nature = self.scenario.nature
        hard = np.linspace(-0.5, 0.5, self.scale.items) * nature.item_difficulty
        own = nature.item_spread**2 * (1.0 - nature.item_reliability)
        behind = float(np.sqrt(own + (self._heard * spread) ** 2))
        numbers = nature.item_center + hard + self._heard * center[:, None]
        return numbers, np.array([behind], np.float64)
