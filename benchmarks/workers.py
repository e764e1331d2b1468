"""Ours and its peers as processes of their own, one thread each, timed in turn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any

from benchmarks.serve import WORKER

__all__ = [
    "MALLOC",
    "PEERS",
    "ROOT",
    "Compared",
    "PeerError",
    "Worker",
    "command",
    "compare",
    "environment",
    "started",
]

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-bench" / "bin" / "python"
THREADS = ("OMP", "OPENBLAS", "MKL", "RAYON")
#: what docs/scale.md tells workers: keep the memory that arrays leave for the arrays that follow
MALLOC = {"MALLOC_TRIM_THRESHOLD_": 268_435_456, "MALLOC_MMAP_THRESHOLD_": 33_554_432}


class PeerError(Exception):
    """A peer that is absent here or fits another model; the text says which."""


def environment(*, r: bool = False) -> dict[str, str]:
    """One thread, and numpy's own choice of kernel.

    OPENBLAS_CORETYPE serves older libraries and slows a current numpy; R's library may need it.
    """
    kept = {k: v for k, v in os.environ.items() if r or not k.startswith("OPENBLAS_")}
    return kept | {f"{name}_NUM_THREADS": "1" for name in THREADS} | {WORKER: "1"}


def command(name: str, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """How a worker is started: ours in this interpreter, Python peers in theirs, R by Rscript."""
    if name == "ours":
        return [sys.executable, "-m", "benchmarks.ours", *arguments], environment()
    script = ROOT / "benchmarks" / "peers" / f"{name}.R"
    if script.exists():
        return ["Rscript", str(script), *arguments], environment(r=True)
    return [str(PEERS), "-W", "ignore", "-m", f"benchmarks.peers.{name}", *arguments], environment()


class Worker:
    """One started worker: ``check`` is what it found on the shared data, ``round`` times it."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        self._process, self._errors = process, errors
        self.check: dict[str, Any] = self._answer()

    def round(self) -> dict[str, float]:
        """Seconds per unit of work in one more round: ``cpu`` and ``wall``."""
        with suppress(BrokenPipeError):  # it has ended: the missing answer says why
            print("go", file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines()
            raise PeerError(_reason(said) or f"ended with {self._process.returncode}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def started(name: str, *arguments: str) -> Iterator[Worker]:
    """A worker by its name; at the end its input closes, and it ends by itself."""
    line, env = command(name, arguments)
    if shutil.which(line[0]) is None:
        raise PeerError(f"{Path(line[0]).name} of {name} is not there")
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            line, cwd=ROOT, env=env, text=True, stdin=pipe, stdout=pipe, stderr=errors
        ) as process,
    ):
        yield Worker(process, errors)


def _reason(said: list[str]) -> str:
    """Python's last line; R says its error first, which may go on in the next, and why it stops."""
    first = next((at for at, line in enumerate(said) if line.startswith("Error")), None)
    if first is None:
        return said[-1] if said else ""
    lines = said[first : first + 1 + said[first].rstrip().endswith(":")]
    return " ".join(line.strip() for line in lines)


@dataclass(frozen=True, slots=True)
class Compared:
    """Medians over rounds taken in turn: seconds of processor, the paired ratios' median.

    ``ratio`` and ``wall`` are ours over the peer's, by processor and by wall clock.
    """

    ours: float
    peer: float
    ratio: float
    wall: float


def compare(ours: Worker, peer: Worker, rounds: int, *, warm: bool = True) -> Compared:
    """Time ours and the peer in turn, after one warm-up of each unless ``warm`` is false."""
    if warm:
        ours.round(), peer.round()
    pairs = [(ours.round(), peer.round()) for _ in range(rounds)]
    return Compared(
        median(a["cpu"] for a, _ in pairs),
        median(b["cpu"] for _, b in pairs),
        median(a["cpu"] / b["cpu"] for a, b in pairs),
        median(a["wall"] / b["wall"] for a, b in pairs),
    )
