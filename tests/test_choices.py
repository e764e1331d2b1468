"""Pages on decisions (docs/choices): complete, linked, and what is to be copied from them runs.

Their code cells run, with the assertions that hold their sentences, when the handbook is built.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from rmresearch.whatif.examples import examples
from rmresearch.whatif.sweep_file import sweep_of

HERE = Path(__file__).parents[1]
PAGES = sorted(page for page in (HERE / "docs" / "choices").glob("*.md") if page.name != "index.md")
SECTIONS = (
    "## The what-if behind it",
    "## What the answer hangs on",
    "## What it costs",
    "## How to do it",
    "## For your own pilot",
)


def named(page: Path) -> str:
    return page.stem


def blocks(page: Path, kind: str) -> list[str]:
    found: list[str] = re.findall(rf"```{kind}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return found


def test_the_index_leads_to_every_page_in_words_and_in_the_contents() -> None:
    index = (HERE / "docs" / "choices" / "index.md").read_text("utf-8")
    contents = set(index.split("{toctree}")[1].split())
    assert len(PAGES) >= 12
    for page in PAGES:
        assert f"]({page.name})" in index
        assert page.stem in contents


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_answers_first_and_says_what_it_hangs_on_and_costs(page: Path) -> None:
    text = page.read_text("utf-8")
    opening = text.split("\n## ")[0]
    assert opening.index("**Decision.**") < opening.index("**Short answer.**")
    places = [text.index(f"\n{section}") for section in SECTIONS]
    assert places == sorted(places)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_both_pictures_of_a_page_are_held_by_assertions(page: Path) -> None:
    text = page.read_text("utf-8")
    first, second = (text.split(f"\n{section}")[1].split("\n## ")[0] for section in SECTIONS[:2])
    for part in (first, second):
        held = re.findall(r"\[remove-cell\]\n(.*?)```", part, re.DOTALL)
        assert any("assert " in cell for cell in held)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_is_to_be_copied_is_right(page: Path) -> None:
    text = page.read_text("utf-8")
    for block in blocks(page, "toml"):
        document = tomllib.loads(block)
        if "analyses" in document:
            assert sweep_of(document).variants
    for name in re.findall(r"rmresearch whatif ([\w-]+) ", text):
        assert name in examples()


@pytest.mark.parametrize("page", [one for one in PAGES if blocks(one, "python")], ids=named)
def test_lines_for_ones_own_pilot_run(page: Path) -> None:
    for block in blocks(page, "python"):
        # fewer studies than a decision needs, and enough to run through; `policies` takes 500
        quick = (
            block if "rm.policies" in block else block.replace("replicates=500", "replicates=20")
        )
        exec(compile(quick, page.name, "exec"), {})
