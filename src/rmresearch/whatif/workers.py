"""Who runs the tasks of a sweep: this process, processes of this machine, or a Dask cluster.

A mapper takes a function and tasks and gives back what the function made of each, in the tasks'
order. Only a few tasks are on their way at once, so neither side's memory grows with their number.
A task that takes its worker down with it comes back as `Lost`, and everything else is still done.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import chain, islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, TypeVar

from rmresearch.errors import ReportError, StudyError
from rmresearch.whatif.given import called
from rmresearch.whatif.identity import versions

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "Lost",
    "Mapper",
    "Second",
    "cores",
    "dask_cluster",
    "hands",
    "local_processes",
    "over",
    "second",
]

_Answer = TypeVar("_Answer")
#: applies a function to tasks and gives the answers back in the tasks' order, as ``map`` does
Mapper = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]

#: tasks on their way for each worker: one at work and one waiting, so that no worker waits
AHEAD = 2
#: tasks after which a cluster is counted again: workers come and go
RECOUNT = 64
#: seconds of work that travel to a cluster together: each journey costs milliseconds of one core
TOGETHER = 1.0
#: journeys a second that a scheduler and a client have time for; more workers get longer work
JOURNEYS = 100
#: seconds that a scheduler has to answer
ANSWERS_WITHIN = 10
DIED = "it took its worker down with it, again and again: is there memory enough for its cohorts?"
RESUME = "What was done is kept: run the same command again."


@dataclass(frozen=True, slots=True)
class Lost:
    """A task without an answer, and why."""

    task: Any
    reason: str


def _in_order(
    tasks: Iterable[Any],
    submit: Callable[[Any], Any],
    result: Callable[[Any, Any], Any],
    ahead: Callable[[int], int],
) -> Iterator[Any]:
    """What came of the tasks, in their order; ``ahead(n)`` may be on their way after n of them."""
    sent: deque[tuple[Any, Any]] = deque()
    for number, task in enumerate(tasks):
        sent.append((task, submit(task)))
        while len(sent) > ahead(number):
            yield result(*sent.popleft())
    while sent:
        yield result(*sent.popleft())


def hands(
    workers: int, dask: str | Client | None, mapper: Mapper | None = None
) -> AbstractContextManager[Mapper]:
    """The mapper that was asked for: processes, a cluster or one's own; ``ValueError`` for two."""
    local = over(workers)
    called("mapper", mapper, "a function that works as map does")
    if (workers > 1) + (dask is not None) + (mapper is not None) > 1:
        raise ValueError("give one of workers (of this machine), dask (a cluster) and mapper")
    if dask is not None:
        return dask_cluster(dask)
    return local if mapper is None else nullcontext(mapper)


def over(workers: int) -> AbstractContextManager[Mapper]:
    """A mapper over so many processes of this machine: this one alone, or others."""
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ValueError(f"workers is {workers!r}; expected a whole number, 1 or more")
    return local_processes(workers) if workers > 1 else nullcontext(map)


@contextmanager
def local_processes(workers: int) -> Iterator[Mapper]:
    """A mapper over ``workers`` processes of this machine, which end with the block."""
    pool = _Pool(workers)

    def mapper(function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        return _in_order(
            tasks,
            lambda task: pool.submit(function, task),
            lambda task, future: pool.result(function, task, future),
            lambda _: AHEAD * workers,
        )

    try:
        yield mapper
    finally:
        pool.close()


@dataclass(slots=True)
class _Pool:
    """Processes that are replaced when one of them dies."""

    workers: int
    _executor: Any = field(default=None, init=False)

    def submit(self, function: Callable[[Any], Any], task: Any) -> Any:
        try:
            self._executor = self._executor or _executor(self.workers)
            return self._executor.submit(function, task)
        except BrokenProcessPool:
            self.close()
            return self.submit(function, task)

    def result(self, function: Callable[[Any], Any], task: Any, future: Any) -> Any:
        """The answer. A process that dies takes all tasks on their way along: each is tried alone,
        so that the one that kills is known and the others are not lost."""
        try:
            return future.result()
        except BrokenProcessPool:
            self.close()
        alone = _executor(1)
        try:
            return alone.submit(function, task).result()
        except BrokenProcessPool:
            return Lost(task, DIED)
        finally:
            alone.shutdown(wait=True, kill_workers=True)

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=True)
            self._executor = None


