"""Reaction, learning, behaviour, results: a tile each, and one chart of all that is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from rmresearch.report.blocks import Badge
from rmresearch.report.figures.intervals import Interval
from rmresearch.report.leadership.answer import last, main
from rmresearch.report.leadership.content import Chart, Form, Part, Said, State, Tile
from rmresearch.report.leadership.source import (
    Held,
    Source,
    Told,
    Words,
    said,
    shown,
)
from rmresearch.report.leadership.verdicts import (
    alt,
    caption,
    chart,
    finding,
    marks,
    own_ratings,
    size,
    standing,
    state,
    title,
)
from rmresearch.report.words.phrases import capital, catalogue, named, quoted, spoken
from rmresearch.study import Outcome

__all__ = ["MOST", "levels", "tiles"]

Level = Literal[1, 2, 3, 4]
LEVELS: tuple[Level, ...] = (1, 2, 3, 4)
#: rows of a chart on a page or a slide; what is beyond stands in the appendix
MOST = 10
HUNDRED = (0.0, 1.0, 0.25)


def tiles(source: Source) -> tuple[Tile, ...]:
    """One tile for each of Kirkpatrick's levels, whether or not it was measured."""
    return tuple(_tile(source, level) for level in LEVELS)


def _tile(source: Source, level: Level) -> Tile:
    declared = [one for one in source.design.outcomes if one.kirkpatrick == level]
    if level == 1:
        return _reaction(source, declared)
    told = _of_level(source, level)
    if told:
        return _result(source, level, told)
    events = list(_events(source)) if level == 4 else []
    if events:
        return _recorded(source, events)
    return _empty(source, level, declared)


def _of_level(source: Source, level: int) -> list[Told]:
    """The verdicts at the last wave on outcomes of a level; the main one stands first."""
    first = main(source)
    told = [one for one in last(source) if one.outcome.kirkpatrick == level]
    return sorted(told, key=lambda one: one is not first)


def _result(source: Source, level: Level, told: Sequence[Told]) -> Tile:
    first = told[0]
    extra = size(source, first)
    return _made(
        level,
        state=state(first),
        title=title(first),
        said=(
            finding(source, first),
            *((extra,) if extra else ()),
            standing(first.judgement, single=first.single),
        ),
        marks=marks(first.judgement, single=first.single),
        chart=chart(source, told[:MOST], f"level-{level}", _together(level, told)),
        more=_more(told[1:]),
    )


def _together(level: Level, told: Sequence[Told]) -> str:
    """What a level's outcomes show together, as a chart's title."""
    if len(told) == 1:
        return title(told[0])
    name = catalogue()["brief_level"][f"name_{level}"]
    found = {title(one, name) for one in told}
    return found.pop() if len(found) == 1 else said("brief_title", "mixed", label=name).text


def _more(rest: Sequence[Told]) -> Said | None:
    """Which others the level has, with what became of each: none is picked by its result."""
    if not rest:
        return None
    shown_ones = "; ".join(title(told) for told in rest[: MOST - 1])
    key = "more" if len(rest) < MOST else "more_many"
    return said("brief_tile", key, titles=shown_ones)


def _made(
    level: Level,
    *,
    state: State,
    title: str,
    said: tuple[Said, ...],
    marks: tuple[Badge, ...] = (),
    chart: Chart | None = None,
    more: Said | None = None,
) -> Tile:
    words = catalogue()["brief_level"]
    name, asks = words[f"name_{level}"], words[f"asks_{level}"]
    return Tile(level, name, asks, state, title, said, marks, chart, more)


def _empty(source: Source, level: Level, declared: Sequence[Outcome]) -> Tile:
    """Nothing was measured at this level, or what was has no answer."""
    if not declared:
        text = said("brief_tile", f"missing_{level}")
        return _made(
            level, state="not measured", title=catalogue()["brief_title"]["not_measured"],
            said=(text,),
        )  # fmt: skip
    labels = "; ".join(named(one.label) for one in declared[:MOST])
    told = "; ".join(source.label(one) for one in declared[:MOST])
    ended = source.released.standing.ended
    return _made(
        level,
        state="no answer" if ended else "too early",
        title=said("brief_title", "no_answer" if ended else "too_early", label=labels).text,
        said=(said("brief_tile", "no_answer" if ended else "too_early", labels=told),),
    )


def _reaction(source: Source, declared: Sequence[Outcome]) -> Tile:
    """How participants received it: of every 100 answers so many were favourable."""
    held = [one for outcome in declared for one in _favourable(source, outcome)]
    drawn = [one for one in held if one.known]
    if not held:
        return _empty(source, 1, declared)
    label = named(source.design.outcome(held[0].estimate.outcome).label)
    if not drawn:
        text = said("brief_tile", "reaction_hidden", label=source.label(declared[0]))
        heading = said("brief_title", "hidden", label=label).text
        return _made(1, state="hidden", title=heading, said=(text,))
    first = source.design.outcome(drawn[0].estimate.outcome)
    told = [one for one in drawn if one.estimate.outcome == first.name]
    sentences = [_received(source, one) for one in told]
    heading = said("brief_title", "seen", label=named(first.label)).text
    others = dict.fromkeys(
        named(source.design.outcome(one.estimate.outcome).label)
        for one in drawn
        if one.estimate.outcome != first.name
    )
    return _made(
        1,
        state="seen",
        title=heading,
        said=(*sentences, said("brief_tile", "reaction_caution")),
        chart=_shares(source, drawn[:MOST], heading),
        more=said("brief_tile", "also", labels="; ".join(others)) if others else None,
    )


