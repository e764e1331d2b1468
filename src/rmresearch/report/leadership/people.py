"""What was done and with whom; who was lost, and whether that could change the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rmresearch.analysis.leavers import tipping
from rmresearch.display.numbers import NOTHING
from rmresearch.privacy.passing import ReleasedCell
from rmresearch.report.leadership.answer import last, main
from rmresearch.report.leadership.content import Grid, Part, Said, Shown
from rmresearch.report.leadership.source import Row, Source, Told, Words, said, shown, sizes
from rmresearch.report.words.phrases import capital, catalogue, named

__all__ = ["assigned_and_analysed", "done", "flows", "lost"]

#: what a tipping table says of the decision, and the sentence for it
READINGS = {
    tipping.THERE: "there",
    tipping.AT_ONCE: "at_once",
    tipping.NONE: "none",
    tipping.OPEN: "open",
    tipping.UNKNOWN: "unknown",
}
ROLES = ("senior", "junior", "all")
ANALYSED = "analysed"


def done(source: Source) -> Part:
    """What was done, with whom, and of how many the answer speaks: both denominators."""
    design = source.design
    waves = ", ".join(named(wave.label) for wave in design.waves)
    grids = flows(source)
    return Part(
        name="done",
        asks=catalogue()["brief_part"]["done"],
        title=said("brief_done", f"title_{_kind(source)}").text,
        said=(
            _design(source),
            *_who(source),
            *_finished(source),
            *(() if design.linked else (said("brief_done", "unlinked"),)),
            said("brief_done", "waves", waves=waves),
        ),
        points=tuple(said("brief_done", "goal", goal=named(goal)) for goal in design.goals),
        grid=grids[0] if grids else None,
        notes=(said("brief_done", "note"),),
    )


def _kind(source: Source) -> str:
    return source.design.kind.replace("-", "_")


def _design(source: Source) -> Said:
    design = source.design
    first = design.programme_arms[0].label if design.programme_arms else ""
    other = design.comparison.label if design.comparison else ""
    unit = catalogue()["brief_unit"][design.unit]
    parts = {"unit": unit, "programme": named(first), "comparison": named(other)}
    return said("brief_done", _kind(source), **parts)


def _who(source: Source) -> Iterator[Said]:
    """Of each role, how many were assigned and how many are analysed."""
    for role in ROLES:
        counts = assigned_and_analysed(source, role)
        if counts is not None:
            assigned, analysed, wave = counts
            yield said(
                "brief_done", "denominators", who=source.who(role), assigned=assigned,
                analysed=analysed, wave=wave,
            )  # fmt: skip


def _finished(source: Source) -> Iterator[Said]:
    """How many in the programme started and finished, as reactions are asked of both."""
    for outcome in source.design.outcomes:
        rows = list(source.rows(f"reaction:{outcome.name}", "reaction"))
        wave = str(rows[-1]["wave"][0].value) if rows else ""
        for role in ROLES:
            asked = {
                str(row["who"][0].value): row["asked"]
                for row in rows
                if (row["role"][0].value, row["wave"][0].value) == (role, wave)
            }
            if {"starters", "finishers"} <= asked.keys():
                # how many finished is hidden where it would tell how many of a few did not
                key = "finished_most" if asked["finishers"][0].hidden else "finished"
                started, finished = (_counted(asked[who]) for who in ("starters", "finishers"))
                parts = {"started": started, "finished": finished}
                yield said("brief_done", key, who=source.who(role), **parts)
        if rows:
            return


def _counted(cell: tuple[ReleasedCell, str]) -> Words:
    return shown(cell[0].value, cell[1], "count")


def assigned_and_analysed(source: Source, role: str) -> tuple[Shown, Shown, str] | None:
    """How many of a role were assigned and are analysed at the last wave, over all arms.

    None where there is no flow, or where a count is too small to be added up.
    """
    rows = [row for row in _flow(source, role) if row["role"][0].value == role]
    at = [str(row["wave"][0].value) for row in rows if row["stage"][0].value == ANALYSED]
    if not at:
        return None
    assigned = _sum(row["people"] for row in rows if row["stage"][0].value == "assigned")
    analysed = _sum(
        row["people"]
        for row in rows
        if (row["stage"][0].value, row["wave"][0].value) == (ANALYSED, at[-1])
    )
    if assigned is None or analysed is None:
        return None
    return assigned, analysed, named(source.design.wave(at[-1]).label)


def _sum(cells: Iterable[tuple[ReleasedCell, str]]) -> Shown | None:
    """Counts added up, with all their places; None where one of them is no number."""
    listed = list(cells)
    values = [cell.value for cell, _ in listed if isinstance(cell.value, int)]
    if not listed or len(values) < len(listed):
        return None
    return Shown(f"{sum(values):,}", tuple(at for _, at in listed), "count")


def _flow(source: Source, role: str) -> list[Row]:
    """The flow of one outcome of a role: the main one's own, otherwise the first."""
    first = main(source)
    names = [outcome.name for outcome in source.design.outcomes]
    for name in dict.fromkeys([first.outcome.name, *names] if first else names):
        rows = list(source.rows(f"attrition:{name}", "flow"))
        if any(row["role"][0].value == role for row in rows):
            return rows
    return []


