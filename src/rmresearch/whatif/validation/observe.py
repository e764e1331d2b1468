"""Draw cohorts of a world, ask the methods, and keep what each said beside what is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis.arms import batch as arms
from rmresearch.analysis.arms import compare_arms, tempting
from rmresearch.analysis.base.batch import Estimates, Kernel
from rmresearch.analysis.change import batch as change
from rmresearch.analysis.mixed import mixed_model
from rmresearch.analysis.scales import reliability
from rmresearch.errors import FitError, StudyError
from rmresearch.result import Result
from rmresearch.study import Outcome, Study
from rmresearch.whatif.source import Cohorts, source
from rmresearch.whatif.tally import Key
from rmresearch.whatif.validation.worlds import World
from rmresearch.world.truth import TruthRow

__all__ = ["METHODS", "Answers", "Method", "Seen", "observe"]

Array = NDArray[np.float64]

#: cohorts drawn together; belongs to the seed: another number would draw others
BLOCK = 250


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one estimate was over replicates, NaN where there was none."""

    value: Array
    se: Array
    low: Array
    high: Array
    p: Array


Found = Mapping[Key, Answers]
Ask = Callable[[Cohorts, Outcome, int], Found]


@dataclass(frozen=True, slots=True)
class Method:
    """How a method answers cohorts of one outcome, and in how many it is asked."""

    answer: Ask
    replicates: int


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What methods said of one outcome of a world, by method and key, and the truths by key."""

    world: World
    outcome: str
    answers: Mapping[str, Found]
    truths: Mapping[Key, TruthRow]


def on_arrays(kernel: Kernel) -> Ask:
    """A method by its kernel; what that leaves to the analysis counts as no answer."""

    def answer(cohorts: Cohorts, outcome: Outcome, replicates: int) -> Found:
        panel = cohorts.panel(outcome)
        if panel is None:
            return {}
        found, clear = kernel.answer(panel, {})
        return {one.key: _of(one.placed(clear)) for one in found}

    return answer


def on_studies(
    function: Callable[[Study, str], Result],
) -> Callable[[Cohorts, Outcome, int], Found]:
    """A method by its function, one study after another; a refusal counts as no answer."""

    def answer(cohorts: Cohorts, outcome: Outcome, replicates: int) -> Found:
        found: dict[Key, Answers] = {}
        for r in range(replicates):
            try:
                result = function(cohorts.study(r), outcome.name)
            except (FitError, StudyError):
                continue
            for one in result.estimates:
                into = found.setdefault(one.key, _nothing(replicates))
                for name in NAMES:
                    number = getattr(one, name)
                    getattr(into, name)[r] = np.nan if number is None else number
        return found

    return answer


#: studies that a method without a kernel is asked in
SLOW = 100
#: a method joins by a line here and its cells in `cells.CELLS`
METHODS: Mapping[str, Method] = {
    "compare_arms": Method(on_arrays(arms.KERNEL), 2_000),
    "beside": Method(on_arrays(tempting.KERNEL), 2_000),
    "pre_post": Method(on_arrays(change.KERNEL), 2_000),
    "compare_arms, study by study": Method(on_studies(compare_arms), SLOW),
    "mixed_model": Method(on_studies(mixed_model), SLOW),
    "reliability": Method(on_studies(reliability), SLOW),
}
NAMES = tuple(one.name for one in fields(Answers))


def observe(
    where: World,
    outcome: str,
    methods: Mapping[str, Method],
    *,
    seed: int,
    share: float = 1.0,
) -> Seen:
    """Ask the methods about one outcome; ``share`` of each one's replicates (quick versions).

    Cohort r is the same for every method and outcome of a world.
    """
    drawn = source(where.scenario)
    codebook = drawn.design.outcome(outcome)
    wanted = {name: max(1, round(share * one.replicates)) for name, one in methods.items()}
    answers: dict[str, list[tuple[Found, int]]] = {name: [] for name in methods}
    truths: list[list[TruthRow]] = []
    for block, first in enumerate(range(0, max(wanted.values()), BLOCK)):
        stream = np.random.SeedSequence(seed, spawn_key=(block,))
        size = min(BLOCK, max(wanted.values()) - first)
        cohorts = drawn.cohorts(size, stream)
        truths.append([row for row in cohorts.truths() if row.outcome == outcome])
        for name, one in methods.items():
            count = min(size, wanted[name] - first)
            if count > 0:
                part = cohorts if count == size else drawn.cohorts(count, stream)
                answers[name].append((one.answer(part, codebook, count), count))
    return Seen(
        where,
        outcome,
        {name: _joined(parts) for name, parts in answers.items()},
        {rows[0].key: _joined_truth(rows) for rows in zip(*truths, strict=True)},
    )


def _of(one: Estimates) -> Answers:
    return Answers(*(getattr(one, name) for name in NAMES))


def _nothing(replicates: int) -> Answers:
    return Answers(*(np.full(replicates, np.nan) for _ in NAMES))


def _joined(parts: list[tuple[Found, int]]) -> Found:
    keys = dict.fromkeys(key for found, _ in parts for key in found)
    whole = {}
    for key in keys:
        each = [found.get(key) or _nothing(count) for found, count in parts]
        whole[key] = Answers(*(np.concatenate([getattr(a, name) for a in each]) for name in NAMES))
    return whole


def _joined_truth(rows: tuple[TruthRow, ...]) -> TruthRow:
    names = ("latent", "as_reported", "latent_sd", "people")
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(row, name) for row in rows]) for name in names
    }
    return replace(rows[0], **joined)
