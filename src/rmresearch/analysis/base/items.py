"""Answers item by item, as reliability and patterns of missing items need them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis.base import People
from rmresearch.study import Outcome, Study, Wave

__all__ = ["item_scores"]


def item_scores(study: Study, outcome: Outcome, wave: Wave, group: People) -> NDArray[np.float64]:
    """Answers (people, items) at a wave, reversed where declared, several raters averaged."""
    everybody = study.once(("items", outcome), lambda: _item_scores(study, outcome))
    people = study.once("people", lambda: pd.Index(study.participants["person"].to_numpy(object)))
    place = people.get_indexer(pd.Index(group.ids))
    at = [one.name for one in study.design.waves].index(wave.name)
    found: NDArray[np.float64] = everybody[at, place]
    return found


def _item_scores(study: Study, outcome: Outcome) -> NDArray[np.float64]:
    """Of everybody: (waves, people, items)."""
    rows, items = study.answers(outcome), pd.Index(outcome.items)
    people = pd.Index(study.participants["person"])
    waves = pd.Index([wave.name for wave in study.design.waves])
    shape = (len(waves), len(people), len(items))
    columns = ((waves, "wave"), (people, "person"), (items, "item"))
    places = [index.get_indexer(pd.Index(rows[name])) for index, name in columns]
    known = places[1] >= 0
    at = np.ravel_multi_index([place[known] for place in places], shape)
    given, size = rows["value"].to_numpy(float)[known], int(np.prod(shape))
    count = np.bincount(at, minlength=size)
    answers = np.full(size, np.nan)
    np.divide(np.bincount(at, given, minlength=size), count, out=answers, where=count > 0)
    answers = answers.reshape(shape)
    if outcome.reverse and outcome.low is not None and outcome.high is not None:
        turned = np.array([item in outcome.reverse for item in outcome.items])
        answers[..., turned] = outcome.low + outcome.high - answers[..., turned]
    return answers
