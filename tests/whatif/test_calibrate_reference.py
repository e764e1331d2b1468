"""The drawn cohorts that pilots are held against: where nothing interferes they are the inputs."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.whatif.calibrate.pilot import COMPARISON, PROGRAMME
from rmresearch.whatif.calibrate.reference import SETS, Course, course, selection
from rmresearch.world.instruments import SENIOR, SKILL
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature

#: nothing depends on quality, time, gains or performance
PLAIN = Nature(
    quality_on_meetings=0.0, time_on_meetings=0.0, quality_on_ending=0.0, time_on_ending=0.0,
    quality_on_response=0.0, gain_on_response=0.0, engagement_on_leaving=0.0,
    visibility_on_promotion=0.0, performance_on_promotion=0.0, agenda_on_meetings=0.0,
    meeting_rate=0.6, ending_rate=0.1, leaving_rate=0.02, promotion_rate=0.03, response=0.7,
)  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> Course:
    return course(rm.Scenario(pairs=50, nature=PLAIN))


def close(found: float, expected: float, trials: float) -> None:
    """Within four binomial errors."""
    assert abs(found - expected) <= 4 * np.sqrt(expected * (1 - expected) / trials)


def test_what_nothing_interferes_with_comes_out_as_it_went_in(plain: Course) -> None:
    # two meetings a month, and every pair meets in the first month at least
    close(plain.meeting, 0.6, 2 * SETS)
    # pairs are at risk in the first month, and most in the second
    close(plain.ending, 0.1, SETS)
    close(plain.leaving[COMPARISON, SENIOR], 0.02, 5 * SETS)
    close(plain.leaving[PROGRAMME, SENIOR], 0.02, 5 * SETS)
    close(plain.promotion[COMPARISON, SENIOR], 0.03, 4 * SETS)
    for wave in (1, 2):
        close(plain.response[SENIOR, wave], 0.7, 0.8 * SETS)


def test_who_answers_at_random_is_like_everybody(plain: Course) -> None:
    stay = course(rm.Scenario(nature=dataclasses.replace(PLAIN, leaving_rate=0.0)))
    for name in (SKILL, "visibility"):
        everybody, answering = stay.learned[name], stay.learned_of_answering[name]
        assert everybody[0] == answering[0] == 0.0
        # learning has an SD below .35, and six in ten or more answer
        error = 0.35 * np.sqrt(0.7 / (0.6 * SETS))
        np.testing.assert_allclose(answering, everybody, atol=4 * error)
        np.testing.assert_allclose(stay.behind[name], 0.0, atol=0.004)
    assert stay.learning[0] == 0.0
    assert 0.2 < stay.learning[1] < stay.learning[2] < 1.0
    # people who have left do not answer, and their pairs have learnt less
    assert (plain.learned_of_answering[SKILL][1:] > plain.learned[SKILL][1:]).all()


def test_who_gains_answers_and_could_do_less_before() -> None:
    nature = Nature(response=0.5, gain_on_response=1.0, skill_on_gain=-0.5, digital_skill_gain=1.5)
    found = course(rm.Scenario(nature=nature))
    assert (found.learned_of_answering[SKILL][1:] > 1.05 * found.learned[SKILL][1:]).all()
    assert (found.behind[SKILL][1:] < -0.05).all()
    assert found.behind[SKILL][0] == 0.0
    assert (found.behind["digital_use"] == 0.0).all()


def test_what_a_gain_adds_does_not_depend_on_its_size_when_answering_does_not() -> None:
    quiet = {"gain_on_response": 0.0, "engagement_gain": 0.0, "visibility_on_engagement": 0.0}
    small, none = (
        course(rm.Scenario(nature=Nature(digital_skill_gain=size, **quiet)))  # type: ignore[arg-type]
        for size in (1.0, 0.0)
    )
    np.testing.assert_allclose(small.learned[SKILL], none.learned[SKILL], rtol=1e-5)


def test_people_who_did_not_choose_are_like_the_eligible() -> None:
    assigned = selection(rm.Scenario(pairs=50, levers=Levers(application="assigned")))
    np.testing.assert_allclose(assigned.mean, 0.0, atol=4 / np.sqrt(SETS / 2))
    np.testing.assert_allclose(assigned.variance, 1.0, atol=4 * np.sqrt(2 / (SETS / 2)))
    pool = selection(rm.Scenario(pairs=50, comparison="pool"))
    assert pool.mean[PROGRAMME, SENIOR] < -0.2
    assert abs(pool.mean[COMPARISON, SENIOR]) < abs(pool.mean[PROGRAMME, SENIOR]) / 2


def test_equal_months_are_drawn_once() -> None:
    one = rm.Scenario(pairs=50, nature=PLAIN)
    other = rm.Scenario(
        pairs=90, comparison="pool", nature=PLAIN, design=Setting(start=dt.date(2026, 1, 5))
    )
    assert course(one) is course(other)
