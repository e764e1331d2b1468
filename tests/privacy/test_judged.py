"""Verdicts on their way out: words from fixed lists, hidden with their estimates, read back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace

import pytest

from rmresearch.errors import PrivacyError
from rmresearch.privacy import Judged, Judgement, Standing, read_release, release
from rmresearch.privacy.judged import FLAGS, WORDS
from rmresearch.result import Call, Estimate, Result

from .studies import pilot

WORDED = Judgement(
    certainty="moderate",
    precision="some_gain",
    kind="waitlist",
    unit="pair",
    attrition="low",
    likeness="near",
    answers="not asked",
    wwc="meets standards without reservations",
    maryland=5,
    decision="rejected",
    adjusted=True,
    self_rated=True,
    same_question=True,
    contaminated=False,
    one_unit=False,
    few_clusters=False,
    could_not_show=False,
    planned=True,
    primary=True,
)


def difference(people: int, pairs: int = 24, **more: object) -> Estimate:
    """A difference between the arms of the pilot over so many seniors."""
    members = frozenset(f"s{i:02d}" for i in range(people))
    return Estimate(
        role="senior", outcome="skill", wave="after", contrast="programme - later",
        value=0.31234, low=0.10456, high=0.52012, n_people=people, n_pairs=people,
        n_clusters=people, members=members, **more,
    )  # fmt: skip


def let_out(one: Estimate, **more: object):
    study = pilot()
    result = Result(Call("compare_arms", (("outcome", "skill"),)), (one,))
    shown = replace(one, low=0.00456, high=0.62012, level=0.99)
    judged = [Judged("compare_arms:skill", "compare_arms", shown, WORDED)]
    return release({"compare_arms:skill": result}, study, judged=judged, **more)


def test_a_verdict_leaves_rounded_at_the_level_of_its_decision_and_is_read_back() -> None:
    released = let_out(difference(24))
    (verdict,) = released.verdicts
    assert verdict.judgement == WORDED
    one = verdict.estimate
    assert (one.value, one.low, one.high, one.level) == (0.31, 0.0, 0.62, 0.99)
    assert (one.n_people, one.n_clusters) == (24, 24)
    (record,) = released.estimates
    assert (record.low, record.high, record.level) == (0.1, 0.52, 0.95)
    assert read_release(released.to_json()) == released


@pytest.mark.parametrize("one", [difference(8), replace(difference(24), members=frozenset())])
def test_what_is_read_from_a_hidden_estimate_is_hidden_too(one: Estimate) -> None:
    # S1: an interval needs ten people of each kind; without members nobody can count them
    released = let_out(one)
    (verdict,) = released.verdicts
    assert verdict.judgement is None
    assert verdict.estimate.hidden
    assert (verdict.estimate.value, verdict.estimate.low) == (None, None)
    told = json.dumps(json.loads(released.to_json())["release"]["verdicts"])
    assert "some_gain" not in told
    assert "moderate" not in told
    assert read_release(released.to_json()) == released


def test_a_verdict_beside_a_set_that_may_not_be_published_is_hidden() -> None:
    # S2: 24 people and 23 of them tell the one between; the later set goes, with its verdict
    study = pilot()
    whole, part = difference(24), replace(difference(23), term="completers")
    result = Result(Call("compare_arms", (("outcome", "skill"),)), (whole, part))
    judged = [Judged("compare_arms:skill", "compare_arms", one, WORDED) for one in (whole, part)]
    released = release({"compare_arms:skill": result}, study, judged=judged)
    shown = [verdict.judgement is not None for verdict in released.verdicts]
    assert shown == [not one.hidden for one in released.estimates] == [True, False]


@pytest.mark.parametrize("name", WORDS)
def test_no_word_but_those_listed_leaves(name: str) -> None:
    for smuggled in ("mean of s01 is 3.4", 3.14159, None):
        with pytest.raises(PrivacyError, match=name):
            replace(WORDED, **{name: smuggled})


@pytest.mark.parametrize("name", FLAGS)
def test_no_number_leaves_in_place_of_yes_or_no(name: str) -> None:
    with pytest.raises(PrivacyError, match=name):
        replace(WORDED, **{name: 7})


def test_every_field_of_a_judgement_is_held_to_a_list() -> None:
    assert {one.name for one in fields(Judgement)} == {*WORDS, *FLAGS}


def test_an_altered_verdict_is_no_release() -> None:
    text = let_out(difference(24)).to_json()
    with pytest.raises(PrivacyError, match="changed"):
        read_release(text.replace('"some_gain"', '"clear_gain"'))


def test_the_plan_and_the_codebook_are_read_back() -> None:
    standing = Standing(
        frozen=True, hash="ab" * 32, version=2, date="2025-08-25", follow_up_present=False,
        deviations=3, primary=("skill", "senior", "after"), why="What it teaches.",
        unanswered=("value:skill",), ended=False,
    )  # fmt: skip
    released = let_out(difference(24), standing=standing)
    again = read_release(released.to_json())
    assert again.standing == standing
    assert again.codebook == released.codebook
    assert again.codebook is not None
    assert again.codebook.outcomes == pilot().design.outcomes
    assert again.codebook.waves == pilot().design.waves


def test_a_pseudonym_in_the_plan_s_wording_is_struck_out() -> None:
    name = "s-0123456789ab"
    released = let_out(difference(24), standing=Standing(why=f"As {name} asked."))
    assert name not in released.to_json()
    assert asdict(released.standing)["why"] == "As  asked."
