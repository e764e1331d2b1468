"""A new study's study.toml, plan.toml and README as text, from the choices made."""

from __future__ import annotations

import calendar
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rmresearch.instruments import blocks
from rmresearch.instruments.blocks import lined
from rmresearch.io.template.choices import Choices
from rmresearch.io.template.layout import FILE, HEADERS, SHEETS, columns, survey
from rmresearch.io.template.words import catalogue, filled
from rmresearch.study import Design, Outcome

__all__ = ["plan_text", "readme_text", "study_text"]

START = "start"
WIDTH = 100
NOTES = {"smallest_effect": "  # the smallest difference that matters, in points"}


def study_text(choices: Choices) -> str:
    """The text of study.toml."""
    return filled(
        "study.txt",
        name=_text(choices.name),
        folder=choices.name,
        title=_text(choices.title),
        organisation=_text(choices.organisation),
        meetings=choices.meetings,
        comparison="\n".join(_comparison(choices)),
        arms="\n".join(_arms(_compared(choices))),
        waves="\n".join(_waves(choices)),
        outcomes="\n".join(_outcomes(choices)),
        tables="\n".join(_tables(choices)),
    )


def plan_text(choices: Choices, design: Design) -> str:
    """The text of plan.toml: the primary question is that about the first thing to be learned."""
    learned = [one for one in design.outcomes if one.kirkpatrick > 1 and len(one.waves) > 1]
    asked = learned[:1] + [one for one in learned[1:] if one.role != learned[0].role][:1]
    lines = [line for number, one in enumerate(asked)
             for line in _question(one, design, primary=number == 0)]  # fmt: skip
    if not asked:
        lines = list(_question(design.outcomes[0], design, primary=True))
    title = _text(f"{choices.title}: what is asked")
    return filled("plan.txt", name=choices.name, title=title, questions="\n".join(lines))


def readme_text(choices: Choices) -> str:
    """The text of README.md."""
    drawn = choices.comparison in {"waitlist", "lot"}
    lot = catalogue("texts")["lot"] if drawn else ""
    return filled("readme.txt", name=choices.name, title=choices.title, lot=lot)


def _compared(choices: Choices) -> Mapping[str, Any]:
    found: Mapping[str, Any] = catalogue("words")["comparisons"][choices.comparison]
    return found


def _comparison(choices: Choices) -> Iterator[str]:
    compared = _compared(choices)
    yield from (f"# {line}" for line in compared["comment"])
    yield f"kind = {_text(compared['kind'])}"
    yield f"unit = {_text(compared['unit'])}"
    if choices.start is None:
        yield "# start = 2027-01-15  # the programme's first and last day, once they are fixed"
        yield "# end = 2027-07-15"
    else:
        yield f"start = {choices.start}  # the programme's first day"
        yield f"end = {_later(choices.start, choices.months[-1])}  # its planned last day"


