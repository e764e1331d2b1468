"""A verdict in plain words: the sentence, its title, its standing, and its chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from rmresearch.display.numbers import confidence, number, percent, span
from rmresearch.evidence import Certainty
from rmresearch.privacy.judged import Judgement
from rmresearch.report.blocks import Badge
from rmresearch.report.figures.intervals import Interval
from rmresearch.report.leadership.content import Chart, Said, State
from rmresearch.report.leadership.source import Source, Told, Words, said, sizes
from rmresearch.report.sections.outcomes import CERTAINTY
from rmresearch.report.words.phrases import (
    capital,
    catalogue,
    fill,
    is_share,
    lower_first,
    named,
    spoken,
)

__all__ = [
    "alt",
    "caption",
    "chart",
    "finding",
    "marks",
    "meaning",
    "own_ratings",
    "precise",
    "size",
    "standing",
    "state",
    "title",
]

SEEN: dict[str, State] = {
    "clear_gain": "gain",
    "some_gain": "gain",
    "clear_harm": "harm",
    "some_harm": "harm",
}
STATES: dict[str, State] = {
    **SEEN,
    "no_difference": "none",
    "no_gain": "none",
    "cannot_tell": "unclear",
    "no_direction": "unclear",
    "no_interval": "unclear",
    "too_early": "too early",
}
#: what the reading of a change in one group is called
OF_CHANGE = {
    "clear_gain": "clear_change",
    "clear_harm": "clear_change",
    "some_gain": "some_change",
    "some_harm": "some_change",
    "no_difference": "no_change",
    "no_gain": "no_better",
}


def state(told: Told) -> State:
    """What a tile shows of a verdict."""
    if told.judgement is None:
        return "hidden"
    if not told.held.known and told.judgement.precision != "too_early":
        return "no answer"
    found = STATES[told.judgement.precision]
    return "changed" if told.single and found in {"gain", "harm"} else found


def finding(source: Source, told: Told) -> Said:
    """What was seen, in one sentence with its range; null and cannot-tell have their own."""
    one = told.held.estimate
    section = "brief_change" if told.single else "brief_between"
    parts: dict[str, Words] = {
        "who": source.who(one.role),
        "label": source.label(told.outcome),
        **source.sides(told.held),
        **sizes(told.held, told.outcome),
        **_way(told),
    }
    return said(section, _key(told), told.judgement, **parts)


def _key(told: Told) -> str:
    judgement = told.judgement
    if judgement is None:
        return "hidden"
    if judgement.precision == "too_early":
        return "too_early"
    if not told.held.numeric:
        return "no_value"
    if judgement.precision in SEEN:
        if is_share(told.outcome):
            return "share"
        return "seen" if told.single else told.outcome.source
    return "could_not_show" if judgement.could_not_show else judgement.precision


def _way(told: Told) -> dict[str, Words]:
    """Which way it goes, and whether that is for the better where it does not go without saying."""
    words, value = catalogue()["brief_way"], told.held.estimate.value
    size = value if isinstance(value, (int, float)) else 0
    good = size * told.outcome.direction > 0
    plain = good and told.outcome.direction == 1
    return {
        "way": words["lower" if size < 0 else "higher"],
        "more": words["fewer" if size < 0 else "more"],
        "worth": "" if plain else words["better" if good else "worse"],
    }


def size(source: Source, told: Told) -> Said | None:
    """How large it is against the smallest difference that matters; None where nothing is read."""
    judgement = told.judgement
    if judgement is None or not told.held.numeric:
        return None
    if judgement.precision in {"no_direction", "no_interval", "too_early"}:
        return None
    if told.outcome.smallest_effect is None:
        return said("brief_size", "open")
    read = "could_not_show" if judgement.could_not_show else judgement.precision
    key = OF_CHANGE.get(read, read) if told.single else read
    unit = sizes(told.held, told.outcome)["unit"]
    return said("brief_size", key, matters=source.matters(told.outcome), unit=unit)


def title(told: Told, label: str = "") -> str:
    """The finding in a few words; ``label`` stands in place of the outcome's."""
    judgement = told.judgement
    label = label or told.called(named(told.outcome.label.strip().rstrip(".:;")))
    if judgement is None:
        key = "hidden"
    elif judgement.precision == "too_early":
        key = "too_early"
    elif not told.held.known:
        key = "no_answer"
    elif judgement.precision in SEEN:
        rated, lead = "_self" * judgement.self_rated, "_lead" * (not judgement.planned)
        key = "changed" if told.single else SEEN[judgement.precision] + rated + lead
    elif judgement.precision == "no_difference":
        key = "unchanged" if told.single else "none"
    elif judgement.precision == "no_gain":
        key = "no_better" if told.single else "no_gain"
    else:
        key = "unclear_change" if told.single else "unclear"
    return said("brief_title", key, judgement, label=label).text


