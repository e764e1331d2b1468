"""What a calibration reads from a study, against naive loops, hand counts and drawn cohorts."""

from __future__ import annotations

import dataclasses
import datetime as dt
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

import rmresearch as rm
from rmresearch.numerics.rounded import WIDEST, hermite
from rmresearch.study import Study
from rmresearch.whatif.calibrate import answers, events, scores
from rmresearch.whatif.calibrate.jackknife import Groups
from rmresearch.whatif.calibrate.pilot import COMPARISON, PROGRAMME, Pilot, pilot
from rmresearch.whatif.calibrate.reference import Selection
from rmresearch.world.draw import draw
from rmresearch.world.instruments import INSTRUMENTS, JUNIOR, SENIOR
from rmresearch.world.levers import Setting
from rmresearch.world.nature import Nature

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def study() -> Study:
    return rm.simulate(rm.Scenario(pairs=40), seed=3).study


@pytest.fixture(scope="module")
def arrays(study: Study) -> Pilot:
    return pilot(study)


@pytest.fixture(scope="module")
def found(arrays: Pilot) -> list[answers.Behind]:
    groups = Groups.of(arrays.cluster, arrays.arm)
    return [answers.behind(arrays, groups, one) for one in arrays.self_rated]


# -- who answered what ----------------------------------------------------------------------------


def test_answers_are_the_studys_own(study: Study, arrays: Pilot) -> None:
    """Mean codes and the study's scores are the same numbers, reverse items turned back."""
    for scale in arrays.scales:
        theirs = study.wide(scale.outcome).reindex(arrays.person)
        counted = np.isfinite(scale.codes).sum(axis=2) * 2 >= scale.codes.shape[2]
        with np.errstate(all="ignore"):
            mean = np.where(
                counted, np.nansum(scale.codes, 2) / np.isfinite(scale.codes).sum(2), np.nan
            )
        np.testing.assert_allclose(mean + 1.0, theirs.to_numpy(float), atol=1e-12)
        np.testing.assert_allclose(scale.cuts, [1.5, 2.5, 3.5, 4.5])


def test_people_are_the_studys_own(study: Study, arrays: Pilot) -> None:
    table = study.participants
    waves = [wave.name for wave in study.design.waves]
    left = study.records[study.records["kind"] == "left"].set_index("person")["date"]
    days = {wave.name: pd.Timestamp(wave.day) for wave in study.design.waves}
    spoke = set(zip(study.measures["rater"], study.measures["wave"], strict=True))
    for i, (person, role, arm) in enumerate(
        zip(table["person"], table["role"], table["arm"], strict=True)
    ):
        assert arrays.side[i] == (SENIOR if role == "senior" else JUNIOR)
        assert arrays.arm[i] == (PROGRAMME if arm == "programme" else COMPARISON)
        for t, wave in enumerate(waves):
            assert arrays.answered[i, t] == ((person, wave) in spoke)
            assert arrays.present[i, t] == (person not in left or left[person] > days[wave])
            assert arrays.untreated[i, t] == (t == 0 or arm == "comparison")


def test_waves_after_the_crossover_are_no_comparison(study: Study) -> None:
    crossed = study.participants["crossover_date"].where(
        study.participants["arm"] != "comparison", pd.Timestamp("2026-01-01")
    )
    later = dataclasses.replace(
        study, participants=study.participants.assign(crossover_date=crossed)
    )
    waits = pilot(later).untreated[pilot(later).arm == COMPARISON]
    assert waits[:, :2].all()  # the start and month 3, December 2025
    assert not waits[:, 2].any()


def recoded(study: Study, low: float, high: float, step: float) -> Study:
    """Other codes for the same answers."""
    outcomes = tuple(
        dataclasses.replace(one, low=low, high=high) if one.kind == "scale" else one
        for one in study.design.outcomes
    )
    items = {item for one in outcomes if one.kind == "scale" for item in one.items}
    values = study.measures["value"]
    scaled = low + (values - 1.0) * step
    return dataclasses.replace(
        study,
        design=dataclasses.replace(study.design, outcomes=outcomes),
        measures=study.measures.assign(
            value=scaled.where(study.measures["item"].isin(items), values)
        ),
    )


