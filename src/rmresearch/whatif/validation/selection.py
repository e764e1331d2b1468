"""Who takes a place: the distribution of the score that volunteering goes by, from its equation.

Each of a place's ``eligible`` people applies by a logit (world/people.py). A place goes to one of
those who applied, or to the keenest where nobody did. Everything here is quadrature on a grid; no
cohort is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from rmresearch.world.instruments import Instrument
from rmresearch.world.scenario import Scenario

__all__ = ["Own", "eligible", "volunteers"]

Array = NDArray[np.float64]

#: normal numbers from -6 to 6 SD; keenness, in log odds, from -16 to 0 (who did not apply)
NORMAL = np.linspace(-6.0, 6.0, 97)
DENSITY = np.exp(-0.5 * NORMAL**2)
MASS = DENSITY / DENSITY.sum()
KEENNESS = np.linspace(-16.0, 0.0, 161)


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """The distribution of people's own part of a score, in its own SD: ``points`` (k,) with
    ``weights`` (k,) that add up to 1.
    """

    points: Array
    weights: Array

    @property
    def mean(self) -> float:
        """The mean, 0 among the eligible."""
        return float(self.weights @ self.points)

    @property
    def variance(self) -> float:
        """The variance, 1 among the eligible."""
        return float(self.weights @ (self.points - self.mean) ** 2)


def eligible() -> Own:
    """Anybody who could have taken part.

    >>> round(eligible().variance, 6)
    1.0
    """
    return Own(NORMAL, MASS)


def volunteers(scenario: Scenario, scale: Instrument) -> Own:
    """Those who fill the places of a role; ``scale`` is the one that volunteering goes by.

    With W = a + b c + s z + logistic the wish to take part: of those with W > 0 one is taken,
    whichever; where all of the place's people have W <= 0, the one with the largest.
    """
    nature, levers = scenario.nature, scenario.levers
    if levers.application == "assigned":
        return eligible()
    by = getattr(nature, f"skill_on_{scale.role}_volunteering")
    rate = np.log(nature.volunteering_rate / (1 - nature.volunteering_rate))
    rate += nature.sponsor_on_volunteering * (levers.sponsor - 0.5)
    other = np.hypot(nature.time_on_volunteering, nature.performance_on_volunteering)
    # P(W <= w | c), (point, keenness)
    wish = rate + by * NORMAL[:, None, None] + other * NORMAL
    below = expit(KEENNESS[:, None] - wish) @ MASS
    applies = 1.0 - below[:, -1]
    nobody = float(MASS @ below[:, -1])
    m = scenario.design.eligible
    one_of_them = MASS * applies / (1.0 - nobody)
    all_below = MASS @ below  # P(W <= w)
    middle = (all_below[1:] + all_below[:-1]) / 2.0
    keenest = MASS * (np.diff(below, axis=1) @ (m * middle ** (m - 1)))
    weights = (1.0 - nobody**m) * one_of_them + keenest
    return Own(NORMAL, weights / weights.sum())
