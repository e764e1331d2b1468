"""What the report stands on: the plan and its changes, the methods, the files it was made from."""

from __future__ import annotations

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
from rmresearch.report.sections.common import checked
from rmresearch.report.sections.receipt import receipt
from rmresearch.report.sections.references import REFERENCES
from rmresearch.result import Check

__all__ = ["methods", "plan", "provenance"]

HOW_TO_READ = (
    (
        "Certainty",
        "What the design can carry, whatever came out. Strong: chance formed the groups and few "
        "were lost. Moderate: chance formed them but more were lost or people rated themselves, "
        "or they were alike before and adjusted for. Weak: it cannot tell what made a difference.",
    ),
    (
        "Interval",
        "The differences that the data are compatible with. A 95% interval misses the true "
        "difference in 5 of 100 such studies, if the assumptions hold.",
    ),
    (
        "In standard deviations",
        "The difference divided by how much people differ from each other, so that scales can be "
        "compared.",
    ),
    (
        "Cluster",
        "People who belong together, such as a pair, and so count once where precision is judged.",
    ),
)


def plan(found: Findings) -> Section:
    """Was it planned, and what has changed since?"""
    status = found.status
    blocks: list[Block] = [Paragraph(" ".join(status.in_short))]
    if found.plan is not None:
        blocks.append(_questions(found))
        open_questions = [
            _unanswered(found, one) for one in found.plan.questions if not found.answers(one)
        ]
        if open_questions:
            blocks.append(Subsection("Asked, but not answered", (Bullets(tuple(open_questions)),)))
    if status.frozen:
        told = status.deviations or ("None.",)
        blocks.append(Subsection("Deviations", (Bullets(tuple(told)),), "deviations"))
        blocks.append(Definitions((("Plan, SHA-256", status.hash),)))
    else:
        fix = "Write the questions into plan.toml and freeze them with rmresearch plan freeze."
        blocks.append(Callout("note", fix))
    return Section("plan", "Plan and deviations", tuple(blocks))


def _questions(found: Findings) -> TableBlock:
    questions = found.plan.questions if found.plan else ()
    heads = ("Question", "Asked of", "Outcome", "When", "Contrast", "Population", "Why")
    rows = tuple(_row(found, one) for one in questions)
    return TableBlock("Questions", tuple(Column(h, numeric=False) for h in heads), rows)


def _row(found: Findings, one: Question) -> tuple[str, ...]:
    labels = found.labels
    name = f"{one.id} (primary)" if one.primary else one.id
    outcome = labels.get(one.outcome, one.outcome)
    if one.junior_outcome:
        outcome += f", with {labels.get(one.junior_outcome, one.junior_outcome)}"
    if one.by:
        outcome += f", by {one.by.replace('_', ' ')}"
    return (
        name,
        labels.get(one.role, one.role),
        outcome,
        labels.get(one.wave, one.wave),
        labels.get(one.contrast, one.contrast),
        one.population.replace("-", " "),
        one.why,
    )


def _unanswered(found: Findings, question: Question) -> str:
    if not question.as_computed:
        return (
            f"{question.id}: it asks about another population, or treats people otherwise, than "
            "everyone assigned, as assigned; that is not computed yet."
        )
    if question.analysis == "pre_post" and any(verdict.between for verdict in found.verdicts):
        return (
            f"{question.id}: arms are compared, so the change within an arm stands beside the "
            "comparison and nothing is decided about it. It still counts in Holm's correction."
        )
    return f"{question.id}: the data or the design do not allow it; its section says why."