def test_codes_from_0_are_the_same_answers(study: Study, arrays: Pilot) -> None:
    zero = pilot(recoded(study, 0.0, 4.0, 1.0))
    for mine, theirs in zip(zero.scales, arrays.scales, strict=True):
        np.testing.assert_array_equal(mine.codes, theirs.codes)
        np.testing.assert_array_equal(mine.cuts, theirs.cuts)


def test_cut_points_of_seven_codes_lie_on_the_worlds_scale(study: Study) -> None:
    """1 to 7 on 1 to 5: six cut points, two thirds of a point apart, the middle at 3."""
    seven = pilot(recoded(study, 1.0, 7.0, 1.0))
    np.testing.assert_allclose(seven.scales[0].cuts, 3.0 + np.arange(-2.5, 3.0) * 2 / 3)


# -- the numbers behind ---------------------------------------------------------------------------


def covariances(
    one: answers.Behind, arrays: Pilot, arm: int, a: int, b: int
) -> tuple[float, float, int]:
    """Naive: mean covariance of different items at waves a and b, and of the same; people."""
    codes = one.scale.codes[(arrays.arm == arm) & (arrays.side == one.scale.side)]
    center = np.nanmean(codes, axis=0)
    different, same, both = [], [], 0
    for person in codes:
        d = person - center
        k = len(d[a])
        for i in range(k):
            for j in range(k):
                product = d[a, i] * d[b, j]
                if np.isfinite(product):
                    (same if i == j else different).append(product)
        both += bool(np.isfinite(d[a] * d[b]).any()) if a != b else bool(np.isfinite(d[a]).any())
    free = both / (both - 1)
    return float(np.mean(different)) * free, float(np.mean(same)) * free, both


def test_what_two_items_share_reproduces_their_covariance(
    arrays: Pilot, found: list[answers.Behind]
) -> None:
    for one in found:
        r = one.shared[0] / one.spread[0] ** 2
        start = np.nanmean(one.scale.codes[arrays.side == one.scale.side][:, 0], axis=0)
        # items' means over both arms give the coefficients; the covariances are within arms
        seen, total, free = 0.0, 0.0, []
        for arm in (COMPARISON, PROGRAMME):
            codes = one.scale.codes[(arrays.arm == arm) & (arrays.side == one.scale.side), 0]
            d = codes - np.nanmean(codes, axis=0)
            answered = int(np.isfinite(d).any(axis=1).sum())
            products = [d[:, i] * d[:, j] for i, j in combinations(range(d.shape[1]), 2)]
            total += np.nansum(products) * answered / (answered - 1)
            seen += np.isfinite(products).sum()
            free.append(answered)
        items = np.array([_behind_mean(m, one.spread[0], one.scale.cuts) for m in start])
        a = hermite(items, np.full(len(items), one.spread[0]), one.scale.cuts)
        powers = r ** np.arange(1, a.shape[1] + 1)
        expected = np.mean([powers @ (a[i] * a[j]) for i, j in combinations(range(len(a)), 2)])
        # the coefficients are at the pooled means, which an item skipped here and there moves
        assert expected == pytest.approx(total / seen, rel=2e-3)


def _behind_mean(mean_code: float, spread: float, cuts: Array) -> float:
    """By scipy's root finder on the probabilities."""
    from scipy.optimize import brentq

    return float(
        brentq(lambda m: stats.norm.sf(cuts, m, spread).sum() - mean_code, -20.0, 25.0, xtol=1e-12)
    )