def own_ratings(told: Iterable[Told]) -> bool:
    """Whether all gains and losses among them are how people rated themselves (E2)."""
    seen = [one.judgement for one in told if state(one) in {"gain", "harm"}]
    return all(judgement is not None and judgement.self_rated for judgement in seen)


def standing(judgement: Judgement | None, *, single: bool) -> Said:
    """Certainty of the design and precision of the result: always together."""
    if judgement is None:
        return said("brief_standing", "unknown")
    words = catalogue()
    certainty = words["certainty"][judgement.certainty]
    return said("brief_standing", "both", certainty=certainty, precision=precise(judgement, single))


def marks(judgement: Judgement | None, *, single: bool) -> tuple[Badge, ...]:
    """The same as badges, and a third where nobody planned the question."""
    if judgement is None:
        return ()
    clear = judgement.precision in {"clear_gain", "no_difference"} and not single
    level = CERTAINTY[Certainty[judgement.certainty.upper()]]
    words = catalogue()["brief_mark"]
    return (
        Badge(catalogue()["certainty"][judgement.certainty], level, words["certainty"]),
        Badge(precise(judgement, single), "good" if clear else "neutral", words["precision"]),
        *((Badge(words["exploratory"], "caution"),) if not judgement.planned else ()),
    )


def precise(judgement: Judgement, single: bool) -> str:
    """How clear a result is, in the words of its kind."""
    key = judgement.precision if not judgement.could_not_show else "could_not_show"
    return catalogue()["brief_precision"][OF_CHANGE.get(key, key) if single else key]


def meaning(source: Source, told: Told) -> tuple[Said, ...]:
    """What a point is, what the size amounts to in people, and what the range means."""
    if told.judgement is None or not told.held.numeric:
        return ()
    parts = sizes(told.held, told.outcome)
    found = [_point(source, told, parts)]
    value = told.held.estimate.value
    steps = told.outcome.kind in {"scale", "ordinal"} and isinstance(value, (int, float))
    if steps and told.judgement.precision in SEEN and 0 < abs(float(value or 0)) < 1:
        people = sizes(told.held, told.outcome, by=100)["size"]
        key = "moved_change" if told.single else "moved"
        found.append(said("brief_meaning", key, people=people, **parts, **_way(told)))
    if told.held.estimate.low is not None:
        found.append(said("brief_meaning", "range", **parts))
    return tuple(found)


def _point(source: Source, told: Told, parts: dict[str, Words]) -> Said:
    outcome = told.outcome
    if is_share(outcome):
        return said("brief_meaning", "share")
    if outcome.low is None or outcome.high is None:
        return said("brief_meaning", "amount", unit=outcome.unit)
    ends = {
        end: source.declared_number(outcome, end, value)
        for end, value in (("low", outcome.low), ("high", outcome.high))
    }
    anchors = {code: text for text, code in outcome.labels}
    first, last = anchors.get(outcome.low), anchors.get(outcome.high)
    if first and last:
        return said("brief_meaning", "anchored", **ends, first=first, last=last)
    return said("brief_meaning", "points", **ends)


