"""An analysis that takes little time where a sweep asks it one study after another."""

from __future__ import annotations

from scipy import stats

import rmresearch as rm
from rmresearch.result import Call, Estimate, Result


def quick(study: rm.Study, outcome: str) -> Result:
    """The paired t test of one group, under the key of the truth."""
    by = study.measures.pivot(index="person", columns="wave", values="value")
    test = stats.ttest_1samp(by["wave1"] - by["start"], 0.0)
    one = Estimate(
        role="senior",
        outcome=outcome,
        wave="wave1",
        contrast="wave1 - start",
        group="programme",
        estimand="people who answered both waves",
        value=float((by["wave1"] - by["start"]).mean()),
        p=float(test.pvalue),
    )
    return Result(Call("quick"), estimates=(one,))