def flows(source: Source) -> tuple[Grid, ...]:
    """From assignment to analysis, a row for each role and group: its first and last waves."""
    words = catalogue()["brief_flow"]
    rows = [
        row
        for role in ROLES
        for row in _flow(source, role)
        if row["role"][0].value == role and _begun(source, row)
    ]
    groups = dict.fromkeys((row["role"][0].value, row["arm"][0].value) for row in rows)
    places = dict.fromkeys((row["stage"][0].value, row["wave"][0].value) for row in rows)
    kept = _ends_of(list(places))
    made = []
    for role, arm in groups:
        cells: dict[object, Words] = {
            (row["stage"][0].value, row["wave"][0].value): _counted(row["people"])
            for row in rows
            if (row["role"][0].value, row["arm"][0].value) == (role, arm)
        }
        who, name = capital(source.who(str(role))), source.labels.get(str(arm), "")
        first = Said(f"{who}, {named(name)}" if name else who)
        made.append((first, *(_cell(cells.get(place, NOTHING)) for place in kept)))
    if not made:
        return ()
    heads = (words["who"], *(_stage(source, stage, wave) for stage, wave in kept))
    numeric = (False, *(True for _ in kept))
    return (Grid(words["caption"], heads, numeric, tuple(made), _flow_note(source)),)


def _flow_note(source: Source) -> str:
    """What the counts mean, and why the answer rests on more people than they add up to."""
    words, told = catalogue()["brief_flow"], main(source)
    counts = assigned_and_analysed(source, told.held.estimate.role) if told else None
    people = told.held.estimate.n_people if told else None
    if counts is None or not isinstance(people, int):
        return words["note"]
    if people <= int(counts[1].text.replace(",", "")):
        return words["note"]
    return f"{words['note']} {words['note_more']}"


def _ends_of(places: list[tuple[object, object]]) -> list[tuple[object, object]]:
    """Stages without a wave, the first answers, and the last wave's answers and analysis."""
    waves = list(dict.fromkeys(wave for stage, wave in places if stage == "answered"))
    ends = {"", *waves[:1], *waves[-1:]}
    return [(stage, wave) for stage, wave in places if wave in ends]


def _stage(source: Source, stage: object, wave: object) -> str:
    word = catalogue()["brief_flow"][str(stage)]
    name = source.labels.get(str(wave), "")
    return f"{word}: {named(name)}" if name else word


def _begun(source: Source, row: Row) -> bool:
    """Whether a stage says something: those who wait have not started, which is no failure."""
    waiting = {arm.name for arm in source.design.arms if not arm.programme}
    return not (row["arm"][0].value in waiting and row["stage"][0].value == "started")


def _cell(word: Words) -> Said:
    return Said(word.text, (word,)) if isinstance(word, Shown) else Said(str(word))


