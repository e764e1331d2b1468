"""The calibration receipt: does the arithmetic of the primary contrast hold in a study like this?

The study is drawn again and again as its own shape: the same people, clusters, arms, strata and
waves, the same answers missing (who answers hangs on nothing), as many items with the same codes
and means, and the correlation of two scores of a cluster at its estimate and at both 80% limits.
In every second one the programme adds the smallest effect that matters from the first follow-up
on, in the others nothing differs. The shipped analysis on arrays answers each, after it has given
the study's own estimate from the study's own scores. Courses of people run parallel, and items of
one score are alike but for their means. It checks the arithmetic, not bias: nobody here leaves for
a reason or flatters themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from scipy import stats

from rmresearch.analysis import base
from rmresearch.analysis.base.batch import Array
from rmresearch.errors import StudyError
from rmresearch.numerics import lmm
from rmresearch.numerics.shares import shares
from rmresearch.result import Cell, Check, Estimate, Result, Table
from rmresearch.study import Study
from rmresearch.whatif.identity import plain
from rmresearch.whatif.receipt.drawn import Counted, Trial, counted
from rmresearch.whatif.receipt.posed import Posed, posed
from rmresearch.whatif.receipt.worlds import Levels, world

__all__ = ["HELD", "SIZE", "Receipt", "prepare", "receipt"]

#: methods.md: what a sound 95% interval's coverage and false-positive rate may be
COVERAGE, FALSE = (0.94, 0.965), (0.035, 0.055)
#: at most so many studies of a world, and so many item values
STUDIES, VALUES = 20_000, 6_000_000
#: scores of a world that are affordable, some five seconds of one core for three: of arms compared
#: wave by wave, and in the model of all waves, where a fit costs as much as so many scores
COMPARED, TOGETHER, FIT = 2_800_000, 1_600_000, 70
#: fewer studies tell little: then a part of the clusters is drawn, so many at the least, in a share
#: of the time, as large studies take long enough
ENOUGH, CLUSTERS, LARGE = 500, 100, 0.25
LIMITS, LEVEL, SURE = 0.80, 0.95, 0.999
HELD, SIZE = "simulated coverage", "simulated false positives"
COLUMNS = (
    "correlation", "value", "people", "share of people", "studies", "coverage", "coverage error",
    "false positives", "false positives error", "detectable",
)  # fmt: skip
NOTE = "It checks the arithmetic, not bias."


def receipt(
    study: Study,
    of: Result,
    record: Estimate,
    *,
    studies: int | None = None,
    seed: int = 20_240_901,
) -> Result:
    """Does the interval of a contrast do what it says, in studies of this one's shape?

    ``record`` is an estimate of record of ``of``, the result of ``compare_arms`` or ``pre_post``
    at the level .95. ``studies`` is how many are drawn at each of three correlations, every second
    one with the smallest effect that matters, the others without a difference (all, where none is
    declared). Default: 20,000, or as many as hold 6,000,000 item values; fewer where they would
    take too long, and where so few are left that they tell little, of every second, third, ...
    cluster only: "people" says of how many. ``seed`` starts the draws.

    One table, "receipt": the correlation of two scores of a cluster, and the shares of intervals
    that hold the true difference and of those that claim one where none is, each with its Monte
    Carlo error, and the difference found with a power of 80% (in points; none for a part). A check
    fails where the worst share, by its 99.9% Monte Carlo interval, is none that a sound 95%
    interval could have.

    Raises ``StudyError`` where no interval is given, or the contrast, its answers or their
    correlation cannot be re-simulated.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> result = rm.compare_arms(study, "digital_skill")
    >>> found = receipt(study, result, result.estimates[0], studies=20)
    >>> [row[0].value for row in found.table("receipt").rows]
    ['lower limit', 'estimate', 'upper limit']
    """
    asked = prepare(study, of, record, studies=studies, seed=seed)
    return asked.result(lambda: [asked.trial.sums(part) for part in range(asked.trial.blocks)])


@dataclass(frozen=True, slots=True, eq=False)
class Receipt:
    """A receipt before its studies are drawn: ``trial`` says what, part by part."""

    study: Study
    record: Estimate
    people: tuple[int, int]
    correlations: Mapping[str, float]
    trial: Trial

    def result(self, parts: Callable[[], list[Array]]) -> Result:
        """The receipt, from the sums of all parts of the trial (asked for unless known)."""
        trial, record = self.trial, self.record
        counts = _counted(_Task(_digest(trial), lambda: counted(trial, parts())))
        if self.people[0] < self.people[1]:
            counts = tuple(replace(one, detectable=None) for one in counts)
        label = self.study.design.outcome(record.outcome).label
        return Result(
            call=base.call(
                "receipt", self.study, record.outcome, role=record.role, wave=record.wave,
                contrast=record.contrast, group=record.group, studies=trial.studies,
                seed=trial.seed,
            ),
            tables=(_table(label, self.people, self.correlations, counts, record),),
            checks=_checks(counts),
        )  # fmt: skip


def prepare(
    study: Study,
    of: Result,
    record: Estimate,
    *,
    studies: int | None = None,
    seed: int = 20_240_901,
) -> Receipt:
    """What ``receipt`` draws, so that others may draw parts of it; raises as it does."""
    outcome = study.design.outcome(record.outcome)
    if record.level != LEVEL:
        raise ValueError(f"the record's interval has the level {record.level}; give that of .95")
    if studies is not None and studies < 1:
        raise ValueError(f"studies is {studies}; expected 1 or more")
    if record.low is None:
        raise StudyError("no interval is given for the contrast, so there is none to check.")
    asked = posed(study, of, record)
    limits = _limits(asked)
    effect = outcome.direction * (outcome.smallest_effect or 0.0)
    worlds = tuple(world(asked, one, effect) for one in limits.values())
    drawn = asked if studies else _part(asked)
    return Receipt(
        study=study,
        record=record,
        people=(len(drawn.scores), len(asked.scores)),
        correlations={name: one.correlation for name, one in limits.items()},
        trial=Trial(drawn, worlds, studies or _number(drawn, part=drawn is not asked), seed),
    )


def _limits(asked: Posed) -> dict[str, Levels]:
    """How the variance divides: at the correlation's lower limit, estimate and upper limit.

    A mean for each arm at each wave, and people of a cluster that are alike; profile likelihood.
    """
    panel = asked.panel
    person, wave = np.nonzero(np.isfinite(asked.scores))
    y, cluster = asked.scores[person, wave], panel.cluster[person]
    part = np.unique(np.column_stack([panel.arm[0, person], wave]), axis=0, return_inverse=True)[1]
    x = (part.reshape(-1, 1) == np.unique(part)).astype(float)
    groups = [person]
    if len(np.unique(cluster)) < len(np.unique(person)):
        groups.append(cluster)
    one = np.ones((y.size, 1))
    fitted = lmm.fit(y, x, [lmm.Term(np.unique(g, return_inverse=True)[1], one) for g in groups])
    if fitted.exact or not fitted.converged:
        raise StudyError("how scores within clusters correlate cannot be told, so it is not known.")
    sizes = np.array([*(float(each[0, 0]) for each in fitted.covariances), float(fitted.sigma2)])
    found = shares(y, x, groups, cluster, sizes, level=LIMITS)
    coarse, several = len(groups) - 1, len(groups) > 1
    levels = Levels(
        variance=float(sizes.sum()),
        cluster=float(found.value[coarse]) if several else 0.0,
        person=float(found.value[0]),
    )
    told = {"lower limit": found.low, "estimate": found.value, "upper limit": found.high}
    return {name: levels.at(float(value[coarse])) for name, value in told.items()}


def _affordable(asked: Posed) -> int:
    """How many studies of each world are drawn while a report is made."""
    scores = int(np.isfinite(asked.scores).sum())
    number: int = VALUES // (scores * asked.answers.shape[-1])
    if not asked.changes:
        together = asked.panel.design.randomised and asked.scores.shape[1] > 2
        number = min(number, TOGETHER // (FIT + scores) if together else COMPARED // scores)
    return max(1, min(STUDIES, number))


def _number(drawn: Posed, *, part: bool) -> int:
    """How many studies of each world: of a part no more than tell enough."""
    affordable = _affordable(drawn)
    return min(ENOUGH, affordable) if part else affordable


def _part(asked: Posed) -> Posed:
    """The study, or as many of its clusters as leave time for enough simulated studies.

    Arithmetic for many clusters leans on there being many, so that fewer are the harder trial.
    Raises ``StudyError`` where too few would remain.
    """
    if _affordable(asked) >= ENOUGH:
        return asked
    step = -(-ENOUGH // max(1, int(LARGE * _affordable(asked))))
    panel = asked.panel
    clusters, first = np.unique(panel.cluster, return_index=True)
    stratum = np.zeros(len(first)) if panel.stratum is None else panel.stratum[first]
    order = np.lexsort((clusters, stratum, panel.arm[0, first]))
    chosen = clusters[order[::step]]
    if len(chosen) < CLUSTERS:
        raise StudyError(
            f"the study is large and its clusters are few ({len(clusters)}), so that no more than "
            f"{_affordable(asked)} studies like it can be simulated while a report is made."
        )
    return asked.of(np.isin(panel.cluster, chosen))


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be counted; two of one digest are the same."""

    digest: str
    count: Callable[[], tuple[Counted, ...]] = field(compare=False)


