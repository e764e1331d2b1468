"""Truth: against loops over people, in the no-effect world, and as what estimates aim at."""

from __future__ import annotations

import dataclasses
import math
from statistics import fmean

import numpy as np
import pytest

from rmresearch.analysis.arms import compare_arms
from rmresearch.analysis.change import pre_post
from rmresearch.result import KEY
from rmresearch.world.cohort import Cohort, cohort, simulate
from rmresearch.world.draw import Draw, draw
from rmresearch.world.instruments import INSTRUMENTS
from rmresearch.world.levers import Setting
from rmresearch.world.nature import Nature
from rmresearch.world.presets import preset
from rmresearch.world.scenario import Comparison, Scenario
from rmresearch.world.truth import ANSWERED_BOTH, AS_ASSIGNED, BY_FIT, CAREER, TruthRow, truths

SMALL = Scenario(pairs=11)


@pytest.fixture(scope="module", params=["waitlist", "control", "pool", "none"])
def drawn(request: pytest.FixtureRequest) -> Draw:
    return draw(dataclasses.replace(SMALL, comparison=request.param), 3, seed=31)


def value(drawn: Draw, row: TruthRow, number: int, r: int) -> float:
    found = (row.latent, row.as_reported, row.latent_sd)[number]
    return float(found[r])


def third(drawn: Draw, r: int, pair: int) -> int:
    """Of those in the programme, in which third the pair's fit stands."""
    fit = drawn.pairs.compatibility[r, :, 0]
    others = fit[drawn.people.programme[r]]
    return 3 * int((others < fit[pair]).sum()) // len(others)


def test_effects_are_the_mean_difference_of_potential_outcomes(drawn: Draw) -> None:
    """Loops over replicates, people and items; sums of small whole numbers, so 1e-12."""
    randomised = drawn.scenario.comparison in {"waitlist", "control"}
    rows = [
        row for row in truths(drawn) if " - start" not in row.contrast and row.outcome not in CAREER
    ]
    assert len(rows) == len(INSTRUMENTS) * 2 * 5
    scales = {one.name: one for one in INSTRUMENTS}
    for row in rows:
        scale, wave = scales[row.outcome], {"month3": 1, "month6": 2}[row.wave]
        answers = drawn.answers[row.outcome]
        for r in range(drawn.replicates):
            honest, reported, true = [], [], []
            for pair in range(11):
                chosen = bool(drawn.people.programme[r, pair])
                if not chosen and (row.group != "" or not randomised):
                    continue
                if row.group in BY_FIT and third(drawn, r, pair) != BY_FIT.index(row.group):
                    continue
                no = fmean(int(answers.without[r, pair, wave, i]) for i in range(scale.items))
                yes = fmean(int(answers.honest[r, pair, wave, i]) for i in range(scale.items))
                said = fmean(int(answers.with_it[r, pair, wave, i]) for i in range(scale.items))
                honest.append(yes - no)
                reported.append(said - no)
                true.append(drawn.gain[row.outcome][r, pair, wave])
            assert row.people[r] == len(true)
            expected = (fmean(honest), fmean(reported), fmean(true))
            for number in range(3):
                assert value(drawn, row, number, r) == pytest.approx(expected[number], abs=1e-12)


def test_changes_are_what_happened_to_the_people_of_an_arm(drawn: Draw) -> None:
    rows = [row for row in truths(drawn) if " - start" in row.contrast]
    arms = 1 if drawn.scenario.comparison == "none" else 2
    assert len(rows) == len(INSTRUMENTS) * 2 * arms * 2
    scales = {one.name: one for one in INSTRUMENTS}
    for row in rows:
        scale, wave = scales[row.outcome], {"month3": 1, "month6": 2}[row.wave]
        answers, seen = drawn.answers[row.outcome], drawn.observed(scale)
        for r in range(drawn.replicates):
            changes = []
            for pair in range(11):
                chosen = bool(drawn.people.programme[r, pair])
                if chosen != (row.group == "programme"):
                    continue
                here = (seen[r, pair, 0], seen[r, pair, wave])
                if row.estimand == ANSWERED_BOTH and np.isnan(here).any():
                    continue
                world = answers.happened
                if chosen:
                    np.testing.assert_array_equal(world[r, pair], answers.with_it[r, pair])
                changes.append(world[r, pair, wave].mean() - world[r, pair, 0].mean())
            assert row.people[r] == len(changes)
            if changes:
                assert value(drawn, row, 1, r) == pytest.approx(fmean(changes), abs=1e-12)
            else:
                assert math.isnan(value(drawn, row, 1, r))


