"""What a design can support: Maryland level, What Works Clearinghouse gates, certainty, precision.

A pure function of a few facts, so that every verdict can be traced to what decided it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal

from rmresearch.evidence.reasons import Reason, because

__all__ = [
    "SATISFIED",
    "TOO_FAR",
    "Certainty",
    "Evidence",
    "Facts",
    "Precision",
    "judge",
    "reading",
]

AttritionClass = Literal["low", "high"]
#: standardised baseline differences (WWC Handbook 5.0, "baseline equivalence")
SATISFIED, TOO_FAR = 0.05, 0.25
FEW_CLUSTERS = 10
BRACKET = {True: "answers_agree", False: "answers_disagree", None: "answers_unknown"}
Standards = Literal[
    "meets standards without reservations",
    "meets standards with reservations",
    "does not meet standards",
    "ineligible",
]


class Certainty(IntEnum):
    """How sure one can be that the programme made the difference."""

    WEAK = 1
    MODERATE = 2
    STRONG = 3

    @property
    def word(self) -> str:
        """The label in small letters."""
        return self.name.lower()


class Precision(StrEnum):
    """What an interval says, against zero and against the smallest effect of interest."""

    CLEAR_GAIN = "clear gain"
    SOME_GAIN = "some gain, size uncertain"
    NO_DIFFERENCE = "no meaningful difference"
    NO_GAIN = "no meaningful gain, a loss cannot be ruled out"
    CANNOT_TELL = "cannot tell"
    NO_DIRECTION = "other adjustments do not confirm it"
    SOME_HARM = "some loss, size uncertain"
    CLEAR_HARM = "clear loss"
    NO_INTERVAL = "no interval can be given"
    TOO_EARLY = "too early"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What decides a verdict about one contrast at one wave.

    ``clusters`` are the independent clusters of each arm (people where unpaired), one entry in a
    single group. ``attrition`` is the WWC class on the cautious boundary, ``cluster_attrition``
    the same counted in assigned clusters (None where people were assigned); None = not known.
    ``baseline_g`` is the standardised baseline difference in the analytic sample; ``adjusted``
    whether the estimate is adjusted for the baseline; ``bracket_agrees`` whether the three answers
    of methods.md agree (None: not asked). ``contaminated`` means that comparison people got the
    programme. ``low`` and ``high`` are the interval whose level matches the decision, in the
    outcome's units; ``rejected`` is Holm's decision, where the question is in a frozen plan.
    """

    kind: Literal["single-group", "comparison", "waitlist", "randomised"]
    clusters: tuple[int, ...] = ()
    unit: Literal["person", "pair", "set", "department"] = "person"
    attrition: AttritionClass | None = None
    cluster_attrition: AttritionClass | None = None
    baseline_g: float | None = None
    adjusted: bool = False
    bracket_agrees: bool | None = None
    contaminated: bool = False
    self_rated: bool = False
    same_question: bool = True
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    smallest_effect: float | None = None
    direction: Literal[1, -1] = 1
    rejected: bool | None = None
    ended: bool = True
    planned: bool = False

    @property
    def single_group(self) -> bool:
        """Whether nobody is compared with."""
        return self.kind == "single-group"

    @property
    def one_unit(self) -> bool:
        """Whether an arm is one single unit, so that arm and unit cannot be told apart."""
        return not self.single_group and bool(self.clusters) and min(self.clusters) <= 1

    @property
    def by_chance(self) -> bool:
        """Whether chance decided who is in which arm, over more than one unit each."""
        return self.kind in {"randomised", "waitlist"} and not self.one_unit

    @property
    def few_clusters(self) -> bool:
        """E6: fewer than 10 clusters in an arm, or their number is unknown."""
        return min(self.clusters, default=0) < FEW_CLUSTERS


