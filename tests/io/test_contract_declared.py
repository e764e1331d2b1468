"""Contradictions within study.toml, each planted in a sound one and named by its key."""

from __future__ import annotations

from pathlib import Path

import pytest
from pilot_files import TOML

from rmresearch.errors import Problem
from rmresearch.io.contract.declared import declaration_problems
from rmresearch.io.schema import to_design
from rmresearch.io.toml import read_toml

ORDINAL = 'kind = "ordinal"\n'
PEOPLE = 'file = "participants.csv"\n'
ANSWERS = 'file = "measures.csv"\n'
EXTRA = '[[outcomes]]\nname = "extra"\nlabel = "Extra"\nrole = "all"\n'


def problems(text: str, folder: Path) -> list[Problem]:
    path = folder / "study.toml"
    path.write_text(text)
    file, _, wrong = read_toml(path)
    assert file is not None
    assert wrong == []
    return list(declaration_problems(file, path.name))


def test_the_sound_declaration_has_none(tmp_path: Path) -> None:
    assert problems(TOML, tmp_path) == []


def test_value_is_read_as_numbers_and_ranges(tmp_path: Path) -> None:
    more = '[value]\ncurrency = "EUR"\nprogramme_cost = [8_000, 10_000, 15_000]\nhours = 14\n'
    more += "[value.worth]\nskill = 400\nleft = [10_000, 20_000.5, 40_000]\n"
    path = tmp_path / "study.toml"
    path.write_text(TOML + more)
    file, _, wrong = read_toml(path)
    assert file is not None
    assert wrong == []
    assert list(declaration_problems(file, path.name)) == []
    design = to_design(file)
    assert design.costs == (
        ("programme_cost", (8_000.0, 10_000.0, 15_000.0)),
        ("hours", (14.0, 14.0, 14.0)),
    )
    assert dict(design.worth)["left"] == (10_000.0, 20_000.5, 40_000.0)
    assert design.currency == "EUR"


