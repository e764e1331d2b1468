"""Make a pulse's folder: the notebook run, the page and the release it is made of, sealed."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from rmresearch.errors import StudyError
from rmresearch.files import (
    TEMPORARY,
    check_out,
    lock,
    open_out,
    write_bytes,
    write_manifest,
)
from rmresearch.io.brand import study_brand
from rmresearch.report.lighter import lighter_imports

__all__ = ["FOLDER", "PAGE", "build_pulse"]

NOTEBOOK = "03_programme_pulse"
FOLDER = "pulse"
PAGE, RELEASED = "pulse.html", "released.json"
COMMAND = "rmresearch report"


def build_pulse(
    study: Path,
    out: Path,
    *,
    data: Path | None = None,
    until: dt.date | None = None,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Take a study's pulse into ``out``/pulse; returns the page's path.

    ``study`` is the study's folder or TOML file, ``data`` its data folder if it is elsewhere,
    ``until`` the last day that the data cover. ``out`` may be absent, empty, or hold what an
    earlier report left; otherwise, and where another run holds it, ``ReportError``. Data that
    cannot be read raise ``StudyError`` and leave what was there as it was. The folder may be handed
    to the programme's owner: its manifest names no data file.
    """
    lighter_imports()
    from rmresearch.report.notebook import find_notebook, run_notebook, to_html

    started = dt.datetime.now(dt.UTC)
    if not (study.is_file() or (study / "study.toml").is_file()):
        raise StudyError(f"{study} has no study.toml. Give the folder that holds it.")
    notebook = find_notebook(NOTEBOOK)
    check_out(out)
    with lock(out):
        # made in `out` itself, so that a killed run leaves it nowhere else
        with tempfile.TemporaryDirectory(prefix=".", suffix=TEMPORARY, dir=out) as aside:
            asked = {
                "study_dir": str(study.resolve()),
                "data_dir": str(data.resolve()) if data else "",
                "until": until.isoformat() if until else "",
                "out_dir": str(Path(aside).resolve()),
            }
            executed = run_notebook(notebook, asked, progress=say)
            released = (Path(aside) / RELEASED).read_bytes()
        brand, worn = study_brand(study)
        title = json.loads(released)["release"]["title"]
        page = to_html(executed, title=title, internal=False, brand=brand)
        folder = open_out(out / FOLDER, COMMAND)
        write_bytes(folder / RELEASED, released)
        write_bytes(folder / PAGE, page.encode())
        write_manifest(
            folder,
            command=COMMAND,
            inputs=worn,
            settings={"audience": FOLDER, "formats": ["html"], "until": asked["until"]},
            started=started,
            outputs=[folder / RELEASED, folder / PAGE],
        )
    return folder / PAGE
