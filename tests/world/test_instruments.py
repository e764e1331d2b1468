"""What only some studies ask: each instrument against a loop or a closed form, and in a study."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from rmresearch.analysis.arms import compare_arms
from rmresearch.analysis.change import pre_post
from rmresearch.analysis.reactions import reaction
from rmresearch.io.check import check
from rmresearch.io.read import read_study
from rmresearch.plan import read_plan
from rmresearch.report.asking import ask
from rmresearch.study import TABLES
from rmresearch.whatif.source import source
from rmresearch.world.codebook import askable
from rmresearch.world.cohort import Cohort, simulate
from rmresearch.world.course import engaged
from rmresearch.world.draw import Draw, draw
from rmresearch.world.instruments import (
    ASKABLE,
    ASKED,
    FURTHER,
    INSTRUMENTS,
    JUNIORS,
    SENIOR,
    SKILL,
    USE,
)
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.presets import PRESETS
from rmresearch.world.reception import MATCHES, PULSES
from rmresearch.world.scenario import Comparison, Scenario
from rmresearch.world.topics import TOPICS, starts_and_topics
from rmresearch.world.truth import ANSWERED_BOTH, PROGRAMME, TruthRow, truths
from rmresearch.world.writing import write_study

OPTIONAL = ASKABLE[len(ASKED) :]
GROUP = Levers(format="group", juniors=2)
#: months in which much happens
EVENTFUL = Nature(ending_rate=0.15, leaving_rate=0.05, junior_performance_gain=0.5, harm_added=0.1)


def asking(*further: str, **changes: Any) -> Scenario:
    setting = Setting(instruments=(*ASKED, *further), **changes.pop("setting", {}))
    return Scenario(design=setting, **changes)


@pytest.fixture(scope="module", params=["one-to-one", "group"])
def drawn(request: pytest.FixtureRequest) -> Draw:
    levers = Levers(duration=5) if request.param == "one-to-one" else GROUP
    scenario = asking(
        *OPTIONAL, pairs=24, nature=EVENTFUL, levers=levers, setting={"waves": (0, 2, 6)}
    )
    return draw(scenario, 2, seed=71)


def pairs_of(drawn: Draw) -> Iterator[tuple[int, int, int]]:
    """Replicate, set and junior of every pair."""
    yield from np.ndindex(*drawn.course.ended.shape)  # type: ignore[misc]


def meets(drawn: Draw, pair: tuple[int, int, int], month: int) -> bool:
    ended = drawn.course.ended[pair]
    return (ended == 0 or ended >= month) and month <= drawn.scenario.levers.duration


def topic(drawn: Draw, pair: tuple[int, int, int]) -> int:
    r, of_set, junior = pair
    return int(starts_and_topics(drawn.scenario, drawn.streams, r)[1][of_set, junior])


def arrays(value: Any, path: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
    """Every array of a draw, with its path."""
    if isinstance(value, np.ndarray):
        yield path, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from arrays(part, f"{path}.{name}")
    elif dataclasses.is_dataclass(value) and not isinstance(value, Scenario):
        for field in dataclasses.fields(value):
            yield from arrays(getattr(value, field.name), f"{path}.{field.name}")


# Asked or not ----------------------------------------------------------------------------------


def test_every_optional_instrument_is_listed() -> None:
    assert set(OPTIONAL) == {
        "digital_skill_before", "demonstration", "leadership_seen", "burden", "engagement",
        "reported_match", "goal_attainment", "pulse", "tool_use", "performance", "harm",
    }  # fmt: skip
    assert Setting().instruments == ASKED


def test_every_instrument_is_explained_by_its_name() -> None:
    rows = {name: others for name, *others in askable()}
    assert tuple(rows) == ASKABLE
    assert [name for name, others in rows.items() if others[-1]] == list(ASKED)
    assert rows["demonstration"][1:4] == [
        "seniors", "two raters who do not know the arm", "the first and the last wave"
    ]  # fmt: skip
    assert rows["pulse"][1:4] == ["both", "each of themselves", "every month of the programme"]
    assert rows["goal_attainment"][2:4] == ["the other of the pair", "the last wave"]
    assert rows["reported_match"][3] == "after the start"
    assert rows["harm"][1:3] == ["juniors", "records"]


@pytest.mark.parametrize("wrong", [("tool_uses",), (), ("harm", "harm"), "harm"])
def test_a_wrong_name_is_refused_with_the_right_ones(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"design\.instruments.*tool_use, performance, harm"):
        Setting(instruments=wrong)


@pytest.mark.parametrize("name", OPTIONAL)
def test_asking_more_changes_no_other_number(name: str) -> None:
    """Every array and every row that was there is there, to the bit."""
    plain, more = (draw(asking(*extra, pairs=14), 2, seed=72) for extra in ((), (name,)))
    after = dict(arrays(more))
    for path, array in arrays(plain):
        np.testing.assert_array_equal(array, after[path], err_msg=path)
    assert len(after) > len(dict(arrays(plain)))
    before, study = (simulate(asking(*extra, pairs=14), seed=73).study for extra in ((), (name,)))
    for table in ("participants", "pairs", "meetings"):
        pd.testing.assert_frame_equal(getattr(before, table), getattr(study, table))
    same = study.measures[study.measures["item"].isin(before.measures["item"].unique())]
    pd.testing.assert_frame_equal(before.measures, same.reset_index(drop=True))
    kept = study.records[study.records["kind"].isin(["left", "promoted"])]
    pd.testing.assert_frame_equal(before.records, kept.reset_index(drop=True))
    declared = [one for one in study.design.outcomes if one in before.design.outcomes]
    assert declared == list(before.design.outcomes)
    assert len(study.design.outcomes) > len(declared)


def test_a_replicate_is_the_same_however_many_are_drawn() -> None:
    scenario = asking(*OPTIONAL, pairs=12, nature=EVENTFUL, levers=GROUP)
    few, many = (dict(arrays(draw(scenario, count, seed=74))) for count in (2, 5))
    assert few.keys() == many.keys()
    for path, array in few.items():
        worlds = path in {".course.left", ".course.promoted", ".further.harm"}
        shared = path == ".people.site"
        same = many[path] if shared else many[path][:, :2] if worlds else many[path][:2]
        np.testing.assert_array_equal(array, same, err_msg=path)


@pytest.mark.parametrize("only", [("harm",), ("performance",), ("pulse",), ("goal_attainment",)])
def test_a_study_may_ask_one_thing_alone(only: tuple[str, ...]) -> None:
    made = simulate(Scenario(pairs=10, design=Setting(instruments=only)), seed=75)
    names = {one.name.split("_")[0] for one in made.study.design.outcomes}
    assert names == {only[0].split("_")[0]}
    if only[0] in {"harm", "performance"}:
        assert made.study.measures.empty


# Juniors ---------------------------------------------------------------------------------------


def test_burden_is_the_declared_formula(drawn: Draw) -> None:
    nature, added = drawn.scenario.nature, drawn.gain["burden"]
    assert (added[..., 0] == 0).all()
    waves = drawn.scenario.design.waves
    seen = set()
    for pair in pairs_of(drawn):
        r, of_set, junior = pair
        power = nature.intimidation_on_burden * drawn.pairs.intimidation[pair]
        power += nature.safety_on_burden * drawn.pairs.safety[pair]
        teaches = TOPICS[topic(drawn, pair)] == "inclusion in meetings"
        if teaches:
            background = drawn.people.background[r, of_set, 1 + junior]
            power += nature.exclusion_on_burden + nature.background_on_burden * background
        place = of_set * drawn.scenario.levers.juniors + junior
        for wave in (1, 2):
            still = meets(drawn, pair, waves[wave])
            expected = nature.burden_gain * math.exp(power) if still else 0.0
            assert added[r, place, wave] == pytest.approx(expected, rel=1e-12)
            seen.add((teaches, still))
    assert len(seen) == 4


def test_burden_is_no_skill() -> None:
    """It does not fall by itself, goes against confidence, and is not shared by colleagues."""
    nature = Nature(trend=0.2, pair_share=0.0, department_share=0.0, state_share=0.0)
    setting = {"eligible": 1, "spillover": 1.0}
    made = draw(asking("burden", pairs=4000, nature=nature, setting=setting), 1, seed=76)
    burden = made.untreated["burden"]
    np.testing.assert_array_equal(burden[..., 0], burden[..., 2])
    confidence = made.untreated["leadership_confidence"][..., 0]
    found = np.corrcoef(burden[0, :, 0], confidence[0])[0, 1]
    # Four standard errors of a correlation of 4,000.
    assert abs(found + nature.outcome_correlation) <= 4 / math.sqrt(4000)
    given, waits = made.answers["burden"], ~made.people.programme
    np.testing.assert_array_equal(given.happened[waits], given.without[waits])


def test_harm_is_reported_by_the_declared_chances(drawn: Draw) -> None:
    """Month by month from the same uniform numbers; nobody reports who has left."""
    nature, harm = drawn.scenario.nature, drawn.further.harm
    assert harm is not None
    lots = drawn.streams.uniform("months.harm", harm.shape[1:])
    for pair in pairs_of(drawn):
        power = nature.intimidation_on_harm * drawn.pairs.intimidation[pair]
        power += nature.safety_on_harm * drawn.pairs.safety[pair]
        for month in range(1, drawn.scenario.months + 1):
            added = nature.harm_added * math.exp(power) if meets(drawn, pair, month) else 0.0
            for world, rate in ((0, nature.harm_rate), (1, nature.harm_rate + added)):
                left = drawn.course.left[world, pair[0], pair[1], 1 + pair[2]]
                there = left == 0 or left >= month
                assert harm[(world, *pair, month - 1)] == (
                    there and lots[(*pair, month - 1)] < rate
                )
    assert harm[1].sum() > harm[0].sum()


def test_harm_is_rare_by_default() -> None:
    """Of juniors in the programme about 3 in 100 within six months, by the declared rates.

    Without leaving: 1 - (1 - rate)^6 with the rate averaged over what pairs are like.
    """
    made = draw(asking("harm", pairs=20_000, comparison="none", nature=Nature(leaving_rate=0.0)),
                1, seed=77)  # fmt: skip
    assert made.further.harm is not None
    share = made.further.harm[1].any(axis=-1).mean()
    assert made.further.harm[0].any(axis=-1).mean() < 0.01
    assert 0.01 < share < 0.05


def test_leadership_is_seen_by_the_senior_of_the_pair() -> None:
    made = simulate(asking("leadership_seen", pairs=24, levers=GROUP), seed=78).study
    rows = made.measures[made.measures["item"].str.startswith("leadership_seen")]
    pairs = made.pairs.set_index("pair").loc[rows["pair"]]
    assert (pairs["senior"].to_numpy() == rows["rater"].to_numpy()).all()
    assert (pairs["junior"].to_numpy() == rows["person"].to_numpy()).all()
    assert set(rows["person"]) <= set(made.pairs["junior"])
    # A senior rates both juniors of a group.
    assert rows.groupby("rater")["person"].nunique().max() == 2


# What a pair says ------------------------------------------------------------------------------


def test_goals_are_reached_by_the_declared_formula(drawn: Draw) -> None:
    nature, codes = drawn.scenario.nature, drawn.further.goals
    assert codes is not None
    noise = drawn.streams.normal("goals.rating", codes.shape)
    for pair in pairs_of(drawn):
        place = topic(drawn, pair)
        scale = "inclusion_awareness" if TOPICS[place].startswith("inclusion") else SKILL
        level = nature.goal_level - nature.goal_difficulty * (place / (len(TOPICS) - 1) - 0.5)
        level += nature.gain_on_goals * drawn.gain[scale][pair[0], pair[1], -1]
        level += nature.goal_spread * noise[pair]
        assert codes[pair] == min(2, max(-2, round(level)))
    assert len(np.unique(codes)) >= 4


def test_goals_are_rated_once_by_the_junior_of_pairs_that_started() -> None:
    study = simulate(asking("goal_attainment", pairs=24, levers=GROUP), seed=79).study
    rows = study.measures[study.measures["item"] == "goal_attainment"]
    pairs = study.pairs.set_index("pair").loc[rows["pair"]]
    assert (pairs["junior"].to_numpy() == rows["rater"].to_numpy()).all()
    assert (pairs["senior"].to_numpy() == rows["person"].to_numpy()).all()
    assert pairs["start"].notna().all()
    assert set(rows["wave"]) == {"month6"}
    assert rows["value"].between(-2, 2).all()
    responded = study.measures.loc[
        (study.measures["item"] == "satisfaction") & (study.measures["wave"] == "month6"), "person"
    ]
    assert set(rows["rater"]) <= set(responded)
    # Several juniors' ratings of one senior are averaged.
    scores = study.scores("goal_attainment").set_index("person")["value"]
    means = rows.groupby("person")["value"].mean()
    pd.testing.assert_series_equal(
        scores.sort_index(), means, check_names=False, check_index_type=False
    )


def said(drawn: Draw, cause: str, place: tuple[int, ...], felt: float, shape: Any) -> int:
    """An answer about a pair, by the declared formula."""
    nature, streams = drawn.scenario.nature, drawn.streams
    lenient = streams.normal(f"{cause}.person", shape[:3])[place[:3]]
    noise = streams.normal(f"{cause}.noise", shape)[place]
    heard = math.sqrt(nature.rater_share) * lenient + math.sqrt(1 - nature.rater_share) * felt
    weight = nature.item_reliability
    points = math.sqrt(weight) * heard + math.sqrt(1 - weight) * noise
    return min(5, max(1, round(nature.pair_center + nature.item_spread * points)))


def of_person(of_pairs: NDArray[Any], place: tuple[int, ...]) -> float:
    """What is true of pairs (replicate, set, junior), for a person: a senior has the mean."""
    r, of_set, person = place[:3]
    each = of_pairs[r, of_set]
    return float(each.mean()) if person == SENIOR else float(each[person - 1])


def test_reported_match_is_the_declared_formula(drawn: Draw) -> None:
    nature, course = drawn.scenario.nature, drawn.course
    codes = np.stack([drawn.reactions[item] for item in MATCHES], axis=-1)
    assert (codes[..., 0, :] == 0).all()
    shape = (*codes.shape[:3], 2, len(MATCHES))
    months = drawn.scenario.design.waves[1:]
    for place in np.ndindex(*shape[:4]):
        month = months[place[3]] - 1
        felt = nature.quality_on_match * of_person(course.quality[..., month], place)
        felt += nature.compatibility_on_match * of_person(drawn.pairs.compatibility, place)
        felt += nature.support_on_match * course.learning[(*place[:3], month)]
        expected = [said(drawn, "match", (*place, item), felt, shape) for item in range(3)]
        assert codes[place[0], place[1], place[2], place[3] + 1].tolist() == expected


def test_reported_match_is_a_collider() -> None:
    """How pairs fit and what they learnt are unrelated here, but not among those who say alike.

    With nothing but the two in what is said, and quality of neither's making, the partial
    correlation given the report is negative: both raise it. -.1 is far beyond 4/sqrt(40,000).
    """
    nature = Nature(
        compatibility_on_quality=0.0, compatibility_on_match=0.5, support_on_match=2.0,
        quality_on_match=0.0, rater_share=0.0, item_reliability=0.85,
    )  # fmt: skip
    made = draw(
        asking("reported_match", pairs=40_000, comparison="none", nature=nature), 1, seed=80
    )
    fit = made.pairs.compatibility[0, :, 0]
    learnt = made.course.learning[0, :, SENIOR, 5]
    told = sum(made.reactions[item][0, :, SENIOR, 2].astype(float) for item in MATCHES)
    limit = 4 / math.sqrt(40_000)
    assert abs(np.corrcoef(fit, learnt)[0, 1]) <= limit
    r = np.corrcoef([fit, learnt, told])
    assert r[0, 2] > 0.3
    assert r[1, 2] > 0.3
    partial = (r[0, 1] - r[0, 2] * r[1, 2]) / math.sqrt((1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2))
    assert partial < -0.1


def test_pulses_are_the_declared_formula(drawn: Draw) -> None:
    nature, course, found = drawn.scenario.nature, drawn.course, drawn.further.pulses
    assert found is not None
    months = min(drawn.scenario.levers.duration, 6)
    assert found.answered.shape[-1] == months
    chance = drawn.streams.normal("pulse.response", found.answered.shape)
    people = drawn.streams.normal("response.person", found.answered.shape[:3])
    for place in np.ndindex(*found.answered.shape):
        r, of_set, person, index = place
        quality = of_person(course.quality[..., index], place)
        felt = (
            quality,
            of_person(drawn.pairs.safety, place),
            -drawn.people.time_poverty[r, of_set, person],
        )
        expected = [
            said(drawn, "pulse", (*place, item), felt[item], found.codes.shape) for item in range(3)
        ]
        assert found.codes[place].tolist() == expected
        own = range(course.ended.shape[-1]) if person == SENIOR else (person - 1,)
        asked = any(meets(drawn, (r, of_set, junior), index + 1) for junior in own)
        left = course.left[1, r, of_set, person]
        asked &= bool(drawn.people.programme[r, of_set]) and (left == 0 or left > index + 1)
        wish = nature.response_person * people[r, of_set, person] + chance[place]
        wish += nature.quality_on_response * quality + nature.pulse_fatigue * index
        wish += norm.ppf(nature.pulse_response) * math.hypot(1, nature.response_person)
        assert found.answered[place] == (asked and wish > 0)


def test_pulses_are_answered_less_and_less() -> None:
    """By the declared probit, where nobody leaves or stops: four standard errors of a share."""
    nature = Nature(quality_on_response=0.0, ending_rate=0.0, leaving_rate=0.0)
    made = draw(asking("pulse", pairs=20_000, comparison="none", nature=nature), 1, seed=81)
    assert made.further.pulses is not None
    shares = made.further.pulses.answered[0].mean(axis=(0, 1))
    for index, share in enumerate(shares):
        reach = norm.ppf(nature.pulse_response)
        reach += nature.pulse_fatigue * index / math.hypot(1, nature.response_person)
        declared = norm.cdf(reach)
        assert abs(share - declared) <= 4 * math.sqrt(declared * (1 - declared) / 40_000)
    assert (np.diff(shares) < 0).all()


def test_pulses_have_waves_of_their_own() -> None:
    study = simulate(asking("pulse", pairs=20, levers=Levers(duration=4)), seed=82).study
    assert [wave.name for wave in study.design.waves] == [
        "start", "month1", "month2", "month3", "month4", "month6"
    ]  # fmt: skip
    months = [wave.months for wave in study.design.waves]
    assert months == sorted(months)
    asked = ("month1", "month2", "month3", "month4")
    arms = study.participants.set_index("person")["arm"]
    for item in PULSES:
        assert study.design.outcome(item).waves == asked
        rows = study.measures[study.measures["item"] == item]
        assert set(rows["wave"]) == set(asked)
        assert set(arms[rows["person"]]) == {PROGRAMME}
    assert study.design.outcome(SKILL).waves == ("start", "month3", "month6")


# Records ---------------------------------------------------------------------------------------


def counts(**nature: Any) -> tuple[Draw, NDArray[Any], NDArray[Any]]:
    """A large draw, its counts at the start, and what is expected of them given behaviour."""
    made = draw(asking("tool_use", pairs=40_000, nature=Nature(**nature)), 1, seed=83)
    mean = made.scenario.nature.tool_use_rate * np.exp(
        made.scenario.nature.behaviour_on_tool_use * made.untreated[USE][0, :, 0]
    )
    return made, made.further.recorded["tool_use"].without[0, :, 0], mean


@pytest.mark.parametrize("spread", [0.0, 0.4])
def test_tool_use_is_counted_as_declared(spread: float) -> None:
    """Given behaviour: mean m, variance m + spread m². Means of 40,000, four standard errors.

    The squared residuals' own spread is estimated from themselves.
    """
    _, found, mean = counts(tool_use_spread=spread)
    variance = mean + spread * mean**2
    scaled = (found - mean) / np.sqrt(variance)
    assert abs(scaled.mean()) <= 4 / math.sqrt(len(mean))
    squares = scaled**2
    assert abs(squares.mean() - 1) <= 4 * squares.std() / math.sqrt(len(mean))


@pytest.mark.parametrize("gain", [0.75, -0.75])
def test_what_the_programme_adds_to_counts_is_counted_on_top(gain: float) -> None:
    """With it: again mean m and variance m + spread m², m by the new behaviour; never the other
    way than behaviour went; the same to the last use where it did not move.
    """
    made, _, _ = counts(digital_skill_gain=gain)
    nature, recorded = made.scenario.nature, made.further.recorded["tool_use"]
    moved = made.gain[USE][0, :, 2]
    mean = nature.tool_use_rate * np.exp(
        nature.behaviour_on_tool_use * (made.untreated[USE][0, :, 2] + moved)
    )
    scaled = (recorded.with_it[0, :, 2] - mean) / np.sqrt(mean + nature.tool_use_spread * mean**2)
    assert abs(scaled.mean()) <= 4 / math.sqrt(len(mean))
    squares = scaled**2
    assert abs(squares.mean() - 1) <= 4 * squares.std() / math.sqrt(len(mean))
    more = recorded.with_it - recorded.without
    assert (more[0, :, 2] * np.sign(moved) >= 0).all()
    np.testing.assert_array_equal(more[..., 0], 0)
    waits = ~made.people.programme
    spilt = recorded.happened[waits] - recorded.without[waits]
    assert np.sign(spilt.mean()) == np.sign(gain)
    programme = made.people.programme
    np.testing.assert_array_equal(recorded.happened[programme], recorded.with_it[programme])


def test_performance_is_rated_as_declared(drawn: Draw) -> None:
    nature, recorded = drawn.scenario.nature, drawn.further.recorded["performance"]
    noise = drawn.streams.normal("records.performance", drawn.people.performance.shape)
    for place in np.ndindex(*recorded.with_it.shape):
        true = drawn.people.performance[place]
        learnt = drawn.course.learning[(*place, -1)] if place[2] != SENIOR else 0.0
        for performs, codes in (
            (true, recorded.without),
            (true + nature.junior_performance_gain * learnt, recorded.with_it),
        ):
            seen = nature.performance_seen
            points = nature.performance_center + nature.performance_spread * (
                seen * performs + math.sqrt(1 - seen**2) * noise[place]
            )
            assert codes[place] == min(5, max(1, round(points)))
    assert (recorded.with_it != recorded.without).any()


def test_records_are_dated_and_of_those_who_were_there() -> None:
    made = simulate(asking(*OPTIONAL, pairs=40, nature=EVENTFUL), seed=84).study
    roles = made.participants.set_index("person")["role"]
    left = made.records[made.records["kind"] == "left"].set_index("person")["date"]
    days = {wave.name: pd.Timestamp(wave.day) for wave in made.design.waves}
    for kind, role, waves in (
        ("tool_use", {"senior"}, {days["start"], days["month3"], days["month6"]}),
        ("performance", {"senior", "junior"}, {days["month6"]}),
        ("harm", {"junior"}, None),
    ):
        rows = made.records[made.records["kind"] == kind]
        assert set(roles[rows["person"]]) == role
        if waves is not None:
            assert set(rows["date"]) == waves
            assert not rows.duplicated(["person", "date"]).any()
        gone = rows["person"].map(left)
        assert not (gone < rows["date"]).any()
    assert (made.records.loc[made.records["kind"] == "harm", "value"] == 1).all()


def test_engagement_is_what_the_course_says(drawn: Draw) -> None:
    waves, course = drawn.scenario.design.waves, drawn.course
    for index, month in ((1, waves[1] - 1), (2, waves[2] - 1)):
        quality = course.quality[..., month]
        felt = np.concatenate([quality.mean(-1, keepdims=True), quality], axis=-1)
        added = engaged(drawn.scenario, course.learning[..., month], felt)
        for name, people in (("senior", slice(0, 1)), ("junior", JUNIORS)):
            found = drawn.gain[f"{name}_engagement"][..., index]
            np.testing.assert_array_equal(found.ravel(), added[..., people].ravel())
    assert (drawn.gain["senior_engagement"][..., 0] == 0).all()


# Truth -----------------------------------------------------------------------------------------


def row(drawn: Draw, outcome: str, wave: str, role: str, group: str = "") -> TruthRow:
    found = [
        one
        for one in truths(drawn)
        if (one.outcome, one.wave, one.role, one.group) == (outcome, wave, role, group)
        and " - start" not in one.contrast
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("group", ["", PROGRAMME])
def test_records_have_their_truth(drawn: Draw, group: str) -> None:
    """Mean differences of potential outcomes in loops; sums of whole numbers, so 1e-12."""
    use, rated = (drawn.further.recorded[kind] for kind in ("tool_use", "performance"))
    harm, programme = drawn.further.harm, drawn.people.programme
    assert harm is not None
    juniors = range(drawn.scenario.levers.juniors)
    for r in range(2):
        sets = [s for s in range(drawn.scenario.sets) if programme[r, s] or not group]
        for index, wave in ((1, "month2"), (2, "month6")):
            more = fmean(int(use.with_it[r, s, index] - use.without[r, s, index]) for s in sets)
            found = row(drawn, "tool_use", wave, "senior", group)
            assert found.latent[r] == found.as_reported[r] == pytest.approx(more, abs=1e-12)
            behaviour = fmean(drawn.gain[USE][r, s, index] for s in sets)
            assert found.latent_sd[r] == pytest.approx(behaviour, abs=1e-12)
            months = drawn.scenario.design.waves[index]
            hurt = fmean(
                int(harm[1, r, s, j, :months].any()) - int(harm[0, r, s, j, :months].any())
                for s in sets
                for j in juniors
            )
            found = row(drawn, "harm", wave, "junior", group)
            assert found.latent[r] == found.as_reported[r] == pytest.approx(hurt, abs=1e-12)
        better = fmean(
            int(rated.with_it[r, s, 1 + j]) - int(rated.without[r, s, 1 + j])
            for s in sets
            for j in juniors
        )
        found = row(drawn, "performance", "month6", "junior", group)
        assert found.latent[r] == pytest.approx(better, abs=1e-12)
        performs = fmean(
            drawn.scenario.nature.junior_performance_gain * drawn.course.learning[r, s, 1 + j, -1]
            for s in sets
            for j in juniors
        )
        assert found.latent_sd[r] == pytest.approx(performs, abs=1e-12)
        assert row(drawn, "performance", "month6", "senior", group).latent[r] == 0


def test_scales_have_their_truth_where_they_are_asked(drawn: Draw) -> None:
    for scale in FURTHER:
        given = drawn.answers[scale.name]
        asked = list(range(3))[scale.at(3)]
        for place, wave in enumerate(asked):
            if wave == 0:
                continue
            found = row(drawn, scale.outcome, ("", "month2", "month6")[wave], scale.role)
            for number, world in ((0, given.honest), (1, given.with_it)):
                expected = (world[:, :, place] - given.without[:, :, place].astype(float)).mean(-1)
                truth = (found.latent, found.as_reported)[number]
                np.testing.assert_allclose(truth, expected.mean(axis=-1), atol=1e-12)
            true = drawn.gain[scale.name][..., wave].mean(axis=-1)
            np.testing.assert_allclose(found.latent_sd, true, atol=1e-12)
        changes = [
            one for one in truths(drawn)
            if (one.outcome, one.role) == (scale.outcome, scale.role) and " - start" in one.contrast
        ]  # fmt: skip
        # two arms, everyone and those who answered both waves, at each follow-up
        assert len(changes) == (4 * (len(asked) - 1) if asked[0] == 0 else 0)


def test_a_truth_of_both_roles_is_told_by_role() -> None:
    truth = simulate(asking("engagement", pairs=20), seed=85).truth
    assert truth.row("engagement", "month6", role="junior").role == "junior"
    assert truth.row("engagement", "month6").role == "senior"
    keys = [one.key for one in truth.rows]
    assert len(set(keys)) == len(keys)
    with pytest.raises(KeyError, match="engagement"):
        truth.row("engagement", "month6", role="sponsor")


@pytest.mark.parametrize("comparison", ["waitlist", "control", "pool", "none"])
def test_nothing_is_gained_or_lost_where_the_programme_does_nothing(
    comparison: Comparison,
) -> None:
    """No latent effect on any instrument, harm and burden included; only self-reports move."""
    nothing = dataclasses.replace(
        PRESETS["no-effect"].scenario, comparison=comparison, design=Setting(instruments=ASKABLE)
    )
    made = draw(nothing, 10, seed=86)
    own = {one.outcome for one in (*INSTRUMENTS, *FURTHER) if one.rater == "self"} - {"burden"}
    told = [one for one in truths(made) if " - start" not in one.contrast]
    assert {one.outcome for one in told} > {"tool_use", "harm", "performance", "burden"}
    for one in told:
        assert (one.latent == 0.0).all()
        assert (one.latent_sd == 0.0).all()
        if one.outcome == "digital_skill_before":
            assert one.as_reported.mean() < -0.3
        elif one.outcome in own:
            assert one.as_reported.mean() > 0.03
        else:
            assert (one.as_reported == 0.0).all()
    assert made.further.harm is not None
    np.testing.assert_array_equal(*made.further.harm)


# Studies ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everything() -> Cohort:
    return simulate(asking(*OPTIONAL, pairs=40, nature=Nature(harm_added=0.05)), seed=87)


STUDIES: list[tuple[Comparison, Levers]] = [
    ("waitlist", Levers()), ("control", Levers()), ("none", Levers()),
    ("waitlist", GROUP), ("pool", GROUP),
]  # fmt: skip


@pytest.mark.parametrize(("comparison", "levers"), STUDIES)
def test_what_is_written_is_accepted_and_read(
    comparison: Comparison, levers: Levers, tmp_path: Path
) -> None:
    """No problem is found; design, rows and scores come back, ids and order apart."""
    drawn = simulate(asking(*OPTIONAL, pairs=30, comparison=comparison, levers=levers), seed=88)
    made, place = drawn.study, write_study(drawn, tmp_path / "study")
    assert not check(place).problems
    study = read_study(place)
    assert study.design == made.design
    ids = {"person", "rater", "pair", "junior", "senior", "manager"}
    for table in TABLES:
        ours, theirs = getattr(made, table), getattr(study, table)
        assert len(ours) == len(theirs), table
        for name in set(ours.columns) - ids:
            a, b = (one[name].dropna().sort_values(ignore_index=True) for one in (ours, theirs))
            assert a.tolist() == b.tolist(), (table, name)
    for outcome in study.design.outcomes:
        scores = [np.sort(one.scores(outcome.name)["value"]) for one in (made, study)]
        # Averages of the same whole numbers, perhaps added in another order.
        np.testing.assert_allclose(scores[0], scores[1], rtol=1e-12)


def test_the_plan_asks_what_can_be_compared(everything: Cohort, tmp_path: Path) -> None:
    plan = read_plan(write_study(everything, tmp_path / "study"), everything.study.design)
    assert [question.outcome for question in plan.questions] == [
        *(scale.name for scale in INSTRUMENTS),
        "demonstration", "leadership_seen", "burden", "engagement",
    ]  # fmt: skip
    assert plan.primary.outcome == SKILL


def test_outcomes_say_how_they_were_asked(everything: Cohort) -> None:
    book = {one.name: one for one in everything.study.design.outcomes}
    before = book["digital_skill_before"]
    assert (before.timing, before.related, before.waves) == (
        "retrospective", SKILL, ("month6",)
    )  # fmt: skip
    assert before.reverse == {"digital_skill_before_4"}
    assert book["goal_attainment"].timing == "gain"
    assert (book["goal_attainment"].low, book["goal_attainment"].high) == (-2, 2)
    assert book["demonstration"].source == "blind"
    assert book["demonstration"].waves == ("start", "month6")
    assert book["burden"].direction == book["harm"].direction == -1
    assert book["engagement"].role == book["performance"].role == "all"
    assert {name for name, one in book.items() if one.source == "record"} == {
        "tool_use", "performance", "harm"
    }  # fmt: skip
    alone = simulate(
        Scenario(pairs=4, design=Setting(instruments=("digital_skill_before",))), seed=1
    )
    assert alone.study.design.outcomes[0].related is None


def test_estimates_find_their_truth(everything: Cohort) -> None:
    keys = {one.key for one in everything.truth.rows}
    repeated = [
        one.name
        for one in everything.study.design.outcomes
        if one.timing == "repeated" and one.kirkpatrick > 1 and one.source != "record"
    ]
    assert len(repeated) == 9
    for name in repeated:
        for answer in (compare_arms(everything.study, name), pre_post(everything.study, name)):
            records = [one for one in answer.estimates if one.term == ""]
            assert records
            assert {one.key for one in records} <= keys, name
    assert any(one.estimand == ANSWERED_BOTH for one in everything.truth.rows)


def test_two_blind_raters_score_as_the_arrays_do(everything: Cohort) -> None:
    made = draw(everything.truth.scenario, 1, seed=87)
    scale = next(one for one in FURTHER if one.rater == "blind")
    wide = everything.study.wide("demonstration")
    seen = wide.reindex([f"S{number:03d}" for number in range(1, 41)])[["start", "month6"]]
    np.testing.assert_allclose(seen, made.observed(scale)[0][:, [0, 2]], rtol=1e-12)
    rows = everything.study.measures
    rows = rows[rows["item"].str.startswith("demonstration")]
    assert (rows.groupby(["person", "wave"])["rater"].nunique() == 2).all()
    assert not set(rows["rater"]) & set(everything.study.participants["person"])


def test_reports_answer_or_say_why_not(everything: Cohort, tmp_path: Path) -> None:
    place = write_study(everything, tmp_path / "study")
    found = ask(read_study(place), place)
    for name in (*PULSES, "reported_match"):
        assert f"reaction:{name}" in found.results
    for name in ("demonstration", "leadership_seen", "burden", "engagement"):
        assert f"compare_arms:{name}" in found.results
    for name in ("tool_use", "performance", "harm"):
        assert "records hold it" in found.refused[f"compare_arms:{name}"]


def test_how_a_pair_matches_is_a_reaction(everything: Cohort) -> None:
    table = reaction(everything.study, "reported_match").table("reaction").to_frame()
    assert set(table["wave"]) == {"month3", "month6"}
    assert table["mean"].between(1, 5).all()


def test_arrays_leave_to_the_analysis_what_is_not_asked_at_every_wave(everything: Cohort) -> None:
    design = everything.study.design
    cohorts = source(everything.truth.scenario).cohorts(2, np.random.SeedSequence(89))
    # surveys of a design that has months of pulses too are a panel of their own waves
    panel = cohorts.panel(design.outcome(SKILL))
    assert panel is not None
    assert {wave.name for wave in panel.design.waves} == set(design.outcome(SKILL).waves)
    assert len(panel.design.waves) < len(design.waves)
    assert cohorts.panel(design.outcome("tool_use")) is None
    scenario = asking("demonstration", "leadership_seen", pairs=12)
    cohorts = source(scenario).cohorts(2, np.random.SeedSequence(90))
    design = source(scenario).design
    assert cohorts.panel(design.outcome("demonstration")) is None
    panel = cohorts.panel(design.outcome("leadership_seen"))
    assert panel is not None
    wide = cohorts.study(1).wide("leadership_seen").reindex([f"J{n:03d}" for n in range(1, 13)])
    np.testing.assert_allclose(panel.scores[1], wide.to_numpy(), rtol=1e-12)


def test_no_harm_is_no_gap_in_the_data(tmp_path: Path) -> None:
    """An event that never happened is as it should be; counts that are not there are missed."""
    scenario = asking("harm", "tool_use", pairs=20, nature=Nature(harm_rate=0.0, harm_added=0.0))
    made = simulate(scenario, seed=91)
    assert not (made.study.records["kind"] == "harm").any()
    place = write_study(made, tmp_path / "study")
    assert not [one for one in check(place).warnings if "no answers" in one.found]
    without = made.study.records[made.study.records["kind"] != "tool_use"]
    lost = Cohort(dataclasses.replace(made.study, records=without), made.truth)
    place = write_study(lost, tmp_path / "other")
    missed = [one.found for one in check(place).warnings if "no answers" in one.found]
    assert missed
    assert all(text.startswith("tool_use") for text in missed)
