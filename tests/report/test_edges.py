"""Reports of studies at the edge of what can be answered: what is missing is named, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.io.pilot_files import LABELS, Pilot

from rmresearch.report.evaluation import evaluate

from .test_evaluation import text_of


def answer_of(pilot: Pilot, folder: Path) -> str:
    return text_of(evaluate(pilot.write(folder)).section("answer").html())


def test_answers_before_the_start_are_not_asked_for_again(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.measures = [row for row in pilot.measures if row["wave"] == "pre"]
    said = answer_of(pilot, tmp_path)
    assert "the study would need answers from after the start." in said


def test_other_people_after_than_before_are_said(tmp_path: Path) -> None:
    pilot = Pilot()
    early = {f"{role}{i:02d}" for role in "JS" for i in (1, 2, 3, 7, 8, 9)}
    pilot.measures = [r for r in pilot.measures if (r["wave"] == "pre") == (r["person"] in early)]
    said = answer_of(pilot, tmp_path)
    assert "answers of at least two of the same people in each group" in said
    assert "Juniors, Reverse mentoring − Later at After: fewer than" in said
    assert "Meetings" not in said  # one reason an outcome: not everything that was refused


def test_one_answer_is_not_none_of_one(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.measures = [row for row in pilot.measures if row["item"] != "confidence"]
    said = answer_of(pilot, tmp_path)
    assert "the answer below was not asked for in advance" in said
    assert "none of the" not in said


NOUNS = "people|pairs|clusters|independent clusters|independent sets|items|meetings|answers"


def test_one_is_counted_in_the_singular(tmp_path: Path) -> None:
    pilot, kept = Pilot(), {"J01", "S01"}
    pilot.participants = [row for row in pilot.participants if row["person"] in kept]
    pilot.pairs = [row for row in pilot.pairs if row["junior"] in kept]
    pilot.measures = [row for row in pilot.measures if row["person"] in kept]
    pilot.meetings = [row for row in pilot.meetings if row["pair"] == "P01"]
    pilot.records = [{**pilot.records[0], "person": "J01"}]
    said = text_of(evaluate(pilot.write(tmp_path)).page().html())
    assert "1 person" in said
    assert "with its 95% interval" not in said  # nobody's mean has one
    assert re.findall(rf"(?<![\d.,])1 (?:{NOUNS})\b.{{20}}", said) == []


@pytest.mark.parametrize("kind", ["randomised", "comparison", "single-group"])
def test_scores_that_never_vary_are_not_called_too_few_groups(tmp_path: Path, kind: str) -> None:
    pilot = Pilot().replace('kind = "randomised"', f'kind = "{kind}"')
    if kind == "single-group":
        pilot.toml = re.sub(
            r'\[\[design\.arms\]\]\nname = "later".*?\n\n', "", pilot.toml, flags=re.S
        )
        for row in pilot.participants:
            row["arm"] = "programme"
    for row in pilot.measures:
        row["value"] = LABELS[2] if row["item"] == "confidence" else "3"
    evaluation = evaluate(pilot.write(tmp_path))
    said = text_of(evaluation.section("answer").html())
    assert "or scores that do not vary" in said
    assert "Too few independent groups were measured" not in said
    assert "no: can be given" not in said
    assert "with 95% intervals; the band" not in text_of(evaluation.section("outcomes").html())
    assert "Scores do not vary enough" in text_of(evaluation.section("variation").html())


LIKING = """
[[outcomes]]
name = "liking"
label = "Liking"
role = "junior"
kind = "ordinal"
range = [1, 5]
kirkpatrick = 1
favourable = 4
waves = ["post", {waves}]