@dataclass(slots=True)
class Second:
    """A second process that works through what it is given while this one goes on."""

    _executor: Executor | None = None

    def begin(
        self, function: Callable[..., _Answer], tasks: Sequence[tuple[Any, ...]]
    ) -> Callable[[], list[_Answer]]:
        """Give it tasks, which it takes in their order, after those that it has.

        The call takes over, from the last on, what is not begun, waits for the rest, and gives the
        answers in order. Where that process dies, this one does the work itself.
        """
        if self._executor is None:
            return lambda: [function(*task) for task in tasks]
        executor = self._executor
        with warnings.catch_warnings():
            # that a process with threads is copied: ours hold no lock that the copy's work takes
            warnings.filterwarnings("ignore", ".*fork.*", DeprecationWarning)
            sent = [executor.submit(function, *task) for task in tasks]

        def answers() -> list[_Answer]:
            here = {place: function(*tasks[place]) for place in reversed(range(len(sent)))
                    if sent[place].cancel()}  # fmt: skip
            return [here[place] if place in here else waited(place) for place in range(len(sent))]

        def waited(place: int) -> _Answer:
            try:
                return sent[place].result()
            except BrokenProcessPool:
                return function(*tasks[place])

        return answers


@contextmanager
def second() -> Iterator[Second]:
    """A second process for as long as the block lasts; where there is one core, none."""
    executor = _beside() if cores() > 1 else None
    try:
        yield Second(executor)
    finally:
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)


def _beside() -> Executor:
    """One process, begun with the first task: with all that this one has read, where the system
    can copy a process; it ends with this one, however that ends."""
    if sys.platform != "linux":
        return ProcessPoolExecutor(1)
    return ProcessPoolExecutor(1, mp_context=get_context("fork"), initializer=_ends_with_parent)


