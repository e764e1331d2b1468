"""Leadership's story: every number recomputed, every reading its own words, nothing overclaimed."""

from __future__ import annotations

import inspect
import itertools
import json
import re
from dataclasses import replace

import pytest
from tests.report.test_words import (
    DESIGN,
    DESIGNS,
    FORBIDDEN,
    GROUPS,
    ONE,
    OUTCOMES,
    RCT,
    READINGS,
    SKILL,
    record,
)

from rmresearch.analysis.leavers import tipping
from rmresearch.errors import PrivacyError, ReportError
from rmresearch.evidence import Precision
from rmresearch.privacy import Release, Standing, read_release
from rmresearch.report.leadership import Story, story
from rmresearch.report.leadership.ahead import needed
from rmresearch.study import Design, Outcome

from .released import at, held_to, judged, made, released, sealed, table, unexplained


def told(*verdicts: dict, design: Design = DESIGN, **more: object) -> Story:
    release = made(design, verdicts=verdicts, **more)
    found = story(release, design)
    held_to(found, release, design)
    return found


def one(outcome: Outcome, ends: object, facts: object, **more: object) -> Story:
    return told(judged(outcome, ends, facts, primary=True, **more))


def test_a_story_is_made_of_a_release_and_a_design_alone() -> None:
    assert list(inspect.signature(story).parameters) == ["released", "design"]
    release = made(verdicts=[judged(SKILL, READINGS[Precision.SOME_GAIN], RCT, primary=True)])
    again = read_release(release.to_json())
    assert again == release
    assert story(again, DESIGN) == story(release, DESIGN)


@pytest.mark.parametrize("place", range(len(DESIGNS)))
def test_every_number_stands_in_the_release_and_no_design_claims_too_much(place) -> None:
    facts = DESIGNS[place]
    for turn, ends in enumerate(READINGS.values()):
        found = one(OUTCOMES[(place + turn) % len(OUTCOMES)], ends, facts)
        standing = found.answer.standing.text
        assert re.search(r"Certainty of the design: (strong|moderate|weak)\. Precision", standing)
        about = [mark.about for mark in found.answer.marks]
        assert about[:2] == ["Certainty of the design", "Result"]
        assert (len(about) == 3) is not facts.planned
        for text in found.texts():
            assert not re.search(r"signific|p-value|\bp [=<]", text), text
            if "weak" in standing:
                assert not FORBIDDEN.search(text), text
                assert "made the difference" not in text or "cannot say" in text
            if facts.single_group:
                assert not re.search(
                    r"a gain is seen|a loss is seen|rated themselves (better|worse)", text
                )


SENTENCES = {
    Precision.CLEAR_GAIN: "rated themselves 0.60 points higher on digital skill",
    Precision.SOME_GAIN: "rated themselves 0.39 points higher on digital skill",
    Precision.NO_DIFFERENCE: "differ too little to matter: +0.09 points",
    Precision.NO_GAIN: "no gain large enough to matter, and a loss cannot be ruled out: −0.18",
    Precision.CANNOT_TELL: "We cannot tell whether senior mentees",
    Precision.SOME_HARM: "rated themselves 0.39 points lower on digital skill",
    Precision.CLEAR_HARM: "rated themselves 0.60 points lower on digital skill",
    Precision.NO_INTERVAL: "too few independent people took part to say how sure that is",
}


@pytest.mark.parametrize("reading", READINGS)
def test_null_positive_negative_and_cannot_tell_are_different_sentences(reading) -> None:
    found = one(SKILL, READINGS[reading], RCT)
    assert SENTENCES[reading] in found.answer.sentence.text
    others = [text for key, text in SENTENCES.items() if key is not reading]
    assert not any(text in found.answer.sentence.text for text in others)
    _, low, high = READINGS[reading]
    if low is not None:
        assert f"range {low * 0.3:.2f} to {high * 0.3:.2f}".replace("-", "−") in str(
            found.answer.sentence
        )


