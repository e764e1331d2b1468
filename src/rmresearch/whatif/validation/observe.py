"""Draw cohorts of a world, ask the methods, and keep what each said beside what is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis.arms import batch as arms
from rmresearch.analysis.arms import compare_arms, tempting
from rmresearch.analysis.base import call
from rmresearch.analysis.base.batch import Estimates, Kernel
from rmresearch.analysis.change import batch as change
from rmresearch.analysis.dyads import dyadic
from rmresearch.analysis.equivalence import equivalence
from rmresearch.analysis.match import match_quality
from rmresearch.analysis.means import wave_means
from rmresearch.analysis.meetings import engagement
from rmresearch.analysis.mixed import mixed_model
from rmresearch.analysis.reactions import reaction
from rmresearch.analysis.scales import reliability
from rmresearch.analysis.subgroups import subgroups
from rmresearch.analysis.workforce import workforce_outcomes
from rmresearch.errors import FitError, StudyError
from rmresearch.result import KEY, Estimate, Result
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


NAMES = tuple(one.name for one in fields(Answers))
Found = Mapping[Key, Answers]
OnArrays = Callable[[Cohorts, Outcome, int], Found]
OnStudies = Callable[[Study, str], Result]


@dataclass(frozen=True, slots=True)
class Method:
    """How a method answers cohorts of one outcome, and in how many it is asked.

    Either all cohorts at once, ``on_arrays``, or one after another, ``on_studies``.
    """

    replicates: int
    on_arrays: OnArrays | None = None
    on_studies: OnStudies | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What methods said of one outcome of a world, by method and key, and the truths by key."""

    world: World
    outcome: str
    answers: Mapping[str, Found]
    truths: Mapping[Key, TruthRow]


def by_kernel(kernel: Kernel) -> OnArrays:
    """A method by its kernel; what that leaves to the analysis counts as no answer."""

    def answer(cohorts: Cohorts, outcome: Outcome, replicates: int) -> Found:
        panel = cohorts.panel(outcome)
        if panel is None:
            return {}
        found, clear = kernel.answer(panel, {})
        return {one.key: _of(one.placed(clear)) for one in found}

    return answer


def at_the_margin(cohorts: Cohorts, outcome: Outcome, replicates: int) -> Found:
    """`equivalence` of `compare_arms`, the true effect being the smallest that matters.

    The records are the kernel's; only their size against the margin is asked, so no interval.
    """
    panel = cohorts.panel(outcome)
    if panel is None:
        return {}
    study = cohorts.study(0)
    key = ("", study.design.waves[-1].name, "")
    found, clear = arms.KERNEL.answer(panel, {})
    record = next(one for one in found if (one.key[4], one.key[2], one.key[6]) == key)
    truths = {row.key: row for row in cohorts.truths()}
    margin = float(np.mean(truths[record.key].as_reported))
    about: dict[str, Any] = dict(zip(KEY, record.key, strict=True))
    arrays = {name: getattr(record, name).tolist() for name in (*NAMES, "df")}
    records = tuple(
        Estimate(**about, **{name: values[r] for name, values in arrays.items()})
        for r in range(len(record.value))
    )
    of = Result(call=call("compare_arms", study, outcome.name), estimates=records)
    tested = equivalence(study, outcome, of=of, smallest_effect=margin).estimates[::2]
    into = _nothing(len(clear))
    into.value[clear] = record.value
    into.p[clear] = [np.nan if one.p is None else one.p for one in tested]
    return {tested[0].key: into}


def _relation(study: Study, outcome: str) -> Result:
    """`match_quality` with as many arrangements as a test's size needs."""
    return match_quality(study, outcome, draws=199)


def _couples(study: Study, outcome: str) -> Result:
    """`dyadic`, of seniors' outcome and juniors' confidence."""
    return dyadic(study, outcome, "leadership_confidence")


def _by_interests(study: Study, outcome: str) -> Result:
    """`subgroups` by a trait that is measured as a number."""
    return subgroups(study, outcome, by="interests")


def _before(study: Study, outcome: str) -> Result:
    """`reliability` before the start."""
    return reliability(study, outcome, wave=study.design.baseline.name)


