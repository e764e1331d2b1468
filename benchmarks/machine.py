"""What the figures were measured on."""

from __future__ import annotations

import datetime as dt
import os
import platform
import resource
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.workers import PEERS, ROOT, environment

__all__ = ["describe", "held", "peak"]

KERNEL = """
import numpy, threadpoolctl
print(*(f"{one['internal_api']} {one['architecture']}" for one in threadpoolctl.threadpool_info()))
"""
PYTHON_PEERS = ("mixedlm", "mixedlm-rs", "gpboost", "statsmodels")
R_PEERS = ("lme4", "lmerTest", "simr", "DeclareDesign")
ASK_PYTHON = """
import importlib.metadata as metadata, sys
installed = {one.metadata["Name"]: one.version for one in metadata.distributions()}
for name in sys.argv[1:]:
    print(name, installed.get(name, ""))
"""
ASK_R = """
cat("R", format(getRversion()), fill = TRUE)
for (name in commandArgs(TRUE)) {
  cat(name, tryCatch(format(packageVersion(name)), error = function(e) ""), fill = TRUE)
}
"""


def held(name: str) -> int:
    """A figure of this process's memory in bytes, as Linux tells it: "VmRSS", "VmHWM"."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def peak() -> float:
    """The most memory that this process has held, in MB.

    On Linux not by rusage, which starts from what the process held that started this one.
    """
    if sys.platform.startswith("linux"):
        return held("VmHWM") / 1e6
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1e6 if sys.platform == "darwin" else 1e3)


def describe(*, quick: bool) -> dict[str, Any]:
    """Processor, cores, versions of ours and of the peers, the commit and the day."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("numpy", "scipy", "pandas")},
        "kernel": _said([sys.executable, "-c", KERNEL], environment()),
        "peers": _peers(),
        "commit": _said(["git", "rev-parse", "--short", "HEAD"]),
        "date": dt.date.today().isoformat(),
        "mode": "quick" if quick else "full",
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown"


def _peers() -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys((*PYTHON_PEERS, "R", *R_PEERS))
    asked = (
        [str(PEERS), "-c", ASK_PYTHON, *PYTHON_PEERS],
        ["Rscript", "-e", ASK_R, *R_PEERS],
    )
    for command in asked:
        for line in (_said(command) or "").splitlines():
            name, _, given = line.strip().partition(" ")
            found[name] = given or None
    return found


def _said(command: list[str], env: dict[str, str] | None = None) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)
    return done.stdout.strip() or None if done.returncode == 0 else None
