"""Participants, pairs, meetings and records: columns, filters, consent, anonymous surveys."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from pilot_files import Pilot, Row, as_csv

from rmresearch.io.check import check
from rmresearch.io.read import load
from rmresearch.study import Study


def loaded(folder: Path) -> Study:
    found = load(folder)
    assert found.study is not None, [str(problem) for problem in found.findings.lines()]
    return found.study


def rules(folder: Path) -> list[str]:
    return [problem.rule for problem in check(folder).problems]


def consenting(refusing: set[str]) -> Pilot:
    pilot = Pilot().replace(
        'file = "participants.csv"',
        'file = "participants.csv"\nconsent = { column = "agreed", yes = ["yes"] }',
    )
    for row in pilot.participants:
        row["agreed"] = "no" if row["person"] in refusing else "yes"
    return pilot


def test_columns_constants_values_joins_and_features(tmp_path: Path) -> None:
    pilot = Pilot().replace(
        'file = "participants.csv"',
        'file = "participants.csv"\n'
        'columns = { person = "id", stratum = ["department", "site"], age = "years" }\n'
        'values.department = { "Sales" = "S" }\n'
        'values.level = { "Director" = 4 }\n'
        'rename = { "*" = { who = "id" } }\n'
        'features = { age = "number", site = "text" }',
    )
    for i, row in enumerate(pilot.participants):
        row["who"] = row.pop("person")
        row["site"], row["years"] = ("North", "") if i == 0 else ("South", str(30 + i))
        row["level"] = "Director" if row["level"] == "4" else row["level"]
    people = loaded(pilot.write(tmp_path)).participants
    assert people["person"].tolist() == [row["who"] for row in pilot.participants]
    assert people["department"].tolist() == [
        "S" if row["department"] == "Sales" else row["department"] for row in pilot.participants
    ]
    # a joined column takes the file's own words
    assert people["stratum"][0] == "NA / North"
    assert people["stratum"][2] == "Sales / South"
    assert people["level"].tolist() == [1.0, 4.0] * 12
    assert pd.isna(people["age"][0])
    assert people["age"].tolist()[1:] == [30.0 + i for i in range(1, 24)]
    assert people["site"].tolist()[:2] == ["North", "South"]


def test_na_and_none_are_words(tmp_path: Path) -> None:
    pilot = Pilot()
    for row, department in zip(
        pilot.participants, ["NA", "None", "null", "nan", "N/A"], strict=False
    ):
        row["department"] = department
    people = loaded(pilot.write(tmp_path)).participants
    assert people["department"].tolist()[:5] == ["NA", "None", "null", "nan", "N/A"]


def test_ids_are_text(tmp_path: Path) -> None:
    pilot = Pilot()
    names = {"J01": "007", "S01": "1e5", "J02": "00714", "S02": "TRUE"}
    for table in ("participants", "pairs", "measures", "records"):
        for row in getattr(pilot, table):
            row.update({c: names.get(value, value) for c, value in row.items()})
    study = loaded(pilot.write(tmp_path))
    assert study.participants["person"].tolist()[:4] == ["007", "1e5", "00714", "TRUE"]
    assert study.pairs.loc[0, ["junior", "senior"]].tolist() == ["007", "1e5"]


def test_where_keeps_rows(tmp_path: Path) -> None:
    pilot = Pilot().replace(
        'file = "meetings.csv"', 'file = "meetings.csv"\nwhere = { held = ["true"] }'
    )
    pilot.meetings[3]["held"] = "false"
    assert len(loaded(pilot.write(tmp_path)).meetings) == len(pilot.meetings) - 1


def test_once_keeps_people_listed_by_wave(tmp_path: Path) -> None:
    pilot = Pilot().replace('file = "participants.csv"', 'file = "participants.csv"\nonce = true')
    pilot.participants += [dict(row) | {"level": "9"} for row in pilot.participants]
    people = loaded(pilot.write(tmp_path)).participants
    assert people["level"].tolist() == [1.0, 4.0] * 12


def test_several_files_of_one_table(tmp_path: Path) -> None:
    pilot = Pilot().replace(
        'file = "participants.csv"',
        'file = ["a.csv", "b.csv"]\nrename = { "b.csv" = { dept = "department" } }',
    )
    first, second = pilot.participants[:10], [dict(row) for row in pilot.participants[10:]]
    for row in second:
        row["dept"] = row.pop("department")
    pilot.raw = {"a.csv": as_csv(first), "b.csv": as_csv(second)}
    whole = loaded(Pilot().write(tmp_path / "whole")).participants
    pd.testing.assert_frame_equal(loaded(pilot.write(tmp_path / "parts")).participants, whole)


def test_trimmed_ids_are_said(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.measures[4]["person"] = "J01 "
    pilot.measures[9]["person"] = "\u00a0J02"
    folder = pilot.write(tmp_path)
    report = check(folder)
    assert report.problems == ()
    assert "measures.csv: spaces around person ids were trimmed (2 rows: 6, 11)." in report.notes


def test_people_without_consent_leave_with_all_that_is_theirs(tmp_path: Path) -> None:
    pilot = consenting({"J02", "S05"})
    for row in pilot.participants:  # the manager refused as well
        row["manager"] = "S05" if row["person"] == "J03" else row["manager"]
    pilot.answer("J02", "pre", "confidence")["value"] = "free words of somebody who refused"
    pilot.records.append({"person": "J02", "date": "2026-06-30", "kind": "left", "value": "1"})
    study = loaded(pilot.write(tmp_path))
    assert len(study.participants) == 22
    assert not set(study.participants["person"]) & {"J02", "S05"}
    assert pd.isna(study.participants.set_index("person").loc["J03", "manager"])
    assert set(study.pairs["pair"]) == {row["pair"] for row in pilot.pairs} - {"P02", "P05"}
    assert not set(study.measures["person"]) & {"J02", "S05"}
    assert not set(study.meetings["pair"]) & {"P02", "P05"}
    # J02 answered once a wave, S05 four items a wave; two meetings a pair
    assert dict(study.excluded) == {
        "people who did not consent": 2,
        "pairs with somebody who did not consent": 2,
        "answers of people who did not consent": 2 + 8,
        "meetings of such pairs": 4,
        "records of people who did not consent": 1,
    }


def test_consent_given_in_the_survey_leaves_people_out_everywhere(tmp_path: Path) -> None:
    pilot = Pilot().replace(
        'file = "measures.csv"',
        'file = "measures.csv"\nconsent = { column = "agreed", yes = ["1"] }',
    )
    for row in pilot.measures:
        row["agreed"] = "" if row["person"] == "J02" and row["wave"] == "post" else "1"
    study = loaded(pilot.write(tmp_path))
    assert "J02" not in set(study.participants["person"])
    assert "J02" not in set(study.measures["person"])
    assert "P02" not in set(study.pairs["pair"])


def test_nobody_consents(tmp_path: Path) -> None:
    pilot = consenting({row["person"] for row in Pilot().participants})
    study = load(pilot.write(tmp_path)).study
    assert study is not None
    assert len(study.participants) == len(study.measures) == len(study.pairs) == 0


def test_people_outside_pairs_and_in_several_pairs(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.pairs[1]["junior"] = "J01"  # J01 has two seniors; J02 has none
    pilot.pairs = pilot.pairs[:6]  # the comparison group is not paired
    pilot.meetings = [row for row in pilot.meetings if row["pair"] <= "P06"]
    study = loaded(pilot.write(tmp_path))
    assert len(study.pairs) == 6
    # J01, S01 and S02 hang together, J02 alone: 24 people in 1 + 1 + 4 + 12 clusters
    assert study.clusters().nunique() == 18


def test_a_study_of_one_side(tmp_path: Path) -> None:
    pilot = Pilot()
    for row in pilot.pairs:
        del row["senior"]
    study = loaded(pilot.write(tmp_path))
    assert study.pairs["senior"].isna().all()
    assert any("senior of a pair was not studied" in line for line in check(tmp_path).abilities)


def test_optional_tables_may_be_left_out(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.toml = (
        pilot.toml.split("[tables.pairs]")[0] + '[tables.measures]\nfile = "measures.csv"\n'
    )
    study = loaded(pilot.write(tmp_path))
    assert len(study.pairs) == len(study.meetings) == len(study.records) == 0
    assert study.pairs["start"].dtype == "datetime64[us]"
    assert study.meetings["held"].dtype == bool


def test_a_single_group_with_one_declared_arm(tmp_path: Path) -> None:
    pilot = Pilot().replace('kind = "randomised"', 'kind = "single-group"')
    pilot.toml = pilot.toml.replace(
        '[[design.arms]]\nname = "later"\nlabel = "Later"\nprogramme = false\n\n', ""
    )
    for row in pilot.participants:
        del row["arm"]
    people = loaded(pilot.write(tmp_path)).participants
    assert set(people["arm"]) == {"programme"}


def test_meetings_by_wave_and_words_for_held(tmp_path: Path) -> None:
    pilot = Pilot().replace(
        'file = "meetings.csv"',
        'file = "meetings.csv"\ncolumns = { wave = "when" }\n'
        'values.held = { "x" = true, "-" = false }',
    )
    pilot.meetings = [
        {"pair": f"P{i + 1:02d}", "when": "post", "held": "x" if i % 3 else "-"} for i in range(12)
    ]
    rows = loaded(pilot.write(tmp_path)).meetings
    assert rows["held"].tolist() == [i % 3 != 0 for i in range(12)]
    assert rows["date"].isna().all()
    assert set(rows["wave"]) == {"post"}


def test_dates_of_a_workbook_and_of_text(tmp_path: Path) -> None:
    pilot = Pilot().replace('file = "pairs.csv"', 'file = "pairs.xlsx"')
    pilot.replace('file = "meetings.csv"', 'file = "meetings.csv"\ndate_format = "%d.%m.%Y"')
    for row in pilot.meetings:
        row["date"] = dt.date.fromisoformat(row["date"]).strftime("%d.%m.%Y")
    folder = pilot.write(tmp_path / "other")
    frame = pd.DataFrame(pilot.pairs)
    frame["start"], frame["end"] = pd.to_datetime(frame["start"]), pd.to_datetime(frame["end"])
    frame.to_excel(folder / "data" / "pairs.xlsx", index=False)
    plain = loaded(Pilot().write(tmp_path / "plain"))
    study = loaded(folder)
    pd.testing.assert_frame_equal(study.pairs, plain.pairs)
    pd.testing.assert_frame_equal(study.meetings, plain.meetings)


def unlinked() -> Pilot:
    """The seniors' survey without ids: a row a person and wave."""
    rows: dict[tuple[str, str], Row] = {}
    for row in Pilot().measures:
        if row["item"] != "confidence":
            rows.setdefault((row["person"], row["wave"]), {"wave": row["wave"]})[row["item"]] = row[
                "value"
            ]
    pilot = Pilot().replace('title = "Twelve pairs"', 'title = "Twelve pairs"\nlinked = false')
    start = pilot.toml.index('[[outcomes]]\nname = "confidence"')
    pilot.toml = pilot.toml[:start] + (
        '[tables.measures]\nfile = "survey.csv"\nlayout = "by-wave"\n'
        'constants = { role = "senior" }\ncolumns = { arm = "group" }\n'
        'features = { site = "text" }\n'
    )
    for i, row in enumerate(rows.values()):
        row["group"], row["site"] = "programme" if i % 2 else "later", f"site {i % 3}"
    pilot.raw["survey.csv"] = as_csv(list(rows.values()))
    return pilot


