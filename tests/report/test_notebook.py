from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from rmresearch.errors import FitError, ReportError, StudyError
from rmresearch.report import notebook
from rmresearch.report.notebook import find_notebook, notebooks, run_notebook, to_html

NASTY = 'a "quoted" \\ back\\slash {brace} \n line \' % $x é \u2028 <script>'
ASKS = """
import json, os, sys
from rmresearch.report.blocks import Paragraph, Section
here = {"exe": sys.executable, "threads": os.environ["OMP_NUM_THREADS"], "name": name,
        "seed": seed, "stray": "stray" in globals(), "cwd": os.getcwd(),
        "hash": hash("a"), "connection": os.listdir(os.environ["IPYTHONDIR"])}
"""
WARNS = """
import warnings
warnings.warn("/home/" + "somebody")
print(json.dumps(here))
"""


def cell(source: str, name: str, **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": name,
        "source": source.strip(),
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def write(path: Path, *cells: dict[str, Any], parameters: bool = True) -> Path:
    first = cell('name = "x"\nseed = "1"', "parameters", tags=["parameters"])
    content = {
        "cells": [*([first] if parameters else []), *cells],
        "metadata": {"kernelspec": {"name": "julia-1.11", "display_name": "Julia"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content), "utf-8")
    return path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One notebook run twice, in a folder with braces in its name, by a user with habits."""
    folder = tmp_path_factory.mktemp("{run}")
    habits = folder / "ipython" / "profile_default" / "startup"
    habits.mkdir(parents=True)
    (habits / "00.py").write_text("stray = 1")
    (folder / "start.py").write_text("stray = 1")
    path = write(
        folder / "demo.ipynb",
        cell(ASKS, "look-around", title="looking around"),
        cell('Section("flow", name, (Paragraph(seed),))', "flow"),
        cell(WARNS, "warn"),
    )
    said: list[str] = []
    out = folder / "out.ipynb"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("PYTHONSTARTUP", str(folder / "start.py"))
        patch.setenv("JUPYTER_PATH", str(folder))
        first = run_notebook(path, {"name": NASTY}, out, progress=said.append, cwd=folder)
        written = out.read_text("utf-8")
        second = run_notebook(path, {"name": NASTY}, out, cwd=folder)
    streams = [o for c in first.cells for o in c.get("outputs", []) if o["output_type"] == "stream"]
    found = json.loads(streams[-1]["text"])
    return {
        "first": first, "second": second, "said": said, "found": found, "written": written,
        "again": out.read_text("utf-8"), "folder": folder,
    }  # fmt: skip


def test_the_kernel_is_this_interpreter_without_the_users_habits(ran: dict[str, Any]) -> None:
    import sys

    found = ran["found"]
    assert found["exe"] == sys.executable
    assert found["threads"] == "1"
    assert found["stray"] is False
    assert Path(found["cwd"]).resolve() == ran["folder"].resolve()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no local sockets for the kernel")
def test_the_kernel_listens_on_no_port(ran: dict[str, Any]) -> None:
    sockets = [name for name in ran["found"]["connection"] if "-ipc-" in name]
    assert len(sockets) >= 4  # shell, iopub, stdin, control, (heartbeat)


def test_parameters_arrive_as_they_were(ran: dict[str, Any]) -> None:
    assert ran["found"]["name"] == NASTY
    assert ran["found"]["seed"] == "1"


def test_the_same_run_is_the_same_bytes(ran: dict[str, Any]) -> None:
    assert ran["written"] == ran["again"]
    assert ran["first"] == ran["second"]
    html = [to_html(ran[name], title="t") for name in ("first", "second")]
    assert html[0] == html[1]


def test_what_belongs_to_the_run_is_gone(ran: dict[str, Any]) -> None:
    for gone in ("papermill", "start_time", "end_time", "/home/somebody", "iopub"):
        assert gone not in ran["written"]
    assert json.loads(ran["written"])["metadata"]["kernelspec"]["name"] == "julia-1.11"


def test_the_executed_notebook_is_valid(ran: dict[str, Any]) -> None:
    import nbformat

    nbformat.validate(nbformat.reads(ran["written"], as_version=4))


def test_the_page_shows_the_section_and_escapes_the_name(ran: dict[str, Any]) -> None:
    html = to_html(ran["first"], title="t")
    assert '<section id="flow" class="section"><h2>a &quot;quoted&quot;' in html
    assert "<script" not in html


def test_progress_says_what_and_how_long(ran: dict[str, Any]) -> None:
    assert len(ran["said"]) == 4
    assert ran["said"][1].startswith("2 of 4: looking around (")
    assert ran["said"][2].startswith("3 of 4: flow (")
    assert ran["said"][3].endswith(" s)")


OURS = """
from rmresearch.errors import StudyError
raise StudyError("measures: 3 rows have wave 4. Add the wave.\\nrow 17")
"""
OTHERS = """
from rmresearch.files import write_text
from pathlib import Path
secret = {"person": 7}
write_text(Path("/tmp"), secret)
"""


def test_our_errors_come_out_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.ipynb", cell(OURS, "read"))
    out = tmp_path / "out.ipynb"
    with pytest.raises(StudyError) as caught:
        run_notebook(path, {}, out)
    assert str(caught.value) == "measures: 3 rows have wave 4. Add the wave.\nrow 17"
    assert caught.value.__cause__ is None
    assert not out.exists()


def test_other_errors_tell_their_kind_and_place_but_no_value(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "bad.ipynb", cell(OTHERS, "read", title="reading the study"))
    with pytest.raises(ReportError) as caught:
        run_notebook(path, {})
    message = str(caught.value)
    assert "reading the study (AttributeError, in files/atomic.py line " in message
    captured = capfd.readouterr()
    for text in (message, captured.out, captured.err):
        assert "person" not in text
        assert "Traceback" not in text


def test_a_kernel_that_dies_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "dies.ipynb", cell("import os\nos._exit(3)", "die", title="dying"))
    with pytest.raises(ReportError, match=r"ended before its time .* while dying"):
        run_notebook(path, {})


def test_unknown_parameters_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb")
    with pytest.raises(
        ReportError, match=r"a.ipynb has no parameter other, zed; it has: name, seed"
    ):
        run_notebook(path, {"zed": "1", "name": "x", "other": "2"})
    with pytest.raises(TypeError, match="parameter name must be text"):
        run_notebook(path, {"name": 3})  # type: ignore[dict-item]


def test_a_notebook_without_parameters_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", parameters=False)
    with pytest.raises(ReportError, match="has no cell tagged 'parameters'"):
        run_notebook(path, {})


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the package believe that it is installed here, with one notebook inside."""
    inside = folder / "rmresearch" / "_notebooks"
    inside.mkdir(parents=True)
    (inside / "only.ipynb").write_text("{}")
    module = folder / "rmresearch" / "report" / "notebook.py"
    monkeypatch.setattr(notebook, "__file__", str(module))


def test_the_packages_notebooks_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = find_notebook("01_pilot_evaluation")
    assert path == find_notebook("01_pilot_evaluation.ipynb")
    assert path.is_file()
    with pytest.raises(ReportError, match="no notebook '02'; the package has: 00_tour, 01_p"):
        find_notebook("02")
    inside = tmp_path / "rmresearch" / "_notebooks"
    inside.mkdir(parents=True)
    (inside / "only.ipynb").write_text("{}")
    monkeypatch.setattr(
        notebook, "__file__", str(tmp_path / "rmresearch" / "report" / "notebook.py")
    )
    assert list(notebooks()) == ["only"]


def test_every_error_of_ours_keeps_its_class() -> None:
    class Raised:
        ename, evalue, traceback = "FitError", "it did not converge", ["x"]

    made = notebook._plain(Raised(), "fitting")
    assert type(made) is FitError
    assert str(made) == "it did not converge"


def test_a_long_cell_says_that_it_is_still_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        tmp_path / "demo.ipynb",
        cell("import time; time.sleep(1.5)", "slow", title="asking its questions"),
    )
    monkeypatch.setattr(notebook, "PATIENCE", 0.5)
    said: list[str] = []
    run_notebook(path, {"name": "x"}, progress=said.append)
    last, done = said[-2:]
    assert last == "2 of 2: asking its questions, still at work"
    assert done.startswith("2 of 2: asking its questions (")
    monkeypatch.setattr(notebook, "PATIENCE", 600.0)
    said.clear()
    run_notebook(path, {"name": "x"}, progress=said.append)
    assert not any("still at work" in one for one in said)


def test_ctrl_c_leaves_asyncio_nothing_to_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The kernel ends under a cell that nobody awaits any more; that is no news for a terminal."""

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("papermill.execute_notebook", stopped)
    log = logging.getLogger("asyncio")
    before = log.level
    try:
        with pytest.raises(KeyboardInterrupt):
            run_notebook(write(tmp_path / "demo.ipynb", cell("1", "one")), {"name": "x"})
        log.error("Task exception was never retrieved")
        assert not caplog.records
    finally:
        log.setLevel(before)


def test_up_to_a_cell_nothing_after_it_runs(tmp_path: Path) -> None:
    path = write(
        tmp_path / "demo.ipynb",
        cell("kept = 1", "kept", title="what is asked"),
        cell("raise ValueError", "left-out", title="what is drawn"),
    )
    said: list[str] = []
    done = run_notebook(path, {"name": "x"}, progress=said.append, last="what is asked")
    assert [one.source for one in done.cells if "kept" in one.source] == ["kept = 1"]
    assert not any("raise" in one.source for one in done.cells)
    assert said[-1].startswith("2 of 2: what is asked")
    with pytest.raises(ReportError, match="no cell titled 'what is foreseen'"):
        run_notebook(path, {"name": "x"}, last="what is foreseen")
