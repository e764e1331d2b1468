"""What the report stands on: the plan and its changes, the methods, the files it was made from."""

from __future__ import annotations

from functools import partial

from rmresearch.plan import Question
from rmresearch.privacy import Release
from rmresearch.report.blocks import (
    Block,
    Bullets,
    Callout,
    Column,
    Definitions,
    Details,
    Paragraph,
    Section,
    Subsection,
    TableBlock,
)
from rmresearch.report.findings import Findings, in_words
from rmresearch.report.sections.cited import cited, versions
from rmresearch.report.sections.common import checked, frozen, independence
from rmresearch.report.sections.receipt import receipt
from rmresearch.report.sections.references import REFERENCES
from rmresearch.report.words.phrases import catalogue, fill, kept_back
from rmresearch.result import Check

__all__ = ["methods", "plan", "provenance"]

#: words whose meaning stands above how it was computed
READ = ("certainty", "interval", "standardised", "cluster")
_plan = partial(fill, "page_plan")
_text = partial(fill, "page_methods")
_head = partial(fill, "page_methods_head")
_file = partial(fill, "page_provenance")


def plan(found: Findings) -> Section:
    """Was it planned, and what has changed since?"""
    status = found.status
    blocks: list[Block] = [Paragraph(" ".join(frozen(status)))]
    if found.plan is not None:
        blocks.append(_questions(found))
        open_questions = [
            _unanswered(found, one) for one in found.plan.questions if not found.answers(one)
        ]
        if open_questions:
            blocks.append(Subsection(_plan("open"), (Bullets(tuple(open_questions)),)))
    if status.frozen:
        told = status.deviations or (_plan("none"),)
        blocks.append(Subsection(_plan("deviations"), (Bullets(tuple(told)),), "deviations"))
        blocks.append(Definitions(((_plan("hash"), status.hash),)))
    else:
        blocks.append(Callout("note", _plan("freeze")))
    return Section("plan", _plan("title"), tuple(blocks))


def _questions(found: Findings) -> TableBlock:
    questions = found.plan.questions if found.plan else ()
    heads = ("question", "role", "outcome", "wave", "contrast", "population", "why")
    columns = tuple(Column(_plan(head), numeric=False) for head in heads)
    return TableBlock(_plan("questions"), columns, tuple(_row(found, one) for one in questions))


def _row(found: Findings, one: Question) -> tuple[str, ...]:
    labels = found.labels
    name = _plan("primary", question=one.id) if one.primary else one.id
    outcome = labels.get(one.outcome, one.outcome)
    if one.junior_outcome:
        junior = labels.get(one.junior_outcome, one.junior_outcome)
        outcome = _plan("both", outcome=outcome, other=junior)
    if one.by:
        outcome = _plan("by", outcome=outcome, feature=one.by.replace("_", " "))
    return (
        name,
        labels.get(one.role, one.role),
        outcome,
        labels.get(one.wave, one.wave),
        labels.get(one.contrast, one.contrast),
        fill("page_population", one.population),
        one.why,
    )


def _unanswered(found: Findings, question: Question) -> str:
    if not question.as_computed:
        key = "otherwise"
    elif question.analysis == "pre_post" and any(verdict.between for verdict in found.verdicts):
        key = "beside"
    else:
        key = "impossible"
    return _plan(key, question=question.id)


def methods(found: Findings) -> Section:
    """How was it computed, and what does it assume?"""
    adaptations = [
        _text("adaptation", day=one.day.isoformat(), what=one.what)
        for one in found.study.design.adaptations
    ]
    reading = tuple((_head(word), _text(word)) for word in READ)
    blocks: list[Block] = [Definitions(reading), Definitions(_computed(found))]
    if adaptations:
        blocks.append(Subsection(_head("adaptations"), (Bullets(tuple(adaptations)),)))
    blocks.append(receipt(found))
    blocks.append(Subsection(_head("cited"), (Paragraph(cited(found), "copy"),), "cited"))
    checks = _checks(found)
    if checks:
        blocks.append(Details(_head("checks"), (checked(found, checks),)))
    blocks.append(Details(_head("references"), (Bullets(tuple(REFERENCES.values())),)))
    return Section("methods", _head("title"), tuple(blocks))


def _computed(found: Findings) -> tuple[tuple[str, str], ...]:
    """What was estimated of whom and how, a line each."""
    used = dict.fromkeys(v.estimate.method for v in found.verdicts if v.estimate.method)
    single = any(verdict.evidence.facts.single_group for verdict in found.verdicts)
    together = any(verdict.together for verdict in found.verdicts)
    of = "change" if single else "arms"
    said = {
        "estimand": _text(f"{of}_adapted" if found.study.design.adaptations else of),
        "independence": independence(found.study),
        "estimator": catalogue()["phrase"]["semicolon"].join(used) or _text("no_estimator"),
        "intervals": _text("intervals_together" if together else "intervals"),
        "several": _text("several"),
        "missing": _text("missing_together" if together else "missing"),
        "few": _text("few"),
    }
    return tuple((_head(name), text) for name, text in said.items())


def _checks(found: Findings) -> tuple[Check, ...]:
    failed = [
        check for result in found.results.values() for check in result.checks if not check.passed
    ]
    return tuple(dict.fromkeys(failed))


def provenance(found: Findings, released: Release) -> Section:
    """Which files, which versions, and what may leave?"""
    design = found.study.design
    said = {
        "study": _file("named", title=design.title, name=design.name),
        "data": _file("synthetic" if design.synthetic else "real"),
        "versions": catalogue()["phrase"]["comma"].join(f"{n} {v}" for n, v in versions()),
    }
    files = TableBlock(
        _file("files"),
        (Column(_file("file"), numeric=False), Column(_file("hash"), numeric=False)),
        tuple((name, digest) for name, digest in found.study.sources),
    )
    hidden = Bullets(tuple(kept_back(text) for text in released.hidden))
    blocks: list[Block] = [
        Definitions(tuple((_file(name), text) for name, text in said.items())),
        files,
        Subsection(_file("leave"), (Paragraph(_file("released")), hidden), "release"),
    ]
    if found.study.notes:
        notes = Bullets(tuple(in_words(note, found.labels) for note in found.study.notes))
        blocks.append(Details(_file("notes"), (notes,)))
    return Section("provenance", _file("title"), tuple(blocks))
