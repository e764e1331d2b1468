"""Which arm a pair belongs to, whether it started, whether it ended early."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from rmresearch.analysis.base.pairs import observed_until, pairs, programme_arms

from .programmes import with_design, with_meetings, with_pairs
from .studies import make_study

START, MIDDLE, END = date(2025, 1, 1), date(2025, 3, 1), date(2025, 6, 30)


def four(**options: object) -> object:
    arm = ["programme", "programme", "comparison", "comparison"]
    options = {"arm": arm, "juniors": ["a", "a", "b", "c"], **options}
    return make_study({"skill": {"before": [1.0] * 4}}, **options)  # type: ignore[arg-type]


def test_arm_cluster_and_people_of_a_pair() -> None:
    found = pairs(four())
    assert list(found.arm) == ["programme", "programme", "comparison", "comparison"]
    assert found.cluster[0] == found.cluster[1]  # junior a sits in both
    assert len(set(found.cluster)) == 3
    assert found.people[0] == {"s000", "a"}
    behind = found.take(np.array([True, True, False, False])).behind()
    assert (behind.members, behind.n_pairs, behind.n_clusters) == ({"s000", "s001", "a"}, 2, 1)
    assert [(arm, len(own)) for arm, own in found.groups(("programme", "comparison"))] == [
        ("programme", 2),
        ("comparison", 2),
    ]
    assert programme_arms(four()) == ("programme",)


def test_no_declared_arms_is_one_programme() -> None:
    study = make_study({"skill": {"before": [1.0] * 2}})
    assert programme_arms(study) == ("",)
    assert list(pairs(study).arm) == ["", ""]


def test_without_any_start_all_have_started() -> None:
    assert pairs(four()).started.all()
    some = with_pairs(four(), start=[START, None, START, None])
    assert list(pairs(some).started) == [True, False, True, False]


@pytest.mark.parametrize(
    "end, reason, programme_end, early",
    [
        (None, None, None, False),
        (MIDDLE, None, None, True),
        (MIDDLE, "no time", END, True),
        (None, "no time", END, True),  # a reason, but not the day
        (MIDDLE, " Planned ", None, False),
        (MIDDLE, "completed", END, False),
        (END, None, END, False),
        (END, "no time", END, False),  # not before the programme's end
    ],
)
def test_what_an_early_end_is(
    end: date | None, reason: str | None, programme_end: date | None, early: bool
) -> None:
    study = make_study({"skill": {"before": [1.0]}})
    study = with_design(with_pairs(study, start=[START], end=[end], reason=[reason]))
    found = pairs(with_design(study, end=programme_end))
    assert list(found.early) == [early]
    assert list(found.reason) == [(reason or "").strip()]


def test_a_side_that_was_not_studied() -> None:
    study = make_study({"skill": {"before": [1.0] * 2}}, arm=["programme", "comparison"])
    table = study.pairs.assign(junior=pd.Series([None], dtype="str"))
    people = study.participants[study.participants["role"] == "senior"]
    found = pairs(replace(study, pairs=table, participants=people))
    assert found.people == (frozenset({"s000"}),)
    assert list(found.arm) == ["programme"]


def test_pairs_of_strangers_stand_alone() -> None:
    study = make_study({"skill": {"before": [1.0] * 2}}, arm=["programme", "programme"])
    nobody = study.participants.iloc[:0]
    found = pairs(replace(study, participants=nobody))
    assert len(set(found.cluster)) == 2
    assert found.people == (frozenset(), frozenset())


def test_no_pairs_at_all() -> None:
    found = pairs(make_study({"skill": {"before": [1.0]}}, paired=False))
    assert (len(found), found.groups(("",))) == (0, ())
    assert found.behind().members == frozenset()


def test_the_last_day_that_the_data_know() -> None:
    study = with_pairs(make_study({"skill": {"before": [1.0]}}), start=[START], end=[MIDDLE])
    assert observed_until(study) == np.datetime64(MIDDLE)
    later = with_meetings(study, [{"pair": "p000", "date": END}])
    assert observed_until(later) == np.datetime64(END)
    # not beyond the programme's end, and not up to an end that the data do not reach
    assert observed_until(with_design(later, end=MIDDLE)) == np.datetime64(MIDDLE)
    assert observed_until(with_design(later, end=date(2026, 1, 1))) == np.datetime64(END)
    bare = make_study({"skill": {"before": [1.0]}})
    assert np.isnat(observed_until(bare))


def test_only_answered_waves_are_days_the_data_know() -> None:
    study = make_study({"skill": {"before": [1.0], "after": [1.0]}}, start=START)
    # "after" lies 6 months = 183 days after the start; "later" was never answered
    assert observed_until(study) == np.datetime64(START) + np.timedelta64(183, "D")
