"""A sweep that is killed goes on to the same bytes, whoever did its work."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import rmresearch as rm
from rmresearch.errors import ReportError, StudyError
from rmresearch.files import atomic
from rmresearch.result import Result
from rmresearch.whatif import workers
from rmresearch.world.gaussian import Gaussian

from . import swept


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a sweep's folder, by its path in it."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def judged(sweep: rm.Sweep) -> bytes:
    return rm.judge(sweep).to_frame().to_csv().encode()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, rm.Sweep]:
    """An uninterrupted run by one process."""
    folder = tmp_path_factory.mktemp("whole") / "sweep"
    return folder, swept.run(out=folder, keep=True)


def test_a_folder_changes_no_figure(whole: tuple[Path, rm.Sweep]) -> None:
    plain = swept.run(keep=True)
    folder, stored = whole
    assert judged(plain) == judged(stored)
    assert plain.failures.equals(stored.failures)
    assert len(plain.failures) == 2
    kept = pd.read_parquet(folder / "estimates")
    pd.testing.assert_frame_equal(kept, plain.estimates, check_exact=True)
    assert stored.estimates is None


def test_processes_give_the_same_bytes(whole: tuple[Path, rm.Sweep], tmp_path: Path) -> None:
    there = swept.run(out=tmp_path / "sweep", keep=True, workers=2)
    assert content(tmp_path / "sweep") == content(whole[0])
    assert judged(there) == judged(whole[1])


@pytest.mark.parametrize(("hands", "after"), [(1, 2), (2, 4)])
def test_a_killed_sweep_goes_on_to_the_same_bytes(
    hands: int, after: int, whole: tuple[Path, rm.Sweep], tmp_path: Path
) -> None:
    folder = tmp_path / "sweep"
    command = [sys.executable, "-m", swept.__name__, str(folder), str(hands)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as run:  # fmt: skip
        assert run.stdout is not None
        for _ in range(after):
            assert run.stdout.readline()
        os.killpg(run.pid, signal.SIGKILL)
    assert not (folder / "progress" / "0001.json").exists() or after > 3
    (folder / f".left.{atomic.TEMPORARY}").write_text("half")  # as a write that was cut leaves it

    told: list[str] = []
    there = swept.run(out=folder, keep=True, say=told.append)
    assert len(told) <= 6 - after  # what was done is not done again
    assert content(folder) == content(whole[0])
    assert judged(there) == judged(whole[1])


def test_a_poisonous_scenario_is_named_and_the_others_are_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = {"few": swept.GRID["few"], "deadly": Gaussian(programme=12, comparison=12)}
    monkeypatch.setattr("rmresearch.whatif.sweep.trial", lambda plan, say: None)  # it would kill us
    monkeypatch.setenv("DEADLY", "yes")
    asked = {"outcome": "score", "replicates": 60, "seed": 1}
    done = rm.sweep(grid, swept.deadly, **asked, workers=2, out=tmp_path / "s")
    assert list(done.broken) == ["deadly"]
    assert "worker" in done.broken["deadly"]
    assert done.failures["reason"].tolist() == [done.broken["deadly"]]
    assert "1 of 2 scenarios (incomplete)" in done._repr_html_()
    assert set(rm.judge(done).to_frame()["scenario"]) == {"few"}
    monkeypatch.delenv("DEADLY")
    mended = rm.sweep(grid, swept.deadly, **asked, out=tmp_path / "s")
    assert not mended.broken
    assert judged(mended) == judged(rm.sweep(grid, swept.deadly, **asked))


@pytest.mark.parametrize("hands", [1, 2])
def test_a_scenario_that_fails_takes_no_other_along(hands: int) -> None:
    grid = {"few": swept.GRID["few"], "wrong": Gaussian(programme=12, comparison=12)}
    done = rm.sweep(grid, swept.wrong, outcome="score", replicates=60, seed=1, workers=hands)
    assert done.broken == {"wrong": "KeyError: 'what nobody foresaw'"}
    alone = rm.sweep({"few": grid["few"]}, swept.wrong, outcome="score", replicates=60, seed=1)
    assert judged(done) == judged(alone)


def test_another_sweep_is_refused_before_any_work(
    whole: tuple[Path, rm.Sweep], tmp_path: Path
) -> None:
    before = content(whole[0])
    again = partial(swept.run, out=whole[0], keep=True)
    for change, said in [
        ({"seed": 12}, "seed is 12 here and 11 there"),
        ({"replicates": 120}, "replicates is 120 here and 60 there"),
        ({"keep": False}, "keep is False here and True there"),
        ({"analysis": swept.wrong}, "analysis 'asked' differs"),
    ]:
        with pytest.raises(StudyError, match=said):
            again(**change)
    with pytest.raises(StudyError, match="scenario 'few' is not in both"):
        rm.sweep({"other": swept.GRID["few"]}, {"asked": swept.study_by_study}, outcome="score",
                 replicates=60, seed=11, keep=True, out=whole[0])  # fmt: skip
    turned = dict(reversed(swept.GRID.items()))
    with pytest.raises(StudyError, match="another order"):
        rm.sweep(turned, {"asked": swept.study_by_study}, outcome="score",
                 replicates=60, seed=11, keep=True, out=whole[0])  # fmt: skip
    assert content(whole[0]) == before
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(StudyError, match=r"holds letter\.txt but no sweep\.json"):
        swept.run(out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_what_a_function_took_from_around_it_tells_it_from_another(tmp_path: Path) -> None:
    """Two functions of one text that differ by a number that they hold, or by a default."""

    def at(level: float) -> Callable[[rm.Study, str], Result]:
        return lambda study, outcome: rm.pre_post(study, outcome, level=level)

    def run(asked: Callable[..., Result], name: str) -> rm.Sweep:
        return rm.sweep(swept.GRID["few"], {"asked": asked}, outcome="score", replicates=2,
                        seed=1, out=tmp_path / name)  # fmt: skip

    assert judged(run(at(0.9), "held")) == judged(run(at(0.9), "held"))
    with pytest.raises(StudyError, match="analysis 'asked' differs"):
        run(at(0.5), "held")

    def usual(study: rm.Study, outcome: str, level: float = 0.9) -> Result:
        return rm.pre_post(study, outcome, level=level)

    run(usual, "default")
    usual.__defaults__ = (0.5,)
    with pytest.raises(StudyError, match="analysis 'asked' differs"):
        run(usual, "default")


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    def second(_: str) -> None:
        with pytest.raises(ReportError, match=f"process {os.getpid()}"):
            swept.run(out=tmp_path / "sweep")
        told.append("refused")

    told: list[str] = []
    swept.run(out=tmp_path / "sweep", say=second, replicates=20)
    assert told == ["refused", "refused"]


def test_a_full_disk_leaves_what_was_there(
    whole: tuple[Path, rm.Sweep], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sweep"
    real, writes = os.fsync, iter(range(100))

    def full(handle: int) -> None:
        if next(writes) > 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportError, match="the disk is full"):
        swept.run(out=folder)
    monkeypatch.undo()
    assert [path for path in content(folder) if atomic.TEMPORARY in path] == []
    told: list[str] = []
    there = swept.run(out=folder, say=told.append)
    assert len(told) < 6
    assert judged(there) == judged(whole[1])


def test_what_somebody_changed_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    swept.run(out=folder, replicates=20)
    (folder / "progress" / "0001.json").write_text("{}")
    with pytest.raises(ReportError, match=r"0001\.json cannot be read.*'more'"):
        swept.run(out=folder, replicates=20)


@pytest.mark.parametrize("given", [0, -1, True, 2.0, "two"])
def test_workers_are_a_whole_number(given: object) -> None:
    with pytest.raises(ValueError, match="workers is"):
        swept.run(workers=given)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"dask": 5}, "dask is 5; expected an address"), ({"mapper": "map"}, "mapper is 'map'")],
)
def test_what_is_no_cluster_and_no_mapper_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        swept.run(**given)


def test_one_kind_of_worker_is_enough() -> None:
    with pytest.raises(ValueError, match="one of workers"):
        swept.run(workers=2, dask="tcp://127.0.0.1:1")


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ANSWERS_WITHIN", 0.2)
    with pytest.raises(StudyError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 "):
        swept.run(dask="tcp://127.0.0.1:1")
