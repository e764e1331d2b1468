"""The command for every audience and format: what is made, what is refused, what a kill leaves."""

from __future__ import annotations

import datetime as dt
import hmac
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rmresearch.cli import main
from rmresearch.errors import ReportError, StudyError
from rmresearch.files import TEMPORARY, read_manifest, sha256, to_json, verify, write_manifest
from rmresearch.io.read import read_study
from rmresearch.privacy import Ledger
from rmresearch.privacy.ledger import SEAL
from rmresearch.report import kernel
from rmresearch.report.build import build
from rmresearch.report.notebook import run_notebook
from rmresearch.report.sealing import Part, seal, workshop
from rmresearch.report.wanted import ALL, AUDIENCES, FOLDERS, check_formats, possible, wanted

from .test_brand import write_small
from .test_notebook import cell, write

EVERY = [(name, form) for name, files in AUDIENCES.items() for form in files]
#: what stands beside the formats: the numbers that they show
NUMBERS = {"technical": "results.json", "leadership": "released.json", "pulse": "released.json"}
BEGINS = {"html": b"<!DOCTYPE html>", "pdf": b"%PDF-", "pptx": b"PK", "xlsx": b"PK"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest study with everything, real enough to keep a ledger."""
    folder = tmp_path_factory.mktemp("small") / "study"
    write_small(folder)
    return folder


@pytest.fixture(autouse=True, scope="module")
def _one_kernel() -> Iterator[None]:
    """All runs of these tests share a kernel, as the notebooks of one run do."""
    with kernel.running_kernel() as started, pytest.MonkeyPatch.context() as patch:

        @contextmanager
        def again(cwd: Path | None = None) -> Iterator[Any]:
            yield started

        patch.setattr(kernel, "running_kernel", again)
        yield


def report(study: Path, out: Path, *words: str) -> Any:
    return CliRunner().invoke(main, ["report", str(study), "--out", str(out), *words])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def content(folder: Path) -> dict[str, str]:
    """Every file below with its hash; a manifest's holds times, so only that it is there."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): "" if path.name == "manifest.json" else sha256(path)
        for path in found
    }


# --- what is made ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("audience", "form"), EVERY)
def test_one_format_of_one_audience(study: Path, tmp_path: Path, audience: str, form: str) -> None:
    out = tmp_path / "out"
    done = report(study, out, "--audience", audience, "--formats", form)
    assert done.exit_code == 0, done.output
    file = out / FOLDERS[audience] / AUDIENCES[audience][form]
    assert done.stdout.splitlines() == [str(file)]
    assert names(out) == {FOLDERS[audience]}
    assert names(file.parent) == {file.name, NUMBERS[audience], "manifest.json"}
    assert file.read_bytes()[:20].lower().startswith(BEGINS[form].lower())
    assert verify(file.parent) == ()
    manifest = read_manifest(file.parent)
    assert (manifest["settings"]["audience"], manifest["settings"]["formats"]) == (audience, [form])
    assert set(manifest["outputs"]) == {file.name, NUMBERS[audience]}
    inputs = {Path(name).name for name in manifest["inputs"]}
    data = {"study.toml", "people.csv", "pairs.csv", "answers.csv"}
    assert inputs == (set() if form == "xlsx" else {"mark.svg"}) | (
        data if audience == "technical" else set()
    )


