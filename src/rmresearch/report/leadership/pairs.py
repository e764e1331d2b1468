"""Whether meeting and matching went with gains: associations, never what made what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rmresearch.display.numbers import span
from rmresearch.report.figures.intervals import Interval
from rmresearch.report.leadership.answer import last, main
from rmresearch.report.leadership.content import Chart, Form, Grid, Part, Said, Shown
from rmresearch.report.leadership.source import Held, Source, Words, said, shown, sizes
from rmresearch.report.leadership.verdicts import alt, caption
from rmresearch.report.words.phrases import capital, catalogue, named, quoted
from rmresearch.study import Outcome

__all__ = ["match", "meetings"]

STARTED = "pairs that started"
REPORTED = "pairs that reported"
#: rows of the chart, and sentences on what stands apart
MOST, TOLD = 8, 4
#: of Holm's correction over all features compared
LEVEL = 0.05


def match(source: Source) -> Part:
    """Did the pairs meet, and did a closer match or more meetings go with more gain?"""
    found = [one for one in source.find("match_quality", term="") if one.numeric]
    apart = [one for one in found if _stands_out(source, one)]
    grid = meetings(source)
    return Part(
        name="match",
        asks=catalogue()["brief_part"]["match"],
        title=said("brief_match", _title(source, found, apart)).text,
        said=(*_met(source), *_matched(source, found, apart), *_dose(source)),
        chart=_chart(source, found, apart),
        grid=grid,
        notes=(said("brief_match", "note"),),
    )


def _apart(one: Held) -> bool:
    low, high = one.estimate.low, one.estimate.high
    return low is not None and high is not None and (low > 0 or high < 0)


def _stands_out(source: Source, held: Held) -> bool:
    """Whether a feature stands out from chance, all that were compared allowed for (Holm)."""
    one = held.estimate
    key = {"role": one.role, "wave": one.wave, "group": one.group, "contrast": one.contrast}
    found = next(source.find(one.result, term="holm", **key), None)
    value = found.estimate.value if found is not None else None
    return isinstance(value, (int, float)) and value < LEVEL and _apart(held)


def _title(source: Source, found: Sequence[Held], apart: Sequence[Held]) -> str:
    if not found:
        return "title_hidden" if source.has("match_quality") else "title_nothing"
    return "title_some" if apart else "title_none"


def _met(source: Source) -> Iterator[Said]:
    """How often pairs met, of what was planned: of all who started, never only of those who
    reported."""
    if not source.has("engagement"):
        yield said("brief_match", "no_log")
        return
    mean = next(source.find("engagement", term="meetings-per-pair", estimand=STARTED), None)
    if mean is None or not mean.numeric:
        yield said("brief_match", "met_hidden")
        return
    parts: dict[str, Words] = _ends(mean, "number", 1)
    planned = source.design.planned_meetings
    if planned is None or mean.estimate.low is None:
        yield said("brief_match", "met" if mean.estimate.low is not None else "met_plain", **parts)
        return
    goal = Shown(f"{planned:,}", ("/release/codebook/planned_meetings",), "count")
    yield said("brief_match", "met_of", planned=goal, **parts)


def _ends(held: Held, form: str, decimals: int) -> dict[str, Words]:
    one = held.estimate
    return {
        name: shown(getattr(one, end), f"{held.at}/{end}", "number", decimals)
        for name, end in (("mean", "value"), ("low", "low"), ("high", "high"))
    }


def _matched(source: Source, found: Sequence[Held], apart: Sequence[Held]) -> Iterator[Said]:
    """What of the match went with gains, where its range leaves out zero."""
    if not found:
        yield said("brief_match", "hidden" if source.has("match_quality") else "no_match")
        return
    if not apart:
        yield said("brief_match", "none")
    for one in apart[:TOLD]:
        yield _association(source, one)
    if len(apart) > TOLD:
        yield said("brief_match", "others")
    if not apart:
        return
    key = "by_chance" if source.design.matching.procedure == "random" else "association"
    yield said("brief_match", key)


def _association(source: Source, held: Held) -> Said:
    one = held.estimate
    outcome = source.design.outcome(one.outcome)
    value = float(one.value or 0)
    step = "yes" if "SD" not in one.contrast else "closer"
    return said(
        "brief_match", step, who=source.who(one.role), feature=quoted(one.group),
        way=catalogue()["brief_way"]["lower" if value < 0 else "higher"],
        label=source.label(outcome), **sizes(held, outcome),
    )  # fmt: skip


def _dose(source: Source) -> Iterator[Said]:
    """Whether the same person gained more with more meetings; only where it can be shown."""
    first = main(source) or next(iter(last(source)), None)
    if first is None:
        return
    one = first.held.estimate
    found = next(source.find(f"engagement:{one.outcome}", term="within", role=one.role), None)
    if found is None:
        return
    if not found.numeric or found.estimate.low is None:
        yield said("brief_match", "dose_hidden", label=source.label(first.outcome))
        return
    way = catalogue()["brief_way"]["lower" if float(found.estimate.value or 0) < 0 else "higher"]
    key = "dose" if _apart(found) else "dose_unclear"
    parts = sizes(found, first.outcome)
    yield said("brief_match", key, label=source.label(first.outcome), way=way, **parts)


def _chart(source: Source, found: Sequence[Held], apart: Sequence[Held]) -> Chart | None:
    """The match beside the gain, of the main outcome's scale."""
    first = main(source)
    names = [first.outcome.name] if first is not None else []
    drawn = [one for one in found if one.estimate.outcome in names] or list(found)
    if not drawn:
        return None
    outcome = source.design.outcome(drawn[0].estimate.outcome)
    drawn = [one for one in drawn if _scale(source, one) == _scale(source, drawn[0])][:MOST]
    several = len({one.estimate.outcome for one in drawn}) > 1
    rows = tuple(_row(source, one, several=several) for one in drawn)
    words = catalogue()["brief_match"]
    levels = {one.estimate.level for one in drawn}
    level = levels.pop() if len(levels) == 1 else None
    unit = said("brief_match", "unit", unit=sizes(drawn[0], outcome)["unit"]).text
    heading = words[_title(source, found, apart)]
    low, high, step = span([end for row in rows for end in (row.value, row.low, row.high)], 0.0)
    share, sides = outcome.kind == "binary", (words["less"], words["more"])
    return Chart(
        name="match", title=heading, rows=rows, at=tuple(one.at for one in drawn), unit=unit,
        alt=alt(rows, heading, unit, share=share), low=low, high=high, step=step,
        sides=sides if outcome.direction == 1 else sides[::-1], share=share, level=level,
        caption=caption(rows, level),
    )  # fmt: skip


