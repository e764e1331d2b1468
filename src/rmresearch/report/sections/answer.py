"""Page one: the answer, how sure it is, what it rests on, and whether it was planned."""

from __future__ import annotations

from collections.abc import Sequence

from rmresearch.display.numbers import count, number
from rmresearch.report import words
from rmresearch.report.blocks import (
    Answer,
    Block,
    Bullets,
    Callout,
    Column,
    Fact,
    Paragraph,
    Section,
    TableBlock,
)
from rmresearch.report.findings import Findings, Verdict
from rmresearch.report.sections.outcomes import badges, precision
from rmresearch.report.words.phrases import matters, range_of, signed, within
from rmresearch.result import Estimate
from rmresearch.study import Outcome

__all__ = ["answer"]

#: so many answers are told one by one where no question is primary
MOST = 6


def answer(found: Findings) -> Section:
    """What is the answer, how certain is the design, and how precise is the result?"""
    if not found.verdicts:
        reasons = found.why_not("compare_arms") or found.why_not("pre_post")
        listed = (Bullets(reasons),) if reasons else ()
        missing = Callout("missing", words.missing(*_needed(found)))
        return Section("answer", "The answer", (missing, *listed))
    first = found.primary
    blocks = [_panel(found, first), *_basis(first)] if first is not None else _no_primary(found)
    note = Callout("note", " ".join(found.status.sentences()), "The plan")
    return Section("answer", "The answer", (*blocks, *_at_a_glance(found), note))


def _needed(found: Findings) -> tuple[str, ...]:
    """What an answer would need that is not there, by its name in the catalogue."""
    study, design = found.study, found.study.design
    asked = {item for one in design.outcomes if one.kirkpatrick > 1 for item in one.items}
    rows = study.measures
    waves = set(rows.loc[rows["item"].isin(asked) & rows["value"].notna(), "wave"])
    before = design.baseline.name in waves
    after = any(wave.name in waves for wave in design.follow_ups)
    if before and after:
        return ("same_people",)
    return (*(() if before else ("baseline",)), *(() if after else ("follow_up",)))


def _panel(found: Findings, verdict: Verdict) -> Block:
    design = found.study.design
    expected = verdict.beside("expected-regression")
    whole = words.headline(verdict.shown, verdict.evidence, design, expected=expected)
    sentence, rest = words.first_sentence(whole)
    course = words.course(found.until(verdict), design) if verdict.between else ""
    return Answer(
        question=_question(found, verdict),
        sentence=sentence,
        detail=f"{rest} {course}".strip(),
        badges=badges(verdict),
        facts=tuple(_facts(found, verdict)),
    )


def _basis(*verdicts: Verdict) -> list[Block]:
    """What the design can carry; the precision only where all of these results share it."""
    evidence = verdicts[0].evidence
    several = len({one.evidence.precision for one in verdicts}) > 1
    certainty = words.certainty(evidence, several=several)
    rests = (certainty, words.maryland(evidence), words.clearinghouse(evidence))
    return [Paragraph("What it rests on", "lead"), Bullets(rests)]


def _no_primary(found: Findings) -> list[Block]:
    """Without an answer to a primary question no other is picked out (rule E9)."""
    design, last = found.study.design, _last(found)
    said = [words.headline(v.shown, v.evidence, design) for v in last[:MOST]]
    text = _why_none(found, len(last))
    if len(last) > MOST:
        return [Callout("caution", f"{text} They stand side by side under Outcomes."),
                *_basis(*last)]  # fmt: skip
    return [Callout("caution", text), Bullets(tuple(said)), *_basis(*last)]


def _why_none(found: Findings, others: int) -> str:
    """Why no answer opens the report: nobody asked, or what was asked has no answer."""
    planned = found.plan.questions if found.plan else ()
    questions = found.status.questions if found.status.frozen else planned
    asked = next((question for question in questions if question.primary), None)
    if asked is not None and found.answers(asked):
        return (
            f"The plan's primary question ({asked.id}) does not ask for a difference; what answers "
            f"it stands in its own section. No other answer takes its place."
        )
    if asked is not None:
        return (
            f"The plan's primary question ({asked.id}) has no answer; Plan and deviations says "
            f"why. No other answer takes its place."
        )
    if others > 1:
        return (
            f"No plan names a primary question, so none of the {others} answers at the last wave "
            f"is picked out."
        )
    return "No plan names a primary question, so the answer below was not asked for in advance."


