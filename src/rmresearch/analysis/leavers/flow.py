"""Who was assigned, started, answered and is analysed, by arm; and what was lost on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People, cell, label
from rmresearch.analysis.base.pairs import Pairs
from rmresearch.result import Cell
from rmresearch.study import Outcome, Study, Wave

__all__ = ["FLOW", "Course", "arms_of", "course", "flow"]

FLOW = ("role", "arm", "stage", "wave", "people", "clusters", "share of assigned")
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The people of one role along the way; arrays run over them.

    ``scores`` by wave (NaN: no answer), for the waves with answers; ``analysed`` by follow-up
    wave: answered it, answered before (where anybody did), and had not crossed over by then.
    """

    people: People
    baseline: str
    scores: Mapping[str, Floats]
    analysed: Mapping[str, Flags]

    @property
    def before(self) -> Floats | None:
        """Baseline scores; None where nobody answered before the start."""
        return self.scores.get(self.baseline)


def course(study: Study, outcome: Outcome, group: People) -> Course:
    """The way of one role through an outcome's waves."""
    wide, baseline = study.wide(outcome).reindex(pd.Index(group.ids)), study.design.baseline
    scores = {wave.name: wide[wave.name].to_numpy(float) for wave in study.design.waves}
    scores = {name: values for name, values in scores.items() if np.isfinite(values).any()}
    before = scores.get(baseline.name)
    analysed = {}
    for wave in study.design.waves:
        if wave.name == baseline.name or wave.name not in scores:
            continue
        kept = np.isfinite(scores[wave.name]) & ~base.crossed_over(study, group, wave)
        analysed[wave.name] = kept if before is None else kept & np.isfinite(before)
    return Course(group, baseline.name, scores, analysed)


def arms_of(study: Study, group: People) -> Iterator[tuple[str, Flags]]:
    """Each declared arm and who is in it; everybody where no arm is declared."""
    if not study.design.arms:
        yield "", np.ones(len(group), bool)
        return
    for arm in study.design.arms:
        yield arm.name, group.arm == arm.name


def flow(
    study: Study, way: Course, everyone: Pairs, waves: tuple[Wave, ...]
) -> list[tuple[Cell, ...]]:
    """The rows of one role: each stage by arm, in people and clusters."""
    group = way.people
    in_a_pair = everyone.take(everyone.started).behind().members
    started = np.fromiter((person in in_a_pair for person in group.ids), bool, len(group))
    rows = []
    for arm, inside in arms_of(study, group):
        paired = bool((everyone.arm == arm).any()) if arm else bool(len(everyone))
        stages = [("assigned", "", inside)]
        stages += [("started", "", inside & started)] if paired else []
        if way.before is not None:
            stages.append(("answered", way.baseline, inside & np.isfinite(way.before)))
        for wave in waves:
            stages.append(("answered", wave.name, inside & np.isfinite(way.scores[wave.name])))
            stages.append(("analysed", wave.name, inside & way.analysed[wave.name]))
        everybody = group.take(inside).behind()
        rows += [
            _stage((group.role, arm, stage, name), group.take(flags).behind(), everybody)
            for stage, name, flags in stages
        ]
    return rows


def _stage(names: tuple[str, ...], behind: base.Behind, everybody: base.Behind) -> tuple[Cell, ...]:
    share = behind.n_people / everybody.n_people if everybody.n_people else None
    return (
        *(label(name) for name in names),
        cell(behind.n_people, "administrative", behind),
        cell(behind.n_clusters, "administrative", behind),
        cell(share, "proportion", everybody, numerator=behind.n_people),
    )