def chart(
    source: Source,
    several: Sequence[Told],
    name: str,
    title_text: str,
    *,
    by: Literal["", "who", "level"] = "",
) -> Chart | None:
    """These verdicts as intervals against zero and the smallest difference that matters.

    Only numbers are drawn; outcomes on different scales do not share a chart (the first's stays).
    ``by`` heads the rows by who they are about or by Kirkpatrick's level. None where nothing is
    left.
    """
    drawn = [told for told in several if told.held.numeric and told.judgement is not None]
    drawn = [told for told in drawn if _scale(told) == _scale(drawn[0])]
    if not drawn:
        return None
    heads = [_head(source, told, by) for told in drawn]
    drawn = [told for head in dict.fromkeys(heads) for told, one in zip(drawn, heads, strict=True)
             if one == head]  # fmt: skip
    share = is_share(drawn[0].outcome)
    rows = tuple(_row(told, _head(source, told, by), main=len(drawn) == 1) for told in drawn)
    levels = {told.held.estimate.level for told in drawn}
    low, high, step = span(
        [end for row in rows for end in (row.value, row.low, row.high)],
        0.0,
        *(end for row in rows if row.smallest for end in (-row.smallest, row.smallest)),
    )
    words = catalogue()["brief_chart"]
    first = sizes(drawn[0].held, drawn[0].outcome)["unit"]
    unit = f"{words['change' if drawn[0].single else 'difference']}, {first}"
    level = levels.pop() if len(levels) == 1 else None
    return Chart(
        name=name,
        title=title_text,
        rows=rows,
        at=tuple(told.held.at for told in drawn),
        unit=unit,
        alt=alt(rows, title_text, unit, share=share),
        low=low,
        high=high,
        step=step,
        sides=_sides(source, drawn),
        share=share,
        level=level,
        caption=caption(rows, level),
    )


def _scale(told: Told) -> tuple[object, ...]:
    one = told.outcome
    return (one.kind == "binary", one.low, one.high, one.unit, told.single)


def _head(source: Source, told: Told, by: str) -> str:
    if by == "level":
        return catalogue()["brief_level"][f"name_{told.outcome.kirkpatrick}"]
    return capital(source.who(told.held.estimate.role)) if by == "who" else ""


def _row(told: Told, head: str, *, main: bool) -> Interval:
    one = told.held.estimate
    people = spoken(one.n_people) if isinstance(one.n_people, str) else number(one.n_people)
    return Interval(
        label=told.called(named(told.outcome.label)),
        value=_number(one.value),
        low=_number(one.low),
        high=_number(one.high),
        smallest=told.outcome.smallest_effect,
        detail=people if one.n_people else "",
        group=head,
        main=main,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _sides(source: Source, drawn: Sequence[Told]) -> tuple[str, str]:
    """What lies left and right of zero, where all are counted for the better alike."""
    words = catalogue()["brief_chart"]
    if len({told.outcome.direction for told in drawn}) > 1:
        return (words["lower"], words["higher"])
    sides = (words["worse"], words["better"])
    return sides if drawn[0].outcome.direction == 1 else sides[::-1]


def caption(rows: Sequence[Interval], level: float | None) -> str:
    """How to read the chart."""
    how = "" if level is None else f" ({confidence(level)})"
    band = "band" if any(row.smallest for row in rows) else "no_band"
    return fill("brief_chart", band, level=how)


def alt(rows: Sequence[Interval], title_text: str, unit: str, *, share: bool) -> str:
    """What the chart shows, in words and numbers."""
    told = []
    for row in rows:
        texts = [_read(end, share) for end in (row.value, row.low, row.high)]
        name = f"{row.group}, {lower_first(row.label)}" if row.group else row.label
        key = "one" if row.low is None or row.high is None else "one_range"
        parts = dict(zip(("value", "low", "high"), texts, strict=True))
        told.append(fill("brief_chart", key, name=name, **parts))
    return fill("brief_chart", "alt", title=title_text, unit=capital(unit), told="; ".join(told))


def _read(value: float | None, share: bool) -> str:
    return percent(value) if share else number(value, decimals=2)
