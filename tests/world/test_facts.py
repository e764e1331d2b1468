"""The world holds what its coefficients declare, and the facts they were set from.

Every bound is four Monte Carlo standard errors of the quantity at the number drawn (a true value
fails once in 16,000), or the spread of the published figures where the fact is a range.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.integrate import quad
from scipy.special import expit

from rmresearch.world.draw import Draw, draw
from rmresearch.world.instruments import INSTRUMENTS, JUNIOR, SENIOR, Instrument
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.presets import preset
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams

MANY = 200_000
ERRORS = 4.0


def correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def close(found: float, declared: float, error: float) -> None:
    assert abs(found - declared) <= ERRORS * error, (found, declared, error)


def close_correlation(
    a: NDArray[Any], b: NDArray[Any], declared: float, slack: float = 0.0
) -> None:
    error = (1 - declared**2) / np.sqrt(a.size)
    assert abs(correlation(a, b) - declared) <= slack + ERRORS * error


def close_share(flags: NDArray[Any], declared: float) -> None:
    close(float(flags.mean()), declared, np.sqrt(declared * (1 - declared) / flags.size))


def scale(name: str) -> Instrument:
    return next(one for one in INSTRUMENTS if one.name == name)


def single(**changes: Any) -> Scenario:
    """One large programme group, drawn from all of the eligible (nobody is selected)."""
    setting = changes.pop("design", Setting(eligible=1, waves=(0, 3, 6)))
    return Scenario(pairs=MANY, comparison="none", design=setting, **changes)


@pytest.fixture(scope="module")
def plain() -> Draw:
    return draw(single(), 1, seed=11)


def test_true_scores_have_their_declared_variances(plain: Draw) -> None:
    nature = plain.scenario.nature
    for name, scores in plain.untreated.items():
        # Variance of a sample variance from a normal: 2/n; departments add a few draws only,
        # so their share is given the spread of one draw of eight effects.
        slack = 2 * nature.department_share
        assert abs(scores[..., 0].var() - 1) <= slack + ERRORS * np.sqrt(2 / MANY), name
    senior, junior = plain.untreated["digital_skill"], plain.untreated["leadership_confidence"]
    # The departments of a pair differ, which makes their effects slightly unlike.
    shared = nature.pair_share
    assert abs(correlation(senior[..., 0], junior[..., 0]) - shared) <= 0.02


def test_departments_share_what_is_declared() -> None:
    """Between-department variance over replicates: mean squares of a one-way layout."""
    nature = Nature(department_share=0.17)
    setting = Setting(eligible=1, departments=10)
    drawn = draw(Scenario(pairs=500, comparison="none", nature=nature, design=setting), 60, seed=12)
    scores, where = drawn.untreated["digital_skill"][..., 0], drawn.people.department[..., SENIOR]
    between = []
    for r in range(60):
        means = np.array([scores[r, where[r] == one].mean() for one in range(10)])
        sizes = np.bincount(where[r], minlength=10)
        noise = (1 - 0.17) * (1 / sizes).mean()
        between.append(means.var(ddof=1) - noise)
    # A variance estimate from 10 groups has relative error sqrt(2/9), over 60 replicates.
    close(float(np.mean(between)), 0.17, 0.19 * np.sqrt(2 / 9 / 60))


def test_retest_of_the_true_score_is_what_state_and_trend_imply(plain: Draw) -> None:
    nature = plain.scenario.nature
    scores = plain.untreated["inclusion_awareness"]
    for index, month in ((1, 3), (2, 6)):
        r = 1 - nature.state_share + nature.state_share * nature.state_monthly**month
        # A few departments only: their variance, and so the whole, is itself a draw.
        slack = 2 * nature.department_share * (1 - r)
        close_correlation(scores[..., 0], scores[..., index], r, slack)
        moved = float((scores[..., index] - scores[..., 0]).mean())
        close(moved, nature.trend * month, np.sqrt(2 * (1 - r) / MANY))


def test_outcomes_of_a_person_hang_together(plain: Draw) -> None:
    nature = plain.scenario.nature
    stable = 1 - nature.state_share - nature.pair_share - nature.department_share
    shared = nature.pair_share + nature.department_share
    r = nature.outcome_correlation * stable + shared
    skill, aware = plain.untreated["digital_skill"], plain.untreated["inclusion_awareness"]
    # Four departments make their part of the correlation itself a draw.
    assert abs(correlation(skill[..., 0], aware[..., 0]) - r) <= 0.02 + nature.department_share
    use = plain.untreated["digital_use"]
    slack = nature.department_share * nature.transfer * (1 - nature.transfer**2)
    close_correlation(skill[..., 0], use[..., 0], nature.transfer, slack)


def test_quality_follows_values_and_hardly_interests(plain: Draw) -> None:
    """Published: deep-level similarity .38-.59; measured interest similarity .04."""
    quality = plain.pairs.quality[..., 0]
    values = plain.people.values
    alike = -abs(values[..., SENIOR] - values[..., JUNIOR])
    assert 0.38 <= correlation(alike, quality) <= 0.59
    interests = plain.people.interests
    alike = -abs(interests[..., SENIOR] - interests[..., JUNIOR])
    assert abs(correlation(alike, quality) - 0.04) <= 0.005 + ERRORS / np.sqrt(MANY)
    # Its own SD is the unit of every edge out of it: near 1 in every month.
    assert abs(plain.course.quality[..., 0, :].std(axis=1) - 1).max() <= 0.06


def test_meeting_often_goes_with_quality_about_as_published(plain: Draw) -> None:
    """Interaction frequency with support: .25 (Eby et al. 2013), among those who go on."""
    going = plain.course.ended[..., 0] == 0
    often = plain.course.slots.mean(axis=(-1, -2))
    assert 0.20 <= correlation(often[going], plain.course.quality[..., 0, -1][going]) <= 0.35


def expected_applicant(pull: float, rate: float) -> float:
    """E of a standard normal trait among those who apply by a logit on it."""
    start = np.log(rate / (1 - rate))

    def applies(trait: float) -> float:
        return float(expit(start + pull * trait) * stats.norm.pdf(trait))

    share = quad(applies, -9, 9)[0]
    return quad(lambda trait: trait * applies(trait), -9, 9)[0] / share


def test_places_go_to_any_of_those_who_applied() -> None:
    nature = Nature(
        skill_on_senior_volunteering=-0.8,
        skill_on_junior_volunteering=0.5,
        time_on_volunteering=0.0,
        performance_on_volunteering=0.0,
    )
    # Of fifty eligible with a chance of .3 each somebody applies, but for 2 in 10^8.
    count = MANY // 10
    scenario = Scenario(pairs=count, comparison="none", nature=nature, design=Setting(eligible=50))
    people = draw(scenario, 1, seed=13).people
    assert people.applied.all()
    for side, pull in ((SENIOR, -0.8), (JUNIOR, 0.5)):
        expected = expected_applicant(pull, nature.volunteering_rate)
        close(float(people.skill[..., side].mean()), expected, 1 / np.sqrt(count))
        share = stats.norm.expect(lambda trait, pull=pull: expit(np.log(3 / 7) + pull * trait))
        error = np.sqrt(share * (1 - share) / 50 / count)
        close(float(people.applicants[..., side].mean() / 50), share, error)
    close(float(people.time_poverty.mean()), 0.0, 1 / np.sqrt(2 * count))
    # Choosing by skill leaves the split into stable part and state as it was: the state's
    # share of own variance is what the two parts' correlation with skill must show.
    own = 1 - nature.pair_share - nature.department_share
    slope = np.polyfit(people.skill[..., SENIOR].ravel(), people.stable[..., SENIOR].ravel(), 1)[0]
    stable = 1 - nature.state_share / own
    close(float(slope), np.sqrt(stable), 1.1 / np.sqrt(count))


def test_the_keenest_is_asked_where_nobody_applied() -> None:
    """Two eligible: any who applied, else the larger wish, against numpy's own draws."""
    scenario = single(design=Setting(eligible=2, waves=(0, 3)))
    nature, people = scenario.nature, draw(scenario, 1, seed=31).people
    streams, shape = Streams.of(31), (1, MANY, 2, 2)
    skill, time, performance = (
        streams.normal(f"people.{name}", shape) for name in ("skill", "time", "performance")
    )
    odds = streams.uniform("people.volunteering", shape)
    pull = np.array([nature.skill_on_senior_volunteering, nature.skill_on_junior_volunteering])
    wish = stats.logistic.ppf(odds) + np.log(nature.volunteering_rate) + pull[:, None] * skill
    wish += -np.log(1 - nature.volunteering_rate) + nature.time_on_volunteering * time
    wish += nature.performance_on_volunteering * performance
    first, second = wish[..., 0], wish[..., 1]
    takes_first = (first > 0) | ((second <= 0) & (first > second))
    expected = np.where(takes_first, skill[..., 0], skill[..., 1])
    np.testing.assert_array_equal(people.skill, expected)
    np.testing.assert_array_equal(people.applied, (first > 0) | (second > 0))


