"""What to do next: what the result asks for, how many pairs, and where a what-if comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rmresearch.privacy.judged import Judgement
from rmresearch.report.leadership.answer import last, main
from rmresearch.report.leadership.content import Part, Said, Shown, State
from rmresearch.report.leadership.source import Source, Told, joined, said, shown, sizes
from rmresearch.report.leadership.verdicts import state
from rmresearch.report.words.phrases import catalogue

__all__ = ["ahead", "needed", "pairs_needed"]


@dataclass(frozen=True, slots=True)
class Needed:
    """How many independent units would find the smallest difference that matters.

    ``number`` is ``here`` (units in this study) times the squared ratio of the smallest difference
    that this study would find (``found``) to the smallest that matters (``wanted``): an interval
    narrows with the square root of their number. To two digits, upwards. ``alone``: that is for
    one question by itself, while the plan decides this one at a stricter level (Holm).
    """

    number: Shown
    here: Shown
    found: Shown
    wanted: Shown
    enough: bool
    alone: bool


def needed(found: float, wanted: float, here: int) -> int:
    """Units that would find ``wanted`` where ``here`` of them find ``found``; two digits, up.

    >>> needed(0.43, 0.3, 47), needed(0.2, 0.3, 47), needed(0.9, 0.3, 120)
    (97, 21, 1100)
    """
    exact = math.ceil(here * (found / wanted) ** 2)
    size = int(10 ** max(0, len(str(exact)) - 2))
    return math.ceil(exact / size) * size


def pairs_needed(source: Source, told: Told) -> Needed | None:
    """From the release's own numbers; None where one of them is not there."""
    least = source.beside(told, "smallest-detectable")
    wanted, here = source.matters(told.outcome), told.held.estimate.n_clusters
    if least is None or not isinstance(least.estimate.value, (int, float)):
        return None
    if not isinstance(wanted, Shown) or not isinstance(here, int) or least.estimate.value <= 0:
        return None
    matters = float(told.outcome.smallest_effect or 0)
    value, at = float(least.estimate.value), f"{least.at}/value"
    clusters = f"{told.held.at}/n_clusters"
    number = needed(value, matters, here)
    share = told.outcome.kind == "binary"
    found = shown(value, at, "number", 0 if share else 2, 100 if share else 1)
    if not isinstance(found, Shown):
        return None
    return Needed(
        number=Shown(f"{number:,}", (at, wanted.at[0], clusters), "needed"),
        here=Shown(f"{here:,}", (clusters,), "count"),
        found=found,
        wanted=wanted,
        enough=value <= matters,
        alone=told.held.estimate.level > least.estimate.level,
    )


def ahead(source: Source) -> Part:
    """What to do next."""
    told = main(source) or next(iter(last(source)), None)
    shown_state: State = state(told) if told else "no answer"
    if not source.released.standing.ended:
        shown_state = "too early"
    key = _key(shown_state, told.judgement if told else None)
    return Part(
        name="next",
        asks=catalogue()["brief_part"]["next"],
        title=said("brief_next", f"title_{key}").text,
        said=(said("brief_next", key), *(_how_many(source, told) if told and _more(key) else ())),
        points=(
            *_better(source, told),
            said("brief_next", "levers"),
            said("brief_next", "what_if"),
        ),
        notes=(said("brief_next", "note"),),
    )


def _key(shown_state: State, judgement: Judgement | None) -> str:
    """What is advised: no more than certainty, plan and precision carry."""
    if judgement is not None and shown_state == "gain":
        if judgement.certainty == "weak":
            return "gain_weak"
        if not judgement.planned:
            return "gain_lead"
        return "gain" if judgement.precision == "clear_gain" else "gain_some"
    if judgement is not None and shown_state == "none":
        if judgement.certainty == "weak":
            return "none_weak"
        return "none" if judgement.precision == "no_difference" else "no_gain"
    if judgement is not None and judgement.precision == "no_direction":
        return "no_direction"
    if shown_state in {"harm", "unclear", "changed", "hidden"}:
        return shown_state
    return "early" if shown_state == "too early" else "nothing"


def _more(key: str) -> bool:
    """Whether more pairs would help: they do not make an unfair comparison fair."""
    return key != "no_direction"


def _how_many(source: Source, told: Told) -> tuple[Said, ...]:
    """How many pairs it would take, from this study's own precision."""
    found = pairs_needed(source, told)
    if found is None:
        return (said("brief_next", "pairs_unknown"),)
    people = source.who(told.held.estimate.role)
    units = people if source.design.unit == "person" else _units(source)
    unit = sizes(told.held, told.outcome)["unit"]
    key = "pairs_enough" if found.enough else "pairs"
    many = said(
        "brief_next", key, units=units, unit=unit, here=found.here, found=found.found,
        wanted=found.wanted, number=found.number, label=source.label(told.outcome),
    )  # fmt: skip
    return (joined(many, said("brief_next", "pairs_alone")) if found.alone else many,)


def _units(source: Source) -> str:
    return catalogue()["brief_units"][source.design.unit]


def _better(source: Source, told: Told | None) -> Iterator[Said]:
    """What would make the next answer surer, from what lowered this one."""
    judgement = told.judgement if told else None
    if source.design.kind == "single-group":
        yield said("brief_next", "compare")
    elif source.design.kind == "comparison":
        yield said("brief_next", "draw")
    if not source.released.standing.frozen:
        yield said("brief_next", "plan")
    if judgement is not None and judgement.attrition == "high":
        yield said("brief_next", "follow")
    if judgement is not None and judgement.self_rated:
        yield said("brief_next", "others_rate")
    if not source.design.linked:
        yield said("brief_next", "link")
    if told is not None and told.outcome.smallest_effect is None:
        yield said("brief_next", "smallest")
