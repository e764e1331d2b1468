"""A JupyterLab of its own: started on a free port of this machine, with nobody's settings."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TOKEN = "explorer"


@contextmanager
def lab(folder: Path, cells: list[str]) -> Iterator[str]:
    """The address of a notebook with these cells, in JupyterLab; the server ends with the block."""
    home = folder / "home"
    home.mkdir()
    work = folder / "work"
    work.mkdir()
    (work / "explore.ipynb").write_text(json.dumps(notebook(cells)), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = f"http://127.0.0.1:{port}"
    own = {
        name: str(home / name)
        for name in (
            "HOME",
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "IPYTHONDIR",
        )
    }
    options = ["ServerApp.ip=127.0.0.1", f"ServerApp.port={port}", "ServerApp.port_retries=0",
               "ServerApp.open_browser=False", "ServerApp.allow_root=True",
               f"IdentityProvider.token={TOKEN}", f"ServerApp.root_dir={work}",
               "LabApp.expose_app_in_browser=True", "LabApp.news_url=None",
               "LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", *(f"--{option}" for option in options)]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=log)
        try:
            answers(f"{server}/api/status?token={TOKEN}", process)
            yield f"{server}/lab/tree/explore.ipynb?token={TOKEN}"
        finally:
            process.terminate()
            process.wait(20)


def answers(address: str, process: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("JupyterLab does not answer: see server.log")


def notebook(cells: list[str]) -> dict[str, object]:
    """A notebook of code cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    code = [
        {"cell_type": "code", "id": f"cell-{n}", "source": source, "metadata": {}, "outputs": [],
         "execution_count": None}
        for n, source in enumerate(cells)
    ]  # fmt: skip
    return {"cells": code, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


@contextmanager
def in_browser(chromium: str, address: str, width: int, height: int) -> Iterator[Any]:
    """The notebook there, ready to run; the page's ``asked`` and ``wrong`` hold every address that
    it asks for and every error from then on."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened: Any = browser.new_page(viewport={"width": width, "height": height})
        opened.set_default_timeout(150_000)
        opened.asked, opened.wrong = [], []
        opened.on("request", lambda request: opened.asked.append(request.url))
        opened.on("websocket", lambda socket: opened.asked.append(socket.url))
        opened.on("pageerror", lambda error: opened.wrong.append(str(error)))
        opened.on("console", lambda message: opened.wrong.append(message.text)
                  if message.type == "error" else None)  # fmt: skip
        opened.goto(address)
        opened.wait_for_selector(".jp-Notebook .jp-CodeCell")
        opened.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.ready")
        yield opened
        browser.close()


def hosts(page: Any) -> set[str | None]:
    """Whom the page asked for anything."""
    parts = [urlsplit(one) for one in page.asked]
    return {one.hostname for one in parts if one.scheme not in {"data", "blob"}}
