"""Our side of the rows of sweeps, each a task of `benchmarks.ours`: the public functions alone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from itertools import count, islice, repeat
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

import rmresearch as rm
from benchmarks import cohort, scale
from benchmarks.machine import peak
from benchmarks.serve import serve
from benchmarks.workers import MALLOC
from rmresearch.whatif import workers
from rmresearch.whatif.plan import Plan, plan
from rmresearch.whatif.run import attempt

__all__ = ["FLAT", "QUICK", "TASKS", "cluster", "swept_power", "tasks_of"]

#: many replicates of one design: 20 pairs in two arms, before and after
FLAT = rm.Gaussian(programme=10, comparison=10, people=2, effect=0.5)
#: and one whose tasks are done soon, so that scheduling shows: 8 sets, before and after
QUICK = rm.Gaussian(programme=8, people=2)
#: sweeps of few replicates that are timed one after another, for a time that can be told
LEAST = 20_000


def powers(place: str, size: str) -> None:
    """The public way to power: sweep a Gaussian design and judge; a unit is 1,000 replicates.

    The design is that of the fit of the first stored outcome by cohort.COURSE, which is the model
    of `compare_arms` without a slope.
    """
    folder, pairs, replicates = Path(place), int(size), 1_000
    y = cohort.outcomes(folder, "nested")[0]
    frame = pd.read_csv(folder / "rows.csv").assign(score=y)
    start = rm.lmm(f"{cohort.COURSE} + {cohort.RANDOM['nested']}", frame)
    effect = float(start.kernel.coef[start.terms.index("at2")])
    pair, person = (float(np.sqrt(one[0, 0])) for one in start.kernel.covariances)
    sets = {"programme": pairs // 2, "comparison": pairs - pairs // 2, "people": 2}
    spread = {"set_sd": pair, "person_sd": person, "noise_sd": float(np.sqrt(start.kernel.sigma2))}
    given = rm.Gaussian(waves=cohort.WAVES, effect=effect, **sets, **spread)
    seeds = count()

    def work() -> float:
        swept_power(given, replicates, next(seeds))
        return 1.0

    serve({"effect": effect, "power": swept_power(given, replicates, next(seeds))}, work)


def swept_power(given: rm.Gaussian, replicates: int, seed: int) -> float:
    """How often `compare_arms` finds the arms apart at the last wave."""
    done = rm.sweep(
        given, rm.compare_arms, outcome="score", replicates=replicates, seed=seed, slope=False
    )
    found = rm.judge(done).to_frame()
    last = found["wave"].eq(given.wave_names[-1]) & found["against"].eq("latent")
    return float(found.loc[last, "rejects"].item())


def pooled(processes: str, replicates: str) -> None:
    """A sweep by so many processes, which are there before; a unit is the whole sweep."""
    with workers.over(int(processes)) as mapper:

        def work() -> float:
            rm.sweep(FLAT, rm.compare_arms, outcome="score", replicates=int(replicates), seed=1,
                     mapper=mapper)  # fmt: skip
            return 1.0

        work()
        serve({}, work)


def many(replicates: str) -> None:
    """Microseconds a replicate, by processor, and this process's peak memory in MB."""
    asked, size = partial(rm.sweep, FLAT, rm.compare_arms, outcome="score"), int(replicates)
    asked(replicates=100, seed=0)
    spent = []
    for seed in range(max(1, LEAST // size)):
        began = time.process_time()
        asked(replicates=size, seed=seed)
        spent.append(1e6 * (time.process_time() - began) / size)
    serve({"each": median(spent), "peak": peak()}, lambda: 1.0)


def tasks_of(number: int) -> Plan:
    """A plan of so many tasks of 2,000 replicates each."""
    return plan(QUICK, rm.pre_post, replicates=2_000 * number, seed=1, outcome="score")


def share(tasks: str, first: str) -> None:
    """Every second task without any scheduler, from the first or the second one on."""
    made = tasks_of(int(tasks))

    def work() -> float:
        for task in islice(made.tasks(), int(first), None, 2):
            attempt(made, task)
        return 1.0

    attempt(made, next(made.tasks()))
    serve({}, work)


@contextmanager
def cluster(threads: int = 1) -> Any:
    """A client of two Dask workers on this machine."""
    import dask
    from distributed import Client, LocalCluster  # brings the configuration that is added to

    quiet: dict[str, Any] = {"dashboard_address": None, "silence_logs": 50}
    malloc = {f"distributed.nanny.pre-spawn-environ.{name}": size for name, size in MALLOC.items()}
    with (
        dask.config.set({"distributed.admin.tick.limit": "1h", **malloc}),
        LocalCluster(n_workers=2, threads_per_worker=threads, **quiet) as made,
        Client(made) as client,
    ):
        yield client


def scheduled(tasks: str) -> None:
    """The same tasks by a sweep on a Dask cluster; a unit is the whole sweep."""
    asked: dict[str, Any] = {"outcome": "score", "seed": 1}
    with cluster() as client:

        def work(number: int = int(tasks)) -> float:
            rm.sweep(QUICK, rm.pre_post, replicates=2_000 * number, dask=client, **asked)
            return 1.0

        work(8)
        serve({}, work)


def journeys(number: str) -> None:
    """Tasks without work that travel to the cluster one by one; a unit is one of them."""
    with (
        mock.patch.multiple(workers, TOGETHER=0.0, JOURNEYS=math.inf),
        cluster() as client,
        workers.dask_cluster(client) as mapper,
    ):

        def work(size: int = int(number)) -> float:
            return sum(1.0 for _ in mapper(abs, range(size)))

        work(50)
        serve({}, work)


def naps(number: str, threads: str) -> None:
    """Tasks that wait a second each, on as many threads; a unit is all of them.

    Waiting stands for the work of a cluster that has more cores than this machine.
    """
    with cluster(int(threads) // 2) as client, workers.dask_cluster(client) as mapper:

        def work(size: int = int(number)) -> float:
            for _ in mapper(time.sleep, repeat(1.0, size)):
                pass
            return 1.0

        work(int(threads))
        serve({}, work)


def redraws() -> None:
    """A choice in the explorer, as it starts; a unit is one redraw, the picture included."""
    view = rm.explore()

    def work() -> float:
        view.redraw()
        return 1.0

    work()
    serve({"studies": view.found.studies, "pairs": view.scenario.pairs}, work)


def case(name: str) -> None:
    """What a replicate of one of the sweeps of docs/scale.md costs and moves."""
    serve(asdict(scale.cost(name)), lambda: 1.0)


TASKS: dict[str, Callable[..., None]] = {
    "sweep": powers,
    "pooled": pooled,
    "many": many,
    "share": share,
    "scheduled": scheduled,
    "journeys": journeys,
    "naps": naps,
    "redraws": redraws,
    "case": case,
}
