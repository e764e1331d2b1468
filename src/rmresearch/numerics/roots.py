"""Roots of many functions of one number at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rmresearch.numerics.basis import Array

__all__ = ["bracketed"]

#: halvings from a bracket of 1 to rounding, and a few
STEPS = 60


def bracketed(
    function: Callable[[Array], Array],
    a: Array,
    at_a: Array,
    b: Array,
    at_b: Array,
    *,
    narrow: float,
) -> Array:
    """Roots (R,) of ``function``, (R,) to (R,), between ``a`` and ``b`` (R,), to ``narrow``.

    ``at_a`` and ``at_b`` are its values there, of two signs; where they are not, the answer means
    nothing. Inverse quadratic interpolation where it is safe, else halving: Chandrupatla (1997),
    Advances in Engineering Software 28, 145-149.

    >>> def power(x):
    ...     return x**2 - np.array([2.0, 9.0])
    >>> low, high = np.zeros(2), np.full(2, 4.0)
    >>> bracketed(power, low, power(low), high, power(high), narrow=1e-9).round(6).tolist()
    [1.414214, 3.0]
    """
    share = np.full(a.shape, 0.5)
    for _ in range(STEPS):
        at = a + share * (b - a)
        value = function(at)
        same = np.sign(value) == np.sign(at_a)
        c, at_c = np.where(same, a, b), np.where(same, at_a, at_b)
        b, at_b = np.where(same, b, a), np.where(same, at_b, at_a)
        a, at_a = at, value
        width = np.abs(b - a)
        best = np.where(np.abs(at_a) < np.abs(at_b), a, b)
        if ((width < narrow) | (np.sign(at_a) == np.sign(at_b)) | (at_a == 0.0)).all():
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            xi, phi = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
            guess = at_a / (at_b - at_a) * at_c / (at_b - at_c)
            guess += (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
            safe = (phi**2 < xi) & ((1.0 - phi) ** 2 < 1.0 - xi)
            margin = np.minimum(0.5, 0.5 * narrow / width)
        guess = np.where(safe & np.isfinite(guess), guess, 0.5)
        share = np.clip(guess, margin, 1.0 - margin)
    return np.asarray(best)