@lru_cache(maxsize=16)
def _counted(task: _Task) -> tuple[Counted, ...]:
    return task.count()


def _digest(trial: Trial) -> str:
    """All that the counts hang on: who answered when, in which arm, cluster and stratum."""
    asked, studies, seed = trial.asked, trial.studies, trial.seed
    panel = asked.panel
    told = hashlib.sha256(
        repr((asked.key, dict(asked.options), plain(panel.design), studies, seed)).encode()
    )
    empty = panel.cluster[:0]
    stratum = empty if panel.stratum is None else panel.stratum
    beside = empty if panel.beside is None else panel.beside
    arrays = [np.isfinite(asked.scores), panel.arm, panel.cluster, stratum, beside]
    for one in trial.worlds:
        arrays += [one.null, one.shifted]
        told.update(repr((one.sds, one.effect, one.low, one.high)).encode())
    for array in arrays:
        told.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return told.hexdigest()


def _table(
    label: str,
    people: tuple[int, int],
    correlations: Mapping[str, float],
    counts: Iterable[Counted],
    record: Estimate,
) -> Table:
    behind = base.Behind(record.members, record.n_pairs, record.n_clusters)
    rows = []
    for (name, value), one in zip(correlations.items(), counts, strict=True):
        numbers = (
            value,
            people[0],
            people[0] / people[1],
            one.studies,
            *_share(one.held, one.answered),
            *_share(one.claimed, one.null),
            one.detectable,
        )
        cells: list[Cell] = [base.cell(number, "statistic", behind) for number in numbers]
        rows.append((base.label(name), *cells))
    return Table("receipt", f"{label}: calibration receipt", COLUMNS, tuple(rows), NOTE)


