"""Page one: the answer, how sure it is, what it rests on, and whether it was planned."""

from __future__ import annotations

from rmresearch.report import words
from rmresearch.report.blocks import Answer, Block, Bullets, Callout, Fact, Paragraph, Section
from rmresearch.report.findings import Findings, Verdict
from rmresearch.report.numbers import count, interval, number, percent
from rmresearch.report.sections.outcomes import badges, unit_of

__all__ = ["answer"]

#: so many answers are told one by one where no question is primary
MOST = 6


def answer(found: Findings) -> Section:
    """What is the answer, how certain is the design, and how precise is the result?"""
    if not found.verdicts:
        reasons = tuple(dict.fromkeys(found.refused.values()))
        listed = (Bullets(reasons),) if reasons else ()
        missing = Callout("missing", words.missing("baseline", "follow_up"))
        return Section("answer", "The answer", (missing, *listed))
    first = found.primary
    blocks = [_panel(found, first), *_basis(first)] if first is not None else _no_primary(found)
    note = Callout("note", " ".join(found.status.sentences()), "The plan")
    return Section("answer", "The answer", (*blocks, *_others(found), note))


def _panel(found: Findings, verdict: Verdict) -> Block:
    design = found.study.design
    expected = verdict.beside("expected-regression")
    whole = words.headline(verdict.shown, verdict.evidence, design, expected=expected)
    sentence, rest = words.first_sentence(whole)
    return Answer(
        question=_question(found),
        sentence=sentence,
        detail=rest,
        badges=badges(verdict),
        facts=tuple(_facts(found, verdict)),
    )


def _basis(verdict: Verdict) -> list[Block]:
    evidence = verdict.evidence
    rests = (words.certainty(evidence), words.maryland(evidence), words.clearinghouse(evidence))
    return [Paragraph("What it rests on", "lead"), Bullets(rests)]


def _no_primary(found: Findings) -> list[Block]:
    """No plan names the question that counts: no answer is picked out (rule E9)."""
    design, last = found.study.design, _last(found)
    said = [words.headline(v.shown, v.evidence, design) for v in last[:MOST]]
    text = (
        f"No plan names a primary question, so none of the {len(last)} answers at the last wave "
        f"is picked out."
    )
    if len(last) > MOST:
        return [Callout("caution", f"{text} They stand side by side under Outcomes."),
                *_basis(last[0])]  # fmt: skip
    return [Callout("caution", text), Bullets(tuple(said)), *_basis(last[0])]


def _last(found: Findings) -> list[Verdict]:
    """Each outcome's verdicts at its last wave."""
    waves = [wave.name for wave in found.study.design.waves]
    latest: dict[str, int] = {}
    for one in found.verdicts:
        name, place = one.estimate.outcome, waves.index(one.estimate.wave)
        latest[name] = max(latest.get(name, 0), place)
    return [v for v in found.verdicts if waves.index(v.estimate.wave) == latest[v.estimate.outcome]]


def _question(found: Findings) -> str:
    questions = found.plan.questions if found.plan else ()
    return next((f"Primary question: {q.why}" for q in questions if q.primary), "")


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


def _others(found: Findings) -> list[Block]:
    """The other planned answers, a sentence each, as prominent as the first (rule E9)."""
    first = found.primary
    planned = [v for v in found.verdicts if v.evidence.facts.planned and v is not first]
    if not planned:
        return []
    design = found.study.design
    said = tuple(words.headline(v.shown, v.evidence, design) for v in planned)
    return [Paragraph("The other planned questions", "lead"), Bullets(said)]
