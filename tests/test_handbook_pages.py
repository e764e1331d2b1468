"""The code of the handbook's pages runs, and what the pages say of it holds: their own assertions.

All pages together take several minutes. `make docs` runs them in kernels, and `make validate` runs
them here; of each kind of page one is run with every `make test`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n((?::[^\n]*\n)*)(.*?)^```$", re.DOTALL | re.MULTILINE)
#: run with every test: Python's page, a method, a decision
SAMPLE = {"api.md", "methods/compare-arms.md", "choices/randomise.md"}
#: what a notebook has without an import
NOTEBOOK = "from IPython.display import display\n"


def cells(path: Path) -> list[str]:
    """The code of a page's cells."""
    return [code for _, code in CELL.findall(path.read_text("utf-8"))]


PAGES = {path.relative_to(DOCS).as_posix(): path for path in sorted(DOCS.glob("**/*.md"))}
RUN = [
    pytest.param(name, marks=() if name in SAMPLE else pytest.mark.validate)
    for name, path in PAGES.items()
    if name.split("/")[0] not in {"_build", "_ipython"} and cells(path)
]


def test_the_sample_has_cells() -> None:
    assert {param.values[0] for param in RUN} >= SAMPLE


def test_pages_that_compute_are_notebooks_and_hold_what_they_say() -> None:
    """A page of a method or a decision keeps at least one assertion about what it shows."""
    for name, path in PAGES.items():
        code = cells(path)
        if not code:
            continue
        text = path.read_text("utf-8")
        assert text.startswith("---\nfile_format: mystnb\n"), name
        assert text.count("```{code-cell}") == len(code), name
        if name.startswith(("methods/", "choices/")):
            assert any("assert " in one for one in code), name


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_the_code_of_the_page_runs(name: str) -> None:
    path = PAGES[name]
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK + "\n".join(cells(path))],
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(DOCS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{name}: {done.stderr[-3000:]}"
