"""study.toml: every wrong key named in dotted form with the nearest known one, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pilot_files import TOML, Pilot

from rmresearch.io.check import check
from rmresearch.io.schema import StudyFile, to_design
from rmresearch.io.toml import read_toml


def lines(text: str | bytes, folder: Path) -> list[str]:
    path = folder / "study.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [str(problem) for problem in read_toml(path)[2]]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("title =", "titel =", ["study.titel is not a known key", "Did you mean 'title'?"]),
        ("title =", "titel =", ["study.title is missing"]),
        ('kind = "randomised"', 'kind = "RCT"', ["design.kind is 'RCT'", "'single-group'"]),
        ('"randomised"', '"randomized"', ["Did you mean 'randomised'?"]),
        ('name = "twelve-pairs"', 'name = "Twelve Pairs"', ["study.name is 'Twelve Pairs'"]),
        (
            "start = 2026-01-12",
            'start = "12.1.2026"',
            ["design.start is text", "a date without quotes"],
        ),
        ("months = 6", "months = true", ["waves.post.months is true or false; expected"]),
        ("range = [1, 5]", "range = 5", ["outcomes.skill.range is a number; expected a list"]),
        ("range = [1, 5]", "range = [1]", ["outcomes.skill.range:"]),
        ('"skill_2", ', "2, ", ["outcomes.skill.items[2] is a number; expected text"]),
        ("programme = true", "programme = 1", ["design.arms.programme.programme is a number"]),
        ('role = "junior"', 'role = "mentor"', ["outcomes.confidence.role is 'mentor'"]),
        ('"Very" = 5', '"Very" = "5"', ["outcomes.confidence.labels.Very is text"]),
        ('file = "pairs.csv"', "file = 3", ["tables.pairs.file is a number; expected text"]),
        ('file = "pairs.csv"', 'file = ["a", 3]', ["tables.pairs.file[2] is a number"]),
        ("[tables.records]", "[table.records]", ["table is not a known key", "'tables'"]),
        ("[design]\n", "[design]\nbaseline = true\n", ["design.baseline is not a known key"]),
        ("[tables.pairs]", "[roles.mentor]\nlabel = 'M'\n[tables.pairs]", ["roles.mentor is not"]),
        (
            "[tables.pairs]",
            "[privacy]\nsmallest_mean = 3\n[tables.pairs]",
            ["privacy.smallest_mean: it should be greater than or equal to 5"],
        ),
    ],
)
def test_a_wrong_key_is_named(old: str, new: str, says: list[str], tmp_path: Path) -> None:
    found = lines(TOML.replace(old, new, 1), tmp_path)
    assert any(all(words in line for words in says) for line in found), found
    assert all(line.startswith("study.toml: ") for line in found)


@pytest.mark.parametrize(
    ("title", "says"),
    [
        ("", "study.title is empty. Write something there."),
        ("x" * 301, "study.title has 301 characters; at most 300 fit. Shorten it."),
        (" \\t\u200b", "study.title is blank. Write something that can be read."),
        ("Bell\\u0007", "study.title holds the sign U+0007, which controls machines"),
        ("\u202eDesrever", "study.title holds the sign U+202E, which turns other text around"),
    ],
)
def test_a_text_that_cannot_be_shown_is_refused(title: str, says: str, tmp_path: Path) -> None:
    found = lines(TOML.replace('"Twelve pairs"', f'"{title}"'), tmp_path)
    assert [line for line in found if says in line] == found
    assert len(found) == 1


def test_texts_stand_on_one_line_and_keep_what_scripts_need(tmp_path: Path) -> None:
    """Persian joins and parts letters by signs of no width, and a mark shows a text's direction."""
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\u200f"
    written = TOML.replace('"Twelve pairs"', '"""  Twelve\n pairs \t' + persian + ' """')
    path = tmp_path / "study.toml"
    path.write_text(written, "utf-8")
    file, _, problems = read_toml(path)
    assert problems == []
    assert file is not None
    assert file.study.title == f"Twelve  pairs  {persian}"


def test_a_role_is_never_suggested(tmp_path: Path) -> None:
    """Mentor and mentee mean either side in practice texts: a guess would flip every effect."""
    for text in (
        TOML.replace('role = "junior"', 'role = "seniors"'),
        TOML + "[roles.senoir]\nlabel = 'x'\n",
    ):
        assert not any("Did you mean" in line for line in lines(text, tmp_path))


def test_a_value_out_of_bounds_is_not_called_a_wrong_type(tmp_path: Path) -> None:
    [said] = lines(f"{TOML}\n[value]\nprogramme_cost = -5\n", tmp_path)
    assert "value.programme_cost: it should be greater than or equal to 0" in said


def test_all_wrong_keys_come_at_once(tmp_path: Path) -> None:
    text = TOML.replace("title =", "titel =").replace("months = 0", "month = 0")
    assert len(lines(text.replace("smallest_effect", "smallest"), tmp_path)) == 4


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("[study]\nname = \n", 2),
        ('[study]\nname = "x\ntitle = 1\n', 2),
        ("[study]\nname = 'a'\n[study]\n", 3),
        ("[study\n", 1),
        ("x = {a = 1", None),
        (f"x = {'9' * 5000}\n", None),
        (f"x = {'[' * 5000}\n", None),
    ],
)
def test_broken_toml_gives_the_line(text: str, row: int | None, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(text)
    file, _, (problem,) = read_toml(path)
    assert file is None
    assert (problem.rule, problem.row) == ("toml", row)


def test_other_encodings_are_named(tmp_path: Path) -> None:
    (line,) = lines(TOML.replace("Twelve pairs", "Zwölf Paare").encode("cp1252"), tmp_path)
    assert "row 3: is not UTF-8" in line
    assert lines(b"\xef\xbb\xbf" + TOML.replace("\n", "\r\n").encode(), tmp_path) == []


def test_harmless_mistakes_do_not_hide_the_data_files(tmp_path: Path) -> None:
    pilot = Pilot().replace("smallest_effect = 0.3", 'smallest_effect = "0.3"\nlable = "x"')
    pilot.replace("reverse =", "revrse =")
    pilot.measures[0]["value"] = "9"
    rules = sorted(problem.rule for problem in check(pilot.write(tmp_path)).problems)
    assert rules == ["out-of-range", "toml-key", "toml-key", "toml-type"]


def test_mistakes_that_decide_the_reading_stop_there(tmp_path: Path) -> None:
    pilot = Pilot().replace('"Very" = 5', '"Very" = "5"')
    pilot.measures[0]["value"] = "9"
    assert [problem.rule for problem in check(pilot.write(tmp_path)).problems] == ["toml-type"]


def test_ranges_follow_from_labels_and_kinds(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    extra = (
        '[[outcomes]]\nname = "use"\nlabel = "Use"\nrole = "all"\nkind = "binary"\n'
        '[[outcomes]]\nname = "recommend"\nlabel = "R"\nrole = "all"\nkind = "recommend"\n'
        '[[outcomes]]\nname = "hours"\nlabel = "H"\nrole = "all"\nkind = "amount"\n'
    )
    path.write_text(TOML.replace("[tables.participants]", extra + "[tables.participants]"))
    file, _, problems = read_toml(path)
    assert problems == []
    assert isinstance(file, StudyFile)
    bounds = {outcome.name: (outcome.low, outcome.high) for outcome in to_design(file).outcomes}
    assert bounds == {
        "skill": (1, 5),
        "confidence": (1, 5),
        "use": (0, 1),
        "recommend": (0, 10),
        "hours": (None, None),
    }
