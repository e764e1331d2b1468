"""Every class of defect of the input contract, planted one at a time in a clean study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pilot_files import Pilot, fingerprint

from rmresearch.errors import StudyError
from rmresearch.io.check import check
from rmresearch.io.read import read_study

Plant = Callable[[Pilot], None]


@dataclass(frozen=True)
class Defect:
    """What to spoil, and the report that must follow: rule, file, row and a word of its text."""

    name: str
    plant: Plant
    rule: str
    file: str
    row: int | None = None
    says: str = ""
    value: str | None = None


def twice(table: str, index: int) -> Plant:
    def plant(pilot: Pilot) -> None:
        rows = getattr(pilot, table)
        rows.append(dict(rows[index]))

    return plant


def cell(table: str, index: int, column: str, value: str) -> Plant:
    def plant(pilot: Pilot) -> None:
        getattr(pilot, table)[index][column] = value

    return plant


def toml(old: str, new: str) -> Plant:
    def plant(pilot: Pilot) -> None:
        pilot.replace(old, new)

    return plant


def answer(person: str, wave: str, item: str, value: str) -> Plant:
    def plant(pilot: Pilot) -> None:
        pilot.answer(person, wave, item)["value"] = value

    return plant


def no_answers(wave: str, item: str) -> Plant:
    def plant(pilot: Pilot) -> None:
        pilot.measures = [
            row for row in pilot.measures if (row["wave"], row["item"]) != (wave, item)
        ]

    return plant


def crossover(pilot: Pilot) -> None:
    for row in pilot.participants:
        row["crossover_date"] = ""
    pilot.participants[20]["crossover_date"] = "2026-05-01"


def early_crossover(pilot: Pilot) -> None:
    pilot.replace('kind = "randomised"', 'kind = "waitlist"')
    for row in pilot.participants:
        row["crossover_date"] = ""
    waiting = next(row for row in pilot.participants if row["arm"] == "later")
    waiting["crossover_date"] = "2020-01-01"


def one_arm_study(pilot: Pilot) -> None:
    pilot.replace('kind = "randomised"', 'kind = "single-group"')
    head, rest = pilot.toml.split("[[design.arms]]", 1)
    pilot.toml = head + "[[waves]]" + rest.split("[[waves]]", 1)[1]


# measures.csv: five rows a pair and wave (four items of the senior, one of the junior), from row 2
DEFECTS = [
    Defect(
        "duplicate person",
        twice("participants", 3),
        "duplicate-person",
        "participants.csv",
        26,
        "first in row 5",
        "S02",
    ),
    Defect(
        "trimming makes a duplicate",
        cell("participants", 3, "person", "S01 "),
        "duplicate-person",
        "participants.csv",
        5,
        "first in row 3",
        "S01",
    ),
    Defect(
        "no person id", cell("participants", 3, "person", ""), "no-person", "participants.csv", 5
    ),
    Defect("no role", cell("participants", 3, "role", ""), "no-role", "participants.csv", 5),
    Defect(
        "role in capitals",
        cell("participants", 3, "role", "Senior"),
        "unknown-role",
        "participants.csv",
        5,
        "There is 'senior': capitals?",
        "Senior",
    ),
    Defect(
        "unknown role",
        cell("participants", 3, "role", "mentee"),
        "unknown-role",
        "participants.csv",
        5,
        "neither junior nor senior",
        "mentee",
    ),
    Defect(
        "unknown arm",
        cell("participants", 3, "arm", "programm"),
        "unknown-arm",
        "participants.csv",
        5,
        "Did you mean 'programme'",
        "programm",
    ),
    Defect("no arm", cell("participants", 3, "arm", ""), "no-arm", "participants.csv", 5),
    Defect(
        "level is text",
        cell("participants", 3, "level", "Director"),
        "not-a-number",
        "participants.csv",
        5,
    ),
    Defect("crossover without waitlist", crossover, "crossover", "participants.csv", 22),
    Defect("crossover before the start", early_crossover, "crossover", "participants.csv", 14),
    Defect(
        "duplicate pair",
        twice("pairs", 0),
        "duplicate-pair",
        "pairs.csv",
        14,
        "first in row 2",
        "P01",
    ),
    Defect(
        "pair without a member",
        cell("pairs", 2, "senior", ""),
        "no-member",
        "pairs.csv",
        4,
        "without its senior",
        "P03",
    ),
    Defect(
        "self-pair", cell("pairs", 2, "senior", "J03"), "self-pair", "pairs.csv", 4, value="P03"
    ),
    Defect(
        "wrong role in a pair",
        cell("pairs", 2, "senior", "J04"),
        "pair-role",
        "pairs.csv",
        4,
        "the senior of this pair is a junior",
        "P03",
    ),
    Defect(
        "member unknown",
        cell("pairs", 2, "senior", "S99"),
        "unknown-person",
        "pairs.csv",
        4,
        "not a participant",
        "S99",
    ),
    Defect(
        "own line manager",
        cell("participants", 4, "manager", "S03"),
        "own-manager",
        "pairs.csv",
        4,
        "line manager",
        "P03",
    ),
    Defect(
        "manager reports to junior",
        cell("participants", 5, "manager", "J03"),
        "own-manager",
        "pairs.csv",
        4,
        "line manager",
        "P03",
    ),
    Defect(
        "pair ends before it starts",
        cell("pairs", 5, "end", "2026-01-18"),
        "pair-dates",
        "pairs.csv",
        7,
        "ends before it starts",
        "P06",
    ),
    Defect(
        "meeting before pairing",
        cell("meetings", 4, "date", "2026-01-18"),
        "meeting-early",
        "meetings.csv",
        6,
        "before its pair started",
        "P03",
    ),
    Defect(
        "meeting after the end",
        cell("meetings", 4, "date", "2026-07-04"),
        "meeting-late",
        "meetings.csv",
        6,
        "after its pair ended",
        "P03",
    ),
    Defect(
        "meeting of an unknown pair",
        cell("meetings", 4, "pair", "P77"),
        "unknown-pair",
        "meetings.csv",
        6,
        value="P77",
    ),
    Defect("meeting without a date", cell("meetings", 4, "date", ""), "no-date", "meetings.csv", 6),
    Defect(
        "held is unclear",
        cell("meetings", 4, "held", "perhaps"),
        "unknown-value",
        "meetings.csv",
        6,
    ),
    Defect(
        "day and month",
        cell("meetings", 4, "date", "25/02/2026"),
        "date",
        "meetings.csv",
        6,
        "date_format",
        "25/02/2026",
    ),
    Defect(
        "serial number",
        cell("meetings", 4, "date", "46057"),
        "date",
        "meetings.csv",
        6,
        "serial number",
        "46057",
    ),
    Defect(
        "time zone",
        cell("meetings", 4, "date", "2026-02-04T10:00:00+02:00"),
        "date",
        "meetings.csv",
        6,
        "time zone",
    ),
    Defect(
        "record of a stranger",
        cell("records", 0, "person", "J88"),
        "unknown-person",
        "records.csv",
        2,
        value="J88",
    ),
    Defect(
        "unknown kind of record",
        cell("records", 0, "kind", "promotd"),
        "unknown-kind",
        "records.csv",
        2,
        "Did you mean 'promoted'",
        "promotd",
    ),
    Defect(
        "orphan answers",
        cell("measures", 4, "person", "J99"),
        "unknown-person",
        "measures.csv",
        6,
        value="J99",
    ),
    Defect(
        "unknown wave",
        cell("measures", 4, "wave", "Post"),
        "unknown-wave",
        "measures.csv",
        6,
        "Did you mean 'post'",
        "Post",
    ),
    Defect(
        "unknown item",
        cell("measures", 4, "item", "confidense"),
        "unknown-item",
        "measures.csv",
        6,
        "Did you mean 'confidence'",
        "confidense",
    ),
    Defect(
        "duplicate answer",
        twice("measures", 4),
        "duplicate-answer",
        "measures.csv",
        122,
        "first in row 6",
        "J01",
    ),
    Defect(
        "out of range",
        answer("S01", "pre", "skill_1", "6"),
        "out-of-range",
        "measures.csv",
        2,
        "skill_1",
        "6",
    ),
    Defect(
        "not a number",
        answer("S01", "pre", "skill_1", "three"),
        "not-a-number",
        "measures.csv",
        2,
        "skill_1 is not a number",
    ),
    Defect(
        "decimal comma",
        answer("S01", "pre", "skill_1", '"3,5"'),
        "not-a-number",
        "measures.csv",
        2,
        'decimal = ","',
    ),
    Defect(
        "between two codes",
        answer("J01", "pre", "confidence", "2.5"),
        "not-whole",
        "measures.csv",
        6,
        "whole codes",
        "2.5",
    ),
    Defect(
        "unmapped label",
        answer("J01", "pre", "confidence", "quite"),
        "unknown-label",
        "measures.csv",
        6,
        "Did you mean 'Quite'",
        "quite",
    ),
    Defect(
        "an item is not asked at post",
        no_answers("post", "skill_2"),
        "absent-item",
        "",
        None,
        "skill_2 of skill has no answers at wave post",
    ),
    Defect(
        "two arms in a single group",
        one_arm_study,
        "single-group",
        "participants.csv",
        14,
        "2 arms",
    ),
    Defect(
        "no comparison arm",
        toml("programme = false", "programme = true"),
        "declaration",
        "study.toml",
        None,
        "no arm has programme = false",
    ),
    Defect(
        "two baselines",
        toml("months = 6\n", "months = 6\nbaseline = true\n"),
        "declaration",
        "study.toml",
        None,
        "several waves are marked baseline",
    ),
    Defect(
        "no baseline",
        toml("baseline = true\n", ""),
        "declaration",
        "study.toml",
        None,
        "no wave is marked baseline",
    ),
    Defect(
        "waves out of order",
        toml("months = 6", "months = -1"),
        "declaration",
        "study.toml",
        None,
        "out of order",
    ),
    Defect(
        "wave dates out of order",
        toml("2026-07-15", "2026-01-04"),
        "declaration",
        "study.toml",
        None,
        "out of order",
    ),
    Defect(
        "reverse item of another scale",
        toml('["skill_4"]', '["skill_9"]'),
        "declaration",
        "study.toml",
        None,
        "Did you mean 'skill_4'",
    ),
    Defect(
        "labels outside the range",
        toml('"Very" = 5 }', '"Very" = 5 }\nrange = [1, 4]'),
        "declaration",
        "study.toml",
        None,
        "outside the range",
    ),
    Defect(
        "another scale at post",
        toml(
            "missing = [",
            'wave_labels.post = { "Not at all" = 1, "A bit" = 2, "Medium" = 3 }\nmissing = [',
        ),
        "declaration",
        "study.toml",
        None,
        "pre and post have different sets of codes",
    ),
    Defect(
        "reversed codes at post",
        toml(
            "missing = [",
            'wave_labels.post = { "Very" = 1, "Quite" = 2, "Somewhat" = 3, "A little" = 4, '
            '"Not at all" = 5 }\nmissing = [',
        ),
        "declaration",
        "study.toml",
        None,
        "another code",
    ),
    Defect(
        "gain at several waves",
        toml('kind = "ordinal"', 'kind = "ordinal"\ntiming = "gain"'),
        "declaration",
        "study.toml",
        None,
        "never subtracted",
    ),
    Defect(
        "two outcomes of one name",
        toml('name = "confidence"', 'name = "skill"'),
        "declaration",
        "study.toml",
        None,
        "outcomes names skill twice",
    ),
    Defect(
        "related to nothing",
        toml('kind = "ordinal"', 'kind = "ordinal"\nrelated = "skil"'),
        "declaration",
        "study.toml",
        None,
        "Did you mean 'skill'",
    ),
    Defect(
        "unknown key",
        toml("smallest_effect", "smalest_effect"),
        "toml-key",
        "study.toml",
        None,
        "Did you mean 'smallest_effect'",
    ),
    Defect(
        "wrong type",
        toml("smallest_effect = 0.3", 'smallest_effect = "0.3"'),
        "toml-type",
        "study.toml",
        None,
        "expected a number",
    ),
    Defect("not TOML", toml("[study]", "[study"), "toml", "study.toml", 1, "not TOML"),
    Defect(
        "file of another folder",
        toml('"pairs.csv"', '"../pairs.csv"'),
        "path",
        "../pairs.csv",
        None,
        "leads out",
    ),
    Defect(
        "file is absent",
        toml('"pairs.csv"', '"pair.csv"'),
        "file",
        "pair.csv",
        None,
        "Did you mean 'pairs.csv'",
    ),
    Defect(
        "a column that is not there",
        toml('file = "pairs.csv"', 'file = "pairs.csv"\ncolumns = { senior = "mentee" }'),
        "unknown-column",
        "pairs.csv",
        None,
        "tables.pairs.columns.senior",
    ),
]


#: what else one planted cell truly breaks; every other defect gives its own report alone
CONSEQUENCES = {
    "trimming makes a duplicate": {"unknown-person"},  # S02 is gone
    "no person id": {"unknown-person"},
    "self-pair": {"pair-role"},  # the junior stands on the senior's side
    "two outcomes of one name": {"unknown-item"},  # an outcome without items is its own item
}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_each_defect_is_named_once_with_its_place_and_nothing_else(
    defect: Defect, tmp_path: Path
) -> None:
    pilot = Pilot()
    defect.plant(pilot)
    folder = pilot.write(tmp_path / "pilot")
    before = fingerprint(folder)
    report = check(folder)
    mine = [problem for problem in report.problems if problem.rule == defect.rule]
    assert len(mine) == 1, report.lines()
    problem = mine[0]
    assert (problem.file or "", problem.row) == (defect.file, defect.row), str(problem)
    assert defect.says in str(problem)
    if defect.value is not None:
        assert problem.value == defect.value
    rules = {one.rule for one in report.problems}
    assert rules - {defect.rule} <= CONSEQUENCES.get(defect.name, set()), "a false alarm"
    with pytest.raises(StudyError) as raised:
        read_study(folder)
    assert raised.value.problems == report.problems
    assert fingerprint(folder) == before, "something was written"


def test_the_clean_study_has_no_problems_and_no_warnings(tmp_path: Path) -> None:
    report = check(Pilot().write(tmp_path))
    assert report.problems == ()
    assert report.warnings == ()
