"""A doubter's reading: no advice, heading or answer goes beyond its numbers and its design."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from tests.report.test_words import (
    DESIGN,
    DESIGNS,
    GROUPS,
    ONE,
    OUTCOMES,
    RCT,
    READINGS,
    SKILL,
    record,
)

from rmresearch.evidence import Precision
from rmresearch.privacy import Standing
from rmresearch.report.leadership import Story, story
from rmresearch.report.words.phrases import catalogue
from rmresearch.study import Outcome

from .released import held_to, judged, made, released, table

LEVELS = catalogue()["brief_levels"]
STRESS, BLIND, USES = OUTCOMES[1], OUTCOMES[2], OUTCOMES[4]
STRONG = replace(RCT, baseline_g=0.0)


def told(*verdicts: dict, **more: object) -> Story:
    release = made(DESIGN, verdicts=verdicts, **more)
    found = story(release, DESIGN)
    held_to(found, release, DESIGN)
    return found


def of(outcome: Outcome, reading: Precision, facts: object) -> Story:
    return told(judged(outcome, READINGS[reading], facts, primary=True))


@pytest.mark.parametrize(
    ("reading", "outcome", "facts", "title"),
    [
        (Precision.CLEAR_GAIN, SKILL, STRONG, "Go on, and keep somebody to compare with"),
        (Precision.SOME_GAIN, SKILL, STRONG, "Promising: find out how large it is"),
        (Precision.SOME_GAIN, BLIND, STRONG, "Promising: find out how large it is"),
        (Precision.CLEAR_GAIN, BLIND, replace(STRONG, planned=False), "ask it again by a plan"),
        (Precision.CLEAR_GAIN, SKILL, GROUPS, "find out whether it was the programme"),
        (Precision.NO_DIFFERENCE, STRESS, STRONG, "Change the programme or stop it"),
        (Precision.NO_DIFFERENCE, SKILL, GROUPS, "Compare more fairly before deciding"),
        (Precision.NO_GAIN, SKILL, GROUPS, "Compare more fairly before deciding"),
        (Precision.NO_GAIN, SKILL, ONE, "Compare more fairly before deciding"),
    ],
)
def test_advice_goes_as_far_as_certainty_plan_and_precision(reading, outcome, facts, title) -> None:
    assert title in of(outcome, reading, facts).next.title


def test_where_a_loss_cannot_be_ruled_out_nobody_says_that_nothing_matters() -> None:
    found = of(STRESS, Precision.NO_GAIN, STRONG)
    assert found.levels.title == "No gain that matters is seen"
    assert "a loss cannot be ruled out" in str(found.next.said[0])
    assert not any("No difference that matters" in text for text in found.texts())


@pytest.mark.parametrize("outcome", [SKILL, STRESS])
def test_what_is_said_of_the_range_is_true_whichever_way_is_better(outcome: Outcome) -> None:
    # the interval of NO_GAIN for stress is -.12 to .48: it does not stay below .3
    for reading, text in (
        (Precision.CLEAR_GAIN, "even the cautious end of the range reaches 0.3 points"),
        (Precision.NO_GAIN, "The range holds no gain of 0.3 points"),
        (Precision.CANNOT_TELL, "holds zero and also 0.3 points for the better"),
    ):
        for facts in (RCT, ONE):
            found = of(outcome, reading, facts)
            said = " ".join(map(str, found.answer.meaning))
            if facts is RCT:
                assert text in said
            assert "low end" not in said
            assert "stays below" not in said


@pytest.mark.parametrize(
    ("reading", "outcome", "facts", "known", "ending"),
    [
        (Precision.CLEAR_GAIN, BLIND, STRONG, True, "strong enough to say that it was the prog"),
        (Precision.SOME_GAIN, SKILL, STRONG, True, "With moderate certainty, it was the prog"),
        (Precision.SOME_GAIN, SKILL, GROUPS, True, "had to do with it, this study cannot tell"),
        (Precision.NO_GAIN, SKILL, GROUPS, True, "had to do with it, this study cannot tell"),
        (Precision.CLEAR_GAIN, SKILL, ONE, False, "nobody can tell what the programme did"),
        (Precision.NO_GAIN, SKILL, ONE, False, "nobody can tell what the programme did"),
    ],
)
def test_did_the_programme_make_a_difference_is_answered(
    reading, outcome, facts, known, ending
) -> None:
    asked = of(outcome, reading, facts).asked[0]
    assert asked.question == "Did the programme make a difference?"
    assert asked.known is known
    assert ending in str(asked.said[-1])


def test_that_it_was_the_programme_needs_more_than_weak_certainty() -> None:
    for facts, reading in itertools.product(DESIGNS, READINGS):
        found = of(SKILL, reading, facts)
        if "design: weak" in str(found.answer.standing):
            assert not any("it was the programme that" in text for text in found.texts())


def test_one_unit_a_side_is_another_explanation() -> None:
    facts = replace(RCT, unit="department", clusters=(1, 1))
    asked = of(SKILL, Precision.CLEAR_GAIN, facts).asked[3]
    assert str(asked.said[0]).startswith("Yes. One side is a single unit")


def test_without_a_range_there_is_a_result_but_nothing_to_hold_it_by() -> None:
    asked = of(SKILL, Precision.NO_INTERVAL, RCT).asked[2]
    assert str(asked.said[-1]) == "Without a range nobody can hold the result against what matters."


def test_what_would_have_been_missed_is_told_in_percentage_points() -> None:
    base = record(USES, READINGS[Precision.CANNOT_TELL], RCT)
    least = replace(base, term="smallest-detectable", value=0.12, low=None, high=None)
    cannot = judged(USES, READINGS[Precision.CANNOT_TELL], RCT, primary=True)
    found = told(cannot, estimates=[released(least, "compare_arms:uses")])
    said = " ".join(map(str, found.claims.cannot))
    assert "true difference of less than 12 percentage points" in said


def both(senior: Precision | None, junior: Precision | None, facts: object = RCT) -> str:
    """The heading over both directions; None: hidden."""
    profit = OUTCOMES[3]
    verdicts = [
        judged(one, READINGS[reading or Precision.CLEAR_GAIN], facts, hidden=reading is None)
        for one, reading in ((SKILL, senior), (profit, junior))
    ]
    design = replace(DESIGN, outcomes=(SKILL, replace(profit, kirkpatrick=3)))
    return story(made(design, verdicts=verdicts), design).both.title


def test_a_loss_or_a_hidden_side_is_not_passed_over_in_the_heading() -> None:
    gain, loss, open_ = Precision.CLEAR_GAIN, Precision.SOME_HARM, Precision.CANNOT_TELL
    assert both(loss, open_) == "Senior mentees rated themselves worse"
    assert (
        both(loss, loss) == "A loss is seen for senior mentees and juniors"
    )  # profit is no rating
    assert both(gain, loss) == "Some results are better, some worse"
    assert both(gain, None) == (
        "Senior mentees rated themselves better, no result can be shown for juniors"
    )
    assert both(None, open_) == (
        "No clear gain for juniors, no result can be shown for senior mentees"
    )
    assert both(gain, open_) == (
        "Senior mentees rated themselves better, nothing is clear for juniors"
    )


def test_what_no_plan_asked_for_is_a_lead_and_no_gain() -> None:
    # of ten outcomes without an effect, one in five studies has one whose range leaves zero
    gain, loss, open_ = Precision.CLEAR_GAIN, Precision.SOME_HARM, Precision.CANNOT_TELL
    open_plan = replace(RCT, planned=False)
    for senior, junior in ((gain, open_), (open_, loss), (gain, gain), (None, gain)):
        assert both(senior, junior, open_plan).startswith("Some results stand out, as leads only")
    assert both(open_, open_, open_plan) == "No clear gain on either side"
    found = told(judged(SKILL, READINGS[gain], open_plan))
    assert found.tiles[1].title == "Digital skill: rated themselves better, as a lead only"
    assert found.levels.title == "Better at some levels, as a lead only"
    said = " ".join(map(str, found.both.said))
    assert "better on digital skill, which no plan asked for: a lead only." in said
    assert not any("gain is seen" in text for text in found.texts())
    beside = told(
        judged(SKILL, READINGS[gain], RCT, primary=True),
        judged(STRESS, READINGS[loss], open_plan),
    )
    assert "rated themselves better" in beside.both.title or "Only" in beside.both.title
    said = " ".join(map(str, beside.both.said))
    assert (
        "rated themselves better on digital skill. Senior mentees: worse on stress, which" in said
    )
    assert not any("gain is seen" in text for text in beside.texts())


def test_a_gain_is_one_where_others_rated_it() -> None:
    """What people say of themselves is said so, in tiles, levels and both directions (E2)."""
    gain, open_ = READINGS[Precision.CLEAR_GAIN], READINGS[Precision.CANNOT_TELL]
    others = replace(SKILL, name="use", label="Use", source="partner", kirkpatrick=3)
    junior = replace(SKILL, name="view", label="View", role="junior")
    design = replace(DESIGN, outcomes=(SKILL, others, junior))
    by_others = replace(RCT, self_rated=False)

    def made_of(own, rated):
        verdicts = [
            judged(SKILL, own, RCT, primary=True),
            judged(others, rated, by_others),
            judged(junior, open_, RCT),
        ]
        return story(made(design, verdicts=verdicts), design)

    both_ways, alone, seen = made_of(gain, gain), made_of(gain, open_), made_of(open_, gain)
    assert both_ways.levels.title == "A gain is seen at some levels"
    assert alone.levels.title == "People rated themselves better at some levels"
    assert [one.tiles[2].title for one in (both_ways, seen)] == ["Use: a gain is seen"] * 2
    assert seen.both.title == "A gain is seen for senior mentees, none that is clear for juniors"
    assert alone.both.title == (
        "Senior mentees rated themselves better, nothing is clear for juniors"
    )
    assert str(both_ways.both.said[0]) == (
        "Senior mentees: a gain is seen on use. "
        "Senior mentees: rated themselves better on digital skill."
    )


def test_more_gain_lies_where_the_outcome_gets_better() -> None:
    for outcome, sides in (
        (SKILL, ("less gain", "more gain")),
        (STRESS, ("more gain", "less gain")),
    ):
        base = record(outcome, READINGS[Precision.CANNOT_TELL], RCT)
        closer = replace(base, contrast="+1 SD", group="distance")
        found = told(estimates=[released(closer, f"match_quality:{outcome.name}")])
        assert found.match.chart is not None
        assert found.match.chart.sides == sides


def test_a_plan_with_several_questions_needs_more_pairs_than_one_question() -> None:
    # the smallest difference that is found is counted at 95%; Holm decided this one at 99%
    base = record(SKILL, READINGS[Precision.CANNOT_TELL], RCT)
    least = replace(base, term="smallest-detectable", value=0.6, low=None, high=None)
    for level, alone in ((0.99, True), (0.95, False)):
        cannot = judged(SKILL, READINGS[Precision.CANNOT_TELL], RCT, primary=True)
        cannot["estimate"]["level"] = level
        found = told(cannot, estimates=[released(least, "compare_arms:skill")])
        said = " ".join(map(str, found.next.said))
        assert "would take about 160 pairs in all" in said
        assert ("a plan that asks several needs more" in said) is alone


def test_how_many_finished_is_not_told_where_few_did_not() -> None:
    names = ("role", "arm", "wave", "who", "asked")
    for finished, text in (
        (17, "24 started and 17 finished as planned."),
        (None, "24 started and fewer than 5 of them ended early."),
    ):
        rows = [
            ("senior", "programme", "m6", who, n)
            for who, n in (("starters", 24), ("finishers", finished))
        ]
        found = told(tables=[table("reaction:skill", "reaction", names, *rows)])
        assert f"Of the senior mentees in the programme, {text}" in map(str, found.done.said)


def test_a_link_is_warned_of_only_where_one_is_told() -> None:
    base = record(SKILL, READINGS[Precision.CANNOT_TELL], RCT)
    closer = replace(base, contrast="+1 SD", group="distance")
    found = told(estimates=[released(closer, "match_quality:skill")])
    said = " ".join(map(str, found.match.said))
    assert "None of the features of a match" in said
    assert "This is a link" not in said


# --- a main result that says little, beside others that say more ----------------------------------


def mixed(
    main: Precision, other: Precision, *, main_hidden: bool = False, planned: bool = True
) -> Story:
    """Two learning outcomes with their readings, of which the first is the main one."""
    second = replace(SKILL, name="inclusion", label="Inclusion")
    design = replace(DESIGN, outcomes=(SKILL, second))
    facts = replace(RCT, planned=planned)
    verdicts = [judged(SKILL, READINGS[main], RCT, primary=True, hidden=main_hidden)]
    verdicts.append(judged(second, READINGS[other], facts))
    standing = Standing(primary=(SKILL.name, SKILL.role, "m6"))
    return story(made(design, verdicts=verdicts, standing=standing), design)


def test_the_heading_of_the_levels_knows_what_no_tile_heads() -> None:
    found = mixed(Precision.CANNOT_TELL, Precision.SOME_GAIN)
    assert found.tiles[1].state == "unclear"
    assert found.levels.title != LEVELS["unclear"]
    assert found.levels.title in {LEVELS["gain"], LEVELS["gain_self"]}
    lead = mixed(Precision.CANNOT_TELL, Precision.SOME_GAIN, planned=False)
    assert lead.levels.title == LEVELS["gain_lead"]
    # a gain that was planned is not made a mixed result by a loss that nobody asked for
    beside = mixed(Precision.SOME_GAIN, Precision.SOME_HARM, planned=False)
    assert beside.levels.title in {LEVELS["gain"], LEVELS["gain_self"]}
    assert mixed(Precision.SOME_GAIN, Precision.SOME_HARM).levels.title in {
        LEVELS["mixed"], LEVELS["mixed_self"],
    }  # fmt: skip


def test_a_hidden_main_result_does_not_deny_the_others() -> None:
    found = mixed(Precision.SOME_GAIN, Precision.CANNOT_TELL, main_hidden=True)
    assert found.levels.title == LEVELS["unclear"]
    said = " ".join(found.texts())
    assert "no result can be shown" not in said.lower()
    assert found.next.title == catalogue()["brief_next"]["title_hidden"]
    assert found.claims.rating.text == catalogue()["brief_rating"]["hidden"]
    assert found.claims.can == ()
    # nor is anything to be read as a lead where nothing is read
    assert found.answer.planned.text == catalogue()["brief_planned"]["open_unread"]


def test_where_fair_ways_to_compare_do_not_agree_no_range_is_claimed_nor_more_pairs_asked() -> None:
    found = of(SKILL, Precision.SOME_GAIN, replace(GROUPS, bracket_agrees=False))
    assert found.answer.sentence.text.startswith("We claim no difference")
    assert not any("how large" in one.text for one in found.claims.can)
    assert any("do not agree" in one.text for one in found.claims.cannot)
    assert found.next.title == catalogue()["brief_next"]["title_no_direction"]
    assert len(found.next.said) == 1


@pytest.mark.parametrize("outcome", [SKILL, BLIND])
def test_what_no_plan_asked_for_is_not_claimed_for_the_programme(outcome: Outcome) -> None:
    lead = of(outcome, Precision.CLEAR_GAIN, replace(STRONG, planned=False))
    assert not any("the programme made" in text for text in lead.texts())
    assert any("lucky find" in one.text for one in lead.claims.cannot)
    asked = of(outcome, Precision.CLEAR_GAIN, STRONG)
    assert any("the programme made" in one.text for one in asked.claims.can)