def test_an_anonymous_survey_is_a_sample_a_wave(tmp_path: Path) -> None:
    study = loaded(unlinked().write(tmp_path))
    assert not study.design.linked
    assert len(study.participants) == 24
    assert study.participants["person"].is_unique
    assert study.measures["person"].isin(study.participants["person"]).all()
    # nobody answers twice: each respondent has one wave
    assert (study.measures.groupby("person")["wave"].nunique() == 1).all()
    assert set(study.participants["role"]) == {"senior"}
    assert study.participants["arm"].value_counts().to_dict() == {"programme": 12, "later": 12}
    assert set(study.participants["site"]) == {"site 0", "site 1", "site 2"}
    assert study.design.features == (("site", "text"),)
    values = study.measures.groupby(["wave", "item"])["value"].sum().to_dict()
    naive: dict[tuple[str, str], float] = {}
    for row in Pilot().measures:
        if row["item"] != "confidence":
            key = row["wave"], row["item"]
            naive[key] = naive.get(key, 0) + float(row["value"])
    assert values == naive


def test_an_anonymous_wide_row_is_somebody_else_at_each_wave(tmp_path: Path) -> None:
    pilot = unlinked()
    pilot.replace('layout = "by-wave"', 'layout = "wide"\nwaves = { pre = "a{n}", post = "b{n}" }')
    pilot.raw["survey.csv"] = (
        "group,site,a1,a2,a3,a4,b1,b2,b3,b4\nprogramme,x,1,2,3,4,5,4,3,2\nlater,y,1,1,1,1,,,,\n"
    )
    study = loaded(pilot.write(tmp_path))
    assert len(study.participants) == 3
    assert study.participants["arm"].tolist() == ["programme", "later", "programme"]