@pytest.mark.parametrize("wrong", ["hours = [1, 2]", "hours = -1", "hour = 3", 'hours = "2"'])
def test_values_that_are_none_are_named(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(f"{TOML}[value]\n{wrong}\n")
    _, _, problems = read_toml(path)
    assert len(problems) == 1
    assert "value" in problems[0].found


@pytest.mark.parametrize(
    ("old", "new", "found", "fix"),
    [
        ('"twelve-pairs"', '"con"', "study.name 'con' is reserved", "another name"),
        ("2026-07-12", "2026-01-01", "design.end lies before design.start", ""),
        ('name = "later"', 'name = "programme"', "design.arms names programme twice", ""),
        ('"randomised"', '"single-group"', "declares 2 arms (programme, later)", "comparison"),
        ("programme = true", "programme = false", "several arms have programme = false", ""),
        (
            "date = 2026-07-15\nmonths = 6\n",
            "",
            "waves.post is not placed in time",
            "months, or a date",
        ),
        (
            "date = 2026-07-15\nmonths = 6\n",
            "date = 2026-01-10\n",  # two days before design.start, where the baseline is month 0
            "waves are out of order: post (-0.06",
            "increasing",
        ),
        ('name = "post"', 'name = "pre"', "waves names pre twice", ""),
        ('"skill_2", ', '"skill_1", ', "outcomes.skill.items names skill_1 twice", ""),
        (
            ORDINAL,
            ORDINAL + 'waves = ["pst"]\n',
            "waves: 'pst' is not a wave",
            "Did you mean 'post'",
        ),
        (ORDINAL, ORDINAL + 'wave_labels.end = { "Not at all" = 1 }\n', "'end' is not a wave", ""),
        (
            "[tables.participants]",
            "[value]\nhourly_cost = [90, 60, 70]\n[tables.participants]",
            "hourly_cost is [90, 60, 70], which does not rise",
            "[low, most likely, high]",
        ),
        (
            "[tables.participants]",
            "[value.worth]\nskil = 400\n[tables.participants]",
            "value.worth: 'skil' is not an outcome",
            "Did you mean 'skill'",
        ),
        (ORDINAL, ORDINAL + "favourable = 7\n", "favourable 7 lies outside the range", ""),
        (
            "smallest_effect = 0.3",
            "smallest_effect = 4",
            "4 is the whole range 1 to 5",
            "matter",
        ),
        ("smallest_effect = 0.3", "pool_mean = 5.2", "pool_mean 5.2 lies outside the range", ""),
        ("range = [1, 5]", "range = [5, 1]", "the range 5 to 1 is empty", "lower code first"),
        ("range = [1, 5]\n", "", "reverse needs a range", "Declare range"),
        ('["Rather not say"]', '["Very"]', "Very is both a label and missing", ""),
        (
            ORDINAL,
            ORDINAL + 'timing = "retrospective"\nwaves = ["pre"]\n',
            "is asked at the baseline",
            "after the start",
        ),
        (
            "smallest_effect = 0.3",
            'process = "safety"',
            "process = 'safety' beside kirkpatrick = 2",
            "Only reactions",
        ),
        (
            "[tables.participants]",
            EXTRA + 'items = ["skill_1"]\nrange = [1, 7]\n[tables.participants]',
            "outcomes skill and extra code item 'skill_1' differently",
            "the same range",
        ),
        ("title =", "linked = false\ntitle =", "tables.participants needs person ids", ""),
        (f"[tables.participants]\n{PEOPLE}", "", "no table gives the participants", "linked"),
        (PEOPLE, "file = []\n", "tables.participants.file names no file", ""),
        (PEOPLE, PEOPLE + 'columns = { persn = "x" }\n', "'persn' is no column", "'person'"),
        (PEOPLE, PEOPLE + 'constants = { rol = "junior" }\n', "constants: 'rol'", "'role'"),
        (PEOPLE, PEOPLE + 'values.depart = { a = "b" }\n', "values: 'depart'", "'department'"),
        (
            PEOPLE,
            PEOPLE + 'columns = { role = "x" }\nconstants = { role = "junior" }\n',
            "gives role both a column and a constant",
            "",
        ),
        (PEOPLE, PEOPLE + 'rename = { "x.csv" = { a = "b" } }\n', "rename: 'x.csv'", ""),
        (PEOPLE, PEOPLE + 'features = { level = "number" }\n', "repeats our own columns", ""),
        (PEOPLE, PEOPLE + 'only = ["skill_1"]\n', "only belongs to measures", ""),
        (ANSWERS, ANSWERS + 'features = { a = "text" }\n', "belongs to the participants", ""),
        (ANSWERS, ANSWERS + 'only = ["skill_9"]\n', "only: 'skill_9' is no declared item", ""),
        (ANSWERS, ANSWERS + 'waves = { pre = "{item}" }\n', 'is for layout = "wide"', ""),
        (ANSWERS, ANSWERS + 'items = { skill_1 = "a" }\n', 'is for layout = "by-wave"', ""),
        (ANSWERS, ANSWERS + 'layout = "wide"\n', "waves is missing in a wide table", "{item}"),
        (
            ANSWERS,
            ANSWERS + 'layout = "wide"\nwaves = { pre = "Q_pre" }\n',
            "has neither {item} nor {n}",
            "",
        ),
        (
            ANSWERS,
            ANSWERS + 'layout = "wide"\nwaves = { prae = "{item}" }\n',
            "waves: 'prae' is not a wave",
            "Did you mean 'pre'",
        ),
        (
            ANSWERS,
            ANSWERS + 'layout = "wide"\nitems = { skill_1 = "a" }\n',
            "in a wide table stands by wave",
            "items.WAVE",
        ),
        (
            ANSWERS,
            ANSWERS + 'layout = "wide"\nitems.pre = { skil_1 = "a" }\n',
            "'skil_1' is no declared item",
            "'skill_1'",
        ),
        (
            ANSWERS,
            ANSWERS + 'layout = "by-wave"\nitems = { skil_1 = "a" }\n',
            "'skil_1' is no declared item",
            "'skill_1'",
        ),
    ],
)
def test_a_contradiction_is_named(old: str, new: str, found: str, fix: str, tmp_path: Path) -> None:
    wrong = problems(TOML.replace(old, new, 1), tmp_path)
    assert any(found in one.found and fix in one.fix for one in wrong), [str(p) for p in wrong]
    assert {(one.file, one.severity) for one in wrong} == {("study.toml", "error")}


def test_an_adaptation_outside_the_programme_is_a_warning(tmp_path: Path) -> None:
    change = '[[design.adaptations]]\ndate = 2027-01-01\nwhat = "More meetings"\n\n[[waves]]'
    (one,) = problems(TOML.replace("[[waves]]", change, 1), tmp_path)
    assert one.severity == "warning"
    assert "the adaptation of 2027-01-01" in one.found


def test_another_wording_with_the_same_codes_is_fine(tmp_path: Path) -> None:
    new = 'wave_labels.post = { "1" = 1, "2" = 2, "3" = 3, "4" = 4, "5" = 5 }\nmissing = ['
    assert problems(TOML.replace("missing = [", new), tmp_path) == []


def test_one_wave_needs_no_baseline(tmp_path: Path) -> None:
    start = TOML.index('[[waves]]\nname = "post"')
    text = TOML[:start] + TOML[TOML.index("[[outcomes]]") :]
    assert problems(text.replace("baseline = true\n", ""), tmp_path) == []
