"""Make a report folder: the notebook run, the page, the numbers, each part under a manifest."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rmresearch.declared import Brand
from rmresearch.errors import StudyError
from rmresearch.files import (
    TEMPORARY,
    check_out,
    lock,
    open_out,
    sha256,
    write_bytes,
    write_manifest,
)
from rmresearch.io.brand import study_brand
from rmresearch.report.lighter import lighter_imports

__all__ = ["PAGES", "build", "check_formats"]

NOTEBOOK = "01_pilot_evaluation"
NUMBERS = "results.json"
#: the technical report, by format; the first one asked for in this order is what `build` returns
PAGES = {"html": "report.html", "pdf": "report.pdf"}
INSIDE = "internal"
#: what goes to leadership, in a folder of its own, so that it can be handed on as it is
LEADERSHIP = "leadership"
RELEASED = ("released.json", "workbook.xlsx")
#: the brief, which a notebook of its own makes of released.json alone
BRIEF_NOTEBOOK = "02_leadership_brief"
BRIEF = ("brief.html", "brief.pdf")
COMMAND = "rmresearch report"


def build(
    study: Path,
    out: Path,
    *,
    data: Path | None = None,
    formats: Collection[str] = ("html",),
    say: Callable[[str], None] | None = None,
) -> Path:
    """Evaluate a study into ``out``/internal and ``out``/leadership; returns the report's path.

    ``study`` is the study's folder or TOML file, ``data`` its data folder if it is elsewhere.
    ``formats`` are those of the technical report: html, pdf or both; others raise ``ValueError``.
    ``out`` may be absent, empty, or hold an earlier report of ours; otherwise, and where another
    run holds it, ``ReportError``. Data that cannot be read raise ``StudyError`` and leave what was
    in ``out`` as it was: everything is made aside first, and each file appears whole.
    """
    lighter_imports()
    from rmresearch.report.notebook import find_notebook, run_notebook, to_html

    started = dt.datetime.now(dt.UTC)
    wanted = check_formats(formats)
    _readable(study)
    notebook = find_notebook(NOTEBOOK)
    check_out(out)
    with lock(out), _aside(out) as aside:
        asked = {
            "study_dir": str(study.resolve()),
            "data_dir": str(data.resolve()) if data else "",
            "out_dir": str(Path(aside).resolve()),
            "formats": ",".join(wanted),
        }
        executed = run_notebook(notebook, asked, progress=say)
        made = {name: (Path(aside) / name).read_bytes() for name in _left(wanted)}
        results = json.loads(made[NUMBERS])
        brand, worn = study_brand(study)
        if "html" in wanted:
            page = to_html(executed, title=results["title"], brand=brand, unfolded=True)
            made[PAGES["html"]] = page.encode()
        made |= _brief(Path(aside), results["title"], brand, say)
        _seal(out, made, wanted, results, _inputs(study, data, results["sources"]) | worn, started)
        return out / INSIDE / PAGES[wanted[0]]


def _brief(
    folder: Path, title: str, brand: Brand, say: Callable[[str], None] | None
) -> dict[str, bytes]:
    """The brief as page and PDF, of the released.json in ``folder`` and nothing else."""
    from rmresearch.report.leadership.brief import sheet
    from rmresearch.report.notebook import find_notebook, run_notebook, to_html

    asked = {"folder": str(folder.resolve()), "out_dir": str(folder.resolve())}
    executed = run_notebook(find_notebook(BRIEF_NOTEBOOK), asked, progress=say)
    page = to_html(executed, title=title, internal=False, brand=brand, sheet=sheet())
    html, pdf = BRIEF
    return {html: page.encode(), pdf: (folder / pdf).read_bytes()}


def check_formats(formats: Collection[str]) -> tuple[str, ...]:
    """The formats asked for, each once, in the order of `PAGES`; ``ValueError`` for others."""
    asked = {formats} if isinstance(formats, str) else set(formats)
    unknown = sorted(asked - set(PAGES))
    if unknown or not asked:
        said = f"no format {', '.join(map(repr, unknown))}" if unknown else "no format asked for"
        raise ValueError(f"{said}; the technical report can be: {', '.join(PAGES)}")
    return tuple(name for name in PAGES if name in asked)


def _left(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The files that the notebook leaves: all but the page, which is made of the notebook."""
    return (NUMBERS, *RELEASED, *(PAGES[name] for name in wanted if name != "html"))


@contextmanager
def _aside(out: Path) -> Iterator[str]:
    """A folder in ``out`` where the numbers are made, so that a killed run leaves them nowhere
    else; what an earlier one left is removed."""
    for leftover in out.glob(f".*{TEMPORARY}"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".", suffix=TEMPORARY, dir=out) as folder:
        yield folder


def _readable(study: Path) -> None:
    """Before anything is made: is there a study at all?"""
    if not (study.is_file() or (study / "study.toml").is_file()):
        raise StudyError(f"{study} has no study.toml. Give the folder that holds it.")


def _seal(
    out: Path,
    made: Mapping[str, bytes],
    wanted: tuple[str, ...],
    results: Mapping[str, Any],
    inputs: Mapping[Path, str],
    started: dt.datetime,
) -> None:
    """Write each part into its folder, its manifest last; leadership's names no data file."""
    parts = {
        INSIDE: ((NUMBERS, *(PAGES[name] for name in wanted)), inputs, "technical", list(wanted)),
        LEADERSHIP: ((*RELEASED, *BRIEF), {}, LEADERSHIP, ["html", "pdf", "xlsx"]),
    }
    for name, (files, read, audience, formats) in parts.items():
        folder = open_out(out / name, COMMAND)
        for file in files:
            write_bytes(folder / file, made[file])
        write_manifest(
            folder,
            command=COMMAND,
            inputs=read,
            plan=results["plan"] or None,
            settings={"audience": audience, "formats": formats},
            started=started,
            outputs=[folder / file for file in files],
        )


def _inputs(study: Path, data: Path | None, sources: list[list[str]]) -> dict[Path, str]:
    """The files read, with the hashes taken when they were read."""
    folder = study if study.is_dir() else study.parent
    root = data or folder / "data"
    found = {root / name: digest for name, digest in sources}
    toml = study / "study.toml" if study.is_dir() else study
    plans = [toml.with_name(name) for name in ("plan.toml", "plan.lock.json")]
    if not study.is_dir():
        plans = [toml.with_suffix(f".{name}") for name in ("plan.toml", "plan.lock.json")]
    return found | {path: sha256(path) for path in (toml, *plans) if path.is_file()}
