"""The sheets that are not tables of the report: every estimate, checks, who was left out, codes."""

from __future__ import annotations

from collections.abc import Mapping

from rmresearch.display.numbers import NOTHING
from rmresearch.privacy import Release
from rmresearch.privacy.judged import ReleasedVerdict
from rmresearch.privacy.release import ReleasedEstimate
from rmresearch.privacy.terms import IN_POINTS, OF_PEOPLE, SHARES
from rmresearch.report.findings import in_words, labels_of
from rmresearch.report.leadership.verdicts import precise
from rmresearch.report.words.phrases import capital, catalogue, fill, plural
from rmresearch.report.workbook.cells import Cell, Column, Sheet, form_of, hidden, number, text
from rmresearch.report.workbook.said import (
    about,
    against,
    column,
    holds,
    label,
    quantity,
    question,
    who,
    worded,
)
from rmresearch.study import Design, Outcome

__all__ = ["answers", "checks", "codebook", "dropped", "estimates", "is_share"]


def answers(released: Release, design: Design) -> Sheet:
    """Each question's answer at the level that decides it, with its certainty."""
    heads = (
        *_columns("outcome", widest=34),
        *_columns("level_of_results", "who", "survey", "comparison", widest=26),
        *_columns("value", "from", "to", "level", "smallest", "people", numeric=True),
        *_columns("certainty", "result", widest=30),
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
        text(who(one.role, labels)),
        text(labels.get(one.wave, one.wave) or NOTHING),
        text(against(one.contrast, labels) or NOTHING),
        *([hidden()] * 4 if kept else [*numbers, _level(one)]),
        number(smallest, form_of((smallest,), share=share)),
        hidden() if kept else number(one.n_people, "#,##0"),
        *told,
    )


def estimates(released: Release, design: Design) -> Sheet:
    """Every estimate of the release, in the study's names."""
    heads = (
        *_columns("question", "outcome", "who", "survey", "comparison", "group", widest=22),
        *_columns("quantity", widest=34),
        *_columns("value", "from", "to", "level", "people", "pairs", "independent", numeric=True),
        *_columns("about", widest=40),
    )
    labels = labels_of(design)
    rows = tuple(_estimate(one, design, labels) for one in released.estimates)
    return _sheet("estimates", heads, rows)


def _estimate(one: ReleasedEstimate, design: Design, labels: Mapping[str, str]) -> tuple[Cell, ...]:
    outcome = labels.get(one.outcome) or about(one.result, labels)
    form = form_of((one.value, one.low, one.high), share=is_share(one, design))
    counts = (one.n_people, one.n_pairs, one.n_clusters)
    numbers = [number(value, form) for value in (one.value, one.low, one.high)]
    level = _level(one)
    return (
        text(question(one.result)),
        text(outcome or NOTHING),
        text(who(one.role, labels)),
        text(labels.get(one.wave, one.wave) or NOTHING),
        text(against(one.contrast, labels) or NOTHING),
        text(label(one.group, labels) or NOTHING),
        text(quantity(one.term)),
        *([hidden()] * 3 if one.hidden else numbers),
        number(None, "") if one.hidden else level,
        *([hidden()] * 3 if one.hidden else [number(count, "#,##0") for count in counts]),
        text(capital(worded("workbook_about", one.estimand)) or NOTHING),
    )


def _level(one: ReleasedEstimate) -> Cell:
    """The level of an interval, if there is one."""
    whole = round(100 * one.level, 1).is_integer()
    ends = one.low is not None or one.high is not None
    return number(one.level if ends else None, "0%" if whole else "0.0%")


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
    labels = labels_of(design)
    rows = tuple(
        (
            text(question(result)),
            text(about(result, labels) or NOTHING),
            text(capital(worded("workbook_check", name))),
            text(holds(passed)),
        )
        for result, name, passed in dict.fromkeys(released.checks)
    )
    return _sheet("checks", _columns("question", "about", "check", "holds"), rows)


def dropped(released: Release, design: Design) -> Sheet:
    """Who or what did not enter an analysis."""
    labels = labels_of(design)
    heads = (*_columns("question", "about", "reason"), *_columns("people", numeric=True))
    rows = tuple(
        (
            text(question(result)),
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
        *_columns("outcome", widest=30),
        *_columns("code", "who", "kind", "items", "reversed", widest=22),
        *_columns("lowest", "highest", numeric=True),
        *_columns("unit", "direction", widest=18),
        *_columns("smallest", numeric=True),
        *_columns("kirkpatrick", "rated_by", "asked_at", widest=22),
    )
    return _sheet("outcomes", heads, tuple(_outcome(one, design) for one in design.outcomes))


def _outcome(one: Outcome, design: Design) -> tuple[Cell, ...]:
    words, labels, comma = catalogue(), labels_of(design), fill("workbook", "comma")
    share = one.kind == "binary"
    bounds = form_of((one.low, one.high))
    return (
        text(one.label),
        text(one.name),
        text(who(one.role, labels)),
        text(words["workbook_kind"][one.kind]),
        text(comma.join(one.items)),
        text(comma.join(sorted(one.reverse)) or NOTHING),
        number(one.low, bounds),
        number(one.high, bounds),
        text(words["unit"]["share"] if share else one.unit),
        text(words["workbook_code"]["higher" if one.direction == 1 else "lower"]),
        number(one.smallest_effect, form_of((one.smallest_effect,), share=share)),
        text(words["workbook_level"][str(one.kirkpatrick)]),
        text(words["workbook_source"][one.source]),
        text(comma.join(labels[wave] for wave in one.waves or [w.name for w in design.waves])),
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
    heads = _columns("what", "name", "code", "meaning")
    return _sheet("design", heads, tuple(tuple(map(text, row)) for row in (*waves, *arms, *roles)))


def _months(months: float) -> str:
    return fill("workbook_code", "follow_up", months=f"{months:g}")


def _terms(released: Release) -> Sheet:
    there = sorted({one.term for one in released.estimates})
    rows = tuple((text(quantity(one)), text(one or NOTHING)) for one in there)
    return _sheet("terms", _columns("quantity", "code"), rows)


def _methods(released: Release) -> Sheet:
    """How each quantity was computed, once for all outcomes."""
    rows = dict.fromkeys(
        (question(one.result), quantity(one.term), capital(one.method))
        for one in released.estimates
        if one.method
    )
    heads = (*_columns("question", widest=34), *_columns("quantity", "method"))
    return _sheet("methods", heads, tuple(tuple(map(text, row)) for row in rows))


def _glossary() -> Sheet:
    words, meanings = (catalogue()[name] for name in ("workbook_word", "workbook_glossary"))
    rows = tuple((text(words[key]), text(said)) for key, said in meanings.items())
    return _sheet("glossary", _columns("word", "meaning"), rows)


def _columns(*keys: str, numeric: bool = False, widest: int = 52) -> tuple[Column, ...]:
    """Columns of one kind, by the keys of their heads."""
    return tuple(Column(column(key), numeric, widest) for key in keys)


def _sheet(name: str, heads: tuple[Column, ...], rows: tuple[tuple[Cell, ...], ...]) -> Sheet:
    words = catalogue()
    tab, title = words["workbook_sheet"][name], words["workbook_title"][name]
    return Sheet(tab, title, heads, rows, words["workbook_note"].get(name, ""))
