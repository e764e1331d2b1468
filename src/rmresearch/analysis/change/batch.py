"""`pre_post` on arrays: the estimate of record of every cohort at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis.base.batch import (
    RECORD,
    Array,
    Estimates,
    Flags,
    Kernel,
    Panel,
    asked_twice,
    estimates,
    footings,
)
from rmresearch.analysis.change.linked import BOTH
from rmresearch.errors import StudyError
from rmresearch.numerics.robust import fit
from rmresearch.study import Design, Outcome

__all__ = ["KERNEL"]

#: options of `pre_post` that the arrays answer too
OPTIONS = frozenset({"level"})


def refuse(design: Design, outcome: Outcome) -> None:
    """Raise ``StudyError`` where no cohort of this design could be asked."""
    if not asked_twice(design, outcome):
        raise StudyError(
            f"{outcome.name} is not asked in the same way before and after, so it has no change "
            f"to look at."
        )


def answer(panel: Panel, options: Mapping[str, Any]) -> tuple[list[Estimates], Flags]:
    """Mean change to the last wave, arm by arm; and which replicates it has answered.

    A replicate in which fewer than two people of an arm, or of one cluster only, answered both
    waves is left to `pre_post`.
    """
    change = panel.scores[..., -1] - panel.scores[..., 0]
    known = np.isfinite(change)
    parts = [(name, known & inside) for name, inside in _groups(panel)]
    clear = np.all([_enough(there, panel.cluster) for _, there in parts], axis=0)
    if not clear.any():
        return [], clear
    level = float(options.get("level", 0.95))
    names = [wave.name for wave in panel.design.waves]
    found = []
    for arm, there in parts:
        shown = there[clear]
        key = (panel.outcome.role, panel.outcome.name, names[-1], f"{names[-1]} - {names[0]}",
               arm, BOTH, "")  # fmt: skip
        ground = footings(shown, panel.cluster, [shown])
        found.append(estimates(key, level, _mean(change[clear], shown, panel.cluster), ground))
    return found, clear


def _groups(panel: Panel) -> Iterator[tuple[str, Flags]]:
    arms = panel.design.arms
    if not arms:
        yield "", np.ones(panel.arm.shape, bool)
    for place, arm in enumerate(arms):
        yield arm.name, panel.arm == place


def _enough(there: Flags, cluster: NDArray[np.int64]) -> Flags:
    """Replicates with people in two clusters at least."""
    lowest = np.where(there, cluster, cluster.max()).min(axis=-1)
    highest = np.where(there, cluster, cluster.min()).max(axis=-1)
    return np.asarray(lowest < highest)


def _mean(change: Array, there: Flags, cluster: NDArray[np.int64]) -> Any:
    """The mean over those there: a row of zeros adds nothing to CR2 or its df."""
    y = np.where(there, change, 0.0)
    return fit(y, there[..., None].astype(float), cluster, names=["change"]).contrast([1.0])


#: `pre_post` on arrays
KERNEL = Kernel(answer, refuse, OPTIONS, terms=RECORD)
