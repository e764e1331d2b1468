"""Run our notebooks: papermill in this process, the kernel in this interpreter.

A notebook that stops raises the error that stopped it, as a sentence: our own errors as they are,
any other by its kind and place. Neither the message nor the executed notebook holds a traceback,
because a traceback may hold data.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rmresearch import errors
from rmresearch.errors import ReportError, RmError
from rmresearch.files import write_text
from rmresearch.report.html import to_html
from rmresearch.report.kernel import emptied, running_kernel
from rmresearch.report.lighter import lighter_imports

__all__ = ["find_notebook", "notebooks", "run_notebook", "to_html"]

Progress = Callable[[str], None]

#: seconds after which a cell that has said nothing is said to be still at work
PATIENCE = 10.0
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OUR_LINE = re.compile(r"rmresearch[/\\]([\w/\\]+\.py)[^\d]{1,8}(\d+)")


def notebooks() -> dict[str, Path]:
    """The package's notebooks by name: inside the installed package, or in the checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_notebooks", package.parents[1] / "notebooks"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    return {}


def find_notebook(name: str) -> Path:
    """Where the notebook of that name is (with or without ``.ipynb``)."""
    known = notebooks()
    stem = name.removesuffix(".ipynb")
    if stem not in known:
        listed = ", ".join(known) or "none; reinstall the package"
        raise ReportError(f"there is no notebook {name!r}; the package has: {listed}.")
    return known[stem]


