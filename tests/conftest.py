"""What all tests share: one thread a kernel, the folder of shared data, the browser, markers."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# a loaded machine is no fault of the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--validate", action="store_true", help="run the heavy proofs too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--validate"):
        return
    heavy = [item for item in items if item.get_closest_marker("validate")]
    config.hook.pytest_deselected(items=heavy)
    items[:] = [item for item in items if item not in heavy]


@pytest.fixture(scope="session", autouse=True)
def _quick_evaluations() -> Iterator[None]:
    """Evaluations made in a test's own process draw few studies for their receipt and start no
    second process, as tests run side by side; reports made by the command do all of it."""
    from rmresearch.whatif import receipt, workers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receipt, "STUDIES", receipt.ENOUGH)
        patch.setattr(workers, "cores", lambda: 1)
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def by_r() -> Callable[[str], tuple[Any, Any]]:
    """What R was given and what it said of that: the frozen files below tests/reference."""

    @cache
    def read(folder: str) -> tuple[Any, Any]:
        files = (ROOT / "tests" / "reference" / folder / f"{n}.json" for n in ("input", "output"))
        given, said = (json.loads(file.read_text("utf-8")) for file in files)
        return given, said

    return read


@pytest.fixture(scope="session")
def shared() -> Path:
    """Public data and references kept outside the project; tests that need them skip without."""
    folder = Path(os.environ.get("RMRESEARCH_SHARED", ROOT.parent / "shared"))
    if not (folder / "real").is_dir():
        pytest.skip("no shared data folder (set RMRESEARCH_SHARED)")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium; where there is none the test skips, unless the environment demands it."""
    found = shutil.which("chromium")
    if found is None:
        reason = "no Chromium on this machine"
        if os.environ.get("RMRESEARCH_REQUIRE_BROWSER"):
            pytest.fail(reason + ", and RMRESEARCH_REQUIRE_BROWSER demands one")
        pytest.skip(reason)
    return found
