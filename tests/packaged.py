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
    """What belongs to the project: all that git tracks, and new files that it does not ignore."""
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout: what belongs to the project is not known")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return sorted({name for name in told.split("\0") if name and (ROOT / name).is_file()})


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