def test_what_a_point_and_a_size_mean() -> None:
    anchored = replace(SKILL, labels=(("Not at all", 1), ("Very much", 5)))
    design = replace(DESIGN, outcomes=(anchored, *OUTCOMES[1:]))
    ends = READINGS[Precision.SOME_GAIN]
    found = told(judged(anchored, ends, RCT, primary=True), design=design)
    said = " ".join(map(str, found.answer.meaning))
    assert "from 1 (“Not at all”) to 5 (“Very much”)" in said
    assert "A difference of 0.39 is as if 39 of every 100 people stood one step higher." in said
    assert "hold it 95 times in 100" in said
    profit = one(OUTCOMES[3], ends, RCT)
    assert "The numbers are in Ksh." in " ".join(map(str, profit.answer.meaning))


def test_a_share_is_told_in_people_of_a_hundred() -> None:
    found = one(OUTCOMES[4], READINGS[Precision.SOME_GAIN], RCT)
    assert "of every 100 senior mentees, 13 more in the Programme group" in str(
        found.answer.sentence
    )
    assert "(plausible range 3 to 23)" in str(found.answer.sentence)


def test_stress_that_rises_is_worse_and_its_chart_says_so() -> None:
    found = one(OUTCOMES[1], READINGS[Precision.SOME_HARM], RCT)
    assert "0.39 points higher on stress" in str(found.answer.sentence)
    assert ", which is worse" in str(found.answer.sentence)
    assert found.answer.chart is not None
    assert found.answer.chart.sides == ("better", "worse")


def test_one_group_without_a_comparison_says_that_it_cannot_say_why() -> None:
    found = one(SKILL, READINGS[Precision.CLEAR_GAIN], ONE)
    assert found.answer.state == "changed"
    assert "Scores on digital skill changed by +0.60 points" in str(found.answer.sentence)
    assert any("not why" in str(text) for text in found.answer.meaning)
    assert found.next.title == "Compare before deciding"
    assert any("cannot say why scores changed" in str(text) for text in found.claims.cannot)


def test_causal_words_need_at_least_moderate_certainty() -> None:
    gain = READINGS[Precision.CLEAR_GAIN]
    strong = replace(RCT, baseline_g=0.0)
    blind = OUTCOMES[2]
    for facts, outcome, claim in (
        (
            strong,
            blind,
            "This study can claim that the programme made the difference seen on IT test.",
        ),
        (strong, SKILL, "This study can claim, with moderate certainty, that the programme made"),
        (GROUPS, SKILL, "This study can say that the groups differ on digital skill, but not why."),
    ):
        found = one(outcome, gain, facts)
        assert any(claim in str(text) for text in found.claims.can), found.claims.can


def test_no_result_is_picked_out_where_no_question_is_the_main_one() -> None:
    verdicts = [judged(o, READINGS[Precision.SOME_GAIN], RCT) for o in OUTCOMES]
    found = told(*verdicts)
    assert "no result is picked out: all stand side by side" in str(found.answer.sentence)
    assert found.answer.state == "seen"
    assert found.answer.chart is not None
    assert [row.label for row in found.answer.chart.rows] == [
        "Digital skill", "Stress", "IT test",
    ]  # fmt: skip


def test_a_hidden_answer_tells_nothing() -> None:
    verdicts = [judged(o, READINGS[Precision.CLEAR_GAIN], RCT, hidden=True) for o in OUTCOMES]
    plan = Standing(frozen=True, date="2025-01-01", primary=("skill", "senior", "m6"))
    found = told(*verdicts, standing=plan)
    assert found.answer.state == "hidden"
    assert "is not shown" in str(found.answer.sentence)
    assert found.answer.marks == ()
    assert found.charts == ()
    shown = " ".join(found.texts())
    assert not re.search(r"gain is seen|clear gain|some gain|0\.6|higher", shown)
    assert {tile.state for tile in found.tiles} == {"hidden", "not measured"}


