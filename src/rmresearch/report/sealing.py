"""Report folders that change whole: each is made beside the earlier one, then takes its place."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rmresearch.files import MANIFEST, TEMPORARY, read_manifest, sha256, write_bytes, write_manifest
from rmresearch.files.atomic import sync_folder, unwritten

__all__ = ["COMMAND", "Part", "seal", "workshop"]

COMMAND = "rmresearch report"
#: the earlier folder, for the moment in which the new one takes its place
WAS = ".was"


@dataclass(frozen=True, slots=True)
class Part:
    """A folder of the report: its files' contents, the files they were made from, what was asked.

    ``inputs`` maps paths to SHA-256.
    """

    folder: str
    files: Mapping[str, bytes]
    inputs: Mapping[Path, str]
    settings: Mapping[str, Any]
    plan: str | None = field(default=None)


@contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """A folder in ``out`` where everything is made, so that a killed run leaves it nowhere else.

    What an earlier run left is cleared away first; a folder of the report that it had just moved
    aside is put back.
    """
    for leftover in sorted(out.glob(f".*{TEMPORARY}")):
        name = leftover.name.removesuffix(TEMPORARY)
        home = out / name.removesuffix(WAS).removeprefix(".")
        if name.endswith(WAS) and not home.exists():
            os.replace(leftover, home)
        elif leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
    made = _beside(out, "work")
    try:
        made.mkdir()
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def seal(
    out: Path, parts: list[Part], started: dt.datetime, say: Callable[[str], None] | None = None
) -> None:
    """Make every part's folder whole, with its manifest, then put each in its place.

    A file that somebody changed or added since is kept: beside the new one of its name, as
    ``deck.kept.pptx``. ``ReportError`` where the disk is full or a file is open elsewhere.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for part in parts:
            stage = _beside(out, part.folder)
            staged.append((stage, out / part.folder))
            _fill(stage, part, started)
            for line in _keep(out / part.folder, stage):
                if say is not None:
                    say(line)
        for stage, home in staged:
            _swap(stage, home)
    finally:
        for stage, _ in staged:
            shutil.rmtree(stage, ignore_errors=True)


def _beside(out: Path, name: str) -> Path:
    """A folder at the same depth as the report's own: paths in its manifest stay right."""
    return out / f".{name}.{secrets.token_hex(4)}{TEMPORARY}"


def _fill(stage: Path, part: Part, started: dt.datetime) -> None:
    try:
        stage.mkdir()
    except OSError as error:
        raise unwritten(stage, error) from error
    for name, content in part.files.items():
        write_bytes(stage / name, content)
    write_manifest(
        stage,
        command=COMMAND,
        inputs=part.inputs,
        plan=part.plan,
        settings=part.settings,
        started=started,
        outputs=[stage / name for name in part.files],
    )


def _keep(home: Path, stage: Path) -> Iterator[str]:
    """Copy what is not as an earlier run made it, saying so where it gets another name."""
    made = read_manifest(home).outputs if (home / MANIFEST).is_file() else {}
    for path in sorted(home.iterdir()) if home.is_dir() else ():
        ours = path.name == MANIFEST or path.name.endswith(TEMPORARY)
        if ours or (path.is_file() and made.get(path.name) == sha256(path)):
            continue
        to = stage / path.name
        if path.is_dir():
            shutil.copytree(path, to, symlinks=True)
            continue
        if to.exists() and sha256(to) == sha256(path):
            continue
        number = 1
        while to.exists():
            count = "" if number == 1 else f"-{number}"
            to, number = stage / f"{path.stem}.kept{count}{path.suffix}", number + 1
        shutil.copy2(path, to, follow_symlinks=False)
        if to.name != path.name:
            yield f"{path} was changed since it was made: that file is now {to.name}"


def _swap(stage: Path, home: Path) -> None:
    """The new folder in place of the earlier one; where that fails the earlier one is back."""
    was = home.with_name(f".{home.name}{WAS}{TEMPORARY}")
    try:
        if home.exists():
            os.replace(home, was)
        try:
            os.replace(stage, home)
        except OSError:
            if was.exists():
                os.replace(was, home)
            raise
    except OSError as error:
        raise unwritten(home, error) from error
    sync_folder(home.parent)
    shutil.rmtree(was, ignore_errors=True)
