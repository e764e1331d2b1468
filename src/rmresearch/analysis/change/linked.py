"""People whose answers are linked between waves: mean change and what stands beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing
from rmresearch.analysis.base.fit import (
    Student,
    exaggeration_check,
    is_ordinal,
    measured,
    power_of,
    sized,
    valued,
    varies,
)
from rmresearch.analysis.change.expected import expected_regression, reliable_change
from rmresearch.analysis.change.sample import (
    Answer,
    Array,
    Options,
    Sample,
    change_row,
    crossed,
    form,
)
from rmresearch.numerics import effects
from rmresearch.numerics.wild import wild_bootstrap
from rmresearch.numerics.wins import win_probability_paired
from rmresearch.result import Check, Dropped, Estimate

__all__ = ["linked"]

#: below this many clusters the wild cluster bootstrap stands beside CR2
FEW_FOR_WILD, WILD_SEED = 12, 20_240_901
BOTH = "people who answered both waves"


def linked(sample: Sample, options: Options) -> Answer:
    """The mean change of those who answered both waves, and what stands beside it."""
    gone = _gone(sample)
    keep = np.isfinite(sample.pre) & np.isfinite(sample.post)
    whole = sample.take(keep)
    if len(whole.people) < 2:
        few = f"{sample.about}: {len(whole.people)} answered both waves; 2 are needed."
        return Answer(checks=(Check("people with both waves", False, few),), dropped=gone)
    ground = base.footing(whole.people.cluster)
    record = _record(whole, ground, options.level)
    power = power_of(record, sample.outcome.smallest_effect)
    reliable = reliable_change(whole, record, ground, options)
    expected = expected_regression(whole, record, options)
    beside = (*_beside(whole, record, ground), *reliable.estimates, *expected.estimates, *power)
    return Answer(
        estimates=(record, *beside),
        change=(change_row(whole, record),),
        regression=expected.regression,
        reliable=reliable.reliable,
        checks=(
            *ground.checks(sample.about),
            *_varies(whole),
            *crossed(whole),
            *expected.checks,
            *reliable.checks,
            *exaggeration_check(sample.about, power),
        ),
        dropped=gone,
    )


def _gone(sample: Sample) -> tuple[Dropped, ...]:
    before, after = np.isnan(sample.pre), np.isnan(sample.post)
    name = sample.about
    return (
        *base.dropped(f"{name}: no answer at {sample.before.name}", before & ~after),
        *base.dropped(f"{name}: no answer at {sample.after.name}", after & ~before),
        *base.dropped(f"{name}: no answer at either wave", before & after),
    )


def _record(sample: Sample, ground: Footing, level: float) -> Estimate:
    change = sample.post - sample.pre
    constant = np.ones((len(change), 1))
    cluster = sample.people.cluster
    found = measured(change, constant, cluster, [1.0], ground, ["change"], of_record=True)
    method = "mean change, CR2 by cluster, Satterthwaite df"
    return base.inferred(form(sample, level, BOTH), found, ground, method=method)


def _varies(sample: Sample) -> tuple[Check, ...]:
    if varies(sample.post - sample.pre):
        return ()
    same = f"{sample.about}: everybody changed by the same amount, so nothing can be tested."
    return (Check("changes vary", False, same),)


def _beside(sample: Sample, record: Estimate, ground: Footing) -> tuple[Estimate, ...]:
    found = [_standardised(sample.pre, record, ground), *_wild(sample, record, ground)]
    if varies(sample.post - sample.pre):
        found += [_paired_t(sample, record, ground), _wilcoxon(sample, record, ground)]
    if is_ordinal(sample.outcome):
        pre, post, cluster = sample.pre, sample.post, sample.people.cluster
        wins = win_probability_paired(pre, post, cluster, level=record.level)
        method = "share who scored higher, ties half; cluster-robust logit interval"
        found.append(sized(record, wins, ground, term="win-probability", method=method))
    return tuple(found)


def _standardised(pre: Array, record: Estimate, ground: Footing) -> Estimate:
    method = "mean change / SD before, Hedges-corrected, cluster-robust interval"
    bare = valued(record, None, term="standardised", method=method)
    if record.value is None or not varies(pre):
        return bare
    # the kernel counts two groups of people; the SD of one group has one degree of freedom more
    n, sd = len(pre) + 1, float(pre.std(ddof=1))
    if record.se is None or record.df is None:
        return replace(bare, value=base.number(effects.small_sample(n) * record.value / sd))
    size = effects.hedges_g(record.value, record.se, record.df, sd, n, level=record.level)
    return sized(bare, size, ground)


def _wild(sample: Sample, record: Estimate, ground: Footing) -> tuple[Estimate, ...]:
    """The wild cluster bootstrap, where clusters are few but allow a p-value."""
    if not ground.p_value or ground.total >= FEW_FOR_WILD or record.p is None:
        return ()
    change, cluster = sample.post - sample.pre, sample.people.cluster
    # clusters in an order that neither rows nor ids decide, so that the draws repeat
    total = np.bincount(cluster, weights=change)[cluster]
    order = np.lexsort((change, total))
    codes = pd.factorize(cluster[order])[0]
    constant, rng = np.ones((len(change), 1)), np.random.default_rng(WILD_SEED)
    found = wild_bootstrap(change[order], constant, codes, [1.0], rng=rng)
    method = f"wild cluster bootstrap, Webb weights, {found.draws:,} draws"
    return (replace(valued(record, record.value, term="wild-bootstrap", method=method), p=found.p),)


def _paired_t(sample: Sample, record: Estimate, ground: Footing) -> Estimate:
    import pingouin

    change = sample.post - sample.pre
    found = pingouin.ttest(sample.post, sample.pre, paired=True).loc["T_test"]
    # pingouin rounds the ends of its interval: they come from its df and the same SE instead
    se = float(change.std(ddof=1) / np.sqrt(len(change)))
    simple = Student(float(change.mean()), se, float(found["dof"]))
    method = "paired t, people taken as independent"
    done = base.inferred(record, simple, ground, term="paired-t", method=method)
    return replace(done, p=base.number(found["p_val"]) if ground.p_value else None)


def _wilcoxon(sample: Sample, record: Estimate, ground: Footing) -> Estimate:
    import pingouin

    # of two columns pingouin compares everybody with everybody as well: 20,000 people, 3 GB
    found = pingouin.wilcoxon(sample.post - sample.pre).loc["Wilcoxon"]
    method = "Wilcoxon signed ranks, zeros dropped; the value is the rank-biserial correlation"
    p = base.number(found["p_val"]) if ground.p_value else None
    return replace(valued(record, found["RBC"], term="wilcoxon", method=method), p=p)
