"""The appendix: every result, the means behind it, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from rmresearch.report.leadership.both import row
from rmresearch.report.leadership.content import Form, Grid, Said, Shown
from rmresearch.report.leadership.source import Held, Source, Words, said, shown
from rmresearch.report.words.phrases import capital, catalogue, is_share, named
from rmresearch.study import Outcome

__all__ = ["numbers"]


def numbers(source: Source) -> tuple[Grid, ...]:
    """Every verdict, every group's mean, and the codebook: nothing is left out for its result."""
    return tuple(grid for grid in (_results(source), _means(source), _codebook(source)) if grid)


def _results(source: Source) -> Grid | None:
    words = catalogue()["brief_head"]
    names = ("outcome", "who", "when", "difference", "range", "level", "people", "result",
             "certainty")  # fmt: skip
    rows = []
    for told in source.verdicts:
        one, at = told.held.estimate, told.held.at
        outcome, who, value, ends, result, certainty = row(source, told)
        when = Said(source.labels.get(one.wave, one.wave))
        hidden = told.judgement is None
        level = (
            Said(words["hidden"]) if hidden else _cell(shown(one.level, f"{at}/level", "percent"))
        )
        count = _cell(shown(one.n_people, f"{at}/n_people", "count"))
        people = Said(words["hidden"]) if hidden else count
        rows.append((outcome, who, when, value, ends, level, people, result, certainty))
    if not rows:
        return None
    numeric = tuple(name in {"difference", "range", "level", "people"} for name in names)
    heads = tuple(words[name] for name in names)
    return Grid(words["results"], heads, numeric, tuple(rows), words["results_note"])


def _means(source: Source) -> Grid | None:
    words = catalogue()["brief_head"]
    rows = [_mean(source, held) for held in source.find("wave_means", term="")]
    if not rows:
        return None
    names = ("outcome", "who", "group", "when", "mean", "range", "people")
    numeric = (False, False, False, False, True, True, True)
    return Grid(words["means"], tuple(words[name] for name in names), numeric, tuple(rows))


def _mean(source: Source, held: Held) -> tuple[Said, ...]:
    one, words = held.estimate, catalogue()["brief_head"]
    outcome = source.design.outcome(one.outcome)
    first = (
        Said(named(outcome.label)),
        Said(capital(source.who(one.role))),
        Said(named(source.labels.get(one.group, one.group)) or "–"),
        Said(source.labels.get(one.wave, one.wave)),
    )
    if one.hidden:
        return (*first, *(Said(words["hidden"]) for _ in range(3)))
    form: Form = "percent" if is_share(outcome) else "number"
    ends = [_as(held, end, form, outcome) for end in ("value", "low", "high")]
    between = Said("–")
    if one.low is not None and one.high is not None:
        low, high = (_cell(word) for word in ends[1:])
        between = said("brief_head", "ends", low=low, high=high)
    people = _cell(shown(one.n_people, f"{held.at}/n_people", "count"))
    return (*first, _cell(ends[0]), between, people)


def _as(held: Held, end: str, form: Form, outcome: Outcome) -> Words:
    places = 0 if form == "percent" else 1 if _wide(outcome) else 2
    return shown(getattr(held.estimate, end), f"{held.at}/{end}", form, places)


def _wide(outcome: Outcome) -> bool:
    """Whether a mean keeps one decimal only, as the release rounds it (S7)."""
    return outcome.low is not None and outcome.high is not None


def _codebook(source: Source) -> Grid:
    words = catalogue()["brief_head"]
    rows = tuple(tuple(_declared(source, one)) for one in source.design.outcomes)
    names = ("outcome", "who", "level_of", "rated", "scale", "smallest")
    numeric = (False, False, False, False, False, True)
    return Grid(words["codebook"], tuple(words[name] for name in names), numeric, rows)


def _declared(source: Source, one: Outcome) -> Iterator[Said]:
    book = catalogue()
    yield Said(named(one.label))
    yield Said(capital(source.who(one.role)))
    yield Said(book["brief_level"][f"name_{one.kirkpatrick}"])
    yield Said(book["workbook_source"][one.source])
    if one.low is None or one.high is None or is_share(one):
        yield Said(book["workbook_kind"][one.kind])
    else:
        low = source.declared_number(one, "low", one.low)
        high = source.declared_number(one, "high", one.high)
        yield said("brief_head", "ends", low=low, high=high)
    matters = source.matters(one)
    yield _cell(matters or "–")


def _cell(word: Words) -> Said:
    return Said(word.text, (word,)) if isinstance(word, Shown) else Said(str(word))
