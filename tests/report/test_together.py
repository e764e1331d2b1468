"""The report on pairs, on declared groups, and on differences too small to matter."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from rmresearch.analysis.equivalence import FINDINGS
from rmresearch.display.numbers import number
from rmresearch.plan import freeze, read_plan
from rmresearch.report import asking, words
from rmresearch.report.evaluation import Evaluation, evaluate
from rmresearch.report.sections.answer import answer
from rmresearch.report.sections.dyads import dyads
from rmresearch.report.sections.subgroups import equivalence, subgroups
from rmresearch.report.words.phrases import fill
from rmresearch.result import Estimate

from .test_evaluation import PILOT, text_of

GROUPS = """
[[question]]
id = "skill-by-interests"
analysis = "subgroups"
outcome = "digital_skill"
by = "interests"
why = "Those who are curious may learn faster."

[[question]]
id = "interests-and-skill"
analysis = "match_quality"
role = "senior"
outcome = "digital_skill"
by = "Interests"
why = "Shared interests may carry learning."

[[question]]
id = "skill-and-visibility"
analysis = "dyadic"
outcome = "digital_skill"
junior_outcome = "visibility"
wave = "month3"
why = "Who shows more may see more."
"""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """The example with a moderator, a match feature and a pair of outcomes more, frozen."""
    folder = tmp_path_factory.mktemp("groups") / "pilot"
    shutil.copytree(PILOT, folder)
    (folder / "plan.lock.json").unlink()
    with (folder / "plan.toml").open("a", encoding="utf-8") as plan:
        plan.write(GROUPS)
    freeze(folder, data=(), follow_up_present=True)
    return evaluate(folder)


def shown(evaluation: Evaluation, name: str) -> str:
    text = text_of(evaluation.section(name).html())
    return text.replace("&#x27;", "'").replace("&#39;", "'")


def test_pairs_are_told_as_association(planned: Evaluation) -> None:
    text = shown(planned, "dyads")
    assert "association, observational" in text.lower()
    result = planned.findings.result("dyadic", "digital_skill")
    assert result is not None
    for one in result.estimates:
        if one.term == "partner" and one.group == "programme":
            assert number(one.value, decimals=2, signed=True) in text
    assert "pairs their gains correlate at" in text
    # the pairs that wait stand in the numbers, not in the figure
    section = planned.section("dyads").html()
    assert section.index("Waiting list") > section.index("<details")


def test_a_role_is_named_once_however_many_arms_it_stands_in(planned: Evaluation) -> None:
    found = planned.findings
    design = found.study.design
    arms = tuple(replace(arm, programme=True) for arm in design.arms)
    ((name, result),) = ((n, r) for n, r in found.results.items() if n.startswith("dyadic"))
    apart = tuple(
        replace(one, value=0.2, low=0.1, high=0.3) if one.term == "partner" else one
        for one in result.estimates
    )
    study = replace(found.study, design=replace(design, arms=arms))
    results = {**found.results, name: replace(result, estimates=apart)}
    text = text_of(dyads(replace(found, study=study, results=results)).html())
    assert "Later scores of senior mentees and junior mentors go with their partner" in text


def test_a_plan_names_the_pairs_outcomes_and_the_features_that_count(planned: Evaluation) -> None:
    found = planned.findings
    (result,) = found.every("dyadic")
    call = dict(result.call.arguments)
    assert (call["junior_outcome"], call["wave"]) == ("visibility", "month3")
    assert "no frozen question asks for this" not in shown(planned, "dyads").lower()
    matched = found.results["match_quality:digital_skill"]
    asked = {e.group for e in matched.estimates if not e.term and found.planned(matched, e)}
    assert asked == {"Interests"}
    text = shown(planned, "match")
    every = sum(not e.term for r in found.every("match_quality") for e in r.estimates)
    assert f"The frozen plan asks for 1 of these {every} comparisons." in text
    assert "The comparison does not stand out from chance." in text
    assert "The planned comparison does not stand out from chance" in text
    (pairs,) = (q for q in found.status.questions if q.analysis == "dyadic")
    assert found.answers(pairs)
    assert not found.answers(replace(pairs, junior_outcome="leadership_confidence"))
    questions = shown(planned, "plan")
    assert "Digital skill, with View of how the organisation works" in questions
    assert "Digital skill, by Interests" in questions


def test_a_primary_question_that_asks_for_no_difference_is_answered_elsewhere(
    planned: Evaluation,
) -> None:
    found = planned.findings
    (pairs,) = (q for q in found.status.questions if q.analysis == "dyadic")
    asked = replace(found.status, questions=(replace(pairs, primary=True),))
    said = text_of(answer(replace(found, status=asked, primary=None)).html())
    assert "(skill-and-visibility) does not ask for a difference" in said
    assert "has no answer" not in said


def test_groups_are_shown_where_the_plan_names_them(planned: Evaluation) -> None:
    text = shown(planned, "subgroups")
    for by in ("level", "department", "interests"):
        assert f"differs between groups by {by}" in text
    assert "drawn towards the others" in text
    assert dict(planned.findings.results["subgroups:digital_skill"].call.arguments)["by"] == (
        "department, level, interests"
    )


def test_no_group_is_looked_into_unasked(planned: Evaluation) -> None:
    questions = [question for question in read_plan(PILOT).questions if not question.by]
    answers = asking._Answers()
    study = planned.findings.study
    asking._groups(study, study.design.outcomes[0], questions, answers)
    assert not answers.results
    bare = replace(planned.findings, results={}, refused={})
    assert "groups of people named in the plan" in text_of(subgroups(bare).html())
    assert "a declared smallest difference" in text_of(equivalence(bare).html())
    assert "a table of pairs" in text_of(dyads(bare).html())


def test_each_difference_is_held_against_the_smallest(planned: Evaluation) -> None:
    text = shown(planned, "equivalence")
    outcomes = [o for o, _ in planned.findings.of("equivalence")]
    assert len(outcomes) == 5
    assert "of 5 differences are shown to be too small to matter" in text
    record = planned.findings.results["compare_arms:digital_skill"].estimates[0]
    same = planned.findings.results["equivalence:digital_skill"].estimates[1]
    assert replace(record, term="record") == same


def test_the_sentences_of_e9_stay_three(planned: Evaluation) -> None:
    design = planned.findings.study.design
    record = Estimate(
        role="senior", outcome="digital_skill", wave="month6", contrast="programme - comparison",
        value=0.0, low=-0.25, high=0.25,
    )  # fmt: skip
    test = replace(record, low=-0.2, high=0.2, level=0.9)
    said = {name: words.equivalent(test, record, shown, design) for name, shown in FINDINGS.items()}
    assert len(set(said.values())) == len(FINDINGS)
    assert "evidence of no meaningful difference" in said["no meaningful difference"]
    assert said["no evidence of a difference"].startswith("There is no evidence of a difference")
    assert said["could not have shown it"].startswith("This study could not have shown")
    thin = words.equivalent(
        test, replace(record, high=0.31), FINDINGS["no meaningful difference"], design
    )
    assert "the evidence is thin" in thin
    assert "0.31" in thin


def test_words_on_partners_and_gains(planned: Evaluation) -> None:
    design = planned.findings.study.design
    one = Estimate(
        role="senior", outcome="digital_skill", wave="month6", term="partner", value=-0.3,
        low=-0.5, high=-0.1, n_pairs=20,
    )  # fmt: skip
    seen = words.partner(one, "leadership_confidence", design)
    assert "scored 0.30 points lower on digital skill" in seen
    assert "whose partner scored one point higher on leadership confidence" in seen
    unclear = words.partner(replace(one, high=0.1), "leadership_confidence", design)
    assert "cannot be told" in unclear
    bare = words.partner(replace(one, low=None, high=None), "leadership_confidence", design)
    assert "too few independent pairs" in bare
    ends = {"gained alike": (0.1, 0.8), "gained less": (-0.8, -0.1), "cannot be told": (-0.1, 0.8)}
    for text, (low, high) in ends.items():
        assert text in words.gains(replace(one, low=low, high=high))
    assert "Too few" in words.gains(replace(one, low=None, high=None))


def test_words_on_groups(planned: Evaluation) -> None:
    design = planned.findings.study.design
    one = Estimate(role="senior", outcome="digital_skill", wave="month6", value=3.0, p=0.01)
    assert "by more than chance explains" in words.differs(one, "level", design)
    assert "cannot be told" in words.differs(replace(one, p=0.4), "level", design)
    assert "is not tested" in words.differs(replace(one, p=None), "level", design)


def test_nothing_is_estimated_before_the_planned_end(
    planned: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "programme_ended", lambda study: False)
    answers = asking._Answers()
    study, plan = planned.findings.study, planned.findings.plan
    assert plan is not None
    asking._dyads(study, plan.questions, answers)
    asking._groups(study, study.design.outcomes[0], plan.questions, answers)
    assert not answers.results
    too_early = fill("page_refused", "too_early")
    assert answers.refused == {
        "dyadic:digital_skill": too_early,
        "subgroups:digital_skill": too_early,
    }


def test_no_difference_is_told_here_that_the_answer_does_not_tell() -> None:
    frozen = evaluate(PILOT)
    told = {v.estimate.key: v.shown for v in frozen.findings.verdicts}
    assert {one.level for one in told.values()} != {0.95}
    text = shown(frozen, "equivalence").split("Every wave")[0]
    last = [one for one in told.values() if one.wave == "month6"]
    assert len(last) == 5
    assert "98% interval" in text
    # 0.3 is the smallest effect of all five; every 98% interval is wider than 0.6
    assert "could not have shown that 5 of the differences are too small to matter" in text
    for one in last:
        assert one.low is not None
        assert one.high is not None
        label = frozen.findings.study.design.outcome(one.outcome).label
        seen = one.low > 0 or one.high < 0
        said = f"There is a difference in {label}" in text
        said |= f"There is a difference in {label[0].lower()}{label[1:]}" in text
        assert not said or seen
        record = next(
            e for e in frozen.findings.results[f"equivalence:{one.outcome}"].estimates
            if e.term == "record" and e.wave == one.wave
        )  # fmt: skip
        assert (record.low, record.high, record.level) == (one.low, one.high, one.level)
    # the answer cannot tell, so a point has no price
    worth = shown(frozen, "results")
    assert "there may be no gain at all" in worth
    assert "One point more for one person took" not in worth
    levels = {one.level for one in frozen.findings.results["value:digital_skill"].estimates}
    assert levels == {told[frozen.findings.verdicts[0].estimate.key].level}


def test_several_differences_of_one_outcome_name_it_once() -> None:
    said = words.too_wide(["Weekly profit", "Weekly profit"])
    assert "that 2 of the differences are too small" in said
    assert said.endswith(": Weekly profit.")
