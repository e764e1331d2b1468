"""Cohorts in pieces: each piece drawn alone is the same, and what pieces share is one thing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from statistics import fmean

import numpy as np
import pandas as pd
import pytest

from rmresearch.study import TABLES
from rmresearch.world import pieces as module
from rmresearch.world.cohort import simulate
from rmresearch.world.draw import draw
from rmresearch.world.instruments import SENIOR
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.pieces import Piece, Truths, pieces
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams
from rmresearch.world.tables import tables
from rmresearch.world.truth import Truth, truths

GROUPS = Levers(format="group", juniors=2)
RATED = Setting(instruments=("digital_skill", "demonstration"))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 10)


def sizes(scenario: Scenario) -> Iterator[tuple[int, int]]:
    for piece in pieces(scenario, seed=0):
        yield piece.before, piece.pairs


def test_what_is_left_over_belongs_to_the_last_piece() -> None:
    assert list(sizes(Scenario(pairs=19))) == [(0, 19)]
    assert list(sizes(Scenario(pairs=20))) == [(0, 10), (10, 10)]
    assert list(sizes(Scenario(pairs=39))) == [(0, 10), (10, 10), (20, 19)]
    assert list(sizes(Scenario(pairs=60, levers=GROUPS))) == [(0, 20), (10, 20), (20, 20)]


def test_a_piece_drawn_alone_is_the_same() -> None:
    scenario = Scenario(pairs=35)
    for number, piece in enumerate(pieces(scenario, seed=3)):
        part = dataclasses.replace(scenario, pairs=piece.pairs)
        alone = draw(part, 1, Streams.of(3).piece(number))
        expected = tables(alone, before=10 * number, pairs_in_all=35)
        for name, table in piece.tables().items():
            pd.testing.assert_frame_equal(table, expected[name])


def test_pieces_do_not_depend_on_those_after_them() -> None:
    """The first pieces of a larger cohort are those of a smaller one, but for the ids' length."""
    few, many = ([p.drawn for p in pieces(Scenario(pairs=n), seed=4)] for n in (30, 60))
    for one, other in zip(few[:2], many[:2], strict=True):
        np.testing.assert_array_equal(one.people.skill, other.people.skill)
        for scale in one.scenario.scales:
            codes = (drawn.answers[scale.name].happened for drawn in (one, other))
            np.testing.assert_array_equal(*codes)


def test_a_small_cohort_is_drawn_at_once() -> None:
    (piece,) = pieces(Scenario(pairs=19), seed=5)
    whole = draw(Scenario(pairs=19), 1, seed=5)
    np.testing.assert_array_equal(piece.drawn.people.skill, whole.people.skill)
    for name, table in piece.tables().items():
        pd.testing.assert_frame_equal(table, tables(whole)[name])


def test_pieces_differ_but_share_departments_lots_and_raters() -> None:
    """Numbers that belong to the whole cohort come from the seed's own streams."""
    streams, one, other = Streams.of(6), Streams.of(6).piece(0), Streams.of(6).piece(1)
    for cause in ("departments.shared", "design.departments", "demonstration.severity"):
        expected = streams.normal(cause, (1, 4))
        np.testing.assert_array_equal(one.whole.normal(cause, (1, 4)), expected)
        np.testing.assert_array_equal(other.whole.normal(cause, (1, 4)), expected)
    assert streams.whole == streams
    assert not np.array_equal(one.normal("people.skill", (9,)), other.normal("people.skill", (9,)))
    assert not np.array_equal(
        one.normal("people.skill", (9,)), streams.normal("people.skill", (9,))
    )


def test_departments_have_one_effect_in_all_pieces() -> None:
    """Departments' means over two large pieces go together, and would not by chance.

    Of 12 departments with half of the variance, 125 seniors each: the means vary by 0.71 between
    departments, by chance by sqrt(.5 / 125) = 0.06, so that their correlation is near 0.99.
    """
    nature = dataclasses.replace(Scenario().nature, department_share=0.5, pair_share=0.0)
    scenario = Scenario(pairs=1500, nature=nature, design=Setting(departments=12))
    means = []
    for number in range(2):
        drawn = draw(scenario, 1, Streams.of(8).piece(number))
        department = drawn.people.department[0, :, SENIOR]
        score = drawn.untreated["inclusion_awareness"][0, :, 0]
        means.append([score[department == one].mean() for one in range(12)])
    assert np.corrcoef(means)[0, 1] > 0.95


