"""Sheets follow study.toml: what it maps, codes, asks and where it lies."""

from __future__ import annotations

import io

import openpyxl
import pytest

from rmresearch.errors import StudyError
from rmresearch.files import parse_toml
from rmresearch.io.mapping.opening import EXAMPLES
from rmresearch.io.schema import StudyFile
from rmresearch.io.template.choices import chosen
from rmresearch.io.template.declaring import study_text
from rmresearch.io.template.layout import HEADERS, SHEETS, survey
from rmresearch.io.template.sheets import Sheet, sheets
from rmresearch.io.template.wording import wordings
from rmresearch.io.template.workbook import workbook
from rmresearch.study import TABLES


def planned(change: tuple[str, str] = ("", ""), **given: str) -> dict[str, Sheet]:
    """The sheets of a new study, by name, with something changed in its study.toml."""
    choices, wrong = chosen("p", given)
    assert choices is not None, wrong
    text = study_text(choices)
    assert change[0] in text
    file = StudyFile.model_validate(parse_toml(text.replace(*change, 1) if change[0] else text))
    return {sheet.name: sheet for sheet in sheets(file, wordings(file))}


def headers(sheet: Sheet) -> list[str]:
    return [column.header for column in sheet.columns]


def test_the_layout_knows_our_columns_only() -> None:
    for table, named in HEADERS.items():
        assert set(named) <= set(TABLES[table])
        assert len(set(named.values())) == len(named)
    assert {*SHEETS, "measures"} == set(TABLES)
    assert len(survey("w" * 64)) == 31, "Excel's longest name of a sheet"


def test_sheets_stand_in_the_order_in_which_they_are_filled_in() -> None:
    assert list(planned()) == [
        *("Participants", "Pairs", "Survey start", "Survey month3", "Survey month6"),
        *("Meetings", "Events"),
    ]  # fmt: skip
    assert list(planned(waves="12"))[2:4] == ["Survey start", "Survey month12"]


def test_a_survey_has_the_questions_of_its_wave_and_says_whose_they_are() -> None:
    found = planned()
    assert len(found["Survey start"].columns) == 1 + 6 + 5 + 4
    assert headers(found["Survey month3"])[-6:] == [
        *("Satisfied", "Recommend", "Get on", "Open", "Time", "Willing")
    ]  # fmt: skip
    by_name = {column.header: column for column in found["Survey month3"].columns}
    assert by_name["Digital 4"].role == "senior"
    assert by_name["Digital 4"].options[0] == "Strongly disagree"
    assert by_name["Digital 4"].options[-1] == "Strongly agree"
    assert by_name["Recommend"].kind == "number"
    assert (by_name["Recommend"].low, by_name["Recommend"].high) == (0, 10)
    numbers = planned(answers="numbers")["Survey start"].columns[1]
    assert (numbers.kind, numbers.options, numbers.low, numbers.high) == ("number", (), 1, 5)


def test_examples_carry_their_ids_and_answer_what_their_role_is_asked() -> None:
    found = planned(start="2026-01-12")
    senior, junior, pair, *_ = EXAMPLES
    for sheet in found.values():
        for row in sheet.examples:
            assert set(row) <= set(headers(sheet))
            assert set(row.values()) & set(EXAMPLES), sheet.name
            said = [text for text in row.values() if text not in EXAMPLES]
            assert all(text.startswith("e.g. ") for text in said), "nothing that a column takes"
    assert found["Pairs"].examples[0]["Started"] == "e.g. 2026-01-12"
    assert found["Pairs"].examples[0]["Pair"] == pair
    first, second = found["Survey month3"].examples
    assert (first["Person"], second["Person"]) == (senior, junior)
    assert "Digital 1" in first
    assert "Digital 1" not in second
    assert "Burden 1" in second
    assert {"Time", "Recommend"} <= set(first) & set(second)


def test_the_sheets_follow_what_was_changed() -> None:
    consent = 'columns.role = "Role"\nconsent = { column = "Agrees", yes = ["agreed"] }'
    features = 'features = { age = "number", site = "text" }'
    people = planned(('columns.role = "Role"', f"{consent}\n{features}"))["Participants"]
    agreed = next(column for column in people.columns if column.header == "Agrees")
    assert agreed.options == ("agreed", "no")
    assert agreed.needed
    assert headers(people)[-2:] == ["age", "site"]
    mapped = 'columns.role = "Role"\nvalues.role = { Mentee = "senior", Mentor = "junior" }'
    people = planned(('columns.role = "Role"', mapped))["Participants"]
    assert people.columns[1].options == ("Mentee", "Mentor")
    assert [row["Role"] for row in people.examples] == ["e.g. Mentee", "e.g. Mentor"]
    ours = planned(('columns.person = "Person"\nlayout', "layout"))["Survey start"]
    assert headers(ours)[:2] == ["person", "Digital 1"], "under our own name"
    gone = planned(('columns.level = "Level"\n', ""))["Participants"]
    assert "Level" not in headers(gone)
    assert "Level" not in gone.examples[0]