def run_notebook(
    path: Path,
    parameters: Mapping[str, str],
    out: Path | None = None,
    *,
    progress: Progress | None = None,
    cwd: Path | None = None,
    kernel: Any = None,
    last: str = "",
) -> Any:
    """Run a notebook with these parameters; returns it executed, and writes it to ``out``.

    With ``last``, the title of a cell, what follows that cell is left out.

    ``parameters`` are texts (JSON for anything else) for names that the notebook's parameters cell
    declares; others raise ``ReportError``, as does a notebook without such a cell. ``progress``
    gets a line for every code cell: which of how many, what it does (the cell's ``title`` in its
    metadata, or its id), how long it took. The executed notebook carries no times, warnings or
    random ids: the same content is the same bytes. ``kernel`` is one that runs already
    (`running_kernel`), for several notebooks: it keeps what it imported, and forgets every name
    that a notebook made before the next one runs.

    Raises the package's own error that stopped a cell, or ``ReportError`` for any other.
    """
    lighter_imports()
    with running_kernel(cwd) if kernel is None else emptied(kernel) as kernel:
        notebook = _read(path)
        if last:
            notebook.cells = _up_to(notebook.cells, last, path.name)
        _check_parameters(notebook, parameters, path.name)
        executed = _execute(notebook, dict(parameters), kernel, progress)
    clean = _clean(executed)
    if out is not None:
        write_text(out, json.dumps(clean, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return clean


def _up_to(cells: list[Any], last: str, name: str) -> list[Any]:
    titles = [cell.metadata.get("title", "") for cell in cells]
    if last not in titles:
        raise ReportError(f"{name} has no cell titled {last!r}; give one of that title.")
    return cells[: titles.index(last) + 1]


def _read(path: Path) -> Any:
    import nbformat

    read: Any = nbformat.read
    return read(path, as_version=4)


def _check_parameters(notebook: Any, parameters: Mapping[str, str], name: str) -> None:
    declared = _declared(notebook)
    if declared is None:
        raise ReportError(f"{name} has no cell tagged 'parameters'; add one to run it.")
    unknown = sorted(set(parameters) - declared)
    if unknown:
        raise ReportError(
            f"{name} has no parameter {', '.join(unknown)}; it has: {', '.join(sorted(declared))}."
        )
    for key, value in parameters.items():
        if not isinstance(value, str):
            raise TypeError(f"parameter {key} must be text (or JSON text), not {type(value)}")


def _declared(notebook: Any) -> set[str] | None:
    """The names that the parameters cell assigns, read as Python, never run."""
    import ast

    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            statements = ast.parse(cell.source).body
            targets = [t for s in statements if isinstance(s, ast.Assign) for t in s.targets]
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return None


def _execute(
    notebook: Any, parameters: dict[str, str], kernel: Any, progress: Progress | None
) -> Any:
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    doing = _Doing(notebook, progress)
    try:
        return papermill.execute_notebook(
            notebook,
            None,
            parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            km=kernel,
            on_cell_start=doing.start,
            on_cell_executed=doing.done,
        )
    except PapermillExecutionError as error:
        raise _plain(error, doing.what) from None
    except KeyboardInterrupt:
        # the cell at work dies with its kernel: asyncio would print that as a traceback
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        raise
    except (DeadKernelError, RuntimeError) as error:
        raise ReportError(
            f"the notebook's Python process ended before its time ({type(error).__name__}), while "
            f"{doing.what}. It may have run out of memory; close other programs and try again."
        ) from None


class _Doing:
    """What the notebook is doing, told cell by cell, and what this process does meanwhile."""

    def __init__(self, notebook: Any, progress: Progress | None) -> None:
        self.progress = progress
        self.total = sum(cell.cell_type == "code" for cell in notebook.cells)
        self.what = "starting"
        self.count = 0
        self.since = time.perf_counter()
        self.patience: Any = None

    def start(self, cell: Any, cell_index: int) -> None:
        """A cell begins."""
        import asyncio

        if cell.cell_type != "code" or "injected-parameters" in cell.metadata.get("tags", []):
            return
        if not self.count:
            _convert_later()
        self.count += 1
        self.what = cell.metadata.get("title") or cell.id.replace("-", " ")
        self.since = time.perf_counter()
        if self.progress:
            said = f"{self.count} of {self.total}: {self.what}, still at work"
            self.patience = asyncio.get_running_loop().call_later(PATIENCE, self.progress, said)

    def done(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        """A cell has ended, well or not."""
        if self.patience:
            self.patience.cancel()
        if self.progress and "injected-parameters" not in cell.metadata.get("tags", []):
            took = time.perf_counter() - self.since
            self.progress(f"{self.count} of {self.total}: {self.what} ({took:.1f} s)")


def _convert_later() -> None:
    """Import nbconvert while the kernel works: this process only waits then."""
    import asyncio
    import importlib

    later = asyncio.get_running_loop().call_later
    later(0.4, importlib.import_module, "nbconvert.exporters.templateexporter")


def _plain(error: Any, what: str) -> RmError:
    """The error of a cell as a sentence, without the values that a traceback may hold."""
    ours = getattr(errors, error.ename, None)
    if isinstance(ours, type) and issubclass(ours, RmError):
        return ours(error.evalue)
    found = _OUR_LINE.findall(_COLOUR.sub("", "\n".join(error.traceback)))
    place = f", in {found[-1][0]} line {found[-1][1]}" if found else ""
    return ReportError(
        f"the report stopped while doing this: {what} ({error.ename}{place}). This is a fault of "
        f"the toolkit, not of your files: please report these words. The details may hold data and "
        f"are shown only when the notebook is run by hand (rmresearch lab)."
    )


def _clean(notebook: Any) -> Any:
    """The executed notebook without what differs from run to run or tells of this machine."""
    import nbformat

    clean: Any = json.loads(json.dumps(notebook))
    kept = clean["metadata"].get("kernelspec")
    clean["metadata"] = {"kernelspec": kept} if kept else {}
    for index, cell in enumerate(clean["cells"]):
        for added in ("papermill", "execution"):
            cell["metadata"].pop(added, None)
        if "injected-parameters" in cell["metadata"].get("tags", []):
            cell["id"] = f"injected-{index}"
        if cell["cell_type"] == "code":
            cell["outputs"] = [one for one in cell["outputs"] if one.get("name") != "stderr"]
    as_node: Any = nbformat.from_dict
    return as_node(clean)
