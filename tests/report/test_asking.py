"""A large study is asked by two processes: the answers are the same, in the same order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import rmresearch as rm
from rmresearch.files import to_json
from rmresearch.report import asking
from rmresearch.report.evaluation import evaluate
from rmresearch.whatif.workers import beside

PILOT = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "pilot"


def test_two_processes_say_what_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = evaluate(PILOT)
    sent: list[Any] = []

    def watched(function: Any, study: rm.Study, outcomes: Any, questions: Any) -> Any:
        sent.extend(outcomes)
        return beside(function, study, outcomes, questions)

    monkeypatch.setattr(asking, "LARGE", 1)
    monkeypatch.setattr(asking, "cores", lambda: 2)
    monkeypatch.setattr(asking, "beside", watched)
    both = evaluate(PILOT)
    assert 0 < len(sent) < len(alone.findings.study.design.outcomes)
    assert list(both.findings.results) == list(alone.findings.results)
    assert list(both.findings.refused) == list(alone.findings.refused)
    assert to_json(both.results()) == to_json(alone.results())
    assert both.released.to_json() == alone.released.to_json()


def dies(here: int, answer: str) -> str:
    """Takes the other process down, and only that."""
    if os.getpid() != here:
        os._exit(9)
    return answer


def test_work_beside_is_done_here_where_the_other_process_dies() -> None:
    with beside(dies, os.getpid(), "done") as answer:
        assert answer() == "done"
