"""Who runs the tasks of a sweep: this process, processes of this machine, or a Dask cluster.

A mapper takes a function and tasks and gives back what the function made of each, in the tasks'
order. Only a few tasks are on their way at once, so neither side's memory grows with their number.
A task that takes its worker down with it comes back as `Lost`, and everything else is still done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rmresearch.errors import ReportError, StudyError

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "Lost",
    "Mapper",
    "beside",
    "cores",
    "dask_cluster",
    "hands",
    "local_processes",
    "over",
]

#: applies a function to tasks and gives the answers back in the tasks' order, as ``map`` does
Mapper = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]

#: tasks on their way for each worker: one at work and one waiting, so that no worker waits
AHEAD = 2
#: tasks after which a cluster is counted again: workers come and go
RECOUNT = 64
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


@contextmanager
def beside(function: Callable[..., Any], *given: Any) -> Iterator[Callable[[], Any]]:
    """What a second process works on while this one goes on; the call waits for its answer.

    Where that process dies, this one does the work itself.
    """
    executor = _executor(1)

    def answer() -> Any:
        try:
            return future.result()
        except BrokenProcessPool:
            return function(*given)

    try:
        future = executor.submit(function, *given)
        yield answer
    finally:
        executor.shutdown(wait=True, kill_workers=True)


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
    their certificates from Dask's own configuration.
    """
    client, ours = _client(cluster)

    def mapper(function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        # the function travels once, as a task: where its holder is lost, it is made again
        flight = _Flight(client, client.submit(_itself, function, pure=False))
        return _in_order(tasks, flight.submit, flight.result, _Counted(client))

    try:
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
        return cluster, False
    try:
        open_client: Any = Client  # which carries no types
        return open_client(cluster, timeout=ANSWERS_WITHIN), True
    except (OSError, TimeoutError, ValueError) as error:
        raise StudyError(
            f"no Dask scheduler answers at {cluster} ({error}); nothing was run. Start one "
            f"(`dask scheduler`), correct the address, or leave it out to use this machine."
        ) from None


@dataclass(slots=True)
class _Counted:
    """How many tasks may be on their way to a cluster, counted anew from time to time."""

    client: Any
    _known: int = field(default=AHEAD, init=False)

    def __call__(self, number: int) -> int:
        if number % RECOUNT == 0:
            self._known = AHEAD * max(1, sum(self.client.nthreads().values()))
        return self._known


def _itself(function: Any) -> Any:
    return function


def _applied(function: Callable[[Any], Any], task: Any) -> Any:
    return function(task)


@dataclass(slots=True)
class _Flight:
    """Tasks on their way to a cluster, whose workers hold ``function``."""

    client: Any
    function: Any
    _others: list[Any] = field(default_factory=list, init=False)

    def submit(self, task: Any) -> Any:
        future = self.client.submit(_applied, self.function, task, pure=False)
        self._others.append(future)
        return future

    def result(self, task: Any, future: Any) -> Any:
        """The answer. Dask gives up a task whose workers died, also where another one killed them:
        it is tried once more, when nothing else is on its way."""
        from distributed import KilledWorker, wait

        landed: Any = wait  # which carries no types
        self._others.remove(future)
        try:
            return _from_cluster(future)
        except KilledWorker:
            landed(self._others)
        again = self.submit(task)
        self._others.remove(again)
        try:
            return _from_cluster(again)
        except KilledWorker:
            return Lost(task, DIED)


def _from_cluster(future: Any) -> Any:
    from concurrent.futures import CancelledError

    from distributed.comm.core import CommClosedError

    try:
        return future.result()
    except (CancelledError, CommClosedError) as error:
        raise ReportError(f"the Dask scheduler is gone ({error}). {RESUME}") from error
