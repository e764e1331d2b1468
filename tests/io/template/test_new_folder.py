"""A new study's folder: whole or not at all, never over something else; its workbook made again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rmresearch.errors import ReportError, StudyError
from rmresearch.files import sha256
from rmresearch.instruments import instrument
from rmresearch.io.check import check
from rmresearch.io.inserting import insert
from rmresearch.io.template import folder as module
from rmresearch.io.template.folder import new_study, new_workbook

FILES = {".gitignore", "README.md", "data/data.xlsx", "plan.toml", "study.toml"}


def hashes(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): sha256(p) for p in folder.rglob("*") if p.is_file()}


def test_the_same_answers_make_the_same_bytes(made: Path, tmp_path: Path) -> None:
    (tmp_path / "pilot").mkdir()  # an empty folder is as good as none
    done = new_study(tmp_path / "pilot", {"start": "2025-09-01"})
    assert (done.path, done.outlook) == (tmp_path / "pilot", ())
    assert set(hashes(done.path)) == FILES
    assert hashes(done.path) == hashes(made)
    assert os.listdir(tmp_path) == ["pilot"]


def test_folders_above_are_made_too(tmp_path: Path) -> None:
    assert set(hashes(new_study(tmp_path / "a" / "b" / "my-pilot", {}).path)) == FILES


def test_what_lies_there_stays_and_everything_wrong_is_said(tmp_path: Path) -> None:
    target = tmp_path / "My Pilot"
    target.mkdir()
    (target / "thesis.docx").write_text("precious")
    with pytest.raises(StudyError) as refused:
        new_study(target, {"start": "soon", "waves": "0", "begin": "x", "title": None})
    lines = str(refused.value).splitlines()
    assert lines[0] == "nothing was made:"
    for words in ("holds something already", "'begin'", "'My Pilot'", "--start", "--waves"):
        assert sum(words in line for line in lines) == 1, words
    assert len(lines) == 6
    assert hashes(target).keys() == {"thesis.docx"}
    assert os.listdir(tmp_path) == ["My Pilot"]


def test_a_file_and_the_folder_one_is_in_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pilot").write_text("x")
    with pytest.raises(StudyError, match="is a file"):
        new_study(tmp_path / "pilot", {})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(StudyError, match="you are in that folder"):
        new_study(".", {})


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ReportError, match="could not be written"):
        new_study(tmp_path / "file" / "pilot", {})


@pytest.mark.parametrize("at", range(1, 6))
def test_an_interruption_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    written, write = [], module.write_bytes

    def stop(path: Path, data: bytes) -> None:
        written.append(path)
        if len(written) == at:
            raise KeyboardInterrupt
        write(path, data)

    monkeypatch.setattr(module, "write_bytes", stop)
    monkeypatch.setattr(module, "workbook", lambda file: b"xlsx")
    with pytest.raises(KeyboardInterrupt):
        new_study(tmp_path / "pilot", {})
    assert os.listdir(tmp_path) == []


def test_a_killed_run_leaves_no_half_study_and_the_next_one_makes_it(tmp_path: Path) -> None:
    program = (
        "import os, sys; from rmresearch.io.template import folder\n"
        "write, done = folder.write_bytes, []\n"
        "def stop(path, data):\n"
        "    write(path, data); done.append(path)\n"
        "    if len(done) == 4: os._exit(9)\n"
        "folder.write_bytes = stop\n"
        "folder.workbook = lambda file: b'xlsx'\n"
        "folder.new_study(sys.argv[1], {})\n"
    )
    target = tmp_path / "pilot"
    done = subprocess.run([sys.executable, "-c", program, str(target)], check=False)
    assert done.returncode == 9
    assert not target.exists()
    assert [name.startswith(".pilot.") for name in os.listdir(tmp_path)] == [True]
    assert set(hashes(new_study(target, {}).path)) == FILES


def test_a_workbook_is_made_again_for_what_was_added(pilot: Path) -> None:
    insert(pilot, instrument("uwes-9"))
    with pytest.raises(StudyError, match="is there already, and stays"):
        new_workbook(pilot)
    (pilot / "data" / "data.xlsx").unlink()
    (pilot / "data").rmdir()
    assert new_workbook(pilot) == pilot / "data" / "data.xlsx"
    report = check(pilot)
    assert {problem.rule for problem in report.problems} == {"example-row"}
    (pilot / "data" / "data.xlsx").unlink()
    toml = pilot / "study.toml"
    toml.write_text(toml.read_text("utf-8").replace("kirkpatrick", "kirkpatrik", 1), "utf-8")
    with pytest.raises(StudyError, match="Did you mean 'kirkpatrick'"):
        new_workbook(pilot)
    with pytest.raises(StudyError, match="no workbook was made"):
        new_workbook(pilot / "nowhere")
