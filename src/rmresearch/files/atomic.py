"""Write whole files or none, hash them, and make JSON that is always the same text."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rmresearch.errors import ReportError

__all__ = [
    "create_bytes",
    "sha256",
    "sha256_text",
    "sync_folder",
    "to_json",
    "to_lines",
    "unwritten",
    "write_bytes",
    "write_json",
    "write_text",
]

TEMPORARY = ".rmresearch-tmp"


def to_json(value: object) -> str:
    """JSON that is the same text for the same value: sorted keys, two spaces, a final newline.

    Dates become ISO text and numpy numbers plain ones. NaN and infinity raise ``ValueError``,
    sets and unknown types raise ``TypeError``.

    >>> to_json({"b": 1, "a": None})
    '{\\n  "a": null,\\n  "b": 1\\n}\\n'
    """
    text = json.dumps(
        value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False, default=_plain
    )
    return text + "\n"


def to_lines(value: Mapping[str, Mapping[str, Any]]) -> str:
    """`to_json` of parts with many entries, each entry on a line of its own: five times as quick.

    >>> print(to_lines({"b": {"y": [1, 2], "x": 3}, "a": {}}), end="")
    {"a": {},
    "b": {
    "x": 3,
    "y": [1, 2]}}
    """

    def told(one: Any) -> str:  # without indent the standard library encodes in C
        return json.dumps(one, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_plain)

    parts = []
    for part in sorted(value):
        lines = ",".join(
            f"\n{told(name)}: {told(value[part][name])}" for name in sorted(value[part])
        )
        parts.append(f"{told(part)}: {{{lines}}}")
    return "{" + ",\n".join(parts) + "}\n"


def _plain(value: Any) -> object:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return value.item()
    raise TypeError(f"{type(value).__name__} does not belong in a JSON file")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with ``\\n`` line ends, whole or not at all (see ``write_bytes``)."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: object) -> None:
    """Write ``to_json(value)``, whole or not at all (see ``write_bytes``)."""
    write_text(path, to_json(value))


def write_bytes(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file whole or not at all: a temporary file beside it, fsync, rename.

    ``mode`` is lessened by the umask, as for any new file. When the disk is full, or the folder
    may not be written, ``ReportError`` names the path and the old content stays.
    """
    try:
        temporary = _temporary(path, data, mode)
        try:
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise unwritten(path, error) from error


def create_bytes(path: Path, data: bytes, *, mode: int = 0o666) -> bool:
    """Write a file only if there is none: True if it was made, False if one was there.

    Of several processes that try at once, exactly one makes it and the others see it whole.
    """
    try:
        temporary = _temporary(path, data, mode)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if path.exists():
                return False
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise unwritten(path, error) from error
    return True


def _temporary(path: Path, data: bytes, mode: int) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}{TEMPORARY}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary(), mode)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def binary() -> int:
    """The flag that stops Windows from translating line ends; 0 elsewhere."""
    return int(getattr(os, "O_BINARY", 0))


def sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def unwritten(path: Path, error: OSError) -> ReportError:
    """What to tell the person when a file could not be written."""
    why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
    return ReportError(
        f"{path} could not be written: {why}. What was there before is unchanged; "
        f"make room or choose another folder, then run the same command again."
    )


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_text(text: str) -> str:
    """The SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def now() -> str:
    """The time in UTC, to the second: for manifests, logs and locks only."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
