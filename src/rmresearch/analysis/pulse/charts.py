"""A control chart of shares, round by round: each against those before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rmresearch.analysis.base.describe import Share
from rmresearch.numerics.control import ACTION, WARNING, share_limits, standard_limits

__all__ = ["LIMITS", "PANEL", "Limits", "charted", "crossed"]

#: the columns of a chart's limits
LIMITS = ("warning low", "warning high", "action low", "action high")
#: of those who answered when they joined, the share that a supported panel keeps at the least
#: from wave to wave (83 to 95% in public panels): everybody answers most readily at the start
PANEL = 0.83


@dataclass(frozen=True, slots=True)
class Limits:
    """A round's limits (None: none can be given), and how far below them it lies.

    ``below`` is 0 within them, 1 beyond the warning limit, 2 beyond the action limit; ``source``
    says where they come from, "before" or "panel".
    """

    ends: tuple[float | None, float | None, float | None, float | None] = (None,) * 4
    below: int | None = None
    source: str = ""


def charted(rounds: Sequence[Share], smallest: int, *, joined: bool = False) -> list[Limits]:
    """The limits of each round from those before it.

    People of one cluster count together: numbers are divided by the design effect. Rounds of
    fewer than ``smallest`` people, or too clustered for an interval, neither have limits nor enter
    those of later ones. ``joined``: the first round is that of people who just joined; the next
    one is held against ``PANEL`` of it, and it enters no limits.
    """
    found: list[Limits] = []
    before = n_before = 0
    at_start: float | None = None
    for place, one in enumerate(rounds):
        n = int(one.effective_n or 0)
        share = one.estimate.value
        if share is None or n == 0 or one.estimate.n_people < smallest:
            found.append(Limits())
            continue
        k = round(share * n)
        if joined and place == 0:
            found.append(Limits())
            at_start = share
            continue
        if n_before:
            tails = [share_limits(before, n_before, n, tail) for tail in (WARNING, ACTION)]
            found.append(_limits(k, n, tails, "before"))
        elif at_start is not None:
            tails = [standard_limits(PANEL * at_start, n, tail) for tail in (WARNING, ACTION)]
            found.append(_limits(k, n, tails, "panel"))
        else:
            found.append(Limits())
        before, n_before = before + k, n_before + n
    return found


def _limits(k: int, n: int, tails: Sequence[tuple[int, int]], source: str) -> Limits:
    warning, action = tails
    ends = (warning[0] / n, warning[1] / n, action[0] / n, action[1] / n)
    return Limits(ends, crossed(k, warning[0], action[0]), source)


def crossed(count: int, warning: int, action: int) -> int:
    """0 at or above the lower warning limit, 1 below it, 2 below the action limit too.

    >>> crossed(9, 9, 6), crossed(8, 9, 6), crossed(5, 9, 6)
    (0, 1, 2)
    """
    return int(count < warning) + int(count < action)
