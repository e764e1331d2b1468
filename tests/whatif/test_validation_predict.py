"""Biases predicted from coefficients, held against naive simulation of the same sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

import rmresearch as rm
from rmresearch.numerics.binary import risk_difference
from rmresearch.numerics.proportions import wilson
from rmresearch.whatif.validation.answered import Answered
from rmresearch.whatif.validation.predict import Given, two_sided
from rmresearch.whatif.validation.selection import eligible, volunteers
from rmresearch.whatif.validation.worlds import PAIRS, WORLDS, World, world
from rmresearch.world.draw import draw
from rmresearch.world.instruments import INSTRUMENTS
from rmresearch.world.levers import Levers
from rmresearch.world.nature import Nature
from rmresearch.world.presets import NOTHING, PRESETS

SKILL, CONFIDENCE = INSTRUMENTS[0], INSTRUMENTS[3]
PLACES = 60_000


def taken(scenario: rm.Scenario, pull: float, seed: int) -> np.ndarray:
    """Own scores of those who take a place, one place after another as the sentences say it."""
    nature, rng = scenario.nature, np.random.default_rng(seed)
    m = scenario.design.eligible
    score, time, performance = rng.normal(size=(3, PLACES, m))
    wish = np.log(nature.volunteering_rate / (1 - nature.volunteering_rate))
    wish = wish + nature.sponsor_on_volunteering * (scenario.levers.sponsor - 0.5)
    wish = wish + pull * score + nature.time_on_volunteering * time
    wish = wish + nature.performance_on_volunteering * performance
    applies = rng.uniform(size=wish.shape) < expit(wish)
    # who did not apply has wish + logistic below 0: the logistic's quantile at u x P(below -wish)
    below = rng.uniform(size=wish.shape) * expit(-wish)
    keen = wish + np.log(below / (1 - below))
    first = np.where(applies.any(axis=1), applies.argmax(axis=1), keen.argmax(axis=1))
    return np.asarray(score[np.arange(PLACES), first])


@pytest.mark.parametrize(
    ("scenario", "scale"),
    [
        (rm.Scenario(), SKILL),
        (rm.Scenario(), CONFIDENCE),
        (rm.Scenario(levers=Levers(sponsor=0.0)), SKILL),
        (replace(rm.Scenario(), nature=Nature(skill_on_senior_volunteering=-2.0)), SKILL),
    ],
)
def test_who_takes_a_place(scenario: rm.Scenario, scale: object) -> None:
    role = scale.role  # type: ignore[attr-defined]
    pull = getattr(scenario.nature, f"skill_on_{role}_volunteering")
    drawn, own = taken(scenario, pull, 1), volunteers(scenario, scale)  # type: ignore[arg-type]
    # four standard errors of a mean and of a variance over the places
    assert own.mean == pytest.approx(drawn.mean(), abs=4 * drawn.std() / PLACES**0.5)
    assert own.variance == pytest.approx(drawn.var(), abs=4 * (2 / PLACES) ** 0.5)
    assert np.sign(own.mean) == np.sign(pull)


def test_whoever_is_assigned_is_anybody() -> None:
    assigned = rm.Scenario(levers=Levers(application="assigned"))
    assert volunteers(assigned, SKILL).mean == pytest.approx(0.0, abs=1e-12)
    assert eligible().variance == pytest.approx(1.0, abs=1e-6)


def answers(who: Answered, month: int, seed: int, n: int = 60_000) -> np.ndarray:
    """Items (person, wave, item) of people drawn by the world's sentences, start and ``month``."""
    nature, rng = who.scenario.nature, np.random.default_rng(seed)
    c = rng.choice(who.own.points, size=n, p=who.own.weights)
    own = 1 - nature.pair_share - nature.department_share
    k = nature.state_share / own
    state = np.sqrt(k) * c + np.sqrt(1 - k) * rng.normal(size=n)
    stable = (c - np.sqrt(k) * state) / np.sqrt(1 - k)
    keep = nature.state_monthly**month
    later = keep * state + np.sqrt(1 - keep**2) * rng.normal(size=n)
    base = np.sqrt(1 - own) * rng.normal(size=n) + np.sqrt(own - nature.state_share) * stable
    true = np.stack([base + np.sqrt(nature.state_share) * s for s in (state, later)], axis=1)
    true[:, 1] += nature.trend * month
    items, spread = who.scale.items, nature.item_spread
    level = nature.item_center + np.linspace(-0.5, 0.5, items) * nature.item_difficulty
    lasting = np.sqrt(nature.item_stable) * rng.normal(size=(n, 1, items))
    rest = np.sqrt(1 - nature.item_reliability - nature.item_stable)
    said = np.sqrt(nature.item_reliability) * true[..., None] + lasting
    said = level + spread * (said + rest * rng.normal(size=(n, 2, items)))
    return np.asarray(np.clip(np.rint(said), 1, 5))