@pytest.fixture(scope="module")
def whole(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "out"
    done = report(study, out, "--audience", "all")
    assert done.exit_code == 0, done.output
    leading = [f"{FOLDERS[name]}/{next(iter(files.values()))}" for name, files in AUDIENCES.items()]
    assert done.stdout.splitlines() == [str(out / one) for one in leading]
    return out


def test_all_makes_every_possible_pair(whole: Path) -> None:
    assert names(whole) == set(FOLDERS.values())
    for audience, files in AUDIENCES.items():
        there = names(whole / FOLDERS[audience])
        assert there == {*files.values(), NUMBERS[audience], "manifest.json"}
        assert verify(whole / FOLDERS[audience]) == ()
    assert verify(whole) == ()


def test_made_again_it_is_the_same_though_the_ledger_knows_the_first(
    study: Path, whole: Path
) -> None:
    before = content(whole)
    assert list((study / ".rmresearch").glob("*.ledger.json"))
    assert report(study, whole, "--audience", "all").exit_code == 0
    assert content(whole) == before


@pytest.mark.parametrize("audience", ["leadership", "pulse"])
@pytest.mark.parametrize("lost", ["removed", "older"])
def test_a_ledger_that_lost_what_was_handed_out_is_noticed(
    study: Path, whole: Path, tmp_path: Path, audience: str, lost: str
) -> None:
    mine, out = tmp_path / "study", tmp_path / "out"
    shutil.copytree(study, mine)
    shutil.copytree(whole, out)
    (ledger,) = (mine / ".rmresearch").glob("*.ledger.json")
    kept = Ledger.read(mine, read_study(mine).design)
    assert read_manifest(out / "leadership").settings["ledger"]["state"]
    assert kept.held(read_manifest(out / "pulse").settings["ledger"]["state"])
    if lost == "removed":
        ledger.unlink()
    else:  # as it was before its last entry, sealed with the study's own key
        entries = json.loads(ledger.read_text("utf-8"))["releases"][:-1]
        seal = hmac.digest(kept.key, SEAL + to_json(entries).encode(), "sha256").hex()
        ledger.write_text(to_json({"releases": entries, "seal": seal}), "utf-8")
    before = content(out)
    done = report(mine, out, "--audience", audience)
    assert done.exit_code != 0
    assert "Restore the study's .rmresearch folder from a backup" in done.output
    assert content(out) == before
    shutil.rmtree(out / "leadership")  # "remove it, knowing": and its fellow is asked about
    assert f"lies in {out / 'pulse'}" in report(mine, out, "--audience", audience).output


def test_all_with_formats_leaves_out_who_cannot_have_them(study: Path, tmp_path: Path) -> None:
    done = report(study, tmp_path / "out", "--audience", "all", "--formats", "xlsx, pptx")
    assert done.exit_code == 0, done.output
    assert names(tmp_path / "out") == {"leadership"}
    there = names(tmp_path / "out" / "leadership")
    assert there == {"workbook.xlsx", "deck.pptx", "released.json", "manifest.json"}


def test_alone_or_among_others_a_part_is_the_same(study: Path, whole: Path, tmp_path: Path) -> None:
    for audience, files in AUDIENCES.items():
        report(study, tmp_path / "out", "--audience", audience, "--formats", ",".join(files))
    assert content(tmp_path / "out") == content(whole)


def test_a_technical_report_publishes_nothing(tmp_path: Path) -> None:
    write_small(tmp_path / "study")
    assert report(tmp_path / "study", tmp_path / "out").exit_code == 0
    assert names(tmp_path / "out") == {"internal"}
    assert not list((tmp_path / "study" / ".rmresearch").glob("*.ledger.json"))


def test_a_study_without_a_pulse_is_told_and_the_rest_is_made(tmp_path: Path) -> None:
    study, said = tmp_path / "study", []
    write_small(study)
    for name, head in (("pairs", "pair,junior,senior"), ("answers", "person,wave,item,value")):
        (study / "data" / f"{name}.csv").write_text(head + "\n", "utf-8")
    build(study, tmp_path / "out", audience="all", say=said.append)
    assert names(tmp_path / "out") == {"internal", "leadership"}
    assert any("no pulse is made: no pair" in line for line in said)
    with pytest.raises(StudyError, match="no pulse to take"):
        build(study, tmp_path / "out", audience="pulse")
    assert verify(tmp_path / "out") == ()
    brief = (tmp_path / "out" / "leadership" / "brief.html").read_text("utf-8")
    assert "These data give no answer" in brief
    assert "There is no evidence to rate: no result can be shown." in brief


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "form"),
    [(a, f) for a in AUDIENCES for f in ("html", "pdf", "pptx", "xlsx") if (a, f) not in EVERY],
)
def test_an_impossible_pair_lists_what_is_possible(
    study: Path, tmp_path: Path, audience: str, form: str
) -> None:
    done = report(study, tmp_path / "out", "--audience", audience, "--formats", f"html,{form}")
    assert done.exit_code == 2
    assert f"'{form}'" in done.stderr
    for name, files in AUDIENCES.items():
        assert f"{name}: {', '.join(files)}" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("audience", [*AUDIENCES, ALL])
