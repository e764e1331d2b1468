"""Draws: streams, the seed contract, and the months against a loop written out by hand."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rmresearch.world.cohort import simulate
from rmresearch.world.course import REASONS, Course
from rmresearch.world.draw import Draw, draw
from rmresearch.world.instruments import INSTRUMENTS, JUNIOR, SENIOR
from rmresearch.world.levers import Levers, Matching, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.people import similarity
from rmresearch.world.presets import preset
from rmresearch.world.scenario import Comparison, Scenario
from rmresearch.world.scores import spilt
from rmresearch.world.streams import Streams

SMALL = Scenario(pairs=14)
COMPARISONS: tuple[Comparison, ...] = ("waitlist", "control", "pool", "none")
POLICIES: tuple[Matching, ...] = ("random", "self-selected", "greedy", "optimal")


def arrays(value: Any, path: str = "") -> Iterator[tuple[str, np.ndarray]]:
    if isinstance(value, np.ndarray):
        yield path, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from arrays(part, f"{path}.{name}")
    elif dataclasses.is_dataclass(value) and not isinstance(value, Scenario | Streams):
        for field in dataclasses.fields(value):
            yield from arrays(getattr(value, field.name), f"{path}.{field.name}")


def replicate(path: str, array: np.ndarray, number: int) -> np.ndarray:
    """One replicate's part: the axis stands first, but behind the world in what happens twice."""
    if path == ".people.site":
        return array
    if path in {".course.left", ".course.promoted"}:
        return array[:, number]
    return array[number]