def test_too_early_and_nothing_at_all() -> None:
    early = told(standing=Standing(ended=False))
    assert early.answer.state == "too early"
    assert "answers end before the programme does as planned" in str(early.answer.sentence)
    assert early.next.title == "Wait for the planned end"
    facts = replace(RCT, ended=False)
    assert one(SKILL, READINGS[Precision.CLEAR_GAIN], facts).answer.state == "too early"
    nothing = told()
    assert nothing.answer.state == "no answer"
    assert [asked.known for asked in nothing.asked] == [False] * 10


def test_outcomes_of_which_nothing_came_out_are_named() -> None:
    silent = "This study has no result on {}: the answers allow none."
    asked = replace(OUTCOMES[1], name="asked", label="Answered by nobody")
    retrospective = replace(asked, name="judged", timing="retrospective")
    gain = judged(SKILL, READINGS[Precision.SOME_GAIN], RCT, primary=True)
    for outcomes, named in [
        ((SKILL,), ""),
        ((SKILL, retrospective), ""),
        ((SKILL, asked), "answered by nobody"),
        ((SKILL, *OUTCOMES[1:4], asked), "stress, IT test, weekly profit and answered by nobody"),
        ((SKILL, *OUTCOMES[1:], asked), "stress, IT test, weekly profit and others"),
    ]:
        cannot = list(map(str, told(gain, design=replace(DESIGN, outcomes=outcomes)).claims.cannot))
        assert [text for text in cannot if "no result on" in text] == (
            [silent.format(named)] if named else []
        )


def test_ten_questions_each_answered_or_why_not() -> None:
    found = one(SKILL, READINGS[Precision.SOME_GAIN], RCT)
    assert len({asked.question for asked in found.asked}) == 10
    for asked in found.asked:
        assert asked.said
        assert asked.known is not (str(asked.said[0]) == "This evaluation cannot say.")
        assert asked.known or len(asked.said) > 1
    assert [asked.known for asked in found.asked][:5] == [True] * 5


def test_the_plan_and_when_it_was_frozen() -> None:
    gain = judged(SKILL, READINGS[Precision.SOME_GAIN], RCT, primary=True)
    for plan, text in (
        (Standing(), "No plan was frozen"),
        (Standing(frozen=True, date="2025-08-25", follow_up_present=False), "before the follow-up"),
        (Standing(frozen=True, date="2025-08-25", follow_up_present=True), "were already there"),
        (Standing(frozen=True, date="2025-08-25", deviations=2), "after it was frozen (2)"),
    ):
        assert text in str(told(gain, standing=plan).answer.planned)
    beside = judged(SKILL, READINGS[Precision.SOME_GAIN], GROUPS, primary=True)
    frozen = Standing(frozen=True, date="2025-08-25")
    assert "does not ask this question" in str(told(beside, standing=frozen).answer.planned)


def test_how_many_pairs_follow_from_the_study_s_own_precision() -> None:
    # an interval narrows with the square root of n: half as wide takes four times as many
    assert needed(0.6, 0.3, 20) == 80
    assert needed(0.3, 0.3, 47) == 47
    assert needed(0.61, 0.3, 120) == 500  # 496.13, two digits upwards
    facts = replace(RCT, clusters=(20, 20))
    base = record(SKILL, READINGS[Precision.CANNOT_TELL], facts)
    least = released(
        replace(base, term="smallest-detectable", value=0.6, low=None, high=None),
        "compare_arms:skill",
    )
    cannot = judged(SKILL, READINGS[Precision.CANNOT_TELL], facts, primary=True)
    found = told(cannot, estimates=[least])
    assert "would take about 160 pairs in all" in " ".join(map(str, found.next.said))
    none = told(cannot)
    assert "cannot be told from" in " ".join(map(str, none.next.said))


FLOW = ("role", "arm", "stage", "wave", "people")


