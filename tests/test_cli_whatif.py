"""`rmresearch whatif` as somebody meets it: pages, refusals, runs that stop and go on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rmresearch.cli import main
from rmresearch.commands import STOPPED
from rmresearch.files import read_manifest, sha256
from rmresearch.report.whatif import build as building
from rmresearch.whatif import plan
from rmresearch.whatif import run as running

SWEEP = """
question = "How many pairs?"
outcome = "digital_skill"
replicates = 30
seed = 3

[analyses.change]
ask = "pre_post"

[grid]
pairs = [8, 10, 12]
"""


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["whatif", *(str(word) for word in words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep of nine tasks."""
    monkeypatch.setattr(plan, "BLOCK_REPLICATES", 10)
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP)
    return path


@pytest.fixture
def no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page takes seconds and is tested elsewhere."""
    import rmresearch.report.notebook as notebook

    monkeypatch.setattr(notebook, "run_notebook", lambda *_, **__: None)
    monkeypatch.setattr(notebook, "to_html", lambda *_, **__: "<p>page</p>")


def tables(folder: Path) -> dict[str, str]:
    """Hashes of what must not depend on workers or on where a run was stopped."""
    return {
        str(path.relative_to(folder)): sha256(path)
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"manifest.json", "whatif.html", "lock"}
    }


def test_a_page_its_numbers_and_its_manifest(sweep: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, said, told = run(sweep, "--out", out, "--workers", 1)
    assert code == 0, told
    assert Path(said.strip()) == out / "whatif.html"
    assert "task 1 of" in told
    page = (out / "whatif.html").read_text("utf-8")
    assert "How many pairs?" in page
    for figure in re.findall(r"<figure>.*?</figure>", page, re.DOTALL):
        assert "95% Monte Carlo intervals over 30 simulated studies a design" in figure
    manifest = read_manifest(out)
    assert (manifest.command, manifest.seed) == ("rmresearch whatif", 3)
    assert {"judgement.json", "judgement.parquet", "whatif.html"} <= set(manifest.outputs)
    assert CliRunner().invoke(main, ["verify", str(out)]).exit_code == 0
    (out / "judgement.json").write_text("{}")
    assert CliRunner().invoke(main, ["verify", str(out)]).exit_code == 1


@pytest.mark.usefixtures("no_page")
def test_stopped_and_gone_on_with_by_two_it_is_the_same(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run(sweep, "--out", whole, "--workers", 1)[0] == 0

    done = 0
    real = building._seldom

    def stopping(say: Any) -> Any:
        def heard(message: str) -> None:
            nonlocal done
            done += 1
            if done == 4:
                raise KeyboardInterrupt

        return heard

    monkeypatch.setattr(building, "_seldom", stopping)
    code = CliRunner().invoke(main, ["whatif", str(sweep), "--out", str(parts), "--workers", "1"])
    assert code.exit_code == 130  # as shells tell an interrupt
    assert not (parts / "judgement.json").exists()
    monkeypatch.setattr(building, "_seldom", real)
    assert run(sweep, "--out", parts, "--workers", 2)[0] == 0
    assert tables(parts) == tables(whole)


@pytest.mark.usefixtures("no_page")
def test_another_sweep_s_folder_and_somebody_else_s(sweep: Path, tmp_path: Path) -> None:
    assert run(sweep, "--out", tmp_path / "out", "--workers", 1)[0] == 0
    before = tables(tmp_path / "out")
    sweep.write_text(SWEEP.replace("seed = 3", "seed = 4"))
    code, _, told = run(sweep, "--out", tmp_path / "out", "--workers", 1)
    assert code == 2
    assert "holds another sweep: seed is 4 here and 3 there" in told
    assert tables(tmp_path / "out") == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("precious")
    code, _, told = run(sweep, "--out", tmp_path / "mine", "--workers", 1)
    assert code == 2
    assert "thesis.docx" in told


def test_refused_before_any_work(sweep: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, _, told = run(sweep, "--out", out, "--workers", 2, "--dask", "tcp://127.0.0.1:9")
    assert code == 2
    assert "not both" in told
    sweep.write_text(SWEEP.replace("pairs = [8, 10, 12]", "pairs = []\npears = [1]"))
    code, _, told = run(sweep, "--out", out)
    assert code == 2
    assert "grid.pairs is []" in told
    assert "grid.pears is no lever" in told
    assert run(tmp_path / "nowhere.toml", "--out", out)[0] == 2
    assert not out.exists()


def test_a_scheduler_that_does_not_answer(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    from rmresearch.whatif import workers

    monkeypatch.setattr(workers, "ANSWERS_WITHIN", 1)
    code, _, told = run(sweep, "--out", tmp_path / "out", "--dask", "tcp://127.0.0.1:9")
    assert code == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_page")
def test_a_broken_scenario_is_named_and_the_rest_is_shown(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = running.run

    def failing(asked: Any, task: Any) -> Any:
        if task.scenario in broken:
            raise KeyError("what nobody foresaw")
        return real(asked, task)

    monkeypatch.setattr(running, "run", failing)
    broken = {"pairs 10"}
    code, said, told = run(sweep, "--out", tmp_path / "out", "--workers", 1)
    assert code == 1
    assert Path(said.strip()).is_file()
    assert "incomplete, 2 of 3 scenarios" in told
    assert "pairs 10: KeyError: 'what nobody foresaw'" in told
    broken = {"pairs 8", "pairs 10", "pairs 12"}
    code, said, told = run(sweep, "--out", tmp_path / "none", "--workers", 1)
    assert (code, said) == (1, "")
    assert "incomplete, 0 of 3 scenarios" in told


@pytest.mark.usefixtures("no_page")
def test_progress_is_told_seldom(sweep: Path, tmp_path: Path) -> None:
    heard: list[str] = []
    seldom = building._seldom(heard.append)
    assert seldom is not None
    for number in range(1000):
        seldom(str(number))
    assert heard[0] == "0"
    assert len(heard) < 100
    assert building._seldom(None) is None


DECISIONS = """
question = "Which, for how much, how many?"
outcome = "digital_skill"
replicates = 500
analyses = ["compare_arms"]
scenario = {preset = "strong", pairs = 16}

