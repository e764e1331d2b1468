"""What a study could show, said before any answer after the start is looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from rmresearch.analysis.arms import compare_arms
from rmresearch.evidence import Facts, judge
from rmresearch.io.prospects import BETWEEN_WAVES, CERTAINTY, prospects
from rmresearch.io.read import read_study
from rmresearch.privacy.rules import model_rule
from rmresearch.study import Study

PILOT = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "pilot"


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(PILOT)


def test_the_smallest_difference_by_hand(study: Study) -> None:
    # juniors of the example answered 22 + 24: se = .8 sqrt(1/22 + 1/24) = .2361, df = 43,
    # t.975 + t.80 = 2.0167 + .8501 -> .677 (24 + 24 would find .66: methods)
    told = " ".join(prospects(study))
    assert "Junior mentors: a difference between arms of about 0.68 standard deviations" in told
    assert BETWEEN_WAVES == 0.6


def test_answers_after_the_start_change_nothing(study: Study) -> None:
    before = study.measures[study.measures["wave"] == "start"]
    assert list(prospects(replace(study, measures=before))) == list(prospects(study))


@pytest.mark.parametrize("kind", sorted(CERTAINTY))
def test_the_best_certainty_is_what_evidence_would_say(kind: str) -> None:
    best = {
        "clusters": (50,) if kind == "single-group" else (50, 50),
        "attrition": "low",
        "cluster_attrition": "low",
        "baseline_g": 0.0,
        "adjusted": True,
        "bracket_agrees": True,
        "low": 0.1,
        "high": 0.2,
    }
    verdicts = [judge(Facts(kind=kind, self_rated=own, **best)) for own in (True, False)]  # type: ignore[arg-type]
    assert tuple(v.certainty.word for v in verdicts) == CERTAINTY[kind]


def test_small_departments_are_counted_not_named(study: Study) -> None:
    people = study.participants.copy()
    people["department"] = ["Tiny"] * 4 + ["Large"] * (len(people) - 4)
    told = list(prospects(replace(study, participants=people)))
    assert "Departments with too few people to be shown: 1 of 2." in told
    assert "Tiny" not in " ".join(told)


def test_a_single_group_is_told_that_it_cannot_say_why(study: Study) -> None:
    design = replace(study.design, kind="single-group", arms=())
    told = " ".join(prospects(replace(study, design=design)))
    assert "a change of about" in told
    assert "Certainty that this design can reach: weak" in told


def test_who_is_too_few_to_be_shown_hears_it_before_the_report(study: Study) -> None:
    """Needed by hand: 3 waves, 2 after the start for the arm, 3 for the second of two strata."""
    people = study.participants
    told = " ".join(prospects(study))
    assert "Outside the evaluation team no" not in told  # 46 and more answered
    seniors = people[people["role"] == "senior"]
    kept = seniors.groupby("arm").head(12)
    few = replace(study, participants=pd.concat([kept, people[people["role"] == "junior"]]))
    (said,) = (one for one in prospects(few) if "Outside the evaluation team no" in one)
    before = study.measures[(study.measures["wave"] == "start") & (study.measures["item"] == "D1")]
    answered = int(kept["person"].isin(before["person"]).sum())
    assert "no difference between arms will be shown for senior mentees" in said
    assert f"answers of 40 senior mentees, 5 of them in each arm, and {answered} answered" in said


def test_the_need_is_that_of_the_model_the_release_will_judge(study: Study) -> None:
    (planned,) = (
        one for one in compare_arms(study, "digital_skill").estimates
        if one.term == "" and one.wave == "month6"
    )  # fmt: skip
    assert planned.parameters == 8  # the number behind 40 in the test above
    assert model_rule(40, planned.parameters, None)
    assert not model_rule(39, planned.parameters, None)


def test_one_group_too_few_hears_of_its_change(study: Study) -> None:
    people = study.participants
    ten = people[people["arm"] == "programme"].groupby("role").head(10)
    design = replace(study.design, kind="single-group", arms=())
    told = prospects(replace(study, design=design, participants=ten))
    said = [one for one in told if "Outside the evaluation team no change" in one]
    assert len(said) == 2  # a parameter and ten more people are eleven
    assert all("answers of 11 " in one for one in said)
