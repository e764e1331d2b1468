"""Who answers, as a logistic regression, and the weights that undo it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rmresearch.errors import FitError

__all__ = ["Weights", "logit", "response_weights"]

Array = NDArray[np.float64]

#: Newton's steps, and the change of a linear predictor below which they end
STEPS, SETTLED = 50, 1e-12
#: a linear predictor beyond this is a probability of 0 or 1: the groups can be told apart
SEPARATED = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Stabilised weights (n,), 0 where there is no answer; their mean over answers is near 1.

    ``effective`` is Kish's effective number of answers, ``trimmed`` how many weights were cut.
    """

    values: Array
    effective: float
    trimmed: int


def logit(y: ArrayLike, x: ArrayLike) -> Array:
    """Coefficients (p,) of a logistic regression of ``y`` (n,), 0 or 1, on ``x`` (n, p).

    Maximum likelihood by Newton's method. Where ``x`` tells zeros and ones apart without an error
    there is no maximum: ``FitError``, as for columns that others determine.
    """
    answer, design = np.asarray(y, float), np.asarray(x, float)
    beta = np.zeros(design.shape[1])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise FitError("a column of the response model is determined by others: drop it.")
    for _ in range(STEPS):
        chance = special.expit(design @ beta)
        step = np.linalg.lstsq(
            (design * (chance * (1.0 - chance))[:, None]).T @ design,
            design.T @ (answer - chance),
            rcond=None,
        )[0]
        step /= max(1.0, float(np.abs(design @ step).max()) / 5.0)
        beta = beta + step
        if float(np.abs(design @ beta).max()) > SEPARATED:
            break
        if float(np.abs(design @ step).max()) < SETTLED:
            return np.asarray(beta)
    raise FitError(
        "who answered can be told without an error from what is known before the start, so no "
        "weight can stand for those who did not."
    )


def response_weights(
    answered: ArrayLike, arm: ArrayLike, x: ArrayLike, *, most: float = 5.0
) -> Weights:
    """Inverse-probability-of-response weights, stabilised by the response rate of each arm.

    ``answered`` (n,) and ``arm`` (n,) are flags, ``x`` (n, p) the response model's columns. The
    weight of an answer is the arm's share that answered over the modelled chance (Robins, Hernan
    and Brumback 2000, Epidemiology 11, equation 3 with responding as the treatment); weights above
    ``most`` are cut to it.
    """
    flags, first = np.asarray(answered, bool), np.asarray(arm, bool)
    design = np.asarray(x, float)
    chance = special.expit(design @ logit(flags, design))
    rate = np.zeros(len(flags))
    for side in (first, ~first):
        if side.any():
            rate[side] = flags[side].mean()
    weight = np.where(flags, rate / chance, 0.0)
    trimmed = int((weight > most).sum())
    weight = np.minimum(weight, most)
    return Weights(weight, float(weight.sum() ** 2 / (weight * weight).sum()), trimmed)