[[scenarios]]
name = "plain"

[[scenarios]]
name = "often"
levers.cadence = 8

[base]
name = "plain"

[budget]
budgets = [9_000]
per_pair = 600
replicates = 100
designs = ["often"]

[required]
replicates = 200
designs = ["often"]
"""


@pytest.mark.usefixtures("no_page")
def test_killed_again_and_again_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """In the middle of the comparison, and of the search for a size."""
    file, whole, parts = tmp_path / "sweep.toml", tmp_path / "whole", tmp_path / "parts"
    file.write_text(DECISIONS)
    assert run(file, "--out", whole, "--workers", 1)[0] == 0
    command = [sys.executable, "-m", "rmresearch", "whatif", str(file), "--out", str(parts),
               "--workers", "1"]  # fmt: skip
    for sign in ("progress/0001.json", "required/0000/search.json"):
        with subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL) as begun:
            while not (parts / sign).exists() and begun.poll() is None:
                time.sleep(0.02)
            os.killpg(begun.pid, signal.SIGKILL)
        assert not (parts / "judgement.json").exists()
    assert run(file, "--out", parts, "--workers", 2)[0] == 0
    assert {"judgement.json", "judgement.parquet", "differences.parquet"} <= set(tables(parts))
    assert tables(parts) == tables(whole)


@pytest.mark.skipif(os.name == "nt", reason="nobody is asked to end by a signal there")
def test_asked_to_end_it_says_so_and_leaves_nobody_at_work(tmp_path: Path) -> None:
    file, out, said = tmp_path / "sweep.toml", tmp_path / "out", tmp_path / "said"
    file.write_text(SWEEP.replace("replicates = 30", "replicates = 200000"))
    command = [sys.executable, "-m", "rmresearch", "whatif", str(file), "--out", str(out),
               "--workers", "2"]  # fmt: skip
    with (
        said.open("w") as log,
        subprocess.Popen(command, start_new_session=True, stdout=log, stderr=log) as begun,
    ):
        while "task 1 of" not in said.read_text("utf-8") and begun.poll() is None:
            time.sleep(0.05)
        begun.terminate()
        assert begun.wait(60) == 128 + signal.SIGTERM
    assert gone(begun.pid)  # workers and their keeper are of its group
    *_, blank, last = said.read_text("utf-8").splitlines()
    assert (blank, last) == ("", STOPPED)
    assert not re.search(r"Traceback|[Ww]arning", said.read_text("utf-8"))


def gone(group: int) -> bool:
    """Whether the group's processes end within a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
