"""The ten questions that boards ask, each answered from the results or with why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from rmresearch.report.leadership.ahead import ahead, pairs_needed
from rmresearch.report.leadership.answer import answer, last, main
from rmresearch.report.leadership.both import both
from rmresearch.report.leadership.claims import claims
from rmresearch.report.leadership.content import Asked, Said
from rmresearch.report.leadership.pairs import match
from rmresearch.report.leadership.people import lost
from rmresearch.report.leadership.source import Source, Words, said, shown
from rmresearch.report.leadership.verdicts import SEEN, size
from rmresearch.report.words.phrases import catalogue, named

__all__ = ["asked"]

STATES = frozenset({"no answer", "too early", "hidden"})
FLAT = frozenset({"no_difference", "no_gain"})


def asked(source: Source) -> tuple[Asked, ...]:
    """Ten questions with their answers, in the order in which they tend to come."""
    return tuple(_all(source))


def _all(source: Source) -> Iterator[Asked]:
    found, rated = answer(source), claims(source)
    known = found.state not in STATES
    yield _difference(source, found.sentence, known)
    yield _asked("sure", (found.standing, rated.rating), bool(rated.can))
    yield _large(source)
    yield _else(source)
    both_sides = both(source)
    yield _asked("both", both_sides.said, any(one.numbers for one in both_sides.said) or known)
    gone = lost(source)
    yield _asked("lost", gone.said, bool(gone.said[0].numbers))
    pairs = match(source)
    yield _asked("match", pairs.said, any(one.numbers for one in pairs.said))
    yield _worth(source)
    yield _lasting(source)
    yield _pairs(source)


def _asked(key: str, texts: tuple[Said, ...], known: bool) -> Asked:
    cannot = () if known else (said("brief_asked", "cannot"),)
    return Asked(catalogue()["brief_asked"][key], (*cannot, *texts), known)


def _difference(source: Source, sentence: Said, known: bool) -> Asked:
    """What was seen, and what the design lets one say of the programme's part in it."""
    told = main(source)
    judgement = told.judgement if told else None
    if judgement is None or not known:
        return _asked("difference", (sentence,), known)
    if judgement.kind == "single-group":
        return _asked("difference", (sentence, said("brief_asked", "difference_single")), False)
    weak = judgement.certainty == "weak"
    if judgement.precision in SEEN or (weak and judgement.precision in FLAT):
        lead = judgement.precision in SEEN and not judgement.planned and not weak
        key = "difference_lead" if lead else f"difference_{judgement.certainty}"
        made = said("brief_asked", key, judgement)
        return _asked("difference", (sentence, made), True)
    return _asked("difference", (sentence,), True)


def _large(source: Source) -> Asked:
    told = main(source)
    extra = size(source, told) if told else None
    if extra is None:
        key = "large_several" if told is None and last(source) else "large_unknown"
        if told is not None and told.judgement is not None and told.held.numeric:
            key = "large_no_range"
        return _asked("large", (said("brief_asked", key),), False)
    known = told is not None and told.outcome.smallest_effect is not None
    return _asked("large", (extra,), known)


def _else(source: Source) -> Asked:
    """What else could explain what is seen: what the design cannot rule out."""
    told = main(source) or next(iter(last(source)), None)
    judgement = told.judgement if told else None
    if judgement is None:
        return _asked("else", (said("brief_asked", "else_nothing"),), False)
    found = []
    if judgement.kind == "single-group":
        found.append(said("brief_asked", "else_single"))
    elif judgement.one_unit:
        found.append(said("brief_asked", "else_one_unit"))
    elif judgement.kind == "comparison":
        found.append(said("brief_asked", "else_comparison"))
    else:
        found.append(said("brief_asked", "else_chance"))
    if judgement.attrition in {"high", "unknown"}:
        found.append(said("brief_asked", "else_lost"))
    if judgement.self_rated:
        found.append(said("brief_cannot", "self_rated"))
    if judgement.contaminated:
        found.append(said("brief_cannot", "contaminated"))
    return _asked("else", tuple(found), True)


def _worth(source: Source) -> Asked:
    """Whether it was worth the money; only where costs were declared and the rules allow it."""
    if not source.design.costs:
        return _asked("worth", (said("brief_asked", "worth_costs"),), False)
    first = main(source)
    held = next(
        (
            one
            for one in source.find("value", term="net-benefit", group="")
            if first is None or one.estimate.outcome == first.outcome.name
        ),
        None,
    )
    if held is None:
        key = "worth_worth" if not source.design.worth else "worth_none"
        return _asked("worth", (said("brief_asked", key),), False)
    if not held.numeric:
        return _asked("worth", (said("brief_asked", "worth_hidden"),), False)
    one = held.estimate
    parts: dict[str, Words] = {
        name: shown(getattr(one, end), f"{held.at}/{end}", "number", 0)
        for name, end in (("value", "value"), ("low", "low"), ("high", "high"))
    }
    key = "worth_value" if one.low is not None else "worth_plain"
    currency = source.design.currency
    return _asked("worth", (said("brief_asked", key, currency=currency, **parts),), True)


def _lasting(source: Source) -> Asked:
    wave = named(source.design.waves[-1].label)
    return _asked("lasting", (said("brief_asked", "lasting_not", wave=wave),), False)


def _pairs(source: Source) -> Asked:
    part = ahead(source)
    told = main(source) or next(iter(last(source)), None)
    known = told is not None and pairs_needed(source, told) is not None
    return _asked("next", part.said, known)
