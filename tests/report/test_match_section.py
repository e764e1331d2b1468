"""The section on match quality: what is said where chance made the pairs, and where it did not."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import rmresearch as rm
from rmresearch.plan import status
from rmresearch.report import words
from rmresearch.report.findings import Findings
from rmresearch.report.sections.match import match
from rmresearch.result import Estimate
from rmresearch.study import Study
from rmresearch.world.levers import Levers
from rmresearch.world.scenario import Scenario

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT / "data" / "synthetic" / "pilot"


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@cache
def pilot() -> Study:
    return rm.read_study(PILOT)


def without_labels(text: str, study: Study) -> str:
    """The report's own words: an outcome's name is the study's."""
    for outcome in study.design.outcomes:
        text = text.replace(outcome.label, "")
    return text


def findings(study: Study, **options: object) -> Findings:
    """The pilot's findings with the answers of match_quality alone, on another study."""
    names = [o.name for o in study.design.outcomes if o.timing == "repeated" and o.kirkpatrick > 1]
    results, refused = {}, {}
    for name in names:
        try:
            found = rm.match_quality(study, name, draws=200, **options)  # type: ignore[arg-type]
            results[f"match_quality:{name}"] = found
        except (rm.StudyError, rm.FitError) as error:
            refused[f"match_quality:{name}"] = str(error)
    return Findings(study, None, status(PILOT), results, refused, ())


def random_study(**levers: object) -> Study:
    chosen = Levers(matching="random", **levers)  # type: ignore[arg-type]
    return rm.simulate(Scenario(pairs=48, levers=chosen), seed=3).study


def test_pairs_made_by_rules_are_an_association() -> None:
    study = pilot()
    shown = text_of(match(findings(study)).html())
    assert "An association, observational" in shown
    assert "they were made by rules" in shown
    assert "partly an outcome of how well it went (a collider)" in shown
    assert "Permutation p" not in shown
    assert "exploratory" in shown
    assert not words.lint(without_labels(shown, study))


def test_pairs_made_by_chance_show_the_permutation() -> None:
    study = random_study()
    assert study.design.matching.procedure == "random"
    shown = text_of(match(findings(study)).html())
    assert "Chance made the pairs" in shown
    assert "Permutation p" in shown
    assert "An association, observational" not in shown
    assert not words.lint(without_labels(shown, study))


def test_without_pairs_the_section_says_why() -> None:
    study = pilot()
    shown = text_of(match(findings(replace(study, pairs=study.pairs.iloc[:0]))).html())
    assert "Not in these data" in shown
    assert "No pair of a programme arm has both" in shown


def test_many_outcomes_draw_one_and_fold_the_rest() -> None:
    study = pilot()
    skill = study.design.outcome("digital_skill")
    many = tuple(replace(skill, name=f"skill{k}", label=f"Skill {k}") for k in range(40))
    shown = match(findings(replace(study, design=replace(study.design, outcomes=many)))).html()
    picture = shown[: shown.index("<details")]
    assert "80 comparisons stand in the numbers" in picture
    assert picture.count("Skill 0") >= 1
    assert "Skill 39" not in picture
    assert "Skill 39" in shown


def estimate(p: float | None, value: float = 0.3, **key: str) -> Estimate:
    given = {"role": "senior", "outcome": "digital_skill", "group": "Hobbies", "contrast": "+1 SD"}
    return Estimate(**(given | key), value=value, low=value - 0.1, high=value + 0.1, p=p)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "p, said",
    [
        ([0.03, 0.04], "Allowing for all 2 comparisons, none stands out from chance."),
        ([0.03], "ended 0.30 points higher"),
        ([0.2], "The comparison does not stand out from chance."),
        ([None, None], "too few independent pairs"),
        ([0.001, 0.9], "whose pair had one standard deviation more of “Hobbies” ended 0.30"),
    ],
)
def test_what_stands_out_is_decided_over_all_that_is_shown(
    p: list[float | None], said: str
) -> None:
    design = pilot().design
    told = words.matched([estimate(one) for one in p], design)
    assert said in " ".join(told)


def test_a_loss_and_a_feature_that_is_there_or_not() -> None:
    design = pilot().design
    told = words.matched([estimate(0.001, -0.4, contrast="1 - 0")], design)
    assert told == [
        "Senior mentees whose pair had “Hobbies” ended 0.40 points lower in digital skill than "
        "others with the same score before (95% interval −0.50 to −0.30)."
    ]
