"""Leavers against stayers: did those who did not answer differ before the start?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Behind, People, cell, label
from rmresearch.analysis.base.describe import apart, thin
from rmresearch.analysis.leavers.flow import Course, arms_of
from rmresearch.result import Cell, CellKind, Check, Estimate
from rmresearch.study import Outcome, Study, Wave

__all__ = ["COLUMNS", "features", "on_outcome"]

COLUMNS = (
    "role", "wave", "arm", "characteristic", "leavers", "stayers", "mean of leavers",
    "mean of stayers", "difference", "low", "high", "standardised", "standardised low",
    "standardised high",
)  # fmt: skip
#: a text feature with more levels than this is a name, not a group
MOST_LEVELS = 12
ALL = "all arms"
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def on_outcome(
    study: Study, outcome: Outcome, way: Course, wave: Wave
) -> tuple[list[Estimate], list[tuple[Cell, ...]], list[Check]]:
    """Baseline scores of leavers minus stayers: everybody, then arm by arm."""
    if way.before is None:
        return [], [], []
    known = np.isfinite(way.before)
    left = ~np.isfinite(way.scores[wave.name])
    groups = [(ALL, known)]
    if len(study.design.arms) > 1:
        groups += [(arm, known & inside) for arm, inside in arms_of(study, way.people)]
    estimates: list[Estimate] = []
    rows: list[tuple[Cell, ...]] = []
    checks: list[Check] = []
    for name, keep in groups:
        who, values, gone = way.people.take(keep), way.before[keep], left[keep]
        both = who.behind()
        form = base.template(
            both,
            role=who.role,
            outcome=outcome.name,
            wave=wave.name,
            contrast="leavers - stayers",
            group="" if name == ALL else name,
            estimand="everyone assigned who answered before",
        )
        found = apart(form, values, gone, who.cluster)
        estimates += [one for one in found if one.value is not None]
        title = f"{outcome.label}, before"
        rows.append(_row((wave.name, name, title), who, both, values, gone, found, outcome))
        if name == ALL and gone.any() and not gone.all():
            about = f"{who.role}, leavers and stayers at {wave.name}"
            checks += thin(about, who.cluster, gone)
    return estimates, rows, checks


def features(study: Study, way: Course, wave: Wave) -> list[tuple[Cell, ...]]:
    """A row a declared feature (text: a row a level) of participants, over all arms."""
    left = ~np.isfinite(way.scores[wave.name])
    rows = []
    characteristics = study.once(
        ("characteristics", way.people.role), lambda: tuple(_characteristics(study, way.people))
    )
    for name, values in characteristics:
        known = np.isfinite(values)
        if not known.any():
            continue
        who, values, gone = way.people.take(known), values[known], left[known]
        both = who.behind()
        found = apart(base.template(both), values, gone, who.cluster)
        rows.append(_row((wave.name, ALL, name), who, both, values, gone, found, None))
    return rows


def _characteristics(study: Study, group: People) -> Iterator[tuple[str, Floats]]:
    """(name, a number a person) of each declared feature; levels of text as 0 and 1."""
    table = study.participants.drop_duplicates("person").set_index("person")
    for name, kind in study.design.features:
        if name not in table:
            continue
        column = table[name].reindex(pd.Index(group.ids))
        if kind == "number":
            yield name, pd.to_numeric(column, errors="coerce").to_numpy(float)
            continue
        levels = sorted({str(level) for level in column.dropna()})
        if len(levels) <= MOST_LEVELS:
            for level in levels:
                is_level = (column.astype(object) == level).to_numpy(float)
                yield f"{name}: {level}", np.where(column.isna(), np.nan, is_level)


def _row(
    names: tuple[str, str, str],
    who: People,
    both: Behind,
    values: Floats,
    gone: Flags,
    found: tuple[Estimate, Estimate],
    outcome: Outcome | None,
) -> tuple[Cell, ...]:
    points, standard = found
    leavers, stayers = who.take(gone).behind(), who.take(~gone).behind()
    kind: CellKind = "mean" if outcome is None else base.mean_kind(outcome)
    return (
        label(who.role),
        *(label(name) for name in names),
        cell(leavers.n_people, "administrative", leavers),
        cell(stayers.n_people, "administrative", stayers),
        cell(values[gone].mean() if gone.any() else None, kind, leavers),
        cell(values[~gone].mean() if not gone.all() else None, kind, stayers),
        cell(points.value, "contrast", both),
        cell(points.low, "interval", both),
        cell(points.high, "interval", both),
        *(cell(x, "statistic", both) for x in (standard.value, standard.low, standard.high)),
    )