def test_a_long_anonymous_table_needs_a_respondent(tmp_path: Path) -> None:
    pilot = unlinked().replace('layout = "by-wave"\n', "")
    rows = [
        {"nr": row["person"], "wave": row["wave"], "item": row["item"], "value": row["value"]}
        | {"group": "programme" if row["person"] < "S07" else "later", "site": "x"}
        for row in Pilot().measures
        if row["item"] != "confidence"
    ]
    pilot.raw["survey.csv"] = as_csv(rows)
    assert rules(pilot.write(tmp_path / "a")) == ["unlinked-long"]
    pilot.replace("columns = { arm", 'columns = { person = "nr", arm')
    study = loaded(pilot.write(tmp_path / "b"))
    # the number says which answers belong together within a wave, and nothing across waves
    assert len(study.participants) == 24
    assert (study.measures.groupby("person").size() == 4).all()


def test_an_anonymous_study_has_no_tables_with_ids(tmp_path: Path) -> None:
    pilot = unlinked()
    pilot.toml += '[tables.pairs]\nfile = "pairs.csv"\n'
    (problem,) = check(pilot.write(tmp_path)).problems
    assert "tables.pairs needs person ids" in problem.found


def test_refusals_of_an_anonymous_survey_are_counted(tmp_path: Path) -> None:
    pilot = unlinked()
    pilot.toml += 'consent = { column = "site", yes = ["site 0", "site 1"] }\n'
    study = loaded(pilot.write(tmp_path))
    assert len(study.participants) == 16
    # eight of 24 rows, four answers each
    assert dict(study.excluded) == {
        "people who did not consent": 8,
        "answers of people who did not consent": 32,
    }


