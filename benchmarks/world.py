"""The rows of the world: cohorts over the random numbers that they are made of, and large ones."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.rows import Bound, Row, alone, beside
from benchmarks.timing import run
from rmresearch.world.draw import draw
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams

__all__ = ["measure", "numbers"]

#: cohorts in a draw, about as many as a block of a sweep has, and draws in a round
BLOCK, BLOCKS = 250, 4
SCENARIO = Scenario(pairs=60)
LARGE = 1_000_000

#: a method of a generator and an array for what it draws
Call = tuple[str, Any]


class _Noted:
    """A generator that notes what it is asked for."""

    def __init__(self, generator: np.random.Generator, calls: list[Call]) -> None:
        self._generator, self._calls = generator, calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._generator, name)

        def drawn(*args: Any, **kwargs: Any) -> Any:
            found = method(*args, **kwargs)
            self._calls.append((name, np.empty(found.size, found.dtype)))
            return found

        return drawn


def whole(scenario: Scenario, replicates: int, seed: np.random.SeedSequence) -> None:
    """Draw cohorts, the answers of each scale too, which are drawn when they are read."""
    for _ in draw(scenario, replicates, seed).answers.values():
        pass


def numbers(scenario: Scenario, replicates: int) -> list[Call]:
    """What a draw asks its generators for, as calls that the peer repeats."""
    calls: list[Call] = []
    plain = Streams.generator

    def noted(streams: Streams, cause: str, *further: int) -> Any:
        return _Noted(plain(streams, cause, *further), calls)

    with mock.patch.object(Streams, "generator", noted):
        whole(scenario, replicates, np.random.SeedSequence(0))
    return calls


def measure(folder: Path, *, quick: bool) -> Iterator[tuple[Row, None]]:
    """The rows; ``quick`` has fewer rounds and leaves the large cohort out."""
    yield _drawing(3 if quick else 10), None
    if not quick:
        for row in _large(folder):
            yield row, None


def _drawing(rounds: int) -> Row:
    """Cohorts of the default scenario and the peer in turn, by processor time on one core.

    The peer draws as many normal and uniform numbers of the same precision from one generator,
    into arrays that are there already.
    """
    calls, generator = numbers(SCENARIO, BLOCK), np.random.default_rng(0)

    def ours(block: int) -> None:
        whole(SCENARIO, BLOCK, np.random.SeedSequence(0, spawn_key=(block,)))

    def peer(_: int) -> None:
        for name, room in calls:
            getattr(generator, name)(out=room, dtype=room.dtype)

    ours(0), peer(0)
    pairs = [(_seconds(ours, number), _seconds(peer, number)) for number in range(rounds)]
    cohorts = BLOCK * BLOCKS
    a, b = (1e6 * median(one) / cohorts for one in zip(*pairs, strict=True))
    ratio = median(ours / peer for ours, peer in pairs)
    what = f"{rounds * cohorts:,} cohorts over the random numbers in them (us a cohort)"
    return beside(what, a, b, ratio, Bound(5.0, 3.0))


def _seconds(task: Callable[[int], None], number: int) -> float:
    began = time.process_time()
    for block in range(BLOCKS):
        task(number * BLOCKS + block)
    return time.process_time() - began


def _large(folder: Path) -> Iterator[Row]:
    """A cohort that nobody could hold, written as Parquet by the command line."""
    program = str(Path(sys.executable).parent / "rmresearch")
    out = str(folder / "large")
    line = [program, "simulate", "--pairs", str(LARGE), "--seed", "7", "--parquet", "--out", out]
    done = run(line)
    yield beside(f"{LARGE:,} pairs in one cohort, written (s)", done.wall, None, None, None)
    what = f"{LARGE:,} pairs in one cohort, peak (MB)"
    yield alone(what, done.peak, Bound(500, 300))