def methods(found: Findings) -> Section:
    """How was it computed, and what does it assume?"""
    design = found.study.design
    used = dict.fromkeys(one.method for v in found.verdicts for one in (v.estimate,) if one.method)
    adaptations = [f"{one.day.isoformat()}: {one.what}" for one in design.adaptations]
    estimand = "Everyone assigned is compared as assigned, whatever the meetings"
    if any(verdict.evidence.facts.single_group for verdict in found.verdicts):
        estimand = "The change of the people who answered both waves"
    if adaptations:
        estimand += "; the programme includes the adaptations made on its way"
    blocks: list[Block] = [
        Definitions(HOW_TO_READ),
        Definitions(
            (
                ("What is estimated", f"{estimand}."),
                ("Unit of independence", found.study.describe_cluster()),
                ("Estimator", "; ".join(used) or "none: nothing could be estimated"),
                (
                    "Intervals",
                    "t intervals from CR2 (bias-reduced, cluster-robust) standard errors with "
                    f"Satterthwaite degrees of freedom{_allowance(found)}; each is recomputed by "
                    "plain dense arithmetic, and the report stops if the two disagree.",
                ),
                (
                    "Several questions",
                    "Holm's correction over the questions of the frozen plan that ask for a "
                    "difference; the interval shown is at the level that matches the decision. "
                    "Comparisons of pairs that it asks for are a family of their own; all else is "
                    "exploratory.",
                ),
                (
                    "Missing answers",
                    f"Nobody's answers are made up for an answer: {_rests(found)}. Who is missing "
                    f"stands under Who left and Missing answers; weights, imputation, bounds and "
                    f"tipping points, under What the missing could change, decide nothing.",
                ),
                (
                    "Few clusters",
                    "No p-value below 10 clusters in an arm; no interval below 6 in all, 3 in an "
                    "arm, or where one holds more than a quarter of the people.",
                ),
            )
        ),
    ]
    if adaptations:
        blocks.append(Subsection("Adaptations on the way", (Bullets(tuple(adaptations)),)))
    blocks.append(receipt(found))
    blocks.append(Subsection("Methods, to be copied", (Paragraph(cited(found), "copy"),), "cited"))
    checks = _checks(found)
    if checks:
        table = checked(found, checks)
        blocks.append(Details("Every check that does not hold", (table,)))
    blocks.append(Details("References", (Bullets(tuple(REFERENCES.values())),)))
    return Section("methods", "Methods", tuple(blocks))


def _allowance(found: Findings) -> str:
    """What the errors of the model of all waves have beside CR2."""
    if not any(verdict.together for verdict in found.verdicts):
        return ""
    return (
        ", widened by what Kenward and Roger's adjustment adds because the model's weights are "
        "estimated"
    )


def _rests(found: Findings) -> str:
    """Whose answers an estimate of record rests on."""
    if not any(verdict.together for verdict in found.verdicts):
        return "an estimate rests on the people who answered before and at the wave"
    return (
        "whoever answered at any wave that counts is in the model of all waves, which lets who is "
        "missing hang on the answers given, the arm and the strata, but on nothing unseen; the "
        "analyses of one wave by itself rest on those who answered before and at it"
    )


def _checks(found: Findings) -> tuple[Check, ...]:
    failed = [
        check for result in found.results.values() for check in result.checks if not check.passed
    ]
    return tuple(dict.fromkeys(failed))


def provenance(found: Findings, released: Release) -> Section:
    """Which files, which versions, and what may leave?"""
    design = found.study.design
    items = [
        ("Study", f"{design.title} ({design.name})"),
        ("Data", "Synthetic: drawn by rmresearch, nobody real" if design.synthetic else "Real"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions())),
    ]
    files = TableBlock(
        "Files read",
        (Column("File", numeric=False), Column("SHA-256", numeric=False)),
        tuple((name, digest) for name, digest in found.study.sources),
    )
    leave = (
        "This page and results.json show everything and are internal. What the release rules let "
        "out, rounded, beside what was released before, is in released.json and the workbook made "
        "from it; whom it is about is written into the study's ledger. Left out of it:"
    )
    blocks: list[Block] = [
        Definitions(tuple(items)),
        files,
        Subsection("What may leave", (Paragraph(leave), Bullets(released.hidden)), "release"),
    ]
    if found.study.notes:
        notes = Bullets(tuple(in_words(note, found.labels) for note in found.study.notes))
        blocks.append(Details("What was noticed while reading the files", (notes,)))
    return Section("provenance", "Provenance", tuple(blocks))
