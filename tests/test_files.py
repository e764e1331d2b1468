"""Whole files or none, one run at a time, and manifests that notice one byte."""

import datetime as dt
import errno
import json
import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

from rmresearch import files
from rmresearch.errors import ReportError

HOLD = """
import sys, time
from pathlib import Path
from rmresearch import files
with files.lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --- writing -------------------------------------------------------------------------------


def test_text_is_utf8_with_plain_line_ends(tmp_path):
    files.write_text(tmp_path / "a.txt", "Zoë\n≥ 5\n")
    assert (tmp_path / "a.txt").read_bytes() == "Zoë\n≥ 5\n".encode()
    assert names(tmp_path) == ["a.txt"]


def test_full_disk_keeps_the_old_content_and_names_the_path(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    files.write_text(path, "old")

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportError, match=r"a\.txt could not be written: the disk is full"):
        files.write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_failed_rename_leaves_nothing_behind(tmp_path):
    (tmp_path / "a").mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(ReportError, match="could not be written"):
        files.write_text(tmp_path / "a", "new")
    assert names(tmp_path) == ["a"]


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(ReportError, match="could not be written"):
        files.write_text(tmp_path / "none" / "a.txt", "new")


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_mode_is_the_one_asked_for(tmp_path):
    files.write_bytes(tmp_path / "key", b"k", mode=0o600)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_create_never_overwrites(tmp_path):
    assert files.create_bytes(tmp_path / "k", b"one") is True
    assert files.create_bytes(tmp_path / "k", b"two") is False
    assert (tmp_path / "k").read_bytes() == b"one"
    assert names(tmp_path) == ["k"]


def test_create_without_hard_links(tmp_path, monkeypatch):
    def unsupported(*_):
        raise PermissionError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", unsupported)
    assert files.create_bytes(tmp_path / "k", b"one") is True
    assert files.create_bytes(tmp_path / "k", b"two") is False
    assert (tmp_path / "k").read_bytes() == b"one"
    assert names(tmp_path) == ["k"]


def test_json_is_stable_and_plain():
    value = {"b": np.float64(0.1), "a": np.int64(2), "day": dt.date(2026, 3, 1), "é": [True, None]}
    text = files.to_json(value)
    assert text == files.to_json(dict(reversed(value.items())))
    assert json.loads(text) == {"a": 2, "b": 0.1, "day": "2026-03-01", "é": [True, None]}
    assert "é" in text


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), np.float64("nan")])
def test_json_refuses_nan(bad, tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", {"x": [bad]})
    assert names(tmp_path) == []


def test_json_refuses_sets():
    with pytest.raises(TypeError, match="frozenset"):
        files.to_json({"members": frozenset({"s-1"})})


def test_sha256_of_the_published_example(tmp_path):
    # FIPS 180-4 example: SHA-256("abc")
    published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    (tmp_path / "a").write_bytes(b"abc")
    assert files.sha256(tmp_path / "a") == files.sha256_text("abc") == published


# --- locks ---------------------------------------------------------------------------------


def test_a_lock_on_a_full_disk_names_the_path_and_leaves_nothing(tmp_path, monkeypatch):
    def full(_handle, _data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with (
        pytest.raises(ReportError, match=r"lock could not be written: the disk is full"),
        files.lock(tmp_path),
    ):
        pass
    monkeypatch.undo()
    assert not any(tmp_path.iterdir())
    with files.lock(tmp_path):
        pass


def test_second_run_is_told_who_holds_the_lock(tmp_path):
    with (
        files.lock(tmp_path / ".rmresearch"),
        pytest.raises(ReportError, match=rf"process {os.getpid()} on .+, since 20\d\d-"),
        files.lock(tmp_path / ".rmresearch"),
    ):
        pass
    with files.lock(tmp_path / ".rmresearch") as path:
        assert json.loads(path.read_text())["pid"] == os.getpid()
    assert names(tmp_path / ".rmresearch") == []


def test_lock_is_released_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), files.lock(tmp_path):
        raise RuntimeError
    with files.lock(tmp_path):
        pass


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_lock_of_a_killed_run_clears_itself(tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert run.stdout.readline() == "held\n"
        with pytest.raises(ReportError, match=f"process {run.pid} on"), files.lock(tmp_path):
            pass
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
    assert (tmp_path / "lock").exists()
    with files.lock(tmp_path) as path:
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_half_written_lock_of_a_dead_run_does_not_stand_in_the_way(tmp_path):
    (tmp_path / "lock").write_text('{"pid": 12')
    with files.lock(tmp_path):
        pass


# --- manifests -----------------------------------------------------------------------------


@pytest.fixture
def rendered(tmp_path):
    data = tmp_path / "study" / "data"
    data.mkdir(parents=True)
    (data / "people.csv").write_text("person\n1\n")
    out = files.open_out(tmp_path / "study" / "reports" / "one")
    files.write_text(out / "report.html", "<p>one</p>")
    (out / "figures").mkdir()
    files.write_text(out / "figures" / "flow.svg", "<svg/>")
    files.write_manifest(
        out,
        command="report",
        inputs={data / "people.csv": files.sha256(data / "people.csv")},
        plan="ab12",
        settings={"audience": "technical"},
        parameters={"formats": ["html"]},
        seed=0,
        started=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    )
    return out


def test_manifest_tells_all_it_should(rendered):
    manifest = files.read_manifest(rendered)
    assert dict(manifest.inputs) == {
        "../../data/people.csv": files.sha256(rendered / "../../data/people.csv")
    }
    assert set(manifest.outputs) == {"report.html", "figures/flow.svg"}
    assert (manifest.command, manifest.plan, manifest.seed) == ("report", "ab12", 0)
    assert manifest["parameters"] == {"formats": ["html"]}
    assert manifest.settings_sha256 == files.sha256_text('{\n  "audience": "technical"\n}\n')
    assert manifest.started == "2026-01-02T03:04:05+00:00"
    assert manifest.finished is not None
    assert {"python", "pandas", "scipy"} <= set(manifest.versions)


def test_untouched_folder_verifies(rendered):
    (rendered / "run.log").write_text("exempt")
    (rendered / "lock").write_text("exempt")
    assert files.verify(rendered) == ()


@pytest.mark.parametrize("name", ["report.html", "figures/flow.svg"])
def test_one_changed_byte_is_named(rendered, name):
    content = bytearray((rendered / name).read_bytes())
    content[0] ^= 1
    (rendered / name).write_bytes(content)
    assert files.verify(rendered) == (f"{name}: changed since it was made",)


def test_missing_extra_and_changed_input_are_named(rendered):
    (rendered / "report.html").unlink()
    (rendered / "figures" / "new.svg").write_text("x")
    (rendered / "../../data/people.csv").write_text("person\n2\n")
    assert files.verify(rendered) == (
        "report.html: missing",
        "figures/new.svg: not ours, added or changed since",
        "../../data/people.csv: input changed since the outputs were made",
    )


def test_inputs_that_are_not_there_are_not_looked_for(rendered):
    (rendered / "../../data/people.csv").unlink()
    assert files.verify(rendered) == ()


def test_every_byte_of_the_manifest_counts(rendered):
    path = rendered / files.MANIFEST
    original = path.read_bytes()
    for place in range(0, len(original), 7):
        changed = bytearray(original)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(ReportError):
            files.verify(rendered)
    path.write_bytes(original)
    assert files.verify(rendered) == ()


def test_no_manifest_is_said(tmp_path):
    with pytest.raises(ReportError, match=r"has no manifest\.json"):
        files.verify(tmp_path)


def test_folders_with_their_own_manifest_answer_for_themselves(tmp_path):
    for part in ("internal", "leadership"):
        out = files.open_out(tmp_path / "out" / part)
        files.write_text(out / "report.html", part)
        files.write_manifest(out, command="report")
    assert files.verify(tmp_path / "out") == ()
    files.check_out(tmp_path / "out")
    (tmp_path / "out" / "leadership" / "report.html").write_text("!")
    assert files.verify(tmp_path / "out") == ("leadership/report.html: changed since it was made",)


def test_a_link_to_a_folder_is_extra(rendered):
    (rendered / "link").symlink_to(rendered.parent, target_is_directory=True)
    assert files.verify(rendered) == ("link: not ours, added or changed since",)


# --- where outputs may go ------------------------------------------------------------------


def test_out_may_be_absent_empty_or_ours(tmp_path, rendered):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "new" / "deep", tmp_path / "empty", rendered):
        assert files.open_out(folder) == folder
        assert folder.is_dir()


def test_foreign_folder_and_file_are_refused_untouched(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("dear")
    with pytest.raises(ReportError, match="did not make"):
        files.open_out(tmp_path / "mine")
    assert names(tmp_path / "mine") == ["thesis.docx"]
    with pytest.raises(ReportError, match="is a file"):
        files.open_out(tmp_path / "mine" / "thesis.docx")
    (tmp_path / "mine" / "manifest.json").write_text('{"made_by": "someone else"}')
    with pytest.raises(ReportError, match="did not make"):
        files.check_out(tmp_path / "mine")


def test_a_killed_run_can_be_repeated_and_is_told_apart(tmp_path):
    out = files.open_out(tmp_path / "out", "report")
    (out / "half.html").write_text("half")
    (out / ".half.html.0123.rmresearch-tmp").write_text("ha")
    assert "manifest.json: the run did not finish" in files.verify(out)
    files.open_out(out, "report")
    assert names(out) == ["half.html", "manifest.json"]


def test_a_new_run_takes_away_what_the_old_one_made_and_nothing_else(rendered):
    (rendered / "figures" / "flow.svg").write_text("edited by hand")
    files.write_text(rendered / "two.html", "two")
    files.write_manifest(rendered, command="report", outputs=[rendered / "two.html"])
    assert set(names(rendered)) == {"figures", "manifest.json", "two.html"}
    assert files.verify(rendered) == ("figures/flow.svg: not ours, added or changed since",)


def test_times_live_in_the_manifest_only(rendered, tmp_path):
    before = {p: p.read_bytes() for p in rendered.rglob("*") if p.is_file()}
    time.sleep(1.01)  # times are kept to the second
    files.write_manifest(rendered, command="report", outputs=list(before), seed=0)
    changed = [p.name for p, content in before.items() if p.read_bytes() != content]
    assert changed == [files.MANIFEST]


def test_lines_hold_what_plain_json_holds() -> None:
    parts = {
        "b": {"y": [1, 2.5, None], "x": {"day": dt.date(2026, 1, 2), "n": np.int64(3)}},
        "a": {},
        "long": {f"name {number}": "größer" for number in range(3)},
    }
    lines = files.to_lines(parts)
    assert json.loads(lines) == json.loads(files.to_json(parts))
    assert lines.count("\n") == 2 + 2 + 3 + 1  # an entry a line, a part a line, the last
    with pytest.raises(ValueError, match="JSON compliant"):
        files.to_lines({"a": {"x": float("nan")}})
