"""One run at a time: a lock that names its holder and ends with it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from rmresearch.errors import ReportError
from rmresearch.files.atomic import binary, now, to_json, unwritten

__all__ = ["lock"]


@contextlib.contextmanager
def lock(folder: Path, name: str = "lock") -> Iterator[Path]:
    """Hold ``folder/name`` for this run; a second run is refused and told who holds it.

    The file carries the holder's process id, host and start time. The hold itself is the
    operating system's, so it ends with the process however that ends, and what a killed run
    left behind does not stand in the way.
    """
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritten(path, error) from error
    handle = _acquire(path)
    try:
        _sign(handle, path)
        yield path
    finally:
        if sys.platform == "win32":
            os.close(handle)
            with contextlib.suppress(OSError):
                path.unlink()
        else:
            path.unlink(missing_ok=True)
            os.close(handle)


def _acquire(path: Path) -> int:
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | binary(), 0o644)
        except OSError as error:
            raise unwritten(path, error) from error
        try:
            _hold(handle)
        except OSError as error:
            holder = _holder(path)
            os.close(handle)
            if error.errno not in {errno.EACCES, errno.EAGAIN, errno.EDEADLK}:
                raise ReportError(
                    f"{path} cannot be locked on this file system ({error.strerror}). "
                    f"Copy the study to a local disk."
                ) from error
            raise ReportError(
                f"another run is at work here: {holder}. Wait for it to end, "
                f"or write to a folder of its own."
            ) from None
        if _still_there(handle, path):
            return handle
        os.close(handle)  # the holder before us took its file away between our open and our hold


def _sign(handle: int, path: Path) -> None:
    """Say in the file who holds it; on a full disk the run would fail later anyway."""
    holder = {"host": socket.gethostname(), "pid": os.getpid(), "time": now()}
    try:
        os.truncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, to_json(holder).encode())
    except OSError as error:
        raise unwritten(path, error) from error


def _hold(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, 1 << 20, os.SEEK_SET)  # beyond the text, which others must read
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _still_there(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text("utf-8"))
        return f"process {held['pid']} on {held['host']}, since {held['time']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has just started"
