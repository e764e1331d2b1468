"""Who may be paired with whom, and how well two people fit: [matching] turned into arrays.

`rmresearch match` asks it of those who applied, `match_quality` of those who were paired.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.numerics import admissible
from rmresearch.numerics import likeness as soft
from rmresearch.study import Likeness, Matching

__all__ = ["fit", "forbidden"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def fit(
    asked: Likeness, seniors: pd.DataFrame, juniors: pd.DataFrame, separator: str = ";"
) -> Floats:
    """How well each senior and junior fit on one question, 0 to 1, (seniors, juniors).

    NaN where one of the two did not answer.

    >>> asked = Likeness("Hobbies", "words", "hobbies", "hobbies")
    >>> one, other = (pd.DataFrame({"hobbies": [text]}) for text in ("chess; opera", "Chess"))
    >>> fit(asked, one, other)
    array([[0.5]])
    """
    one, other = seniors[asked.senior], juniors[asked.junior]
    if asked.compare == "close":
        return soft.closeness(one.to_numpy(float), other.to_numpy(float), asked.low, asked.high)
    sides = [soft.entries(side, separator) for side in (one, other)]
    if asked.compare == "words":
        return soft.overlap(*sides)
    if asked.compare == "same":
        anything = soft.entries(asked.anything, separator)
        return soft.same(sides[0], sides[1], frozenset().union(*anything))
    return soft.taught(*sides) if asked.learner == "senior" else soft.taught(*sides[::-1]).T


def forbidden(
    matching: Matching, people: pd.DataFrame, seniors: pd.DataFrame, juniors: pd.DataFrame
) -> Iterator[tuple[str, Flags]]:
    """Each declared rule's name and the pairs that it forbids, (seniors, juniors).

    ``people`` is everybody, whose line managers tell the reporting lines.

    >>> who = pd.DataFrame({"person": ["a", "b"], "level": [4.0, 3.0], "manager": [None, "a"]})
    >>> rules = forbidden(Matching(level_gap=2), who, who[:1], who[1:])
    >>> [(name, bool(pairs[0, 0])) for name, pairs in rules]
    [('level gap', True), ('reporting line', True)]
    """
    sides = (seniors, juniors)
    if matching.level_gap is not None:
        above, below = (side["level"].to_numpy(np.float64) for side in sides)
        yield "level gap", admissible.level_gap(above, below, matching.level_gap)
    if matching.other_department:
        groups = _groups(seniors["department"], juniors["department"])
        yield "other department", admissible.same_group(*groups)
    if matching.reporting_line:
        yield "reporting line", admissible.reporting_line(*_reporting(people, *sides))
    for column in matching.same:
        entries = [soft.entries(side[column], matching.separator) for side in sides]
        yield f"same {column}", admissible.nothing_shared(*entries)
    if matching.refusals is not None:
        refused = _named(*sides, matching.refusals, matching.separator)
        yield "refusals", admissible.named(refused, (len(seniors), len(juniors)))


def _groups(seniors: pd.Series[str], juniors: pd.Series[str]) -> tuple[Ints, Ints]:
    """Numbers of departments, those that differ in capitals or spaces alike; unknown -1."""
    both = pd.concat([seniors, juniors]).str.strip().str.casefold()
    codes = pd.factorize(both)[0].astype(np.int64)
    return codes[: len(seniors)], codes[len(seniors) :]


def _reporting(
    people: pd.DataFrame, seniors: pd.DataFrame, juniors: pd.DataFrame
) -> tuple[Ints, Ints, Ints]:
    """Everybody, managers who do not take part included, as numbers; and whose manager is who."""
    everybody = pd.Index(pd.unique(pd.concat([people["person"], people["manager"]]).dropna()))
    manager = np.full(len(everybody), -1, dtype=np.int64)
    manager[everybody.get_indexer(pd.Index(people["person"]))] = everybody.get_indexer(
        pd.Index(people["manager"])
    )
    at = [everybody.get_indexer(pd.Index(side["person"])) for side in (seniors, juniors)]
    return at[0].astype(np.int64), at[1].astype(np.int64), manager


def _named(
    seniors: pd.DataFrame, juniors: pd.DataFrame, column: str, separator: str
) -> list[tuple[int, int]]:
    """The (senior, junior) of whom one names the other in a column of ids."""
    found = []
    for people, others, turned in ((seniors, juniors, False), (juniors, seniors, True)):
        at = {one: i for i, one in enumerate(others["person"])}
        for i, cell in enumerate(people[column]):
            named = [at[one] for one in soft.listed(cell, separator) if one in at]
            found += [(j, i) if turned else (i, j) for j in named]
    return found
