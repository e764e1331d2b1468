"""Which questions a study is asked, and what became of each: answered, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from rmresearch.analysis.arms import compare_arms
from rmresearch.analysis.change import pre_post
from rmresearch.analysis.dyads import dyadic
from rmresearch.analysis.equivalence import equivalence
from rmresearch.analysis.leavers import attrition
from rmresearch.analysis.match import match_quality
from rmresearch.analysis.means import wave_means
from rmresearch.analysis.meetings import engagement
from rmresearch.analysis.missing import missingness
from rmresearch.analysis.mixed import mixed_model
from rmresearch.analysis.reactions import reaction
from rmresearch.analysis.scales import reliability
from rmresearch.analysis.subgroups import subgroups
from rmresearch.errors import FitError, StudyError
from rmresearch.evidence import at_level, decide, facts, judge, programme_ended
from rmresearch.plan import PlanStatus, Question, plan_path, read_plan, status
from rmresearch.report.consequences import consequences
from rmresearch.report.findings import Findings, Verdict, name_of
from rmresearch.report.words.phrases import fill
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome, Study
from rmresearch.whatif.receipt import Receipt, prepare, receipt
from rmresearch.whatif.receipt.drawn import Trial
from rmresearch.whatif.workers import Second, second

__all__ = ["ask"]

#: people from which on it pays to send a study to a second process
LARGE = 5_000
#: analyses whose estimates of record get a verdict; the first, wherever arms are compared
RECORDS = ("compare_arms", "pre_post")
_refused = partial(fill, "page_refused")


def ask(study: Study, folder: Path) -> Findings:
    """What do these data answer?

    ``folder`` is the study's folder (or its TOML file), where the plan lies. Every question that
    the data allow is asked; one that they do not allow is refused with a sentence, not left out.
    """
    plan = read_plan(folder, study.design) if plan_path(folder).is_file() else None
    standing = status(folder)
    questions = standing.questions if standing.frozen else plan.questions if plan else ()
    ended = programme_ended(study)
    with second() as other:
        opening = _Opening(study, questions, other)
        answers = _all(study, questions, other, opening)
        verdicts = _verdicts(study, questions, standing, answers.results)
        for function, name, question in consequences(study, questions, _levels(verdicts)):
            if ended:
                answers.take(function, name, question)
            else:
                answers.refused[name_of(function, name)] = _refused("too_early")
        for outcome in study.design.outcomes:
            _small(study, outcome, verdicts, answers)
        for first in verdicts[:1]:
            calibrated = partial(opening.receipt, first.result, first.estimate)
            answers.take("receipt", first.estimate.outcome, calibrated)
    return Findings(
        study=study,
        plan=plan,
        status=standing,
        results=answers.results,
        refused=answers.refused,
        verdicts=verdicts,
        primary=next((one for one in verdicts if _primary(questions, one)), None),
    )


@dataclass(slots=True)
class _Opening:
    """The verdict that will open the report: its receipt is begun before all else is answered."""

    study: Study
    questions: Sequence[Question]
    other: Second
    _begun: dict[tuple[str, ...], tuple[Receipt, Callable[[], list[Any]]]] = field(
        default_factory=dict
    )

    @property
    def outcome(self) -> Outcome | None:
        """Whose it will be, as far as can be known."""
        able = [one for one in self.study.design.outcomes
                if one.timing == "repeated" and one.kirkpatrick > 1]  # fmt: skip
        return min(able, key=self._place, default=None)

    def _place(self, outcome: Outcome) -> tuple[int, int]:
        asked = [place for place, question in enumerate(self.questions)
                 if question.outcome == outcome.name and question.analysis in RECORDS]  # fmt: skip
        primary = any(self.questions[place].primary for place in asked)
        return (0 if primary else 1, asked[0] if asked else len(self.questions))

    def begin(self, answers: _Answers) -> None:
        """Begin with the receipt, where the outcome's own answers hold what will open."""
        found = [
            (_rank(self.study, self.questions, result, one), result, one)
            for result in answers.results.values()
            if result.call.function == RECORDS[0]
            for one in result.estimates
            if one.term == ""
        ]
        if found:
            _, result, record = min(found, key=lambda one: one[0])
            # what cannot be done will be said when it is asked for
            with suppress(StudyError, FitError):
                asked = prepare(self.study, result, record)
                parts = [(asked.trial, number) for number in range(asked.trial.blocks)]
                self._begun[record.key] = asked, self.other.begin(Trial.sums, parts)

    def receipt(self, result: Result, record: Estimate) -> Result:
        """The receipt of what does open the report."""
        if record.key in self._begun:
            asked, parts = self._begun[record.key]
            return asked.result(parts)
        return receipt(self.study, result, record)


@dataclass(frozen=True, slots=True)
class _Answers:
    """Results and refusals, gathered question by question."""

    results: dict[str, Result] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def take(self, function: str, outcome: str, question: Callable[[], Result]) -> None:
        """Ask, and keep the answer or the reason why there is none."""
        try:
            self.results[name_of(function, outcome)] = question()
        except (StudyError, FitError) as error:
            self.refused[name_of(function, outcome)] = str(error)


