"""Each release rule by itself, against counts and roundings made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmresearch.privacy import rules
from rmresearch.privacy.crowds import Crowd, Crowds
from rmresearch.privacy.rules import Limits, judge
from rmresearch.study import Outcome, PrivacySettings

from .studies import ITEM, PARTNER, PROFIT, SCALE, YES, pilot

HOUSE = Limits()
CROWD = Crowd(people=12, pairs=12, seniors=12, arms=(6, 6))


# --- who stands behind a number ------------------------------------------------------------


def test_people_pairs_and_roles_are_counted_apart():
    crowds = Crowds(pilot())
    # two couples and one senior alone: 5 people in 3 pairs, 2 juniors and 3 seniors
    crowd = crowds.of(frozenset({"s00", "j00", "s01", "j01", "s02"}))
    assert (crowd.people, crowd.pairs, crowd.juniors, crowd.seniors) == (5, 3, 2, 3)
    assert sorted(crowd.arms) == [2, 3]
    assert crowd.smallest == 2
    assert crowds.of(frozenset()).smallest == 0


def test_pairs_as_members_bring_their_people():
    crowd = Crowds(pilot()).of(frozenset({"p00", "p01"}))
    assert (crowd.people, crowd.pairs, crowd.juniors, crowd.seniors) == (4, 2, 2, 2)


def test_strangers_do_not_count():
    crowd = Crowds(pilot()).of(frozenset(f"x{i}" for i in range(20)) | {"s00", "s01"})
    assert (crowd.people, crowd.pairs, crowd.seniors) == (2, 2, 2)


def test_an_unpaired_person_is_a_pair_of_one():
    study = pilot()
    study = replace(study, pairs=study.pairs.iloc[:6])
    crowd = Crowds(study).of(frozenset(f"s{i:02d}" for i in range(10)))
    assert (crowd.people, crowd.pairs) == (10, 10)  # 6 in pairs, 4 alone


def test_several_people_of_one_pair_are_one_pair():
    study = pilot()
    study.pairs["senior"] = ["s00"] * 3 + list(study.pairs["senior"][3:])
    crowd = Crowds(study).of(frozenset({"j00", "j01", "j02"}))
    assert (crowd.people, crowd.pairs) == (3, 3)


def test_whoever_answered_counts():
    everyone = frozenset(f"s{i:02d}" for i in range(12))
    by_juniors = Crowds(pilot()).of(everyone, PARTNER)
    assert (by_juniors.people, by_juniors.juniors, by_juniors.answerers) == (12, 12, 12)
    by_one = Crowds(pilot(rater="j00")).of(everyone, PARTNER)
    assert by_one.juniors == by_one.smallest == 1
    by_a_manager = Crowds(pilot(rater="boss")).of(everyone, PARTNER)
    assert by_a_manager.answerers == by_a_manager.smallest == 1
    assert Crowds(pilot(rater="boss")).of(everyone, SCALE).smallest == 12


# --- S1 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, outcome, needed",
    [
        ("mean", SCALE, 5),
        ("contrast", SCALE, 5),
        ("contrast", None, 5),
        ("item-mean", ITEM, 10),
        ("mean", ITEM, 10),  # a scale of one item is a single item, whatever the cell says
        ("contrast", ITEM, 10),
        ("interval", SCALE, 10),
        ("sd", SCALE, 10),
        ("proportion", YES, 10),
        ("statistic", SCALE, 10),
    ],
)
def test_smallest_crowd_by_kind(kind, outcome, needed):
    def shown(n):
        return judge(0.55, kind, Crowd(people=n, seniors=n), HOUSE, outcome=outcome).rule is None

    assert [shown(needed - 1), shown(needed)] == [False, True]


def test_every_kind_present_must_be_large_enough():
    for few in ("pairs", "juniors", "seniors", "answerers"):
        crowd = Crowd(**{"people": 30, "pairs": 30, "juniors": 30, "seniors": 30, few: 4})
        assert judge(3.2, "mean", crowd, HOUSE, outcome=SCALE).rule == "S1"


def test_a_difference_needs_both_arms():
    for arms, rule in [((20, 4), "S1"), ((20, 5), None), ((20,), None)]:
        crowd = Crowd(people=sum(arms), arms=arms)
        both = len(arms) > 1
        assert judge(0.4, "contrast", crowd, HOUSE, outcome=SCALE, between_arms=both).rule == rule


def test_settings_raise_and_never_lower():
    assert Limits.of(PrivacySettings(2, 3)) == Limits(5, 10)
    assert Limits.of(PrivacySettings(8, 20)) == Limits(8, 20)
    raised = Limits(8, 20)
    assert judge(3.2, "mean", Crowd(people=7), raised, outcome=SCALE).rule == "S1"
    assert judge(1.2, "sd", Crowd(people=19), raised, outcome=SCALE).rule == "S1"


# --- S5 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "share, shown",
    [
        (1.0, "90% or more"),
        (0.9, "90% or more"),
        (0.8999, 0.9),  # below the bound; whole points
        (0.456, 0.46),
        (0.1001, 0.1),
        (0.1, "10% or fewer"),
        (0.0, "10% or fewer"),
    ],
)
def test_extreme_proportions_are_phrases(share, shown):
    assert judge(share, "proportion", CROWD, HOUSE, outcome=YES).value == shown


@pytest.mark.parametrize("value, kind", [(5.0, "item-mean"), (1.0, "mean"), (0.0, "sd")])
def test_unanimous_groups_say_nothing(value, kind):
    assert judge(value, kind, CROWD, HOUSE, outcome=SCALE).rule == "S5"


# --- S6 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "people, parameters, level, fine",
    [
        (4, 0, None, True),  # no model
        (15, 3, None, True),  # 12 left over, 5 for each
        (14, 3, None, False),  # 4.7 for each
        (12, 2, None, True),  # 10 left over, 6 for each
        (11, 2, None, False),  # 9 left over
        (11, 1, 5, True),
        (11, 1, 4, False),  # a level of four people
    ],
)
def test_models_need_people(people, parameters, level, fine):
    assert rules.model_rule(people, parameters, level) is fine


# --- S7 --------------------------------------------------------------------------------------


def scale(low, high):
    return Outcome("x", "X", "senior", ("a", "b"), low=low, high=high)


@pytest.mark.parametrize(
    "kind, outcome, magnitude, places",
    [
        ("mean", scale(1, 5), 3.4, 1),
        ("contrast", scale(1, 5), 0.4, 2),
        ("mean", scale(0, 10), 3.4, 1),
        ("mean", scale(0, 100), 34, 0),
        ("contrast", scale(0, 100), 4, 1),
        ("contrast", scale(0, 20), 4, 1),
        ("mean", scale(0, 1000), 340, -1),
        ("mean", PROFIT, 1743, -2),
        ("contrast", PROFIT, 266.06, 0),
        ("contrast", PROFIT, 1100, -1),
        ("contrast", PROFIT, 0.0, 2),
        ("proportion", None, 0.4, 2),
        ("contrast", YES, 0.1, 2),
        ("mean", YES, 0.1, 2),
        ("statistic", SCALE, 0.83, 2),
        ("statistic", SCALE, 0.0034, 3),
        ("statistic", SCALE, 0.0, 2),
        ("statistic", SCALE, 23.4, 1),
        ("statistic", SCALE, 123.4, 0),
    ],
)
def test_decimals(kind, outcome, magnitude, places):
    assert rules.decimals(kind, outcome, magnitude) == places


@pytest.mark.parametrize(
    "value, places, shown",
    [(3.449, 1, 3.4), (-0.004, 2, 0.0), (1743.0, -2, 1700.0), (266.06, 0, 266.0), (17, 1, 17)],
)
def test_rounded(value, places, shown):
    found = rules.rounded(value, places)
    assert found == shown
    assert str(found) == str(shown)  # no negative zero, whole numbers stay whole


@given(st.floats(1, 5), st.sampled_from(["mean", "contrast", "sd", "interval"]))
def test_what_leaves_is_on_the_grid(value, kind):
    places = rules.decimals(kind, SCALE, value)
    shown = judge(value, kind, CROWD, HOUSE, outcome=SCALE, places=places)
    if shown.rule is None:
        steps = shown.value * 10**places
        assert abs(steps - round(steps)) < 1e-9  # floating point only
        assert abs(shown.value - value) <= 0.5 * 10**-places + 1e-12


# --- bands -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "count, exact, shown",
    [
        (0, True, "fewer than 5"),
        (4, True, "fewer than 5"),
        (5, True, "5 to 9"),
        (9, True, "5 to 9"),
        (10, True, 10),
        (37, True, 37),
        (37, False, "35 to 39"),
        (40, False, "40 to 44"),
    ],
)
def test_bands(count, exact, shown):
    assert rules.band(count, exact=exact) == shown
