"""Verdicts on designs, each reasoned from trust.md section 6, and the facts found in results."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from rmresearch.evidence import (
    Certainty,
    Decision,
    Facts,
    Precision,
    at_level,
    decide,
    facts,
    judge,
    programme_ended,
    reading,
)
from rmresearch.plan import PlanStatus, Question
from rmresearch.result import Call, Estimate, Result
from rmresearch.study import Arm, Design, Outcome, Study, Wave

WEAK, MODERATE, STRONG = Certainty.WEAK, Certainty.MODERATE, Certainty.STRONG
FREE = "meets standards without reservations"
WITH = "meets standards with reservations"
FAILS = "does not meet standards"
NONE = "ineligible"

RCT = Facts(kind="randomised", clusters=(20, 20), attrition="low", adjusted=True)
GROUPS = Facts(
    kind="comparison", clusters=(20, 20), adjusted=True, baseline_g=0.1, bracket_agrees=True
)
ONE = Facts(kind="single-group", clusters=(30,))

DESIGNS = [
    # randomised, low attrition, no contamination: strong; low attrition needs no baseline gate
    (RCT, 5, FREE, STRONG),
    (replace(RCT, kind="waitlist"), 5, FREE, STRONG),
    (replace(RCT, baseline_g=0.4), 5, FREE, STRONG),
    (replace(RCT, adjusted=False), 5, FREE, STRONG),
    # few clusters limit words of significance (E6), not certainty: precision is stated apart
    (replace(RCT, clusters=(4, 4)), 5, FREE, STRONG),
    # contamination takes "as randomised" away; WWC gates do not ask for it
    (replace(RCT, contaminated=True), 5, FREE, MODERATE),
    # self-rated: one step down
    (replace(RCT, self_rated=True), 5, FREE, MODERATE),
    (replace(RCT, contaminated=True, self_rated=True), 5, FREE, WEAK),
    # high attrition: the baseline gate decides
    (replace(RCT, attrition="high", baseline_g=0.04, adjusted=False), 5, WITH, MODERATE),
    (replace(RCT, attrition="high", baseline_g=0.05, adjusted=False), 5, WITH, MODERATE),
    (replace(RCT, attrition="high", baseline_g=-0.2), 5, WITH, MODERATE),
    (replace(RCT, attrition="high", baseline_g=0.25), 5, WITH, MODERATE),
    (replace(RCT, attrition="high", baseline_g=0.2, adjusted=False), 5, FAILS, WEAK),
    (replace(RCT, attrition="high", baseline_g=-0.26), 5, FAILS, WEAK),
    (replace(RCT, attrition="high"), 5, FAILS, WEAK),  # baseline not known
    (replace(RCT, attrition="high", baseline_g=0.1, self_rated=True), 5, WITH, WEAK),
    # attrition not known is not low
    (replace(RCT, attrition=None, baseline_g=0.1), 5, WITH, MODERATE),
    # clusters assigned: attrition must be low by cluster too
    (replace(RCT, unit="department", cluster_attrition="low"), 5, FREE, STRONG),
    (replace(RCT, unit="department", cluster_attrition="high"), 5, FAILS, WEAK),
    (replace(RCT, unit="pair", cluster_attrition="high", baseline_g=0.1), 5, WITH, MODERATE),
    (replace(RCT, unit="set", cluster_attrition=None, baseline_g=0.1), 5, WITH, MODERATE),
    # one unit in an arm is confounded: no causal words, and chance balanced nothing
    (replace(RCT, unit="department", clusters=(1, 1), cluster_attrition="low"), 2, FAILS, WEAK),
    (replace(RCT, clusters=(1, 9), baseline_g=0.1), 3, FAILS, WEAK),
    # comparison group within .25, adjusted, bracket agreeing: moderate at most
    (GROUPS, 3, WITH, MODERATE),
    (replace(GROUPS, baseline_g=0.02), 3, WITH, MODERATE),
    (replace(GROUPS, baseline_g=0.25), 3, WITH, MODERATE),
    (replace(GROUPS, bracket_agrees=False), 3, WITH, WEAK),
    (replace(GROUPS, bracket_agrees=None), 3, WITH, WEAK),
    (replace(GROUPS, self_rated=True), 3, WITH, WEAK),
    (replace(GROUPS, baseline_g=0.04, adjusted=False), 3, WITH, WEAK),  # gate met, not adjusted
    (replace(GROUPS, adjusted=False), 3, FAILS, WEAK),
    (replace(GROUPS, baseline_g=-0.3), 2, FAILS, WEAK),  # groups not alike: not justified
    (replace(GROUPS, baseline_g=0.3, adjusted=False), 1, FAILS, WEAK),
    (replace(GROUPS, baseline_g=None), 2, FAILS, WEAK),
    # the attrition gate is for randomised designs only: it changes nothing here
    (replace(GROUPS, attrition="high"), 3, WITH, MODERATE),
    # a single group is ineligible and weak whatever else is true
    (ONE, 1, NONE, WEAK),
    (replace(ONE, attrition="low", adjusted=True, baseline_g=0.0), 1, NONE, WEAK),
    (replace(ONE, self_rated=True), 1, NONE, WEAK),
    # a gain judged in retrospect is never the headline (E7)
    (replace(RCT, same_question=False), 5, FREE, WEAK),
]


@pytest.mark.parametrize("given, maryland, wwc, certainty", DESIGNS)
def test_designs(given, maryland, wwc, certainty):
    found = judge(given)
    assert (found.maryland, found.wwc, found.certainty) == (maryland, wwc, certainty)
    assert found.causal == (certainty is not WEAK)
    for reasons in (found.maryland_reasons, found.wwc_reasons, found.reasons):
        assert reasons
        assert all(map(str, reasons))  # each has its words and fills their places
    assert found.decided_by == tuple(map(str, found.reasons))


def test_the_inputs_that_decided_are_named():
    found = judge(replace(RCT, attrition="high", baseline_g=0.2, adjusted=False, self_rated=True))
    assert found.decided_by == (
        "randomised by person",
        "high attrition",
        "baseline difference 0.20 SD, not adjusted for",
        "self-rated, which lowers certainty by one step",
    )
    assert judge(RCT).decided_by == ("randomised by person", "low attrition")
    found = judge(replace(RCT, unit="pair"))
    assert "low attrition among people, not known by pair" in found.decided_by
    found = judge(replace(GROUPS, baseline_g=0.04, adjusted=False))
    assert found.decided_by[-1] == "not adjusted for the baseline"


@pytest.mark.parametrize(
    "clusters, words",
    [((10, 10), True), ((9, 40), False), ((), False), ((12,), True), ((9,), False)],
)
def test_words_of_significance_need_ten_clusters_an_arm(clusters, words):
    assert judge(replace(RCT, clusters=clusters)).significance is words


# --- precision: the interval against 0 and against the smallest effect, here 0.3 ---------------

INTERVALS = [
    ((0.35, 0.9), Precision.CLEAR_GAIN),  # does not reach below the smallest effect
    ((0.3, 0.9), Precision.CLEAR_GAIN),
    ((0.1, 0.9), Precision.SOME_GAIN),  # excludes 0, reaches below it
    ((0.05, 0.25), Precision.NO_DIFFERENCE),  # surely smaller than what matters
    ((-0.1, 0.2), Precision.NO_DIFFERENCE),
    ((-0.25, -0.05), Precision.NO_DIFFERENCE),
    ((-0.1, 0.5), Precision.CANNOT_TELL),  # holds 0 and the smallest effect
    ((0.0, 0.5), Precision.CANNOT_TELL),
    ((-0.5, 0.5), Precision.CANNOT_TELL),
    ((-0.5, 0.1), Precision.NO_GAIN),  # holds 0, rules a meaningful gain out
    ((-0.5, -0.1), Precision.SOME_HARM),
    ((-0.9, -0.3), Precision.CLEAR_HARM),
]
MIRROR = {
    Precision.CLEAR_GAIN: Precision.CLEAR_HARM,
    Precision.SOME_GAIN: Precision.SOME_HARM,
    Precision.CLEAR_HARM: Precision.CLEAR_GAIN,
    Precision.SOME_HARM: Precision.SOME_GAIN,
    Precision.NO_DIFFERENCE: Precision.NO_DIFFERENCE,
}


@pytest.mark.parametrize("ends, expected", INTERVALS)
def test_precision(ends, expected):
    given = replace(RCT, low=ends[0], high=ends[1], smallest_effect=0.3)
    assert reading(given) is expected
    lower = replace(given, low=-ends[1], high=-ends[0], direction=-1)  # less is better: same words
    assert reading(lower) is expected
    if expected in MIRROR:
        assert reading(replace(given, direction=-1)) is MIRROR[expected]


@pytest.mark.parametrize(
    "ends, expected",
    [
        ((0.1, 0.9), Precision.SOME_GAIN),  # without a smallest effect the size stays open
        ((-0.1, 0.9), Precision.CANNOT_TELL),
        ((-0.9, -0.1), Precision.SOME_HARM),
        ((None, 0.9), Precision.NO_INTERVAL),
        ((None, None), Precision.NO_INTERVAL),
    ],
)
def test_precision_without_a_smallest_effect(ends, expected):
    assert reading(replace(RCT, low=ends[0], high=ends[1])) is expected


@pytest.mark.parametrize(
    "ends, expected",
    [
        ((0.1, 0.9), Precision.CANNOT_TELL),
        ((0.35, 0.9), Precision.CANNOT_TELL),
        ((-0.9, -0.1), Precision.NO_GAIN),  # a meaningful gain is still ruled out
        ((-0.1, 0.2), Precision.NO_DIFFERENCE),
    ],
)
def test_where_holm_does_not_reject_nothing_excludes_zero(ends, expected):
    given = replace(RCT, low=ends[0], high=ends[1], smallest_effect=0.3, rejected=False)
    assert reading(given) is expected


@pytest.mark.parametrize("agree", [False, None])
def test_without_the_bracket_nothing_is_claimed_of_groups_that_chance_did_not_form(agree):
    for ends, expected in INTERVALS:
        given = replace(GROUPS, low=ends[0], high=ends[1], smallest_effect=0.3)
        assert reading(given) is expected  # all three answers agree
        kept = expected if expected is Precision.CANNOT_TELL else Precision.NO_DIRECTION
        assert reading(replace(given, bracket_agrees=agree)) is kept
    assert reading(replace(GROUPS, bracket_agrees=agree)) is Precision.NO_INTERVAL
    # chance formed the groups, or there is only one: no bracket is asked for
    for facts_ in (RCT, ONE):
        given = replace(facts_, low=0.1, high=0.9, bracket_agrees=agree)
        assert reading(given) is Precision.SOME_GAIN


def test_before_the_planned_end_there_is_no_reading():
    assert reading(replace(RCT, low=0.4, high=0.9, ended=False)) is Precision.TOO_EARLY


@pytest.mark.parametrize("high, wide", [(0.5, False), (0.51, True)])
def test_an_interval_wider_than_twice_the_smallest_effect_could_not_have_shown_it(high, wide):
    found = judge(replace(RCT, low=-0.1, high=high, smallest_effect=0.3))
    assert found.could_not_show is wide
    assert not judge(replace(RCT, low=0.4, high=9, smallest_effect=0.3)).could_not_show


# --- facts from results ------------------------------------------------------------------------

SKILL = Outcome("skill", "Skill", "senior", ("q1",), source="blind", smallest_effect=0.3)
DESIGN = Design(
    name="pilot",
    title="Pilot",
    kind="randomised",
    unit="pair",
    start=pd.Timestamp("2026-01-01").date(),
    waves=(Wave("before", "Before", 0, baseline=True), Wave("after", "After", 6)),
    outcomes=(SKILL,),
    arms=(Arm("programme", "Programme", True), Arm("control", "Control", False)),
)


def study(design=DESIGN, answered=("before", "after"), pairs=(), meetings=()):
    """Eight seniors, four an arm; s0 and s1 share a junior, so they are one cluster."""
    people = [f"s{i}" for i in range(8)]
    columns = ("pair", "junior", "senior", "start")
    rows = [("p0", "j0", "s0", "2026-01-10"), ("p1", "j0", "s1", "2026-01-10"), *pairs]
    table = pd.DataFrame(rows, columns=columns).assign(start=lambda t: pd.to_datetime(t["start"]))
    held = pd.DataFrame(list(meetings), columns=["pair", "date", "wave", "held"])
    held["date"] = pd.to_datetime(held["date"])
    held["held"] = held["held"].astype(bool)
    participants = pd.DataFrame(
        {
            "person": [*people, "j0"],
            "role": ["senior"] * 8 + ["junior"],
            "arm": ["programme"] * 4 + ["control"] * 4 + ["programme"],
            "department": "d",
        }
    )
    measures = pd.DataFrame(
        [(p, wave, "q1", 3.0) for p in people for wave in answered],
        columns=["person", "wave", "item", "value"],
    )
    return Study(participants, table, measures, held, pd.DataFrame(), design)


def estimate(term="", value=0.4, **fields):
    form = {"role": "senior", "outcome": "skill", "wave": "after"}
    form["contrast"] = "programme - control"
    members = frozenset(f"s{i}" for i in range(8))
    return Estimate(term=term, value=value, members=members, n_clusters=7, **{**form, **fields})


RECORD = estimate(low=0.1, high=0.7)
ARMS = Result(Call("compare_arms"), (RECORD, estimate("baseline-difference", 0.12)))


def lost(overall, differential, clusters=None):
    found = [
        estimate("overall-attrition", overall),
        estimate("differential-attrition", differential),
    ]
    if clusters:
        found += [
            estimate("overall-attrition-clusters", clusters[0]),
            estimate("differential-attrition-clusters", clusters[1]),
        ]
    return Result(Call("attrition"), tuple(found))


def test_facts_of_a_randomised_contrast():
    # WWC, cautious: at 20% overall up to 5.4 points of differential attrition are low
    found = facts(study(), RECORD, ARMS, lost(0.20, -0.05, (0.1, 0.2)), planned=True, rejected=True)
    assert found == Facts(
        kind="randomised",
        unit="pair",
        clusters=(3, 4),
        attrition="low",
        cluster_attrition="high",
        baseline_g=0.12,
        adjusted=True,
        estimate=0.4,
        low=0.1,
        high=0.7,
        smallest_effect=0.3,
        rejected=True,
        planned=True,
    )
    assert facts(study(), RECORD, ARMS, lost(0.20, 0.06)).attrition == "high"
    assert facts(study(), RECORD, ARMS).attrition is None


def test_other_waves_and_contrasts_are_not_mixed_up():
    other = Result(
        Call("compare_arms"),
        (
            RECORD,
            estimate("baseline-difference", 0.9, wave="before"),
            estimate("baseline-difference", 0.8, contrast="rival - control"),
            estimate("baseline-difference", 0.7, role="junior"),
        ),
    )
    assert facts(study(), RECORD, other).baseline_g is None


def test_who_is_in_the_model_of_all_waves_only_by_others_does_not_carry_the_contrast():
    # s4 of the comparison had met by the wave and crossed over: an earlier answer is in the model
    met = study(pairs=[("p2", "j0", "s4", "2026-02-01")])
    alone = estimate("ancova")
    kept = alone.members - {"s4", "s0"}
    together = Result(Call("compare_arms"), (RECORD, replace(alone, members=frozenset(kept))))
    found = facts(met, RECORD, together)
    # of s1, s2, s3 and s5, s6, s7 everybody is a cluster
    assert found.clusters == (3, 3)
    assert not found.contaminated
    only = Result(Call("compare_arms"), (RECORD,))
    assert facts(met, RECORD, only).contaminated


@pytest.mark.parametrize(
    "ends, agree",
    [
        (((0.1, 0.7), (0.2, 0.6), (0.1, 0.9)), True),
        (((0.1, 0.7), (-0.2, 0.6), (0.1, 0.9)), False),
        (((-0.1, 0.7), (-0.2, 0.6), (-0.3, 0.9)), True),  # all hold zero
        (((0.1, 0.7), (0.2, 0.6), (None, None)), None),  # a single item has no alpha
    ],
)
def test_bracket(ends, agree):
    terms = ("", "difference-in-differences", "reliability-corrected")
    made = tuple(
        estimate(term, low=low, high=high) for term, (low, high) in zip(terms, ends, strict=True)
    )
    groups = study(replace(DESIGN, kind="comparison"))
    found = facts(groups, made[0], Result(Call("compare_arms"), made), lost(0.1, 0.0))
    assert found.bracket_agrees is agree
    assert found.attrition is None  # the gate is for randomised designs
    assert facts(study(), made[0], Result(Call("compare_arms"), made)).bracket_agrees is None


def test_a_change_is_a_single_group_whatever_the_design():
    change = estimate(contrast="after - before", group="programme")
    found = facts(study(), change, Result(Call("pre_post"), (change,)), lost(0.1, 0.0))
    assert found.single_group
    assert found.clusters == (7,)
    assert (found.adjusted, found.attrition, found.baseline_g) == (False, None, None)


@pytest.mark.parametrize(
    "pairs, meetings, contaminated",
    [
        ((), (), False),
        ([("p4", "j4", "s4", "2026-03-01")], (), True),  # met before the wave in July
        ([("p4", "j4", "s4", "2026-08-01")], (), False),  # waiting list: met after it
        ([("p4", "j4", "s4", None)], (), False),
        ([("p4", "j4", "s4", None)], [("p4", "2026-03-01", None, True)], True),
        ([("p4", "j4", "s4", None)], [("p4", "2026-03-01", None, False)], False),
        ([("p4", "j4", "s4", None)], [("p4", None, "after", True)], True),
        ([("p9", "j9", "elsewhere", "2026-03-01")], (), False),
    ],
)
def test_comparison_people_who_met_contaminate(pairs, meetings, contaminated):
    found = facts(study(pairs=pairs, meetings=meetings), RECORD, ARMS)
    assert found.contaminated is contaminated


def test_self_rating_and_retrospect_come_from_the_codebook():
    rated = replace(SKILL, source="self", timing="gain", direction=-1)
    found = facts(study(replace(DESIGN, outcomes=(rated,))), RECORD, ARMS)
    assert (found.self_rated, found.same_question, found.direction) == (True, False, -1)


@pytest.mark.parametrize(
    "end, answered, ended",
    [
        (None, ("before",), True),
        ("2026-07-15", ("before",), False),
        ("2026-07-15", ("before", "after"), True),  # the last declared wave is there
        ("2026-01-20", ("before",), True),  # a wave within a month of the end
    ],
)
def test_planned_end(end, answered, ended):
    design = replace(DESIGN, end=None if end is None else pd.Timestamp(end).date())
    assert programme_ended(study(design, answered)) is ended
    assert facts(study(design, answered), RECORD, ARMS).ended is ended


def test_waves_by_date_and_undated_designs():
    dated = (DESIGN.waves[0], replace(DESIGN.waves[1], day=pd.Timestamp("2026-02-01").date()))
    met = [("p4", "j4", "s4", "2026-03-01")]
    assert not facts(study(replace(DESIGN, waves=dated), pairs=met), RECORD, ARMS).contaminated
    assert not facts(study(replace(DESIGN, start=None), pairs=met), RECORD, ARMS).contaminated


# --- Holm over the plan's family ---------------------------------------------------------------


def question(name, **fields):
    form = {
        "id": name,
        "analysis": "compare_arms",
        "role": "senior",
        "outcome": "skill",
        "wave": name,
        "contrast": "",
        "population": "everyone-assigned",
        "scale": "points",
        "primary": False,
        "why": "x",
        "never_met": "as-assigned",
        "left": "as-assigned",
        "crossed_over": "until-then",
    }
    return Question(**{**form, **fields})


def answers(**p):
    found = [estimate(wave=wave, p=value) for wave, value in p.items()]
    return [Result(Call("compare_arms"), (*found, estimate("classical", wave="m1", p=0.001)))]


def decided(status, given):
    key = ("senior", "skill", "{}", "programme - control", "", "", "")
    found = decide(status, given)
    return [found["compare_arms", *(part.format(w) for part in key)] for w in ("m1", "m2", "m3")]


def test_holm_runs_over_the_frozen_questions():
    # By hand: sorted p .01, .03, .04 against .05/3, .05/2, .05: the first is below, the second
    # (.03 > .025) is not, and then nothing more is rejected.
    family = PlanStatus(frozen=True, questions=tuple(question(w) for w in ("m1", "m2", "m3")))
    found = decided(family, answers(m1=0.04, m2=0.01, m3=0.03))
    assert [one.rejected for one in found] == [False, True, False]
    assert all(one.planned for one in found)
    assert found[1].level == pytest.approx(1 - 0.05 / 3)
    assert found[0].level == pytest.approx(1 - 0.05 / 2)


def test_what_was_not_asked_is_exploratory_and_keeps_its_interval():
    found = decided(
        PlanStatus(frozen=True, questions=(question("m2"),)), answers(m1=0.01, m2=0.04, m3=0.2)
    )
    assert found[0] == Decision(planned=False, rejected=None, level=0.95)
    assert found[1] == Decision(planned=True, rejected=True, level=0.95)
    nothing = decided(PlanStatus(frozen=False), answers(m1=0.01, m2=0.04, m3=0.2))
    assert not any(one.planned for one in nothing)


def test_questions_without_an_answer_still_count():
    # .03 alone would pass .05; with an unanswered question beside it, it must pass .025
    family = PlanStatus(frozen=True, questions=(question("m1"), question("later")))
    assert decided(family, answers(m1=0.03, m2=0.5, m3=0.5))[0].rejected is False
    family = PlanStatus(frozen=True, questions=(question("m1"), question("m2")))
    few = decided(family, answers(m1=0.03, m2=None, m3=0.5))
    assert [one.rejected for one in few[:2]] == [False, None]
    reaction = question("x", analysis="reaction")  # has no p-value to correct
    family = PlanStatus(frozen=True, questions=(question("m1"), reaction))
    assert decided(family, answers(m1=0.03, m2=0.5, m3=0.5))[0].rejected is True


def test_where_no_p_may_be_shown_holm_still_sets_the_level():
    # t table, 10 df: 2.228, 2.634 and 2.870 leave 5%, 2.5% and 1.67% outside. t = 2.7 lies beyond
    # the second but not the third, so that in a family of three nothing stands out: both
    # intervals of (1 - .05/3) hold zero, though at 95% both leave it out.
    family = PlanStatus(frozen=True, questions=tuple(question(w) for w in ("m1", "m2", "m3")))
    few = {"low": 0.1, "high": 1.0, "df": 10.0, "se": 0.2}
    bare = estimate(wave="m3")
    found = [estimate(wave=w, value=0.2 * t, **few) for w, t in (("m1", 2.7), ("m2", 2.4))]
    first, second, _ = decided(family, [Result(Call("compare_arms"), (*found, bare))])
    assert (first.rejected, second.rejected) == (None, None)
    assert first.level == second.level == pytest.approx(1 - 0.05 / 3)
    assert at_level(found[0], first.level).low == pytest.approx(0.54 - 2.870 * 0.2, abs=2e-4)
    # t = 3 is beyond all: it takes its own step's level, the next one that of a family of two
    found[0] = replace(found[0], value=0.6)
    first, second, third = decided(family, [Result(Call("compare_arms"), (*found, bare))])
    assert first.level == pytest.approx(1 - 0.05 / 3)
    assert second.level == pytest.approx(1 - 0.05 / 2)
    assert (third.rejected, third.level) == (None, 0.95)  # no interval: nothing to widen


def test_an_interval_at_another_level():
    # t table: 97.5% and 99% quantiles at 10 df are 2.228 and 2.764 (three decimals)
    record = estimate(value=1.0, se=0.5, df=10.0, low=-0.114, high=2.114)
    wider = at_level(record, 0.98)
    assert (wider.low, wider.high) == pytest.approx((1 - 1.382, 1 + 1.382), abs=5e-4)
    assert wider.level == 0.98
    assert at_level(record, 0.95) is record
    bare = estimate(value=1.0, se=0.5, df=10.0)
    assert at_level(bare, 0.98).low is None  # what the clusters do not carry stays away
