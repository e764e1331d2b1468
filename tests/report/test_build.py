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
from rmresearch.files import sha256, verify, write_manifest
from rmresearch.io.read import read_study
from rmresearch.privacy import read_release
from rmresearch.report.build import build
from rmresearch.report.leadership.brief import read_pages
from rmresearch.report.workbook import workbook

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT / "data" / "synthetic" / "pilot"
INTERNAL = ("report.html", "report.pdf", "results.json")
LEADERSHIP = ("brief.html", "brief.pdf", "deck.pptx", "released.json", "workbook.xlsx")
PULSE = ("pulse.html", "released.json")
PARTS = {"internal": INTERNAL, "leadership": LEADERSHIP, "pulse": PULSE}
FILES = tuple(f"{part}/{name}" for part, names in PARTS.items() for name in names)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "pilot"
    said: list[str] = []
    page = build(PILOT, out, audience="all", say=said.append)
    assert page == out / "internal" / "report.html"
    assert page.is_file()
    assert any("the answer" in line for line in said)
    return out


@pytest.mark.parametrize(("part", "files"), PARTS.items())
def test_each_folder_holds_what_its_manifest_says(
    made: Path, part: str, files: tuple[str, ...]
) -> None:
    assert sorted(p.name for p in (made / part).iterdir()) == sorted((*files, "manifest.json"))
    manifest = json.loads((made / part / "manifest.json").read_text("utf-8"))
    assert set(manifest["outputs"]) == set(files)
    names = {Path(name).name for name in manifest["inputs"]}
    if part != "internal":  # handed on as it is: it does not name the files with people in them
        assert names == set()
        assert verify(made / part) == ()
    else:
        assert {"study.toml", "plan.toml"} <= names
        data = {p.name for p in (PILOT / "data").iterdir() if p.is_file()}
        assert data <= names | {".gitattributes"}
    assert verify(made) == ()


def test_the_workbook_is_made_from_what_lies_beside_it(made: Path) -> None:
    released = read_release((made / "leadership" / "released.json").read_text("utf-8"))
    content = (made / "leadership" / "workbook.xlsx").read_bytes()
    assert workbook(released, read_study(PILOT).design) == content


def test_the_brief_is_made_from_what_lies_beside_it(made: Path) -> None:
    folder = made / "leadership"
    pages = read_pages(folder)
    assert pages.pdf() == (folder / "brief.pdf").read_bytes()
    page = (folder / "brief.html").read_text("utf-8")
    assert f"<h1>{pages.brief.title}</h1>" in page
    assert all(tile.title in page for tile in pages.brief.tiles)
    assert "<script" not in page
    assert "pages." not in page  # no code of the notebook
    assert all(path.encode() not in pages.pdf() for path in (str(made), str(PILOT)))


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_named(made: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(bytes(content))
    assert any(name in line and "changed" in line for line in verify(copy))


def test_made_again_it_is_the_same_bytes(made: Path) -> None:
    before = {name: sha256(made / name) for name in FILES}
    # what leadership gets lay inside once
    shutil.copy(made / "leadership" / "released.json", made / "internal")
    write_manifest(made / "internal", command="rmresearch report")
    build(PILOT, made, audience="all")
    assert {name: sha256(made / name) for name in FILES} == before
    assert sorted(p.name for p in (made / "internal").iterdir()) == sorted(
        (*INTERNAL, "manifest.json")
    )


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
    command = [
        sys.executable,
        "-m",
        "rmresearch",
        "report",
        str(PILOT),
        "--audience",
        "all",
        "--out",
        str(out),
    ]
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
    done = CliRunner().invoke(main, ["report", str(PILOT), "--audience", "all", "--out", str(out)])
    assert done.exit_code == 0, done.output
    for name in FILES:
        assert sha256(out / name) == sha256(made / name)
    assert verify(out) == ()
    assert sorted(path.name for path in out.iterdir()) == [*PARTS], (
        "nothing of the killed run is left"
    )