def test_where_places_are_assigned_nobody_is_selected() -> None:
    people = draw(Scenario(pairs=MANY, levers=Levers(application="assigned")), 1, seed=32).people
    for trait in (people.skill, people.time_poverty, people.performance):
        close(float(trait.mean()), 0.0, 1 / np.sqrt(2 * MANY))
    assert 0.2 < people.applied.mean() < 0.4


def test_a_sponsor_brings_applications_and_weakens_selection() -> None:
    chosen = []
    for sponsor in (0.0, 1.0):
        people = draw(Scenario(pairs=MANY, levers=Levers(sponsor=sponsor)), 1, seed=33).people
        chosen.append((people.applicants.mean(), people.skill[..., SENIOR].mean()))
    assert chosen[1][0] > chosen[0][0] + 0.5
    assert chosen[0][1] < chosen[1][1] < 0


def test_the_pool_comparison_is_not_selected() -> None:
    scenario = Scenario(pairs=MANY, comparison="pool")
    people = draw(scenario, 1, seed=14).people
    volunteers, pool = people.programme, ~people.programme
    close(float(people.skill[pool].mean()), 0.0, 1 / np.sqrt(MANY))
    assert people.skill[volunteers][:, SENIOR].mean() < -0.2
    assert people.time_poverty[volunteers].mean() < -0.15


