"""`rmresearch new` as a newcomer types it; docs/new-study.md runs as it is written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rmresearch.cli import main
from rmresearch.io.template.questions import questions
from rmresearch.io.template.words import catalogue

PAGE = Path(__file__).resolve().parents[1] / "docs" / "new-study.md"


def run(*words: object) -> Result:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    done = run("new", tmp_path / "my-pilot", "--pairs", 24, "--start", "2027-01-15")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == str(tmp_path / "my-pilot")
    assert "Certainty that this design can reach" in done.stdout
    assert done.stderr == ""
    checked = run("check", tmp_path / "my-pilot")
    assert checked.exit_code == 2
    assert checked.stdout.count("example row") == 11
    assert "nobody is in arm" not in checked.stdout  # nobody is anywhere yet


def test_on_a_terminal_what_no_flag_says_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True)
    typed = "\n".join(["Our pilot", "Example AG", "non", "none", "", "6", "", "numbers", "no"])
    target = tmp_path / "asked"
    done = CliRunner().invoke(main, ["new", str(target)], input=typed + "\n")
    assert done.exit_code == 0, done.output
    assert "Did you mean 'none'" in done.output
    assert "It can show what the programme did." in done.output
    text = (target / "study.toml").read_text("utf-8")
    assert 'title = "Our pilot"' in text
    assert 'organisation = "Example AG"' in text
    assert 'kind = "single-group"' in text
    assert "planned_meetings = 12" in text
    assert "[outcomes.labels]" not in text
    assert "Department" not in text
    again = CliRunner().invoke(main, ["new", str(target), "--waves", "x"], input=typed)
    assert again.exit_code == 2
    assert "holds something already" in again.output
    assert "--waves" in again.output
    assert "What is the study called" not in again.output, "nobody answers in vain"
    quiet = CliRunner().invoke(main, ["new", str(tmp_path / "quiet"), "--yes"], input="")
    assert quiet.exit_code == 0, quiet.output


def test_everything_wrong_is_a_usage_of_exit_code_2(tmp_path: Path) -> None:
    done = run("new", tmp_path / "Pilot 1", "--waves", "six", "--comparison", "lots")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "as pilot-1" in done.stderr
    assert "--waves" in done.stderr
    assert "Did you mean 'lot'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_alone_takes_no_other_flag(tmp_path: Path) -> None:
    assert run("new", tmp_path / "pilot", "--workbook").exit_code == 2
    assert run("new", tmp_path / "pilot").exit_code == 0
    done = run("new", tmp_path / "pilot", "--workbook", "--waves", "3")
    assert done.exit_code == 2
    assert "no other flag" in done.stderr
    done = run("new", tmp_path / "pilot", "--workbook")
    assert done.exit_code == 2
    assert "is there already" in done.stderr
    (tmp_path / "pilot" / "data" / "data.xlsx").unlink()
    done = run("new", tmp_path / "pilot", "--workbook")
    assert done.exit_code == 0
    assert done.stdout.strip().endswith("data.xlsx")


def test_the_page_runs_and_names_every_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PAGE.read_text("utf-8")
    for name, question in questions().items():
        row = re.search(rf"^\| `--{name}` \|.*\|$", text, re.MULTILINE)
        assert row is not None, name
        assert not question.default or name == "outcomes" or f"`{question.default}`" in row[0] or (
            question.default in row[0]
        ), name  # fmt: skip
    words = catalogue("words")
    for name, outcome in words["outcomes"].items():
        row = re.search(rf"^\|[^|]*`{name}`[^|]*\|(.*)$", text, re.MULTILINE)
        assert row is not None, name
        count = len(outcome["english"])
        assert (f"{count} questions" if count > 1 else "a question each") in row[1], name
    for name in words["comparisons"]:
        assert re.search(rf"^\| `{name}` \|", text, re.MULTILINE), name
    monkeypatch.chdir(tmp_path)
    commands = [
        line
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(commands) >= 4
    for command in commands:
        words = shlex.split(command.split("#")[0])
        if words[0] == "rm":
            Path(words[1]).unlink()
            continue
        assert words[0] == "rmresearch"
        done = run(*words[1:])
        wanted = 2 if words[1] == "check" else 0  # its example rows are still in
        assert done.exit_code == wanted, f"{command}: {done.output}"
