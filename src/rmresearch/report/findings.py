"""Everything one evaluation found: the results by name, what was refused, and the verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rmresearch.evidence import TESTED, Evidence, at_level
from rmresearch.plan import Plan, PlanStatus, Question
from rmresearch.report.words.phrases import called, capital, fill, plural
from rmresearch.result import Estimate, Result
from rmresearch.study import Design, Outcome, Study

__all__ = ["Findings", "Verdict", "in_words", "labels_of"]


#: a word that only a code looks like: it holds a digit or an underscore
_CODE = re.compile(r"\b\w*[\d_]\w*\b")
_WAVE = re.compile(r"\bwave (\w+)\b")
_WAVES = re.compile(r"(?<=[Ww]aves with answers: )[^.;)]+")


def in_words(text: str, labels: Mapping[str, str]) -> str:
    """A check's or a reason's text with the study's names in place of its codes.

    Codes are known by where they stand (before the colon, between commas) or by their look
    (month3, digital_skill); a code that is an ordinary word elsewhere in the text stays.

    >>> in_words("senior mentee, a - b at w1: too few at w1", {"a - b": "A − B", "w1": "Month 1"})
    'senior mentee, A − B at Month 1: too few at Month 1'
    """
    text = ". ".join(_head_in_words(sentence, labels) for sentence in text.split(". "))
    text = _WAVE.sub(
        lambda wave: f"wave “{labels[wave[1]]}”" if wave[1] in labels else wave[0], text
    )
    text = _WAVES.sub(
        lambda waves: ", ".join(labels.get(one, one) for one in waves[0].split(", ")), text
    )
    return _CODE.sub(lambda code: labels.get(code.group(), code.group()), text)


def _head_in_words(sentence: str, labels: Mapping[str, str]) -> str:
    """What stands before a sentence's colon, by its names."""
    head, colon, rest = sentence.partition(": ")
    if not colon:
        return sentence
    parts = [part.split(" at ") for part in head.split(", ")]
    named = ", ".join(" at ".join(labels.get(one, one) for one in part) for part in parts)
    return named + colon + rest


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """An estimate of record with what its design can support, and the result it stands in.

    ``shown`` is the estimate at the interval level that matches the decision about its question
    (Holm over the plan's family); outside a frozen plan it is the estimate itself.
    """

    estimate: Estimate
    evidence: Evidence
    result: Result
    shown: Estimate

    @property
    def between(self) -> bool:
        """Whether arms are compared (else: one group's change)."""
        return self.result.call.function == "compare_arms"

    @property
    def together(self) -> bool:
        """Whether the estimate of record comes from one model of all waves."""
        return self.beside("ancova") is not None or self.beside("cr2") is not None

    def beside(self, term: str) -> Estimate | None:
        """The estimate of another term about the same people, wave and contrast."""
        one = self.estimate
        for other in self.result.estimates:
            same = (other.role, other.wave, other.contrast, other.group)
            if other.term == term and same == (one.role, one.wave, one.contrast, one.group):
                return other
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What the questions gave. ``results`` and ``refused`` are named "function:outcome".

    ``primary`` is the verdict on the plan's primary question (frozen or not), if it has one; then
    it is also the first of ``verdicts``.
    """

    study: Study
    plan: Plan | None
    status: PlanStatus
    results: Mapping[str, Result]
    refused: Mapping[str, str]
    verdicts: tuple[Verdict, ...]
    primary: Verdict | None = None

    def result(self, function: str, outcome: str = "") -> Result | None:
        """The answer of an analysis, or None where it was not asked or was refused."""
        return self.results.get(name_of(function, outcome))

    def of(self, function: str) -> Iterator[tuple[Outcome, Result]]:
        """Each outcome's answer of one analysis, in the order of the codebook."""
        for outcome in self.study.design.outcomes:
            found = self.result(function, outcome.name)
            if found is not None:
                yield outcome, found

    def every(self, function: str) -> tuple[Result, ...]:
        """All answers of an analysis, in the order in which they were asked."""
        return tuple(r for name, r in self.results.items() if name.split(":")[0] == function)

    def why_not(self, function: str, outcome: str | None = None) -> tuple[str, ...]:
        """Why an analysis gave no answer (about that outcome; "": about none), each reason once.

        In the study's own names.
        """
        labels = self.labels
        reasons = [
            capital(in_words(text, labels))
            for name, text in self.refused.items()
            if (name.split(":")[0] if outcome is None else name)
            == (function if outcome is None else name_of(function, outcome))
        ]
        return tuple(dict.fromkeys(reasons))

    def answers(self, question: Question) -> bool:
        """Whether anything answers a question of the plan: a difference needs a verdict on it."""
        if question.analysis in TESTED:
            told = [(verdict.result, verdict.estimate) for verdict in self.verdicts]
        else:
            told = [(result, one) for result in self.results.values() for one in result.estimates]
        return any(_asked(question, result, one) for result, one in told)

    def planned(self, result: Result, one: Estimate) -> bool:
        """Whether a frozen question that still stands asks for an estimate of a result."""
        return any(_asked(question, result, one) for question in self.status.questions)

    def until(self, verdict: Verdict) -> tuple[Estimate, ...]:
        """The estimates of one contrast in the order of waves, up to the verdict's own.

        All at its interval level: else one wave could seem to differ from another by that alone.
        """
        one = verdict.estimate
        key = (one.role, one.outcome, one.contrast, one.group)
        waves = [wave.name for wave in self.study.design.waves]
        same = [
            at_level(other.estimate, verdict.shown.level)
            for other in self.verdicts
            if (e := other.estimate) is not None
            and (e.role, e.outcome, e.contrast, e.group) == key
            and waves.index(e.wave) <= waves.index(one.wave)
        ]
        return tuple(sorted(same, key=lambda other: waves.index(other.wave)))

    @property
    def headline(self) -> Verdict | None:
        """The verdict that the report opens with: the primary question's, or the first one."""
        return self.verdicts[0] if self.verdicts else None

    @property
    def labels(self) -> Mapping[str, str]:
        """Names as reports write them: arms, waves, outcomes, roles and contrasts."""
        return labels_of(self.study.design)


def _asked(question: Question, result: Result, one: Estimate) -> bool:
    """Whether a question is the one that an estimate answers, of the pairs or match it names."""
    call = dict(result.call.arguments)
    if question.junior_outcome not in {"", call.get("junior_outcome")}:
        return False
    if question.analysis == "match_quality" and question.by not in {"", one.group}:
        return False
    return question.asks(
        result.call.function,
        role=one.role,
        outcome=one.outcome,
        wave=one.wave,
        contrast=one.contrast,
    )


def name_of(function: str, outcome: str = "") -> str:
    """How a result is named in results.json."""
    return f"{function}:{outcome}" if outcome else function


def labels_of(design: Design) -> Mapping[str, str]:
    """A study's names as reports write them: arms, waves, outcomes, roles and contrasts."""
    arms = {arm.name: arm.label for arm in design.arms}
    waves = {wave.name: wave.label for wave in design.waves}
    named = {outcome.name: outcome.label for outcome in design.outcomes}
    roles = {role: capital(plural(called(design, role))) for role in ("senior", "junior")}
    pairs = {
        f"{one} - {other}": fill("phrase", "contrast", first=first, second=second)
        for names in (arms, waves)
        for one, first in names.items()
        for other, second in names.items()
    }
    samples = {f"analysed at {n}": fill("sample", "analysed", wave=w) for n, w in waves.items()}
    samples["everyone assigned"] = fill("sample", "assigned")
    return {**roles, **named, **waves, **arms, **pairs, **samples}