def _ends_with_parent() -> None:
    """Ask Linux to end this process when the one that began it is gone, killed too."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def cores() -> int:
    """How many processes this machine can run at once, as its limits allow."""
    import joblib

    return int(joblib.cpu_count())


def _executor(workers: int) -> Any:
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(max_workers=workers)


@contextmanager
def dask_cluster(cluster: str | Client) -> Iterator[Mapper]:
    """A mapper over a Dask cluster: a ``Client``, or the address of a scheduler.

    A worker that is lost loses nothing: Dask does its tasks elsewhere. ``tls://`` addresses take
    their certificates from Dask's own configuration. Workers with another version of what can
    change a number are refused (``StudyError``).
    """
    client, ours = _client(cluster)

    def mapper(function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        # the function travels once, as a task: where its holder is lost, it is made again
        flight = _Flight(client, client.submit(_itself, function, pure=False))
        bunches = flight.bunches(tasks)
        return chain.from_iterable(_in_order(bunches, flight.submit, flight.result, flight.ahead))

    try:
        _same_everywhere(client)
        yield mapper
    finally:
        if ours:
            client.close()


def _client(cluster: str | Client) -> tuple[Any, bool]:
    """A client, and whether it is ours to close."""
    try:
        from distributed import Client
    except ImportError:
        raise StudyError(
            "a Dask cluster needs the extra 'cluster': install rmresearch[cluster], or leave "
            "out dask to use this machine."
        ) from None
    if not isinstance(cluster, str):
        if not callable(getattr(cluster, "submit", None)):
            raise TypeError(f"dask is {cluster!r}; expected an address, tcp://..., or a Client")
        return cluster, False
    try:
        open_client: Any = Client  # which carries no types
        return open_client(cluster, timeout=ANSWERS_WITHIN), True
    except TypeError as error:  # of an address tls://, before anything is tried
        raise StudyError(
            f"{cluster} needs certificates ({error}); nothing was run. Name them in Dask's "
            f"configuration: distributed.comm.tls.ca-file, client.cert and client.key."
        ) from None
    except (OSError, TimeoutError, ValueError) as error:
        raise StudyError(
            f"no Dask scheduler answers at {cluster} ({error}); nothing was run. Start one "
            f"(`dask scheduler`), correct the address, or leave it out to use this machine."
        ) from None


def _same_everywhere(client: Any) -> None:
    """Refuse a cluster of which a worker could bring other numbers than this machine."""
    here, apart = versions(), []
    for worker, there in client.run(versions, on_error="return").items():
        if isinstance(there, Exception):
            apart.append(f"{worker} cannot say what it has ({type(there).__name__}: {there})")
            continue
        differing = [name for name in here if there.get(name) != here[name]]
        apart += [f"{worker} has {name} {there.get(name)}, not {here[name]}" for name in differing]
    if apart:
        more = f", and {len(apart) - 3} more" if len(apart) > 3 else ""
        raise StudyError(
            f"the cluster's workers differ from this machine: {'; '.join(apart[:3])}{more}. "
            f"Nothing was run; give all of them the same image or environment."
        )


def _itself(function: Any) -> Any:
    return function


def _applied(function: Callable[[Any], Any], tasks: list[Any]) -> tuple[list[Any], float]:
    """What the function makes of each task, and the seconds that all took."""
    began = time.perf_counter()
    answers = [function(task) for task in tasks]
    return answers, time.perf_counter() - began


@dataclass(slots=True)
class _Flight:
    """Tasks on their way to a cluster, whose workers hold ``function``.

    Quick tasks travel in bunches, of as many as fill the time that a journey is worth.
    """

    client: Any
    function: Any
    _threads: int = field(default=1, init=False)
    _size: int = field(default=1, init=False)
    _others: list[Any] = field(default_factory=list, init=False)

    def bunches(self, tasks: Iterable[Any]) -> Iterator[list[Any]]:
        """The tasks in their order, a bunch each time that one can be sent."""
        left = iter(tasks)
        while bunch := list(islice(left, self._size)):
            yield bunch

    def ahead(self, number: int) -> int:
        """How many bunches may be on their way after ``number`` of them."""
        if number % RECOUNT == 0:
            self._threads = max(1, sum(self.client.nthreads().values()))
        return AHEAD * self._threads

    def submit(self, bunch: list[Any]) -> Any:
        future = self.client.submit(_applied, self.function, bunch, pure=False)
        self._others.append(future)
        return future

    def result(self, bunch: list[Any], future: Any) -> list[Any]:
        """The answers. Dask gives up a bunch whose workers died, also where another one killed
        them: its tasks are tried once more, each when nothing else is on its way."""
        from distributed import KilledWorker, wait

        landed: Any = wait  # which carries no types
        self._others.remove(future)
        try:
            answers, seconds = _from_cluster(future)
        except KilledWorker:
            landed(self._others)
            return self._alone(bunch)
        worth = max(TOGETHER, self._threads / JOURNEYS)
        filled = int(worth * len(bunch) / max(seconds, 1e-9))
        self._size = max(1, min(filled, 2 * self._size))
        return list(answers)

    def _alone(self, bunch: list[Any]) -> list[Any]:
        """The answers of tasks one by one; of a scenario that kills its workers, one is enough."""
        from distributed import KilledWorker

        answers: list[Any] = []
        deadly: set[Any] = set()
        for task in bunch:
            of = getattr(task, "scenario", task)
            if of not in deadly:
                again = self.submit([task])
                self._others.remove(again)
                try:
                    answers += _from_cluster(again)[0]
                    continue
                except KilledWorker:
                    deadly.add(of)
            answers.append(Lost(task, DIED))
        return answers


def _from_cluster(future: Any) -> Any:
    from concurrent.futures import CancelledError

    from distributed.comm.core import CommClosedError

    try:
        return future.result()
    except (CancelledError, CommClosedError) as error:
        raise ReportError(f"the Dask scheduler is gone ({error}). {RESUME}") from error