@pytest.mark.parametrize(
    ("given", "near"), [("htlm", "html"), ("pptm", "pptx"), ("PDF", "pdf"), ("xls", "xlsx")]
)
def test_an_unknown_format_names_the_nearest(
    study: Path, tmp_path: Path, audience: str, given: str, near: str
) -> None:
    done = report(study, tmp_path / "out", "--audience", audience, "--formats", given)
    assert done.exit_code == 2
    assert f"Did you mean '{near}'?" in done.stderr
    assert not (tmp_path / "out").exists()


def test_no_format_at_all_is_no_request(study: Path, tmp_path: Path) -> None:
    done = report(study, tmp_path / "out", "--audience", "all", "--formats", " , ")
    assert (done.exit_code, "no format asked for" in done.stderr) == (2, True)


def test_what_is_wanted() -> None:
    assert wanted("technical") == {"technical": ("html",)}
    assert wanted("leadership") == {"leadership": ("html", "pdf", "pptx", "xlsx")}
    assert wanted("pulse") == {"pulse": ("html",)}
    assert wanted("all") == {
        "technical": ("html", "pdf"),
        "leadership": ("html", "pdf", "pptx", "xlsx"),
        "pulse": ("html",),
    }
    assert wanted("all", "xlsx") == {"leadership": ("xlsx",)}
    assert check_formats(["xlsx", "pdf", "xlsx"], "leadership") == ("pdf", "xlsx")
    with pytest.raises(ValueError, match="no audience 'board'; there are: technical, leadership"):
        wanted("board")
    assert possible().count(":") == len(AUDIENCES)


# --- one kernel for all ---------------------------------------------------------------------------


def test_a_notebook_sees_no_name_of_the_one_before(tmp_path: Path) -> None:
    """The brief's notebook cannot look at the study that the one before it read."""
    first = write(tmp_path / "a.ipynb", cell("secret = 5", "a"))
    source = "import sys\nprint('secret' in globals(), 'pandas' in sys.modules)"
    second = write(tmp_path / "b.ipynb", cell(source, "b"))
    with kernel.running_kernel() as shared:
        run_notebook(first, {"name": "x"}, kernel=shared)
        executed = run_notebook(second, {}, kernel=shared)
    said = "".join(one.get("text", "") for c in executed.cells for one in c.get("outputs", []))
    assert said.split()[0] == "False"


# --- whole or not at all --------------------------------------------------------------------------


def test_data_that_change_on_the_way_are_noticed(study: Path, whole: Path, tmp_path: Path) -> None:
    """The pulse reads the files again: all folders are of the same data, or none is written."""
    mine = tmp_path / "study"
    write_small(mine)
    build(mine, tmp_path / "out", audience="all")
    before = content(tmp_path / "out")

    def meddle(line: str) -> None:
        if "title" in line:
            path = mine / "data" / "answers.csv"
            path.write_text(path.read_text("utf-8").replace("S0,pre,skill,1", "S0,pre,skill,4"))

    with pytest.raises(ReportError, match=r"answers\.csv changed while the report"):
        build(mine, tmp_path / "out", audience="all", say=meddle)
    assert content(tmp_path / "out") == before
    assert names(tmp_path / "out") == set(FOLDERS.values())


