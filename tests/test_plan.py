"""Plans: what they may say, what freezing keeps, and that changes tell themselves."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import replace

import pandas as pd
import pytest

from rmresearch import plan as plans
from rmresearch.errors import StudyError
from rmresearch.study import Arm, Design, Outcome, Study, Wave

DESIGN = Design(
    name="pilot",
    title="Pilot",
    kind="randomised",
    unit="pair",
    waves=(
        Wave("before", "Before", 0, baseline=True),
        Wave("after", "After", 6),
        Wave("later", "Later", 12),
    ),
    outcomes=(
        Outcome("skill", "Digital skill", "senior", ("q1",), waves=("before", "after", "later")),
        Outcome("voice", "Voice", "junior", ("v1",), waves=("before", "after")),
    ),
    arms=(Arm("programme", "Programme", True), Arm("waiting", "Waiting list", False)),
)
STUDY_TOML = """
[study]
name = "pilot"

[[waves]]
name = "before"

[[outcomes]]
name = "skill"
label = "Digital skill"
smallest_effect = 0.3

[design]
kind = "randomised"
"""
PLAN = """
[plan]
title = "What we ask"

[[question]]
id = "skill-after"
analysis = "compare_arms"
role = "senior"
outcome = "skill"
wave = "after"
contrast = "programme - waiting"
primary = true
why = "The programme is to teach digital skill."

