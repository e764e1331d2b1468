"""check: twenty defects at once, the order of lines, JSON, and what a study can show."""

from __future__ import annotations

import json
from pathlib import Path

from pilot_files import Pilot, as_csv, fingerprint

from rmresearch.io.check import CheckReport, check


def twenty() -> tuple[Pilot, set[tuple[str, str, int | None]]]:
    """A study with twenty defects that do not hide one another, and where each must be reported."""
    pilot = Pilot()
    people, pairs, measures, meetings = (
        pilot.participants,
        pilot.pairs,
        pilot.measures,
        pilot.meetings,
    )
    pilot.replace("smallest_effect", "smalest_effect")
    pilot.replace('reverse = ["skill_4"]', 'reverse = ["skill_4"]\nrelated = "nothing"')
    people.append(dict(people[0]))
    people[4]["manager"] = "S03"
    people[20]["arm"] = "control"
    people[22]["level"] = "Director"
    pairs.append(dict(pairs[1]))
    pairs[4]["senior"] = ""
    pairs[6]["senior"] = "J07"
    pairs[8]["end"] = "2026-01-01"
    meetings[0]["date"] = "2026-01-01"
    meetings[3]["date"] = "2026-07-09"
    meetings[5]["pair"] = "P77"
    meetings[8]["date"] = "25/03/2026"
    measures.append(dict(measures[4]))
    measures[9]["person"] = "J88"
    measures[11]["value"] = "6"
    measures[14]["value"] = "Sort of"
    measures[15]["wave"] = "midway"
    measures[20]["item"] = "skil_1"
    measures[25]["value"] = "four"
    pilot.records[0]["kind"] = "retired"
    return pilot, {
        ("toml-key", "study.toml", None),
        ("declaration", "study.toml", None),
        ("duplicate-person", "participants.csv", 26),
        ("unknown-arm", "participants.csv", 22),
        ("not-a-number", "participants.csv", 24),
        ("own-manager", "pairs.csv", 4),
        ("duplicate-pair", "pairs.csv", 14),
        ("no-member", "pairs.csv", 6),
        ("self-pair", "pairs.csv", 8),
        ("pair-role", "pairs.csv", 8),
        ("pair-dates", "pairs.csv", 10),
        ("meeting-early", "meetings.csv", 2),
        ("meeting-late", "meetings.csv", 5),
        ("unknown-pair", "meetings.csv", 7),
        ("date", "meetings.csv", 10),
        ("duplicate-answer", "measures.csv", 122),
        ("unknown-person", "measures.csv", 11),
        ("out-of-range", "measures.csv", 13),
        ("unknown-label", "measures.csv", 16),
        ("unknown-wave", "measures.csv", 17),
        ("unknown-item", "measures.csv", 22),
        ("not-a-number", "measures.csv", 27),
        ("unknown-kind", "records.csv", 2),
    }


def places(report: CheckReport) -> list[tuple[str, str, int | None]]:
    return [(problem.rule, problem.file or "", problem.row) for problem in report.problems]


def test_twenty_and_more_defects_at_once_give_as_many_reports(tmp_path: Path) -> None:
    pilot, expected = twenty()
    folder = pilot.write(tmp_path / "pilot")
    before = fingerprint(folder)
    report = check(folder)
    assert len(expected) >= 20
    assert sorted(map(str, places(report))) == sorted(map(str, expected))
    assert fingerprint(folder) == before


def test_lines_come_by_file_and_row(tmp_path: Path) -> None:
    report = check(twenty()[0].write(tmp_path))
    order = [(problem.file or "", problem.row or 0) for problem in report.problems]
    assert order == sorted(order)


def test_what_is_wrong_alike_all_down_a_column_is_one_line_with_its_rows(tmp_path: Path) -> None:
    """One cause, one line; every row stays in ``problems``. Unknown pairs are each named."""
    pilot = Pilot()
    for row in pilot.meetings[:7]:
        row["date"] = "25/03/2026"
    for row in pilot.meetings[7:12]:
        row["date"], row["held"] = "26/03/2026", "ja"
    for number, row in enumerate(pilot.meetings[12:19]):
        row["pair"] = f"P{77 + number}"
    report = check(pilot.write(tmp_path))
    assert sum(problem.rule == "date" for problem in report.problems) == 12
    lines = report.lines()
    assert lines[0] == f"{len(report.problems)} problems:"
    (dates,) = (line for line in lines if "column date" in line)
    assert "row 2, column date" in dates
    assert "The same in 11 rows: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 1 more." in dates
    held = [line for line in lines if "column held" in line]
    assert len(held) == 5, "five rows are few enough for a line each"
    assert 'tables.meetings.values.held = { "theirs" = "yes", ... }' in held[0]
    assert sum("column pair:" in line for line in lines) == 7


