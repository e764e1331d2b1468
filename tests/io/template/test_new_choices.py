"""Answers as text: what each takes, and everything wrong at once."""

from __future__ import annotations

import datetime as dt

import pytest

from rmresearch.io.template.asking import asked
from rmresearch.io.template.choices import Choices, answer, chosen, study_name
from rmresearch.io.template.questions import questions


def test_defaults_are_answers() -> None:
    choices, wrong = chosen("my-pilot", {})
    assert wrong == []
    assert choices is not None
    assert (choices.name, choices.comparison, choices.months) == ("my-pilot", "waitlist", (3, 6))
    assert choices.start is None
    assert choices.departments
    assert len(choices.outcomes) == 9
    assert chosen("my-pilot", dict.fromkeys(questions()))[0] == choices, "None is the default"


def test_every_question_reads_its_answer() -> None:
    given = {
        "title": " Two  ways ",
        "organisation": 'Müller & Söhne "AG"',
        "comparison": "lot",
        "start": "2027-02-28",
        "waves": "1, 2,12",
        "meetings": "6",
        "answers": "german",
        "departments": "no",
        "outcomes": "burden, digital_skill",
        "instruments": "uwes-9,recommend",
    }
    assert set(given) == set(questions())
    choices, wrong = chosen("a_1", given)
    assert wrong == []
    assert isinstance(choices, Choices)
    assert choices.title == "Two  ways"
    assert choices.organisation == 'Müller & Söhne "AG"'
    assert choices.start == dt.date(2027, 2, 28)
    assert choices.months == (1, 2, 12)
    assert choices.meetings == 6
    assert not choices.departments
    assert choices.outcomes == ("burden", "digital_skill"), "in the order given"
    assert [one.name for one in choices.instruments] == ["uwes-9", "recommend"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("title", " ", "at least 1 character"),
        ("title", "a\u202eb", "U+202E"),
        ("title", "x" * 301, "300"),
        ("organisation", "\x07", "U+0007"),
        ("comparison", "waitinglist", "Did you mean 'waitlist'"),
        ("start", "01.02.2027", "as 2027-01-15"),
        ("start", "2027-02-30", "as 2027-01-15"),
        ("start", "1949-01-01", "between 1950"),
        ("waves", "6,3", "rising"),
        ("waves", "3,3", "rising"),
        ("waves", "0,3", "rising"),
        ("waves", "61", "rising"),
        ("waves", "", "whole months"),
        ("waves", "3;6", "whole months"),
        ("waves", ",".join(map(str, range(1, 14))), "at most 12"),
        ("meetings", "0", "from 1 to 500"),
        ("meetings", "twelve", "from 1 to 500"),
        ("answers", "germann", "Did you mean 'german'"),
        ("departments", "Yes", "Did you mean 'yes'"),
        ("outcomes", "digtal_skill", "Did you mean 'digital_skill'"),
        ("instruments", "uwes", "Did you mean uwes-9"),
        ("instruments", "leadership-self-efficacy", "--into FOLDER --range"),
    ],
)
def test_what_cannot_be_is_refused_with_what_could(name: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"--") as refused:
        answer(name, text)
    assert str(refused.value).startswith(f"--{name} ")
    assert said in str(refused.value)


def test_everything_wrong_is_said_at_once() -> None:
    given = {"comparison": "x", "start": "x", "waves": "x", "meetings": "x", "answers": "x"}
    choices, wrong = chosen("My Pilot", given)
    assert choices is None
    assert len(wrong) == 6
    assert "as my-pilot" in wrong[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"outcomes": "none"}, "nothing is asked"),
        ({"instruments": "recommend"}, "asked twice: recommend"),
        ({"outcomes": "none", "instruments": "uwes-9,uwes-9"}, ""),
    ],
)
def test_outcomes_and_instruments_fit_together(given: dict[str, str], said: str) -> None:
    choices, wrong = chosen("p", given)
    assert (choices is None) == bool(said)
    assert [said in line for line in wrong] == [True] * bool(said)


@pytest.mark.parametrize("name", ["con", "lpt1", "-a", "Ä", "a b", "", "a" * 65, ".git"])
def test_a_name_that_no_study_can_have(name: str) -> None:
    with pytest.raises(ValueError, match=r"folder's name"):
        study_name(name)


def test_a_person_is_asked_what_no_flag_says_until_it_can_be() -> None:
    typed = iter(["My study", "", "wait", "waitlist", "", "6", "8", "numbers", "yes"])
    shown: list[str] = []
    prompts: list[tuple[str, str]] = []

    def prompt(text: str, *, default: str, show_default: bool) -> str:
        assert show_default == bool(default)
        prompts.append((text, default))
        return next(typed)

    found = asked({"title": None, "meetings": None}, prompt=prompt, say=shown.append)
    assert found["title"] == "My study"
    assert found["comparison"] == "waitlist"
    assert (found["waves"], found["meetings"]) == ("6", "8")
    assert "outcomes" not in found, "a flag only"
    assert len(prompts) == 9, "eight questions, one of them twice"
    assert [line.split(":")[0].strip() for line in shown[:4]] == [
        *("waitlist", "lot", "colleagues", "none")
    ]  # fmt: skip
    assert "Did you mean 'waitlist'" in shown[4]
    assert next(typed, None) is None


def test_nobody_is_asked_what_a_flag_says() -> None:
    given = {name: question.default for name, question in questions().items()}

    def prompt(*_: object, **__: object) -> str:
        raise AssertionError("asked")

    assert asked(given, prompt=prompt, say=print) == given
