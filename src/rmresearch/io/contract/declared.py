"""Rules on study.toml itself that no single key can break alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from rmresearch.errors import Problem, did_you_mean
from rmresearch.io.contract.matching import matching_problems
from rmresearch.io.findings import some
from rmresearch.io.schema import BOUNDS, OutcomeEntry, StudyFile, TableSource, to_design
from rmresearch.study import RECORD_KINDS, TABLES

__all__ = ["declaration_problems"]

#: names that Windows keeps for devices
RESERVED = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)}
#: what anonymous respondents bring along in the measures' own rows
CARRIED = ("role", "arm", "department", "level", "stratum")


def declaration_problems(file: StudyFile, name: str) -> Iterator[Problem]:
    """Everything in study.toml that contradicts itself, as problems of the file ``name``."""
    rules = (_head, _arms, _waves, _outcomes, _shared_items, _tables, _value, matching_problems)
    for rule in rules:
        for found, fix, *severity in rule(file):
            yield Problem(
                "declaration", found, fix, file=name, severity=severity[0] if severity else "error"
            )


Line = tuple[str, ...]


def _head(file: StudyFile) -> Iterator[Line]:
    head, design = file.study, file.design
    if head.name in RESERVED:
        yield f"study.name {head.name!r} is reserved by Windows", "Choose another name."
    if design.start and design.end and design.end < design.start:
        yield "design.end lies before design.start", "Correct one of the dates."
    for change in design.adaptations:
        late = design.end is not None and change.date > design.end
        if late or (design.start is not None and change.date < design.start):
            found = f"the adaptation of {change.date} lies outside design.start and design.end"
            yield found, "Correct the dates if that is not meant.", "warning"


def _arms(file: StudyFile) -> Iterator[Line]:
    arms, kind = file.design.arms, file.design.kind
    yield from _twice([arm.name for arm in arms], "design.arms")
    comparisons = [arm.name for arm in arms if not arm.programme]
    if kind == "single-group":
        if len(arms) > 1:
            found = f"a single-group study declares {len(arms)} arms ({some(a.name for a in arms)})"
            yield found, 'Set design.kind to "comparison", "waitlist" or "randomised".'
        return
    fix = "Mark exactly one arm with programme = false and the others with programme = true."
    if len(arms) < 2:
        found = f"a {kind} study needs at least two arms; design.arms has {len(arms)}"
        yield found, fix
    elif not comparisons:
        yield f"a {kind} study needs a comparison arm, and no arm has programme = false", fix
    elif len(comparisons) > 1:
        yield f"several arms have programme = false ({some(comparisons)})", fix
    elif len(comparisons) == len(arms):
        yield "no arm has programme = true", fix


def _waves(file: StudyFile) -> Iterator[Line]:
    waves, start = file.waves, file.design.start
    yield from _twice([wave.name for wave in waves], "waves")
    baselines = [wave.name for wave in waves if wave.baseline]
    if len(baselines) > 1:
        found = f"several waves are marked baseline ({some(baselines)})"
        yield found, "Mark only the last wave before the start with baseline = true."
    elif not baselines and len(waves) > 1:
        yield "no wave is marked baseline", "Mark the wave before the start with baseline = true."
    elif len(baselines) == 1 and not waves[0].baseline:
        found = f"the baseline {baselines[0]!r} is not the first wave"
        yield found, "Put the baseline first; leave out what was asked before it."
    for wave in waves:
        if wave.months is None and (wave.date is None or start is None) and len(waves) > 1:
            found = f"waves.{wave.name} is not placed in time"
            yield found, "Give months, or a date here and design.start."
    yield from _disorder([(wave.name, wave.date) for wave in waves if wave.date is not None])
    months = {wave.name: wave.months for wave in to_design(file).waves}
    placed = [w.name for w in waves if w.months is not None or (w.date and start)]
    yield from _disorder([(name, months[name]) for name in placed])


def _disorder(places: Sequence[tuple[str, Any]]) -> Iterator[Line]:
    """Neighbours of which the second does not come after the first."""
    for (first, before), (second, after) in pairwise(places):
        if after <= before:
            found = f"waves are out of order: {second} ({after}) does not come after {first}"
            fix = "List the waves from first to last with increasing dates and months."
            yield f"{found} ({before})", fix


def _outcomes(file: StudyFile) -> Iterator[Line]:
    names = [outcome.name for outcome in file.outcomes]
    waves = [wave.name for wave in file.waves]
    yield from _twice(names, "outcomes")
    for outcome in file.outcomes:
        key = f"outcomes.{outcome.name}"
        items = outcome.items or [outcome.name]
        yield from _twice(items, f"{key}.items")
        yield from _unknown(outcome.reverse, items, f"{key}.reverse", "is not among its items")
        yield from _unknown(outcome.waves, waves, f"{key}.waves", "is not a wave")
        yield from _unknown(outcome.wave_labels, waves, f"{key}.wave_labels", "is not a wave")
        if outcome.related is not None:
            others = [name for name in names if name != outcome.name]
            yield from _unknown([outcome.related], others, f"{key}.related", "is no other outcome")
        yield from _range(outcome, key)
        yield from _labels(outcome, key, outcome.waves or waves)
        yield from _timing(outcome, key, file)
        yield from _process(outcome, key)


def _value(file: StudyFile) -> Iterator[Line]:
    """What is declared of costs and worth: ordered from low to high, of outcomes that exist."""
    known = [*(outcome.name for outcome in file.outcomes), *RECORD_KINDS]
    yield from _unknown(file.value.worth, known, "value.worth", "is not an outcome")
    for name, span in {**file.value.costs(), **file.value.worth}.items():
        if isinstance(span, list) and sorted(span) != span:
            found = f"value: {name} is {span}, which does not rise"
            yield found, "Write it as [low, most likely, high]."


def _range(outcome: OutcomeEntry, key: str) -> Iterator[Line]:
    codes = list(outcome.labels.values())
    bounds = outcome.range or ([min(codes), max(codes)] if codes else None)
    yield from _within(outcome, key, bounds or BOUNDS.get(outcome.kind))
    if bounds is not None and bounds[0] >= bounds[1]:
        yield f"{key}: the range {bounds[0]} to {bounds[1]} is empty", "Put the lower code first."
        return
    if bounds is None and outcome.reverse:
        yield f"{key}.reverse needs a range to turn about", "Declare range = [lowest, highest]."
    if bounds is None:
        return
    if outcome.favourable is not None and not bounds[0] <= outcome.favourable <= bounds[1]:
        found = f"{key}.favourable {outcome.favourable} lies outside the range"
        yield found, "Give the lowest code that counts as a favourable answer."
    wordings: Mapping[str, Mapping[str, float]] = {"labels": outcome.labels} | {
        f"wave_labels.{wave}": labels for wave, labels in outcome.wave_labels.items()
    }
    for part, labels in wordings.items():
        outside = [str(c) for c in labels.values() if not bounds[0] <= c <= bounds[1]]
        if outside:
            found = f"{key}.{part} has codes outside the range ({some(outside)})"
            yield found, f"The range is {bounds[0]} to {bounds[1]}: correct one of them."


def _within(outcome: OutcomeEntry, key: str, bounds: Sequence[float] | None) -> Iterator[Line]:
    """What is declared of scores, against the least and the largest there can be."""
    if bounds is None or bounds[0] >= bounds[1]:
        return
    low, high = bounds
    if outcome.smallest_effect is not None and outcome.smallest_effect >= high - low:
        found = (
            f"{key}.smallest_effect {outcome.smallest_effect} is the whole range {low} to {high}"
        )
        yield found, "No difference could matter: give the smallest one that does, in points."
    if outcome.pool_mean is not None and not low <= outcome.pool_mean <= high:
        found = f"{key}.pool_mean {outcome.pool_mean} lies outside the range {low} to {high}"
        yield found, "Give the mean score of everybody who could have joined."


def _labels(outcome: OutcomeEntry, key: str, asked: Sequence[str]) -> Iterator[Line]:
    sets = {wave: set(labels.values()) for wave, labels in outcome.wave_labels.items()}
    if outcome.labels:
        plain = [wave for wave in asked if wave not in sets]
        sets = {(plain[0] if plain else "labels"): set(outcome.labels.values())} | sets
    first = next(iter(sets), None)
    for wave, codes in sets.items():
        if first is not None and codes != sets[first]:
            found = f"{key}: {first} and {wave} have different sets of codes: this is another scale"
            fix = (
                "If it is one scale, list all answers of that wave; two scales are never "
                "subtracted: declare two outcomes, each with its waves."
            )
            yield found, fix
    merged = dict(outcome.labels)
    for wave, labels in outcome.wave_labels.items():
        turned = [text for text, code in labels.items() if merged.get(text, code) != code]
        if turned:
            found = f"{key}: wave {wave} gives {some(turned)} another code than other waves do"
            yield found, "One wording has one code; correct the codes, or declare two outcomes."
        merged |= labels
    both = set(merged) & set(outcome.missing)
    if both:
        yield f"{key}: {some(sorted(both))} is both a label and missing", "Remove one of them."


def _timing(outcome: OutcomeEntry, key: str, file: StudyFile) -> Iterator[Line]:
    if outcome.timing == "repeated":
        return
    asked = outcome.waves or [wave.name for wave in file.waves]
    if len(asked) > 1:
        words = "asks for the change itself" if outcome.timing == "gain" else "looks back"
        found = f'{key}: timing = "{outcome.timing}" {words}, but is given {len(asked)} waves'
        yield found, "Such answers are never subtracted: name the one wave in waves = [...]."
    elif any(wave.baseline and wave.name == asked[0] for wave in file.waves):
        found = f'{key}: timing = "{outcome.timing}" is asked at the baseline'
        yield found, "It is asked after the start: correct waves or timing."


def _process(outcome: OutcomeEntry, key: str) -> Iterator[Line]:
    """What the pulse shows in mid-programme must not be what the evaluation asks at the end."""
    if outcome.process is not None and outcome.kirkpatrick != 1:
        found = f"{key}: process = {outcome.process!r} beside kirkpatrick = {outcome.kirkpatrick}"
        fix = "Only reactions (kirkpatrick = 1) are shown before the end: correct one of the two."
        yield found, fix


def _shared_items(file: StudyFile) -> Iterator[Line]:
    """One item in two outcomes must be coded alike."""
    first: dict[str, OutcomeEntry] = {}
    for outcome in file.outcomes:
        for item in outcome.items or [outcome.name]:
            other = first.setdefault(item, outcome)
            if other is not outcome and _coding(other) != _coding(outcome):
                found = f"outcomes {other.name} and {outcome.name} code item {item!r} differently"
                yield found, "Give both the same range, labels, wave_labels and missing."


def _coding(outcome: OutcomeEntry) -> tuple[object, ...]:
    return outcome.range, outcome.labels, outcome.wave_labels, sorted(outcome.missing)


def _tables(file: StudyFile) -> Iterator[Line]:
    linked = file.study.linked
    if linked and not file.tables.participants:
        fix = "Add [tables.participants], or set linked = false in [study] for anonymous surveys."
        yield "no table gives the participants", fix
    if not linked:
        for table in ("participants", "pairs", "meetings", "records"):
            if getattr(file.tables, table):
                found = f"tables.{table} needs person ids, but the study says linked = false"
                yield found, "Remove the table, or set linked = true."
    for table in TABLES:
        sources = getattr(file.tables, table)
        for i, source in enumerate(sources):
            key = f"tables.{table}" + (f"[{i + 1}]" if len(sources) > 1 else "")
            yield from _source(source, table, key, file)


def _source(source: TableSource, table: str, key: str, file: StudyFile) -> Iterator[Line]:
    files = [source.file] if isinstance(source.file, str) else source.file
    if not files:
        yield f"{key}.file names no file", "Name at least one file."
    yield from _twice(files, f"{key}.file")
    known = [*TABLES[table], *source.features]
    if table == "measures" and not file.study.linked:
        known += CARRIED
    for part in ("columns", "constants", "values"):
        yield from _unknown(getattr(source, part), known, f"{key}.{part}", "is no column of ours")
    both = [name for name in source.columns if name in source.constants]
    if both:
        found = f"{key} gives {some(both)} both a column and a constant"
        yield found, "Remove one of them."
    yield from _unknown(source.rename, ["*", *files], f"{key}.rename", "is not among its files")
    taken = [name for name in source.features if name in TABLES[table] or name in CARRIED]
    if taken:
        yield f"{key}.features repeats our own columns ({some(taken)})", "Remove them."
    if source.features and table != ("participants" if file.study.linked else "measures"):
        yield f"{key}.features belongs to the participants", "Move it to tables.participants."
    if table == "measures":
        yield from _layout(source, key, file)
    else:
        for part in ("items", "waves", "only"):
            if getattr(source, part):
                yield f"{key}.{part} belongs to measures only", "Remove it."


def _layout(source: TableSource, key: str, file: StudyFile) -> Iterator[Line]:
    waves = [wave.name for wave in file.waves]
    items = [item for outcome in file.outcomes for item in outcome.items or [outcome.name]]
    yield from _unknown(source.only, items, f"{key}.only", "is no declared item")
    by_wave = {name: one for name, one in source.items.items() if isinstance(one, dict)}
    flat = [name for name in source.items if name not in by_wave]
    if source.layout != "wide" and (source.waves or by_wave):
        yield f'{key}.waves is for layout = "wide"', "Set the layout, or remove it."
    if source.layout == "long" and flat:
        yield f'{key}.items is for layout = "by-wave"', "Set the layout, or use values.item."
    if source.layout == "by-wave":
        yield from _unknown(flat, items, f"{key}.items", "is no declared item")
    if source.layout != "wide":
        return
    if flat:
        yield f"{key}.items in a wide table stands by wave", "Write items.WAVE = { item = column }."
    if not source.waves and not by_wave:
        yield f"{key}.waves is missing in a wide table", 'Add, say, pre = "{item}_pre".'
    yield from _unknown(source.waves, waves, f"{key}.waves", "is not a wave")
    yield from _unknown(by_wave, waves, f"{key}.items", "is not a wave")
    for wave, mapped in by_wave.items():
        yield from _unknown(mapped, items, f"{key}.items.{wave}", "is no declared item")
    for wave, pattern in source.waves.items():
        if "{item}" not in pattern and "{n}" not in pattern:
            found = f"{key}.waves.{wave} = {pattern!r} has neither {{item}} nor {{n}}"
            yield found, "Say where the item's name or number stands in the column's name."


def _twice(names: Sequence[str], key: str) -> Iterator[Line]:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        yield f"{key} names {some(doubled)} twice", "Give each a name of its own."


def _unknown(
    names: Sequence[str] | Mapping[str, object], known: Sequence[str], key: str, words: str
) -> Iterator[Line]:
    for name in names:
        if name not in known:
            yield f"{key}: {name!r} {words}", f"Known: {some(known)}.{did_you_mean(name, known)}"
