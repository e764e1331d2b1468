"""The technical page's own words: none in code, and one for each thing that data can declare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import pytest
from tests.report.test_translation import foreign, left, read

from rmresearch.analysis.base.events import EVENTS
from rmresearch.evidence import REASONS
from rmresearch.evidence.judge import Standards
from rmresearch.io.read import read_study
from rmresearch.plan import PlanStatus, status
from rmresearch.plan.reading import Population
from rmresearch.report.blocks import Section
from rmresearch.report.evaluation import Evaluation, evaluate
from rmresearch.report.findings import Findings, in_words
from rmresearch.report.sections import basis, common, outcomes, variation
from rmresearch.report.words.phrases import catalogue
from rmresearch.study import Design, Outcome, Study

from .test_evaluation import PILOT


@pytest.fixture(scope="module")
def pilot() -> Evaluation:
    return evaluate(PILOT)


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(PILOT)


def declarable(of: type, name: str) -> set[Any]:
    return set(get_args(get_type_hints(of)[name]))


@pytest.mark.parametrize(
    ("section", "declared"),
    [
        ("page_unit", declarable(Design, "unit")),
        ("page_source", declarable(Outcome, "source")),
        ("page_population", set(get_args(Population))),
        ("page_level", set(outcomes.LEVELS.values())),
        ("page_lasting", set(variation.LASTING)),
        ("page_event", set(EVENTS)),
        ("page_outcomes_head", {name.replace(" ", "_") for name in outcomes.HEADS}),
        ("page_methods", set(basis.READ)),
        ("page_methods_head", set(basis.READ)),
        ("page_head", declarable(Design, "kind")),
    ],
)
def test_what_can_be_declared_has_its_words(section: str, declared: set[str]) -> None:
    assert declared
    assert declared <= set(catalogue()[section])


def test_an_event_that_nobody_declared_is_called_as_its_analysis_calls_it() -> None:
    assert dict(catalogue()["page_event"]) == {name: label for name, (label, _) in EVENTS.items()}


def test_reasons_are_said_as_the_evidence_says_them() -> None:
    assert dict(catalogue()["page_reason"]) == REASONS
    standards = {text.replace(" ", "_"): text for text in get_args(Standards)}
    assert dict(catalogue()["page_standards"]) == standards


@pytest.mark.parametrize(
    "changes",
    [{}, {"deviations": ("One.",)}, {"deviations": ("One.", "Two.")}, {"follow_up_present": True}],
)
def test_the_page_says_of_the_plan_what_the_terminal_says(changes: Mapping[str, Any]) -> None:
    there = status(PILOT)
    asked = replace(there, **changes)
    if "follow_up_present" in changes:
        asked = replace(asked, said=there.said.replace("not there yet", "already there"))
    assert common.frozen(asked) == asked.in_short
    assert catalogue()["page_plan"]["clock"] in asked.sentences()


def test_a_plan_that_nobody_froze_is_said_to_be_none() -> None:
    assert common.frozen(PlanStatus(frozen=False)) == PlanStatus(frozen=False).in_short


def apart(study: Study, sets: int) -> Study:
    """The study without pairs, its people assigned in so many departments; 0: one by one."""
    people = study.participants.reset_index(drop=True)
    own = people.assign(department=(people.index % max(sets, 1)).astype(str))
    unit = "department" if sets else "person"
    design = replace(study.design, unit=unit)
    return replace(study, pairs=study.pairs.iloc[:0], participants=own, design=design)


@pytest.mark.parametrize(("sets", "clusters"), [(0, 96), (1, 1), (7, 7)])
def test_who_counts_as_one_is_said_as_the_study_says_it(
    study: Study, sets: int, clusters: int
) -> None:
    one = apart(study, sets)
    assert one.clusters().nunique() == clusters
    assert common.independence(one) == one.describe_cluster()
    assert common.independence(study) == study.describe_cluster()


def others(found: Findings) -> tuple[set[str], set[str]]:
    """What results and plan say of themselves: whole texts, and parts of texts."""
    whole: set[str] = set()
    parts = {found.status.hash[:16], found.status.hash}
    for result in found.results.values():
        for table in result.tables:
            whole |= {table.title, *table.columns}
            parts |= {table.note, *(str(cell.value) for row in table.rows for cell in row)}
        parts |= {text for check in result.checks for text in (check.name, check.detail)}
        parts |= {dropped.reason for dropped in result.dropped}
        # a kind of record's own name is the catalogue's
        parts -= set(EVENTS)
    parts |= set(found.refused.values())
    for question in found.plan.questions if found.plan else ():
        parts |= {question.id, question.why, question.by.replace("_", " ")}
    told = {in_words(text, found.labels) for text in parts} | set(found.labels.values())
    # words of two letters hide too much of a text, a group's capitals do not
    long = {one for one in told | parts if len(one) > 2 or one.isupper()}
    whole |= {one for one in parts if len(one) < 3}
    return {one.lower() for one in whole}, long


def own(section: Section, found: Findings) -> set[str]:
    """The words in Latin letters of a section that only its code can have said."""
    whole, parts = others(found)
    texts = [" ".join(text.split()) for text in read(section.html())]
    # joined, as charts break names into lines
    text = " ".join(text for text in texts if text.lower() not in whole)
    known = "|".join(re.escape(one) for one in sorted(parts, key=len, reverse=True))
    bare = re.sub(rf"(?<!\w)(?:{known})(?!\w)", "", text, flags=re.IGNORECASE)
    return left([bare], found.study.design)


SAID = ("answer", "outcomes", "results", "variation", "plan", "sensitivity", "reaction",
        "reliability", "lost", "missing", "subgroups", "equivalence", "match", "dyads")  # fmt: skip


def test_what_stands_in_code_is_found(pilot: Evaluation) -> None:
    english = set.union(*(own(pilot.section(name), pilot.findings) for name in SAID))
    assert {"certainty", "adjusted", "independent", "lasts"} <= {word.lower() for word in english}


def test_sections_say_nothing_but_the_catalogue_s(monkeypatch: pytest.MonkeyPatch) -> None:
    for entries in catalogue().values():
        for key, text in entries.items():
            monkeypatch.setitem(entries, key, foreign(text))  # type: ignore[arg-type]
    # asked anew: reasons and names are found in the language of that moment
    translated = evaluate(PILOT)
    said = {name: own(translated.section(name), translated.findings) for name in SAID}
    assert {name: words for name, words in said.items() if words} == {}
    assert left(read(translated.head.html()), translated.findings.study.design) == set()
