"""The release rules: how many people stand behind a number, and in what form it may leave.

Rules are named as in trust.md section 2. Everything here is a pure function of a number, the
crowd behind it and the thresholds; ``release`` applies them to whole results.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal

from rmresearch.privacy.crowds import Crowd
from rmresearch.result import CellKind
from rmresearch.study import Outcome, PrivacySettings

__all__ = [
    "FEW",
    "HIGH",
    "LOW",
    "Audience",
    "Limits",
    "Verdict",
    "band",
    "decimals",
    "judge",
    "model_rule",
    "rounded",
]

Audience = Literal["leadership", "pulse", "technical"]
Rule = Literal["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"]

FEW = "fewer than 5"
HIGH = "90% or more"
LOW = "10% or fewer"
PSEUDONYM = re.compile(r"\b(?:[sjo]|pair)-[0-9a-z]{12}(?:[0-9a-z]{20})?\b")
#: kinds that S1 lets out from ten people on; a mean of several items needs five
FROM_TEN = frozenset({"interval", "sd", "proportion", "item-mean", "statistic"})


@dataclass(frozen=True, slots=True)
class Limits:
    """S1's thresholds in people. A study may raise them; below 5 and 10 they never go."""

    mean: int = 5
    interval: int = 10

    @classmethod
    def of(cls, settings: PrivacySettings) -> Limits:
        """The study's thresholds, never below the house's."""
        return cls(max(5, settings.smallest_mean), max(10, settings.smallest_interval))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What leaves in place of a number: the rounded value, a phrase, or nothing and the rule.

    ``places`` are the decimals of the rounded value.
    """

    value: float | int | str | None
    rule: Rule | None = None
    places: int = field(default=0, compare=False)

    def bounds(self) -> tuple[float, float]:
        """What the number can have been, as whoever reads the value knows."""
        if isinstance(self.value, str):
            return (0.9, 1.0) if self.value == HIGH else (0.0, 0.1)
        middle, half = float(self.value or 0), 0.5 * 10.0**-self.places
        return middle - half, middle + half


def judge(
    value: float | int | None,
    kind: CellKind,
    crowd: Crowd,
    limits: Limits,
    *,
    outcome: Outcome | None = None,
    places: int = 2,
    between_arms: bool = False,
) -> Verdict:
    """Whether a number that rests on answers may leave, and in what form (S1, S5, S7).

    ``places`` are the decimals S7 allows (see ``decimals``). ``between_arms`` marks a difference
    between arms: then each arm needs S1's smallest crowd by itself.
    """
    if crowd.smallest < _needed(kind, outcome, limits):
        return Verdict(None, "S1")
    if between_arms and min(crowd.arms, default=0) < limits.mean:
        return Verdict(None, "S1")
    if value is None or not math.isfinite(value):
        return Verdict(None)
    if kind == "proportion" and not 0.1 < value < 0.9:
        return Verdict(HIGH if value >= 0.9 else LOW)
    if _unanimous(value, kind, outcome):
        return Verdict(None, "S5")
    return Verdict(rounded(value, places), places=places)


def _needed(kind: CellKind, outcome: Outcome | None, limits: Limits) -> int:
    single = outcome is not None and len(outcome.items) == 1
    return limits.interval if kind in FROM_TEN or single else limits.mean


def _unanimous(value: float, kind: CellKind, outcome: Outcome | None) -> bool:
    """Whether the number says what every single person answered."""
    if kind == "sd":
        return value == 0
    if kind not in {"mean", "item-mean"} or outcome is None:
        return False
    return value in (outcome.low, outcome.high)


def model_rule(people: int, parameters: int, smallest_level: int | None) -> bool:
    """S6: whether a model rests on enough people to leave (no model: True)."""
    if parameters <= 0:
        return True
    enough = people - parameters >= 10 and people / parameters >= 5
    return enough and (smallest_level is None or smallest_level >= 5)


def decimals(
    kind: CellKind, outcome: Outcome | None, magnitude: float, *, contrast: bool = False
) -> int:
    """S7: the decimals a number may keep (negative: tens, hundreds).

    Scales of up to 10 points: 1 for means, 2 for contrasts; each tenfold wider range takes one
    away. Proportions and yes/no outcomes: whole percentage points. Amounts without a range: two
    significant digits for means and three for contrasts, counted at ``magnitude``, the largest of
    the number and its interval's ends, so that the three share one grid (it is about as fine
    against the amount as .1 is against a mean of 3.4). Other statistics: two decimals below 10,
    one below 100, none above; below .01 one significant digit, so that no p-value becomes 0.
    """
    if kind == "proportion" or (outcome is not None and outcome.kind == "binary"):
        return 2
    if kind == "statistic":
        if 0 < magnitude < 0.01:
            return -math.floor(math.log10(magnitude))
        return 2 if magnitude < 10 else 1 if magnitude < 100 else 0
    finer = 1 if contrast or kind == "contrast" else 0
    if outcome is not None and outcome.low is not None and outcome.high is not None:
        width = outcome.high - outcome.low
        return 1 + finer - max(0, math.ceil(math.log10(width / 10) - 1e-9) if width > 0 else 0)
    if not magnitude or not math.isfinite(magnitude):
        return 1 + finer
    return 1 + finer - math.floor(math.log10(magnitude))


def rounded(value: float | int, places: int) -> float | int:
    """The value on S7's grid; never a negative zero."""
    if isinstance(value, int):
        return value if places >= 0 else int(round(value, places))
    return round(float(value), places) + 0.0


def band(count: int, *, exact: bool) -> int | str:
    """A number of people as it may leave: exact where allowed, else in bands of five."""
    if count < 5:
        return FEW
    if exact and count >= 10:
        return count
    start = count - count % 5
    return f"{start} to {start + 4}"
