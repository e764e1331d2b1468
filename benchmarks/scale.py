"""What a sweep costs and moves, and what that makes of large ones: the tables of docs/scale.md.

``python -m benchmarks.scale`` measures, in five minutes, and writes them into the page. Each sweep
is a process of its own, timed by processor, one thread.
"""

from __future__ import annotations

import pickle
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import rmresearch as rm
from benchmarks.machine import describe, peak
from benchmarks.rows import number
from benchmarks.workers import ROOT, started
from rmresearch.result import Result
from rmresearch.whatif import store
from rmresearch.whatif.plan import plan
from rmresearch.whatif.run import attempt
from rmresearch.whatif.workers import Lost

__all__ = ["CASES", "Case", "Cost", "Kept", "cost", "hours", "kept", "main", "page", "tables"]

PAGE = ROOT / "docs" / "scale.md"
BEGIN, END = "<!-- begin: python -m benchmarks.scale -->", "<!-- end -->"
#: tasks of each sweep that are timed, after one that warms up
TIMED = 5
#: cores of the clusters that the arithmetic is done for
CORES = (16, 128, 1_024)
#: what is lost at most to scheduling (`make bench` has what is)
LOST = 0.10


FIGURES = """
{sweeps}
Every worker gets the plan once, {once:,} bytes at most here. A journey to a cluster of two and back
costs {journey} ms where one process is both scheduler and client: {rate} a second. A scenario's
folder holds {folder:,} bytes, however many tasks it has; with `keep`, {estimates:,.0f} bytes more
for each task of 2,000. Writing progress takes {writing} ms.

{large}
{machine}
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A sweep that somebody might run, and how many replicates of it."""

    called: str
    source: Any
    analysis: Callable[..., Result]
    outcome: str
    aim: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one sweep: seconds of processor a replicate, replicates a task, bytes, peak in MB.

    ``there`` and ``back`` are a pickled task and what comes of it; ``once`` the plan, which every
    worker gets once.
    """

    each: float
    replicates: int
    there: int
    back: int
    once: int
    peak: float


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes of a scenario's folder and of the estimates of a task; seconds that a writing takes."""

    folder: int
    estimates: float
    writing: float


def one_by_one(study: rm.Study, outcome: str) -> Result:
    """An analysis of one's own, which a sweep asks one study after another."""
    return rm.pre_post(study, outcome)


