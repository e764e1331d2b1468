"""What a change must be held against: selection (regression to the mean) and measurement error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing
from rmresearch.analysis.base.fit import valued, varies
from rmresearch.analysis.change.sample import Answer, Options, Sample
from rmresearch.numerics import effects
from rmresearch.numerics.proportions import Proportion, proportion
from rmresearch.result import Cell, Check, Estimate

__all__ = ["expected_regression", "reliable_change"]

#: retest correlations shown where none is known (methods.md, "expected regression to the mean")
ASSUMED = (0.4, 0.6, 0.8)
EXPECTED, RELIABLE = "expected regression to the mean", "reliable change"


def expected_regression(sample: Sample, record: Estimate, options: Options) -> Answer:
    """The change that selection alone would produce, (1 - r)(mu - x); never 0 for "unknown"."""
    mean, pool, retest = float(sample.pre.mean()), options.pool_mean, options.untreated_retest
    given = [(retest, "given")] if retest is not None else [(r, "assumed") for r in ASSUMED]
    rows: list[tuple[float, str]] = [(r, source) for r, source in given if r is not None]
    if retest is None and sample.reliability is not None and sample.reliability <= 1:
        rows.append((sample.reliability, "alpha before: an upper bound of r"))
    amounts = [effects.expected_regression(r, pool, mean) if pool is not None else None
               for r, _ in rows]  # fmt: skip
    known = amounts[0] if retest is not None else None
    method = "(1 - r)(mu - x): change by selection alone"
    return Answer(
        estimates=(valued(record, known, term="expected-regression", method=method),),
        regression=tuple(
            _regression_row(sample, record, r, source, amount)
            for (r, source), amount in zip(rows, amounts, strict=True)
        ),
        checks=(Check(EXPECTED, known is not None, _regression_words(sample, record, options)),),
    )


def _regression_row(
    sample: Sample, record: Estimate, retest: float, source: str, amount: float | None
) -> tuple[Cell, ...]:
    who = sample.people.behind()
    left = None if amount is None or record.value is None else record.value - amount
    own = Cell(retest, "label") if source in {"given", "assumed"} else None
    return (
        base.label(sample.study.design.role_label(sample.people.role)),
        base.label(sample.arm or "everyone"),
        own or base.cell(retest, "statistic", who),
        base.label(source),
        base.cell(amount, "contrast", who),
        base.cell(record.value, "contrast", who),
        base.cell(left, "contrast", who),
    )


def _regression_words(sample: Sample, record: Estimate, options: Options) -> str:
    if options.pool_mean is None:
        return (
            f"{sample.about}: the change that selection alone would produce cannot be computed "
            f"without pool_mean, the baseline mean of everybody who was eligible."
        )
    if options.untreated_retest is None:
        return (
            f"{sample.about}: the change that selection alone would produce is shown for assumed "
            f"retest correlations; give untreated_retest to have one number."
        )
    return (
        f"{sample.about}: selection alone would move the mean towards the eligible pool's; the "
        f"expected change stands beside the observed one."
    )


def reliable_change(sample: Sample, record: Estimate, ground: Footing, options: Options) -> Answer:
    """Who changed by more than measurement error explains, in the desired direction or not."""
    retest = options.untreated_retest
    single = len(sample.outcome.items) == 1
    reliability = retest if single else sample.reliability
    source = "untreated_retest" if single else "alpha before, within arms"
    if reliability is None or not 0.0 <= reliability < 1.0 or not varies(sample.pre):
        return Answer(checks=(Check(RELIABLE, False, _unreliable(sample, reliability)),))
    pre, post, cluster = sample.pre, sample.post, sample.people.cluster
    found = effects.reliable_change(pre, post, sd=sample.sd, reliability=reliability)
    change = (post - pre) * sample.outcome.direction
    flags = {
        "reliably-improved": change > found.threshold,
        "reliably-worsened": change < -found.threshold,
    }
    method = f"Jacobson-Truax at 95%, reliability: {source}; Wilson interval on effective n"
    estimates = tuple(
        _share(record, proportion(flag, cluster, level=record.level), ground, term, method)
        for term, flag in flags.items()
    )
    row = _reliable_row(sample, found.threshold, list(flags.values()), reliability, source)
    said = (
        f"{sample.about}: a change counts as reliable above {found.threshold:.3g} "
        f"{sample.outcome.unit} (reliability {reliability:.2f}, {source})."
    )
    checks = (Check(RELIABLE, True, said),)
    return Answer(estimates=estimates, reliable=(row,), checks=checks)


def _share(
    record: Estimate, share: Proportion, ground: Footing, term: str, method: str
) -> Estimate:
    """A share of the record's people, with its interval where one is allowed."""
    plain = valued(record, share.value, term=term, method=method)
    if not ground.interval:
        return plain
    return replace(plain, low=base.number(share.low), high=base.number(share.high))


def _reliable_row(
    sample: Sample,
    threshold: float,
    flags: Sequence[NDArray[np.bool_]],
    reliability: float,
    source: str,
) -> tuple[Cell, ...]:
    who = sample.people.behind()
    n, (up, down) = who.n_people, (int(flag.sum()) for flag in flags)
    shares = [
        base.cell(count / n, "proportion", who, numerator=count)
        for count in (up, n - up - down, down)
    ]
    return (
        base.label(sample.study.design.role_label(sample.people.role)),
        base.label(sample.arm or "everyone"),
        base.cell(n, "count", who),
        base.cell(threshold, "statistic", who),
        *shares,
        base.cell(reliability, "statistic", who),
        base.label(source),
    )


def _unreliable(sample: Sample, reliability: float | None) -> str:
    start = f"{sample.about}: reliable change cannot be judged, "
    if reliability is None and len(sample.outcome.items) == 1:
        return f"{start}because a single item has no alpha; give untreated_retest."
    if reliability is None:
        return f"{start}because the scale's alpha before cannot be computed."
    if not 0.0 <= reliability < 1.0:
        return f"{start}because a reliability of {reliability:.2f} does not lie in [0, 1)."
    return f"{start}because scores before do not vary."
