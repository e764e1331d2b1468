"""What a sweep found, beside what it was asked: the numbers that a page is made of.

judgement.json        the question, the scenarios, what failed and why, what was decided
judgement.parquet     the verdict of `judge`, a row an estimate and truth
differences.parquet   differences between designs, where some were compared
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
from rmresearch.whatif.budget import Bought
from rmresearch.whatif.decided import Decided, Needed, Purchase
from rmresearch.whatif.identity import plain
from rmresearch.whatif.judge import judge
from rmresearch.whatif.question import SweepFile, Variant
from rmresearch.whatif.sweep import Sweep
from rmresearch.world.explain import changed
from rmresearch.world.fields import Coefficient
from rmresearch.world.scenario import entries

__all__ = [
    "ABOUT",
    "TABLE",
    "Design",
    "Judgement",
    "Lever",
    "Pulled",
    "judged",
    "read_judgement",
]

ABOUT, TABLE, DIFFERENCES = "judgement.json", "judgement.parquet", "differences.parquet"


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
class Pulled:
    """A design in which one lever was moved from where it stands ``now`` to an ``end``."""

    design: str
    lever: str
    now: Any
    end: Any


@dataclass(frozen=True, slots=True)
class Judgement:
    """A sweep's question and its answers.

    ``outcome`` is the name, ``label`` and ``role`` what reports call it and who answers; ``rated``
    who rates it, ``unit`` what its differences count. ``base`` says in what the scenario differs
    from the default: (dotted name, value). ``estimates`` says which estimate of an analysis is
    drawn, where the file says so.
    ``failures`` has (scenario, analysis, reason, failed, replicates); ``broken`` names scenarios
    that could not go on.

    ``differences`` are those of `Decided`, ``pulled`` the designs that move one lever of the start.
    ``shapes`` are the designs, whatever their pairs, that ``purchases`` (in ``currency``) and
    ``needed`` are about.
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
    differences: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    pulled: tuple[Pulled, ...] = ()
    shapes: tuple[Design, ...] = ()
    currency: str = ""
    purchases: tuple[Purchase, ...] = ()
    needed: tuple[Needed, ...] = ()

    def write(self, folder: Path) -> None:
        """Into a folder: the same content is the same bytes."""
        tables = {"table": TABLE, "differences": DIFFERENCES}
        about = {name: plain(getattr(self, name)) for name in self.__slots__ if name not in tables}
        about["analyses"] = list(self.analyses.items())  # JSON sorts names; their order is asked
        for name, file in tables.items():
            if (table := getattr(self, name)) is not None:
                write_bytes(folder / file, table.to_parquet(index=False))
        write_json(folder / ABOUT, about)


def judged(asked: SweepFile, found: Sweep | Decided) -> Judgement:
    """What a sweep found of what a file asked, and what its decisions rest on.

    >>> import rmresearch as rm
    >>> from rmresearch.whatif.sweep_file import sweep_of
    >>> asked = sweep_of({"outcome": "digital_skill", "analyses": ["compare_arms"],
    ...                   "replicates": 20, "grid": {"pairs": [24, 48]}})
    >>> judged(asked, rm.sweep(**asked.given)).levers[0].name
    'pairs'
    """
    made = found if isinstance(found, Decided) else Decided(found)
    sweep, verdict = made.sweep, judge(made.sweep)
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
        designs=tuple(map(_design, asked.variants)),
        levers=tuple(Lever(name, known[name].what, known[name].unit) for name in swept),
        analyses={name: ask.analysis for name, ask in asked.analyses.items()},
        estimates={name: dict(ask.estimate) for name, ask in asked.analyses.items()},
        failures=tuple(
            (str(row[0]), str(row[1]), str(row[2]), int(row[3]), int(row[4]))
            for row in verdict.failures.itertuples(index=False)
        ),
        broken=dict(sweep.broken),
        table=verdict.to_frame(),
        differences=made.differences if asked.against else None,
        pulled=tuple(_pulled(one, known) for one in asked.variants if asked.pulled and one.changes),
        shapes=_shapes(asked),
        currency=asked.money.currency if asked.money else "",
        purchases=made.purchases,
        needed=made.needed,
    )  # fmt: skip


def _design(one: Variant) -> Design:
    return Design(one.name, one.named, dict(one.changes), dict(one.swept))


def _pulled(one: Variant, known: Mapping[str, Coefficient]) -> Pulled:
    ((name, end),) = one.changes.items()
    return Pulled(one.name, name, known[name].value, end)


def _shapes(asked: SweepFile) -> tuple[Design, ...]:
    """The designs that decisions are about, each once."""
    tables = [one.designs for one in (asked.money, asked.need) if one is not None]
    return tuple({one.name: _design(one) for designs in tables for one in designs}.values())


def _dotted(block: str, name: str) -> str:
    return f"{block}.{name}" if block else name


def _told(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def read_judgement(folder: Path | str) -> Judgement:
    """What `Judgement.write` left in a folder; ``ReportError`` where that cannot be read."""
    place = Path(folder)
    try:
        held = json.loads((place / ABOUT).read_text("utf-8"))
        table, apart = pd.read_parquet(place / TABLE), place / DIFFERENCES
        held["differences"] = pd.read_parquet(apart) if apart.exists() else None
        held["base"] = tuple((name, value) for name, value in held["base"])
        for name, kind in ROWS.items():
            held[name] = tuple(kind(**_fields(one)) for one in held[name])
        held["analyses"] = dict(held["analyses"])
        held["failures"] = tuple(tuple(row) for row in held["failures"])
        return Judgement(table=table, **held)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(
            f"{place} holds no judgement of a sweep that can be read ({type(error).__name__}). "
            f"Run `rmresearch whatif` into it again."
        ) from error


#: fields that hold dataclasses
ROWS: Mapping[str, Any] = {
    "designs": Design, "levers": Lever, "pulled": Pulled, "shapes": Design, "purchases": Purchase,
    "needed": Needed,
}  # fmt: skip


def _fields(held: Mapping[str, Any]) -> dict[str, Any]:
    """What `plain` wrote of a dataclass, without the kind."""
    made = {name: value for name, value in held.items() if name != "kind"}
    if "bought" in made:
        made["bought"] = tuple(Bought(**_fields(one)) for one in made["bought"])
    if "curve" in made:
        made["curve"] = tuple(tuple(one) for one in made["curve"])
    return made
