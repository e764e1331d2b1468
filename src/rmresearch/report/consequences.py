"""Which questions about working life and worth a study is asked: what records and costs allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from rmresearch.analysis.base.events import EVENTS, dated
from rmresearch.analysis.value import value
from rmresearch.analysis.workforce import workforce_outcomes
from rmresearch.plan import Question
from rmresearch.result import Result
from rmresearch.study import Study

__all__ = ["consequences"]


def consequences(
    study: Study, questions: Sequence[Question], levels: Mapping[str, float]
) -> Iterator[tuple[str, str, Callable[[], Result]]]:
    """(function, outcome, question) for each that the data may answer.

    Events that the records hold and outcomes from records, yes-or-no questions; and, where costs
    are declared, the worth of what has one (of everything compared, where nothing has). ``levels``
    are those at which an outcome's difference is told elsewhere (95% where it is not): a gain that
    the answer does not show has no price here either.
    """
    if not study.design.linked:
        return
    names = _happening(study)
    for name in names:
        odds = any(
            one.analysis == "workforce_outcomes"
            and one.scale == "odds-ratio"
            and one.outcome in {"", name}
            for one in questions
        )
        yield "workforce_outcomes", name, partial(workforce_outcomes, study, name, odds_ratio=odds)
    if study.design.costs:
        for name in [name for name, _ in study.design.worth] or _compared(study):
            level = levels.get(name, 0.95)
            yield "value", name, partial(value, study, name, level=level)


def _happening(study: Study) -> list[str]:
    """What happens to people or is counted: undeclared events that somebody recorded first."""
    outcomes = study.design.outcomes
    declared = {outcome.name for outcome in outcomes}
    recorded = set(study.records["kind"].dropna())
    events = [name for name in EVENTS if name in recorded and name not in declared]
    asked = [
        outcome.name
        for outcome in outcomes
        if dated(study, outcome)
        or (outcome.kind == "binary" and outcome.kirkpatrick > 1 and outcome.timing == "repeated")
    ]
    return events + asked


def _compared(study: Study) -> list[str]:
    return [
        outcome.name
        for outcome in study.design.outcomes
        if outcome.kirkpatrick > 1 and outcome.timing == "repeated" and not dated(study, outcome)
    ]