@pytest.mark.parametrize("comparison", ["waitlist", "control", "pool", "none"])
def test_no_effect_world_has_exactly_no_truth_but_flattery(comparison: Comparison) -> None:
    scenario = dataclasses.replace(preset("no-effect"), comparison=comparison)
    for row in truths(draw(scenario, 20, seed=32)):
        if " - start" in row.contrast:
            continue
        assert (row.latent == 0.0).all()
        assert (row.latent_sd == 0.0).all()
        if row.outcome in {"digital_use", *CAREER}:
            assert (row.as_reported == 0.0).all()
        else:
            assert row.as_reported.mean() > 0.03


def test_truth_shares_the_key_of_estimates() -> None:
    made = simulate(SMALL, seed=33)
    frame = made.truth.to_frame()
    assert tuple(frame.columns[: len(KEY)]) == KEY
    keys = [row.key for row in made.truth.rows]
    assert len(set(keys)) == len(keys)
    row = made.truth.row("visibility", "month6")
    assert row.key == (
        "junior", "visibility", "month6", "programme - comparison", "", AS_ASSIGNED, "",
    )  # fmt: skip
    change = made.truth.row("visibility", "month6", "month6 - start", "comparison", ANSWERED_BOTH)
    assert change.group == "comparison"
    with pytest.raises(KeyError, match="month9"):
        made.truth.row("visibility", "month9")


@pytest.mark.parametrize("outcome", ["visibility", "digital_use"])
def test_every_estimate_of_record_finds_its_truth(outcome: str) -> None:
    made = simulate(Scenario(pairs=40), seed=39)
    keys = {row.key for row in made.truth.rows}
    for answer in (compare_arms(made.study, outcome), pre_post(made.study, outcome)):
        records = [one for one in answer.estimates if one.term == ""]
        assert records
        assert {one.key for one in records} <= keys


def test_a_truth_about_nobody_has_no_row() -> None:
    silent = Nature(response=0.05, response_person=0.0)
    found = simulate(Scenario(pairs=2, nature=silent), seed=34).truth
    asked = {row.key for row in found.rows if row.estimand == ANSWERED_BOTH}
    assert len(asked) < len(INSTRUMENTS) * 4
    assert all(math.isfinite(row.as_reported) for row in found.rows)


def test_a_cohorts_truth_is_its_replicates(drawn: Draw) -> None:
    for r in range(drawn.replicates):
        made = cohort(drawn, r, seed=31)
        for row in truths(drawn):
            if math.isnan(row.latent[r]):
                continue
            own = made.truth.row(row.outcome, row.wave, row.contrast, row.group, row.estimand)
            assert own.latent == row.latent[r]
            assert own.as_reported == row.as_reported[r]
            assert own.latent_sd == row.latent_sd[r]
            assert own.people == row.people[r]
    with pytest.raises(ValueError, match="replicate is 3"):
        cohort(drawn, 3, seed=31)


def test_randomisation_recovers_the_reported_truth_without_non_response() -> None:
    """Mean of the difference between arms, 400 cohorts: within 3 Monte Carlo errors of truth.

    Also on average unbiased for change scores; the seed was not chosen.
    """
    everybody = Nature(response=1.0, response_start=1.0, leaving_rate=0.0, item_skip=0.0)
    alone = Setting(spillover=0.0)
    drawn = draw(Scenario(pairs=60, nature=everybody, design=alone), 400, seed=35)
    programme = drawn.people.programme
    rows = {
        (row.outcome, row.wave): row
        for row in truths(drawn)
        if row.group == "" and " - start" not in row.contrast
    }
    for scale in INSTRUMENTS:
        scores = drawn.observed(scale)
        assert np.isfinite(scores).all()
        for index, wave in ((1, "month3"), (2, "month6")):
            for outcome in (scores[..., index], scores[..., index] - scores[..., 0]):
                treated = (outcome * programme).sum(1) / programme.sum(1)
                waiting = (outcome * ~programme).sum(1) / (~programme).sum(1)
                error = treated - waiting - rows[scale.name, wave].as_reported
                assert abs(error.mean()) <= 3 * error.std(ddof=1) / np.sqrt(400)


