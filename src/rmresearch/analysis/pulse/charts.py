"""A control chart of shares, round by round: each against those before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rmresearch.analysis.base.describe import Share
from rmresearch.numerics.control import ACTION, WARNING, share_limits

__all__ = ["LIMITS", "Limits", "charted", "crossed"]

#: the columns of a chart's limits
LIMITS = ("warning low", "warning high", "action low", "action high")


@dataclass(frozen=True, slots=True)
class Limits:
    """A round's limits (None: none can be given), and how far below them it lies.

    ``below`` is 0 within them, 1 beyond the warning limit, 2 beyond the action limit.
    """

    ends: tuple[float | None, float | None, float | None, float | None] = (None,) * 4
    below: int | None = None


def charted(rounds: Sequence[Share], smallest: int) -> list[Limits]:
    """The limits of each round from those before it.

    People of one cluster count together: numbers are divided by the design effect. Rounds of
    fewer than ``smallest`` people, or too clustered for an interval, neither have limits nor enter
    those of later ones.
    """
    found: list[Limits] = []
    before = n_before = 0
    for one in rounds:
        n = int(one.effective_n or 0)
        if one.estimate.value is None or n == 0 or one.estimate.n_people < smallest:
            found.append(Limits())
            continue
        k = round(one.estimate.value * n)
        found.append(_limits(k, n, before, n_before) if n_before else Limits())
        before, n_before = before + k, n_before + n
    return found


def _limits(k: int, n: int, before: int, n_before: int) -> Limits:
    warning, action = (share_limits(before, n_before, n, tail) for tail in (WARNING, ACTION))
    ends = (warning[0] / n, warning[1] / n, action[0] / n, action[1] / n)
    return Limits(ends, crossed(k, warning[0], action[0]))


def crossed(count: int, warning: int, action: int) -> int:
    """0 at or above the lower warning limit, 1 below it, 2 below the action limit too.

    >>> crossed(9, 9, 6), crossed(8, 9, 6), crossed(5, 9, 6)
    (0, 1, 2)
    """
    return int(count < warning) + int(count < action)
