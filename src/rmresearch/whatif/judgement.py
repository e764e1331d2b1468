"""What a sweep found, beside what it was asked: the numbers that a page is made of.

judgement.json      the question, the scenarios, what failed and why
judgement.parquet   the verdict of `judge`, a row an estimate and truth
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from rmresearch.errors import ReportError
from rmresearch.files import write_bytes, write_json
from rmresearch.whatif.identity import plain
from rmresearch.whatif.judge import judge
from rmresearch.whatif.question import SweepFile
from rmresearch.whatif.sweep import Sweep
from rmresearch.world.explain import changed
from rmresearch.world.scenario import entries

__all__ = ["ABOUT", "TABLE", "Design", "Judgement", "Lever", "judged", "read_judgement"]

ABOUT, TABLE = "judgement.json", "judgement.parquet"


@dataclass(frozen=True, slots=True)
class Lever:
    """Something of a scenario by its dotted name, what it is, its unit ("choice" where none)."""

    name: str
    what: str
    unit: str


@dataclass(frozen=True, slots=True)
class Design:
    """One scenario: its name in all, its name and changes in [[scenarios]], its grid values."""

    name: str
    named: str
    changes: Mapping[str, Any]
    swept: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A sweep's question and its answers.

    ``outcome`` is the name, ``label`` and ``role`` what reports call it and who answers; ``rated``
    who rates it, ``unit`` what its differences count. ``base`` says in what the scenario differs
    from the default: (dotted name, value). ``estimates`` says which estimate of an analysis is
    drawn, where the file says so.
    ``failures`` has (scenario, analysis, reason, failed, replicates); ``broken`` names scenarios
    that could not go on.
    """

    question: str
    outcome: str
    label: str
    role: str
    rated: str
    unit: str
    replicates: int
    seed: int
    alpha: float
    base: tuple[tuple[str, str], ...]
    designs: tuple[Design, ...]
    levers: tuple[Lever, ...]
    analyses: Mapping[str, str]
    estimates: Mapping[str, Mapping[str, str]]
    failures: tuple[tuple[str, str, str, int, int], ...]
    broken: Mapping[str, str]
    table: pd.DataFrame = field(repr=False, compare=False)

    def write(self, folder: Path) -> None:
        """Into a folder: the same content is the same bytes."""
        about = {name: plain(getattr(self, name)) for name in self.__slots__ if name != "table"}
        about["analyses"] = list(self.analyses.items())  # JSON sorts names; their order is asked
        write_bytes(folder / TABLE, self.table.to_parquet(index=False))
        write_json(folder / ABOUT, about)


def judged(asked: SweepFile, sweep: Sweep) -> Judgement:
    """What a sweep found of what a file asked.

    >>> import rmresearch as rm
    >>> from rmresearch.whatif.sweep_file import sweep_of
    >>> asked = sweep_of({"outcome": "digital_skill", "analyses": ["compare_arms"],
    ...                   "replicates": 20, "grid": {"pairs": [24, 48]}})
    >>> judged(asked, rm.sweep(**asked.given)).levers[0].name
    'pairs'
    """
    verdict = judge(sweep)
    outcome = next(one for one in sweep.plan.outcomes.values() if one is not None)
    known = {_dotted(one.block, one.name): one for one in entries(asked.base)}
    swept = dict.fromkeys(name for one in asked.variants for name in one.swept)
    return Judgement(
        question=asked.question,
        outcome=outcome.name,
        label=outcome.label,
        role=outcome.role,
        rated=outcome.source,
        unit=outcome.unit,
        replicates=asked.replicates,
        seed=asked.seed,
        alpha=asked.alpha,
        base=tuple((_dotted(now.block, now.name), _told(now.value))
                   for now, _ in changed(asked.base)),
        designs=tuple(
            Design(one.name, one.named, dict(one.changes), dict(one.swept))
            for one in asked.variants
        ),
        levers=tuple(Lever(name, known[name].what, known[name].unit) for name in swept),
        analyses={name: ask.analysis for name, ask in asked.analyses.items()},
        estimates={name: dict(ask.estimate) for name, ask in asked.analyses.items()},
        failures=tuple(
            (str(row[0]), str(row[1]), str(row[2]), int(row[3]), int(row[4]))
            for row in verdict.failures.itertuples(index=False)
        ),
        broken=dict(sweep.broken),
        table=verdict.to_frame(),
    )  # fmt: skip


def _dotted(block: str, name: str) -> str:
    return f"{block}.{name}" if block else name


def _told(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def read_judgement(folder: Path | str) -> Judgement:
    """What `Judgement.write` left in a folder; ``ReportError`` where that cannot be read."""
    place = Path(folder)
    try:
        held = json.loads((place / ABOUT).read_text("utf-8"))
        table = pd.read_parquet(place / TABLE)
        held["base"] = tuple((name, value) for name, value in held["base"])
        held["designs"] = tuple(Design(**one) for one in map(_fields, held["designs"]))
        held["levers"] = tuple(Lever(**one) for one in map(_fields, held["levers"]))
        held["analyses"] = dict(held["analyses"])
        held["failures"] = tuple(tuple(row) for row in held["failures"])
        return Judgement(table=table, **held)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(
            f"{place} holds no judgement of a sweep that can be read ({type(error).__name__}). "
            f"Run `rmresearch whatif` into it again."
        ) from error


def _fields(held: Mapping[str, Any]) -> dict[str, Any]:
    """What `plain` wrote of a dataclass, without the kind."""
    return {name: value for name, value in held.items() if name != "kind"}
