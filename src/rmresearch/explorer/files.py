"""The explorer's button that writes the scenario file."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as w

from rmresearch.errors import ReportError
from rmresearch.report.words.phrases import fill
from rmresearch.world.scenario import Scenario
from rmresearch.world.scenario_file import write_scenario

__all__ = ["Writer"]

NAME = "scenario.toml"
WRITE = "Write scenario file"


class Writer:
    """A name, a button and what came of it; a file that is there is replaced only when told to."""

    def __init__(self, scenario: Callable[[], Scenario]) -> None:
        self._scenario = scenario
        self._replacing: Path | None = None
        self.name = w.Text(
            value=NAME,
            description="File",
            continuous_update=True,
            style={"description_width": "3rem"},
            layout=w.Layout(flex="1 1 10rem", width="auto"),
        )
        self.button = w.Button(description=WRITE, tooltip="Write what is chosen as TOML")
        self.said = w.HTML()
        self.name.observe(lambda _: self._calm(), "value")
        self.button.on_click(lambda _: self._pressed())
        self.box = w.VBox([w.HBox([self.name, self.button]), self.said])

    def enable(self, possible: bool) -> None:
        """Whether there is a scenario to write."""
        self.button.disabled = not possible

    def _calm(self) -> None:
        """Nothing is about to be replaced."""
        self._replacing = None
        self.button.description = WRITE

    def _pressed(self) -> None:
        name = self.name.value.strip()
        try:
            self._asked(Path(name).expanduser().resolve())
        except (OSError, RuntimeError, ValueError, ReportError) as error:
            self._say("unwritten", Path(name), reason=_reason(error))
            self._calm()

    def _asked(self, path: Path) -> None:
        """Write there, unless that cannot be or has to be confirmed."""
        if path.suffix != ".toml":
            self._say("suffix")
        elif not path.parent.is_dir():
            self._say("no_folder", path.parent)
        elif path.exists() and self._replacing != path:
            self._replacing = path
            self.button.description = "Replace"
            self._say("there", path)
        else:
            self._write(path, "replaced" if path.exists() else "written")

    def _write(self, path: Path, done: str) -> None:
        write_scenario(self._scenario(), path)
        self._say(done, path)
        self._calm()

    def _say(self, key: str, path: Path | None = None, **parts: Any) -> None:
        # names of files are the user's: they do not pass the gate of sentences
        said = fill("explorer", key, path=str(path or ""), **parts)
        self.said.value = f'<span role="status">{escape(said)}</span>'


def _reason(error: Exception) -> str:
    """Why a file could not be written: what the machine says, without the name."""
    cause = error.__cause__ if isinstance(error, ReportError) else error
    return getattr(cause, "strerror", None) or str(cause or error).rstrip(".")
