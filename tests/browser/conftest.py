"""The browser, and every page that the package makes, each made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from report.demo import demo
from rmresearch.report.build import build
from rmresearch.report.html import INTERNAL, render, to_html
from rmresearch.report.notebook import find_notebook, run_notebook
from rmresearch.report.whatif.build import build as build_whatif

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


def _every_block(folder: Path, root: Path) -> Path:
    """Each kind of block and figure, with long names and with markup in them."""
    path = folder / "page.html"
    path.write_text(render(demo(), marks=(INTERNAL,)), "utf-8")
    return path


def _report(folder: Path, root: Path) -> Path:
    return build(root / "data" / "synthetic" / "pilot", folder)


def _whatif(folder: Path, root: Path) -> Path:
    sweep = folder / "sweep.toml"
    sweep.write_text(SWEEP, "utf-8")
    return build_whatif(sweep, folder / "out", workers=1)[0]


def _validation(folder: Path, root: Path) -> Path:
    return _notebook(folder, "05_method_validation", {})


def _world(folder: Path, root: Path) -> Path:
    settings = {"scenario_name": "small-pilot", "replicates": "12", "seed": "1"}
    return _notebook(folder, "06_world", settings)


def _notebook(folder: Path, name: str, settings: dict[str, str]) -> Path:
    path = folder / "page.html"
    executed = run_notebook(find_notebook(name), settings)
    path.write_text(to_html(executed, title=name, internal=False), "utf-8")
    return path


#: a page joins by a line here: everything that is asked of a page is then asked of it
PAGES: dict[str, Callable[[Path, Path], Path]] = {
    "every block": _every_block,
    "report": _report,
    "whatif": _whatif,
    "validation": _validation,
    "world": _world,
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Callable[[str], Path]:
    """Makes a page at its first use."""
    return cache(lambda name: PAGES[name](tmp_path_factory.mktemp(name.replace(" ", "-")), root))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()