def _last(function: Callable[..., Result], name: str) -> OnStudies:
    """A method that is asked about the last wave only, named in the argument ``name``."""
    return lambda study, outcome: function(study, outcome, **{name: study.design.waves[-1].name})


#: studies that a method without a kernel is asked in
SLOW = 500
#: a method joins by a line here and its cells in `cells.CELLS`
METHODS: Mapping[str, Method] = {
    "compare_arms": Method(2_000, by_kernel(arms.KERNEL)),
    "beside": Method(2_000, by_kernel(tempting.KERNEL)),
    "pre_post": Method(2_000, by_kernel(change.KERNEL)),
    "equivalence": Method(2_000, at_the_margin),
    "compare_arms, study by study": Method(
        SLOW, on_studies=lambda study, outcome: compare_arms(study, outcome, rerandomise=False)
    ),
    "mixed_model": Method(SLOW, on_studies=mixed_model),
    "wave_means": Method(SLOW, on_studies=wave_means),
    "reliability": Method(SLOW, on_studies=_before),
    "reaction": Method(SLOW, on_studies=_last(reaction, "wave")),
    "workforce_outcomes": Method(SLOW, on_studies=_last(workforce_outcomes, "waves")),
    "subgroups": Method(SLOW, on_studies=_by_interests),
    "match_quality": Method(SLOW, on_studies=_relation),
    "dyadic": Method(SLOW, on_studies=_couples),
    "engagement": Method(SLOW, on_studies=engagement),
}


def observe(
    where: World,
    asked: Mapping[str, Mapping[str, Method]],
    *,
    seed: int,
    share: float = 1.0,
) -> dict[str, Seen]:
    """Ask methods about outcomes (methods by name, by outcome); ``share`` of their replicates.

    Cohort r is the same for every method and outcome of a world, and is made a study once.
    """
    drawn = source(where.scenario)
    every = [(outcome, name) for outcome, methods in asked.items() for name in methods]
    wanted = {
        (outcome, name): max(1, round(share * asked[outcome][name].replicates))
        for outcome, name in every
    }
    answers: dict[tuple[str, str], list[tuple[Found, int]]] = {one: [] for one in every}
    truths: list[tuple[TruthRow, ...]] = []
    most = max(wanted.values())
    for block, first in enumerate(range(0, most, BLOCK)):
        stream = np.random.SeedSequence(seed, spawn_key=(block,))
        size = min(BLOCK, most - first)
        cohorts = drawn.cohorts(size, stream)
        truths.append(cohorts.truths())
        counts = {one: min(size, wanted[one] - first) for one in every if wanted[one] > first}
        studied: dict[tuple[str, str], tuple[OnStudies, int]] = {}
        for (outcome, name), count in counts.items():
            method = asked[outcome][name]
            if method.on_studies is not None:
                studied[outcome, name] = (method.on_studies, count)
            elif method.on_arrays is not None:
                part = cohorts if count == size else drawn.cohorts(count, stream)
                found = method.on_arrays(part, drawn.design.outcome(outcome), count)
                answers[outcome, name].append((found, count))
        for one, found in _studied(cohorts, studied).items():
            answers[one].append((found, counts[one]))
    joined = [_joined_truth(rows) for rows in zip(*truths, strict=True)]
    return {
        outcome: Seen(
            where,
            outcome,
            {name: _joined(answers[outcome, name]) for name in methods},
            {row.key: row for row in joined if row.outcome == outcome},
        )
        for outcome, methods in asked.items()
    }


def _studied(
    cohorts: Cohorts, asked: Mapping[tuple[str, str], tuple[OnStudies, int]]
) -> dict[tuple[str, str], Found]:
    """One study after another, each asked all it is asked; a refusal counts as no answer."""
    found: dict[tuple[str, str], dict[Key, Answers]] = {one: {} for one in asked}
    for r in range(max((count for _, count in asked.values()), default=0)):
        study = cohorts.study(r)
        for one, (function, count) in asked.items():
            if r >= count:
                continue
            try:
                result = function(study, one[0])
            except (FitError, StudyError):
                continue
            for estimate in result.estimates:
                into = found[one].setdefault(estimate.key, _nothing(count))
                for name in NAMES:
                    number = getattr(estimate, name)
                    getattr(into, name)[r] = np.nan if number is None else number
    return dict(found)


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