def _later(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _arms(compared: Mapping[str, Any]) -> Iterator[str]:
    if "other" not in compared:
        return
    yield ""
    for name, label, programme in (
        ("programme", compared["programme"], "true"),
        (compared["other"], compared["other_label"], "false"),
    ):
        yield "[[design.arms]]"
        yield f"name = {_text(name)}"
        yield f"label = {_text(label)}"
        yield f"programme = {programme}"
        yield ""


def _waves(choices: Choices) -> Iterator[str]:
    for months in (0, *choices.months):
        label = f"Month {months}" if months else "Before the start"
        yield "[[waves]]"
        yield f"name = {_text(_wave(months))}"
        yield f"label = {_text(label)}"
        yield f"months = {months}"
        if not months:
            yield "baseline = true"
        yield ""


def _wave(months: int) -> str:
    return f"month{months}" if months else START


def _outcomes(choices: Choices) -> Iterator[str]:
    after = [_wave(months) for months in choices.months]
    known = catalogue("words")
    wordings = known["answers"].get(choices.answers, {})
    for name in choices.outcomes:
        yield from _outcome(name, known["outcomes"][name], wordings, after)
    for one in choices.instruments:
        yield blocks(one, waves=after)


def _outcome(
    name: str, known: Mapping[str, Any], wordings: Mapping[str, Sequence[str]], after: Sequence[str]
) -> Iterator[str]:
    items = _items(known)
    kind = known.get("kind", "scale")
    yield from (f"# {line}" for line in lined(known.get("comment", ""), WIDTH - 2))
    yield "[[outcomes]]"
    yield f"name = {_text(name)}"
    yield f"label = {_text(known['label'])}"
    yield f"role = {_text(known['role'])}"
    if kind != "scale":
        yield f"kind = {_text(kind)}"
    yield f"items = {_list(items)}"
    yield "range = [0, 10]" if kind == "recommend" else "range = [1, 5]"
    if "reverse" in known:
        turned = [items[number - 1] for number in known["reverse"]]
        yield f"reverse = {_list(turned)}  # worded the other way"
    if known["kirkpatrick"] == 1:
        yield f"waves = {_list(after)}"
    yield f"kirkpatrick = {known['kirkpatrick']}"
    for key in ("direction", "process", "favourable", "smallest_effect"):
        if key in known:
            note = (
                "  # the smallest difference that matters, in points"
                if key == "smallest_effect"
                else ""
            )
            yield f"{key} = {_value(known[key])}{note}"
    labels = wordings.get(known.get("words", ""), ())
    if labels:
        yield ""
        yield "[outcomes.labels]"
        yield from (f"{_text(label)} = {code}" for code, label in enumerate(labels, 1))
    yield ""


def _items(known: Mapping[str, Any]) -> list[str]:
    item, count = known["item"], len(known["english"])
    return [item] if count == 1 else [f"{item} {number}" for number in range(1, count + 1)]


def _tables(choices: Choices) -> Iterator[str]:
    kind = _compared(choices)["kind"]
    for table, sheet in SHEETS.items():
        yield f"[[tables.{table}]]"
        yield from _source(sheet, columns(table, kind=kind, departments=choices.departments))
        yield ""
        if table == "pairs":
            for months in (0, *choices.months):
                yield "[[tables.measures]]"
                yield from _source(survey(_wave(months)), HEADERS["measures"])
                yield from ('layout = "by-wave"', f"constants.wave = {_text(_wave(months))}", "")


def _source(sheet: str, named: Mapping[str, str]) -> Iterator[str]:
    yield f"file = {_text(FILE)}"
    yield f"sheet = {_text(sheet)}"
    yield from (f"columns.{ours} = {_text(theirs)}" for ours, theirs in named.items())


def _question(outcome: Outcome, design: Design, *, primary: bool) -> Iterator[str]:
    last = outcome.waves[-1]
    why = catalogue("words")["outcomes"].get(outcome.name, {}).get("why", "Say why you ask this.")
    compared = design.comparison
    analysis = "pre_post" if compared is None else "compare_arms"
    contrast = f"{last} - {design.baseline.name}" if compared is None else (
        f"{design.programme_arms[0].name} - {compared.name}"
    )  # fmt: skip
    if outcome.kirkpatrick == 1:
        analysis, contrast = "reaction", ""
    yield ""
    yield "[[question]]"
    yield f"id = {_text(outcome.name)}"
    yield f"analysis = {_text(analysis)}"
    yield f"role = {_text('senior' if outcome.role == 'all' else outcome.role)}"
    yield f"outcome = {_text(outcome.name)}"
    yield f"wave = {_text(last)}"
    if contrast:
        yield f"contrast = {_text(contrast)}"
    yield f"primary = {_value(primary)}"
    yield f"why = {_text(why)}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(entries: Sequence[str]) -> str:
    return f"[{', '.join(_text(one) for one in entries)}]"