@pytest.mark.parametrize("scale", [SKILL, CONFIDENCE])
def test_what_is_answered(scale: object) -> None:
    scenario = rm.Scenario(nature=Nature(trend=0.05, skill_on_senior_volunteering=-1.5))
    who = Answered(scenario, scale, volunteers(scenario, scale))  # type: ignore[arg-type]
    items = answers(who, 6, 2)
    scores = items.mean(axis=-1)
    n, cov = len(scores), np.cov(scores.T)
    # four standard errors throughout
    for wave, month in enumerate((0, 6)):
        assert who.mean(month) == pytest.approx(scores[:, wave].mean(), abs=4 * 0.7 / n**0.5)
        assert who.covariance(month, month) == pytest.approx(
            cov[wave, wave], rel=4 * (2 / n) ** 0.5
        )
    assert who.covariance(0, 6) == pytest.approx(cov[0, 1], abs=4 * cov[0, 0] * (2 / n) ** 0.5)
    k, one = items.shape[-1], np.cov(items[:, 0].T)
    alpha = k / (k - 1) * (1 - np.trace(one) / one.sum())
    # Feldt: the SD of ln(1 - alpha) is about sqrt(2 k / (n (k - 1)))
    assert np.log(1 - who.alpha()) == pytest.approx(
        np.log(1 - alpha), abs=4 * (2 * k / (n * (k - 1))) ** 0.5
    )


def test_the_true_score_drifts_back_by_what_comes_and_goes() -> None:
    scenario = rm.Scenario()
    who = Answered(scenario, SKILL, volunteers(scenario, SKILL))
    # own variance .84, of which .3 comes and goes and keeps .7^6 = .1176 of itself in 6 months
    lost = 0.3 / 0.84 * (1 - 0.7**6)
    assert who.kept(6) == pytest.approx(1 - lost)
    # in points: about .95 x sqrt(.45) for each SD, a little less by the ends of the scale
    back = -(0.84**0.5) * who.own.mean * lost
    without_trend = Answered(rm.Scenario(nature=Nature(trend=0.0)), SKILL, who.own)
    assert without_trend.mean(6) - without_trend.mean(0) == pytest.approx(
        0.95 * 0.45**0.5 * back, rel=0.05
    )


def test_learning_by_hand() -> None:
    nature = Nature(learning_per_meeting=0.2, meeting_rate=0.5, uptake=0.5, fade=0.25)
    here = World("by hand", 8, rm.Scenario(nature=nature, levers=Levers(cadence=2)))
    # .2 waits each month that they meet; .1, then .15 are practised; then .075, .0375, ...
    taken = [0.1, 0.15, 0.075, 0.0375, 0.01875, 0.009375]
    learnt = 0.0
    for month, one in enumerate(taken):
        learnt = 1 - (1 - learnt) * np.exp(-one)
        learnt *= 1.0 if month < 2 else 0.75
    assert here.learnt(2) == pytest.approx(learnt, rel=1e-12)
    assert here.learnt(6) > here.learnt(5) > here.learnt(2)


def test_pairs_stop_by_a_constant_chance() -> None:
    nature = Nature(ending_rate=0.1, leaving_rate=0.0)
    stops = World("", 8, rm.Scenario(nature=nature)).stops
    assert stops == pytest.approx([0.1, 0.09, 0.081, 0.0729, 0.06561, 0.59049])
    assert stops.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", WORLDS)
def test_every_world_has_as_many_sets_as_it_says(name: str) -> None:
    for n in PAIRS:
        scenario = world(name, n).scenario
        smaller = min(scenario.programme_sets, scenario.sets - scenario.programme_sets)
        assert n == (scenario.sets if scenario.comparison == "none" else smaller)


def test_the_presets_are_worlds() -> None:
    assert set(PRESETS) <= set(WORLDS)


def given(name: str) -> Given:
    """Predictions of a world, from the truths of a few cohorts."""
    from rmresearch.whatif.source import source

    here = world(name, 8)
    rows = source(here.scenario).cohorts(50, np.random.SeedSequence(1)).truths()
    return Given(here, "digital_skill", {r.key: r for r in rows if r.outcome == "digital_skill"})


def test_where_nothing_happens_nothing_is_predicted() -> None:
    nothing = given("nothing happens")
    assert nothing.drift() == pytest.approx(0.0, abs=1e-9)
    assert nothing.flattery() == 0.0
    assert nothing.stopping() == 0.0
    assert given("nobody flatters").flattery() == 0.0


def test_what_each_thing_does_has_its_sign() -> None:
    found = given("volunteers")
    assert min(found.drift(), found.flattery(), found.stopping()) > 0 > found.spilt()
    # unadjusted, adjusted, differenced: volunteers start lower and come back
    assert found.of_pool(0.0) < found.of_pool(found.slope()) < found.of_pool(1.0)
    assert 0 < found.slope() < found.slope() / found.alpha() < 1
    with pytest.raises(KeyError, match="no truth about"):
        found.row("month9 - start")


