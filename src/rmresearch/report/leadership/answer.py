"""The answer, its certainty and precision, what a point means, and what may be claimed."""

from __future__ import annotations

from collections.abc import Sequence

from rmresearch.privacy.judged import Judgement
from rmresearch.report.leadership.content import Headline, Said
from rmresearch.report.leadership.source import Source, Told, joined, level_of, said, shown
from rmresearch.report.leadership.verdicts import (
    chart,
    finding,
    marks,
    meaning,
    size,
    standing,
    state,
    title,
)
from rmresearch.report.words.phrases import catalogue

__all__ = ["answer", "last", "main"]

#: rows of a chart that names no result as the main one
MOST = 12
CERTAINTY = ("weak", "moderate", "strong")


def main(source: Source) -> Told | None:
    """The verdict on the plan's main question; else the only one that there is."""
    for told in source.verdicts:
        if told.judgement is not None and told.judgement.primary:
            return told
    asked = source.released.standing.primary
    for told in source.verdicts:
        if asked and _asked(told, *asked):
            return told
    results = last(source)
    return results[0] if len(results) == 1 else None


def _asked(told: Told, outcome: str, role: str, wave: str) -> bool:
    one = told.held.estimate
    same = one.outcome == outcome and role in {"all", one.role} and wave in {"", one.wave}
    return same and told.judgement is None


def last(source: Source) -> list[Told]:
    """Each outcome's verdicts at its last wave, in the order in which a report tells them."""
    order = [wave.name for wave in source.design.waves]
    latest: dict[tuple[str, ...], int] = {}
    for told in source.verdicts:
        key, place = _who(told), order.index(told.held.estimate.wave)
        latest[key] = max(latest.get(key, 0), place)
    return [
        told
        for told in source.verdicts
        if order.index(told.held.estimate.wave) == latest[_who(told)]
    ]


def _who(told: Told) -> tuple[str, ...]:
    one = told.held.estimate
    return (one.role, one.outcome, "" if told.single else one.contrast, one.group)


def answer(source: Source) -> Headline:
    """The answer in one sentence, or why there is none."""
    told = main(source)
    if told is not None:
        return _one(source, told)
    results = last(source)
    return _several(source, results) if results else _none(source)


def _one(source: Source, told: Told) -> Headline:
    extra = size(source, told)
    alone = (said("brief_answer", "alone"),) if told.single and told.judgement else ()
    return Headline(
        question=_question(source, told),
        sentence=finding(source, told),
        standing=standing(told.judgement, single=told.single),
        meaning=(*((extra,) if extra else ()), *meaning(source, told), *alone),
        planned=_planned(source, told.judgement),
        state=state(told),
        marks=marks(told.judgement, single=told.single),
        chart=chart(source, [told], "answer", title(told)),
        notes=_notes(source, told),
    )


def _question(source: Source, told: Told) -> str:
    """What the answer answers, made from what was asked."""
    parts = {"who": source.who(told.held.estimate.role), "label": source.label(told.outcome)}
    key = "change" if told.single else "between"
    return said("brief_answer", key, **parts, **source.sides(told.held)).text


def _planned(source: Source, judgement: Judgement | None) -> Said:
    """Whether a frozen plan asked for it, and when that was."""
    plan = source.released.standing
    if not plan.frozen:
        return said("brief_planned", "open" if judgement is not None else "open_unread")
    if judgement is not None and not judgement.planned:
        return said("brief_planned", "beside")
    key = "late" if plan.follow_up_present else "frozen"
    date = shown(plan.date, "/release/standing/date", "phrase")
    frozen = said("brief_planned", key, date=date)
    if not plan.deviations:
        return frozen
    count = shown(plan.deviations, "/release/standing/deviations", "count")
    return joined(frozen, said("brief_planned", "changed", count=count))


def _notes(source: Source, told: Told) -> tuple[Said, ...]:
    """What a speaker should know of the method."""
    if told.judgement is None:
        return ()
    parts = {**source.sides(told.held), "wave": source.sides(told.held)["wave"]}
    key = "change" if told.single else "between"
    people = shown(told.held.estimate.n_people, f"{told.held.at}/n_people", "count")
    level = level_of(told.held)
    notes = [said("brief_note", key, people=people, **parts), said("brief_note", "level", **level)]
    if told.judgement.decision != "none":
        notes.append(said("brief_note", "family"))
    if told.judgement.few_clusters:
        notes.append(said("brief_note", "few"))
    return tuple(notes)


def _several(source: Source, results: Sequence[Told]) -> Headline:
    """Without a main question no result is picked out (rule E9)."""
    judged = next((told.judgement for told in results if told.judgement is not None), None)
    text = said("brief_title", "several").text
    range_of = next((told for told in results if told.judgement and told.held.numeric), None)
    return Headline(
        question=said("brief_answer", "none").text,
        sentence=said("brief_answer", "several"),
        standing=_together(results),
        meaning=meaning(source, range_of) if range_of else (),
        planned=_planned(source, judged),
        state="seen",
        chart=chart(source, results[:MOST], "answer", text, by="who"),
    )


def _together(results: Sequence[Told]) -> Said:
    """The certainty of several results, whose precision differs."""
    known = {told.judgement.certainty for told in results if told.judgement is not None}
    if not known:
        return said("brief_standing", "unknown")
    words = catalogue()["certainty"]
    ordered = [words[one] for one in CERTAINTY if one in known]
    parts = {"certainty": ordered[0], "highest": ordered[-1]}
    return said("brief_standing", "several" if len(ordered) == 1 else "several_range", **parts)


def _none(source: Source) -> Headline:
    """Why there is no answer."""
    ended = source.released.standing.ended
    return Headline(
        question=said("brief_answer", "none").text,
        sentence=said("brief_answer", "nothing" if ended else "early"),
        standing=said("brief_standing", "unknown"),
        meaning=(),
        planned=_planned(source, None),
        state="no answer" if ended else "too early",
    )
