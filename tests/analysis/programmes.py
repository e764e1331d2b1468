"""Pairs with a life of their own, for the tests of reactions, meetings and leavers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from rmresearch.result import Result, Table
from rmresearch.study import Study

from .studies import DTYPES, table


def with_pairs(study: Study, **columns: Sequence[Any]) -> Study:
    """The study with columns of its pairs replaced (start, end, reason), in pair order."""
    kinds = {"start": "date", "end": "date", "reason": "text"}
    made = {name: pd.Series(list(v), dtype=DTYPES[kinds[name]]) for name, v in columns.items()}
    return replace(study, pairs=study.pairs.assign(**made))


def with_meetings(study: Study, rows: Iterable[Mapping[str, Any]]) -> Study:
    """The study with a log: rows of pair and date or wave, held unless said, minutes if said."""
    rows = [{"held": True, "date": None, "wave": None, "minutes": np.nan, **row} for row in rows]
    names = ("pair", "date", "wave", "held", "minutes")
    log = table("meetings", {name: [row[name] for row in rows] for name in names})
    return replace(study, meetings=log)


def with_design(study: Study, **changes: Any) -> Study:
    """The study with parts of its design replaced."""
    return replace(study, design=replace(study.design, **changes))


def found(result: Result, **key: Any) -> Any:
    """The one estimate with this key."""
    hits = [one for one in result.estimates if all(getattr(one, k) == v for k, v in key.items())]
    assert len(hits) == 1, f"{len(hits)} estimates with {key}"
    return hits[0]


def rows(made: Table, **labels: Any) -> pd.DataFrame:
    """The rows of a table whose columns hold these values."""
    frame = made.to_frame()
    for name, value in labels.items():
        frame = frame[frame[name] == value]
    return frame


def row(made: Table, **labels: Any) -> Any:
    """The one row of a table whose columns hold these values."""
    hits = rows(made, **labels)
    assert len(hits) == 1, f"{len(hits)} rows with {labels}"
    return hits.iloc[0]


def failed(result: Result, name: str) -> list[str]:
    """What the failed checks of a name say."""
    return [check.detail for check in result.checks if check.name == name and not check.passed]


def same(first: Result, second: Result, renamed: Mapping[str, str] | None = None) -> None:
    """Whether two results say the same (to 1e-8), people renamed or not."""
    one, two = first.to_frame(), second.to_frame()
    key = ["role", "outcome", "wave", "contrast", "group", "estimand", "term"]
    pd.testing.assert_frame_equal(
        one.sort_values(key).reset_index(drop=True),
        two.sort_values(key).reset_index(drop=True),
        atol=1e-8,
    )
    assert [made.name for made in first.tables] == [made.name for made in second.tables]
    for left, right in zip(first.tables, second.tables, strict=True):
        pd.testing.assert_frame_equal(left.to_frame(), right.to_frame(), atol=1e-8)
    assert first.checks == second.checks
    assert first.dropped == second.dropped
    if renamed is not None:
        for a, b in zip(first.estimates, second.estimates, strict=True):
            assert {renamed[person] for person in a.members} == b.members


def shuffled(study: Study, seed: int = 5) -> Study:
    """The same study, every table in another order of rows."""
    rng = np.random.default_rng(seed)
    names = ("participants", "pairs", "measures", "meetings", "records")
    return replace(
        study, **{n: getattr(study, n).iloc[rng.permutation(len(getattr(study, n)))] for n in names}
    )


def relabelled(study: Study) -> tuple[Study, dict[str, str]]:
    """The same study under other pseudonyms of people and pairs, and the old to new names."""
    old = [*study.participants["person"], *study.pairs["pair"]]
    new = {name: f"x{(7919 * i) % 100_003}" for i, name in enumerate(old)}
    made = {}
    for name in ("participants", "pairs", "measures", "meetings", "records"):
        part = getattr(study, name)
        ids = [c for c in ("person", "rater", "manager", "pair", "junior", "senior") if c in part]
        changes = {c: part[c].map(lambda x: new.get(x, x)).astype(part[c].dtype) for c in ids}
        made[name] = part.assign(**changes)
    return replace(study, **made), new
