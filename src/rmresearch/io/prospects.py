"""What a study could show before anything after the start is looked at: power, certainty, cells."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rmresearch.numerics.effects import smallest_detectable
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
    table = study.participants
    rows = study.measures
    first = rows[(rows["wave"] == study.design.baseline.name) & rows["item"].isin(outcome.items)]
    there = table[(table["role"] == role) & among(table["person"], first["person"])]
    cluster = study.clusters().reindex(pd.Index(there["person"])).to_numpy()
    comparison = study.design.comparison
    if comparison is None:
        return (len(set(cluster)),)
    arms = [comparison.name, *(arm.name for arm in study.design.programme_arms)]
    return tuple(len(set(cluster[(there["arm"] == arm).to_numpy()])) for arm in arms)


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
