"""Nature of people: true scores without any programme, and who volunteers."""

from __future__ import annotations

from dataclasses import dataclass

from rmresearch.world.fields import coefficient
from rmresearch.world.nature.units import LOGIT, SD, SHARE

__all__ = ["PeopleNature"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleNature:
    """True scores and volunteering."""

    # fmt: off
    # (one coefficient reads as one entry)
    state_share: float = coefficient(
        0.3, "part of a true score that comes and goes", SHARE, (0.0, 0.8), "A",
        "with state_monthly: a scale's retest r near .6 over six months",
    )
    state_monthly: float = coefficient(
        0.7, "month-to-month correlation of that part", "correlation", (0.0, 0.99), "A",
    )
    pair_share: float = coefficient(
        0.12, "what the people of a set (of pairs) have in common from the start", SHARE,
        (0.0, 0.6), "A", "default world",
    )
    department_share: float = coefficient(
        0.04, "what people of a department have in common", SHARE, (0.0, 0.5), "D",
        "99 army companies: ICC .04 (well-being) to .17 (hours)",
    )
    outcome_correlation: float = coefficient(
        0.3, "correlation of a person's stable parts between outcomes", "correlation",
        (0.0, 0.95), "A",
    )
    trend: float = coefficient(
        0.01, "what everybody gains without any programme", SD + " a month", (-0.2, 0.2), "A",
    )
    transfer: float = coefficient(
        0.6, "correlation of what seniors do with what they can", "correlation", (0.0, 1.0), "A",
        "with self_inflation: mentor training 2023, self-rated 20% against mentee-rated 7%",
        "senior skill -> senior behaviour",
    )

    # who volunteers
    volunteering_rate: float = coefficient(
        0.3, "an average eligible person applies, the sponsor half visible", "share",
        (0.02, 0.98), "A",
    )
    sponsor_on_volunteering: float = coefficient(
        1.0, "from no sponsor to a senior leader who starts", "log odds", (-3.0, 3.0), "S", "S 2",
        "sponsor -> volunteering",
    )
    skill_on_senior_volunteering: float = coefficient(
        -0.7, "seniors who can less at the moment volunteer more", LOGIT, (-3.0, 3.0), "A",
        "low scorers volunteer for training; S 0: reluctance to admit needing help",
        "senior skill at the start -> volunteering",
    )
    skill_on_junior_volunteering: float = coefficient(
        0.3, "juniors who can more at the moment volunteer more", LOGIT, (-3.0, 3.0), "C",
        "sales-centre experiment: volunteers are not those who gain most",
        "junior confidence at the start -> volunteering",
    )
    performance_on_volunteering: float = coefficient(
        0.3, "people who perform better volunteer more", LOGIT, (-3.0, 3.0), "C",
        "sales-centre experiment: those who opted out were less productive",
        "baseline performance -> volunteering",
    )
    time_on_volunteering: float = coefficient(
        -0.4, "people without time volunteer less", LOGIT, (-3.0, 3.0), "A", "S 3",
        "time poverty -> volunteering",
    )
    # fmt: on
