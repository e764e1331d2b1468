"""Nature of what only some studies ask: looking back, demonstrations, goals, burden, records."""

from __future__ import annotations

from dataclasses import dataclass

from rmresearch.world.fields import coefficient
from rmresearch.world.nature.surveys import SurveyNature
from rmresearch.world.nature.units import LOG, SD

__all__ = ["InstrumentNature"]

POINTS = "points of -2..2"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentNature(SurveyNature):
    """Further instruments; none of these numbers matters to a study that does not ask."""

    # fmt: off
    # (one coefficient reads as one entry)

    # looking back
    recall_bias: float = coefficient(
        1.1, "programme people remember their start as worse than it was", SD, (-1.0, 3.0), "C",
        "mentor training, 283 pairs: arms differ more in changes looked back on. No reference "
        "was found for the size (d 1.5 against .5, n = 267); with response_shift 0 all of the gap",
        "retrospective pre-test -> apparent gain",
    )

    # what others see
    demonstration_validity: float = coefficient(
        0.7, "correlation of what seniors show when asked to with what they can", "correlation",
        (0.0, 1.0), "A", "", "senior skill -> demonstrated skill; "
        "senior skill at the start -> demonstrated skill",
    )
    blind_severity: float = coefficient(
        0.3, "how much raters of demonstrations differ in severity", SD, (0.0, 2.0), "A",
    )
    confidence_on_leadership: float = coefficient(
        0.38, "correlation of how juniors lead with their confidence", "correlation", (0.0, 1.0),
        "C", "Stajkovic and Luthans 1998: self-efficacy with work performance .38 (114 studies)",
        "junior leadership confidence -> junior leadership behaviour; "
        "junior confidence at the start -> junior leadership behaviour",
    )

    # how far the pair's goal was reached
    goal_level: float = coefficient(
        -1.0, "topics of middling difficulty, nothing gained", POINTS, (-3.0, 3.0), "A",
    )
    gain_on_goals: float = coefficient(
        2.0, "what the senior gained brings the goal nearer", "points per SD gained", (-5.0, 5.0),
        "A", "", "senior skill -> goal attainment; inclusion awareness -> goal attainment",
    )
    goal_difficulty: float = coefficient(
        0.6, "easiest against hardest topic", POINTS, (0.0, 3.0), "A",
    )
    goal_spread: float = coefficient(
        0.8, "what else moves a rating of attainment", POINTS, (0.0, 3.0), "A",
    )

    # burden and harm
    burden_gain: float = coefficient(
        0.15, "juniors while their pair meets, average but for what follows", SD, (0.0, 2.0), "S",
        "S 2", "programme -> junior burden; early ending -> junior burden -",
    )
    intimidation_on_burden: float = coefficient(
        0.4, "what intimidates weighs more", LOG, (-2.0, 2.0), "S", "S 2, 3",
        "intimidation -> junior burden",
    )
    safety_on_burden: float = coefficient(
        -0.3, "where people feel safe it weighs less", LOG, (-2.0, 2.0), "A", "",
        "psychological safety -> junior burden",
    )
    exclusion_on_burden: float = coefficient(
        0.7, "juniors who teach inclusion teach their own exclusion", "log rate", (-2.0, 3.0), "S",
        "S 2", "teaching inclusion -> junior burden",
    )
    background_on_burden: float = coefficient(
        0.5, "the more so, the more their background sets them apart", LOG, (-2.0, 2.0), "S",
        "S 2", "junior background -> junior burden",
    )
    harm_rate: float = coefficient(
        0.001, "a junior reports harm that has nothing to do with a programme", "chance a month",
        (0.0, 0.2), "A",
    )
    harm_added: float = coefficient(
        0.003, "the same from a programme, for an average junior whose pair meets",
        "chance a month", (0.0, 0.2), "A", "S 3: disrespect",
        "programme -> harm to juniors; early ending -> harm to juniors -",
    )
    intimidation_on_harm: float = coefficient(
        0.5, "intimidated juniors come to harm more", LOG, (-2.0, 2.0), "A", "",
        "intimidation -> harm to juniors",
    )
    safety_on_harm: float = coefficient(
        -0.5, "in safe pairs less harm is done", LOG, (-2.0, 2.0), "A", "",
        "psychological safety -> harm to juniors",
    )

    # records
    tool_use_rate: float = coefficient(
        12.0, "an average senior uses the tools taught", "times a month", (0.01, 1000.0), "A",
    )
    behaviour_on_tool_use: float = coefficient(
        0.4, "seniors who use digital tools more are counted more", LOG, (-2.0, 2.0), "A", "",
        "senior behaviour -> tool use; senior skill at the start -> tool use",
    )
    tool_use_spread: float = coefficient(
        0.4, "how people of one behaviour differ: variance of a gamma of mean 1", "squared share",
        (0.0, 5.0), "A", "counts are overdispersed",
    )
    performance_seen: float = coefficient(
        0.72, "correlation of a line manager's rating with performance", "correlation",
        (0.0, 1.0), "C",
        "Viswesvaran et al. 1996: two supervisors agree .52, and .72 squared is .52",
        "baseline performance -> performance rating; "
        "junior's own performance -> performance rating",
    )
    performance_center: float = coefficient(
        3.4, "average rating of the eligible", "points of 1-5", (1.0, 5.0), "A",
    )
    performance_spread: float = coefficient(
        0.8, "SD of a rating before rounding and the scale's ends", "points", (0.1, 3.0), "A",
    )

    # what programme people say of their pair
    pair_center: float = coefficient(
        3.6, "average answer about a pair of average quality", "points of 1-5", (1.0, 5.0), "A",
    )
    compatibility_on_match: float = coefficient(
        0.3, "those who fit say so", "SD per SD", (-2.0, 2.0), "C",
        "perceived shared interests with liking .66, measured ones .04 (8,128 ratings)",
        "compatibility -> reported match quality",
    )
    quality_on_match: float = coefficient(
        0.4, "those who get on say that they match", "SD per SD", (-2.0, 2.0), "C",
        "similarity over time: earlier support goes with later perceived similarity",
        "relationship quality -> reported match quality",
    )
    support_on_match: float = coefficient(
        0.8, "who was helped to learn says that they match; full learning", "SD", (-2.0, 2.0), "C",
        "similarity over time: earlier support goes with later perceived similarity: a collider",
        "learning -> relationship support; relationship support -> reported match quality",
    )
    pulse_response: float = coefficient(
        0.8, "answer the first monthly pulse, in a pair of average quality", "share",
        (0.05, 0.99), "A",
    )
    pulse_fatigue: float = coefficient(
        -0.12, "every further pulse is answered less", "probit a month", (-2.0, 2.0), "A", "",
        "months of pulses -> pulse response",
    )
    # fmt: on
