"""The re-randomisation test of the assignment as it was made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log10

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis.arms.sample import Array, Roster, Sample
from rmresearch.analysis.base import Footing, People
from rmresearch.analysis.base.fit import valued
from rmresearch.errors import FitError
from rmresearch.numerics.permute import adjusted_difference, rerandomise
from rmresearch.result import Check, Estimate
from rmresearch.study import Arm

__all__ = ["Draws", "rerandomisation"]

TEST = "re-randomisation test"
#: people assigned, times draws: from 2,000 people on there are fewer draws, never below the least
WORK, LEAST = 20_000_000, 999


@dataclass(frozen=True, slots=True)
class Draws:
    """How re-randomisations are drawn where there are too many to try all: at most ``count``."""

    seed: int
    count: int = 9_999


def rerandomisation(
    sample: Sample, arm: Arm, ground: Footing, record: Estimate, draws: Draws
) -> tuple[list[Estimate], list[Check]]:
    """How often would the assignment have shown so large a difference by chance alone?

    Everybody assigned to the two arms is assigned again, in the declared units and within strata;
    those without an outcome then stay without one. The value of the estimate is that share, a
    p-value: None where rule E6 allows none. Of "rerandomisation-smallest" it is the least that the
    share could have been, which is always said.
    """
    people, y, covariates = _in_order(*_assigned(sample, arm))
    try:
        statistic = adjusted_difference(y, covariates, cluster=people.cluster)
        found = rerandomise(
            (people.arm == arm.name).astype(int),
            statistic,
            unit=_units(sample.roster, people),
            stratum=np.unique(people.stratum.astype(str), return_inverse=True)[1],
            seed=draws.seed,
            draws=min(draws.count, max(LEAST, WORK // len(people))),
        )
    except FitError as error:
        return [], [Check(TEST, False, f"{sample.about(arm)}: {error}")]
    how = "all" if found.exact else f"{found.draws:,} random ones of"
    method = (
        f"{how} {_count(found.arrangements)} arrangements of {found.n_units} units; studentised "
        f"adjusted difference"
    )
    said = f"{sample.about(arm)}: {method}; the smallest p it can reach is {found.smallest_p:.2g}"
    least = valued(record, found.smallest_p, term="rerandomisation-smallest", method=method)
    # the Monte Carlo error tells the p-value, so where the one is not given, neither is the other
    p = found.p if ground.p_value else None
    said += "." if ground.p_value else ". With so few clusters no p-value is given."
    drawn = f"; Monte Carlo error {found.mc_error:.2g}" if ground.p_value else ""
    test = valued(record, p, term="rerandomisation", method=f"{method}{drawn}")
    return [replace(test, p=p), least], [Check(TEST, found.smallest_p <= 0.05, said)]


def _assigned(sample: Sample, arm: Arm) -> tuple[People, Array, Array]:
    """Everybody assigned to the two arms, with outcome (n,) and covariates (n, q), NaN = lost."""
    roster, q = sample.roster, 1 + len(sample.arms)
    names = (arm.name, roster.comparison.name)
    people = roster.people.take(np.isin(roster.people.arm.astype(str), names))
    place = {person: i for i, person in enumerate(people.ids)}
    inside = sample.of(*names)
    at = np.array([place[person] for person in sample.people.ids[inside]])
    y = np.full(len(people), np.nan)
    covariates = np.full((len(people), sample.x.shape[1] - q), np.nan)
    y[at], covariates[at] = sample.after[inside], sample.x[inside, q:]
    return people, y, covariates


def _in_order(people: People, y: Array, covariates: Array) -> tuple[People, Array, Array]:
    """The same people in an order that neither rows nor ids decide, so that draws repeat."""
    sizes = np.bincount(people.cluster)[people.cluster]
    totals = np.bincount(people.cluster, weights=np.nan_to_num(y))[people.cluster]
    arm, stratum = (np.unique(words.astype(str), return_inverse=True)[1] for words in
                    (people.arm, people.stratum))  # fmt: skip
    order = np.lexsort((totals, sizes, *covariates.T[::-1], y, arm, stratum))
    return people.take(order), y[order], covariates[order]


def _units(roster: Roster, people: People) -> NDArray[np.intp]:
    """Codes of what was assigned together: a person, a pair's connected set, a department."""
    unit = roster.study.design.unit
    own = people.ids.astype(str)
    if unit in {"pair", "set"}:
        own = roster.study.sets().reindex(pd.Index(people.ids)).to_numpy(str)
    elif unit == "department":
        # somebody without a department was assigned alone
        alone = np.char.add("person ", own)
        own = np.where(people.department == "", alone, people.department.astype(str))
    # coded as they come, not by name
    return np.asarray(pd.factorize(own)[0], np.intp)


def _count(arrangements: int) -> str:
    digits = int(log10(arrangements))
    return f"{arrangements:,}" if digits < 9 else f"about 10^{digits}"
