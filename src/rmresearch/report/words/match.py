"""The sentences about match and gain: what goes with what, and why that is no more than it is."""

from __future__ import annotations

from collections.abc import Sequence

from rmresearch.display.numbers import count
from rmresearch.numerics.effects import holm
from rmresearch.report.words.gate import say
from rmresearch.report.words.phrases import (
    amount,
    catalogue,
    fill,
    lower_first,
    people,
    quoted,
    way,
    within,
)
from rmresearch.result import Estimate
from rmresearch.study import Design

__all__ = ["asked_for", "matched", "matching", "met_more", "outstanding"]

ALPHA = 0.05


def outstanding(records: Sequence[Estimate]) -> list[Estimate]:
    """Those that stand out from chance allowing for all of them (Holm over every one shown)."""
    tested = [one for one in records if one.p is not None]
    if not tested:
        return []
    adjusted = holm([one.p for one in tested if one.p is not None])
    return [one for one, p in zip(tested, adjusted, strict=True) if p <= ALPHA]


def asked_for(planned: Sequence[Estimate], records: Sequence[Estimate]) -> str:
    """Whether the frozen plan asks for the comparisons: all, some or none of them."""
    if not planned:
        return say(fill("match", "unplanned"))
    if len(planned) == len(records):
        return say(fill("match", "planned_all"))
    return say(fill("match", "planned", count=count(len(planned)), all=count(len(records))))


def matched(records: Sequence[Estimate], design: Design) -> list[str]:
    """Each comparison that stands out allowing for all of them, or that none does."""
    found = outstanding(records)
    if found:
        return [_one(one, design) for one in found]
    tested = sum(one.p is not None for one in records)
    key = "none" if tested > 1 else "single" if tested else "untested"
    return [say(fill("match", key, count=count(tested)))]


def _one(one: Estimate, design: Design) -> str:
    outcome = design.outcome(one.outcome)
    words = catalogue()["match"]
    return say(
        fill(
            "match",
            "found",
            who=people(design, one.role),
            step=words["step_yes" if one.contrast == "1 - 0" else "step_sd"],
            feature=quoted(one.group),
            label=lower_first(outcome.label),
            amount=amount(outcome, one),
            more=way(outcome, one),
            interval=within(outcome, one),
        )
    )


def met_more(one: Estimate, design: Design) -> str:
    """How gains went with meetings held (term "dose"): exploratory."""
    outcome = design.outcome(one.outcome)
    return say(
        fill(
            "match",
            "meetings",
            label=lower_first(outcome.label),
            who=people(design, one.role),
            amount=amount(outcome, one),
            more=way(outcome, one),
            interval=within(outcome, one),
        )
    )


def matching(design: Design) -> str:
    """Whether chance made the pairs, and what that means for everything said of them."""
    procedure = design.matching.procedure
    if procedure == "random":
        return say(catalogue()["match"]["random"])
    return say(fill("match", "observational", how=catalogue()["match"][f"how_{procedure}"]))