def _favourable(source: Source, outcome: Outcome) -> Iterator[Held]:
    """The shares of favourable answers at the last wave, of all who started."""
    found = list(source.find(f"reaction:{outcome.name}", term="", estimand=STARTERS))
    order = [wave.name for wave in source.design.waves]
    latest = max((order.index(one.estimate.wave) for one in found), default=0)
    yield from (one for one in found if order.index(one.estimate.wave) == latest)


STARTERS = "starters who answered"


def _received(source: Source, held: Held) -> Said:
    one = held.estimate
    outcome = source.design.outcome(one.outcome)
    parts: dict[str, Words] = {
        "who": source.who(one.role),
        "label": quoted(outcome.label),
        "answered": shown(one.n_people, f"{held.at}/n_people", "count"),
        **source.sides(held),
    }
    if not held.numeric:
        share = shown(one.value, f"{held.at}/value", "phrase")
        return said("brief_tile", "reaction_phrase", share=share, **parts)
    for name, end in (("share", "value"), ("low", "low"), ("high", "high")):
        parts[name] = shown(getattr(one, end), f"{held.at}/{end}", "number", 0, 100)
    return said("brief_tile", "reaction" if one.low is not None else "reaction_plain", **parts)


def _shares(source: Source, drawn: Sequence[Held], heading: str) -> Chart | None:
    """Favourable answers as shares, without a line to be read against."""
    numeric = [one for one in drawn if one.numeric]
    if not numeric:
        return None
    rows = tuple(
        Interval(
            label=capital(source.who(one.estimate.role)),
            value=float(one.estimate.value or 0),
            low=one.estimate.low,
            high=one.estimate.high,
            detail=spoken(str(one.estimate.n_people or "")),
            group=named(source.design.outcome(one.estimate.outcome).label),
        )
        for one in numeric
    )
    levels = {one.estimate.level for one in numeric}
    level = levels.pop() if len(levels) == 1 else None
    words = catalogue()["brief_chart"]
    low, high, step = HUNDRED
    return Chart(
        name="level-1",
        title=heading,
        rows=rows,
        at=tuple(one.at for one in numeric),
        unit=words["favourable"],
        alt=alt(rows, heading, words["favourable"], share=True),
        low=low,
        high=high,
        step=step,
        reference=None,
        share=True,
        level=level,
        caption=caption(rows, level),
    )


def _events(source: Source) -> Iterator[Held]:
    """Differences in what the organisation records, at the last wave, that are shown."""
    found = [one for one in source.find("workforce_outcomes", term="") if one.estimate.contrast]
    order = [wave.name for wave in source.design.waves]
    latest = max((order.index(one.estimate.wave) for one in found), default=0)
    yield from (one for one in found if order.index(one.estimate.wave) == latest)


def _recorded(source: Source, events: Sequence[Held]) -> Tile:
    """What records hold, told in people of every hundred; hidden where few are behind it."""
    known = [one for one in events if one.numeric]
    labels = "; ".join(dict.fromkeys(_event(source, one) for one in events))
    heading = said("brief_title", "seen" if known else "hidden", label=labels).text
    if not known:
        text = said("brief_tile", "events_hidden", labels=labels)
        return _made(4, state="hidden", title=heading, said=(text,))
    return _made(
        4,
        state="seen",
        title=heading,
        said=(*(_event_said(source, one) for one in known[:3]), said("brief_tile", "events")),
    )


ENDS: tuple[tuple[str, str, Form], ...] = (
    ("size", "value", "size"),
    ("low", "low", "number"),
    ("high", "high", "number"),
)


def _event(source: Source, held: Held) -> str:
    name = held.estimate.outcome
    known = source.labels.get(name) or catalogue()["brief_event"].get(name)
    return named(known or capital(name.replace("_", " ")))


def _event_said(source: Source, held: Held) -> Said:
    one = held.estimate
    value = float(one.value or 0)
    words = catalogue()["brief_way"]
    parts: dict[str, Words] = {
        "label": _event(source, held),
        "who": source.who(one.role),
        "more": words["fewer" if value < 0 else "more"],
        **source.sides(held),
    }
    for name, end, form in ENDS:
        parts[name] = shown(getattr(one, end), f"{held.at}/{end}", form, 0, 100)
    return said("brief_tile", "event" if one.low is not None else "event_plain", **parts)


def levels(source: Source) -> Part:
    """The four levels together: heading, and one chart of what is compared."""
    told = [one for one in last(source) if one.outcome.kirkpatrick > 1]
    heading = _levels_title(tiles(source), told)
    return Part(
        name="levels",
        asks=catalogue()["brief_part"]["levels"],
        title=heading,
        said=(said("brief_levels", "intro"),),
        chart=chart(source, told[:MOST], "levels", heading, by="level"),
        notes=(said("brief_levels", "note"),),
    )


def _levels_title(made: Sequence[Tile], told: Sequence[Told]) -> str:
    """What all outcomes of the levels show in a few words, not only those that head a tile.

    Reaction is no result, own ratings are called so, and what no plan asked for is a lead, told
    where nothing else stands out: one of many by chance (E4).
    """
    seen = [one for one in told if state(one) in {"gain", "harm"}]
    planned = [one for one in seen if one.judgement is not None and one.judgement.planned]
    out = {state(one) for one in planned or seen}
    others = {tile.state for tile in made[1:]} | {state(one) for one in told}
    states = out | (others - {"gain", "harm"})
    if "too early" in states:
        key = "early"
    elif "changed" in states:
        key = "changed"
    elif out:
        key = "mixed" if len(out) == 2 else out.pop()
        key += "_lead" if not planned else "_self" if own_ratings(planned) else ""
    elif states <= {"none", "not measured", "no answer", "hidden", "seen"} and "none" in states:
        key = "none"
    elif "unclear" in states:
        key = "unclear"
    else:
        key = "reaction" if made[0].state == "seen" else "nothing"
    return said("brief_levels", key).text
