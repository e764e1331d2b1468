"""What a calibration says of each of nature's coefficients: when it helps, and why not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rmresearch.world.nature import Nature

__all__ = ["FITTED", "GAINS", "Use", "kept", "settled"]


@dataclass(frozen=True, slots=True)
class Use:
    """When an interval is of use: ``widest`` apart, or ends of at most ``ratio`` to one another.

    ``decimals``: how many the scenario gets; more would claim more than a pilot knows.
    """

    widest: float = float("inf")
    ratio: float = float("inf")
    decimals: int = 2

    def helps(self, low: float, high: float) -> bool:
        """Whether an interval is narrow enough for its estimate to replace a prior."""
        narrow = high - low <= self.widest
        return narrow and (self.ratio == float("inf") or (low > 0 and high <= self.ratio * low))


GAINS = (
    "digital_skill_gain",
    "inclusion_awareness_gain",
    "leadership_confidence_gain",
    "visibility_gain",
)

#: coefficients that a pilot can inform, and from what precision on it does
FITTED: Mapping[str, Use] = {
    "item_center": Use(widest=1.0),
    "item_spread": Use(widest=0.4),
    "item_difficulty": Use(widest=0.6),
    "item_reliability": Use(widest=0.3),
    "item_stable": Use(widest=0.3),
    "pair_share": Use(widest=0.4),
    "department_share": Use(widest=0.2),
    "state_share": Use(widest=0.4),
    "trend": Use(widest=0.08, decimals=3),
    "response_start": Use(widest=0.3),
    "response": Use(widest=0.3),
    "response_person": Use(widest=1.5),
    "meeting_rate": Use(widest=0.3),
    "ending_rate": Use(ratio=6.0, decimals=3),
    "leaving_rate": Use(ratio=6.0, decimals=4),
    "promotion_rate": Use(ratio=6.0, decimals=4),
    "self_inflation": Use(widest=0.8),
    **dict.fromkeys(GAINS, Use(widest=1.5)),
}

ONE_FACTOR = "a pilot sees its product with a gain only; gains are stated at this value"
UNSEEN = "relationship quality is no table of a study"
TRAITS = "traits that make people fit are no table of a study"
APPLIED = "a study sees who takes part, not who could have"
RATINGS = "one rater a person: leniency, transfer and gain cannot be told apart"
BESIDE = "no other estimate rests on it; it stays as it is"
ANSWERING = "only programme people differ in it, and what they would have answered is unknown"
CAREERS = "too few leave or rise in a pilot to tell who does"

#: why the others keep their prior, by the beginning or end of their names
REASONS: tuple[tuple[str, str], ...] = (
    ("state_monthly", "a few waves cannot tell how much comes and goes from how fast"),
    ("outcome_correlation", BESIDE),
    ("transfer", RATINGS),
    ("rater_share", RATINGS),
    ("satisfaction_", BESIDE),
    ("promoters", BESIDE),
    ("meeting_minutes", BESIDE),
    ("item_skip", BESIDE),
    ("log_completeness", "a log does not tell what it lacks"),
    ("quality_on_response", ANSWERING),
    ("gain_on_response", ANSWERING),
    ("learning_per_meeting", ONE_FACTOR),
    ("uptake", ONE_FACTOR),
    ("fade", ONE_FACTOR),
    ("_on_volunteering", APPLIED),
    ("volunteering_rate", APPLIED),
    ("_on_compatibility", TRAITS),
    ("values_asked", TRAITS),
    ("background_on_choice", TRAITS),
    ("_on_intimidation", TRAITS),
    ("_on_safety", TRAITS),
    ("_on_disclosure", TRAITS),
    ("_on_mentoring", TRAITS),
    ("_on_quality", UNSEEN),
    ("quality_", UNSEEN),
    ("_on_gain", "gains that differ between people need far larger studies"),
    ("_on_leaving", CAREERS),
    ("_on_promotion", CAREERS),
)
OTHERWISE = "not fitted: the tables of a pilot say little of it by itself"


def kept(name: str) -> str:
    """Why a coefficient that is not fitted keeps its prior."""
    for part, reason in REASONS:
        if name.startswith(part) or (part.startswith("_") and name.endswith(part)):
            return reason
    return OTHERWISE


def settled(nature: Nature, values: Mapping[str, float]) -> tuple[Nature, tuple[str, ...]]:
    """Nature with new values as the world can have them: rounded, within range; and what was cut.

    Shares that exceed the whole together with what is not new are scaled down alike.
    """
    made, notes = {}, []
    legal = {field.name: field.metadata["legal"] for field in dataclasses.fields(nature)}
    for name, value in values.items():
        low, high = legal[name]
        made[name] = round(float(np.clip(value, low, high)), FITTED[name].decimals)
        if not low <= value <= high and abs(value - made[name]) > 10.0 ** -FITTED[name].decimals:
            notes.append(f"{name}: the pilot says {value:.3g}, the world allows {made[name]:g}.")
    for names, most in (
        (("state_share", "pair_share", "department_share"), 0.95),
        (("item_reliability", "item_stable"), 1.0),
    ):
        new = {name: made[name] for name in names if name in made}
        kept = sum(getattr(nature, name) for name in names if name not in made)
        if new and sum(new.values()) + kept > most - 1e-9:
            # to a hundredth less than the most, in whole hundredths: no rounding takes it beyond
            down = max(most - 0.01 - kept, 0.0) / sum(new.values())
            made |= {n: float(np.floor(100.0 * v * down) / 100.0) for n, v in new.items()}
            notes.append(f"{' and '.join(new)} exceed {most:g} together: scaled down alike.")
    return replace(nature, **made), tuple(notes)