@dataclass(frozen=True, slots=True)
class Evidence:
    """The verdict on one contrast at one wave, with what decided each part.

    ``certainty`` (of the design) and ``precision`` (of the result) are always said together.
    ``could_not_show`` marks an interval wider than twice the smallest effect: the study could not
    have shown that effect.
    """

    facts: Facts
    maryland: int
    maryland_reasons: tuple[Reason, ...]
    wwc: Standards
    wwc_reasons: tuple[Reason, ...]
    certainty: Certainty
    reasons: tuple[Reason, ...]
    precision: Precision
    could_not_show: bool

    @property
    def decided_by(self) -> tuple[str, ...]:
        """What decided the certainty, in English."""
        return tuple(map(str, self.reasons))

    @property
    def causal(self) -> bool:
        """E1: whether words of causation may be used."""
        return self.certainty >= Certainty.MODERATE

    @property
    def significance(self) -> bool:
        """E6: whether words of significance may be used."""
        return not self.facts.few_clusters

    @property
    def exploratory(self) -> bool:
        """E4, E8: whether no frozen question asked for this."""
        return not self.facts.planned


def judge(facts: Facts) -> Evidence:
    """What can this design support, and what does the interval say?

    Rules: trust.md section 6 (Maryland Scientific Methods Scale; WWC Handbook 5.0 gates; the
    table of certainty; E6 and E10).

    >>> judge(Facts(kind="single-group", clusters=(20,))).certainty.word
    'weak'
    """
    maryland, maryland_reasons = _maryland(facts)
    wwc, wwc_reasons = _wwc(facts)
    certainty, reasons = _certainty(facts)
    precision = reading(facts)
    return Evidence(
        facts=facts,
        maryland=maryland,
        maryland_reasons=maryland_reasons,
        wwc=wwc,
        wwc_reasons=wwc_reasons,
        certainty=certainty,
        reasons=reasons,
        precision=precision,
        could_not_show=precision is Precision.CANNOT_TELL and _too_wide(facts),
    )


def _maryland(facts: Facts) -> tuple[int, tuple[Reason, ...]]:
    if facts.single_group:
        return 1, (because("one_group"),)
    if facts.by_chance:
        return 5, (because("chance", unit=facts.unit),)
    start = (because("unbalanced"),) if facts.one_unit else ()
    g = facts.baseline_g
    if g is not None and abs(g) <= TOO_FAR:
        return 3, (*start, because("alike", g=f"{g:.2f}"))
    how = "adjusted" if facts.adjusted else "unadjusted"
    why = because(f"unknown_{how}") if g is None else because(f"unlike_{how}", g=f"{g:.2f}")
    return 2 if facts.adjusted else 1, (*start, why)


def _low_attrition(facts: Facts) -> bool:
    """Whether attrition is low, also by cluster where clusters were assigned."""
    clusters = facts.cluster_attrition if facts.unit != "person" else "low"
    return facts.attrition == "low" and clusters == "low"


def _attrition(facts: Facts, what: str) -> Reason:
    """How attrition stands, said of ``what``: "attrition" by itself, or "randomised" groups."""
    if _low_attrition(facts):
        return because(f"{what}_low")
    if facts.attrition == "high" or facts.cluster_attrition == "high":
        return because(f"{what}_high")
    if facts.attrition == "low":
        return because(f"{what}_unclear", unit=facts.unit)
    return because(f"{what}_unknown")


def _baseline(facts: Facts) -> tuple[bool, Reason]:
    """The baseline gate: passed or not, and why."""
    if facts.baseline_g is None:
        return False, because("baseline_unknown")
    g = abs(facts.baseline_g)
    if g <= SATISFIED:
        return True, because("baseline_within", g=f"{g:.2f}", limit=SATISFIED)
    if g > TOO_FAR:
        return False, because("baseline_above", g=f"{g:.2f}", limit=TOO_FAR)
    how = "adjusted" if facts.adjusted else "unadjusted"
    return facts.adjusted, because(f"baseline_{how}", g=f"{g:.2f}")


