"""Reactions: shares, the net recommend score and both denominators, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from rmresearch.analysis.reactions import reaction
from rmresearch.errors import StudyError
from rmresearch.study import Outcome

from .programmes import failed, found, relabelled, row, same, shuffled, with_pairs
from .studies import SKILL, make_study

LIKED = Outcome("liked", "Liked it", "senior", ("liked",), low=1, high=5, favourable=4)
RECOMMEND = Outcome(
    "recommend", "Recommend", "senior", ("recommend",), kind="recommend", low=0, high=10
)
STARTERS, FINISHERS = "starters who answered", "finishers who answered"


def liked(values: list[float | None], **options: object) -> object:
    return make_study({"liked": {"after": values}}, outcomes=[LIKED], **options)  # type: ignore[arg-type]


def test_share_with_wilsons_interval() -> None:
    # 8 of 10 favourable: Wilson .4902 to .9433 (Brown, Cai and DasGupta's formula)
    result = reaction(liked([4.0] * 5 + [5.0] * 3 + [3.0, 1.0]), "liked")
    share = found(result, term="", estimand=STARTERS)
    assert (share.value, share.n_people, share.wave) == (0.8, 10, "after")
    assert (share.low, share.high) == pytest.approx((0.4902, 0.9433), abs=5e-5)  # four digits
    mean = found(result, term="mean", estimand=STARTERS)
    values = np.array([4.0] * 5 + [5.0] * 3 + [3.0, 1.0])
    half = stats.t.ppf(0.975, 9) * values.std(ddof=1) / np.sqrt(10)
    assert (mean.low, mean.high) == pytest.approx((values.mean() - half, values.mean() + half))
    shown = row(result.table("reaction"), who="starters")
    assert shown["favourable"] == 0.8
    assert result.table("reaction").rows[0][7].numerator == 8


def test_net_recommend_score() -> None:
    # 12 answers: promoters 9, 10, 10, 9, 9; passives 7, 8, 8; detractors 0, 3, 6, 6: (5 - 4) / 12
    values = [9.0, 10, 10, 9, 9, 7, 8, 8, 0, 3, 6, 6]
    study = make_study({"recommend": {"after": values}}, outcomes=[RECOMMEND])
    result = reaction(study, "recommend")
    net = found(result, term="net-recommend", estimand=STARTERS)
    assert net.value == pytest.approx(100 / 12)
    points = np.array([100] * 5 + [0] * 3 + [-100] * 4)
    half = stats.t.ppf(0.975, 11) * points.std(ddof=1) / np.sqrt(12)
    assert (net.low, net.high) == pytest.approx((net.value - half, net.value + half))
    assert not [one for one in result.estimates if one.term == ""]  # no favourable code declared
    assert not failed(result, "favourable declared")


def test_no_net_score_is_thought_possible_beyond_its_scale() -> None:
    # twelve answers, ten of them detractors: the t interval alone would reach below -100
    values = [0.0] * 10 + [10, 8]
    study = make_study({"recommend": {"after": values}}, outcomes=[RECOMMEND])
    net = found(reaction(study, "recommend"), term="net-recommend", estimand=STARTERS)
    points = np.array([-100.0] * 10 + [100, 0])
    half = stats.t.ppf(0.975, 11) * points.std(ddof=1) / np.sqrt(12)
    assert net.value - half < -100
    assert (net.low, net.high) == pytest.approx((-100, net.value + half))


def test_clustered_people_count_for_less() -> None:
    # twelve seniors share six juniors; members of a set answer alike: the design effect is about 2
    values = [5.0, 5, 1, 1, 5, 5, 5, 5, 1, 1, 5, 5]
    juniors = [f"j{i // 2}" for i in range(12)]
    result = reaction(liked(values, juniors=juniors), "liked")
    share = found(result, term="", estimand=STARTERS)
    assert (share.n_people, share.n_clusters) == (12, 6)
    # linearised by hand: sets' totals of (x - p), G/(G-1), over p(1-p)/n
    x = (np.array(values) == 5).astype(float)
    p = x.mean()
    totals = (x - p).reshape(6, 2).sum(axis=1)
    effect = 6 / 5 * (totals**2).sum() / 12**2 / (p * (1 - p) / 12)
    assert effect == pytest.approx(2.4)
    n = 12 / effect
    z2 = stats.norm.ppf(0.975) ** 2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    assert (share.low, share.high) == pytest.approx((middle - half, middle + half))
    assert row(result.table("reaction"), who="starters")["effective n"] == pytest.approx(n)


def test_starters_and_finishers_side_by_side() -> None:
    values: list[float | None] = [5.0] * 9 + [1.0, 1, None]
    study = with_pairs(
        liked(values),
        start=["2025-01-01"] * 11 + [None],
        end=["2025-03-01"] * 3 + [None] * 6 + ["2025-02-01"] * 2 + [None],
        reason=["completed"] * 3 + [None] * 6 + ["no time"] * 2 + [None],
    )
    result = reaction(study, "liked")
    starters = row(result.table("reaction"), who="starters")
    assert (starters["asked"], starters["answered"], starters["favourable"]) == (11, 11, 9 / 11)
    finishers = row(result.table("reaction"), who="finishers")
    assert (finishers["asked"], finishers["answered"], finishers["favourable"]) == (9, 9, 1.0)
    # the one whose pair never started is neither, and said to be left out
    assert [(d.people, d.reason) for d in result.dropped] == [
        (1, "senior: assigned, but in no pair that started")
    ]
    assert found(result, term="", estimand=FINISHERS).members == {f"s{i:03d}" for i in range(9)}


def test_both_denominators() -> None:
    result = reaction(liked([5.0, None, 4.0, None]), "liked")
    shown = row(result.table("reaction"), who="starters")
    assert (shown["asked"], shown["answered"], shown["share answered"]) == (4, 2, 0.5)


def test_people_without_the_programme_are_not_asked() -> None:
    study = liked([5.0] * 6 + [1.0] * 6, arm=["programme"] * 6 + ["comparison"] * 6)
    result = reaction(study, "liked")
    assert found(result, term="", estimand=STARTERS).value == 1.0
    assert [d.people for d in result.dropped] == [6]
    assert "in no programme arm" in result.dropped[0].reason


def test_an_arm_without_pairs_has_no_finishers() -> None:
    study = liked([5.0] * 6, arm=["programme"] * 6, paired=False)
    result = reaction(study, "liked")
    assert list(result.table("reaction").to_frame()["who"]) == ["assigned"]
    assert failed(result, "both denominators")


def test_unanimous_answers_fall_back_to_the_number_of_sets() -> None:
    study = liked([5.0] * 12, juniors=[f"j{i // 2}" for i in range(12)])
    share = found(reaction(study, "liked"), term="", estimand=STARTERS)
    # 6 of 6 sets: Wilson's low end is n / (n + z^2)
    z2 = stats.norm.ppf(0.975) ** 2
    assert share.value == 1.0
    assert (share.low, share.high) == pytest.approx((6 / (6 + z2), 1.0))


def test_every_answer_is_turned_before_it_is_judged() -> None:
    turned = replace(LIKED, reverse=frozenset({"liked"}))
    study = make_study({"liked": {"after": [1.0, 2, 5]}}, outcomes=[turned])
    assert row(reaction(study, "liked").table("reaction"), who="starters")["favourable"] == 2 / 3


def test_reaction_is_labelled() -> None:
    result = reaction(liked([5.0]), "liked")
    assert next(c for c in result.checks if c.name == "not evidence of effect").passed
    assert "Reaction is not evidence of effect" in result.table("reaction").note


def test_one_person_nobody_and_no_code() -> None:
    one = reaction(liked([5.0]), "liked")
    share = found(one, term="", estimand=STARTERS)
    assert (share.value, share.low) == (1.0, None)
    assert failed(one, "enough for an interval")
    nobody = reaction(liked([None]), "liked")
    assert nobody.estimates == ()
    assert failed(nobody, "answers")
    asked = reaction(liked([None]), "liked", wave="after")
    assert row(asked.table("reaction"), who="starters")["asked"] == 1
    plain = make_study({"skill": {"after": [5.0]}}, outcomes=[SKILL])
    assert "favourable" in failed(reaction(plain, "skill"), "favourable declared")[0]
    with pytest.raises(StudyError, match="no wave"):
        reaction(plain, "skill", wave="never")


def test_anonymous_answers_have_one_denominator() -> None:
    result = reaction(liked([5.0] * 8 + [1.0] * 4, linked=False), "liked")
    shown = row(result.table("reaction"))
    assert (shown["who"], shown["asked"], shown["answered"]) == ("anonymous", None, 12)
    assert failed(result, "both denominators")


def test_order_and_names_change_nothing() -> None:
    study = liked([1.0, 2, 3, 4, 5, 5, 4, 3, 2, 1, 5, None])
    result = reaction(study, "liked")
    same(result, reaction(shuffled(study), "liked"))
    other, names = relabelled(study)
    same(result, reaction(other, "liked"), names)
