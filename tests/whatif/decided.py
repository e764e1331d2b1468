"""Decisions for the tests of folders and clusters; as a program it takes a name and a FOLDER."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any
from unittest.mock import patch

import pandas as pd

import rmresearch as rm

from .quick import quick

BY_HAND: dict[str, Any] = {"outcome": "score", "seed": 7}
ALL = {
    "usual": rm.Gaussian(programme=9, people=1, drift=0.4),
    "better": rm.Gaussian(programme=9, people=1, drift=0.7),
    "more": rm.Gaussian(programme=14, people=1, drift=0.4),
}


def policies(analysis: Any = rm.pre_post, **given: Any) -> pd.DataFrame:
    """Three scenarios, the base in their middle; ten batches."""
    options: dict[str, Any] = {"base": "better", "replicates": 500}
    return rm.policies(ALL, analysis, **{**BY_HAND, **options, **given}).to_frame()


def one_by_one(analysis: Any = quick, **given: Any) -> pd.DataFrame:
    """Three scenarios, an analysis that takes time; three batches of two tasks each."""
    module: Any = import_module("rmresearch.whatif.policies")
    planned: Any = import_module("rmresearch.whatif.plan")
    with (
        patch.object(module, "BATCH", 5),
        patch.object(module, "BATCHES", 3),
        patch.object(planned, "ONE_BY_ONE", 3),
    ):
        return policies(analysis, **{"replicates": 15, **given})


def required(**given: Any) -> pd.DataFrame:
    """The five sizes that an answer rests on."""
    return rm.required(
        ALL["usual"], rm.pre_post, **{**BY_HAND, "replicates": 200, **given}
    ).to_frame()


def budget(**given: Any) -> pd.DataFrame:
    """Three budgets for pairs of two waves."""
    options: dict[str, Any] = {"budgets": [9_000, 12_000, 18_000], "per_pair": 700, "per_wave": 50,
                               "fixed": 1_000, "replicates": 200}  # fmt: skip
    return rm.budget(ALL["usual"], rm.pre_post, **{**BY_HAND, **options, **given}).to_frame()


DECISIONS: Mapping[str, Callable[..., pd.DataFrame]] = {
    "policies": policies,
    "one by one": one_by_one,
    "required": required,
    "budget": budget,
}

if __name__ == "__main__":
    from whatif import decided  # by the name that the tests know it by

    decided.DECISIONS[sys.argv[1]](out=sys.argv[2], say=partial(print, flush=True))
