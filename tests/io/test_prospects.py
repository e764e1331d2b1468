"""What a study could show, said before any answer after the start is looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rmresearch.evidence import Facts, judge
from rmresearch.io.prospects import BETWEEN_WAVES, CERTAINTY, prospects
from rmresearch.io.read import read_study
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