def test_unpaired_comparison_people_share_nothing() -> None:
    nature = Nature(pair_share=0.4, department_share=0.0)
    levers = Levers(application="assigned")  # selection would narrow what is people's own
    scenario = Scenario(pairs=MANY, comparison="pool", nature=nature, levers=levers)
    drawn = draw(scenario, 1, seed=15)
    senior, junior = (drawn.untreated[name] for name in ("digital_skill", "leadership_confidence"))
    for people, share in ((drawn.people.programme, 0.4), (~drawn.people.programme, 0.0)):
        close_correlation(senior[people][:, 0], junior[people][:, 0], share)


STILL = Nature(
    quality_on_ending=0.0,
    time_on_ending=0.0,
    engagement_on_leaving=0.0,
    leaving_rate=0.02,
    promotion_rate=0.03,
    visibility_on_promotion=0.0,
    performance_on_promotion=0.0,
    quality_on_meetings=0.0,
    time_on_meetings=0.0,
    quality_on_response=0.0,
    gain_on_response=0.0,
)


@pytest.fixture(scope="module")
def still() -> Draw:
    year = Setting(eligible=1, waves=(0, 6, 12))
    return draw(single(nature=STILL, levers=Levers(duration=24), design=year), 1, seed=16)


def test_rates_hold_exactly_where_nothing_moves_them(still: Draw) -> None:
    course, nature = still.course, still.scenario.nature
    for world in (0, 1):
        close_share(course.left[world] == 0, (1 - nature.leaving_rate) ** 12)
        stays = course.left[world] == 0
        close_share(course.promoted[world][stays] == 0, (1 - nature.promotion_rate) ** 12)
    monthly = (1 - nature.ending_rate) * (1 - nature.leaving_rate) ** 2
    close_share(course.ended == 0, monthly**12)
    first = course.slots[:, :, 0]
    close_share(first, nature.meeting_rate)


def test_response_is_the_declared_one_where_nothing_moves_it(still: Draw) -> None:
    nature, months = still.scenario.nature, np.array([0, 6, 12])
    there = (still.course.left[1][..., None] == 0) | (still.course.left[1][..., None] > months)
    for index, rate in enumerate((nature.response_start, nature.response, nature.response)):
        close_share(still.response[..., index][there[..., index]], rate)
    skipped = still.answers["digital_skill"].skipped
    close_share(skipped, nature.item_skip)
    # People answer again who answered before: a probit with their own propensity.
    both = still.response[..., 1] & still.response[..., 2]
    here = there[..., 2]
    r = nature.response_person**2 / (1 + nature.response_person**2)
    cut = stats.norm.ppf(nature.response)
    joint = stats.multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([cut, cut])
    close_share(both[here], float(joint))


