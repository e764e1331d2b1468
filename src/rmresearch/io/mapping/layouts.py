"""Where the answers of a file stand: a row an answer, a row a person and wave, a row a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from rmresearch.errors import Problem, did_you_mean
from rmresearch.io.findings import Findings, some
from rmresearch.io.mapping.cells import Column, constant
from rmresearch.io.mapping.codes import Codebook
from rmresearch.io.mapping.opening import Opened
from rmresearch.io.mapping.tables import our_column

__all__ = ["COLUMN", "Block", "Measures", "Setting", "blocks", "lacking"]


#: column of the answers with the number of the file's column that holds them
COLUMN = "_column"


@dataclass(slots=True, eq=False)
class Measures:
    """The answers found: rows with a value, with person, rater, pair, wave, item, value.

    ``seen`` are the (item, wave) that have a column or rows; ``expected`` says, for an item and
    wave that no file held, which column was looked for; ``left_out`` counts answers of people who
    did not consent, ``refusals`` the rows that said so; ``people`` are the respondents of an
    unlinked study. ``columns`` are the files' columns of answers, numbered in ``frame``;
    ``awaited`` are waves whose file is there and holds nothing yet, which is said of the file.
    """

    frame: pd.DataFrame
    seen: set[tuple[str, str]] = field(default_factory=set)
    expected: dict[tuple[str, str], str] = field(default_factory=dict)
    left_out: int = 0
    refusals: int = 0
    complete: bool = True
    people: pd.DataFrame | None = None
    columns: list[str] = field(default_factory=list)
    awaited: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What is known before any answer is read, and where what is found goes."""

    book: Codebook
    waves: Sequence[str]
    findings: Findings
    made: Measures
    linked: bool = True
    refused: frozenset[str] = frozenset()
    features: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Answers that stand in one column: their item and wave, fixed or by row."""

    value: Column
    item: Column
    wave: Column
    column: str


def blocks(opened: Opened, setting: Setting) -> Iterator[Block]:
    """Every column of answers in a file; what is missing for its layout is noted."""
    if opened.source.layout == "wide":
        yield from _wide(opened, setting)
        return
    wave, given = our_column(opened, "wave")
    if wave is None:
        if not given:
            lacking(opened, "wave", setting.findings)
        setting.made.complete = False
    elif opened.source.layout == "by-wave":
        yield from _by_wave(opened, wave, setting)
    else:
        yield from _long(opened, wave, setting)


def lacking(opened: Opened, name: str, findings: Findings, more: str = "") -> None:
    """Note that no column gives one that is needed."""
    file, sheet = opened.where
    fix = (
        f"Name the file's column in {opened.key}.columns{more}; "
        f"the file has {some(opened.columns)}.{did_you_mean(name, opened.columns)}"
    )
    found = f"no column gives {name}"
    findings.add(Problem("unknown-column", found, fix, file=file, sheet=sheet))


def _long(opened: Opened, wave: Column, setting: Setting) -> Iterator[Block]:
    item, item_given = our_column(opened, "item")
    value, value_given = our_column(opened, "value")
    for name, column, given in (("item", item, item_given), ("value", value, value_given)):
        if column is None and not given:
            lacking(opened, name, setting.findings, " (or choose another layout)")
    if item is None or value is None:
        setting.made.complete = False
        return
    listed = opened.source.columns.get("value", "value")
    yield Block(value, item, wave, listed if isinstance(listed, str) else " / ".join(listed))


def _by_wave(opened: Opened, wave: Column, setting: Setting) -> Iterator[Block]:
    for item in _wanted(opened, setting.book):
        listed = opened.source.items.get(item)
        name = listed if isinstance(listed, str) else item
        if name in opened.frame.columns:
            yield Block(opened.column(name), constant(item, len(opened)), wave, name)
        elif listed is not None:
            opened.need(name, f"{opened.key}.items.{item}")
        else:
            for one in setting.waves:
                setting.made.expected.setdefault((item, one), name)


def _wide(opened: Opened, setting: Setting) -> Iterator[Block]:
    source, book, made, rows = opened.source, setting.book, setting.made, len(opened)
    single = {wave: one for wave, one in source.items.items() if isinstance(one, dict)}
    used: set[str] = set()
    for wave in setting.waves:
        for item in _wanted(opened, book):
            listed = single.get(wave, {}).get(item)
            name = listed or _patterned(source.waves.get(wave), item)
            if name is None or not book.asked(item, wave):
                continue
            if name in opened.frame.columns:
                used.add(name)
                made.seen.add((item, wave))
                yield Block(opened.column(name), constant(item, rows), constant(wave, rows), name)
            elif listed is not None:
                opened.need(listed, f"{opened.key}.items.{wave}.{item}")
            else:
                made.expected.setdefault((item, wave), name)
    _undeclared(opened, used, setting.findings)


def _wanted(opened: Opened, book: Codebook) -> list[str]:
    only = opened.source.only
    return [item for item in book.items if not only or item in only]


def _patterned(pattern: str | None, item: str) -> str | None:
    digits = re.search(r"\d+$", item)
    if pattern is None or ("{n}" in pattern and digits is None):
        return None
    return pattern.replace("{item}", item).replace("{n}", digits[0] if digits else "")


def _undeclared(opened: Opened, used: set[str], findings: Findings) -> None:
    """Note the columns that a numbered pattern fits, but no outcome names."""
    for pattern in opened.source.waves.values():
        if "{n}" not in pattern or opened.source.only:
            continue
        shape = re.escape(pattern).replace(r"\{n\}", r"\d+").replace(r"\{item\}", r".+")
        fits = [c for c in opened.columns if re.fullmatch(shape, c) and c not in used]
        if fits:
            file = opened.where[0]
            findings.note(f"{file}: no outcome names {some(fits)}; they are not read.")
