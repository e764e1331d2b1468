"""Answers without person ids: two independent samples, and nothing about anybody's change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rmresearch.analysis import base
from rmresearch.analysis.base.fit import (
    exaggeration_check,
    is_ordinal,
    measured,
    power_of,
    sized,
    valued,
    varies,
)
from rmresearch.analysis.change.sample import Answer, Options, Sample, change_row, crossed, form
from rmresearch.errors import number_of
from rmresearch.numerics import effects
from rmresearch.numerics.wins import win_probability
from rmresearch.result import Check, Estimate

__all__ = ["unlinked"]

EACH = "those who answered each wave, not linked"


def unlinked(sample: Sample, options: Options) -> Answer:
    """The difference of the waves' means, as of two independent samples."""
    sides = [np.isfinite(sample.pre), np.isfinite(sample.post)]
    counts = [int(side.sum()) for side in sides]
    if min(counts) < 2:
        few = (
            f"{sample.about}: {number_of(counts[0], 'answer', 'answers')} before and {counts[1]} "
            "after; 2 each are needed"
        )
        return Answer(checks=(Check("answers in both waves", False, few + "."),))
    cluster = np.concatenate([sample.people.cluster[side] for side in sides])
    y = np.concatenate([sample.pre[sides[0]], sample.post[sides[1]]])
    later = np.repeat([0.0, 1.0], counts)
    names = np.repeat([sample.before.name, sample.after.name], counts)
    ground = base.footing(cluster, names.astype(object))
    x = np.column_stack([np.ones(len(y)), later])
    named = ["before", "after"]
    found = measured(y, x, cluster, [0.0, 1.0], ground, named, of_record=True)
    shown = sample.take(sides[0] | sides[1])
    method = "difference of independent means, CR2 by cluster, Satterthwaite df"
    start = replace(form(shown, options.level, EACH, 2), smallest_level=min(counts))
    record = base.inferred(start, found, ground, method=method)
    standard = _standardised(record, sample, y, len(y))
    wins: tuple[Estimate, ...] = ()
    if is_ordinal(sample.outcome):
        won = win_probability(y, later > 0, cluster, level=options.level)
        method = "how often a later answer is higher than an earlier one, ties half"
        wins = (sized(record, won, ground, term="win-probability", method=method),)
    power = power_of(record, sample.outcome.smallest_effect)
    unknown = (
        f"{sample.about}: answers carry no person ids, so waves are compared as independent "
        f"samples; whether the same people answered is unknown and nobody's change is estimated."
    )
    return Answer(
        estimates=(record, standard, *wins, *power),
        change=(change_row(shown, record),),
        checks=(
            *ground.checks(sample.about)[:2],
            Check("answers linked to people", False, unknown),
            *crossed(shown),
            *exaggeration_check(sample.about, power),
        ),
    )


def _standardised(record: Estimate, sample: Sample, y: np.ndarray, n: int) -> Estimate:
    sd = effects.pooled_sd(sample.pre, sample.post)
    method = "difference / pooled SD, Hedges-corrected, cluster-robust interval"
    bare = valued(record, None, term="standardised", method=method)
    if record.value is None or not varies(y) or not sd > 0:
        return bare
    if record.se is None or record.df is None:
        return replace(bare, value=base.number(effects.small_sample(n) * record.value / sd))
    size = effects.hedges_g(record.value, record.se, record.df, sd, n, level=record.level)
    filled = sized(bare, size, base.footing(np.arange(n)))
    return filled if record.low is not None else replace(filled, low=None, high=None)