def test_volunteers_against_the_pool_are_biased_in_the_null_world() -> None:
    """Without chance the difference in follow-up scores is not the truth: low scorers came."""
    scenario = dataclasses.replace(
        preset("no-effect"),
        pairs=60,
        comparison="pool",
        nature=dataclasses.replace(preset("no-effect").nature, self_inflation=0.0),
    )
    drawn = draw(scenario, 400, seed=36)
    programme = drawn.people.programme[0]
    scores = drawn.observed(INSTRUMENTS[0])[..., 2]
    gap = np.nanmean(scores[:, programme], axis=1) - np.nanmean(scores[:, ~programme], axis=1)
    assert gap.mean() < -3 * gap.std(ddof=1) / np.sqrt(400)


def test_study_cannot_reach_the_truth() -> None:
    made: Cohort = simulate(SMALL, seed=37)
    for field in dataclasses.fields(made.study):
        assert "truth" not in field.name
        inside = getattr(made.study, field.name)
        assert not isinstance(inside, Scenario | TruthRow)
    columns = {
        name
        for table in ("participants", "pairs", "measures", "meetings", "records")
        for name in getattr(made.study, table).columns
    }
    assert not columns & {"skill", "quality", "learning", "gain", "latent"}


def test_waves_of_another_study_have_their_truth_too() -> None:
    found = simulate(Scenario(design=Setting(waves=(0, 2, 12))), seed=38).truth
    assert {row.wave for row in found.rows} == {"month2", "month12"}


def test_who_fits_gains_more() -> None:
    """Quality teaches: the order of the thirds, over many cohorts; means of 40,000 people."""
    rows = {
        row.group: row.latent_sd.mean()
        for row in truths(draw(Scenario(pairs=200, comparison="none"), 200, seed=41))
        if row.outcome == "digital_skill" and row.wave == "month6" and row.group in BY_FIT
    }
    assert rows[BY_FIT[0]] + 0.02 < rows[BY_FIT[1]] < rows[BY_FIT[2]] - 0.02


def test_who_left_and_who_rose_is_told_for_both_roles() -> None:
    busy = Nature(leaving_rate=0.05, promotion_rate=0.08)
    drawn = draw(Scenario(pairs=30, nature=busy), 3, seed=42)
    rows = [row for row in truths(drawn) if row.outcome in {"left", "promoted"} and not row.group]
    assert len(rows) == 2 * 2 * 2
    for row in rows:
        month, side = {"month3": 3, "month6": 6}[row.wave], ("senior", "junior").index(row.role)
        happened = getattr(drawn.course, row.outcome)
        for r in range(3):
            shares = [
                fmean(0 < int(happened[world, r, pair, side]) <= month for pair in range(30))
                for world in (0, 1)
            ]
            assert row.latent[r] == pytest.approx(shares[1] - shares[0], abs=1e-12)
            assert row.people[r] == 30
    assert any((row.latent != 0).any() for row in rows)


@pytest.mark.parametrize("outcome", ["digital_skill", "visibility", "left"])
def test_the_truth_of_one_outcome_is_what_all_have_of_it(drawn: Draw, outcome: str) -> None:
    every = {row.key: row for row in truths(drawn) if row.outcome == outcome}
    some = {row.key: row for row in truths(drawn, outcome)}
    assert every
    assert every.keys() <= some.keys()
    if outcome not in CAREER:
        assert every.keys() == some.keys()
    for key, row in every.items():
        for name in ("latent", "as_reported", "latent_sd", "people"):
            np.testing.assert_array_equal(getattr(row, name), getattr(some[key], name))
