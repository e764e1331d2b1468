"""What the figures were measured on."""

from __future__ import annotations

import datetime as dt
import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from benchmarks.workers import PEERS, ROOT, environment

__all__ = ["describe"]

ASK = "import importlib.metadata as m, sys; print(*(m.version(n) for n in sys.argv[1:]))"


def describe(*, quick: bool) -> dict[str, Any]:
    """Processor, cores, versions of ours and of the peers, the commit and the day."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("numpy", "scipy", "pandas")},
        "kernel": _kernel(),
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


def _kernel() -> str:
    found = [one for one in threadpool_info() if one["user_api"] == "blas"]
    return f"{found[0]['internal_api']} {found[0]['architecture']}" if found else "unknown"


def _peers() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in ("mixedlm", "mixedlm-rs", "gpboost", "statsmodels"):
        found[name] = _said([str(PEERS), "-c", ASK, name])
    script = "cat(format(packageVersion(commandArgs(TRUE))))"
    for name in ("lme4", "lmerTest", "simr"):
        found[name] = _said(["Rscript", "-e", script, name])
    found["R"] = _said(["Rscript", "-e", "cat(format(getRversion()))"])
    return found


def _said(command: list[str]) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment(r=True)
    )
    return done.stdout.strip() or None if done.returncode == 0 else None