def test_comparison_response_is_the_declared_one_in_the_default_world() -> None:
    drawn = draw(Scenario(pairs=MANY), 1, seed=17)
    nature, waits = drawn.scenario.nature, ~drawn.people.programme
    gone = (drawn.course.left[0] > 0) & (drawn.course.left[0] <= 6)
    close_share(drawn.response[..., 2][waits & ~gone.any(-1)], nature.response)
    # In the programme the answers depend on what the pair is like.
    there = drawn.people.programme & ~(drawn.course.left[1] > 0).any(-1)
    quality = drawn.course.quality[..., 0, 5][there]
    assert correlation(quality, drawn.response[..., SENIOR, 2][there]) > 0.1


def coded_correlation(r: float, center_a: float, center_b: float, spread: float) -> float:
    """Of two normal answers with correlation r after rounding to 1-5: cell probabilities."""
    points = np.arange(1, 6)
    cuts_a = (np.array([-np.inf, 1.5, 2.5, 3.5, 4.5, np.inf]) - center_a) / spread
    cuts_b = (np.array([-np.inf, 1.5, 2.5, 3.5, 4.5, np.inf]) - center_b) / spread
    normal = stats.multivariate_normal([0, 0], [[1, r], [r, 1]])
    clipped_a, clipped_b = np.clip(cuts_a, -9, 9), np.clip(cuts_b, -9, 9)
    below = np.array([[normal.cdf([a, b]) for b in clipped_b] for a in clipped_a])
    cells = below[1:, 1:] - below[:-1, 1:] - below[1:, :-1] + below[:-1, :-1]
    a, b = cells.sum(1), cells.sum(0)
    mean_a, mean_b = a @ points, b @ points
    both = points @ cells @ points - mean_a * mean_b
    return float(both / np.sqrt((a @ points**2 - mean_a**2) * (b @ points**2 - mean_b**2)))


def test_items_are_as_reliable_as_declared(plain: Draw) -> None:
    nature = plain.scenario.nature
    answers = plain.answers["digital_skill"].without[0].astype(float)
    easy = nature.item_center + np.linspace(-0.5, 0.5, 6) * nature.item_difficulty
    for a, b in ((0, 1), (2, 5)):
        expected = coded_correlation(nature.item_reliability, easy[a], easy[b], nature.item_spread)
        # Department effects make the sample's variance a draw: allow their share of r.
        slack = nature.department_share * nature.item_reliability
        found = correlation(answers[:, 0, a], answers[:, 0, b])
        assert abs(found - expected) <= slack + ERRORS * (1 - expected**2) / np.sqrt(MANY)
    assert abs(coded_correlation(nature.item_reliability, 3.2, 3.2, 0.95) - 0.4) <= 0.01


def test_scales_and_items_are_as_reliable_as_published(plain: Draw) -> None:
    """Scales .75-.9 (shorter ones less); single items' median retest r .37."""
    alphas, retests = [], []
    for one in INSTRUMENTS:
        answers = plain.answers[one.name].without[0].astype(float)
        start, k = answers[:, 0], one.items
        alphas.append(k / (k - 1) * (1 - start.var(0).sum() / start.sum(1).var()))
        if one.rater == "self":
            retests += [correlation(start[:, i], answers[:, 1, i]) for i in range(k)]
    assert min(alphas) >= 0.72
    assert max(alphas) <= 0.9
    assert alphas[0] >= 0.75
    assert abs(np.median(retests) - 0.37) <= 0.05


def test_partner_ratings_carry_the_raters_own_leniency(plain: Draw) -> None:
    """Across waves, items of a lenient rater stay high beyond what is true."""
    nature = plain.scenario.nature
    used, rated = plain.untreated["digital_use"], plain.answers["digital_use"].without
    a, b = rated[..., 0, 0], rated[..., 2, 1]
    true = 1 - nature.transfer**2 + nature.transfer**2 * (
        1 - nature.state_share * (1 - nature.state_monthly**6)
    )  # fmt: skip
    seen = nature.item_reliability * ((1 - nature.rater_share) * true + nature.rater_share)
    drift = nature.trend * 6 * nature.transfer * nature.item_spread
    drift *= np.sqrt(nature.item_reliability * (1 - nature.rater_share))
    center = nature.item_center - 0.5 * nature.item_difficulty
    other = center + nature.item_difficulty / 3 + drift
    expected = coded_correlation(seen, center, other, nature.item_spread)
    assert abs(correlation(a, b) - expected) <= 0.01 + ERRORS / np.sqrt(MANY)
    assert used.shape == rated.shape[:-1]


