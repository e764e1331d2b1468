"""The kernel that runs our notebooks: this interpreter, its own settings, no network port.

Whatever kernels, start-up scripts and settings the user has, the notebook sees none of them, so it
computes the same everywhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["emptied", "running_kernel"]

#: two BLAS threads in two processes on one machine are far slower than one; set order is fixed
SETTINGS = {
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PYTHONHASHSEED": "0",
}
#: the longest path that every system takes for a socket, less what the kernel adds to it
LONGEST_SOCKET = 96


@contextmanager
def running_kernel(cwd: Path | None = None) -> Iterator[Any]:
    """A started kernel's manager, for nbclient and papermill; the kernel ends with the block.

    The kernel boots by itself while the caller goes on importing what it needs.
    """
    from jupyter_core.utils import run_sync

    with tempfile.TemporaryDirectory(prefix="rmr-", ignore_cleanup_errors=True) as folder:
        manager = _manager(Path(folder))
        options = {"cwd": str(cwd)} if cwd is not None else {}
        run_sync(manager.start_kernel)(
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **options,
        )
        try:
            yield manager
        finally:
            for client in manager.clients:
                client.stop_channels()
            run_sync(manager.shutdown_kernel)(now=True)


@contextmanager
def emptied(manager: Any) -> Iterator[Any]:
    """A running kernel for one notebook, whose names are gone when the block ends."""
    from jupyter_core.utils import run_sync

    yield manager
    client = manager.client()
    client.start_channels()
    run_sync(client.wait_for_ready)()
    run_sync(client.execute_interactive)("%reset -f", silent=True)


def _manager(folder: Path) -> Any:
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    launch += ["--HistoryManager.enabled=False"]

    class ThisInterpreter(AsyncKernelManager):
        """Starts this interpreter, whatever kernels are installed, and remembers its clients."""

        clients: list[Any]

        @property
        def kernel_spec(self) -> Any:
            return KernelSpec(argv=launch, language="python", display_name="rmresearch")

        def client(self, **options: Any) -> Any:
            made = super().client(**options)
            self.clients.append(made)
            return made

    connection = folder / "kernel.json"
    sockets = sys.platform != "win32" and len(str(connection)) < LONGEST_SOCKET
    made: Any = ThisInterpreter(
        connection_file=str(connection), transport="ipc" if sockets else "tcp"
    )
    made.clients = []
    return made


def _environment(folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONSTARTUP"}
    return {**kept, **SETTINGS, "IPYTHONDIR": folder}
