"""The rows of sweeps: what a second process brings, what scheduling costs, what a replicate costs.

They are timed by wall clock, except the cost of a replicate: the more else the machine does, the
less they say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any
from unittest import mock

from benchmarks.rows import Bound, Row, alone, beside
from benchmarks.workers import MALLOC, started

__all__ = ["measure"]

#: replicates of the sweep that one process and two share out
SHARED = 100_000
#: tasks on the cluster, and how many of them are done without it before and after
TASKS, SAMPLE = 10_000, 1_000
#: replicates whose costs are compared
SIZES = (1_000, 10_000, 100_000, 1_000_000)
#: of the time that the work itself takes: a tenth of all is lost at most
LOSS = Bound(1.11, 1.02)
#: cores of a larger cluster, for which as many threads wait
THREADS = 100


def measure(*, quick: bool) -> Iterator[tuple[Row, None]]:
    """Each row as soon as it is measured; ``quick`` has less of everything."""
    if not quick:
        yield two_processes(SHARED, rounds=5), None
        yield cluster(TASKS, SAMPLE), None
        yield waiting(TASKS, THREADS), None
    yield explorer(rounds=3 if quick else 15), None
    for row in flat(list(SIZES[:2] if quick else SIZES)):
        yield row, None


def two_processes(replicates: int, rounds: int) -> Row:
    """One sweep by one process over the same by two, all of which are there before."""
    given = str(replicates)
    with started("ours", "pooled", "2", given) as two, started("ours", "pooled", "1", given) as one:
        runs = [(two.round()["wall"], one.round()["wall"]) for _ in range(rounds)]
    both, single = (median(times) for times in zip(*runs, strict=True))
    ratio = median(b / a for a, b in runs)
    what = f"sweep of {replicates:,} replicates, two processes against one (s)"
    return beside(what, both, single, ratio, Bound(1.8, 1.95, most=False))


def cluster(tasks: int, sample: int) -> Row:
    """A sweep's tasks on a cluster of two, over their like in two processes without scheduler.

    All keep memory as docs/scale.md says, so that they differ by the scheduler alone.
    """
    with (
        mock.patch.dict(os.environ, {name: str(size) for name, size in MALLOC.items()}),
        started("ours", "share", str(sample), "0") as first,
        started("ours", "share", str(sample), "1") as second,
        started("ours", "scheduled", str(tasks)) as scheduled,
        ThreadPoolExecutor(2) as both,
    ):

        def without() -> float:
            return max(both.map(lambda half: half.round()["wall"], (first, second)))

        before, seconds, after = without(), scheduled.round()["wall"], without()
    plain = (before + after) / 2 * tasks / sample
    what = f"{tasks:,} tasks on a local Dask cluster of two over no scheduler (s)"
    return beside(what, seconds, plain, seconds / plain, LOSS)


def waiting(tasks: int, threads: int) -> Row:
    """Tasks of a second each, scheduled as a cluster's of so many cores, over the time they need.

    They wait instead of computing, so that this machine can be as many cores.
    """
    with started("ours", "naps", str(tasks), str(threads)) as worker:
        seconds = worker.round()["wall"]
    needed = tasks / threads
    what = f"{tasks:,} tasks of 1 s on a local Dask cluster of {threads} threads (s)"
    return beside(what, seconds, needed, seconds / needed, LOSS)


def explorer(rounds: int) -> Row:
    """What the kernel does for one choice in the explorer, by processor."""
    with started("ours", "redraws") as worker:
        spent = [worker.round()["cpu"] for _ in range(rounds)]
        shown = worker.check
    what = f"explorer: {shown['studies']} studies of {shown['pairs']} pairs drawn and shown (s)"
    return alone(what, median(spent), Bound(0.5, 0.25))


def flat(sizes: list[int]) -> Iterator[Row]:
    """What a replicate costs among more and more of them over among the fewest, and the memory."""
    found: dict[int, dict[str, Any]] = {}
    for size in sizes:
        with started("ours", "many", str(size)) as worker:
            found[size] = worker.check
    least = found[sizes[0]]
    for size in sizes[1:]:
        costs = found[size]["each"], least["each"]
        what = f"a replicate among {size:,} over one among {sizes[0]:,} (us)"
        yield beside(what, *costs, costs[0] / costs[1], Bound(1.2, 1.05))
    peaks = found[sizes[-1]]["peak"], least["peak"]
    what = f"peak memory of {sizes[-1]:,} replicates over {sizes[0]:,} (MB)"
    yield beside(what, *peaks, peaks[0] / peaks[1], Bound(1.2, 1.05))