@pytest.mark.parametrize("pull", [0.25, 1.0])
def test_who_is_satisfied_and_who_says_so(pull: float) -> None:
    """Counted among people drawn by the world's sentences, answering or not."""
    here = world("no-effect", 40)
    here = replace(
        here, scenario=replace(here.scenario, nature=replace(NOTHING, quality_on_response=pull))
    )
    found = Given(here, "satisfaction", {})
    drawn = draw(replace(here.scenario, pairs=1_000), 20, np.random.SeedSequence(5))
    programme = drawn.people.programme
    liked = (drawn.reactions["satisfaction"][:, :, 0, -1] >= 4)[programme]
    answered = drawn.response[:, :, 0, -1][programme]
    n = int(answered.sum())
    # four standard errors of a share of about 8,000 who answered, of 10,000
    assert found.satisfied() == pytest.approx(liked.mean(), abs=4 * 0.5 / len(liked) ** 0.5)
    bias = liked[answered].mean() - liked.mean()
    assert found.of_reaction() == pytest.approx(bias, abs=4 * 0.5 * (1 / n - 1 / len(liked)) ** 0.5)
    assert found.of_reaction() > 0


def test_alpha_of_few_people_is_low() -> None:
    """By as much as normal answers with one true score and independent errors have it."""
    rng = np.random.default_rng(3)
    found = Given(world("no-effect", 8), "digital_skill", {})
    k, true = 6, found.alpha()
    r = true / (k - true * (k - 1))  # Spearman-Brown, backwards
    off = []
    for n in rng.binomial(16, 0.95 * 0.99**6, size=4_000):
        items = np.sqrt(r) * rng.normal(size=(n, 1)) + np.sqrt(1 - r) * rng.normal(size=(n, k))
        cov = np.cov(items.T)
        off.append(k / (k - 1) * (1 - np.trace(cov) / cov.sum()) - true)
    assert found.of_alpha() == pytest.approx(np.mean(off), abs=4 * np.std(off) / 4_000**0.5)


def test_what_departments_share_is_missing_from_the_interval_of_a_level() -> None:
    """Means of scores of people who belong to one of four departments, drawn by the sentences."""
    here = world("no-effect", 40)
    nature = replace(NOTHING, department_share=0.2, response=1.0, leaving_rate=0.0)
    scenario = replace(here.scenario, pairs=80, nature=nature)
    found = Given(replace(here, scenario=scenario), "digital_skill", {}).level_covers()
    drawn = draw(scenario, 3_000, np.random.SeedSequence(9))
    scores = np.where(drawn.people.programme_of(0), drawn.observed(SKILL)[..., -1], np.nan)
    n, mean = np.isfinite(scores).sum(axis=1), np.nanmean(scores, axis=1)
    half = stats.t.isf(0.025, n - 1) * np.nanstd(scores, axis=1, ddof=1) / n**0.5
    covers = (np.abs(mean - mean.mean()) <= half).mean()
    # four standard errors of a share of 3,000, and .01 for scores that are rounded
    assert found == pytest.approx(covers, abs=4 * (covers * (1 - covers) / 3_000) ** 0.5 + 0.01)
    assert found < 0.8


def test_power_of_a_shifted_t() -> None:
    shift, many = np.array([0.0, 1.959964 + 0.841621]), np.array([1e7, 1e7])
    assert two_sided(shift, many, 0.05) == pytest.approx([0.05, 0.80], abs=1e-5)
    # Cohen (1988), table 2.3.5: one sample of 18, d = .7 by sqrt: two-sided .05, power about .80
    assert two_sided(np.array([0.7 * 18**0.5]), np.array([17.0]), 0.05) == pytest.approx(
        [0.80], abs=0.01
    )


def test_shares_cover_as_often_as_in_drawn_counts() -> None:
    here = world("default", 12)
    ours, theirs = here.leavers
    rng, arm = np.random.default_rng(4), np.arange(24) < 12
    held, told = 0, 0
    for _ in range(2_000):
        event = rng.random(24) < np.where(arm, ours, theirs)
        if event.any():
            found = risk_difference(event, arm)
            held += found.low <= ours - theirs <= found.high
            told += 1
    low, high = wilson(held, told, level=0.999)
    assert low <= Given(here, "left", {}).shares_cover() <= high


def test_who_leaves_by_another_route() -> None:
    here = world("default", 12)
    month = rm.simulate(replace(here.scenario, pairs=4_000), seed=3).study.records
    gone = month.loc[month["kind"] == "left", "person"].nunique()
    # of both roles, whose chance to leave is alike; four standard errors of a share of 8,000
    assert gone / 8_000 == pytest.approx(np.mean(here.leavers), abs=4 * (0.05 / 8_000) ** 0.5)
