"""Page one: the answer, how sure it is, what it rests on, and whether it was planned."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rmresearch.display.numbers import count, number
from rmresearch.evidence import at_level
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
from rmresearch.report.sections.common import frozen
from rmresearch.report.sections.outcomes import badges, precision
from rmresearch.report.words.phrases import fill, matters, range_of, signed, within

__all__ = ["answer"]

_text = partial(fill, "page_answer")
_fact = partial(fill, "page_fact")
_glance = partial(fill, "page_glance")
#: so many answers are told one by one where no question is primary
MOST = 6


def answer(found: Findings) -> Section:
    """What is the answer, how certain is the design, and how precise is the result?"""
    if not found.verdicts:
        reasons = found.why_not("compare_arms") or found.why_not("pre_post")
        listed = (Bullets(reasons),) if reasons else ()
        missing = Callout("missing", words.missing(*_needed(found)))
        return Section("answer", _text("title"), (missing, *listed))
    first = found.primary
    blocks = [_panel(found, first), *_basis(first)] if first is not None else _no_primary(found)
    note = Callout("note", _standing(found), _text("plan"))
    return Section("answer", _text("title"), (*blocks, *_at_a_glance(found), note))


def _standing(found: Findings) -> str:
    """Whether it was planned: also what a record of one's own is worth."""
    said, *more = frozen(found.status)
    witness = [fill("page_plan", "clock")] if found.status.frozen else []
    return " ".join((said, *witness, *more))


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
    sentence, *rest = words.sentences(verdict.shown, verdict.evidence, design, expected=expected)
    course = words.course(found.until(verdict), design) if verdict.between else ""
    return Answer(
        question=_question(found, verdict),
        sentence=sentence,
        detail=" ".join([*rest, course]).strip(),
        badges=badges(verdict),
        facts=tuple(_facts(found, verdict)),
    )


def _basis(*verdicts: Verdict) -> list[Block]:
    """What the design can carry; the precision only where all of these results share it."""
    evidence = verdicts[0].evidence
    several = len({one.evidence.precision for one in verdicts}) > 1
    certainty = words.certainty(evidence, several=several)
    rests = (certainty, words.maryland(evidence), words.clearinghouse(evidence))
    return [Paragraph(_text("basis"), "lead"), Bullets(rests)]


def _no_primary(found: Findings) -> list[Block]:
    """Without an answer to a primary question no other is picked out (rule E9)."""
    design, last = found.study.design, _last(found)
    said = [words.headline(v.shown, v.evidence, design) for v in last[:MOST]]
    text = _why_none(found, len(last))
    if len(last) > MOST:
        return [Callout("caution", _text("side_by_side", why=text)), *_basis(*last)]
    return [Callout("caution", text), Bullets(tuple(said)), *_basis(*last)]


def _why_none(found: Findings, others: int) -> str:
    """Why no answer opens the report: nobody asked, or what was asked has no answer."""
    planned = found.plan.questions if found.plan else ()
    questions = found.status.questions if found.status.frozen else planned
    asked = next((question for question in questions if question.primary), None)
    if asked is not None:
        return _text("other_kind" if found.answers(asked) else "no_answer", question=asked.id)
    return _text("none_picked", answers=others) if others > 1 else _text("not_asked")


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
    return _text("primary", question=why)


def _facts(found: Findings, verdict: Verdict) -> list[Fact]:
    one, outcome = verdict.shown, found.study.design.outcome(verdict.estimate.outcome)
    name = "difference" if verdict.between else "change"
    facts = [Fact(_fact(name), signed(outcome, one), within(outcome, one))]
    if outcome.smallest_effect is not None:
        facts.append(Fact(_fact("smallest"), matters(outcome), _fact("declared")))
    size = verdict.beside("standardised")
    if size is not None and size.value is not None:
        # at the answer's own level: else this one could seem to decide otherwise
        size = at_level(size, one.level)
        detail = range_of(size, decimals=2)
        if (
            verdict.between
            and one.excludes_zero
            and size.low is not None
            and not size.excludes_zero
        ):
            detail = _fact("wider", interval=detail)
        value = number(size.value, decimals=2, signed=True)
        facts.append(Fact(_fact("standardised"), value, detail))
    key = "cluster" if one.n_clusters == 1 else "clusters"
    apart = _fact(key, clusters=count(one.n_clusters))
    facts.append(Fact(_fact("people"), count(one.n_people), apart))
    return facts


def _at_a_glance(found: Findings) -> list[Block]:
    """Every planned answer in one row of one table, whatever it says (rule E9).

    The sentence on each stands with its outcome.
    """
    planned = [v for v in found.verdicts if v.evidence.facts.planned]
    if len(planned) < 2:
        return []
    order = [one.outcome for one in (found.plan.questions if found.plan else ())]
    planned.sort(key=lambda v: (v is not found.primary, _place(order, v.estimate.outcome)))
    what = "difference" if planned[0].between else "change"
    heads = ("outcome", "who", what, "interval", "result", "certainty")
    waves = {v.estimate.wave for v in planned}
    wave = found.labels[planned[0].estimate.wave]
    table = TableBlock(
        caption=_glance("caption_wave", wave=wave) if len(waves) == 1 else _glance("caption"),
        columns=tuple(Column(_glance(h), numeric=h in {what, "interval"}) for h in heads),
        rows=tuple(_row(found, one, len(waves) > 1) for one in planned),
        note=_glance("note"),
    )
    return [table]


def _place(order: Sequence[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def _row(found: Findings, verdict: Verdict, told: bool) -> tuple[str, ...]:
    one, outcome = verdict.shown, found.study.design.outcome(verdict.estimate.outcome)
    first = verdict is found.primary
    name = _glance("primary", outcome=outcome.label) if first else outcome.label
    return (
        _glance("wave", outcome=name, wave=found.labels[one.wave]) if told else name,
        found.labels.get(one.role, one.role),
        signed(outcome, one),
        within(outcome, one, cell=True),
        precision(verdict),
        fill("certainty", verdict.evidence.certainty.word),
    )
