"""Half filled in: check says exactly what is missing, where, all at once, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from filling import open_book, write

from rmresearch.errors import StudyError
from rmresearch.io.check import check
from rmresearch.io.mapping.opening import EXAMPLES
from rmresearch.io.read import read_study

PEOPLE = [
    {"Person": "007", "Role": "senior", "Group": "programme", "Department": "Sales", "Level": 5},
    {"Person": "008", "Role": "junior", "Group": "programme"},
    {"Person": "010", "Role": "senior", "Group": "waiting"},
    {"Person": "011", "Role": "junior", "Group": "waiting"},
]
PAIRS = [
    {"Pair": "1", "Junior": "008", "Senior": "007"},
    {"Pair": "2", "Junior": "011", "Senior": "010"},
]
DAY = dt.datetime(2025, 9, 20)
#: state -> what is filled in, and each problem as (sheet, row, column, words that it has)
STATES: Mapping[str, tuple[Mapping[str, Sequence[Mapping[str, Any]]], list[tuple[Any, ...]]]] = {
    "nothing": ({}, [("Participants", None, None, "no rows. Fill it in")]),
    "people only": ({"Participants": PEOPLE}, []),
    "people and pairs, no survey yet": ({"Participants": PEOPLE, "Pairs": PAIRS}, []),
    "ids listed ahead of the answers": (
        {"Participants": PEOPLE, "Survey month3": [{"Person": "007"}, {"Person": "008"}]},
        [],
    ),
    "people half described": (
        {
            "Participants": [
                {"Person": "007", "Role": "senior"},
                {"Person": "008", "Role": "mentor", "Group": "programme"},
                {"Role": "junior", "Group": "waitin"},
                {"Person": "007", "Role": "senior", "Group": "waiting", "Level": "high"},
            ]
        },
        [
            ("Participants", 2, "Group", "without arm"),
            ("Participants", 3, "Role", "neither junior nor senior"),
            ("Participants", 4, "Person", "without id"),
            ("Participants", 4, "Group", "Did you mean 'waiting'"),
            ("Participants", 5, "Person", "listed twice (first in row 2)"),
            ("Participants", 5, "Level", "not a number"),
        ],
    ),
    "pairs with unknown people": (
        {
            "Participants": PEOPLE,
            "Pairs": [
                {"Pair": "1", "Junior": "008", "Senior": "7"},
                {"Pair": "2", "Junior": "099", "Senior": "010"},
                {"Pair": "3", "Junior": "011"},
                {"Pair": "4", "Junior": "010", "Senior": "007"},
            ],
        },
        [
            ("Pairs", 2, "Senior", "There is '007': zeros in front were lost"),
            ("Pairs", 3, "Junior", "not a participant"),
            ("Pairs", 4, "Senior", "without its senior"),
            ("Pairs", 5, "Junior", "the junior of this pair is a senior"),
        ],
    ),
    "answers mistyped": (
        {
            "Participants": PEOPLE,
            "Pairs": PAIRS,
            "Survey start": [
                {"Person": "007", "Digital 1": "Agre", "Digital 2": 6},
                {"Person": "099", "Digital 1": "Agree", "Digital 2": "Agree"},
                {"Digital 1": "Agree"},
                {"Person": "008", "Confidence 1": "Agree"},
                {"Person": "008", "Confidence 1": "Agree"},
            ],
            "Survey month3": [{"Person": "007", "Recommend": 11}],
        },
        [
            ("Survey month3", 2, "Recommend", "outside its range"),
            ("Survey start", 2, "Digital 1", "Did you mean 'Agree'"),
            ("Survey start", 2, "Digital 2", "outside its range"),
            ("Survey start", 3, "Person", "does not take part [099]"),
            ("Survey start", 4, None, "without person"),
            ("Survey start", 6, "Person", "stand twice (first in row 5)"),
        ],
    ),
    "meetings and events half noted": (
        {
            "Participants": PEOPLE,
            "Pairs": [PAIRS[0] | {"Started": "soon"}, PAIRS[1]],
            "Meetings": [
                {"Pair": "1", "Date": DAY},
                {"Pair": "9", "Date": DAY, "Held": "yes"},
                {"Date": DAY, "Held": "maybe"},
                {"Pair": "2", "Held": "no", "Minutes": 2000},
            ],
            "Events": [{"Person": "007", "Event": "leave"}, {"Event": "left"}],
        },
        [
            ("Events", 2, "Event", "no analysis knows"),
            ("Events", 3, "Person", "without person"),
            ("Meetings", 2, "Held", "Say yes or no"),
            ("Meetings", 3, "Pair", "not among the pairs [9]"),
            ("Meetings", 4, "Held", "neither yes nor no"),
            ("Meetings", 4, "Pair", "without pair"),
            ("Meetings", 5, None, "without date"),
            ("Meetings", 5, "Minutes", "not between 0 and 1440"),
            ("Pairs", 2, "Started", "not a date"),
        ],
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_check_names_what_is_missing_and_nothing_else(pilot: Path, state: str) -> None:
    filled, expected = STATES[state]
    book = open_book(pilot)
    for name, rows in filled.items():
        write(book[name], rows)
    book.save(pilot / "data" / "data.xlsx")
    report = check(pilot)
    found = [(p.sheet, p.row, p.column, str(p)) for p in report.problems]
    assert len(found) == len(expected), "\n".join(text for *_, text in found)
    for sheet, row, column, words in expected:
        mine = [text for *place, text in found if place == [sheet, row, column] and words in text]
        assert len(mine) == 1, (sheet, row, column, words)
    assert {problem.file for problem in report.problems} <= {"data.xlsx"}
    for warning in report.warnings:
        if warning.rule == "no-rows":
            assert warning.fix.startswith("Fine if there is nothing yet")


def test_nothing_is_evaluated_while_an_example_is_there(pilot: Path) -> None:
    report = check(pilot)
    places = [(problem.sheet, problem.row) for problem in report.problems]
    assert places == [
        *(("Events", 2), ("Meetings", 2), ("Pairs", 2), ("Participants", 2), ("Participants", 3)),
        *((f"Survey {wave}", row) for wave in ("month3", "month6", "start") for row in (2, 3)),
    ]  # fmt: skip
    assert {problem.rule for problem in report.problems} == {"example-row"}
    assert report.abilities == ()
    with pytest.raises(StudyError, match="example row"):
        read_study(pilot)


@pytest.mark.parametrize("left", EXAMPLES[:3])
def test_one_example_left_among_people_is_found_and_left_out(pilot: Path, left: str) -> None:
    book = open_book(pilot)
    write(book["Participants"], PEOPLE)
    write(book["Pairs"], PAIRS)
    if left == EXAMPLES[2]:
        write(book["Meetings"], [{"Pair": "1", "Date": DAY, "Held": "yes"}] * 3)
        book["Meetings"]["A3"] = left
    else:
        rows = [{"Person": "007", "Digital 1": "Agree"}, {"Person": left, "Digital 1": "Agree"}]
        write(book["Survey start"], rows)
    book.save(pilot / "data" / "data.xlsx")
    problems = check(pilot).problems
    assert [(problem.rule, problem.row) for problem in problems] == [("example-row", 3)]
    assert problems[0].value is None


def test_no_entry_of_an_example_is_ever_taken_for_data(pilot: Path) -> None:
    """Each entry of each example row, alone in a row that is otherwise filled in as it should."""
    given = openpyxl.load_workbook(pilot / "data" / "data.xlsx")
    book = open_book(pilot)
    write(book["Participants"], PEOPLE)
    write(book["Pairs"], PAIRS)
    right = {
        "Participants": PEOPLE[0],
        "Pairs": PAIRS[0],
        "Meetings": {"Pair": "1", "Date": DAY, "Held": "yes"},
        "Events": {"Person": "007", "Event": "left"},
    }
    expected = set()
    for name in given.sheetnames[2:-2]:
        heads = [cell.value for cell in given[name][1]]
        entries = {
            (head, text)  # the same one twice is one problem
            for row in given[name].iter_rows(min_row=2, values_only=True)
            for head, text in zip(heads, row, strict=True)
            if text
        }
        line = {"Participants": 6, "Pairs": 4}.get(name, 2)
        for number, (head, text) in enumerate(sorted(entries)):
            person = {"Person": f"x{number}"} if name == "Participants" else {}
            pair = {"Pair": f"x{number}"} if name == "Pairs" else {}
            kept = right.get(name, {"Person": "007"}) | person | pair | {head: text}
            for place, cell in enumerate(heads, 1):
                book[name].cell(line, place).value = kept.get(cell)
            expected.add((name, line))
            line += 1
    book.save(pilot / "data" / "data.xlsx")
    found = {(problem.sheet, problem.row) for problem in check(pilot).problems}
    assert len(expected) > 60
    assert found >= expected


def test_an_id_that_only_looks_like_an_example_is_somebody(pilot: Path) -> None:
    book = open_book(pilot)
    write(book["Participants"], [one | {"Person": f"EX-{one['Person']}"} for one in PEOPLE])
    book.save(pilot / "data" / "data.xlsx")
    assert check(pilot).problems == ()


def test_sheets_that_were_renamed_or_headings_that_were_unlocked(pilot: Path) -> None:
    book = open_book(pilot)
    write(book["Participants"], PEOPLE)
    book["Pairs"].title = "Tandems"
    book["Participants"]["C1"] = "Arm"
    book.save(pilot / "data" / "data.xlsx")
    found = {(p.rule, p.sheet) for p in check(pilot).problems}
    assert ("unknown-sheet", "Pairs") in found
    assert ("unknown-column", "Participants") in found


def test_the_workbook_may_be_taken_for_what_it_is(pilot: Path) -> None:
    """Nobody else's example rows: a file from elsewhere with such ids is refused all the same."""
    (pilot / "data" / "people.csv").write_text("Person,Role\nEX-SENIOR-1,senior\n", "utf-8")
    toml = pilot / "study.toml"
    text = toml.read_text("utf-8")
    start = text.index("[[tables.participants]]")
    end = text.index("[[tables.pairs]]")
    table = '[[tables.participants]]\nfile = "people.csv"\ncolumns.person = "Person"\n'
    toml.write_text(f'{text[:start]}{table}columns.role = "Role"\n\n{text[end:]}', "utf-8")
    assert ("people.csv", 2) in {(p.file, p.row) for p in check(pilot).problems
                                 if p.rule == "example-row"}  # fmt: skip


def test_an_open_workbook_is_as_good_as_a_copy(pilot: Path) -> None:
    """Excel leaves a lock file beside an open workbook: it is none of ours."""
    (pilot / "data" / "~$data.xlsx").write_bytes(b"\x05Somebody")
    book = open_book(pilot)
    write(book["Participants"], PEOPLE)
    book.save(pilot / "data" / "data.xlsx")
    assert check(pilot).problems == ()
    assert openpyxl.load_workbook(pilot / "data" / "data.xlsx")["Participants"]["A2"].value == "007"
