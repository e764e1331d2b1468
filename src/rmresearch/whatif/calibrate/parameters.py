"""What a calibration says of each of nature's coefficients: when it helps, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FITTED", "GAINS", "Use", "kept"]


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
