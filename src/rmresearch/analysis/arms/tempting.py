"""What stands beside the record of `compare_arms`, by itself: other ways to compare the arms.

Some are tempting and wrong. Here they can be asked alone, and of many studies at once, so that how
wrong they are can be seen (docs/validation.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rmresearch.analysis.arms import compare_arms
from rmresearch.analysis.arms.batch import (
    comparison_place,
    posed,
    present_at,
    programme_places,
    refuse,
    well_posed,
)
from rmresearch.analysis.arms.contrast import COMPLETERS
from rmresearch.analysis.base import AS_ASSIGNED
from rmresearch.analysis.base.batch import (
    Array,
    Estimates,
    Flags,
    Kernel,
    Panel,
    estimates,
    footings,
)
from rmresearch.numerics.robust import fit
from rmresearch.result import Result
from rmresearch.study import Outcome, Study

__all__ = ["KERNEL", "TERMS", "beside_record"]

#: terms of `compare_arms` that are given here
TERMS = ("ancova", "post-only", "change-score", "difference-in-differences", "completers")


def beside_record(study: Study, outcome: str | Outcome, *, level: float = 0.95) -> Result:
    """What do other ways to compare the arms say, each from one wave by itself?

    Of `compare_arms`, the ``TERMS`` only. ``level`` is the intervals' level in 0..1. Raises what
    `compare_arms` raises.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> sorted({one.term for one in beside_record(study, "digital_skill").estimates})
    ['ancova', 'change-score', 'completers', 'post-only']
    """
    whole = compare_arms(study, outcome, level=level, rerandomise=False)
    # One follow-up, or arms not randomised: the record is this very analysis.
    named = {one.term for one in whole.estimates}
    kept = [one for one in whole.estimates if one.term in TERMS]
    if "ancova" not in named:
        kept += [replace(one, term="ancova") for one in whole.estimates if one.term == ""]
    return replace(whole, estimates=tuple(kept))


def answer(panel: Panel, options: Mapping[str, Any]) -> tuple[list[Estimates], Flags]:
    """The terms of each arm at each follow-up, and which replicates it has answered.

    As the record's kernel: a replicate with a column too few, be it among the completers only, is
    left to the analysis.
    """
    columns, clear = posed(panel)
    if panel.ran is not None:
        for place, (x, _) in columns.items():
            for arm in programme_places(panel):
                kept, some = _completers(panel, panel.ran, place, arm)
                clear &= ~some | well_posed(panel, x * kept[..., None], kept)
    if not clear.any():
        return [], clear
    inside, level = panel.take(clear), float(options.get("level", 0.95))
    found = []
    for place, (x, y) in columns.items():
        for arm in programme_places(panel):
            found += list(_beside(inside, x[clear], y[clear], place, arm, level))
    return found, clear


def _beside(
    panel: Panel, x: Array, y: Array, place: int, arm: int, level: float
) -> Iterator[Estimates]:
    """ANCOVA, post-only, change score and completers of one arm at one wave."""
    there = present_at(panel, place)
    before = 1 + len(programme_places(panel))
    without = np.delete(x, before, axis=-1)
    change = "change-score" if panel.design.randomised else "difference-in-differences"
    for term, columns, outcome in (
        ("ancova", x, y),
        ("post-only", without, y),
        (change, without, y - x[..., before]),
    ):
        yield _one(panel, columns, outcome, there, (place, arm, term, AS_ASSIGNED), level)
    if panel.ran is None:
        return
    kept, some = _completers(panel, panel.ran, place, arm)
    if some.any():
        x, y, kept = x[some], y[some], kept[some]
        key = (place, arm, "completers", COMPLETERS)
        found = _one(panel.take(some), x * kept[..., None], y * kept, kept, key, level)
        yield found.placed(some)


def _completers(panel: Panel, ran: Flags, place: int, arm: int) -> tuple[Flags, Flags]:
    """The comparison and whose pairs ran as planned, and the replicates where that leaves some out.

    Where everybody's pair ran, or hardly anybody's, there is nothing to leave out.
    """
    there, member = present_at(panel, place), panel.arm == arm
    kept = there & (ran | ~member)
    return kept, ((kept & member).sum(axis=-1) >= 2) & (kept != there).any(axis=-1)


def _one(
    panel: Panel,
    x: Array,
    y: Array,
    there: Flags,
    what: tuple[int, int, str, str],
    level: float,
) -> Estimates:
    """One contrast by least squares, CR2; ``what``: wave, arm, term, estimand."""
    place, arm, term, estimand = what
    comparison = comparison_place(panel)
    names = [panel.design.arms[one].name for one in (arm, comparison)]
    key = (panel.outcome.role, panel.outcome.name, panel.design.waves[place].name,
           " - ".join(names), "", estimand, term)  # fmt: skip
    weights = np.zeros(x.shape[-1])
    weights[1 + programme_places(panel).index(arm)] = 1.0
    sides = [panel.arm == side for side in (arm, comparison)]
    ground = footings(there & (sides[0] | sides[1]), panel.cluster, sides)
    return estimates(key, level, fit(y, x, panel.cluster).contrast(weights), ground)


#: `beside_record` on arrays
KERNEL = Kernel(answer, refuse, frozenset({"level"}))