def test_satisfaction_is_j_shaped_as_declared() -> None:
    level = Nature(
        compatibility_on_quality=0.0,
        disclosure_on_quality=0.0,
        mentoring_on_quality=0.0,
        quality_residual=1.0,
        quality_shock=0.0,
        meetings_on_quality=0.0,
    )
    drawn = draw(single(nature=level), 1, seed=18)
    satisfied = drawn.reactions["satisfaction"]
    assert (satisfied[..., 0] == 0).all()
    last = satisfied[..., 2]
    # Two people of a pair share their quality: the pairs count, at the least.
    for code, share in ((5, level.satisfaction_top), (1, level.satisfaction_bottom)):
        close(float((last == code).mean()), share, np.sqrt(share * (1 - share) / MANY))
    middle = 1 - level.satisfaction_top - level.satisfaction_bottom
    for code, part in ((2, 1 / 7), (3, 2 / 7), (4, 4 / 7)):
        close(float((last == code).mean()), middle * part, 0.5 / np.sqrt(MANY))
    recommend = drawn.reactions["recommend"][..., 1:]
    close(float((recommend >= 9).mean()), level.promoters, 0.5 / np.sqrt(MANY))
    assert recommend.min() == 0
    assert recommend.max() == 10


YEAR = Setting(waves=tuple(range(13)))


def test_default_world_peaks_and_fades_as_stated() -> None:
    """Senior skill: peak .4 SD, mean over the year .2, delayed, gone or going by month 12."""
    drawn = draw(Scenario(pairs=MANY, comparison="none", design=YEAR), 1, seed=19)
    profile = drawn.gain["digital_skill"].mean(axis=(0, 1))
    assert abs(profile.max() - 0.4) <= 0.02
    assert profile.argmax() in {5, 6, 7}
    assert abs(profile[1:].mean() - 0.2) <= 0.02
    assert profile[1] < profile[2] - profile[1]  # delayed: the second month brings more
    assert profile[6] - profile[5] < profile[3] - profile[2]  # saturating
    assert profile[12] < 0.25 * profile.max()


def test_default_pairs_still_meeting_at_twelve_months() -> None:
    """45% (Brooks et al. 2018), by a monthly hazard of 6-7%."""
    scenario = Scenario(
        pairs=MANY, comparison="none", levers=Levers(duration=13), design=Setting(waves=(0, 12))
    )
    meeting = (draw(scenario, 1, seed=20).course.ended == 0).mean()
    assert abs(meeting - 0.45) <= 0.01
    assert 0.06 <= 1 - meeting ** (1 / 12) <= 0.07


def test_those_likeliest_to_opt_out_gain_most() -> None:
    """Sales-centre experiment: mandatory mentoring brought more than voluntary."""
    means = []
    for application in ("volunteer", "assigned"):
        levers = Levers(application=application)  # type: ignore[arg-type]
        drawn = draw(Scenario(pairs=MANY, comparison="none", levers=levers), 1, seed=34)
        gain = drawn.gain["digital_skill"][..., 2]
        means.append((float(gain.mean()), float(gain.std() / np.sqrt(MANY))))
    (volunteers, error), (assigned, other) = means
    assert assigned - volunteers > ERRORS * np.hypot(error, other)


def test_self_ratings_outrun_partner_ratings_as_published() -> None:
    """Self-rated +20%, partner-rated +7%: 2.9 times as much, in each score's own SD."""
    drawn = draw(Scenario(pairs=MANY, comparison="none"), 1, seed=21)
    moved = []
    for name in ("digital_skill", "digital_use"):
        answers = drawn.answers[name]
        score, before = answers.with_it.mean(-1), answers.without.mean(-1)
        moved.append((score - before)[..., 2].mean() / before[..., 0].std())
    assert abs(moved[0] / moved[1] - 20 / 7) <= 0.3