def _scale(source: Source, held: Held) -> tuple[object, ...]:
    one: Outcome = source.design.outcome(held.estimate.outcome)
    return (one.kind == "binary", one.low, one.high, one.unit)


def _row(source: Source, held: Held, *, several: bool) -> Interval:
    one = held.estimate
    name = named(one.group)
    outcome = named(source.design.outcome(one.outcome).label)
    return Interval(
        label=f"{name}: {outcome}" if several else name,
        value=float(one.value or 0),
        low=one.low,
        high=one.high,
        detail=str(one.n_people or ""),
    )


def meetings(source: Source) -> Grid | None:
    """Meetings, over pairs that started and over pairs that reported: both denominators."""
    words = catalogue()["brief_meetings"]
    rows = []
    for row in source.rows("engagement", "engagement"):
        measure, among = (str(row[name][0].value) for name in ("measure", "among"))
        if measure not in words or row["value"][0].hidden:
            continue
        share = words[measure].endswith("%")
        cells = []
        for name in ("pairs", "value", "low", "high"):
            cell, at = row[name]
            form: Form = "count" if name == "pairs" else "percent" if share else "number"
            cells.append(shown(cell.value, at, form, 0 if share or name == "pairs" else 1))
        group = source.labels.get(str(row["arm"][0].value), "")
        label = words[measure].removesuffix(" %")
        first = f"{label}, {words[among]}" if among in words else f"{label}, {among}"
        rows.append((Said(f"{group}: {first}" if _arms(source) else capital(first)),
                     *(_cell(word) for word in cells)))  # fmt: skip
    if not rows:
        return None
    heads = tuple(words[name] for name in ("what", "pairs_head", "average", "from", "to"))
    return Grid(words["caption"], heads, (False, True, True, True, True), tuple(rows))


def _arms(source: Source) -> bool:
    return len(source.design.programme_arms) > 1


def _cell(word: Words) -> Said:
    return Said(word.text, (word,)) if isinstance(word, Shown) else Said(str(word))
