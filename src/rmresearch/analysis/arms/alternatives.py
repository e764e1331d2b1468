"""Beside the adjusted difference of one wave: other errors, other weights, another estimand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from rmresearch.analysis.arms.sample import Array, Flags, Sample
from rmresearch.analysis.base import Footing, inferred
from rmresearch.analysis.base.fit import valued, varies
from rmresearch.errors import FitError
from rmresearch.numerics import lmm
from rmresearch.numerics.instrument import two_stage
from rmresearch.numerics.overlap import overlap_weights
from rmresearch.numerics.robust import fit, wild_bootstrap
from rmresearch.result import Check, Estimate
from rmresearch.study import Arm

__all__ = ["alternatives", "kenward_roger"]

#: an arm of fewer clusters has the wild cluster bootstrap beside its CR2 p-value
FEW_FOR_WILD, WILD_SEED = 12, 20_240_901
COMPLIERS = "those who take part if assigned to the programme"
TAKE_UP, OVERLAP = "programme taken up", "overlap of arms"
#: the first stage's F from which its instrument is called strong (Staiger and Stock 1997)
STRONG = 10.0

Found = tuple[list[Estimate], list[Check]]


def alternatives(sample: Sample, arm: Arm, ground: Footing, form: Estimate) -> Found:
    """Few clusters' bootstrap; complier effect of randomised arms, overlap weights of others.

    ``form`` is the adjusted difference of this wave by itself.
    """
    randomised = sample.roster.study.design.randomised
    other: Callable[..., Found] = _complier if randomised else _overlap
    estimates, checks = other(sample, arm, ground, form)
    return [*_wild(sample, arm, ground, form), *estimates], checks


def kenward_roger(sample: Sample, arm: Arm, ground: Footing, form: Estimate) -> list[Estimate]:
    """The adjusted difference of a model with (1 | cluster), where clusters hold several people.

    Where none does, such a model is least squares, and its errors are the classical ones.
    """
    cluster, x = sample.people.cluster, sample.x
    if len(np.unique(cluster)) == len(cluster):
        return []
    term = lmm.Term(cluster, np.ones((len(x), 1)))
    try:
        found = lmm.fit(sample.after, x, [term], names=sample.names)
    except FitError:
        return []
    if not (found.converged or found.exact):
        return []
    method = "ANCOVA on baseline with (1 | cluster), REML, Kenward-Roger"
    judged = found.kenward_roger(sample.weights(arm))
    return [inferred(form, judged, ground, term="kenward-roger", method=method)]


def _wild(sample: Sample, arm: Arm, ground: Footing, form: Estimate) -> list[Estimate]:
    """The wild cluster bootstrap, where an arm's clusters are few but allow a p-value."""
    fewest = min(ground.clusters.values())
    if not ground.p_value or fewest >= FEW_FOR_WILD or form.p is None:
        return []
    cluster = sample.people.cluster
    # clusters in an order that neither rows, ids nor units decide, so that the draws repeat
    left = fit(sample.after, sample.x, vcov="classical").resid
    order = np.lexsort((left, np.bincount(cluster, weights=left)[cluster]))
    codes = pd.factorize(cluster[order])[0]
    try:
        found = wild_bootstrap(
            sample.after[order],
            sample.x[order],
            codes,
            sample.weights(arm),
            rng=np.random.default_rng(WILD_SEED),
            names=sample.names,
        )
    except FitError:
        return []
    method = f"ANCOVA, wild cluster bootstrap, Webb weights, {found.draws:,} draws"
    return [replace(valued(form, form.value, term="wild-bootstrap", method=method), p=found.p)]


def _complier(sample: Sample, arm: Arm, ground: Footing, form: Estimate) -> Found:
    """The difference among those who take part if assigned, assignment being the instrument.

    Assumes that assignment does nothing to those who never take part, and that nobody of the
    comparison arm could take part before crossing over.
    """
    part = sample.took_part(arm)
    if part is None:
        said = f"{sample.about(arm)}: the arm has no pairs, so nobody knows who took part."
        return [], [Check(TAKE_UP, False, said)]
    count, whole = int(part.sum()), int(sample.of(arm.name).sum())
    said = f"{sample.about(arm)}: {count} of {whole} in the programme arm took part"
    if count == whole:
        return [], [Check(TAKE_UP, True, f"{said}: those who comply are everyone.")]
    x = sample.x.copy()
    for one in sample.arms:
        taken = sample.took_part(one)
        x[:, sample.column(one)] *= 1.0 if taken is None else taken
    try:
        strength = _first_stage(sample, arm, ground, part.astype(float))
        if strength < STRONG:
            said += f", too few to tell what it did for them (first-stage F {strength:.1f} < 10)."
            return [], [Check(TAKE_UP, False, said)]
        cluster = sample.people.cluster if ground.rule else None
        found = two_stage(sample.after, x, sample.x, cluster, names=sample.names)
    except FitError as error:
        return [], [Check(TAKE_UP, False, f"{said}; no complier difference: {error}")]
    method = "two-stage least squares, assignment as instrument, CR2"
    judged = found.contrast(sample.weights(arm))
    record = inferred(form, judged, ground, term="complier", method=method)
    return [replace(record, estimand=COMPLIERS)], [Check(TAKE_UP, True, f"{said}.")]


def _first_stage(sample: Sample, arm: Arm, ground: Footing, part: Array) -> float:
    """F of assignment to the arm in the model of taking part."""
    cluster = sample.people.cluster if ground.rule else None
    found = fit(part, sample.x, cluster, names=sample.names).contrast(sample.weights(arm))
    if found.estimate <= 0 or np.isnan(found.se):
        return 0.0
    return float((found.estimate / found.se) ** 2) if found.se > 0 else np.inf


def _overlap(sample: Sample, arm: Arm, ground: Footing, form: Estimate) -> Found:
    """The two arms weighted to people of whom either could have been in the other."""
    inside = sample.of(arm.name, sample.roster.comparison.name)
    member = sample.of(arm.name)[inside]
    x, names = _varying(sample, inside)
    try:
        weights = overlap_weights(member, x)
        root = np.sqrt(weights)[:, None]
        columns = np.column_stack([np.ones(len(member)), member, x]) * root
        cluster = sample.people.cluster[inside] if ground.rule else None
        y = sample.after[inside] * root[:, 0]
        found = fit(y, columns, cluster, names=("intercept", arm.name, *names))
    except FitError as error:
        return [], [Check(OVERLAP, False, f"{sample.about(arm)}: {error}")]
    judged = found.contrast(np.eye(columns.shape[1])[1])
    sizes = [float(w.sum() ** 2 / (w @ w)) for w in (weights[member], weights[~member])]
    worth = " and ".join(f"{size:.1f}" for size in sizes)
    said = (
        f"{sample.about(arm)}: weighted to where the arms overlap in {', '.join(names) or 'size'}, "
        f"they are worth {worth} people."
    )
    method = "overlap weights (logistic), ANCOVA with them, CR2; weights taken as known"
    made = inferred(form, judged, ground, term="overlap-weighted", method=method)
    return [replace(made, parameters=columns.shape[1])], [Check(OVERLAP, True, said)]


def _varying(sample: Sample, inside: Flags) -> tuple[Array, Sequence[str]]:
    """Baseline and covariates of those inside, as far as they differ in them."""
    k = 1 + len(sample.arms)
    x = sample.x[inside, k:]
    keep = np.flatnonzero([varies(column) for column in x.T])
    return x[:, keep], [sample.names[k + j] for j in keep]
