"""How much more often an event happens in an arm: the risk difference and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis.base import Footing, inferred, number
from rmresearch.analysis.base.fit import measured, valued
from rmresearch.analysis.workforce.sample import Sample
from rmresearch.errors import FitError, number_of
from rmresearch.numerics.binary import risk_difference
from rmresearch.numerics.firth import firth
from rmresearch.result import Check, Estimate
from rmresearch.study import Arm

__all__ = ["FEW", "beside", "number_needed", "odds", "record"]

#: fewer events than this over both arms, and the interval says what can be said
FEW = 10
#: events and non-events that each arm needs for an interval by least squares
NORMAL = 5


def record(both: Sample, arm: Arm, comparison: Arm, ground: Footing, level: float) -> Estimate:
    """The risk difference with its score interval."""
    inside = both.arm(arm.name)
    found = risk_difference(both.value, inside, both.people.cluster, level=level)
    method = "difference of shares, Newcombe's score interval"
    if found.icc is not None:
        method += f" on n / design effect (within-cluster correlation {found.icc:.2f}), t quantile"
    form = replace(
        both.form(level, arm, comparison), parameters=2, smallest_level=_smallest(both, inside)
    )
    return replace(
        form,
        value=number(found.value),
        low=number(found.low) if ground.interval else None,
        high=number(found.high) if ground.interval else None,
        df=number(found.df) if ground.rule else None,
        method=method,
    )


def beside(
    both: Sample, arm: Arm, comparison: Arm, ground: Footing, level: float
) -> list[Estimate]:
    """The same by least squares with the strata, and a rate where people were followed unequally.

    Least squares needs a few events and others in each arm: below, its interval is far too narrow
    and it is left out, and the rate stands alone. A stratum that is in one arm only leaves out the
    model.
    """
    smallest = _smallest(both, both.arm(arm.name))
    form = replace(both.form(level, arm, comparison), parameters=2, smallest_level=smallest)
    found: list[Estimate] = []
    x, names = both.columns(arm)
    weights = np.eye(len(names))[1]
    if smallest >= NORMAL:
        try:
            linear = measured(both.value, x, both.people.cluster, weights, ground, names)
            method = f"least squares on arm{' and strata' if len(names) > 2 else ''}, CR2"
            found.append(inferred(form, linear, ground, term="linear", method=method))
        except FitError:
            pass
    if both.years is not None and _unequal(both):
        root = np.sqrt(np.maximum(both.years, 1e-9))
        timed = measured(
            both.value / root, x[:, :2] * root[:, None], both.people.cluster, weights[:2],
            ground, names[:2],
        )  # fmt: skip
        method = "events a person-year, difference of the arms, CR2 by cluster"
        rate = inferred(form, timed, ground, term="rate-difference", method=method)
        bare = valued(form, timed.estimate, term="rate-difference", method=method)
        found.append(rate if smallest >= NORMAL else bare)
    return found


def _unequal(both: Sample) -> bool:
    """Whether somebody was lost from sight before it happened or the wave came."""
    if both.years is None:
        return False
    waiting = both.years[both.value == 0]
    return bool(len(waiting) and np.ptp(waiting) > 1e-9)


def odds(
    both: Sample, arm: Arm, comparison: Arm, ground: Footing, level: float
) -> tuple[list[Estimate], list[Check]]:
    """The odds ratio by Firth's logit with the strata; inference only where people stand alone."""
    about = both.about(arm, comparison)
    x, names = both.columns(arm)
    try:
        found = firth(both.value, x, names=names, level=level)
    except FitError as error:
        return [], [Check("odds ratio", False, f"{about}: {error}")]
    alone = ground.total == ground.people
    form = replace(
        both.form(level, arm, comparison),
        parameters=len(names),
        smallest_level=_smallest(both, both.arm(arm.name)),
    )
    shown = alone and ground.interval
    estimate = replace(
        form,
        term="odds-ratio",
        value=number(np.exp(found.coef[1])),
        low=number(np.exp(found.low[1])) if shown else None,
        high=number(np.exp(found.high[1])) if shown else None,
        p=number(found.p[1]) if shown and ground.p_value else None,
        method="Firth's penalised logit, profile penalised-likelihood interval",
    )
    checks = []
    if found.separated:
        said = (
            f"{about}: arms or strata without a single event (or with nothing else) would make an "
            f"unpenalised odds ratio infinite. The penalised one is finite; read its interval."
        )
        checks.append(Check("events and non-events in each arm", False, said))
    if not alone:
        said = (
            f"{about}: {ground.people} people in {number_of(ground.total, 'cluster', 'clusters')}. "
            "The penalised odds ratio takes people as independent, so it has no interval here; "
            "the risk difference has."
        )
        checks.append(Check("people stand alone", False, said))
    return [estimate], checks


def number_needed(found: Estimate, direction: int, about: str) -> tuple[list[Estimate], Check]:
    """How many to mentor for one more (or one fewer), only where the difference excludes 0."""
    if found.value is None or found.low is None or found.high is None:
        detail = f"{about}: without an interval nobody can say how many must be mentored for one."
        return [], Check("number needed to mentor", False, detail)
    if found.low <= 0.0 <= found.high:
        detail = (
            f"{about}: the interval of the risk difference includes 0, so no number of people to "
            f"mentor for one event more or fewer is given: it could be any, on either side."
        )
        return [], Check("number needed to mentor", False, detail)
    ends = sorted((1.0 / abs(found.low), 1.0 / abs(found.high)))
    good = found.value * direction > 0
    what = "for one event more" if found.value > 0 else "for one event fewer"
    method = f"1 / risk difference: to mentor {what}{'' if good else ', which is worse'}"
    estimate = valued(found, 1.0 / abs(found.value), term="number-needed", method=method)
    detail = f"{about}: the interval of the risk difference excludes 0."
    return [replace(estimate, low=ends[0], high=ends[1])], Check(
        "number needed to mentor", True, detail
    )


def checks(both: Sample, arm: Arm, comparison: Arm) -> Iterator[Check]:
    """How many events there are, and whether all were followed for the same time."""
    about, count = both.about(arm, comparison), int(both.value.sum())
    others = len(both.value) - count
    enough = min(count, others) >= FEW
    detail = (
        f"{about}: it happened to {count} of {len(both.value)} people. With fewer than {FEW} (or "
        f"all but {FEW}) the interval says what can be said, and no more."
    )
    yield Check("events enough", enough, detail)
    if both.years is not None:
        equal = not _unequal(both)
        detail = f"{about}: everybody was followed from the start to the wave or the event."
        if not equal:
            detail = (
                f"{about}: people who left were followed for less time. The share counts them as "
                f"people to whom it did not happen; the rate a person-year stands beside it."
            )
        yield Check("followed for the same time", equal, detail)


def _smallest(both: Sample, inside: NDArray[np.bool_]) -> int:
    """The smallest count of events or non-events in an arm: too few could be told apart."""
    counts = [
        int(np.count_nonzero(both.value[side] == answer))
        for side in (inside, ~inside)
        for answer in (0.0, 1.0)
    ]
    return min(counts)