def _wwc(facts: Facts) -> tuple[Standards, tuple[Reason, ...]]:
    if facts.single_group:
        return "ineligible", (because("no_comparison"),)
    if facts.one_unit:
        return "does not meet standards", (because("confounded"),)
    chance = facts.by_chance
    start = _attrition(facts, "randomised") if chance else because("not_randomised")
    if chance and _low_attrition(facts):
        return "meets standards without reservations", (start,)
    passed, why = _baseline(facts)
    verdict: Standards = (
        "meets standards with reservations" if passed else "does not meet standards"
    )
    return verdict, (start, why)


def _certainty(facts: Facts) -> tuple[Certainty, tuple[Reason, ...]]:
    """The table of trust.md section 6, and the inputs that decided it."""
    level, inputs = _by_design(facts)
    if not facts.same_question:
        level, inputs = Certainty.WEAK, [*inputs, because("retrospective")]
    if facts.self_rated:
        level = Certainty(max(level - 1, Certainty.WEAK))
        inputs.append(because("self_rated"))
    return level, tuple(inputs)


def _by_design(facts: Facts) -> tuple[Certainty, list[Reason]]:
    if facts.single_group:
        return Certainty.WEAK, [because("alone")]
    if facts.one_unit:
        return Certainty.WEAK, [because("one_unit")]
    passed, why = _baseline(facts)
    if facts.by_chance:
        inputs = [because("randomised", unit=facts.unit), _attrition(facts, "attrition")]
        if facts.contaminated:
            inputs.append(because("contaminated"))
        if _low_attrition(facts):
            return (Certainty.MODERATE if facts.contaminated else Certainty.STRONG), inputs
        return (Certainty.MODERATE if passed else Certainty.WEAK), [*inputs, why]
    near = facts.baseline_g is not None and abs(facts.baseline_g) <= TOO_FAR
    moderate = near and facts.adjusted and facts.bracket_agrees is True
    inputs = [because("not_randomised"), why, because(BRACKET[facts.bracket_agrees])]
    if passed and not facts.adjusted:
        inputs.append(because("unadjusted"))
    return (Certainty.MODERATE if moderate else Certainty.WEAK), inputs


def reading(facts: Facts) -> Precision:
    """What the interval says, in the direction that is better.

    Without a smallest effect of interest a gain's size stays uncertain. Where Holm does not
    reject, the interval counts as holding zero. Where arms were not randomised, only what all
    three adjusted answers agree on is claimed (methods.md, the bracket).
    """
    if not facts.ended:
        return Precision.TOO_EARLY
    if facts.low is None or facts.high is None:
        return Precision.NO_INTERVAL
    low, high = sorted((facts.direction * facts.low, facts.direction * facts.high))
    if facts.rejected is False:
        low, high = min(low, 0.0), max(high, 0.0)
    said = _said(low, high, facts.smallest_effect)
    unconfirmed = facts.kind == "comparison" and facts.bracket_agrees is not True
    return Precision.NO_DIRECTION if unconfirmed and said is not Precision.CANNOT_TELL else said


def _said(low: float, high: float, matters: float | None) -> Precision:
    """The reading of an interval, better upwards."""
    if matters is None:
        if low > 0:
            return Precision.SOME_GAIN
        return Precision.SOME_HARM if high < 0 else Precision.CANNOT_TELL
    if low >= matters:
        return Precision.CLEAR_GAIN
    if high <= -matters:
        return Precision.CLEAR_HARM
    if -matters < low and high < matters:
        return Precision.NO_DIFFERENCE
    if low > 0:
        return Precision.SOME_GAIN
    if high < 0:
        return Precision.SOME_HARM
    return Precision.NO_GAIN if high < matters else Precision.CANNOT_TELL


def _too_wide(facts: Facts) -> bool:
    if facts.low is None or facts.high is None or facts.smallest_effect is None:
        return False
    return abs(facts.high - facts.low) > 2 * facts.smallest_effect
