"""Scores that people have pair by pair: the rows of crossed effects of juniors and seniors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis.base import People
from rmresearch.analysis.base.by_pair import wide_by_pair
from rmresearch.study import ROLES, Outcome, Study, Wave, among

__all__ = ["Scores", "scores"]

Codes = NDArray[np.intp]
#: pairs up to which each is a row: in larger studies sets are many, or one crossed model too large
MOST_PAIRS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """``values`` (rows, waves); ``owner`` (rows,) is the place of whose they are among the people.

    ``partner`` (rows,) are codes of the other person of the pair where each row is a pair; None
    where each is a person.
    """

    values: NDArray[np.float64]
    owner: Codes
    partner: Codes | None


def scores(study: Study, outcome: Outcome, group: People, waves: Sequence[Wave]) -> Scores:
    """A row a person; a row a pair where somebody has several and all answers name theirs.

    ``waves`` are those of the columns.
    """
    names = [wave.name for wave in waves]
    several = any(len(held) > 1 for held in group.pairs.values())
    rows = study.answers(outcome) if several and len(study.pairs) <= MOST_PAIRS else None
    if rows is None or group.role not in ROLES or rows["pair"].isna().any():
        wide = study.wide(outcome)
        values = np.column_stack([group.values(wide[name]) for name in names])
        return Scores(values, np.arange(len(group), dtype=np.intp), None)
    other = ROLES[1 - ROLES.index(group.role)]
    place = pd.Index(group.ids).get_indexer(pd.Index(study.pairs[group.role]))
    pairs = study.pairs[(place >= 0) & among(study.pairs["pair"], rows["pair"].unique())]
    wide = wide_by_pair(study, outcome, pairs["pair"].to_numpy(object), group.role)
    partner, _ = pd.factorize(pairs[other].fillna(pairs["pair"]))
    owner = pd.Index(group.ids).get_indexer(pd.Index(pairs[group.role]))
    return Scores(wide[names].to_numpy(float), owner.astype(np.intp), partner.astype(np.intp))
