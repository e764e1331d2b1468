"""Nature: what a programme cannot choose. Every coefficient with unit, range, evidence, source."""

from __future__ import annotations

from dataclasses import dataclass

from rmresearch.world.fields import coefficient, lowered, problems

__all__ = ["Nature"]

SHARE = "share of variance"
SD = "SD of the score among the eligible"
LOGIT = "log odds per SD"
LOG = "log rate per SD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """People, pairs and surveys as they are.

    Scores are in standard deviations of the eligible pool's true score at the start; quality,
    safety, compatibility, resistance, intimidation and time poverty in their own SD. Raises
    ``ValueError`` naming every field outside its range.

    >>> Nature(item_reliability=0.5).item_reliability
    0.5
    """

    # fmt: off
    # (one coefficient reads as one entry)

    # true scores
    state_share: float = coefficient(
        0.3, "part of a true score that comes and goes", SHARE, (0.0, 0.8), "A",
        "with state_monthly: a scale's retest r near .6 over six months",
    )
    state_monthly: float = coefficient(
        0.7, "month-to-month correlation of that part", "correlation", (0.0, 0.99), "A",
    )
    pair_share: float = coefficient(
        0.12, "what the two people of a pair have in common from the start", SHARE,
        (0.0, 0.6), "A", "default world",
    )
    department_share: float = coefficient(
        0.04, "what people of a department have in common", SHARE, (0.0, 0.5), "D",
        "work-group ICC .04 (well-being) to .17 (hours)",
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
        "with self_inflation: self-rated 20% against partner-rated 7%",
    )

    # who volunteers
    skill_on_senior_volunteering: float = coefficient(
        -0.5, "seniors who can less at the moment volunteer more", LOGIT, (-3.0, 3.0), "A",
        "low scorers volunteer for training; S 0: reluctance to admit needing help",
    )
    skill_on_junior_volunteering: float = coefficient(
        0.3, "juniors who can more at the moment volunteer more", LOGIT, (-3.0, 3.0), "C",
        "sales-centre experiment: volunteers are not those who gain most",
    )
    time_on_volunteering: float = coefficient(
        -0.4, "people without time volunteer less", LOGIT, (-3.0, 3.0), "A", "S 3",
    )

    # compatibility and psychological safety
    values_on_compatibility: float = coefficient(
        0.75, "similar values make a pair fit", "correlation", (0.0, 1.0), "C",
        "Eby et al. 2013: deep-level similarity with quality .38-.59",
    )
    interests_on_compatibility: float = coefficient(
        0.06, "similar interests make a pair fit", "correlation", (0.0, 1.0), "D",
        "8,128 ratings: measured interest similarity with liking .04",
    )
    level_on_intimidation: float = coefficient(
        0.15, "a level of distance beyond three intimidates", "SD a level", (-1.0, 1.0), "A",
    )
    intimidation_on_safety: float = coefficient(
        -0.5, "intimidated juniors feel less safe", "SD per SD", (-2.0, 2.0), "S", "S 3",
    )
    resistance_on_safety: float = coefficient(
        -0.5, "resisting seniors make a pair less safe", "SD per SD", (-2.0, 2.0), "S", "S 3",
    )
    confidentiality_on_safety: float = coefficient(
        0.5, "from no confidentiality to full", "SD", (-2.0, 2.0), "S", "S 1",
    )
    conflict_on_safety: float = coefficient(
        -0.4, "both work in one department: conflict of interest", "SD", (-2.0, 2.0), "S", "S 1",
    )

    # relationship quality, month by month
    compatibility_on_quality: float = coefficient(
        0.6, "fitting pairs get on", "SD per SD", (-2.0, 2.0), "C",
        "Eby et al. 2013: with values_on_compatibility .45 (published .38-.59)",
    )
    safety_on_quality: float = coefficient(
        0.4, "safe pairs disclose, and get on", "SD per SD", (-2.0, 2.0), "S", "S 0, 1",
    )
    training_on_quality: float = coefficient(
        0.3, "from no training of both sides to full", "SD", (-2.0, 2.0), "S", "S 3",
    )
    context_on_quality: float = coefficient(
        0.1, "both work in one department: shared context", "SD", (-2.0, 2.0), "A",
    )
    quality_residual: float = coefficient(
        0.65, "what nothing known explains of a pair's level", "SD", (0.0, 2.0), "D",
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
        "Eby et al. 2013: frequency with support .25; direction A",
    )

    # meetings and their end
    meeting_rate: float = coefficient(
        0.75, "planned meetings held by a pair of average quality and time", "share",
        (0.02, 0.98), "A",
    )
    quality_on_meetings: float = coefficient(
        0.2, "pairs that get on meet more, a month later", LOGIT, (-3.0, 3.0), "C",
        "Eby et al. 2013: .25; direction A",
    )
    time_on_meetings: float = coefficient(
        -0.4, "pairs without time meet less", LOGIT, (-3.0, 3.0), "S", "S 3",
    )
    meeting_minutes: float = coefficient(
        50.0, "length of a meeting", "minutes", (10.0, 240.0), "A",
    )
    log_completeness: float = coefficient(
        0.95, "meetings that reach the log", "share", (0.0, 1.0), "A",
    )
    ending_rate: float = coefficient(
        0.055, "an average pair stops meeting, nobody having left", "chance a month",
        (0.0, 0.5), "C",
        "with leaving_rate 6-7% a month: 45% still meet at 12 months (Brooks et al. 2018)",
    )
    quality_on_ending: float = coefficient(
        -0.4, "pairs that get on stop less", LOG, (-2.0, 2.0), "A",
    )
    time_on_ending: float = coefficient(
        0.3, "pairs without time stop more", LOG, (-2.0, 2.0), "A",
    )
    leaving_rate: float = coefficient(
        0.008, "a person leaves the employer", "chance a month", (0.0, 0.5), "A",
        "about 9% a year",
    )
    learning_on_leaving: float = coefficient(
        -0.3, "people who got much out of their pair leave less", "log rate, none to full",
        (-3.0, 3.0), "C", "relationship quality, visibility and retention: small",
    )
    promotion_rate: float = coefficient(
        0.006, "a person is promoted", "chance a month", (0.0, 0.5), "A",
    )
    visibility_on_promotion: float = coefficient(
        0.5, "juniors who gained visibility are promoted more", "log rate per SD gained",
        (-3.0, 3.0), "S", "S 0",
    )

    # learning
    learning_per_meeting: float = coefficient(
        0.13, "exposure from a meeting of average quality and clarity", "of full exposure",
        (0.0, 2.0), "A",
    )
    quality_on_learning: float = coefficient(
        0.3, "meetings of pairs that get on teach more", LOG, (-2.0, 2.0), "C",
        "Eby et al. 2013: quality with social capital .54",
    )
    clarity_on_learning: float = coefficient(
        0.5, "from no clear goals to full clarity", "log rate", (-2.0, 2.0), "S", "S 3",
    )
    uptake: float = coefficient(
        0.5, "exposure that becomes skill in a month; the rest waits", "share a month",
        (0.05, 1.0), "A", "delay: Brooks et al. 2018 peak at months 4-7",
    )
    fade: float = coefficient(
        0.3, "what is lost after the meetings stop", "share a month", (0.0, 1.0), "C",
        "Brooks et al. 2018: gone by month 12",
    )
    skill_on_gain: float = coefficient(
        -0.2, "those who can more gain less", "share per SD", (-1.0, 1.0), "C",
        "sales-centre experiment",
    )
    digital_skill_gain: float = coefficient(
        0.75, "seniors, full learning; the default average peaks near .4", SD, (-2.0, 2.0), "A",
        "default world: peak .4, sweep 0 to .7; no controlled estimate exists",
    )
    inclusion_awareness_gain: float = coefficient(
        0.4, "seniors, full learning", SD, (-2.0, 2.0), "A", "S 2; mentoring meta-analyses .2",
    )
    leadership_confidence_gain: float = coefficient(
        0.6, "juniors, full learning and full two-way exchange", SD, (-2.0, 2.0), "A",
        "S 0-2; mentoring meta-analyses .2",
    )
    visibility_gain: float = coefficient(
        0.8, "juniors, full learning and full two-way exchange", SD, (-2.0, 2.0), "A", "S 0-3",
    )

    # measurement
    item_reliability: float = coefficient(
        0.45, "what an item shares with the true score, before rounding (.4 after)", SHARE,
        (0.05, 0.95), "D",
        "single items: retest r .37; scales .75-.9",
    )
    item_stable: float = coefficient(
        0.1, "what is an item's own and stays", SHARE, (0.0, 0.8), "D", "retest r .37",
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
        (-1.0, 2.0), "C", "mentor training, 283 pairs: self-rated +20%, partner-rated +7%",
    )
    rater_share: float = coefficient(
        0.29, "a rater's own leniency in what they say of others", SHARE, (0.0, 0.9), "D",
        "liking: 29% rater (8,128 ratings)",
    )
    satisfaction_quality: float = coefficient(
        0.28, "relationship quality in satisfaction", SHARE, (0.0, 0.9), "D",
        "liking: 16% target and 12% dyad (8,128 ratings)",
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
        (0.05, 1.0), "D", "a supported panel kept 83-95% a wave; a volunteer event 45%",
    )
    response_person: float = coefficient(
        0.8, "how much people differ in answering at all", "SD (probit)", (0.0, 3.0), "A",
    )
    quality_on_response: float = coefficient(
        0.25, "programme people whose pair gets on answer more", "probit per SD",
        (-2.0, 2.0), "A",
    )
    gain_on_response: float = coefficient(
        0.3, "programme people who gained answer more", "probit per SD gained", (-2.0, 2.0), "A",
    )
    item_skip: float = coefficient(
        0.01, "an item is skipped by somebody who answers", "share", (0.0, 0.5), "A",
    )

    # fmt: on
    def __post_init__(self) -> None:
        found = problems("nature", self)
        if not found:
            found = [text for text, wrong in self._sums() if wrong]
        lowered(found, "this nature is impossible")

    def _sums(self) -> list[tuple[str, bool]]:
        shares = self.state_share + self.pair_share + self.department_share
        item = self.item_reliability + self.item_stable
        fit = self.values_on_compatibility**2 + self.interests_on_compatibility**2
        said = self.rater_share + self.satisfaction_quality
        ends = self.satisfaction_top + self.satisfaction_bottom
        return [
            (
                f"state_share + pair_share + department_share is {shares:.3g}; legal: up to 0.95",
                shares > 0.95,
            ),
            (f"item_reliability + item_stable is {item:.3g}; legal: up to 1", item > 1),
            (
                f"values_on_compatibility² + interests_on_compatibility² is {fit:.3g}; "
                f"legal: up to 1",
                fit > 1,
            ),
            (f"rater_share + satisfaction_quality is {said:.3g}; legal: up to 1", said > 1),
            (
                f"satisfaction_top + satisfaction_bottom is {ends:.3g}; legal: up to 0.98",
                ends > 0.98,
            ),
        ]
