"""What a folder of outputs was made from: written beside them, and verified later."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rmresearch.errors import ReportError
from rmresearch.files.atomic import (
    TEMPORARY,
    now,
    sha256,
    sha256_text,
    to_json,
    unwritten,
    write_json,
)

__all__ = [
    "MANIFEST",
    "Manifest",
    "check_out",
    "open_out",
    "read_manifest",
    "verify",
    "write_manifest",
]

MANIFEST = "manifest.json"
MAKER = "rmresearch"
#: why a file is there that no run made
EARLIER, ADDED = "a changed file of an earlier run, kept beside the new", "added or changed since"
#: what a file is called that somebody had changed before its folder was made again
KEPT = re.compile(r"\.kept(-\d+)?(\.[^./]*)?$")
LIBRARIES = ("numpy", "pandas", "pingouin", "scipy", "seaborn", "statsmodels")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder of outputs was made from, and what it holds.

    ``inputs`` maps paths (relative to the folder, with ``/``) to SHA-256, ``outputs`` likewise;
    ``plan`` is the plan's hash; ``settings`` and ``parameters`` are what the run was asked.
    ``finished`` is None while a run is at work, and afterwards if it never ended.
    """

    command: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    plan: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    settings_sha256: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    started: str = ""
    finished: str | None = None
    made_by: str = MAKER

    def as_dict(self) -> dict[str, Any]:
        """The fields by name, for JSON."""
        return asdict(self)

    def __getitem__(self, name: str) -> Any:
        return self.as_dict()[name]


def write_manifest(
    folder: Path,
    *,
    command: str,
    inputs: Mapping[Path, str] | None = None,
    plan: str | None = None,
    settings: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    seed: int | None = None,
    started: dt.datetime | None = None,
    outputs: Iterable[Path] | None = None,
) -> Manifest:
    """Write ``manifest.json`` over everything that a run left in ``folder``.

    ``inputs`` maps each file read to the SHA-256 taken when it was read; ``outputs`` are the
    files made (default: every file in the folder). Files that an earlier manifest lists, that
    still have its hash and that this run did not make, are removed. A folder inside with a
    manifest of its own answers for itself.
    """
    earlier = _earlier(folder)
    made = set(_files(folder)) if outputs is None else set(outputs)
    names = {_relative(path, folder): path for path in sorted(made) if path.name != MANIFEST}
    for name, digest in earlier.outputs.items():
        old = folder / name
        if outputs is not None and name not in names and old.is_file() and _digest(old) == digest:
            old.unlink()
    settings = dict(settings or {})
    manifest = Manifest(
        command=command,
        inputs={_relative(path, folder): digest for path, digest in (inputs or {}).items()},
        outputs={name: _digest(path) for name, path in names.items()},
        plan=plan,
        settings=settings,
        settings_sha256=sha256_text(to_json(settings)),
        parameters=dict(parameters or {}),
        seed=seed,
        versions=_versions(),
        started=now() if started is None else started.isoformat(timespec="seconds"),
        finished=now(),
    )
    _save(folder, manifest)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder; ``ReportError`` where there is none, or it was altered."""
    path = folder / MANIFEST
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ReportError(f"{folder} has no {MANIFEST}: nothing to verify against.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path} cannot be read: {error}.") from None
    try:
        content = json.loads(text)
        digest = content.pop("digest")
        if content.get("made_by") != MAKER:
            raise ValueError("not ours")
        manifest = Manifest(**content)
    except (ValueError, AttributeError, KeyError, TypeError):
        raise ReportError(f"{path} is not a manifest of this package, or is damaged.") from None
    if digest != sha256_text(to_json(content)) or text != to_json({**content, "digest": digest}):
        raise ReportError(f"{path} was changed after it was written.")
    return manifest


def verify(folder: Path) -> tuple[str, ...]:
    """What differs from the manifest: one line a file, none when all is as it was made.

    Outputs are checked for changed, missing and added files, inputs for change where they are
    found. Folders directly inside that have their own manifest are verified too. No manifest at
    all, or a damaged one, raises ``ReportError``.
    """
    inside = [p for p in sorted(folder.iterdir()) if (p / MANIFEST).is_file()]
    own = (folder / MANIFEST).is_file() or not inside
    found = _differences(folder, read_manifest(folder)) if own else []
    for part in inside:
        found += [f"{part.name}/{line}" for line in _differences(part, read_manifest(part))]
    return tuple(found)


def _differences(folder: Path, manifest: Manifest) -> list[str]:
    lines = [] if manifest.finished else [f"{MANIFEST}: the run did not finish"]
    there = {_relative(path, folder): path for path in _files(folder)}
    for name, digest in sorted(manifest.outputs.items()):
        if name not in there:
            lines.append(f"{name}: missing")
        elif _digest(there[name]) != digest:
            lines.append(f"{name}: changed since it was made")
    added = sorted(set(there) - set(manifest.outputs))
    lines += [f"{name}: not ours, {EARLIER if KEPT.search(name) else ADDED}" for name in added]
    for name, digest in sorted(manifest.inputs.items()):
        path = folder / name
        if path.is_file() and _digest(path) != digest:
            lines.append(f"{name}: input changed since the outputs were made")
    return lines


def check_out(folder: Path) -> None:
    """Refuse a folder that is not ours to write to; nothing is changed.

    It may be absent, empty, hold our manifest, or hold only folders that do.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ReportError(f"{folder} is a file. Name a folder that is new or empty.")
    there = [p for p in folder.iterdir() if not _exempt(p)]
    if not there or _ours(folder) or all(_ours(path) for path in there):
        return
    raise ReportError(
        f"{folder} holds files that this package did not make. "
        f"Name a folder that is new, empty, or made by an earlier run."
    )


def open_out(folder: Path, command: str = "") -> Path:
    """Make ``folder`` ready for a run's outputs, or refuse it as ``check_out`` does.

    A folder without a manifest gets one that says "not finished", so that a run that is killed
    can be repeated into the same folder; one with a finished manifest keeps it until the new one
    is written. Temporary files of killed runs are removed.
    """
    check_out(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritten(folder, error) from error
    for leftover in folder.rglob(f".*{TEMPORARY}"):
        leftover.unlink(missing_ok=True)
    if not (folder / MANIFEST).exists():
        _save(folder, Manifest(command=command, started=now()))
    return folder


def _ours(folder: Path) -> bool:
    try:
        read_manifest(folder)
    except ReportError:
        return False
    return True


def _earlier(folder: Path) -> Manifest:
    try:
        return read_manifest(folder)
    except ReportError:
        return Manifest()


def _save(folder: Path, manifest: Manifest) -> None:
    content = json.loads(to_json(manifest.as_dict()))
    write_json(folder / MANIFEST, {**content, "digest": sha256_text(to_json(content))})


def _files(folder: Path) -> list[Path]:
    """Every file the manifest answers for, in order; logs, locks and our temporaries are not."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            found += [] if (path / MANIFEST).is_file() else _files(path)
        elif not _exempt(path) and path.name != MANIFEST:
            found.append(path)
    return found


def _digest(path: Path) -> str:
    if path.is_dir():  # only a link to a folder gets here: what it points to is its content
        return sha256_text(os.readlink(path))
    return sha256(path)


def _exempt(path: Path) -> bool:
    return path.suffix == ".log" or path.name in {"lock", ".lock"} or path.name.endswith(TEMPORARY)


def _relative(path: Path, folder: Path) -> str:
    there = (
        path.parent.resolve() / path.name
    )  # a link is a file of this folder, not of its target's
    try:
        return Path(os.path.relpath(there, folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.name


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in (MAKER, *LIBRARIES):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