SCENARIOS = [
    *(
        dataclasses.replace(SMALL, comparison=one)
        for one in ("waitlist", "control", "pool", "none")
    ),
    *(dataclasses.replace(SMALL, levers=Levers(matching=one)) for one in POLICIES),
    Scenario(pairs=16, levers=Levers(format="group", juniors=2, matching="greedy")),
    Scenario(
        pairs=9,
        levers=Levers(other_department=False),
        design=Setting(unit="department", departments=12, sites=1),
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_replicate_is_the_same_however_many_are_drawn(scenario: Scenario) -> None:
    one, three, five = (dict(arrays(draw(scenario, n, seed=5))) for n in (1, 3, 5))
    assert set(one) == set(three)
    for path in three:
        for number in range(3):
            many = replicate(path, five[path], number)
            np.testing.assert_array_equal(replicate(path, three[path], number), many, path)
        np.testing.assert_array_equal(
            replicate(path, one[path], 0), replicate(path, three[path], 0), path
        )


def test_replicates_and_seeds_differ() -> None:
    drawn = draw(SMALL, 2, seed=0)
    other = draw(SMALL, 2, seed=1)
    skill = drawn.people.skill
    assert not np.array_equal(skill[0], skill[1])
    assert not np.array_equal(skill, other.people.skill)
    np.testing.assert_array_equal(skill, draw(SMALL, 2, seed=0).people.skill)


def test_seed_zero_and_seed_sequences_are_valid_and_the_rest_is_refused() -> None:
    plain = draw(SMALL, 1, seed=0).people.skill
    same = draw(SMALL, 1, seed=np.random.SeedSequence(0)).people.skill
    task = draw(SMALL, 1, seed=np.random.SeedSequence(0, spawn_key=(5,))).people.skill
    np.testing.assert_array_equal(plain, same)
    assert not np.array_equal(plain, task)
    with pytest.raises(ValueError, match="seed is -1"):
        draw(SMALL, 1, seed=-1)
    for wrong in (True, 1.0, "1", None):
        with pytest.raises(TypeError, match="seed is"):
            draw(SMALL, 1, seed=wrong)  # type: ignore[arg-type]
    for count in (0, -1, True, 1.0):
        with pytest.raises(ValueError, match="replicates is"):
            draw(SMALL, count, seed=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("comparison", ["waitlist", "pool"])
def test_each_cause_has_its_own_stream_and_is_drawn_once(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    causes: list[str] = []
    plain = Streams.generator

    def spy(self: Streams, cause: str, *further: int) -> np.random.Generator:
        causes.append(cause)
        return plain(self, cause, *further)

    monkeypatch.setattr(Streams, "generator", spy)
    draw(dataclasses.replace(SMALL, comparison=comparison), 2, seed=3)
    assert len(causes) > 30
    assert len(set(causes)) == len(causes)
    assert len({zlib.crc32(cause.encode()) for cause in causes}) == len(causes)


def test_scenarios_under_one_seed_share_their_luck() -> None:
    default, strong = (draw(preset(name), 2, seed=4) for name in ("default", "strong"))
    np.testing.assert_array_equal(default.course.slots[:, :, 0], strong.course.slots[:, :, 0])
    for scale in INSTRUMENTS:
        np.testing.assert_array_equal(
            default.untreated[scale.name], strong.untreated[scale.name], scale.name
        )
        np.testing.assert_array_equal(
            default.answers[scale.name].without, strong.answers[scale.name].without, scale.name
        )
        assert (strong.gain[scale.name][..., 1:] >= default.gain[scale.name][..., 1:]).mean() > 0.9


@pytest.mark.parametrize(("pairs", "sites", "share"), [(48, 2, 0.5), (13, 3, 0.5), (30, 4, 0.3)])
def test_each_site_gets_its_share_by_chance(pairs: int, sites: int, share: float) -> None:
    scenario = Scenario(pairs=pairs, design=Setting(sites=sites, programme_share=share))
    people = draw(scenario, 200, seed=5).people
    assert (people.programme.sum(axis=1) == scenario.programme_pairs).all()
    for site in range(sites):
        there = people.programme[:, people.site == site]
        counts = there.sum(axis=1)
        assert abs(counts - share * there.shape[1]).max() <= 1
        # Every pair of every site starts in about the same share of replicates: four standard
        # errors of a proportion from 200.
        expected = scenario.programme_pairs / pairs
        error = np.sqrt(expected * (1 - expected) / 200)
        assert abs(there.mean(axis=0) - expected).max() <= 4 * error


def test_levels_and_departments_keep_the_rules() -> None:
    strict = draw(Scenario(pairs=400, levers=Levers(level_gap=2)), 1, seed=6).people
    gap = strict.level[..., SENIOR] - strict.level[..., JUNIOR]
    assert set(gap.ravel()) == {2, 3}
    assert (strict.department[..., SENIOR] != strict.department[..., JUNIOR]).all()
    loose = draw(Scenario(pairs=400, levers=Levers(other_department=False)), 1, seed=6).people
    together = (loose.department[..., SENIOR] == loose.department[..., JUNIOR]).mean()
    # One in four departments, by chance: four standard errors of a proportion from 400.
    assert abs(together - 0.25) <= 4 * np.sqrt(0.25 * 0.75 / 400)


MONTHS = Scenario(
    pairs=40,
    nature=Nature(ending_rate=0.15, leaving_rate=0.02, quality_shock=0.5),
    levers=Levers(duration=5, cadence=3, goal_clarity=0.9, pulse_and_adapt=0.8),
    design=Setting(waves=(0, 3, 8)),
)


@pytest.fixture(scope="module")
def months() -> Draw:
    return draw(MONTHS, 2, seed=8)


def test_learning_follows_the_meetings_as_written_out_by_hand(months: Draw) -> None:
    nature, levers, course = MONTHS.nature, MONTHS.levers, months.course
    for r in range(2):
        for pair in range(MONTHS.pairs):
            waiting = learned = 0.0
            for month in range(8):
                quality = course.quality[r, pair, 0, month]
                rate = np.exp(
                    nature.quality_on_learning * quality + 0.4 * nature.clarity_on_learning
                )
                met = course.slots[r, pair, month].sum()
                waiting += met * nature.learning_per_meeting * rate
                taken = waiting * nature.uptake
                waiting -= taken
                learned += (1 - learned) * (1 - np.exp(-taken))
                ended = course.ended[r, pair, 0]
                if month + 1 > levers.duration or 0 < ended < month + 1:
                    learned -= nature.fade * learned
                # The same operations in another order: rounding only.
                assert course.learning[r, pair, :, month] == pytest.approx(learned, rel=1e-12)


def test_quality_follows_the_meetings_as_written_out_by_hand(months: Draw) -> None:
    nature, course = MONTHS.nature, months.course
    level = months.pairs.quality
    shocks = Streams.of(8).normal("months.quality", (2, MONTHS.pairs, 1, 8))
    for r, pair in np.ndindex(2, MONTHS.pairs):
        swing = 0.0
        for month in range(8):
            ended = course.ended[r, pair, 0]
            effort = 0.0
            if month + 1 <= 5 and not 0 < ended < month + 1:
                effort = course.slots[r, pair, month].mean() - nature.meeting_rate
            lifted = -0.3 * nature.adapting_on_quality * min(level[r, pair, 0] + swing, 0)
            swing = (
                nature.quality_monthly * swing
                + nature.meetings_on_quality * effort
                + nature.quality_shock * shocks[r, pair, 0, month]
                + lifted
            )
            assert course.quality[r, pair, 0, month] == pytest.approx(level[r, pair, 0] + swing)


def test_pairs_stop_once_with_a_reason_and_meet_no_more(months: Draw) -> None:
    course = months.course
    month = np.arange(1, 9)
    stopped = (course.ended > 0) & (month > course.ended)
    assert not course.slots[stopped | (month > 5)].any()
    assert ((course.ended > 0) == (course.reason > 0)).all()
    assert course.ended.max() < 5  # stopping with the programme is not early
    assert set(course.reason.ravel()) == set(range(len(REASONS)))
    first = np.where(course.left[1] > 0, course.left[1], 99).min(axis=-1)
    left = course.reason[..., 0] == REASONS.index("left the organisation")
    np.testing.assert_array_equal(course.ended[left][:, 0], first[left])
    assert (course.ended[first < 5] > 0).all()


def test_gains_start_at_nothing_and_follow_learning(months: Draw) -> None:
    nature, course = MONTHS.nature, months.course
    for scale, full in (
        (INSTRUMENTS[0], nature.digital_skill_gain),
        (INSTRUMENTS[4], nature.visibility_gain * MONTHS.levers.two_way),
    ):
        gain, before = months.gain[scale.name], months.untreated[scale.name]
        assert (gain[..., 0] == 0).all()
        for r, pair in np.ndindex(2, MONTHS.pairs):
            room = 1 + nature.skill_on_gain * before[r, pair, 0]
            performs = months.people.performance[r, pair, scale.side]
            room += nature.performance_on_gain * performs
            for index, month in ((1, 3), (2, 8)):
                expected = full * room * course.learning[r, pair, scale.side, month - 1]
                assert gain[r, pair, index] == pytest.approx(expected, rel=1e-12)
    used = months.gain["digital_use"]
    np.testing.assert_allclose(used, nature.transfer * months.gain["digital_skill"], rtol=1e-12)


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(pairs=1, comparison="none"),
        Scenario(pairs=2),
        Scenario(pairs=2, comparison="pool", design=Setting(eligible=1, sites=1)),
        Scenario(nature=Nature(state_share=0.0, response=1.0, response_start=1.0)),
        Scenario(levers=Levers(duration=24, cadence=8), design=Setting(waves=(0, 24))),
        Scenario(nature=Nature(ending_rate=0.5, leaving_rate=0.5), design=Setting(sites=20)),
    ],
    ids=["one pair", "two pairs", "two of a pool", "all answer", "two years", "all stop"],
)
def test_small_and_extreme_worlds_are_drawn_whole(scenario: Scenario) -> None:
    for path, array in arrays(draw(scenario, 2, seed=9)):
        assert np.isfinite(array).all(), path


def test_courses_hold_what_they_say(months: Draw) -> None:
    course: Course = months.course
    assert course.slots.shape == (2, 40, 8, 3)
    assert course.left.shape == (2, 2, 40, 2)
    assert ((course.learning >= 0) & (course.learning < 1)).all()
    never = (course.promoted > 0) & (course.left > 0) & (course.promoted > course.left)
    assert not never.any()  # nobody is promoted after they left


@pytest.mark.parametrize("policy", ["greedy", "optimal", "self-selected"])
@pytest.mark.parametrize("comparison", ["waitlist", "control"])
def test_matching_moves_juniors_within_what_is_allowed(
    policy: Matching, comparison: Comparison
) -> None:
    levers = Levers(matching=policy)
    scenario = Scenario(pairs=40, comparison=comparison, levers=levers)
    people = draw(scenario, 30, seed=41).people
    rules = dataclasses.replace(levers, matching="random" if policy == "self-selected" else "rules")
    before = draw(dataclasses.replace(scenario, levers=rules), 30, seed=41).people
    # The same juniors in other places: every attribute moves with its person.
    moved = people.interests[..., JUNIOR] != before.interests[..., JUNIOR]
    assert 0.5 < moved.mean() < 1
    for r in range(30):
        came = np.argsort(before.interests[r, :, JUNIOR])[
            np.argsort(np.argsort(people.interests[r, :, JUNIOR]))
        ]
        for name in ("skill", "performance", "level", "department", "values", "manner"):
            found, there = getattr(people, name)[r], getattr(before, name)[r]
            np.testing.assert_array_equal(found[:, JUNIOR], there[came, JUNIOR], name)
            np.testing.assert_array_equal(found[:, SENIOR], there[:, SENIOR], name)
        np.testing.assert_array_equal(people.site[came], people.site)
        if comparison == "control":
            np.testing.assert_array_equal(people.programme[r][came], people.programme[r])
    gap = people.level[..., SENIOR] - people.level[..., JUNIOR]
    if policy == "self-selected":
        assert gap.min() >= 1
    else:
        assert gap.min() >= levers.level_gap
        assert (people.department[..., SENIOR] != people.department[..., JUNIOR]).all()


def test_optimal_matching_is_at_least_as_good_as_greedy_and_that_as_chance() -> None:
    means = []
    for policy in MATCHINGS:
        people = draw(Scenario(pairs=60, levers=Levers(matching=policy)), 50, seed=42).people
        means.append(similarity(people.interests).mean())
    assert means[0] < 0.1 < means[1] <= means[2]


MATCHINGS: tuple[Matching, ...] = ("rules", "greedy", "optimal")
GROUP = Scenario(pairs=24, levers=Levers(format="group", juniors=3, goal_clarity=0.5))


def test_a_group_shares_its_senior_and_its_meetings() -> None:
    drawn = draw(dataclasses.replace(GROUP, design=Setting(waves=(0, 4))), 3, seed=43)
    nature, course = GROUP.nature, drawn.course
    assert drawn.people.skill.shape == (3, 8, 4)
    assert drawn.untreated["digital_skill"].shape == (3, 8, 2)
    assert drawn.untreated["visibility"].shape == (3, 24, 2)
    pull = np.exp(nature.group_on_dose)
    for r, place in np.ndindex(3, 8):
        waiting, learned = np.zeros(4), np.zeros(4)
        for month in range(4):
            ended = course.ended[r, place]
            active = (ended == 0) | (ended > month)
            met = course.slots[r, place, month].sum() * active
            quality = course.quality[r, place, :, month]
            taught = met * nature.learning_per_meeting * pull
            taught = taught * np.exp(nature.quality_on_learning * quality)
            waiting += [taught.mean(), *taught]  # a senior learns the pairs' mean
            taken = nature.uptake * waiting
            waiting, learned = waiting - taken, 1 - (1 - learned) * np.exp(-taken)
            learned[1:][~active] *= 1 - nature.fade
            learned[0] *= 1 if active.any() else 1 - nature.fade
            np.testing.assert_allclose(course.learning[r, place, :, month], learned, rtol=1e-12)


def test_a_group_is_one_unit_in_its_study() -> None:
    study = simulate(GROUP, seed=44).study
    assert study.design.unit == "set"
    assert study.pairs.groupby("senior").size().eq(3).all()
    assert study.participants["role"].value_counts().to_dict() == {"junior": 24, "senior": 8}
    assert study.clusters().nunique() == 8
    # Its juniors go to the same meetings while they take part.
    met = study.meetings.merge(study.pairs[["pair", "senior"]], on="pair")
    assert met.groupby(["senior", "date"])["pair"].size().max() == 3


def test_departments_are_assigned_whole() -> None:
    inside = Levers(other_department=False)
    design = Setting(unit="department", departments=6, sites=1)
    scenario = Scenario(pairs=60, levers=inside, design=design)
    people = draw(scenario, 40, seed=45).people
    assert (people.department[..., SENIOR] == people.department[..., JUNIOR]).all()
    for r in range(40):
        arms = {
            number: set(people.programme[r, people.department[r, :, SENIOR] == number])
            for number in range(6)
        }
        assert all(len(arm) <= 1 for arm in arms.values())
        assert sum(arm == {True} for arm in arms.values()) <= 3
    study = simulate(scenario, seed=45).study
    assert study.design.unit == "department"
    assert study.clusters().nunique() == study.participants["department"].nunique()


def test_what_spills_over_is_a_part_of_what_colleagues_gain() -> None:
    scenario = Scenario(pairs=40, design=Setting(spillover=0.5))
    drawn = draw(scenario, 2, seed=46)
    scale = INSTRUMENTS[0]
    gain, people = drawn.gain[scale.name], drawn.people
    found = spilt(scenario, people, scale, gain)
    assert found is not None
    for r, place in np.ndindex(2, 40):
        expected = np.zeros(3)
        same = people.department[r, :, SENIOR] == people.department[r, place, SENIOR]
        sources = same & people.programme[r]
        if not people.programme[r, place] and sources.any():
            expected = 0.5 * gain[r, sources].mean(axis=0)
        np.testing.assert_allclose(found[r, place], expected, rtol=1e-12)
    answers = drawn.answers[scale.name]
    waiting = ~people.programme
    assert (answers.happened[waiting] >= answers.without[waiting]).all()
    assert (answers.happened[waiting] > answers.without[waiting]).any()
    none = dataclasses.replace(scenario, design=Setting(spillover=0.0))
    alone = draw(none, 2, seed=46).answers[scale.name]
    np.testing.assert_array_equal(alone.happened[waiting], alone.without[waiting])


@pytest.mark.parametrize(("pairs", "departments"), [(2, 12), (2, 2), (3, 12), (6, 2), (30, 5)])
def test_whole_departments_leave_no_arm_empty(pairs: int, departments: int) -> None:
    scenario = Scenario(
        pairs=pairs,
        levers=Levers(other_department=False),
        design=Setting(unit="department", departments=departments, sites=1),
    )
    programme = draw(scenario, 60, seed=47).people.programme
    assert programme.any(axis=1).all()
    assert not programme.all(axis=1).any()
    # Chance favours neither arm's departments: half, to four errors of a proportion.
    held = min(pairs, departments)
    expected = min(held - 1, max(1, round(held * 0.5))) / held
    assert abs(programme.mean() - expected) <= 4 * 0.5 / np.sqrt(60 * min(held, 4))
