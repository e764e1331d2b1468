"""The sentences beside the results: power, reaction, attrition, scales, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rmresearch.display.numbers import count, number, percent
from rmresearch.report.words.gate import say
from rmresearch.report.words.phrases import (
    amount,
    between,
    catalogue,
    fill,
    listed,
    lower_first,
    named,
    people,
    quoted,
    range_of,
    share_within,
    way,
    within,
)
from rmresearch.result import Estimate
from rmresearch.study import Design, Outcome

__all__ = [
    "association",
    "attrition",
    "detectable",
    "dose",
    "exaggeration",
    "lasting",
    "missing",
    "reaction",
    "reliability",
    "still_paired",
    "unvaried",
]

#: below this alpha a scale is called poor (Nunnally 1978 asks for .70)
ENOUGH = 0.7
#: from here on the exact exaggeration says nothing more
MOST_TIMES = 100


def detectable(found: Estimate, design: Design) -> str:
    """How small a difference this design would find (term "smallest-detectable")."""
    outcome = design.outcome(found.outcome)
    label = lower_first(outcome.label)
    return say(fill("beside", "detectable", label=label, amount=amount(outcome, found)))


def exaggeration(found: Estimate, design: Design) -> str:
    """How much too large a result that stands out would be (term "exaggeration")."""
    label = lower_first(design.outcome(found.outcome).label)
    most = found.value is not None and found.value >= MOST_TIMES
    key = "exaggeration_beyond" if most else "exaggeration"
    ratio = count(MOST_TIMES) if most else number(found.value, decimals=1)
    return say(fill("beside", key, label=label, ratio=ratio))


def reaction(found: Sequence[Estimate], design: Design) -> str:
    """How many answered favourably (no term), or the net recommend score, of each who was asked.

    The estimates are those of one question, wave and term.
    """
    one = found[0]
    key = "recommend" if one.term == "net-recommend" else "reaction"
    parts = fill("phrase", "semicolon").join(_received(each, design) for each in found)
    label, wave = quoted(design.outcome(one.outcome).label), named(design.wave(one.wave).label)
    return say(fill("beside", key, label=label, wave=wave, parts=parts))


def _received(one: Estimate, design: Design) -> str:
    parts = {"who": people(design, one.role), "answered": count(one.n_people)}
    if one.term == "net-recommend":
        score = number(one.value, decimals=0, signed=True)
        return fill("beside", "recommend_part", score=score, interval=range_of(one, decimals=0),
                    **parts)  # fmt: skip
    key = "reaction_plain" if one.low is None else "reaction_part"
    parts |= {"share": percent(one.value), "interval": share_within(one)}
    return fill("beside", key, **parts)


def attrition(
    overall: Estimate,
    differential: Estimate,
    design: Design,
    verdict: Literal["low", "high"] | None,
) -> str:
    """How many were lost, how unequally, and the class where arms were randomised.

    The two estimates are shares (terms "overall-attrition", "differential-attrition").
    """
    programme, comparison = between(design, overall)
    gap = None if differential.value is None else 100 * abs(differential.value)
    parts = {
        "wave": named(design.wave(overall.wave).label),
        "overall": percent(overall.value),
        "differential": number(gap, decimals=1),
        "programme": programme,
        "comparison": comparison,
    }
    if verdict is None:
        return say(fill("beside", "attrition_plain", **parts))
    words = catalogue()["beside"][f"attrition_{verdict}"]
    return say(fill("beside", "attrition", verdict=words, **parts))


def reliability(alpha: Estimate, design: Design) -> str:
    """Whether a scale's items hang together."""
    outcome = design.outcome(alpha.outcome)
    key = "reliable" if (alpha.value or 0) >= ENOUGH else "unreliable"
    interval = range_of(alpha, decimals=2)
    shown = number(alpha.value, decimals=2)
    return say(
        fill("beside", key, label=lower_first(outcome.label), alpha=shown, interval=interval)
    )


def lasting(share: Estimate, design: Design) -> str:
    """How much of the variance is a level's (term "variance-share", a level's name as group)."""
    outcome = design.outcome(share.outcome)
    who = people(design, share.role) if share.role != "all" else catalogue()["role"]["all"]
    return say(
        fill(
            "beside",
            "lasting",
            label=named(outcome.label),
            who=who,
            share=percent(share.value),
            level=catalogue()["beside"][f"level_{share.group}"],
            interval=share_within(share),
        )
    )


def dose(same: Estimate | None, other: Estimate | None, design: Design) -> str:
    """How gains went with meetings: within people (``same``) and between them (``other``)."""
    told = {"within": same, "between": other}
    known = {key: one for key, one in told.items() if one is not None}
    if not known:
        raise ValueError("nothing to tell: no comparison within people or between them")
    outcome = design.outcome(next(iter(known.values())).outcome)
    parts = [
        fill(
            "beside",
            f"dose_{key}",
            how=_rise(outcome, one),
            interval=within(outcome, one),
        )
        for key, one in known.items()
    ]
    said = fill("phrase", "semicolon").join(parts)
    return say(fill("beside", "dose", label=named(outcome.label), parts=said))


def _rise(outcome: Outcome, one: Estimate) -> str:
    """How much more or less, as rounded: "0.00 points more" would be neither."""
    words = catalogue()["phrase"]
    keys = {words["higher"]: "dose_more", words["lower"]: "dose_less"}
    return fill("beside", keys.get(way(outcome, one), "dose_alike"), amount=amount(outcome, one))


def association() -> str:
    """Why what goes with meetings is not what meetings do."""
    return say(catalogue()["beside"]["association"])


def unvaried() -> str:
    """Why nobody can say how scores vary, though they are there."""
    return say(catalogue()["beside"]["unvaried"])


def still_paired(found: Estimate, design: Design) -> str:
    """How many pairs were still together at a wave (term "still-paired")."""
    wave = named(design.wave(found.wave).label)
    share, interval = percent(found.value), share_within(found)
    return say(fill("beside", "still_paired", share=share, wave=wave, interval=interval))


def missing(*what: str) -> str:
    """What the study would need to answer, from the catalogue's [missing] (one or more keys)."""
    known = catalogue()["missing"]
    unknown = [key for key in what if key not in known or key == "sentence"]
    if unknown or not what:
        names = ", ".join(key for key in known if key != "sentence")
        raise ValueError(f"no such thing can be missing: {unknown}; the catalogue knows {names}")
    return say(fill("missing", "sentence", needed=listed([known[key] for key in what])))
