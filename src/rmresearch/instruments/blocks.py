"""An instrument as the [[outcomes]] blocks of study.toml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import TextWrapper

from rmresearch.instruments.library import Instrument, Subscale

__all__ = ["WIDTH", "blocks", "lined", "names_of"]

#: characters a line
WIDTH = 100
#: as `io.schema.Name` has it
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def lined(text: str, width: int) -> list[str]:
    """A text in lines of at most ``width``; names and links stay whole."""
    return TextWrapper(width, break_long_words=False, break_on_hyphens=False).wrap(text)


def names_of(instrument: Instrument, key: str = "") -> tuple[str, ...]:
    """The outcomes that `blocks` declares: the whole scale first, then its subscales."""
    key = key or instrument.name.replace("-", "_")
    parts = [f"{key}_{one.name}" for one in instrument.subscales if one.items]
    return (*([key] if instrument.whole else []), *parts)


def blocks(
    instrument: Instrument,
    key: str = "",
    *,
    columns: Sequence[str] = (),
    bounds: tuple[int, int] | None = None,
    waves: Sequence[str] = (),
) -> str:
    """The TOML text that declares an instrument in study.toml, one block a score.

    ``key`` names the whole scale (its name with "_" if left out) and goes before the names of the
    subscales; items are ``key_1`` to ``key_n`` (a single question: ``key``), or ``columns``, one
    an item. ``bounds`` are the lowest and highest answer where they differ from the published
    ones, or none was seen. ``waves`` are those after the start, for what can only be asked then.
    What nobody but the owner of a study can say, above all the smallest effect, stands there as a
    comment. Wrong arguments raise ``ValueError``, which names all of them.

    >>> from rmresearch.instruments import instrument
    >>> print(blocks(instrument("recommend"), waves=["month6"]).split("[[outcomes]]")[1])
    <BLANKLINE>
    name = "recommend"
    label = "Would recommend the programme to a colleague"
    role = "all"  # whose score it is: senior, junior or all
    kind = "recommend"
    items = ["recommend"]
    range = [0, 10]
    waves = ["month6"]
    kirkpatrick = 1
    favourable = 9
    <BLANKLINE>
    """
    key = key or instrument.name.replace("-", "_")
    low, high = _checked(instrument, key, columns, bounds)
    items = list(columns) or [f"{key}_{number}" for number in range(1, instrument.items + 1)]
    if instrument.items == 1 and not columns:
        items = [key]
    parts = [part for part in instrument.subscales if part.items]
    whole = Subscale("", instrument.label, tuple(range(1, instrument.items + 1)))
    told = []
    for part, name in zip(
        [*([whole] if instrument.whole else []), *parts], names_of(instrument, key), strict=True
    ):
        lines = _lines(instrument, part, name, items, (low, high), waves)
        told.append("\n".join(lines) + "\n")
    return "\n".join([_comments(instrument) + told[0], *told[1:]])


def _checked(
    instrument: Instrument, key: str, columns: Sequence[str], bounds: tuple[int, int] | None
) -> tuple[int, int]:
    """The lowest and highest answer, once nothing is wrong with what was asked for."""
    wrong, ends = [], bounds or instrument.bounds
    for name in (key, *names_of(instrument, key)):
        if not KEY.fullmatch(name):
            wrong.append(
                f"the key {name!r}: use small letters, digits, - and _, at most 64, and begin with "
                "a letter or digit"
            )
            break
    if columns and len(columns) != instrument.items:
        wrong.append(f"{len(columns)} columns for {instrument.items} items: name one an item")
    twice = sorted({one for one in columns if columns.count(one) > 1})
    if twice:
        wrong.append(f"columns named twice: {', '.join(twice)}")
    if any(not one.strip() or not one.isprintable() for one in columns):
        wrong.append("a column without a name that can be printed")
    if ends is None:
        wrong.append(
            "its answer scale was not seen in the source: give the lowest and highest answer of "
            "your questionnaire, as in --range 1,5"
        )
    elif ends[0] >= ends[1]:
        wrong.append(f"the range {ends[0]} to {ends[1]} is empty: put the lower answer first")
    if wrong or ends is None:
        raise ValueError(f"{instrument.name}: {'; '.join(wrong)}.")
    return ends


def _comments(instrument: Instrument) -> str:
    texts = [f"{instrument.title}: `rmresearch instruments {instrument.name}` says more."]
    texts += [f"{one.text} {one.link}" for one in instrument.references[:1]]
    texts += [f"Mind: {instrument.caution}"] if instrument.caution else []
    texts += (
        [f"Compare with your questionnaire: {instrument.compare}"] if instrument.compare else []
    )
    if instrument.scoring == "sum":
        texts.append(
            f"Published as a sum. The score here is the mean: {instrument.items} times the mean is "
            "the sum of all items."
        )
    lines = [line for text in texts for line in lined(text, WIDTH - 2)]
    return "".join(f"# {line}\n" for line in lines)


def _lines(
    instrument: Instrument,
    part: Subscale,
    name: str,
    items: Sequence[str],
    ends: tuple[int, int],
    waves: Sequence[str],
) -> Iterator[str]:
    low, high = ends
    own = [items[number - 1] for number in part.items]
    turned = [items[number - 1] for number in part.items if number in instrument.reverse]
    label = part.label if not part.name else f"{instrument.label}: {part.label.lower()}"
    yield "[[outcomes]]"
    yield f"name = {_text(name)}"
    yield f"label = {_text(label)}"
    yield f"role = {_text(instrument.role)}  # whose score it is: senior, junior or all"
    if instrument.kind != "scale":
        yield f"kind = {_text(instrument.kind)}"
    yield _list("items", own)
    yield f"range = [{low}, {high}]"
    if turned:
        yield _list("reverse", turned)
    if instrument.after_start:
        yield _list("waves", waves) if waves else "# waves = []  # those after the start"
    yield f"kirkpatrick = {instrument.kirkpatrick}"
    if instrument.process is not None:
        yield f"process = {_text(instrument.process)}"
    if instrument.direction == "lower":
        yield 'direction = "lower"'
    yield from _to_decide(instrument, high - low)
    if len(instrument.answers) == high - low + 1 and instrument.bounds == ends:
        yield ""
        yield "[outcomes.labels]"
        yield from (f"{_text(text)} = {code}" for code, text in instrument.answers)


def _to_decide(instrument: Instrument, width: int) -> Iterator[str]:
    """What the owner of a study has to say, as comments unless it is known."""
    if instrument.favourable is not None:
        yield f"favourable = {instrument.favourable}"
    elif instrument.kirkpatrick == 1:
        yield "# favourable =   # the lowest answer that counts as a favourable one"
    if instrument.kirkpatrick > 1:
        yield (
            "# smallest_effect =   # the smallest difference that matters, in points of the mean "
            f"(below {width})"
        )


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(key: str, texts: Sequence[str]) -> str:
    """``key = [...]``, over several lines where one is too short."""
    entries = [_text(one) for one in texts]
    line = f"{key} = [{', '.join(entries)}]"
    if len(line) <= WIDTH:
        return line
    lines, room = [""], WIDTH - 3
    for entry in entries:
        if lines[-1] and len(lines[-1]) + len(entry) > room:
            lines.append("")
        lines[-1] += f" {entry}," if lines[-1] else f"  {entry},"
    return "\n".join([f"{key} = [", *lines, "]"])
