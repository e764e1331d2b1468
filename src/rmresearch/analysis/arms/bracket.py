"""Arms that were not randomised: three answers that err in different directions, and if they agree.

ANCOVA errs where groups differed before and the baseline is measured with error; difference in
differences where groups would have drifted apart or together anyway; the reliability-corrected
ANCOVA assumes that arms differ at random given the true baseline.
"""

from __future__ import annotations

import numpy as np

from rmresearch.analysis.arms.contrast import change_score
from rmresearch.analysis.arms.sample import Sample
from rmresearch.analysis.base import Footing, inferred
from rmresearch.analysis.base.fit import Student, valued
from rmresearch.analysis.base.items import item_scores
from rmresearch.numerics.measurement import reliability_corrected
from rmresearch.result import Check, Estimate
from rmresearch.study import Arm

__all__ = ["AGREES", "bracket"]

AGREES = "bracket agrees"
CORRECTED = "reliability-corrected"


def bracket(
    sample: Sample, arm: Arm, ground: Footing, record: Estimate, reliability: float | None
) -> tuple[list[Estimate], list[Check]]:
    """Difference in differences and reliability-corrected ANCOVA, and whether all three agree."""
    did = change_score(sample, arm, ground, record, "difference-in-differences")
    corrected = _corrected(sample, arm, ground, record, reliability)
    three = (record, did, corrected)
    verdicts = [_verdict(estimate) for estimate in three]
    agree = None not in verdicts and len(set(verdicts)) == 1
    named = zip(("ANCOVA", "difference in differences", CORRECTED), three, strict=True)
    shown = "; ".join(f"{name} {_shown(estimate)}" for name, estimate in named)
    said = "they agree" if agree else "they do not agree: no direction can be claimed"
    if None in verdicts:
        said = "not all of them can be judged: no direction can be claimed"
    detail = f"{sample.about(arm)}: {shown}; {said}."
    return [did, corrected], [Check(AGREES, agree, detail)]


def _corrected(
    sample: Sample, arm: Arm, ground: Footing, record: Estimate, given: float | None
) -> Estimate:
    outcome, study = sample.roster.outcome, sample.roster.study
    many = len(outcome.items) > 1
    start = "ANCOVA on the true score behind the baseline"
    if given is None and not many:
        method = f"{start}: a single item has no alpha, give baseline_reliability"
        return valued(record, None, term=CORRECTED, method=method)
    items = item_scores(study, outcome, study.design.baseline, sample.people)
    x, _ = sample.without_baseline
    columns = [sample.column(one) for one in sample.arms]
    found = reliability_corrected(
        sample.after,
        sample.before,
        x,
        columns,
        sample.people.cluster,
        items=None if given is not None else items,
        reliability=given,
    )
    at = sample.arms.index(arm)
    source = "given" if given is not None else "alpha within arms"
    method = f"{start}, reliability {found.reliability:.2f} ({source}), cluster jackknife"
    df = record.df if record.df is not None else np.nan
    value = Student(float(found.estimate[at]), float(found.se[at]), df)
    return inferred(record, value, ground, term=CORRECTED, method=method)


def _verdict(estimate: Estimate) -> int | None:
    """1 or -1 where the interval lies above or below 0, 0 where it holds it, None without one."""
    if estimate.low is None or estimate.high is None:
        return None
    return int(estimate.low > 0) - int(estimate.high < 0)


def _shown(estimate: Estimate) -> str:
    if estimate.value is None:
        return "cannot be computed"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3g} without an interval"
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"
