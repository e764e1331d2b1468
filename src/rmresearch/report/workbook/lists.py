"""The sheets that are not tables of the report: every estimate, checks, who was left out, codes."""

from __future__ import annotations

from collections.abc import Mapping

from rmresearch.display.numbers import MINUS, NOTHING
from rmresearch.privacy import Release
from rmresearch.privacy.judged import ReleasedVerdict
from rmresearch.privacy.release import ReleasedEstimate
from rmresearch.privacy.terms import IN_POINTS, OF_PEOPLE, SHARES
from rmresearch.report.findings import in_words, labels_of
from rmresearch.report.leadership.verdicts import precise
from rmresearch.report.words.phrases import capital, catalogue, fill, plural
from rmresearch.report.workbook.cells import Cell, Column, Sheet, form_of, hidden, number, text
from rmresearch.report.workbook.tables import about
from rmresearch.study import Design, Outcome

__all__ = ["answers", "checks", "codebook", "dropped", "estimates", "is_share"]

RECORD = "record_of"


def answers(released: Release, design: Design) -> Sheet:
    """Each question's answer at the level that decides it, with its certainty."""
    heads = (
        Column("Outcome", widest=34),
        *(Column(head, widest=26) for head in ("Level of results", "Who", "Survey", "Comparison")),
        *(Column(head, numeric=True) for head in ("Value", "From", "To", "Level")),
        Column("Smallest difference that matters", numeric=True),
        Column("People", numeric=True),
        *(Column(head, widest=30) for head in ("Certainty of the design", "Result")),
    )
    labels = labels_of(design)
    rows = tuple(_answer(one, design, labels) for one in released.verdicts)
    return _sheet("answers", heads, rows)


def _answer(
    verdict: ReleasedVerdict, design: Design, labels: Mapping[str, str]
) -> tuple[Cell, ...]:
    words, one, judgement = catalogue(), verdict.estimate, verdict.judgement
    outcome, share = design.outcome(one.outcome), is_share(one, design)
    kept = one.hidden or judgement is None
    form = form_of((one.value, one.low, one.high), share=share)
    numbers = [number(value, form) for value in (one.value, one.low, one.high)]
    smallest = outcome.smallest_effect
    single = not one.result.startswith("compare_arms")
    told = [hidden()] * 2 if judgement is None else [
        text(words["certainty"][judgement.certainty]),
        text(precise(judgement, single)),
    ]  # fmt: skip
    return (
        text(outcome.label),
        text(words["workbook_level"][str(outcome.kirkpatrick)]),
        text(labels.get(one.role) or capital(words["role"].get(one.role, one.role))),
        text(labels.get(one.wave, one.wave) or NOTHING),
        text(labels.get(one.contrast) or _against(one.contrast) or NOTHING),
        *([hidden()] * 4 if kept else [*numbers, _level(one)]),
        number(smallest, form_of((smallest,), share=share)),
        hidden() if kept else number(one.n_people, "#,##0"),
        *told,
    )


def estimates(released: Release, design: Design) -> Sheet:
    """Every estimate of the release, in the study's names."""
    heads = (
        *(Column(head, widest=22) for head in ("Question", "Outcome", "Who", "Survey")),
        *(Column(head, widest=22) for head in ("Comparison", "Group")),
        Column("Quantity", widest=34),
        *(Column(head, numeric=True) for head in ("Value", "From", "To", "Level")),
        *(Column(head, numeric=True) for head in ("People", "Pairs", "Independent units")),
        Column("About", widest=40),
    )
    labels = labels_of(design)
    rows = tuple(_estimate(one, design, labels) for one in released.estimates)
    return _sheet("estimates", heads, rows)


def _estimate(one: ReleasedEstimate, design: Design, labels: Mapping[str, str]) -> tuple[Cell, ...]:
    words = catalogue()
    question = one.result.partition(":")[0]
    outcome = labels.get(one.outcome) or about(one.result, labels)
    term = words["workbook_term"].get(one.term or RECORD, one.term.replace("-", " "))
    form = form_of((one.value, one.low, one.high), share=is_share(one, design))
    counts = (one.n_people, one.n_pairs, one.n_clusters)
    numbers = [number(value, form) for value in (one.value, one.low, one.high)]
    level = _level(one)
    return (
        text(words["workbook_question"].get(question, question.replace("_", " "))),
        text(outcome or NOTHING),
        text(labels.get(one.role) or capital(words["role"].get(one.role, one.role))),
        text(labels.get(one.wave, one.wave) or NOTHING),
        text(labels.get(one.contrast) or _against(one.contrast) or NOTHING),
        text(labels.get(one.group, one.group) or NOTHING),
        text(capital(term)),
        *([hidden()] * 3 if one.hidden else numbers),
        number(None, "") if one.hidden else level,
        *([hidden()] * 3 if one.hidden else [number(count, "#,##0") for count in counts]),
        text(capital(one.estimand) or NOTHING),
    )


def _level(one: ReleasedEstimate) -> Cell:
    """The level of an interval, if there is one."""
    whole = round(100 * one.level, 1).is_integer()
    ends = one.low is not None or one.high is not None
    return number(one.level if ends else None, "0%" if whole else "0.0%")


def _against(contrast: str) -> str:
    """A comparison that the study has no names for."""
    return capital(contrast.replace(" - ", f" {MINUS} "))


def is_share(one: ReleasedEstimate, design: Design) -> bool:
    """Whether an estimate is a share of people, or a difference of shares."""
    function = one.result.partition(":")[0]
    binary = any(o.name == one.outcome and o.kind == "binary" for o in design.outcomes)
    known = any(o.name == one.outcome for o in design.outcomes)
    if one.term in SHARES or (function in OF_PEOPLE and one.term == "" and not one.contrast):
        return True
    if function == "workforce_outcomes" and one.term == "" and not known:
        return True
    return binary and one.term in IN_POINTS


