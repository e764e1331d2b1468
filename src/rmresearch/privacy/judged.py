"""Verdicts on their way out: words from fixed lists, and an estimate that met the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from rmresearch.errors import PrivacyError
from rmresearch.privacy.passing import ReleasedEstimate
from rmresearch.result import Estimate

__all__ = [
    "Answers",
    "Attrition",
    "Decision",
    "Judged",
    "Judgement",
    "Likeness",
    "Maryland",
    "Reading",
    "ReleasedVerdict",
    "Standing",
    "Word",
]

Word = Literal["weak", "moderate", "strong"]
Reading = Literal[
    "clear_gain",
    "some_gain",
    "no_difference",
    "no_gain",
    "cannot_tell",
    "no_direction",
    "some_harm",
    "clear_harm",
    "no_interval",
    "too_early",
]
Kind = Literal["single-group", "comparison", "waitlist", "randomised"]
Unit = Literal["person", "pair", "set", "department"]
Attrition = Literal["low", "high", "unknown", "not asked"]
#: how alike the groups were before: near, further but adjusted for, too far, or not known
Likeness = Literal["near", "adjusted", "far", "unknown", "not asked"]
#: whether three ways to allow for differences before agree
Answers = Literal["agree", "disagree", "unknown", "not asked"]
Standards = Literal[
    "meets standards without reservations",
    "meets standards with reservations",
    "does not meet standards",
    "ineligible",
]
Maryland = Literal[1, 2, 3, 4, 5]
#: Holm's decision about a planned question
Decision = Literal["rejected", "not rejected", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a design can support and what an interval says, in words from fixed lists.

    No number computed from answers is among them (``maryland`` is a level of 1 to 5), so that a
    verdict cannot carry past the rules what they hold back; another word raises ``PrivacyError``.
    """

    certainty: Word
    precision: Reading
    kind: Kind
    unit: Unit
    attrition: Attrition
    likeness: Likeness
    answers: Answers
    wwc: Standards
    maryland: Maryland
    decision: Decision
    adjusted: bool
    self_rated: bool
    same_question: bool
    contaminated: bool
    one_unit: bool
    few_clusters: bool
    could_not_show: bool
    planned: bool
    primary: bool

    def __post_init__(self) -> None:
        for name, known in WORDS.items():
            found = getattr(self, name)
            if found not in known:
                raise PrivacyError(
                    f"a verdict's {name} is {found!r}, which is none of "
                    f"{', '.join(map(str, known))}: a verdict leaves in these words only."
                )
        for name in FLAGS:
            if not isinstance(getattr(self, name), bool):
                raise PrivacyError(f"a verdict's {name} is yes or no (a bool), nothing else.")


WORDS: Mapping[str, tuple[object, ...]] = {
    "certainty": get_args(Word),
    "precision": get_args(Reading),
    "kind": get_args(Kind),
    "unit": get_args(Unit),
    "attrition": get_args(Attrition),
    "likeness": get_args(Likeness),
    "answers": get_args(Answers),
    "wwc": get_args(Standards),
    "maryland": get_args(Maryland),
    "decision": get_args(Decision),
}
FLAGS = (
    "adjusted",
    "self_rated",
    "same_question",
    "contaminated",
    "one_unit",
    "few_clusters",
    "could_not_show",
    "planned",
    "primary",
)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A verdict before the rules: the result that its estimate stands in (by name and function),
    the estimate at the interval level that matches the decision, and the words.
    """

    result: str
    function: str
    estimate: Estimate
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class ReleasedVerdict:
    """A verdict as it may leave; where its estimate is hidden, so is what was read from it."""

    estimate: ReleasedEstimate
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the plan stands, and what has no answer: nothing in it comes from answers.

    ``hash`` is the frozen plan's ("" without one), ``deviations`` how many changes were made
    since, ``follow_up_present`` whether answers from after the start were there when it was
    frozen. ``primary`` says which outcome, role and wave the primary question is about (empty
    without one), ``why`` is the plan's own wording. ``unanswered`` names analyses that were
    refused; ``ended`` whether the data reach the planned end.
    """

    frozen: bool = False
    hash: str = ""
    version: int = 0
    date: str = ""
    follow_up_present: bool | None = None
    deviations: int = 0
    primary: tuple[str, ...] = ()
    why: str = ""
    unanswered: tuple[str, ...] = ()
    ended: bool = True
