"""make bench: every target with its measurement, as ratios in one run where it has a peer."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import accuracy, cohort, mixed, page, read_check, sweeps, world
from benchmarks.machine import describe
from benchmarks.rows import Bound, Row, alone, as_json, beside, number
from benchmarks.timing import alternate, run
from benchmarks.workers import ROOT

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


def report(folder: Path) -> list[Row]:
    """The example report against papermill on the import-only notebook; then every format of
    every audience against that report."""
    peer = folder / "imports.ipynb"
    import_only_notebook(peer)
    bin_ = Path(sys.executable).parent
    command = [str(bin_ / "rmresearch"), "report", str(ROOT / "data" / "synthetic" / "pilot")]
    technical = [*command, "--out", str(folder / "report")]
    imports = [str(bin_ / "papermill"), str(peer), str(folder / "done.ipynb"), "--no-progress-bar"]
    every = [*command, "--audience", "all", "--out", str(folder / "every")]
    compared = (
        ("example report over papermill on a notebook of imports (s)",
         technical, imports, Bound(3.0, 2.0)),
        ("all formats of three audiences over the technical page alone (s)",
         every, technical, Bound(2.0, 1.5)),
    )  # fmt: skip
    rows = []
    for what, one, other, bound in compared:
        ours, theirs, ratio = alternate(one, other)
        seconds = [median(run.wall for run in runs) for runs in (ours, theirs)]
        rows.append(beside(what, *seconds, ratio, bound))
    return rows


def large_report(folder: Path) -> list[Row]:
    """A report of 20,000 pairs at four waves, from their files to the page."""
    command = str(Path(sys.executable).parent / "rmresearch")
    scenario = folder / "large.toml"
    scenario.write_text("pairs = 20000\n[design]\nwaves = [0, 3, 6, 12]\n", encoding="utf-8")
    study = str(folder / "large")
    run([command, "simulate", str(scenario), "--out", study, "--seed", "5", "--parquet"])
    done = run([command, "report", study, "--out", str(folder / "large-report")])
    what = "report of 20,000 pairs at 4 waves"
    return [
        alone(f"{what} (s)", done.wall, Bound(60, 30)),
        alone(f"{what}, peak (MB)", done.peak, Bound(4_000, 2_000)),
    ]


def help_time(runs: int = 9) -> Row:
    """How long the first answer of the command line takes."""
    command = [str(Path(sys.executable).parent / "rmresearch"), "--help"]
    run(command)
    seconds = median(run(command).wall for _ in range(runs))
    return alone("rmresearch --help (s)", seconds, Bound(0.3, 0.3))


def reading(folder: Path) -> list[Row]:
    """100,000 people with 1,000,000 measures, all rules looked at."""
    done = read_check.measure(folder)
    return [
        alone("read and check 1,000,000 measures (s)", done.wall, Bound(20, 20)),
        alone("read and check 1,000,000 measures, peak (MB)", done.peak, Bound(2_000, 2_000)),
    ]


def commands(folder: Path, *, quick: bool) -> Iterator[tuple[Row, None]]:
    """The rows that time whole commands."""
    yield help_time(), None
    if not quick:
        for row in (*report(folder), *large_report(folder), *reading(folder)):
            yield row, None


def line(row: Row) -> str:
    """A row as it is printed."""
    peer = "" if row.peer is None else f", peer {number(row.peer)}"
    ratio = "" if row.ratio is None else f", ratio {number(row.ratio)}"
    must = "" if row.must is None else f" (must {row.must}, reach {row.reach})"
    verdict = {True: "met", False: "MISSED", None: "-"}[row.met]
    return f"{verdict:6} {row.what}: {number(row.ours)}{peer}{ratio}{must}"


def main() -> int:
    """Print each row, write them; exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute; writes no page")
    quick = parser.parse_args().quick
    rows, checks = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cohort.write(folder, large=not quick)
        for part in (
            mixed.measure(folder, quick=quick),
            world.measure(folder, quick=quick),
            sweeps.measure(quick=quick),
            commands(folder, quick=quick),
        ):
            for row, check in part:
                print(line(row), flush=True)
                rows.append(row)
                checks += [] if check is None else [check]
    for check in checks:
        print(f"       {check.peer}, {check.what}: {check.said}")
    machine = describe(quick=quick)
    (ROOT / "reports").mkdir(exist_ok=True)
    text = json.dumps(as_json(machine, rows), indent=2) + "\n"
    (ROOT / "reports" / "bench.json").write_text(text, encoding="utf-8")
    if not quick:
        text = page.written(machine, rows, checks, starts=accuracy.STARTS)
        (ROOT / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")
    return 0 if all(row.met is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
