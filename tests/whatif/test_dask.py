"""A sweep on a Dask cluster: the same bytes as at home, also while a worker is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rmresearch as rm
from rmresearch.world.gaussian import Gaussian

from . import decided, swept
from .test_store import content, judged

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers of one thread on this machine; a worker that kills itself is given up at once."""
    import dask

    quiet = {"distributed.scheduler.allowed-failures": 1, "distributed.admin.tick.limit": "1h"}
    with (
        dask.config.set(quiet),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, rm.Sweep]:
    folder = tmp_path_factory.mktemp("home") / "sweep"
    return folder, swept.run(out=folder)


def test_a_worker_that_is_killed_loses_nothing(
    cluster: Any, home: tuple[Path, rm.Sweep], tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill(_: str) -> None:
        if not killed:
            killed.append(next(iter(cluster.workers.values())).process.pid)
            os.kill(killed[0], signal.SIGKILL)

    there = swept.run(out=tmp_path / "sweep", dask=cluster.scheduler_address, say=kill)
    assert killed
    assert not there.broken
    assert content(tmp_path / "sweep") == content(home[0])
    assert judged(there) == judged(home[1])


def test_a_client_of_ones_own_stays_open(cluster: Any, home: tuple[Path, rm.Sweep]) -> None:
    with distributed.Client(cluster) as client:
        there = swept.run(dask=client)
        assert judged(there) == judged(home[1])
        assert client.status == "running"


def test_a_scenario_that_kills_workers_is_named(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = {"deadly": Gaussian(programme=12, comparison=12), "few": swept.GRID["few"]}
    monkeypatch.setattr("rmresearch.whatif.sweep.trial", lambda plan, say: None)  # it would kill us
    asked: dict[str, Any] = {"outcome": "score", "replicates": 25, "seed": 1}
    done = rm.sweep(grid, swept.doomed, **asked, dask=cluster.scheduler_address)
    assert list(done.broken) == ["deadly"]
    assert "worker" in done.broken["deadly"]
    assert judged(done) == judged(rm.sweep({"few": grid["few"]}, swept.doomed, **asked))


@pytest.mark.parametrize("name", ["policies", "required", "budget"])
def test_decisions_are_the_same_as_at_home(cluster: Any, name: str) -> None:
    ask = decided.DECISIONS[name]
    with distributed.Client(cluster) as client:
        assert ask(dask=client).equals(ask())
