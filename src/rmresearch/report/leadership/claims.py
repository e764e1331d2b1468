"""What this evaluation can and cannot claim, and how strong its evidence is, in words."""

from __future__ import annotations

from rmresearch.privacy.judged import Judgement
from rmresearch.report.leadership.answer import last, main
from rmresearch.report.leadership.content import Claims, Said
from rmresearch.report.leadership.source import Source, Told, said, sizes
from rmresearch.report.leadership.verdicts import SEEN
from rmresearch.report.words.phrases import catalogue, listed, named

__all__ = ["claims", "reasons"]

#: so many outcomes without a result are named, beyond one more the rest are "others"
NAMED = 3


def claims(source: Source) -> Claims:
    """The rating and the two lists; of the main result, or of the first where none is the main."""
    told = main(source) or next(iter(last(source)), None)
    judgement = told.judgement if told else None
    if told is None or judgement is None:
        ended = source.released.standing.ended
        key = "early" if not ended else "hidden" if told is not None else "no_answer"
        return Claims(said("brief_rating", key), (), tuple(_always(source)))
    certainty = catalogue()["certainty"][judgement.certainty]
    why = "; ".join(reasons(judgement))
    return Claims(
        rating=said("brief_rating", "rated", certainty=certainty, reasons=why),
        can=tuple(_can(source, told, judgement)),
        cannot=(*_cannot(source, told, judgement), *_always(source)),
    )


def reasons(judgement: Judgement) -> list[str]:
    """What decided the certainty, from the lists that a verdict's words come from."""
    words, found = catalogue()["brief_reason"], []
    if judgement.kind == "single-group":
        found.append(words["single"])
    elif judgement.one_unit:
        found.append(words["one_unit"])
    elif judgement.kind in {"randomised", "waitlist"}:
        unit = catalogue()["brief_unit"][judgement.unit]
        found.append(said("brief_reason", "chance", unit=unit).text)
        found.append(words[f"lost_{judgement.attrition.replace(' ', '_')}"])
        if judgement.attrition != "low":
            found.append(words[f"before_{judgement.likeness.replace(' ', '_')}"])
    else:
        found += [words["not_chance"], words[f"before_{judgement.likeness.replace(' ', '_')}"]]
        found.append(words[f"answers_{judgement.answers.replace(' ', '_')}"])
    if judgement.contaminated:
        found.append(words["contaminated"])
    if not judgement.same_question:
        found.append(words["retrospective"])
    if judgement.self_rated:
        found.append(words["self_rated"])
    return found


def _holds(judgement: Judgement) -> bool:
    """Whether the range may be read: other fair ways to compare do not deny it."""
    return judgement.precision != "no_direction"


def _can(source: Source, told: Told, judgement: Judgement) -> list[Said]:
    found = []
    parts = {**source.sides(told.held), **sizes(told.held, told.outcome)}
    label = source.label(told.outcome)
    if judgement.precision in SEEN and not told.single:
        lead = not judgement.planned and judgement.certainty != "weak"
        made = "lead" if lead else judgement.certainty
        found.append(said("brief_can", made, judgement, label=label))
    if told.held.estimate.low is not None and told.held.numeric and _holds(judgement):
        key = "range_change" if told.single else "range"
        found.append(said("brief_can", key, label=label, **parts))
    if judgement.precision in {"no_difference", "no_gain"}:
        matters = source.matters(told.outcome)
        found.append(said("brief_can", judgement.precision, matters=matters, **parts))
    if not told.single:
        found.append(said("brief_can", "offered"))
    return found


def _cannot(source: Source, told: Told, judgement: Judgement) -> list[Said]:
    found = []
    label = source.label(told.outcome)
    if told.single:
        found.append(said("brief_cannot", "why"))
    elif judgement.kind == "comparison":
        found.append(said("brief_cannot", "unlike"))
    if not told.single and judgement.precision in SEEN and judgement.certainty == "weak":
        found.append(said("brief_cannot", "weak", label=label))
    if not told.single and judgement.precision in SEEN and not judgement.planned:
        found.append(said("brief_cannot", "lead", label=label))
    if judgement.precision == "no_direction":
        found.append(said("brief_cannot", "no_direction", label=label))
    if judgement.precision in {"cannot_tell", "no_interval"}:
        found.append(said("brief_cannot", "absent", label=label))
    least = source.beside(told, "smallest-detectable")
    if least is not None and least.numeric and judgement.precision == "cannot_tell":
        parts = sizes(least, told.outcome)
        found.append(said("brief_cannot", "smaller", least=parts["size"], unit=parts["unit"]))
    if judgement.self_rated:
        found.append(said("brief_cannot", "self_rated"))
    if judgement.contaminated:
        found.append(said("brief_cannot", "contaminated"))
    silent = _silent(source)
    if silent:
        found.append(said("brief_cannot", "silent", labels=listed(silent)))
    return found


def _silent(source: Source) -> list[str]:
    """The outcomes that were to be compared and of which nothing came out, not even hidden."""
    told = {held.estimate.outcome for held in source.estimates}
    told |= {one.held.estimate.outcome for one in source.verdicts}
    labels = [
        source.label(one)
        for one in source.design.outcomes
        if one.timing == "repeated" and one.name not in told
    ]
    if len(labels) <= NAMED + 1:
        return labels
    return [*labels[:NAMED], catalogue()["brief_cannot"]["others"]]


def _always(source: Source) -> list[Said]:
    """What no pilot can claim."""
    wave = named(source.design.waves[-1].label)
    return [
        said("brief_cannot", "later", wave=wave),
        said("brief_cannot", "elsewhere"),
        said("brief_cannot", "single_people"),
    ]