@pytest.mark.parametrize(
    "name",
    ["x" * 300 + ".csv", "a/../../x.csv", "/etc/passwd", "C:\\x.csv", "..\\x.csv", "~/x.csv", ""],
)
def test_paths_stay_inside_the_data_folder(name: str, tmp_path: Path) -> None:
    pilot = Pilot().replace('file = "records.csv"', f"file = '{name}'")
    (problem,) = check(pilot.write(tmp_path)).problems
    assert problem.rule == "path"


def test_a_link_out_of_the_data_folder_is_refused(tmp_path: Path) -> None:
    folder = Pilot().write(tmp_path / "pilot")
    outside = tmp_path / "outside.csv"
    outside.write_bytes((folder / "data" / "records.csv").read_bytes())
    (folder / "data" / "records.csv").unlink()
    (folder / "data" / "records.csv").symlink_to(outside)
    (problem,) = check(folder).problems
    assert problem.rule == "path"
    (folder / "data" / "records.csv").unlink()
    (folder / "data" / "records.csv").symlink_to(folder / "data" / "records.csv")
    (problem,) = check(folder).problems
    assert problem.rule in {"path", "file"}
    (folder / "data" / "records.csv").unlink()
    (folder / "data" / "inside.csv").write_bytes(outside.read_bytes())
    (folder / "data" / "records.csv").symlink_to(folder / "data" / "inside.csv")
    assert check(folder).problems == ()


