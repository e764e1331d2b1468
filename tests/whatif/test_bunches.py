"""Quick tasks travel to a cluster together: in their order, and none is lost with its bunch."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from rmresearch.errors import StudyError
from rmresearch.whatif import workers
from rmresearch.whatif.workers import AHEAD, JOURNEYS, Lost, dask_cluster

distributed = pytest.importorskip("distributed")


@dataclass(frozen=True)
class Task:
    scenario: str
    number: int


@dataclass
class Future:
    make: Callable[[], Any]

    def result(self) -> Any:
        return self.make()


@dataclass
class StandIn:
    """A cluster of ``threads`` threads that works when it is asked for a result.

    A task of 1 second takes ``each`` seconds of its clock; one of "deadly" kills its worker.
    """

    monkeypatch: pytest.MonkeyPatch
    threads: int = 2
    each: float = 0.1
    clock: float = 0.0
    sent: list[list[Task]] = field(default_factory=list)
    waiting: int = 0
    most: int = 0
    other: dict[str, str] = field(default_factory=dict)
    failing: dict[str, Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.monkeypatch.setattr(workers.time, "perf_counter", lambda: self.clock)
        self.monkeypatch.setattr(distributed, "wait", lambda others: None)

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(map(str, range(self.threads)), 1)

    def run(self, asked: Callable[[], dict[str, str]], on_error: str) -> dict[str, Any]:
        assert on_error == "return"
        return {"tcp://one": asked() | self.other, **self.failing}

    def submit(self, function: Any, *given: Any, pure: bool) -> Future:
        assert not pure, "the same task twice is two tasks"
        if len(given) < 2:  # the function itself
            return Future(lambda: given[0])
        bunch = given[1]
        self.sent.append(bunch)
        self.waiting += 1
        self.most = max(self.most, self.waiting)

        def make() -> Any:
            self.waiting -= 1
            if any(getattr(task, "scenario", "") == "deadly" for task in bunch):
                raise distributed.KilledWorker("task", None, 3)
            return function(given[0].result(), bunch)

        return Future(make)

    def work(self, task: Task) -> Task:
        self.clock += self.each
        return task

    def answers(self, tasks: list[Task]) -> list[Any]:
        with dask_cluster(self) as mapper:  # type: ignore[arg-type]
            return list(mapper(self.work, tasks))


def tasks(count: int, scenario: str = "one") -> list[Task]:
    return [Task(scenario, number) for number in range(count)]


def test_a_bunch_grows_to_a_second_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = StandIn(monkeypatch)
    assert cluster.answers(tasks(400)) == tasks(400)
    assert [task for bunch in cluster.sent for task in bunch] == tasks(400)
    sizes = [len(bunch) for bunch in cluster.sent]
    # Five are sent before the first answer comes; 0.1 s a task makes ten to a second.
    assert sizes[:5] == [1] * 5
    assert max(sizes) in {9, 10}  # sums of 0.1 are not exact
    assert sum(size >= 9 for size in sizes) > 20
    assert cluster.most == AHEAD * cluster.threads + 1


@pytest.mark.parametrize("each", [1.0, 30.0])
def test_long_tasks_travel_alone(monkeypatch: pytest.MonkeyPatch, each: float) -> None:
    cluster = StandIn(monkeypatch, each=each)
    assert cluster.answers(tasks(50)) == tasks(50)
    assert {len(bunch) for bunch in cluster.sent} == {1}


def test_more_workers_get_longer_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a client is not asked more often than it can answer."""
    cluster = StandIn(monkeypatch, threads=3 * JOURNEYS, each=1.0)
    assert cluster.answers(tasks(4_000)) == tasks(4_000)
    assert max(len(bunch) for bunch in cluster.sent) == 3


def test_tasks_without_time_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert StandIn(monkeypatch, each=0.0).answers(tasks(100)) == tasks(100)


def test_a_deadly_scenario_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tasks are in a bunch with others: those are done, and one death more tells of it."""
    mixed = [*tasks(60), *tasks(4, "deadly"), *tasks(60, "two")]
    cluster = StandIn(monkeypatch)
    found = cluster.answers(mixed)
    assert [one.task if isinstance(one, Lost) else one for one in found] == mixed
    assert [one.task for one in found if isinstance(one, Lost)] == tasks(4, "deadly")
    bunches = [bunch for bunch in cluster.sent if any(t.scenario == "deadly" for t in bunch)]
    together = [bunch for bunch in bunches if len(bunch) > 1]
    assert together
    assert sum(len(bunch) == 1 for bunch in bunches) == len(together)


def test_workers_with_other_versions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lacks = {"tcp://two": ModuleNotFoundError("No module named 'rmresearch'")}
    cluster = StandIn(monkeypatch, other={"numpy": "1.0"}, failing=lacks)
    here = importlib.metadata.version("numpy")
    with pytest.raises(StudyError) as refused:
        cluster.answers(tasks(1))
    assert f"tcp://one has numpy 1.0, not {here}" in str(refused.value)
    assert "tcp://two cannot say what it has (ModuleNotFoundError: No" in str(refused.value)
    assert not cluster.sent
