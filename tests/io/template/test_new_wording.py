"""The questions' words: ours by the language of the answers, a scale's where they are free."""

from __future__ import annotations

from rmresearch.files import parse_toml
from rmresearch.instruments import blocks, instrument
from rmresearch.io.schema import StudyFile
from rmresearch.io.template.choices import chosen
from rmresearch.io.template.declaring import study_text
from rmresearch.io.template.wording import listed, wordings


def study(more: str = "", **given: str) -> StudyFile:
    choices, wrong = chosen("p", given)
    assert choices is not None, wrong
    return StudyFile.model_validate(parse_toml(study_text(choices) + more))


def test_the_questions_are_in_the_language_of_the_answers() -> None:
    assert wordings(study())["Digital 6"] == "I can help others with digital tools."
    german = wordings(study(answers="german"))
    assert german["Digital 6"] == "Ich kann anderen bei digitalen Werkzeugen helfen."
    assert german["Recommend"].startswith("Wie wahrscheinlich"), "though it has no labels"
    assert wordings(study(answers="numbers"))["Time"] == "We find the time to meet."


def test_free_words_of_a_scale_are_there_and_others_say_where_they_are() -> None:
    found = wordings(study(instruments="self-efficacy-ipip,psychological-safety"))
    free, bound = instrument("self-efficacy-ipip"), instrument("psychological-safety")
    for number, text in enumerate(free.wording.texts, 1):
        assert found[f"self_efficacy_ipip_{number}"] == text
    words = found["psychological_safety_3"]
    assert "question 3 of 7" in words
    assert bound.wording.where in words


def test_an_outcome_of_ones_own_asks_for_its_words() -> None:
    own = '\n[[outcomes]]\nname = "pride"\nlabel = "Pride"\nrole = "all"\nrange = [1, 7]\n'
    two = own.replace("pride", "calm").replace("range", 'items = ["c1", "c2"]\nrange')
    found = wordings(study(own + two))
    assert found["pride"] == "Pride. Write your wording here."
    assert found["c2"] == "Pride, question 2 of 2. Write your wording here."


def test_an_instrument_under_another_name_is_one_of_ones_own() -> None:
    more = blocks(instrument("uwes-9"), "spirit")
    assert "Write your wording" in wordings(study("\n" + more))["spirit_1"]


def test_the_list_says_of_whom_when_and_with_which_answers() -> None:
    rows = {row[0]: row for row in listed(study())}
    assert len(rows) == 6 + 5 + 4 + 6
    assert rows["Digital 1"][2:4] == ("seniors", "start, month3, month6")
    assert "worded the other way" in rows["Digital 4"][1]
    assert rows["Burden 1"][2] == "juniors"
    assert rows["Satisfied"][2:4] == ("both, if in the programme", "month3, month6")
    assert rows["Recommend"][4] == "0 to 10"
    assert rows["Time"][4].split("; ")[0] == "Strongly disagree"
    own = '\n[[outcomes]]\nname = "uses"\nlabel = "Uses"\nrole = "all"\nkind = "amount"\n'
    assert listed(study(own))[-1][4] == "a number"
