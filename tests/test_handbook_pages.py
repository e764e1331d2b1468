"""The code of the handbook runs, and what its pages say holds: their own assertions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
#: options stand above a cell's code, a line each or as YAML between lines of dashes
OPTIONS = r"(---\n.*?^---\n|(?::[^\n]*\n)*)"
CELL = re.compile(rf"^```\{{code-cell\}}[^\n]*\n{OPTIONS}(.*?)^```$", re.DOTALL | re.MULTILINE)
#: what a notebook has without an import
NOTEBOOK = "from IPython.display import display\n"


def cells(path: Path) -> list[str]:
    """The code of a page's cells."""
    return [code for _, code in CELL.findall(path.read_text("utf-8"))]


PAGES = {path.relative_to(DOCS).as_posix(): path for path in sorted(DOCS.glob("**/*.md"))}
RUN = [
    name
    for name, path in PAGES.items()
    if name.split("/")[0] not in {"_build", "_ipython"} and cells(path)
]


def test_each_kind_of_page_has_code_that_runs() -> None:
    kinds = {name.split("/")[0] for name in RUN}
    assert kinds >= {"api.md", "methods", "choices"}


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
