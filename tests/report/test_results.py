"""The section on results: what records and costs allow is asked, told plainly, and folded."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from rmresearch.errors import StudyError
from rmresearch.io.read import read_study
from rmresearch.plan import Question, status
from rmresearch.report import words
from rmresearch.report.consequences import consequences
from rmresearch.report.findings import Findings, name_of
from rmresearch.report.sections.results import results
from rmresearch.report.words import results as say
from rmresearch.result import Estimate
from rmresearch.study import Outcome, Study

from .test_evaluation import PILOT, text_of

COSTS = {
    "costs": (("programme_cost", (9e3, 12e3, 18e3)), ("hourly_cost", (50.0, 65.0, 90.0))),
    "worth": (("digital_skill", (1e3, 5e3, 9e3)), ("left", (1e4, 2e4, 4e4))),
    "currency": "EUR",
}
ODDS = Question(
    "stay", "workforce_outcomes", "all", "left", "", "", "everyone-assigned", "odds-ratio",
    False, "who stays", "as-assigned", "as-assigned", "until-then",
)  # fmt: skip


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("results") / "pilot"
    shutil.copytree(PILOT, folder)
    return read_study(folder)


def found(study: Study, *questions: Question) -> Findings:
    """What the section gets, without the questions that it does not show."""
    answered, refused = {}, {}
    for function, name, question in consequences(study, questions, {}):
        try:
            answered[name_of(function, name)] = question()
        except StudyError as error:
            refused[name_of(function, name)] = str(error)
    return Findings(study, None, status(PILOT), answered, refused, ())


def declared(study: Study, **changes: Any) -> Study:
    return replace(study, design=replace(study.design, **changes))


def shown(findings: Findings) -> str:
    return text_of(results(findings).html()).replace("&#x27;", "'")


def test_the_pilot_tells_who_stayed_and_rose(pilot: Study) -> None:
    # counted by hand in hr_events.csv and the roster: leavers 1 senior waiting, 2 juniors started
    # now; promotions 1 junior each
    text = shown(found(pilot))
    assert (
        "Left the organisation: 0 of 24 senior mentees in the Programme group and 1 of 24" in text
    )
    assert (
        "Left the organisation: 2 of 24 junior mentors in the Programme group and 0 of 24" in text
    )
    assert "Promoted: 1 of 24 junior mentors in the Programme group and 1 of 24" in text
    assert "Every interval includes 0" in text
    assert "study.toml declares none" in shown(found(declared(pilot, costs=(), worth=())))
    assert "Exploratory: no frozen question asks for this." in text
    assert not words.lint(text)


def test_only_the_last_wave_stands_open(pilot: Study) -> None:
    html = results(found(pilot)).html()
    open_part = re.sub(r"<details>.*?</details>|<svg.*?</svg>", "", html, flags=re.S)
    assert "Month 3" not in open_part
    assert "Month 3" in html
    assert len(text_of(open_part).split()) < 400  # a screen and a half


def test_the_odds_that_a_plan_asks_for_are_told(pilot: Study) -> None:
    plain = found(pilot)
    asked = found(pilot, ODDS)
    terms = {e.term for e in asked.results["workforce_outcomes:left"].estimates}
    assert "odds-ratio" in terms
    assert "odds-ratio" not in {e.term for e in plain.results["workforce_outcomes:left"].estimates}
    assert "Odds ratio, Firth's penalised logit" in shown(asked)
    planned = replace(asked, status=replace(asked.status, questions=(ODDS,)))
    assert "Exploratory" not in shown(planned)


def test_groups_that_chance_did_not_form(pilot: Study) -> None:
    text = shown(found(declared(pilot, kind="comparison")))
    assert "an association, observational" in text


def test_one_group_has_no_difference(pilot: Study) -> None:
    text = shown(found(declared(pilot, arms=(), kind="single-group")))
    assert "Left the organisation: 1 of 48 senior mentees by the Month 6 measurement" in text
    assert "Without a comparison group nobody can say" in text


def test_without_records_the_section_says_what_it_would_need(pilot: Study) -> None:
    bare = replace(pilot, records=pilot.records.iloc[:0])
    assert "records from the organisation" in shown(found(bare))


def test_worth_is_told_with_its_ranges(pilot: Study) -> None:
    text = shown(found(declared(pilot, **COSTS)))
    assert "Is it worth it? Digital skill" in text
    assert "EUR" in text
    assert "With all inputs at their worst it is EUR" in text
    # one leaver: no interval, so no cost of one person more
    assert "the precision of the difference is not known" in text
    assert not words.lint(text)


def test_a_gain_that_may_be_nothing_is_told_in_words(pilot: Study) -> None:
    only = {**COSTS, "worth": (("inclusion_awareness", (1.0, 2.0, 3.0)),)}
    text = shown(found(declared(pilot, **only)))
    assert "the interval of the difference includes 0, so there may be no gain at all" in text
    assert "One point more" not in text


def test_costs_without_a_worth_are_asked_of_what_is_compared(pilot: Study) -> None:
    findings = found(declared(pilot, costs=COSTS["costs"], worth=()))
    assert "value:digital_skill" in findings.results
    assert "What a point is worth is not declared" in shown(findings)


def test_counts_have_a_part_of_their_own(pilot: Study) -> None:
    """Three uses more in the programme than before, one more outside: a difference of 2."""
    use = Outcome("tool_use", "Tool use", "senior", ("tool_use",), "amount", source="record",
                  kirkpatrick=4, unit="times")  # fmt: skip
    people = pilot.participants
    seniors = people[people["role"] == "senior"]
    rows = []
    for place, (person, arm) in enumerate(zip(seniors["person"], seniors["arm"], strict=True)):
        start = float(place % 7)
        more = 3.0 if arm == "programme" else 1.0
        rows += [(person, "2025-09-01", start), (person, "2026-03-03", start + more)]
    more_records = pd.DataFrame(rows, columns=["person", "date", "value"]).assign(kind="tool_use")
    more_records["date"] = pd.to_datetime(more_records["date"])
    counted = replace(
        declared(pilot, outcomes=(*pilot.design.outcomes, use)),
        records=pd.concat([pilot.records, more_records[pilot.records.columns]], ignore_index=True),
    )
    findings = found(counted)
    (record,) = [
        e for e in findings.results["workforce_outcomes:tool_use"].estimates
        if (e.term, e.wave) == ("", "month6")
    ]  # fmt: skip
    assert record.value == pytest.approx(2.0)
    assert "Tool use: " in shown(findings)
    assert "a difference of +2.00 times" in shown(findings)


def test_ordered_answers_are_told_as_such(pilot: Study) -> None:
    both = Estimate(
        role="senior", wave="month6", contrast="programme - comparison", term="win-probability",
        value=0.63, low=0.48, high=0.76,
    )  # fmt: skip
    text = say.wins(both, pilot.design)
    assert "in 63% of comparisons between one person of each group" in text
    assert "48% to 76%; 50% is no difference" in text
    later = replace(both, contrast="month6 - start")
    assert "63% of senior mentees scored higher at the Month 6" in say.wins(later, pilot.design)
    apart = replace(pilot.design, linked=False)
    assert "between two answers" in say.wins(later, apart)


def test_unlinked_studies_are_not_asked(pilot: Study) -> None:
    assert list(consequences(declared(pilot, linked=False), (), {})) == []


@pytest.mark.parametrize(
    ("amount", "wanted"),
    [(-1318.6, "EUR −1,319"), (12.5, "EUR 12.50"), (None, "EUR –"), (-0.001, "EUR 0.00")],
)
def test_money(amount: float | None, wanted: str) -> None:
    assert say.money(amount, "EUR") == wanted


def test_a_number_needed_is_told(pilot: Study) -> None:
    """14 of 24 seniors in the programme promoted, nobody else: the interval excludes 0."""
    people = pilot.participants
    ours = people[(people["role"] == "senior") & (people["arm"] == "programme")]["person"][:14]
    rows = pd.DataFrame({"person": ours, "kind": "promoted", "value": 1.0})
    rows["date"] = pd.Timestamp("2025-11-01")
    many = replace(pilot, records=rows[pilot.records.columns].reset_index(drop=True))
    text = shown(found(many))
    # 24 / 14 = 1.7 people for each
    assert "is one event more for every 1.7 people in the programme" in text
    assert "1 of 2 intervals include 0" in text
