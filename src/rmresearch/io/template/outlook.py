"""What a pilot of so many pairs could show, said before it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from rmresearch.errors import number_of
from rmresearch.io.check import CLUSTERS_FOR_P
from rmresearch.io.findings import BAD, PLACE, ROW
from rmresearch.io.mapping.tables import empty
from rmresearch.io.prospects import prospects
from rmresearch.io.template.words import catalogue
from rmresearch.study import ROLES, Design, Study

__all__ = ["outlook"]


def outlook(design: Design, pairs: int, *, departments: bool = True) -> tuple[str, ...]:
    """What a design could show with so many pairs, in sentences.

    ``pairs`` counts what is declared: all who apply where a lot decides (half of them start), those
    in the programme otherwise; colleagues are reckoned to be as many of either role. The figures
    are those of `check` for a study in which everybody answered the survey before the start.
    ``departments``: they are recorded, and groups of them are spoken of.
    """
    return tuple(_lines(design, pairs, departments))


def _lines(design: Design, pairs: int, departments: bool) -> Iterator[str]:
    said = catalogue("texts")["said"]
    starting = (pairs + 1) // 2 if design.randomised else pairs
    other = pairs - starting if design.randomised else pairs
    key = {"waitlist": "waiting", "randomised": "drawn", "comparison": "colleagues"}
    words = {"programme": starting, "other": other, "all": pairs}
    people = said[key.get(design.kind, "alone")].format(**words)
    yield said["reckoned"].format(people=people)
    yield from prospects(_answered(design, starting, 0 if design.comparison is None else other))
    if design.comparison is not None and min(starting, other) < CLUSTERS_FOR_P:
        yield said["few"].format(least=CLUSTERS_FOR_P)
    least = design.privacy.smallest_mean
    most = starting // least
    if departments and most:
        shown = number_of(most, "department", "departments of equal size")
        yield said["departments"].format(shown=shown, least=least)
    elif departments:
        yield said["no_departments"].format(least=least)
    yield said["more"]


def _answered(design: Design, programme: int, other: int) -> Study:
    """A study in which so many people of each role answered every question before the start."""
    arms = ["programme"] * programme + ["other"] * other
    names = {
        "programme": next((arm.name for arm in design.programme_arms), None),
        "other": None if design.comparison is None else design.comparison.name,
    }
    people = [
        {"person": f"{role}{number}", "role": role, "arm": names[arm]}
        for number, arm in enumerate(arms)
        for role in ROLES
    ]
    matched = len(arms) if design.unit == "pair" else programme
    pairs = [{"pair": f"{number}", "junior": f"junior{number}", "senior": f"senior{number}"}
             for number in range(matched)]  # fmt: skip
    baseline = design.baseline.name
    answers = [
        {"person": one["person"], "wave": baseline, "item": outcome.items[0], "value": 0.0}
        for outcome in design.outcomes
        if baseline in outcome.waves
        for one in people
        if outcome.role in {one["role"], "all"}
    ]
    return Study(
        participants=_table("participants", people),
        pairs=_table("pairs", pairs),
        measures=_table("measures", answers),
        meetings=_table("meetings", []),
        records=_table("records", []),
        design=design,
    )


def _table(name: str, rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    table = empty(name).drop(columns=[PLACE, ROW, BAD])
    return pd.DataFrame(rows, columns=table.columns).astype(table.dtypes.to_dict())
