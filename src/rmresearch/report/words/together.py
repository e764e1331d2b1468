"""The sentences on pairs, on groups of people, and on differences too small to matter."""

from __future__ import annotations

from collections.abc import Sequence

from rmresearch.display.numbers import count, number
from rmresearch.report.words.gate import say
from rmresearch.report.words.phrases import (
    amount,
    between,
    capital,
    fill,
    lower_first,
    matters,
    named,
    people,
    range_of,
    signed,
    way,
    within,
)
from rmresearch.result import Estimate
from rmresearch.study import Design

__all__ = ["differs", "equivalent", "gains", "partner", "too_wide"]

#: the findings of `analysis.equivalence` and the sentences that say them
EQUIVALENCE = {
    "evidence of no meaningful difference": "none",
    "a difference, and too small to matter": "small",
    "a difference; not shown to be too small to matter": "seen",
    "no evidence of a difference; cannot tell": "cannot_tell",
    "this study could not have shown it": "could_not_show",
    "other adjustments do not confirm it": "unconfirmed",
    "no interval can be given": "no_interval",
}


def partner(found: Estimate, other: str, design: Design) -> str:
    """How later scores go with the partner's score before (``other``: that outcome's name)."""
    outcome = design.outcome(found.outcome)
    key = "partner_seen" if found.excludes_zero else "partner_unclear"
    if found.low is None:
        key = "partner_no_interval"
    return say(
        fill(
            "together",
            key,
            who=people(design, found.role),
            label=lower_first(outcome.label),
            other=lower_first(design.outcome(other).label),
            wave=named(design.wave(found.wave).label),
            amount=amount(outcome, found),
            signed=signed(outcome, found),
            way=way(outcome, found),
            interval=within(outcome, found),
        )
    )


def gains(found: Estimate) -> str:
    """Whether the two members of a pair gain together (term "reciprocity")."""
    if found.low is None or found.high is None:
        key = "gains_no_interval"
    elif found.low > 0:
        key = "gains_alike"
    elif found.high < 0:
        key = "gains_opposite"
    else:
        key = "gains_unclear"
    return say(
        fill(
            "together",
            key,
            pairs=count(found.n_pairs),
            value=number(found.value, decimals=2, signed=True),
            interval=range_of(found, decimals=2),
        )
    )


def differs(test: Estimate, by: str, design: Design) -> str:
    """Whether declared groups differ (term "interaction-test"); ``by`` names the moderator."""
    outcome = design.outcome(test.outcome)
    key = "open" if test.p is None else "differ" if test.p < 0.05 else "unclear"
    wave = named(design.wave(test.wave).label)
    parts = {"label": lower_first(outcome.label), "by": named(by), "wave": wave}
    return say(fill("groups", key, who=people(design, test.role), **parts))


def equivalent(test: Estimate, record: Estimate, finding: str, design: Design) -> str:
    """What two one-sided tests say (terms "equivalence", "record" and the table's finding)."""
    outcome = design.outcome(test.outcome)
    key = EQUIVALENCE[finding]
    beyond = record.low is not None and record.high is not None and key == "none"
    if beyond and max(-(record.low or 0), record.high or 0) >= (outcome.smallest_effect or 0):
        key = "none_by_tests"
    first, second = between(design, record)
    text = fill(
        "equivalence",
        key,
        who=people(design, test.role),
        label=lower_first(outcome.label),
        wave=named(design.wave(test.wave).label),
        what=f"{first} − {second}",
        signed=signed(outcome, test),
        interval=within(outcome, test),
        wide=within(outcome, record),
        matters=matters(outcome),
    )
    return say(capital(text))


def too_wide(labels: Sequence[str]) -> str:
    """Several differences that the study could not have shown to be too small to matter."""
    each = map(named, dict.fromkeys(labels))  # one outcome may have several differences
    several = {"count": count(len(labels)), "labels": fill("phrase", "semicolon").join(each)}
    return say(fill("equivalence", "could_not_show_several", **several))
