"""A long sweep writes its progress once in a while: the same bytes, and it goes on all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rmresearch as rm
from rmresearch.whatif import sweep
from rmresearch.whatif.store import Progress, Store
from rmresearch.world.gaussian import Gaussian

from .test_store import content, judged

#: blocks of 2,000: three tasks of each design
GRID = {"few": Gaussian(programme=6), "more": Gaussian(programme=7)}
TASKS = 3


def run(folder: Path, **given: Any) -> rm.Sweep:
    asked: dict[str, Any] = {"outcome": "score", "replicates": 2_000 * TASKS, "seed": 3}
    return rm.sweep(GRID, rm.pre_post, out=folder, keep=True, **asked, **given)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Whose progress is written at how many tasks done, where a run is long from 2 tasks on."""
    found: list[tuple[str, int]] = []
    save = Store.save

    def noted(store: Store, scenario: str, progress: Progress) -> None:
        found.append((scenario, progress.done))
        save(store, scenario, progress)

    monkeypatch.setattr(Store, "save", noted)
    monkeypatch.setattr(sweep, "LONG", 2)
    monkeypatch.setattr(sweep, "SELDOM", 1e9)
    return found


def test_a_short_run_writes_every_task(
    written: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "LONG", 2 * TASKS)
    run(tmp_path / "s")
    assert written == [(name, done) for name in GRID for done in range(1, TASKS + 1)]


def test_a_long_run_comes_to_the_same_bytes(
    written: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = run(tmp_path / "long")
    assert written == [(name, TASKS) for name in GRID]
    monkeypatch.setattr(sweep, "LONG", 1_000)
    here = run(tmp_path / "short")
    assert content(tmp_path / "long") == content(tmp_path / "short")
    assert judged(there) == judged(here)


def test_a_long_run_that_was_stopped_goes_on(
    written: list[tuple[str, int]], tmp_path: Path
) -> None:
    told: list[str] = []

    def stop(said: str) -> None:
        told.append(said)
        if len(told) == TASKS + 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", say=stop)
    assert written == [("few", TASKS)]  # the second design's two tasks are done again
    there = run(tmp_path / "stopped", say=told.append)
    assert len(told) == 2 * TASKS + 2
    here = run(tmp_path / "whole")
    assert content(tmp_path / "stopped") == content(tmp_path / "whole")
    assert judged(there) == judged(here)


def test_what_was_done_before_a_failure_is_written(
    written: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = sweep.attempt

    def fails(plan: Any, task: Any) -> Any:
        from rmresearch.whatif.workers import Lost

        broken = task.scenario == "few" and task.index == 2
        return Lost(task, "broken") if broken else plain(plan, task)

    monkeypatch.setattr(sweep, "attempt", fails)
    done = run(tmp_path / "s")
    assert list(done.broken) == ["few"]
    assert written == [("few", 2), ("more", TASKS)]