[[question]]
id = "voice-after"
analysis = "compare_arms"
role = "junior"
outcome = "voice"
wave = "after"
why = "Juniors should gain too."
[question.intercurrent]
never_met = "left-out"
"""


@pytest.fixture
def study(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY_TOML)
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path


def edit(study, old, new, name="plan.toml"):
    path = study / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def freeze(study, day=1, follow_up=False):
    return plans.freeze(
        study,
        data=(("people.csv", "ab" * 32),),
        follow_up_present=follow_up,
        design=DESIGN,
        today=dt.date(2026, 3, day),
    )


# --- reading -----------------------------------------------------------------------------------


def test_a_plan_is_read_with_its_defaults(study):
    plan = plans.read_plan(study, DESIGN)
    assert plan.title == "What we ask"
    assert plan.primary.id == "skill-after"
    assert [question.id for question in plan.questions] == ["skill-after", "voice-after"]
    first, second = plan.questions
    assert (first.population, first.scale) == ("everyone-assigned", "points")
    assert (first.never_met, first.left, first.crossed_over) == (
        "as-assigned",
        "as-assigned",
        "until-then",
    )
    assert second.never_met == "left-out"


def test_a_question_asks_for_what_it_names_and_leaves_the_rest_open(study):
    first, second = plans.read_plan(study).questions
    key = {"role": "senior", "outcome": "skill", "wave": "after"}
    assert first.asks("compare_arms", **key, contrast="programme - waiting")
    assert not first.asks("pre_post", **key, contrast="programme - waiting")
    for part, other in [("role", "junior"), ("outcome", "voice"), ("wave", "later")]:
        assert not first.asks(
            "compare_arms", **{**key, part: other}, contrast="programme - waiting"
        )
    assert not first.asks("compare_arms", **key, contrast="rival - waiting")
    anything = {"role": "junior", "outcome": "voice", "wave": "after", "contrast": "x - y"}
    assert replace(second, never_met="as-assigned").asks("compare_arms", **anything)


def test_hash_is_of_what_the_plan_says(study):
    first = plans.read_plan(study).sha256
    text = (study / "plan.toml").read_text()
    parts = text.split("[[question]]")
    (study / "plan.toml").write_text(
        "# a comment\n" + parts[0] + "[[question]]" + parts[2] + "\n[[question]]" + parts[1]
    )
    assert plans.read_plan(study).sha256 == first
    edit(study, "should gain", "could gain")
    assert plans.read_plan(study).sha256 != first


def test_groups_are_named_by_a_question_and_leave_other_hashes_alone(study):
    plan = plans.read_plan(study)
    assert all("by" not in question for question in plan.as_dict()["questions"])
    edit(
        study, 'analysis = "compare_arms"\nrole = "junior"', 'analysis = "subgroups"\nby = "level"'
    )
    named = plans.read_plan(study, DESIGN)
    assert named.questions[1].by == "level"
    assert named.as_dict()["questions"][1]["by"] == "level"
    freeze(study)
    edit(study, 'by = "level"', 'by = "department"')
    freeze(study, day=2)
    assert "question voice-after: by was level and is now department." in str(plans.status(study))


def test_covariates_are_declared_and_leave_other_hashes_alone(study):
    assert all("covariates" not in one for one in plans.read_plan(study).as_dict()["questions"])
    edit(study, 'role = "junior"', 'role = "junior"\ncovariates = ["level"]')
    assert plans.read_plan(study, DESIGN).questions[1].covariates == ("level",)
    freeze(study)
    (kept,) = [q for q in plans.status(study).questions if q.covariates]
    assert kept.covariates == ("level",)


def test_pairs_are_asked_about_by_feature_and_by_both_outcomes(study):
    before = plans.read_plan(study).sha256
    old = 'analysis = "compare_arms"\nrole = "junior"\noutcome = "voice"'
    edit(study, old, 'analysis = "dyadic"\noutcome = "skill"\njunior_outcome = "voice"')
    question = plans.read_plan(study, DESIGN).questions[1]
    assert (question.outcome, question.junior_outcome) == ("skill", "voice")
    freeze(study)
    new = 'analysis = "match_quality"\nrole = "senior"\noutcome = "skill"\nby = "Level gap"'
    edit(study, 'analysis = "dyadic"\noutcome = "skill"\njunior_outcome = "voice"', new)
    assert plans.read_plan(study, DESIGN).questions[1].by == "Level gap"
    assert "junior_outcome was voice and is now not given." in str(plans.status(study))
    edit(study, new, old)
    assert plans.read_plan(study).sha256 == before  # what came later is in no older hash


def test_what_records_hold_needs_no_declared_outcome(study):
    asked = 'analysis = "workforce_outcomes"\nscale = "odds-ratio"'
    edit(study, 'analysis = "compare_arms"\nrole = "junior"', asked)
    edit(study, 'outcome = "voice"\n', 'outcome = "promoted"\n')
    question = plans.read_plan(study, DESIGN).questions[1]
    assert (question.outcome, question.scale) == ("promoted", "odds-ratio")


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("primary = true", 'primary = true\nscale = "odds-ratio"', "Known here: workforce_outcom"),
        (
            'compare_arms"\nrole = "junior"\noutcome = "voice"',
            'workforce_outcomes"\noutcome = "promotd"',
            "no outcome 'promotd'. Did you mean promoted?",
        ),
        ('role = "junior"', 'covariates = ["levl"]', "no covariate 'levl'. Did you mean level?"),
        (
            'compare_arms"\nrole = "junior"',
            'pre_post"\ncovariates = ["level"]',
            "covariates belong to compare_arms",
        ),
        ('role = "junior"', 'by = "level"', "compare_arms takes no by"),
        ('compare_arms"\nrole = "junior"', 'subgroups"', "subgroups need a moderator"),
        (
            'compare_arms"\nrole = "junior"',
            'subgroups"\nby = "levl"',
            "no moderator 'levl'. Did you mean level?",
        ),
        ('role = "junior"', 'junior_outcome = "voice"', "junior_outcome belongs to dyadic"),
        (
            'compare_arms"\nrole = "junior"',
            'dyadic"\njunior_outcome = "voic"',
            "no outcome 'voic'. Did you mean voice?",
        ),
        ('compare_arms"\nrole = "junior"', 'dyadic"', "voice is not asked of the role senior"),
        (
            'compare_arms"\nrole = "junior"\noutcome = "voice"',
            'dyadic"\noutcome = "skill"',
            "skill is not asked of the role junior",
        ),
        ('compare_arms"\nrole = "junior"', 'dyadic"\nrole = "junior"', "about both roles"),
        (
            'compare_arms"\nrole = "junior"',
            'match_quality"\nby = "Level gpa"',
            "no match feature 'Level gpa'. Did you mean Level gap?",
        ),
        (
            'compare_arms"\nrole = "junior"\noutcome = "voice"\nwave = "after"',
            'match_quality"\noutcome = "voice"\nwave = "before"',
            "the wave before the start cannot show",
        ),
        ('compare_arms"\nrole = "junior"', 'equivalence"', "no smallest difference that matters"),
        (
            'outcome = "skill"',
            'oucome = "skill"',
            "oucome is not a known key. Did you mean outcome?",
        ),
        (
            "never_met",
            "nevermet",
            "intercurrent: nevermet is not a known key. Did you mean never_met",
        ),
        ("[plan]\ntitle", "[plan]\ntitel", "[plan]: titel is not a known key. Did you mean title?"),
        ("[plan]", "[plans]", "the file: plans is not a known key. Did you mean plan?"),
        ("compare_arms", "compare_arm", "analysis is 'compare_arm'. Did you mean compare_arms?"),
        ('role = "senior"', 'role = "seniors"', "role is 'seniors'. Did you mean senior?"),
        ('why = "Juniors should gain too."', "", "question voice-after: why is missing. Add why."),
        ("primary = true", 'primary = "yes"', "question skill-after: primary does not fit"),
        ("primary = true", "", "0 questions are primary (none)"),
        (
            'why = "J',
            'primary = true\nwhy = "J',
            "2 questions are primary (skill-after, voice-after)",
        ),
        ('id = "voice-after"', 'id = "skill-after"', "2 questions are called skill-after"),
        ('id = "voice-after"', 'id = "Voice After"', "id does not fit"),
        ("primary = true", 'primary = true\npopulation = "completers"', "about completers"),
        ('outcome = "skill"', 'outcome = "skil"', "no outcome 'skil'. Did you mean skill?"),
        ('wave = "after"', 'wave = "aftr"', "no wave 'aftr'. Did you mean after?"),
        ("programme - waiting", "programm - waiting", "no arm 'programm'. Did you mean programme?"),
        ("programme - waiting", "programme", "contrast 'programme' is not a difference"),
        ('outcome = "voice"\n', "", "compare_arms needs an outcome"),
        (
            'outcome = "voice"\nwave = "after"',
            'outcome = "voice"\nwave = "later"',
            "not asked at wave",
        ),
        ('outcome = "voice"', 'outcome = "skill"', "not asked of the role junior"),
        ('wave = "after"', 'wave = "before"', "the wave before the start cannot show"),
        (
            "programme - waiting",
            "waiting - programme",
            "no analysis gives the contrast 'waiting - programme'. Write programme - waiting.",
        ),
        (
            'compare_arms"\nrole = "senior"\noutcome = "skill"\nwave = "after"\n'
            'contrast = "programme - waiting"',
            'pre_post"\nrole = "senior"\noutcome = "skill"\nwave = "after"\n'
            'contrast = "before - after"',
            "no analysis gives the contrast 'before - after'. Write after - before.",
        ),
        ("[plan]", "[plan", "is not TOML"),
        ("[plan]", f"x = {'9' * 5000}\n[plan]", "Whole number of more than 64 bits"),
    ],
)
def test_what_is_wrong_is_said(study, old, new, said):
    edit(study, old, new)
    with pytest.raises(StudyError) as caught:
        plans.read_plan(study, DESIGN)
    assert said in str(caught.value)
    assert all(problem.file == "plan.toml" for problem in caught.value.problems)
    assert caught.value.problems


def test_the_pairs_of_an_outcome_are_compared_at_one_wave(study):
    text = (study / "plan.toml").read_text()
    question = """
