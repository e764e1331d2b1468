"""Words: what each design may say, that nothing more is said, and that it reads well."""

from __future__ import annotations

import itertools
import re
import string
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from rmresearch.errors import ReportError
from rmresearch.evidence import Certainty, Facts, Precision, judge
from rmresearch.report import words
from rmresearch.report.words import phrases
from rmresearch.result import Estimate
from rmresearch.study import Arm, Design, Outcome, Wave

SKILL = Outcome("skill", "Digital skill", "senior", ("a", "b"), low=1, high=5, smallest_effect=0.3)
OUTCOMES = (
    SKILL,
    replace(SKILL, name="stress", label="Stress", direction=-1, source="partner"),
    replace(SKILL, name="test", label="IT test", source="blind", smallest_effect=None),
    Outcome("profit", "Weekly profit", "junior", ("profit",), kind="amount", unit="Ksh",
            source="record", smallest_effect=300),
    Outcome("uses", "Use of the tool", "senior", ("uses",), kind="binary", source="record",
            smallest_effect=0.1),
)  # fmt: skip
DESIGN = Design(
    name="pilot",
    title="Pilot",
    kind="randomised",
    unit="pair",
    waves=(Wave("before", "Before", 0, baseline=True), Wave("m6", "Month 6", 6)),
    outcomes=OUTCOMES,
    arms=(Arm("programme", "Programme", True), Arm("waiting", "Waiting list", False)),
    role_labels=(("senior", "senior mentee"),),
)
RCT = Facts(kind="randomised", clusters=(20, 20), attrition="low", adjusted=True, planned=True)
GROUPS = Facts(
    kind="comparison", clusters=(20, 20), adjusted=True, baseline_g=0.1, bracket_agrees=True
)
ONE = Facts(kind="single-group", clusters=(30,))

#: designs as in test_evidence, weak to strong
DESIGNS = [
    RCT,
    replace(RCT, kind="waitlist", planned=False),
    replace(RCT, contaminated=True),
    replace(RCT, clusters=(6, 6)),
    replace(RCT, attrition="high"),
    replace(RCT, attrition="high", baseline_g=0.1),
    replace(RCT, attrition="high", baseline_g=0.4),
    replace(RCT, unit="department", clusters=(1, 1)),
    replace(RCT, unit="department", clusters=(2, 2), cluster_attrition="low"),
    replace(RCT, same_question=False),
    replace(RCT, ended=False),
    replace(RCT, rejected=False),
    GROUPS,
    replace(GROUPS, planned=True),
    replace(GROUPS, bracket_agrees=False),
    replace(GROUPS, bracket_agrees=None),
    replace(GROUPS, baseline_g=None),
    replace(GROUPS, baseline_g=0.3),
    replace(GROUPS, adjusted=False),
    replace(GROUPS, clusters=(3, 30)),
    ONE,
    replace(ONE, planned=True),
    replace(ONE, clusters=(4,)),
    replace(ONE, ended=False),
]
#: intervals in units of the smallest effect, one for each reading
READINGS = {
    Precision.CLEAR_GAIN: (2.0, 1.2, 2.8),
    Precision.SOME_GAIN: (1.3, 0.3, 2.3),
    Precision.NO_DIFFERENCE: (0.3, -0.3, 0.9),
    Precision.NO_GAIN: (-0.6, -1.6, 0.4),
    Precision.CANNOT_TELL: (0.6, -0.2, 1.4),
    Precision.SOME_HARM: (-1.3, -2.3, -0.3),
    Precision.CLEAR_HARM: (-2.0, -2.8, -1.2),
    Precision.NO_INTERVAL: (0.6, None, None),
}


def record(outcome, ends, facts):
    """An estimate whose interval is ``ends`` smallest effects from zero, better upwards."""
    step = (outcome.smallest_effect or 0.3) * outcome.direction
    value, first, second = (None if end is None else end * step for end in ends)
    low, high = (first, second) if outcome.direction == 1 else (second, first)
    contrast = "m6 - before" if facts.single_group else "programme - waiting"
    return Estimate(
        role=outcome.role, outcome=outcome.name, wave="m6", contrast=contrast,
        group="programme" if facts.single_group else "", value=value, low=low, high=high,
        n_people=40,
    )  # fmt: skip


def verdict(outcome, estimate, facts):
    return judge(
        replace(
            facts,
            low=estimate.low,
            high=estimate.high,
            smallest_effect=outcome.smallest_effect,
            direction=outcome.direction,
            self_rated=outcome.source == "self",
        )
    )


