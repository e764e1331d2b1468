"""A study's contrast as its analysis on arrays takes it, held to the study's own estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.arms import batch as arms_batch
from rmresearch.analysis.base import Codes, People
from rmresearch.analysis.base.batch import Array, Estimates, Flags, Kernel, Panel
from rmresearch.analysis.base.covariates import covariates
from rmresearch.analysis.base.items import item_scores
from rmresearch.analysis.change import batch as change_batch
from rmresearch.analysis.mixed.by_pair import scores as by_pair
from rmresearch.errors import StudyError
from rmresearch.result import Estimate, Result
from rmresearch.study import Study, Wave

__all__ = ["Posed", "posed"]

#: analyses that the arrays can answer, by the name in a result's call
KERNELS: Mapping[str, Kernel] = {
    "compare_arms": arms_batch.KERNEL,
    "pre_post": change_batch.KERNEL,
}
#: the arrays give a study's own estimate to rounding, or they are another analysis
SAME = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """One contrast of one study: ``panel`` holds its own scores as the only replicate.

    ``answers`` (person, wave, item) are the items, reversed where declared, NaN where the score
    does not count; ``key`` names the contrast among what ``kernel`` gives with ``options``.
    """

    panel: Panel
    answers: Array
    kernel: Kernel
    options: Mapping[str, Any]
    key: tuple[str, ...]

    @property
    def scores(self) -> Array:
        """The study's scores, (person, wave)."""
        return np.asarray(self.panel.scores[0])

    @property
    def changes(self) -> bool:
        """Whether one group's change is asked for, not a difference between arms."""
        return self.kernel is KERNELS["pre_post"]

    def of(self, keep: Flags) -> Posed:
        """The people flagged; clusters are numbered anew."""
        panel = self.panel
        part = replace(
            panel,
            scores=panel.scores[:, keep],
            arm=panel.arm[:, keep],
            cluster=_coded(panel.cluster[keep]),
            stratum=None if panel.stratum is None else _coded(panel.stratum[keep]),
            beside=None if panel.beside is None else panel.beside[keep],
        )
        return replace(self, panel=part, answers=self.answers[keep])

    def asked(self, scores: Array) -> Estimates | None:
        """The contrast of many cohorts, (replicate, person, wave); None where none is given."""
        arm = np.broadcast_to(self.panel.arm[0], scores.shape[:2])
        panel, options = (
            replace(self.panel, scores=scores, arm=arm),
            {**self.options, "only": self.key},
        )
        found, clear = self.kernel.answer(panel, options)
        own = next((one for one in found if one.key == self.key), None)
        return None if own is None else own.placed(clear)


def posed(study: Study, result: Result, record: Estimate) -> Posed:
    """The contrast ``record`` of ``result`` on arrays.

    Raises ``StudyError`` where no array route answers it, or where the arrays do not give the
    study's own estimate: what was simulated would be another analysis.
    """
    function = result.call.function
    kernel = KERNELS.get(function)
    if kernel is None or not study.design.linked:
        how = f"{function} has none" if kernel is None else "answers carry no person ids"
        raise StudyError(f"there is no way to re-simulate this contrast on arrays: {how}.")
    waves, told = _waves(study, result, record), dict(result.call.arguments)
    declared = [name for name in told.get("covariates", "").split(", ") if name]
    panel, group = _panel(study, function, record, waves, declared)
    options: dict[str, Any] = {"level": record.level}
    if function == "compare_arms":
        options["slope"] = told.get("slope") != "False"
    outcome, counts = panel.outcome, np.isfinite(panel.scores[0])
    answers = np.stack([item_scores(study, outcome, wave, group) for wave in waves], axis=1)
    made = Posed(panel, np.where(counts[..., None], answers, np.nan), kernel, options, record.key)
    _same(made, record)
    return made


def _waves(study: Study, result: Result, record: Estimate) -> tuple[Wave, ...]:
    """The wave before, then those whose answers enter the estimate."""
    design = study.design
    if result.call.function == "pre_post":
        before = record.contrast.removeprefix(f"{record.wave} - ")
        return design.wave(before), design.wave(record.wave)
    told = {
        one.wave
        for one in result.estimates
        if one.term == "" and (one.role, one.outcome) == (record.role, record.outcome)
    }
    later = (wave for wave in design.waves if wave.name in told)
    return (design.baseline, *later)


def _panel(
    study: Study,
    function: str,
    record: Estimate,
    waves: tuple[Wave, ...],
    declared: Sequence[str],
) -> tuple[Panel, People]:
    """The people of the contrast who have a score at some wave that counts, and covariates."""
    design, outcome = study.design, study.design.outcome(record.outcome)
    group = base.people(study, record.role)
    if function == "pre_post":
        arms = tuple(arm for arm in design.arms if arm.name == record.group)
    else:
        first = design.comparison
        arms = tuple(a for a in design.arms if a.programme or a is first)
    names = [arm.name for arm in arms]
    if design.arms:
        group = group.take(np.isin(group.arm.astype(str), names))
    if by_pair(study, outcome, group, waves).partner is not None:
        raise StudyError(
            "answers are given for each pair of a person, so scores have no one correlation to "
            "simulate."
        )
    wide = study.wide(outcome)
    scores = np.column_stack([group.values(wide[wave.name]) for wave in waves])
    if function == "compare_arms":
        gone = np.column_stack([base.crossed_over(study, group, wave) for wave in waves])
        scores = np.where(gone, np.nan, scores)
    extra = covariates(study, group, declared)[: len(declared)]
    known = [one.known for one in extra]
    keep = np.asarray(np.all([np.isfinite(scores).any(axis=1), *known], axis=0))
    columns = [column.values for one in extra for column in one.columns(keep)]
    group, scores = group.take(keep), scores[keep]
    arm = pd.Index(names).get_indexer(pd.Index(group.arm)) if names else np.zeros(len(group), int)
    panel = Panel(
        design=replace(design, arms=arms, waves=waves),
        outcome=outcome,
        scores=scores[None],
        arm=np.asarray(arm, np.int64)[None],
        cluster=_coded(group.cluster),
        stratum=_coded(group.stratum) if (group.stratum != "").any() else None,
        beside=np.column_stack(columns) if columns else None,
    )
    return panel, group


def _coded(values: NDArray[Any]) -> Codes:
    return np.asarray(pd.factorize(values)[0], np.int64)


def _same(made: Posed, record: Estimate) -> None:
    found = made.asked(made.panel.scores)
    given = None if found is None else (found.value[0], found.se[0])
    wanted = (record.value, record.se)
    if given is None or None in wanted or not np.allclose(given, wanted, rtol=SAME, atol=SAME):  # type: ignore[arg-type]
        raise StudyError(
            "the way to analyse many studies at once does not give this study's own estimate "
            "(an arm that few answered in does that, or a covariate of which a level is absent at "
            "some wave), so nothing it would say about other studies holds for this one."
        )
