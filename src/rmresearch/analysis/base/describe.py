"""Numbers that describe: a mean, a share, and how far two groups lie apart, each with an interval.

Reactions, meetings, missing answers and leavers are described by the same three, so that a share
means the same in each. None carries a p-value: they describe, they test nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis.base import Codes, Ids, footing, inferred, number
from rmresearch.errors import number_of
from rmresearch.numerics.effects import hedges_g, pooled_sd, proportion
from rmresearch.numerics.robust import fit
from rmresearch.result import Check, Estimate

__all__ = ["Share", "apart", "averaged", "shared", "thin"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def averaged(form: Estimate, values: Array, cluster: Codes) -> Estimate:
    """The mean of ``values`` (n,) with CR2 by cluster, as far as the clusters carry it."""
    if len(values) == 0:
        return form
    ground = footing(cluster)
    form = replace(form, method="mean")
    if not ground.rule:
        return replace(form, value=number(values.mean()))
    found = fit(values, np.ones((len(values), 1)), cluster).contrast([1.0])
    return replace(inferred(form, found, ground), p=None, method="mean, CR2 by cluster")


@dataclass(frozen=True, slots=True)
class Share:
    """A share as an estimate, with its numerator and the effective n behind its interval."""

    estimate: Estimate
    numerator: int
    effective_n: float | None


def shared(form: Estimate, flags: Flags, cluster: Codes) -> Share:
    """The share of ``flags`` (n,) that are true, with Wilson's interval on the effective n."""
    if len(flags) == 0:
        return Share(form, 0, None)
    found = proportion(flags, cluster, level=form.level)
    form = replace(form, value=found.value, method="share")
    numerator = int(np.count_nonzero(flags))
    if not footing(cluster).interval:
        return Share(form, numerator, None)
    method = "share, Wilson interval on n / design effect"
    form = replace(form, low=number(found.low), high=number(found.high), method=method)
    return Share(form, numerator, found.effective_n)


def thin(about: str, cluster: Codes, flags: Flags | None = None) -> tuple[Check, ...]:
    """A failed check where people answered, but too few or too clustered for an interval.

    ``flags`` as in ``apart``: then each of the two groups needs its clusters.
    """
    ground = footing(cluster, None if flags is None else _sides(flags))
    if ground.people == 0 or ground.interval:
        return ()
    detail = (
        f"{about}: {ground.people} in "
        f"{number_of(ground.total, 'independent cluster', 'independent clusters')} "
        f"({' and '.join(str(n) for _, n in sorted(ground.clusters.items()))}), the largest holds "
        f"{100 * ground.largest:.0f}% of them. No interval is given."
    )
    return (Check("enough for an interval", False, detail),)


def apart(form: Estimate, values: Array, flags: Flags, cluster: Codes) -> tuple[Estimate, Estimate]:
    """Mean where ``flags`` minus mean elsewhere: in units, and standardised.

    CR2 by cluster. The second carries the term "standardised": Hedges' g over the pooled standard
    deviation of the two groups, its interval with the CR2 standard error.
    """
    standard = replace(form, term="standardised")
    if flags.all() or not flags.any():
        return form, standard
    inside, outside = values[flags], values[~flags]
    ground = footing(cluster, _sides(flags))
    smallest = min(len(inside), len(outside))
    form = replace(form, parameters=2, smallest_level=smallest, method="difference of means")
    n, sd = len(values), pooled_sd(inside, outside)
    # equal answers leave rounding behind, which is no standard deviation
    sd = sd if sd > 1e-12 * float(np.abs(values).max()) else np.nan
    if not ground.rule:
        form = replace(form, value=float(inside.mean() - outside.mean()))
        size = hedges_g(float(inside.mean() - outside.mean()), 0.0, np.inf, sd, n)
        return form, replace(form, term="standardised", value=number(size.value))
    x = np.column_stack([np.ones(n), flags.astype(float)])
    found = fit(values, x, cluster).contrast([0.0, 1.0])
    method = "difference of means, CR2 by cluster"
    form = replace(inferred(form, found, ground), p=None, method=method)
    size = hedges_g(
        float(found.estimate), float(found.se), float(found.df), sd, n, level=form.level
    )
    standard = replace(
        form,
        term="standardised",
        value=number(size.value),
        se=number(size.se),
        low=number(size.low) if ground.interval else None,
        high=number(size.high) if ground.interval else None,
        method=f"{method}, over the pooled SD (Hedges' g)",
    )
    return form, standard


def _sides(flags: Flags) -> Ids:
    return np.where(flags, "in", "out").astype(object)
