"""Holm over the plan's family: which answers were asked for, and what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scipy import special

from rmresearch.numerics.effects import holm, holm_levels
from rmresearch.plan import PlanStatus, Question
from rmresearch.result import Estimate, Result

__all__ = ["TESTED", "Decision", "at_level", "decide"]

#: questions that are answered by a difference, and so by a decision about zero
TESTED = frozenset({"compare_arms", "pre_post"})
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the plan makes of an estimate of record.

    ``rejected`` is Holm's decision about zero (None: not planned, or no p-value was allowed);
    ``level`` the confidence level whose interval matches it, also where only the interval may be
    shown (rule E6): one family, one error rate.
    """

    planned: bool
    rejected: bool | None
    level: float


def decide(
    status: PlanStatus, answers: Iterable[Result], *, alpha: float = 0.05
) -> Mapping[Key, Decision]:
    """What was decided about each estimate of record, by (function, *estimate.key).

    The family is every frozen question that still stands and asks for a difference. One whose
    clusters allow an interval but no p-value takes its place by the p that the interval implies,
    which decides its level and is never shown; one without an interval or an answer counts with
    p = 1. Answers that no question asks for are exploratory and keep the interval they came with.
    """
    records = [
        (result.call.function, one)
        for result in answers
        if result.call.function in TESTED
        for one in result.estimates
        if one.term == ""
    ]
    planned = [(f, one) for f, one in records if any(_asks(q, f, one) for q in status.questions)]
    open_questions = [
        question
        for question in status.questions
        if question.analysis in TESTED and not any(_asks(question, f, one) for f, one in records)
    ]
    p = [_implied(one) for _, one in planned] + [1.0] * len(open_questions)
    adjusted, levels = (holm(p), holm_levels(p, alpha=alpha)) if p else ((), ())
    decisions = {(f, *one.key): Decision(False, None, one.level) for f, one in records}
    for i, (f, one) in enumerate(planned):
        rejected = None if one.p is None else bool(adjusted[i] <= alpha)
        level = one.level if one.p is None and one.low is None else float(levels[i])
        decisions[(f, *one.key)] = Decision(True, rejected, level)
    return decisions


def at_level(record: Estimate, level: float) -> Estimate:
    """The same estimate with its t interval at another level; one without interval stays so."""
    if record.low is None or record.se is None or record.value is None or level == record.level:
        return record
    quantile = 0.5 + level / 2.0
    df = record.df
    t = float(special.ndtri(quantile) if df is None else special.stdtrit(df, quantile))
    half = t * record.se
    return replace(record, low=record.value - half, high=record.value + half, level=level)


def _implied(one: Estimate) -> float:
    """The p-value of zero, from the interval where none may be shown; 1 where there is neither."""
    if one.p is not None:
        return one.p
    if one.low is None or one.value is None or not one.se:
        return 1.0
    t = -abs(one.value / one.se)
    return float(2.0 * (special.ndtr(t) if one.df is None else special.stdtr(one.df, t)))


def _asks(question: Question, function: str, one: Estimate) -> bool:
    return question.asks(
        function, role=one.role, outcome=one.outcome, wave=one.wave, contrast=one.contrast
    )
