"""Scores of answers that name the pair they are about: a row a pair, not a person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.study import Outcome, Study, among

__all__ = ["wide_by_pair"]


def wide_by_pair(
    study: Study, outcome: Outcome, ids: NDArray[np.object_], role: str
) -> pd.DataFrame:
    """Scores with one row for each pair of ``ids`` (k,), in their order, and one column a wave.

    Each pair's member of the ``role`` is scored as a person of their own.
    """
    names = ids.astype(str)
    rows = study.answers(outcome)
    rows = rows[among(rows["pair"], ids)]
    named = pd.DataFrame({"person": names, "role": role})
    apart = replace(study, participants=named, measures=rows.assign(person=rows["pair"]))
    return apart.wide(replace(outcome, role="all")).reindex(names)