def test_departments_start_together_in_all_pieces() -> None:
    levers = Levers(other_department=False)
    scenario = Scenario(pairs=60, levers=levers, design=Setting(unit="department"))
    people = [piece.drawn.people for piece in pieces(scenario, seed=9)]
    starts = {
        (int(department), bool(chosen))
        for one in people
        for department, chosen in zip(one.department[0, :, 0], one.programme[0], strict=True)
    }
    assert len(starts) == len({department for department, _ in starts}) == 4


def test_one_panel_rates_all_pieces() -> None:
    raters = []
    for piece in pieces(Scenario(pairs=60, design=RATED), seed=10):
        table = piece.tables()["measures"]
        raters.append(set(table.loc[table["item"].str.startswith("demonstration"), "rater"]))
    assert set.union(*raters) == {f"B{number}" for number in range(1, 7)}


@pytest.mark.parametrize("levers", [Levers(), GROUPS])
def test_ids_run_on_and_name_each_person_once(
    levers: Levers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PIECE", 250)
    study = simulate(Scenario(pairs=1200, levers=levers), seed=11).study
    seniors = 1200 // levers.juniors
    ids = set(study.participants["person"])
    assert ids == {f"S{n:04d}" for n in range(1, seniors + 1)} | {
        f"J{n:04d}" for n in range(1, 1201)
    }
    assert len(study.participants) == len(ids)
    assert study.pairs["pair"].tolist() == [f"P{n:04d}" for n in range(1, 1201)]
    assert study.pairs["junior"].tolist() == [f"J{n:04d}" for n in range(1, 1201)]
    assert study.pairs["senior"].tolist() == [
        f"S{n:04d}" for n in range(1, seniors + 1) for _ in range(levers.juniors)
    ]
    assert set(study.measures["person"]) | set(study.measures["rater"]) <= ids
    assert set(study.meetings["pair"]) <= set(study.pairs["pair"])


def test_a_cohort_is_its_pieces_one_after_the_other() -> None:
    scenario = Scenario(pairs=35)
    study = simulate(scenario, seed=12).study
    parts = [piece.tables() for piece in pieces(scenario, seed=12)]
    assert len(parts) == 3
    for name in TABLES:
        whole = pd.concat([part[name] for part in parts], ignore_index=True)
        pd.testing.assert_frame_equal(getattr(study, name), whole)


@pytest.mark.parametrize("comparison", ["waitlist", "pool"])
def test_truth_is_the_mean_over_all_people(comparison: str) -> None:
    """Each row against the people of all pieces in one list, which only the mean could hide."""
    scenario = Scenario(pairs=35, comparison=comparison)  # type: ignore[arg-type]
    made: list[Piece] = list(pieces(scenario, seed=13))
    gathered = Truths()
    for piece in made:
        gathered.add(piece.drawn)
    rows = gathered.known()
    assert rows == simulate(scenario, seed=13).truth.rows
    truth = Truth(rows, scenario, 13)
    for group in ("", "programme"):
        honest, gains = [], []
        for piece in made:
            answers, people = piece.drawn.answers["visibility"], piece.drawn.people
            for pair in range(piece.pairs):
                if people.programme[0, pair] or (group == "" and comparison == "waitlist"):
                    yes, no = answers.honest[0, pair, 2], answers.without[0, pair, 2]
                    honest.append(float(yes.mean() - no.mean()))
                    gains.append(piece.drawn.gain["visibility"][0, pair, 2])
        row = truth.row("visibility", "month6", group=group)
        assert row.people == len(honest)
        # sums of some 35 numbers around 1
        assert row.latent == pytest.approx(fmean(honest), abs=1e-12)
        assert row.latent_sd == pytest.approx(fmean(gains), abs=1e-12)


def test_a_truth_about_nobody_of_a_piece_is_that_of_the_others() -> None:
    nature = dataclasses.replace(
        Scenario().nature, response=0.05, response_start=0.05, response_person=0.0
    )
    made = list(pieces(Scenario(pairs=60, nature=nature), seed=14))
    each = [{row.key: row.of(0) for row in truths(piece.drawn)} for piece in made]
    gathered = Truths()
    for piece in made:
        gathered.add(piece.drawn)
    known = {row.key: row for row in gathered.known()}
    seen = {"all": 0, "some": 0, "none": 0}
    for key in each[0]:
        there = [rows[key] for rows in each if rows[key].people]
        seen["none" if not there else "all" if len(there) == len(each) else "some"] += 1
        if not there:
            assert key not in known
            continue
        people = [row.people for row in there]
        assert known[key].people == sum(people)
        expected = np.average([row.as_reported for row in there], weights=people)
        assert known[key].as_reported == pytest.approx(expected, abs=1e-12)
    assert min(seen.values()) > 0
