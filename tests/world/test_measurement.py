"""Answers: each against the declared formula in a loop, and the published facts about reporting."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.world.draw import Draw, draw
from rmresearch.world.instruments import (
    ASKABLE,
    ASKED,
    FURTHER,
    INSTRUMENTS,
    RATERS,
    SENIOR,
    SKILL,
    Instrument,
)
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.measurement import PANEL
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Scenario
from rmresearch.world.truth import truths

SCALES = {one.name: one for one in (*INSTRUMENTS, *FURTHER)}
LOOKING_BACK = next(one for one in FURTHER if one.looks_back)
WAVES = (0, 2, 5)


def asking(*further: str, **changes: Any) -> Scenario:
    """A scenario that asks what all studies ask, and more."""
    return Scenario(design=Setting(instruments=(*ASKED, *further)), **changes)


@pytest.fixture(scope="module", params=["one-to-one", "group"])
def drawn(request: pytest.FixtureRequest) -> Draw:
    """Everything asked, every bias on."""
    scenario = Scenario(
        pairs=12,
        nature=Nature(response_shift=0.6, self_inflation=0.3, item_skip=0.2),
        levers=Levers(format=request.param, juniors=2 if request.param == "group" else 1),
        design=Setting(waves=WAVES, instruments=ASKABLE),
    )
    return draw(scenario, 2, seed=61)


def misjudged(scenario: Scenario, scale: Instrument, learning: float, month: int) -> float:
    """How far somebody of the programme rates themselves off, in SD."""
    nature = scenario.nature
    if scale.rater != "self" or scale.name == "burden" or month == 0:
        return 0.0
    shift = nature.response_shift * learning
    if scale.name == LOOKING_BACK.name:
        return -nature.recall_bias - shift
    learnt = scale.name in {"digital_skill", "inclusion_awareness"}
    return nature.self_inflation - (shift if learnt else 0.0)


@pytest.mark.parametrize("name", sorted(SCALES))
def test_every_answer_is_the_declared_formula(drawn: Draw, name: str) -> None:
    """One answer after the other: true score, bias, rater, item, chance; rounded, with ends.

    ``round`` and numpy round halves alike; the sums are made in another order, which moves an
    answer only within 1e-12 of a half, and none is.
    """
    scenario, scale, streams = drawn.scenario, SCALES[name], drawn.streams
    nature, given = scenario.nature, drawn.answers[name]
    replicates, people, waves, columns = given.with_it.shape
    asked = list(range(len(WAVES)))[scale.at(len(WAVES))]
    assert waves == len(asked)
    juniors = scenario.levers.juniors
    own_items = SKILL if scale.looks_back else name
    noise = streams.normal(f"items.noise.{name}", given.with_it.shape)
    own = streams.normal(f"items.own.{own_items}", (replicates, people, 1, scale.items))
    lenient = streams.normal(f"items.rater.{name}", (replicates, scenario.sets))
    severe = streams.normal("demonstration.severity", (replicates, PANEL))
    raters = drawn.further.raters
    assert raters is not None
    for place in np.ndindex(replicates, people, waves, columns):
        r, person, wave, column = place
        of_set = person if scale.side == SENIOR else person // juniors
        rater, item = divmod(column, scale.items)
        seat = 0 if scale.side == SENIOR else 1 + person % juniors
        month = WAVES[asked[wave]]
        score = drawn.untreated[name][r, person, asked[wave]]
        gain = drawn.gain[name][r, person, asked[wave]]
        learning = drawn.course.learning[r, of_set, seat, month - 1] if month else 0.0
        heard = math.sqrt(nature.item_reliability)
        other = math.sqrt(nature.item_stable) * own[r, person, 0, item]
        other += math.sqrt(1 - nature.item_reliability - nature.item_stable) * noise[place]
        if scale.rater == "partner":
            other += heard * math.sqrt(nature.rater_share) * lenient[r, of_set]
            heard *= math.sqrt(1 - nature.rater_share)
        if scale.rater == "blind":
            other -= heard * nature.blind_severity * severe[r, raters[r, person, rater]]
        center = nature.item_center + nature.item_difficulty * (item / (scale.items - 1) - 0.5)
        off = misjudged(scenario, scale, learning, month)
        for true, answers in (
            (score, given.without),
            (score + gain, given.honest),
            (score + gain + off, given.with_it),
        ):
            points = center + nature.item_spread * (heard * true + other)
            assert answers[place] == min(5, max(1, round(points))), place


def test_what_happened_is_of_the_arm(drawn: Draw) -> None:
    for scale in drawn.scenario.scales:
        given = drawn.answers[scale.name]
        programme = drawn.people.programme_of(scale.side)
        np.testing.assert_array_equal(given.happened[programme], given.with_it[programme])
        if scale.name in {"burden", LOOKING_BACK.name}:  # these do not spill over
            np.testing.assert_array_equal(given.happened[~programme], given.without[~programme])


def test_scores_are_means_of_what_was_answered(drawn: Draw) -> None:
    for scale in drawn.scenario.scales:
        given, seen = drawn.answers[scale.name], drawn.observed(scale)
        asked = list(range(len(WAVES)))[scale.at(len(WAVES))]
        there = drawn.asked(scale)
        for r, person, wave in np.ndindex(*seen.shape):
            expected = math.nan
            if wave in asked and there[r, person, asked.index(wave)]:
                place = (r, person, asked.index(wave))
                items = [
                    int(given.happened[place][item])
                    for item in range(scale.columns)
                    if not given.skipped[place][item]
                ]
                if len(items) >= scale.columns / 2:
                    expected = sum(items) / len(items)
            assert seen[r, person, wave] == pytest.approx(expected, nan_ok=True)
        assert np.isfinite(seen[..., asked]).any()


def test_who_answers_is_the_rater(drawn: Draw) -> None:
    """Partners answer about each other while both are there; others where they responded."""
    here, juniors = drawn.present(), drawn.scenario.levers.juniors
    seen = drawn.scenario.scales
    for scale in seen:
        waves = range(len(WAVES))[scale.at(len(WAVES))]
        there = drawn.asked(scale)
        for r, person in np.ndindex(*there.shape[:2]):
            of_set = person if scale.side == SENIOR else person // juniors
            seat = 0 if scale.side == SENIOR else 1 + person % juniors
            rater = {"partner": 1 - scale.side}.get(scale.rater, seat)
            expected = [
                drawn.response[r, of_set, rater, w]
                and (scale.rater != "partner" or here[r, of_set, seat, w])
                for w in waves
            ]
            assert there[r, person].tolist() == expected


def test_demonstrations_are_seen_by_two_of_the_panel(drawn: Draw) -> None:
    raters = drawn.further.raters
    assert raters is not None
    assert raters.shape == (2, drawn.scenario.sets, RATERS)
    assert (raters[..., 0] != raters[..., 1]).all()
    assert raters.min() >= 0
    assert raters.max() < PANEL
    many = draw(asking("demonstration", pairs=6000, comparison="none"), 1, seed=62).further.raters
    assert many is not None
    counts = np.bincount(many.ravel(), minlength=PANEL)
    # Binomial counts of 12,000 seats, a sixth each: four standard errors.
    assert np.abs(counts - 2000).max() <= 4 * math.sqrt(12_000 * 5 / 36)


def test_nobody_but_people_themselves_misjudges(drawn: Draw) -> None:
    for scale in drawn.scenario.scales:
        given = drawn.answers[scale.name]
        if scale.rater == "self" and scale.name != "burden":
            assert (given.with_it != given.honest).any()
        else:
            np.testing.assert_array_equal(given.with_it, given.honest)


# A stricter standard ---------------------------------------------------------------------------


def test_a_stricter_standard_moves_what_seniors_report_and_nothing_else() -> None:
    plain, strict = (
        draw(asking(pairs=60, nature=Nature(response_shift=shift)), 40, seed=63)
        for shift in (0.0, 0.5)
    )
    for before, after in zip(truths(plain), truths(strict), strict=True):
        assert before.key == after.key
        np.testing.assert_array_equal(before.latent_sd, after.latent_sd)
        if " - start" in before.contrast:
            continue
        np.testing.assert_array_equal(before.latent, after.latent)
        if before.outcome in {"digital_skill", "inclusion_awareness"}:
            assert (after.as_reported <= before.as_reported).all()
            assert after.as_reported.mean() < before.as_reported.mean() - 0.02
        else:
            np.testing.assert_array_equal(before.as_reported, after.as_reported)


def test_no_shift_at_the_start_or_without_learning() -> None:
    nature = Nature(response_shift=0.5, learning_per_meeting=0.0, self_inflation=0.0)
    given = draw(asking(pairs=40, nature=nature), 2, seed=64).answers["digital_skill"]
    np.testing.assert_array_equal(given.with_it, given.without)
    learning = dataclasses.replace(nature, learning_per_meeting=0.2)
    given = draw(asking(pairs=40, nature=learning), 2, seed=64).answers["digital_skill"]
    np.testing.assert_array_equal(given.with_it[..., 0, :], given.without[..., 0, :])
    assert (given.with_it[..., 2, :] < given.honest[..., 2, :]).any()


# Published facts -------------------------------------------------------------------------------


def standardised(drawn: Draw) -> tuple[float, float]:
    """Gain in SD of the pre-test: by the true pre-test, and by the one asked looking back."""
    now, then = drawn.answers[SKILL].with_it, drawn.answers[LOOKING_BACK.name].with_it
    before, after, back = (
        one.mean(-1) for one in (now[..., 0, :], now[..., -1, :], then[..., 0, :])
    )
    return ((after - before).mean() / before.std(), (after - back).mean() / before.std())


#: people sent to a training that gains them what that study's did
TRAINED: dict[str, Any] = {
    "pairs": 20_000,
    "comparison": "none",
    "levers": Levers(application="assigned"),
}


def test_looking_back_finds_three_times_the_gain_as_published() -> None:
    """d about .5 by the true pre-test, about 1.5 by the retrospective one (n = 267).

    With 267 people such d's have standard errors of .06 and .09 (2(1 - r)/n + d²/2n, scores
    correlating .56); .1 is within what such a study could have found, and the drawn ones
    have standard errors below .01.
    """
    true, back = standardised(draw(asking(LOOKING_BACK.name, **TRAINED), 1, seed=65))
    assert abs(true - 0.5) <= 0.1
    assert abs(back - 1.5) <= 0.1


def test_a_stricter_standard_hides_gain_from_the_true_pre_test_only() -> None:
    """What was and what is are judged by one standard, looking back: the shift cancels.

    Rounding and the scale's ends leave a little of it: .03 of the d of 1.5.
    """
    plain, strict = (
        standardised(draw(asking(LOOKING_BACK.name, nature=Nature(response_shift=shift), **TRAINED),
                          1, seed=66))
        for shift in (0.0, 0.5)
    )  # fmt: skip
    assert strict[0] < plain[0] - 0.15
    assert abs(strict[1] - plain[1]) <= 0.03


def test_looking_back_without_bias_is_the_start() -> None:
    """The same items of the same people: only the chance of the day differs."""
    honest = Nature(recall_bias=0.0, item_reliability=0.8, item_stable=0.2)
    given = draw(asking(LOOKING_BACK.name, pairs=30, nature=honest), 1, seed=67)
    now, then = given.answers[SKILL], given.answers[LOOKING_BACK.name]
    np.testing.assert_array_equal(now.without[..., 0, :], then.with_it[..., 0, :])


def correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_what_is_shown_and_seen_goes_by_what_people_can() -> None:
    """Correlations of true scores, at four standard errors of 20,000."""
    nature = Nature()
    drawn = draw(
        asking("demonstration", "leadership_seen", pairs=20_000, comparison="none"), 1, seed=68
    )
    for name, of, declared in (
        ("demonstration", SKILL, nature.demonstration_validity),
        ("leadership_seen", "leadership_confidence", nature.confidence_on_leadership),
    ):
        # At the start volunteering has narrowed skill; given it, the rest is the person's own.
        score, followed = drawn.untreated[name][..., 0], drawn.untreated[of][..., 0]
        rest = score - declared * followed
        error = 1 / math.sqrt(20_000)
        assert abs(correlation(rest, followed)) <= 4 * error
        assert abs(rest.std() / math.sqrt(1 - declared**2) - 1) <= 4 * error
        np.testing.assert_allclose(drawn.gain[name], declared * drawn.gain[of], rtol=1e-15)
