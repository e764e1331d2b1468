"""Which questions a study can be asked: a plan held against what study.toml declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rmresearch.declared import ROSTER_FEATURES
from rmresearch.errors import Problem, nearest
from rmresearch.plan.questions import Plan, Question
from rmresearch.study import RECORD_KINDS, Design, Outcome

__all__ = ["choose", "unanswerable"]

#: analyses of what records hold too, declared as an outcome or not
OF_RECORDS = frozenset({"workforce_outcomes", "value"})
#: analyses whose contrast is between arms, and the one whose contrast is between waves
BETWEEN_ARMS, BETWEEN_WAVES = "compare_arms", "pre_post"
#: columns of participants that may tell groups apart beside declared features
MODERATORS = ("level", "department")
#: analyses that take "by", and those that need a score from before the start
GROUPED = frozenset({"subgroups", "match_quality"})
FROM_BEFORE = frozenset({BETWEEN_ARMS, BETWEEN_WAVES, "match_quality", "dyadic", "equivalence"})
#: those of them that are about a later wave, and analyses that are not about a single outcome
AFTER = FROM_BEFORE - {BETWEEN_WAVES}
WHOLE = frozenset({"attrition", "engagement", "missingness"})


def choose(given: str, known: Iterable[str]) -> str:
    """The fix for a name that is not known: the nearest one, and all there are."""
    known = list(known)
    near = nearest(given, known, cutoff=0.5)
    hint = f"Did you mean {near}? " if near else ""
    return f"{hint}Known here: {', '.join(known) or 'none'}."


def unanswerable(plan: Plan, design: Design, file: str) -> Iterator[Problem]:
    """Questions about what the study does not declare."""
    for question in plan.questions:
        for key, given, known in _names(question, design):
            if given not in known:
                found = f"question {question.id}: the study has no {key} {given!r}"
                yield Problem("plan-unknown", found, choose(given, known), file=file)
        for found, fix in (*_misplaced(question), *_unfit(question, design)):
            yield Problem("plan-question", f"question {question.id}: {found}", fix, file=file)
    yield from _matched_twice(plan, file)


def _matched_twice(plan: Plan, file: str) -> Iterator[Problem]:
    """A report compares the pairs of one outcome at one wave."""
    asked: dict[str, dict[str, str]] = {}
    for question in plan.questions:
        if question.analysis == "match_quality":
            asked.setdefault(question.outcome, {}).setdefault(question.wave, question.id)
    for outcome, waves in asked.items():
        if len(waves) > 1:
            found = f"questions {' and '.join(waves.values())}: match_quality of {outcome} at "
            found += f"{len(waves)} waves"
            yield Problem("plan-question", found, "Ask about it at one wave.", file=file)


def _misplaced(question: Question) -> Iterator[tuple[str, str]]:
    """Keys that belong to another analysis, and what to do about each."""
    if question.analysis == "subgroups" and not question.by:
        yield "subgroups need a moderator", "Name it with by."
    if question.by and question.analysis not in GROUPED:
        fix = "It names a moderator of subgroups, or a feature of match_quality."
        yield f"{question.analysis} takes no by", fix
    if question.covariates and question.analysis != BETWEEN_ARMS:
        yield "covariates belong to compare_arms", "Leave them out."
    if question.junior_outcome and question.analysis != "dyadic":
        yield "junior_outcome belongs to dyadic", "Leave it out."


def _names(question: Question, design: Design) -> Iterator[tuple[str, str, list[str]]]:
    waves = [wave.name for wave in design.waves]
    if question.outcome:
        recorded = RECORD_KINDS if question.analysis in OF_RECORDS else ()
        yield "outcome", question.outcome, [*(o.name for o in design.outcomes), *recorded]
    if question.scale == "odds-ratio" and question.analysis != "workforce_outcomes":
        yield "odds ratio from", question.analysis, ["workforce_outcomes"]
    if question.wave:
        yield "wave", question.wave, waves
    if question.junior_outcome:
        yield "outcome", question.junior_outcome, [outcome.name for outcome in design.outcomes]
    if question.by and question.analysis == "match_quality":
        matched = (one.name for one in design.matching.questions)
        yield "match feature", question.by, [*matched, *ROSTER_FEATURES]
    elif question.by:
        yield "moderator", question.by, [*(name for name, _ in design.features), *MODERATORS]
    for name in question.covariates:
        yield "covariate", name, [*(name for name, _ in design.features), *MODERATORS]
    left, dash, right = question.contrast.partition(" - ")
    if dash and question.analysis == BETWEEN_ARMS:
        for name in (left, right):
            yield "arm", name, [arm.name for arm in design.arms]
    elif dash and question.analysis == BETWEEN_WAVES:
        for name in (left, right):
            yield "wave", name, waves


def _unfit(question: Question, design: Design) -> Iterator[tuple[str, str]]:
    """What the question lacks or cannot have, and what to do about each."""
    if question.analysis not in WHOLE and not question.outcome:
        yield f"{question.analysis} needs an outcome", "Add outcome."
    if question.contrast and " - " not in question.contrast:
        fix = 'Write it as "arm - comparison arm" or "wave - earlier wave".'
        yield f"contrast {question.contrast!r} is not a difference", fix
    if question.analysis == BETWEEN_ARMS and len(design.arms) < 2:
        fix = "Ask with pre_post, or declare the arms."
        yield "the study has no arms to compare", fix
    named = {outcome.name: outcome for outcome in design.outcomes}
    both = question.analysis == "dyadic"
    asked = {question.role: question.outcome}
    if both:
        asked = {"senior": question.outcome, "junior": question.junior_outcome or question.outcome}
    for role, name in asked.items():
        if name in named:
            yield from _unfit_outcome(question, named[name], role, design)
    if both and question.role != "all":
        yield f"dyadic is about both roles, not {question.role}", "Leave role out."
    if question.outcome in named and not _answerable(question, design):
        pairs = " or ".join(_contrasts(question, design)) or "none: the design has no such pair"
        yield f"no analysis gives the contrast {question.contrast!r}", f"Write {pairs}."


def _unfit_outcome(
    question: Question, outcome: Outcome, role: str, design: Design
) -> Iterator[tuple[str, str]]:
    """Why an outcome cannot answer: whom it was asked of, when, and against what."""
    if role not in {"all", outcome.role} and outcome.role != "all":
        fix = f"Ask about role {outcome.role}, or about another outcome."
        yield f"outcome {outcome.name} is not asked of the role {role}", fix
    asked = [wave.name for wave in design.waves if wave.name in outcome.waves or not outcome.waves]
    known = {wave.name for wave in design.waves}
    if question.wave in known and question.wave not in asked:
        fix = f"It was asked at {', '.join(asked)}."
        yield f"outcome {outcome.name} was not asked at wave {question.wave}", fix
    if question.analysis in AFTER and question.wave == design.baseline.name:
        fix = f"Choose one of {', '.join(wave.name for wave in design.follow_ups)}."
        yield "the wave before the start cannot show what the programme did", fix
    before = outcome.timing == "repeated" and outcome.kirkpatrick != 1
    if question.analysis in FROM_BEFORE and not before:
        fix = "Ask about an outcome that was put in the same words before and after the start."
        yield f"outcome {outcome.name} has no score from before to compare with", fix
    if question.analysis == "equivalence" and outcome.smallest_effect is None:
        fix = "Declare its smallest_effect in study.toml."
        yield f"outcome {outcome.name} has no smallest difference that matters", fix


def _contrasts(question: Question, design: Design) -> tuple[str, ...]:
    """The differences that the question's analysis gives, later or programme first."""
    if question.analysis == BETWEEN_ARMS:
        other = design.comparison
        return tuple(f"{arm.name} - {other.name}" for arm in design.programme_arms if other)
    waves = [wave for wave in design.follow_ups if question.wave in {"", wave.name}]
    return tuple(f"{wave.name} - {design.baseline.name}" for wave in waves)


def _answerable(question: Question, design: Design) -> bool:
    """Whether a contrast of known names stands the way round that its analysis gives it."""
    if question.analysis not in {BETWEEN_ARMS, BETWEEN_WAVES}:
        return True  # nothing else is asked by its contrast
    left, dash, right = question.contrast.partition(" - ")
    arms = question.analysis == BETWEEN_ARMS
    known = {one.name for one in (design.arms if arms else design.waves)}
    if not dash or not {left, right} <= known:
        return True  # said elsewhere
    return question.contrast in _contrasts(question, design)
