"""The adjusted difference of an arm at one wave, and the analyses that stand beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis.arms.sample import Array, Sample
from rmresearch.analysis.base import Footing, inferred, number
from rmresearch.analysis.base.fit import is_ordinal, measured, sized, valued
from rmresearch.errors import FitError
from rmresearch.numerics import effects
from rmresearch.numerics.robust import fit
from rmresearch.numerics.wins import win_probability
from rmresearch.result import Check, Estimate
from rmresearch.study import Arm

__all__ = ["adjusted", "beside", "change_score", "standardised"]

COMPLETERS = "programme people whose pairs ran as planned: not comparable"


def adjusted(sample: Sample, arm: Arm, ground: Footing, level: float) -> Estimate:
    """One wave by itself: least squares on arm, baseline, covariates and strata."""
    form = sample.form(arm, level)
    start = "ANCOVA on baseline" if sample.adjusts else "all alike before: least squares on arm"
    method = f"{start}, CR2 by cluster, Satterthwaite df"
    weights = sample.weights(arm)
    found = measured(
        sample.after,
        sample.x,
        sample.people.cluster,
        weights,
        ground,
        sample.names,
        of_record=True,
    )
    return inferred(form, found, ground, method=method)


def change_score(sample: Sample, arm: Arm, ground: Footing, form: Estimate, term: str) -> Estimate:
    """The difference in change: the model without its baseline, of after - before."""
    x, names = sample.without_baseline
    change = sample.after - sample.before
    return _contrast(form, sample, change, x, arm, ground, names, term, "difference in change, CR2")


def beside(
    sample: Sample, arm: Arm, ground: Footing, form: Estimate
) -> tuple[list[Estimate], list[Check]]:
    """Classical errors, post-only, change score, Lin, win-probability, completers.

    ``form`` is the adjusted difference of this wave by itself.
    """
    x, names = sample.without_baseline
    found = [
        _classical(sample, arm, ground, form),
        _contrast(
            form, sample, sample.after, x, arm, ground, names, "post-only", "no baseline, CR2"
        ),
    ]
    if sample.roster.study.design.randomised:
        found.append(change_score(sample, arm, ground, form, "change-score"))
    sloped, checks = _lin(sample, arm, ground, form)
    found += sloped
    if is_ordinal(sample.roster.outcome):
        found.append(_wins(sample, arm, ground, form))
    return found + _completers(sample, arm, form), checks


def _contrast(
    form: Estimate,
    sample: Sample,
    y: Array,
    x: Array,
    arm: Arm,
    ground: Footing,
    names: tuple[str, ...],
    term: str,
    method: str,
) -> Estimate:
    weights = sample.weights(arm, x.shape[1])
    found = measured(y, x, sample.people.cluster, weights, ground, names)
    return inferred(form, found, ground, term=term, method=method, parameters=x.shape[1])


def _classical(sample: Sample, arm: Arm, ground: Footing, form: Estimate) -> Estimate:
    found = fit(sample.after, sample.x, vcov="classical", names=sample.names)
    method = "ANCOVA, classical standard error: people taken as independent, equal variances"
    contrast = found.contrast(sample.weights(arm))
    return inferred(form, contrast, ground, term="classical", method=method)


def standardised(sample: Sample, arm: Arm, ground: Footing, form: Estimate) -> Estimate:
    """The estimate of record over the pooled baseline SD of those analysed at the wave."""
    sides = [sample.of(arm.name), sample.of(sample.roster.comparison.name)]
    sd = effects.pooled_sd(*(sample.before[side] for side in sides))
    n = sum(int(side.sum()) for side in sides)
    method = "adjusted difference / pooled baseline SD, Hedges-corrected, cluster-robust interval"
    bare = valued(form, None, term="standardised", method=method)
    if form.value is None or not sd > 1e-12 * np.abs(sample.before).max():
        return bare
    if form.se is None or form.df is None:
        return replace(bare, value=number(effects.small_sample(n) * form.value / sd))
    return sized(bare, effects.hedges_g(form.value, form.se, form.df, sd, n, level=form.level),
                 ground)  # fmt: skip


def _lin(
    sample: Sample, arm: Arm, ground: Footing, form: Estimate
) -> tuple[list[Estimate], list[Check]]:
    """Arm dummies interacted with all centred covariates (Lin 2013, Annals of Applied Statistics).

    A covariate that does not vary in every arm keeps one slope, which ``method`` says; where arms
    are too small for slopes of their own, the analysis is left out and a check says so.
    """
    k = 1 + len(sample.arms)
    arms = [sample.of(one.name) for one in (*sample.arms, sample.roster.comparison)]
    own = np.all([np.ptp(sample.x[side, k:], axis=0) > 0 for side in arms], axis=0)
    centred = sample.x[:, k:] - sample.x[:, k:].mean(axis=0)
    crossed = [sample.x[:, [j]] * centred[:, own] for j in range(1, k)]
    x = np.column_stack([sample.x[:, :k], centred, *crossed])
    sloped = [name for name, some in zip(sample.names[k:], own, strict=True) if some]
    names = (*sample.names, *(f"{a} x {b}" for a in sample.names[1:k] for b in sloped))
    shared = [name for name in sample.names[k:] if name not in sloped]
    method = "ANCOVA with arm-specific slopes (Lin 2013), CR2"
    method += f"; one slope for {', '.join(shared)}" if shared else ""
    try:
        found = _contrast(form, sample, sample.after, x, arm, ground, names, "lin-adjusted", method)
    except FitError as error:
        said = f"{sample.about(arm)}: arm-specific slopes cannot be fitted: {error}"
        return [], [Check("arm-specific slopes", False, said)]
    return [found], []


def _wins(sample: Sample, arm: Arm, ground: Footing, form: Estimate) -> Estimate:
    both = sample.of(arm.name, sample.roster.comparison.name)
    first = sample.of(arm.name)[both]
    found = win_probability(
        sample.after[both], first, sample.people.cluster[both], level=form.level
    )
    method = "how often a programme person scores higher, ties half; not adjusted for baseline"
    return sized(form, found, ground, term="win-probability", method=method, parameters=2)


def _completers(sample: Sample, arm: Arm, form: Estimate) -> list[Estimate]:
    """Programme people whose pairs all started and none ended early, against the comparison."""
    finished = _finished(sample, arm)
    if finished is None:
        return []
    inside = finished | ~sample.of(arm.name)
    if inside.all() or np.count_nonzero(finished) < 2:
        return []
    whole = sample.only(inside)
    ground = whole.footing(arm)
    form = replace(whole.form(arm, form.level), estimand=COMPLETERS)
    method = "ANCOVA of the pairs that ran as planned, CR2: not comparable"
    try:
        return [
            _contrast(form, whole, whole.after, whole.x, arm, ground, whole.names,
                      "completers", method)
        ]  # fmt: skip
    except FitError:
        return []


def _finished(sample: Sample, arm: Arm) -> NDArray[np.bool_] | None:
    """Who of the arm is in pairs that all ran as planned; None where the arm has no pairs."""
    ran = sample.roster.ran
    member = sample.of(arm.name)
    if not any(person in ran for person in sample.people.ids[member]):
        return None
    flags = np.array([ran.get(person, False) for person in sample.people.ids], bool)
    return flags & member