def test_what_lasts_reproduces_covariances_over_time(
    arrays: Pilot, found: list[answers.Behind]
) -> None:
    for one in found:
        for arm in (COMPARISON, PROGRAMME):
            for number, (a, b) in enumerate(answers.wave_pairs(arrays)):
                different, same, both = covariances(one, arrays, arm, a, b)
                early, late = one.coefficients[0, arm, a], one.coefficients[0, arm, b]
                powers = np.arange(1, early.shape[1] + 1)
                r = one.lasting[0, arm, number] / one.spread[0] ** 2
                k = range(len(early))
                by_pair = [r**powers @ (early[i] * late[j]) for i in k for j in k if i != j]
                assert reproduced(np.mean(by_pair), r, different)
                r += one.own[0, arm, number] / one.spread[0] ** 2
                again = [r**powers @ (early[i] * late[i]) for i in k]
                assert reproduced(np.mean(again), r, same)
                # one item skipped by somebody counts less than a person
                assert both - 1 <= one.people[arm, number] <= both


def reproduced(covariance: np.floating, correlation: float, seen: float) -> bool:
    """Exactly; a covariance that only a correlation beyond the widest reaches, as far as that."""
    if abs(correlation) == pytest.approx(WIDEST, abs=1e-12):
        return bool(abs(covariance) <= abs(seen))
    return bool(covariance == pytest.approx(seen, abs=1e-9))


def test_pairs_share_what_their_mean_answers_do(
    study: Study, arrays: Pilot, found: list[answers.Behind]
) -> None:
    """Naive: means over scales, items and untreated waves, their covariance within arms."""
    per_person: dict[str, list[float]] = {}
    for one in found:
        for i, person in enumerate(arrays.person):
            for t in range(len(arrays.months)):
                if arrays.untreated[i, t]:
                    here = (arrays.arm == arrays.arm[i]) & (arrays.side == one.scale.side)
                    center = np.nanmean(one.scale.codes[here][:, t], axis=0)
                    d = one.scale.codes[i, t] - center
                    per_person.setdefault(person, []).extend(d[np.isfinite(d)].tolist())
    mean = {person: np.mean(values) for person, values in per_person.items() if values}
    arm = dict(zip(arrays.person, arrays.arm, strict=True))
    covariance, expected, count = 0.0, 0.0, 0
    for one_arm in (COMPARISON, PROGRAMME):
        products = [
            mean[s] * mean[j]
            for s, j in zip(study.pairs["senior"], study.pairs["junior"], strict=True)
            if arm[s] == one_arm and s in mean and j in mean
        ]
        n = len(products)
        covariance += sum(products) * n / (n - 1)
        count += n
        slopes = []
        for side in (SENIOR, JUNIOR):
            own = [one for one in found if one.scale.side == side]
            waves = slice(None) if one_arm == COMPARISON else slice(0, 1)
            first = [one.coefficients[0, one_arm, waves, :, 0].ravel() for one in own]
            slopes.append(np.concatenate(first).mean() / np.mean([one.spread[0] for one in own]))
        expected += n * slopes[0] * slopes[1]
    pairs = Groups(Groups.of(arrays.cluster, arrays.arm).member[:, arrays.pairs[:, SENIOR]])
    made = answers.within_pairs(arrays, pairs, found)
    assert made is not None
    # at so small a correlation the series' second term is less than a hundredth of its first
    assert made[0] == pytest.approx(covariance / expected, rel=0.02)


def test_departments_are_a_one_way_analysis_of_variance(
    study: Study, arrays: Pilot, found: list[answers.Behind]
) -> None:
    apart = answers.departments(arrays, found)
    assert apart is not None
    points = answers._in_points(arrays, found)
    department = study.participants["department"].to_numpy()
    here = np.isfinite(points)
    samples = [points[here & (department == one)] for one in np.unique(department)]
    f = stats.f_oneway(*samples)
    assert apart.ratio == pytest.approx(f.statistic, rel=1e-9)
    assert apart.mean_variance == pytest.approx(
        sum(len(s) * (s.mean() - points[here].mean()) ** 2 for s in samples) / apart.df / here.sum()
    )
    # pairs reach across departments; at random they would share one at the product of shares
    d = department[arrays.pairs]
    shares = [pd.Series(d[:, k]).value_counts(normalize=True) for k in (0, 1)]
    by_chance = (shares[0] * shares[1]).sum()
    assert apart.together == pytest.approx((d[:, 0] == d[:, 1]).mean() - by_chance)