def lost(source: Source) -> Part:
    """Who left, and could that change the answer?"""
    told = main(source) or next(iter(last(source)), None)
    sentences = list(_lost(source, told)) if told else []
    key = _lost_key(told)
    # the verdict is on one role's answers: of the other many more may be missing
    whose = {"who": source.who(told.held.estimate.role)} if told and key in {"low", "high"} else {}
    return Part(
        name="lost",
        asks=catalogue()["brief_part"]["lost"],
        title=said("brief_lost", f"title_{key}", **whose).text,
        said=tuple(sentences) or (said("brief_lost", "nothing"),),
        notes=(said("brief_lost", "note"),),
    )


def _lost_key(told: Told | None) -> str:
    if told is None or told.judgement is None:
        return "unknown"
    if told.judgement.kind == "single-group":
        return "single"
    return told.judgement.attrition.replace(" ", "_")


def _lost(source: Source, told: Told) -> Iterator[Said]:
    one = told.held.estimate
    key = {"role": one.role, "wave": one.wave, "contrast": one.contrast}
    result = f"attrition:{one.outcome}"
    sides = source.sides(told.held)
    overall = next(source.find(result, term="overall-attrition", **key), None)
    if overall is not None and overall.known:
        share = shown(overall.estimate.value, f"{overall.at}/value", "percent")
        yield said("brief_lost", "overall", share=share, who=source.who(one.role), **sides)
    standard = _lost_key(told)
    if told.judgement is not None and (overall is not None or standard in {"low", "high"}):
        yield said("brief_lost", standard)
    together = [one for one in source.find("attrition", term="still-paired") if one.known]
    order = [wave.name for wave in source.design.waves]
    paired = max(together, key=lambda one: order.index(one.estimate.wave), default=None)
    if paired is not None:
        share = shown(paired.estimate.value, f"{paired.at}/value", "percent")
        wave = named(source.design.wave(paired.estimate.wave).label)
        yield said("brief_lost", "paired", share=share, wave=wave)
    yield from _tips(source, told, result, key, sides)
    yield from _bounds(source, told, result, key)


def _tips(
    source: Source, told: Told, result: str, key: dict[str, str], sides: dict[str, str]
) -> Iterator[Said]:
    """How much worse the missing would have to be for the answer to change."""
    reading = next(
        (
            READINGS.get(str(row["reading"][0].value), "")
            for row in source.rows(result, "tipping")
            if all(row[name][0].value == text for name, text in key.items())
        ),
        "",
    )
    point = next(source.find(result, term="tipping-point", **key), None)
    amount = sizes(point, told.outcome) if point is not None and point.numeric else None
    if not reading or (reading == "there" and amount is None):
        return
    low, high = told.held.estimate.low, told.held.estimate.high
    ends = [end for end in (low, high) if isinstance(end, (int, float))]
    if len(ends) == 2 and reading != "unknown":  # tipping is of one measurement, the answer of all
        apart = min(ends) > 0 or max(ends) < 0
        reading = "open" if not apart else "alone" if reading == "open" else reading
    way = catalogue()["brief_way"]["lower" if told.outcome.direction == 1 else "higher"]
    group = sides["programme"] if not told.single else ""
    parts: dict[str, Words] = {"way": way, **({**amount} if amount else {})}
    ending = "_change" if told.single else ""
    yield said("brief_lost", f"tips_{reading}{ending}", programme=group, **parts)


def _bounds(source: Source, told: Told, result: str, key: dict[str, str]) -> Iterator[Said]:
    """Between what the answer lies, whatever the missing would have said."""
    terms = ("worst-lower", "worst-upper")
    ends = [next(source.find(result, term=term, **key), None) for term in terms]
    if any(end is None or not end.numeric for end in ends):
        return
    low, high = (sizes(end, told.outcome)["signed"] for end in ends if end is not None)
    unit = sizes(told.held, told.outcome)["unit"]
    yield said("brief_lost", "worst", low=low, high=high, unit=unit)