def _all(study: Study, questions: Sequence[Question], other: Second, opening: _Opening) -> _Answers:
    """Everything but what follows from verdicts; of a large study a second process asks a part."""
    outcomes, first = study.design.outcomes, opening.outcome
    rest = [one for one in outcomes if one is not first]
    asked: Callable[[], list[_Answers]]
    if len(study.participants) >= LARGE:  # the study travels without what it has looked up
        asked = other.begin(_one, [(replace(study), one, questions) for one in rest])
    else:
        asked = partial(list, (_one(study, one, questions) for one in rest))
    own = [] if first is None else [_one(study, first, questions, opening)]
    common = _Answers()
    _dyads(study, questions, common)
    if study.design.linked:
        common.take("engagement", "", lambda: engagement(study))
    ended = programme_ended(study)
    common.take("missingness", "", lambda: missingness(study, effects=ended))
    told = dict(zip((one.name for one in rest), asked(), strict=True))
    told |= {} if first is None else {first.name: own[0]}
    return _together([*(told[one.name] for one in outcomes), common])


def _one(
    study: Study,
    outcome: Outcome,
    questions: Sequence[Question],
    opening: _Opening | None = None,
) -> _Answers:
    """Everything that is asked about one outcome by itself; ``opening`` where it opens."""
    answers = _Answers()
    _about(study, outcome, questions, answers, opening)
    _earlier(study, outcome, questions, answers)
    _groups(study, outcome, questions, answers)
    return answers


def _together(parts: Sequence[_Answers]) -> _Answers:
    """Results and refusals of all parts, in their order."""
    whole = _Answers()
    for part in parts:
        whole.results.update(part.results)
        whole.refused.update(part.refused)
    return whole


def _covariates(questions: Sequence[Question], outcome: Outcome) -> tuple[str, ...]:
    """What the plan wants arms made alike in, beside the baseline."""
    asked = [q for q in questions if q.analysis == "compare_arms" and q.outcome == outcome.name]
    return tuple(dict.fromkeys(name for question in asked for name in question.covariates))


def _wave(questions: Sequence[Question], analysis: str, outcome: str) -> str | None:
    """The wave that the plan asks about; None, the last, where it names none."""
    named = (q.wave for q in questions if (q.analysis, q.outcome) == (analysis, outcome))
    return next(named, "") or None


def _about(
    study: Study,
    outcome: Outcome,
    questions: Sequence[Question],
    answers: _Answers,
    opening: _Opening | None,
) -> None:
    """Everything that is asked about one outcome; arms first, as the receipt waits for that."""
    name = outcome.name
    if outcome.kirkpatrick == 1:
        answers.take("reaction", name, lambda: reaction(study, outcome))
        return
    if outcome.source == "record" and not study.measures["item"].isin(outcome.items).any():
        recorded = _refused("recorded")
        answers.refused.update({name_of(f, name): recorded for f in ("pre_post", "compare_arms")})
        return
    ended = programme_ended(study)
    compared = len(study.design.arms) > 1 and study.design.linked
    if outcome.timing == "repeated" and ended and compared:
        beside = _covariates(questions, outcome)
        answers.take("compare_arms", name, lambda: compare_arms(study, outcome, covariates=beside))
        if opening is not None:
            opening.begin(answers)
    if len(outcome.items) > 1:
        answers.take("reliability", name, lambda: reliability(study, outcome))
    if outcome.timing != "repeated":
        return
    answers.take("wave_means", name, lambda: wave_means(study, outcome))
    if study.design.linked:
        answers.take("attrition", name, lambda: attrition(study, outcome, effects=ended))
    if not ended:
        too_early = _refused("too_early")
        early = ("pre_post", "mixed_model", "match_quality", "engagement")
        answers.refused.update({name_of(f, name): too_early for f in early})
        return
    answers.take("pre_post", name, lambda: pre_post(study, outcome))
    if study.design.linked:
        answers.take("mixed_model", name, lambda: mixed_model(study, outcome))
        when = _wave(questions, "match_quality", name)
        answers.take("match_quality", name, lambda: match_quality(study, outcome, wave=when))
        answers.take("engagement", name, lambda: engagement(study, outcome))


def _earlier(
    study: Study, outcome: Outcome, questions: Sequence[Question], answers: _Answers
) -> None:
    """Changes up to a wave before the last, where the plan asks for them."""
    last = answers.results.get(name_of("pre_post", outcome.name))
    if last is None:
        return
    told = {one.wave for one in last.estimates}
    asked = [q.wave for q in questions if q.analysis == "pre_post" and q.outcome == outcome.name]
    for wave in dict.fromkeys(asked):
        if wave and wave not in told:
            answers.take(
                "pre_post", f"{outcome.name}:{wave}", partial(pre_post, study, outcome, wave=wave)
            )


