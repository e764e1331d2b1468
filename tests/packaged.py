"""The project as it is given away: built from a copy of what git tracks, and from that alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def kept() -> list[str]:
    """What belongs to the project: all that git tracks, and new files in its folders that git does
    not ignore. What stands beside them was made by who tried the README's commands here."""
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout: what belongs to the project is not known")
    tracked, new = _listed("--cached"), _listed("--others", "--exclude-standard")
    folders = tuple({f"{name.split('/')[0]}/" for name in tracked if "/" in name})
    known = tracked | {name for name in new if name.startswith(folders)}
    return sorted(name for name in known if (ROOT / name).is_file())


def _listed(*which: str) -> set[str]:
    command = ["git", "ls-files", "-z", *which]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return set(told.split("\0")) - {""}


def copied(to: Path) -> Path:
    """A copy of these files."""
    for name in kept():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name)
    return to


def built(tree: Path, out: Path, target: str) -> Path:
    """The ``wheel`` or ``sdist`` of a tree, made as its pyproject.toml says."""
    out.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    plain = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    subprocess.run(command, cwd=tree, env=plain, check=True, capture_output=True)
    return next(out.iterdir())
