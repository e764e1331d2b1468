"""Many simulated studies of each scenario, analysed and added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pandas as pd

from rmresearch.display.grid import from_frame, paragraph
from rmresearch.errors import StudyError, kindly
from rmresearch.whatif import store
from rmresearch.whatif.given import called
from rmresearch.whatif.paired import Paired, Pairing
from rmresearch.whatif.plan import Analysis, Plan, Task, plan
from rmresearch.whatif.run import Part, attempt, trial
from rmresearch.whatif.store import Progress, Store
from rmresearch.whatif.tally import Tally
from rmresearch.whatif.workers import Lost, Mapper, hands

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Sweep", "sweep", "swept"]

#: from so many tasks on progress is written once a second only: a writing takes milliseconds
LONG, SELDOM = 1_000, 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What a sweep saw: its plan, and a tally by (scenario, analysis), for `judge`.

    ``estimates`` has every estimate of every replicate where ``keep`` asked for them and no
    folder took them, else None. ``broken`` names the scenarios that could not go on, and why; they
    have no tallies. ``paired`` has the differences between scenarios by (scenario, analysis), where
    the run was to compare them (`policies`).
    """

    plan: Plan
    tallies: Mapping[tuple[str, str], Tally]
    estimates: pd.DataFrame | None
    broken: Mapping[str, str]
    paired: Mapping[tuple[str, str], Paired] = field(default_factory=dict)

    @property
    def failures(self) -> pd.DataFrame:
        """How many replicates of which scenario gave no answer, and for what reason."""
        asked = self.plan.replicates
        rows = [(name, "", reason, asked, asked) for name, reason in self.broken.items()]
        rows += [
            (*names, reason, count, tally.replicates)
            for names, tally in self.tallies.items()
            for reason, count in tally.failures.items()
        ]
        return pd.DataFrame(
            rows, columns=["scenario", "analysis", "reason", "failed", "replicates"]
        )

    def _how_many(self) -> str:
        asked = len(self.plan.sources)
        if self.broken:
            return f"{asked - len(self.broken)} of {asked} scenarios (incomplete)"
        return f"{asked} scenarios" if asked > 1 else "one scenario"

    def __repr__(self) -> str:
        failed = [from_frame(self.failures).to_text()] if len(self.failures) else []
        return "\n".join([self._said(), *failed])

    def _repr_html_(self) -> str:
        failed = from_frame(self.failures, "No answer").to_html() if len(self.failures) else ""
        return paragraph(self._said()) + failed

    def _said(self) -> str:
        return (
            f"{', '.join(self.plan.analyses)} on {self.plan.replicates:,} replicates of "
            f"{self._how_many()}, seed {self.plan.seed}. Judge with judge(sweep)."
        )


