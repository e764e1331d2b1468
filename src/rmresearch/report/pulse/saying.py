"""What a sign says: a sentence of what was seen, its rule and its limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rmresearch.analysis.pulse.meetings import cadence, silent_after
from rmresearch.display.numbers import HIDDEN, NOTHING, number
from rmresearch.privacy.rules import HIGH, LOW
from rmresearch.report.pulse.reading import Entry, Pairs, Sign, Track, signs
from rmresearch.report.words import pulse as words
from rmresearch.report.words.phrases import named, people, spoken
from rmresearch.study import Design

__all__ = ["about", "against_before", "arm_name", "group", "seen", "state"]


def arm_name(design: Design, arm: str) -> str:
    """An arm as a sentence names it before the word "group"; "" without arms."""
    return next((named(one.label) for one in design.arms if one.name == arm), "")


def group(design: Design, track: Track) -> str:
    """Whose rounds a track holds, as a chart's heading."""
    arm = arm_name(design, track.arm)
    if track.kind != "quality":
        return arm or words.tell("everyone")
    who = people(design, track.role)
    who = who[:1].upper() + who[1:]
    return f"{who}, {arm}" if len(design.programme_arms) > 1 else who


def about(design: Design, sign: Sign) -> str:
    """What a sign looks at, in a few words."""
    if sign.track is None:
        return words.tell("looked_silent")
    track = sign.track
    if track.kind == "response":
        return words.tell("looked_response", round=words.round_name(track.about))
    if track.kind == "meetings":
        return words.tell("looked_meetings")
    return named(design.outcome(track.about).label)


def seen(design: Design, told: Sequence[Sign]) -> str:
    """The latest round of one track (or of one arm's pairs), and every limit it is held against."""
    first = told[0]
    if first.track is None:
        return " ".join(_silent(design, one, one.pairs) for one in told if one.pairs is not None)
    rules = [_rule(sign, sign.track.latest, sign.track) for sign in told if sign.track is not None]
    return state(design, first.track) + "".join(rules)


def against_before(design: Design, track: Track) -> str:
    """The latest round of a track, and the limit that the rounds before it set."""
    own = [sign for sign in signs([track], ()) if sign.rule == "before"]
    return seen(design, own)


def state(design: Design, track: Track) -> str:
    """The latest round of a track."""
    latest, arm = track.latest, arm_name(design, track.arm)
    if track.kind == "meetings":
        key = "meetings" if arm else "meetings_all"
        held = latest.said("held")
        said = _told(key, held, month=latest.row["month"], arm=arm, held=held)
        planned = cadence(design)
        return said + (
            words.tell("planned", planned=number(planned, decimals=1)) if planned else ""
        )
    if track.kind == "response":
        ends = [latest.said(name) for name in ("share low", "share high")]
        known = None not in (latest.row.get("share low"), latest.row.get("share high"))
        share = latest.said("share")
        return _told(
            "response" if arm else "response_all",
            share,
            arm=arm,
            share=share,
            interval=words.tell("interval", low=ends[0], high=ends[1]) if known else "",
            round=words.round_name(track.about),
            wave=named(latest.label),
        )
    share = latest.said("favourable")
    return _told(
        "favourable",
        share,
        share=share,
        who=people(design, track.role),
        label=design.outcome(track.about).label,
        wave=named(latest.label),
    )


def _told(key: str, value: str, **parts: Any) -> str:
    """A sentence about a number, or that it is not shown: "hidden" is no number to read out."""
    return words.tell(f"{key}_unshown" if value == spoken(HIDDEN) else key, **parts)


def _rule(sign: Sign, latest: Entry, track: Track) -> str:
    """The limit of the rule, and whether the round lies beyond it."""
    if sign.rule == "half":
        ends = [latest.said(f"favourable {end}") for end in ("low", "high")]
        known = latest.row.get("favourable high") is not None
        told = sign.status == "watch" and known
        return words.tell("half", low=ends[0], high=ends[1]) if told else ""
    if sign.status == "unknown":
        return words.tell("no_limit", why=words.tell(_why(latest, track)))
    columns = ("warning low", "action low")
    if sign.rule == "plan":
        columns = ("plan warning", "plan action")
    source = "panel" if latest.row.get("limits from") == "panel" else sign.rule
    limit = latest.said(columns[1] if sign.status == "act" else columns[0])
    if limit in {
        spoken(HIGH),
        spoken(LOW),
        NOTHING,
    }:  # what the release rules leave of it reads badly, and says little
        if sign.status == "steady":
            return ""
        return words.tell("under_unsaid", level=words.level(sign.status))
    if sign.status == "steady":
        return words.tell(f"near_{source}", limit=limit)
    return words.tell(f"under_{source}", limit=limit, level=words.level(sign.status))


def _why(latest: Entry, track: Track) -> str:
    """Why a round has no limits: it is the first, or too few answered."""
    hidden = latest.hidden or latest.row.get(track.value) is None
    return "few_answers" if hidden or len(track.rounds) > 1 else "first_round"


def _silent(design: Design, sign: Sign, pairs: Pairs) -> str:
    arm = arm_name(design, pairs.arm)
    few = not isinstance(pairs.silent, int)
    count = words.tell("few_pairs") if few else words.tell("pairs", count=pairs.silent)
    said = words.tell(
        "silent" if arm else "silent_all",
        pairs=count,
        arm=arm,
        wait=number(silent_after(cadence(design)), decimals=1),
    )
    if few:
        return said + words.tell("too_few")
    if pairs.above is None or pairs.warning is None:
        why = "few_answers" if cadence(design) else "unplanned"
        return said + words.tell("no_limit", why=words.tell(why))
    limit = pairs.action if sign.status == "act" else pairs.warning
    if sign.status == "steady":
        return said + words.tell("no_more", limit=limit)
    return said + words.tell("over", limit=limit, level=words.level(sign.status))
