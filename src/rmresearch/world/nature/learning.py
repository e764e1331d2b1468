"""Nature of meetings and learning: what is held, learnt and lost, who stops and who leaves."""

from __future__ import annotations

from dataclasses import dataclass

from rmresearch.world.fields import coefficient
from rmresearch.world.nature.pairs import PairNature
from rmresearch.world.nature.units import LOG, LOGIT, SD

__all__ = ["LearningNature"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningNature(PairNature):
    """Meetings, their end, learning, engagement and careers."""

    # fmt: off
    # (one coefficient reads as one entry)

    # meetings and their end
    meeting_rate: float = coefficient(
        0.75, "planned meetings held by a pair of average quality and time", "share",
        (0.02, 0.98), "A",
    )
    quality_on_meetings: float = coefficient(
        0.2, "pairs that get on meet more, a month later", LOGIT, (-3.0, 3.0), "C",
        "Eby et al. 2013: frequency with psychosocial support .25; direction A",
        "relationship quality -> meetings",
    )
    time_on_meetings: float = coefficient(
        -0.4, "pairs without time meet less", LOGIT, (-3.0, 3.0), "S", "S 3",
        "time poverty -> meetings",
    )
    agenda_on_meetings: float = coefficient(
        0.4, "from no agreed agenda to one agreed at the start", "log odds", (-3.0, 3.0), "S",
        "S 0", "agenda -> meetings",
    )
    meeting_minutes: float = coefficient(
        50.0, "length of a meeting", "minutes", (10.0, 240.0), "A",
    )
    log_completeness: float = coefficient(
        0.95, "meetings that reach the log", "share", (0.0, 1.0), "A",
    )
    ending_rate: float = coefficient(
        0.052, "an average pair stops meeting, nobody having left", "chance a month",
        (0.0, 0.5), "C",
        "with leaving_rate 6-7% a month: 45% still meet at 12 months (Brooks et al. 2018)",
    )
    quality_on_ending: float = coefficient(
        -0.4, "pairs that get on stop less", LOG, (-2.0, 2.0), "A", "",
        "relationship quality -> early ending",
    )
    time_on_ending: float = coefficient(
        0.3, "pairs without time stop more", LOG, (-2.0, 2.0), "A", "",
        "time poverty -> early ending",
    )

    # learning
    learning_per_meeting: float = coefficient(
        0.13, "exposure from a meeting of average quality and clarity", "of full exposure",
        (0.0, 2.0), "A", "",
        "meetings -> dose per person; learning per meeting -> dose per person",
    )
    quality_on_learning: float = coefficient(
        0.3, "meetings of pairs that get on teach more", LOG, (-2.0, 2.0), "C",
        "Eby et al. 2013: quality with social capital .54",
        "relationship quality -> learning per meeting",
    )
    clarity_on_learning: float = coefficient(
        0.5, "from no clear goals to full clarity", "log rate", (-2.0, 2.0), "S", "S 3",
        "goal clarity -> learning per meeting",
    )
    group_on_dose: float = coefficient(
        -0.3, "in a group each person's part of a meeting", "log rate", (-2.0, 2.0), "A", "S 4",
        "group format -> dose per person",
    )
    reciprocal_on_dose: float = coefficient(
        -0.2, "in reciprocal mentoring the hour is shared", "log rate", (-2.0, 2.0), "A", "",
        "reciprocal format -> dose per person",
    )
    challenge_on_visibility: float = coefficient(
        0.3, "juniors whose team presents to executives gain more visibility", "log rate",
        (-2.0, 2.0), "A", "S 4", "team challenge -> junior visibility",
    )
    uptake: float = coefficient(
        0.5, "exposure that becomes skill in a month; the rest waits", "share a month",
        (0.05, 1.0), "A", "delay: Brooks et al. 2018 peak at months 4-7",
        "dose per person -> learning",
    )
    fade: float = coefficient(
        0.3, "what is lost after the meetings stop", "share a month", (0.0, 1.0), "C",
        "Brooks et al. 2018: gone by month 12", "early ending -> learning -",
    )
    skill_on_gain: float = coefficient(
        -0.05, "those who can more gain less", "share per SD", (-1.0, 1.0), "A", "",
        "senior skill at the start -> own gain; junior confidence at the start -> own gain",
    )
    performance_on_gain: float = coefficient(
        -0.35, "those who perform better gain less", "share per SD", (-1.0, 1.0), "C",
        "sales-centre experiment: those likeliest to opt out gain most",
        "baseline performance -> own gain",
    )
    digital_skill_gain: float = coefficient(
        0.82, "seniors, full learning; the default average peaks near .4", SD, (-2.0, 2.0), "A",
        "default world: peak .4, sweep 0 to .7; no controlled estimate exists",
        "own gain -> senior skill",
    )
    inclusion_awareness_gain: float = coefficient(
        0.4, "seniors, full learning", SD, (-2.0, 2.0), "A", "S 2; mentoring meta-analyses .2",
        "own gain -> inclusion awareness",
    )
    leadership_confidence_gain: float = coefficient(
        0.6, "juniors, full learning and full two-way exchange", SD, (-2.0, 2.0), "A",
        "S 0-2; mentoring meta-analyses .2", "own gain -> junior leadership confidence",
    )
    visibility_gain: float = coefficient(
        0.8, "juniors, full learning and full two-way exchange", SD, (-2.0, 2.0), "A", "S 0-3",
        "own gain -> junior visibility",
    )

    # the organisation's side
    junior_performance_gain: float = coefficient(
        0.0, "juniors' own performance, full learning", SD, (-2.0, 2.0), "C",
        "Brooks et al. 2018: no detectable effect on mentors",
        "learning -> junior's own performance ?",
    )
    engagement_gain: float = coefficient(
        0.2, "full learning in a relationship of average quality", "SD of engagement",
        (-2.0, 2.0), "C", "mentoring meta-analyses: small with attitudes and motivation",
        "learning -> engagement",
    )
    quality_on_engagement: float = coefficient(
        0.1, "what a better relationship adds at full learning", "SD per SD", (-2.0, 2.0), "C",
        "mentoring meta-analyses: small", "relationship quality -> engagement",
    )
    visibility_on_engagement: float = coefficient(
        0.1, "juniors who gained visibility are more engaged", "SD per SD gained", (-2.0, 2.0),
        "C", "mentoring meta-analyses: small", "junior visibility -> engagement",
    )
    engagement_on_leaving: float = coefficient(
        -1.0, "engaged people leave less", "log rate per SD gained", (-3.0, 3.0), "C",
        "mentoring meta-analyses: small with engagement_gain", "engagement -> retention +",
    )
    leaving_rate: float = coefficient(
        0.008, "a person leaves the employer", "chance a month", (0.0, 0.5), "A",
        "about 9% a year",
    )
    promotion_rate: float = coefficient(
        0.006, "a person is promoted", "chance a month", (0.0, 0.5), "A",
    )
    visibility_on_promotion: float = coefficient(
        0.5, "juniors who gained visibility are promoted more", "log rate per SD gained",
        (-3.0, 3.0), "S", "S 0", "junior visibility -> promotion",
    )
    performance_on_promotion: float = coefficient(
        0.3, "people who perform better are promoted more", LOG, (-3.0, 3.0), "A", "",
        "baseline performance -> promotion; junior's own performance -> promotion",
    )
    # fmt: on
