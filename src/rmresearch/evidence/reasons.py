"""What decided a verdict: named reasons, so that a report can say them in its own language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["REASONS", "Reason", "because"]

#: every reason in English, its numbers in their places
REASONS: Mapping[str, str] = {
    # the design, on the Maryland scale
    "one_group": "before and after in one group, without a comparison group",
    "chance": "chance decided, by {unit}, who is in which group",
    "unbalanced": "one single unit in a group, so that chance could balance nothing",
    "alike": "before and after in two groups that were alike before (standardised difference {g})",
    "unlike_adjusted": "two groups that differed by {g} SD before, compared with adjustment",
    "unlike_unadjusted": "two groups that differed by {g} SD before, compared without adjustment",
    "unknown_adjusted": "two groups whose likeness before is not known, compared with adjustment",
    "unknown_unadjusted": "two groups whose likeness before is not known, compared without "
    "adjustment",
    # the gates of the What Works Clearinghouse
    "no_comparison": "a single group has no comparison",
    "confounded": "one single unit in a group is confounded with it",
    "randomised_low": "randomised, low attrition",
    "randomised_high": "randomised, high attrition",
    "randomised_unclear": "randomised, low attrition among people, not known by {unit}",
    "randomised_unknown": "randomised, attrition not known",
    "not_randomised": "not randomised",
    # alike before?
    "baseline_unknown": "the baseline difference is not known",
    "baseline_within": "baseline difference {g} SD, within {limit}",
    "baseline_above": "baseline difference {g} SD, above {limit}",
    "baseline_adjusted": "baseline difference {g} SD, adjusted for",
    "baseline_unadjusted": "baseline difference {g} SD, not adjusted for",
    # the table of certainty
    "alone": "no comparison group",
    "one_unit": "one single unit in a group",
    "randomised": "randomised by {unit}",
    "attrition_low": "low attrition",
    "attrition_high": "high attrition",
    "attrition_unclear": "low attrition among people, not known by {unit}",
    "attrition_unknown": "attrition not known",
    "contaminated": "comparison people got the programme",
    "answers_agree": "the three adjusted answers agree",
    "answers_disagree": "the three adjusted answers disagree",
    "answers_unknown": "whether three adjusted answers agree is not known",
    "unadjusted": "not adjusted for the baseline",
    "retrospective": "people judged their own change in retrospect",
    "self_rated": "self-rated, which lowers certainty by one step",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason by its name in `REASONS`, with what stands in its places."""

    key: str
    parts: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return REASONS[self.key].format(**dict(self.parts))


def because(key: str, **parts: object) -> Reason:
    """The reason of that name.

    >>> str(because("baseline_within", g="0.03", limit=0.05))
    'baseline difference 0.03 SD, within 0.05'
    """
    return Reason(key, tuple((name, str(value)) for name, value in parts.items()))
