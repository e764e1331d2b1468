"""Thousands of pairs: what must not grow with them, and what is made once."""

from __future__ import annotations

import dataclasses
import importlib

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.analysis import base
from rmresearch.study import Study

rerandomisation = importlib.import_module("rmresearch.analysis.arms.rerandomisation")


@pytest.fixture(scope="module")
def study() -> Study:
    return rm.simulate(rm.Scenario(pairs=48), seed=3).study


def told(study: Study) -> str:
    found = rm.compare_arms(study, "digital_skill")
    return next(e.method for e in found.estimates if e.term == "rerandomisation")


def test_draws_fall_with_the_people_and_never_below_the_least(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(study).startswith("9,999 random ones")
    monkeypatch.setattr(rerandomisation, "WORK", 48 * 1_500)
    assert told(study).startswith("1,500 random ones")
    monkeypatch.setattr(rerandomisation, "WORK", 48)
    assert told(study).startswith("999 random ones")


def test_more_arrangements_than_python_writes_out_are_told() -> None:
    assert rerandomisation._count(70) == "70"
    assert rerandomisation._count(1_234_567) == "1,234,567"
    assert rerandomisation._count(3 * 10**6_000) == "about 10^6000"


def test_what_a_study_is_asked_for_often_is_made_once_and_stays_as_it_is(study: Study) -> None:
    first = study.scores("digital_skill")
    first.loc[:, "value"] = -1.0
    first["more"] = 0
    again = study.scores("digital_skill")
    assert (again["value"] > 0).all()
    assert list(again.columns) == ["person", "wave", "value", "items"]
    pairs = study.sets()
    pairs.iloc[:] = "x"
    assert study.sets().nunique() > 40
    assert base.people(study, "senior") is base.people(study, "senior")


def test_another_study_of_the_same_tables_knows_nothing_of_the_first(study: Study) -> None:
    study.sets()
    alone = dataclasses.replace(study, pairs=study.pairs.iloc[:0])
    assert alone.sets().nunique() == len(alone.participants)
    assert len(base.people(alone)) == len(base.people(study))


def test_who_is_behind_counts_everybodys_pairs() -> None:
    group = base.People(
        role="senior",
        ids=np.array(["a", "b", "c"], object),
        arm=np.array([""] * 3, object),
        stratum=np.array([""] * 3, object),
        department=np.array([""] * 3, object),
        cluster=np.array([0, 0, 1]),
        crossover=np.full(3, np.datetime64("NaT", "ns")),
        pairs={"a": ("p", "q"), "b": ("q",), "x": ("z",)},
    )
    found = group.behind()
    assert (found.n_people, found.n_pairs, found.n_clusters) == (3, 2, 2)
