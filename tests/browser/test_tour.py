"""The newcomer's first sitting: `rmresearch lab`, the tour, in a real browser, to the report."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from explorer.lab import hosts, in_browser

from .seen import CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MINE = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/lab/tree/00_tour\.ipynb\?token=\w+")
POP_UPS = "document.querySelectorAll('.Toastify__toast, .jp-Dialog').length"
#: the HTML that each cell shows, by the cell's own name (those off the screen are not in the page)
SHOWN = """
Object.fromEntries(jupyterapp.shell.currentWidget.content.widgets.map(cell => [
  cell.model.id,
  (cell.model.toJSON().outputs || []).map(one => [(one.data || {})["text/html"]].flat().join(""))
]))
"""
GO_TO = """
async id => {
  const notebook = jupyterapp.shell.currentWidget.content;
  const place = notebook.widgets.findIndex(cell => cell.model.id === id);
  notebook.activeCellIndex = place;
  await notebook.scrollToItem(place, "start");
}
"""
#: a draw of so many pairs is over, and the kernel waits
DRAWN = """
pairs => {
  const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const tile = [...document.querySelectorAll(".rmr-explorer .tile")].at(-1);
  return kernel.status === "idle" && tile && tile.innerText.includes(`${pairs} pairs ×`);
}
"""


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """`rmresearch lab` as a terminal starts it, with nobody's settings; what it says is kept."""
    names = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    own = {name: str(folder / "home" / name) for name in names}
    for place in own.values():
        Path(place).mkdir(parents=True, exist_ok=True)
    tells = Path(own["JUPYTER_CONFIG_DIR"], "jupyter_lab_config.json")
    tells.write_text(json.dumps({"LabApp": {"expose_app_in_browser": True}}), "utf-8")
    command = [sys.executable, "-m", "rmresearch", "lab", *arguments, "--no-browser",
               "--allow-root"]  # fmt: skip
    said = folder / f"said-{len(list(folder.glob('said-*')))}"
    with said.open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, stdout=log,
                                  stderr=log, start_new_session=True)  # fmt: skip
        try:
            yield server, said
        finally:
            server.terminate()
            server.wait(30)


def address(server: subprocess.Popen[bytes], said: Path, seconds: float = 90.0) -> str:
    """The address that it says, once it does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        if found := ADDRESS.search(said.read_text("utf-8")):
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab says no address: {said.read_text('utf-8')}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tour")
    (place / "work").mkdir()
    (place / "work" / "04_what_if.ipynb").write_text(MINE, "utf-8")
    return place


@pytest.fixture(scope="module")
def page(chromium: str, folder: Path) -> Iterator[Any]:
    """The tour with all its cells run, and everything that was asked for and said meanwhile."""
    with (
        served(folder, "work") as (server, said),
        in_browser(chromium, address(server, said), width=1400, height=1000) as opened,
    ):
        opened.tour = opened.evaluate("jupyterapp.shell.currentWidget.id")
        opened.popped = opened.evaluate(POP_UPS)
        opened.ran = opened.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        yield opened


def in_front(page: Any) -> None:
    """The tour's tab, whatever was opened since."""
    page.evaluate("id => jupyterapp.shell.activateById(id)", page.tour)
    page.wait_for_function("id => jupyterapp.shell.currentWidget.id === id", arg=page.tour)


def test_it_opens_on_the_tour_and_every_cell_runs(page: Any) -> None:
    assert page.evaluate("jupyterapp.shell.currentWidget.title.label") == "00_tour.ipynb"
    assert page.popped == 0
    assert page.ran is True
    shown = page.evaluate(SHOWN)
    pictures = ("look", "truth", "doubt", "nothing", "size")
    assert [len(re.findall("<figure>", "".join(shown[name]))) for name in pictures] == [1] * 5
    assert "What is true" in "".join(shown["pilot"])
    assert page.evaluate(POP_UPS) == 0


def test_notebooks_that_are_there_stay(page: Any, folder: Path) -> None:
    work = folder / "work"
    assert (work / "04_what_if.ipynb").read_text("utf-8") == MINE
    assert (work / "06_world.ipynb").is_file()
    said = (folder / "said-0").read_text("utf-8")
    assert "yours, and kept as they are: 04_what_if.ipynb" in said


def test_the_explorer_follows_the_keyboard(page: Any) -> None:
    page.evaluate(GO_TO, "explore")
    row = page.locator(".rmr-explorer .widget-inline-hbox", has_text="Pairs, all arms")
    slider = row.locator("[role=slider]")
    page.wait_for_function(DRAWN, arg=60)
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(DRAWN, arg=64)
    assert slider.get_attribute("aria-valuetext") == "64"
    cost = page.locator(".rmr-explorer .tile").last.inner_text()
    assert "61,960" in cost  # 5,000 + 64 * (800 + 3 * 30)


def test_the_pages_that_were_made_open_beside_the_tour(page: Any, folder: Path) -> None:
    heads = {"report.html": "Technical evaluation report", "brief.html": "Leadership brief",
             "pulse.html": "Programme pulse"}  # fmt: skip
    for place, (name, head) in enumerate(heads.items()):
        in_front(page)
        page.evaluate(GO_TO, "report")
        page.locator(".jp-OutputArea-output .rmr li a").nth(place).click()
        page.wait_for_selector(f".lm-TabBar-tab.lm-mod-current:has-text('{name}')")
        said = page.frame_locator("iframe:visible").locator("header.head").inner_text()
        assert head.lower() in said.lower()
    assert (folder / "work" / "tour" / "report" / "leadership" / "brief.html").is_file()


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_all_that_is_shown_can_be_read_in_light_and_in_dark(page: Any, theme: str) -> None:
    in_front(page)
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    page.wait_for_function(
        "theme => document.body.dataset.jpThemeName === theme", arg=theme
    )  # fmt: skip
    faint = {}
    page.mouse.move(2, 2)  # JupyterLab tints the row of a table that is pointed at
    for name in (name for name, shown in page.evaluate(SHOWN).items() if any(shown)):
        page.evaluate(GO_TO, name)
        page.wait_for_timeout(60)
        if bad := page.evaluate(CONTRAST.replace("body *", ".jp-OutputArea-output *")):
            faint[name] = bad
    assert faint == {}


def test_nobody_else_is_asked_and_nothing_goes_wrong(page: Any, folder: Path) -> None:
    assert hosts(page) == {"127.0.0.1"}
    assert page.wrong == []
    assert "without encryption" not in (folder / "said-0").read_text("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="a signal to a group of processes is POSIX's")
def test_beside_another_it_takes_the_next_port_and_ctrl_c_ends_it_quietly(
    page: Any, folder: Path
) -> None:
    with served(folder, "work") as (server, said):
        here, other = urlsplit(address(server, said)).port, urlsplit(page.url).port
        assert here != other
        os.killpg(server.pid, signal.SIGINT)
        assert server.wait(30) == 0
    told = said.read_text("utf-8")
    assert "Traceback" not in told
    assert "Error" not in told