def everything(outcome, ends, facts):
    """Every sentence said about a result, by the function that says it."""
    one = record(outcome, ends, facts)
    found = verdict(outcome, one, facts)
    said = {
        "headline": words.headline(one, found, DESIGN),
        "title": words.title(one, found, DESIGN),
        "certainty": words.certainty(found),
        "precision": words.precision(found),
        "standing": words.standing(found),
        "maryland": words.maryland(found),
        "clearinghouse": words.clearinghouse(found),
    }
    return found, said


ALL = list(itertools.product(DESIGNS, OUTCOMES, READINGS.values()))

#: E1's list with inflections, written apart from the gate's own
FORBIDDEN = re.compile(
    r"\b(caus\w*|impact\w*|effects? of|effects? on|led to|leads? to|leading to|works|worked"
    r"|prove[sdn]?|proving)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("facts", DESIGNS)
def test_no_design_says_more_than_it_can(facts):
    for outcome, ends in itertools.product(OUTCOMES, READINGS.values()):
        found, said = everything(outcome, ends, facts)
        for text in said.values():
            if found.certainty is Certainty.WEAK:
                assert not FORBIDDEN.search(text), text
                assert words.lint(text) == ()
                assert "made this difference" not in text or "cannot tell whether" in text
            assert not re.search(r"signific|p-value|\bp [=<]", text)
            if facts.single_group:
                assert "gain" not in text.replace("No gain", "")
                assert "higher" not in text
                assert "better" not in said["title"]


@pytest.mark.parametrize("facts", DESIGNS)
def test_grammar(facts):
    for outcome, ends in itertools.product(OUTCOMES, READINGS.values()):
        for name, text in everything(outcome, ends, facts)[1].items():
            assert "  " not in text
            assert "{" not in text
            assert not re.search(r"\bNone\b|\bnan\b| ,| \.|\.\.|\(\)|-\d", text), text
            assert text[0].isupper()
            assert text.endswith(".") != (name == "title")
            sentences = re.split(r"(?<=[.!?]) (?=[A-Z“])", text)
            assert all(len(sentence.split()) <= 60 for sentence in sentences)
            unit = (
                phrases.catalogue()["unit"]["share"] if outcome.kind == "binary" else outcome.unit
            )
            for match in re.finditer(
                r"(?:by|is) [+−]?\d[\d.,]* (\w+)", text if name == "headline" else ""
            ):
                assert match.group(1) == unit.split()[0], text


@pytest.mark.parametrize("agree", [False, None])
def test_no_direction_is_claimed_where_the_bracket_does_not_agree(agree):
    for outcome, ends in itertools.product(OUTCOMES, READINGS.values()):
        said = everything(outcome, ends, replace(GROUPS, bracket_agrees=agree))[1]
        for text in (said["headline"], said["title"], said["precision"]):
            assert not re.search(r"higher|lower|some gain|some loss|clear", text.replace(
                "no clear difference", "")), text  # fmt: skip


@pytest.mark.parametrize("facts", DESIGNS)
def test_certainty_and_precision_stand_together(facts):
    for outcome, ends in itertools.product(OUTCOMES, READINGS.values()):
        found, said = everything(outcome, ends, facts)
        for name in ("headline", "standing"):
            assert f"{found.certainty.word.capitalize()} design, " in said[name]
        assert said["certainty"].startswith(f"Certainty: {found.certainty.word}. Decided by: ")
        assert "Precision: " in said["certainty"]
        assert ("Exploratory" in said["headline"]) is not facts.planned
        few = "Fewer than 10 independent groups" in said["certainty"]
        assert few is (min(facts.clusters) < 10)
        shown = found.precision not in {Precision.NO_INTERVAL, Precision.TOO_EARLY}
        assert ("Read the interval" in said["certainty"]) is (few and shown)


def test_a_single_group_always_has_regression_to_the_mean_beside_it():
    for facts, outcome, ends in ALL:
        if facts.single_group and facts.ended:
            text = everything(outcome, ends, facts)[1]["headline"]
            assert "regression to the mean" in text
            assert "shows that scores changed, not why" in text


def test_different_readings_are_different_sentences():
    first = {
        reading: everything(SKILL, ends, RCT)[1]["headline"] for reading, ends in READINGS.items()
    }
    wide = everything(SKILL, (0.3, -1.7, 2.3), RCT)[1]["headline"]
    starts = [re.sub(r"[−+]?\d+\.\d+|higher|lower", "#", text) for text in (*first.values(), wide)]
    assert len(set(starts)) == len(starts)
    # E9: three different sentences
    assert "no evidence of a difference" in first[Precision.CANNOT_TELL]
    assert "evidence of no meaningful difference" in first[Precision.NO_DIFFERENCE]
    assert "could not have shown" in wide


def test_loss_is_said_as_plainly_as_gain():
    gain = everything(SKILL, READINGS[Precision.SOME_GAIN], RCT)[1]["headline"]
    loss = everything(SKILL, READINGS[Precision.SOME_HARM], RCT)[1]["headline"]
    assert abs(len(gain) - len(loss)) < 25  # the sign, the word and ", which is worse"


# --- written by hand ---------------------------------------------------------------------------

PAGE = [
    (
        (RCT, SKILL, (1.3, 0.3, 2.3)),
        "Senior mentees in the Programme group rated themselves 0.39 points higher on digital "
        "skill than those in the Waiting list group at the Month 6 measurement (95% interval 0.09 "
        "to 0.69). There is some gain, but its size is uncertain: it may be smaller than 0.3 "
        "points, the smallest difference that matters. The design supports, with moderate "
        "certainty, the claim that the programme made this difference. Moderate design, size "
        "uncertain.",
    ),
    (
        (replace(GROUPS, baseline_g=0.3), OUTCOMES[1], (2.0, 1.2, 2.8)),
        "Senior mentees in the Programme group were rated 0.60 points lower on stress by their "
        "partners than those in the Waiting list group at the Month 6 measurement (95% interval "
        "−0.84 to −0.36), which is better. The gain is clear: even the cautious end of the "
        "interval reaches 0.3 points, the smallest difference that matters. The design cannot "
        "tell whether the programme made this difference. Weak design, clear result. Exploratory: "
        "no frozen question asks for this.",
    ),
    (
        (RCT, OUTCOMES[3], (0.6, -0.2, 1.4)),
        "There is no evidence of a difference in weekly profit between juniors in the Programme "
        "and the Waiting list group at the Month 6 measurement, and we cannot tell whether there "
        "is one: the estimate is +180 Ksh (95% interval −60 to 420). Strong design, imprecise "
        "result.",
    ),
    (
        (RCT, OUTCOMES[4], (-1.3, -2.3, -0.3)),
        "Use of the tool: the share among senior mentees in the Programme group was 13 percentage "
        "points lower than in the Waiting list group at the Month 6 measurement (95% interval −23 "
        "to −3), which is worse. There is some loss, but its size is uncertain: it may be smaller "
        "than 10 percentage points, the smallest difference that matters. The design supports the "
        "claim that the programme made this difference. Strong design, size uncertain.",
    ),
    (
        (RCT, OUTCOMES[2], (2.0, 1.2, 2.8)),
        "Senior mentees in the Programme group were rated 0.60 points higher on IT test than those "
        "in the Waiting list group at the Month 6 measurement (95% interval 0.36 to 0.84). There "
        "is some gain; whether it is large enough to matter is uncertain, since no smallest "
        "difference that matters was declared. The design supports the claim that the programme "
        "made this difference. Strong design, size uncertain.",
    ),
    (
        (replace(ONE, planned=True), SKILL, (2.0, 1.2, 2.8)),
        "Scores on digital skill changed by +0.60 points by their own rating for senior mentees in "
        "the Programme group between “Before” and “Month 6” (95% interval 0.36 to "
        "0.84). The change is larger than 0.3 points, the smallest difference that matters. One "
        "group without a comparison shows that scores changed, not why. How much of this is "
        "regression to the mean (groups that start low tend to score nearer the average next time) "
        "cannot be computed: it would need the average of everybody who could have joined, and how "
        "stable scores are without a programme. Weak design, clear result.",
    ),
    (
        (replace(RCT, ended=False), SKILL, (2.0, 1.2, 2.8)),
        "No difference in digital skill is reported before the planned end of the programme: "
        "looking early and often makes chance look like a result. Moderate design, too early for a "
        "result.",
    ),
]


@pytest.mark.parametrize("given, page", PAGE, ids=[str(i) for i in range(len(PAGE))])
def test_page(given, page):
    facts, outcome, ends = given
    assert everything(outcome, ends, facts)[1]["headline"] == page


@pytest.mark.parametrize(
    "facts, outcome, ends, shown",
    [
        (RCT, SKILL, (2, 1, 3), "Digital skill: Programme group rated itself higher"),
        (RCT, OUTCOMES[1], (2, 1, 3), "Stress: lower in the Programme group"),
        (RCT, OUTCOMES[3], (-2, -3, -1), "Weekly profit: lower in the Programme group"),
        (RCT, SKILL, (0.6, -0.2, 1.4), "Digital skill: no clear difference"),
        (RCT, SKILL, (0.3, -0.3, 0.9), "Digital skill: no meaningful difference"),
        (RCT, SKILL, (0.3, None, None), "Digital skill: precision not known"),
        (ONE, SKILL, (2, 1, 3), "Digital skill: scores changed"),
        (ONE, SKILL, (0.6, -0.2, 1.4), "Digital skill: no clear change"),
        (ONE, SKILL, (0.3, -0.3, 0.9), "Digital skill: no meaningful change"),
        (replace(RCT, ended=False), SKILL, (2, 1, 3), "Digital skill: too early"),
    ],
)
def test_titles_state_the_finding(facts, outcome, ends, shown):
    assert everything(outcome, ends, facts)[1]["title"] == shown


def test_regression_to_the_mean_when_it_is_known():
    one = record(SKILL, (2.0, 1.2, 2.8), ONE)
    expected = replace(one, term="expected-regression", value=0.15, low=None, high=None)
    text = words.headline(one, verdict(SKILL, one, ONE), DESIGN, expected=expected)
    assert "alone would be expected to change this average by +0.15 points" in text
    assert "cannot be computed" not in text
    unknown = replace(expected, value=None)
    assert words.regression(SKILL, unknown) == words.regression(SKILL, None)


def test_a_value_that_cannot_be_computed():
    one = record(SKILL, (None, None, None), RCT)
    text = words.headline(one, verdict(SKILL, one, RCT), DESIGN)
    assert text.startswith("The difference in digital skill between senior mentees")
    assert "cannot be computed from these data." in text


def test_the_interval_says_its_level():
    one = replace(record(SKILL, (1.3, 0.3, 2.3), RCT), level=1 - 0.05 / 3)
    assert "(98.3% interval" in words.headline(one, verdict(SKILL, one, RCT), DESIGN)


# --- the gate ----------------------------------------------------------------------------------

STRONG = judge(RCT)
MODERATE = judge(replace(RCT, contaminated=True))
WEAK = judge(ONE)


@pytest.mark.parametrize(
    "text, found",
    [
        ("The programme caused it.", ("caused",)),
        ("This has causal meaning.", ("causal",)),
        ("It had an Impact.", ("Impact",)),
        ("impacts, impacted, impactful", ("impacts", "impacted", "impactful")),
        ("the effect of mentoring", ("effect of",)),
        ("its effects on skill", ("effects on",)),
        ("It led\n  to more skill, and leads to trust.", ("led to", "leads to")),
        ("Mentoring works, it worked, it does work.", ("works", "worked", "does work")),
        ("This proves it; proven, proving", ("proves", "proven", "proving")),
        ("This resulted in gains.", ("resulted in",)),
        ("an effective programme", ("effective",)),
        ("people at work; a workshop; approved; proof; a network; to lead a team", ()),
        ("because they were assigned", ()),
        ("scores on “What works” changed", ()),
        ("side effects were few", ()),
    ],
)
def test_lint(text, found):
    assert words.lint(text) == found


def test_words_of_causation_need_moderate_certainty():
    text = "Mentoring led to more skill."
    assert words.say(text, STRONG) == words.say(text, MODERATE) == text
    with pytest.raises(ReportError, match="'led to' needs at least moderate certainty"):
        words.say(text, WEAK)
    with pytest.raises(ReportError, match="no verdict"):
        words.say(text)
    assert words.say("Scores changed.", WEAK) == "Scores changed."


def test_words_of_significance_need_ten_clusters_and_an_analyst():
    text = "The difference is significant (p = 0.03)."
    assert words.say(text, STRONG) == text
    with pytest.raises(ReportError, match="10 clusters in each arm"):
        words.say(text, judge(replace(RCT, clusters=(9, 30))))
    with pytest.raises(ReportError, match="not for leadership"):
        words.say(text, STRONG, reader="leadership")
    assert words.chance_words("p<0.05, insignificant, p-values") == (
        "p<",
        "insignificant",
        "p-values",
    )
    assert words.chance_words("a step = 3; top > bottom") == ()


def test_names_that_the_study_gave_cannot_smuggle_words_in():
    outcome = replace(SKILL, label="Impact of mentoring")
    arms = (replace(DESIGN.arms[0], label="What works"), DESIGN.arms[1])
    design = replace(DESIGN, outcomes=(outcome,), arms=arms)
    facts = replace(GROUPS, baseline_g=None)
    one = record(outcome, (2.0, 1.2, 2.8), facts)
    text = words.headline(one, verdict(outcome, one, facts), design)
    assert "on “Impact of mentoring” than" in text
    assert "in the “What works” group" in text
    assert words.title(one, verdict(outcome, one, facts), design).startswith("“Impact of")


# --- beside the results ------------------------------------------------------------------------


def number(term, value, low=None, high=None, **fields):
    form = {"role": "senior", "outcome": "skill", "wave": "m6", "n_people": 36}
    return Estimate(term=term, value=value, low=low, high=high, **{**form, **fields})


def test_an_exaggeration_beyond_use_is_not_spelt_out():
    said = words.exaggeration(number("exaggeration", 12_100_201_064.0), DESIGN)
    assert "more than 100 times too large" in said


def test_beside():
    contrast = {"contrast": "programme - waiting"}
    said = [
        words.detectable(number("smallest-detectable", 0.62), DESIGN),
        words.exaggeration(number("exaggeration", 2.87), DESIGN),
        words.reaction([number("", 0.667, 0.52, 0.79), number("", 0.45, role="junior")], DESIGN),
        words.reaction([number("net-recommend", 12.3, -4.0, 28.6)], DESIGN),
        words.attrition(
            number("overall-attrition", 0.204, **contrast),
            number("differential-attrition", -0.052, **contrast),
            DESIGN,
            "low",
        ),
        words.reliability(number("alpha", 0.83, 0.75, 0.9), DESIGN),
        words.reliability(number("alpha", 0.55), DESIGN),
        words.still_paired(number("still-paired", 0.457, 0.36, 0.55), DESIGN),
    ]
    assert said == [
        "The smallest difference in digital skill that this design would find four times in five "
        "is 0.62 points.",
        "If the true difference in digital skill were the smallest that matters, a result that "
        "stands out from chance would on average be 2.9 times too large.",
        "Favourable on “Digital skill” at the Month 6 measurement: 67% of the 36 senior mentees "
        "who answered (95% interval 52% to 79%); 45% of the 36 juniors who answered (too few for "
        "an interval).",
        "Net recommend score on “Digital skill” at the Month 6 measurement, on a scale from −100 "
        "to 100: +12 by the 36 senior mentees who answered (95% interval −4 to 29).",
        "By the Month 6 measurement 20% of the people assigned were lost; the share differs by 5.2 "
        "percentage points between the Programme and the Waiting list group. Attrition is low: it "
        "is unlikely to explain the result by itself.",
        "The items of digital skill hang together well enough (alpha 0.83, 95% interval 0.75 to "
        "0.90).",
        "The items of digital skill hang together poorly (alpha 0.55, no interval can be given): "
        "differences in it are blurred.",
        "46% of the pairs that started were still paired by the Month 6 measurement (95% interval "
        "36% to 55%).",
    ]
    assert not any(words.lint(text) for text in said)


def test_attrition_without_a_class_and_high():
    contrast = {"contrast": "programme - waiting"}
    two = (
        number("overall-attrition", 0.4, **contrast),
        number("differential-attrition", 0.1, **contrast),
    )
    plain, high = (words.attrition(*two, DESIGN, one) for one in (None, "high"))
    assert "Attrition is" not in plain
    assert high.startswith(plain)
    assert high.endswith("Attrition is high: who was lost could explain the result.")


def test_missing_says_what_would_be_needed():
    assert words.missing("meetings") == "To answer this, the study would need a log of meetings."
    assert words.missing("baseline", "comparison") == (
        "To answer this, the study would need answers from before the start and a comparison "
        "group: people who did not get the programme, or not yet."
    )
    for key in phrases.catalogue()["missing"]:
        if key != "sentence":
            assert words.missing(key).endswith(".")
    with pytest.raises(ValueError, match="the catalogue knows baseline"):
        words.missing("patience")
    with pytest.raises(ValueError):
        words.missing()


# --- the catalogue -----------------------------------------------------------------------------


#: what the analyst's page says of p-values themselves: warnings, never that something was found
OF_P_VALUES = {
    ("page_methods", "few"),
    ("page_sensitivity", "few"),
    ("page_sensitivity", "few_note"),
}


def test_every_sentence_of_the_catalogue_passes_the_gate_unfilled():
    for name, section in phrases.catalogue().items():
        for key, text in section.items():
            assert words.lint(text) == ()
            assert bool(words.chance_words(text)) is ((name, key) in OF_P_VALUES)
            assert list(string.Formatter().parse(text))  # braces are balanced


def test_no_two_files_of_the_catalogue_hold_the_same_section():
    files = Path(phrases.__file__).parent.joinpath("en").glob("*.toml")
    names = [name for file in files for name in tomllib.loads(file.read_text("utf-8"))]
    assert sorted(names) == sorted(set(names)) == sorted(phrases.catalogue())


def test_every_reading_has_its_words():
    catalogue = phrases.catalogue()
    for reading in Precision:
        assert reading.name.lower() in catalogue["precision"]
        assert catalogue["precision"][reading.name.lower()] == reading.value


@pytest.mark.parametrize(
    "label, shown",
    [
        ("Digital skill", "digital skill"),
        ("IT skill", "IT skill"),
        ("I feel safe", "“I feel safe”"),
        ("Tools, rated by juniors", "“Tools, rated by juniors”"),
        ("Results can be relied on always", "“Results can be relied on always”"),
        ("Trust: in leaders", "“Trust: in leaders”"),
        ("  Spaced   out ", "spaced out"),
        ("x", "x"),
    ],
)
def test_labels_inside_sentences(label, shown):
    assert phrases.lower_first(label) == shown


@pytest.mark.parametrize(
    "noun, shown",
    [("senior", "seniors"), ("business owner", "business owners"), ("secretary", "secretaries"),
     ("key", "keys"), ("boss", "bosses"), ("coach", "coaches"), ("young people", "young people")],
)  # fmt: skip
def test_plurals(noun, shown):
    assert phrases.plural(noun) == shown


def test_the_question_where_the_plan_puts_none():
    contrast = number("", None, contrast="programme - waiting")
    assert words.question(contrast, DESIGN, single=False) == (
        "Does digital skill differ between senior mentees in the Programme and the Waiting list "
        "group at the Month 6 measurement?"
    )
    change = number("", None, contrast="m6 - before", group="programme")
    assert words.question(change, DESIGN, single=True) == (
        "Did digital skill change for senior mentees in the Programme group between “Before” "
        "and “Month 6”?"
    )


def test_certainty_behind_several_results_names_no_one_of_them():
    for ends in READINGS.values():
        found = verdict(SKILL, record(SKILL, ends, ONE), ONE)
        text = words.certainty(found, several=True)
        assert text.startswith("Certainty: weak. Decided by: ")
        assert "Precision: it differs from outcome to outcome." in text
        assert words.precision(found) not in text


def test_gains_and_meetings_are_told_as_they_go_together():
    same, other = number("within", 0.14, -0.17, 0.46), number("between", -0.03, -0.12, 0.06)
    assert words.dose(same, other, DESIGN) == (
        "Digital skill: it rose 0.14 points more for the same person with one meeting more than "
        "usual (95% interval −0.17 to 0.46); it rose 0.03 points less for people who met once more "
        "than others (95% interval −0.12 to 0.06)."
    )
    assert "others" not in words.dose(same, None, DESIGN)
    # 0.004 is shown as 0.00: neither "0.00 points more" nor "less" would be true of it
    for nearly in (0.004, -0.004):
        text = words.dose(number("within", nearly, -0.17, 0.18), None, DESIGN)
        assert "it rose neither more nor less for the same person" in text
        assert "0.00" not in text
    with pytest.raises(ValueError, match="within people or between"):
        words.dose(None, None, DESIGN)
    assert "observational" in words.association()


@pytest.mark.parametrize(
    ("value", "said"),
    [(-0.004, "0.00 points different"), (0.0, "0.00 points different"), (0.004, "0.00 points diff"),
     (-0.006, "0.01 points lower"), (0.4, "0.40 points higher")],
)  # fmt: skip
def test_a_difference_that_rounds_to_nothing_has_no_direction(value, said):
    shown = number("closer", value, -0.2, 0.9)
    assert f"ended {said}" in words.met_more(shown, DESIGN)
