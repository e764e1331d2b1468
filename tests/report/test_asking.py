"""A large study is asked by two processes: the answers are the same, in the same order."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

import rmresearch as rm
from rmresearch.files import to_json
from rmresearch.report import asking
from rmresearch.report.evaluation import evaluate
from rmresearch.whatif import workers
from rmresearch.whatif.receipt import _counted
from rmresearch.whatif.workers import second

PILOT = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "pilot"


def test_two_processes_say_what_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 1)
    alone = evaluate(PILOT)
    _counted.cache_clear()
    sent: list[str] = []
    begin = workers.Second.begin

    def watched(self: Any, function: Any, tasks: Any) -> Any:
        assert self._executor is not None
        sent.extend([function.__name__] * len(tasks))
        return begin(self, function, tasks)

    monkeypatch.setattr(workers, "cores", lambda: 2)
    monkeypatch.setattr(workers.Second, "begin", watched)
    monkeypatch.setattr(asking, "LARGE", 1)
    both = evaluate(PILOT)
    assert sent.count("_one") == len(alone.findings.study.design.outcomes) - 1
    assert sent.count("sums") > 1
    assert list(both.findings.results) == list(alone.findings.results)
    assert list(both.findings.refused) == list(alone.findings.refused)
    assert to_json(both.results()) == to_json(alone.results())
    assert both.released.to_json() == alone.released.to_json()


def test_a_receipt_that_was_begun_for_another_verdict_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only what opens the report is told, whatever was expected to."""
    study = rm.read_study(PILOT)
    other = study.design.outcome("inclusion_awareness")
    monkeypatch.setattr(asking._Opening, "outcome", other)
    found = asking.ask(study, PILOT)
    assert [name for name in found.results if name.startswith("receipt:")] == [
        f"receipt:{found.verdicts[0].estimate.outcome}"
    ]
    assert found.verdicts[0].estimate.outcome != other.name


def dies(here: int, answer: str) -> str:
    """Takes the other process down, and only that."""
    if os.getpid() != here:
        os._exit(9)
    return answer


def slow(here: int, seconds: float) -> bool:
    """Whether the other process did it."""
    time.sleep(seconds)
    return os.getpid() != here


def test_work_of_a_second_process_is_done_here_where_it_dies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 2)
    with second() as other:
        answers = other.begin(dies, [(os.getpid(), "one"), (os.getpid(), "two")])
        assert answers() == ["one", "two"]


def test_what_a_second_process_has_not_begun_is_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 2)
    with second() as other:
        there = other.begin(slow, [(os.getpid(), 0.2)] * 12)()
    assert there[0]  # the first went
    assert not there[-1]  # the last had not
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "cores", lambda: 1)
        with second() as nobody:
            assert nobody.begin(slow, [(os.getpid(), 0.0)])() == [False]
