"""The handbook has a page for each analysis, and its list of them is the package's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rmresearch

METHODS = Path(__file__).resolve().parents[1] / "docs" / "methods"
INDEX = (METHODS / "index.md").read_text("utf-8")
#: of a row of the index: the question, the functions it names, the page
ROW = re.compile(r"^\| (.+?) \| \[((?:`rm\.\w+`(?:, )?)+)\]\((.+?)\.md\) \|$", re.MULTILINE)
ROWS = [
    (question, re.findall(r"rm\.(\w+)", named), page)
    for question, named, page in ROW.findall(INDEX)
]
#: what every page of an analysis says, in this order
SECTIONS = ["Formula", "What it assumes", "When it misleads", "How it was verified", "References"]


def analyses() -> list[str]:
    """The public functions that ask something of a study, or fit a model."""
    homes = rmresearch._HOME.items()
    return sorted(name for name, home in homes if home.startswith("analysis.") or home == "models")


def test_every_analysis_has_a_page() -> None:
    assert sorted(name for _, names, _ in ROWS for name in names) == analyses()


@pytest.mark.parametrize(("question", "names", "page"), ROWS, ids=[page for _, _, page in ROWS])
def test_a_page_is_of_its_functions_and_has_every_section(
    question: str, names: list[str], page: str
) -> None:
    text = (METHODS / f"{page}.md").read_text("utf-8")
    title = re.search(r"^# (.+)$", text, re.MULTILINE)
    assert title is not None
    for name in names:
        assert f"`rm.{name}`" in title[1]
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "**Question.**" in prose
    assert re.findall(r"^## (.+)$", prose, re.MULTILINE) == SECTIONS


def test_questions_are_those_that_the_functions_ask() -> None:
    for question, names, _ in ROWS:
        if len(names) == 1:
            first = (getattr(rmresearch, names[0]).__doc__ or "").strip().splitlines()[0]
            assert question == first, names[0]


def test_the_contents_list_every_page() -> None:
    listed = INDEX.split(":hidden:")[1].split("```")[0].split()
    assert sorted(listed) == sorted(
        path.stem for path in METHODS.glob("*.md") if path.stem != "index"
    )
    assert set(re.findall(r"\]\(([\w-]+)\.md\)", INDEX)) == set(listed)


@pytest.mark.parametrize("path", sorted(METHODS.glob("*.md")), ids=lambda path: path.stem)
def test_files_named_as_verification_are_there(path: Path) -> None:
    root = METHODS.parents[1]
    for named in re.findall(r"`((?:tests|src)/[\w/.]+)`", path.read_text("utf-8")):
        assert (root / named).exists(), named
