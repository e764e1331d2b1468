"""The benchmark's rows of sweeps: their arithmetic, and that ours does what a row says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from benchmarks import sweeps, swept


class StandIn:
    """A worker whose rounds take the seconds given, one after another."""

    def __init__(self, seconds: list[float], check: dict[str, Any]) -> None:
        self.seconds, self.check = iter(seconds), check

    def round(self) -> dict[str, float]:
        seconds = next(self.seconds)
        return {"wall": seconds, "cpu": seconds / 2}


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[tuple[str, ...], Any]], None]:
    """Stand-ins by their task and arguments: seconds of rounds, or what they have checked."""

    def given(found: dict[tuple[str, ...], Any]) -> None:
        @contextmanager
        def started(name: str, *arguments: str) -> Iterator[StandIn]:
            assert name == "ours"
            said = found[arguments]
            shown = {"studies": 500, "pairs": 48}
            yield StandIn(said, shown) if isinstance(said, list) else StandIn([], said)

        monkeypatch.setattr(sweeps, "started", started)

    return given


def test_two_processes_are_judged_by_the_paired_ratio(workers: Any) -> None:
    two, one = [2.0, 4.0, 5.0], [3.0, 9.0, 10.0]
    workers({("pooled", "2", "5000"): two, ("pooled", "1", "5000"): one})
    row = sweeps.two_processes(5_000, rounds=3)
    assert (row.ours, row.peer, row.ratio) == (4.0, 9.0, 2.0)  # of 1.5, 2.25 and 2
    assert row.must == ">= 1.8"
    assert row.met is True


def test_the_cluster_is_held_to_as_many_tasks_without_it(workers: Any) -> None:
    workers({
        ("share", "100", "0"): [1.0, 1.4],
        ("share", "100", "1"): [1.2, 1.3],
        ("scheduled", "1000"): [14.3],
    })  # fmt: skip
    row = sweeps.cluster(1_000, 100)
    # The slower half each time, 1.2 and 1.4 s for a tenth of the tasks: 13 s for all.
    assert (row.ours, row.peer) == (14.3, pytest.approx(13.0))
    assert row.ratio == pytest.approx(1.1)
    assert row.met is True


def test_waiting_tasks_are_held_to_the_time_they_need(workers: Any) -> None:
    workers({("naps", "200", "8"): [27.0]})
    row = sweeps.waiting(200, 8)
    assert (row.ours, row.peer, row.ratio) == (27.0, 25.0, 1.08)
    assert row.met is True


def test_replicates_are_held_to_those_among_the_fewest(workers: Any) -> None:
    found = {1_000: (50.0, 200.0), 10_000: (55.0, 210.0), 100_000: (61.0, 250.0)}
    workers({("many", str(n)): {"each": a, "peak": b} for n, (a, b) in found.items()})
    rows = list(sweeps.flat(list(found)))
    assert [row.ratio for row in rows] == [pytest.approx(x) for x in (1.1, 1.22, 1.25)]
    assert [row.met for row in rows] == [True, False, False]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], float]]:
    """What a task of ours answers, and its units after one round of work."""
    found: list[tuple[dict[str, Any], float]] = []
    monkeypatch.setattr(swept, "serve", lambda check, work: found.append((check, work())))
    return found


def test_many_replicates_tell_cost_and_memory(
    served: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swept, "LEAST", 400)
    swept.many("200")
    ((check, units),) = served
    assert 0 < check["each"] < 100_000
    assert 50 < check["peak"] < 50_000
    assert units == 1.0


def test_the_two_halves_are_all_tasks(served: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    monkeypatch.setattr(swept, "attempt", lambda plan, task: done.append(task.block))
    swept.share("5", "0")
    swept.share("5", "1")
    assert done == [0, 0, 2, 4, 0, 1, 3]  # each warms up on the first
    assert {task.replicates for task in swept.tasks_of(5).tasks()} == {2_000}


def test_one_process_sweeps_the_flat_design(served: list[Any]) -> None:
    swept.pooled("1", "50")
    assert served == [({}, 1.0)]


@pytest.mark.slow
def test_a_cluster_does_all_tasks(served: list[Any]) -> None:
    pytest.importorskip("distributed")
    swept.journeys("3")
    swept.scheduled("2")
    swept.naps("3", "2")
    assert served == [({}, 3.0), ({}, 1.0), ({}, 1.0)]


def test_the_explorer_is_judged_by_the_processors_time_of_a_redraw(workers: Any) -> None:
    # rounds of .8, .9 and 1.2 s by the wall, half of that by the stand-in's processor
    workers({("redraws",): [0.8, 1.2, 0.9]})
    row = sweeps.explorer(rounds=3)
    assert (row.ours, row.met) == (0.45, True)
    assert row.what == "explorer: 500 studies of 48 pairs drawn and shown (s)"