# -- true scores of selected people ---------------------------------------------------------------


def test_selection_moves_means_and_covariances_as_the_world_does() -> None:
    """Against 40,000 drawn seniors and juniors; without departments, which are few draws."""
    nature = Nature(
        department_share=0.0, skill_on_senior_volunteering=-1.5, skill_on_junior_volunteering=1.0,
        state_share=0.4, trend=0.0,
    )  # fmt: skip
    scenario = rm.Scenario(
        pairs=40_000, comparison="none", nature=nature, design=Setting(waves=(0, 3, 6), eligible=4)
    )
    drawn = draw(scenario, 1, seed=8)
    skill = drawn.people.skill[0]
    mean, variance = np.zeros((2, 2)), np.ones((2, 2))
    mean[PROGRAMME] = skill[:, SENIOR].mean(), skill[:, JUNIOR].mean()
    variance[PROGRAMME] = skill[:, SENIOR].var(), skill[:, JUNIOR].var()
    selected = Selection(mean, variance)
    assert abs(mean[PROGRAMME, SENIOR]) > 0.5
    shares = scores._Shares(*(np.array([x]) for x in (nature.pair_share, 0.0, nature.state_share)))
    arrays: Any = dataclasses.make_dataclass("Waves", ["months"])(np.array([0.0, 3.0, 6.0]))
    for scale in INSTRUMENTS:
        if scale.rater != "self":
            continue
        one: Any = dataclasses.make_dataclass("Of", ["scale"])(
            dataclasses.make_dataclass("Scale", ["instrument", "side"])(scale, scale.side)
        )
        true = drawn.untreated[scale.name][0]
        expected = scores._covariance(arrays, one, shares, selected, nature)[0, PROGRAMME]
        # a covariance of n normals is off by sqrt((1 + r²) / n); four times that
        np.testing.assert_allclose(np.cov(true.T), expected, atol=4 * np.sqrt(2 / 40_000))
        moved = scores._means(arrays, one, shares, selected, nature)[0, PROGRAMME]
        np.testing.assert_allclose(true.mean(axis=0), moved, atol=4 / np.sqrt(40_000))


# -- counts ---------------------------------------------------------------------------------------


def test_endings_are_counted_by_hand(study: Study) -> None:
    """Six months of programme, so an end can be early in months 1 to 5 only."""
    start = pd.Timestamp("2025-09-01")
    programme = study.participants.loc[study.participants["arm"] == "programme", "person"]
    table = study.pairs[study.pairs["senior"].isin(programme)].head(5).reset_index(drop=True)
    ends = [None, "2025-10-25", "2025-12-30", "2026-01-20", "2026-02-28"]
    why = [None, "no time", "not a good match", "left the organisation", "planned"]
    table = table.assign(
        start=start, end=pd.to_datetime(pd.Series(ends)), reason=pd.Series(why, dtype="str")
    )
    gone = table.loc[3, "junior"]
    records = study.records.head(0).copy()
    records.loc[0] = [gone, pd.Timestamp("2026-01-15"), "left", 1.0]
    small = dataclasses.replace(study, pairs=table, records=records)
    counts = events.counted(
        pilot(small), Groups.of(pilot(small).cluster, pilot(small).arm), rm.Scenario(pairs=40)
    )
    # still meeting: 5 months at risk; ended in month 2; in month 4; left in month 5; as planned: 5
    assert (counts.ending.events, counts.ending.months) == (2.0, 5.0 + 2 + 4 + 5 + 5)
    left = counts.careers["left"]
    assert left is not None
    juniors = left[PROGRAMME, JUNIOR]
    everybody = int((study.participants.query("arm == 'programme'")["role"] == "junior").sum())
    assert (juniors.events, juniors.months) == (1.0, 6.0 * (everybody - 1) + 5)
    assert counts.careers["promoted"] is None


