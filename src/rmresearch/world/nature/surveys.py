"""Nature of surveys: what people answer, and who answers at all."""

from __future__ import annotations

from dataclasses import dataclass

from rmresearch.world.fields import coefficient
from rmresearch.world.nature.learning import LearningNature
from rmresearch.world.nature.units import SD, SHARE

__all__ = ["SurveyNature"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyNature(LearningNature):
    """Measurement and response."""

    # fmt: off
    # (one coefficient reads as one entry)

    # measurement
    item_reliability: float = coefficient(
        0.45, "what an item shares with the true score, before rounding (.4 after)", SHARE,
        (0.05, 0.95), "D",
        "course surveys, single items: retest r .37; scales .75-.9",
    )
    item_stable: float = coefficient(
        0.1, "what is an item's own and stays", SHARE, (0.0, 0.8), "D",
        "course surveys: retest r .37",
    )
    item_center: float = coefficient(
        3.2, "average answer of the eligible before the start", "points of 1-5", (1.0, 5.0), "A",
    )
    item_spread: float = coefficient(
        0.95, "SD of an answer before rounding and the scale's ends", "points", (0.2, 3.0), "A",
    )
    item_difficulty: float = coefficient(
        0.6, "easiest against hardest item of a scale", "points", (0.0, 3.0), "A",
    )
    self_inflation: float = coefficient(
        0.15, "what programme people rate themselves above their true score", SD,
        (-1.0, 2.0), "C", "mentor training 2023: self-rated +20%, mentee-rated +7%, in one "
        "group before and after",
        "programme -> self-rated skill beyond true skill",
    )
    response_shift: float = coefficient(
        0.0, "full learning makes seniors judge what they can by a stricter standard", SD,
        (-1.0, 2.0), "C",
        "a retrospective pre-test shows more gain than a true one (recall_bias), which does not "
        "tell a standard from recall; self-ratings outrun partners' net of any shift",
        "learning -> own standard ?; own standard -> self-rated skill beyond true skill -",
    )
    rater_share: float = coefficient(
        0.29, "a rater's own leniency in what they say of others", SHARE, (0.0, 0.9), "D",
        "liking: 29% rater (8,128 ratings)",
    )
    satisfaction_quality: float = coefficient(
        0.28, "relationship quality in satisfaction", SHARE, (0.0, 0.9), "D",
        "liking: 16% target and 12% dyad (8,128 ratings)", "relationship quality -> satisfaction",
    )
    satisfaction_top: float = coefficient(
        0.45, "answer 5 of 5 at average quality (J-shaped)", "share", (0.01, 0.9), "A",
    )
    satisfaction_bottom: float = coefficient(
        0.08, "answer 1 of 5 at average quality", "share", (0.01, 0.9), "A",
    )
    promoters: float = coefficient(
        0.4, "would recommend with 9 or 10 of 10 at average quality", "share", (0.01, 0.95), "A",
    )

    # answering
    response_start: float = coefficient(
        0.95, "survey response before the start", "share", (0.05, 1.0), "A",
    )
    response: float = coefficient(
        0.83, "survey response after it, for somebody who gained nothing", "share",
        (0.05, 1.0), "D", "Brooks et al. 2018, recomputed: 83-95% of 372 at a wave after the start",
    )
    response_person: float = coefficient(
        0.8, "how much people differ in answering at all", "SD (probit)", (0.0, 3.0), "A",
    )
    quality_on_response: float = coefficient(
        0.25, "programme people whose pair gets on answer more", "probit per SD",
        (-2.0, 2.0), "A", "",
        "relationship quality -> non-response -; relationship quality -> pulse response +",
    )
    gain_on_response: float = coefficient(
        0.3, "programme people who gained answer more", "probit per SD gained", (-2.0, 2.0), "A",
        "", "senior skill -> non-response -; junior leadership confidence -> non-response -",
    )
    item_skip: float = coefficient(
        0.01, "an item is skipped by somebody who answers", "share", (0.0, 0.5), "A",
    )

    # fmt: on