def flow(*analysed: object) -> list:
    rows = [
        ("senior", arm, stage, wave, people)
        for arm, n in zip(("programme", "waiting"), analysed, strict=True)
        for stage, wave, people in (
            ("assigned", "", 24),
            ("answered", "before", 24),
            ("answered", "m6", n),
            ("analysed", "m6", n),
        )
    ]
    return [table("attrition:skill", "flow", FLOW, *rows)]


def test_both_denominators_and_counts_too_small_to_add() -> None:
    gain = judged(SKILL, READINGS[Precision.SOME_GAIN], RCT, primary=True)
    found = told(gain, tables=flow(20, 21))
    said = " ".join(map(str, found.done.said))
    assert "Of 48 senior mentees assigned, 41 answered both before the start and at" in said
    assert found.done.grid is not None
    assert [str(cell) for cell in found.done.grid.rows[0]] == [
        "Senior mentees, Programme", "24", "24", "20", "20",
    ]  # fmt: skip
    people = gain["estimate"]["n_people"]
    more = "The answer also counts people who answered at only some of the measurements."
    for analysed, said_more in ((people - 21, False), (people - 22, True)):
        grids = told(gain, tables=flow(analysed, 21)).done.grid
        assert grids is not None
        assert (more in grids.note) == said_more, "only where the answer rests on more people"
    few = told(gain, tables=flow(20, "fewer than 5"))
    assert "answered both" not in " ".join(map(str, few.done.said))
    assert few.done.grid is not None
    assert str(few.done.grid.rows[1][-1]) == "fewer than 5"


@pytest.mark.parametrize(
    ("ends", "reading", "said", "never"),
    [
        (Precision.SOME_GAIN, tipping.OPEN, "as all measurements together do", "at hand do not"),
        (Precision.CANNOT_TELL, tipping.OPEN, "at hand do not tell", "measurements together do"),
        (Precision.CANNOT_TELL, tipping.AT_ONCE, "at hand do not tell", "does not hold once"),
        (Precision.SOME_GAIN, tipping.AT_ONCE, "does not hold once", "at hand do not"),
    ],
)
def test_what_the_lost_could_change_does_not_deny_the_answer(
    ends: Precision, reading: str, said: str, never: str
) -> None:
    """Tipping is reckoned from one measurement, the answer from all: one range holds zero, the
    other does not."""
    verdict = judged(SKILL, READINGS[ends], RCT, primary=True)
    one = verdict["estimate"]
    assert (one["low"] > 0) == (ends == Precision.SOME_GAIN)
    row = (one["role"], one["contrast"], one["wave"], reading)
    columns = ("role", "contrast", "wave", "reading")
    lost = told(verdict, tables=[table("attrition:skill", "tipping", columns, row)]).lost
    text = " ".join(map(str, lost.said))
    assert said in text
    assert never not in text


def test_who_was_lost_is_said_of_the_role_that_answers_the_question() -> None:
    """Few seniors lost says nothing of juniors, of whom many more may be missing."""
    for outcome, who in ((SKILL, "senior mentees"), (OUTCOMES[3], "juniors")):
        for attrition, title in (
            ("low", f"Few {who} were lost: that is unlikely to explain the result"),
            ("high", f"Many {who} were lost: that could explain the result"),
        ):
            facts = replace(RCT, attrition=attrition)
            verdict = judged(outcome, READINGS[Precision.CLEAR_GAIN], facts, primary=True)
            assert told(verdict).lost.title == title


LABEL = "<script>alert(1)</script> & “x” *b* #1"
HEBREW = "מנטורים ותיקים"


