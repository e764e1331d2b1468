"""JupyterLab as the workbench: our notebooks beside each other, the tour in front.

The server listens on this machine only, with its token, and asks nobody for news or a newer
JupyterLab. What differs from JupyterLab's own defaults is said on its command line and in
`labconfig/`, which is read for this server alone: the user's settings stay as they are, and win.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rmresearch.errors import ReportError
from rmresearch.report.notebook import notebooks

__all__ = ["EXAMPLE", "TOUR", "example", "open_lab"]

TOUR = "00_tour"
#: the folder that the example pilot is drawn into, beside the notebooks
EXAMPLE = "example-pilot"
OPTIONS = (
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.answer_yes=True",  # Ctrl-C ends it at once
    "--Application.log_level=ERROR",  # the address is said all the same
    f"--LabApp.default_url=/lab/tree/{TOUR}.ipynb",
    "--LabApp.news_url=None",
    "--KernelManager.transport_encryption=auto",  # else each kernel says that it is not
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


def open_lab(
    folder: Path | None = None,
    *,
    browser: bool = True,
    root: bool = False,
    say: Callable[[str], None] = lambda message: None,
) -> int:
    """Open JupyterLab on the tour; returns its exit code once it has ended.

    The notebooks are copied to ``folder`` first; those that are there already stay as they are.
    Without a folder the checkout's own are opened; an installed package asks for one, because its
    own would be lost on update. Without ``browser`` the address is only said. ``root`` lets the
    superuser start it, which JupyterLab refuses otherwise. Where the port is taken, the next is.

    Raises ``ReportError`` where nothing can be written: a tour makes a report.
    """
    place = _place(folder, say)
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS]
    command += [f"--ServerApp.root_dir={place}", f"--ServerApp.open_browser={browser}"]
    command += ["--allow-root"] if root else []
    say(f"JupyterLab opens {TOUR}.ipynb in {place}. Ctrl-C here ends it.")
    return _ended(command, {**os.environ, "JUPYTER_CONFIG_PATH": _config_path()})


def example() -> Path:
    """Where the example pilot is, for a notebook that was given no study: the checkout's own, else
    drawn once into ``example-pilot`` beside the notebook (the same bytes).

    Raises ``ReportError`` where it cannot be written, or that folder holds something else.
    """
    checkout = Path(__file__).resolve().parents[4] / "data" / "synthetic" / "pilot"
    own = Path(EXAMPLE)
    for there in (checkout, own):
        if (there / "study.toml").is_file():
            return there
    from rmresearch.world.pilot import write_example

    return write_example(own)


def _place(folder: Path | None, say: Callable[[str], None]) -> Path:
    """The folder that is opened, the notebooks in it."""
    found = notebooks()
    if folder is None:
        own = next((path.parent for path in found.values()), None)
        if own is None or own.name == "_notebooks":
            raise ReportError("say where the notebooks shall be copied to: rmresearch lab FOLDER")
        if not os.access(own, os.W_OK):
            raise ReportError(
                f"{own} cannot be written to, and the notebooks write beside themselves; say where "
                f"they shall be copied to: rmresearch lab FOLDER"
            )
        return own
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = [path.name for path in found.values() if not _copied(path, folder / path.name)]
    except OSError as error:
        raise ReportError(
            f"{folder}: the notebooks cannot be copied there ({error.strerror}); name a folder "
            f"that can be written to: rmresearch lab FOLDER"
        ) from error
    if kept:
        say(f"yours, and kept as they are: {', '.join(kept)}")
    return folder.resolve()


def _copied(path: Path, target: Path) -> bool:
    """Copy what is not there; whether what is there now is the package's."""
    try:
        with target.open("xb") as copy, path.open("rb") as source:
            shutil.copyfileobj(source, copy)
    except FileExistsError:
        return target.is_file() and target.read_bytes() == path.read_bytes()
    return True


def _config_path() -> str:
    """Where JupyterLab looks for defaults before its own: ours, then what was there."""
    given = os.environ.get("JUPYTER_CONFIG_PATH")
    return os.pathsep.join([*([given] if given else []), str(Path(__file__).parent)])


def _ended(command: list[str], environment: dict[str, str]) -> int:
    """Start the server and wait for its end: by Ctrl-C, which it hears itself, or with us."""
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen(command, env=environment) as server:
            signal.signal(signal.SIGTERM, lambda *_: server.terminate())
            return server.wait()
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
