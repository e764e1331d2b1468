"""One new study for all tests here: making it takes a second."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rmresearch.io.template.folder import new_study


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new study with every default and a start; not to be changed."""
    folder = tmp_path_factory.mktemp("new") / "pilot"
    new_study(folder, {"start": "2025-09-01"})
    return folder


@pytest.fixture
def pilot(made: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may fill in."""
    return Path(shutil.copytree(made, tmp_path / "pilot"))
