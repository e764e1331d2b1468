"""Time whole commands with the operating system's own accounting of each finished process."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Run", "alternate", "run"]


@dataclass(frozen=True, slots=True)
class Run:
    """One finished command: seconds of wall clock and of processor, peak memory in MB."""

    wall: float
    cpu: float
    peak: float


def run(command: Sequence[str]) -> Run:
    """Run a command to its end; its output is thrown away, its failure is an error."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {error.decode()[-500:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def alternate(
    ours: Sequence[str], peer: Sequence[str], *, runs: int = 5
) -> tuple[list[Run], list[Run], float]:
    """Ours and the peer in turn after one warm-up of each; the median of the paired ratios."""
    run(ours), run(peer)
    pairs = [(run(ours), run(peer)) for _ in range(runs)]
    ratio = median(a.wall / b.wall for a, b in pairs)
    return [a for a, _ in pairs], [b for _, b in pairs], ratio
