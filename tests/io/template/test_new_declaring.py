"""study.toml and plan.toml of every choice are what `check` accepts, and say what was chosen."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import pytest

from rmresearch.declared import Design
from rmresearch.instruments import instruments
from rmresearch.io.contract.declared import declaration_problems
from rmresearch.io.schema import StudyFile, to_design
from rmresearch.io.template.choices import Choices, chosen
from rmresearch.io.template.declaring import plan_text, readme_text, study_text
from rmresearch.io.template.words import catalogue
from rmresearch.io.toml import read_toml
from rmresearch.plan import read_plan

COMPARISONS = ("waitlist", "lot", "colleagues", "none")
ANSWERS = ("english", "german", "french", "numbers")


def choose(**given: str) -> Choices:
    choices, wrong = chosen("a-pilot", given)
    assert wrong == []
    assert choices is not None
    return choices


def declared(folder: Path, choices: Choices) -> tuple[StudyFile, Design]:
    """What the text says, once nothing is wrong with it, plan included."""
    text = study_text(choices)
    (folder / "study.toml").write_text(text, "utf-8")
    file, _, problems = read_toml(folder / "study.toml")
    assert problems == []
    assert file is not None
    assert list(declaration_problems(file, "study.toml")) == [], "no warning either"
    design = to_design(file)
    (folder / "plan.toml").write_text(plan_text(choices, design), "utf-8")
    read_plan(folder, design)
    return file, design


@pytest.mark.parametrize(
    ("comparison", "answers", "departments"),
    list(itertools.product(COMPARISONS, ANSWERS, ["yes", "no"])),
)
def test_every_choice_is_a_study_and_a_plan(
    tmp_path: Path, comparison: str, answers: str, departments: str
) -> None:
    choices = choose(comparison=comparison, answers=answers, departments=departments)
    file, design = declared(tmp_path, choices)
    kinds = {"waitlist": "waitlist", "lot": "randomised", "colleagues": "comparison"}
    assert design.kind == kinds.get(comparison, "single-group")
    assert design.unit == ("pair" if comparison == "waitlist" else "person")
    assert (design.comparison is None) == (comparison == "none")
    columns = file.tables.participants[0].columns
    assert ("department" in columns) == (departments == "yes")
    assert ("arm" in columns) == (comparison != "none")
    assert ("crossover_date" in columns) == (comparison == "waitlist")
    skill = design.outcome("digital_skill")
    assert len(skill.labels) == (0 if answers == "numbers" else 5)
    assert (skill.low, skill.high) == (1, 5)
    plan = read_plan(tmp_path, design)
    assert plan.primary.outcome == "digital_skill"
    assert plan.primary.analysis == ("pre_post" if comparison == "none" else "compare_arms")
    assert {question.role for question in plan.questions} == {"senior", "junior"}
    assert max(map(len, study_text(choices).splitlines())) <= 110


def test_waves_and_dates(tmp_path: Path) -> None:
    _, design = declared(tmp_path, choose(waves="1,6,18", start="2026-08-31"))
    assert [wave.name for wave in design.waves] == ["start", "month1", "month6", "month18"]
    assert [wave.months for wave in design.waves] == [0, 1, 6, 18]
    assert design.start == dt.date(2026, 8, 31)
    assert design.end == dt.date(2028, 2, 29), "18 months later; February 2028 has 29 days"
    assert design.outcome("satisfaction").waves == ("month1", "month6", "month18")
    assert read_plan(tmp_path, design).primary.wave == "month18"
    _, design = declared(tmp_path, choose(waves="1"))
    assert (design.start, design.end) == (None, None)


@pytest.mark.parametrize("one", [i for i in instruments() if i.bounds], ids=lambda i: i.name)
def test_each_instrument_with_a_known_scale_can_be_all_that_is_asked(
    tmp_path: Path, one: object
) -> None:
    choices = choose(outcomes="none", instruments=str(getattr(one, "name", "")))
    _, design = declared(tmp_path, choices)
    plan = read_plan(tmp_path, design)
    asked = design.outcome(plan.primary.outcome)
    learned = [o for o in design.outcomes if o.kirkpatrick > 1 and len(o.waves) > 1]
    assert asked == (learned or list(design.outcomes))[0]
    assert (plan.primary.analysis == "reaction") == (asked.kirkpatrick == 1)


def test_texts_with_quotes_and_dollars_stay_what_they_are(tmp_path: Path) -> None:
    choices = choose(title='The "$title" of $x\\y', organisation="$organisation")
    _, design = declared(tmp_path, choices)
    assert design.title == 'The "$title" of $x\\y'
    assert design.organisation == "$organisation"
    assert '# The "$title" of $x\\y' in readme_text(choices)


def test_every_language_has_every_question_and_answer() -> None:
    words = catalogue("words")
    for name, one in words["outcomes"].items():
        counts = {len(one[language]) for language in ("english", "german", "french")}
        assert len(counts) == 1, name
        assert not one.get("words") or one["words"] in words["answers"]["english"], name
    for language, answers in words["answers"].items():
        for wording in answers.values():
            assert len(set(wording)) == 5, language
    assert "none" not in words["outcomes"], "it says that nothing is asked"


def test_the_readme_says_when_the_lot_is_drawn() -> None:
    assert "draw the lot" in readme_text(choose(comparison="waitlist"))
    assert "draw the lot" not in readme_text(choose(comparison="none"))
