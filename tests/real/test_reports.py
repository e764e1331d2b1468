"""Both real studies become reports that say what their designs allow."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from rmresearch.evidence import Certainty
from rmresearch.report import words
from rmresearch.report.evaluation import Evaluation, evaluate
from rmresearch.report.html import render

HERE = Path(__file__).parent


def report_of(name: str, data: Path, folder: Path) -> Evaluation:
    """The study's evaluation, read from a copy of its TOML so that no key lands in the checkout."""
    for path in HERE.glob(f"{name}*.toml"):
        shutil.copy(path, folder)
    return evaluate(folder / f"{name}.toml", data=data)


def text_of(html: str) -> str:
    heard = " ".join(re.findall(r'aria-label="([^"]*)"', html))
    seen = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", f"{seen} {heard}")


@pytest.fixture(scope="module")
def kenya(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("kenya")
    return report_of("kenya", shared / "real" / "bdj_mentors_rct", folder)


@pytest.fixture(scope="module")
def bucknell(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("bucknell")
    return report_of("bucknell", shared / "real" / "bucknell_cure", folder)


def test_kenya_says_that_chance_decided(kenya: Evaluation) -> None:
    first = kenya.findings.verdicts[0]
    assert (first.estimate.contrast, first.estimate.wave) == ("mentee - control", "m12")
    assert first.evidence.maryland == 5
    assert first.evidence.certainty is Certainty.STRONG  # randomised, low attrition, not self-rated
    assert "randomised" in text_of(kenya.section("answer").html())


def test_kenya_shows_the_fade_out(kenya: Evaluation) -> None:
    text = text_of(kenya.section("outcomes").html())
    told = re.search(r"Earlier it stood out: (.*?)\. At the .{0,3}Month 17.{0,3} measurement", text)
    assert told is not None
    assert re.findall(r"Month (\d+)", told[1]) == ["4", "7"]  # the published peak


def test_kenya_names_the_attrition_class_of_each_wave(kenya: Evaluation) -> None:
    result = kenya.findings.result("attrition", "profit")
    assert result is not None
    table = result.table("attrition").to_frame()
    mentee = table[table["contrast"] == "mentee - control"]
    assert list(mentee["wave"]) == ["m1", "m2", "m3", "m4", "m7", "m12", "m17"]
    assert set(mentee["class"]) <= {"low", "high"}
    shown = text_of(kenya.section("attrition").html())
    assert shown.count(" low ") >= 7


def test_kenya_meetings_have_both_denominators(kenya: Evaluation) -> None:
    text = text_of(kenya.section("meetings").html())
    assert "46%" in text  # 48 of 105 that reported (published 45.7%)
    assert "39%" in text  # 48 of 124 that started


def test_bucknell_makes_no_causal_claim_anywhere(bucknell: Evaluation) -> None:
    page = text_of(render(bucknell.page()))
    own_words = page.replace("What Works Clearinghouse", "")
    for outcome in bucknell.findings.study.design.outcomes:
        own_words = own_words.replace(outcome.label, "")
    assert words.lint(own_words) == ()


def test_bucknell_headlines_say_scores_changed_at_most(bucknell: Evaluation) -> None:
    design = bucknell.findings.study.design
    verdicts = bucknell.findings.verdicts
    assert len(verdicts) == 22
    for verdict in verdicts:
        first = words.sentences(verdict.shown, verdict.evidence, design)[0]
        assert re.match(r"Scores on .* changed by|There is (no )?evidence of|This study", first)
        title = words.title(verdict.shown, verdict.evidence, design)
        assert title.endswith(("scores changed", "no clear change", "no meaningful change"))
    answer = text_of(bucknell.section("answer").html())
    assert "none of the 22 answers" in answer


def test_bucknell_refuses_to_subtract_gain_from_ability(bucknell: Evaluation) -> None:
    refused = bucknell.findings.refused
    assert any("two different scales" in text or "in wave" in text for text in refused.values())


def test_bucknell_says_that_there_are_no_pairs_not_that_ids_are_missing(
    bucknell: Evaluation,
) -> None:
    meetings = text_of(bucknell.section("meetings").html())
    assert "no pair" in meetings.lower()
    assert "Without ids" not in meetings
    assert "No pairs are given." in text_of(bucknell.section("attrition").html())
