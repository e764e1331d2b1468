"""The real study that several analyses are held against."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from rmresearch.study import Study


@pytest.fixture(scope="session")
def kenya(
    root: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Study]:
    """Reads the Kenya mentoring study, once, outside the checkout (reading makes a key)."""

    @cache
    def read() -> Study:
        from rmresearch.io.read import read_study

        folder = tmp_path_factory.mktemp("kenya")
        shutil.copy(root / "tests" / "real" / "kenya.toml", folder / "study.toml")
        return read_study(folder, data=shared / "real" / "bdj_mentors_rct")

    return read
