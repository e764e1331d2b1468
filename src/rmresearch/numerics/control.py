"""Control limits: how far may a round differ from those before it by chance alone?

Shewhart's p chart (shares) and u chart (counts by exposure) with probability limits in place of
three standard errors, because rounds are small. Limits are those of a prediction: the level is not
known but was counted in earlier rounds, which widens them. Given the sum of all rounds, this
round's count is hypergeometric (shares; Thatcher 1964, J. R. Statist. Soc. B 26:176) or binomial
(counts; Nelson 1970, IEEE Trans. Reliability 19:42), whatever the level, so at most ``tail`` of
rounds fall beyond either limit by chance, however few there were before.

Warning limits stand where a normal lies beyond two standard errors, action limits at three
(ISO 7870-2:2013).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = [
    "ACTION",
    "WARNING",
    "count_limits",
    "planned_limits",
    "share_limits",
    "standard_limits",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: the chance beyond one limit at two and at three standard errors of a normal
WARNING, ACTION = float(special.ndtr(-2.0)), float(special.ndtr(-3.0))


def share_limits(before: int, n_before: int, n: int, tail: float) -> tuple[int, int]:
    """The lowest and highest count out of ``n`` in keeping with ``before`` out of ``n_before``.

    Counts below the first or above the second happen with probability ``tail`` or less each.

    >>> share_limits(16, 20, 20, WARNING)
    (9, 20)
    """
    _sizes(before, n_before, n)

    def least(k: int) -> float:
        counts, chance = _drawn(before + k, n_before + n, n)
        return float(chance[counts <= k].sum())

    def most(k: int) -> float:
        counts, chance = _drawn(before + k, n_before + n, n)
        return float(chance[counts >= k].sum())

    return _ends(n, tail, least, most)


def _drawn(good: int, total: int, n: int) -> tuple[Ints, Floats]:
    """How many of ``n`` drawn from a ``total`` can be among its ``good`` ones: counts, chances.

    The hypergeometric law from logarithms of binomial coefficients: `scipy.stats` takes longer to
    load than a pulse takes.
    """
    counts = np.arange(max(0, n - (total - good)), min(n, good) + 1)

    def ways(of: int, some: Ints | int) -> Floats:
        rest = np.asarray(of - some)
        return np.asarray(
            special.gammaln(of + 1) - special.gammaln(np.add(some, 1)) - special.gammaln(rest + 1)
        )

    chance = np.exp(ways(good, counts) + ways(total - good, n - counts) - ways(total, n))
    return counts, chance


def count_limits(before: int, time_before: float, time: float, tail: float) -> tuple[int, int]:
    """The lowest and highest count in ``time`` in keeping with ``before`` in ``time_before``.

    Times are exposures in one unit (pair-months), above 0; counts are Poisson.

    >>> count_limits(90, 45.0, 22.0, WARNING)
    (29, 62)
    """
    if before < 0 or not (time_before > 0 and time > 0):
        raise ValueError(f"a count from 0 and times above 0, not {before}, {time_before}, {time}")
    part = time / (time_before + time)

    def least(k: int) -> float:
        return float(special.bdtr(k, before + k, part))

    def most(k: int) -> float:
        return float(special.bdtrc(k - 1, before + k, part)) if k else 1.0

    top = 10
    while most(top) > tail:
        top *= 2
    return _ends(top, tail, least, most)


def planned_limits(expected: float, tail: float) -> tuple[int, int]:
    """The lowest and highest count in keeping with a plan of ``expected`` (standard given).

    >>> planned_limits(48.0, WARNING)
    (35, 62)
    """
    if not expected > 0:
        raise ValueError(f"the plan expects {expected}: it must be above 0")
    top = int(expected + 20.0 * (expected**0.5 + 1.0))

    def most(k: int) -> float:
        return float(special.pdtrc(k - 1, expected)) if k else 1.0

    return _ends(top, tail, lambda k: float(special.pdtr(k, expected)), most)


def standard_limits(share: float, n: int, tail: float) -> tuple[int, int]:
    """The lowest and highest count out of ``n`` in keeping with a known ``share`` in 0..1.

    >>> standard_limits(0.05, 24, WARNING)
    (0, 4)
    """
    if not (0.0 <= share <= 1.0 and n > 0):
        raise ValueError(f"a share in 0..1 of at least one, not {share} of {n}")

    def most(k: int) -> float:
        return float(special.bdtrc(k - 1, n, share)) if k else 1.0

    return _ends(n, tail, lambda k: float(special.bdtr(k, n, share)), most)


def _ends(
    top: int, tail: float, least: Callable[[int], float], most: Callable[[int], float]
) -> tuple[int, int]:
    """The first count from below, and from above, whose tail holds more than ``tail``.

    Both tails change one way only as the count moves.
    """
    low, high = 0, top
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if least(middle) > tail else (middle + 1, high)
    first, high = low, top
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if most(middle) > tail else (low, middle - 1)
    return first, low


def _sizes(before: int, n_before: int, n: int) -> None:
    if not (0 <= before <= n_before and n_before > 0 and n > 0):
        raise ValueError(f"counts must lie within their rounds, not {before} of {n_before}, {n}")