@kindly
def sweep(
    scenarios: object,
    analysis: Analysis | Iterable[Analysis] | Mapping[str, Analysis],
    *,
    replicates: int,
    seed: int,
    outcome: str | None = None,
    alpha: float = 0.05,
    keep: bool = False,
    out: Path | str | None = None,
    workers: int = 1,
    dask: str | Client | None = None,
    mapper: Mapper | None = None,
    say: Callable[[str], None] | None = None,
    **options: Any,
) -> Sweep:
    """What would an analysis find, were studies like these run again and again?

    ``scenarios`` is a `Scenario` or `Gaussian`, a list of them (named after what they differ in), a
    mapping of names to them, or a list of (name, scenario). ``analysis(study, outcome, **options)``
    gives a `Result`; without ``outcome`` it is called with the study alone. ``workforce_outcomes``
    takes what is recorded too ("left", "promoted"). Several, in a list or a mapping of names, see
    the same cohorts; ``functools.partial`` gives each options of its own. ``compare_arms``,
    ``pre_post``, ``match_quality``, ``mixed_model`` and ``dyadic`` run on arrays, the first three
    with their estimates of record only; to have what stands beside them, wrap them in a function of
    your own, which gets one study after another.

    Cohort r of a scenario depends on ``seed`` and r only, not on how many are drawn, on what
    else is swept over, nor on who draws it; scenarios of equal shape share their luck, so that
    their differences are sharper than either. ``alpha`` is the two-sided level at which a p-value
    counts. ``keep`` keeps every estimate.

    ``workers`` processes of this machine do the work, or the ``dask`` cluster (a scheduler's
    address or a ``Client``), or a ``mapper`` of your own: it applies a function to tasks and gives
    the answers back in the tasks' order, as ``map`` does. ``out`` is a folder that holds what is
    done: the same call goes on where a run was stopped or killed, to the same bytes; every
    estimate that ``keep`` keeps lies in its ``estimates/`` (Parquet), and memory does not grow
    with replicates. ``say`` is told how far it is, and the time left.

    Refuses before any work: ``ValueError`` for an empty grid, two scenarios of one name or a
    wrong number, ``TypeError`` for what is no scenario or function, ``StudyError`` where the
    analysis cannot be fed by a scenario's design, where no scheduler answers or its workers have
    other versions, or where ``out`` holds something else. A replicate in which the analysis raises
    ``StudyError`` or ``FitError`` counts as failed, under its reason; a scenario that raises
    anything else, or kills its worker, is named in ``broken``, and the others are finished.

    >>> import rmresearch as rm
    >>> done = rm.sweep(rm.Scenario(pairs=24), rm.pre_post, outcome="digital_skill",
    ...                 replicates=20, seed=1)
    >>> done.tallies["scenario", "pre_post"].replicates, len(done.failures)
    (20, 0)
    """
    asked: dict[str, Any] = {"outcome": outcome, "alpha": alpha, "keep": keep, "options": options}
    called("say", say, "a function that is told how far it is, such as print")
    made = plan(scenarios, analysis, replicates=replicates, seed=seed, **asked)
    with hands(workers, dask, mapper) as chosen:
        return swept(made, chosen, out=out, say=say)


def swept(
    plan: Plan,
    mapper: Mapper,
    *,
    out: Path | str | None = None,
    say: Callable[[str], None] | None = None,
    pairing: Pairing | None = None,
    beside: Mapping[str, Any] | None = None,
) -> Sweep:
    """Run a plan, in its folder if there is one; with a ``pairing``, scenario beside scenario.

    ``beside`` is what else the folder is held to. Where nothing was done yet, the first cohorts are
    tried before any work; who pairs scenarios has tried them.
    """
    if pairing is None and (out is None or not store.begun(out)):
        trial(plan, say)
    with nullcontext() if out is None else store.opened(out, plan, beside) as held:
        return _Run(plan, held, say, pairing).through(mapper)


