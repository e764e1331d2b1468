"""Page one: the answer, how sure it is, what it rests on, and whether it was planned."""

from __future__ import annotations

from rmresearch.report import words
from rmresearch.report.blocks import Answer, Block, Bullets, Callout, Fact, Paragraph, Section
from rmresearch.report.findings import Findings, Verdict
from rmresearch.report.numbers import count, interval, number, percent
from rmresearch.report.sections.outcomes import badges, unit_of

__all__ = ["answer"]


def answer(found: Findings) -> Section:
    """What is the answer, how certain is the design, and how precise is the result?"""
    verdict = found.headline
    if verdict is None:
        reasons = dict.fromkeys(found.refused.values())
        blocks: tuple[Block, ...] = (
            Callout("missing", words.missing("baseline", "follow_up")),
            Bullets(tuple(reasons)),
        )
        return Section("answer", "The answer", blocks)
    design = found.study.design
    expected = verdict.beside("expected-regression")
    whole = words.headline(verdict.shown, verdict.evidence, design, expected=expected)
    sentence, rest = words.first_sentence(whole)
    panel = Answer(
        question=_question(found, verdict),
        sentence=sentence,
        detail=rest,
        badges=badges(verdict),
        facts=tuple(_facts(found, verdict)),
    )
    rests = (words.certainty(verdict.evidence), words.maryland(verdict.evidence),
             words.clearinghouse(verdict.evidence))  # fmt: skip
    return Section(
        "answer",
        "The answer",
        (
            panel,
            Paragraph("What it rests on", "lead"),
            Bullets(rests),
            *_others(found, verdict),
            Callout("note", " ".join(found.status.sentences()), "The plan"),
        ),
    )


def _question(found: Findings, verdict: Verdict) -> str:
    questions = found.plan.questions if found.plan else ()
    primary = next((q for q in questions if q.primary), None)
    one, function = verdict.estimate, verdict.result.call.function
    if primary is not None and primary.asks(
        function, role=one.role, outcome=one.outcome, wave=one.wave, contrast=one.contrast
    ):
        return f"Primary question: {primary.why}"
    return "No plan names a primary question; the report opens with the first outcome."


def _facts(found: Findings, verdict: Verdict) -> list[Fact]:
    one, outcome = verdict.shown, found.study.design.outcome(verdict.estimate.outcome)
    name = "Adjusted difference" if verdict.between else "Mean change"
    value = number(one.value, unit=unit_of(outcome), signed=True)
    facts = [Fact(name, value, f"{percent(one.level)} interval {interval(one.low, one.high)}")]
    if outcome.kind == "binary":
        text = f"{number(100 * one.value, signed=True)} percentage points" if one.value else "–"
        facts = [Fact(name, text, interval(one.low, one.high, share=True))]
    smallest = outcome.smallest_effect
    if smallest is not None:
        facts.append(Fact("Smallest that matters", number(smallest, unit=unit_of(outcome))))
    size = verdict.beside("standardised")
    if size is not None and size.value is not None:
        detail = interval(size.low, size.high)
        facts.append(Fact("In standard deviations", number(size.value, signed=True), detail))
    detail = f"{count(one.n_clusters)} independent clusters"
    facts.append(Fact("People analysed", count(one.n_people), detail))
    return facts


def _others(found: Findings, verdict: Verdict) -> list[Block]:
    """The other planned answers, a sentence each, as prominent as the first (rule E9)."""
    planned = [v for v in found.verdicts if v.evidence.facts.planned and v is not verdict]
    if not planned:
        return []
    design = found.study.design
    said = tuple(words.headline(v.shown, v.evidence, design) for v in planned)
    return [Paragraph("The other planned questions", "lead"), Bullets(said)]
