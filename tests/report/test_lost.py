"""The section on what the missing could change: its picture, its sentences, its refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

import rmresearch as rm
from rmresearch.analysis.leavers import attrition
from rmresearch.report import words
from rmresearch.report.evaluation import Evaluation, evaluate
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.findings import Findings
from rmresearch.report.sections.lost import lost
from rmresearch.report.sections.people import attrition as left
from rmresearch.report.words.lost import Tips
from rmresearch.result import Estimate
from rmresearch.study import Arm, Design, Outcome, Study, Wave
from rmresearch.world.nature import Nature

from .test_evaluation import PILOT, text_of

SKILL = Outcome("skill", "Digital skill", "senior", ("skill",), low=1, high=5, smallest_effect=0.3)
DESIGN = Design(
    name="d", title="D", kind="randomised", unit="person",
    waves=(Wave("w0", "Start", 0, baseline=True), Wave("w1", "Month 6", 6)),
    outcomes=(SKILL, replace(SKILL, name="burden", label="Burden", direction=-1)),
    arms=(Arm("programme", "Programme", True), Arm("waiting", "Waiting list", False)),
)  # fmt: skip
KEY = {"role": "senior", "wave": "w1", "contrast": "programme - waiting"}


@pytest.fixture(scope="module")
def pilot() -> Evaluation:
    return evaluate(PILOT)


def findings(study: Study, **results: object) -> Findings:
    named = {f"attrition:{name}": result for name, result in results.items()}
    return Findings(study, None, None, named, {}, ())  # type: ignore[arg-type]


def test_the_picture_goes_from_mild_to_none_at_all(pilot: Evaluation) -> None:
    html = pilot.section("lost").html()
    shown = text_of(html)
    order = [
        "The answer above",
        "Those who answered, this wave by itself",
        "Missing answers imputed",
        "Bounds, if answering moves in one direction (Lee)",
        "Bounds, whatever the missing would say",
    ]
    places = [html.index(label) for label in order]  # in the picture's alternative text
    assert places == sorted(places)
    worst = pilot.findings.results["attrition:digital_skill"]
    low = next(e for e in worst.estimates if (e.term, e.wave) == ("worst-lower", "month6"))
    assert low.value is not None
    assert f"lies between {low.value:+.2f} points".replace("-", "−") in shown
    labels = [outcome.label for outcome in pilot.findings.study.design.outcomes]
    for label in labels:
        shown = shown.replace(label, "")
    assert not words.lint(shown)


def test_numbers_are_folded(pilot: Evaluation) -> None:
    html = pilot.section("lost").html()
    folded = html[html.index("<details") :]
    for text in ("Where the decision would tip", "both groups", "with the missing answers imputed"):
        assert text in folded
        assert text not in html[: html.index("<details")]


@pytest.mark.parametrize(
    "reading, outcome, said",
    [
        ("there", "skill", "would no longer hold if the missing people of the Programme group had "
         "scored 0.40 points lower than others like them."),
        ("there", "burden", "had scored 0.40 points higher than others like them."),
        ("at_once", "skill", "does not hold once the missing answers are filled in"),
        ("none", "skill", "even if the missing people of the Programme group had scored lower by "
         "the whole range of the scale."),
        ("open", "skill", "does not tell the difference from zero, so there is nothing"),
        ("alone", "skill", "this wave by itself does not tell"),
        ("unknown", "skill", "too few independent groups answered for an interval"),
    ],
)  # fmt: skip
def test_every_reading_has_its_sentence(reading: Tips, outcome: str, said: str) -> None:
    tip = Estimate(**KEY, outcome=outcome, term="tipping-point", value=0.4)
    text = words.tips(tip, DESIGN, reading)
    assert said in text
    assert text.startswith("Digital skill, Month 6" if outcome == "skill" else "Burden, Month 6")


def test_a_single_group_has_no_arm_in_its_sentence() -> None:
    tip = Estimate(role="senior", wave="w1", contrast="w1 - w0", outcome="skill", value=0.4)
    text = words.tips(tip, replace(DESIGN, arms=()), "there")
    assert "the missing people had scored 0.40 points lower" in text


def test_bounds_are_told_with_their_assumption() -> None:
    ends = {
        kind: [
            Estimate(**KEY, outcome="skill", term=f"{kind}-{end}", value=value)
            for end, value in (("lower", -0.25), ("upper", 0.5))
        ]
        for kind in ("lee", "worst")
    }
    lee, worst = (words.bounds(*ends[kind], DESIGN) for kind in ("lee", "worst"))
    assert "between −0.25 points and +0.50 points" in lee
    assert "in one direction" in lee
    assert worst.startswith("Whatever the missing answers would have been")


def test_spans_are_drawn_and_told_in_words() -> None:
    rows = [
        Interval(label="bounds", value=None, span=(-0.5, 0.25), low=-0.75, high=0.5),
        Interval(label="none", value=None),
    ]
    figure = interval_plot(rows, title="T", unit="points")
    assert "bounds: −0.50 to 0.25 (−0.75 to 0.50)" in figure.alt
    assert "none: not estimated" in figure.alt
    bare = interval_plot([rows[0], replace(rows[0], span=None)], title="T", unit="points")
    assert len(bare.svg) < len(interval_plot([rows[0]] * 2, title="T", unit="points").svg)


def test_nobody_missing_and_nothing_asked() -> None:
    study = rm.simulate(rm.Scenario(pairs=24), seed=1).study
    wide = study.wide("digital_skill")
    whole = wide.index[wide.notna().all(axis=1)]
    people = study.participants
    kept = people["person"].isin(whole) | (people["role"] != "senior")
    study = replace(study, participants=people[kept])
    result = attrition(study, "digital_skill")
    assert "Everybody answered" in lost(findings(study, digital_skill=result)).html()
    assert "would need" in text_of(lost(findings(study)).html())


def test_early_ends_are_shown_or_refused_in_words(pilot: Evaluation) -> None:
    assert "none is fitted" in text_of(pilot.section("attrition").html())
    ending = rm.Scenario(pairs=150, nature=Nature(ending_rate=0.15))
    study = rm.simulate(ending, seed=2).study
    result = attrition(study, "digital_skill", effects=False)
    shown = text_of(left(findings(study, digital_skill=result)).html())
    assert "What goes with ending early" in shown
    assert "association, observational" in shown
