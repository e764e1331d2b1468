"""What is installed: the wheel carries notebooks, templates and words; the lock holds hashes."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_the_wheel_carries_what_a_report_needs(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        assert f"rmresearch/_notebooks/{path.name}" in inside
    source = ROOT / "src"
    for path in (source / "rmresearch").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(source).as_posix() in inside


def test_a_report_from_the_wheel_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(installed)
    program = (
        "import rmresearch; from rmresearch.report.notebook import find_notebook; "
        "print(rmresearch.__file__); print(find_notebook('01_pilot_evaluation'))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert all(str(installed) in line for line in found), found


def requirements() -> dict[str, str]:
    """Each requirement of the lock file with the lines that follow it."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    return {entry.split("==")[0].lower(): entry for entry in entries if "==" in entry}


def test_every_line_of_the_lock_is_pinned_by_hash() -> None:
    locked = requirements()
    assert len(locked) > 50
    for name, entry in locked.items():
        assert "--hash=sha256:" in entry, name


def test_the_lock_names_no_index_and_no_path() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links)", text, re.MULTILINE)
    assert "://" not in text


def test_the_lock_covers_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [one for listed in project["optional-dependencies"].values() for one in listed]
    locked = requirements()
    for asked in (*project["dependencies"], *extras):
        name = re.split(r"[<>=\[; ]", asked)[0].lower()
        assert name in locked, f"{asked}: run make lock"