def test_what_others_rate_and_what_records_tell_is_not_asked_in_a_survey() -> None:
    rated = planned(('name = "burden"', 'name = "burden"\nsource = "partner"'))
    assert "Burden 1" not in headers(rated["Survey start"])
    told = planned(('name = "burden"', 'name = "burden"\nsource = "record"'))
    kind = next(column for column in told["Events"].columns if column.header == "Event")
    assert kind.options == ("left", "promoted", "adopted", *(f"Burden {n}" for n in range(1, 5)))


def test_columns_that_are_joined_and_items_under_other_names() -> None:
    joined = planned(('columns.level = "Level"', 'columns.stratum = ["Site", "Grade"]'))
    assert headers(joined["Participants"])[-2:] == ["Site", "Grade"]
    renamed = 'layout = "by-wave"\nitems = { "Digital 2" = "I know tools" }'
    found = planned(('layout = "by-wave"', renamed))["Survey start"]
    assert headers(found)[1:4] == ["Digital 1", "I know tools", "Digital 3"]
    assert found.examples[0]["I know tools"] == "e.g. Agree"


def test_an_anonymous_survey_has_roles_and_no_ids() -> None:
    choices, _ = chosen("p", {"comparison": "none"})
    assert choices is not None
    content = parse_toml(study_text(choices))
    content["study"]["linked"] = False
    measures = [one | {"columns": {"role": "Role"}} for one in content["tables"]["measures"]]
    content["tables"] = {"measures": measures}
    file = StudyFile.model_validate(content)
    found = sheets(file, wordings(file))
    assert [sheet.name for sheet in found] == ["Survey start", "Survey month3", "Survey month6"]
    assert headers(found[0])[:2] == ["Role", "Digital 1"]
    assert found[0].columns[0].options == ("senior", "junior")
    assert [row["Role"] for row in found[0].examples] == ["e.g. senior", "e.g. junior"]
    assert openpyxl.load_workbook(io.BytesIO(workbook(file))).sheetnames[-1] == "Lists"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"Survey start"', '"pairs"'), "'pairs' is named for several tables"),
        (('"Survey start"', '"Lists"'), "are taken"),
        (('"Survey start"', '"a/b"'), "none of"),
        (('"Survey start"', f'"{"s" * 32}"'), "at most 31"),
        (('"Line manager"', '"Level"'), "two columns Level"),
    ],
)
def test_what_excel_takes_for_no_sheet_is_refused(change: tuple[str, str], said: str) -> None:
    with pytest.raises(StudyError) as refused:
        planned(change)
    assert said in str(refused.value)


def test_words_that_look_like_formulas_and_links_stay_words() -> None:
    choices, _ = chosen("p", {"outcomes": "time"})
    assert choices is not None
    text = study_text(choices).replace('"Strongly disagree"', '"=1+1"')
    text = text.replace('"Agree"', '"https://example.org"')
    consent = 'columns.role = "Role"\nconsent = { column = "Agrees", yes = ["@yes"] }'
    text = text.replace('columns.role = "Role"', f'{consent}\nfeatures = {{ age = "number" }}')
    book = openpyxl.load_workbook(io.BytesIO(workbook(StudyFile.model_validate(parse_toml(text)))))
    words = {cell.value for row in book["Lists"].iter_rows() for cell in row}
    assert {"=1+1", "https://example.org", "@yes", "no"} <= words
    assert all(cell.data_type == "s" for row in book["Lists"].iter_rows() for cell in row
               if cell.value)  # fmt: skip


def test_a_sheet_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(StudyError, match=r"Survey start.*by-wave.*constants.wave"):
        planned(('constants.wave = "start"\n', ""))
    choices, _ = chosen("p", {})
    assert choices is not None
    elsewhere = study_text(choices).replace('"data.xlsx"', '"export.xlsx"')
    file = StudyFile.model_validate(parse_toml(elsewhere))
    with pytest.raises(StudyError, match="names no sheet of data"):
        sheets(file, {})