def _share(some: int, all_: int) -> tuple[float | None, float | None]:
    """A share and its Monte Carlo error; no share of few studies looks certain.

    The error is that of two more studies of either kind (Agresti and Coull 1998).
    """
    if not all_:
        return None, None
    middle = (some + 2) / (all_ + 4)
    return some / all_, float(np.sqrt(middle * (1 - middle) / (all_ + 4)))


def _checks(counts: tuple[Counted, ...]) -> tuple[Check, ...]:
    """The worst world's shares against those of a sound 95% interval."""
    given = [one.answered / one.studies for one in counts]
    checks = [
        _check(HELD, [(one.held, one.answered) for one in counts], COVERAGE),
        _check(SIZE, [(one.claimed, one.null) for one in counts], FALSE),
    ]
    if min(given) < 1:
        detail = f"an interval came out of {100 * min(given):.1f}% of the studies at the fewest."
        checks.append(Check("simulated studies answered", min(given) > 0.99, detail))
    return tuple(checks)


def _check(name: str, shares: list[tuple[int, int]], sound: tuple[float, float]) -> Check:
    told = [(some / all_, *_surely(some, all_)) for some, all_ in shares if all_]
    if not told:
        return Check(name, False, "none of the simulated studies gave an interval.")
    share, low, high = max(told, key=lambda one: max(one[0] - sound[1], sound[0] - one[0]))
    detail = (
        f"{100 * share:.1f}%, by its 99.9% Monte Carlo interval {100 * low:.1f}% to "
        f"{100 * high:.1f}%; a sound 95% interval has {100 * sound[0]:.1f}% to "
        f"{100 * sound[1]:.1f}%."
    )
    return Check(name, low <= sound[1] and high >= sound[0], detail)


def _surely(some: int, all_: int) -> tuple[float, float]:
    """The 99.9% interval of a share (Clopper and Pearson 1934)."""
    tail = (1 - SURE) / 2
    low = stats.beta.ppf(tail, some, all_ - some + 1) if some else 0.0
    high = stats.beta.ppf(1 - tail, some + 1, all_ - some) if some < all_ else 1.0
    return float(low), float(high)