PART = {"one.txt": b"new", "two.txt": b"more"}
#: does as sealing does, and is killed at the n-th renaming of a file or folder
KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from rmresearch.report import sealing
out, left = Path(sys.argv[1]), int(sys.argv[2])
rename = os.replace
def replace(a, b):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(a, b)
os.replace = replace
files = {"one.txt": b"new", "two.txt": b"more"}
parts = [sealing.Part(name, files, {}, {}) for name in ("a", "b")]
with sealing.workshop(out):
    sealing.seal(out, parts, dt.datetime.now(dt.UTC))
"""


def earlier(out: Path) -> Path:
    for name in ("a", "b"):
        (out / name).mkdir(parents=True)
        (out / name / "one.txt").write_bytes(b"old")
        (out / name / "gone.txt").write_bytes(b"old")
        write_manifest(out / name, command="rmresearch report")
    return out


@pytest.mark.parametrize("step", range(11))
def test_a_kill_at_any_step_leaves_every_folder_whole(tmp_path: Path, step: int) -> None:
    out = earlier(tmp_path / "out")
    done = subprocess.run([sys.executable, "-c", KILLED, str(out), str(step)], check=False)
    # three files a folder, then two renamings of each
    assert done.returncode == (-signal.SIGKILL if step < 10 else 0)
    with workshop(out):  # the next run
        for name in ("a", "b"):
            there = names(out / name)
            assert there in ({"one.txt", "gone.txt", "manifest.json"}, {*PART, "manifest.json"})
            text = (out / name / "one.txt").read_bytes()
            assert text == (b"old" if "gone.txt" in there else b"new")
        assert verify(out) == ()
    assert [path for path in out.iterdir() if path.name.endswith(TEMPORARY)] == []


def test_what_somebody_changed_or_added_is_kept(tmp_path: Path) -> None:
    out = earlier(tmp_path / "out")
    (out / "a" / "one.txt").write_bytes(b"edited by hand")
    (out / "a" / "gone.txt").write_bytes(b"edited too")
    (out / "a" / "notes").mkdir()
    (out / "a" / "notes" / "mine.txt").write_bytes(b"mine")
    said: list[str] = []
    part = Part("a", PART, {}, {})
    for _ in range(2):  # what was kept once is not kept again
        seal(out, [part], dt.datetime.now(dt.UTC), said.append)
    assert len(said) == 1
    assert "one.kept.txt" in said[0]
    found = {str(p.relative_to(out / "a")): p.read_bytes() for p in (out / "a").rglob("*.txt")}
    assert found == {
        **PART,
        "one.kept.txt": b"edited by hand",
        "gone.txt": b"edited too",
        str(Path("notes") / "mine.txt"): b"mine",
    }
    assert (out / "b" / "one.txt").read_bytes() == b"old"
    assert verify(out) == (
        "a/gone.txt: not ours, added or changed since",
        "a/notes/mine.txt: not ours, added or changed since",
        "a/one.kept.txt: not ours, a changed file of an earlier run, kept beside the new",
    )


def test_a_folder_that_cannot_take_its_place_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rmresearch.report import sealing

    out = earlier(tmp_path / "out")
    before, rename = content(out), sealing.os.replace

    def refuse(a: Path, b: Path) -> None:
        if Path(b) == out / "a" and ".was" not in Path(a).name:
            raise PermissionError(13, "the file is open in another program")
        rename(a, b)

    monkeypatch.setattr(sealing.os, "replace", refuse)
    with pytest.raises(ReportError, match="open in another program"):
        seal(out, [Part("a", PART, {}, {})], dt.datetime.now(dt.UTC))
    assert content(out) == before


def test_killed_while_it_works_the_earlier_report_is_as_it_was(
    study: Path, whole: Path, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()}
    command = [sys.executable, "-m", "rmresearch", "report", str(study), "--audience", "all"]
    process = subprocess.Popen(
        [*command, "--out", str(whole)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if b"the brief on paper" in line:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    for path, held in before.items():
        assert path.read_bytes() == held
    assert verify(whole) == ()
    assert json.loads((whole / "lock").read_text())["pid"] == process.pid
    with workshop(whole):
        pass
    (whole / "lock").unlink()
    assert names(whole) == set(FOLDERS.values())