def test_markup_and_right_to_left_names_stay_text() -> None:
    outcomes = (replace(SKILL, label=LABEL), replace(SKILL, name="two", label=HEBREW))
    design = replace(
        DESIGN, outcomes=outcomes, role_labels=(("senior", HEBREW),), title=f"{HEBREW} <b>"
    )
    verdicts = [judged(o, READINGS[Precision.SOME_GAIN], RCT) for o in outcomes]
    release = made(design, verdicts=verdicts)
    found = story(release, design)
    assert found.title == f"{HEBREW} <b>"
    assert any(LABEL in text for text in found.texts())
    assert any(HEBREW in text for text in found.texts())
    for chart in found.charts:
        svg = chart.figure().html()
        assert "<script>" not in svg


def test_a_level_s_chart_says_what_all_its_outcomes_show() -> None:
    two = (SKILL, replace(SKILL, name="two", label="Inclusion", role="junior"))
    design = replace(DESIGN, outcomes=two)
    gain, none = READINGS[Precision.SOME_GAIN], READINGS[Precision.NO_DIFFERENCE]
    for ends, title in (
        (gain, "Learning: rated themselves better"),
        (none, "Learning: it differs from one outcome to the next"),
    ):
        verdicts = (judged(two[0], gain, RCT, primary=True), judged(two[1], ends, RCT))
        found = told(*verdicts, design=design)
        assert found.tiles[1].chart is not None
        assert found.tiles[1].chart.title == title
        assert found.tiles[1].title == "Digital skill: rated themselves better"
        assert found.both.chart is not None
        assert [row.group for row in found.both.chart.rows] == ["Senior mentees", "Juniors"]
        assert found.both.chart.figure().alt == found.both.chart.alt


def test_one_outcome_and_twenty_five() -> None:
    few = told(
        judged(SKILL, READINGS[Precision.SOME_GAIN], RCT, primary=True),
        design=replace(DESIGN, outcomes=(SKILL,)),
    )
    assert [tile.state for tile in few.tiles] == [
        "not measured", "gain", "not measured", "not measured",
    ]  # fmt: skip
    many = tuple(replace(SKILL, name=f"o{i}", label=f"Outcome {i}") for i in range(25))
    design = replace(DESIGN, outcomes=many)
    readings = itertools.cycle(READINGS.values())
    verdicts = [judged(o, ends, RCT) for o, ends in zip(many, readings, strict=False)]
    found = told(*verdicts, design=design)
    assert all(len(chart.rows) <= 12 for chart in found.charts)
    assert len(found.numbers[0].rows) == 25
    assert "all others are in the appendix" in str(found.tiles[1].more)


def test_without_ids_nothing_is_joined_and_it_says_so() -> None:
    design = replace(DESIGN, linked=False, kind="single-group", arms=())
    found = told(judged(SKILL, READINGS[Precision.SOME_GAIN], ONE), design=design)
    assert "no code for each person" in " ".join(map(str, found.done.said))
    assert any("Give each person a code" in str(text) for text in found.next.points)
    assert "do not tell who was lost" in " ".join(map(str, found.lost.said))


def test_other_audiences_and_other_studies_are_refused() -> None:
    release = made()
    content = json.loads(release.to_json())["release"]
    with pytest.raises(PrivacyError, match="leadership"):
        story(sealed(**{**content, "audience": "technical"}), DESIGN)
    with pytest.raises(ReportError, match="study"):
        story(release, replace(DESIGN, name="another"))


def test_the_reader_of_numbers_catches_what_is_not_from_the_release() -> None:
    release = made(verdicts=[judged(SKILL, READINGS[Precision.SOME_GAIN], RCT, primary=True)])
    found = story(release, DESIGN)
    planted = replace(found.answer.sentence, text=found.answer.sentence.text + " Up 12%.")
    assert unexplained(planted, DESIGN) == ["12"]
    content: Release = json.loads(release.to_json())
    number = found.answer.sentence.numbers[0]
    assert at(content, number.at[0]) == 0.39
    wrong = replace(number, text="0.93")
    altered = replace(found.answer, sentence=replace(found.answer.sentence, numbers=(wrong,)))
    with pytest.raises(AssertionError):
        held_to(replace(found, answer=altered), release, DESIGN)