def _last(found: Findings) -> list[Verdict]:
    """Each outcome's verdicts at its last wave."""
    waves = [wave.name for wave in found.study.design.waves]
    latest: dict[str, int] = {}
    for one in found.verdicts:
        name, place = one.estimate.outcome, waves.index(one.estimate.wave)
        latest[name] = max(latest.get(name, 0), place)
    return [v for v in found.verdicts if waves.index(v.estimate.wave) == latest[v.estimate.outcome]]


def _question(found: Findings, verdict: Verdict) -> str:
    """The primary question: as the plan puts it, or made from what it asks for."""
    questions = found.plan.questions if found.plan else ()
    why = next((q.why for q in questions if q.primary), "")
    if not why.endswith("?"):
        why = words.question(verdict.estimate, found.study.design, single=not verdict.between)
    return f"Primary question: {why}"


def _facts(found: Findings, verdict: Verdict) -> list[Fact]:
    one, outcome = verdict.shown, found.study.design.outcome(verdict.estimate.outcome)
    name = "Adjusted difference" if verdict.between else "Mean change"
    facts = [Fact(name, signed(outcome, one), within(outcome, one))]
    if outcome.smallest_effect is not None:
        facts.append(Fact("Smallest that matters", matters(outcome), "declared by the study"))
    size = verdict.beside("standardised")
    if size is not None and size.value is not None:
        detail = range_of(size, decimals=2)
        value = number(size.value, decimals=2, signed=True)
        facts.append(Fact("In standard deviations", value, detail))
    facts.append(Fact("People analysed", count(one.n_people), _independent(one.n_clusters)))
    return facts


def _independent(clusters: int) -> str:
    return f"{count(clusters)} independent {'cluster' if clusters == 1 else 'clusters'}"


def _at_a_glance(found: Findings) -> list[Block]:
    """Every planned answer in one row of one table, whatever it says (rule E9).

    The sentence on each stands with its outcome.
    """
    planned = [v for v in found.verdicts if v.evidence.facts.planned]
    if len(planned) < 2:
        return []
    order = [one.outcome for one in (found.plan.questions if found.plan else ())]
    planned.sort(key=lambda v: (v is not found.primary, _place(order, v.estimate.outcome)))
    heads = [Column(h, numeric=False) for h in ("Outcome", "Who")]
    what = "Difference" if planned[0].between else "Change"
    heads += [Column(what), Column("Interval")]
    heads += [Column(h, numeric=False) for h in ("Result", "Certainty")]
    waves = {v.estimate.wave for v in planned}
    when = f" at {found.labels[planned[0].estimate.wave]}" if len(waves) == 1 else ""
    table = TableBlock(
        caption=f"All planned questions{when}",
        columns=tuple(heads),
        rows=tuple(_row(found, one, len(waves) > 1) for one in planned),
        note="The more questions a plan asks, the wider their intervals (Holm's correction).",
    )
    return [table]


def _place(order: Sequence[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def _ends(outcome: Outcome, one: Estimate) -> str:
    """The interval with its level, for the column of that name."""
    return "–" if one.low is None else within(outcome, one).replace(" interval ", ": ")


def _row(found: Findings, verdict: Verdict, told: bool) -> tuple[str, ...]:
    one, outcome = verdict.shown, found.study.design.outcome(verdict.estimate.outcome)
    name = f"{outcome.label} (primary)" if verdict is found.primary else outcome.label
    return (
        f"{name}, {found.labels[one.wave]}" if told else name,
        found.labels.get(one.role, one.role),
        signed(outcome, one),
        _ends(outcome, one),
        precision(verdict),
        verdict.evidence.certainty.word,
    )
