"""Sections on the model of all waves and on how scores vary: they say what was computed."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import rmresearch as rm
from rmresearch.display.numbers import p_value, percent
from rmresearch.report.evaluation import Evaluation, evaluate
from rmresearch.report.findings import Verdict
from rmresearch.report.sections.doubts import sensitivity
from rmresearch.report.sections.receipt import receipt
from rmresearch.report.sections.variation import variation
from rmresearch.result import Estimate

from .test_evaluation import PILOT, text_of


@pytest.fixture(scope="module")
def pilot() -> Evaluation:
    return evaluate(PILOT)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """The example as if chance had not formed its arms."""
    folder = tmp_path_factory.mktemp("compared") / "pilot"
    shutil.copytree(PILOT, folder)
    text = (folder / "study.toml").read_text("utf-8")
    changed = text.replace('kind = "waitlist"', 'kind = "comparison"')
    # nobody crosses over from a group that is no waiting list
    changed = changed.replace(', crossover_date = "Moves up on"', "")
    assert len(changed) < len(text)
    (folder / "study.toml").write_text(changed, "utf-8")
    plan = (folder / "plan.toml").read_text("utf-8")
    asked = 'analysis = "compare_arms"\nrole = "senior"'
    named = plan.replace(asked, f'{asked}\ncovariates = ["level"]')
    assert named != plan
    (folder / "plan.toml").write_text(named, "utf-8")
    (folder / "plan.lock.json").unlink()
    return evaluate(folder)


def test_few_clusters_have_both_p_values_side_by_side(pilot: Evaluation) -> None:
    study = rm.simulate(rm.Scenario(pairs=26), seed=1).study
    result = rm.compare_arms(study, study.design.outcomes[0])
    bare = replace(pilot.findings, study=study, results={}, refused={}, plan=None, primary=None)
    evidence = pilot.findings.verdicts[0].evidence
    told = tuple(Verdict(e, evidence, result, e) for e in result.estimates if e.term == "")
    text = text_of(sensitivity(replace(bare, verdicts=told)).html())
    wild = [e for e in result.estimates if e.term == "wild-bootstrap"]
    own = [e for e in result.estimates if e.term == "ancova"]
    assert len(wild) == len(own) == len(told)
    for one, other in zip(own, wild, strict=True):
        assert f"{p_value(one.p)} {p_value(other.p)}" in text
    assert "trust a p-value only where both say the same" in text
    assert "P-values where clusters are few" not in text_of(sensitivity(pilot.findings).html())


def shares(evaluation: Evaluation) -> list[Estimate]:
    return [
        one
        for _, result in evaluation.findings.of("mixed_model")
        for one in result.estimates
        if one.term == "variance-share" and one.group == "person"
    ]


def test_the_page_says_that_all_waves_are_in_one_model(pilot: Evaluation) -> None:
    assert "all waves in one model" in text_of(pilot.section("methods").html())
    assert "because the model's weights are estimated" in text_of(
        pilot.section("methods").html()
    ).replace("&#x27;", "'").replace("&#39;", "'")
    others = text_of(pilot.section("sensitivity").html())
    assert "The answer above, all waves in one model" in others
    assert "This wave by itself, adjusted for the baseline" in others
    assert "This wave by itself, people taken as independent" in others
    assert "by its own errors (Kenward-Roger)" in others
    assert "from one model of all waves" in text_of(pilot.section("outcomes").html())
    assert "whoever answered at any wave" in text_of(pilot.section("methods").html())


def test_the_page_has_a_calibration_receipt(pilot: Evaluation) -> None:
    result = pilot.findings.results["receipt:digital_skill"]
    table = result.table("receipt").to_frame()
    methods = text_of(pilot.section("methods").html())
    assert "This checks the arithmetic, not bias" in methods
    assert "the same 47 people" in methods
    worst = table.loc[(table["coverage"] - 0.95).abs().idxmax()]
    error = f"{100 * worst['coverage error']:.1f}"
    assert f"At worst {percent(worst['coverage'], decimals=1)} (± {error}) of the" in methods
    for _, row in table.iterrows():
        share = percent(row["false positives"], decimals=1)
        assert f"{share} ± {100 * row['false positives error']:.1f}" in methods
    assert "The arithmetic does not hold" not in methods


def test_a_receipt_that_fails_is_flagged(pilot: Evaluation) -> None:
    name = "receipt:digital_skill"
    result = pilot.findings.results[name]
    failed = tuple(replace(one, passed=False) for one in result.checks)
    results = {**pilot.findings.results, name: replace(result, checks=failed)}
    flagged = text_of(receipt(replace(pilot.findings, results=results)).html())
    assert "Caution. The arithmetic does not hold here. Simulated coverage: " in flagged
    assert "Simulated false positives: " in flagged


def test_a_receipt_of_a_part_says_so(pilot: Evaluation) -> None:
    name = "receipt:digital_skill"
    result = pilot.findings.results[name]
    table = result.table("receipt")
    at = [table.columns.index(column) for column in ("share of people", "detectable")]
    rows = tuple(
        tuple(
            replace(c, value=(0.25, None)[at.index(i)]) if i in at else c for i, c in enumerate(r)
        )
        for r in table.rows
    )
    part = replace(result, tables=(replace(table, rows=rows),))
    found = replace(pilot.findings, results={**pilot.findings.results, name: part})
    text = text_of(receipt(found).html())
    assert "a part of this one" in text
    assert "Found by 8 of 10" not in text
    assert "Found by 8 of 10" in text_of(receipt(pilot.findings).html())


def test_without_a_receipt_the_page_says_why(compared: Evaluation, pilot: Evaluation) -> None:
    said = text_of(compared.section("methods").html())
    assert "There is no calibration receipt" not in said
    assert " studies of this one" in said
    found = compared.findings
    name = next(one for one in found.results if one.startswith("receipt:"))
    rest = {key: one for key, one in found.results.items() if key != name}
    refused = replace(found, results=rest, refused={name: "an item was answered alike."})
    said = text_of(receipt(refused).html())
    assert "There is no calibration receipt: An item was answered alike." in said
    bare = replace(pilot.findings, verdicts=(), results={}, refused={})
    assert "There is no calibration receipt: Nothing was estimated." in text_of(
        receipt(bare).html()
    )


def test_arms_that_chance_did_not_form_are_not_said_to_share_a_model(compared: Evaluation) -> None:
    assert not any(verdict.together for verdict in compared.findings.verdicts)
    methods = text_of(compared.section("methods").html())
    assert "all waves" not in methods
    assert "Kenward and Roger" not in methods.replace("Kenward, M. G. & Roger", "")
    assert "the people who answered before and at the wave" in methods
    others = text_of(compared.section("sensitivity").html())
    assert "The answer above, adjusted for the baseline" in others
    assert "The same, people taken as independent" in others
    assert "Weighted to where the arms overlap" in others
    assert "wave by wave" in text_of(compared.section("outcomes").html())


def test_covariates_of_the_plan_enter_the_comparison(compared: Evaluation) -> None:
    asked = {
        outcome.name: dict(result.call.arguments)["covariates"]
        for outcome, result in compared.findings.of("compare_arms")
    }
    assert asked["digital_skill"] == "level"
    assert asked["leadership_confidence"] == ""


def test_match_quality_is_asked_of_every_repeated_outcome(pilot: Evaluation) -> None:
    told = [outcome.name for outcome, _ in pilot.findings.of("match_quality")]
    assert told == [outcome.name for outcome, _ in pilot.findings.of("mixed_model")]
    assert len(told) > 3


def test_meetings_and_gains_are_an_association(pilot: Evaluation) -> None:
    page = text_of(pilot.section("meetings").html())
    assert "Do those who meet more learn more?" in page
    result = pilot.findings.result("engagement", "digital_skill")
    assert result is not None
    within = next(one for one in result.estimates if one.term == "within")
    assert f"{within.value:.2f} points more for the same person" in page
    assert "An association, observational and exploratory" in page
    assert "more than an association" not in page


def test_the_shares_that_are_told_are_the_smallest_and_the_largest(pilot: Evaluation) -> None:
    found = shares(pilot)
    assert len(found) == 5
    section = variation(pilot.findings)
    told = text_of(section.html())
    values = sorted(one.value for one in found if one.value is not None)
    assert f"{percent(values[0])} to {percent(values[-1])} of how scores differ lasts" in told
    said = re.findall(r"(\d+%) of how much \w+ \w+ differ is between people", told)
    assert said == [percent(values[0]), percent(values[-1])]
    # figure first, sentence second, table third
    names = [type(block).__name__ for block in section.blocks]
    assert names == ["Paragraph", "FigureBlock", "Bullets", "TableBlock", "Details"]
    speeds = [one for _, r in pilot.findings.of("mixed_model") for one in r.estimates
              if one.term == "slope-test"]  # fmt: skip
    assert len(speeds) == 5
    assert told.count("points a month") == 5


def test_people_who_cannot_be_followed_have_no_lasting_part(tmp_path: Path) -> None:
    # before the planned end nothing is estimated, so nothing is said to last
    folder = tmp_path / "pilot"
    shutil.copytree(PILOT, folder)
    text = (folder / "study.toml").read_text("utf-8")
    early = text.replace("end = 2026-03-03", "end = 2027-03-03").replace(
        '\n[[outcomes]]\nname = "digital_skill"',
        '\n[[waves]]\nname = "month18"\nlabel = "Month 18"\nmonths = 18\ndate = 2027-03-03\n'
        '\n[[outcomes]]\nname = "digital_skill"',
    )
    assert early != text
    (folder / "study.toml").write_text(early, "utf-8")
    made = evaluate(folder)
    assert not list(made.findings.of("mixed_model"))
    assert "planned end" in text_of(made.section("variation").html())


def test_waves_are_held_against_each_other_at_one_level(pilot: Evaluation) -> None:
    # a planned wave has the wider interval: that alone is no difference that faded
    found = pilot.findings
    planned = [verdict for verdict in found.verdicts if verdict.evidence.facts.planned]
    assert any(verdict.shown.level != verdict.estimate.level for verdict in planned)
    for verdict in planned:
        course = found.until(verdict)
        assert [one.wave for one in course] == ["month3", "month6"]
        assert {one.level for one in course} == {verdict.shown.level}
        assert course[-1].low == verdict.shown.low
