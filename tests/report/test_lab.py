"""JupyterLab is started as the workbench: on copies, on this machine, with nobody's settings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rmresearch.cli import main
from rmresearch.errors import ReportError
from rmresearch.report import lab, notebook
from rmresearch.report.lab import open_lab
from rmresearch.report.notebook import find_notebook, notebooks, run_notebook


class Started:
    """Every server that would have been started: its command and surroundings."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.surroundings: list[Mapping[str, str]] = []
        self.heard: list[Any] = []

    def __call__(self, command: list[str], env: Mapping[str, str]) -> Started:
        self.commands.append(command)
        self.surroundings.append(env)
        return self

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None: ...

    def wait(self) -> int:
        self.heard = [signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)]
        return 7

    def terminate(self) -> None:
        self.heard.append("terminated")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    servers = Started()
    monkeypatch.setattr(lab.subprocess, "Popen", servers)
    return servers


def test_notebooks_are_copied_and_the_tour_is_opened(tmp_path: Path, started: Started) -> None:
    folder, said = tmp_path / "my work" / "mine", list[str]()
    assert open_lab(folder, say=said.append) == 7
    for name, path in notebooks().items():
        assert (folder / f"{name}.ipynb").read_bytes() == path.read_bytes()
    assert said == [
        f"JupyterLab opens 00_tour.ipynb in {folder.resolve()}. Ctrl-C here ends it."
    ]  # fmt: skip
    (command,) = started.commands
    assert {
        "--ServerApp.ip=127.0.0.1",
        "--LabApp.default_url=/lab/tree/00_tour.ipynb",
        "--LabApp.news_url=None",
        "--KernelManager.transport_encryption=auto",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--ServerApp.root_dir={folder.resolve()}",
        "--ServerApp.open_browser=True",
    } <= set(command)
    assert not any(
        "token" in one or "root=" in one.replace("allow_root", "root") for one in command
    )


def test_what_is_there_stays_as_it_is_and_that_is_said(tmp_path: Path, started: Started) -> None:
    open_lab(tmp_path)
    mine = tmp_path / "00_tour.ipynb"
    mine.write_text("my own work", "utf-8")
    said: list[str] = []
    open_lab(tmp_path, say=said.append)
    assert mine.read_text("utf-8") == "my own work"
    assert said[0] == "yours, and kept as they are: 00_tour.ipynb"


def test_without_a_browser_and_as_root_when_asked(tmp_path: Path, started: Started) -> None:
    command = ["lab", str(tmp_path), "--no-browser", "--allow-root"]
    assert CliRunner().invoke(main, command).exit_code == 7
    assert {"--ServerApp.open_browser=False", "--allow-root"} <= set(started.commands[0])


def test_ctrl_c_is_the_servers_and_an_end_of_ours_is_its_end(
    tmp_path: Path, started: Started
) -> None:
    before = [signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)]
    open_lab(tmp_path)
    interrupt, end = started.heard
    assert interrupt(signal.SIGINT, None) is None
    end(signal.SIGTERM, None)
    assert started.heard[-1] == "terminated"
    assert [signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)] == before


def test_defaults_are_given_beside_the_users_own(
    tmp_path: Path, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")
    open_lab(tmp_path)
    theirs, ours = started.surroundings[0]["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert theirs == "theirs"
    (only,) = (path for path in Path(ours).rglob("*") if path.suffix == ".json")
    assert only.relative_to(ours) == Path("labconfig/default_setting_overrides.json")
    told = json.loads(only.read_text("utf-8"))["@jupyterlab/apputils-extension:notification"]
    assert told == {"checkForUpdates": False, "fetchNews": "false"}


def test_jupyterlab_reads_these_defaults(tmp_path: Path) -> None:
    """What the server itself would tell the page."""
    ask = (
        "from jupyterlab_server.settings_utils import _get_overrides; import json, sys;"
        "print(json.dumps(_get_overrides(sys.argv[1])))"
    )
    home = {"JUPYTER_CONFIG_DIR": str(tmp_path), "JUPYTER_CONFIG_PATH": lab._config_path()}
    answer = subprocess.run(
        [sys.executable, "-c", ask, str(tmp_path)],
        env={**os.environ, **home},
        capture_output=True,
        check=True,
    )
    told, wrong = json.loads(answer.stdout)
    assert told["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert wrong == ""


def test_an_installed_lab_asks_for_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "rmresearch" / "_notebooks"
    inside.mkdir(parents=True)
    (inside / "only.ipynb").write_text("{}")
    monkeypatch.setattr(
        notebook, "__file__", str(tmp_path / "rmresearch" / "report" / "notebook.py")
    )
    with pytest.raises(ReportError, match="rmresearch lab FOLDER"):
        open_lab()


def test_the_checkouts_own_are_opened_where_they_can_be_written_to(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_lab()
    own = find_notebook("00_tour").parent
    assert f"--ServerApp.root_dir={own}" in started.commands[0]
    monkeypatch.setattr(lab.os, "access", lambda path, how: False)
    with pytest.raises(ReportError, match=r"cannot be written to.*rmresearch lab FOLDER"):
        open_lab()


def test_a_place_where_nothing_can_be_copied_to_is_refused(
    tmp_path: Path, started: Started
) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ReportError, match="cannot be copied there"):
            open_lab(folder)
    assert started.commands == []


def test_the_example_is_the_checkouts_or_drawn_once_beside_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "pilot"
    monkeypatch.chdir(tmp_path)
    assert lab.example() == original
    assert list(tmp_path.iterdir()) == []
    installed = tmp_path / "env" / "lib" / "rmresearch" / "report" / "lab" / "__init__.py"
    monkeypatch.setattr(lab, "__file__", str(installed))
    drawn = lab.example()
    for path in original.rglob("*.csv"):
        assert (drawn / path.relative_to(original)).read_bytes() == path.read_bytes()
    (drawn / "study.toml").write_text("changed by hand")
    assert lab.example() == drawn == Path("example-pilot")
    assert (drawn / "study.toml").read_text() == "changed by hand"


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("01_pilot_evaluation", "reading the study and asking its questions"),
        ("03_programme_pulse", "taking the pulse"),
    ],
)
def test_a_copied_notebook_runs_as_it_is(name: str, last: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.ipynb").write_bytes(find_notebook(name).read_bytes())
    shown = run_notebook(tmp_path / f"{name}.ipynb", {}, cwd=tmp_path, last=last)
    assert [cell.execution_count for cell in shown.cells if cell.cell_type == "code"][-1] == 2
