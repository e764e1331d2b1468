"""make bench: every speed target with its measurement, as ratios in one run where it has a peer."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import read_check
from benchmarks.timing import alternate, run

ROOT = Path(__file__).resolve().parent.parent
IMPORTS = "import pandas, statsmodels.api, statsmodels.formula.api, pingouin, seaborn"


def import_only_notebook(path: Path) -> None:
    """The peer: a notebook that only imports what any such report needs."""
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "imports",
        "metadata": {},
        "outputs": [],
        "source": IMPORTS,
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": [cell],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(notebook), encoding="utf-8")


def report(folder: Path) -> bool:
    """The example report against papermill on the import-only notebook."""
    peer = folder / "imports.ipynb"
    import_only_notebook(peer)
    bin_ = Path(sys.executable).parent
    pilot = str(ROOT / "data" / "synthetic" / "pilot")
    ours, theirs, ratio = alternate(
        [str(bin_ / "rmresearch"), "report", pilot, "--out", str(folder / "report")],
        [str(bin_ / "papermill"), str(peer), str(folder / "done.ipynb"), "--no-progress-bar"],
    )
    seconds = median(r.wall for r in ours), median(r.wall for r in theirs)
    print(f"example report {seconds[0]:.2f} s, papermill on imports {seconds[1]:.2f} s")
    print(f"  ratio {ratio:.2f} (target <= 2.0), peak {max(r.peak for r in ours):.0f} MB")
    return ratio <= 2.0


def help_time() -> bool:
    """How long the first answer of the command line takes."""
    command = [str(Path(sys.executable).parent / "rmresearch"), "--help"]
    run(command)
    seconds = median(run(command).wall for _ in range(9))
    print(f"rmresearch --help {seconds:.2f} s (target < 0.3)")
    return seconds < 0.3


def reading(folder: Path) -> bool:
    """100,000 people with 1,000,000 measures, all rules looked at."""
    done = read_check.measure(folder)
    print(f"read and check 1,000,000 measures {done.wall:.1f} s (target < 20)")
    print(f"  peak {done.peak:.0f} MB (target < 2,000)")
    return done.wall < 20 and done.peak < 2000


def main() -> int:
    """Print each figure; exit 1 when a target is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        met = [help_time(), report(folder), reading(folder)]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