def test_json_says_the_same(tmp_path: Path) -> None:
    report = check(twenty()[0].write(tmp_path))
    said = json.loads(report.as_json())
    assert said["ok"] is False
    assert said["total"] == len(report.problems) == report.total
    assert [(p["rule"], p["file"] or "", p["row"]) for p in said["problems"]] == places(report)
    lines = report.lines()
    assert lines[0] == f"{report.total} problems:"
    assert [line.strip() for line in lines[1 : report.total + 1]] == [
        str(p) for p in report.problems
    ]
    clean = json.loads(check(Pilot().write(tmp_path / "clean")).as_json())
    assert clean["ok"] is True
    assert clean["problems"] == []


def test_broken_rows_do_not_start_an_avalanche(tmp_path: Path) -> None:
    """A participant whose row cannot be read is not reported again in every other table."""
    pilot = Pilot()
    rows = as_csv(pilot.participants).splitlines()
    rows[3] += ",one field too many"
    pilot.raw["participants.csv"] = "\n".join(rows) + "\n"
    (problem,) = check(pilot.write(tmp_path / "one")).problems
    assert (problem.rule, problem.row) == ("field-count", 4)
    # another unknown person cannot be explained by that one row
    pilot.measures[9]["person"] = "J88"
    rules = [problem.rule for problem in check(pilot.write(tmp_path / "two")).problems]
    assert "unknown-person" in rules


def test_a_missing_participants_file_does_not_make_everybody_unknown(tmp_path: Path) -> None:
    pilot = Pilot().replace('"participants.csv"', '"people.csv"')
    (problem,) = check(pilot.write(tmp_path)).problems
    assert problem.rule == "file"


def said(report: CheckReport) -> str:
    assert report.problems == (), report.lines()
    return "\n".join(report.abilities)


def test_a_sound_study_says_who_is_in_and_hides_what_came_after(tmp_path: Path) -> None:
    words = said(check(Pilot().write(tmp_path)))
    assert "24 people: 12 juniors and 12 seniors." in words
    assert "12 pairs." in words
    assert "24 people fall into 12 independent clusters" in words
    assert "Arm programme (Reverse mentoring): 12 people, 12 with answers at pre." in words
    assert "Arm programme has only 6 clusters: no p-value will be given." in words
    assert "People with answers at pre: skill 12, confidence 12." in words
    assert "Outcomes after the start are not shown here" in words


def test_what_came_after_the_start_changes_no_ability(tmp_path: Path) -> None:
    """The follow-up answers may be anything: check says the same before a plan is frozen."""
    other = Pilot()
    for row in other.measures:
        if row["wave"] == "post" and row["item"] != "confidence":
            row["value"] = "1" if row["item"] == "skill_4" else "5"
    one, two = check(Pilot().write(tmp_path / "a")), check(other.write(tmp_path / "b"))
    assert one.abilities == two.abilities
    assert not [w for w in two.warnings if w.rule == "edge"]