@dataclass(slots=True)
class _Run:
    """One run of a plan: merges parts in their order, keeps them, and says how far it is."""

    plan: Plan
    store: Store | None
    say: Callable[[str], None] | None
    pairing: Pairing | None
    #: what the batch at work has brought so far, by scenario and analysis
    batch: dict[str, dict[str, Tally]] = field(default_factory=dict)
    #: seconds between two writings of progress; when the last was, and whose is due
    seldom: float = 0.0
    written: float = 0.0
    due: str | None = None

    def through(self, mapper: Mapper) -> Sweep:
        """All that is left to do."""
        progress = {
            name: self.store.progress(name) if self.store else Progress()
            for name in self.plan.sources
        }
        broken: dict[str, str] = {}
        raw: list[pd.DataFrame] = []
        done = {name: one.done for name, one in progress.items()}  # before this run
        left = sum(1 for _ in self._tasks(done))
        self.seldom = SELDOM if left > LONG and self.pairing is None else 0.0
        started = monotonic()
        parts = mapper(partial(attempt, self.plan), self._left(done, broken))
        for number, part in enumerate(parts, 1):
            name = part.task.scenario
            if isinstance(part, Lost):
                self._bearable(part)
                self._write(progress)
                broken.setdefault(name, part.reason)
            elif name not in broken:
                whole = self._merged(progress, part)
                if self.store:
                    if whole:
                        self._keep(progress, name, part.raw)
                elif part.raw is not None:
                    raw.append(part.raw)
            if self.say:
                took = monotonic() - started
                self.say(f"{name}: task {number:,} of {left:,}{_left(took, number, left)}")
        self._write(progress)
        tallies = {
            (name, asked): progress[name].tallies.get(asked, Tally())
            for name in self.plan.sources
            if name not in broken
            for asked in self.plan.analyses
        }
        paired = {
            (name, asked): one
            for name in self.plan.sources
            if name not in broken
            for asked, one in progress[name].paired.items()
        }
        kept = pd.concat(raw, ignore_index=True) if raw else None
        return Sweep(self.plan, tallies, kept, broken, paired)

    def _keep(self, progress: Mapping[str, Progress], name: str, raw: pd.DataFrame | None) -> None:
        """Keep what a task brought: estimates first, so that nothing counts that is not there."""
        if self.store and raw is not None:
            self.store.keep(name, progress[name].done - 1, raw)
        if self.due != name:  # scenarios come one after another: the one before is whole
            self._write(progress)
        self.due = name
        if monotonic() - self.written >= self.seldom:
            self._write(progress)

    def _write(self, progress: Mapping[str, Progress]) -> None:
        """Write the progress that is due."""
        if self.store and self.due is not None:
            self.store.save(self.due, progress[self.due])
            self.due, self.written = None, monotonic()

    def _tasks(self, done: Mapping[str, int]) -> Iterator[Task]:
        """What is to be done after what was: all that is left, and what it is compared with."""
        if self.pairing is not None:
            return self.pairing.tasks(self.plan, done)
        return (task for task in self.plan.tasks() if task.index >= done[task.scenario])

    def _left(self, done: Mapping[str, int], broken: Mapping[str, str]) -> Iterator[Task]:
        return (task for task in self._tasks(done) if task.scenario not in broken)

    def _merged(self, progress: Mapping[str, Progress], part: Part) -> bool:
        """Add a part; whether what is known of its scenario can be kept."""
        name, task = part.task.scenario, part.task
        mine = progress[name]
        if task.index == mine.done:  # but for a base's batch that is drawn once more
            mine.done += 1
            _add(mine.tallies, part.tallies)
        if self.pairing is None:
            return True
        if task.skip == 0:
            self.batch[name] = {}
        _add(self.batch[name], part.tallies)
        whole = self.pairing.whole(task)
        if whole and name in self.pairing.base:
            self._compared(mine, name, self.pairing)
        return whole

    def _compared(self, mine: Progress, name: str, pairing: Pairing) -> None:
        """Add what a batch says here to what it says of the base."""
        base = pairing.base[name]
        for asked, tally in self.batch[name].items():
            here = tally.moments.get(pairing.keys[name, asked])
            there = self.batch[base][asked].moments.get(pairing.keys[base, asked])
            mine.paired[asked] = mine.paired.get(asked, Paired()).add(here, there)

    def _bearable(self, part: Lost) -> None:
        """Refuse to go on where what the others are compared with cannot."""
        if self.pairing is not None and part.task.scenario in self.pairing.base.values():
            raise StudyError(
                f"{part.task.scenario} cannot go on, so nothing is compared: {part.reason}"
            )


def _add(tallies: dict[str, Tally], more: Mapping[str, Tally]) -> None:
    for asked, tally in more.items():
        tallies[asked] = tallies.get(asked, Tally()).merge(tally)


def _left(took: float, number: int, tasks: int) -> str:
    """The time that is left, in words, once there is something to tell it from."""
    seconds = took / number * (tasks - number)
    if number == tasks or took < 1.0:
        return ""
    if seconds < 90:
        return f", about {seconds:.0f} s left"
    minutes = seconds / 60
    return (
        f", about {minutes:.0f} min left" if minutes < 90 else f", about {minutes / 60:.1f} h left"
    )
