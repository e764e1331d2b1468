"""Scenario files: a scenario as TOML that people read and change, and back without loss.

A file names a preset to start from and what differs from it; every line says what its number is
and in what unit. Whatever is wrong with a file is said at once.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rmresearch.errors import Problem, StudyError, kindly, nearest
from rmresearch.files import parse_toml, write_bytes
from rmresearch.world.fields import coefficients
from rmresearch.world.presets import PRESETS
from rmresearch.world.scenario import Scenario
from rmresearch.world.toml import to_toml

__all__ = [
    "TOP",
    "document_of",
    "known_key",
    "read_scenario",
    "scenario_from",
    "scenario_of",
    "scenario_text",
    "syntax",
    "write_scenario",
]

#: the sections of a file, in its order; what belongs to none stands at the top
SECTIONS = ("nature", "levers", "design")
BASE = "preset"
TOP = "at the top of the file"


@kindly
def read_scenario(path: Path | str) -> Scenario:
    """The scenario that a TOML file describes.

    ``preset = "rct"`` at the top starts from that preset (else from "default"); ``pairs`` and
    ``comparison`` stand beside it, everything else in ``[nature]``, ``[levers]`` and ``[design]``
    under the names that ``rmresearch simulate --explain`` lists. A file that cannot be opened or
    is no TOML, unknown keys (with the nearest known one and its place) and impossible values (with
    what would be legal) raise one ``StudyError`` that lists them all.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "ours.toml")
    ...     _ = file.write_text('preset = "rct"\\npairs = 40', "utf-8")
    ...     read_scenario(file).pairs
    40
    """
    return scenario_from(document_of(path), name=Path(path).name)


def document_of(path: Path | str) -> dict[str, Any]:
    """What a TOML file holds; ``StudyError`` with its `Problem` where it cannot be read."""
    file = Path(path)
    called = file.name or str(file)
    try:
        return parse_toml(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        found = f"cannot be opened ({error.strerror or type(error).__name__})"
        raise _refused([_problem(called, "toml", found, "Check the path.")]) from error
    except UnicodeDecodeError as error:
        found = "is not UTF-8 text"
        raise _refused([_problem(called, "toml", found, "Save it as UTF-8.")]) from error
    except tomllib.TOMLDecodeError as error:
        raise _refused([syntax(called, str(error))]) from error


def scenario_of(text: str, *, name: str = "scenario") -> Scenario:
    """The scenario that a TOML text describes; ``name`` is what errors call it.

    >>> scenario_of('preset = "no-effect"\\npairs = 60\\n[levers]\\ncadence = 4\\n').levers.cadence
    4
    """
    try:
        document = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused([syntax(name, str(error))]) from error
    return scenario_from(document, name=name)


def scenario_from(document: Mapping[str, Any], *, name: str = "scenario") -> Scenario:
    """The scenario that a document describes, as TOML is read; errors as `scenario_of`'s.

    >>> scenario_from({"preset": "rct", "levers": {"cadence": 4}}).levers.cadence
    4
    """
    base, found = _base(name, document)
    found += _unknown(name, document)
    known = _known_values(document)
    parts: dict[str, Any] = {}
    for section in SECTIONS:
        values = _typed(getattr(base, section), known.pop(section, {}))
        parts[section], wrong = _made(getattr(base, section), values, section)
        found += [_problem(name, "toml-value", text, "Correct it.") for text in wrong]
    made: Scenario
    made, wrong = _made(base, _typed(base, known) | ({} if found else parts))
    found += [_problem(name, "toml-value", text, "Correct it.") for text in wrong]
    if found:
        raise _refused(found)
    return made


@kindly
def write_scenario(scenario: Scenario, path: Path | str, *, everything: bool = False) -> Path:
    """Write a scenario as a file that ``read_scenario`` reads back as the same scenario.

    What differs from the nearest preset is written, or ``everything``. The file appears whole or
    not at all; one of that name is replaced.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     read_scenario(write_scenario(Scenario(pairs=60), f"{folder}/sixty.toml"))
    Scenario(pairs=60)
    """
    file = Path(path)
    write_bytes(file, scenario_text(scenario, everything=everything).encode())
    return file


def scenario_text(scenario: Scenario, *, everything: bool = False, head: str = "") -> str:
    """A scenario as TOML text, ``head`` above it as a comment.

    >>> print(scenario_text(Scenario(pairs=60)), end="")
    preset = "default"
    pairs = 60  # pairs over all arms; pairs
    """
    apart = {name: set(_differences(scenario, one.scenario)) for name, one in PRESETS.items()}
    base = min(apart, key=lambda name: len(apart[name]))
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    lines += [*([""] if lines else []), f'{BASE} = "{base}"']
    for section, block in (("", scenario), *((name, getattr(scenario, name)) for name in SECTIONS)):
        written = [
            f"{_line(one.name, one.value)}  # {one.what}; {one.unit or 'choice'}"
            for one in coefficients(section, block)
            if everything or (section, one.name) in apart[base]
        ]
        lines += ["", f"[{section}]", *written] if section and written else written
    return "\n".join(lines) + "\n"


def _line(name: str, value: object) -> str:
    # numpy's numbers are numbers here, but none of TOML's
    plain = value.item() if isinstance(value, np.generic) else value
    return to_toml({name: plain}).rstrip("\n")


def _differences(scenario: Scenario, base: Scenario) -> Iterator[tuple[str, str]]:
    """(section, name) of each coefficient that has another value than in the base."""
    pairs = [("", scenario, base)]
    pairs += [(name, getattr(scenario, name), getattr(base, name)) for name in SECTIONS]
    for section, ours, theirs in pairs:
        for one, other in zip(
            coefficients(section, ours), coefficients(section, theirs), strict=True
        ):
            if one.value != other.value:
                yield section, one.name


def _base(name: str, document: Mapping[str, Any]) -> tuple[Scenario, list[Problem]]:
    """The preset that a file starts from; the default stands in for one that does not exist."""
    asked = document.get(BASE, "default")
    if isinstance(asked, str) and asked in PRESETS:
        return PRESETS[asked].scenario, []
    near = nearest(asked, PRESETS) if isinstance(asked, str) else None
    found = f"{BASE} is {asked!r}; legal: {', '.join(PRESETS)}"
    fix = f"Did you mean {near!r}?" if near else "Correct it."
    return PRESETS["default"].scenario, [_problem(name, "toml-value", found, fix)]


@cache  # names are the same in all scenarios, and a grid asks thousands of times
def _names(section: str) -> tuple[str, ...]:
    base = PRESETS["default"].scenario
    return tuple(one.name for one in coefficients("", getattr(base, section) if section else base))


def _unknown(name: str, document: Mapping[str, Any]) -> list[Problem]:
    """Keys that mean nothing where they stand."""
    top = [BASE, *_names("")]
    found = [
        _stranger(name, key, "", [*top, *SECTIONS])
        for key in document
        if key not in top and key not in SECTIONS
    ]
    for section in SECTIONS:
        values = document.get(section, {})
        if not isinstance(values, Mapping):
            what = f"{section} is {values!r}"
            fix = f"Write a section [{section}] with names and values."
            found.append(_problem(name, "toml-type", what, fix))
            continue
        known = _names(section)
        found += [_stranger(name, key, section, known) for key in values if key not in known]
    return found


def known_key(place: str) -> str | None:
    """None where a scenario has a coefficient of that dotted name; else what is meant perhaps."""
    section, _, key = place.rpartition(".")
    if section in ("", *SECTIONS) and key in _names(section):
        return None
    return _hint(key, section, _names(section) if section in SECTIONS else _names(""))


def _stranger(name: str, key: str, section: str, known: Sequence[str]) -> Problem:
    place = f"{section}.{key}" if section else key
    return _problem(name, "toml-key", f"{place} is not a known key", _hint(key, section, known))


def _hint(key: str, section: str, known: Sequence[str]) -> str:
    """Where the key would be known, else the nearest one here, else the nearest anywhere."""
    everywhere = {one: where for where in ("", *SECTIONS) for one in _names(where)}
    near = nearest(key, known)
    if key in everywhere:
        return f"It belongs {_place(everywhere[key])}."
    if near:
        asked = f"[{near}]" if near in SECTIONS else f"{near!r} {_place(section)}"
        return f"Did you mean {asked}?"
    near = nearest(key, everywhere)
    if near:
        return f"Did you mean {near!r} {_place(everywhere[near])}?"
    return "`rmresearch simulate --explain` lists every key."


def _place(section: str) -> str:
    return f"in [{section}]" if section else TOP


def _known_values(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of a file without its unknown keys."""
    known: dict[str, Any] = {key: document[key] for key in _names("") if key in document}
    for section in SECTIONS:
        values = document.get(section)
        if isinstance(values, Mapping):
            names = _names(section)
            known[section] = {key: value for key, value in values.items() if key in names}
    return known