def test_one_pair(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.participants = pilot.participants[:2] + pilot.participants[12:14]
    pilot.pairs, pilot.meetings, pilot.records = pilot.pairs[:1], pilot.meetings[:2], pilot.records
    people = {row["person"] for row in pilot.participants}
    pilot.measures = [row for row in pilot.measures if row["person"] in people]
    pilot.records[0]["person"] = "J01"
    assert "One pair only: no average" in said(check(pilot.write(tmp_path)))


def test_one_arm(tmp_path: Path) -> None:
    pilot = Pilot()
    for row in pilot.participants:
        row["arm"] = "programme"
    report = check(pilot.write(tmp_path))
    assert "All people are in one arm: arms cannot be compared." in said(report)
    assert [w.rule for w in report.warnings] == ["empty-arm"]


def test_a_single_group(tmp_path: Path) -> None:
    pilot = Pilot().replace('kind = "randomised"', 'kind = "single-group"')
    head, rest = pilot.toml.split("[[design.arms]]", 1)
    pilot.toml = head + "[[waves]]" + rest.split("[[waves]]", 1)[1]
    for row in pilot.participants:
        del row["arm"]
    words = said(check(pilot.write(tmp_path)))
    assert "There is no comparison group" in words


def test_one_wave(tmp_path: Path) -> None:
    pilot = Pilot()
    start = pilot.toml.index('[[waves]]\nname = "post"')
    pilot.toml = pilot.toml[:start] + pilot.toml[pilot.toml.index("[[outcomes]]") :]
    pilot.measures = [row for row in pilot.measures if row["wave"] == "pre"]
    assert "One wave (pre): answers can be described" in said(check(pilot.write(tmp_path)))


def test_no_follow_up_yet(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.measures = [row for row in pilot.measures if row["wave"] == "pre"]
    report = check(pilot.write(tmp_path))
    assert [warning.rule for warning in report.warnings] == ["empty-wave"]
    assert "No wave after the start has answers yet" in said(report)


def test_a_later_survey_that_is_empty_is_one_line(tmp_path: Path) -> None:
    pilot = Pilot()
    later = '[[tables.measures]]\nfile = "post.csv"\n'
    pilot.toml = pilot.toml.replace("[tables.measures]\n", "[[tables.measures]]\n") + later
    pilot.measures = [row for row in pilot.measures if row["wave"] == "pre"]
    pilot.raw = {"post.csv": "person,wave,item,value\n"}
    folder = pilot.write(tmp_path)
    (warning,) = check(folder).warnings
    assert (warning.rule, warning.file) == ("no-rows", "post.csv")
    # who of the seniors is asked later is known by then, of the juniors nothing: still one cause
    pilot.measures = [row for row in Pilot().measures if row["person"][0] == "S"]
    pilot.measures += [r for r in Pilot().measures if r["person"][0] == "J" and r["wave"] == "pre"]
    (warning,) = check(pilot.write(tmp_path)).warnings
    assert (warning.rule, warning.file) == ("no-rows", "post.csv")
    # nobody was ever asked: that has a cause of its own
    pilot.measures = [row for row in Pilot().measures if row["person"][0] == "S"]
    rules = [warning.rule for warning in check(pilot.write(tmp_path)).warnings]
    assert sorted(rules) == ["empty-outcome", "empty-outcome", "no-rows"]


def test_an_empty_file_stands_for_the_wave_that_it_was_to_bring(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.toml = pilot.toml.replace("[tables.measures]\n", "[[tables.measures]]\n")
    pilot.measures = [row for row in pilot.measures if row["wave"] == "pre"]
    pilot.raw = {"later.csv": "person,item,value\n"}
    for wave, others in (("post", []), ("pre", ["empty-wave"])):  # "pre" explains no lack of "post"
        later = f'[[tables.measures]]\nfile = "later.csv"\nconstants = {{ wave = "{wave}" }}\n'
        folder = pilot.write(tmp_path)
        (folder / "study.toml").write_text(pilot.toml + later, "utf-8")
        warnings = check(folder).warnings
        (empty,) = (one for one in warnings if one.rule == "no-rows")
        assert empty.found == f"the file has column names but no rows (wave {wave})"
        assert [one.rule for one in warnings if one is not empty] == others


def test_no_pairs(tmp_path: Path) -> None:
    pilot = Pilot()
    for table in ("pairs", "meetings"):
        pilot.toml = pilot.toml.replace(f'[tables.{table}]\nfile = "{table}.csv"\n', "")
    words = said(check(pilot.write(tmp_path)))
    assert "No pairs are given" in words
    assert "Every person stands alone" in words


def test_empty_files_close_only_their_own_questions(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.raw = {
        "measures.csv": "person,wave,item,value\n",
        "meetings.csv": "",
        "records.csv": " \n",
    }
    report = check(pilot.write(tmp_path))
    words = said(report)
    assert "No answers were found: no outcome can be analysed" in words
    assert "No meetings are given" in words
    assert "24 people" in words
    assert sorted(w.file or "" for w in report.warnings) == [
        "measures.csv",
        "meetings.csv",
        "records.csv",
    ]


def test_without_participants_nothing_can_be_read(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.raw = {"participants.csv": "person,role,arm\n"}
    (problem,) = check(pilot.write(tmp_path)).problems
    assert problem.rule == "no-rows"


def test_an_empty_sheet_of_a_workbook(tmp_path: Path) -> None:
    import openpyxl

    pilot = Pilot().replace('file = "meetings.csv"', 'file = "data.xlsx"\nsheet = "meetings"')
    folder = pilot.write(tmp_path)
    book = openpyxl.Workbook()
    book.active.title = "meetings"
    book.active.append(["pair", "date", "held", "minutes"])
    book.save(folder / "data" / "data.xlsx")
    report = check(folder)
    assert "No meetings are given" in said(report)
    assert [(w.rule, w.sheet) for w in report.warnings] == [("no-rows", "meetings")]
