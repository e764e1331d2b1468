"""Make a what-if folder: the sweep, its judgement, the page, sealed by a manifest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from rmresearch.errors import ReportError
from rmresearch.files import lock, sha256, write_manifest, write_text
from rmresearch.report.lighter import lighter_imports
from rmresearch.whatif.decided import decided
from rmresearch.whatif.judgement import judged
from rmresearch.whatif.sweep import Sweep
from rmresearch.whatif.sweep_file import read_sweep

__all__ = ["NOTEBOOK", "PAGE", "build"]

NOTEBOOK = "04_what_if"
PAGE = "whatif.html"
#: between two lines about a sweep's progress
SECONDS = 2.0


def build(
    file: Path,
    out: Path,
    *,
    workers: int | None = None,
    dask: str | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[Path, str]:
    """Run the sweep of a file into ``out``; returns the page's path, and what is incomplete.

    ``workers`` processes of this machine do the work (default: as many as it can run at once), or
    the ``dask`` scheduler of that address. The folder may be absent, empty, or hold what an earlier
    run of the same sweep left, which is gone on with. A scenario that could not go on is named in
    the second text ("" where none), and the page is of the rest. Raises what `read_sweep` and
    `sweep` raise before any work, and ``ReportError`` where no scenario could be finished.
    """
    lighter_imports()
    from rmresearch.report.notebook import find_notebook, run_notebook, to_html

    started = dt.datetime.now(dt.UTC)
    digest = sha256(file) if file.is_file() else ""
    tell = _seldom(say)
    asked = read_sweep(file, say=tell)
    notebook = find_notebook(NOTEBOOK)
    many = 1 if dask else workers or _cores()
    done = decided(asked, out=out, workers=many, dask=dask, say=tell)
    lost = _incomplete(done.sweep)
    if not done.sweep.tallies:
        raise ReportError(lost)
    with lock(out):
        judged(asked, done).write(out)
        shown = run_notebook(notebook, {"folder": str(out.resolve())}, progress=say)
        write_text(out / PAGE, to_html(shown, title=asked.question, internal=False))
        write_manifest(
            out,
            command="rmresearch whatif",
            inputs={file: digest},
            settings={"workers": many, "dask": dask or ""},
            seed=asked.seed,
            started=started,
        )
    return out / PAGE, lost


def _cores() -> int:
    """How many processes this machine can run at once, within its limits."""
    import joblib

    return int(joblib.cpu_count())


def _seldom(say: Callable[[str], None] | None) -> Callable[[str], None] | None:
    """The same, at most once in so many seconds: a sweep may have thousands of tasks."""
    if say is None:
        return None
    told = [-SECONDS]

    def seldom(message: str) -> None:
        now = monotonic()
        if now - told[0] >= SECONDS:
            told[0] = now
            say(message)

    return seldom


def _incomplete(done: Sweep) -> str:
    """Which scenarios could not go on, and why; "" where all could."""
    asked = len(done.plan.sources)
    if not done.broken:
        return ""
    named = "; ".join(f"{name}: {reason}" for name, reason in done.broken.items())
    return f"incomplete, {asked - len(done.broken)} of {asked} scenarios. Not finished: {named}"