def test_problems_name_the_columns_of_the_file(tmp_path: Path) -> None:
    """What stands in the message is what the user sees in the spreadsheet."""
    pilot = Pilot().replace(
        'file = "participants.csv"',
        'file = "participants.csv"\ncolumns = { role = "Side", person = "ID" }\n'
        'rename = { "*" = { "Staff no" = "ID" } }',
    )
    pilot.replace(
        'file = "measures.csv"', 'file = "measures.csv"\ncolumns = { value = "Answer", wave = "T" }'
    )
    pilot.measures[0]["value"] = "9"
    pilot.measures[4]["value"] = "perhaps"
    pilot.measures[5]["wave"] = "midway"
    for row in pilot.participants:
        row["Side"], row["Staff no"] = row.pop("role"), row.pop("person")
    for row in pilot.measures:
        row["Answer"], row["T"] = row.pop("value"), row.pop("wave")
    pilot.participants[0]["Side"] = "mentor"
    pilot.participants.append(dict(pilot.participants[1]))
    found = {p.rule: p.column for p in check(pilot.write(tmp_path)).problems}
    assert found == {
        "unknown-role": "Side",
        "duplicate-person": "Staff no",
        "out-of-range": "Answer",
        "unknown-label": "Answer",
        "unknown-wave": "T",
    }


def as_typed(column: str, text: str) -> object:
    """A cell as a spreadsheet types it."""
    if column in ("start", "end", "date"):
        return dt.datetime.fromisoformat(text)
    if column == "held":
        return text == "true"
    return float(text) if text.isdigit() else text


def test_one_workbook_with_typed_cells_equals_the_text_files(tmp_path: Path) -> None:
    """Numbers, dates and TRUE/FALSE typed as such, ids that are numbers, a sheet a table."""
    tables = ("participants", "pairs", "measures", "meetings", "records")
    pilot = Pilot()
    numbers = {"J": "10", "S": "20", "M": "30"}
    for row in [row for table in tables for row in getattr(pilot, table)]:
        for column in {"person", "junior", "senior", "manager"} & set(row):
            row[column] = numbers[row[column][0]] + row[column][1:].zfill(2)
    plain = loaded(pilot.write(tmp_path / "text"))
    for table in tables:
        pilot.replace(f'file = "{table}.csv"', f'file = "data.xlsx"\nsheet = "{table}"')
    folder = pilot.write(tmp_path / "book")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for table in tables:
        sheet = book.create_sheet(table)
        rows = getattr(pilot, table)
        sheet.append(list(rows[0]))
        for row in rows:
            sheet.append([as_typed(column, text) for column, text in row.items()])
    book.save(folder / "data" / "data.xlsx")
    study = loaded(folder)
    for table in tables:
        pd.testing.assert_frame_equal(getattr(study, table), getattr(plain, table))