def _groups(
    study: Study, outcome: Outcome, questions: Sequence[Question], answers: _Answers
) -> None:
    """Groups that the plan names."""
    name = outcome.name
    named = [q.by for q in questions if q.analysis == "subgroups" and q.outcome == name]
    if named and programme_ended(study):
        by = tuple(dict.fromkeys(named))
        answers.take("subgroups", name, lambda: subgroups(study, outcome, by=by))
    elif named:
        answers.refused[name_of("subgroups", name)] = _refused("too_early")


def _small(study: Study, outcome: Outcome, verdicts: Sequence[Verdict], answers: _Answers) -> None:
    """Whether differences are shown to be too small to matter, read at the level of the answer."""
    own = [verdict for verdict in verdicts if verdict.estimate.outcome == outcome.name]
    if not own or outcome.smallest_effect is None:
        return
    result = own[0].result
    shown = {verdict.estimate.key: verdict.shown for verdict in own if verdict.result is result}
    read = tuple(shown.get(one.key, one) for one in result.estimates)
    of = replace(result, estimates=read)
    answers.take("equivalence", outcome.name, lambda: equivalence(study, outcome, of=of))


def _dyads(study: Study, questions: Sequence[Question], answers: _Answers) -> None:
    """Pairs as the plan asks; else the first repeated outcome of each role, and those of both."""
    if not study.design.linked:
        return
    design = study.design
    planned = [
        (design.outcome(q.outcome), design.outcome(q.junior_outcome or q.outcome), q.wave or None)
        for q in questions
        if q.analysis == "dyadic"
    ]
    for mine, theirs, wave in dict.fromkeys(planned) or _usual(study):
        name = mine.name
        if any(name_of("dyadic", name) in known for known in (answers.results, answers.refused)):
            name = ":".join([name, theirs.name, *([wave] if wave else [])])
        if programme_ended(study):
            answers.take("dyadic", name, partial(dyadic, study, mine, theirs, wave=wave))
        else:
            answers.refused[name_of("dyadic", name)] = _refused("too_early")


def _usual(study: Study) -> list[tuple[Outcome, Outcome, None]]:
    """The first outcome of each role that was put before and after, and those of both roles."""
    fit = [o for o in study.design.outcomes if o.timing == "repeated" and o.kirkpatrick > 1
           and study.measures["item"].isin(o.items).any()]  # fmt: skip
    own = [next((o for o in fit if o.role == role), None) for role in ("senior", "junior")]
    asked: list[tuple[Outcome, Outcome, None]] = [(o, o, None) for o in fit if o.role == "all"]
    if own[0] is not None and own[1] is not None:
        asked.insert(0, (own[0], own[1], None))
    return asked


def _verdicts(
    study: Study,
    questions: Sequence[Question],
    standing: PlanStatus,
    results: Mapping[str, Result],
) -> tuple[Verdict, ...]:
    """A verdict on each estimate of record; the one that opens the report comes first.

    Where arms are compared, that answers the question and a group's own change is no headline.
    """
    between = any(name.startswith(f"{RECORDS[0]}:") for name in results)
    wanted = f"{RECORDS[0 if between else 1]}:"
    asked = [result for name, result in results.items() if name.startswith(wanted)]
    decisions = decide(standing, asked)
    found = []
    for result in asked:
        function = result.call.function
        for one in result.estimates:
            if one.term == "":
                decision = decisions[(function, *one.key)]
                shown = at_level(one, decision.level)
                lost = results.get(name_of("attrition", one.outcome))
                known = facts(
                    study,
                    shown,
                    result,
                    lost,
                    planned=decision.planned,
                    rejected=decision.rejected,
                )
                found.append(Verdict(one, judge(known), result, shown))
    order = partial(_rank, study, questions)
    return tuple(sorted(found, key=lambda verdict: order(verdict.result, verdict.estimate)))


def _levels(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """The level at which arms are compared by outcome: the highest, where there are several."""
    levels: dict[str, float] = {}
    for verdict in verdicts:
        if verdict.between:
            name = verdict.estimate.outcome
            levels[name] = max(levels.get(name, 0.0), verdict.shown.level)
    return levels


def _rank(
    study: Study, questions: Sequence[Question], result: Result, one: Estimate
) -> tuple[int, int, int]:
    """The primary question first, then planned ones, then the rest: last wave of each first."""
    asked = [place for place, question in enumerate(questions) if _asks(question, result, one)]
    outcomes = [outcome.name for outcome in study.design.outcomes]
    waves = [wave.name for wave in study.design.waves]
    order = asked[0] if asked else len(questions) + outcomes.index(one.outcome)
    primary = any(questions[place].primary for place in asked)
    return (0 if primary else 1, order, -waves.index(one.wave))


def _primary(questions: Sequence[Question], verdict: Verdict) -> bool:
    asked = (question for question in questions if question.primary)
    return any(_asks(question, verdict.result, verdict.estimate) for question in asked)


def _asks(question: Question, result: Result, one: Estimate) -> bool:
    return question.asks(
        result.call.function,
        role=one.role,
        outcome=one.outcome,
        wave=one.wave,
        contrast=one.contrast,
    )
