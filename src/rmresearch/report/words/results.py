"""The sentences about events, counts and what a gain is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rmresearch.display.numbers import count, number, percent
from rmresearch.report.words.gate import say
from rmresearch.report.words.phrases import (
    between,
    fill,
    is_share,
    lower_first,
    named,
    people,
    quoted,
    range_of,
    share_within,
    signed,
    within,
)
from rmresearch.result import Estimate
from rmresearch.study import Design, Outcome

__all__ = [
    "alone",
    "benefit",
    "counted",
    "event",
    "events_read",
    "money",
    "needed",
    "per_point",
    "pulls",
    "sentence",
    "taken",
    "wins",
]


def event(
    record: Estimate, sides: tuple[tuple[int, int], tuple[int, int]], outcome: Outcome, d: Design
) -> str:
    """To how many it happened in each arm; ``sides`` are (events, people), programme first."""
    (n1, m1), (n0, m0) = sides
    return say(
        fill(
            "results",
            "event",
            **_sides(record, d),
            label=named(outcome.label),
            first=_of(n1, m1),
            other=_of(n0, m0),
            signed=signed(outcome, record),
            interval=within(outcome, record),
        )
    )


def _of(events: int, people: int) -> str:
    return fill("results", "of", events=count(events), people=count(people))


def events_read(records: Sequence[Estimate]) -> str:
    """What intervals of this width can tell; "" where there are none."""
    known = [one for one in records if one.low is not None and one.high is not None]
    if not known:
        return ""
    hold = [one for one in known if (one.low or 0.0) <= 0.0 <= (one.high or 0.0)]
    if len(hold) == len(known):
        return say(fill("results", "none_apart" if len(known) > 1 else "one_none_apart"))
    if not hold:
        return sentence("all_apart")
    return sentence("some_apart", held=count(len(hold)), all=count(len(known)))


def needed(found: Estimate) -> str:
    """How many people for one event more or fewer (term "number-needed")."""
    more = "for one event more" in found.method
    return say(
        fill(
            "results",
            "needed_more" if more else "needed_fewer",
            number=number(found.value, decimals=1),
            interval=range_of(found, decimals=1),
        )
    )


def counted(record: Estimate, means: tuple[float, float], outcome: Outcome, design: Design) -> str:
    """How much was counted in each arm, and how far they differ."""
    first, other = (number(mean) for mean in means)
    return say(
        fill(
            "results",
            "counted",
            **_sides(record, design),
            label=named(outcome.label),
            first=first,
            other=other,
            signed=signed(outcome, record),
            interval=within(outcome, record),
        )
    )


def money(amount: float | None, currency: str) -> str:
    """A sum of money, whole from 100 on.

    >>> money(-1318.6, "EUR"), money(12.5, "")
    ('EUR −1,319', '12.50')
    """
    text = number(amount, decimals=0 if amount is not None and abs(amount) >= 100 else 2)
    return f"{currency} {text}".strip()


def pulls(record: Estimate, currency: str, most: str) -> str:
    """The title over what the inputs do to a net benefit; ``most`` names the one that does most."""
    key = "title_pulls" if record.low is not None else "title_pulls_open"
    return sentence(key, benefit=money(record.value, currency), most=quoted(most))


def taken(gain: Estimate, cost: Estimate, outcome: Outcome, design: Design) -> str:
    """What was gained, for the better, and what the programme took of each person."""
    return say(
        fill(
            "results",
            "taken",
            **_sides(gain, design),
            label=quoted(outcome.label) if is_share(outcome) else lower_first(outcome.label),
            signed=signed(outcome, gain),
            interval=within(outcome, gain),
            cost=money(cost.value, design.currency),
        )
    )


def per_point(found: Estimate, gain: Estimate, outcome: Outcome, design: Design) -> str:
    """What one point more took, or why no number says so (term "cost-per-point")."""
    if found.value is None:
        if gain.low is None or gain.high is None:
            key = "per_point_unknown"
        else:
            key = "per_point_loss" if gain.high < 0 else "per_point_unbounded"
        return sentence(key)
    return say(
        fill(
            "results",
            "per_person" if is_share(outcome) else "per_point",
            cost=money(found.value, design.currency),
            interval=_money_range(found, design.currency),
        )
    )


def benefit(record: Estimate, worst: Estimate | None, best: Estimate | None, design: Design) -> str:
    """The net benefit at the most likely inputs, and at their worst and best."""
    currency = design.currency
    text = fill(
        "results",
        "benefit" if record.low is not None else "benefit_open",
        benefit=money(record.value, currency),
        interval=_money_range(record, currency),
    )
    if worst is not None and best is not None:
        ends = {"worst": money(worst.value, currency), "best": money(best.value, currency)}
        text = f"{text} {fill('results', 'benefit_ends', **ends)}"
    return say(text)


def _money_range(found: Estimate, currency: str) -> str:
    if found.low is None or found.high is None:
        return fill("phrase", "no_interval")
    low, high = (money(end, currency) for end in (found.low, found.high))
    return fill("phrase", "interval", level=f"{100 * found.level:.3g}%", low=low, high=high)


def _sides(record: Estimate, design: Design) -> dict[str, str]:
    programme, comparison = between(design, record)
    return {
        "who": people(design, record.role),
        "programme": programme,
        "comparison": comparison,
        "wave": named(design.wave(record.wave).label),
    }


def alone(found: Estimate, counts: tuple[int, int], outcome: Outcome, design: Design) -> str:
    """To how many of a single group it happened (term "share"); ``counts`` are events, people."""
    return sentence(
        "alone",
        label=named(outcome.label),
        who=people(design, found.role),
        first=_of(*counts),
        wave=named(design.wave(found.wave).label),
        interval=share_within(found),
    )


def wins(found: Estimate, design: Design) -> str:
    """How often one answer is higher than another, for answers that are only ordered."""
    later, earlier = between(design, found)
    arms = {arm.name for arm in design.arms}
    between_arms = found.contrast.split(" - ")[0] in arms
    key = "wins_arms" if between_arms else "wins_waves" if design.linked else "wins_unlinked"
    return sentence(
        key,
        who=people(design, found.role),
        programme=later,
        comparison=earlier,
        share=percent(found.value),
        interval=share_within(found),
    )


def sentence(key: str, **parts: Any) -> str:
    """A sentence of the catalogue's [results]."""
    return say(fill("results", key, **parts))
