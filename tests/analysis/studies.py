"""Small studies made by hand, for the tests of the analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from rmresearch.study import TABLES, Arm, Design, Outcome, Study, Wave

DTYPES = {"text": "str", "number": "float64", "date": "datetime64[ns]", "flag": "bool"}
TWO_ARMS = (Arm("programme", "Programme", True), Arm("comparison", "Comparison", False))
SKILL = Outcome("skill", "Digital skill", "senior", ("skill",), low=1, high=7)
WAVES = (
    Wave("before", "Before", 0, baseline=True),
    Wave("after", "After", 6),
    Wave("later", "Later", 12),
)


def table(name: str, columns: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """One of the five tables with every declared column and dtype; what is not given is missing.

    Further columns (features) are appended as they are.
    """
    columns = dict(columns or {})
    n = len(next(iter(columns.values()), []))
    made = {}
    for column, kind in TABLES[name].items():
        values = columns.pop(column, [False if kind == "flag" else None] * n)
        made[column] = pd.Series(list(values), dtype=DTYPES[kind])
    return pd.DataFrame(made | {extra: pd.Series(list(v)) for extra, v in columns.items()})


def answers(items: Mapping[str, Mapping[str, Sequence[float | None]]], ids: Sequence[str]) -> Any:
    """A measures table from {item: {wave: one value a person, None or NaN = no answer}}."""
    rows = [
        (person, person, wave, item, float(value))
        for item, by_wave in items.items()
        for wave, values in by_wave.items()
        for person, value in zip(ids, values, strict=True)
        if value is not None and not np.isnan(value)
    ]
    columns = ("person", "rater", "wave", "item", "value")
    return table("measures", {c: [row[i] for row in rows] for i, c in enumerate(columns)})


def make_study(
    items: Mapping[str, Mapping[str, Sequence[float | None]]],
    *,
    arm: Sequence[str | None] | None = None,
    outcomes: Sequence[Outcome] = (SKILL,),
    role: str | Sequence[str] = "senior",
    ids: Sequence[str] | None = None,
    paired: bool = True,
    juniors: Sequence[str | None] | None = None,
    kind: str | None = None,
    waves: Sequence[Wave] = WAVES,
    arms: Sequence[Arm] = TWO_ARMS,
    unit: str = "person",
    linked: bool = True,
    start: date | None = None,
    features: Mapping[str, Sequence[Any]] | None = None,
    **columns: Sequence[Any],
) -> Study:
    """A study of one role from its items' values by wave.

    ``juniors`` names each person's junior (None: no pair); by default each person whose arm is a
    programme arm (everybody without ``arm``) has a junior of their own where ``paired``. The
    juniors themselves become participants. ``columns`` are further columns of participants
    (department, stratum, crossover_date) for the measured people; ``features`` are theirs too.
    """
    n = len(next(iter(next(iter(items.values())).values())))
    ids = list(ids or [f"s{i:03d}" for i in range(n)])
    programme = {a.name for a in arms if a.programme}
    if juniors is None:
        treated = [arm is None or arm[i] in programme for i in range(n)]
        juniors = [f"j{i:03d}" if paired and treated[i] else None for i in range(n)]
    extra = list(dict.fromkeys(j for j in juniors if j is not None))
    theirs = {j: i for i, j in reversed(list(enumerate(juniors))) if j is not None}
    roles = [role] * n if isinstance(role, str) else list(role)
    other = "junior" if roles[0] == "senior" else "senior"
    people: dict[str, list[Any]] = {"person": ids + extra, "role": roles + [other] * len(extra)}
    if arm is not None:
        people["arm"] = list(arm) + [arm[theirs[j]] for j in extra]
    for name, values in columns.items():
        shared = name in {"department", "stratum"}
        people[name] = list(values) + [values[theirs[j]] if shared else None for j in extra]
    for name, values in (features or {}).items():
        people[name] = list(values) + [np.nan] * len(extra)
    couples = [(f"p{i:03d}", j, ids[i]) for i, j in enumerate(juniors) if j is not None]
    sides = ("pair", other, roles[0])
    design = Design(
        name="by-hand",
        title="Made by hand",
        kind=kind or ("single-group" if arm is None else "randomised"),  # type: ignore[arg-type]
        unit=unit,  # type: ignore[arg-type]
        waves=tuple(waves),
        outcomes=tuple(outcomes),
        arms=tuple(arms) if arm is not None else (),
        linked=linked,
        start=start,
        features=tuple((name, "number") for name in features or {}),
    )
    return Study(
        participants=table("participants", people),
        pairs=table("pairs", {c: [row[k] for row in couples] for k, c in enumerate(sides)}),
        measures=answers(items, ids),
        meetings=table("meetings"),
        records=table("records"),
        design=design,
    )
