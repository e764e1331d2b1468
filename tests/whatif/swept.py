"""A sweep for the tests of its store and workers; as a program it takes FOLDER and WORKERS."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import Any

import rmresearch as rm
from rmresearch.errors import FitError
from rmresearch.result import Result
from rmresearch.world.gaussian import Gaussian

#: pairs in a design that an analysis cannot take
LARGE = 40
GRID = {"few": Gaussian(programme=6, comparison=6), "more": Gaussian(programme=9, comparison=7)}


def study_by_study(study: rm.Study, outcome: str) -> Result:
    """The shipped change, which a sweep does not recognise; one cohort in eight has no answer."""
    if study.measures["value"].iloc[0] > 1.15:
        raise FitError("no answer today.")
    time.sleep(0.002)
    return rm.pre_post(study, outcome)


def deadly(study: rm.Study, outcome: str) -> Result:
    """Kills its worker on the larger design, but not in the trial of the first cohorts."""
    if len(study.pairs) > LARGE and os.environ.get("DEADLY"):
        os._exit(9)
    return rm.pre_post(study, outcome)


def doomed(study: rm.Study, outcome: str) -> Result:
    """Kills its worker on the larger design, whatever the environment says."""
    if len(study.pairs) > LARGE:
        os._exit(9)
    return rm.pre_post(study, outcome)


def wrong(study: rm.Study, outcome: str) -> Result:
    """Cannot go on with the larger design once a first score is high."""
    if len(study.pairs) > LARGE and study.measures["value"].iloc[0] > 1.5:
        raise KeyError("what nobody foresaw")
    return rm.pre_post(study, outcome)


def run(analysis: Any = study_by_study, **given: Any) -> rm.Sweep:
    """60 replicates of two designs: three tasks each, of at most 25."""
    options = {"outcome": "score", "replicates": 60, "seed": 11}
    return rm.sweep(GRID, {"asked": analysis}, **{**options, **given})


if __name__ == "__main__":
    from whatif import swept  # by the name that the tests know it by

    told = partial(print, flush=True)
    swept.run(keep=True, out=sys.argv[1], workers=int(sys.argv[2]), say=told)