def test_no_effect_world_keeps_everything_but_the_effect() -> None:
    drawn = draw(preset("no-effect", pairs=MANY), 1, seed=22)
    for one in INSTRUMENTS:
        answers = drawn.answers[one.name]
        assert not drawn.gain[one.name].any()
        np.testing.assert_array_equal(answers.honest, answers.without)
        flattered = (answers.with_it[..., 1:, :] > answers.without[..., 1:, :]).any()
        assert flattered == (one.rater == "self")
    np.testing.assert_array_equal(*drawn.course.left)
    np.testing.assert_array_equal(*drawn.course.promoted)
    # Selection of low scorers, and their return towards the mean, net of the common trend.
    nature = drawn.scenario.nature
    skill = drawn.untreated["digital_skill"].mean(axis=(0, 1))
    assert skill[0] < -0.2
    own = nature.state_share / (1 - nature.pair_share - nature.department_share)
    back = -drawn.people.skill[..., SENIOR].mean() * own * (1 - nature.state_monthly**6)
    back *= np.sqrt(1 - nature.pair_share - nature.department_share)
    error = np.sqrt(2 * nature.state_share / MANY)
    close(float(skill[2] - skill[0]), back + 6 * nature.trend, error)
    assert back > 0.05
    # Answering depends on the pair's quality, in the programme only.
    there = drawn.people.programme & ~(drawn.course.left[1] > 0).any(-1)
    answered = drawn.response[..., SENIOR, 2]
    assert correlation(drawn.course.quality[..., 0, 5][there], answered[there]) > 0.1


LEVERS: list[tuple[str, dict[str, Any], dict[str, Any], str, int]] = [
    ("confidentiality", {"confidentiality": 0.0}, {"confidentiality": 1.0}, "safety", 1),
    ("level gap", {"level_gap": 2}, {"level_gap": 6}, "safety", -1),
    ("other department", {"other_department": False}, {"other_department": True}, "safety", 1),
    ("training", {"training": 0.0}, {"training": 1.0}, "quality", 1),
    ("cadence", {"cadence": 1}, {"cadence": 4}, "meetings", 1),
    ("cadence teaches", {"cadence": 1}, {"cadence": 4}, "digital_skill", 1),
    ("goal clarity", {"goal_clarity": 0.0}, {"goal_clarity": 1.0}, "digital_skill", 1),
    ("confidentiality teaches", {"confidentiality": 0.0}, {"confidentiality": 1.0},
     "digital_skill", 1),
    ("two-way exchange", {"two_way": 0.1}, {"two_way": 0.9}, "visibility", 1),
    ("duration", {"duration": 2}, {"duration": 6}, "digital_skill", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "what", "sign"), [row[1:] for row in LEVERS], ids=[row[0] for row in LEVERS]
)
def test_levers_pull_the_way_the_graph_is_drawn(
    before: dict[str, Any], after: dict[str, Any], what: str, sign: int
) -> None:
    found = []
    for levers in (before, after):
        drawn = draw(Scenario(pairs=4000, levers=Levers(**levers)), 1, seed=23)
        measures = {
            "safety": drawn.pairs.safety,
            "quality": drawn.course.quality[..., -1],
            "meetings": drawn.course.slots.sum(axis=(-1, -2)),
        }
        values = measures.get(what)
        found.append(float((drawn.gain[what][..., -1] if values is None else values).mean()))
    assert sign * (found[1] - found[0]) > 0.02


def test_edges_that_run_from_person_to_course_have_their_signs() -> None:
    drawn = draw(Scenario(pairs=MANY, comparison="none"), 1, seed=24)
    busy = drawn.people.time_poverty.mean(-1)
    quality, course = drawn.pairs.quality[..., 0], drawn.course
    never = course.ended[..., 0] == 0
    limit = ERRORS / np.sqrt(MANY)
    assert correlation(busy, course.slots[:, :, 0].mean(-1)) < -limit
    assert correlation(busy, never) < -limit
    assert correlation(quality, never) > limit
    assert correlation(quality, course.slots[:, :, 0].mean(-1)) > limit
    assert correlation(quality, course.learning[..., SENIOR, -1]) > limit
    assert (
        correlation(drawn.people.skill[..., SENIOR], drawn.gain["digital_skill"][..., 2]) < -limit
    )
    assert correlation(quality, drawn.reactions["satisfaction"][..., SENIOR, 2]) > limit
    # Those who learned much leave less, and juniors who gained visibility rise more.
    assert (course.left[1] > 0).sum() < (course.left[0] > 0).sum()
    rose = (course.promoted > 0).sum(axis=(1, 2))
    assert rose[1, JUNIOR] > rose[0, JUNIOR]
