"""The sweeps of docs/examples: each is read, runs, and gives its page something to show."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

import rmresearch as rm
from rmresearch.report import whatif
from rmresearch.whatif.decided import decided
from rmresearch.whatif.judgement import judged
from rmresearch.whatif.sweep_file import read_sweep

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "docs" / "examples").glob("*.toml"))


def test_the_questions_that_were_promised() -> None:
    assert [path.stem for path in EXAMPLES] == [
        "does-optimal-matching-pay",
        "group-or-one-to-one",
        "how-many-pairs",
        "how-wrong-is-before-after",
        "more-pairs-or-more-waves",
        "randomise-or-wait-list",
        "what-if-half-drop-out",
        "which-lever",
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(path: Path) -> None:
    asked = replace(read_sweep(path), replicates=12)
    found = judged(asked, rm.sweep(**asked.given))
    assert not found.broken
    assert found.question in whatif.opening(found).html()
    assert "<figure>" in whatif.power(found).html()
    head = path.read_text("utf-8")
    assert f"rmresearch whatif {path.stem} --out " in head


@pytest.mark.parametrize("name", ["more-pairs-or-more-waves", "which-lever"])
def test_an_example_decides(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With batches, budgets and searches of few studies."""
    policies = import_module("rmresearch.whatif.policies")
    monkeypatch.setattr(policies, "BATCH", 2)
    monkeypatch.setattr(policies, "BATCHES", 2)
    asked = read_sweep(next(path for path in EXAMPLES if path.stem == name))
    money = asked.money and replace(asked.money, replicates=4)
    need = asked.need and replace(asked.need, replicates=200, designs=asked.need.designs[:1])
    found = judged(asked, decided(replace(asked, replicates=4, money=money, need=need)))
    parts = [whatif.compared(found), whatif.bought(found), whatif.needed(found)]
    asks = [bool(asked.against), money is not None, need is not None]
    assert [part is not None for part in parts] == asks
    assert all("<figure>" in part.html() for part in parts if part is not None)
    assert not any(one.reason for one in (*found.purchases, *found.needed))