[tables.participants]"""


def test_of_many_measurements_of_reaction_the_last_is_drawn(tmp_path: Path) -> None:
    waves = [f"w{k:02d}" for k in range(26)]
    named = ", ".join(f'"{wave}"' for wave in waves)
    pilot = Pilot().replace("\n[tables.participants]", LIKING.format(waves=named))
    later = "".join(
        f'[[waves]]\nname = "{wave}"\nlabel = "Later {k}"\nmonths = {7 + k}\n\n'
        for k, wave in enumerate(waves)
    )
    pilot = pilot.replace('[[outcomes]]\nname = "skill"', f'{later}[[outcomes]]\nname = "skill"')
    pilot.measures += [
        {**pilot.measures[0], "person": f"J{i:02d}", "wave": wave, "item": "liking", "value": "4"}
        for wave in ("post", *waves)
        for i in range(1, 7)
    ]
    html = evaluate(pilot.write(tmp_path)).section("reaction").html()
    picture = html[html.index("<svg") : html.index("</svg>")]
    assert "starters" in picture
    assert "Later 10" not in picture  # one measurement: its name is not needed, nor the others'
    assert "Earlier measurements are in the table." in text_of(html)


def test_many_waves_are_folded_where_people_are_counted(tmp_path: Path) -> None:
    pilot = Pilot()
    later = "".join(
        f'[[waves]]\nname = "w{k}"\nlabel = "Later {k}"\nmonths = {7 + k}\n\n' for k in range(8)
    )
    pilot = pilot.replace('[[outcomes]]\nname = "skill"', f'{later}[[outcomes]]\nname = "skill"')
    after = [row for row in pilot.measures if row["wave"] == "post"]
    pilot.measures += [{**row, "wave": f"w{k}"} for row in after for k in range(8)]
    evaluation = evaluate(pilot.write(tmp_path))
    html = evaluation.section("flow").html()
    picture = html[html.index("<svg") : html.index("</svg>")]
    assert "Answered: Later 7" in picture
    assert "Answered: Later 3" not in picture
    assert "The waves between are in the table." in text_of(html)
    assert html.count("Later 3") == 8  # answered and analysed, in two arms, of two roles
    left = evaluation.section("attrition").html()
    opened = left[: left.index("<details")]
    assert "Later 7" in opened
    assert "Later 3" not in opened
    assert "Later 3" in left


def test_reasons_of_many_waves_are_told_once(tmp_path: Path) -> None:
    pilot = three_waves()
    for row in pilot.participants:
        row["arm"] = "programme"
    said = text_of(evaluate(pilot.write(tmp_path)).section("outcomes").html())
    assert said.count("fewer than 2 people") == 2  # outcomes: not outcomes times waves
    assert "The same holds for 1 more of them." in said


def test_an_arm_without_people_is_named_where_the_missing_are(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.participants = [{**row, "arm": "programme"} for row in pilot.participants]
    said = text_of(evaluate(pilot.write(tmp_path)).section("lost").html())
    assert "no difference that could be otherwise" in said
    assert "the study would need" not in said


def test_two_arms_before_the_end_are_two_and_told_apart(tmp_path: Path) -> None:
    pilot = Pilot().replace("end = 2026-07-12", "end = 2027-07-12")
    pilot.measures = [row for row in pilot.measures if row["wave"] == "pre"]
    said = text_of(evaluate(pilot.write(tmp_path)).section("baseline").html())
    assert "no comparison group" not in said
    assert "planned end of the programme" in said
    scores = said[said.index("Scores at Before") :]
    assert scores.count("Reverse mentoring") == scores.count("Later") == 2  # two outcomes


PLAN = """\
[plan]
title = "What we ask"

[[question]]
id = "early-skill"
analysis = "pre_post"
role = "senior"
outcome = "skill"
wave = "{wave}"
primary = true
why = "Skill should come early."
"""


def test_differences_of_both_roles_before_the_start_have_rows_of_their_own(tmp_path: Path) -> None:
    pilot = Pilot().replace('label = "Confidence"\nrole = "junior"', 'label = "Ease"\nrole = "all"')
    asked = [row for row in pilot.measures if row["item"] == "confidence"]
    pilot.measures += [{**row, "person": row["person"].replace("J", "S")} for row in asked]
    html = evaluate(pilot.write(tmp_path)).section("baseline").html()
    picture = html[html.index("<svg") : html.index("</svg>")]
    assert "Ease, Juniors" in picture
    assert "Ease, Seniors" in picture


def three_waves() -> Pilot:
    """The twelve pairs with a wave between, answered as the last one is."""
    middle = '[[waves]]\nname = "mid"\nlabel = "Half way"\ndate = 2026-04-05\nmonths = 3\n\n'
    pilot = Pilot().replace('[[waves]]\nname = "post"', f'{middle}[[waves]]\nname = "post"')
    again = [{**row, "wave": "mid"} for row in pilot.measures if row["wave"] == "post"]
    pilot.measures += again
    return pilot


def one_group(pilot: Pilot) -> Pilot:
    pilot.replace('kind = "randomised"', 'kind = "single-group"')
    pilot.toml = re.sub(r'\[\[design\.arms\]\]\nname = "later".*?\n\n', "", pilot.toml, flags=re.S)
    for row in pilot.participants:
        row["arm"] = "programme"
    return pilot


def test_a_planned_change_before_the_last_wave_is_answered(tmp_path: Path) -> None:
    one_group(three_waves()).write(tmp_path)
    (tmp_path / "plan.toml").write_text(PLAN.format(wave="mid"), "utf-8")
    found = evaluate(tmp_path)
    primary = found.findings.primary
    assert primary is not None
    assert (primary.estimate.outcome, primary.estimate.wave) == ("skill", "mid")
    # the middle wave was answered as the last one: the two changes are the same
    last = found.findings.result("pre_post", "skill")
    assert last is not None
    assert last.estimates[0].wave == "post"
    assert primary.estimate.value == pytest.approx(last.estimates[0].value, abs=1e-12)
    assert "No plan names" not in text_of(found.section("answer").html())
    assert "Asked, but not answered" not in text_of(found.section("plan").html())


def test_a_primary_question_without_an_answer_is_said_on_page_one(tmp_path: Path) -> None:
    three_waves().write(tmp_path)
    (tmp_path / "plan.toml").write_text(PLAN.format(wave="post"), "utf-8")
    said = text_of(evaluate(tmp_path).section("answer").html())
    assert "primary question (early-skill) has no answer" in said
    assert "No plan names" not in said
