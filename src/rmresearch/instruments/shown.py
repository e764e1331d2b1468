"""The library for readers: a list, one instrument in full, and the page of the handbook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rmresearch.instruments.blocks import WIDTH, blocks, lined
from rmresearch.instruments.library import Instrument, instruments

__all__ = ["listed", "markdown", "shown"]

#: without the stop of a sentence after it
ADDRESS = re.compile(r"(https://\S*[\w/])")
#: where the values of `shown` begin
INDENT = 14
ROLES = {"junior": "Juniors", "senior": "Seniors", "all": "Both roles"}
LEVELS = {1: "reaction", 2: "learning", 3: "behaviour", 4: "results"}


def listed() -> str:
    """All instruments as a table for the terminal, 100 characters wide at most."""
    known = instruments()
    name = max(len(one.name) for one in known) + 2
    lines = [f"{'name':{name}}items  answers  wording  measures"]
    indent = name + len("items  answers  wording  ")
    for one in known:
        head = f"{one.name:{name}}{one.items:>5}  {_range(one):7}  {_wording(one):7}  "
        first, *others = lined(one.measures, WIDTH - indent)
        lines += [head + first, *(" " * indent + more for more in others)]
    notes = (
        "wording: free = the items' words are here and everybody may use them; source = they "
        "stand where `rmresearch instruments NAME` says.",
        "answers: ? = the answer scale was not seen in the source; --range says yours.",
    )
    return "\n".join([*lines, "", *(line for note in notes for line in lined(note, WIDTH))])


def shown(
    instrument: Instrument,
    key: str = "",
    *,
    columns: Sequence[str] = (),
    bounds: tuple[int, int] | None = None,
) -> str:
    """Everything about an instrument, and the blocks that it would insert (see `blocks`)."""
    lines = [instrument.title, ""]
    for word, text in _facts(instrument):
        head, *others = lined(text, WIDTH - INDENT)
        lines += [f"{word:{INDENT}}{head}", *(" " * INDENT + more for more in others)]
    if instrument.free:
        stem = [f"  {instrument.wording.stem}"] if instrument.wording.stem else []
        lines += ["", "Items", *stem, *(f"  {item}" for item in _items(instrument))]
    lines += ["", "What it inserts into study.toml", ""]
    if instrument.bounds is None and bounds is None:
        lines.append("Say the answer scale of your questionnaire to see it:")
        return "\n".join([*lines, f"  rmresearch instruments {instrument.name} --range LOW,HIGH"])
    text = blocks(instrument, key, columns=columns, bounds=bounds)
    return "\n".join([*lines, text.rstrip("\n")])


def markdown() -> str:
    """The library as Markdown, a table and a section each: docs/instruments.md ends with it."""
    lines = ["| name | measures | items | answers | wording |", "|---|---|---|---|---|"]
    for one in instruments():
        name = f"[`{one.name}`](#{one.name})"
        cells = (name, one.measures, str(one.items), _range(one), _wording(one))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, *(line for one in instruments() for line in _section(one))]) + "\n"


def _facts(instrument: Instrument) -> Iterator[tuple[str, str]]:
    level = f"{instrument.kirkpatrick} ({LEVELS[instrument.kirkpatrick]})"
    yield "Measures", instrument.measures
    yield "Answered by", instrument.answered
    yield "Score of", f"{ROLES[instrument.role]}; Kirkpatrick {level}"
    yield "Items", str(instrument.items)
    yield "Answers", _answers(instrument)
    yield "Reversed", ", ".join(map(str, instrument.reverse)) or "none"
    for part in instrument.subscales:
        numbers = ", ".join(map(str, part.items)) or "which items was not seen"
        yield "Subscale", f"{part.label} ({numbers})"
    yield "Scoring", _scoring(instrument)
    for figure in instrument.reliability:
        yield "Reliability", f"{figure.value}. {figure.source}."
    for reference in instrument.references:
        yield "Reference", f"{reference.text} {reference.link}"
    yield "Wording", f"{instrument.wording.licence} Where: {instrument.wording.where}."
    if instrument.caution:
        yield "Mind", instrument.caution
    if instrument.compare:
        yield "Compare", instrument.compare
    yield "Checked", instrument.seen
    if instrument.unseen:
        yield "Not seen", instrument.unseen


def _scoring(instrument: Instrument) -> str:
    if instrument.scoring == "the answer":
        return "The answer is the score."
    turned = "turned about the range, then " if instrument.reverse else ""
    half = f"{turned}the mean of the answered items, if at least half of them are answered"
    if instrument.scoring == "sum":
        times = f"{instrument.items} times the mean is the sum of all items"
        return f"Published as a sum; here {half}: {times}."
    return f"{half[0].upper()}{half[1:]}."


def _answers(instrument: Instrument) -> str:
    if instrument.bounds is None:
        return "not seen in the source: say those of your questionnaire (--range)"
    low, high = instrument.bounds
    words = ", ".join(f"{code} {text}" for code, text in instrument.answers)
    return f"{low} to {high}{': ' if words else ''}{words}"


def _items(instrument: Instrument) -> Iterator[str]:
    for number, text in enumerate(instrument.wording.texts, start=1):
        turned = " (reversed)" if number in instrument.reverse else ""
        yield f"{number}. {text}{turned}"


def _range(instrument: Instrument) -> str:
    return "?" if instrument.bounds is None else "-".join(map(str, instrument.bounds))


def _wording(instrument: Instrument) -> str:
    return "free" if instrument.free else "source"


def _section(instrument: Instrument) -> Iterator[str]:
    yield from ("", f"## {instrument.name}", "", instrument.title, "", "| | |", "|---|---|")
    for word, text in _facts(instrument):
        linked = ADDRESS.sub(r"<\1>", text)
        yield f"| {word} | {linked} |"
    if instrument.free:
        yield from ("", instrument.wording.stem) if instrument.wording.stem else ()
        yield ""
        yield from _items(instrument)
