"""What a study could show before anything after the start is looked at: power, certainty, cells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
import pandas as pd

from rmresearch.numerics.effects import smallest_detectable
from rmresearch.privacy.rules import Limits, model_rule
from rmresearch.study import ROLES, Outcome, Study, among

__all__ = ["prospects"]

#: the correlation of a scale between two waves that a plan may assume (methods: 24 + 24 people)
BETWEEN_WAVES = 0.6
#: the most that a design can support, self-rated outcomes and others; held against evidence.judge
CERTAINTY = {
    "single-group": ("weak", "weak"),
    "comparison": ("weak", "moderate"),
    "waitlist": ("moderate", "strong"),
    "randomised": ("moderate", "strong"),
}


def prospects(study: Study) -> Iterator[str]:
    """The smallest difference this study would find, its best certainty, what stays hidden."""
    if study.design.linked and len(study.design.waves) > 1:
        yield from _detectable(study)
        yield _certainty(study)
    yield from _hidden(study)
    if study.design.linked and len(study.design.waves) > 1:
        yield from _withheld(study)


def _detectable(study: Study) -> Iterator[str]:
    """A role at a time, from the clusters that answered its best-answered outcome before."""
    for role in ROLES:
        asked = [o for o in study.design.outcomes if o.role in {role, "all"} and _repeated(o)]
        groups = [_clusters(study, outcome, role) for outcome in asked]
        largest = max(groups, key=sum, default=())
        if not largest or min(largest) < 2:
            continue
        if len(largest) == 1:
            what, n = "change", largest[0]
            se, df = float(np.sqrt(2 * (1 - BETWEEN_WAVES) / n)), n - 1
        else:
            what, n = "difference between arms", min(largest[1:])
            spread = (1 - BETWEEN_WAVES**2) * (1 / largest[0] + 1 / n)
            se, df = float(np.sqrt(spread)), largest[0] + n - 3
        found = smallest_detectable(se, df)
        if np.isfinite(found):
            yield (
                f"{study.design.role_label(role).capitalize()}s: a {what} of about {found:.2f} "
                f"standard deviations would be found four times in five, if everybody who "
                f"answered before answers again and scores correlate {BETWEEN_WAVES} between "
                f"waves; a smaller one will often be missed."
            )


def _repeated(outcome: Outcome) -> bool:
    return outcome.timing == "repeated" and len(outcome.waves) > 1 and outcome.kirkpatrick > 1


def _clusters(study: Study, outcome: Outcome, role: str) -> tuple[int, ...]:
    """Clusters with baseline answers: the comparison arm first, then each programme arm."""
    cluster = study.clusters()
    return tuple(cluster.reindex(pd.Index(who)).nunique() for who in _there(study, outcome, role))


def _there(study: Study, outcome: Outcome, role: str) -> list[pd.Series[str]]:
    """People with baseline answers: of the comparison arm first, then of each programme arm."""
    table = study.participants
    rows = study.measures
    first = rows[(rows["wave"] == study.design.baseline.name) & rows["item"].isin(outcome.items)]
    there = table[(table["role"] == role) & among(table["person"], first["person"])]
    comparison = study.design.comparison
    if comparison is None:
        return [there["person"]]
    arms = [comparison.name, *(arm.name for arm in study.design.programme_arms)]
    return [there.loc[there["arm"] == arm, "person"] for arm in arms]


def _certainty(study: Study) -> str:
    own, other = CERTAINTY[study.design.kind]
    reservation = "if few are lost and the groups were alike before"
    if study.design.kind == "single-group":
        reservation = "whatever the answers: one group shows that scores changed, not why"
    if own == other:
        return f"Certainty that this design can reach: {own}, {reservation}."
    return (
        f"Certainty that this design can reach: {other}, and {own} where people rate themselves, "
        f"{reservation}."
    )


def _hidden(study: Study) -> Iterator[str]:
    """Which cells a release would hide, as far as the structure tells."""
    rules = study.design.privacy
    yield (
        f"Outside the evaluation team, means need {rules.smallest_mean} people and intervals "
        f"{rules.smallest_interval}; smaller groups will be hidden."
    )
    known = study.participants["department"].dropna()
    if not study.design.linked or known.empty:
        return
    sizes = known.groupby(known).size()
    few = int((sizes < rules.smallest_mean).sum())
    if few:
        yield f"Departments with too few people to be shown: {few} of {len(sizes)}."


def _withheld(study: Study) -> Iterator[str]:
    """Roles too few for any difference (one group: change) to leave by S1 and S6, with the need."""
    limits = Limits.of(study.design.privacy)
    for role in ROLES:
        asked = [o for o in study.design.outcomes if o.role in {role, "all"} and _repeated(o)]
        there = [[len(who) for who in _there(study, outcome, role)] for outcome in asked]
        needed = [_needed(study, outcome, limits) for outcome in asked]
        short = [
            sum(n) < need or min(n) < limits.mean for n, need in zip(there, needed, strict=True)
        ]
        if not any(map(sum, there)) or not all(short):
            continue
        who, of_arms = study.design.role_label(role), ""
        what = "change"
        if study.design.comparison is not None:
            what, of_arms = "difference between arms", f", {limits.mean} of them in each arm"
        yield (
            f"Outside the evaluation team no {what} will be shown for {who}s: that takes answers "
            f"of {min(needed)} {who}s{of_arms}, and {max(map(sum, there))} answered at "
            f"{study.design.baseline.name}. Only the technical report will have it."
        )


def _needed(study: Study, outcome: Outcome, limits: Limits) -> int:
    """People from whom on S6 lets the planned model of an outcome leave; its parameters counted.

    One group's change has one. Arms share a baseline: a mean a wave, a difference an arm and later
    wave, and at every wave one for each stratum but one (``analysis.arms``).
    """
    design, waves, parameters = study.design, len(outcome.waves), 1
    if design.comparison is not None:
        strata = max(1, study.participants["stratum"].nunique())
        parameters = waves + len(design.programme_arms) * (waves - 1) + waves * (strata - 1)
    return next(n for n in count(limits.interval) if model_rule(n, parameters, None))
