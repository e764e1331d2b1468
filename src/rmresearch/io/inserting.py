"""An instrument of the library put into a study's study.toml; nothing else in the file changes."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rmresearch.errors import StudyError
from rmresearch.files import parse_toml, write_bytes
from rmresearch.instruments import Instrument, blocks
from rmresearch.io.contract.declared import declaration_problems
from rmresearch.io.findings import some
from rmresearch.io.schema import StudyFile

__all__ = ["Inserted", "insert"]


@dataclass(frozen=True, slots=True)
class Inserted:
    """What was put into ``path``: the outcomes' names, and the items their answers stand under."""

    path: Path
    outcomes: tuple[str, ...]
    items: tuple[str, ...]


def insert(
    study: str | Path,
    instrument: Instrument,
    key: str = "",
    *,
    columns: Sequence[str] = (),
    bounds: tuple[int, int] | None = None,
) -> Inserted:
    """Add an instrument's outcomes at the end of a study's TOML file.

    ``study`` is a folder with study.toml, or the TOML file itself; the other arguments are those
    of `instruments.blocks`. What stood in the file before stays byte for byte; the file is
    written whole or not at all. ``StudyError`` where it cannot be read as TOML, has an outcome of
    that name, or would contradict itself; ``ValueError`` for what `blocks` refuses.
    """
    path = Path(study)
    path = (path / "study.toml" if path.is_dir() else path).resolve()
    before, text = _read(path)
    old = _parsed(text, path)
    if not isinstance(old.get("outcomes", []), list):
        raise StudyError(f"{path.name}: outcomes is no list. `rmresearch check` says more.")
    added = blocks(instrument, key, columns=columns, bounds=bounds, waves=_follow_ups(old))
    outcomes = parse_toml(added)["outcomes"]
    names = tuple(str(one["name"]) for one in outcomes)
    there = {one.get("name") for one in old.get("outcomes", []) if isinstance(one, dict)}
    if there & set(names):
        found = some(name for name in names if name in there)
        raise StudyError(
            f"{path.name} has an outcome {found} already. Give another name with --key, or delete "
            "the outcome first."
        )
    end = "\r\n" if b"\r\n" in before else "\n"
    gap = end if text.endswith(("\n", "\ufeff")) or not text else end * 2
    after = before + (gap + added.replace("\n", end)).encode("utf-8")
    _hold(path, old, outcomes, after)
    write_bytes(path, after, mode=stat.S_IMODE(path.stat().st_mode))
    items = dict.fromkeys(item for one in outcomes for item in one["items"])
    return Inserted(path, names, tuple(items))


def _read(path: Path) -> tuple[bytes, str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        fix = "Give the folder that holds study.toml, or the file itself."
        raise StudyError(f"{path} cannot be opened ({error.strerror}). {fix}") from error
    try:
        return content, content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StudyError(f"{path.name} is not UTF-8 text. Save it as UTF-8.") from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return parse_toml(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise StudyError(
            f"{path.name} is not TOML: {error}. `rmresearch check` says more; nothing was changed."
        ) from error


def _follow_ups(content: dict[str, Any]) -> list[str]:
    """The waves after the start, as far as the file tells."""
    waves = [one for one in content.get("waves", []) if isinstance(one, dict)]
    return [str(one["name"]) for one in waves if "name" in one and not one.get("baseline")]


def _hold(path: Path, old: dict[str, Any], outcomes: list[dict[str, Any]], after: bytes) -> None:
    """Refuse a file that would say anything but the old one and the outcomes, or contradict it."""
    try:
        new = parse_toml(after.decode("utf-8").removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError:
        new = {}
    if new != old | {"outcomes": [*old.get("outcomes", []), *outcomes]}:
        raise StudyError(
            f"{path.name}: nothing can be added at its end. Write its outcomes as [[outcomes]] "
            "tables; nothing was changed."
        )
    try:
        file = StudyFile.model_validate(new)
    except ValidationError:
        return  # it was so before; `check` names all of it
    names = {str(one["name"]) for one in outcomes}
    problems = [
        problem
        for problem in declaration_problems(file, path.name)
        if problem.severity == "error" and any(name in problem.found for name in names)
    ]
    if problems:
        lines = "\n".join(str(problem) for problem in problems)
        raise StudyError(f"nothing was changed:\n{lines}", problems)
