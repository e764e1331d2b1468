"""What the evaluation judged, in the words that a release takes: numbers stay behind."""

from __future__ import annotations

from typing import cast

from rmresearch.evidence import Evidence, programme_ended
from rmresearch.evidence.judge import SATISFIED, TOO_FAR
from rmresearch.privacy.judged import (
    Answers,
    Attrition,
    Decision,
    Judged,
    Judgement,
    Likeness,
    Maryland,
    Reading,
    Standing,
    Word,
)
from rmresearch.report.findings import Findings, name_of

__all__ = ["judged", "judgement", "standing"]

AGREE: dict[bool | None, Answers] = {True: "agree", False: "disagree", None: "unknown"}
DECISION: dict[bool | None, Decision] = {True: "rejected", False: "not rejected", None: "none"}


def judged(found: Findings) -> tuple[Judged, ...]:
    """Every verdict for ``privacy.release``, in the order in which the report tells them."""
    names = {id(result): name for name, result in found.results.items()}
    return tuple(
        Judged(
            result=names.get(id(one.result), name_of(one.result.call.function)),
            function=one.result.call.function,
            estimate=one.shown,
            judgement=judgement(one.evidence, primary=one is found.primary),
        )
        for one in found.verdicts
    )


def standing(found: Findings) -> Standing:
    """Where the plan stands, and which analyses have no answer."""
    plan, status = found.plan, found.status
    asked = status.questions if status.frozen else plan.questions if plan else ()
    first = next((question for question in asked if question.primary), None)
    return Standing(
        frozen=status.frozen,
        hash=status.hash,
        version=status.version,
        date=status.date,
        follow_up_present=status.follow_up_present,
        deviations=len(status.deviations),
        primary=(first.outcome, first.role, first.wave) if first else (),
        why=first.why if first else "",
        unanswered=tuple(found.refused),
        ended=programme_ended(found.study),
    )


def judgement(evidence: Evidence, *, primary: bool) -> Judgement:
    """A verdict in the words of a release; the numbers that decided it are left out."""
    facts = evidence.facts
    between = not facts.single_group
    return Judgement(
        certainty=cast(Word, evidence.certainty.word),
        precision=cast(Reading, evidence.precision.name.lower()),
        kind=facts.kind,
        unit=facts.unit,
        attrition=_attrition(evidence),
        likeness=_likeness(evidence) if between else "not asked",
        answers=AGREE[facts.bracket_agrees] if between and not facts.by_chance else "not asked",
        wwc=evidence.wwc,
        maryland=cast(Maryland, evidence.maryland),
        decision=DECISION[facts.rejected],
        adjusted=facts.adjusted,
        self_rated=facts.self_rated,
        same_question=facts.same_question,
        contaminated=facts.contaminated,
        one_unit=facts.one_unit,
        few_clusters=facts.few_clusters,
        could_not_show=evidence.could_not_show,
        planned=facts.planned,
        primary=primary,
    )


def _attrition(evidence: Evidence) -> Attrition:
    """The class on the boundary, people and clusters together; asked of randomised arms only."""
    facts = evidence.facts
    if not facts.by_chance:
        return "not asked"
    classes = {facts.attrition} | ({facts.cluster_attrition} if facts.unit != "person" else set())
    if "high" in classes:
        return "high"
    return "unknown" if None in classes else "low"


def _likeness(evidence: Evidence) -> Likeness:
    """How alike the groups were before, by the baseline gate."""
    g = evidence.facts.baseline_g
    if g is None:
        return "unknown"
    if abs(g) <= SATISFIED:
        return "near"
    if abs(g) > TOO_FAR:
        return "far"
    return "adjusted" if evidence.facts.adjusted else "far"
