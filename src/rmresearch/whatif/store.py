"""A folder that a sweep writes to while it runs, so that the same command goes on where it stopped.

    sweep.json               what is swept: another sweep is refused
    progress/0000.json       of each scenario: tasks done, the tallies so far, and the differences
                             from another scenario where it is compared with one
    estimates/0000/0000.parquet   every estimate of a task, where the sweep keeps them

A scenario's file is replaced whole after each of its tasks, of a long run once a second, so a run
that is killed loses no more than the tasks on their way, or that second; numbers are written so
that reading gives the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rmresearch.errors import ReportError, StudyError
from rmresearch.files import TEMPORARY, lock, to_lines, write_bytes, write_json, write_text
from rmresearch.whatif.identity import differences, identity
from rmresearch.whatif.paired import Paired
from rmresearch.whatif.plan import Plan
from rmresearch.whatif.tally import Moments, Tally

__all__ = ["WHAT", "Progress", "Store", "begun", "kept", "opened"]

WHAT = "sweep.json"


@dataclass(slots=True)
class Progress:
    """How far a scenario has come: ``done`` tasks, and the tally of each analysis.

    ``paired`` are the differences from the scenario that it is compared with, by analysis.
    """

    done: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    paired: dict[str, Paired] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of one sweep, held by this run."""

    folder: Path
    #: the number of each scenario, by which its files are called
    numbers: Mapping[str, int]

    def progress(self, scenario: str) -> Progress:
        """What was done of a scenario by earlier runs."""
        path = self._place("progress", scenario).with_suffix(".json")
        if not path.exists():
            return Progress()
        try:
            held = json.loads(path.read_text("utf-8"))
            return Progress(
                held["done"],
                {name: _tally(one) for name, one in held["analyses"].items()},
                {name: _paired(one) for name, one in held.get("paired", {}).items()},
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReportError(
                f"{path} cannot be read ({type(error).__name__}): somebody changed it. Delete it, "
                f"and the scenario {scenario!r} is run again from its start."
            ) from error

    def keep(self, scenario: str, index: int, raw: pd.DataFrame) -> None:
        """Keep every estimate of a scenario's task."""
        path = self._place("estimates", scenario) / f"{index:06d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, raw.to_parquet(index=False))

    def save(self, scenario: str, progress: Progress) -> None:
        """Keep what is done of a scenario."""
        path = self._place("progress", scenario).with_suffix(".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        what: dict[str, Any] = {"scenario": scenario, "done": progress.done}
        what["analyses"] = {name: _plain(tally) for name, tally in progress.tallies.items()}
        if progress.paired:
            what["paired"] = {
                name: [one.batches, one.mean.tolist(), one.cross.tolist()]
                for name, one in progress.paired.items()
            }
        write_json(path, what)

    def _place(self, what: str, scenario: str) -> Path:
        return self.folder / what / f"{self.numbers[scenario]:04d}"


def begun(folder: Path | str) -> bool:
    """Whether a sweep has been here."""
    return (Path(folder) / WHAT).exists()


@contextmanager
def opened(
    folder: Path | str, plan: Plan, beside: Mapping[str, Any] | None = None
) -> Iterator[Store]:
    """The store in ``folder``, held against other runs until the block ends.

    ``beside`` is what else the folder is held to. ``StudyError`` where it holds something else, or
    another sweep, with what differs; ``ReportError`` where another run is at work in it, with its
    holder.
    """
    with kept(folder, WHAT, {**identity(plan), **(beside or {})}):
        yield Store(Path(folder), {name: place for place, name in enumerate(plan.sources)})


@contextmanager
def kept(folder: Path | str, what: str, asked: Mapping[str, Any]) -> Iterator[Path]:
    """A folder of one call, which its file ``what`` tells, held until the block ends."""
    place, text = Path(folder), to_lines(asked)
    with lock(place):
        _ours(place, what, text)
        for left in place.rglob(f"*{TEMPORARY}"):  # by a run that was killed as it wrote
            left.unlink(missing_ok=True)
        write_text(place / what, text)
        yield place


def _ours(folder: Path, what: str, here: str) -> None:
    known, kind = folder / what, what.removesuffix(".json")
    if not known.exists():
        strangers = sorted(path.name for path in folder.iterdir() if path.name != "lock")
        if strangers:
            raise StudyError(
                f"{folder} holds {strangers[0]} but no {what}: it is not the folder of a {kind}. "
                f"Name an empty or a new folder."
            )
        return
    try:
        apart = differences(json.loads(here), json.loads(known.read_text("utf-8")))
    except (OSError, ValueError, TypeError, AttributeError):
        raise StudyError(f"{known} cannot be read; name another folder.") from None
    if apart:
        more = f", and {len(apart) - 5} more" if len(apart) > 5 else ""
        raise StudyError(
            f"{folder} holds another {kind}: {'; '.join(apart[:5])}{more}. Name another folder, or "
            f"delete this one."
        )


def _plain(tally: Tally) -> dict[str, Any]:
    return {
        "replicates": tally.replicates,
        "failures": [list(entry) for entry in tally.failures.items()],
        "moments": [
            [list(key), one.n.tolist(), one.mean.tolist(), one.squares.tolist()]
            for key, one in tally.moments.items()
        ],
    }


def _paired(held: Any) -> Paired:
    batches, mean, cross = held
    return Paired(int(batches), np.array(mean, float), np.array(cross, float))


def _tally(held: Mapping[str, Any]) -> Tally:
    moments = {
        tuple(key): Moments(np.array(n, np.int64), np.array(mean, float), np.array(squares, float))
        for key, n, mean, squares in held["moments"]
    }
    failures = {str(reason): int(count) for reason, count in held["failures"]}
    return Tally(int(held["replicates"]), failures, moments)
