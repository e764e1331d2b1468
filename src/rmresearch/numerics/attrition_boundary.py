"""Could attrition have biased a randomised contrast? The What Works Clearinghouse boundary.

For each overall attrition (whole percent, from 0) the largest differential attrition, in
percentage points, whose expected bias is tolerable: 0.05 standard deviations (to two decimals) if
response and outcome correlate by .45 in one arm and .39 in the other (cautious) or .27 and .22
(optimistic). Source: What Works Clearinghouse Standards Handbook 4.1 (2020), table II.1, kept in
version 5.0 (2022), appendix C; a fact published by the US Department of Education.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["CAUTIOUS", "OPTIMISTIC", "Attrition", "classify", "largest_differential"]

# fmt: off
#: percentage points at overall attrition 0, 1, 2, ... percent
CAUTIOUS = (
    5.7, 5.8, 5.9, 5.9, 6.0, 6.1, 6.2, 6.3, 6.3, 6.3, 6.3, 6.2, 6.2, 6.1, 6.0, 5.9, 5.9,
    5.8, 5.7, 5.5, 5.4, 5.3, 5.2, 5.1, 4.9, 4.8, 4.7, 4.5, 4.4, 4.3, 4.1, 4.0, 3.8, 3.6,
    3.5, 3.3, 3.2, 3.1, 2.9, 2.8, 2.6, 2.5, 2.3, 2.1, 2.0, 1.8, 1.6, 1.5, 1.3, 1.2, 1.0,
    0.9, 0.7, 0.6, 0.4, 0.3, 0.2, 0.0,
)
OPTIMISTIC = (
    10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 10.7, 10.8, 10.9, 10.9, 10.9, 10.9, 10.9, 10.8,
    10.8, 10.7, 10.6, 10.5, 10.3, 10.2, 10.0, 9.9, 9.7, 9.5, 9.4, 9.2, 9.0, 8.8, 8.6, 8.4,
    8.2, 8.0, 7.8, 7.6, 7.4, 7.2, 7.0, 6.7, 6.5, 6.3, 6.0, 5.8, 5.6, 5.3, 5.1, 4.9, 4.6,
    4.4, 4.2, 3.9, 3.7, 3.5, 3.2, 3.0, 2.8, 2.6, 2.3, 2.1, 1.9, 1.6, 1.4, 1.1, 0.9, 0.7,
    0.5, 0.3,
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Attrition:
    """Where a contrast lies: ``cautious`` decides, ``optimistic`` says what is at stake.

    ``largest`` and ``largest_optimistic`` are the differential attrition (0..1) that this overall
    attrition allows, ``None`` where no differential is low enough.
    """

    cautious: Literal["low", "high"]
    optimistic: Literal["low", "high"]
    largest: float | None
    largest_optimistic: float | None


def largest_differential(overall: float, table: tuple[float, ...] = CAUTIOUS) -> float | None:
    """The largest tolerable differential (0..1) at ``overall`` attrition (0..1), interpolated.

    ``None`` beyond the table's end, where any difference is too much.

    >>> round(largest_differential(0.105), 4)
    0.0625
    """
    if not 0.0 <= overall <= 1.0:
        raise ValueError(f"overall attrition is a share between 0 and 1, not {overall}")
    percent = 100.0 * overall
    if percent > len(table) - 1 + 1e-9:
        return None
    return float(np.interp(percent, np.arange(len(table)), table)) / 100.0


def classify(overall: float, differential: float) -> Attrition:
    """Is attrition low or high, given overall and differential attrition (0..1, unrounded)?

    ``overall`` is everybody lost over everybody assigned to the two arms of the contrast;
    ``differential`` the difference between the arms' shares, whichever sign.

    >>> classify(0.20, 0.04).cautious, classify(0.20, 0.06).cautious
    ('low', 'high')
    """
    gap = abs(differential)
    if gap > 1.0:
        raise ValueError(f"differential attrition is a share between -1 and 1, not {differential}")
    first, second = largest_differential(overall), largest_differential(overall, OPTIMISTIC)
    return Attrition(_level(gap, first), _level(gap, second), first, second)


def _level(gap: float, largest: float | None) -> Literal["low", "high"]:
    # Shares are ratios of counts: rounding in the last place must not decide.
    return "low" if largest is not None and gap <= largest + 1e-12 else "high"