def checks(released: Release, design: Design) -> Sheet:
    """What was looked at in each analysis, and whether it holds."""
    words, labels = catalogue()["workbook_question"], labels_of(design)
    told = catalogue()["workbook_check"]
    rows = tuple(
        (
            text(words.get(result.partition(":")[0], result.partition(":")[0])),
            text(about(result, labels) or NOTHING),
            text(capital(told.get(name, name))),
            text("yes" if passed else "no"),
        )
        for result, name, passed in dict.fromkeys(released.checks)
    )
    return _sheet("checks", tuple(map(Column, ("Question", "About", "Check", "Holds"))), rows)


def dropped(released: Release, design: Design) -> Sheet:
    """Who or what did not enter an analysis."""
    words, labels = catalogue()["workbook_question"], labels_of(design)
    heads = (Column("Question"), Column("About"), Column("Reason"), Column("People", numeric=True))
    rows = tuple(
        (
            text(words.get(result.partition(":")[0], result.partition(":")[0])),
            text(about(result, labels) or NOTHING),
            text(capital(in_words(reason, labels))),
            number(people, "#,##0"),
        )
        for result, reason, people in released.dropped
    )
    return _sheet("dropped", heads, rows)


def codebook(released: Release, design: Design) -> tuple[Sheet, ...]:
    """What was measured, when and among whom, and what the quantities are."""
    return _outcomes(design), _occasions(design), _terms(released), _methods(released), _glossary()


def _outcomes(design: Design) -> Sheet:
    heads = (
        Column("Outcome", widest=30),
        *(Column(head, widest=22) for head in ("Code", "Who", "Kind", "Items", "Turned round")),
        *(Column(head, numeric=True) for head in ("Lowest", "Highest")),
        *(Column(head, widest=18) for head in ("Unit", "Direction")),
        Column("Smallest difference that matters", numeric=True),
        *(Column(head, widest=22) for head in ("Kirkpatrick level", "Rated by", "Asked at")),
    )
    return _sheet("outcomes", heads, tuple(_outcome(one, design) for one in design.outcomes))


def _outcome(one: Outcome, design: Design) -> tuple[Cell, ...]:
    words, labels = catalogue(), labels_of(design)
    share = one.kind == "binary"
    bounds = form_of((one.low, one.high))
    return (
        text(one.label),
        text(one.name),
        text(labels.get(one.role) or capital(words["role"][one.role])),
        text(words["workbook_kind"][one.kind]),
        text(", ".join(one.items)),
        text(", ".join(sorted(one.reverse)) or NOTHING),
        number(one.low, bounds),
        number(one.high, bounds),
        text(words["unit"]["share"] if share else one.unit),
        text(words["workbook_code"]["higher" if one.direction == 1 else "lower"]),
        number(one.smallest_effect, form_of((one.smallest_effect,), share=share)),
        text(words["workbook_level"][str(one.kirkpatrick)]),
        text(words["workbook_source"][one.source]),
        text(", ".join(labels[wave] for wave in one.waves or [w.name for w in design.waves])),
    )


def _occasions(design: Design) -> Sheet:
    words = catalogue()["workbook_code"]
    waves = [
        (words["survey"], wave.label, wave.name, words["baseline"])
        if wave.baseline
        else (words["survey"], wave.label, wave.name, _months(wave.months))
        for wave in design.waves
    ]
    arms = [
        (words["group"], a.label, a.name, words["programme" if a.programme else "comparison"])
        for a in design.arms
    ]
    roles = [
        (words["role"], capital(plural(label)), role, NOTHING) for role, label in design.role_labels
    ]
    heads = tuple(map(Column, ("What", "Name", "Code", "Meaning")))
    return _sheet("design", heads, tuple(tuple(map(text, row)) for row in (*waves, *arms, *roles)))


def _months(months: float) -> str:
    return fill("workbook_code", "follow_up", months=f"{months:g}")


def _terms(released: Release) -> Sheet:
    words = catalogue()["workbook_term"]
    there = sorted({one.term for one in released.estimates})
    rows = tuple(
        (text(capital(words.get(one or RECORD, one.replace("-", " ")))), text(one or NOTHING))
        for one in there
    )
    return _sheet("terms", (Column("Quantity"), Column("Code")), rows)


def _methods(released: Release) -> Sheet:
    """How each quantity was computed, once for all outcomes."""
    words = catalogue()
    rows = dict.fromkeys(
        (
            words["workbook_question"].get(one.result.partition(":")[0], one.result),
            capital(words["workbook_term"].get(one.term or RECORD, one.term)),
            capital(one.method),
        )
        for one in released.estimates
        if one.method
    )
    heads = (Column("Question", widest=34), Column("Quantity"), Column("Method"))
    return _sheet("methods", heads, tuple(tuple(map(text, row)) for row in rows))


def _glossary() -> Sheet:
    rows = tuple(
        (text(word), text(said)) for word, said in catalogue()["workbook_glossary"].items()
    )
    return _sheet("glossary", (Column("Word"), Column("Meaning")), rows)


def _sheet(name: str, heads: tuple[Column, ...], rows: tuple[tuple[Cell, ...], ...]) -> Sheet:
    words = catalogue()
    tab, title = words["workbook_sheet"][name], words["workbook_title"][name]
    return Sheet(tab, title, heads, rows, words["workbook_note"].get(name, ""))
