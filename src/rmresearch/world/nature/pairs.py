"""Nature of pairs: fit, psychological safety and relationship quality."""

from __future__ import annotations

from dataclasses import dataclass

from rmresearch.world.fields import coefficient
from rmresearch.world.nature.people import PeopleNature

__all__ = ["PairNature"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairNature(PeopleNature):
    """Compatibility, safety and quality of pairs."""

    # fmt: off
    # (one coefficient reads as one entry)

    # compatibility and psychological safety
    values_on_compatibility: float = coefficient(
        0.75, "similar values make a pair fit", "correlation", (0.0, 1.0), "C",
        "Eby et al. 2013: perceived deep-level similarity with support and quality .38-.59",
        "value similarity -> compatibility",
    )
    interests_on_compatibility: float = coefficient(
        0.06, "similar interests make a pair fit", "correlation", (0.0, 1.0), "D",
        "8,128 ratings: measured interest similarity with liking .04",
        "interest similarity -> compatibility",
    )
    background_on_compatibility: float = coefficient(
        0.0, "same gender, race or ethnicity makes a pair fit", "correlation", (-0.5, 0.5), "C",
        "Tuma and Dolan 2024: shared demographics gave no benefit, shared values did (n = 565)",
        "demographic similarity -> compatibility 0",
    )
    values_asked: float = coefficient(
        0.3, "what an application form learns of a person's values", "correlation", (0.0, 1.0),
        "A", "two strangers' compatibility is mostly unobservable in advance (8,128 ratings)",
        "matching effort -> value similarity",
    )
    background_on_choice: float = coefficient(
        0.5, "people who choose for themselves choose people like them, against interests",
        "weight 0 to 1", (0.0, 1.0), "A", "",
        "self-selected matching -> demographic similarity",
    )
    level_on_intimidation: float = coefficient(
        0.15, "a level of distance beyond three intimidates", "SD a level", (-1.0, 1.0), "A", "",
        "level gap -> intimidation",
    )
    group_on_intimidation: float = coefficient(
        -0.5, "juniors who meet a senior together are less intimidated", "SD", (-2.0, 2.0), "A",
        "a case in ReMEDI: two juniors to one senior", "group format -> intimidation",
    )
    intimidation_on_safety: float = coefficient(
        -0.5, "intimidated juniors feel less safe", "SD per SD", (-2.0, 2.0), "S", "S 3",
        "intimidation -> psychological safety",
    )
    resistance_on_safety: float = coefficient(
        -0.5, "resisting seniors make a pair less safe", "SD per SD", (-2.0, 2.0), "S", "S 3",
        "resistance -> psychological safety",
    )
    confidentiality_on_safety: float = coefficient(
        0.5, "from no confidentiality to full", "SD", (-2.0, 2.0), "S", "S 1",
        "confidentiality -> psychological safety",
    )
    conflict_on_safety: float = coefficient(
        -0.4, "one department, or fewer than two levels apart: conflict of interest", "SD",
        (-2.0, 2.0), "S", "S 1", "conflict of interest -> psychological safety",
    )

    # relationship quality, month by month
    compatibility_on_quality: float = coefficient(
        0.6, "fitting pairs get on", "SD per SD", (-2.0, 2.0), "C",
        "Eby et al. 2013: with values_on_compatibility .45 (published .38-.59)",
        "compatibility -> relationship quality",
    )
    safety_on_disclosure: float = coefficient(
        0.8, "who feels safe admits what they do not know", "SD per SD", (-2.0, 2.0), "S", "S 0, 1",
        "psychological safety -> disclosure",
    )
    disclosure_on_quality: float = coefficient(
        0.5, "pairs that disclose get on", "SD per SD", (-2.0, 2.0), "S", "S 0, 1",
        "disclosure -> relationship quality",
    )
    training_on_mentoring: float = coefficient(
        1.0, "from no training of both sides to full", "SD of mentoring skill", (-3.0, 3.0), "S",
        "S 3; mentor training, 283 pairs: mentors and mentees saw more change than without it",
        "training -> mentoring skill",
    )
    mentoring_on_quality: float = coefficient(
        0.3, "juniors who mentor well make pairs get on", "SD per SD", (-2.0, 2.0), "S", "S 3",
        "mentoring skill -> relationship quality",
    )
    communication_on_quality: float = coefficient(
        0.2, "from no attention to how the two like to communicate, to full", "SD", (-2.0, 2.0),
        "S", "S 3", "communication fit -> relationship quality",
    )
    context_on_quality: float = coefficient(
        0.1, "both work in one department: shared context", "SD", (-2.0, 2.0), "A", "",
        "shared context -> relationship quality",
    )
    adapting_on_quality: float = coefficient(
        0.1, "from no pulse and no changes to both: pairs below average are lifted",
        "share of the gap a month", (-0.5, 0.5), "S", "S 1, 3",
        "pulse and adapt -> relationship quality",
    )
    quality_residual: float = coefficient(
        0.52, "what nothing known explains of a pair's level", "SD", (0.0, 2.0), "D",
        "compatibility is mostly unobservable in advance (8,128 ratings)",
    )
    quality_monthly: float = coefficient(
        0.8, "month-to-month correlation of ups and downs", "correlation", (0.0, 0.99), "A",
    )
    quality_shock: float = coefficient(
        0.2, "new ups and downs in a month", "SD", (0.0, 1.0), "A",
    )
    meetings_on_quality: float = coefficient(
        0.15, "all planned meetings held a month against none", "SD", (-2.0, 2.0), "C",
        "Eby et al. 2013: frequency with psychosocial support .25; direction A",
        "meetings -> relationship quality",
    )
    # fmt: on