def _typed(base: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Lists become tuples, whole numbers become floats where a float is meant."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        default = getattr(base, name)
        if isinstance(value, list):
            value = tuple(value)
        elif isinstance(default, float) and type(value) is int:
            value = float(value)
        made[name] = value
    return made


def _made(base: Any, values: Mapping[str, Any], section: str = "") -> tuple[Any, list[str]]:
    """A block with its new values, or the block as it was and what is wrong with them."""
    try:
        return dataclasses.replace(base, **values), []
    except ValueError as error:
        whole = _words(error)
    found = []
    for name, value in values.items():
        place = f"{section}.{name}" if section else name
        try:
            dataclasses.replace(base, **{name: value})
        except ValueError as error:
            # else it only contradicts another value, which may be new as well
            if _words(error).startswith(f"{place} is {value!r}; legal:"):
                found.append(_words(error))
    return base, found or [whole]


def _words(error: ValueError) -> str:
    """A block's refusal without its opening words."""
    return str(error).partition(": ")[2].removesuffix(".")


def syntax(name: str, message: str) -> Problem:
    """What is wrong with a text that is no TOML, with its line."""
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    words = message[: place.start()] if place else message
    line = int(place[1]) if place and place[1] else None
    fix = "Text stands in quotes, keys are followed by =, every bracket and quote is closed."
    return Problem("toml", f"is not TOML: {words}", fix, file=name, row=line)


def _problem(name: str, rule: str, found: str, fix: str) -> Problem:
    return Problem(rule, found, fix, file=name)


def _refused(found: Sequence[Problem]) -> StudyError:
    return StudyError("\n".join(str(one) for one in found), found)