[[question]]
id = "match-{wave}"
analysis = "match_quality"
outcome = "skill"
wave = "{wave}"
why = "Fit."
"""
    (study / "plan.toml").write_text(text + question.format(wave="after"))
    assert len(plans.read_plan(study, DESIGN).questions) == 3
    (study / "plan.toml").write_text(
        text + question.format(wave="after") + question.format(wave="later")
    )
    with pytest.raises(StudyError, match="match_quality of skill at 2 waves"):
        plans.read_plan(study, DESIGN)


@pytest.mark.parametrize("change", [{"timing": "gain"}, {"kirkpatrick": 1}])
def test_a_question_that_no_analysis_takes_is_not_frozen(study, change):
    skill, voice = DESIGN.outcomes
    with pytest.raises(StudyError, match="skill has no score from before to compare with"):
        plans.read_plan(study, replace(DESIGN, outcomes=(replace(skill, **change), voice)))


def test_everything_wrong_is_said_at_once(study):
    edit(study, 'outcome = "skill"', 'outcome = "skil"')
    edit(study, 'wave = "after"', 'wave = "aftr"')
    edit(study, 'outcome = "voice"', 'outcome = "choice"')
    with pytest.raises(StudyError) as caught:
        plans.read_plan(study, DESIGN)
    assert len(caught.value.problems) == 3


def test_waves_of_a_change_and_designs_without_arms(study):
    edit(study, 'analysis = "compare_arms"', 'analysis = "pre_post"')
    edit(study, "programme - waiting", "after - befor")
    with pytest.raises(StudyError, match=r"no wave 'befor'\. Did you mean before"):
        plans.read_plan(study, DESIGN)
    with pytest.raises(StudyError, match="question voice-after: the study has no arms"):
        plans.read_plan(study, replace(DESIGN, arms=()))


@pytest.mark.parametrize("content", ["", "[plan]\n", "question = []\n", "question = 3\n"])
def test_a_plan_without_questions_is_refused(study, content):
    (study / "plan.toml").write_text(content)
    with pytest.raises(StudyError, match="question"):
        plans.read_plan(study)


def test_no_plan_is_said(tmp_path):
    with pytest.raises(StudyError, match=r"plan\.toml is not there"):
        plans.read_plan(tmp_path)


def test_a_study_in_one_file_has_its_plan_beside_it(tmp_path):
    assert plans.plan_path(tmp_path / "kenya.toml") == tmp_path / "kenya.plan.toml"
    assert plans.plan_path(tmp_path / "study.toml") == tmp_path / "plan.toml"
    (tmp_path / "kenya.toml").write_text(STUDY_TOML)
    (tmp_path / "kenya.plan.toml").write_text(PLAN)
    plans.freeze(tmp_path / "kenya.toml", data={}, follow_up_present=True)
    assert (tmp_path / "kenya.plan.lock.json").is_file()
    assert plans.status(tmp_path / "kenya.toml").frozen


# --- freezing ----------------------------------------------------------------------------------


def test_a_lock_keeps_what_was_known(study):
    lock = freeze(study)
    assert plans.read_lock(study) == (lock,)
    assert lock.version == 1
    assert lock.date == "2026-03-01"
    assert lock.sha256 == plans.read_plan(study).sha256
    assert lock.study_sha256 == hashlib.sha256(STUDY_TOML.encode()).hexdigest()
    assert dict(lock.data) == {"people.csv": "ab" * 32}
    assert lock.follow_up_present is False
    state = plans.status(study)
    assert (state.frozen, state.hash, state.version) == (True, lock.sha256, 1)
    assert (state.follow_up_present, state.deviations) == (False, ())
    assert state.primary.id == "skill-after"
    first, clock, unchanged = state.sentences()
    assert "frozen on 2026-03-01 (version 1" in first
    assert "were not there yet" in first
    assert "no proof to others" in clock
    assert unchanged == "Nothing was changed since."


def test_without_a_frozen_plan_everything_is_exploratory(study):
    state = plans.status(study)
    assert state == plans.PlanStatus(frozen=False)
    assert not state.planned("compare_arms", role="senior", outcome="skill", wave="after")
    assert state.primary is None
    assert state.sentences() == ("No plan was frozen: every result is exploratory.",)


def test_frozen_questions_are_planned_and_others_are_not(study):
    freeze(study)
    state = plans.status(study)
    asked = {"role": "senior", "wave": "after", "contrast": "programme - waiting"}
    assert state.planned("compare_arms", outcome="skill", **asked)
    assert not state.planned("compare_arms", outcome="other", **asked)
    assert not state.planned("pre_post", outcome="skill", **asked)


def test_freezing_again_without_a_change_is_the_same_version(study):
    first = freeze(study, day=1)
    edit(study, "[plan]", "# a comment\n[plan]")
    edit(study, "[study]", "# another\n[study]", "study.toml")
    assert freeze(study, day=9, follow_up=True) == first
    assert len(plans.read_lock(study)) == 1


def test_a_change_makes_a_new_version_and_tells_itself(study):
    freeze(study, day=1)
    edit(study, 'wave = "after"', 'wave = "later"')
    assert plans.status(study).deviations == (
        "Since version 1, not frozen: question skill-after: wave was after and is now later.",
    )
    assert plans.status(study).primary is None  # the question is no longer the frozen one
    second = freeze(study, day=9, follow_up=True)
    assert second.version == 2
    state = plans.status(study)
    assert state.deviations == (
        "Version 2 (2026-03-09, follow-up answers there): question skill-after: wave was after "
        "and is now later.",
    )
    assert (state.version, state.follow_up_present) == (2, True)
    assert state.primary.wave == "later"
    assert state.sentences()[-1] == "1 deviation from the plan: see Deviations."
    assert [lock.version for lock in plans.read_lock(study)] == [1, 2]


@pytest.mark.parametrize(
    "name, old, new, said",
    [
        (
            "plan.toml",
            'id = "voice-after"',
            'id = "voice-end"',
            "question voice-after was removed.",
        ),
        ("plan.toml", 'id = "voice-after"', 'id = "voice-end"', "question voice-end was added."),
        ("plan.toml", "should gain", "gain", "question voice-after: why was "),
        ("plan.toml", "What we ask", "What we asked", "the plan's title was changed."),
        (
            "plan.toml",
            'never_met = "left-out"',
            "",
            "question voice-after: never_met was left-out and is now as-assigned.",
        ),
        (
            "study.toml",
            "smallest_effect = 0.3",
            "smallest_effect = 0.1",
            "study.toml: outcome skill: smallest_effect was 0.3 and is now 0.1.",
        ),
        (
            "study.toml",
            "smallest_effect = 0.3",
            "",
            "study.toml: outcome skill: smallest_effect was 0.3 and is now not given.",
        ),
        (
            "study.toml",
            'label = "Digital skill"',
            'label = "Digital skill"\nitems = ["a", "b"]',
            "study.toml: outcome skill: items was changed.",
        ),
        (
            "study.toml",
            'kind = "randomised"',
            'kind = "comparison"',
            "study.toml: [design] kind was randomised and is now comparison.",
        ),
        (
            "study.toml",
            "[design]",
            "[[outcomes]]\nname = 'new'\n[design]",
            "outcome new was added.",
        ),
        ("study.toml", 'name = "before"', 'name = "start"', "study.toml: wave before was removed."),
        ("study.toml", "[design]", "[privacy]\n[design]", "study.toml: [privacy] was added."),
    ],
)
def test_deviations_work_themselves_out(study, name, old, new, said):
    freeze(study)
    edit(study, old, new, name)
    deviations = plans.status(study).deviations
    assert any(said in change for change in deviations), deviations
    assert all(change.startswith("Since version 1, not frozen: ") for change in deviations)


def test_how_reports_look_is_no_deviation(study):
    first = freeze(study, day=1)
    edit(study, "[study]", '[brand]\naccent = "#8a1538"\n[study]', "study.toml")
    assert plans.status(study).deviations == ()
    assert freeze(study, day=9, follow_up=True) == first


def test_another_primary_question_is_one_deviation(study):
    freeze(study)
    edit(study, "primary = true\n", "")
    edit(study, 'why = "Juniors', 'primary = true\nwhy = "Juniors')
    assert plans.status(study).deviations == (
        "Since version 1, not frozen: the primary question was skill-after and is now voice-after.",
    )
    state = plans.status(study)
    assert [question.id for question in state.questions] == ["skill-after", "voice-after"]
    assert state.primary is None  # the frozen one has lost its rank, the new one never had it


def test_a_plan_that_went_away_is_told(study):
    freeze(study)
    (study / "plan.toml").unlink()
    state = plans.status(study)
    assert state.frozen
    assert any("question skill-after was removed." in change for change in state.deviations)
    assert state.questions == ()


def test_a_wrong_plan_is_not_frozen(study):
    edit(study, 'outcome = "skill"', 'outcome = "skil"')
    with pytest.raises(StudyError):
        freeze(study)
    assert not (study / "plan.lock.json").exists()


@pytest.mark.parametrize("damage", ["not json", "{}", '{"versions": []}', '{"versions": [{}]}'])
def test_damaged_lock_is_refused(study, damage):
    (study / "plan.lock.json").write_text(damage)
    with pytest.raises(StudyError, match="is damaged or was edited"):
        plans.status(study)


def test_a_plan_edited_inside_the_lock_is_noticed(study):
    freeze(study)
    path = study / "plan.lock.json"
    content = json.loads(path.read_text())
    content["versions"][0]["plan"]["questions"][0]["wave"] = "later"
    path.write_text(json.dumps(content))
    with pytest.raises(StudyError, match="was edited"):
        plans.status(study)


def test_describe_shows_plan_state_and_deviations(study):
    freeze(study)
    edit(study, 'wave = "after"', 'wave = "later"')
    text = plans.describe(study)
    assert (
        "- skill-after (primary): compare_arms, senior, skill, later, programme - waiting." in text
    )
    assert "Deviations\n- Since version 1" in text
    (study / "plan.lock.json").unlink()
    assert "every result is exploratory" in plans.describe(study)
    (study / "plan.toml").unlink()
    assert plans.describe(study).startswith("No plan.toml.")


@pytest.mark.parametrize(
    "wave, value, there", [("before", 1.0, False), ("after", None, False), ("after", 2.0, True)]
)
def test_follow_up_answers_are_noticed(wave, value, there):
    empty = pd.DataFrame()
    measures = pd.DataFrame({"wave": ["before", wave], "value": [3.0, value]})
    assert plans.follow_up_present(Study(empty, empty, measures, empty, empty, DESIGN)) is there


def test_another_population_is_not_what_the_analyses_estimate(study):
    # compare_arms keeps everyone as assigned: a question about completers has no answer in it
    question = plans.read_plan(study).primary
    asked = {
        "role": question.role,
        "outcome": question.outcome,
        "wave": question.wave,
        "contrast": question.contrast,
    }
    assert question.asks(question.analysis, **asked)
    for other in ({"population": "completers"}, {"never_met": "left-out"}, {"left": "left-out"}):
        assert not replace(question, **other).asks(question.analysis, **asked)
