"""read_study: from a folder or a TOML file to a Study with pseudonyms, or to all that is wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest
from pilot_files import Pilot, fingerprint

import rmresearch as rm
from rmresearch.errors import StudyError
from rmresearch.io.check import check
from rmresearch.io.read import freeze_plan, load, read_study


def test_ids_leave_and_answers_stay(tmp_path: Path) -> None:
    folder = Pilot().write(tmp_path)
    study, plain = rm.read_study(folder), load(folder).study
    assert plain is not None
    for table in ("participants", "pairs", "measures", "meetings", "records"):
        before, after = getattr(plain, table), getattr(study, table)
        assert len(before) == len(after)
        for column in ("person", "rater", "pair", "junior", "senior", "manager"):
            if column in before and len(before):
                assert not set(before[column].dropna()) & set(after[column].dropna())
                assert before[column].nunique() == after[column].nunique()
    columns = ["wave", "item", "value"]
    order = {"by": columns, "ignore_index": True}
    pd.testing.assert_frame_equal(
        study.measures[columns].sort_values(**order), plain.measures[columns].sort_values(**order)
    )
    assert study.scores("skill")["value"].sum() == pytest.approx(
        plain.scores("skill")["value"].sum(),
        abs=1e-9,  # the same sums in another order
    )


def test_reading_twice_gives_the_same_pseudonyms_and_writes_only_the_key(tmp_path: Path) -> None:
    folder = Pilot().write(tmp_path / "pilot")
    before = fingerprint(folder)
    first = read_study(folder)
    new = set(fingerprint(folder)) - set(before)
    assert {name.split("/")[0] for name in new} == {".rmresearch"}
    assert {name: one for name, one in fingerprint(folder).items() if name in before} == before
    pd.testing.assert_frame_equal(read_study(folder).measures, first.measures)


def test_a_toml_file_with_its_data_elsewhere(tmp_path: Path) -> None:
    folder = Pilot().write(tmp_path / "pilot")
    (folder / "data").rename(tmp_path / "elsewhere")
    (folder / "study.toml").rename(folder / "other.toml")
    study = read_study(folder / "other.toml", data=tmp_path / "elsewhere")
    assert len(study.participants) == 24
    with pytest.raises(StudyError, match=r"no data folder beside it.*--data FOLDER"):
        read_study(folder / "other.toml")
    with pytest.raises(StudyError, match=r"has no study.toml.*other.toml"):
        read_study(folder)
    with pytest.raises(StudyError, match="is not a folder"):
        read_study(folder / "other.toml", data=tmp_path / "nowhere")
    with pytest.raises(StudyError, match="is not there"):
        read_study(tmp_path / "nowhere")
    (folder / "note.txt").write_text("x")
    with pytest.raises(StudyError, match="is not a TOML file"):
        read_study(folder / "note.txt")


def test_sources_are_hashed_and_notes_kept(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.measures[4]["person"] = "J01 "
    folder = pilot.write(tmp_path)
    study = read_study(folder)
    naive = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (folder / "data").iterdir()
    }
    assert dict(study.sources) == naive
    assert any("were trimmed" in note for note in study.notes)


def test_warnings_reach_the_study_without_ids(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.pairs.append(dict(pilot.pairs[0]) | {"pair": "P99"})
    study = read_study(pilot.write(tmp_path))
    (note,) = [note for note in study.notes if "same two people" in note]
    assert "J01" not in note
    assert "P99" not in note


def test_nothing_is_written_when_anything_is_wrong(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.measures[0]["value"] = "9"
    folder = pilot.write(tmp_path)
    before = fingerprint(folder)
    with pytest.raises(StudyError, match=r"measures\.csv, row 2"):
        read_study(folder)
    assert fingerprint(folder) == before


def test_the_first_200_problems_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    pilot = Pilot()
    for i, row in enumerate(pilot.measures):
        row["value"] = "99" if row["item"] != "confidence" else f"word {i % 60}"
    pilot.measures += [dict(row) for row in pilot.measures]  # 120 answers, all twice
    pilot.measures[0]["wave"] = "later"
    folder = pilot.write(tmp_path)
    with pytest.raises(StudyError) as raised:
        read_study(folder)
    # 96 + 96 out of range; 12 labels, each with its four rows on one line; 119 repeated (one is
    # at another wave); one undeclared wave
    total = 192 + 12 + 119 + 1
    assert len(raised.value.problems) == total
    lines = str(raised.value).splitlines()
    assert lines[0] == f"{total} problems"
    assert len(lines) == 1 + 200 + 1
    assert lines[-1] == f"and {total - 200} more"
    report = check(folder)
    assert report.total == total
    assert dict(report.counts) == {
        "out-of-range": 192,
        "duplicate-answer": 119,
        "unknown-label": 12,
        "unknown-wave": 1,
    }


def test_free_text_is_never_shown(tmp_path: Path) -> None:
    secret = "my manager shouts at me in every single meeting we have"
    short = "Ann Smith told me"
    pilot = Pilot()
    pilot.answer("J01", "pre", "confidence")["value"] = secret
    pilot.answer("S01", "pre", "skill_1")["value"] = short
    pilot.participants[0]["level"] = short
    pilot.participants[1]["role"] = secret
    pilot.meetings[0]["date"] = short
    pilot.meetings[1]["held"] = short
    pilot.measures[3]["wave"] = secret
    pilot.records[0]["kind"] = secret
    folder = pilot.write(tmp_path)
    with pytest.raises(StudyError) as raised:
        read_study(folder)
    report = check(folder)
    said = str(raised.value) + "\n".join(report.lines()) + report.as_json()
    assert "manager shouts" not in said
    assert "Ann Smith" not in said
    assert len(report.problems) == 8


def test_a_column_of_names_taken_for_codes_is_not_listed(tmp_path: Path) -> None:
    pilot = Pilot().replace(
        'file = "participants.csv"', 'file = "participants.csv"\ncolumns = { role = "name" }'
    )
    for i, row in enumerate(pilot.participants):
        row["name"] = f"Person {i}"
    report = check(pilot.write(tmp_path))
    (problem,) = [problem for problem in report.problems if problem.rule == "unknown-role"]
    assert "24 different values in 24 rows: 2, 3" in problem.found
    assert "Person 1" not in report.as_json()


def test_a_synthetic_study_leaves_no_key(tmp_path: Path) -> None:
    pilot = Pilot().replace('title = "Twelve pairs"', 'title = "Twelve pairs"\nsynthetic = true')
    folder = pilot.write(tmp_path)
    before = fingerprint(folder)
    read_study(folder)
    assert fingerprint(folder) == before


def test_row_order_in_the_files_does_not_matter(tmp_path: Path) -> None:
    one, other = Pilot(), Pilot()
    for table in ("participants", "pairs", "measures", "meetings"):
        getattr(other, table).reverse()
    for pilot in (one, other):
        pilot.replace('title = "Twelve pairs"', 'title = "Twelve pairs"\nsynthetic = true')
    a, b = read_study(one.write(tmp_path / "a")), read_study(other.write(tmp_path / "b"))
    for table in ("participants", "pairs", "measures", "meetings"):
        pd.testing.assert_frame_equal(getattr(a, table), getattr(b, table))


PLAN = """\
[plan]
title = "What was asked before the answers were known"

[[question]]
id = "skill"
analysis = "compare_arms"
role = "senior"
outcome = "skill"
wave = "post"
contrast = "programme - later"
population = "everyone-assigned"
scale = "points"
primary = true
why = "What the programme sets out to teach."

[question.intercurrent]
never_met = "as-assigned"
left = "as-assigned"
crossed_over = "as-assigned"
"""


def test_freezing_writes_the_lock_alone_and_says_what_was_known(tmp_path: Path) -> None:
    early, late = Pilot(), Pilot()
    early.measures = [row for row in early.measures if row["wave"] == "pre"]
    for name, pilot, known in (
        ("early", early, "were not there yet"),
        ("late", late, "were already"),
    ):
        folder = pilot.write(tmp_path / name)
        (folder / "plan.toml").write_text(PLAN)
        before = fingerprint(folder)
        assert known in freeze_plan(folder)
        assert set(fingerprint(folder)) - set(before) == {"plan.lock.json"}
    broken = Pilot()
    broken.measures[0]["value"] = "9"
    with pytest.raises(StudyError, match="lies outside its range"):
        freeze_plan(broken.write(tmp_path / "broken"))
