"""Installed from the wheel, away from the checkout: every command does its work there.

The environment holds the wheel alone and borrows the dependencies of the one that runs the tests.
Whoever opens a file of the checkout in it is stopped, so what the wheel lacks is missed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.packaged import ROOT, built, copied

GUARD = """
import os, sys
closed, open_to = {closed!r}, {open_to!r}
def guard(event, args):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(args[0], (str, bytes)):
        path = os.path.abspath(os.fsdecode(args[0])) + os.sep
        if path.startswith(closed) and not path.startswith(open_to):
            raise RuntimeError("there is no checkout: " + path)
sys.addaudithook(guard)
"""


class Installed:
    """An environment, a home and a folder to work in, all new."""

    def __init__(self, place: Path, wheel: Path) -> None:
        self.site = place / "env"
        self.work = place / "work"
        self.work.mkdir()
        made = [sys.executable, "-m", "venv", "--without-pip", str(self.site)]
        subprocess.run(made, check=True)
        self.bin = self.site / ("Scripts" if os.name == "nt" else "bin")
        uv = [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--quiet"]
        subprocess.run([*uv, "--python", str(self.bin / "python"), str(wheel)], check=True)
        for data in ("etc", "share"):  # what JupyterLab and nbconvert keep beside their code
            (self.site / data).symlink_to(Path(sys.prefix, data), target_is_directory=True)
        packages = Path(
            self.told("python", "-c", "import sysconfig as s; print(s.get_path('purelib'))")
        )
        lent = sysconfig.get_path("purelib")
        open_to = tuple(str(Path(one).resolve()) + os.sep for one in (lent, sys.prefix))
        guard = GUARD.format(closed=str(ROOT) + os.sep, open_to=open_to)
        (packages / "no_checkout.py").write_text(guard, "utf-8")
        (packages / "no_checkout.pth").write_text(f"{lent}\nimport no_checkout\n", "utf-8")

    @property
    def surroundings(self) -> dict[str, str]:
        """Nothing of the user's but where programs are."""
        home = str(self.work.parent / "home")
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        where = {"JUPYTER_RUNTIME_DIR": str(self.work.parent / "runtime")}
        return {**kept, **threads, **where, "HOME": home, "USERPROFILE": home}

    def run(self, program: str, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / program), *(str(word) for word in words)],
            cwd=self.work,
            env=self.surroundings,
            capture_output=True,
            text=True,
        )

    def told(self, program: str, *words: object) -> str:
        """What a command prints, after it ended well."""
        done = self.run(program, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("away")
    return Installed(place, built(copied(place / "tree"), place / "wheel", "wheel"))


@pytest.fixture(scope="module")
def pilot(installed: Installed) -> Path:
    """The example, drawn by what is installed."""
    assert installed.told("rmresearch", "simulate", "example", "--out", "pilot") == "pilot"
    return installed.work / "pilot"


def test_the_package_is_the_wheels(installed: Installed) -> None:
    told = installed.told("python", "-c", "import rmresearch; print(rmresearch.__file__)")
    assert Path(told).resolve().is_relative_to(installed.site.resolve())


def test_the_checkout_is_out_of_reach(installed: Installed) -> None:
    done = installed.run("python", "-c", f"open({str(ROOT / 'README.md')!r})")
    assert done.returncode == 1
    assert "there is no checkout" in done.stderr


def test_the_example_is_drawn_as_it_lies_in_the_checkout(pilot: Path) -> None:
    kept = ROOT / "data" / "synthetic" / "pilot"
    for path in sorted((kept / "data").iterdir()):
        assert (pilot / "data" / path.name).read_bytes() == path.read_bytes(), path.name


def test_check_and_plan(installed: Installed, pilot: Path) -> None:
    assert "No problems" in installed.told("rmresearch", "check", pilot)
    assert "frozen" in installed.told("rmresearch", "plan", "show", pilot)


def test_match(installed: Installed, pilot: Path) -> None:
    made = installed.told("rmresearch", "match", pilot, "--policy", "rules", "--out", "pairs.xlsx")
    assert (installed.work / made).stat().st_size > 0


def test_calibrate_and_simulate(installed: Installed, pilot: Path) -> None:
    installed.told("rmresearch", "calibrate", pilot, "--out", "ours.toml")
    installed.told("rmresearch", "simulate", "ours.toml", "--out", "next", "--seed", "7")
    assert (installed.work / "next" / "study.toml").is_file()


def test_a_new_study_with_a_published_scale(installed: Installed) -> None:
    installed.told("rmresearch", "new", "fresh", "--yes")
    assert "uwes-9" in installed.told("rmresearch", "instruments")
    assert "added uwes_9" in installed.told(
        "rmresearch", "instruments", "uwes-9", "--into", "fresh"
    )
    done = installed.run("rmresearch", "check", "fresh")
    assert done.returncode == 2, "the example rows of the workbook are no data"
    assert "an example row of the new study is still there" in done.stdout


def test_forget(installed: Installed) -> None:
    installed.told("rmresearch", "simulate", "small-pilot", "--seed", "8", "--out", "over")
    installed.told("rmresearch", "forget", "over", "--yes")
    assert [path.name for path in (installed.work / "over").rglob("*.csv")] == []
    assert installed.run("rmresearch", "check", "over").returncode == 2


def test_report_for_all_audiences_and_verify(installed: Installed) -> None:
    installed.told("rmresearch", "simulate", "small-pilot", "--seed", "7", "--out", "small")
    told = installed.told("rmresearch", "report", "small", "--audience", "all", "--out", "made")
    assert [Path(line).parts[1] for line in told.splitlines()] == [
        "internal",
        "leadership",
        "pulse",
    ]
    made = {path.suffix for path in (installed.work / "made").rglob("*") if path.is_file()}
    assert made >= {".html", ".pdf", ".pptx", ".xlsx", ".json"}
    assert "every file is as it was made" in installed.told("rmresearch", "verify", "made")


def test_whatif(installed: Installed) -> None:
    assert "how-many-pairs" in installed.told("rmresearch", "whatif")
    installed.told("rmresearch", "whatif", "how-many-pairs", "--copy", "question.toml")
    question = installed.work / "question.toml"
    few = question.read_text("utf-8").split("[required]")[0]
    few = re.sub(r"(?m)^replicates = .*$", "replicates = 12", few)
    few = re.sub(r"(?m)^pairs = .*$", "pairs = [12, 24]", few)
    question.write_text(few, "utf-8")
    made = installed.told(
        "rmresearch", "whatif", "question.toml", "--out", "answer", "--workers", "1"
    )
    assert "How many pairs" in (installed.work / made).read_text("utf-8")


def asked(address: str, method: str = "GET") -> Any:
    """What the server answers."""
    request = urllib.request.Request(address, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"{}")


def served(runtime: Path, lab: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Where the server says that it listens, once it does: it says so a moment before."""
    for _ in range(600):
        time.sleep(0.1)
        assert lab.poll() is None, "JupyterLab ended by itself"
        for path in runtime.glob("jpserver-*.json"):
            with suppress(json.JSONDecodeError, ConnectionError, urllib.error.URLError):
                server: dict[str, Any] = json.loads(path.read_text("utf-8"))
                asked(f"{server['url']}api?token={server['token']}")
                return server
    raise AssertionError("JupyterLab did not start within a minute")


def test_lab_serves_copies_of_the_notebooks_to_this_machine_only(installed: Installed) -> None:
    command = [str(installed.bin / "rmresearch"), "lab", "bench", "--no-browser", "--allow-root"]
    runtime = Path(installed.surroundings["JUPYTER_RUNTIME_DIR"])
    with subprocess.Popen(
        command,
        cwd=installed.work,
        env=installed.surroundings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as lab:
        try:
            server = served(runtime, lab)
            assert server["hostname"] == "127.0.0.1"
            token = f"?token={server['token']}"
            listed = asked(f"{server['url']}api/contents{token}")["content"]
            with urllib.request.urlopen(f"{server['url']}{token}", timeout=30) as page:
                assert page.url.split("?")[0].endswith("/lab/tree/00_tour.ipynb")
                assert "JupyterLab" in page.read().decode()
            asked(f"{server['url']}api/shutdown{token}", "POST")
            assert lab.wait(timeout=60) == 0
        finally:
            lab.terminate()
    names = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {one["name"] for one in listed} >= names >= {"00_tour.ipynb"}
    assert {path.name for path in (installed.work / "bench").glob("*.ipynb")} == names
