"""The sweeps of docs/examples: each is read, runs, and gives its page something to show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import rmresearch as rm
from rmresearch.report import whatif
from rmresearch.whatif.judgement import judged
from rmresearch.whatif.sweep_file import read_sweep

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "docs" / "examples").glob("*.toml"))


def test_the_questions_that_were_promised() -> None:
    assert [path.stem for path in EXAMPLES] == [
        "does-optimal-matching-pay",
        "group-or-one-to-one",
        "how-many-pairs",
        "how-wrong-is-before-after",
        "randomise-or-wait-list",
        "what-if-half-drop-out",
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(path: Path) -> None:
    asked = replace(read_sweep(path), replicates=12)
    found = judged(asked, rm.sweep(**asked.given))
    assert not found.broken
    assert found.question in whatif.opening(found).html()
    assert "<figure>" in whatif.power(found).html()
    head = path.read_text("utf-8")
    assert f"rmresearch whatif docs/examples/{path.name} --out " in head
