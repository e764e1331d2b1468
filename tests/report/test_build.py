"""A report folder: the same bytes twice, whole or not at all, verified, refused where not ours."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from rmresearch.cli import main
from rmresearch.errors import ReportError, StudyError
from rmresearch.files import sha256, verify
from rmresearch.report.build import build

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT / "data" / "synthetic" / "pilot"
FILES = ("report.html", "results.json", "released.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "pilot"
    said: list[str] = []
    page = build(PILOT, out, say=said.append)
    assert page == out / "internal" / "report.html"
    assert any("the answer" in line for line in said)
    return out


def test_the_folder_holds_what_the_manifest_says(made: Path) -> None:
    assert sorted(p.name for p in (made / "internal").iterdir()) == sorted(
        (*FILES, "manifest.json")
    )
    manifest = json.loads((made / "internal" / "manifest.json").read_text("utf-8"))
    assert set(manifest["outputs"]) == set(FILES)
    names = {Path(name).name for name in manifest["inputs"]}
    assert {"study.toml", "plan.toml"} <= names
    assert {p.name for p in (PILOT / "data").iterdir() if p.is_file()} <= names | {".gitattributes"}
    assert verify(made) == ()


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_named(made: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    content = bytearray((copy / "internal" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "internal" / name).write_bytes(bytes(content))
    assert any(name in line and "changed" in line for line in verify(copy))


def test_made_again_it_is_the_same_bytes(made: Path) -> None:
    before = {name: sha256(made / "internal" / name) for name in FILES}
    build(PILOT, made)
    assert {name: sha256(made / "internal" / name) for name in FILES} == before


def test_the_page_opens_offline_and_says_internal(made: Path) -> None:
    page = (made / "internal" / "report.html").read_text("utf-8")
    assert "default-src 'none'" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "").replace(
        "http://www.w3.org/1999/xlink", ""
    )
    assert "https://" not in page
    assert "Internal" in page
    assert "<script" not in page


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(ReportError, match="did not make"):
        build(PILOT, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_bad_data_leave_an_earlier_report_as_it_was(made: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(PILOT, study)
    first = sorted((study / "data").glob("*.csv"))[0]
    first.write_bytes(first.read_bytes() + b"one,row,with,far,too,many,fields,in,it,indeed,so\n")
    out = tmp_path / "out"
    shutil.copytree(made, out)
    before = {p.name: sha256(p) for p in (out / "internal").iterdir()}
    with pytest.raises(StudyError, match=first.name):
        build(study, out)
    assert {p.name: sha256(p) for p in (out / "internal").iterdir()} == before


def test_no_study_is_said_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match=r"no study\.toml"):
        build(tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_killed_in_the_middle_and_run_again(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "rmresearch", "report", str(PILOT), "--out", str(out)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if b"people flow" in line:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    time.sleep(0.1)
    done = CliRunner().invoke(main, ["report", str(PILOT), "--out", str(out)])
    assert done.exit_code == 0, done.output
    for name in FILES:
        assert sha256(out / "internal" / name) == sha256(made / "internal" / name)
    assert verify(out) == ()
    assert [path.name for path in out.iterdir()] == ["internal"], (
        "nothing of the killed run is left"
    )