NORMAL = rm.Gaussian(programme=10, comparison=10, people=2, effect=0.5)
NESTED = rm.Gaussian(programme=30, comparison=30, people=2, waves=3, effect=0.5)
PROGRAMME = rm.Scenario(pairs=60)
MANY, SOME = 1_000_000_000, 100_000_000
CASES = {
    "change": Case("normal scores, 40 people, 2 waves: `pre_post`", NORMAL, rm.pre_post, "score",
                   MANY),
    "arms": Case("normal scores, 40 people, 2 waves: `compare_arms`", NORMAL, rm.compare_arms,
                 "score", MANY),
    "nested": Case("normal scores, 120 people, 3 waves: `compare_arms`", NESTED, rm.compare_arms,
                   "score", MANY),
    "programme-change": Case("a scenario of 60 pairs: `pre_post`", PROGRAMME, rm.pre_post,
                             "digital_skill", SOME),
    "programme-arms": Case("a scenario of 60 pairs: `compare_arms`", PROGRAMME, rm.compare_arms,
                           "digital_skill", SOME),
    "programme-model": Case("a scenario of 60 pairs: `mixed_model`", PROGRAMME, rm.mixed_model,
                            "digital_skill", SOME),
    "one-by-one": Case("a scenario of 60 pairs: your own, study by study", PROGRAMME, one_by_one,
                       "digital_skill", SOME // 100),
}  # fmt: skip


def cost(name: str) -> Cost:
    """Measure a case in this process."""
    case, spent, parts = CASES[name], [], []
    made = plan(case.source, case.analysis, replicates=case.aim, seed=1, outcome=case.outcome)
    for task in islice(made.tasks(), TIMED + 1):
        began = time.process_time()
        part = attempt(made, task)
        spent.append((time.process_time() - began) / task.replicates)
        if isinstance(part, Lost):
            raise RuntimeError(f"{name}: {part.reason}")
        parts.append(len(pickle.dumps(part)))
    return Cost(
        each=median(spent[1:]),
        replicates=task.replicates,
        there=len(pickle.dumps(task)),
        back=max(parts),
        once=len(pickle.dumps(made)),
        peak=peak(),
    )


def kept(folder: Path, tasks: int = 10) -> Kept:
    """What a sweep of so many tasks leaves in its folder, and how long a writing takes."""
    case = CASES["arms"]
    size = {}
    for keep in (False, True):
        rm.sweep(case.source, case.analysis, replicates=2_000 * tasks, seed=1, keep=keep,
                 outcome=case.outcome, out=folder / str(keep))  # fmt: skip
        files = [path for path in (folder / str(keep)).rglob("*") if path.is_file()]
        size[keep] = sum(path.stat().st_size for path in files)
    made = plan(case.source, case.analysis, replicates=1, seed=1, outcome=case.outcome)
    with store.opened(folder / "timed", made) as held:
        began = time.perf_counter()
        for _ in range(50):
            held.save("scenario", store.Progress())
        writing = (time.perf_counter() - began) / 50
    return Kept(size[False], (size[True] - size[False]) / tasks, writing)


def hours(each: float, replicates: int, cores: int) -> float:
    """Of a cluster that loses as much to scheduling as it may."""
    return each * replicates / cores / (1.0 - LOST) / 3_600


def tables(costs: Mapping[str, Cost], left: Kept, journey: float, machine: str) -> str:
    """The figures as the page has them."""
    sweeps = _table(
        ("sweep", "us a replicate", "replicates a task", "seconds a task", "bytes there",
         "bytes back", "peak of a worker (MB)"),
        [(CASES[name].called, number(1e6 * one.each), f"{one.replicates:,}",
          number(one.each * one.replicates), f"{one.there:,}", f"{one.back:,}",
          f"{one.peak:,.0f}") for name, one in costs.items()],
    )  # fmt: skip
    large = _table(
        ("sweep", "replicates", *(f"hours on {cores:,} cores" for cores in CORES)),
        [(CASES[name].called, f"{CASES[name].aim:,}",
          *(number(hours(one.each, CASES[name].aim, cores)) for cores in CORES))
         for name, one in costs.items()],
    )  # fmt: skip
    return FIGURES.format(
        sweeps=sweeps,
        large=large,
        machine=machine,
        once=max(one.once for one in costs.values()),
        journey=number(1e3 * journey),
        rate=f"{1 / journey:,.0f}",
        folder=left.folder,
        estimates=left.estimates,
        writing=number(1e3 * left.writing),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def page(text: str, figures: str) -> str:
    """The page with these figures between its two marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{figures}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Measure all of it and write the page."""
    costs = {}
    for name in CASES:
        with started("ours", "case", name) as worker:
            costs[name] = Cost(**worker.check)
        print(f"{name}: {1e6 * costs[name].each:.1f} us", flush=True)
    with started("ours", "journeys", "1000") as worker:
        journey = median(worker.round()["wall"] for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        left = kept(Path(folder))
    about = describe(quick=False)
    packages = ", ".join(f"{name} {given}" for name, given in about["packages"].items())
    machine = (
        f"Measured on {about['date']} at commit {about['commit']}: {about['processor']}, "
        f"{about['cores']} cores, Python {about['python']}, {packages}."
    )
    figures = tables(costs, left, journey, machine)
    print(figures)
    PAGE.write_text(page(PAGE.read_text("utf-8"), figures), encoding="utf-8")


if __name__ == "__main__":
    main()