def meeting_log(study: Study, held: list[bool]) -> Study:
    programme = study.participants.loc[study.participants["arm"] == "programme", "person"]
    pair = study.pairs.loc[study.pairs["senior"].isin(programme), "pair"].tolist()[:2]
    table = study.meetings.head(0).copy()
    for number, one in enumerate(held):
        day = pd.Timestamp("2025-09-15") + pd.Timedelta(days=14 * number)
        table.loc[number] = [pair[number % 2], day, None, one, 50.0]
    return dataclasses.replace(study, meetings=table.astype(study.meetings.dtypes.to_dict()))


def shares(study: Study) -> tuple[events.Share | None, str]:
    arrays = pilot(study)
    counts = events.counted(arrays, Groups.of(arrays.cluster, arrays.arm), rm.Scenario(pairs=40))
    return counts.held, counts.how


def test_meetings_held_are_those_of_the_log(study: Study) -> None:
    held, how = shares(meeting_log(study, [True, False, True, True]))
    assert held is not None
    assert held.value == 0.75
    assert "in the log" in how


def test_a_log_of_held_meetings_is_set_against_the_planned_ones(study: Study) -> None:
    held, how = shares(meeting_log(study, [True, True, True, True]))
    arrays = pilot(study)
    programme = study.pairs[study.pairs["start"].notna()]
    last = pd.Timestamp(study.design.end)
    days = (programme["end"].fillna(last) - programme["start"]).dt.days
    planned = 2 * np.maximum(np.ceil(days / 30.4375), 1).sum()
    assert held is not None
    assert held.value == pytest.approx(4 / planned)
    assert "planned" in how
    unplanned = dataclasses.replace(study.design, planned_meetings=None)
    logged = dataclasses.replace(meeting_log(study, [True, True]), design=unplanned)
    assert shares(logged)[0] is None
    assert arrays.compared


def test_response_leaves_out_who_has_left(study: Study) -> None:
    arrays = pilot(study)
    counts = events.counted(arrays, Groups.of(arrays.cluster, arrays.arm), rm.Scenario(pairs=40))
    comparison = set(study.participants.loc[study.participants["arm"] == "comparison", "person"])
    left = study.records[study.records["kind"] == "left"].set_index("person")["date"]
    spoke = set(zip(study.measures["rater"], study.measures["wave"], strict=True))
    hits = trials = 0
    for wave in study.design.follow_ups:
        for person in comparison:
            if person not in left or left[person] > pd.Timestamp(wave.day or dt.date.max):
                trials += 1
                hits += (person, wave.name) in spoke
    assert counts.after is not None
    assert counts.after.value == pytest.approx(hits / trials)


def test_propensity_reproduces_how_often_both_waves_are_answered() -> None:
    """A hundred people compared with: 70 answer both of two waves, 10 + 12 one, 8 neither."""
    both = rm.simulate(rm.Scenario(pairs=100, design=Setting(waves=(0, 6))), seed=2).study
    arrays = pilot(both)
    here = np.flatnonzero(arrays.arm == COMPARISON)
    answered = arrays.answered.copy()
    answered[here] = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [70, 10, 12, 8], axis=0)
    made = dataclasses.replace(arrays, answered=answered, present=np.ones_like(answered))
    r = events.propensity(made, Groups.of(arrays.cluster, arrays.arm))
    assert r is not None
    a, b = stats.norm.ppf([0.80, 0.82])
    joint = stats.multivariate_normal([0, 0], [[1, r[0]], [r[0], 1]]).cdf([a, b])
    assert joint == pytest.approx(0.70, abs=2e-5)
