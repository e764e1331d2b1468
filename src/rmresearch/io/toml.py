"""study.toml from disk: every wrong key at once, in its dotted form and with the nearest known."""

from __future__ import annotations

import copy
import inspect
import re
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rmresearch.errors import Problem, did_you_mean, nearest
from rmresearch.files import parse_toml
from rmresearch.io.findings import some
from rmresearch.io.naming import UNFIT
from rmresearch.io.schema import StudyFile

__all__ = ["dotted", "read_toml"]

EXPECTED = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "date_type": "a date without quotes, as 2026-03-31",
    "date_from_datetime_inexact": "a date without a time, as 2026-03-31",
    "list_type": "a list in square brackets",
    "dict_type": "a table of keys and values",
    "model_type": "a table of keys and values",
}
#: keys that can be left out without changing how a data file is read
HARMLESS = {"adaptations", "direction", "favourable", "goals", "kirkpatrick", "min_items"} | {
    *("organisation", "planned_meetings", "privacy", "process", "related", "smallest_effect"),
    *("smallest_interval", "smallest_mean", "source", "unit"),
}
NAME = "Use lower-case letters, digits, - and _, at most 64, starting with a letter or digit."


def read_toml(path: Path) -> tuple[StudyFile | None, dict[str, Any], list[Problem]]:
    """The study file, the plain data behind it, and what is wrong with it.

    With problems the file is None, unless they do not touch how the data are read (a misspelt
    key is taken for the nearest one, a wrong smallest effect is left out): then the data files
    can still be looked at, so that all problems are said at once. Such a file is never analysed.
    """
    name = path.name
    try:
        data = parse_toml(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        found = f"cannot be opened ({error.strerror or type(error).__name__})"
        return None, {}, [Problem("toml", found, "Check the path and its permissions.", file=name)]
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        found = "is not UTF-8 text"
        return None, {}, [Problem("toml", found, "Save it as UTF-8.", file=name, row=line)]
    except tomllib.TOMLDecodeError as error:
        return None, {}, [_syntax(name, str(error))]
    try:
        return StudyFile.model_validate(data), data, []
    except ValidationError as error:
        return _mended(data, error), data, _readable(name, data, error)


def _syntax(name: str, message: str) -> Problem:
    place = re.search(r"\(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    words = message[: place.start()].strip() if place else message
    line = int(place[1]) if place and place[1] else None
    where = (f" at column {place[2]}" if place[2] else " at the end of the file") if place else ""
    fix = "Text stands in quotes, keys are followed by =, every bracket and quote is closed."
    return Problem("toml", f"is not TOML: {words}{where}", fix, file=name, row=line)


def dotted(data: Mapping[str, Any], location: tuple[int | str, ...]) -> str:
    """``("outcomes", 2, "range")`` as ``outcomes.digital_skill.range``.

    Entries of a list go by their name where they have one, otherwise by their number from 1.
    """
    words: list[str] = []
    here: Any = data
    for part in location:
        if isinstance(part, int):
            entries = here if isinstance(here, list) else [here]
            here = entries[part] if part < len(entries) else None
            name = here.get("name") if isinstance(here, dict) else None
            if isinstance(name, str) and re.fullmatch(r"[\w-]+", name):
                words.append(name)
            elif len(entries) > 1 and words:
                words[-1] += f"[{part + 1}]"
            continue
        words.append(part)
        here = here.get(part) if isinstance(here, dict) else None
    return ".".join(words)


def _readable(name: str, data: dict[str, Any], error: ValidationError) -> list[Problem]:
    problems: dict[str, Problem] = {}
    wanted: dict[str, list[str]] = {}
    for entry in error.errors(include_url=False):
        location = _inside(data, entry["loc"], entry["type"])
        key = dotted(data, location)
        if entry["type"] in EXPECTED:
            # one value that may be of several types is one line, not one a type
            expected = wanted.setdefault(key, [])
            words = EXPECTED[entry["type"]]
            if words not in expected:
                expected.append(words)
            if key in problems and problems[key].rule != "toml-type":
                continue  # the type is right: it is the value that is not
            problems[key] = Problem(
                "toml-type",
                f"{key} is {_kind(entry['input'])}; expected {' or '.join(expected)}",
                "Correct it.",
                file=name,
            )
        elif key not in problems or problems[key].rule == "toml-type":
            problems[key] = _one(name, key, location, dict(entry))
    # a list that may also be plain text fails as text too: the entry that is wrong says enough
    deeper = [k for k in problems if "[" in k or "." in k]
    return [
        p for k, p in problems.items() if not any(d.startswith((k + "[", k + ".")) for d in deeper)
    ]


def _one(name: str, key: str, location: tuple[int | str, ...], entry: dict[str, Any]) -> Problem:
    kind, context = entry["type"], entry.get("ctx", {})
    if kind == "extra_forbidden":
        known = _known_keys(location)
        hint = did_you_mean(str(location[-1]), known) or _elsewhere(str(location[-1]))
        fix = f"Known keys here: {some(known, 40)}.{hint}"
        return Problem("toml-key", f"{key} is not a known key", fix, file=name)
    if kind == "missing":
        return Problem("toml-key", f"{key} is missing", f"Add {location[-1]}.", file=name)
    if kind == "string_pattern_mismatch":
        return Problem("toml-value", f"{key} is {entry['input']!r}", NAME, file=name)
    if entry["loc"][-1] == "[key]":
        # no nearest role: "mentor" is the junior here, and a guess would flip every effect
        found = f"{key} is not a known key"
        return Problem("toml-key", found, f"Known keys here: {context['expected']}.", file=name)
    if kind == "literal_error":
        given = entry["input"]
        shown = f" {given!r}" if isinstance(given, str | int | float) else ""
        expected = str(context.get("expected", ""))
        hint = "" if key.endswith(".role") else did_you_mean(str(given), _quoted(expected))
        found = f"{key} is{shown}"
        return Problem("toml-value", found, f"Use one of {expected}.{hint}", file=name)
    if kind == UNFIT:
        return Problem("toml-value", f"{key} {entry['msg']}", str(context["fix"]), file=name)
    if kind == "string_too_short":
        return Problem("toml-value", f"{key} is empty", "Write something there.", file=name)
    if kind == "string_too_long":
        found = f"{key} has {len(entry['input'])} characters; at most {context['max_length']} fit"
        return Problem("toml-value", found, "Shorten it.", file=name)
    words = str(entry["msg"]).replace("Input should", "it should")
    return Problem("toml-value", f"{key}: {words}", "Correct it.", file=name)


def _quoted(words: str) -> list[str]:
    return re.findall(r"'([^']+)'", words)


def _inside(
    data: Mapping[str, Any], location: tuple[int | str, ...], kind: str
) -> tuple[int | str, ...]:
    """The part of pydantic's location that are keys of the file, without its union tags."""
    kept: list[int | str] = []
    here: Any = data
    for i, part in enumerate(location):
        last = i == len(location) - 1
        if isinstance(here, dict) and isinstance(part, str) and part in here:
            here = here[part]
        elif isinstance(part, int) and isinstance(here, dict) and part == 0:
            pass  # [tables.x] is read as a list of one
        elif isinstance(part, int) and isinstance(here, list) and part < len(here):
            here = here[part]
        elif not (last and kind == "missing"):
            continue
        kept.append(part)
    return tuple(kept)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return next((words for kind, words in names.items() if isinstance(value, kind)), "a date")


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand where this one stands."""
    model: type[BaseModel] = StudyFile
    for part in location[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _mended(data: dict[str, Any], error: ValidationError) -> StudyFile | None:
    """The file without its harmless mistakes, or None if a mistake decides how data are read."""
    mended = copy.deepcopy(data)
    for entry in error.errors(include_url=False):
        location = _inside(data, entry["loc"], entry["type"])
        # neither says anything about how data are read; of [brand] the rest is still looked at
        if location[:1] == ("matching",) or location == ("brand",):
            mended.pop(str(location[0]), None)
            continue
        if not location or not isinstance(location[-1], str):
            return None
        holder: Any = mended
        for part in location[:-1]:
            holder = holder[part] if not isinstance(holder, dict) or part != 0 else holder
        key = location[-1]
        if entry["type"] == "extra_forbidden":
            known = _known_keys(location)
            near = nearest(key, known)
            value = holder.pop(key)
            if near and near not in holder:
                holder[near] = value
        elif key in HARMLESS or location[0] == "brand":
            holder.pop(key, None)  # a value of several types gives an error for each
        else:
            return None
    try:
        return StudyFile.model_validate(mended)
    except ValidationError:
        return None


def _elsewhere(key: str) -> str:
    """Where a key that stands in the wrong place would be known."""
    for section, field in StudyFile.model_fields.items():
        model = _model_in(field.annotation)
        if model is not None and key in model.model_fields:
            return f" It belongs to [{section}]."
    return ""


def _model_in(annotation: object) -> type[BaseModel] | None:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(part) for part in typing.get_args(annotation))
    return next((model for model in found if model is not None), None)
